"""Terms of the vocabulary: what a registry text may call something, and the item it becomes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

_TOKEN = re.compile(r"\w+")
# Between the words of one name: a blank, a hyphen, an apostrophe, a slash, a bracket, nothing longer.
_JOINED = re.compile(r"[\s\-‐‑‒–—'’/()&.+]{0,3}")
_LONGEST_NAME = 12
_CASE_MATTERS = 4


class TermKind(StrEnum):
    """What a term is."""

    LABORATORY = "laboratory"
    MEASUREMENT = "measurement"
    SCORE = "score"
    CLASS = "class"
    EVENT = "event"
    CONDITION = "condition"


class Better(StrEnum):
    """In which direction a value is better for the participant."""

    LOWER = "lower"
    HIGHER = "higher"


@dataclass(frozen=True, slots=True)
class Term:
    """Something a study can ask for, by the names registry texts give it.

    Args:
        name: the item's name in a drafted study.
        label: what the form says.
        words: how texts call it; words of up to four letters match only as written.
        form: the form it is asked on.
        type: the item's type, as in `study.yaml`.
        units: UCUM; rules are computed in the first, values may be entered in all. Empty for choices.
        analyte: the substance, for conversions between mass and amount; empty where they never mix.
        hard, query: limits of entry checks in the first unit; empty where there are none.
        codings: `SYSTEM:code`.
        choices: code and label of the answers of a class, from least to most severe.
        better: in which direction it is better; `None` where that depends.
        attested_by: who answers for it.
        time_to: for a time to an event, the events that end it.
        time_from: for a time to an event, the event whose day it begins on; empty for the start of the study.
        measures: for a condition, the measurements that define it.
        source: where range and direction come from.
    """

    name: str
    label: str
    kind: TermKind
    words: tuple[str, ...]
    form: str
    type: str
    units: tuple[str, ...] = ()
    analyte: str = ""
    hard: tuple[Decimal, Decimal] | None = None
    query: tuple[Decimal, Decimal] | None = None
    codings: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    better: Better | None = None
    attested_by: str = "investigator"
    time_to: tuple[str, ...] = ()
    time_from: str = ""
    measures: tuple[str, ...] = ()
    source: str = ""
    note: str = ""

    @property
    def unit(self) -> str:
        """The UCUM unit rules are computed in; empty for what has none."""
        return self.units[0] if self.units else ""

    @property
    def plain_number(self) -> bool:
        """Whether its values are written without a unit."""
        return bool(self.units) and (self.unit == "1" or re.fullmatch(r"\{[^{}/]*\}", self.unit) is not None)

    def item(self) -> dict[str, Any]:
        """The item as `study.yaml` holds it."""
        entry: dict[str, Any] = {"label": self.label, "type": self.type}
        if self.units:
            entry |= {"unit": self.unit} | ({"units": list(self.units)} if len(self.units) > 1 else {})
        if self.analyte:
            entry["analyte"] = self.analyte
        for name, limits in (("hard", self.hard), ("query", self.query)):
            if limits is not None:
                entry[name] = [_number(limit) for limit in limits]
        if self.choices:
            entry["choices"] = dict(self.choices)
        if self.codings:
            entry["codings"] = list(self.codings)
        return entry | {"attested_by": self.attested_by}


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a text where a term is named."""

    term: Term
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Terms by name, and the index by which their names are found in a text."""

    terms: Mapping[str, Term]
    _names: Mapping[tuple[str, ...], tuple[tuple[str, Term], ...]] = field(repr=False)

    @classmethod
    def of(cls, terms: Iterable[Term]) -> Vocabulary:
        """A vocabulary of these terms; of two with one name the later one holds."""
        by_name = {term.name: term for term in terms}
        names: dict[tuple[str, ...], tuple[tuple[str, Term], ...]] = {}
        for term in by_name.values():
            for words in term.words:
                key = tuple(_folded(words))
                names[key] = (*names.get(key, ()), (words, term))
        return cls(by_name, names)

    def with_terms(self, more: Iterable[Term]) -> Vocabulary:
        """This vocabulary and these terms, which go first where a name or a word is known already."""
        added = {term.name: term for term in more}
        taken = {tuple(_folded(words)) for term in added.values() for words in term.words}
        kept = [
            replace(term, words=tuple(words for words in term.words if tuple(_folded(words)) not in taken))
            for term in self.terms.values()
            if term.name not in added
        ]
        return Vocabulary.of([*kept, *added.values()])

    def get(self, name: str) -> Term | None:
        """The term of a name, or none."""
        return self.terms.get(name)

    def mentions(self, text: str, kinds: Iterable[TermKind] = tuple(TermKind)) -> tuple[Mention, ...]:
        """Where a text names terms of these kinds: the longest name at each place, none overlapping.

        A name that several terms share is nobody's.
        """
        return tuple(self._found(text, frozenset(kinds)))

    def named(self, text: str) -> Term | None:
        """The term whose name is the whole text, or none."""
        found = self.mentions(text.strip(" .,;:()"))
        whole = [one for one in found if one.end - one.start == len(text.strip(" .,;:()"))]
        return whole[0].term if len(whole) == 1 else None

    def _found(self, text: str, kinds: frozenset[TermKind]) -> Iterator[Mention]:
        tokens = list(_TOKEN.finditer(text))
        place = 0
        while place < len(tokens):
            found = self._longest(text, tokens, place, kinds)
            if found is None:
                place += 1
                continue
            mention, after = found
            yield mention
            place = after

    def _longest(
        self, text: str, tokens: list[re.Match[str]], place: int, kinds: frozenset[TermKind]
    ) -> tuple[Mention, int] | None:
        best: tuple[Mention, int] | None = None
        key: list[str] = []
        for after in range(place, min(place + _LONGEST_NAME, len(tokens))):
            if after > place and not _JOINED.fullmatch(text, tokens[after - 1].end(), tokens[after].start()):
                break
            key.append(tokens[after].group().lower())
            written = text[tokens[place].start() : tokens[after].end()]
            terms = {
                term.name: term
                for words, term in (*self._names.get(tuple(key), ()), *self._plural(key))
                if term.kind in kinds and _as_written(words, written)
            }
            if len(terms) == 1:
                term = next(iter(terms.values()))
                best = Mention(term, tokens[place].start(), tokens[after].end()), after + 1
        return best

    def _plural(self, key: list[str]) -> tuple[tuple[str, Term], ...]:
        last = key[-1]
        if len(last) <= _CASE_MATTERS or not last.endswith("s"):
            return ()
        return self._names.get((*key[:-1], last[:-1]), ())


def _folded(text: str) -> list[str]:
    return [token.lower() for token in _TOKEN.findall(text)]


def _as_written(words: str, written: str) -> bool:
    """Abbreviations mean something only as they are written: PT is no pt, AST no ast."""
    return len(words) > _CASE_MATTERS or " " in words or words == written
