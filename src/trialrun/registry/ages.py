"""Age limits written inside eligibility text, for records that have them nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass

_YEARS = r"\s*-?\s*(?:years?|yrs?\.?|y\.?o\.?)"
_BETWEEN = re.compile(
    rf"\b(?:ages?d?|between|adults?|males?|females?|men|women|participants?)\b[^.;<>≤≥\d]{{0,40}}?(\d{{1,3}})"
    rf"(?:{_YEARS})?\s*(?:-|–|to|and)\s*(\d{{1,3}})\b(?!\s*(?:kg|%|mg|cm))(?={_YEARS}|\s*(?:old|of age|inclusive|$|[.;,)]))",
    re.IGNORECASE,
)
_AGED_PLAIN = re.compile(r"^ages?d?:?\s*(\d{1,3})\s*(?:-|–|to)\s*(\d{1,3})\b", re.IGNORECASE)
_AT_LEAST = re.compile(
    rf"\bage[ds]?\b[^.;\d<>≤≥]{{0,20}}(?:≥|>=|at least|of at least)\s*(\d{{1,3}})|\bage[ds]?:?\s*(\d{{1,3}})\s*\+"
    rf"|\bage[ds]?:?\s*(\d{{1,3}}){_YEARS}?\s+(?:or|and) (?:older|above|over)"
    rf"|\b(\d{{1,3}}){_YEARS}\s*(?:old\s+)?(?:of age\s+)?(?:or|and) (?:older|above|over)",
    re.IGNORECASE,
)
_OLDEST = 130
_LONGEST = 5_000


@dataclass(frozen=True, slots=True)
class AgeRange:
    """Ages admitted, in completed years, both ends included; `words` is the text that says so."""

    low: int | None
    high: int | None
    words: str


def ages_in(text: str) -> AgeRange | None:
    """The age limits a criterion states, or `None` when it states none that can be read with certainty."""
    text = text[:_LONGEST]
    for pattern in (_BETWEEN, _AGED_PLAIN):
        match = pattern.search(text)
        if match and int(match.group(1)) < int(match.group(2)) <= _OLDEST:
            return AgeRange(int(match.group(1)), int(match.group(2)), _words(text, match))
    match = _AT_LEAST.search(text)
    if match:
        low = int(next(group for group in match.groups() if group))
        return AgeRange(low, None, _words(text, match)) if low <= _OLDEST else None
    return None


def _words(text: str, match: re.Match[str]) -> str:
    unit = re.match(rf"(?:{_YEARS})?(?:\s*(?:old|of age))?", text[match.end() :], re.IGNORECASE)
    return (match.group(0) + (unit.group(0) if unit else "")).strip()
