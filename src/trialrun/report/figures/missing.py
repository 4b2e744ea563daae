"""What is there and what is missing, by time and reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trialrun.report.documents.blocks import Figure
from trialrun.report.figures.data import PresenceLine
from trialrun.report.figures.drawing import INK, SMALL, WIDTH, Drawing, one_line, width_of, wrap
from trialrun.report.figures.parts import FILLS, LINE_HEIGHT, Sign, draw_key, even_ticks, key_height, nothing

_LABEL = 124.0
_ROW = LINE_HEIGHT * 1.1


def missingness(name: str, lines: Sequence[PresenceLine]) -> Figure:
    """One bar a line, divided by state, with the numbers in it; states keep their filling in all bars.

    Args:
        lines: in the order shown; states in the order they first come up, so "observed" belongs first.
    """
    states = list(dict.fromkeys(state for line in lines for state, _ in line.counts))
    signs = [
        Sign(one_line(state), FILLS[i % len(FILLS)][0], hatch=FILLS[i % len(FILLS)][1])
        for i, state in enumerate(states)
    ]
    key = key_height(signs, WIDTH - 16)
    placed: list[tuple[PresenceLine | None, list[str], float]] = []
    group = ""
    for line in lines:
        if line.group and line.group != group:
            words = wrap(line.group, WIDTH - 20, SMALL)
            placed.append((None, words, len(words) * _ROW + 6))
        group = line.group
        words = wrap(line.label, _LABEL - 10, SMALL)
        placed.append((line, words, max(len(words) * _ROW, 13) + 5))
    body = sum(height for _, _, height in placed) or 30.0
    foot = key + 40
    most = max((sum(n for _, n in line.counts) for line in lines), default=1) or 1
    with Drawing(name, foot + body + 8) as drawing:
        axes = drawing.axes(_LABEL, foot, drawing.width - 16, foot + body)
        page = drawing.page()
        axes.set_xlim(0, most * 1.01)
        axes.set_ylim(body, 0)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.patch.set_alpha(0)
        even_ticks(axes.xaxis, 8, whole=True)
        axes.set_xlabel("participants")
        y = 0.0
        for line, words, height in placed:
            _names(page, words, foot + body - y - height / 2, bold=line is None)
            if line is not None:
                _bar(axes, line, states, y + height / 2, most)
            y += height
        draw_key(page, signs, 8, key + 4, WIDTH - 16)
        if not lines:
            nothing(axes, "nothing planned yet")
    caption = "How many participants have a value at each time, and why the others have none."
    return drawing.figure("Values present and missing", caption, _words(lines))


def _names(page: Any, words: Sequence[str], middle: float, *, bold: bool) -> None:
    y = middle + (len(words) - 1) * _ROW / 2
    for word in words:
        x, align = (8, "left") if bold else (_LABEL - 6, "right")
        page.text(x, y, word, fontsize=SMALL, va="center", ha=align, fontweight="bold" if bold else "normal")
        y -= _ROW


def _bar(axes: Any, line: PresenceLine, states: Sequence[str], y: float, most: int) -> None:
    left = 0
    for state, n in line.counts:
        if n <= 0:
            continue
        colour, hatch = FILLS[states.index(state) % len(FILLS)]
        axes.barh(y, n, left=left, height=13, color=colour, edgecolor=INK, hatch=hatch, linewidth=0.6)
        room = (WIDTH - _LABEL - 16) * n / (most * 1.01)
        if room >= width_of(str(n), SMALL) + 6:
            axes.text(
                left + n / 2, y, str(n), ha="center", va="center", fontsize=SMALL,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
            )  # fmt: skip
        left += n


def _words(lines: Sequence[PresenceLine]) -> str:
    told = [
        f"{one_line(line.group) + ', ' if line.group else ''}{one_line(line.label)}: "
        + (", ".join(f"{n} {one_line(state)}" for state, n in line.counts if n) or "nobody")
        for line in lines
    ]
    return "Values present and missing. " + ("; ".join(told) or "Nothing planned yet") + "."
