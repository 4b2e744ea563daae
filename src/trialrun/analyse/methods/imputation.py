"""Multiple imputation of missing visits, under missing at random and away from it.

Each visit is regressed on the others by normal linear regression. Variance and coefficients are drawn
from their posterior before a value is, so the imputations carry what is not known about the model too.
When nobody returns after a missed visit, or one visit alone has gaps, one pass is exact; else the visits are
drawn in turn, each on all others, until the chain has forgotten where it started.
Sources: Rubin DB, Multiple Imputation for Nonresponse in Surveys, 1987 (normal linear regression with
the standard noninformative prior); van Buuren S, Stat Methods Med Res 2007;16:219 (chained equations).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trialrun.analyse.methods.rubin import Pooled, rubin
from trialrun.errors import AnalysisError

IMPUTATIONS = 50
SWEEPS = 20
COMPLETE, MONOTONE, CHAINED = "complete", "monotone", "chained"
_SPARE = 2
_HALVINGS = 40

Completed = Mapping[str, Any]
Estimator = Callable[[Completed], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Imputed:
    """`m` completed data sets, and which of their values were not observed.

    `completed[i][visit]` and `missing[visit]` are NumPy arrays over participants in the order given.
    `pattern` is `complete`, `monotone` (one pass is exact) or `chained`.
    """

    visits: tuple[str, ...]
    completed: tuple[dict[str, Any], ...]
    missing: dict[str, Any]
    pattern: str
    seed: int

    @property
    def m(self) -> int:
        """How many completed data sets there are."""
        return len(self.completed)

    def missing_counts(self) -> dict[str, int]:
        """How many values were imputed, by visit."""
        return {visit: int(gaps.sum()) for visit, gaps in self.missing.items()}


@dataclass(frozen=True, slots=True)
class TippingPoint:
    """What the pooled answer becomes when those not observed did worse by `delta` than the model says.

    `rows` are (delta, pooled answer) from the smallest shift on. `holds` says whether there is a conclusion
    at the first of them at all. `lost_at` is the smallest of the deltas given at which it is lost, `tips_at`
    the shift itself found between it and the one before; both are `None` when it survives them all.
    """

    rows: tuple[tuple[float, Pooled], ...]
    holds: bool
    lost_at: float | None
    tips_at: float | None
    alpha: float


def multiple_imputation(
    values: Mapping[str, Sequence[float | None]],
    *,
    seed: int,
    m: int = IMPUTATIONS,
    covariates: Mapping[str, Sequence[float]] | None = None,
    arms: Sequence[str] | None = None,
    sweeps: int = SWEEPS,
) -> Imputed:
    """Complete the missing visits `m` times.

    Args:
        values: visit name to one value per participant, visits in order of time with the baseline first;
            `None` or NaN is missing. Participants whose value does not exist (death) are left out by the
            caller: nothing is imputed after death.
        seed: of NumPy's PCG64; the same seed and data give the same imputations.
        covariates: complete numeric predictors; arms: one category per participant, as predictors.
        sweeps: rounds over the visits before a data set is taken, when the pattern is not monotone.
    Errors: `AnalysisError` naming the visit when too few are observed for its regression (two more than
        coefficients), when its predictors say the same thing, or for lists of unequal length.
    """
    import numpy as np

    if m < 2:
        raise AnalysisError(f"{m} imputation(s) are too few", "ask for at least 2, better 50")
    visits = tuple(values)
    table = _table(values)
    missing = np.isnan(table)
    fixed = _fixed(len(table), covariates or {}, arms)
    for place, visit in enumerate(visits):
        if missing[:, place].all():
            raise AnalysisError(
                f"nobody has a value at {visit}: nothing to impute from", "leave the visit out"
            )
    pattern = _pattern(missing)
    draws = np.random.default_rng(seed)
    # All data sets are drawn at once: visits are few, and one regression of many is quick.
    if pattern == COMPLETE:
        filled = np.repeat(table[None], m, axis=0)
    elif pattern == MONOTONE and missing[:, -1].any():
        filled = _monotone(table, missing, fixed, visits, draws, m)
    else:
        # A single visit with gaps needs no chain: the others are complete.
        rounds = max(1, sweeps) if pattern == CHAINED else 1
        filled = _chained(table, missing, fixed, visits, draws, m, rounds)
    completed = [{visit: data[:, place] for place, visit in enumerate(visits)} for data in filled]
    gaps = {visit: missing[:, place] for place, visit in enumerate(visits)}
    return Imputed(visits, tuple(completed), gaps, pattern, seed)


def mean_change(before: str, after: str) -> Estimator:
    """The estimator of a mean change between two visits of one arm; its complete-data df are n - 1."""

    def estimate(completed: Completed) -> tuple[float, float]:
        change = completed[after] - completed[before]
        return float(change.mean()), float(change.var(ddof=1)) / len(change)

    return estimate


def pooled(
    imputed: Imputed, estimator: Estimator, *, complete_df: float | None = None, level: float = 0.95
) -> Pooled:
    """Analyse every completed data set and pool by Rubin's rules; see `rubin`."""
    found = [estimator(completed) for completed in imputed.completed]
    return rubin(
        [value for value, _ in found], [error for _, error in found], complete_df=complete_df, level=level
    )


