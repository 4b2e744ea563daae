"""Parts several figures share: keys, labels that do not meet, axes of plain numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trialrun.report.figures.drawing import INK, LINE, SIZE, SMALL, SOFT, one_line, width_of, wrap
from trialrun.report.numbers import MINUS

LINE_HEIGHT = 10.5  # points, of small text
_ROOM = 20.0  # a sign before its words
# Hatches keep the fillings apart without colour; the first is the plain one.
FILLS = (
    ("#56B4E9", ""), ("#ffffff", "////"), ("#D55E00", ""), ("#ffffff", "xxxx"), ("#3d3d3d", ""), ("#d9d9d9", "----"),
    ("#F0E442", ""), ("#ffffff", "++++"), ("#CC79A7", "\\\\\\\\"), ("#ffffff", "||||"),
)  # fmt: skip
MARKERS = ("o", "s", "D", "v", "P", "*", "h", "<")
MARK_COLOURS = ("#D55E00", "#009E73", "#CC79A7", "#E69F00", "#000000", "#F0E442", "#8a5a00", "#0072B2")


@dataclass(frozen=True, slots=True)
class Sign:
    """One entry of a key: a marker, a line or a filled box, and what it means."""

    words: str
    colour: str = INK
    marker: str = ""
    line: str = ""
    hatch: str | None = None
    hollow: bool = False


def key_height(signs: Sequence[Sign], width: float) -> float:
    """How much room a key needs, in points."""
    return LINE_HEIGHT * 1.25 * sum(len(row[-1][1]) if len(row) == 1 else 1 for row in _rows(signs, width))


def _rows(signs: Sequence[Sign], width: float) -> list[list[tuple[Sign, list[str]]]]:
    rows: list[list[tuple[Sign, list[str]]]] = []
    left = 0.0
    for sign in signs:
        lines = wrap(sign.words, width - _ROOM, SMALL)
        room = _ROOM + width_of(lines[0], SMALL) + 12
        if len(lines) > 1 or not rows or left + room > width + 12 or len(rows[-1][-1][1]) > 1:
            rows.append([])
            left = 0.0
        rows[-1].append((sign, lines))
        left += room
    return rows


def draw_key(page: Any, signs: Sequence[Sign], left: float, top: float, width: float) -> None:
    """The key below `top`, on axes whose units are points."""
    y = top - LINE_HEIGHT * 0.6
    for row in _rows(signs, width):
        x = left
        for sign, lines in row:
            _sign(page, sign, x, y)
            for index, words in enumerate(lines):
                page.text(x + _ROOM, y - index * LINE_HEIGHT * 1.25, words, fontsize=SMALL, va="center")
            x += _ROOM + width_of(lines[0], SMALL) + 12
        y -= LINE_HEIGHT * 1.25 * max(len(lines) for _, lines in row)


def _sign(page: Any, sign: Sign, x: float, y: float) -> None:
    from matplotlib.patches import Rectangle

    if sign.hatch is not None:
        page.add_patch(
            Rectangle(
                (x, y - 4), 14, 8, facecolor=sign.colour, edgecolor=INK, hatch=sign.hatch, linewidth=0.6
            )
        )
        return
    page.plot(
        [x, x + 7, x + 14],
        [y] * 3,
        color=sign.colour,
        linestyle=sign.line or "none",
        linewidth=2,
        marker=sign.marker or None,
        markevery=[1],
        markersize=6,
        markerfacecolor="white" if sign.hollow else sign.colour,
        markeredgecolor=sign.colour if sign.hollow or sign.marker in {"x", "X", "|", "+"} else INK,
        markeredgewidth=1.6 if sign.marker in {"x", "|", "+"} else 0.7,
    )


def apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The places moved as little as needed to be `gap` apart between `low` and `high`, in the same order.

    Where there is no room for all, the gap shrinks evenly.
    """
    if not places:
        return []
    if (len(places) - 1) * gap > high - low:
        gap = (high - low) / max(len(places) - 1, 1)
    order = sorted(range(len(places)), key=lambda index: (places[index], index))
    moved = [min(max(places[index], low), high) for index in order]
    for index in range(1, len(moved)):
        moved[index] = max(moved[index], moved[index - 1] + gap)
    moved[-1] = min(moved[-1], high)
    for index in range(len(moved) - 2, -1, -1):
        moved[index] = min(moved[index], moved[index + 1] - gap)
    found = [0.0] * len(places)
    for place, index in zip(moved, order, strict=True):
        found[index] = place
    return found


