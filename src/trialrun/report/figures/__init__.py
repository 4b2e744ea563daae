"""Figures of the report: one style, colour-blind safe, the same bytes for the same values.

Each function returns a `Figure` block whose text alternative carries the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from trialrun.report.figures import outcome
from trialrun.report.figures.data import Bar, Course

__all__ = ["Bar", "Course", "spaghetti", "waterfall"]


def spaghetti(name: str, courses: Sequence[Course], times: Sequence[str], label: str) -> str:
    """The drawing of `outcome.spaghetti` alone."""
    return outcome.spaghetti(name, courses, times, label).svg


def waterfall(name: str, bars: Sequence[Bar], label: str, *, lower_is_better: bool = True) -> str:
    """The drawing of `outcome.waterfall` alone."""
    return outcome.waterfall(name, bars, label, lower_is_better=lower_is_better).svg
