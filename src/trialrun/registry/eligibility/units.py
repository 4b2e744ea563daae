"""Units after a number: times, laboratory and body units, multiples of a reference limit."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TIMES = {
    "half-life": r"(?:elimination\s+|plasma\s+|terminal\s+)?half[\s-]?li(?:fe|ves)(?:\s+period)?s?",
    "second": r"seconds?|secs?\b\.?",
    "minute": r"minutes?|mins?\b\.?",
    "hour": r"hours?|hrs?\b\.?|h(?![\w/])",
    "day": r"days?|d(?![\w/])",
    "week": r"weeks?|wks?\b\.?|weeek",
    "month": r"months?|mos?\b\.?|mths?\b\.?",
    "year": r"years?|yrs?\b\.?|y/o|yo\b|y\.o\.?|y(?![\w/])|yr-olds?",
}


def _group(name: str) -> str:
    return name.replace("-", "_")


TIME = re.compile(
    r"[\s-]*(?:full|complete|calendar|consecutive|whole|continuous)?\s*(?:"
    + "|".join(f"(?P<{_group(name)}>{pattern})" for name, pattern in _TIMES.items())
    + r")(?![a-z])(?:'s|'|\(s\))?"
)
_PLAIN_UNIT = (
    r"(?:million|billion|thousand)?\s*(?:"
    r"%(?:\s*(?:of\s+)?(?:the\s+)?(?:pred(?:icted|\.)?|normal)\b)?|‰|percent\b|per\s?cent\b|percentiles?\b|(?:st|nd|rd|th)\s+(?:per)?centiles?\b|°\s?[cf]?\b|°|º\s?[cf]?|degrees?(?:\s+(?:celsius|centigrade|fahrenheit))?\b|℃"
    r"|(?:(?:milli|micro|kilo|nano|centi|deci)?(?:grams?|grammes?|lit(?:er|re)s?|met(?:er|re)s?|mol(?:es)?))\b|km\b"
    r"|[mμunpfdkc]?mol(?![a-z])|mg\s?%|[mμunpkd]?c?g(?:m|r)?s?(?![a-z])|mc[gl](?![a-z])|[mμdcfn]?l(?![a-z])|cc(?![a-z])"
    r"|(?:mm|cm)\s?hg\b|mmhg|torr\b|k?pa\b|cm\s?h2o\b|cmh2o|mm\s?h2o\b"
    r"|(?:mm|cm|m|μm|km|nm)(?:\s?[²³]|\s?\^?[23]\b)?(?![a-z])|cu\.?\s?mm|cubic\s+m(?:illi)?m\w*|inch(?:es)?\b|feet\b|ft\b"
    r"|[mkμ]?(?:iu|u|eu)(?![a-z])|international\s+units?\b|units?\b|[mμk]?eq(?![a-z])|[μm]?osm\b|mosmol\b"
    r"|beats?\b|bpm\b|b\.p\.m\.?|breaths?\b|lbs?\b\.?|pounds?\b|kilos?\b|kgs?\b|kilograms?\b|stones?\b"
    r"|ms(?:ec)?s?\b|milliseconds?\b|msec\b|hz\b|db(?:\s*(?:hl|n?hl|spl|a)\b|a\b)?(?![a-z])|d(?:iopters?|ioptres?)\b|d(?![\w/])|ppm\b|ppb\b|events?\b|episodes?(?=\s*(?:/|per))|times(?=\s*(?:/|per|a\s|in))|copies\b|cells?\b|platelets?\b|x\s?10\w*"
    r"|mets?\b|sds?\b|standard\s+deviations?\b|points?\b|pack[\s-]?years?\b|cfu\b|spermato\w+|drinks?\b|cigarettes?\b|cigs?\b|steps\b|tablets?\b|gy\b|cgy\b|mci\b|kcal\b|watts?\b|w\b|letters\b|k(?![a-z])"
    r")"
)
_POWER = r"(?:\s*(?:×|\*|x)\s*10\s*(?:\^|\*\*|e|exp)?\s*(?:\(?\s*\d{1,2}\s*\)?|[⁰¹²³⁴-⁹]+)|\s*(?:×|\*|x)\s*10e\d{1,2}|\s+10\^?(?:9|12|6|3)(?=\s*/)|\s*e\d{1,2}(?!\w))"
_PER = (
    r"(?:\s*(?:/|per\b|\bin\b(?=\s+(?:1\s+)?(?:m?l|liter|litre)\b))\s*(?:a\s+|each\s+)?"
    r"(?:\(?\s*1[.,]73\s*(?:m\s*(?:[²2]|\^\s*2|squared)?|square\s+met\w+|met\w+\s+squared(?:\s+of\s+body\s+surface\s+area)?)?\)?|10\s*\^?\s*\d{1,2}\s*/?\s*l\b"
    r"|(?:[mμundfk]?(?:l|g|mol|m)|mc[gl]|lit(?:er|re)s?|deci?lit\w+|millilit\w+|microlit\w+|kilograms?|square\s+met\w+|met\w+\s+squared?|mm|cm|mm\s?hg|cubic\s+m\w+|cu\s?mm|hpf|high[\s-]power\s+fields?|kgs?|lbs?)(?:\s?[²³]|\s?\^?\s?[23]\b)?(?![a-z])"
    r"|(?:minutes?|mins?|hours?|hr?s?|h|days?|d|weeks?|wks?|wk|months?|mo|years?|yrs?|yr|y|second|sec|s)(?![a-z])|24\s?-?\s?h(?:ours?|rs?)?\b|24h)\b\.?)"
)
UNIT = re.compile(rf"(?P<power>{_POWER})?(?P<plain>[\s-]*{_PLAIN_UNIT})?(?P<per>{_PER}{{0,3}})")
_LIMIT = (
    r"(?:the\s+|of\s+|institutional\s+|its\s+|respective\s+|laborator(?:y|ies)(?:'s)?\s+|local\s+|central\s+|age[\s-]adjusted\s+|reference\s+|corresponding\s+|testing\s+|site(?:'s)?\s+|hospital(?:'s)?\s+|specific\s+)*"
    r"(?:(?P<uln>i?u\.?l\.?n\b\.?|u\.n\.l\.?|unl\b|upper\s+(?:normal\s+)?limits?(?:\s+of\s+(?:the\s+)?(?:institutional\s+|laboratory\s+)?(?:normal|reference|the\s+normal)(?:\s+(?:range|values?))?)?|"
    r"(?:institutional\s+|normal\s+)upper\s+limits?(?:\s+of\s+normal(?:\s+range)?)?|upper\s+(?:limits?|normal|range|value|reference)(?:\s+\w+){0,3}?\s+(?:normal|range|value|limit)\b|"
    r"highest\s+reference\s+value|normal\s+upper\s+limit|n\b(?=\s*[,;.)]|$)|upper\s+normal\b|(?:the\s+)?normal(?:\s+(?:range|limits?|values?|level|upper\s+limit))?\b)"
    r"|(?P<lln>l\.?l\.?n\b|lower\s+(?:normal\s+)?limits?(?:\s+of\s+(?:the\s+)?normal)?|lower\s+(?:limit|range)\s+of\s+(?:the\s+)?normal)"
    r"|(?P<baseline>baseline\b))(?:\s*\((?:uln|lln|iuln|unl)\))?(?:\s+(?:range|value)s?\b)?"
)
LIMIT = re.compile(
    rf"\s*-?\s*(?:(?P<times>×|\*|x|times?\b|folds?\b|-folds?\b)\s*(?P<more>(?:higher|greater|more|above|over)\s*(?:than)?\s*)?|(?P<above>(?:higher|greater|more|above|over)\s*(?:than)?\s+))?(?:\(\s*)?{_LIMIT}"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """What follows a number: the unit as written, the time it counts, the limit it multiplies, its end, and whether it says `above`."""

    text: str = ""
    time: str = ""
    multiple_of: str = ""
    end: int = 0
    above: bool = False


def _diopters(text: str, place: int, time: re.Match[str]) -> bool:
    """Whether a lone D is a dioptre and not a day: a capital, or behind a decimal number."""
    lone = text[place : time.end()].strip(" -")
    return lone == "D" or (
        lone == "d" and re.search(r"\.\d+\s*$", text[max(0, place - 8) : place]) is not None
    )


_OPENED = re.compile(r"\s*\(\s*")


def _bracketed(folded: str, text: str, place: int) -> Unit:
    """A unit alone in brackets: "27 (kg/m2)"."""
    opened = _OPENED.match(folded, place)
    found = UNIT.match(folded, opened.end()) if opened else None
    if (
        opened is None
        or found is None
        or not found.group().strip()
        or folded[found.end() : found.end() + 1] != ")"
    ):
        return Unit(end=place)
    return Unit(" ".join(text[opened.end() : found.end()].split()), end=found.end() + 1)


def unit_at(folded: str, text: str, place: int) -> Unit:
    """The unit that begins at a place; an empty one where there is none."""
    time = TIME.match(folded, place)
    if time is not None and not _diopters(text, place, time):
        name = next(key for key in _TIMES if time[_group(key)] is not None)
        per = re.match(_PER, folded[time.end() : time.end() + 40])
        end = time.end() + (per.end() if per else 0)
        if per:
            return Unit(text[place:end].strip(" -"), "", "", end)
        return Unit(text[place : time.end()].strip(" -"), name, "", time.end())
    limit = LIMIT.match(folded, place)
    if limit is not None:
        of = "ULN" if limit["uln"] else "LLN" if limit["lln"] else "baseline"
        above = bool(limit["more"] or limit["above"])
        return Unit(" ".join(text[place : limit.end()].split()), "", of, limit.end(), above)
    found = UNIT.match(folded, place)
    if found is None or found.end() == place or not found.group().strip():
        return _bracketed(folded, text, place)
    return Unit(" ".join(text[place : found.end()].split()).rstrip("."), end=found.end())
