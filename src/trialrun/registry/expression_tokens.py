"""The words of a criterion, sorted: terms, numbers, connectors, sexes, and what says nothing more.

A rule is only written where every word of the criterion is one of these: a word that is not known may
turn, restrict or widen what the numbers say, so its criterion is asked of a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from trialrun.registry.comparison import Comparison
from trialrun.registry.vocabulary import Term, TermKind, Vocabulary


class Role(StrEnum):
    """What a word does in a criterion."""

    TERM = "term"
    NUMBER = "number"
    AND = "and"
    OR = "or"
    COMMA = "comma"
    SEMICOLON = "semicolon"
    SLASH = "slash"
    STOP = "stop"
    SEX = "sex"
    CONDITION = "condition"
    ADULT = "adult"


@dataclass(frozen=True, slots=True)
class Word:
    """One word: a term, the comparisons of one place, a connector, a sex (`M` or `F`)."""

    role: Role
    start: int
    term: Term | None = None
    comparisons: tuple[Comparison, ...] = ()
    text: str = ""


MEASURED = (TermKind.LABORATORY, TermKind.MEASUREMENT, TermKind.SCORE, TermKind.CLASS)
AGE = Term("age", "Age", TermKind.MEASUREMENT, (), "demographics", "number", ("a",))
CHILD_PUGH = Term("child_pugh", "Child-Pugh score", TermKind.SCORE, (), "laboratory", "number", ("{score}",))

_CHILD_PUGH = re.compile(
    r"\bChild(?:['’]s)?[\s-]?(?:Turcotte[\s-]?)?(?:Pugh)?(?:['’]s)?(?:\s+(?:score|class|grade|classification|stage|cirrhosis))*\b"
    r"(?=\W+(?:[ABC]\b|[≤<≥>(:=]|\d|score|class|grade))",
)
_PHRASES = re.compile(
    r"\bat (?:the )?(?:time of )?(?:the )?(?:screening(?: visit)?|enrol?lment|(?:study )?entry|(?:study )?inclusion|baseline(?: visit)?|"
    r"(?:signing (?:of )?(?:the )?|giving |providing )?(?:informed )?consent(?: form)?(?: signature)?|recruitment|visit 1|registration)\b"
    r"|\bon the day of (?:signing (?:the )?)?(?:informed )?consent\b"
    r"|\bat the time of signing (?:the |an )?(?:informed consent(?: form)?|icf)\b"
    r"|\b(?:during|on) (?:the )?screening(?: visit)?\b"
    r"|\b(?:at|before) the (?:start|beginning) of (?:the )?(?:study|trial)\b|\bduring (?:the )?screening(?: (?:period|phase|visit))?\b"
    r"|(?<=\w)['’]s\b|\bscreening\b(?= )"
    r"|\b(?:non[- ]?smoking )?(?:male|man|men|boy|boys)s? ?(?:,? (?:or|and|and/or) | ?/ ?|& )(?:female|woman|women|girl|girls)s?\b"
    r"|\b(?:female|woman|women|girl|girls)s? ?(?:,? (?:or|and|and/or) | ?/ ?|& )(?:male|man|men|boy|boys)s?\b"
    r"|\b(?:of |from )?(?:either|both|any|all) (?:sex|gender)(?:e?s)?\b|\bregardless of (?:sex|gender)\b"
    r"|\b(?:of )?any (?:race|ethnicity|ethnic group|race or ethnicity)\b"
    r"|\b(?:of|in|by|according to|using) (?:the )?(?:age range|range of)\b"
    r"|\bor equal to\b|\binclusive(?:ly)?\b|\bboth inclusive\b|\bextremes included\b|\bincluded\b(?=\s*\)|\s*\.?$)",
    re.IGNORECASE,
)
_DEFINES = re.compile(
    r"(?:\b(?:as )?(?:defined|evidenced|indicated|measured|determined|demonstrated|assessed|documented|shown|reflected|confirmed|described|characterized|characterised)"
    r"(?: (?:as|by|with|a|the|having))*(?: following)?\b|\bi\.?e\.?\b|\bmeaning\b|\bincluding\b)[,:]?",
    re.IGNORECASE,
)
_SAYS_NOTHING = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "with",
        "who",
        "whose",
        "which",
        "that",
        "has",
        "have",
        "having",
        "had",
        "at",
        "must",
        "should",
        "shall",
        "will",
        "need",
        "needs",
        "to",
        "their",
        "his",
        "her",
        "its",
        "in",
        "for",
        "by",
        "as",
        "patient",
        "patients",
        "subject",
        "subjects",
        "participant",
        "participants",
        "individual",
        "individuals",
        "person",
        "persons",
        "people",
        "volunteer",
        "volunteers",
        "candidate",
        "candidates",
        "level",
        "levels",
        "value",
        "values",
        "result",
        "results",
        "measurement",
        "measurements",
        "reading",
        "readings",
        "concentration",
        "concentrations",
        "serum",
        "plasma",
        "total",
        "both",
        "score",
        "scores",
        "scoring",
        "index",
        "count",
        "counts",
        "current",
        "currently",
        "between",
        "range",
        "ranging",
        "test",
        "eligible",
        "enrolled",
        "included",
        "criterion",
        "defined",
    ]
)
_OF_AGE = frozenset(
    [
        "age",
        "ages",
        "aged",
        "aging",
        "old",
        "years",
        "year",
        "yrs",
        "yo",
        "olds",
        "completed",
        "older",
        "younger",
        "adulthood",
    ]
)
_OF_A_SCALE = frozenset(
    [
        "class",
        "classes",
        "grade",
        "grades",
        "graded",
        "stage",
        "stages",
        "status",
        "score",
        "scores",
        "scale",
        "classification",
        "classified",
        "category",
        "physical",
        "functional",
        "performance",
        "points",
        "point",
        "system",
        "rating",
        "assessment",
        "exam",
        "examination",
        "questionnaire",
        "group",
        "total",
        "tool",
        "according",
    ]
)
_OF_A_CLEARANCE = frozenset(
    [
        "calculated",
        "estimated",
        "using",
        "use",
        "formula",
        "equation",
        "cockcroft",
        "gault",
        "mdrd",
        "ckd",
        "epi",
        "ckdepi",
        "method",
        "modification",
        "diet",
        "renal",
        "disease",
        "according",
        "chronic",
        "kidney",
        "epidemiology",
        "collaboration",
        "creatinine",
    ]
)
_AGE_SAID = re.compile(
    r"\bage[sd]?\b|\bold(?:er)?\b|\byounger\b|\by\W?o\b|\badults?\b|\b(?:patients?|subjects?|participants?|volunteers?|individuals?|people|persons?)\b"
    r"|\b(?:fe)?males?\b|\b(?:wo)?m[ae]n\b|^\W*(?:under|over)\b",
    re.IGNORECASE,
)
_SEXES = {
    **dict.fromkeys(("male", "males", "man", "men"), "M"),
    **dict.fromkeys(("female", "females", "woman", "women"), "F"),
}
_CONNECTORS = {"and": Role.AND, "or": Role.OR, "&": Role.AND}
_SIGNS = {",": Role.COMMA, ";": Role.SEMICOLON, "/": Role.SLASH, "&": Role.AND}
_SILENT = "()[]:=-–—\"'“”’•"
_WORD = re.compile(r"and/or\b|[^\W_]+|[^\w\s]", re.IGNORECASE)


class UnknownWordError(Exception):
    """A word of the criterion that says something this program does not know."""


def words_of(text: str, comparisons: tuple[Comparison, ...], vocabulary: Vocabulary) -> list[Word]:
    """The words of a criterion in their order.

    Errors: `UnknownWordError` with the first word that is not known.
    """
    words = [*_numbers(comparisons), *_terms(text, comparisons, vocabulary)]
    taken = [(one.comparisons[0].start, one.comparisons[0].end) for one in words if one.comparisons]
    taken += [(one.start, one.start + len(one.text)) for one in words if not one.comparisons]
    kinds = {one.term.name: one.term for one in words if one.term is not None}
    rest = _blanked(text, taken)
    rest = _PHRASES.sub(lambda match: " " * len(match.group()), rest)
    if any(one.role is Role.CONDITION for one in words):
        rest = _DEFINES.sub(lambda match: " " * len(match.group()), rest)
    silent = _silent_words(kinds, comparisons)
    for match in _WORD.finditer(rest):
        word = _word(match, silent, text)
        if word is not None:
            words.append(word)
    return sorted(words, key=lambda one: one.start)


def _blanked(text: str, places: list[tuple[int, int]]) -> str:
    letters = list(text)
    for start, end in places:
        letters[start:end] = " " * (end - start)
    return "".join(letters)


def _numbers(comparisons: tuple[Comparison, ...]) -> list[Word]:
    by_place: dict[tuple[int, int], list[Comparison]] = {}
    for one in comparisons:
        by_place.setdefault((one.start, one.end), []).append(one)
    return [Word(Role.NUMBER, start, comparisons=tuple(same)) for (start, _), same in by_place.items()]


def _terms(text: str, comparisons: tuple[Comparison, ...], vocabulary: Vocabulary) -> list[Word]:
    open_text = _blanked(text, [(one.start, one.end) for one in comparisons])
    words = [
        Word(Role.TERM, match.start(), CHILD_PUGH, text=match.group())
        for match in _CHILD_PUGH.finditer(text)
        if not open_text[match.start() : match.end()].isspace()
    ]
    open_text = _blanked(open_text, [(one.start, one.start + len(one.text)) for one in words])
    kinds = (*MEASURED, TermKind.CONDITION)
    for mention in vocabulary.mentions(open_text, kinds):
        role = Role.CONDITION if mention.term.kind is TermKind.CONDITION else Role.TERM
        words.append(Word(role, mention.start, mention.term, text=text[mention.start : mention.end]))
    return words


def _silent_words(terms: dict[str, Term], comparisons: tuple[Comparison, ...]) -> frozenset[str]:
    silent = _SAYS_NOTHING
    if any(is_age(one) for one in comparisons):
        silent |= _OF_AGE
    if any(term.kind in (TermKind.SCORE, TermKind.CLASS) for term in terms.values()):
        silent |= _OF_A_SCALE
    if {"egfr", "creatinine_clearance"} & set(terms):
        silent |= _OF_A_CLEARANCE
    return silent


def speaks_of_age(text: str) -> bool:
    """Whether the words say that a number of years is an age of the participant, and not how long something lasts."""
    return _AGE_SAID.search(text) is not None


def is_age(comparison: Comparison) -> bool:
    """Whether the number is an age."""
    return comparison.concept.lower().strip(" :") in (
        "age",
        "aged",
        "ages",
        "old",
        "years old",
        "age range",
        "age between",
    )


def _word(match: re.Match[str], silent: frozenset[str], text: str) -> Word | None:
    found, place = match.group(), match.start()
    lower = found.lower()
    if lower == "and/or":
        return Word(Role.OR, place, text=found)
    if lower in _CONNECTORS:
        return Word(_CONNECTORS[lower], place, text=found)
    if found in _SIGNS:
        return Word(_SIGNS[found], place, text=found)
    if found == ".":
        return None if not text[place + 1 :].strip() else Word(Role.STOP, place, text=found)
    if lower in _SEXES:
        return Word(Role.SEX, place, text=_SEXES[lower])
    if lower in ("adult", "adults"):
        return Word(Role.ADULT, place, text=found)
    if lower in silent or found in _SILENT:
        return None
    raise UnknownWordError(found)
