"""Numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Iterable

MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"


def shown(value: float | None, digits: int = 1, *, sign: bool = False) -> str:
    """A number with fixed digits and a real minus; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return NONE
    text = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def middle(value: float | None, digits: int = 1) -> str:
    """A median or quartile: one decimal more than the data where it lies half-way between two of them."""
    if value is None or not math.isfinite(value):
        return NONE
    steps = value * 10**digits * 2
    half = abs(steps - round(steps)) < 1e-6 and round(steps) % 2 == 1
    return shown(value, digits + 1 if half else digits)


def shown_p(value: float | None) -> str:
    """A probability with three digits; never 0 and never 1.000 for less."""
    if value is None:
        return NONE
    if value < 0.001:
        return "< 0.001"
    return "> 0.999" if 0.9995 <= value < 1 else f"{value:.3f}"


def shown_interval(low: float | None, high: float | None, digits: int = 1, *, sign: bool = False) -> str:
    """Two bounds; an open end says so."""
    if low is None and high is None:
        return "not estimable"
    left = shown(low, digits, sign=sign) if low is not None else "no lower bound"
    right = shown(high, digits, sign=sign) if high is not None else "no upper bound"
    return f"{left} to {right}"


def percent(share: float | None, digits: int = 0) -> str:
    """A share as percent."""
    return NONE if share is None else f"{shown(100 * share, digits)} %"


def finer(digits: int) -> int:
    """One decimal more than the data have, for means; never more than two."""
    return min(digits + 1, max(digits, 2))


def decimals_of(values: Iterable[float | None], most: int = 2) -> int:
    """How many decimals the values were given with, at most `most`."""
    found = 0
    for value in values:
        if value is None:
            continue
        text = f"{value:.{most}f}".rstrip("0")
        found = max(found, len(text.split(".")[1]) if "." in text else 0)
    return found
