"""Missing values imputed many times, under missing at random and away from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from trialrun.analyse import methods
from trialrun.analyse.answers import answer
from trialrun.analyse.cases import Case, Cases, Question, Standing, case_of, cases_of
from trialrun.analyse.result import Analysis, Interval, Result, ResultTable, refs
from trialrun.derive.endpoints import BASELINE, AnalysisRow, analysis_visits
from trialrun.errors import AnalysisError
from trialrun.study.plan import Method, Sensitivity, Variable

_COLUMNS = ("delta", "estimate", "low", "high", "p")
_HL_NOTE = (
    "medians pooled by Rubin's rules, the variance of each taken from its exact interval; "
    "where an interval is open there is no pooled answer"
)


@dataclass(frozen=True, slots=True)
class _Filled:
    """Completed data sets of those who enter, and how their answer is estimated."""

    cases: tuple[Case, ...]
    arms: tuple[str, ...]
    imputed: methods.Imputed
    estimator: Any
    complete_df: float
    log: tuple[str, ...]

    @property
    def gaps(self) -> int:
        """How many participants' values at the visit are imputed."""
        return sum(case.standing is Standing.MISSING for case in self.cases)


def imputed_mean(question: Question, planned: Sensitivity) -> tuple[Result, ...]:
    """The answer with missing values imputed from baseline and earlier visits, pooled by Rubin's rules.

    Imputed are only values missing for no event that decides: nothing is imputed after death, nor before the visit
    was due. Degrees of freedom by Barnard and Rubin. Between arms the difference of each from the control.
    """
    return tuple(_imputed(question, planned, arm) for arm in _comparisons(question))


def tipping_points(question: Question, planned: Sensitivity) -> tuple[Result, ...]:
    """How much worse the missing must have been for p to pass the level: the imputed values are moved by each delta.

    Deltas point to the worse direction of the endpoint; between arms only the compared arm's values are moved.
    """
    return tuple(_tipped(question, planned, arm) for arm in _comparisons(question))


def _comparisons(question: Question) -> tuple[str, ...]:
    arms = question.basis.arms
    return arms.compared if arms.names and not question.arm else ("",)


def _imputed(question: Question, planned: Sensitivity, arm: str) -> Result:
    made, filled = _started(question, planned, arm, "multiple imputation, Rubin's rules")
    if filled is None:
        return made
    try:
        found = methods.pooled(
            filled.imputed,
            filled.estimator,
            complete_df=filled.complete_df,
            level=question.basis.plan.level,
        )
    except AnalysisError as error:
        return replace(made, note=error.message)
    return _with_pooled(made, found, filled)


def _tipped(question: Question, planned: Sensitivity, arm: str) -> Result:
    made, filled = _started(question, planned, arm, "delta-adjusted multiple imputation")
    if filled is None:
        return made
    sign = 1.0 if question.endpoint.lower_is_better else -1.0
    among = [not arm or own == arm for own in filled.arms]
    if not filled.gaps:
        return replace(made, note="nothing is missing: there is nothing to move")
    try:
        found = methods.tipping_point(
            filled.imputed,
            filled.estimator,
            [sign * abs(delta) for delta in planned.deltas] or [0.0, sign],
            visits=(question.visit,),
            complete_df=filled.complete_df,
            among=among,
            alpha=1 - question.basis.plan.level,
        )
    except AnalysisError as error:
        return replace(made, note=error.message)
    rows = tuple((delta, one.estimate, one.low, one.high, one.p) for delta, one in found.rows)
    made = _with_pooled(made, found.rows[0][1], filled)
    return replace(
        made,
        table=ResultTable(_COLUMNS, rows),
        details={**made.details, "tips_at": found.tips_at, "lost_at": found.lost_at},
        note=_tipping_words(found),
    )


def _tipping_words(found: methods.TippingPoint) -> str:
    if not found.holds:
        return f"without any shift p is not below {found.alpha:.3g}: there is no conclusion to lose"
    if found.tips_at is None:
        return "the conclusion holds at every shift tried"
    return f"the conclusion is lost when the missing are worse by {abs(found.tips_at):.3g}"


def _with_pooled(made: Result, found: methods.Pooled, filled: _Filled) -> Result:
    return replace(
        made,
        estimate=found.estimate,
        interval=Interval(found.level, found.low, found.high),
        p=found.p,
        details={
            "imputations": found.m,
            "imputed": filled.gaps,
            "se": found.se,
            "df": found.df if math.isfinite(found.df) else None,
            "fmi": found.fmi,
            "pattern": filled.imputed.pattern,
            "seed": filled.imputed.seed,
        },
    )


