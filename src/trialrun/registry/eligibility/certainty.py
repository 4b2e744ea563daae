"""Reasons why a comparison that was read must not be acted on by a machine."""

from __future__ import annotations

import re

_CONDITION = re.compile(
    r"\b(?:if|unless|except|excluding|other\s+than|in\s+case\s+of|when|whichever|provided|apart\s+from|only\s+if|"
    r"in\s+(?:the\s+)?(?:presence|absence)\s+of|allowed|permitted|acceptable|in\s+(?:fe)?males?|for\s+(?:fe)?males?|(?:in|for)\s+(?:wo)?men|"
    r"depending|e\.g\.|for\s+example|such\s+as|with\s+exception|however|otherwise)\b"
)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|inability|unable|lack|absence|n't)\b"
)


def doubts_around(folded: str, start: int, end: int) -> tuple[str, ...]:
    """What in the clause around a comparison may turn it round or restrict it."""
    begin = max(folded.rfind(mark, 0, start) for mark in (". ", ";"))
    stops = [place for mark in (". ", ";") if (place := folded.find(mark, end)) >= 0]
    clause = folded[begin + 1 : start] + " " + folded[end : min(stops, default=len(folded))]
    found: tuple[str, ...] = ()
    if _CONDITION.search(clause):
        found += ("a condition stands beside it",)
    if _NEGATION.search(folded[begin + 1 : start]):
        found += ("a negation stands before it",)
    return found
