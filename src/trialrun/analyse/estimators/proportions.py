"""Shares of responders: those who had the worst outcome are none."""

from __future__ import annotations

from dataclasses import replace

from trialrun.analyse import methods
from trialrun.analyse.answers import answer, few
from trialrun.analyse.cases import Case, Cases, Question, Standing, cases_of
from trialrun.analyse.result import Analysis, Interval, Result, refs
from trialrun.errors import AnalysisError


def proportion_of_estimand(question: Question) -> tuple[Result, ...]:
    """The share of responders with its exact interval; with arms one for each, and each against the control.

    Death and transplant are no response, as the plan's strategies say. A participant without a value and without
    an event that decides is left out with the reason, or is none too where the worst case is asked for.
    Errors: `AnalysisError` when the estimand names no responder.
    """
    if question.responder is None:
        raise AnalysisError(
            f"estimand {question.plan.name!r} asks for a share and names no responder",
            "name one of the plan's responders",
        )
    arms = question.basis.arms
    if not arms.names or question.arm:
        return (_share(question),)
    by_arm = [_share(replace(question, arm=arm)) for arm in arms.names]
    return (*(_difference(question, arm) for arm in arms.compared), *by_arm)


def _share(question: Question) -> Result:
    cases, used, count = _counted(question)
    made = _made(question, cases, used, "exact proportion (Clopper-Pearson)")
    made = replace(made, estimate_name="share of responders", details=_details(cases, used, count))
    if not used:
        return few(made, 0, 1)
    level = question.basis.plan.level
    found = methods.clopper_pearson(count, len(used), level=level)
    return replace(made, estimate=found.estimate, interval=Interval(level, found.low, found.high))


def _difference(question: Question, arm: str) -> Result:
    control = question.basis.arms.control
    cases_1, used_1, count_1 = _counted(replace(question, arm=arm))
    cases_2, used_2, count_2 = _counted(replace(question, arm=control))
    both = Cases((*cases_1.all, *cases_2.all))
    used = (*used_1, *used_2)
    made = _made(question, both, used, "difference of proportions (Newcombe), Fisher's exact test")
    made = replace(
        made,
        id=f"{made.id}/{arm}-{control}",
        arm=f"{arm}-{control}",
        estimate_name="difference of the shares of responders",
        details={f"responders {arm}": count_1, f"n {arm}": len(used_1)}
        | {f"responders {control}": count_2, f"n {control}": len(used_2)},
    )
    if not used_1 or not used_2:
        return few(made, 0, 1)
    level = question.basis.plan.level
    found = methods.newcombe(count_1, len(used_1), count_2, len(used_2), level=level)
    test = methods.fisher_exact(count_1, len(used_1), count_2, len(used_2))
    return replace(made, estimate=found.estimate, interval=Interval(level, found.low, found.high), p=test.p)


def _counted(question: Question) -> tuple[Cases, tuple[Case, ...], int]:
    cases = cases_of(question)
    used = cases.standing(Standing.MEASURED, Standing.WORST)
    return cases, used, sum(case.value == 1.0 for case in used)


def _made(question: Question, cases: Cases, used: tuple[Case, ...], method: str) -> Result:
    values = [0.0 if case.value is None else case.value for case in used]
    references = refs([case.row for case in used], values)
    left_out = cases.left_out(used)
    made = answer(question, Analysis.RESPONSE, method, references, n=len(used), left_out=left_out)
    return replace(made, unit="1")


def _details(cases: Cases, used: tuple[Case, ...], count: int) -> dict[str, float | int | str | None]:
    return {
        "responders": count,
        "n": len(used),
        **{f"no response: {event}": found for event, found in cases.worst_counts().items()},
        "missing": len(cases.standing(Standing.MISSING)),
    }
