"""Laboratory values draw by draw: beside the baseline, the limits of normal and the CTCAE grade.

Baseline for safety is the mean of all known values up to the day of the first dose (Treem WR, Drug Saf
2021;44:133: at least two). Grades are those of `trialrun.scores`; what is missing leaves them unknown.
The web application and the analysis both judge values with what is here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from trialrun.errors import UserError
from trialrun.study.model import Item
from trialrun.values.units import convert

if TYPE_CHECKING:
    from trialrun.scores.rows import RowScorer

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
    form: str = ""
    row: str = ""


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

    @property
    def most(self) -> int | None:
        """The grade, or the most it can be; `None` where even that is unknown."""
        return self.grade if self.grade is not None else self.high


def before_first_dose(on: date | None, kind: str, dosed: date | None) -> bool:
    """Whether a sample was drawn up to the day of the first dose; an undated one goes by the kind of its visit."""
    if dosed is None:
        return True
    return kind in {"screening", "baseline"} if on is None else on <= dosed


# --- limits of normal ------------------------------------------------------------------------------


def limits_among(
    rows: Iterable[Mapping[str, str]], item: Item, *, sex: str, ages: tuple[int, int] | None, on: date | None
) -> Limits:
    """The range a laboratory states for a person on a day; none when several contradict each other.

    Args:
        rows: the laboratory's ranges, as recorded (`item`, `unit`, `low`, `high`, `sex`, `age_from`, ...).
        sex: code as collected, empty unknown.
        ages: the least and the most completed years the person can have that day.
    """
    chosen = {
        _limits(row, item) for row in rows if row.get("item") == item.name and _holds(row, sex, ages, on)
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


def _holds(row: Mapping[str, str], sex: str, ages: tuple[int, int] | None, on: date | None) -> bool:
    wanted = row.get("sex", "")
    if wanted and wanted != sex:
        return False
    if on is not None and not (row.get("valid_from") or "0001") <= on.isoformat() <= (
        row.get("valid_to") or "9999"
    ):
        return False
    low, high = row.get("age_from", ""), row.get("age_to", "")
    if not low and not high:
        return True
    if ages is None:
        return False
    return all((not low or age >= int(low)) and (not high or age <= int(high)) for age in ages)


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
    explain: bool = True,
) -> tuple[Grade, ...]:
    """The CTCAE v5.0 grades of a value; none for an analyte that has no term.

    Args:
        baseline: the safety baseline, where the term compares with it.
        anticoagulated: for INR; `None` is not known and may leave the grade unknown.
        symptoms: for hyponatraemia.
        explain: say why a grade is unknown; it takes thirty times as long as the grade.
    """
    mean = baseline.mean if baseline else None
    limits = value.limits
    found: list[Grade] = []
    for name in GRADED.get(value.analyte, ()):
        grade = _graded(
            name, value.number, value.item_unit or "1", limits.low, limits.high, mean, anticoagulated, symptoms,
            explain,
        )  # fmt: skip
        if grade is not None:
            found.append(grade)
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


@lru_cache(maxsize=65_536)
def _graded(
    name: str,
    number: float,
    unit: str,
    low: float | None,
    high: float | None,
    baseline: float | None,
    anticoagulated: bool | None,
    symptoms: bool | None,
    explain: bool,
) -> Grade | None:
    """The grade of one value; `None` where the value itself is refused."""
    from trialrun.scores.rows import missing_inputs, stages

    offered: dict[str, Any] = {
        "value": number,
        "uln": high,
        "lln": low,
        "baseline": baseline,
        "on_anticoagulation": anticoagulated,
        "symptomatic": symptoms,
    }
    try:
        scorer = _scorer(name)
        names = (each.input.name for each in scorer.bindings)
        row = {name: offered[name] for name in names if offered.get(name) is not None}
        reading = scorer.read(row | dict.fromkeys(_units(name), unit))
    except UserError:
        return None
    if reading.refused:
        return None
    if reading.unanswerable:
        return Grade(name, None, None, None, reading.unanswerable)
    computed = stages(scorer.score)(reading.values)
    grade = _whole(computed["value"])
    if grade is not None:
        return Grade(name, grade, grade, grade)
    because = missing_inputs(scorer.score, reading.values) if explain else ()
    return Grade(name, None, _whole(computed["value__low"]), _whole(computed["value__high"]), because)


@lru_cache(maxsize=64)
def _scorer(name: str) -> RowScorer:
    """The reader of a grade's inputs, bound once: a trial asks for the same grades thousands of times."""
    from trialrun.scores.bindings import bind
    from trialrun.scores.load import score
    from trialrun.scores.rows import RowScorer

    found = score(name)
    return RowScorer(found, bind(found, (*(each.name for each in found.inputs), *_units(name))))


@lru_cache(maxsize=64)
def _units(name: str) -> tuple[str, ...]:
    from trialrun.scores.load import score

    quantities = ("value", "uln", "lln", "baseline")
    return tuple(f"{each.name}_unit" for each in score(name).inputs if each.name in quantities)


def graded_against_baseline(term: str) -> bool:
    """Whether a term's grade counts in multiples of baseline once the baseline is abnormal."""
    from trialrun.scores.load import score

    return "abnormal_baseline" in score(term).components


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
