"""Doses given and adverse events, as listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from trialrun.derive.answers import VisitAnswers
from trialrun.derive.intercurrent import FATAL, study_day
from trialrun.derive.measures import Source
from trialrun.derive.names import local_name
from trialrun.snapshot.layout import Row
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import DosePlan, Study

# Codes that mean a reasonable possibility of a relation to the product, unless settings.safety.suspected says otherwise.
SUSPECTED = ("possible", "probable", "definite", "certain", "related", "yes", "true")
# Codes of the action taken with the product (CDISC ACN in words), unless settings.safety says otherwise.
DOSE_CHANGED = ("interrupted", "reduced", "postponed", "delayed", "increased")
PRODUCT_STOPPED = ("stopped", "withdrawn", "discontinued")
_LEVELS = " > "


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
class TermCode:
    """The code a person gave to a reported term. `preferred` and `organ_class` are levels of the dictionary."""

    dictionary: str
    version: str
    code: str
    term: str
    preferred: str
    organ_class: str
    event_hash: str


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """One line of the adverse event form. `after_first_dose` is `None` where the dates leave it open.

    The texts are as a reader sees them; the fields from `visit` on are as analysis counts them, `None` where unknown.
    `suspected` is a reasonable possibility of a relation to the product; `fatal` is told by outcome, grade 5 or the criterion
    of seriousness. `code` is a valid code; without one the event goes by its words.
    """

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
    visit: str = ""
    form: str = ""
    start_on: date | None = None
    grade_number: int | None = None
    suspected: bool | None = None
    action: str = ""
    action_code: str | None = None
    dose_changed: bool | None = None
    product_stopped: bool | None = None
    fatal: bool = False
    code: TermCode | None = None

    @property
    def address(self) -> str:
        """Where it stands: participant, visit, form and row."""
        return f"{self.participant}/{self.visit}/{self.form}/{self.row}"


def plan_of(study: Study, person: Row) -> DosePlan | None:
    """The dose plan of a participant's arm, or the one all arms share; `None` while a masked arm hides which holds."""
    own = [plan for plan in study.dose_plans if plan.arm == person["arm"]]
    if own:
        return own[0]
    shared = {
        (plan.unit, plan.total, plan.within_days, tuple((d.visit, d.amount, d.unit) for d in plan.doses))
        for plan in study.dose_plans
    }
    return study.dose_plans[0] if len(shared) == 1 else None


def derive_doses(
    snapshot: Snapshot, study: Study, answers: Mapping[str, Sequence[VisitAnswers]]
) -> tuple[Dose, ...]:
    """Every planned administration of every enrolled participant, given or not, and those given beyond the plan."""
    found: list[Dose] = []
    for name, person in snapshot.participants.items():
        plan = plan_of(study, person)
        if plan is None or person["enrolled_on"] is None:
            continue
        visits = answers.get(name, ())
        at = {visit.visit: visit for visit in visits}
        planned = {one.visit for one in plan.doses}
        found += [
            _dose(study, person, one.visit, float(one.amount), one.unit, at.get(one.visit))
            for one in plan.doses
        ]
        found += [
            _dose(study, person, visit.occurrence, 0.0, plan.unit, visit)
            for visit in visits
            if visit.visit not in planned and _was_given(study, visit)
        ]
    return tuple(found)


def _was_given(study: Study, visit: VisitAnswers) -> bool:
    given = visit.single.get(local_name(study, "dose_given"))
    return given is not None and bool(given["number_in_item_unit"])


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
    codes = read_codes(snapshot, local_name(study, "ae_term"))
    for name, person in snapshot.participants.items():
        for visit in answers.get(name, ()):
            found += [_adverse_event(study, person, line, codes) for line in visit.repeated.get(form, ())]
    return tuple(found)


def read_codes(snapshot: Snapshot, item: str) -> Mapping[tuple[str, str, str, str], TermCode]:
    """The valid codes of an item's texts, by participant, visit, form and row."""
    return {
        (row["participant"], row["visit"], row["form"], row["row"] or ""): _code_of(row)
        for row in snapshot.rows("codings")
        if row["item"] == item and row["status"] == "valid"
    }


def _code_of(row: Row) -> TermCode:
    """The levels of a code: MedDRA has four above a lowest level term (the first is its preferred term), three above that."""
    above = [_without_code(part) for part in (row["path"] or "").split(_LEVELS) if part]
    lowest = len(above) in {2, 4}
    return TermCode(
        dictionary=row["dictionary"],
        version=row["version"],
        code=row["code"],
        term=row["term"],
        preferred=above[0] if lowest else row["term"],
        organ_class=above[-1] if above else "",
        event_hash=row["event_hash"] or "",
    )


def _without_code(level: str) -> str:
    """A level is written `code term`."""
    code, _, words = level.partition(" ")
    return words if words and code.isdigit() else level


def _adverse_event(
    study: Study, person: Row, line: Mapping[str, Row], codes: Mapping[tuple[str, str, str, str], TermCode]
) -> AdverseEvent:
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
    grade = _grade(line.get(local_name(study, "ae_grade"), {}))
    action = line.get(local_name(study, "ae_action"), {}).get("code")
    related = line.get(local_name(study, "ae_related"), {}).get("code")
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
        visit=some["visit"],
        form=some["form"],
        start_on=_exact(start),
        grade_number=grade,
        suspected=None if related is None else related in safety_codes(study, "suspected", SUSPECTED),
        action=shown("ae_action"),
        action_code=action,
        dose_changed=None
        if action in {None, "unknown"}
        else action in safety_codes(study, "dose_changed", DOSE_CHANGED),
        product_stopped=None
        if action in {None, "unknown"}
        else action in safety_codes(study, "product_stopped", PRODUCT_STOPPED),
        fatal=_fatal(study, line, grade),
        code=codes.get((person["participant"], some["visit"], some["form"], some["row"] or "")),
    )


def safety_codes(study: Study, name: str, usual: Iterable[str]) -> tuple[str, ...]:
    """The codes of answers that the study counts as something (`settings.safety.<name>`); the usual ones where it says nothing."""
    settings: Mapping[str, Any] = study.settings.get("safety", {}) or {}
    return tuple(settings.get(name, usual))


def _grade(row: Row) -> int | None:
    text = str(row.get("code") or row.get("text") or "").strip()
    return int(text) if text in {"1", "2", "3", "4", "5"} else None


def _fatal(study: Study, line: Mapping[str, Row], grade: int | None) -> bool:
    outcome = line.get(local_name(study, "ae_outcome"), {}).get("code") or ""
    serious = line.get(local_name(study, "ae_seriousness"), {}).get("code") or ""
    return outcome in FATAL or grade == 5 or "death" in serious.split(";")


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
