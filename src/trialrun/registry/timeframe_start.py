"""Where a time frame begins in a text that runs an outcome's name and its time frame together."""

from __future__ import annotations

import re

_NUMBER = r"(?:\d+(?:[.,]\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|twelve)"
_UNIT = r"(?:second|sec|minute|min|hour|hr|day|week|wk|month|year|yr)s?\b"
_MARK = re.compile(
    rf"""
    (?P<lower> (?:after|at|within|over|through|throughout|until|till|before|during|from|for|up\ to|upto|in|every|by)
               \s+ (?:\d|the\b|end\b|baseline\b|study\b|enrol|random|discharge|approximately|about|an?\s+average|
                     first\b|last\b|hospital|surgery|treatment|screening|day\b|week\b|month\b|year\b|completion|{_NUMBER}\b) )
  | (?P<upper> (?:After|At|Within|Over|Through|Throughout|Until|Till|Before|During|From|For|Up\ [Tt]o|Upto|In|Every|By
                 |Baseline|Base\ line|Screening|Day|Days|Week|Weeks|Month|Months|Year|Years|Hour|Hours|Visit|Cycle|Cycles
                 |Pre-?dose|Pre-?op\w*|Post-?op\w*|Pre-?treatment|Post-?treatment|Intra-?op\w*|Immediately|Daily|Weekly|Monthly
                 |Yearly|Assessed|Enrol\w*|Change\ from\ baseline|Start|End|Time|Date|Day-?\d|T0|V1|N/?A|Approximately|First
                 |Average|Admission|Discharge|Perioperative|Follow-?up|One|Two|Three|Four|Five|Six|Twelve)\b )
  | (?P<loose> (?:baseline|day|week|month|year|cycle)s?\b (?=\s*(?:\d|$|[,;(]|to\b|and\b|through\b|up\b)) )
  | (?P<digit> {_NUMBER} \s*-?\s* (?:(?:to|-|–|and|,)\s*\d+(?:\.\d+)?\s*-?\s*)* {_UNIT} )
    """,
    re.VERBOSE,
)
_FIRST_LETTER = re.compile(r"(?<=[^\s(/\-])(?=[A-Za-z0-9])")
_WORDS_ENDING_ALIKE = re.compile(
    r"\b(?:hereafter|thereafter|morning-?after|format|heat|treat|great|beat|repeat|that|fat|diet|what|threat|combat|sweat|seat"
    r"|breakthrough|groups?|setup|pickup|follow-?up|crossover|moreover|recover|turnover|cover|handover|therefrom|therein|protein"
    r"|albumin|insulin|bilirubin|pain|gain|skin|brain|vitamin|min|margin|origin|begin|within|therefor|before|birthday|today"
    r"|workday|midweek|therefore|nearby|baby|standby|hereby|thereby|goat|flat|chat|throat|coat|float|in|at|for)$",
    re.IGNORECASE,
)


def starts(text: str) -> tuple[tuple[int, bool], ...]:
    """The places where a glued-on time frame may begin, each with whether the place is certain.

    A place counts only where no space stands before it: "MELD score|after 4 months". It is uncertain
    inside a word that also ends that way, or inside a row of digits ("B12|12 weeks" or "B1|212 weeks").
    """
    found: list[tuple[int, bool]] = []
    for gap in _FIRST_LETTER.finditer(text):
        place = gap.start()
        match = _MARK.match(text, place)
        if match is None:
            continue
        before = text[place - 1]
        if match.lastgroup == "digit":
            found += _number(text, place)
        elif match.lastgroup == "upper":
            found.append((place, not before.isupper() or len(match.group(0)) >= 4))
        elif before.isalpha() or before in ")]%":
            word = re.split(r"\W", text[max(0, place - 30) : place + len(match.group(0).split()[0])])[-1]
            found.append((place, _WORDS_ENDING_ALIKE.search(word) is None))
    return tuple(found)


def _number(text: str, place: int) -> list[tuple[int, bool]]:
    """A number may be the time, or begin with the last digits of the name: "B12|12 weeks"."""
    if not text[place].isdigit():  # a number word inside a word
        return [(place, False)] if text[place - 1].isalpha() else []
    before = text[place - 1]
    length = _digits(text, place)
    if before.isdigit():
        before_it = re.search(r"\d+$", text[max(0, place - 20) : place])
        whole = length + (len(before_it.group(0)) if before_it else 0)
        return (
            [(place, False)]
            if length == 2 and (whole > 3 or text[place + length - whole - 1] in "-/")
            else []
        )
    one_letter = re.search(r"(?:^|[^A-Za-z])[A-Z]$", text[max(0, place - 2) : place]) is not None
    certain = (
        before not in ".,<>=±≥≤" and not one_letter and (length < 3 or (length == 3 and not before.isupper()))
    )
    return [(place, certain)]


def _digits(text: str, place: int) -> int:
    run = re.compile(r"\d*").match(text, place)
    return len(run.group(0)) if run else 0
