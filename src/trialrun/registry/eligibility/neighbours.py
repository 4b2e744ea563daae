"""Quantities beside each other: what is written once for both, and limits without a number."""

from __future__ import annotations

import re
from dataclasses import replace

from trialrun.registry.comparison import Sign
from trialrun.registry.eligibility.quantity import Quantity
from trialrun.registry.eligibility.signs import sign_before
from trialrun.registry.eligibility.units import unit_at

BETWEEN = re.compile(r"\b(?:between|from|rang(?:es?|ing|ed)(?:\s+(?:of|is))?)\b(?!.*\bto\b)[^.;,()]{0,40}$")


def same_unit(unit: str) -> str:
    """A unit as it is compared with another: "years" and "year" are one."""
    return unit.lower().rstrip("s.").rstrip()


_LIMIT_ALONE = re.compile(
    r"(?<!\w)(?P<sign>>=|≥|>|<=|≤|<|above|over|exceed(?:s|ing)|below|(?:greater|higher|more|less|lower)\s+than)\s*(?:the\s+)?(?=i?uln|lln|upper|lower)"
)


_COUNTED = re.compile(
    r"(?:folds?|times?|\dx|×)\s*$"
)  # the number stands before: "3 times above the upper limit"


def numberless(text: str, folded: str, found: list[Quantity]) -> list[Quantity]:
    """Limits without a number: "> ULN" is more than one time the limit."""
    alone: list[Quantity] = []
    for match in _LIMIT_ALONE.finditer(folded):
        unit = unit_at(folded, text, match.end())
        sign = sign_before(folded, match.end(), max(0, match.start() - 1))
        inside = any(one.start <= match.start() < one.end for one in found)
        if not unit.multiple_of or sign is None or inside or _COUNTED.search(folded[: match.start()][-12:]):
            continue
        alone.append(Quantity(sign.start, unit.end, match.end(), sign.sign, ("1",), unit, sign.words))
    return alone


_AND = re.compile(r"\s*[,;)]?\s*(?:and/or|and|or|but|to|&|-|/)?\s*\(?\s*")
_TO = re.compile(r"\s*(?:-|to|up\s+to)\s*")
_UPPER = (Sign.LT, Sign.LTEQ)


def _both_ends(folded: str, one: Quantity, following: Quantity, gap: str) -> Quantity | None:
    """ "between ≥ 20 and ≤ 45" is one range, both ends included."""
    if (
        (one.sign, following.sign) != (Sign.GTEQ, Sign.LTEQ)
        or one.unit.multiple_of
        or "mirrored" in one.words
    ):
        return None
    between = BETWEEN.search(folded[max(0, one.start - 40) : one.start])
    joins = _TO.fullmatch(gap) or (between is not None and _AND.fullmatch(gap))
    if not joins or len(one.values) + len(following.values) > 2:
        return None
    if float(one.values[0]) >= float(following.values[0]):
        return None
    doubts = one.doubts + following.doubts
    if one.unit.text and same_unit(one.unit.text) != same_unit(following.unit.text):
        doubts += ("two units",)
    return replace(
        following,
        start=one.start,
        number=one.number,
        sign=Sign.BETWEEN,
        values=one.values + following.values,
        words=between.group() if between else "",
        doubts=doubts,
    )


def joined(folded: str, found: list[Quantity]) -> list[Quantity]:
    """Neighbours share what is written once: "≥ 1 and ≤ 6 months", "2 to < 12 years"."""
    found = sorted(found, key=lambda one: one.number)
    for place in range(len(found) - 2, -1, -1):
        one, following = found[place], found[place + 1]
        gap = folded[one.end : following.start]
        if one.sign is not None and _AND.fullmatch(gap):
            found[place] = one = replace(one, joined_to=following.tail)
            found[place + 1] = replace(following, joined_from=one.start)
        whole = _both_ends(folded, one, following, gap)
        if whole is not None:
            found[place : place + 2] = [whole]
            continue
        if following.sign is None or (one.unit.text and one.unit.time != following.unit.time):
            continue
        if one.sign is None and following.sign in _UPPER and _TO.fullmatch(gap):
            shared = one.unit if one.unit.text else replace(following.unit, end=one.end)
            found[place] = replace(one, sign=Sign.GTEQ, unit=shared, words="to", joined_to=following.tail)
        elif not one.unit.text and one.sign is not None and _AND.fullmatch(gap):
            found[place] = replace(one, unit=replace(following.unit, end=one.end))
    return found
