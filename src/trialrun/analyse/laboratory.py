"""Laboratory grades against baseline: by CTCAE, at every planned visit and at their worst after the first dose.

The baseline category is the grade of the baseline mean by the limits of normal. Where the baseline is above the upper
limit and the term counts multiples of baseline then (ALT, AST, ALP, GGT, bilirubin), the category carries a star: later
grades of these participants are multiples of their own baseline, so that 0 means unchanged, not normal.
Worsening is judged by one rule before and after: the later grade for certain above the worst one up to the first dose.
Source: NCI, CTCAE v5.0, 2017.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from trialrun.analyse.safety_count import Behind, Counter
from trialrun.analyse.safety_result import (
    NOT_MEASURED,
    UNKNOWN_GRADE,
    WORST,
    LaboratoryShift,
    SafetyGroup,
    ShiftCell,
)
from trialrun.derive.answers import planned_name
from trialrun.derive.laboratory import (
    GRADED,
    Baseline,
    Draw,
    Grade,
    LabValue,
    graded_against_baseline,
    grades_of,
    worst_grade,
)
from trialrun.derive.laboratory_rules import Course, grades_at
from trialrun.study.model import Study, VisitKind

ABNORMAL = "*"
SEVERE = 3
LATER = frozenset({VisitKind.DOSE, VisitKind.FOLLOW_UP})
TITLES = {
    "ctcae_v5_alt": "Alanine aminotransferase increased",
    "ctcae_v5_ast": "Aspartate aminotransferase increased",
    "ctcae_v5_alp": "Alkaline phosphatase increased",
    "ctcae_v5_ggt": "GGT increased",
    "ctcae_v5_bilirubin": "Blood bilirubin increased",
    "ctcae_v5_creatinine": "Creatinine increased",
    "ctcae_v5_inr": "INR increased",
    "ctcae_v5_hyponatremia": "Hyponatremia",
    "ctcae_v5_hypernatremia": "Hypernatremia",
    "ctcae_v5_hypoalbuminemia": "Hypoalbuminemia",
    "ctcae_v5_platelets": "Platelet count decreased",
}


@dataclass(frozen=True, slots=True)
class Graded:
    """One value with its grade of one term, and where it stands."""

    grade: Grade
    visit: str
    address: str


@dataclass(frozen=True, slots=True)
class TermCourse:
    """One participant's grades of one term: the baseline category with the values behind it, then the later ones.

    `before` is the least and the most the worst grade up to the first dose can be; the most is `None` where unknown.
    """

    participant: str
    category: str
    behind: tuple[str, ...]
    before: tuple[int, int | None]
    later: tuple[Graded, ...]


def laboratory_shifts(
    study: Study, courses: Mapping[str, Course], counter: Counter
) -> tuple[LaboratoryShift, ...]:
    """Every term the study's laboratory items can be graded by: worst after the first dose, then each planned visit."""
    analytes = dict.fromkeys(item.analyte for item in study.items.values() if item.analyte in GRADED)
    visits = [name for name, visit in study.visits.items() if visit.kind in LATER]
    found: list[LaboratoryShift] = []
    graded = {name: tuple(_graded_draws(name, course, counter.behind)) for name, course in courses.items()}
    for analyte in analytes:
        for term in GRADED[analyte or ""]:
            own = [
                _term_course(name, courses[name], graded[name], analyte or "", term, counter.behind)
                for name in courses
            ]
            measured = {one.visit for course in own for one in course.later}
            for visit in (WORST, *(name for name in visits if name in measured)):
                found += [_shift(term, analyte or "", visit, own, group, counter) for group in counter.groups]
    return tuple(found)


def value_address(name: str, draw: Draw, value: LabValue) -> str:
    """Where a laboratory value stands: participant, visit, form, row and item."""
    return f"{name}/{draw.visit}/{draw.form}/{draw.row}/{value.item}"


def keep_value(name: str, draw: Draw, value: LabValue, behind: Behind) -> str:
    """Keep a laboratory value as a row behind counts; returns its address."""
    words = f"{value.label} {value.shown}" + (f", {draw.on.isoformat()}" if draw.on is not None else "")
    return behind.add(value_address(name, draw, value), name, words, (value.hash,))


def _graded_draws(name: str, course: Course, behind: Behind) -> Iterable[tuple[Draw, LabValue, Grade, str]]:
    for draw in course.draws:
        for value, grade in grades_at(course, draw):
            yield draw, value, grade, keep_value(name, draw, value, behind)


