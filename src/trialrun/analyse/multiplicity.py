"""The primary p values, adjusted for their number as the plan says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trialrun.analyse import methods
from trialrun.analyse.basis import Basis
from trialrun.analyse.planned import is_main
from trialrun.analyse.result import Analysis, Result
from trialrun.derive.endpoints import analysis_visits


def adjusted(basis: Basis, results: Sequence[Result]) -> tuple[Result, ...]:
    """The results with `p_adjusted` for the primary question of each endpoint the plan adjusts over.

    The primary question is the endpoint's primary estimand at its last registered time, for each arm compared; the
    composite result of the same numbers carries the same value. In the order the plan names them, which is the order
    of testing in a fixed sequence; a primary question without a p value takes part as 1.
    """
    plan = basis.plan.multiplicity
    chosen = [result for name in plan.over for result in primary_results(basis, results, name)]
    values = [1.0 if result.p is None else result.p for result in chosen]
    found = methods.adjust(values, plan.adjustment.value)
    by_id = {one.id: value for one, value in zip(chosen, found, strict=True) if one.p is not None}
    twins = {
        (one.endpoint, one.visit, one.inputs_hash, one.p): by_id[one.id] for one in chosen if one.id in by_id
    }
    return tuple(_with(result, by_id, twins) for result in results)


def primary_results(basis: Basis, results: Sequence[Result], endpoint: str) -> list[Result]:
    """The results that answer an endpoint's primary question."""
    planned = basis.study.endpoints.get(endpoint)
    times = [visit for visit in analysis_visits(basis.study) if planned and visit in planned.visits]
    return [
        result
        for result in results
        if result.endpoint == endpoint
        and result.role == "primary"
        and is_main(result)
        and times
        and result.visit == times[-1]
        and (not basis.arms.names or "-" in result.arm)
    ]


def _with(
    result: Result, by_id: dict[str, float], twins: dict[tuple[str, str, str, float | None], float]
) -> Result:
    if result.id in by_id:
        return replace(result, p_adjusted=by_id[result.id])
    twin = (result.endpoint, result.visit, result.inputs_hash, result.p)
    if result.analysis is Analysis.COMPOSITE and twin in twins:
        return replace(result, p_adjusted=twins[twin])
    return result
