"""Changes by their ranks: the signed rank in one arm, the rank sum between arms, worst ranks in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trialrun.analyse import methods
from trialrun.analyse.answers import answered_by, few
from trialrun.analyse.cases import Case, Question, Standing, cases_of
from trialrun.analyse.result import Interval, Result

_MEDIAN = "median change (Hodges-Lehmann)"
_SHIFT = "difference of changes (Hodges-Lehmann)"


def ranked_change(question: Question) -> tuple[Result, ...]:
    """The median change with its exact interval and the exact signed rank; between arms the rank sum."""
    if question.basis.arms.names and not question.arm:
        return tuple(_compared(question, arm) for arm in question.basis.arms.compared)
    cases = cases_of(question)
    used = cases.standing(Standing.MEASURED, Standing.WORST)
    worst = any(case.standing is Standing.WORST for case in used)
    made = answered_by(
        question, cases, used, "exact signed rank with worst ranks" if worst else "exact signed rank"
    )
    made = ranked(made, values_of(question, used), question.basis.plan.level)
    return (replace(made, details={**made.details, **cases.worst_counts()}),)


def values_of(question: Question, used: Sequence[Case]) -> list[float]:
    """The values to be ranked; the worst outcomes are infinite and tie."""
    return [question.worst if case.value is None else case.value for case in used]


def ranked(made: Result, changes: Sequence[float], level: float) -> Result:
    """A result with the median change, its interval, and the signed rank of the changes."""
    made = replace(made, estimate_name=_MEDIAN)
    if not changes:
        return few(made, 0, 1)
    test = methods.signed_rank(changes)
    centre = methods.hodges_lehmann(changes, level=level)
    note = "" if centre.estimate is not None else "so many worst ranks that no median change exists"
    exact = test.method == "exact"
    return replace(
        made,
        method=made.method
        if exact
        else made.method.replace("exact signed rank", f"signed rank, {test.method}"),
        estimate=centre.estimate,
        interval=Interval(level, centre.low, centre.high, _open_end(centre.low, centre.high, len(changes))),
        p=test.p,
        details={"V": test.statistic, "zeros": test.zeros, "sign_test_p": methods.sign_test(changes)},
        note=note,
    )


def _compared(question: Question, arm: str) -> Result:
    arms = question.basis.arms
    of_arm, of_control = (cases_of(replace(question, arm=name)) for name in (arm, arms.control))
    wanted = (Standing.MEASURED, Standing.WORST)
    first, second = of_arm.standing(*wanted), of_control.standing(*wanted)
    both = type(of_arm)((*of_arm.all, *of_control.all))
    made = answered_by(
        question, both, (*first, *second), "exact rank sum with worst ranks", arm=f"{arm}-{arms.control}"
    )
    made = replace(made, estimate_name=_SHIFT)
    if not first or not second:
        return few(made, min(len(first), len(second)), 1)
    level = question.basis.plan.level
    test = methods.rank_sum(values_of(question, first), values_of(question, second), level=level)
    return replace(
        made,
        method=f"{test.method} rank sum with worst ranks",
        estimate=test.shift,
        interval=Interval(
            level, test.low, test.high, _open_end(test.low, test.high, min(len(first), len(second)))
        ),
        p=test.p,
        details={
            "U": test.u,
            "superiority": test.superiority,
            f"n {arm}": len(first),
            f"n {arms.control}": len(second),
            **both.worst_counts(),
        },
        note="" if test.shift is not None else "so many worst ranks that no difference exists",
    )


def _open_end(low: float | None, high: float | None, n: int) -> str:
    if low is not None and high is not None:
        return ""
    return (
        "too few participants for a bound at this level"
        if n < 6
        else "the open end lies among the worst ranks"
    )
