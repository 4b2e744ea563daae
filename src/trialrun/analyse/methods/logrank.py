"""The test of two survival curves against each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trialrun.errors import AnalysisError


@dataclass(frozen=True, slots=True)
class LogRank:
    """Observed and expected events of the first group, the statistic on one degree of freedom, and its two-sided p."""

    observed: int
    expected: float
    chi_square: float
    p: float


def logrank(
    times_1: Sequence[float], events_1: Sequence[bool], times_2: Sequence[float], events_2: Sequence[bool]
) -> LogRank:
    """Whether two groups have the event at the same rate at every time; all times weigh alike.

    Args:
        times_1, times_2: days to the event or the end of observation, 0 or more; events: whether they end in the event.
    Errors: `AnalysisError` for a group of nobody, lists of unequal length, or no event while both are at risk.
    Sources: Mantel N, Cancer Chemother Rep 1966;50:163; Peto R, Peto J, J R Stat Soc A 1972;135:185.
    """
    for times, events in ((times_1, events_1), (times_2, events_2)):
        if not len(times) or len(times) != len(events):
            raise AnalysisError(f"a group has {len(times)} times and {len(events)} events")
    both = [*zip(times_1, events_1, strict=True), *zip(times_2, events_2, strict=True)]
    expected, variance = 0.0, 0.0
    for time in sorted({time for time, event in both if event}):
        risk = sum(one >= time for one, _ in both)
        risk_1 = sum(one >= time for one in times_1)
        died = sum(event and one == time for one, event in both)
        share = risk_1 / risk
        expected += died * share
        if risk > 1:
            variance += died * share * (1 - share) * (risk - died) / (risk - 1)
    if variance <= 0:
        raise AnalysisError("the log-rank test has no event at a time both groups are at risk")
    observed = sum(map(bool, events_1))
    chi_square = (observed - expected) ** 2 / variance
    return LogRank(observed, expected, chi_square, math.erfc(math.sqrt(chi_square / 2)))
