"""Classes, grades and stages: "NYHA class II-IV", "Child-Pugh A or B", "stage III", "ASA I, II or III"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trialrun.registry.comparison import Sign
from trialrun.registry.eligibility.concepts import words_after, words_before
from trialrun.registry.eligibility.signs import AFTER, sign_before

_NAMES = (
    r"american\s+society\s+of\s+an(?:a)?esthesi\w+(?:'?s?)?|asa(?![a-hj-uw-z])|asa-ps|"
    r"(?:eastern|easthern)\s+cooperative\s+oncology\s+group|ecog|who\s+performance|zubrod|"
    r"new\s+york\s+heart\s+association|nyha|canadian\s+cardiovascular\s+society|ccs|"
    r"child[\s-]*(?:turcotte[\s-]*)?pugh|child(?=\s+(?:score\s+)?(?:class|[abc]\b))|killip|mallampati|kellgren[\s-]*(?:and|&|-|–)?\s*(?:lawrence|laurence)?|"
    r"hoehn\s*(?:and|&|-)\s*yahr|h\s*&\s*y|fitzpatrick|skin\s+(?:photo)?types?|bi-?rads|pi-?rads|tanner|figo|ajcc|"
    r"mgfa|asia\s+impairment\s+scale|asia|outerbridge|intermacs|fontaine|rutherford|cdr|clinical\s+dementia\s+rating|"
    r"modified\s+rankin(?:\s+scale)?|mrs|hunt\s+(?:and|&)\s+hess|gross\s+motor\s+function\s+classification(?:\s+system)?|gmfcs|ctcae|gold|who"
)
_WORDS = (
    r"(?:\s*(?:\b(?:physical|performance|status|functional|cardiac|function|heart\s+failure|score|scores|scale|class|classes|"
    r"classification|classified|categor(?:y|ies)|grades?|grading|stages?|staging|groups?|levels?|types?|system|criteria|patients?|"
    r"as|of|is|are|to|ps|global|was|were|be|being|with|the|disease|and/or|in|group|oncology)(?![a-z])|\((?:asa|ecog|nyha|ccs|who|ps|nci|mgfa|h&y|cdr|[a-z-]{2,10})\)|[:,=(\[\])-]))*\s*"
)
_ROMAN = r"(?:viii|vii|vi|iv|iii|ii|ix|i|v|x)"
_VALUE = rf"(?:(?:{_ROMAN}|[ⅰⅱⅲⅳⅴⅵⅠⅡⅢⅣⅤⅥ]+)(?:[abc](?:\d)?)?(?![a-z])|\d(?:\.\d)?[abc]?(?![\d\w%]|\.\d|\s*(?:/|-)\s*\d\d)|[a-e](?![a-z']|\.\w))"
_NAME = re.compile(rf"(?<![a-z])(?P<name>{_NAMES})(?!\w*[jkqwz])")
_KIND = re.compile(
    r"(?<![a-z])(?P<name>(?:tumou?r\s+|disease\s+|clinical\s+|pathologic\w*\s+)?(?:stages?|grades?|staging|grading|class(?:es)?(?=.{1,30}(?:heart\s+failure|nyha|angina))))(?![a-z])"
)
_SKIP = re.compile(_WORDS)
_ONE = re.compile(_VALUE)
_BEFORE_VALUE = re.compile(r"\s*(?:asa|grade|class|stage|ecog|nyha)?\s*")
_NEXT = re.compile(
    rf"\s*(?:(?P<range>-|to|through|~|–)|(?P<list>,\s*(?:or|and|&)?|or|and|&|/|,|and/or))\s*(?:(?:asa|grade|class|stage|nyha|ecog|ps)\s*[-:]?\s*)?(?P<value>{_VALUE})"
)
_ROMAN_SIGNS = {
    "Ⅰ": "I",
    "Ⅱ": "II",
    "Ⅲ": "III",
    "Ⅳ": "IV",
    "Ⅴ": "V",
    "Ⅵ": "VI",
    "ⅰ": "I",
    "ⅱ": "II",
    "ⅲ": "III",
    "ⅳ": "IV",
    "ⅴ": "V",
    "ⅵ": "VI",
}
_WORDS_TOO = ("who", "gold", "asia")  # names of classes only where they are written in capitals
_LETTERED = re.compile(r"child|asia|who|bi-?rads|outerbridge|pugh")


_BRACKET_AND_MORE = re.compile(r"\s*\([^()]{0,80}\)\s*(?:or|and|/|,|to|-)")
_RELATIVE = re.compile(r"\s*(?:or|and|&|/)?\s*(?:worse|poorer|beyond|advanced|plus|\+)")


@dataclass(frozen=True, slots=True)
class ClassRead:
    """A class with its values as written: `BETWEEN` for a range, `EQ` with several values for a list."""

    concept: str
    start: int
    end: int
    name: int
    sign: Sign
    values: tuple[str, ...]
    doubts: tuple[str, ...] = ()


def classes(text: str, folded: str) -> Iterator[ClassRead]:
    """All classes named in a text, in their order."""
    floor = 0
    places = sorted(
        [(m.start(), m) for m in _NAME.finditer(folded)] + [(m.start(), m) for m in _KIND.finditer(folded)],
        key=lambda one: one[0],
    )
    for place, match in places:
        if place < floor:
            continue
        found = _read(text, folded, match, floor)
        if found is not None:
            yield found
            floor = found.end


def _read(text: str, folded: str, match: re.Match[str], floor: int) -> ClassRead | None:
    skip = _SKIP.match(folded, match.end())
    place = skip.end() if skip else match.end()
    sign, sign_start = None, place
    value = _ONE.match(folded, place)
    if value is None:
        ahead = re.compile(r"[^.;]{0,40}?(?=" + _VALUE + r")").match(folded, place)
        if ahead is None or ahead.end() == place:
            return None
        value = _ONE.match(folded, ahead.end())
        found = sign_before(folded, ahead.end(), place)
        if found is None or folded[place : found.start].strip(" ,-:()") or value is None:
            return None
        sign, sign_start = found.sign, found.start
    else:
        found = sign_before(folded, match.start(), max(floor, match.start() - 40)) or sign_before(
            folded, value.start(), match.end()
        )
        if found is not None:
            sign, sign_start = found.sign, min(found.start, place)
    if not _is_class(text, folded, match, value):
        return None
    return _values(text, folded, match, value, sign, sign_start, floor)


def _is_class(text: str, folded: str, name: re.Match[str], value: re.Match[str]) -> bool:
    """Letters are classes only where classes have letters, and in capitals."""
    if name.group() in _WORDS_TOO and not text[name.start() : name.end()].isupper():
        return False
    if value.group() in ("i", "v", "x"):
        return text[value.start()].isupper()
    if value.group()[0] not in "abcde":
        return True
    lettered = _LETTERED.search(folded[max(0, name.start() - 20) : value.start()]) is not None
    return lettered and text[value.start()].isupper()


def _values(
    text: str,
    folded: str,
    name: re.Match[str],
    value: re.Match[str],
    sign: Sign | None,
    start: int,
    floor: int,
) -> ClassRead:
    values, ranges, end = [_written(text, value)], False, value.end()
    while sign is None:
        more = _NEXT.match(folded, end)
        if more is None or (more["value"][0] in "abcde" and not values[0][0].isalpha()):
            break
        values.append(text[more.start("value") : more.end("value")])
        ranges = ranges or more["range"] is not None
        end = more.end()
    doubts: tuple[str, ...] = ()
    if _BRACKET_AND_MORE.match(folded, end):
        doubts = ("the list goes on behind a bracket",)
    if sign is None:
        after = AFTER.match(folded, end)
        if after is not None and len(values) == 1 and (after["more"] or after["less"]):
            doubts += ("better is not told in numbers",) if "better" in after.group() else ()
            sign, end = (Sign.GTEQ if after["more"] else Sign.LTEQ), after.end()
        elif _RELATIVE.match(folded, end):
            doubts += ("what is worse is not told in numbers",)
    if sign is None:
        sign = Sign.BETWEEN if ranges and len(values) == 2 else Sign.EQ
        if ranges and len(values) > 2:
            doubts += ("a range and a list together",)
    spelled = tuple(_ROMAN_SIGNS.get(one, one) for one in values)
    return ClassRead(
        _concept(text, name, floor, end), min(start, value.start()), end, name.start(), sign, spelled, doubts
    )


def _written(text: str, match: re.Match[str]) -> str:
    return text[match.start() : match.end()]


_GENERIC = re.compile(r"(?:stages?|grades?|staging|grading|class(?:es)?)$", re.IGNORECASE)


def _concept(text: str, name: re.Match[str], floor: int, end: int) -> str:
    """The class's name; a mere "grade" or "stage" with what it is a grade of, where the text says it."""
    words = " ".join(text[name.start("name") : name.end("name")].split())
    if not _GENERIC.match(words):
        return words
    of = words_before(text, name.start(), floor) or words_after(text, end)
    return f"{of} {words}".strip()
