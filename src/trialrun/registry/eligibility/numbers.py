"""Numbers as eligibility texts write them: digits, thousands, decimal commas, words."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNITS = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
]
_LATER = {"seventeen": 17, "eighteen": 18, "nineteen": 19}
_TENS = {
    name: 10 * value
    for value, name in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
WORDS: dict[str, int] = {
    "zero": 0,
    **{name: value for value, name in enumerate(_UNITS, start=1)},
    **_LATER,
    **_TENS,
    **{f"{tens}-{unit}": _TENS[tens] + _UNITS.index(unit) + 1 for tens in _TENS for unit in _UNITS[:9]},
    "hundred": 100,
    **{f"{name}-hundred": 100 * value for value, name in enumerate(_UNITS[:9], start=1)},
    "twice": 2,
    "double": 2,
    "thrice": 3,
}
_FRACTIONS = {"½": "0.5", "¼": "0.25", "¾": "0.75"}
_WORD = "|".join(name.replace("-", r"[-\s]") for name in sorted(WORDS, key=len, reverse=True))
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,]\d)|\d{1,3}(?: \d{3})*,?[ ](?:000|500)(?![\d.,]?\d)|\d+[.,·]\d+|\.\d+|\d+"
NUMBER = re.compile(rf"(?<![\w.,])(?P<word>{_WORD})\b|(?P<digits>{_DIGITS})|(?P<fraction>[½¼¾])")
_AGAIN = re.compile(r"\s*\(\s*(\d+(?:\.\d+)?)\s*\)")


_WEEKS_AND_DAYS = re.compile(
    r"\s?\+\s?[0-6](?![\d.,])(?=\s*(?:-|to|and|until|w|gest|\)|$))|\s[0-6]/7(?!\d)"
)  # "36+6", "36 6/7"
_LIST = re.compile(r"(?<![\d.,])(\d),(\d)(?=,?\s*(?:or|and)\s+(\d)(?![\d.,]))")  # "1,2 or 3" is no decimal


@dataclass(frozen=True, slots=True)
class Number:
    """A number and where it stands; `doubtful` where its writing could mean another one."""

    value: str
    start: int
    end: int
    word: bool = False
    doubtful: bool = False


def numbers_in(folded: str) -> list[Number]:
    """All numbers of a folded text in their order; "three (3)" is one."""
    found: list[Number] = []
    for match in NUMBER.finditer(folded):
        if found and match.start() < found[-1].end:
            continue
        listed = _LIST.match(folded, match.start())
        if listed is not None and int(listed[1]) < int(listed[2]) < int(listed[3]):
            found += [Number(listed[one], listed.start(one), listed.end(one)) for one in (1, 2)]
            continue
        found.append(_number(match, folded))
    return found


def _number(match: re.Match[str], folded: str) -> Number:
    end = match.end()
    if match["word"]:
        value = str(WORDS[re.sub(r"\s", "-", match["word"])])
        again = _AGAIN.match(folded, end)
        if again is None:
            return Number(value, match.start(), end, word=True)
        return Number(again[1], match.start(), again.end(), word=True, doubtful=again[1] != value)
    if match["fraction"]:
        return Number(_FRACTIONS[match["fraction"]], match.start(), end)
    written = match["digits"]
    value, doubtful = _plain(written)
    start = match.start()
    days = _WEEKS_AND_DAYS.match(folded, end)
    if days is not None:
        return Number(value, start, days.end(), doubtful=True)
    if folded[start - 1 : start] in ("-", "+") and _signed(folded, start - 1):
        value = f"-{value}" if folded[start - 1] == "-" else value
        start -= 1
    return Number(value, start, end, doubtful=doubtful)


def _plain(written: str) -> tuple[str, bool]:
    """The decimal without separators, and whether the separator could have meant something else."""
    if " " in written:
        return written.replace(" ", "").replace(",", ""), False
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", written):
        return written.replace(",", ""), written.startswith("0")
    if "," in written:
        return written.replace(",", "."), False
    if re.fullmatch(r"\d{1,3}\.000", written):  # "100.000/mm3" means a hundred thousand
        return written.replace(".", ""), True
    value = written.replace("·", ".")
    return (f"0{value}" if value.startswith(".") else value), False


_NO_SIGN = re.compile(r"(?:\d|\)|%|years?|old|yrs?|months?|weeks?|days?|day|week|month|year|visit|cycle)\s*$")


def _signed(folded: str, place: int) -> bool:
    """Whether a plus or minus before a number is its sign: nothing it could join stands before it."""
    if place and not (folded[place - 1].isspace() or folded[place - 1] in "<>=≤≥([:"):
        return False
    return _NO_SIGN.search(folded[max(0, place - 12) : place]) is None
