"""Casebook, lists, start page and deviations in a real browser: phone and desktop, both themes, right to left."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from trialrun.ledger.commands import RecordDeviation, RecordVisit
from web_server import sideways, violations

LONG = (
    "A title that goes on and on, as titles in protocols do, Handwurzelknochenuntersuchungsbericht included"
)


@pytest.fixture(scope="session")
def trial(trial):
    """The office's study with one visit and one form of very long titles."""
    visits = {**trial.visits, "month_2": replace(trial.visits["month_2"], title=LONG)}
    forms = {**trial.forms, "examination": replace(trial.forms["examination"], title=LONG)}
    return replace(trial, visits=visits, forms=forms)


@pytest.fixture
def site(served):
    """Two months after a first dose: visits overdue and missed, a deviation of many words."""
    office = served.office
    key = office.dosed()
    office.consented("01")
    office.clock.to(date(2026, 7, 21))
    office.do(RecordVisit(key, "month_2", date(2026, 7, 20)))
    office.do(RecordVisit(key, "unscheduled", date(2026, 7, 21)))
    office.do(RecordDeviation(key, "other", " ".join(["many words"] * 40)), "pi")
    return served


PAGES = (
    "/home", "/participants", "/participants/S-001", "/participants/S-001/visits/month_2",
    "/participants/S-001/visits/unscheduled", "/visits", "/worklists", "/worklists/overdue", "/worklists/missing-forms",
    "/deviations", "/deviations/found", "/deviations/new", "/participants/S-001/deviations/D-001", "/calendar",
)  # fmt: skip


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_every_page_fits_and_axe_finds_nothing(site, phone, dark):
    page = site.page("pi", phone=phone, dark=dark)
    for address in PAGES:
        assert page.goto(address).status == 200, address
        assert violations(page) == [], address
        assert sideways(page) == 0, address
    assert page.complaints == []


def test_right_to_left_fits_too(site, monkeypatch):
    monkeypatch.setattr("trialrun.app.language.RIGHT_TO_LEFT", frozenset({"en"}))
    page = site.page("pi", phone=True)
    for address in ("/home", "/participants", "/participants/S-001"):
        page.goto(address)
        assert page.evaluate("document.documentElement.dir") == "rtl"
        assert sideways(page) == 0, address


def test_the_grid_turns_into_a_list_on_a_phone(site):
    wide, narrow = site.page("coordinator"), site.page("coordinator", phone=True)
    for page in (wide, narrow):
        page.goto("/participants/S-001")
    assert wide.locator(".book-grid").is_visible()
    assert not wide.locator(".book-list").is_visible()
    assert not narrow.locator(".book-grid").is_visible()
    assert narrow.locator(".book-list").is_visible()
    # A cell opens its form.
    wide.locator(".book a.cell", has_text="empty").first.click()
    assert "/forms/" in wide.url


def test_a_visit_is_recorded_corrected_and_refused_with_the_typed_kept(site):
    page = site.page("coordinator")
    page.goto("/participants/S-001/visits/dose_2")
    page.get_by_label("Date of the visit").fill("2026-06-03")
    page.get_by_role("button", name="Save the date").click()
    assert page.get_by_text("The visit is recorded on 2026-06-03").is_visible()
    # 27 May and two days: 29 May was the last day.
    assert page.get_by_text("done 5 days late").first.is_visible()
    page.get_by_label("Date of the visit").fill("2026-05-27")
    page.get_by_label("Reason").fill("read wrong")
    page.get_by_role("button", name="Save the date").click()
    assert site.office.person("S-001").visits["dose_2"] == date(2026, 5, 27)


def test_a_deviation_from_finding_to_assessment(site):
    site.office.clock.to(date(2026, 8, 5))
    page = site.page("pi")
    page.goto("/deviations/found")
    before = page.locator("tbody tr").count()
    page.get_by_role("button", name="Record").first.click()
    assert page.locator("tbody tr").count() == before - 1
    page.goto("/deviations?status=open")
    page.get_by_role("link", name="D-002").first.click()
    page.get_by_label("minor").check()
    page.get_by_label("What it means").fill("no effect on the result")
    page.get_by_label("What was done").fill("site reminded")
    page.get_by_role("button", name="Record the assessment").click()
    assert page.get_by_text("The assessment is recorded").is_visible()
    assert site.office.person("S-001").deviations["D-002"].importance == "minor"
