"""Whether a length of time is somebody's age, or a finding of its own such as life expectancy."""

from __future__ import annotations

import re

_PERSON = (
    r"(?:patients?|subjects?|participants?|males?|females?|wom[ae]n|m[ae]n|adults?|children|child|infants?|minors?|girls?|boys?|"
    r"individuals?|persons?|people|volunteers?|sexes|genders?|elderly|adolescents?|youths?|both)"
)
_SAYS_AGE = re.compile(
    r"[\s-]*(?:of\s+ages?\b|-?\s*olds?\b|and\s+old\b)|\s*(?:or|and|&)\s*(?:older|younger)\b",
)
_SUGGESTS_AGE = re.compile(
    r"[\s-]*at\s+the\s+time\s+of\s+(?:consent|enrol|screen|signing|inclusion|informed)|\s*(?:or|and|&)\s*over\b(?!\s+\d)"
    r"|\s*\)?,?\s*(?:males?|females?|wom[ae]n|m[ae]n|both)\b|\s*\(?\s*(?:both\s+)?inclusive\b"
)
_NO_AGE = re.compile(
    r"\s*\(?\s*(?:,\s*)?(?:before|prior|after|ago|since|from|preceding|following|post|earlier|history|duration|experience|"
    r"of\s+(?!age)\w+|survival|follow|without|free|at\s+least)"
)
_AGE_JUST_BEFORE = re.compile(
    r"\bage[sd]?(?:\s+(?:group|range|limits?))?(?:[\s:,(=]|\b(?:is|of|between|from|rang\w+|must|be|are|should|being|in|the|to|"
    r"years|at|least|or|and|limits?|than|equal|greater|more|less|old|older|over|under|patients?|subjects?)\b)*$"
)
_AGE_BEFORE = re.compile(r"\bage[sd]?\b[^.;,]{0,40}$")
_WINDOW_WORD = re.compile(r"\b(?:within|last|past|previous|for)\b")
_IN_BRACKETS = re.compile(rf"\b{_PERSON}\s*[(,:]\s*$")
_PERSON_BEFORE = re.compile(
    rf"(?:^|[.;:(]|\bor\b|\band\b)\W*(?:\w+\s+)?{_PERSON}\s+(?:(?:who|that|must|are|is|be|of)\s+)*$"
)
_PLAIN = re.compile(
    rf"(?:{_PERSON}|or|and|must|be|are|is|the|who|healthy|between|from|over|under|older|than|younger|inclusive|at|least|old|aged|"
    r"of|to|a|an|years?|in|with|including|more|less|greater|equal|above|below|any|sex|gender|all|range|limit|p?a?ediatric|not|"
    r"no|exceeding|eligible|enrolled|upper|lower|either|have|has|reached|i)$"
)
_OTHER_AGE = re.compile(
    r"\b(?:gestation\w*|bone\s+age|post-?menstrual|post-?conception\w*|corrected\s+age|amenorrh\w+)\b[^.;]{0,50}$"
)
_OTHER_AFTER = re.compile(r"\s*(?:of\s+)?(?:gestation\w*|amenorrh\w+|pregnancy|pregnant)\b(?!\s+wom[ae]n)")
_OLDER = re.compile(r"\b(?:older|younger)\s+than\b")
_AGE_FROM = 10
_TIMES = ("year", "month", "week", "day", "hour")


def is_age(folded: str, start: int, end: int, unit: str, floor: int, least: float) -> bool:
    """Whether years, months or days are somebody's age."""
    if unit not in _TIMES:
        return False
    before, after = folded[max(floor, start - 90) : start], folded[end : end + 60]
    inside = folded[start:end]
    if _OTHER_AGE.search(before + inside) or _OTHER_AFTER.match(after):
        return False
    if _SAYS_AGE.match(after) or _SAYS_AGE.search(inside) or re.search(r"\bage[sd]?\b", inside):
        return True
    if _AGE_JUST_BEFORE.search(before):
        return True
    if _NO_AGE.match(after):
        return False
    if _OLDER.search(inside) and (_PERSON_BEFORE.search(before) or not before.strip()):
        return True
    if _AGE_BEFORE.search(before) and not _WINDOW_WORD.search(before[-30:]):
        return True
    return unit == "year" and _plain_years(before, after, least)


def _plain_years(before: str, after: str, least: float) -> bool:
    """Years among words that speak of nothing but people."""
    if _IN_BRACKETS.search(before):
        return True
    if not before.strip() and least >= _AGE_FROM and re.match(r"\s*(?:or|and|with|,|\.|$)", after):
        return True
    stop = re.search(r"[,.;:()]", after)
    words = re.findall(r"[a-z]+", f"{before[-60:]} {after[: stop.start()] if stop else after[:40]}")
    if _SUGGESTS_AGE.match(after):
        words = re.findall(r"[a-z]+", before[-60:])
    return least > 1 and all(_PLAIN.match(word) for word in words)


_MEASURED = (
    r"\b(?:expectanc\w+|surviv(?:al|e)\w*|life\s*(?:span|time)|gestation\w*|(?:menstrual|ovarian)\s+cycles?|cycle\s+length|prognosis|"
    r"commut\w+|distance|bone\s+age|sleep\s+latency|post-?menstrual\s+age|corrected\s+age|amenorrh\w+|term)\b"
)
_MEASURED_BEFORE = re.compile(rf"{_MEASURED}[^.;]{{0,50}}$")
_MEASURED_JUST_BEFORE = re.compile(
    rf"{_MEASURED}(?:[\s:(=]|\b(?:is|of|at|least|should|must|be|estimated|to|for|a)\b)*$"
)
_MEASURED_AFTER = re.compile(
    r"\s*(?:'s?|of)?\s*(?:life\s+expectancy|expected\s+survival|gestation\w*|life\s+span|of\s+pregnan\w+|pregnan\w+(?!\s+wom)|"
    r"of\s+amenorrh\w+)"
)


def is_measured(folded: str, start: int, end: int, floor: int, *, close: bool = False) -> bool:
    """Whether a length is a finding of its own, such as life expectancy or gestational age.

    `close` asks for its name right before the number.
    """
    before = folded[max(floor, start - 80) : start]
    if close:
        return _MEASURED_JUST_BEFORE.search(before) is not None
    return bool(_MEASURED_BEFORE.search(before) or _MEASURED_AFTER.match(folded[end : end + 40]))
