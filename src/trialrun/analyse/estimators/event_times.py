"""Time to an endpoint's own event: the median, the share free of it at the registered times, and arms against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trialrun.analyse import methods
from trialrun.analyse.answers import answer, few
from trialrun.analyse.cases import Question
from trialrun.analyse.estimators.incidence import horizon
from trialrun.analyse.event_times import Timed, timed_of, timed_refs
from trialrun.analyse.result import Analysis, Cell, Interval, Result, ResultTable
from trialrun.derive.endpoints import analysis_visits
from trialrun.errors import AnalysisError

MEDIAN = "median time"
COLUMNS = ("time_days", "at_risk", "event", "event_low", "event_high")
_METHOD = "Kaplan-Meier, intervals log-log (the median's by Brookmeyer and Crowley)"


def event_time_of_endpoint(question: Question) -> tuple[Result, ...]:
    """Kaplan-Meier of one endpoint's time to its event; with arms each, and Cox with the log-rank test between them.

    At every registered time with a planned day the share free of the event. With the last of them, once, the
    hazard ratio of each arm against the control, and the median.
    """
    arms = question.basis.arms
    by_arm = bool(arms.names) and not question.arm
    parts = [replace(question, arm=name) for name in arms.names] if by_arm else [question]
    found: list[Result] = []
    if question.visit == _last(question):
        found += [_compared(question, arm) for arm in arms.compared] if by_arm else []
        found += [_median(part) for part in parts]
    planned = question.basis.study.visits.get(question.visit)
    if planned is not None and planned.offset is not None:
        found += [_free(part) for part in parts]
    return tuple(found)


def _last(question: Question) -> str:
    wanted = question.plan.visits or question.endpoint.visits
    return [visit for visit in analysis_visits(question.basis.study) if visit in wanted][-1]


def _made(
    question: Question, analysis: Analysis, method: str, found: Sequence[Timed], arm: str = ""
) -> Result:
    used = [one for one in found if one.days is not None]
    events = sum(bool(one.event) for one in used)
    missing = sum(one.missing for one in found)
    wrong = [one for one in found if one.wrong]
    made = answer(
        question,
        analysis,
        method,
        timed_refs(found),
        n=len(used),
        left_out={one.participant: one.why for one in found if one.days is None},
        arm=arm,
    )
    log = [f"{len(used)} participants: {events} with the event, {len(used) - events} censored"]
    log += [f"{missing} without a time: {_told(found)}"] if missing else []
    log += [note for one in found for note in one.notes]
    return replace(
        made,
        unit="d",
        details={
            "events": events,
            "censored": len(used) - events,
            "missing": missing,
            "never began": len(found) - len(used) - missing,
        },
        log=tuple(log),
        note=f"to be corrected and left out until then: {_told(wrong)}" if wrong else "",
    )


def _told(found: Sequence[Timed]) -> str:
    return "; ".join(f"{one.participant}, {one.why}" for one in found if one.missing)


def _fit(question: Question, found: Sequence[Timed]) -> methods.KaplanMeier:
    used = [one for one in found if one.days is not None]
    return methods.kaplan_meier(
        [float(one.days or 0) for one in used],
        [bool(one.event) for one in used],
        level=question.basis.plan.level,
    )


def _median(question: Question) -> Result:
    found = timed_of(question)
    made = replace(_made(question, Analysis.ESTIMAND, _METHOD, found), estimate_name=MEDIAN)
    if not made.n:
        return _too_few(made)
    fit = _fit(question, found)
    low, high = fit.median_interval()
    median = fit.median()
    reasons = [
        made.note,
        "" if median is not None else "not reached: more than half are free of the event to the end",
        _competing(question, found),
    ]
    rows: list[tuple[Cell, ...]] = [(0, fit.n, 0.0, 0.0, 0.0)]
    rows += [(step.time, step.at_risk, 1 - step.survival, 1 - step.high, 1 - step.low) for step in fit.steps]
    return replace(
        made,
        estimate=median,
        interval=Interval(
            question.basis.plan.level, low, high, "the open end was not reached" if high is None else ""
        ),
        table=ResultTable(COLUMNS, tuple(rows)),
        note="; ".join(filter(None, reasons)),
    )


def _competing(question: Question, found: Sequence[Timed]) -> str:
    """Say that deaths which are not the event censor it: the curve is then of a world in which nobody dies."""
    handled = question.plan.intercurrent.get("death")
    ends = {one.event for one in found}
    names = {one.participant for one in found}
    died = sum(any(event.kind == "death" for event in question.basis.events.get(name, ())) for name in names)
    if "death" in ends or not died or (handled is not None and handled.strategy == "composite"):
        return ""
    return f"{died} died, which is not the event: the curve holds only if they could still have had it"


def _free(question: Question) -> Result:
    found = timed_of(question)
    made = _made(question, Analysis.EVENT_FREE, _METHOD, found)
    made = replace(made, unit="1", estimate_name="share free of the event")
    if not made.n:
        return _too_few(made)
    day = horizon(question)
    fit = _fit(question, found)
    at = fit.at(day)
    longest = max(step.time for step in fit.steps)
    details = {**made.details, "day": day, "at_risk": at.at_risk}
    if day > longest and at.survival > 0:
        note = f"nobody was followed to day {day}; the longest time is {longest:g} days"
        return replace(made, details=details, note="; ".join(filter(None, (made.note, note))))
    if at.survival in {0, 1}:
        who = "everybody still followed" if at.survival == 0 else "nobody"
        note = f"{who} had the event by then: the curve has no interval here"
        return replace(
            made,
            estimate=at.survival,
            details=details,
            note="; ".join(filter(None, (made.note, note))),
        )
    interval = Interval(question.basis.plan.level, at.low, at.high)
    return replace(made, estimate=at.survival, interval=interval, details=details)


def _compared(question: Question, arm: str) -> Result:
    control, level = question.basis.arms.control, question.basis.plan.level
    first, second = (timed_of(replace(question, arm=name)) for name in (arm, control))
    made = _made(
        question,
        Analysis.ESTIMAND,
        "Cox regression (Efron); p of the log-rank test",
        (*first, *second),
        f"{arm}-{control}",
    )
    made = replace(made, estimate_name="hazard ratio", unit="1")
    (times_1, events_1), (times_2, events_2) = (_pairs(group) for group in (first, second))
    if not times_1 or not times_2:
        return _too_few(made)
    details = {
        **made.details,
        f"n {arm}": len(times_1),
        f"events {arm}": sum(events_1),
        f"n {control}": len(times_2),
        f"events {control}": sum(events_2),
    }
    problems = [made.note] if made.note else []
    p: float | None = None
    try:
        test = methods.logrank(times_1, events_1, times_2, events_2)
    except AnalysisError as error:
        problems.append(error.message)
    else:
        p = test.p
        details |= {"log-rank chi-square": test.chi_square, f"expected events {arm}": test.expected}
    made = replace(made, p=p, details=details)
    try:
        # The first day counts as one: a time of 0 has no risk set before it.
        fit = methods.cox(
            [time + 1 for time in (*times_1, *times_2)],
            [*events_1, *events_2],
            {arm: [1.0] * len(times_1) + [0.0] * len(times_2)},
            level=level,
        )
    except AnalysisError as error:
        return replace(made, note="; ".join((*problems, error.message)))
    (term,) = fit.terms
    return replace(
        made,
        estimate=term.ratio,
        interval=Interval(level, term.low, term.high),
        details={**details, "Wald p": term.p},
        note="; ".join(problems),
    )


def _pairs(found: Sequence[Timed]) -> tuple[list[float], list[bool]]:
    used = [one for one in found if one.days is not None]
    return [float(one.days or 0) for one in used], [bool(one.event) for one in used]


def _too_few(made: Result) -> Result:
    said = few(made, 0, 1)
    return replace(said, note="; ".join(filter(None, (made.note, said.note))))