def plain(value: float) -> str:
    """A number of an axis: no more digits than needed, a real minus, thousands and more in full up to a million."""
    if value == 0:
        return "0"
    text = f"{value:.6g}" if abs(value) < 1e6 and abs(value) >= 1e-4 else f"{value:.1e}"
    if "e" in text:
        digits, power = text.split("e")
        text = f"{digits.removesuffix('.0')}e{int(power)}"
    return text.replace("-", MINUS)


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """1, 2 and 5 times the powers of ten within the range; fewer of them where that is too many."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for digits in ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,)):
        ticks = [d * 10.0**power for power in range(first, last + 1) for d in digits]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= most:
            return ticks
    step = math.ceil((last - first) / most)
    return [10.0**power for power in range(first, last + 1, step) if low <= 10.0**power <= high]


def log_axis(axis: Any, low: float, high: float) -> None:
    """A logarithmic axis (an axis of `axes`) with plain numbers."""
    from matplotlib.ticker import FixedLocator, NullLocator

    ticks = log_ticks(low, high)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_ticklabels([plain(tick) for tick in ticks])


def even_ticks(axis: Any, most: int = 6, *, whole: bool = False) -> None:
    """A linear axis with plain numbers, huge ones included."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(most, integer=whole))
    axis.set_major_formatter(FuncFormatter(lambda value, _: plain(round(value, 12))))


def span(values: Sequence[float], *, room: float = 0.06, least: float = 0.0) -> tuple[float, float]:
    """A range around the values with some room, never empty."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    wide = max(high - low, least, 1e-9 * max(abs(low), abs(high)))
    if wide == 0 or high - low < 1e-9 * max(abs(low), abs(high), 1e-300):
        wide = max(least, abs(high) * 0.2, 1.0 if high == 0 else 0.0)
        return low - wide / 2, high + wide / 2
    return low - room * wide, high + room * wide


def nothing(axes: Any, words: str = "no values to show") -> None:
    """Empty axes that say they are."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=SOFT, fontsize=SIZE)


def title_above(axes: Any, words: str, width: float, lines: int = 2) -> None:
    """A panel's title at the start of the line above it."""
    text = "\n".join(wrap(words, width, SMALL, lines))
    axes.set_title(text, loc="left", fontsize=SMALL, pad=4)


def thin_lines(axes: Any, courses: Sequence[tuple[Sequence[float], Sequence[float]]], *, colour: str) -> None:
    """Many thin lines with dots, drawn as one: each on its own would take longer than all the rest."""
    x: list[float] = []
    y: list[float] = []
    for xs, ys in courses:
        x += [*xs, math.nan]
        y += [*ys, math.nan]
    many = len(courses) > 40
    axes.plot(
        x,
        y,
        color=colour,
        linewidth=0.5 if many else 0.9,
        marker="o",
        markersize=1.8 if many else 2.6,
        zorder=2,
    )


def crosses(axes: Any, points: Sequence[tuple[float, float]], size: float = 6) -> None:
    """Crosses where the observation ended by death or transplant."""
    if points:
        x, y = zip(*points, strict=True)
        axes.plot(
            x, y, color=INK, linestyle="none", marker="x", markersize=size, markeredgewidth=1.6, zorder=4
        )


def quiet_grid(axes: Any, axis: str = "y") -> None:
    """Thin lines behind what is drawn."""
    axes.grid(axis=axis, color=LINE, linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)


def people(n: int) -> str:
    """How many participants, in words."""
    return "1 participant" if n == 1 else f"{n} participants"


def listed(parts: Sequence[str], most: int = 60) -> str:
    """Parts one after the other; a long list says how many more there are."""
    shown = [one_line(part) for part in parts[:most]]
    more = f" and {len(parts) - most} more" if len(parts) > most else ""
    return ", ".join(shown) + more
