"""The vocabulary's files: those shipped, and anybody's by path, checked line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from trialrun.errors import RecordError, UnitError
from trialrun.registry.vocabulary.model import Better, Term, TermKind, Vocabulary
from trialrun.study.text import Located, did_you_mean, plain, read_yaml
from trialrun.values.finding import Finding

DATA = Path(__file__).parent / "data"
_FILE_KEYS = ("sources", "kind", "form", "attested_by", "terms")
_TERM_KEYS = (
    "label", "words", "type", "units", "analyte", "hard", "query", "codings", "choices", "better", "form", "kind",
    "attested_by", "time_to", "time_from", "measures", "source", "note",
)  # fmt: skip
_TYPES = ("number", "integer", "boolean", "choice", "date")
_ATTESTED = ("principal_investigator", "investigator", "participant", "laboratory")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_CODE = {
    "LOINC": re.compile(r"\d{1,7}-\d"),
    "SNOMED": re.compile(r"\d{6,18}"),
    "NCIT": re.compile(r"C\d{2,8}"),
}
USER_FILE = "vocabulary.yaml"


@lru_cache(maxsize=1)
def shipped() -> Vocabulary:
    """The vocabulary this program ships."""
    terms: list[Term] = []
    for path in sorted(DATA.glob("*.yaml")):
        terms += _terms(path, trusted=True)  # its units are checked by the tests, not at every start
    return Vocabulary.of(terms)


def vocabulary_with(path: Path | None) -> Vocabulary:
    """The shipped vocabulary with somebody's own file, whose terms go first.

    Errors: `RecordError` that lists every problem of the file with its line.
    """
    return shipped() if path is None else shipped().with_terms(_terms(path))


def _terms(path: Path, *, trusted: bool = False) -> list[Term]:
    terms, findings = read_terms(path, trusted=trusted)
    if findings:
        lines = "\n".join(f"  {finding}" for finding in findings)
        count = "1 problem" if len(findings) == 1 else f"{len(findings)} problems"
        raise RecordError(f"{path.name} is no vocabulary: {count}\n{lines}", "correct the lines named above")
    return terms


def read_terms(path: Path, *, trusted: bool = False) -> tuple[list[Term], list[Finding]]:
    """The terms of a vocabulary file and every problem found; raises nothing.

    Args:
        path: the file.
        trusted: its units are known to be right and are not looked up.
    """
    located = read_yaml(path)
    if located.findings:
        return [], located.findings
    if not isinstance(located.data, dict):
        located.problem(
            (), "vocabulary", f"a vocabulary is a mapping, not {plain(located.data)}", "begin with terms:"
        )
        return [], located.findings
    content = cast("dict[str, Any]", located.data)
    _unknown_keys(located, (), content, _FILE_KEYS)
    entries = content.get("terms")
    if not isinstance(entries, dict) or not entries:
        located.problem(("terms",), "vocabulary", "terms: is missing or empty", "add at least one term")
        return [], located.findings
    defaults = {key: content[key] for key in ("kind", "form", "attested_by") if key in content}
    terms = [
        term
        for name, entry in cast("dict[str, Any]", entries).items()
        if (term := _Reading(located, ("terms", name), name, trusted).term(entry, defaults)) is not None
    ]
    return terms, located.findings


def _unknown_keys(
    located: Located, path: tuple[str | int, ...], entry: Mapping[str, Any], known: tuple[str, ...]
) -> None:
    for key in entry:
        if key not in known:
            remedy = did_you_mean(key, known) or f"the keys are {', '.join(known)}"
            located.problem((*path, key), "unknown-key", f"there is no key {key!r} here", remedy)


class _Reading:
    """One term of a file while it is read; every problem is noted at its line."""

    def __init__(self, located: Located, path: tuple[str | int, ...], name: str, trusted: bool) -> None:
        self.trusted = trusted
        self.located = located
        self.path = path
        self.name = name

    def problem(self, key: str, message: str, remedy: str = "") -> None:
        """Note what is wrong with a key of this term."""
        path = (*self.path, key) if key else self.path
        self.located.problem(path, "vocabulary", f"{self.name}: {message}", remedy)

    def term(self, entry: Any, defaults: Mapping[str, Any]) -> Term | None:
        """The term, or none where it has problems."""
        before = len(self.located.findings)
        if not _NAME.fullmatch(self.name):
            self.problem("", "a name is small letters, digits and _, beginning with a letter")
        if not isinstance(entry, dict):
            self.problem("", f"a term is a mapping, not {plain(entry)}")
            return None
        _unknown_keys(self.located, self.path, cast("dict[str, Any]", entry), _TERM_KEYS)
        values: dict[str, Any] = {"form": "examination", "attested_by": "investigator"}
        values |= {**defaults, **cast("dict[str, Any]", entry)}
        kind = self.one_of(values, "kind", tuple(TermKind), "measurement")
        better = self.one_of(values, "better", tuple(Better), "")
        found = Term(
            name=self.name,
            label=self.text(values, "label"),
            kind=TermKind(kind),
            words=self.texts(values, "words"),
            form=self.text(values, "form"),
            type=self.one_of(values, "type", _TYPES, "number"),
            units=self.texts(values, "units"),
            analyte=self.text(values, "analyte", optional=True),
            hard=self.limits(values, "hard"),
            query=self.limits(values, "query"),
            codings=self.texts(values, "codings"),
            choices=tuple(self.choices(values)),
            better=Better(better) if better else None,
            attested_by=self.one_of(values, "attested_by", _ATTESTED, "investigator"),
            time_to=self.texts(values, "time_to"),
            time_from=self.text(values, "time_from", optional=True),
            measures=self.texts(values, "measures"),
            source=self.text(values, "source", optional=True),
            note=self.text(values, "note", optional=True),
        )
        self.check(found)
        return found if len(self.located.findings) == before else None

    def text(self, values: Mapping[str, Any], key: str, *, optional: bool = False) -> str:
        """A text of the term."""
        value = values.get(key, "")
        if not isinstance(value, str) or (not value and not optional):
            self.problem(key, f"{key} is a text, not {plain(value)}" if value else f"{key} is missing")
            return ""
        return value

    def texts(self, values: Mapping[str, Any], key: str) -> tuple[str, ...]:
        """A list of texts of the term."""
        value = values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in cast("list[Any]", value)):
            self.problem(key, f"{key} is a list of texts", "write [..., ...]; put numbers into quotes")
            return ()
        return tuple(cast("list[str]", value))

    def one_of(self, values: Mapping[str, Any], key: str, allowed: tuple[str, ...], default: str) -> str:
        """One of a few words."""
        value = values.get(key, default)
        if value not in (*allowed, default):
            remedy = did_you_mean(str(value), allowed) or f"write one of {', '.join(allowed)}"
            self.problem(key, f"{key} {plain(value)} is not known", remedy)
            return default or allowed[0]
        return str(value)

    def limits(self, values: Mapping[str, Any], key: str) -> tuple[Decimal, Decimal] | None:
        """Two numbers, the lower first."""
        value = values.get(key)
        if value is None:
            return None
        pair = cast("list[Any]", value) if isinstance(value, list) else []
        numbers = [
            Decimal(one) for one in pair if isinstance(one, (int, Decimal)) and not isinstance(one, bool)
        ]
        if len(numbers) != 2 or len(pair) != 2 or numbers[0] >= numbers[1]:
            self.problem(key, f"{key} is two numbers, the lower first", f"write {key}: [0, 100]")
            return None
        return numbers[0], numbers[1]

    def choices(self, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Codes and labels of a choice."""
        value = values.get("choices", {})
        if not isinstance(value, dict):
            self.problem("choices", "choices is a mapping from code to label")
            return
        for code, label in cast("dict[str, Any]", value).items():
            if isinstance(label, str):
                yield code, label
            else:
                self.problem("choices", f"the label of {code!r} is a text, not {plain(label)}")

    def check(self, term: Term) -> None:
        """What no single key can tell."""
        for coding in term.codings:
            system, _, code = coding.partition(":")
            if system not in _CODE or not _CODE[system].fullmatch(code):
                self.problem("codings", f"{coding!r} is no coding", "write LOINC:1975-2 or SNOMED:19943007")
        if (term.type == "choice") != bool(term.choices):
            self.problem("choices", "type: choice and choices: go together")
        if term.type in ("number", "integer") and not term.units:
            self.problem(
                "units", "a number has units", 'write units: [mg/dL]; ["{score}"] for a plain number'
            )
        if not self.trusted:
            self._units(term)

    def _units(self, term: Term) -> None:
        from trialrun.values.units import check_unit, same_dimension

        for unit in term.units:
            try:
                check_unit(unit)
                fits = same_dimension(unit, term.unit, term.analyte or None)
            except UnitError as error:
                self.problem("units", error.message, error.remedy)
                continue
            if not fits:
                self.problem(
                    "units", f"{unit} cannot be turned into {term.unit}", "name the analyte, or leave it out"
                )