def _started(
    question: Question, planned: Sensitivity, arm: str, method: str
) -> tuple[Result, _Filled | None]:
    """The result without its numbers, and the completed data sets; none where they cannot be had."""
    arms = question.basis.arms
    pair = {arm, arms.control} if arm else set[str]()
    everyone = cases_of(question).all
    cases = Cases(tuple(c for c in everyone if not arm or arms.arm_of.get(c.participant) in pair))
    ranked = question.plan.method is Method.SIGNED_RANK
    wanted = (Standing.MEASURED, Standing.MISSING, *((Standing.WORST,) if ranked else ()))
    entering = tuple(
        case
        for case in cases.standing(*wanted)
        if case.row.baseline is not None or case.standing is Standing.WORST
    )
    made = answer(
        question,
        Analysis.ESTIMAND,
        method,
        refs([case.row for case in entering], [case.value for case in entering]),
        n=len(entering),
        left_out=cases.left_out(entering),
        arm=f"{arm}-{arms.control}" if arm else "",
    )
    made = replace(made, estimate_name=_name(question, ranked, bool(arm)))
    if ranked and arm:
        return replace(made, note="rank sums are not pooled over imputations; see the other analyses"), None
    living = tuple(case for case in entering if case.standing is not Standing.WORST)
    try:
        imputed, log = _kept(question, planned, living, arm)
    except AnalysisError as error:
        return replace(made, note=error.message), None
    own = tuple(arms.arm_of.get(case.participant, "") for case in living)
    worst = [question.worst for case in entering if case.standing is Standing.WORST]
    estimator = _estimator(question, own, arm, worst if ranked else None)
    df = float(len(living) + len(worst) - (2 if arm else 1))
    made = replace(made, log=(*log, _HL_NOTE) if ranked else log)
    return made, _Filled(living, own, imputed, estimator, df, log)


def _name(question: Question, ranked: bool, compared: bool) -> str:
    if ranked:
        return "median change (Hodges-Lehmann)"
    word = "mean" if question.plan.variable is Variable.VALUE else "mean change"
    return f"difference of {word}s" if compared else word


def _kept(
    question: Question, planned: Sensitivity, living: Sequence[Case], arm: str
) -> tuple[methods.Imputed, tuple[str, ...]]:
    """The same completed data sets for the imputed answer and its tipping point."""
    names = (question.parameter, question.visit, question.population, question.arm, question.without, arm)
    key = ("imputed", question.plan.name, *names, str(planned.imputations))
    kept = question.basis.kept
    if key not in kept:
        kept[key] = _completed(question, planned, living, arm)
    return kept[key]


def _completed(
    question: Question, planned: Sensitivity, living: Sequence[Case], arm: str
) -> tuple[methods.Imputed, tuple[str, ...]]:
    """Imputed from every visit up to the one asked of; where these are too few, from the baseline alone."""
    visits = analysis_visits(question.basis.study)
    before = visits[: visits.index(question.visit)]
    columns: dict[str, list[float | None]] = {BASELINE: [case.row.baseline for case in living]}
    for visit in before:
        held = {
            row.participant: row for row in question.basis.of(question.parameter, visit, question.population)
        }
        columns[visit] = [_known(question, held.get(case.participant), visit) for case in living]
    columns[question.visit] = [
        case.row.value if case.standing is Standing.MEASURED else None for case in living
    ]
    groups = [question.basis.arms.arm_of[case.participant] for case in living] if arm else None
    seed, m = question.basis.plan.seed, max(2, planned.imputations)
    try:
        return methods.multiple_imputation(columns, seed=seed, m=m, arms=groups), ()
    except AnalysisError as error:
        if not before:
            raise
        shorter = {name: columns[name] for name in (BASELINE, question.visit)}
        found = methods.multiple_imputation(shorter, seed=seed, m=m, arms=groups)
        return found, (f"imputed from the baseline alone: {error.message}",)


def _known(question: Question, row: AnalysisRow | None, visit: str) -> float | None:
    if row is None:
        return None
    standing = case_of(replace(question, visit=visit), row).standing
    return row.value if standing is Standing.MEASURED else None


def _estimator(question: Question, own: Sequence[str], arm: str, worst: list[float] | None) -> Any:
    """What is estimated in each completed data set, with its variance."""
    import numpy as np

    of_value = question.plan.variable is Variable.VALUE

    def changes(completed: Any) -> Any:
        after = completed[question.visit]
        return after if of_value else after - completed[BASELINE]

    if worst is not None:
        return lambda completed: _median(changes(completed), worst, question.basis.plan.level)
    if not arm:
        return lambda completed: _mean(changes(completed))
    first = np.array([name == arm for name in own])

    def difference(completed: Any) -> tuple[float, float]:
        change = changes(completed)
        one, two = _mean(change[first]), _mean(change[~first])
        return one[0] - two[0], one[1] + two[1]

    return difference


def _mean(values: Any) -> tuple[float, float]:
    if len(values) < 2:
        raise AnalysisError(f"{len(values)} participant(s) are too few for a mean and its error")
    return float(values.mean()), float(values.var(ddof=1)) / len(values)


def _median(values: Any, worst: Sequence[float], level: float) -> tuple[float, float]:
    from scipy import special

    found = methods.hodges_lehmann([*(float(f"{value:.12g}") for value in values), *worst], level=level)
    if found.estimate is None or found.low is None or found.high is None:
        raise AnalysisError(
            "the exact interval of a completed data set is open: its median has no error to pool"
        )
    reach = 2 * float(special.stdtrit(found.n - 1, 0.5 + level / 2))
    return found.estimate, ((found.high - found.low) / reach) ** 2
