"""The rules of liver and kidney safety on a participant's draws. Pure: the same for a living log and a snapshot.

Thresholds are multiples of baseline, because cirrhosis exceeds the multiples of normal before the first dose.
Sources: Treem WR, Drug Saf 2021;44:133 and Sanyal AJ, Hepatology 2011;54:344 (multiples of baseline); FDA guidance on
drug-induced liver injury, 2009 (Hy's law); NCI CTCAE v5.0, 2017; Angeli P, J Hepatol 2015;62:968 (kidney injury).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from trialrun.derive.laboratory import Baseline, Draw, Grade, LabValue, grades_of
from trialrun.errors import UserError
from trialrun.study.model import Study
from trialrun.values.units import convert, same_dimension

ENZYMES = ("alt", "ast")
REFERENCE_DAYS = 92  # ICA 2015: the reference creatinine is a value of the last three months


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When an alert is raised (settings.safety.alerts)."""

    enzyme_times_baseline: float = 3.0
    enzyme_at_least: float = 300.0
    enzyme_unit: str = "U/L"
    bilirubin_times_baseline: float = 2.0
    inr_rise: float = 0.5
    meld_rise: float = 5.0
    meld: str = "meld_na"
    ctcae_grade: int = 3


def thresholds_of(study: Study) -> Thresholds:
    """The study's limits; those of `Thresholds` where it names none.

    Errors: `UserError` for a limit that is no number.
    """
    safety: Mapping[str, Any] = study.settings.get("safety", {}) or {}
    given: dict[str, Any] = dict(safety.get("alerts", {}) or {})
    fixed: Mapping[str, Any] = given.pop("enzyme_at_least", None) or {}
    known = {name: given[name] for name in Thresholds.__slots__ if name in given}
    if fixed:
        known |= {"enzyme_at_least": fixed.get("value", 300), "enzyme_unit": fixed.get("unit", "U/L")}
    try:
        return Thresholds(**{name: _limit(name, value) for name, value in known.items()})
    except (TypeError, ValueError, ArithmeticError) as error:
        raise UserError(
            "settings.safety.alerts holds a limit that is no number", "write it as a plain number"
        ) from error


def _limit(name: str, value: Any) -> Any:
    if name in ("meld", "enzyme_unit"):
        return str(value)
    return int(value) if name == "ctcae_grade" else float(value)


