"""How a table fits a page: widths of its columns, size of its type, upright or across.

Widths are estimated from the number of signs: no value may run out of its cell, and a table too wide for the page
takes smaller type first and a page of its own on its side second.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from trialrun.report.documents.blocks import Figure

UPRIGHT, ACROSS = 493.0, 740.0  # points between the margins of A4
_SIGN = 0.63  # of the type's size: the mean width of a sign of DejaVu Sans, with some room
_INSET = 9.0
_MOST_HIGHER = 1.15
_TRIES = ((7.5, UPRIGHT), (6.5, UPRIGHT), (7.5, ACROSS), (6.5, ACROSS), (5.5, ACROSS), (4.5, ACROSS))
# Where a line may end: not between a hyphen or stroke and a digit, so a date stays whole.
_GAP = re.compile(r"[\s\u200b]+|(?<=[-/])(?=\D)")

FIGURE_WIDTH, FIGURE_HEIGHT = 372.0, 590.0
_VIEW = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


@dataclass(frozen=True, slots=True)
class Fit:
    """Shares of the columns, size of the type in points, and whether the page is turned."""

    widths: tuple[int, ...]
    size: float
    across: bool


@dataclass(slots=True)
class _Column:
    """Signs of a column's longest word, of its longest text, and of its texts on average."""

    word: int
    text: int
    mean: float

    def least(self, size: float) -> float:
        return self.word * _SIGN * size + _INSET

    def whole(self, size: float) -> float:
        return max(self.text * _SIGN * size + _INSET, self.least(size))


def fit_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[int] = (), *, across: bool = False
) -> Fit:
    """The first way in which every column holds its longest word.

    Args:
        columns, rows: texts as they will be set, with the places where words may break.
        shares: wished shares of the width; what the words need comes first, and a table much higher than need be
            is not set so.
        across: whether the pages are on their side already.
    """
    measured = [_measured(name, [row[index] for row in rows]) for index, name in enumerate(columns)]
    tries = [(size, ACROSS) for size, width in _TRIES if width == ACROSS] if across else _TRIES
    for size, width in tries:
        least = [column.least(size) for column in measured]
        if sum(least) <= width:
            widths = _shared(_wanted(measured, size, width), least, width)
            if shares:
                wished = _shared([float(share) for share in shares], least, width)
                if _height(rows, wished, size) <= _MOST_HIGHER * _height(rows, widths, size):
                    widths = wished
            return Fit(widths, size, width == ACROSS)
    size, width = tries[-1]
    return Fit(tuple(round(10 * column.least(size)) for column in measured), size, width == ACROSS)


def _measured(name: str, texts: Sequence[str]) -> _Column:
    # The heads are bold, so wider.
    word = max((round(1.12 * len(part)) for part in _GAP.split(name)), default=1)
    whole = round(1.12 * len(name))
    for text in texts:
        whole = max(whole, len(text))
        if len(text) > word:
            word = max(word, max(len(part) for part in _GAP.split(text)))
    return _Column(word, whole, sum(map(len, texts)) / max(len(texts), 1))


def _wanted(columns: Sequence[_Column], size: float, width: float) -> list[float]:
    """Widths without wrapping where they fit; else short columns get theirs and long ones share what is left.

    They share by the root of their mean length: about the widths at which the table is lowest.
    """
    whole = [column.whole(size) for column in columns]
    if sum(whole) <= width:
        return whole
    found: dict[int, float] = {}
    while len(found) < len(columns):
        left = width - sum(found.values())
        weights = {i: math.sqrt(max(c.mean, c.word)) for i, c in enumerate(columns) if i not in found}
        shares = {i: left * weight / sum(weights.values()) for i, weight in weights.items()}
        fitting = {i: whole[i] for i, share in shares.items() if whole[i] <= share}
        found |= fitting or shares
    return [found[index] for index in range(len(columns))]


def _shared(wanted: Sequence[float], least: Sequence[float], width: float) -> tuple[int, ...]:
    # A table that needs less than the page still fills it: lines end at the margin of the text.
    scale = width / sum(wanted)
    widths = [part * scale for part in wanted]
    for _ in least:
        if all(part >= floor - 1e-9 for part, floor in zip(widths, least, strict=True)):
            break
        widths = _lifted(widths, least)
    return tuple(round(10 * part) for part in widths)


def _height(rows: Sequence[Sequence[str]], widths: Sequence[int], size: float) -> int:
    """About how many lines the table has."""
    room = [max((width / 10 - _INSET) / (_SIGN * size), 1) for width in widths]
    return sum(
        max((math.ceil(len(text) / most) or 1 for text, most in zip(row, room, strict=True)), default=1)
        for row in rows
    )


def _lifted(wanted: Sequence[float], least: Sequence[float]) -> list[float]:
    """Columns below what they need are lifted to it; those above pay in proportion to their surplus."""
    debt = sum(max(floor - part, 0) for part, floor in zip(wanted, least, strict=True))
    surplus = sum(max(part - floor, 0) for part, floor in zip(wanted, least, strict=True))
    return [
        floor if part <= floor else part - debt * (part - floor) / surplus
        for part, floor in zip(wanted, least, strict=True)
    ]


def figure_width(figure: Figure) -> float:
    """How wide a figure is set, in points: narrower where it would be taller than the page."""
    found = _VIEW.search(figure.svg)
    if not found:
        return FIGURE_WIDTH
    width, height = float(found[1]), float(found[2])
    return round(min(FIGURE_WIDTH, FIGURE_HEIGHT * width / height), 1)
