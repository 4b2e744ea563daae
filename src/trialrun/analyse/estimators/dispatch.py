"""Which estimator answers which method of the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trialrun.analyse.cases import Question
from trialrun.analyse.estimators.categories import counted_categories, is_category, shift_of_estimand
from trialrun.analyse.estimators.event_times import event_time_of_endpoint
from trialrun.analyse.estimators.incidence import incidence_of_estimand
from trialrun.analyse.estimators.means import ancova_change, described_change, mean_change
from trialrun.analyse.estimators.mixed import mixed_model
from trialrun.analyse.estimators.proportions import proportion_of_estimand
from trialrun.analyse.estimators.ranks import ranked_change
from trialrun.analyse.estimators.survival import survival_of_estimand
from trialrun.analyse.result import Result
from trialrun.study.plan import Method

_BY_METHOD: Mapping[Method, Callable[[Question], tuple[Result, ...]]] = {
    Method.DESCRIBE: described_change,
    Method.SIGNED_RANK: ranked_change,
    Method.PAIRED_T: mean_change,
    Method.ANCOVA: ancova_change,
    Method.MMRM: mixed_model,
    Method.PROPORTION: proportion_of_estimand,
    Method.SHIFT: shift_of_estimand,
    Method.INCIDENCE: incidence_of_estimand,
    Method.SURVIVAL: survival_of_estimand,
    Method.KAPLAN_MEIER: event_time_of_endpoint,
}
_OF_NUMBERS = frozenset({Method.DESCRIBE, Method.SIGNED_RANK, Method.PAIRED_T, Method.ANCOVA, Method.MMRM})


def estimate(question: Question) -> tuple[Result, ...]:
    """The answers to a question: one, or with arms one for each arm compared with the control.

    Too few participants give a result that says so and no estimate. A category has no change and no mean: whatever
    the plan asks, its categories are counted.
    """
    if question.plan.method in _OF_NUMBERS and is_category(question):
        return counted_categories(question)
    return _BY_METHOD[question.plan.method](question)
