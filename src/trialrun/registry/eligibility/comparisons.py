"""The comparisons and limits in time of one piece of eligibility text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from trialrun.registry.comparison import Comparison, Sign, TimeLimit
from trialrun.registry.eligibility import certainty, concepts, times
from trialrun.registry.eligibility.classes import ClassRead, classes
from trialrun.registry.eligibility.folding import fold
from trialrun.registry.eligibility.lifetimes import is_age, is_measured
from trialrun.registry.eligibility.quantities import quantities
from trialrun.registry.eligibility.quantity import Quantity

_AGE_IN_SIGN = re.compile(r"\bage[sd]?\b|\bolder\b|\byounger\b")


_SIDE = re.compile(r"\s*\(?\s*(systolic|diastolic)\b")


@dataclass(slots=True)
class _Piece:
    """A piece of text while it is read."""

    text: str
    folded: str
    context: str
    comparisons: list[Comparison] = field(default_factory=list)
    temporal: list[TimeLimit] = field(default_factory=list)
    concept: str = ""
    age_from: int = -1

    def name(self, start: int, end: int, floor: int) -> str:
        """What the quantity between two places is about."""
        if _AGE_IN_SIGN.search(self.folded[start:end]):
            return "age"
        side = _SIDE.match(self.folded, end)
        if side is not None:
            return f"{side[1]} blood pressure"
        if self.concept and floor and concepts.only_joins(self.text[floor:start]):
            return self.concept
        before = concepts.words_before(self.text, start, floor)
        if before and not concepts.is_generic(before):
            return before
        after = concepts.words_after(self.text, end)
        return after or before or self.concept or self.context


_LONGEST = 2_000  # a longer piece is read in parts, so that time grows with the text and no faster
_CUTS = ("\n", ". ", "; ", ", ", " ")


def read_piece(text: str, context: str = "") -> tuple[tuple[Comparison, ...], tuple[TimeLimit, ...]]:
    """Comparisons and limits in time of a text, in its order; `context` is what it is nested in."""
    comparisons: list[Comparison] = []
    temporal: list[TimeLimit] = []
    for start, end in _parts(text):
        some, times_found = _read_part(text[start:end], context)
        comparisons += [replace(one, start=one.start + start, end=one.end + start) for one in some]
        temporal += [replace(one, start=one.start + start, end=one.end + start) for one in times_found]
    return tuple(comparisons), tuple(temporal)


def _parts(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while len(text) - start > _LONGEST:
        window = text[start : start + _LONGEST]
        half = _LONGEST // 2
        cut = next((at + len(mark) for mark in _CUTS if (at := window.rfind(mark, half)) >= 0), _LONGEST)
        yield start, start + cut
        start += cut
    yield start, len(text)


def _read_part(text: str, context: str) -> tuple[tuple[Comparison, ...], tuple[TimeLimit, ...]]:
    piece = _Piece(text, fold(text), context)
    named = list(classes(text, piece.folded))
    floor, at = 0, 0
    for quantity in quantities(text, piece.folded):
        while at < len(named) and named[at].start <= quantity.number:
            _add_class(piece, named[at])
            floor = named[at].end
            at += 1
        if quantity.number < floor or any(one.start <= quantity.number < one.end for one in named):
            continue
        if _add(piece, quantity, floor):
            floor = quantity.end
    for one in named[at:]:
        _add_class(piece, one)
    return _without_rivals(piece.comparisons), tuple(piece.temporal)


_UP = (Sign.GT, Sign.GTEQ)
_DOWN = (Sign.LT, Sign.LTEQ)


def _without_rivals(found: list[Comparison]) -> tuple[Comparison, ...]:
    """Two limits on one side ("> 450 in men, > 470 in women") hold in different cases: none is certain."""
    sides: dict[tuple[str, bool], set[tuple[str, ...]]] = {}
    for one in found:
        if one.op in _UP or one.op in _DOWN:
            sides.setdefault((one.concept.lower(), one.op in _UP), set()).add((*one.value, one.multiple_of))
    shared = {one.end for one in found if _shares_a_limit(one, found)}
    return tuple(
        replace(one, confident=False)
        if one.end in shared
        or (
            len(sides.get((one.concept.lower(), one.op in _UP), ())) > 1
            and one.op not in (Sign.EQ, Sign.BETWEEN)
        )
        else one
        for one in found
    )


def _shares_a_limit(one: Comparison, found: list[Comparison]) -> bool:
    """Whether a bare number may be a multiple told later: "ALT > 3 or bilirubin > 2 x ULN"."""
    bare = not one.unit and not one.multiple_of and len(one.value) == 1
    if not bare or not concepts.is_liver_test(one.concept):
        return False
    return any(other.multiple_of and other.start > one.start for other in found)


def _add_class(piece: _Piece, one: ClassRead) -> None:
    doubts = one.doubts + certainty.doubts_around(piece.folded, one.start, one.end)
    doubts += certainty.doubts_about_class(one.concept)
    piece.comparisons.append(
        Comparison(one.concept, one.sign, one.values, "", one.start, one.end, confident=not doubts)
    )
    piece.concept = one.concept


_COMBINES = re.compile(
    r"\s*(?:\(\d+\)\s*)?of\s+(?:the\s+|these\s+|those\s+)?(?:following|these|below|above|criteria|listed)"
)
_CALENDAR = re.compile(r"(?:19|20)\d\d")


def _add(piece: _Piece, quantity: Quantity, floor: int) -> bool:
    unit = quantity.unit
    if _COMBINES.match(piece.folded, quantity.end):
        return False
    if unit.time:
        if _about_age(piece, quantity, floor):
            piece.age_from = quantity.start
            return _compare(piece, quantity, ("age",))
        head = min(floor, quantity.head)
        if not is_measured(piece.folded, quantity.head, quantity.tail, head):
            return _limit(piece, quantity, floor)
    if not unit.text and all(_CALENDAR.fullmatch(value) for value in quantity.values):
        return _calendar(piece, quantity, floor)
    if quantity.sign is None or (quantity.sign is Sign.EQ and len(quantity.values) > 1):
        return _bare(piece, quantity, floor)
    if quantity.words == "mirrored":  # "18 ≤ BMI"
        return _compare(piece, quantity, (concepts.words_after(piece.text, quantity.end),))
    names = concepts.listed_before(piece.text, quantity.start, floor)
    return _compare(piece, quantity, names or (piece.name(quantity.start, quantity.end, floor),))


_AGE_NEXT = re.compile(r"\s*(?:ages?|patients?|subjects?|participants?)\b")


def _about_age(piece: _Piece, quantity: Quantity, floor: int) -> bool:
    head = min(floor, quantity.head)
    if is_measured(piece.folded, quantity.head, quantity.tail, head, close=True):
        return False
    if quantity.words == "mirrored":
        return _AGE_NEXT.match(piece.folded, quantity.end) is not None
    if quantity.joined_from >= 0 and quantity.joined_from == piece.age_from:
        return True
    least = max(float(value) for value in quantity.values)
    return is_age(piece.folded, quantity.head, quantity.tail, quantity.unit.time, head, least)


_FROM = re.compile(r"\b(?:from|reached|attained|completed)(?:\s+the)?(?:\s+age(?:\s+of)?)?\s*$")


def _compare(piece: _Piece, quantity: Quantity, names: tuple[str, ...]) -> bool:
    sign = quantity.sign or Sign.EQ
    doubts = quantity.doubts + certainty.doubts_around(piece.folded, quantity.start, quantity.end)
    if quantity.sign is None:
        doubts += ("no sign is written",)
        if _FROM.search(piece.folded[max(0, quantity.start - 40) : quantity.start]):
            sign = Sign.GTEQ
    for name in names:
        plain = concepts.plain_name(name)
        unsure = doubts + certainty.doubts_about(plain)
        if plain == "age":
            unsure += certainty.doubts_about_age(piece.folded, quantity.start)
        only_for = ""
        if set(unsure) == {certainty.ONE_SEX}:
            only_for = certainty.one_sex(piece.folded, quantity.start, quantity.end)
        piece.comparisons.append(
            Comparison(
                plain,
                sign,
                quantity.values,
                quantity.unit.text,
                quantity.start,
                quantity.end,
                multiple_of=quantity.unit.multiple_of,
                confident=not unsure,
                only_for=only_for,
            )
        )
    piece.concept = names[-1]
    return True


_MEASURED_IN = re.compile(
    r"[^/]*(?:%|°|\bdegrees?|[ckm]m|\bmet(?:er|re)s?|\bsteps)(?:[\s/].*)?|.*(?:/|per )\s*(?:day|week|month|year)"
)
_THAN = re.compile(r"\b(?:than|dos(?:e|es|age)(?:\s+of)?)\W*$|[(×±]\s*$|\bx\s*$")
_TOLD = re.compile(r"\b(?:of|is|was|are|:)\s*$")
_ACRONYM = re.compile(r"[A-Z]{3,}$|\b[Gg]enotypes?$")


def _bare_counts(piece: _Piece, quantity: Quantity, before: str) -> bool:
    """Whether a number without a sign is a value of what stands before it, and not a name or a dose."""
    lead = piece.folded[: quantity.start]
    if quantity.unit.multiple_of:
        return True
    if not certainty.doubts_about(concepts.last_words(before)):
        told = _TOLD.search(lead[-8:]) is not None
        return bool(quantity.unit.text) or concepts.is_scored(lead) or told or len(quantity.values) > 1
    if len(quantity.values) > 1 and (concepts.is_scored(lead) or _ACRONYM.search(before)):
        return True
    measured = _MEASURED_IN.fullmatch(quantity.unit.text.lower()) is not None
    return measured and _THAN.search(lead[-20:]) is None


_EXTREME = re.compile(r"\b(min|max)im(?:um|al)\b")


def _bare(piece: _Piece, quantity: Quantity, floor: int) -> bool:
    """A value without a sign counts only right behind a measurement's name, and is never certain."""
    before = concepts.words_before(piece.text, quantity.start, floor)
    if not before or not _bare_counts(piece, quantity, before):
        return False
    limit = _EXTREME.search(before.lower())
    sign = Sign.EQ if limit is None else Sign.GTEQ if limit[1] == "min" else Sign.LTEQ
    for name in concepts.listed_before(piece.text, quantity.start, floor) or (before,):
        plain = Comparison(
            concepts.plain_name(name),
            sign,
            quantity.values,
            quantity.unit.text,
            quantity.start,
            quantity.end,
            multiple_of=quantity.unit.multiple_of,
        )
        piece.comparisons.append(plain)
    piece.concept = before
    return True


