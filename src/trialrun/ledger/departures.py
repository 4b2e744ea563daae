"""Departures from the protocol that a participant's visits show: windows, missed visits, consent order. Pure.

Doses have rules of their own (`ledger.decide.dosing`), since some of them are refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from trialrun.ledger.events import NewEvent
from trialrun.ledger.rows import plain_visit
from trialrun.ledger.state import ParticipantState
from trialrun.study.model import Study, VisitKind
from trialrun.study.schedule import target_window

VISIT_WINDOW = "visit-window"
VISIT_MISSED = "visit-missed"
CONSENT_ORDER = "consent-order"


def anchor_days(study: Study, person: ParticipantState) -> dict[str, date]:
    """The days the schedule counts from, as far as they are known: consent, screening, enrolment, first dose.

    The first dose is the earliest visit at which an amount above zero was given.
    """
    days: dict[str, date] = {}
    if person.consent is not None:
        days["consent"] = person.consent.signed_on
    screening = [name for name, visit in study.visits.items() if visit.kind is VisitKind.SCREENING]
    if screening and screening[0] in person.visits:
        days["screening"] = person.visits[screening[0]]
    if person.enrolled_at and any(visit.anchor == "enrolment" for visit in study.visits.values()):
        days["enrolment"] = date.fromisoformat(person.enrolled_at[:10])
    doses = _dose_days(study, person)
    if doses:
        days["first_dose"] = min(doses)
    return days


def _dose_days(study: Study, person: ParticipantState) -> list[date]:
    dose_item = str(study.settings.get("dose_item", "dose_given"))
    start_item = str(study.settings.get("dose_start_item", "infusion_start"))
    days: list[date] = []
    for (visit, form, row, item), value in person.values.items():
        if item != dose_item or not value.text or float(value.text) <= 0:
            continue
        start = person.values.get((visit, form, row, start_item))
        if start is not None and start.text:
            days.append(date.fromisoformat(start.text[:10]))
        elif visit in person.visits:
            days.append(person.visits[visit])
    return days


def departures(before: ParticipantState, after: ParticipantState, study: Study) -> tuple[NewEvent, ...]:
    """The deviations a change of visits, doses or consent brings about, without numbers.

    A visit is looked at when its day changed; all of them when a day they count from changed.
    """
    moved = {name for name, day in after.visits.items() if before.visits.get(name) != day}
    if anchor_days(study, before) != anchor_days(study, after):
        moved = set(after.visits)
    missed = [name for name in after.missed if name not in before.missed]
    return tuple(
        NewEvent(
            f"participant/{after.key}",
            "DeviationRecorded",
            {
                "deviation": "",
                "kind": kind,
                "description": words,
                "visit": visit,
                "rule": rule,
                "action": "",
                "importance": "",
            },
        )
        for kind, rule, visit, words in (
            *_outside_window(after, study, sorted(moved)),
            *_before_consent(after, sorted(after.visits)),
            *(("missed visit", VISIT_MISSED, name, after.missed[name]) for name in missed),
        )
    )


def _outside_window(
    person: ParticipantState, study: Study, visits: Iterable[str]
) -> Iterable[tuple[str, str, str, str]]:
    anchors = anchor_days(study, person)
    for name in visits:
        found = target_window(study, plain_visit(name), anchors)
        day = person.visits[name]
        if found is None or found[1] <= day <= found[2]:
            continue
        _, first, last = found
        far = f"{(day - last).days} d after" if day > last else f"{(first - day).days} d before"
        yield "window", VISIT_WINDOW, name, f"{day}, {far} its window of {first} to {last}"


def _before_consent(person: ParticipantState, visits: Iterable[str]) -> Iterable[tuple[str, str, str, str]]:
    """Refused where it is entered; it can still come about when a consent's date is corrected."""
    signed = min((one.signed_on for one in person.consents), default=None)
    for name in visits:
        if signed is not None and person.visits[name] < signed:
            words = f"{person.visits[name]}, before the consent of {signed}"
            yield "consent", CONSENT_ORDER, name, words
