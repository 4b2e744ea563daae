"""The words of time frames: numbers, units, anchors, and what carries no schedule."""

from __future__ import annotations

import re
from decimal import Decimal

UNIT = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)"
_WORDS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12", "fifteen": "15", "eighteen": "18", "twenty": "20",
}  # fmt: skip
_SHORT = {
    "sec": "second", "secs": "second", "min": "minute", "mins": "minute", "hr": "hour", "hrs": "hour", "h": "hour",
    "wk": "week", "wks": "week", "mo": "month", "mos": "month", "mth": "month", "mths": "month", "yr": "year", "yrs": "year",
}  # fmt: skip
ANCHORS = (
    (
        r"enrol\w*\s+of\s+(?:the\s+)?last\s+\w+|last\s+(?:patient|participant|subject)\s+enrol\w*",
        "last_enrolment",
    ),
    (
        r"(?:the\s+)?(?:last|final)\s+(?:study\s+)?(?:dose|injection|infusion|administration|treatment)\b",
        "last_dose",
    ),
    (r"(?:the\s+)?first\s+(?:study\s+)?(?:dose|injection|infusion|administration|drug)\b", "first_dose"),
    (r"(?:pre|post)-?\s?dos(?:e|ing)|after\s+dosing", "dose"),
    (r"(?:the\s+)?(?:surgery|surgical\s+procedure|operation)|post-?\s?operativ\w*|post-?op\b", "surgery"),
    (r"(?:the\s+)?transplant\w*", "transplantation"),
    (r"(?:the\s+)?(?:date\s+of\s+)?randomi[sz]\w*", "randomisation"),
    (r"(?:the\s+)?hospitali[sz]ation|(?:hospital\s+)?admission", "admission"),
    (r"(?:hospital\s+)?discharge", "discharge"),
    (r"(?:the\s+)?(?:birth|delivery)", "birth"),
    (r"(?:the\s+)?vaccination", "vaccination"),
    (r"(?:the\s+)?(?:intervention|procedure)\b", "intervention"),
    (r"(?:the\s+)?(?:date\s+of\s+)?(?:study\s+)?(?:enrol\w*|inclusion|study\s+entry)", "enrolment"),
)
_FILLER = re.compile(
    r"[\s,;:.()\[\]/&+-]|\b(?:of|the|a|an|and|at|on|to|in|for|from|by|as|is|or|be|will|after|post|following|follow|up|followup|visits?"
    r"|study|trial|treatment|period|change|assessed|measured|evaluated|approximately|about|first|relative|then|end|per|each"
    r"|time|points?|timepoints?|completion|complete|average|since|start|beginning|date)\b"
)


def normal(text: str) -> str:
    """Lower case, numbers as digits, units in full, one space between words."""
    words = " ".join(text.lower().replace("–", "-").replace("—", "-").replace("−", "-").split())
    words = re.sub(r"(?<=\d)(?=[a-z])", " ", words)
    words = re.sub(r"[a-z]+", lambda found: _WORDS.get(found.group(0), found.group(0)), words)
    words = re.sub(
        r"(?<=\d )([a-z]+)\.?(?![a-z])", lambda found: _SHORT.get(found.group(1), found.group(0)), words
    )
    words = re.sub(r"\b(?:t|c|d|v) (?=\d)", lambda found: found.group(0).strip(), words)
    return re.sub(rf"(?<=\d)-(?={UNIT}\b)", " ", words)


def left_over(rest: str) -> str:
    """What is left between consumed parts (`|`), without words that carry no schedule."""
    parts = [" ".join(part.split()) for part in rest.split("|")]
    return "; ".join(part.strip(" ,;:.()") for part in parts if _FILLER.sub("", part))


def duration(number: str, unit: str) -> str:
    """A number and a unit as an ISO 8601 duration; parts of years and months become months or days."""
    kind = unit.rstrip("s")
    value = Decimal(number)
    if kind in ("second", "minute", "hour"):
        return f"PT{number}{kind[0].upper()}"
    if kind == "year" and value != int(value):
        value, kind = value * 12, "month"
    if kind == "week" and value != int(value):
        value, kind = value * 7, "day"
    digits = str(int(value)) if value == int(value) else str(value.normalize())
    return f"P{digits}{kind[0].upper()}"
