"""Time to the first of several events as one: the share free of them, and the hazard ratio between arms."""

from __future__ import annotations

from dataclasses import replace

from trialrun.analyse import methods
from trialrun.analyse.answers import answer, few
from trialrun.analyse.cases import Question
from trialrun.analyse.estimators.incidence import Course, asked_courses, course_refs, horizon
from trialrun.analyse.result import Analysis, Interval, Result, ResultTable
from trialrun.errors import AnalysisError

_COLUMNS = ("time_days", "at_risk", "event_free", "event_free_low", "event_free_high")


def survival_of_estimand(question: Question) -> tuple[Result, ...]:
    """Kaplan-Meier of the first of the plan's events, whichever it is; between arms also Cox's hazard ratio.

    All events together end the risk, so none of them censors another. Participants without one are censored on the
    last day they were seen.
    """
    arms = question.basis.arms
    if not arms.names or question.arm:
        return (_event_free(question),)
    own = [_event_free(replace(question, arm=arm)) for arm in arms.names]
    return (*(_compared(question, arm) for arm in arms.compared), *own)


def _started(question: Question, courses: tuple[Course, ...], method: str, arm: str = "") -> Result:
    kinds = _kinds(question)
    made = answer(
        question, Analysis.INCIDENCE, method, course_refs(courses), n=len(courses), left_out={}, arm=arm
    )
    log = tuple(one.note for one in courses if one.note)
    return replace(made, parameter=", ".join(kinds), unit="1", log=log)


def _kinds(question: Question) -> tuple[str, ...]:
    return question.plan.events or tuple(question.plan.intercurrent)


def _event_free(question: Question) -> Result:
    courses = asked_courses(question, _kinds(question))
    made = replace(_started(question, courses, "Kaplan-Meier"), estimate_name="share free of the events")
    if not courses:
        return few(made, 0, 1)
    level, day = question.basis.plan.level, horizon(question)
    fit = methods.kaplan_meier(
        [one.days for one in courses], [bool(one.cause) for one in courses], level=level
    )
    at = fit.at(day)
    rows = ((step.time, step.at_risk, step.survival, step.low, step.high) for step in fit.steps)
    return replace(
        made,
        estimate=at.survival,
        interval=Interval(level, at.low, at.high),
        details={"day": day, "at_risk": at.at_risk, "events": sum(bool(one.cause) for one in courses)},
        table=ResultTable(_COLUMNS, ((0, fit.n, 1.0, 1.0, 1.0), *rows)),
    )


def _compared(question: Question, arm: str) -> Result:
    control = question.basis.arms.control
    first, second = (asked_courses(replace(question, arm=name), _kinds(question)) for name in (arm, control))
    courses = (*first, *second)
    made = _started(question, courses, "Cox regression (Efron)", f"{arm}-{control}")
    made = replace(made, estimate_name="hazard ratio")
    level = question.basis.plan.level
    try:
        fit = methods.cox(
            # The first day counts as one: a time of 0 has no risk set before it.
            [one.days + 1 for one in courses],
            [bool(one.cause) for one in courses],
            {arm: [1.0] * len(first) + [0.0] * len(second)},
            level=level,
        )
    except AnalysisError as error:
        return replace(made, note=error.message)
    (term,) = fit.terms
    return replace(
        made,
        estimate=term.ratio,
        interval=Interval(level, term.low, term.high),
        p=term.p,
        details={"events": fit.events, f"n {arm}": len(first), f"n {control}": len(second)},
    )