_SINCE = re.compile(r"\b(?:since|after|from)\s*$")
_UNTIL = re.compile(r"\b(?:until|before|up\s+to)\s*$")


def _calendar(piece: _Piece, quantity: Quantity, floor: int) -> bool:
    """Calendar years: "since 2010", "between 2012 and 2014"; a person says what they mean here."""
    before = piece.folded[max(floor, quantity.number - 30) : quantity.number]
    sign = quantity.sign
    if sign is None:
        sign = Sign.GTEQ if _SINCE.search(before) else Sign.LTEQ if _UNTIL.search(before) else None
    if sign is None:
        return False
    name = concepts.words_before(piece.text, quantity.start, floor)
    words = piece.text[quantity.start : quantity.end]
    piece.temporal.append(
        TimeLimit(
            name, sign, quantity.values, "calendar year", text=words, start=quantity.start, end=quantity.end
        )
    )
    return True


_UNCHANGED = re.compile(r"\b(?:stable|unchanged|constant|continuous(?:ly)?|same)\b[^.;]*$")
_UNSIGNED = {"window": Sign.LTEQ, "length": Sign.EQ, "past length": Sign.GTEQ}


def _limit(piece: _Piece, quantity: Quantity, floor: int) -> bool:
    found = times.when(piece.text, piece.folded, quantity.start, quantity.number, quantity.tail)
    sign = quantity.sign
    if sign is None:
        if found.kind == "unknown":
            return False
        sign = _UNSIGNED[found.kind]
    doubts = quantity.doubts + certainty.doubts_around(piece.folded, quantity.start, quantity.end)
    if quantity.sign is None and piece.folded[: quantity.start].rstrip().endswith("("):
        doubts += ("a second way to write it",)
    if found.kind == "window" and _UNCHANGED.search(
        piece.folded[max(floor, quantity.start - 60) : quantity.start]
    ):
        doubts += ("how long something lasts is told like a look back",)
    piece.temporal.append(
        TimeLimit(
            concepts.words_before(piece.text, quantity.start, floor) or piece.context,
            sign,
            quantity.values,
            quantity.unit.time,
            found.direction,
            found.anchor,
            found.kind.endswith("length"),
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
