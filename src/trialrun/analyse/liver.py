"""Liver safety: each participant's worst values against their own baseline, and the signals their draws raise.

Multiples of the upper limit of normal stand beside, because that is what Hy's law is written in; with an abnormal
baseline they mislead (Treem WR, Drug Saf 2021;44:133).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from trialrun.analyse.laboratory import TITLES, keep_value
from trialrun.analyse.safety_count import Behind
from trialrun.analyse.safety_events import arm_of
from trialrun.analyse.safety_result import LaboratorySignal, LiverPoint
from trialrun.derive.dataset import Dataset
from trialrun.derive.intercurrent import study_day
from trialrun.derive.laboratory import Draw, LabValue
from trialrun.derive.laboratory_rules import (
    ENZYMES,
    Course,
    fewest_draws,
    hys_law,
    injuries,
    kidney_rises,
    meld_rises,
    worsenings,
)

SINGLE = "The baseline rests on a single draw; two are asked for."
NO_BASELINE = "There is no draw before the first dose."
OF_NORMAL = (
    "Multiples of the upper limit were made for people with normal liver tests; in cirrhosis read them beside the "
    "multiples of baseline."
)
CHOLESTASIS = "Cholestasis is not excluded: no alkaline phosphatase with its upper limit."


def liver_point(data: Dataset, name: str, course: Course, behind: Behind) -> LiverPoint:
    """The worst liver values of one participant after the first dose."""
    rows: dict[str, None] = {}

    def peak(analyte: str, read: Callable[[LabValue], float | None]) -> float | None:
        found = [
            (value, draw, draw.values[analyte])
            for draw in course.after
            if analyte in draw.values and (value := read(draw.values[analyte])) is not None
        ]
        if not found:
            return None
        most, draw, lab = max(found, key=lambda one: one[0])
        rows[keep_value(name, draw, lab, behind)] = None
        return most

    def rise(value: LabValue) -> float | None:
        base = course.base.get(value.analyte)
        return round(value.number - base.mean, 9) if base is not None else None

    def over_normal(value: LabValue) -> float | None:
        return value.times_high

    point = LiverPoint(
        participant=name,
        arm=arm_of(data, name),
        alt=peak("alt", course.times_baseline),
        ast=peak("ast", course.times_baseline),
        bilirubin=peak("bilirubin", course.times_baseline),
        inr_rise=peak("inr", rise),
        alt_times_high=peak("alt", over_normal),
        ast_times_high=peak("ast", over_normal),
        bilirubin_times_high=peak("bilirubin", over_normal),
        alt_draws=_draws(course, "alt"),
        bilirubin_draws=_draws(course, "bilirubin"),
        inr_draws=_draws(course, "inr"),
        signals=_kinds(course),
        rows=(),
    )
    from dataclasses import replace

    before = [
        keep_value(name, draw, draw.values[analyte], behind)
        for draw in course.before
        for analyte in (*ENZYMES, "bilirubin", "inr")
        if analyte in draw.values
    ]
    return replace(point, rows=(*before, *rows))


def _draws(course: Course, analyte: str) -> int:
    base = course.base.get(analyte)
    return base.count if base is not None else 0


def _kinds(course: Course) -> tuple[str, ...]:
    found = {"liver_injury" if one.partners else "liver_incomplete" for one in injuries(course)}
    found |= {"hys_law"} if hys_law(course) else set()
    return tuple(sorted(found))


# --- signals ---------------------------------------------------------------------------------------


def laboratory_signals(
    data: Dataset, courses: Mapping[str, Course], behind: Behind
) -> tuple[LaboratorySignal, ...]:
    """Every signal of every treated participant, by participant and day."""
    found = [signal for name, course in courses.items() for signal in _signals(data, name, course, behind)]
    found.sort(key=lambda one: (one.participant, one.on == "", one.on, one.id))
    return tuple(found)


def _signals(data: Dataset, name: str, course: Course, behind: Behind) -> Iterable[LaboratorySignal]:
    first = data.snapshot.participants[name]["first_dose_on"]

    def signal(
        kind: str, draw: Draw, words: str, values: Sequence[LabValue], caveats: Sequence[str] = (), also: str = ""
    ) -> LaboratorySignal:  # fmt: skip
        place = "/".join(part for part in (kind, name, draw.visit, also) if part)
        return LaboratorySignal(
            id=f"safety/signal/{place}",
            kind=kind,
            participant=name,
            visit=draw.visit,
            on=draw.on.isoformat() if draw.on is not None else "",
            day=study_day(draw.on, first),
            words=words,
            caveats=tuple(caveats),
            rows=tuple(keep_value(name, draw, value, behind) for value in values),
        )

    yield from _liver(course, signal)
    yield from _kidney_and_meld(data, course, signal)
    for one in worsenings(course):
        grade = one.grade
        words = f"{TITLES.get(grade.term, grade.term)}, grade {_grade(grade.grade, grade.low, grade.high)}: {_against(course, one.value)}"
        yield signal("ctcae", one.draw, words, (one.value,), also=grade.term)


def _liver(course: Course, signal: Callable[..., LaboratorySignal]) -> Iterable[LaboratorySignal]:
    draws = fewest_draws(course)
    caveats = (SINGLE,) if draws == 1 else (NO_BASELINE,) if draws == 0 else ()
    for one in injuries(course):
        values = (*one.enzymes, *one.partners)
        words = "; ".join(_against(course, value) for value in values)
        if one.partners:
            yield signal("liver_injury", one.draw, words, values, caveats)
        else:
            missing = ", ".join(f"{name} (no {what})" for name, what in one.without.items())
            yield signal(
                "liver_incomplete", one.draw, f"{words}; cannot be judged: {missing}", values, caveats
            )
    for draw in hys_law(course):
        values = tuple(draw.values[name] for name in (*ENZYMES, "bilirubin", "alp") if name in draw.values)
        alp = draw.values.get("alp")
        unsure = (CHOLESTASIS,) if alp is None or alp.times_high is None else ()
        words = "; ".join(
            f"{value.label} {value.shown}"
            + (f" ({value.times_high:.1f} × upper limit)" if value.times_high else "")
            for value in values
        )
        yield signal("hys_law", draw, words, values, (OF_NORMAL, *unsure))


def _kidney_and_meld(
    data: Dataset, course: Course, signal: Callable[..., LaboratorySignal]
) -> Iterable[LaboratorySignal]:
    for one in kidney_rises(course):
        against = f", {one.reference.shown} on {one.reference_on}" if one.reference is not None else ""
        words = f"{one.value.label} {one.value.shown}{against}"
        if one.stage:
            yield signal("kidney_injury", one.draw, f"Stage {one.stage}: {words}", (one.value,))
        else:
            yield signal("kidney_rise", one.draw, f"{words}; when it rose is not known", (one.value,))
    name = course.limits.meld
    derived = data.study.derived.get(name)
    label = derived.label if derived is not None else name
    for rise in meld_rises(course):
        words = f"{label} {rise.value:g}, {rise.value - rise.base:+.1f} against {rise.base:g}"
        used = [
            rise.draw.values[a] for a in ("creatinine", "bilirubin", "inr", "sodium") if a in rise.draw.values
        ]
        yield signal("meld_rise", rise.draw, words, used)


def _against(course: Course, value: LabValue) -> str:
    """A value beside its baseline, in words."""
    base, multiple = course.base.get(value.analyte), course.times_baseline(value)
    if base is None or multiple is None:
        return f"{value.label} {value.shown} (no baseline)"
    return f"{value.label} {value.shown} ({multiple:.2f} × baseline {base.mean:.3g})"


def _grade(grade: int | None, low: int | None, high: int | None) -> str:
    return str(grade) if grade is not None else f"{low} to {high}"
