"""Change adjusted for baseline, in one arm or several, by least squares."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from trialrun.analyse.methods.binomial import checked_level
from trialrun.errors import AnalysisError

ALL = "all"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its standard error, t test against zero and interval; `t` and `p` are `None` at error 0."""

    estimate: float
    se: float
    df: float
    t: float | None
    p: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Ancova:
    """Mean change at the mean baseline by arm, each arm against the reference, and the slope on baseline.

    `adjusted` and `differences` map an arm's name to its estimate (`all` when no arms are given);
    `sd` is the residual standard deviation with `df` degrees of freedom.
    """

    n: int
    sd: float
    df: int
    mean_baseline: float
    adjusted: dict[str, Estimate]
    differences: dict[str, Estimate]
    slope: Estimate
    reference: str
    level: float


def estimate_t(estimate: float, se: float, df: float, level: float) -> Estimate:
    """A number with standard error and degrees of freedom as a t test and interval."""
    from scipy import special

    reach = float(special.stdtrit(df, 0.5 + level / 2)) * se
    t = estimate / se if se > 0 else None
    p = None if t is None else float(2 * special.stdtr(df, -abs(t)))
    return Estimate(estimate, se, df, t, p, estimate - reach, estimate + reach)


def ancova(
    change: Sequence[float],
    baseline: Sequence[float],
    arms: Sequence[str] | None = None,
    *,
    reference: str | None = None,
    level: float = 0.95,
) -> Ancova:
    """Change on centred baseline, with arms if given: what the mean change is at the mean baseline.

    Args:
        change, baseline: one number per participant, complete; missing ones are left out by the caller.
        arms: each participant's arm; one common slope, arms compared with `reference` (the first met).
    Errors: `AnalysisError` for lists of unequal length, a value that is not finite (a death has no change:
        use the rank tests), a baseline that does not vary, or too few participants.
    Source: Vickers AJ, Altman DG, BMJ 2001;323:1123; EMA guideline on adjustment for baseline covariates,
    2015.
    """
    import numpy as np

    y, x = _numbers(change, "change"), _numbers(baseline, "baseline")
    names = [ALL] * len(y) if arms is None else [str(arm) for arm in arms]
    if not len(y) == len(x) == len(names):
        raise AnalysisError(f"{len(y)} changes, {len(x)} baselines and {len(names)} arms do not match")
    order = _levels(names, reference)
    df = len(y) - len(order) - 1
    if df < 1:
        raise AnalysisError(
            f"{len(y)} participants are too few for {len(order) + 1} coefficients",
            "report the changes as they are",
        )
    mean = float(np.mean(x))
    design = np.column_stack([*([1.0 if name == arm else 0.0 for name in names] for arm in order), x - mean])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise AnalysisError(
            "the baseline does not vary within arms: its slope cannot be estimated", "use the paired t test"
        )
    coefficients, covariance, sd = _least_squares(design, y, df)

    def combined(weights: dict[int, float]) -> Estimate:
        row = np.zeros(design.shape[1])
        for index, weight in weights.items():
            row[index] = weight
        return estimate_t(
            float(row @ coefficients), math.sqrt(max(0.0, float(row @ covariance @ row))), df, level
        )

    return Ancova(
        n=len(y),
        sd=sd,
        df=df,
        mean_baseline=mean,
        adjusted={arm: combined({index: 1}) for index, arm in enumerate(order)},
        differences={arm: combined({index: 1, 0: -1}) for index, arm in enumerate(order) if index},
        slope=combined({len(order): 1}),
        reference=order[0],
        level=checked_level(level),
    )


def _numbers(values: Sequence[float], what: str) -> Any:
    import numpy as np

    found = np.asarray(values, dtype=float)
    if not np.isfinite(found).all():
        raise AnalysisError(
            f"a {what} is missing or infinite", "leave missing values out; analyse worst ranks by rank tests"
        )
    return found


def _levels(names: Sequence[Hashable], reference: str | None) -> list[str]:
    order = [str(name) for name in dict.fromkeys(names)]
    if reference is None:
        return order
    if reference not in order:
        raise AnalysisError(f"nobody is in the reference arm {reference!r}", f"arms are {', '.join(order)}")
    return [reference, *(name for name in order if name != reference)]


def _least_squares(design: Any, y: Any, df: int) -> tuple[Any, Any, float]:
    """Coefficients, their covariance and the residual standard deviation, through a QR decomposition."""
    import numpy as np

    q, r = np.linalg.qr(design)
    coefficients = np.linalg.solve(r, q.T @ y)
    residuals = y - design @ coefficients
    spread = float(residuals @ residuals)
    # What is left of a perfect fit is rounding.
    if spread <= 1e-26 * float(y @ y):
        spread = 0.0
    inverse = np.linalg.inv(r)
    return coefficients, spread / df * (inverse @ inverse.T), math.sqrt(spread / df)