def tipping_point(
    imputed: Imputed,
    estimator: Estimator,
    deltas: Sequence[float],
    *,
    visits: Sequence[str],
    complete_df: float | None = None,
    among: Sequence[bool] | None = None,
    alpha: float = 0.05,
) -> TippingPoint:
    """How much worse must the missing have been for the conclusion to be lost?

    A conclusion is p below `alpha` two-sided at the smallest shift; it is lost when p is not below it any
    more, or the estimate changes sign.
    Args:
        deltas: shifts added to imputed values, all of one direction; 0 is added when absent.
        visits: at which they are added; among: to whose values (all when not given).
    Errors: `AnalysisError` for shifts of both signs or none, or a visit that was not imputed.
    Source: Ratitch B, O'Kelly M, Tosiello R, Pharm Stat 2013;12:337; Carpenter JR, Kenward MG,
    Multiple Imputation and its Application, 2013.
    """
    ordered = sorted({0.0, *map(float, deltas)}, key=abs)
    if len(ordered) < 2 or min(ordered) < 0 < max(ordered) or not all(map(math.isfinite, ordered)):
        raise AnalysisError(
            "a tipping point needs finite shifts in one direction",
            "give deltas such as 1, 2, 3 or -1, -2, -3",
        )
    for visit in visits:
        if visit not in imputed.visits:
            raise AnalysisError(f"visit {visit!r} was not imputed", f"visits are {', '.join(imputed.visits)}")

    def at(delta: float) -> Pooled:
        moved = shifted(imputed, delta, visits=visits, among=among)
        return pooled(moved, estimator, complete_df=complete_df, level=1 - alpha)

    rows = tuple((delta, at(delta)) for delta in ordered)
    first = rows[0][1]

    def kept(answer: Pooled) -> bool:
        return answer.p is not None and answer.p < alpha and answer.estimate * first.estimate > 0

    holds = kept(first)
    lost = (
        next((place for place, (_, answer) in enumerate(rows) if not kept(answer)), None) if holds else None
    )
    if lost is None:
        return TippingPoint(rows, holds, None, None, alpha)
    low, high = ordered[lost - 1], ordered[lost]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if kept(at(middle)) else (low, middle)
    return TippingPoint(rows, holds, ordered[lost], high, alpha)


def shifted(
    imputed: Imputed, delta: float, *, visits: Sequence[str], among: Sequence[bool] | None = None
) -> Imputed:
    """The same imputations with `delta` added to what was imputed; observed values stay as they are."""
    import numpy as np

    chosen = (
        np.ones(len(next(iter(imputed.missing.values()))), bool) if among is None else np.asarray(among, bool)
    )
    completed = tuple(
        {
            visit: column + delta * (imputed.missing[visit] & chosen) if visit in visits else column
            for visit, column in data.items()
        }
        for data in imputed.completed
    )
    return Imputed(imputed.visits, completed, imputed.missing, imputed.pattern, imputed.seed)


def _table(values: Mapping[str, Sequence[float | None]]) -> Any:
    """Participants by visits, NaN for missing."""
    import numpy as np

    if len(values) < 2:
        raise AnalysisError("imputation needs a baseline and at least one later visit")
    lengths = {len(column) for column in values.values()}
    if len(lengths) != 1:
        raise AnalysisError(
            f"visits have {', '.join(map(str, sorted(lengths)))} participants, not the same number"
        )
    table = np.array([[np.nan if v is None else float(v) for v in column] for column in values.values()]).T
    if np.isinf(table).any():
        raise AnalysisError(
            "a value to impute from is infinite",
            "leave participants who died out; worst ranks are not imputed",
        )
    return table


