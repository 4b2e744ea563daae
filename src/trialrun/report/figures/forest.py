"""The forest: one outcome by every analysis of it, so that a reader sees whether the answer depends on the choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trialrun.report.documents.blocks import Figure
from trialrun.report.figures.data import ForestRow, finite
from trialrun.report.figures.drawing import BLUE, INK, PALE, SMALL, SOFT, WIDTH, Drawing, one_line, wrap
from trialrun.report.figures.parts import LINE_HEIGHT, even_ticks
from trialrun.report.numbers import decimals_of, shown, shown_interval

_LABEL, _N, _PLOT = 122.0, 28.0, 116.0
_LEFT = 8.0
_TEXT = WIDTH - _LEFT - _LABEL - _N - _PLOT - 16
_ROW = LINE_HEIGHT * 1.1
_BOLD = 1.12  # how much wider bold letters are


@dataclass(frozen=True, slots=True)
class _Placed:
    row: ForestRow | None
    lines: list[str]
    words: list[str]
    height: float


def forest(
    name: str,
    rows: Sequence[ForestRow],
    label: str,
    *,
    null: float = 0.0,
    lower_is_better: bool | None = None,
    digits: int | None = None,
) -> Figure:
    """Estimate and interval of each analysis on one axis; the main one as a filled diamond on a pale band.

    Args:
        rows: in the order shown; `group` heads the rows that follow one another with it.
        label: what is estimated, with its unit.
        null: the value of no difference, where a line stands.
        lower_is_better: names the two sides; no names where it is `None`.
        digits: decimals of the numbers; by default as many as they need, at most two.
    """
    finite([value for row in rows for value in (row.estimate, row.low, row.high)], label)
    values = [value for row in rows for value in (row.estimate, row.low, row.high)]
    digits = decimals_of(values, 2) if digits is None else digits
    placed = _placed(rows, digits)
    body = sum(one.height for one in placed) or 30.0
    sides = 14.0 if lower_is_better is not None else 0.0
    foot = 42.0 + sides
    head = wrap(f"{label} (interval)", _TEXT / _BOLD, SMALL, 4)
    top = LINE_HEIGHT * 1.1 * len(head) + 8
    with Drawing(name, foot + body + top) as drawing:
        left = _LEFT + _LABEL + _N + 4
        axes = drawing.axes(left, foot, left + _PLOT, foot + body)
        page = drawing.page()
        low, high = _range(rows, null)
        axes.set_xlim(low, high)
        axes.set_ylim(body, 0)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.patch.set_alpha(0)
        y = 0.0
        for one in placed:
            _row(axes, page, one, y, foot + body, (low, high))
            if one.row is not None:
                axes.plot([null] * 2, [y, y + one.height], color=INK, linewidth=0.8, linestyle="--", zorder=1)
            y += one.height
        even_ticks(axes.xaxis, 4)
        axes.set_xlabel("\n".join(wrap(label, _PLOT + 110, SMALL, 2)), fontsize=SMALL, labelpad=3 + sides)
        _sides(page, lower_is_better, left, foot)
        _heads(page, head, foot + body)
        if not rows:
            axes.text(
                (low + high) / 2, body / 2, "no analysis to show", ha="center", va="center", fontsize=SMALL
            )
    caption = f"{one_line(label)} by every analysis of it: the main one as a diamond, the others as squares; lines are intervals."
    return drawing.figure(f"{one_line(label)} by analysis", caption, _words(rows, label, digits))


def _placed(rows: Sequence[ForestRow], digits: int) -> list[_Placed]:
    placed: list[_Placed] = []
    group = ""
    for row in rows:
        if row.group != group and row.group:
            lines = wrap(row.group, (WIDTH - 2 * _LEFT) / _BOLD, SMALL)
            placed.append(_Placed(None, lines, [], len(lines) * _ROW + 5))
        group = row.group
        broad = _BOLD if row.main else 1.0
        lines = wrap(row.label, (_LABEL - 6) / broad, SMALL)
        words = wrap(_numbers(row, digits), _TEXT / broad, SMALL)
        placed.append(_Placed(row, lines, words, max(len(lines), len(words)) * _ROW + 7))
    return placed


def _numbers(row: ForestRow, digits: int) -> str:
    if row.estimate is None:
        return one_line(row.note) or "not estimable"
    if row.low is None and row.high is None:
        return shown(row.estimate, digits)
    return f"{shown(row.estimate, digits)} ({shown_interval(row.low, row.high, digits)})"


def _range(rows: Sequence[ForestRow], null: float) -> tuple[float, float]:
    """The axis: all bounds, unless a few reach so far that nothing else could be told apart."""
    middle = [row.estimate for row in rows if row.estimate is not None] + [null]
    for row in rows:
        if row.main:
            middle += [bound for bound in (row.low, row.high) if bound is not None]
    every = [*middle, *(bound for row in rows for bound in (row.low, row.high) if bound is not None)]
    core = max(middle) - min(middle)
    low, high = min(every), max(every)
    if core > 0:
        low, high = max(low, min(middle) - 1.5 * core), min(high, max(middle) + 1.5 * core)
    room = (high - low) * 0.06 or max(abs(high) * 0.2, 1.0)
    return low - room, high + room


def _row(axes: Any, page: Any, one: _Placed, y: float, top: float, span: tuple[float, float]) -> None:
    from matplotlib.patches import Rectangle

    middle = y + one.height / 2
    row = one.row
    if row is None:
        _lines(page, _LEFT, top - middle, one.lines, bold=True)
        return
    if row.main:
        page.add_patch(
            Rectangle(
                (4, top - y - one.height), WIDTH - 8, one.height, facecolor=PALE, linewidth=0, zorder=-1
            )
        )
    _lines(page, _LEFT + 4, top - middle, one.lines, bold=row.main)
    _lines(page, WIDTH - _TEXT - 6, top - middle, one.words, bold=row.main)
    n = str(row.n) if row.n is not None else ""
    page.text(_LEFT + _LABEL + _N - 6, top - middle, n, fontsize=SMALL, ha="right", va="center")
    if row.estimate is None:
        return
    low, high = span
    colour = BLUE if row.main else INK
    # An open bound, or one beyond the axis, goes to the edge and ends in an arrow.
    start = low if row.low is None and row.high is not None else row.low
    end = high if row.high is None and row.low is not None else row.high
    if start is not None and end is not None:
        axes.plot([max(start, low), min(end, high)], [middle] * 2, color=colour, linewidth=1.8 if row.main else 1.2, zorder=2)  # fmt: skip
        for bound, edge, marker in ((start, low, "<"), (end, high, ">")):
            beyond = bound <= low if marker == "<" else bound >= high
            axes.plot(
                edge if beyond else bound, middle, marker=marker if beyond else "|", color=colour,
                markersize=5, zorder=3, clip_on=False,
            )  # fmt: skip
    if low <= row.estimate <= high:
        axes.plot(
            row.estimate, middle, marker="D" if row.main else "s", color=colour, markersize=7 if row.main else 5,
            zorder=4,
        )  # fmt: skip


def _lines(page: Any, x: float, middle: float, lines: Sequence[str], *, bold: bool) -> None:
    y = middle + (len(lines) - 1) * _ROW / 2
    for line in lines:
        page.text(x, y, line, fontsize=SMALL, va="center", fontweight="bold" if bold else "normal")
        y -= _ROW


def _sides(page: Any, lower_is_better: bool | None, left: float, foot: float) -> None:
    if lower_is_better is None:
        return
    names = ("← better", "worse →") if lower_is_better else ("← worse", "better →")
    page.text(left, foot - 26, names[0], fontsize=SMALL, color=SOFT, va="center")
    page.text(left + _PLOT, foot - 26, names[1], fontsize=SMALL, color=SOFT, ha="right", va="center")


def _heads(page: Any, head: Sequence[str], top: float) -> None:
    y = top + 8
    page.text(_LEFT + 4, y, "Analysis", fontsize=SMALL, fontweight="bold", va="center")
    page.text(_LEFT + _LABEL + _N - 6, y, "n", fontsize=SMALL, fontweight="bold", ha="right", va="center")
    for index, line in enumerate(reversed(head)):
        page.text(WIDTH - _TEXT - 6, y + index * _ROW, line, fontsize=SMALL, fontweight="bold", va="center")
    page.plot([4, WIDTH - 4], [top, top], color=SOFT, linewidth=0.8)


def _words(rows: Sequence[ForestRow], label: str, digits: int) -> str:
    told = [
        f"{one_line(row.label)}{' (main)' if row.main else ''}{f', n = {row.n}' if row.n is not None else ''}: "
        f"{_numbers(row, digits)}"
        for row in rows
    ]
    return f"{one_line(label)} by analysis. " + ("; ".join(told) or "None") + "."
