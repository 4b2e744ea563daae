"""How a table fits a page: widths of its columns, size of its type, upright or across.

Widths are estimated from the number of signs: no value may run out of its cell, and a table too wide for the page
takes smaller type first and a page of its own on its side second.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from trialrun.report.documents.blocks import Figure

UPRIGHT, ACROSS = 493.0, 740.0  # points between the margins of A4
_SIGN = 0.63  # of the type's size: the mean width of a sign of DejaVu Sans, with some room
_INSET = 9.0
_MOST_WANTED = 60  # signs: a longer text is set in several lines
_TRIES = ((7.5, UPRIGHT), (6.5, UPRIGHT), (7.5, ACROSS), (6.5, ACROSS), (5.5, ACROSS), (4.5, ACROSS))
_GAP = re.compile(r"[\s\u200b]+|(?<=[-/])")

FIGURE_WIDTH, FIGURE_HEIGHT = 372.0, 590.0
_VIEW = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


@dataclass(frozen=True, slots=True)
class Fit:
    """Shares of the columns, size of the type in points, and whether the page is turned."""

    widths: tuple[int, ...]
    size: float
    across: bool


def fit_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[int] = (), *, across: bool = False
) -> Fit:
    """The first way in which every column holds its longest word.

    Args:
        columns, rows: texts as they will be set, with the places where words may break.
        shares: wished shares of the width; what the words need comes first.
        across: whether the pages are on their side already.
    """
    longest, whole = _signs(columns, rows)
    tries = [(size, ACROSS) for size, width in _TRIES if width == ACROSS] if across else _TRIES
    for size, width in tries:
        least = [signs * _SIGN * size + _INSET for signs in longest]
        if sum(least) <= width:
            return Fit(_shared(least, whole, size, width, shares), size, width == ACROSS)
    size, width = tries[-1]
    least = [signs * _SIGN * size + _INSET for signs in longest]
    return Fit(tuple(round(10 * part) for part in least), size, width == ACROSS)


def _signs(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[int], list[int]]:
    """Of each column: the signs of its longest word and of its longest text."""
    # The heads are bold, so wider.
    longest = [max((round(1.12 * len(w)) for w in _GAP.split(name)), default=1) for name in columns]
    whole = [round(1.12 * len(name)) for name in columns]
    for row in rows:
        for index, text in enumerate(row):
            length = len(text)
            whole[index] = max(whole[index], min(length, _MOST_WANTED))
            if length > longest[index]:
                longest[index] = max(longest[index], max(len(word) for word in _GAP.split(text)))
    return longest, whole


def _shared(
    least: Sequence[float], whole: Sequence[int], size: float, width: float, shares: Sequence[int]
) -> tuple[int, ...]:
    if shares:
        wanted = [share / sum(shares) * width for share in shares]
    else:
        wanted = [
            max(signs * _SIGN * size + _INSET, floor) for signs, floor in zip(whole, least, strict=True)
        ]
    # A table that needs less than the page still fills it: lines end at the margin of the text.
    scale = width / sum(wanted)
    wanted = [part * scale for part in wanted]
    for _ in least:
        short = [index for index, part in enumerate(wanted) if part < least[index] - 1e-9]
        if not short:
            break
        wanted = _lifted(wanted, least)
    return tuple(round(10 * part) for part in wanted)


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
