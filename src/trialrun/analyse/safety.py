"""Safety of one snapshot: exposure, adverse events, laboratory, liver, and the stopping boundary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from trialrun.analyse.exposure import exposure_counts, exposure_lines, exposure_spread
from trialrun.analyse.laboratory import laboratory_shifts
from trialrun.analyse.liver import laboratory_signals, liver_point
from trialrun.analyse.safety_count import Behind, Counter, groups_of, observed_days
from trialrun.analyse.safety_events import (
    Counted,
    coding_of,
    counted_events,
    death_lines,
    event_lines,
    summary_lines,
    term_lines,
)
from trialrun.analyse.safety_result import SafetyResults
from trialrun.analyse.safety_stopping import stopping_status
from trialrun.derive.dataset import Dataset
from trialrun.derive.laboratory_draws import derive_courses
from trialrun.derive.laboratory_rules import Course
from trialrun.derive.safety import plan_of


def analyse_safety(data: Dataset) -> SafetyResults:
    """Everything about the safety of the treated participants; nothing of it was registered unless the study says so.

    Arms are counted apart where the snapshot holds them; while they are masked everybody is counted together.
    Errors: `UserError` for safety settings that are no numbers.
    """
    behind = Behind()
    groups, masked = groups_of(data)
    treated = groups[-1].participants
    counter = Counter(groups, behind, data.study.analysis.level)
    days = observed_days(data)
    counted = counted_events(data, treated, behind)
    deaths = death_lines(data, behind)
    exposure = exposure_lines(data, treated, days, behind)
    courses = derive_courses(data.snapshot, data.study, data.answers)
    return SafetyResults(
        groups=groups,
        masked=masked,
        summary=summary_lines(counted, deaths, counter),
        coding=coding_of(counted),
        terms=term_lines(counted, counter),
        events=event_lines(data, treated, behind),
        deaths=deaths,
        exposure=exposure,
        exposure_spread=exposure_spread(exposure, groups),
        exposure_counts=exposure_counts(data, exposure, counter, behind) if exposure else (),
        shifts=laboratory_shifts(data.study, courses, counter),
        liver=tuple(liver_point(data, name, courses[name], behind) for name in courses),
        signals=laboratory_signals(data, courses, behind),
        stopping=stopping_status(data, behind),
        notes=tuple(_notes(data, treated, counted, courses, days, masked=masked)),
        behind=behind.rows(),
    )


def _notes(
    data: Dataset,
    treated: Sequence[str],
    counted: Counted,
    courses: Mapping[str, Course],
    days: Mapping[str, int | None],
    *,
    masked: bool,
) -> Iterable[str]:
    """What a reader must know of how it was counted."""
    if masked:
        yield "Arms are masked in this snapshot: everybody is counted together."
    if masked and any(plan_of(data.study, data.snapshot.participants[name]) is None for name in treated):
        yield "Arms are dosed differently, so exposure is not shown while they are masked: it would tell the arm."
    if counted.uncertain:
        yield (
            f"{counted.uncertain} adverse event(s) whose dates leave open whether they began before the first dose count as begun "
            "after it."
        )
    without = [name for name in treated if days.get(name) is None]
    if without:
        yield f"{len(without)} treated participant(s) add no person-time: nothing tells how long they were observed."
    few = sum(1 for course in courses.values() if any(base.count < 2 for base in course.base.values()))
    if few:
        yield (
            f"For {few} of {len(courses)} treated participants a laboratory baseline rests on a single draw before the first dose; "
            "two are asked for."
        )
    if not data.snapshot.rows("ranges") and any(course.draws for course in courses.values()):
        yield "The snapshot holds no reference ranges: grades that need a limit of normal are unknown, never 0."
