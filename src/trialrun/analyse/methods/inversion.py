"""The interval of a shift: every value a rank test does not reject."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from decimal import Decimal

FULL_SCAN = 900
_HALVINGS = 80


def accepted_shifts(
    p_at: Callable[[Decimal], float], knots: Sequence[Decimal], alpha: float
) -> tuple[Decimal | None, Decimal | None]:
    """The outermost knots next to a shift that is not rejected; `None` where nothing finite bounds it.

    Args:
        p_at: two-sided probability at a shift; its answer changes only at `knots`.
        knots: different finite values, in order.
        alpha: 1 - level.
    """
    if not knots:
        return None, None
    gaps = [knots[0] - 1, *((a + b) / 2 for a, b in itertools.pairwise(knots)), knots[-1] + 1]

    def accepted(index: int) -> bool:
        # Exact tails are sums of machine numbers: a tail that equals the level must not fall on either side.
        return p_at(gaps[index]) > alpha * (1 + 1e-12)

    order = range(len(gaps))
    first = _first(accepted, order)
    if first is None:  # nothing but single points is accepted: the median alone remains
        middle = knots[len(knots) // 2]
        return middle, middle
    last = _first(accepted, order[::-1])
    # A rejected gap on the left of a knot and an accepted one on its right: the knot is the bound.
    low = None if first == 0 else knots[first - 1]
    high = None if last is None or last == len(gaps) - 1 else knots[last]
    return low, high


def _first(accepted: Callable[[int], bool], order: range) -> int | None:
    """The first accepted gap from one end; by halving where a full scan would be slow."""
    if len(order) <= FULL_SCAN:
        return next((index for index in order if accepted(index)), None)
    low, high = 0, len(order) // 2
    if not accepted(order[high]):  # the middle is the best fitting shift: it is rejected only by its ties
        return next((index for index in order if accepted(index)), None)
    while low < high:
        middle = (low + high) // 2
        if accepted(order[middle]):
            high = middle
        else:
            low = middle + 1
    return order[low]


def falls_through(
    count_at: Callable[[float], float], target: float, *, low: float, high: float, scale: float
) -> float | None:
    """Where a count that never rises falls through `target`; `None` when it does so outside low..high.

    `scale` is the largest finite value: the jump lies at a difference or mean of reported values, and what
    halving leaves past ten digits of that is noise.
    """
    if count_at(low) <= target or count_at(high) >= target:
        return None
    for _ in range(_HALVINGS):
        between = (low + high) / 2
        low, high = (between, high) if count_at(between) > target else (low, between)
    return round((low + high) / 2, 10 - math.ceil(math.log10(max(scale, 1e-300)))) + 0.0


def middle(crossing: Callable[[float], float | None], half: float) -> float | None:
    """The median of what is counted: halfway between the two middle values, which may be the same."""
    below, above = crossing(half), crossing(half - 0.25)
    return None if below is None or above is None else (below + above) / 2
