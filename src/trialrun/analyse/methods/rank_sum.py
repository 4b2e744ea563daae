"""The exact rank-sum test of two arms, with ties and worst ranks, and the shift between them.

The distribution is conditional on the observed ranks: every way of dealing them to the two arms is equally
likely, and the ways are counted out whatever ties there are. Values are compared as the decimals they were
reported as, so that floating-point noise splits no tie.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from trialrun.analyse.methods.binomial import checked_level
from trialrun.analyse.methods.inversion import ShiftTest, accepted_shifts, falls_through, middle
from trialrun.analyse.methods.signed_rank import (
    Alternative,
    as_reported,
    doubled_midranks,
    tail_probability,
)
from trialrun.errors import AnalysisError

EXACT_PARTICIPANTS = 120
EXACT = "exact"
NORMAL = "normal approximation"


@dataclass(frozen=True, slots=True)
class RankSum:
    """Is the first arm's value typically larger? Probability, and how much (Hodges-Lehmann).

    `u` counts the pairs in which the first arm is larger, ties half; `superiority` is its share. `shift` is
    first minus second; it and its bounds are `None` where they lie among worst ranks or no finite bound
    exists at the level. `method` says whether the probability is exact.
    """

    n_1: int
    n_2: int
    u: float
    superiority: float
    p: float
    alternative: str
    shift: float | None
    low: float | None
    high: float | None
    level: float
    method: str


def rank_sum(
    first: Sequence[float | Decimal],
    second: Sequence[float | Decimal],
    *,
    alternative: Alternative = "two-sided",
    level: float = 0.95,
) -> RankSum:
    """Compare two independent arms by ranks; deaths enter as an infinite (worst) value and tie.

    Exact up to 120 participants in all, above that the normal approximation with ties. Two-sided counts
    every way to deal the ranks whose U lies at least as far from its expectation, as R's exactRankTests and
    coin and SAS do; with ties that is not twice the smaller tail. The interval holds every shift the same
    two-sided test does not reject. Two worst ranks tie at any shift: such pairs say nothing about it and are
    left out of its median.
    Errors: `AnalysisError` for an empty arm or a value that is not a number.
    Sources: Mann HB, Whitney DR, Ann Math Stat 1947;18:50; Lehmann EL, Ann Math Stat 1963;34:1507;
    worst ranks: Lachin JM, Control Clin Trials 1999;20:408.
    """
    one, two = _checked(first, "first"), _checked(second, "second")
    alpha = 1 - checked_level(level)
    if len(one) + len(two) > EXACT_PARTICIPANTS:
        return _approximate(one, two, alternative, level)
    ranks = doubled_midranks([*one, *two])
    p = _exact_p(ranks, len(one), alternative)
    u = sum(ranks[: len(one)]) / 2 - len(one) * (len(one) + 1) / 2
    differences = sorted(a - b for a, b in itertools.product(one, two) if not (a == b and a.is_infinite()))
    low, high = _interval(one, two, differences, alpha)
    return RankSum(
        len(one),
        len(two),
        u,
        u / (len(one) * len(two)),
        p,
        alternative,
        _median(differences),
        _finite(low),
        _finite(high),
        level,
        EXACT,
    )


def _checked(values: Sequence[float | Decimal], arm: str) -> list[Decimal]:
    found = [as_reported(value) for value in values]
    if not found:
        raise AnalysisError(f"the {arm} arm of a rank-sum test is empty")
    if any(value.is_nan() for value in found):
        raise AnalysisError(
            f"the {arm} arm holds a value that is not a number",
            "leave missing values out before the analysis",
        )
    return found


def _median(ordered: Sequence[Decimal]) -> float | None:
    if not ordered:
        return None
    below, above = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return None if below.is_infinite() or above.is_infinite() else float((below + above) / 2)


def rank_sum_distribution(ranks: Sequence[int], chosen: int) -> Any:
    """Probability of each sum of `chosen` of the ranks, all choices equally likely (NumPy array)."""
    import numpy as np

    # Ranks dealt one by one; row k holds the number of ways to have k of them with each sum.
    ways = np.zeros((chosen + 1, sum(sorted(ranks)[len(ranks) - chosen :]) + 1))
    ways[0, 0] = 1.0
    reached = 0
    for count, rank in enumerate(sorted(ranks), start=1):
        reached = min(reached + rank, ways.shape[1] - 1)
        top = min(count, chosen)
        ways[1 : top + 1, rank : reached + 1] += ways[:top, : reached + 1 - rank].copy()
    return ways[chosen] / math.comb(len(ranks), chosen)


def _exact_p(ranks: Sequence[int], n_1: int, alternative: Alternative) -> float:
    # The smaller arm's sum says the same as the larger's, and is quicker to count out.
    turned: dict[Alternative, Alternative] = {"less": "greater", "greater": "less", "two-sided": "two-sided"}
    small = n_1 <= len(ranks) - n_1
    chosen, observed = (n_1, sum(ranks[:n_1])) if small else (len(ranks) - n_1, sum(ranks[n_1:]))
    distribution = rank_sum_distribution(ranks, chosen)
    if alternative == "two-sided":
        return _both_tails(distribution, observed, chosen * sum(ranks), len(ranks))
    return tail_probability(distribution, observed, alternative if small else turned[alternative])


def _both_tails(distribution: Any, observed: int, expected: int, unit: int) -> float:
    """The probability of a sum as far from the expected one; `expected` is `unit` times it, a whole number."""
    distance = abs(unit * observed - expected)
    # Sums as far below the expectation end at `low`, those as far above begin at `high`.
    low, high = (expected - distance) // unit, -(-(expected + distance) // unit)
    if low >= high:
        return 1.0
    below = float(distribution[: low + 1].sum()) if low >= 0 else 0.0
    return min(1.0, below + float(distribution[high:].sum()))


def _finite(value: Decimal | None) -> float | None:
    return None if value is None or value.is_infinite() else float(value)


def _interval(
    one: Sequence[Decimal], two: Sequence[Decimal], differences: Sequence[Decimal], alpha: float
) -> tuple[Decimal | None, Decimal | None]:
    """The outermost differences next to a shift that is not rejected."""
    untied = len(set(one)) == len(one) and len(set(two)) == len(two)
    if untied and sum(value.is_infinite() for value in (*one, *two)) < 2:
        # Ranks without ties are 1 to n at every shift between differences: one distribution serves all.
        import numpy as np

        ways = rank_sum_distribution(range(1, len(one) + len(two) + 1), len(one))
        cut = int((2 * np.cumsum(ways) <= alpha * (1 + 1e-12)).sum()) - len(one) * (len(one) + 1) // 2 - 1
        return (differences[cut], differences[-1 - cut]) if cut >= 0 else (None, None)
    knots = sorted({value for value in differences if value.is_finite()})
    return accepted_shifts(lambda shift: _test_at(one, two, shift), knots, alpha)


def _test_at(one: Sequence[Decimal], two: Sequence[Decimal], shift: Decimal) -> ShiftTest:
    ranks = doubled_midranks([*(value - shift for value in one), *two])
    above = 2 * sum(ranks[: len(one)]) > 2 * len(one) * (len(ranks) + 1)
    return ShiftTest(_exact_p(ranks, len(one), "two-sided"), 1 if above else -1)


def _approximate(
    one: Sequence[Decimal], two: Sequence[Decimal], alternative: Alternative, level: float
) -> RankSum:
    """The same for large arms: U is close to normal, with its variance lowered by the ties."""
    import numpy as np
    from scipy import special

    x, y = np.sort(np.array(one, dtype=float)), np.sort(np.array(two, dtype=float))
    pairs = len(x) * len(y)

    def u_at(shift: float) -> float:
        moved = x - shift
        return float(np.searchsorted(y, moved, "left").sum() + np.searchsorted(y, moved, "right").sum()) / 2

    def crossing(target: float) -> float | None:
        """The shift where U falls through the target; U never rises with the shift."""
        finite_x, finite_y = x[np.isfinite(x)], y[np.isfinite(y)]
        if not len(finite_x) or not len(finite_y):
            return None
        low = float(finite_x[0] - finite_y[-1]) - 1
        high = float(finite_x[-1] - finite_y[0]) + 1
        scale = float(max(np.abs(finite_x).max(), np.abs(finite_y).max()))
        return falls_through(u_at, target, low=low, high=high, scale=scale)

    total = len(x) + len(y)
    _, ties = np.unique(np.concatenate([x, y]), return_counts=True)
    variance = pairs / 12 * (total + 1 - float((ties**3 - ties).sum()) / (total * (total - 1)))
    u = u_at(0.0)
    z = (u - pairs / 2) / math.sqrt(variance) if variance > 0 else 0.0
    below = float(special.ndtr(z))
    p = {"less": below, "greater": 1 - below, "two-sided": 2 * float(special.ndtr(-abs(z)))}[alternative]
    reach = float(special.ndtri(0.5 + level / 2)) * math.sqrt(variance)
    return RankSum(
        len(x),
        len(y),
        u,
        u / pairs,
        min(1.0, p),
        alternative,
        middle(crossing, pairs / 2),
        crossing(pairs / 2 + reach),
        crossing(pairs / 2 - reach),
        level,
        NORMAL,
    )
