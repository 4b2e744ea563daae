"""One answer from several completed data sets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trialrun.analyse.methods.binomial import checked_level
from trialrun.errors import AnalysisError


@dataclass(frozen=True, slots=True)
class Pooled:
    """The pooled estimate, and what the missing values cost.

    `within` and `between` are the variances inside and among the `m` data sets, `total` what counts;
    `r` is the relative increase of the variance due to missing values, `fmi` the fraction of missing
    information. `t` and `p` are `None` when the total variance is 0.
    """

    m: int
    estimate: float
    within: float
    between: float
    total: float
    se: float
    df: float
    r: float
    fmi: float
    t: float | None
    p: float | None
    low: float
    high: float
    level: float


def rubin(
    estimates: Sequence[float],
    variances: Sequence[float],
    *,
    complete_df: float | None = None,
    level: float = 0.95,
) -> Pooled:
    """Pool the estimates of completed data sets by Rubin's rules, with the small-sample degrees of freedom.

    Args:
        estimates, variances: one per completed data set, at least two; variances are squared errors.
        complete_df: degrees of freedom had nothing been missing; `None` when they are not limited.
    Errors: `AnalysisError` for lists of unequal length, fewer than two, or values that are not finite.
    Sources: Rubin DB, Multiple Imputation for Nonresponse in Surveys, 1987; Barnard J, Rubin DB,
    Biometrika 1999;86:948.
    """
    from scipy import special

    m = len(estimates)
    if m != len(variances):
        raise AnalysisError(f"{m} estimates and {len(variances)} variances do not match")
    if m < 2:
        raise AnalysisError(
            f"{m} completed data set(s) cannot be pooled", "impute at least twice, better 50 times"
        )
    if not all(map(math.isfinite, [*estimates, *variances])) or min(variances) < 0:
        raise AnalysisError("an estimate or variance of a completed data set is not a number")
    if complete_df is not None and complete_df <= 0:
        raise AnalysisError(f"{complete_df} complete-data degrees of freedom are none")
    # Identical data sets have no variance between them; a rounded mean must not invent some.
    same = min(estimates) == max(estimates)
    mean = estimates[0] if same else math.fsum(estimates) / m
    within = math.fsum(variances) / m
    between = 0.0 if same else math.fsum((value - mean) ** 2 for value in estimates) / (m - 1)
    added = (1 + 1 / m) * between
    total = within + added
    share = added / total if total else 0.0
    df = _degrees(m, share, complete_df)
    r = added / within if within else (math.inf if added else 0.0)
    fmi = (r + 2 / (df + 3)) / (r + 1) if math.isfinite(r) else 1.0
    se = math.sqrt(total)
    quantile = 0.5 + checked_level(level) / 2
    reach = float(special.stdtrit(df, quantile) if math.isfinite(df) else special.ndtri(quantile)) * se
    t = mean / se if se else None
    p = None
    if t is not None:
        p = float(2 * (special.stdtr(df, -abs(t)) if math.isfinite(df) else special.ndtr(-abs(t))))
    return Pooled(m, mean, within, between, total, se, df, r, fmi, t, p, mean - reach, mean + reach, level)


def _degrees(m: int, share: float, complete_df: float | None) -> float:
    """Barnard and Rubin's degrees of freedom; `share` is the part of the variance due to missing values."""
    inverse = share * share / (m - 1)
    # Nothing but missing values varies at share 1: then only the number of imputations limits the answer.
    if complete_df is not None and math.isfinite(complete_df) and share < 1:
        inverse += (complete_df + 3) / ((complete_df + 1) * complete_df * (1 - share))
    return 1 / inverse if inverse else math.inf
