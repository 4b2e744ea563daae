"""The comparisons and limits in time of one piece of eligibility text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from trialrun.registry.comparison import Comparison, Sign, TimeLimit
from trialrun.registry.eligibility import certainty, concepts, times
from trialrun.registry.eligibility.classes import ClassRead, classes
from trialrun.registry.eligibility.folding import fold
from trialrun.registry.eligibility.quantities import Quantity, quantities


@dataclass(slots=True)
class _Piece:
    """A piece of text while it is read."""

    text: str
    folded: str
    context: str
    comparisons: list[Comparison] = field(default_factory=list)
    temporal: list[TimeLimit] = field(default_factory=list)
    concept: str = ""

    def name(self, start: int, end: int, floor: int) -> str:
        """What the quantity between two places is about."""
        before = concepts.words_before(self.text, start, floor)
        if before:
            return before
        after = concepts.words_after(self.text, end)
        return after or self.concept or self.context


def read_piece(text: str, context: str = "") -> tuple[tuple[Comparison, ...], tuple[TimeLimit, ...]]:
    """Comparisons and limits in time of a text, in its order; `context` is what it is nested in."""
    piece = _Piece(text, fold(text), context)
    named = list(classes(text, piece.folded))
    floor, at = 0, 0
    for quantity in quantities(text, piece.folded):
        while at < len(named) and named[at].start <= quantity.number:
            _add_class(piece, named[at])
            floor = named[at].end
            at += 1
        if quantity.number < floor or _inside(named, quantity):
            continue
        if _add(piece, quantity, floor):
            floor = quantity.end
    for one in named[at:]:
        _add_class(piece, one)
    return tuple(piece.comparisons), tuple(piece.temporal)


def _inside(named: list[ClassRead], quantity: Quantity) -> bool:
    return any(one.start <= quantity.number < one.end for one in named)


def _add_class(piece: _Piece, one: ClassRead) -> None:
    doubts = one.doubts + certainty.doubts_around(piece.folded, one.start, one.end)
    piece.comparisons.append(
        Comparison(one.concept, one.sign, one.values, "", one.start, one.end, confident=not doubts)
    )
    piece.concept = one.concept


def _add(piece: _Piece, quantity: Quantity, floor: int) -> bool:
    unit = quantity.unit
    if unit.time:
        if times.is_age(piece.folded, quantity.start, quantity.end, unit.time, floor):
            return _compare(piece, quantity, ("age",))
        if not times.is_measured(piece.folded, quantity.start, quantity.end, floor):
            return _limit(piece, quantity, floor)
    if quantity.sign is None:
        return False
    names = concepts.listed_before(piece.text, quantity.start, floor)
    return _compare(piece, quantity, names or (piece.name(quantity.start, quantity.end, floor),))


def _compare(piece: _Piece, quantity: Quantity, names: tuple[str, ...]) -> bool:
    if quantity.sign is None:
        return False
    doubts = quantity.doubts + certainty.doubts_around(piece.folded, quantity.start, quantity.end)
    for name in names:
        piece.comparisons.append(
            Comparison(
                name,
                quantity.sign,
                quantity.values,
                quantity.unit.text,
                quantity.start,
                quantity.end,
                multiple_of=quantity.unit.multiple_of,
                confident=not doubts and bool(name),
            )
        )
    piece.concept = names[-1]
    return True


def _limit(piece: _Piece, quantity: Quantity, floor: int) -> bool:
    found = times.when(piece.text, piece.folded, quantity.start, quantity.number, quantity.end)
    sign = quantity.sign
    if sign is None:
        if found.kind == "unknown":
            return False
        sign = Sign.LTEQ if found.kind == "window" else Sign.EQ
    doubts = quantity.doubts + certainty.doubts_around(piece.folded, quantity.start, quantity.end)
    piece.temporal.append(
        TimeLimit(
            piece.name(quantity.start, quantity.end, floor),
            sign,
            quantity.values,
            quantity.unit.time,
            found.direction,
            found.anchor,
            found.kind == "length",
            piece.text[quantity.start : quantity.end],
            quantity.start,
            quantity.end,
            confident=not doubts and found.kind != "unknown",
        )
    )
    return True


_JUDGEMENT = re.compile(
    r"\b(?:opinion|judge?ment|judged|discretion|investigators?'?s?\s+(?:view|assessment|decision|belief)|"
    r"(?:investigator|physician|doctor|clinician|sponsor)s?\s+(?:believes?|considers?|feels?|deems?|determines?|thinks?|decides?)|"
    r"considered\s+by|deemed|as\s+determined\s+by|(?:clinically|medically)\s+(?:significant|relevant|important|stable|unstable)|"
    r"in\s+the\s+view\s+of|assessed\s+by\s+the\s+(?:investigator|physician)|significant|adequate|appropriate|severe|serious|unsuitable|suitable|willing|unwilling)\b"
)


def rests_on_judgement(text: str) -> bool:
    """Whether somebody's opinion decides."""
    return _JUDGEMENT.search(fold(text)) is not None
