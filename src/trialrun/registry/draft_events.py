"""Exclusions by what happened lately: "Major surgery within 4 weeks before screening" as an event with its date."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trialrun.registry.comparison import Direction, ReadCriterion, Sign
from trialrun.registry.draft_sketch import Plain, Sketch, clean

_MOST_WORDS = 14
_UNITS = {
    "day": ("ADD_DAYS", 1),
    "week": ("ADD_DAYS", 7),
    "month": ("ADD_MONTHS", 1),
    "year": ("ADD_MONTHS", 12),
}
_MOST = {"day": 400, "week": 110, "month": 120, "year": 25}
_WINDOW = re.compile(
    r"[\s,]*\b(?:with)?in(?: the)?(?: (?:last|past|previous|prior|preceding))?\s*$|[\s,]*\b(?:during|over)(?: the)? (?:last|past|previous|prior|preceding)\s*$|[\s,]+$",
    re.IGNORECASE,
)
_DANGLING = re.compile(r"\s+(?:during|over|in|for|at)(?: the)?$", re.IGNORECASE)
_LAST = r"(?:(?:with)?in|during|over)(?: the)? (?:last|past|previous|prior|preceding)"
_ANCHORS = (
    ("screening_date", r"(?:the )?(?:date of )?(?:the )?(?:initial )?screening(?: (?:visit|day|date))?|visit 1|(?:the )?start of screening"),
    ("consent_date", r"(?:the )?(?:date of )?(?:signing (?:of )?|obtaining |giving )?(?:the )?(?:informed )?consent(?: form)?(?: signature)?"),
    (
        "screening_date",
        r"(?:the )?(?:date of )?(?:study |trial )?(?:enrol?lment|entry|inclusion|recruitment|registration|baseline|participation)(?: (?:visit|date|in(?:to)? (?:the |this )?(?:study|trial)))?",
    ),
    (
        "first_dose_planned_on",
        r"(?:the )?(?:first|initial) (?:dose|administration|dosing|treatment|infusion|injection)(?: of (?:the )?(?:study |investigational |trial )?(?:drug|treatment|medication|product|medicinal product|agent|intervention))?|(?:the )?(?:start|initiation|beginning) of (?:the )?(?:study |trial |investigational )?(?:treatment|drug|medication|therapy|dosing|intervention)|dosing|day 1",
    ),
    ("randomisation_planned_on", r"(?:the )?(?:date of )?randomi[sz]ation(?: visit)?"),
)  # fmt: skip
_AFTER = re.compile(
    r"^\s*(?:(?:prior to|before|preceding|of|from)\s+(?P<anchor>[^.;,()]+?))?\s*[.;,]*\s*$", re.IGNORECASE
)
_NOT_ONE_EVENT = re.compile(
    r"[,;:/()\[\]&\d?]|\b(?:and|or|no|not|non|never|without|unless|except|excluding|other than|since|after|before|prior|until|while|if|when|"
    r"which|that|plan\w*|anticipat\w*|expect\w*|requir\w*|need\w*|current\w*|ongoing|stable|unstable|change\w*|chang\w*|frequen\w*|recurr\w*|chronic\w*|"
    r"repeat\w*|consecutive|daily|regular\w*|more|less|least|every|each|per|multiple|several|long|lack|absence|fail\w*|unable|inability|"
    r"improv\w*|worsen\w*|progress\w*|increase\w*|decrease\w*|loss|gain|wom[ae]n|females?|males?|m[ae]n|diagnos\w*|onset|new|newly|"
    r"child\w*|mother\w*|partner\w*|parent\w*|famil\w*|relative\w*|age|aged|old|free|than|within)\b",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"^(?:(?:any|a|an|the|patients?|subjects?|participants?|individuals?|those|people|persons?|who|with|have|has|had|having|history of|"
    r"a history of|documented|known|previous(?:ly)?|recent(?:ly)?)\s+)+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class EventLately:
    """An event that excludes when it happened within a time before a day.

    Args:
        phrase: the event in the record's words.
        function, count: `ADD_DAYS` or `ADD_MONTHS` with the length of the window.
        anchor: the item with the day the window ends on.
        said: the anchor's own words; empty where the record names none.
    """

    phrase: str
    function: str
    count: int
    anchor: str
    said: str

    def expression(self, item: str) -> str:
        """The rule over the item of the event and that of its last date."""
        return f"{item} AND {item}_last >= {self.function}({self.anchor}, -{self.count})"


def event_lately(read: ReadCriterion) -> EventLately | None:
    """The one dated event an exclusion is about; none where its words are more than that."""
    if (
        read.section != "exclusion"
        or read.comparisons
        or len(read.temporal) != 1
        or read.negated
        or read.exception
    ):
        return None
    limit = read.temporal[0]
    if (
        not limit.confident
        or limit.op is not Sign.LTEQ
        or limit.direction is not Direction.BEFORE
        or limit.duration
    ):
        return None
    if limit.unit not in _UNITS or len(limit.value) != 1 or not limit.value[0].isdigit():
        return None
    number = int(limit.value[0])
    phrase = _phrase(read.text[: limit.start])
    anchor = _anchor(read.text[limit.end :])
    if not phrase or anchor is None or not 0 < number <= _MOST[limit.unit]:
        return None
    if not anchor[1] and not re.search(rf"{_LAST}\s*$|{_LAST}", read.text[: limit.end], re.IGNORECASE):
        return None
    function, times = _UNITS[limit.unit]
    return EventLately(phrase, function, number * times, *anchor)


def _phrase(text: str) -> str:
    """The event's words, when they are those of one event."""
    words = _DANGLING.sub("", _WINDOW.sub("", text)).strip()
    core = _LEADING.sub("", words)
    if not core or len(words.split()) > _MOST_WORDS or _NOT_ONE_EVENT.search(words):
        return ""
    return words if re.search(r"[^\W\d_]{3}", core) else ""