@dataclass(frozen=True, slots=True)
class Course:
    """A participant's draws with their baselines and the study's limits.

    `derived` holds derived values as text, by visit and name.
    """

    draws: tuple[Draw, ...]
    base: Mapping[str, Baseline]
    limits: Thresholds
    derived: Mapping[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    @property
    def after(self) -> tuple[Draw, ...]:
        """The draws after the day of the first dose."""
        return tuple(draw for draw in self.draws if not draw.before)

    @property
    def before(self) -> tuple[Draw, ...]:
        """The draws up to the day of the first dose."""
        return tuple(draw for draw in self.draws if draw.before)

    def times_baseline(self, value: LabValue) -> float | None:
        """A value as a multiple of the participant's baseline."""
        base = self.base.get(value.analyte)
        return times(value.number, base.mean) if base is not None and base.mean else None


def times(number: float, base: float) -> float:
    """A multiple to nine decimals, so that 153.9 is exactly three times 51.3; 0 of a baseline of 0."""
    return round(number / base, 9) if base else 0.0


# --- liver -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Injury:
    """Enzymes raised against baseline, the partners that rose with them, and those that cannot be judged.

    `without` maps an analyte to what is missing: `value` or `baseline`.
    """

    draw: Draw
    enzymes: tuple[LabValue, ...]
    partners: tuple[LabValue, ...]
    without: Mapping[str, str]


def injuries(course: Course) -> Iterable[Injury]:
    """Draws after the first dose with ALT or AST raised against baseline, or above the fixed limit.

    It is a signal with a partner (bilirubin, INR); without one it is one only where a partner cannot be judged.
    """
    for draw in course.after:
        enzymes = tuple(
            draw.values[name]
            for name in ENZYMES
            if name in draw.values and _raised(course, draw.values[name])
        )
        if not enzymes:
            continue
        partners, without = _partners(course, draw)
        if partners or without:
            yield Injury(draw, enzymes, partners, without)


def _raised(course: Course, value: LabValue) -> bool:
    limits = course.limits
    base = course.base.get(value.analyte)
    if base is not None and times(value.number, base.mean) >= limits.enzyme_times_baseline:
        return True
    if not same_dimension(value.item_unit, limits.enzyme_unit, value.analyte):
        return False
    fixed = convert(Decimal(str(limits.enzyme_at_least)), limits.enzyme_unit, value.item_unit, value.analyte)
    return value.number >= float(fixed)


def _partners(course: Course, draw: Draw) -> tuple[tuple[LabValue, ...], Mapping[str, str]]:
    limits, found, without = course.limits, list[LabValue](), dict[str, str]()
    for analyte in ("bilirubin", "inr"):
        value, base = draw.values.get(analyte), course.base.get(analyte)
        if value is None or base is None:
            without[analyte] = "value" if value is None else "baseline"
        elif (
            times(value.number, base.mean) >= limits.bilirubin_times_baseline
            if analyte == "bilirubin"
            else round(value.number - base.mean, 9) >= limits.inr_rise
        ):
            found.append(value)
    return tuple(found), without


def fewest_draws(course: Course) -> int:
    """On how few values the baselines of liver safety rest; 0 without any."""
    counts = {base.count for name, base in course.base.items() if name in (*ENZYMES, "bilirubin", "inr")}
    return min(counts, default=0)


def hys_law(course: Course) -> tuple[Draw, ...]:
    """Draws that fulfil Hy's law in multiples of normal; none where one did before the first dose."""
    if any(fulfils_hys_law(draw) for draw in course.before):
        return ()
    return tuple(draw for draw in course.after if fulfils_hys_law(draw))


def fulfils_hys_law(draw: Draw) -> bool:
    """ALT or AST at least 3 times and bilirubin above 2 times the upper limit, without known cholestasis."""
    enzymes = [draw.values[name].times_high for name in ENZYMES if name in draw.values]
    bilirubin = draw.values["bilirubin"].times_high if "bilirubin" in draw.values else None
    alp = draw.values["alp"].times_high if "alp" in draw.values else None
    raised = any(one is not None and one >= 3 for one in enzymes)
    return raised and bilirubin is not None and bilirubin > 2 and (alp is None or alp < 2)


@dataclass(frozen=True, slots=True)
class MeldRise:
    """A MELD at or beyond the limit above its mean up to the first dose."""

    draw: Draw
    value: float
    base: float


def meld_rises(course: Course) -> Iterable[MeldRise]:
    """MELD against the mean of its values up to the first dose."""
    known = {
        draw.visit: float(text)
        for draw in course.draws
        if (text := course.derived.get((draw.visit, course.limits.meld))) is not None
    }
    before = [known[draw.visit] for draw in course.before if draw.visit in known]
    if not before:
        return
    base = sum(before) / len(before)
    for draw in course.after:
        value = known.get(draw.visit)
        if value is not None and round(value - base, 9) >= course.limits.meld_rise:
            yield MeldRise(draw, value, base)


# --- kidney ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KidneyRise:
    """Creatinine against earlier ones of three months: a stage of injury, or (stage 0) a rise whose time is unknown."""

    draw: Draw
    value: LabValue
    stage: int
    reference: LabValue | None
    reference_on: date | None


def kidney_rises(course: Course) -> Iterable[KidneyRise]:
    """Acute kidney injury (ICA 2015) against every creatinine of the last three months; the worst stage counts."""
    for index, draw in enumerate(course.draws):
        value = draw.values.get("creatinine")
        if draw.before or value is None or draw.on is None:
            continue
        found = _kidney(course.draws[:index], draw, value)
        if found is not None:
            yield found


def _kidney(before: Sequence[Draw], draw: Draw, value: LabValue) -> KidneyRise | None:
    from trialrun.scores.frames import one_person

    worst, used, rose = 0, None, None
    for earlier in before:
        reference = earlier.values.get("creatinine")
        if reference is None or earlier.on is None or draw.on is None:
            continue
        days = (draw.on - earlier.on).days
        if not 0 <= days <= REFERENCE_DAYS:
            continue
        result = one_person("ica_aki")(
            baseline=(reference.number, reference.item_unit),
            value=(value.number, value.item_unit),
            hours_between=(24 * days, "h"),
            rrt=draw.dialysis,
        )
        if result.value is not None and result.value > worst:
            worst, used = int(result.value), (reference, earlier.on)
        elif result.value is None and value.number >= 1.5 * reference.number:
            rose = rose or (reference, earlier.on)
    if not worst and rose is None:
        return None
    reference, on = used or rose or (None, None)
    return KidneyRise(draw, value, worst, reference, on)


# --- grades ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Worsening:
    """A grade at or beyond the limit that is worse than every one of its term up to the first dose (`started`)."""

    draw: Draw
    value: LabValue
    grade: Grade
    started: tuple[Grade, ...]


def worsenings(course: Course) -> Iterable[Worsening]:
    """Laboratory grades that are high for certain and higher than before the first dose."""
    started = [grade for draw in course.before for _value, grade in grades_at(course, draw)]
    for draw in course.after:
        for value, grade in grades_at(course, draw):
            same = tuple(one for one in started if one.term == grade.term)
            before = max((one.least for one in same), default=0)
            if grade.least >= course.limits.ctcae_grade and grade.least > before:
                told = next(
                    again for of, again in grades_at(course, draw, explain=True)
                    if of is value and again.term == grade.term
                )  # fmt: skip
                yield Worsening(draw, value, told, same)


def grades_at(course: Course, draw: Draw, *, explain: bool = False) -> Iterable[tuple[LabValue, Grade]]:
    """Every grade of a draw, each with its value; with `explain` also why one is unknown."""
    anticoagulated = {"true": True, "false": False}.get(
        course.derived.get((draw.visit, "anticoagulated"), "")
    )
    for value in draw.values.values():
        base = course.base.get(value.analyte)
        for grade in grades_of(value, base, anticoagulated=anticoagulated, explain=explain):
            yield value, grade
