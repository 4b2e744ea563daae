"""Adjusting p values for more than one question.

Every function gives adjusted p values in the order of the values given, so that each may be compared with
the one level of the whole family. Holm, Hochberg, Hommel and Bonferroni keep the chance of any false claim
below that level; Benjamini and Hochberg keep the expected share of false claims below it.
"""

from __future__ import annotations

from collections.abc import Sequence

from trialrun.errors import AnalysisError


def adjust(values: Sequence[float], method: str) -> tuple[float, ...]:
    """Adjusted p values by the named method, in the order given; no values give no values.

    Args:
        values: p values from 0 to 1. For `fixed_sequence` their order is the order of testing.
        method: `none`, `both` (all must be significant: no adjustment), `bonferroni`, `holm`, `hochberg`, `hommel`, `benjamini_hochberg`, `fixed_sequence`.
    Errors: `AnalysisError` for an unknown method or a value that is not a probability.
    """
    chosen = _METHODS.get(str(method))
    if chosen is None:
        raise AnalysisError(f"no multiplicity method {method!r}", f"use one of {', '.join(_METHODS)}")
    for value in values:
        if not 0 <= value <= 1:
            raise AnalysisError(
                f"{value} is not a p value", "leave an outcome without a test out of the family"
            )
    return chosen(values)


def unadjusted(values: Sequence[float]) -> tuple[float, ...]:
    """The p values as they are: one primary outcome, or all primaries must be significant."""
    return tuple(values)


def bonferroni(values: Sequence[float]) -> tuple[float, ...]:
    """Each p value times their number. Source: Dunn OJ, J Am Stat Assoc 1961;56:52."""
    return tuple(min(1.0, len(values) * value) for value in values)


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down adjusted p values, in the order given; valid under any dependence.

    Source: Holm S, Scand J Stat 1979;6:65.
    """
    order = sorted(range(len(values)), key=values.__getitem__)
    adjusted = [0.0] * len(values)
    running = 0.0
    for position, index in enumerate(order):
        running = max(running, min(1.0, (len(values) - position) * values[index]))
        adjusted[index] = running
    return tuple(adjusted)


def hochberg(values: Sequence[float]) -> tuple[float, ...]:
    """Hochberg's step-up adjusted p values; valid when the tests are independent or positively dependent.

    Source: Hochberg Y, Biometrika 1988;75:800.
    """
    return _step_up(values, [position + 1.0 for position in range(len(values))])


def benjamini_hochberg(values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p values that control the false discovery rate, not the chance of any false claim.

    Source: Benjamini Y, Hochberg Y, J R Stat Soc B 1995;57:289.
    """
    m = len(values)
    return _step_up(values, [m / (m - position) for position in range(m)])


def _step_up(values: Sequence[float], factors: Sequence[float]) -> tuple[float, ...]:
    """From the largest p value down: value times factor, never above what a larger one got."""
    order = sorted(range(len(values)), key=values.__getitem__, reverse=True)
    adjusted = [0.0] * len(values)
    running = 1.0
    for factor, index in zip(factors, order, strict=True):
        running = min(running, factor * values[index])
        adjusted[index] = running
    return tuple(adjusted)


def hommel(values: Sequence[float]) -> tuple[float, ...]:
    """Hommel's adjusted p values: the closed test with Simes' test of every intersection.

    Never above Hochberg's; valid under the same positive dependence.
    Sources: Hommel G, Biometrika 1988;75:383; Simes RJ, Biometrika 1986;73:751; the steps follow
    Wright SP, Biometrics 1992;48:1005.
    """
    m = len(values)
    order = sorted(range(m), key=values.__getitem__)
    ranked = [values[index] for index in order]
    adjusted = list(ranked)
    for size in range(m, 1, -1):
        # The worst intersection of this size with each value: it beside the `size - 1` largest others.
        least = min(size * ranked[m - size + place] / (place + 1) for place in range(1, size))
        for position in range(m):
            own = size * ranked[min(position, m - size)]
            adjusted[position] = max(adjusted[position], min(least, own))
    back = [0.0] * m
    for position, index in enumerate(order):
        back[index] = min(1.0, adjusted[position])
    return tuple(back)


def fixed_sequence(values: Sequence[float]) -> tuple[float, ...]:
    """Tested in the order given at the full level until one fails: each p value is the largest so far.

    Source: Maurer W, Hothorn LA, Lehmacher W, in Biometrie in der chemisch-pharmazeutischen Industrie
    1995;6:3; Westfall PH, Krishen A, J Stat Plan Inference 2001;99:25.
    """
    largest = 0.0
    adjusted: list[float] = []
    for value in values:
        largest = max(largest, value)
        adjusted.append(largest)
    return tuple(adjusted)


_METHODS = {
    "none": unadjusted,
    "both": unadjusted,
    "bonferroni": bonferroni,
    "holm": holm,
    "hochberg": hochberg,
    "hommel": hommel,
    "benjamini_hochberg": benjamini_hochberg,
    "fixed_sequence": fixed_sequence,
}
