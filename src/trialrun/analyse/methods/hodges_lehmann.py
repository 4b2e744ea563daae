"""The median change that a signed-rank test cannot tell from the data, with its exact interval."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from trialrun.analyse.methods.signed_rank import (
    checked,
    doubled_midranks,
    sign_pattern_distribution,
    tail_probability,
)

FULL_SCAN = 40


@dataclass(frozen=True, slots=True)
class HodgesLehmann:
    """Median of all pairwise means, and the shifts the exact test does not reject.

    A bound is `None` when no finite value exists: too few differences for the level, or so many worst
    ranks that the bound lies among them. `estimate` is `None` when the median itself is a worst rank.
    """

    n: int
    estimate: float | None
    low: float | None
    high: float | None
    level: float


def walsh_averages(values: Sequence[Decimal]) -> list[Decimal]:
    """The n(n+1)/2 means of every pair of differences, each with itself included, in order."""
    return sorted((a + b) / 2 for index, a in enumerate(values) for b in values[index:])


def hodges_lehmann(differences: Sequence[float | Decimal], *, level: float = 0.95) -> HodgesLehmann:
    """The typical change with an exact confidence interval, zeros kept, ties allowed.

    The interval holds every shift that the exact conditional signed-rank test does not reject at
    `1 - level` two-sided. Without ties it is the interval between two order statistics of the pairwise
    means. Infinite differences (worst ranks) count; where they reach the estimate it is `None`.
    Source: Hodges JL, Lehmann EL, Ann Math Stat 1963;34:598; Bauer DF, J Am Stat Assoc 1972;67:687.
    """
    values = checked(differences)
    means = walsh_averages(values)
    middle = len(means) // 2
    median = means[middle] if len(means) % 2 else (means[middle - 1] + means[middle]) / 2
    low, high = _acceptance(values, sorted(set(means)), 1 - level)
    return HodgesLehmann(len(values), _finite(median), _finite(low), _finite(high), level)


def _finite(value: Decimal | None) -> float | None:
    return None if value is None or value.is_infinite() else float(value)


def _acceptance(
    values: Sequence[Decimal], knots: Sequence[Decimal], alpha: float
) -> tuple[Decimal | None, Decimal | None]:
    """The outermost pairwise means next to a shift that is not rejected.

    The test's answer changes only at pairwise means, so one shift inside each gap between them decides.
    """
    finite = [knot for knot in knots if knot.is_finite()]
    if not finite:
        return None, None
    gaps = [finite[0] - 1, *((a + b) / 2 for a, b in itertools.pairwise(finite)), finite[-1] + 1]

    def accepted(index: int) -> bool:
        return _p_at(values, gaps[index]) > alpha

    order = range(len(gaps))
    first = _first(accepted, order, len(values))
    last = _first(accepted, order[::-1], len(values))
    # A rejected gap on the left of a knot and an accepted one on its right: the knot is the bound.
    low = None if first in {None, 0} else finite[_known(first) - 1]
    high = None if last in {None, len(gaps) - 1} else finite[_known(last)]
    if first is None:  # nothing but single points is accepted: the median alone remains
        return finite[len(finite) // 2], finite[len(finite) // 2]
    return low, high


def _known(index: int | None) -> int:
    return 0 if index is None else index


def _p_at(values: Sequence[Decimal], shift: Decimal) -> float:
    moved = [value - shift for value in values]
    ranks = doubled_midranks([abs(value) for value in moved])
    observed = sum(rank for rank, value in zip(ranks, moved, strict=True) if value > 0)
    return tail_probability(sign_pattern_distribution(ranks), observed, "two-sided")


def _first(accepted: Callable[[int], bool], order: range, n: int) -> int | None:
    """The first accepted gap from one end; by halving where a full scan would be slow."""
    if n <= FULL_SCAN:
        return next((index for index in order if accepted(index)), None)
    low, high = 0, len(order) // 2
    while low < high:
        middle = (low + high) // 2
        if accepted(order[middle]):
            high = middle
        else:
            low = middle + 1
    return order[low]
