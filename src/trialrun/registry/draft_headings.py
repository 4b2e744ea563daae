"""Headings inside eligibility text: which of them leave the criteria after them true of everybody."""

from __future__ import annotations

import re

from trialrun.registry.criteria import Bullet, SectionKind
from trialrun.registry.record import Record

_NEUTRAL_WORDS = (
    r"(?:key|main|major|general|primary|principal|inclusion|exclusion|criteria|criterion|all|of|the|following|these|those|must|meet|met|be|are|is|to|"
    r"for|in|this|study|trial|eligible|eligibility|participation|enrol?lment|patients?|subjects?|participants?|individuals?|volunteers?|candidates?|"
    r"who|have|has|with|each|fulfil?l?|satisfy|requirements?|required|if|they|will|should|order|included?|and|as|by|at|screening|"
    r"laboratory|lab|values?|parameters?|tests?|results?|findings?|hemat\w*|haemat\w*|biochem\w*|chemistry|blood|counts?|adequate|sufficient|"
    r"acceptable|organ|bone|marrow|hepatic|liver|renal|kidney|cardiac|coagulation|function|functions|reserve|defined|evidenced|indicated|determined|"
    r"demonstrated|measured|assessed|documented|shown|below|listed|on|demographics?)"
)
_NEUTRAL = re.compile(rf"\W*(?:{_NEUTRAL_WORDS}\W+)*(?:{_NEUTRAL_WORDS})\W*", re.IGNORECASE)
_ANY = re.compile(r"\b(?:any|either|one(?: or more)?|at least one) (?:of )?(?:the )?", re.IGNORECASE)
_ABNORMAL_WORDS = (
    r"(?:inadequate|abnormal|abnormalities|impaired|insufficient|excluded?|will|not|eligible|ineligible|meeting|laboratory|clinically|or|if|there|"
    r"any|either|one|more|least|evidence|presence)"
)
_EXCLUDING = re.compile(
    rf"\W*(?:(?:{_NEUTRAL_WORDS}|{_ABNORMAL_WORDS})\W+)*(?:{_NEUTRAL_WORDS}|{_ABNORMAL_WORDS})\W*",
    re.IGNORECASE,
)
_OTHER_SIDE = re.compile(
    r"^\W*(?:non[- ]?(?:inclusion|eligib)\w*|not eligible|ineligib\w*|exclusions?\b(?! criteri)|inclusions?\b(?! criteri)|excluded\b|"
    r"(?:withdrawal|discontinuation|elimination|removal|termination|exit|randomi[sz]ation|continuation|re-?treatment|post[- ]\w+|additional|secondary) criteria|"
    r"criteria for (?:exclusion|inclusion|withdrawal|discontinuation))",
    re.IGNORECASE,
)
_LONGEST_HEADING = 90
_OPEN_END = re.compile(r"(?:\W|^)(and/or|or|and)\W*$", re.IGNORECASE)
_OPEN_START = re.compile(r"^\W*(and/or|or|and|otherwise|alternatively)\b", re.IGNORECASE)


def neutral_heading(kind: SectionKind, text: str) -> bool:
    """Whether a heading only announces what follows, so that each of it stands for itself.

    What includes must need all of it, what excludes any of it; a heading that says neither is neutral only
    where it is made of words without content ("Adequate organ function, defined as:").
    """
    if len(text) > 2 * _LONGEST_HEADING:
        return False
    if kind is SectionKind.INCLUSION:
        return _ANY.search(text) is None and _NEUTRAL.fullmatch(text) is not None
    together = re.search(r"\b(?:all|each|both) of\b", text, re.IGNORECASE) is not None
    return not together and _EXCLUDING.fullmatch(text) is not None


def open_ended(kind: SectionKind, text: str) -> bool:
    """Whether a line hangs on the next or the last one by a word that its section does not already mean."""
    fine = "and" if kind is SectionKind.INCLUSION else "or"
    end = _OPEN_END.search(text)
    start = _OPEN_START.match(text)
    return (end is not None and end[1].lower() != fine) or (start is not None and start[1].lower() != fine)


def closes(text: str) -> str:
    """A line without the connector that only leads to the next one."""
    return _OPEN_END.sub("", text).rstrip(" ,;")


class Bars:
    """What keeps criteria of one section from being rules: they are about some people, or on the other side."""

    def __init__(self, record: Record, kind: SectionKind) -> None:
        eligibility = record.criteria
        self._kind = kind
        self._unknown = eligibility.bullets(SectionKind.UNKNOWN)
        self._before = False
        self._under = ""
        self.reason = ""
        headings = [part.heading for part in eligibility.sections if part.kind is kind and part.bullets]
        strange = [heading for heading in headings if heading and not _NEUTRAL.fullmatch(heading)]
        other = next((line for line in eligibility.text.splitlines() if _other_side(line)), "")
        if strange or len(headings) > 1:
            self._under = self.reason = f"because they stand under {(strange or headings)[-1]!r}"
        elif other:
            self._under = self.reason = (
                f"because {other.strip()[:_LONGEST_HEADING]!r} opens a part of its own"
            )

    def admit(self, bullet: Bullet | None, lines: tuple[tuple[int, str], ...]) -> bool:
        """Whether rules may be written for the next bullet of the section."""
        hanging = self._before
        text = " ".join(line for _, line in lines)
        self._before = open_ended(self._kind, text) or _OPEN_START.match(text) is not None
        if bullet is None or bullet in self._unknown:
            return False
        if bullet.heading and not bullet.parts:
            self._announced(bullet)
            return False
        return not (self._under or hanging or self._before)

    def _announced(self, bullet: Bullet) -> None:
        if self.reason and self._under == self.reason:
            return
        self._under = "" if neutral_heading(self._kind, bullet.text) else bullet.text
        if self._under and not self.reason:
            self.reason = (
                f"after {bullet.text[:_LONGEST_HEADING]!r}, which may be about some of the people only"
            )


def _other_side(line: str) -> bool:
    """Whether a line reads like the heading of a part the sections were not cut at."""
    return (
        len(line.strip()) <= _LONGEST_HEADING
        and _OTHER_SIDE.match(line) is not None
        and (line.rstrip(" *").endswith(":") or len(line.split()) <= 4)
    )
