"""Events of time frames: what a clock starts at, and what a visit is held at without a day of its own.

The patterns read the tokens of `timeframe_words`, separated by one space.
"""

from __future__ import annotations

import re

_GIVEN = r"(?:dose|injection|infusion|administration|treatment|application|intake|instillation|session|drug|medication|implant|therapy)"
_PRODUCT = r"(?:study |trial |investigational |test |randomi[sz]ed |protocol )?(?:drug|treatment|medication|product|vaccine|intervention|therapy|agent|ip|imp)"
_OF = rf"(?: of (?:the )?(?:{_PRODUCT}|[a-z]+(?= [,;.()]|$)))?"
_THE = r"(?:the |their |this )?(?:(?:date|day|time|moment|point) of )?(?:the |their )?"
# The first pattern that fits at a place names the event.
ANCHORS: tuple[tuple[str, str], ...] = (
    (
        r"enrol\w* of (?:the )?last \w+|last (?:patient|participant|subject)(?: is| was)? (?:enrol\w*|in|included)",
        "last_enrolment",
    ),
    (
        rf"(?:last|final) (?:{_PRODUCT} )?(?:{_GIVEN}|vaccination|vaccine)(?: administration)?{_OF}",
        "last_dose",
    ),
    (
        (
            rf"(?:end|completion|discontinuation|cessation|termination|withdrawal|stop) of (?:the )?(?:{_PRODUCT}|{_GIVEN}|dose)"
            rf"|(?:{_PRODUCT}|dose) (?:end|completion|discontinuation|cessation|termination|withdrawal)"
            rf"|(?:completing|stopping|ending|discontinuing) (?:the )?(?:{_PRODUCT}|{_GIVEN})"
        ),
        "end_of_treatment",
    ),
    (
        (
            rf"first (?:{_PRODUCT} )?(?:{_GIVEN})(?: administration)?{_OF}"
            rf"|(?:start|initiation|beginning|commencement|onset|initiating|starting|beginning) (?:of )?(?:the )?(?:{_PRODUCT}|{_GIVEN}|dose)"
            rf"|(?:{_PRODUCT}|dose) (?:start|initiation|beginning|commencement)"
        ),
        "first_dose",
    ),
    (
        r"(?:first|1th|2th|3th|second|third|4th|fourth|booster) (?:dose|vaccination|injection|vaccine dose)|(?:dose|vaccination) \d",
        "numbered",
    ),
    (
        rf"(?:each |every |any )?(?:dose|(?:drug |{_PRODUCT} )?(?:administration|intake|ingestion|injection|infusion)){_OF}",
        "dose",
    ),
    (
        r"(?:organ |kidney |renal |liver |stem cell |bone marrow |hsct |lung |heart )?(?:transplant\w*|hsct|hct)",
        "transplantation",
    ),
    (r"(?:hospital |icu |intensive care unit |nicu |picu )?discharge(?: from (?:the )?\w+)?", "discharge"),
    (
        r"(?:hospital |icu |intensive care unit |nicu |picu )?(?:admission|hospitali[sz]ation)(?: to (?:the )?\w+)?",
        "admission",
    ),
    (
        r"operative(?: day)?|(?:the )?(?:surgery|surgical (?:procedure|intervention|treatment|operation|period)|surgical|operation)",
        "surgery",
    ),
    (r"randomi[sz]\w*", "randomisation"),
    (r"(?:birth|delivery|partum|natal|childbirth|life|age)", "birth"),
    (r"(?:each |any )?(?:vaccination|immuni[sz]ation|vaccine)", "vaccination"),
    (r"(?:intervention|procedure|procedural)", "intervention"),
    (
        (
            r"(?:study |trial |patient |participant |subject )?(?:enrol\w*|inclusion|recruitment|registration|entry|entrance|(?:start|initiation)(?! of))"
            r"(?: (?:in|into|to|of) (?:the )?(?:study|trial))?|(?:informed )?consent(?: signature)?"
            r"|(?:start|beginning|initiation) of (?:the )?(?:study|trial|participation|follow up)"
        ),
        "enrolment",
    ),
    (r"baseline(?: visit)?", "baseline"),
)
_COMPILED = tuple((re.compile(rf"{_THE}(?:{pattern})(?! \w*:)(?= |$)"), name) for pattern, name in ANCHORS)
_NUMBERED = {"first": "1", "second": "2", "third": "3", "fourth": "4"}

