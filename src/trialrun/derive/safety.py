"""Doses given and adverse events, as listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from trialrun.derive.answers import VisitAnswers
from trialrun.derive.intercurrent import study_day
from trialrun.derive.measures import Source
from trialrun.derive.names import local_name
from trialrun.snapshot.layout import Row
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import DosePlan, Study


@dataclass(frozen=True, slots=True)
class Dose:
    """One planned administration and what was given; `given` is in the plan's unit, `None` unknown."""

    participant: str
    visit: str
    planned: float
    given: float | None
    unit: str
    on: date | None
    day: int | None
    batch: str
    interrupted: bool | None
    source: Source | None


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """One line of the adverse event form. `after_first_dose` is `None` where the dates leave it open."""

    participant: str
    row: str
    term: str
    start: str
    end: str
    start_day: int | None
    grade: str
    serious: bool | None
    related: str
    outcome: str
    after_first_dose: bool | None
    sources: tuple[Source, ...]


def plan_of(study: Study, person: Row) -> DosePlan | None:
    """The dose plan of a participant's arm, or the only plan there is."""
    own = [plan for plan in study.dose_plans if plan.arm == person["arm"]]
    return own[0] if own else study.dose_plans[0] if len(study.dose_plans) == 1 else None


def derive_doses(
    snapshot: Snapshot, study: Study, answers: Mapping[str, Sequence[VisitAnswers]]
) -> tuple[Dose, ...]:
    """Every planned administration of every enrolled participant, given or not."""
    found: list[Dose] = []
    for name, person in snapshot.participants.items():
        plan = plan_of(study, person)
        if plan is None or person["enrolled_on"] is None:
            continue
        at = {visit.visit: visit for visit in answers.get(name, ())}
        found += [
            _dose(study, person, planned.visit, float(planned.amount), planned.unit, at.get(planned.visit))
            for planned in plan.doses
        ]
    return tuple(found)


def _dose(study: Study, person: Row, visit: str, amount: float, unit: str, at: VisitAnswers | None) -> Dose:
    single = at.single if at else {}
    given = single.get(local_name(study, "dose_given"))
    started = single.get(local_name(study, "infusion_start"), {})
    on = started.get("date_low") or (at.on if at else None)
    stopped = single.get(local_name(study, "infusion_interrupted"), {}).get("code")
    return Dose(
        participant=person["participant"],
        visit=visit,
        planned=amount,
        given=given["number_in_item_unit"] if given else None,
        unit=unit,
        on=on,
        day=study_day(on, person["first_dose_on"]),
        batch=single.get(local_name(study, "batch"), {}).get("text") or "",
        interrupted={"true": True, "false": False}.get(stopped or ""),
        source=source_of(given) if given else None,
    )


def source_of(row: Row) -> Source:
    """Where an answer stands in the log."""
    return Source(
        row["participant"], row["visit"], row["form"], row["row"] or "", row["item"], row["event_hash"] or ""
    )


def derive_adverse_events(
    snapshot: Snapshot, study: Study, answers: Mapping[str, Sequence[VisitAnswers]]
) -> tuple[AdverseEvent, ...]:
    """Every adverse event as reported, in the order of participants and rows."""
    found: list[AdverseEvent] = []
    form = local_name(study, "adverse_event")
    for name, person in snapshot.participants.items():
        for visit in answers.get(name, ()):
            found += [_adverse_event(study, person, line) for line in visit.repeated.get(form, ())]
    return tuple(found)


def _adverse_event(study: Study, person: Row, line: Mapping[str, Row]) -> AdverseEvent:
    def shown(item: str) -> str:
        row = line.get(local_name(study, item))
        if row is None:
            return ""
        if row["missing_reason"] is not None:
            return str(row["missing_reason"]).replace("_", " ")
        return _label(study, local_name(study, item), row)

    start = line.get(local_name(study, "ae_start"), {})
    serious = line.get(local_name(study, "ae_serious"), {}).get("code")
    some = next(iter(line.values()))
    return AdverseEvent(
        participant=person["participant"],
        row=some["row"] or "",
        term=shown("ae_term"),
        start=shown("ae_start"),
        end=shown("ae_end"),
        start_day=study_day(_exact(start), person["first_dose_on"]),
        grade=shown("ae_grade"),
        serious={"true": True, "false": False}.get(serious or ""),
        related=shown("ae_related"),
        outcome=shown("ae_outcome"),
        after_first_dose=_after(start, person["first_dose_on"]),
        sources=tuple(source_of(row) for _, row in sorted(line.items())),
    )


def _label(study: Study, name: str, row: Row) -> str:
    item = study.items.get(name)
    labels = {choice.code: choice.label for choice in (item.choices if item else ())}
    return labels.get(row["code"] or "", row["text"] or "")


def _exact(row: Row) -> date | None:
    low, high = row.get("date_low"), row.get("date_high")
    return low if low is not None and low == high else None


def _after(start: Row, first_dose: date | None) -> bool | None:
    if first_dose is None:
        return False
    low, high = start.get("date_low"), start.get("date_high")
    if low is not None and low >= first_dose:
        return True
    if high is not None and high < first_dose:
        return False
    return None
