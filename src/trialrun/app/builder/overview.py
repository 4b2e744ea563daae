"""What is left to do on a draft, and each entry beside the record's words it came from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from trialrun.app.builder.checked import Checked
from trialrun.app.builder.fields import FIELDS, SECTION_WORDS
from trialrun.app.builder.one_line import kind_words, said
from trialrun.app.language import gettext as _
from trialrun.values.finding import Finding, Severity

# What a person writes, by a button, on a criterion that shall stay a question to the investigator.
SETTLED = "Stays a question"
_BARE = re.compile(r"^[a-z][a-z0-9_]*$")
_LINE = re.compile(r"^study\.yaml:(\d+)")


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of the record, and where it stands there."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One entry in its section's list.

    Args:
        name, title: the entry.
        quotes: the record's words beside it.
        rule: what it says, in words; of a criterion its rule, of a visit its day, of an item its type.
        code: the rule as written, where there is one.
        open: why it needs a look, in words; empty when nothing is left.
        wrong: errors of the check in its lines.
        tone: `bad`, `warn` or none, by how much is left.
    """

    name: str
    title: str
    quotes: tuple[Quote, ...]
    rule: str
    code: str = ""
    kind: str = ""
    open: tuple[str, ...] = ()
    wrong: tuple[Finding, ...] = ()

    @property
    def tone(self) -> str:
        """How much is left."""
        return "bad" if self.wrong else "warn" if self.open else ""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the study with the entries that need a look first."""

    name: str
    title: str
    one: str
    rows: tuple[Row, ...]

    @property
    def left(self) -> int:
        """How many entries need a look."""
        return sum(1 for row in self.rows if row.tone)

    @property
    def sorted(self) -> tuple[Row, ...]:
        """Errors first, then what is open, then the rest; each in the study's order."""
        order = {"bad": 0, "warn": 1, "": 2}
        return tuple(sorted(self.rows, key=lambda row: order[row.tone]))


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole draft at a glance. `loose` are findings that belong to no entry."""

    title: str
    sections: tuple[Section, ...]
    loose: tuple[Finding, ...]
    background: tuple[Quote, ...]
    loads: bool

    @property
    def left(self) -> int:
        """How many entries need a look, and findings beside."""
        return sum(section.left for section in self.sections) + len(
            [one for one in self.loose if one.severity is not Severity.NOTE]
        )


def overview(checked: Checked) -> Overview:
    """What a draft has and what it lacks."""
    placed = _placed(checked)
    sections = tuple(section_of(checked, name, placed) for name in FIELDS)
    known = {id(finding) for findings in placed.values() for finding in findings}
    about: Any = checked.data.get("study") if checked.is_yaml else None
    title = str(cast("dict[str, Any]", about).get("title", "")) if isinstance(about, dict) else ""
    loose = tuple(one for one in checked.findings if id(one) not in known and one.code != "open-assumption")
    return Overview(title, sections, loose, _background(checked), checked.loads)


def section_of(
    checked: Checked, section: str, placed: Mapping[tuple[str, str], list[Finding]] | None = None
) -> Section:
    """One section with what is open in it."""
    placed = _placed(checked) if placed is None else placed
    words = _rule_words(checked) if section == "criteria" else {}
    quotes = _quotes_by_part(checked)
    rows = tuple(
        _row(checked, section, name, entry, placed.get((section, name), []), words.get(name, ""), quotes)
        for name, entry in checked.section(section).items()
    )
    many, one = SECTION_WORDS[section]
    return Section(section, _(many), _(one), rows)


def _row(
    checked: Checked,
    section: str,
    name: str,
    entry: Mapping[str, Any],
    findings: list[Finding],
    words: str,
    quotes: Mapping[str, tuple[Quote, ...]],
) -> Row:
    errors = tuple(one for one in findings if one.severity is Severity.ERROR)
    open_ = [one.message for one in findings if one.severity is Severity.WARNING]
    open_ += list(_left(checked, section, name, entry))
    return Row(
        name,
        _title(entry) or name,
        beside(checked, section, name, quotes),
        words or said(checked, section, name, entry),
        str(entry.get("expression", "") or "").rstrip(),
        kind_words(section, entry),
        tuple(dict.fromkeys(open_)),
        errors,
    )


def _left(checked: Checked, section: str, name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """What a person still has to decide about an entry."""
    if section == "criteria" and is_question(checked, entry):
        yield _("A question in the record’s own words: write a rule, or say that it stays a question.")
    if section == "assumptions":
        if not entry.get("confirmed"):
            yield _("To be confirmed by: {}").format(entry.get("confirm_by", "?"))
    elif open_ones := _resting_on(checked, f"{section}.{name}", entry):
        yield _("Rests on what is not confirmed yet: {}").format(", ".join(open_ones))
    if (
        section == "visits"
        and not entry.get("offset")
        and entry.get("kind") in ("follow_up", "dose", "baseline")
    ):
        yield _("No day is planned.")


def _resting_on(checked: Checked, part: str, entry: Mapping[str, Any]) -> list[str]:
    """The assumptions nobody confirmed that an entry names, or that name it."""
    named = entry.get("assumptions")
    own = [str(one) for one in cast("list[Any]", named)] if isinstance(named, list) else []
    told = [
        name
        for name, one in checked.section("assumptions").items()
        if isinstance(one.get("parts"), list) and part in one["parts"]
    ]
    return [name for name in dict.fromkeys([*own, *told]) if _is_open(checked, name)]


def is_question(checked: Checked, entry: Mapping[str, Any]) -> bool:
    """Whether a criterion is still one yes-or-no question in the record's own words, and nobody settled that."""
    rule = str(entry.get("expression", "")).strip()
    item = checked.section("items").get(rule) if _BARE.match(rule) else None
    if item is None or item.get("type") != "boolean":
        return False
    return rule.startswith("criterion") and not str(entry.get("note", "")).startswith(SETTLED)


