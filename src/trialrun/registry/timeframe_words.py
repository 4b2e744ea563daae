"""The words of time frames as tokens: numbers as digits, units in the singular, prefixes apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90,
}  # fmt: skip
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
    "twelfth": 12, "twentieth": 20,
}  # fmt: skip
_UNITS = {
    "second": "second", "seconds": "second", "sec": "second", "secs": "second",
    "minute": "minute", "minutes": "minute", "min": "minute", "mins": "minute",
    "hour": "hour", "hours": "hour", "hr": "hour", "hrs": "hour",
    "day": "day", "days": "day", "dy": "day",
    "week": "week", "weeks": "week", "wk": "week", "wks": "week", "fortnight": "fortnight", "fortnights": "fortnight",
    "month": "month", "months": "month", "mth": "month", "mths": "month", "mnths": "month",
    "year": "year", "years": "year", "yr": "year", "yrs": "year",
}  # fmt: skip
# Only beside a number: "24 h", "12w", "W12", "D28".
_BESIDE = {"s": "second", "h": "hour", "d": "day", "w": "week", "mo": "month", "mos": "month", "y": "year"}
_BEFORE = {
    "h": "hour",
    "d": "day",
    "w": "week",
    "m": "month",
    "mo": "month",
    "y": "year",
    "wk": "week",
    "c": "cycle",
}
_SAME = {
    "cycles": "cycle", "visits": "visit", "upto": "up to", "thru": "through", "baselines": "baseline", "approx": "approximately",
    "around": "approximately", "roughly": "approximately", "about": "approximately", "circa": "approximately", "ca": "approximately",
    "max": "maximum", "postop": "post operative", "preop": "pre operative", "pod": "post operative day", "dosing": "dose",
    "op": "operative", "operatively": "operative", "surgically": "surgical", "followup": "follow up", "wks": "week",
    "visites": "visit", "timepoints": "time point", "timepoint": "time point", "intraop": "intra operative",
    "dosage": "dose", "eot": "end of treatment", "eos": "end of study", "till": "until",
    "bl": "baseline", "lpi": "enrolment of last patient",
}  # fmt: skip
_PREFIXED = re.compile(
    r"(pre|post|peri|intra)(op|operative|operatively|operation|dose|dosing|partum|natal|natally|treatment|intervention|surgery|surgical"
    r"|procedure|procedural|transplant|transplantation|vaccination|injection|infusion|discharge|randomi[sz]ation|baseline|exposure|test"
    r"|therapy|administration|implantation|stroke|delivery|dialysis|exercise|training)$"
)
_FOLD = str.maketrans({
    "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "‒": "-", "~": "-", "、": ",", "，": ",", "；": ";", "（": "(", "）": ")",
    "：": ":", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "’": "'", "‘": "'", "[": "(", "]": ")", "•": ";", "\n": ";", "|": ";",
})  # fmt: skip
_SMALL = "|".join(word for word, value in _NUMBERS.items() if value < 10)
_KINDS = frozenset(_UNITS.values())
_TOKEN = re.compile(
    rf"""
    (?P<both>±|\+\s?/\s?-|\+\s?-(?=\s?\d)|plus\s?(?:or|/)\s?minus\b)
  | (?P<mixed>\d+\s?½|\d+\s1/2(?!\d))
  | (?P<half>½|1\s?/\s?2(?=\s?-?\s?(?:year|yr|hour|hr|month|day)(?!s)))
  | (?P<num>\d{{1,3}}(?:,\d{{3}})+(?![\d,.])|\d+(?:\.\d+)?)(?P<ord>(?:st|nd|rd|th)(?![a-z]))?
  | (?P<tens>twenty|thirty|forty|fifty|sixty|ninety)[-\s](?P<ones>{_SMALL})\b
  | (?P<word>[^\W\d_]+(?:'[^\W\d_]+)?)
  | (?P<other>\S)
    """,
    re.VERBOSE,
)


@dataclass(slots=True)
class Token:
    """One word, number or sign, with where it stands in the record's own text."""

    text: str
    start: int
    end: int
    number: bool = False


def tokens(text: str) -> list[Token]:
    """The tokens of a time frame."""
    low = "".join(char.lower() if len(char.lower()) == 1 else char for char in text).translate(_FOLD)
    found = [token for match in _TOKEN.finditer(low) for token in _made(match)]
    return _fitted(found, text)


def _made(match: re.Match[str]) -> Iterator[Token]:
    start, end = match.span()
    kind = match.lastgroup
    if match.group("both"):
        yield Token("±", start, end)
    elif match.group("mixed") or match.group("half"):
        whole = re.match(r"\d+", match.group("mixed") or "0")
        yield Token(f"{whole.group(0) if whole else 0}.5", start, end, number=True)
    elif match.group("num"):
        value = match.group("num").replace(",", "")
        yield Token(value + ("th" if match.group("ord") else ""), start, end, number=True)
    elif match.group("tens"):
        value = _NUMBERS[match.group("tens")] + _NUMBERS[match.group("ones")]
        yield Token(str(value), start, end, number=True)
    elif kind == "word":
        yield from _word(match.group("word"), start, end)
    else:
        yield Token(match.group(0), start, end)


def _word(word: str, start: int, end: int) -> Iterator[Token]:
    split = _PREFIXED.fullmatch(word)
    parts = (split.group(1), split.group(2)) if split else (word,)
    for part in parts:
        for one in _SAME.get(part, part).split(" "):
            number = _NUMBERS.get(one)
            yield (
                Token(str(number), start, end, number=True)
                if number is not None
                else Token(_UNITS.get(one, one) if one != "second" else one, start, end)
            )


def _fitted(found: list[Token], text: str) -> list[Token]:
    """Letters that are units beside a number, ordinals before a unit, signs of negative days, hyphens that join."""
    kept: list[Token] = []
    for place, token in enumerate(found):
        before = kept[-1] if kept else None
        after = found[place + 1] if place + 1 < len(found) else None
        if (
            token.text == "+"
            and before
            and before.text in _KINDS
            and after
            and after.number
            and after.start == token.end
        ):
            continue
        if token.text == "half":
            _half(token, kept, found[place + 1 : place + 3])
        elif token.text == "-":
            if before is None and after and after.number and after.start == token.end:
                after.text, after.start = "-" + after.text, token.start
            if before is None or after is None or _negative(token, before, after):
                continue
            again = (
                len(kept) > 1
                and kept[-2].text in _KINDS
                and place + 2 < len(found)
                and found[place + 2].number
            )
            if _joins(token, before, after, again=again):
                continue
        elif not token.number:
            _letter(token, before, after, text)
        if token.text:
            kept.append(token)
    return _labels(kept)


def _half(token: Token, kept: list[Token], following: list[Token]) -> None:
    """Half a year; two and a half years."""
    words = [one.text for one in following]
    if not words or (words[0] not in _KINDS and (words[0] not in ("a", "an") or words[-1] not in _KINDS)):
        return
    token.text, token.number = "0.5", True
    if words[0] in ("a", "an"):
        following[0].text = ""
    if len(kept) >= 3 and kept[-1].text == "a" and kept[-2].text == "and" and kept[-3].number:
        token.text, token.start = f"{kept[-3].text}.5", kept[-3].start
        del kept[-3:]


def _negative(token: Token, before: Token, after: Token) -> bool:
    """The minus of "Day -7", which is seven days before; "Day-7" is day 7 and "Day 1 -7" a range."""
    if not after.number or after.start != token.end or before.number:
        return False
    if before.end == token.start and before.text != "(":
        return False
    if before.text not in _KINDS | {"(", "to", "-", ",", "and", "from"}:
        return False
    after.text, after.start = "-" + after.text, token.start
    return True


def _joins(token: Token, before: Token, after: Token, *, again: bool) -> bool:
    """A hyphen inside "6-month", "post-dose", "3-, 6-month"; not the one of "1-7", "Day 1-Day 7", "week 4 - end".

    Args:
        again: a unit stands before the number on the left and a number after the word on the right.
    """
    if after.text in (",", "and", "or", ";", "/"):
        return True
    if before.number and (after.number or (again and after.text in _KINDS)):
        return False
    return before.end == token.start and token.end == after.start and ")" not in (before.text, after.text)


def _letter(token: Token, before: Token | None, after: Token | None, text: str) -> None:
    beside = before is not None and before.number
    glued = after is not None and after.number and after.start == token.end
    if token.text == "second":
        if beside and before is not None and not before.text.endswith("th"):
            return
        if after is not None and after.text in _KINDS:
            token.text, token.number = "2th", True
    elif token.text in _ORDINALS and token.text != "first":
        if after is not None and (after.text in _KINDS or after.text in (",", "and")):
            token.text, token.number = f"{_ORDINALS[token.text]}th", True
    elif beside and token.text in _BESIDE:
        token.text = _BESIDE[token.text]
    elif beside and text[token.start : token.end] == "M" and before is not None and before.end == token.start:
        token.text = "month"
    elif glued and token.text in _BEFORE:
        token.text = _BEFORE[token.text]
    elif token.text == "q" and after is not None and after.number:
        token.text = "every"


def _labels(found: list[Token]) -> list[Token]:
    """T1, V2 and their like are one token, so that their number is no time."""
    kept: list[Token] = []
    for token in found:
        before = kept[-1] if kept else None
        if (
            before is not None
            and token.number
            and before.end == token.start
            and before.text in ("t", "v", "tp", "p")
        ):
            before.text, before.end = before.text + token.text, token.end
        else:
            kept.append(token)
    return kept


def duration(number: str, unit: str) -> str:
    """A number and a unit as an ISO 8601 duration; parts of years and weeks become months and days."""
    value, kind = Decimal(number.removesuffix("th")), unit
    if kind in ("second", "minute", "hour"):
        return f"PT{_plain(value)}{kind[0].upper()}"
    if kind == "fortnight":
        value, kind = value * 2, "week"
    if kind == "year" and value != int(value):
        value, kind = value * 12, "month"
    if kind == "week" and value != int(value):
        value, kind = value * 7, "day"
    return f"P{_plain(value)}{kind[0].upper()}"


def _plain(value: Decimal) -> str:
    return str(int(value)) if value == int(value) else format(value.normalize(), "f")
