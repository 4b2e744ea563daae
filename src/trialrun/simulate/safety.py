"""Adverse events as they are heard of at the next contact, kept in the running log."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from trialrun.ledger.commands import Entry
from trialrun.simulate.people import VirtualAdverseEvent, adverse_events
from trialrun.study.model import VisitKind

if TYPE_CHECKING:
    from trialrun.simulate.participation import Participation


def record_adverse_events(taking_part: Participation, *, until: date) -> None:
    """Enter what befell the participant since the last contact."""
    part = taking_part.rehearsal.parts.get("adverse_event")
    log = next((v for v in taking_part.study.visits.values() if v.kind is VisitKind.LOG), None)
    if part is None or log is None or taking_part.begun is None:
        return
    last = taking_part.day_of(until)
    known = taking_part.reviewed.adverse_events
    for happened in _all_until(taking_part, last):
        if (happened.term, happened.start) in known or happened.start > last:
            continue
        known.add((happened.term, happened.start))
        taking_part.save(
            log.name, part["form"], _entries(taking_part, happened, part["items"], last), row=len(known)
        )


def _all_until(taking_part: Participation, last: int) -> tuple[VirtualAdverseEvent, ...]:
    ended = taking_part.ending
    died_on = ended.day if ended is not None and ended.reason == "death" and ended.day <= last else None
    begun = taking_part.begun or 0
    usual = begun + 135 if taking_part.unlisted is None else taking_part.horizon
    horizon = ended.day if ended is not None else usual
    return adverse_events(
        taking_part.person,
        first=begun,
        last=horizon,
        dose_days=tuple(taking_part.dose_days),
        died_on=died_on,
    )


def _entries(
    taking_part: Participation, happened: VirtualAdverseEvent, items: dict[str, str], last: int
) -> dict[str, Entry]:
    over = happened.end is not None and happened.end <= last
    answers = {
        "term": happened.term,
        "start": taking_part.date_of(happened.start).isoformat(),
        "grade": str(happened.grade),
        "serious": "true" if happened.serious else "false",
        "related": happened.related,
        "outcome": happened.outcome if over or happened.outcome == "fatal" else "not_recovered",
    }
    if over and happened.end is not None:
        answers["end"] = taking_part.date_of(happened.end).isoformat()
    answers |= _handling(taking_part, happened)
    if happened.serious:
        answers |= _reported(taking_part, happened, last)
    study_items = taking_part.study.items
    return {
        items[name]: Entry(text, study_items[items[name]].unit or None)
        for name, text in answers.items()
        if name in items and items[name] in study_items
    }


def _handling(taking_part: Participation, happened: VirtualAdverseEvent) -> dict[str, str]:
    """What was done about an event: the product goes on as planned, the worse events are treated."""
    plan = taking_part.study.dose_plans[0] if taking_part.study.dose_plans else None
    doses_left = plan is not None and len(taking_part.dose_days) < len(plan.doses)
    treated = happened.grade >= 2
    answers = {
        "action": "none" if doses_left else "not_applicable",
        "treated": "true" if treated else "false",
    }
    if treated:
        answers["treatment"] = f"routine care for: {happened.term.lower()}"
    return answers


def _reported(taking_part: Participation, happened: VirtualAdverseEvent, last: int) -> dict[str, str]:
    """What a serious event is reported with; the site heard of it at this contact."""
    reasons = [
        *(["death"] if happened.outcome == "fatal" else []),
        *(["life_threatening"] if happened.grade == 4 else []),
        *(["hospitalisation"] if happened.grade in (3, 4) else []),
    ]
    investigator = taking_part.rehearsal.staff.get("investigator") or {}
    began = taking_part.date_of(happened.start).isoformat()
    heard = taking_part.date_of(last).isoformat()
    return {
        "aware_on": heard,
        "seriousness": ";".join(reasons or ["other"]),
        "expected": "false",
        "causality_by": str(investigator.get("name") or "Investigator"),
        "narrative": f"{happened.term} from {began}, told to the site on {heard}; "
        f"CTCAE grade {happened.grade}, {happened.related} to the product.",
    }
