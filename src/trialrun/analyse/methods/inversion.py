"""The interval of a shift: every value a rank test does not reject."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

FULL_SCAN = 900
_HALVINGS = 80


@dataclass(frozen=True, slots=True)
class ShiftTest:
    """The test at one shift: its two-sided probability, and whether the data lie above (1) or below (-1)."""

    p: float
    side: int


def accepted_shifts(
    test_at: Callable[[Decimal], ShiftTest], knots: Sequence[Decimal], alpha: float
) -> tuple[Decimal | None, Decimal | None]:
    """The outermost knots next to a shift that is not rejected; `None` where nothing finite bounds it.

    Args:
        test_at: the test at a shift; its answer changes only at `knots`.
        knots: different finite values, in order.
        alpha: 1 - level.
    """
    if not knots:
        return None, None
    gaps = [knots[0] - 1, *((a + b) / 2 for a, b in itertools.pairwise(knots)), knots[-1] + 1]

    def accepted(shift: Decimal) -> bool:
        # Exact tails are sums of machine numbers: a tail that equals the level must not fall on either side.
        return test_at(shift).p > alpha * (1 + 1e-12)

    scan = len(gaps) <= FULL_SCAN
    first, last = _scanned(accepted, gaps) if scan else _halved(test_at, accepted, gaps)
    if first is None or last is None:
        # No gap is accepted. A single value may be (all differences the same), or the worst ranks decide.
        inside = [knot for knot in knots if accepted(knot)] if scan else []
        return (inside[0], inside[-1]) if inside else (None, None)
    # A rejected gap on the left of a knot and an accepted one on its right: the knot is the bound.
    return (knots[first - 1] if first else None), (knots[last] if last < len(knots) else None)


def _scanned(accepted: Callable[[Decimal], bool], gaps: Sequence[Decimal]) -> tuple[int | None, int | None]:
    first = next((index for index, gap in enumerate(gaps) if accepted(gap)), None)
    if first is None:
        return None, None
    return first, next(index for index in reversed(range(len(gaps))) if accepted(gaps[index]))


def _halved(
    test_at: Callable[[Decimal], ShiftTest], accepted: Callable[[Decimal], bool], gaps: Sequence[Decimal]
) -> tuple[int | None, int | None]:
    """The same by halving: out from the gap where the data turn from lying above the shift to below it."""
    turn = bisect_left(gaps, True, key=lambda gap: test_at(gap).side <= 0)
    centre = next(
        (index for index in (turn, turn - 1) if 0 <= index < len(gaps) and accepted(gaps[index])), None
    )
    if centre is None:
        return None, None
    first = bisect_left(gaps, True, 0, centre, key=accepted)
    last = bisect_left(gaps, True, centre, len(gaps), key=lambda gap: not accepted(gap)) - 1
    return first, last


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
