"""Codes of reported terms and reference ranges of laboratories, as rows of the snapshot's tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trialrun.ledger.events import Event
from trialrun.snapshot.layout import Row

SITE_STREAM = "site/"
LEVELS = " > "
_RANGE = ("item", "unit", "low", "high", "sex", "age_from", "age_to", "valid_from", "valid_to")


def coding_columns(event: Event) -> dict[str, Any]:
    """The columns of a code somebody gave to a reported term."""
    data = event.data
    return {
        "verbatim": data["verbatim"],
        "dictionary": data["dictionary"],
        "version": data["dictionary_version"],
        "code": data["code"],
        "term": data["term"],
        "path": LEVELS.join(data["path"]),
        "status": "valid",
    }


def range_rows(events: Iterable[Event]) -> list[Row]:
    """The reference ranges of every laboratory; a later list replaces the one before."""
    latest: dict[tuple[str, str], Event] = {}
    for event in events:
        if event.type == "ReferenceRangesRecorded":
            latest[event.stream.removeprefix(SITE_STREAM), event.data["laboratory"]] = event
    return [
        {
            "site": site,
            "laboratory": laboratory,
            "line": number,
            **{name: one.get(name, "") or "" for name in _RANGE},
            "position": event.position,
            "event_hash": event.hash,
        }
        for (site, laboratory), event in sorted(latest.items())
        for number, one in enumerate(event.data["ranges"], start=1)
    ]
