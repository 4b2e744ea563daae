"""Numbers with their sign, range and unit: what a line compares something with, before it is known what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from trialrun.registry.comparison import Sign
from trialrun.registry.eligibility.numbers import Number, numbers_in
from trialrun.registry.eligibility.signs import AFTER, FoundSign, sign_before, symbol_after
from trialrun.registry.eligibility.units import Unit, unit_at

_JOIN = re.compile(
    r"\s*-?\s*(?:(?P<dash>-|~)|(?P<to>to|through|thru|till|until|up\s+to|and\s+up\s+to)\b|(?P<and>and|&)(?!\w))\s*(?:the\s+|ages?\s+(?:of\s+)?|aged\s+|years\s+)?(?:(?P<top>no\s+(?:older|more|greater|higher)\s+than|less\s+than\s+or\s+equal\s+to|≤)\s*)?"
)
_BETWEEN = re.compile(r"\b(?:between|from|rang(?:es?|ing|ed)(?:\s+(?:of|is))?)\b[^.;,()]{0,40}$")
_AND_OF_AGES = re.compile(r"\bages?\s+(?:of\s+)?$|\baged\s+$")
_OLD = re.compile(r"[\s-]*(?:of\s+age|-?\s*olds?\b|of\s+ages)")


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number or range with what stands around it.

    Args:
        start, end: from its sign to its unit.
        number: where its first digit stands.
        sign: the comparison; None where none is written.
        values: its numbers, lower first for a range.
        unit: as written, with the time it counts or the limit it multiplies.
        words: the words of the sign in lower case.
        doubts: why a machine should not act on it.
    """

    start: int
    end: int
    number: int
    sign: Sign | None
    values: tuple[str, ...]
    unit: Unit
    words: str = ""
    doubts: tuple[str, ...] = ()


_NAME_TAIL = re.compile(r"[a-z]$|[a-z]-$|[a-z]\.$|\d[.,]$|[#\^_/]$")
_NO_TAIL = re.compile(r"[a-z_]|\d|-[a-z]|/\d|(?:st|nd|rd|th)\b")


def quantities(text: str, folded: str) -> Iterator[Quantity]:
    """All quantities of a text in their order; a number that is part of a name is none."""
    numbers = numbers_in(folded)
    floor, at = 0, 0
    while at < len(numbers):
        number = numbers[at]
        if number.start < floor or _part_of_name(folded, number):
            at += 1
            continue
        found, used = _one(text, folded, numbers, at, floor)
        yield found
        floor = found.end
        at += used


def _part_of_name(folded: str, number: Number) -> bool:
    before = folded[max(0, number.start - 3) : number.start]
    if number.word:
        return False
    if _NAME_TAIL.search(before) and not re.search(r"(?:^|\W)(?:x|n|q)$", before):
        return True
    after = folded[number.end : number.end + 12]
    return (
        re.match(
            r"(?:st|nd|rd|th)\b(?!\s+(?:per)?centile)|:\d|/\d{1,2}/\d|d\b|[a-z]\d|-?dimensional|(?:hydroxy|beta|alpha)",
            after,
        )
        is not None
    )


def _one(text: str, folded: str, numbers: list[Number], at: int, floor: int) -> tuple[Quantity, int]:
    number = numbers[at]
    sign = sign_before(folded, number.start, floor)
    unit = unit_at(folded, text, number.end)
    if sign is None or sign.sign is not Sign.GT:
        span = _range(text, folded, numbers, at, sign, unit, floor)
        if span is not None:
            return span
    return _single(folded, number, sign, unit), 1


def _range(
    text: str, folded: str, numbers: list[Number], at: int, sign: FoundSign | None, unit: Unit, floor: int
) -> tuple[Quantity, int] | None:
    if at + 1 >= len(numbers):
        return None
    first, second = numbers[at], numbers[at + 1]
    if unit.multiple_of:
        return None
    between = _BETWEEN.search(folded[max(floor, first.start - 60) : first.start])
    for place in (_past_old(folded, unit.end), unit.end, first.end):
        join = _JOIN.match(folded, place)
        if join is None or join.end() not in (second.start, second.start + 1):
            continue
        allowed = join["and"] is None or between or _AND_OF_AGES.search(folded[: first.start][-12:])
        if not allowed or (join["dash"] and between is None and _negative(first, second)):
            continue
        low, high = (
            v.value.lstrip("-") if join["dash"] and v is second else v.value for v in (first, second)
        )
        if float(low) >= float(high) and not _negative(first, second):
            return None
        later = unit_at(folded, text, second.end)
        start = (
            first.start - (60 - between.start())
            if between and first.start - floor >= 60
            else (floor + between.start() if between else first.start)
        )
        doubts = () if sign is None else ("a range behind a sign",)
        if first.doubtful or second.doubtful:
            doubts += ("the number can be read in two ways",)
        if unit.text and later.text and _same(unit.text) != _same(later.text):
            doubts += ("two units",)
        ends = (
            later
            if later.text
            else (replace(unit, end=second.end) if place == unit.end else replace(later, end=second.end))
        )
        end = max(second.end, ends.end)
        values = (low, second.value) if not _negative(first, second) else (first.value, second.value)
        if float(values[0]) > float(values[1]):
            values = (values[1], values[0])
        return Quantity(
            min(start, first.start),
            end,
            first.start,
            Sign.BETWEEN,
            values,
            ends,
            between.group() if between else "",
            doubts,
        ), 2
    return None


def _same(unit: str) -> str:
    return unit.lower().rstrip("s.").rstrip()


def _negative(first: Number, second: Number) -> bool:
    return first.value.startswith("-") or (second.value.startswith("-") and first.value.startswith("-"))


def _past_old(folded: str, place: int) -> int:
    old = _OLD.match(folded, place)
    return old.end() if old else place


def _single(folded: str, number: Number, sign: FoundSign | None, unit: Unit) -> Quantity:
    doubts: list[str] = []
    start, end, which, words = number.start, max(number.end, unit.end), None, ""
    if sign is not None:
        start, which, words = sign.start, sign.sign, sign.words
        if sign.vague:
            doubts.append("an approximate number")
    tail = _past_old(folded, end)
    after = AFTER.match(folded, tail)
    if after is not None:
        told = (
            Sign.GTEQ
            if after["more"]
            else Sign.LTEQ
            if after["less"]
            else Sign.GT
            if after["gt"]
            else Sign.LT
        )
        if which is None or told is which:
            which, end = told, after.end()
            words = words or after.group()
        elif {which, told} == {Sign.GT, Sign.GTEQ} or {which, told} == {Sign.LT, Sign.LTEQ}:
            which, end = told, after.end()
            doubts.append("two signs")
    if which is None:
        turned = symbol_after(folded, end)
        if turned is not None:
            which, words = turned[0], "mirrored"
            end = turned[1]
    if number.doubtful:
        doubts.append("the number can be read in two ways")
    return Quantity(start, end, number.start, which, (number.value,), unit, words, tuple(doubts))
