"""What a list of numbers looks like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

QuantileType = Literal[2, 7]
QUANTILE_TYPE: QuantileType = 2


@dataclass(frozen=True, slots=True)
class Description:
    """Count, mean, standard deviation, median, quartiles and range of the known values.

    `sd` is the sample standard deviation (n - 1), `None` below two values; all but `n` are `None` for
    no values. `quantile_type` names the quartile rule: 2 as in SAS, 7 as in R.
    """

    n: int
    mean: float | None
    sd: float | None
    median: float | None
    q25: float | None
    q75: float | None
    low: float | None
    high: float | None
    quantile_type: int = QUANTILE_TYPE


def quantile(values: Sequence[float], share: float, *, kind: QuantileType = QUANTILE_TYPE) -> float:
    """The value below which `share` of the numbers lie, by type 2 (SAS) or 7 (R).

    Source: Hyndman RJ, Fan Y, Am Stat 1996;50:361.
    """
    ordered = sorted(values)
    n = len(ordered)
    if kind == 7:
        position = (n - 1) * share
        below = math.floor(position)
        above = min(below + 1, n - 1)
        return ordered[below] + (position - below) * (ordered[above] - ordered[below])
    position = n * share
    whole = math.floor(position + 1e-9)
    if abs(position - whole) < 1e-9:
        return (ordered[max(whole - 1, 0)] + ordered[min(whole, n - 1)]) / 2
    return ordered[whole]


def describe(values: Sequence[float], *, quantiles: QuantileType = QUANTILE_TYPE) -> Description:
    """Describe known values; a caller leaves the unknown ones out and says how many there were."""
    n = len(values)
    if n == 0:
        return Description(0, None, None, None, None, None, None, None, quantiles)
    mean = math.fsum(values) / n
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1)) if n > 1 else None
    return Description(
        n=n,
        mean=mean,
        sd=sd,
        median=quantile(values, 0.5, kind=quantiles),
        q25=quantile(values, 0.25, kind=quantiles),
        q75=quantile(values, 0.75, kind=quantiles),
        low=min(values),
        high=max(values),
        quantile_type=quantiles,
    )
