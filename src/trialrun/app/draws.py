"""Laboratory values of a participant, draw by draw: beside the baseline, the limits of normal and the CTCAE grade.

Baseline for safety is the mean of all known values up to the day of the first dose (Treem WR, Drug Saf
2021;44:133: at least two). Grades are those of `trialrun.scores`; what is missing leaves them unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from trialrun.app.visits import first_dose_on
from trialrun.derive.names import local_name
from trialrun.errors import UserError
from trialrun.ledger.amounts import in_item_unit
from trialrun.ledger.rows import plain_visit
from trialrun.ledger.state import ParticipantState, SavedValue, SiteState
from trialrun.study.model import Item, ItemType, Study
from trialrun.values.dates import parse_partial_date
from trialrun.values.quantity import parse_decimal
from trialrun.values.units import convert

if TYPE_CHECKING:
    from trialrun.scores.rows import ScoreResult

# The score that grades an analyte; sodium has one for each side.
GRADED: Mapping[str, tuple[str, ...]] = {
    "alt": ("ctcae_v5_alt",),
    "ast": ("ctcae_v5_ast",),
    "alp": ("ctcae_v5_alp",),
    "ggt": ("ctcae_v5_ggt",),
    "bilirubin": ("ctcae_v5_bilirubin",),
    "creatinine": ("ctcae_v5_creatinine",),
    "inr": ("ctcae_v5_inr",),
    "sodium": ("ctcae_v5_hyponatremia", "ctcae_v5_hypernatremia"),
    "albumin": ("ctcae_v5_hypoalbuminemia",),
    "platelets": ("ctcae_v5_platelets",),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The reference range that holds for a value, in the item's unit; `None` where there is none."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class LabValue:
    """One value of a draw. `number` is in the item's unit, `text` and `unit` as entered."""

    item: str
    analyte: str
    label: str
    number: float
    item_unit: str
    text: str
    unit: str
    hash: str
    limits: Limits = Limits()

    @property
    def shown(self) -> str:
        """The value as entered with its unit; a plain number's name for itself (`{INR}`) is left out."""
        return with_unit(self.text, self.unit)

    @property
    def times_high(self) -> float | None:
        """The multiple of the upper limit of normal."""
        return round(self.number / self.limits.high, 9) if self.limits.high else None


def with_unit(text: str, unit: str) -> str:
    """A number with its unit; one that only names a plain number (`{INR}`) is left out."""
    return text if unit.startswith("{") else f"{text} {unit}".strip()


@dataclass(frozen=True, slots=True)
class Draw:
    """One blood sample: its visit, day, laboratory and values by analyte. `before` is up to the first dose."""

    visit: str
    on: date | None
    laboratory: str
    before: bool
    dialysis: bool | None
    values: Mapping[str, LabValue] = field(default_factory=dict[str, LabValue])


@dataclass(frozen=True, slots=True)
class Baseline:
    """The mean of an analyte's values up to the first dose, and how many there were."""

    mean: float
    count: int


@dataclass(frozen=True, slots=True)
class Grade:
    """A CTCAE grade. `grade` is `None` when unknown; then `low` and `high` are what it can be."""

    term: str
    grade: int | None
    low: int | None
    high: int | None
    unknown_because: tuple[str, ...] = ()

    @property
    def least(self) -> int:
        """The grade, or the least it can be."""
        return self.grade if self.grade is not None else self.low or 0


def draws_of(study: Study, person: ParticipantState, site: SiteState) -> tuple[Draw, ...]:
    """Every sample with a laboratory value, in order of day, undated ones last."""
    items = {
        item.name: item for item in study.items.values() if item.analyte and item.type is ItemType.NUMBER
    }
    dosed = first_dose_on(study, person)
    found: list[Draw] = []
    groups: dict[tuple[str, str, int], dict[str, SavedValue]] = {}
    for (visit, form, row, name), value in person.values.items():
        if name in items and value.text is not None:
            groups.setdefault((visit, form, row), {})[name] = value
    for (visit, form, row), values in groups.items():
        beside = person.form_values(visit, form, row)
        on = _sampled(study, beside) or person.visits.get(visit)
        laboratory = _text(beside, local_name(study, "laboratory_name"))
        made = {
            str(items[name].analyte): lab
            for name, value in values.items()
            if (lab := _lab_value(study, person, site, items[name], value, laboratory, on)) is not None
        }
        found.append(
            Draw(
                visit=visit,
                on=on,
                laboratory=laboratory,
                before=_before(on, visit, dosed, study),
                dialysis={"true": True, "false": False}.get(_text(beside, local_name(study, "dialysis"))),
                values=made,
            )
        )
    order = {name: index for index, name in enumerate(study.visits)}
    found.sort(
        key=lambda draw: (
            draw.on is None,
            draw.on or date.max,
            order.get(plain_visit(draw.visit), 99),
            draw.visit,
        )
    )
    return tuple(found)


def _before(on: date | None, visit: str, dosed: date | None, study: Study) -> bool:
    """Whether a sample was drawn up to the first dose; an undated one goes by its visit."""
    if dosed is None:
        return True
    if on is None:
        plan = study.visits.get(plain_visit(visit))
        return plan is not None and plan.kind.value in {"screening", "baseline"}
    return on <= dosed


def _sampled(study: Study, values: Mapping[str, SavedValue]) -> date | None:
    text = _text(values, local_name(study, "sample_date"))
    return parse_partial_date(text).exact if text else None


