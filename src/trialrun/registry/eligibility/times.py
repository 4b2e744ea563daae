"""Whether a length of time is an age, a measured length, or a limit in time; and before or after what."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trialrun.registry.comparison import Direction

_PERSON = (
    r"(?:patients?|subjects?|participants?|males?|females?|wom[ae]n|m[ae]n|adults?|children|child|infants?|minors?|girls?|boys?|"
    r"individuals?|persons?|people|volunteers?|sexes|genders?|elderly|adolescents?|youths?|both)"
)
_AGE_AFTER = re.compile(
    r"[\s-]*(?:of\s+ages?\b|-?\s*olds?\b|at\s+the\s+time\s+of\s+(?:consent|enrol|screen|signing|inclusion|informed)|and\s+old)"
    rf"|\s*\)?,?\s*{_PERSON}\b"
    r"|\s*(?:or|and|&)\s*(?:older|younger|over\b(?!\s+\d))|\s*\(?\s*(?:inclusive|both\s+inclusive)\b"
)
_NOT_AGE_AFTER = re.compile(
    r"\s*\(?\s*(?:,\s*)?(?:before|prior|after|ago|since|from|preceding|following|post|earlier|history|duration|experience|"
    r"of\s+(?!age)\w+|survival|follow|without|free|at\s+least)"
)
_AGE_BEFORE = re.compile(r"\bage[sd]?\b[^.;,]{0,40}$")
_WINDOW_WORD = re.compile(r"\b(?:within|last|past|previous|for)\b")
_ADULT_BRACKET = re.compile(rf"\b{_PERSON}\s*[(,:]\s*$")
_PLAIN_WORDS = frozenset(
    [
        "or",
        "and",
        "must",
        "be",
        "are",
        "is",
        "the",
        "who",
        "healthy",
        "between",
        "from",
        "over",
        "under",
        "older",
        "than",
        "younger",
        "inclusive",
        "at",
        "least",
        "old",
        "aged",
        "of",
        "to",
        "a",
        "an",
        "years",
        "year",
        "in",
        "with",
        "including",
        "more",
        "less",
        "greater",
        "equal",
        "above",
        "below",
        "any",
        "sex",
        "gender",
        "all",
        "range",
        "limit",
        "pediatric",
        "not",
        "no",
        "exceeding",
        "eligible",
        "enrolled",
        "upper",
        "lower",
        "either",
        "have",
        "has",
        "reached",
        "i",
    ]
)
_WORD = re.compile(rf"^{_PERSON}$")
_MEASURED = re.compile(
    r"\b(?:expectanc\w+|surviv\w+|life\s*(?:span|time)|gestation\w*|post-?menstrual\s+age|corrected\s+age|amenorrh\w+|term|pregnan\w+|(?:menstrual|ovarian)\s+cycles?|cycle\s+length|prognosis|"
    r"commut\w+|distance|bone\s+age|sleep\s+latency)\b[^.;]{0,50}$"
)
_MEASURED_AFTER = re.compile(
    r"\s*(?:'s?|of)?\s*(?:life\s+expectancy|expected\s+survival|gestation\w*|of\s+gestation|life\s+span|of\s+pregnan\w+|pregnan\w+|of\s+amenorrh\w+)"
)
_BACK = re.compile(
    r"\b(?:past|last|previous|prior|preceding|recent|within|in\s+the|during\s+the|during|over\s+the|first|next|following)\s+"
    r"(?:the\s+)?(?:last\s+|past\s+|previous\s+|prior\s+)?(?:approximately\s+|at\s+least\s+)?$"
)
_PAST = re.compile(r"\b(?:past|last|previous|prior|preceding)\s+$")
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
    r"\b(?:for|lasting|lasts\b|persist\w*|duration(?:\s+of)?(?:\s+is)?|continuously|throughout|spent|stable|over(?!\s+the\s+(?:past|last|previous))|history\s+of|"
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


_AGE_FROM = 10
_OTHER_AGE = re.compile(
    r"\b(?:gestation\w*|bone\s+age|post-?menstrual|post-?conception\w*|corrected\s+age|pregnan\w+|amenorrh\w+)\b"
)


def is_age(folded: str, start: int, end: int, unit: str, floor: int, least: float) -> bool:
    """Whether years, months or days are somebody's age."""
    if unit not in ("year", "month", "week", "day", "hour"):
        return False
    after = folded[end : end + 60]
    if _OTHER_AGE.search(f"{folded[max(0, start - 60) : end]} {after[:25]}"):
        return False
    if _AGE_AFTER.match(after):
        return True
    if _NOT_AGE_AFTER.match(after):
        return False
    before = folded[max(floor, start - 90) : start]
    if _AGE_BEFORE.search(before) and not _WINDOW_WORD.search(before[-30:]):
        return True
    if re.search(r"\bage[sd]?\b", folded[start:end]):
        return True
    relative = re.search(r"\b(?:older|younger)\b", folded[start:end]) is not None
    if unit != "year" and not relative:
        return False
    if _ADULT_BRACKET.search(before):
        return True
    if not before.strip() and least >= _AGE_FROM and re.match(r"\s*(?:or|and|with|,|\.|$)", after):
        return True
    stop = re.search(r"[,.;:()]", after)
    words = re.findall(r"[a-z]+", f"{before[-60:]} {after[: stop.start()] if stop else after[:40]}")
    return all(word in _PLAIN_WORDS or _WORD.match(word) for word in words)


def is_measured(folded: str, start: int, end: int, floor: int) -> bool:
    """Whether a length is a finding of its own, such as life expectancy or gestational age."""
    return bool(
        _MEASURED.search(folded[max(floor, start - 80) : start])
        or _MEASURED_AFTER.match(folded[end : end + 40])
    )


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
