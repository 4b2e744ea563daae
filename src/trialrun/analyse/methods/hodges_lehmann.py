"""The median change that a signed-rank test cannot tell from the data, with its exact interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from trialrun.analyse.methods.binomial import checked_level
from trialrun.analyse.methods.inversion import ShiftTest, accepted_shifts, falls_through, middle
from trialrun.analyse.methods.signed_rank import (
    EXACT,
    EXACT_DIFFERENCES,
    NORMAL,
    checked,
    doubled_midranks,
    sign_pattern_distribution,
    signed_rank_critical,
    tail_probability,
)


@dataclass(frozen=True, slots=True)
class HodgesLehmann:
    """Median of all pairwise means, and the shifts the exact test does not reject.

    A bound is `None` when no finite value exists: too few differences for the level, or so many worst
    ranks that the bound lies among them. `estimate` is `None` when the median itself is a worst rank.
    `method` says whether the interval is exact.
    """

    n: int
    estimate: float | None
    low: float | None
    high: float | None
    level: float
    method: str = EXACT


def walsh_averages(values: Sequence[Decimal]) -> list[Decimal]:
    """The n(n+1)/2 means of every pair of differences, each with itself included, in order.

    The mean of the best and the worst rank does not exist: such a pair ties at every shift and is left out.
    """
    ordered = sorted(values)
    best = any(value.is_infinite() and value > 0 for value in ordered)
    worst = any(value.is_infinite() and value < 0 for value in ordered)
    pairs = ((a, b) for index, a in enumerate(ordered) for b in ordered[index:])
    if best and worst:
        pairs = ((a, b) for a, b in pairs if not (a.is_infinite() and b.is_infinite() and a != b))
    return sorted((a + b) / 2 for a, b in pairs)


def hodges_lehmann(differences: Sequence[float | Decimal], *, level: float = 0.95) -> HodgesLehmann:
    """The typical change with an exact confidence interval, zeros kept, ties allowed.

    The interval holds every shift that the exact conditional signed-rank test does not reject at
    `1 - level` two-sided. Without ties it is the interval between two order statistics of the pairwise
    means. Infinite differences (worst ranks) count; where they reach the estimate it is `None`. Above 300
    differences the interval is that of the normal approximation.
    Source: Hodges JL, Lehmann EL, Ann Math Stat 1963;34:598; Bauer DF, J Am Stat Assoc 1972;67:687.
    """
    values = checked(differences)
    alpha = 1 - checked_level(level)
    if len(values) > EXACT_DIFFERENCES:
        return _approximate(values, level)
    means = walsh_averages(values)
    low, high = _interval(values, means, alpha)
    return HodgesLehmann(len(values), _finite(_median(means)), _finite(low), _finite(high), level)


def _median(means: Sequence[Decimal]) -> Decimal | None:
    if not means:
        return None
    below, above = means[(len(means) - 1) // 2], means[len(means) // 2]
    return None if below.is_infinite() or above.is_infinite() else (below + above) / 2


def _finite(value: Decimal | None) -> float | None:
    return None if value is None or value.is_infinite() else float(value)


def _interval(
    values: Sequence[Decimal], means: Sequence[Decimal], alpha: float
) -> tuple[Decimal | None, Decimal | None]:
    """The outermost pairwise means next to a shift that is not rejected."""
    if len(set(values)) == len(values) and sum(value.is_infinite() for value in values) < 2:
        # Ranks without ties are 1 to n at every shift between pairwise means: one distribution serves all.
        cut = signed_rank_critical(len(values), alpha)
        return (means[cut], means[-1 - cut]) if cut >= 0 else (None, None)
    knots = sorted({mean for mean in means if mean.is_finite()})
    return accepted_shifts(lambda shift: _test_at(values, shift), knots, alpha)


def _test_at(values: Sequence[Decimal], shift: Decimal) -> ShiftTest:
    moved = [value - shift for value in values if value != shift]
    ranks = doubled_midranks([abs(value) for value in moved])
    observed = sum(rank for rank, value in zip(ranks, moved, strict=True) if value > 0)
    p = tail_probability(sign_pattern_distribution(ranks), observed, "two-sided")
    return ShiftTest(p, 1 if 2 * observed > sum(ranks) else -1)


def _approximate(values: Sequence[Decimal], level: float) -> HodgesLehmann:
    """The same for many differences, without writing out their pairs."""
    import numpy as np
    from scipy import special

    x = np.sort(np.array(values, dtype=float))
    finite = x[np.isfinite(x)]
    n = len(x)
    if not len(finite):
        return HodgesLehmann(n, None, None, None, level, NORMAL)
    scale = float(np.abs(finite).max()) or 1.0

    def above(shift: float) -> float:
        """Pairwise means above the shift, those equal to it half."""
        moved = x - shift
        right = n - np.searchsorted(moved, -moved, "right") + n - np.searchsorted(moved, -moved, "left")
        return float(right.sum() / 2 + (moved > 0).sum() + (moved == 0).sum() / 2) / 2

    def crossing(target: float) -> float | None:
        return falls_through(
            above, target, low=float(finite[0]) - scale, high=float(finite[-1]) + scale, scale=scale
        )

    pairs = n * (n + 1) / 2
    _, ties = np.unique(x, return_counts=True)
    variance = n * (n + 1) * (2 * n + 1) / 24 - float((ties**3 - ties).sum()) / 48
    reach = float(special.ndtri(0.5 + level / 2)) * math.sqrt(variance)
    return HodgesLehmann(
        n,
        middle(crossing, pairs / 2),
        crossing(pairs / 2 + reach),
        crossing(pairs / 2 - reach),
        level,
        NORMAL,
    )
