"""The exact signed-rank test, with ties, zeros and worst ranks.

The distribution is conditional on the observed ranks: every pattern of signs is equally likely, and
the sum of the positive ranks is counted out exactly, whatever ties there are. Differences are taken in
decimal arithmetic on the values as reported, because 0.3 - 0.1 and 0.2 must tie.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from trialrun.errors import AnalysisError

Zeros = Literal["wilcoxon", "pratt"]
Alternative = Literal["two-sided", "less", "greater"]
SIGNIFICANT_DIGITS = 12
EXACT_DIFFERENCES = 300
EXACT = "exact"
NORMAL = "normal approximation"


@dataclass(frozen=True, slots=True)
class SignedRank:
    """The sum of the positive ranks and its exact probability.

    `n` counts the differences given, `used` those that are not zero; `method` says whether the
    probability is exact.
    """

    n: int
    used: int
    zeros: int
    statistic: float
    p: float
    alternative: str
    zero_rule: str
    method: str = EXACT


def as_reported(value: float | Decimal) -> Decimal:
    """A number as the decimal it was reported as; noise past the twelfth digit is dropped."""
    if isinstance(value, Decimal):
        return value
    if math.isinf(value):
        return Decimal("Infinity") if value > 0 else Decimal("-Infinity")
    return Decimal(f"{value:.{SIGNIFICANT_DIGITS}g}")


def exact_differences(
    before: Sequence[float | Decimal], after: Sequence[float | Decimal]
) -> tuple[Decimal, ...]:
    """After minus before, in decimal arithmetic on the values as reported.

    Errors: `AnalysisError` when the two lists differ in length or a value is not a number.
    """
    if len(before) != len(after):
        raise AnalysisError(f"{len(before)} values before and {len(after)} after do not pair")
    return checked(
        [as_reported(late) - as_reported(early) for early, late in zip(before, after, strict=True)]
    )


def checked(differences: Sequence[float | Decimal]) -> tuple[Decimal, ...]:
    """The differences as decimals; refuses none at all, and refuses a value that is not a number."""
    values = tuple(as_reported(value) for value in differences)
    if not values:
        raise AnalysisError("a signed-rank analysis was asked for with no differences at all")
    if any(value.is_nan() for value in values):
        raise AnalysisError("a difference is not a number", "leave missing values out before the analysis")
    return values


def doubled_midranks(values: Sequence[Decimal]) -> list[int]:
    """Twice the mid-rank of each value, so that tied ranks stay whole numbers."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for index in order[start : end + 1]:
            ranks[index] = start + end + 2
        start = end + 1
    return ranks


def sign_pattern_distribution(ranks: Sequence[int]) -> Any:
    """Probability of each sum of a random half of the ranks (NumPy array indexed by the sum)."""
    import numpy as np

    # Without ties all doubled ranks are even: half the length says the same.
    unit = math.gcd(*ranks) or 1
    steps = sorted(rank // unit for rank in ranks)
    ways = np.zeros(sum(steps) + 1)
    ways[0] = 1.0
    reached = 0
    for step in steps:
        # Counts stay below 2 to the number of ranks, which a machine number holds to 1,000 ranks.
        ways[step : step + reached + 1] += ways[: reached + 1].copy()
        reached += step
    ways /= 2.0 ** len(steps)
    if unit == 1:
        return ways
    distribution = np.zeros(unit * (len(ways) - 1) + 1)
    distribution[::unit] = ways
    return distribution


def signed_rank_probability(total: float, n: int) -> float:
    """The chance that the positive ranks of `n` untied differences sum to `total` or less."""
    if total < 0:
        return 0.0
    distribution = sign_pattern_distribution([2 * rank for rank in range(1, n + 1)])
    return min(1.0, float(distribution[: 2 * math.floor(total) + 1].sum()))


def signed_rank_critical(n: int, alpha: float = 0.05) -> int:
    """The largest sum of positive ranks significant two-sided at `alpha`; -1 when none is."""
    import numpy as np

    ways = sign_pattern_distribution([2 * rank for rank in range(1, n + 1)])[::2]
    # A tail that equals the level is significant, whatever the last bit of its sum is.
    return int((2 * np.cumsum(ways) <= alpha * (1 + 1e-12)).sum()) - 1


def signed_rank(
    differences: Sequence[float | Decimal],
    *,
    zeros: Zeros = "wilcoxon",
    alternative: Alternative = "two-sided",
) -> SignedRank:
    """Is the change centred on zero? The exact answer, conditional on the observed ranks.

    Args:
        differences: after minus before; infinite marks a worst rank (a death), and infinities tie.
        zeros: `wilcoxon` drops zero differences before ranking, `pratt` ranks them and then drops them.
        alternative: `less` asks whether the change is a decrease.
    Exact up to 300 differences that are not zero, the normal approximation with ties above that.
    Errors: `AnalysisError` for no differences, or one that is not a number. All zeros give p = 1.
    Source: Wilcoxon F, Biometrics Bulletin 1945;1:80; Pratt JW, J Am Stat Assoc 1959;54:655.
    Checked by: R exactRankTests and coin (`tests/analyse/test_methods_reference.py`).
    """
    values = checked(differences)
    kept = [value for value in values if value != 0] if zeros == "wilcoxon" else list(values)
    ranks = doubled_midranks([abs(value) for value in kept])
    pairs = [(rank, value) for rank, value in zip(ranks, kept, strict=True) if value != 0]
    observed = sum(rank for rank, value in pairs if value > 0)
    used = [rank for rank, _ in pairs]
    method = EXACT if len(used) <= EXACT_DIFFERENCES else NORMAL
    if method == EXACT:
        p = tail_probability(sign_pattern_distribution(used), observed, alternative)
    else:
        p = _normal_p(used, observed, alternative)
    zero_count = len(values) - len(pairs)
    return SignedRank(len(values), len(pairs), zero_count, observed / 2, p, alternative, zeros, method)


def _normal_p(ranks: Sequence[int], observed: int, alternative: Alternative) -> float:
    """The same for many differences: the sum of the positive ranks is close to normal."""
    from scipy import special

    spread = math.sqrt(sum(rank * rank for rank in ranks)) / 2
    z = (observed - sum(ranks) / 2) / spread
    chosen = {"less": z, "greater": -z}
    if alternative == "two-sided":
        return min(1.0, 2 * float(special.ndtr(-abs(z))))
    return float(special.ndtr(chosen[alternative]))


def tail_probability(distribution: Any, observed: int, alternative: Alternative) -> float:
    """The probability of a sum at least as extreme as the observed one."""
    below = float(distribution[: observed + 1].sum())
    above = float(distribution[observed:].sum())
    chosen = {"less": below, "greater": above, "two-sided": 2 * min(below, above)}[alternative]
    return min(1.0, chosen)