def _text(values: Mapping[str, SavedValue], name: str) -> str:
    value = values.get(name)
    return value.text or "" if value is not None else ""


def _lab_value(
    study: Study,
    person: ParticipantState,
    site: SiteState,
    item: Item,
    value: SavedValue,
    laboratory: str,
    on: date | None,
) -> LabValue | None:
    try:
        number = float(in_item_unit(parse_decimal(value.text or ""), value.unit, item.unit, item.analyte))
    except UserError:
        return None
    return LabValue(
        item=item.name,
        analyte=str(item.analyte),
        label=item.label,
        number=number,
        item_unit=item.unit or "",
        text=value.text or "",
        unit=value.unit or item.unit or "",
        hash=value.hash,
        limits=limits_for(study, person, site, item, laboratory, on),
    )


# --- limits of normal ------------------------------------------------------------------------------


def limits_for(
    study: Study, person: ParticipantState, site: SiteState, item: Item, laboratory: str, on: date | None
) -> Limits:
    """The range the laboratory states for this person on that day; none when several contradict each other."""
    chosen = {
        _limits(row, item)
        for row in site.ranges.get(laboratory, ())
        if row.get("item") == item.name and _holds(study, person, row, on)
    }
    return next(iter(chosen)) if len(chosen) == 1 else Limits()


def _limits(row: Mapping[str, str], item: Item) -> Limits:
    def inside(text: str) -> float | None:
        if not text:
            return None
        try:
            return float(
                convert(Decimal(text), row.get("unit") or item.unit or "1", item.unit or "1", item.analyte)
            )
        except (InvalidOperation, UserError):
            return None

    return Limits(inside(row.get("low", "")), inside(row.get("high", "")))


def _holds(study: Study, person: ParticipantState, row: Mapping[str, str], on: date | None) -> bool:
    sex = row.get("sex", "")
    if sex and sex != _one_answer(study, person, "sex"):
        return False
    if on is not None and not (row.get("valid_from") or "0001") <= on.isoformat() <= (
        row.get("valid_to") or "9999"
    ):
        return False
    return _age_holds(study, person, row, on)


def _age_holds(study: Study, person: ParticipantState, row: Mapping[str, str], on: date | None) -> bool:
    low, high = row.get("age_from", ""), row.get("age_to", "")
    if not low and not high:
        return True
    born = _one_answer(study, person, "birth_date")
    if not born or on is None:
        return False
    try:
        day = parse_partial_date(born)
    except UserError:
        return False
    ages = [_years(day.latest, on), _years(day.earliest, on)]
    return all((not low or age >= int(low)) and (not high or age <= int(high)) for age in ages)


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _one_answer(study: Study, person: ParticipantState, name: str) -> str:
    wanted = local_name(study, name)
    return next((value.text or "" for slot, value in person.values.items() if slot[3] == wanted), "")


# --- baseline and grades ---------------------------------------------------------------------------


def baselines(draws: Iterable[Draw]) -> dict[str, Baseline]:
    """The safety baseline of every analyte that was measured up to the first dose."""
    held: dict[str, list[float]] = {}
    for draw in draws:
        if draw.before:
            for analyte, value in draw.values.items():
                held.setdefault(analyte, []).append(value.number)
    return {name: Baseline(sum(values) / len(values), len(values)) for name, values in held.items()}


def grades_of(
    value: LabValue,
    baseline: Baseline | None,
    *,
    anticoagulated: bool | None = None,
    symptoms: bool | None = None,
) -> tuple[Grade, ...]:
    """The CTCAE v5.0 grades of a value; none for an analyte that has no term.

    Args:
        baseline: the safety baseline, where the term compares with it.
        anticoagulated: for INR; `None` is not known and may leave the grade unknown.
        symptoms: for hyponatraemia.
    """
    found: list[Grade] = []
    for name in GRADED.get(value.analyte, ()):
        result = _scored(name, value, baseline, anticoagulated, symptoms)
        if result is not None:
            found.append(
                Grade(
                    name,
                    _whole(result.value),
                    _whole(result.low),
                    _whole(result.high),
                    result.unknown_because or result.refused_because,
                )
            )
    return tuple(found)


def worst_grade(grades: Sequence[Grade]) -> Grade | None:
    """The one of several grades that is highest for certain; an unknown one where none is known."""
    known = [grade for grade in grades if grade.grade is not None]
    pool = (
        known
        if known and not any(g.grade is None and g.least > _most(known) for g in grades)
        else list(grades)
    )
    return max(pool, key=lambda grade: (grade.least, grade.grade is not None), default=None)


def _most(grades: Sequence[Grade]) -> int:
    return max(grade.grade or 0 for grade in grades)


def _scored(
    name: str, value: LabValue, baseline: Baseline | None, anticoagulated: bool | None, symptoms: bool | None
) -> ScoreResult | None:
    from trialrun.scores.frames import one_person
    from trialrun.scores.load import score

    inputs: dict[str, Any] = {}
    offered = {
        "value": value.number,
        "uln": value.limits.high,
        "lln": value.limits.low,
        "baseline": baseline.mean if baseline else None,
    }
    for each in score(name).inputs:
        if each.name == "on_anticoagulation":
            inputs[each.name] = anticoagulated
        elif each.name == "symptomatic":
            inputs[each.name] = symptoms
        elif offered.get(each.name) is not None:
            inputs[each.name] = (offered[each.name], value.item_unit or "1")
    try:
        return one_person(name)(**inputs)
    except UserError:
        return None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