def _anchor(text: str) -> tuple[str, str] | None:
    """The item of the day a window ends on and the words for it, or none where they are not known."""
    match = _AFTER.match(text)
    if match is None:
        return None
    said = (match["anchor"] or "").strip()
    if not said:
        return "screening_date", ""
    for item, pattern in _ANCHORS:
        if re.fullmatch(pattern, said, re.IGNORECASE):
            return item, said
    return None


_DAYS: dict[str, Plain] = {
    "screening_date": {
        "label": "Day of screening",
        "type": "date",
        "note": "Times before screening count back from this day.",
    },
    "first_dose_planned_on": {
        "label": "Planned day of the first dose",
        "type": "date",
        "future": True,
        "note": "Times before the first dose count back from this day; correct it when the day moves.",
    },
    "randomisation_planned_on": {
        "label": "Planned day of randomisation",
        "type": "date",
        "future": True,
        "note": "Times before randomisation count back from this day; correct it when the day moves.",
    },
}
_FORM = ("eligibility", "Eligibility")


def add_event(sketch: Sketch, name: str, event: EventLately, words: str) -> str:
    """Ask for the event, its last day and the day the window ends on; returns the rule."""
    item = f"event_{name.lower()}"
    core = _LEADING.sub("", event.phrase)
    core = core[:1].upper() + core[1:]
    if event.anchor in _DAYS:
        sketch.ask(*_FORM, event.anchor, _DAYS[event.anchor])
    sketch.ask(
        *_FORM,
        item,
        {
            "label": clean(f"{core}: ever"),
            "type": "boolean",
            "attested_by": "investigator",
            "record": clean(words),
        },
    )
    sketch.ask(
        *_FORM,
        f"{item}_last",
        {
            "label": clean(f"{core}: last day"),
            "type": "date",
            "partial": True,
            "only_if": item,
            "attested_by": "investigator",
            "note": "The last day on which it happened or still went on; a year or month alone is accepted.",
        },
    )
    unit = "days" if event.function == "ADD_DAYS" else "calendar months"
    day = _DAYS.get(event.anchor, {"label": "Date of consent"})["label"]
    sketch.assume(
        f"rule_{name.lower()}",
        f"A program read {words!r} as an event and a time before "
        + (f"{event.said!r}." if event.said else "a day the record does not name."),
        f"It is met when the event's last day is not earlier than {event.count} {unit} before: {day.lower()}.",
        "The time is counted from the last day of the event; the first day of the window is part of it. Confirm both, and the day "
        "it counts back from.",
        f"criteria.{name}",
        f"items.{item}",
        f"items.{item}_last",
        alternatives=("a question in the record's own words",),
    )
    return event.expression(item)
