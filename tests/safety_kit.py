"""Adverse events and laboratory draws in an office, for the tests of safety."""

from __future__ import annotations

from datetime import date
from typing import Any

from trialrun.ledger.commands import Entry, RecordVisit, SaveForm
from web_kit import Office

ORDINARY = {"ae_term": "Fatigue", "ae_start": "2026-05-25", "ae_grade": "2", "ae_serious": "false", "ae_related": "possible",
            "ae_action": "none", "ae_treated": "false", "ae_outcome": "recovering"}  # fmt: skip
SERIOUS = ORDINARY | {
    "ae_term": "Variceal bleeding", "ae_grade": "3", "ae_serious": "true", "ae_seriousness": "hospitalisation",
    "ae_aware_on": "2026-05-27", "ae_start": "2026-05-26", "ae_causality_by": "Dr Pi Example", "ae_expected": "false",
    "ae_narrative": "Vomited blood at home; banding in hospital.",
}  # fmt: skip


def report(office: Office, key: str, row: int = 1, user: str = "pi", **answers: str) -> None:
    """An adverse event as answered; the clock moves to the day after it was known."""
    given = ORDINARY | answers
    days = [given.get(name) or "" for name in ("ae_aware_on", "ae_start", "ae_end")]
    office.clock.to(date.fromisoformat(max(days)), hour=9)
    entries = {
        name: Entry(text, office.study.items[name].unit)
        for name, text in given.items()
        if text and name in office.study.items
    }
    office.do(SaveForm(key, "log", "adverse_event", row, entries), user)


def serious(office: Office, key: str, row: int = 1, **answers: str) -> None:
    """A serious, suspected and unexpected event."""
    report(office, key, row, **(SERIOUS | answers))


def draw(office: Office, key: str, on: date, visit: str = "unscheduled", **values: str) -> None:
    """A blood sample at a visit of its own."""
    office.clock.to(on, hour=9)
    office.do(RecordVisit(key, visit, on))
    given: dict[str, Any] = {"sample_date": Entry(on.isoformat()), "laboratory_name": Entry("Central laboratory"),
                             "dialysis": Entry("false")}  # fmt: skip
    given |= {name: Entry(text, office.study.items[name].unit) for name, text in values.items()}
    office.do(SaveForm(key, visit, "laboratory", values=given))


def correct(office: Office, key: str, visit: str, form: str, item: str, text: str, row: int = 0) -> None:
    """Change a saved value."""
    seen = office.workspace.conduct.version(key)
    unit = office.study.items[item].unit
    office.do(SaveForm(key, visit, form, row, {item: Entry(text, unit)}, seen, "read wrongly"), "pi")
