"""The paired t test, and what it could have found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trialrun.analyse.methods.describe import describe
from trialrun.errors import AnalysisError


@dataclass(frozen=True, slots=True)
class PairedT:
    """Mean change with its t interval. `t` and `p` are `None` when every change is the same."""

    n: int
    mean: float
    sd: float
    t: float | None
    df: int
    p: float | None
    low: float
    high: float
    level: float


def paired_t(differences: Sequence[float], *, level: float = 0.95) -> PairedT:
    """Mean of the differences with its two-sided confidence interval and test against zero.

    Errors: `AnalysisError` below two differences, because no spread can be estimated from one.
    Source: Student, Biometrika 1908;6:1.
    """
    from scipy import stats

    summary = describe(differences)
    if summary.mean is None or summary.sd is None:
        raise AnalysisError(f"a paired t test needs two differences, there are {summary.n}")
    df = summary.n - 1
    error = summary.sd / math.sqrt(summary.n)
    reach = float(stats.t.ppf(0.5 + level / 2, df)) * error
    t = summary.mean / error if error > 0 else None
    p = None if t is None else float(2 * stats.t.sf(abs(t), df))
    return PairedT(
        summary.n, summary.mean, summary.sd, t, df, p, summary.mean - reach, summary.mean + reach, level
    )


def power_of_paired_t(n: int, *, mean: float, sd: float, alpha: float = 0.05) -> float:
    """The chance that a two-sided paired t test of `n` changes finds a true mean change `mean`."""
    from scipy import stats

    df = n - 1
    critical = float(stats.t.ppf(1 - alpha / 2, df))
    shift = mean * math.sqrt(n) / sd
    return float(stats.nct.sf(critical, df, shift) + stats.nct.cdf(-critical, df, shift))


def smallest_detectable(n: int, *, sd: float, alpha: float = 0.05, power: float = 0.8) -> float | None:
    """The smallest true mean change found with chance `power`; `None` below two participants."""
    from scipy import optimize

    if n < 2:
        return None

    def lacking(mean: float) -> float:
        return power_of_paired_t(n, mean=mean, sd=sd, alpha=alpha) - power

    reach = sd / 4
    while lacking(reach) < 0:
        reach *= 1.5
    root: Any = optimize.brentq(lacking, 0.0, reach, xtol=1e-10)
    return float(root)


def spontaneous_significance(n: int, *, mean: float, sd: float, alpha: float = 0.05) -> float:
    """The chance of p < alpha from a mean change that happens without any treatment effect."""
    return power_of_paired_t(n, mean=mean, sd=sd, alpha=alpha)
