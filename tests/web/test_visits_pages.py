"""Casebook, visits, worklists, dashboards and deviations over HTTP."""

from __future__ import annotations

import pytest

ADDRESSES = (
    "/home", "/participants", "/participants.csv", "/participants/S-001", "/participants/S-001/calendar.ics",
    "/participants/S-001/visits/month_2", "/visits", "/worklists", "/worklists/overdue", "/worklists/upcoming",
    "/worklists/missing-forms", "/worklists/unsigned", "/worklists/unanswered-queries", "/worklists/deviations-found",
    "/worklists/deviations-to-assess", "/worklists/slow-entry", "/deviations", "/deviations.csv", "/deviations/found",
    "/deviations/new", "/calendar",
)  # fmt: skip


def test_every_page_of_a_dosed_participant(office):
    assert office.dosed() == "S-001"
    client = office.client("pi")
    for address in ADDRESSES:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.text[:2000])
