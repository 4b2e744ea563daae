"""Defects of eligibility text: compound bullets, conjunctions, judgements, contradicting units and ages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trialrun.registry.ages import ages_in
from trialrun.registry.criteria import AtomicCriterion, SectionKind
from trialrun.registry.record import Record

_SHOWN = 160
_JUDGEMENT = re.compile(
    r"\b(?:in|at|by|to|per) the (?:opinion|judge?ment|discretion|decision|view) of\b|\b(?:investigator|physician|doctor|PI)s?['’]?s?"
    r" (?:opinion|judge?ment|discretion|decision)|\b(?:judged|deemed|determined|considered|believed?|decided)\b[^.;]{0,40}\b"
    r"(?:investigator|physician|PI)\b|\binvestigators? (?:believes?|considers?|judges?|deems?)\b|\bdecision of PI\b",
    re.IGNORECASE,
)
_AND = re.compile(r"\band\b(?!\s*/\s*or)", re.IGNORECASE)
_LONGEST = 5_000
_SHORTEST = 12
_ASIDE = re.compile(r"\([^()]{0,600}\)")
_EXAMPLES = re.compile(
    r"\b(?:including|such as|e\.g\.|eg\b|for example|i\.e\.|namely|as defined|not limited to)", re.IGNORECASE
)
_PAIRS = re.compile(
    r"\bbetween\b[^,;.]{0,40}\band\b|\band any other\b|\band/or\b|\b(?:history|signs|symptoms|food|risks?|safety) and"
    r" (?:physical|symptoms|signs|beverages?|benefits?|efficacy)\b|\b(\w+(?:al|ic|ar|ive|ous|ory|ed|ary|ute|able|ible))\s+and\s+\w+(?:al|ic|ar|ive|ous|ory|ary|able|ible)\b|\bnausea and vomiting\b"
    r"|\b(?:wom[ae]n|males?|females?|m[ae]n|head|neck|ear|nose) and (?:men|women|females?|males?|neck|nose|throat)\b",
    re.IGNORECASE,
)
_WANTED = re.compile(
    r"(?:patients?|subjects?|participants?)?\s*(?:no (?:prior|previous|known|history of|concurrent|current|active|other)\b(?! (?:evidence|contraception))"
    r"|absence of (?:any )?(?:history|prior|previous|active|other|known)\b|must (?:not |have |be )|(?:are |is )?(?:willing|able) (?:to|and)\b)",
    re.IGNORECASE,
)
_KINDS = {
    "volume": "ml l cl dl oz litre litres liter liters",
    "mass": "mg g kg µg ug mcg",
    "count": "unit units drink drinks iu",
}
_KIND_OF = {unit: kind for kind, units in _KINDS.items() for unit in units.split()}
_UNITS = "|".join(sorted(_KIND_OF, key=len, reverse=True))
_TWO = re.compile(
    rf"(?<!\d)(\d{{1,9}}(?:\.\d{{1,9}})?)\s{{0,3}}({_UNITS})\b\s{{0,3}}\(\s{{0,3}}(\d{{1,9}}(?:\.\d{{1,9}})?)\s{{0,3}}({_UNITS})\b\s{{0,3}}\)",
    re.IGNORECASE,
)


def _place(criterion: AtomicCriterion) -> str:
    return f"eligibilityModule.eligibilityCriteria {criterion.id}"


def _quote(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


def no_section(record: Record) -> Iterator[tuple[str, str]]:
    """Criteria of one side, or of both, are missing."""
    for kind in (SectionKind.INCLUSION, SectionKind.EXCLUSION):
        if not record.criteria.bullets(kind):
            yield (
                "eligibilityModule.eligibilityCriteria",
                f"the record has no {kind} criteria under such a heading",
            )


def compound(record: Record) -> Iterator[tuple[str, str]]:
    """One bullet holds several lettered or numbered criteria."""
    for kind in SectionKind:
        for number, bullet in enumerate(record.criteria.bullets(kind), start=1):
            inline = [
                part for part in bullet.parts if "\n" not in part.original and part.original == part.text
            ]
            if len(inline) > 1 and "\n" not in bullet.original:
                place = f"eligibilityModule.eligibilityCriteria {kind.letter}{number}"
                yield place, f"{len(inline)} criteria in one bullet: {_quote(bullet.whole_text)}"


def conjunction(record: Record) -> Iterator[tuple[str, str]]:
    """An exclusion joined by `and`: it is unclear whether both sides must hold to exclude."""
    for criterion in record.criteria.atomic(SectionKind.EXCLUSION):
        if joins_conditions(criterion.text):
            yield _place(criterion), f"`and` inside an exclusion: {_quote(criterion.text)}"


def joins_conditions(text: str) -> bool:
    """Whether an `and` may join two conditions: not in a remark, an example, a fixed pair or a pair of adjectives."""
    text = _ASIDE.sub(" ", text[:_LONGEST])
    text = _EXAMPLES.split(text, maxsplit=1)[0]
    return _AND.search(_PAIRS.sub(" ", text)) is not None


def both_sides(record: Record) -> Iterator[tuple[str, str]]:
    """The same words as inclusion and as exclusion: nobody can satisfy both."""
    wanted = {_folded(one.text): one.id for one in record.criteria.atomic(SectionKind.INCLUSION)}
    for criterion in record.criteria.atomic(SectionKind.EXCLUSION):
        same = wanted.get(_folded(criterion.text))
        if same and len(criterion.text) > _SHORTEST and not criterion.heading:
            yield _place(criterion), f"stands as inclusion {same}, too: {_quote(criterion.text)}"


def negated_exclusion(record: Record) -> Iterator[tuple[str, str]]:
    """An exclusion phrased as what is wanted: read by the letter it shuts out the wrong people."""
    for criterion in record.criteria.atomic(SectionKind.EXCLUSION):
        if not criterion.context and _WANTED.match(criterion.text):
            yield _place(criterion), f"an exclusion phrased as an inclusion: {_quote(criterion.text)}"


def _folded(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+|[<>=≤≥]", text[:_LONGEST].casefold()))


def judgement(record: Record) -> Iterator[tuple[str, str]]:
    """A criterion that rests on somebody's opinion."""
    for criterion in record.criteria.atomic():
        if _JUDGEMENT.search(criterion.text):
            yield _place(criterion), f"rests on a judgement: {_quote(criterion.text)}"


def is_judgement(text: str) -> bool:
    """Whether a text leaves the answer to an investigator's opinion."""
    return _JUDGEMENT.search(text) is not None


def two_units(record: Record) -> Iterator[tuple[str, str]]:
    """One limit given in two units of different kinds, e.g. `20 ml (2 units)`."""
    for criterion in record.criteria.atomic():
        pairs = [
            match.group(0)
            for match in _TWO.finditer(criterion.text)
            if _KIND_OF[match.group(2).lower()] != _KIND_OF[match.group(4).lower()]
        ]
        if pairs:
            yield _place(criterion), f"one limit in two kinds of unit: {', '.join(pairs)}"


def two_ages(record: Record) -> Iterator[tuple[str, str]]:
    """The age fields and the ages in the text are not the same."""
    low, high = record.minimum_age, record.maximum_age
    for criterion in record.criteria.atomic(SectionKind.INCLUSION):
        ages = ages_in(criterion.text)
        if ages is None:
            continue
        for name, field, value in (("minimum", low, ages.low), ("maximum", high, ages.high)):
            if field is not None and value is not None and field.years is not None and field.years != value:
                yield _place(criterion), f"the text says {ages.words!r}, the {name} age field {field.text!r}"