# Ends and turning points a visit is held at, or a period lasts to, with no day of their own.
EVENTS = re.compile(
    rf"{_THE}(?:"
    r"(?:documented |confirmed |first |objective |radiographic |tumou?r |any )*(?:disease )?(?:progression|relapse|recurrence)(?: of disease)?"
    r"|death(?: (?:due to|from) any cause)?|(?:hospital |icu |nicu )?discharge(?: from (?:the )?\w+)?|study completion|completion of (?:the )?[a-z]+"
    r"|(?:the )?(?:end|closure|termination|completion|conclusion|duration|course|length) of (?:the )?(?:\w+ ){0,2}?"
    r"(?:study|trial|treatment|therapy|intervention|follow up|participation|surgery|procedure|pregnancy|stay|hospitali[sz]ation|period"
    r"|program\w*|training|operation|anesthesia|anaesthesia|radiotherapy|chemotherapy|session|infusion|exercise)(?: (?:participation|period|phase))?"
    r"|(?:the )?(?:entire |whole |full |overall |total )?(?:study|trial|treatment|hospital|icu|follow up|observation|intervention)"
    r"(?: (?:treatment|participation))? (?:period|duration|stay|phase|completion|end|termination|closure|participation)"
    r"|(?:the )?(?:entire |whole |full )?(?:study|trial|treatment|hospitali[sz]ation|procedure|surgery|intervention|operation|pregnancy|anesthesia"
    r"|hospital stay)(?= [,;.()]|$)"
    r"|(?:early )?(?:termination|withdrawal)|(?:last|final|next) (?:study )?(?:visit|assessment|follow up|contact|observation)"
    r"|extubation|intubation|(?:unacceptable )?toxicity|loss to follow up|delivery|birth|recovery|(?:complete )?(?:wound )?healing|remission"
    r"|resolution(?: of \w+)?|initiation of (?:new|subsequent) [a-z ]+? (?:therapy|treatment)|ovulation|menopause"
    r")(?= |$)"
)


def anchor_at(text: str, place: int) -> tuple[str, int] | None:
    """The event named at a place of the tokens, and where its words end."""
    for pattern, name in _COMPILED:
        match = pattern.match(text, place)
        if match:
            return (_numbered(match.group(0)) if name == "numbered" else name), match.end()
    return None


def _numbered(words: str) -> str:
    order = re.search(r"\d+|first|second|third|fourth|booster", words)
    kind = "vaccination" if "vaccin" in words else "dose"
    found = order.group(0) if order else ""
    found = _NUMBERED.get(found, found)
    return ("first_dose" if kind == "dose" else "first_vaccination") if found == "1" else f"{kind}_{found}"


_NO_EVENT = frozenset(
    {
        "first",
        "study",
        "trial",
        "treatment",
        "the",
        "visit",
        "that",
        "this",
        "which",
        "time",
        "period",
        "it",
        "each",
        "last",
        "same",
    }
)
_EVENT_WORDS = re.compile(
    r"(?:the |a |an |each |their |his |her |its )?((?:[a-z][a-z']* ){0,4}?[a-z][a-z']*)"
    r"(?= [,;.():/-]|$| (?:and|or|at|on|to|until|up|through|for|in|with|by|who|when|is|are|was|were|will|as|using|then|versus|compared) | \d| -\d)"
)


def event_words(text: str, place: int) -> tuple[str, int] | None:
    """A few words of an event no table knows ("stent implantation"), and where they end."""
    match = _EVENT_WORDS.match(text, place)
    if match is None:
        return None
    words = match.group(1).split()
    if all(word in _NO_EVENT for word in words):
        return None
    return " ".join(words), match.end()
