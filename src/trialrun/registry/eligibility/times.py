"""Whether a length of time is an age, a measured length, or a limit in time; and before or after what."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trialrun.registry.comparison import Direction

_AGE_AFTER = re.compile(
    r"[\s-]*(?:of\s+ages?\b|-?\s*olds?\b|at\s+the\s+time\s+of\s+(?:consent|enrol|screen|signing|inclusion)|and\s+old)|\s*\)?,?\s*(?:male|female|men|women|both\s+(?:sexes|genders))|\s*(?:or|and|&)\s*(?:older|younger|over\b(?!\s+\d))"
)
_AGE_BEFORE = re.compile(r"\b(?:age[sd]?|aging|old|older\s+than|younger\s+than|birthday)\b[^.;]{0,60}$")
_NOT_AGE_AFTER = re.compile(
    r"\s*(?:,\s*)?(?:before|prior|after|ago|since|from|preceding|following|post|earlier|history|duration|experience|of\s+(?!age)\w+|survival|follow)"
)
_MEASURED = re.compile(
    r"\b(?:expectanc\w+|surviv\w+|life\s*(?:span|time)|gestation\w*|cycles?|prognosis|commut\w+|distance|half-?li\w+|interval|bone\s+age|duration\s+of\s+pregnancy)\b[^.;]{0,50}$"
)
_MEASURED_AFTER = re.compile(
    r"\s*(?:'s?|of)?\s*(?:life\s+expectancy|expected\s+survival|gestation\w*|of\s+gestation|life\s+span|pregnan\w+)"
)
_LOOK_BACK = re.compile(
    r"\b(?:past|last|previous|prior|preceding|recent|within|in\s+the|during\s+the|during|over\s+the|for\s+the)\s+(?:the\s+)?(?:last\s+|past\s+|previous\s+|prior\s+)?(?:approximately\s+)?$"
)
_BEFORE = re.compile(
    r"\s*(?:\([^)]{0,30}\)\s*)?,?\s*(?:immediately\s+)?(?:before|prior\s+to|preceding|prior|previous\s+to|ahead\s+of|leading\s+up\s+to|pre-?(?=\w)|earlier|ago|of\s+(?=(?:the\s+)?(?:screening|enrol|baseline|study|random|inclusion|visit|first|day|entry|start|informed|consent|registration|treatment|initiation)))"
)
_AFTER = re.compile(
    r"\s*(?:\([^)]{0,30}\)\s*)?,?\s*(?:after|following|post-?|since|from|of\s+(?=(?:the\s+)?(?:birth|discharge|surgery|onset|diagnosis|admission|injury|delivery|transfer|last))|subsequent)"
)
_FOR = re.compile(
    r"\b(?:for|lasting|lasts?|persist\w*|duration(?:\s+of)?(?:\s+is)?|continuously|throughout|spent|stable|over|history\s+of|older|longer|since)\s*(?:the\s+)?(?:past\s+|last\s+)?(?:a\s+)?(?:period\s+of\s+)?$"
)
_LENGTH_AFTER = re.compile(
    r"\s*(?:of\s+)?(?:duration|history|long|consecutive|period|in\s+duration|evolution|experience|or\s+(?:more|longer))"
)
_STOP = re.compile(r"[.;,()]|\s(?:and|or|with|unless|except|if|who|that|which|but|for|is|are|was|were)\b")


@dataclass(frozen=True, slots=True)
class When:
    """What a length of time is: `age`, `measured` (life expectancy), `window`, `length` or `unknown`."""

    kind: str
    direction: Direction | None = None
    anchor: str = ""


def is_age(folded: str, start: int, end: int, unit: str, floor: int) -> bool:
    """Whether years, months or days are somebody's age."""
    if unit not in ("year", "month", "week", "day", "hour"):
        return False
    after = folded[end : end + 60]
    if _AGE_AFTER.match(after):
        return True
    if _NOT_AGE_AFTER.match(after):
        return False
    before = folded[max(floor, start - 90) : start]
    if re.search(r"\bage[sd]?\b[^.;,]{0,40}$", before) and not re.search(
        r"\b(?:within|last|past|previous)\b", before[-30:]
    ):
        return True
    words = re.sub(r"[^a-z ]", " ", f"{folded[max(floor, start - 60) : start]} {after[:40]}").split()
    plain = {
        "patients",
        "patient",
        "subjects",
        "subject",
        "participants",
        "male",
        "males",
        "female",
        "females",
        "men",
        "women",
        "adults",
        "adult",
        "or",
        "and",
        "must",
        "be",
        "are",
        "is",
        "the",
        "who",
        "healthy",
        "volunteers",
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
        "children",
        "old",
        "aged",
        "of",
        "to",
        "a",
        "an",
        "years",
        "year",
        "both",
        "sexes",
        "individuals",
        "person",
        "persons",
        "people",
        "in",
        "with",
        "including",
        "more",
        "less",
        "greater",
        "equal",
        "above",
        "below",
        "minors",
        "minor",
        "girls",
        "boys",
        "pediatric",
        "elderly",
        "woman",
        "man",
        "child",
        "infants",
        "infant",
        "any",
        "sex",
        "gender",
        "all",
        "range",
        "limit",
    }
    return unit == "year" and all(word in plain for word in words)


def is_measured(folded: str, start: int, end: int, floor: int) -> bool:
    """Whether a length is a finding of its own, such as life expectancy or gestational age."""
    return bool(
        _MEASURED.search(folded[max(floor, start - 80) : start])
        or _MEASURED_AFTER.match(folded[end : end + 40])
    )


def when(text: str, folded: str, start: int, number: int, end: int) -> When:
    """Where a limit in time lies: before or after what, or how long something lasts."""
    after = folded[end : end + 60]
    back = _LOOK_BACK.search(folded[max(0, number - 60) : number]) is not None
    for pattern, direction in ((_BEFORE, Direction.BEFORE), (_AFTER, Direction.AFTER)):
        match = pattern.match(after)
        if match is not None:
            return When("window", direction, _anchor(text, end + match.end()))
    if _FOR.search(folded[max(0, start - 40) : start] + folded[start:number]) and not re.search(
        r"\b(?:within|past|last|previous|prior)\b", folded[start:number]
    ):
        return When("length")
    if back:
        return When("window", Direction.BEFORE)
    if _LENGTH_AFTER.match(after):
        return When("length")
    return When("unknown")


def _anchor(text: str, place: int) -> str:
    piece = re.sub(
        r"^\s*(?:to\s+|of\s+)?(?:the\s+|their\s+|a\s+|any\s+)?",
        "",
        text[place : place + 80],
        flags=re.IGNORECASE,
    )
    stop = _STOP.search(piece)
    return " ".join((piece[: stop.start()] if stop else piece).split()[:8])