def _term_course(
    name: str,
    course: Course,
    graded: Sequence[tuple[Draw, LabValue, Grade, str]],
    analyte: str,
    term: str,
    behind: Behind,
) -> TermCourse:
    own = [one for one in graded if one[2].term == term]
    before = [grade for draw, _value, grade, _address in own if draw.before]
    pre = [(draw, draw.values[analyte]) for draw in course.draws if draw.before and analyte in draw.values]
    return TermCourse(
        participant=name,
        category=baseline_category(term, [value for _draw, value in pre], course.base.get(analyte)),
        behind=tuple(keep_value(name, draw, value, behind) for draw, value in pre),
        before=_span(before),
        later=tuple(
            Graded(grade, planned_name(draw.visit), address)
            for draw, _value, grade, address in own
            if not draw.before
        ),
    )


def _span(grades: Sequence[Grade]) -> tuple[int, int | None]:
    """The least and the most the worst of some grades can be; nothing is known without any."""
    most = [grade.most for grade in grades]
    known = [one for one in most if one is not None]
    return max((grade.least for grade in grades), default=0), (
        max(known) if grades and len(known) == len(most) else None
    )


def baseline_category(term: str, values: Sequence[LabValue], baseline: Baseline | None) -> str:
    """The grade of the baseline mean by the limits of normal, starred where later ones count multiples of it."""
    if not values or baseline is None:
        return NOT_MEASURED
    last = next((value for value in reversed(values) if value.limits.low or value.limits.high), values[-1])
    high = last.limits.high
    against_baseline = graded_against_baseline(term)
    reference = Baseline(high, 1) if against_baseline and high is not None else baseline
    grades = grades_of(replace(last, number=baseline.mean), reference)
    grade = next((one for one in grades if one.term == term), None)
    if grade is None or grade.grade is None:
        return UNKNOWN_GRADE
    abnormal = against_baseline and high is not None and baseline.mean > high
    return f"{grade.grade}{ABNORMAL if abnormal else ''}"


def _shift(
    term: str,
    analyte: str,
    visit: str,
    courses: Sequence[TermCourse],
    group: SafetyGroup,
    counter: Counter,
) -> LaboratoryShift:
    members = frozenset(group.participants)
    key = f"laboratory/{term}/{visit}"
    cells: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    hits: dict[str, list[str]] = {"worsened": [], "severe": []}
    open_: dict[str, list[str]] = {"worsened": [], "severe": []}
    at_risk: list[str] = []
    for course in courses:
        if course.participant not in members:
            continue
        worst = _worst(
            course.later if visit == WORST else [one for one in course.later if one.visit == visit]
        )
        after = NOT_MEASURED if worst is None else _words(worst.grade)
        rows = (*course.behind, *((worst.address,) if worst is not None else ()))
        cells.setdefault((course.category, after), []).append(rows)
        if worst is None:
            continue
        at_risk.append(course.participant)
        for name, answer in _worsening(course.before, worst.grade).items():
            if answer is not False:
                (hits if answer else open_)[name].append(worst.address)
    counts = {
        name: counter.one(f"{key}/{name}", group, hits[name], open_[name], at_risk=at_risk) for name in hits
    }
    return LaboratoryShift(
        term=term,
        analyte=analyte,
        title=TITLES.get(term, term),
        group=group.name,
        visit=visit,
        cells=tuple(
            ShiftCell(
                id=f"safety/{key}/{group.name or 'all'}/{baseline} to {after}",
                baseline=baseline,
                after=after,
                participants=len(rows),
                rows=tuple(row for own in rows for row in own),
            )
            for (baseline, after), rows in sorted(cells.items())
        ),
        worsened=counts["worsened"],
        severe=counts["severe"],
    )


def _worst(later: Sequence[Graded]) -> Graded | None:
    worst = worst_grade([one.grade for one in later])
    return next((one for one in later if one.grade is worst), None)


def _words(grade: Grade) -> str:
    return UNKNOWN_GRADE if grade.grade is None else str(grade.grade)


def _worsening(before: tuple[int, int | None], later: Grade) -> Mapping[str, bool | None]:
    """Whether a grade is above those before, and whether it is 3 or more from below; `None` where it may be."""
    least_before, most_before = before
    most = 5 if later.most is None else later.most
    worse = (
        True
        if most_before is not None and later.least > most_before
        else None
        if most > least_before
        else False
    )
    if most < SEVERE or least_before >= SEVERE:
        severe: bool | None = False
    elif later.least >= SEVERE and most_before is not None and most_before < SEVERE:
        severe = True
    else:
        severe = None
    return {"worsened": worse, "severe": severe}