def _fixed(n: int, covariates: Mapping[str, Sequence[float]], arms: Sequence[str] | None) -> Any:
    """The complete predictors: a column of ones, covariates, arms against the first."""
    import numpy as np

    columns = [np.ones(n)]
    for name, column in covariates.items():
        numbers = np.asarray(column, dtype=float)
        if len(numbers) != n or not np.isfinite(numbers).all():
            raise AnalysisError(
                f"covariate {name!r} is not complete for {n} participants",
                "give it as a visit to have it imputed",
            )
        columns.append(numbers)
    if arms is not None:
        if len(arms) != n:
            raise AnalysisError(f"{len(arms)} arms for {n} participants")
        names = list(dict.fromkeys(arms))
        columns += [np.array([float(arm == name) for arm in arms]) for name in names[1:]]
    return np.column_stack(columns)


def _pattern(missing: Any) -> str:
    """Complete, monotone (nobody returns, or one visit alone has gaps) or to be chained."""
    if not missing.any():
        return COMPLETE
    nobody_returns = bool((missing[:, 1:] | ~missing[:, :-1]).all())
    return MONOTONE if nobody_returns or int(missing.any(axis=0).sum()) == 1 else CHAINED


def _monotone(table: Any, missing: Any, fixed: Any, visits: Sequence[str], draws: Any, m: int) -> Any:
    """`m` completed data sets (data sets by participants by visits): each visit on those before it."""
    import numpy as np

    filled = np.repeat(table[None], m, axis=0)
    for place, visit in enumerate(visits):
        gaps = missing[:, place]
        if gaps.any():
            predictors = _predictors(fixed, filled[:, :, :place])
            filled[:, gaps, place] = _drawn(predictors, table[:, place], gaps, visit, draws)
    return filled


def _chained(
    table: Any, missing: Any, fixed: Any, visits: Sequence[str], draws: Any, m: int, sweeps: int
) -> Any:
    """`m` completed data sets, each the end of its own chain."""
    import numpy as np

    filled = np.repeat(table[None], m, axis=0)
    for place in range(len(visits)):
        gaps = missing[:, place]
        filled[:, gaps, place] = draws.choice(table[~gaps, place], size=(m, int(gaps.sum())))
    for _ in range(sweeps):
        for place, visit in enumerate(visits):
            gaps = missing[:, place]
            if gaps.any():
                others = [other for other in range(len(visits)) if other != place]
                predictors = _predictors(fixed, filled[:, :, others])
                filled[:, gaps, place] = _drawn(predictors, table[:, place], gaps, visit, draws)
    return filled


def _predictors(fixed: Any, others: Any) -> Any:
    import numpy as np

    # Centred, so that the regression is well conditioned whatever the scale of the values.
    centred = others - others.mean(axis=1, keepdims=True)
    return np.concatenate([np.broadcast_to(fixed, (len(others), *fixed.shape)), centred], axis=2)


def _drawn(predictors: Any, values: Any, gaps: Any, visit: str, draws: Any) -> Any:
    """New values for the gaps of every data set, from a regression drawn from its posterior."""
    import numpy as np

    x, y = predictors[:, ~gaps], values[~gaps]
    m, n, k = x.shape
    if n < k + _SPARE:
        raise AnalysisError(
            f"{n} values at {visit} are too few to impute from with {k} coefficients",
            f"{k + _SPARE} are needed: leave a visit, covariate or arm out, or do not impute",
        )
    q, r = np.linalg.qr(x)
    diagonal = np.abs(np.diagonal(r, axis1=1, axis2=2))
    if (diagonal < 1e-9 * np.sqrt((x**2).sum(axis=1)).clip(1e-300)).any():
        raise AnalysisError(
            f"the predictors of {visit} say the same thing among the {n} observed", "leave one of them out"
        )
    turned = np.swapaxes(q, 1, 2) @ y[:, None]
    residuals = y[None, :, None] - q @ turned
    sd = np.sqrt((residuals**2).sum(axis=1) / draws.chisquare(n - k, size=(m, 1)))[..., None]
    # Coefficients and their posterior spread share the triangle: one solution gives both.
    drawn = np.linalg.solve(r, turned + sd * draws.standard_normal((m, k, 1)))
    noise = sd[:, :, 0] * draws.standard_normal((m, int(gaps.sum())))
    return (predictors[:, gaps] @ drawn)[..., 0] + noise
