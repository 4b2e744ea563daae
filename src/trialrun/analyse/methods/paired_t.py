"""The paired t test, and what it could have found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trialrun.analyse.methods.describe import describe
from trialrun.analyse.methods.signed_rank import Alternative
from trialrun.errors import AnalysisError

_HALVINGS = 50


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


def paired_t(
    differences: Sequence[float], *, level: float = 0.95, alternative: Alternative = "two-sided"
) -> PairedT:
    """Mean of the differences with its confidence interval and test against zero.

    `less` and `greater` test one side, and their interval is open on the other (an infinite bound).
    Errors: `AnalysisError` below two differences, because no spread can be estimated from one.
    Source: Student, Biometrika 1908;6:1.
    """
    from scipy import special

    summary = describe(differences)
    if summary.mean is None or summary.sd is None:
        raise AnalysisError(f"a paired t test needs two differences, there are {summary.n}")
    df = summary.n - 1
    error = summary.sd / math.sqrt(summary.n)
    both = alternative == "two-sided"
    reach = float(special.stdtrit(df, 0.5 + level / 2 if both else level)) * error
    t = summary.mean / error if error > 0 else None
    p = None
    if t is not None:
        sided = {"two-sided": -abs(t), "less": t, "greater": -t}[alternative]
        p = float((2 if both else 1) * special.stdtr(df, sided))
    low = -math.inf if alternative == "less" else summary.mean - reach
    high = math.inf if alternative == "greater" else summary.mean + reach
    return PairedT(summary.n, summary.mean, summary.sd, t, df, p, low, high, level)


def power_of_paired_t(n: int, *, mean: float, sd: float, alpha: float = 0.05) -> float:
    """The chance that a two-sided paired t test of `n` changes finds a true mean change `mean`."""
    from scipy import special

    df = n - 1
    critical = float(special.stdtrit(df, 1 - alpha / 2))
    shift = mean * math.sqrt(n) / sd
    return float(1 - special.nctdtr(df, shift, critical) + special.nctdtr(df, shift, -critical))


def sample_size_of_paired_t(*, mean: float, sd: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """The number, with its fraction, at which a two-sided paired t test finds `mean` with chance `power`.

    Round up to whole participants, and add those expected to be lost.
    Errors: `AnalysisError` for no effect, or a chance below the error.
    """
    from scipy import special

    if mean == 0 or sd <= 0 or not 0 < alpha < power < 1:
        raise AnalysisError(
            f"no number of participants finds a mean change of {mean} (SD {sd}) with power {power}",
            "give a change that is not 0, a positive SD, and a power above alpha",
        )

    def reached(n: float) -> float:
        df = n - 1
        critical = float(special.stdtrit(df, 1 - alpha / 2))
        shift = abs(mean) / sd * math.sqrt(n)
        return float(1 - special.nctdtr(df, shift, critical) + special.nctdtr(df, shift, -critical))

    low, high = 2.0, 4.0
    if reached(low) >= power:
        return low
    while reached(high) < power:
        low, high = high, high * 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) >= power else (middle, high)
    return high


def smallest_detectable(n: int, *, sd: float, alpha: float = 0.05, power: float = 0.8) -> float | None:
    """The smallest true mean change found with chance `power`; `None` below two participants."""
    if n < 2:
        return None
    low, high = 0.0, sd / 4
    while power_of_paired_t(n, mean=high, sd=sd, alpha=alpha) < power:
        low, high = high, high * 1.5
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        found = power_of_paired_t(n, mean=middle, sd=sd, alpha=alpha) >= power
        low, high = (low, middle) if found else (middle, high)
    return high


def spontaneous_significance(n: int, *, mean: float, sd: float, alpha: float = 0.05) -> float:
    """The chance of p < alpha from a mean change that happens without any treatment effect."""
    return power_of_paired_t(n, mean=mean, sd=sd, alpha=alpha)
