"""Intercurrent events: what happened after the first dose that changes what a later value means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from trialrun.derive.answers import VisitAnswers
from trialrun.derive.course_events import happenings
from trialrun.derive.measures import Source
from trialrun.derive.names import DEATH, TRANSPLANT, local_name
from trialrun.snapshot.layout import Row
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import Study

FATAL = frozenset({"fatal", "death", "died"})
PROCEDURES = ("tips", "dialysis", "transplant", "paracentesis")
_PROCEDURES = (*PROCEDURES, "albumin")


@dataclass(frozen=True, slots=True)
class Intercurrent:
    """One intercurrent event. `on` is the last day it can have happened; `None` is unknown."""

    participant: str
    kind: str
    on: date | None
    day: int | None
    note: str
    source: Source


def derive_intercurrent(
    snapshot: Snapshot, study: Study, answers: Mapping[str, Sequence[VisitAnswers]]
) -> tuple[Intercurrent, ...]:
    """Every kind of `study.plan.EVENTS` from the first dose on, the first of each kind.

    What is found is a flag; what it means for a value is the plan's to say.
    """
    from trialrun.derive.safety import plan_of  # that module needs the study day of this one

    found: list[Intercurrent] = []
    endings = {
        row["stream"].removeprefix("participant/"): row["hash"]
        for row in snapshot.rows("events")
        if row["type"] == "ParticipationEnded"
    }
    for person, row in snapshot.participants.items():
        first_dose = row["first_dose_on"]
        if first_dose is None:
            continue
        events = [
            *_ended(endings, row),
            *_from_end_form(study, answers.get(person, ()), row),
            *_from_adverse_events(study, answers.get(person, ()), row),
            *_from_procedures(study, answers.get(person, ()), row),
            *(
                _event(row, one.kind, one.on, one.note, one.row)
                for one in happenings(snapshot, study, answers.get(person, ()), row, plan_of(study, row))
            ),
        ]
        first: dict[str, Intercurrent] = {}
        after = [event for event in events if event.on is None or event.on >= first_dose]
        for event in sorted(after, key=lambda event: (event.on is None, event.on or date.max)):
            first.setdefault(event.kind, event)
        found += [first[kind] for kind in sorted(first)]
    return tuple(found)


def study_day(day: date | None, first_dose: date | None) -> int | None:
    """Day counted from the first dose, which is day 1; there is no day 0."""
    if day is None or first_dose is None:
        return None
    days = (day - first_dose).days
    return days + 1 if days >= 0 else days


def _ended(endings: Mapping[str, str], person: Row) -> Iterable[Intercurrent]:
    if person["end_reason"] not in {DEATH, TRANSPLANT}:
        return
    name = person["participant"]
    source = Source(name, "", "", "", "end_reason", endings.get(name, ""))
    day = study_day(person["ended_on"], person["first_dose_on"])
    yield Intercurrent(name, person["end_reason"], person["ended_on"], day, "end of participation", source)


def _from_end_form(study: Study, visits: Sequence[VisitAnswers], person: Row) -> Iterable[Intercurrent]:
    for visit in visits:
        reason = visit.single.get(local_name(study, "end_reason"))
        if reason is None or reason["code"] not in {DEATH, TRANSPLANT}:
            continue
        ended = visit.single.get(local_name(study, "end_date"), {})
        yield _event(
            person, str(reason["code"]), ended.get("date_high") or visit.on, "end of study form", reason
        )


def _from_adverse_events(study: Study, visits: Sequence[VisitAnswers], person: Row) -> Iterable[Intercurrent]:
    for visit in visits:
        for line in visit.repeated.get(local_name(study, "adverse_event"), ()):
            outcome = line.get(local_name(study, "ae_outcome"))
            grade = line.get(local_name(study, "ae_grade"))
            fatal = outcome is not None and (outcome["code"] or "") in FATAL
            if not fatal and not (grade is not None and "5" in {grade["code"], grade["text"]}):
                continue
            ended = line.get(local_name(study, "ae_end")) or line.get(local_name(study, "ae_start")) or {}
            term = line.get(local_name(study, "ae_term"), {}).get("text") or "adverse event"
            yield _event(
                person, DEATH, ended.get("date_high"), f"fatal adverse event: {term}", outcome or grade or {}
            )


def _from_procedures(study: Study, visits: Sequence[VisitAnswers], person: Row) -> Iterable[Intercurrent]:
    for visit in visits:
        for line in visit.repeated.get(local_name(study, "procedure"), ()):
            days = [row["date_high"] for row in line.values() if row["date_high"] is not None]
            for row in line.values():
                words = {str(row["code"] or "").lower(), str(row["text"] or "").lower()}
                for kind in _PROCEDURES:
                    if any(kind in word for word in words):
                        yield _event(person, kind, max(days, default=None), str(row["text"] or kind), row)


def _event(person: Row, kind: str, on: date | None, note: str, row: Row) -> Intercurrent:
    name = person["participant"]
    source = Source(
        name,
        row.get("visit") or "",
        row.get("form") or "",
        row.get("row") or "",
        row.get("item") or "",
        row.get("event_hash") or "",
    )
    return Intercurrent(name, kind, on, study_day(on, person["first_dose_on"]), note, source)