def _is_open(checked: Checked, name: str) -> bool:
    entry = checked.section("assumptions").get(name)
    return entry is not None and not entry.get("confirmed")


# --- words -----------------------------------------------------------------------------------------


def _title(entry: Mapping[str, Any]) -> str:
    return str(
        entry.get("label") or entry.get("title") or entry.get("about") or entry.get("text") or ""
    ).strip()


def _rule_words(checked: Checked) -> dict[str, str]:
    """Every criterion's rule in English; none for a study that does not load or whose rules do not fit."""
    from trialrun.errors import ExpressionError
    from trialrun.evaluate.words import in_words
    from trialrun.study.program import study_program

    if checked.study is None:
        return {}
    try:
        program = study_program(checked.study)
    except ExpressionError:
        return {}
    return {
        name: in_words(program.stage(name).checked.node, program.symbols) for name in checked.study.criteria
    }


# --- the record ------------------------------------------------------------------------------------


def beside(
    checked: Checked, section: str, name: str, quotes: Mapping[str, tuple[Quote, ...]] | None = None
) -> tuple[Quote, ...]:
    """The record's words an entry came from: its own quotation, and every sentence mapped to it."""
    entry = checked.section(section).get(name, {})
    own: list[Quote] = []
    if section == "criteria":
        own.append(Quote(_("eligibility"), str(entry.get("text", ""))))
    elif section == "endpoints":
        own += [
            Quote(words, str(entry.get(key, "")))
            for key, words in (
                ("title", _("outcome")),
                ("time_frame", _("time frame")),
                ("description", _("description")),
            )
        ]
    elif entry.get("record"):
        own.append(Quote(_("record"), str(entry["record"])))
    known = _quotes_by_part(checked) if quotes is None else quotes
    found = [*own, *known.get(f"{section}.{name}", ())]
    seen: dict[str, Quote] = {}
    for quote in found:
        if quote.text.strip():
            seen.setdefault(" ".join(quote.text.split()), quote)
    return tuple(seen.values())


def _quotes_by_part(checked: Checked) -> dict[str, tuple[Quote, ...]]:
    found: dict[str, tuple[Quote, ...]] = {}
    for quote, parts in _traced(checked):
        for part in parts:
            found[part] = (*found.get(part, ()), quote)
    return found


def _background(checked: Checked) -> tuple[Quote, ...]:
    return tuple(quote for quote, parts in _traced(checked) if parts == ["background"])


def _traced(checked: Checked) -> Iterator[tuple[Quote, list[str]]]:
    rows: Any = checked.data.get("traceability") if checked.is_yaml else None
    for row in cast("list[Any]", rows) if isinstance(rows, list) else ():
        if isinstance(row, dict):
            entry = cast("dict[str, Any]", row)
            parts: Any = entry.get("parts")
            yield (
                Quote(str(entry.get("path", "")), str(entry.get("text", ""))),
                [str(part) for part in cast("list[Any]", parts)] if isinstance(parts, list) else [],
            )


# --- findings in their entries ---------------------------------------------------------------------


def findings_of(checked: Checked, section: str, name: str) -> list[Finding]:
    """What the check says about one entry."""
    return _placed(checked).get((section, name), [])


def _placed(checked: Checked) -> dict[tuple[str, str], list[Finding]]:
    """Findings by the entry in whose lines they stand; those about the record stand with none."""
    lines = _lines(checked)
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in checked.findings:
        place = _LINE.match(finding.place)
        if place is None or finding.code == "open-assumption":
            continue
        number = int(place.group(1))
        key = next((entry for start, entry in lines if start <= number), None)
        if key is not None and key[1]:
            found.setdefault(key, []).append(finding)
    return found


def _lines(checked: Checked) -> list[tuple[int, tuple[str, str]]]:
    """The first line of every entry and of every section, the last first."""
    starts: list[tuple[int, tuple[str, str]]] = []
    for path, place in checked.places.items():
        if len(path) == 1:
            starts.append((place.line, (str(path[0]), "")))
        elif len(path) == 2 and path[0] in FIELDS:
            starts.append((place.line, (str(path[0]), str(path[1]))))
    return sorted(starts, key=lambda one: (-one[0], -len(one[1][1])))
