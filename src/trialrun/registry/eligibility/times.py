"""Where a limit in time lies: before or after what, or how long something lasts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trialrun.registry.comparison import Direction

_BACK = re.compile(
    r"\b(?:past|(?<!to\s)last|previous|prior|preceding|recent|within|in\s+the|during\s+the|during|over\s+the|first|next|following)\s+"
    r"(?:the\s+)?(?:last\s+|past\s+|previous\s+|prior\s+)?(?:approximately\s+|at\s+least\s+)?$"
)
_PAST = re.compile(r"\b(?:past|(?<!to\s)last|previous|prior|preceding)\s+$")
_VAGUE = re.compile(r"(?<!with)(?:\bin|during|over)\s+(?:the\s+)?(?:approximately\s+|at\s+least\s+)?$")
_FORWARD = re.compile(r"\b(?:first|next|following|coming)\s+$")
_EVENTS = (
    r"(?:screening|enrol|baseline|study|random|inclusion|visit|first|day|entry|start|informed|consent|registration|treatment|"
    r"initiation|trial|dosing|protocol|administration|recruit|assessment)"
)
_GAP = r"\s*(?:\([^)]{0,30}\)\s*)?,?\s*"
_BEFORE = re.compile(
    _GAP
    + r"(?:immediately\s+|just\s+)?(?:before|prior\s+to|preceding|prior|previous\s+to|ahead\s+of|leading\s+up\s+to|"
    + r"earlier\s+than|ago|pre-?(?=\w)|of\s+(?=(?:the\s+)?(?:\w+\s+)?"
    + _EVENTS
    + r"))"
)
_AFTER = re.compile(
    _GAP
    + r"(?:after|following|post-?|since|from|subsequent\s+to|of\s+(?=(?:the\s+|their\s+)?"
    + r"(?:birth|discharge|surgery|onset|diagnosis|admission|injury|delivery|transfer|last|symptom|stroke)))"
)
_FOR = re.compile(
    r"\b(?:for|lasting|to\s+last|lasts\b|persist\w*|duration(?:\s+of)?(?:\s+is)?|continuously|throughout|spent|stable|over(?!\s+the\s+(?:past|last|previous))|history\s+of|"
    r"older|longer|since|period\s+of)\s*(?:the\s+)?(?:past\s+|last\s+|previous\s+)?(?:a\s+)?(?:period\s+of\s+)?$"
)
_LENGTH_AFTER = re.compile(
    r"\s*(?:'s?\s+)?(?:of\s+)?(?:duration|history|long\b|consecutive|period|in\s+duration|evolution|experience|or\s+(?:more|longer))"
)
_STOP = re.compile(r"[.;,()]|\s(?:and|or|with|unless|except|if|who|that|which|but|for|is|are|was|were)\b")


@dataclass(frozen=True, slots=True)
class When:
    """What a length of time is, and where it lies.

    Args:
        kind: `window`, `length`, `past length` ("for the past 3 months") or `unknown`.
        direction, anchor: before or after what, where the text says it.
    """

    kind: str
    direction: Direction | None = None
    anchor: str = ""


def when(text: str, folded: str, start: int, number: int, end: int) -> When:
    """Where a limit in time lies: before or after what, or how long something lasts."""
    after = folded[end : end + 60]
    lead = folded[max(0, start - 60) : start]
    between = folded[start:number]
    back = _BACK.search(lead + between) is not None
    for pattern, direction in ((_BEFORE, Direction.BEFORE), (_AFTER, Direction.AFTER)):
        match = pattern.match(after)
        if match is not None and not (_lasts(lead, between) and "within" not in between):
            return When("window", direction, _anchor(text, end + match.end()))
        if match is not None:
            return When("length", direction, _anchor(text, end + match.end()))
    if _lasts(lead, between) and "within" not in between:
        return When("past length" if _PAST.search(lead + between) else "length")
    if back and _VAGUE.search(lead + between):
        return When("unknown")
    if back:
        return When("window", Direction.AFTER if _FORWARD.search(lead + between) else Direction.BEFORE)
    if _LENGTH_AFTER.match(after) or re.search(r"\bduration\b[^.;,]{0,40}$", lead):
        return When("length")
    return When("unknown")


def _lasts(lead: str, between: str) -> bool:
    """Whether the words before a length say that something lasts so long."""
    return _FOR.search(lead if between.strip() and not _PAST.search(between) else lead + between) is not None


def _anchor(text: str, place: int) -> str:
    piece = re.sub(
        r"^\s*(?:to\s+|of\s+)?(?:the\s+|their\s+|a\s+|any\s+)?",
        "",
        text[place : place + 80],
        flags=re.IGNORECASE,
    )
    stop = _STOP.search(piece)
    return " ".join((piece[: stop.start()] if stop else piece).split()[:8])
