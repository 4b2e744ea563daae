"""From number to keystroke: the rows behind each number, the answers behind each row, the log behind each answer."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from trialrun.derive.answers import planned_name
from trialrun.derive.dataset import Dataset
from trialrun.derive.measures import Source
from trialrun.report.anchors import answer_anchor, entry_anchor
from trialrun.snapshot.layout import Row

Slot = tuple[str, str, str, str, str]
_WRITES = frozenset({"ItemsEntered", "ItemsCorrected"})
# An arm stands in `participants`, where it may be known, and nowhere else; a content hash says nothing to a reader.
_NEVER = frozenset({"arm", "content"})


@dataclass(frozen=True, slots=True)
class Line:
    """One row behind a number: whose, what is shown of it, the answers it rests on and log entries that are none."""

    participant: str
    cells: tuple[str, ...]
    sources: tuple[Source, ...] = ()
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opening:
    """What a click on a number shows. `columns` name the cells of its lines; `numbers` are set to the end of the line."""

    anchor: str
    title: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    numbers: frozenset[int] = frozenset()
    note: str = ""
    chapter: str = ""


@dataclass(frozen=True, slots=True)
class Keystroke:
    """One log entry about an answer: who, when, in which role, what was entered, why, and its hash."""

    at: str
    by: str
    role: str
    entered: str
    reason: str
    position: int | None
    hash: str


@dataclass(frozen=True, slots=True)
class TracedAnswer:
    """One answer with all its log entries; `anchor` is its place on the page."""

    anchor: str
    participant: str
    where: str
    label: str
    shown: str
    entries: tuple[Keystroke, ...]


class Openings:
    """What the numbers of a report open, gathered while its chapters are written."""

    def __init__(self) -> None:
        self._made: dict[str, Opening] = {}
        self._sources: dict[Source, None] = {}
        self._entries: dict[str, str] = {}
        self._linked: set[str] = set()

    def __iter__(self) -> Iterator[Opening]:
        return iter(self._made.values())

    def __len__(self) -> int:
        return len(self._made)

    def __contains__(self, anchor: str) -> bool:
        return anchor in self._made

    def add(self, opening: Opening) -> str:
        """Keep an opening; what it rests on is kept with it. The first of a name stays. Gives its anchor."""
        if opening.anchor not in self._made:
            self._made[opening.anchor] = opening
            for line in opening.lines:
                for source in line.sources:
                    self._keep(source)
                for event in line.entries:
                    self._entries.setdefault(event, line.participant)
        return opening.anchor

    def _keep(self, source: Source) -> None:
        if source.form:
            self._sources.setdefault(source)
        elif source.event_hash:
            self._entries.setdefault(source.event_hash, source.participant)

    def answer(self, source: Source) -> str:
        """Keep an answer, so that it stands on the page with its log entries. Gives its anchor."""
        self._keep(source)
        anchor = answer_anchor(source)
        self._linked.add(anchor)
        return anchor

    def entry(self, event_hash: str, participant: str = "") -> str:
        """Keep a log entry that is no answer. Gives its anchor; empty without a hash."""
        if event_hash:
            self._entries.setdefault(event_hash, participant)
            self._linked.add(entry_anchor(event_hash))
        return entry_anchor(event_hash)

    def places(self) -> set[str]:
        """Every place that chapters may lead to."""
        return {*self._made, *self._linked} - {""}

    @property
    def sources(self) -> tuple[Source, ...]:
        """The answers kept."""
        return tuple(self._sources)

    @property
    def entries(self) -> Mapping[str, str]:
        """The log entries kept, with the participant each is about."""
        return self._entries


class Trace:
    """The answers and log entries behind the openings, in the order of participants, visits and forms."""

    def __init__(self, data: Dataset, openings: Openings) -> None:
        self._data = data
        self._openings = openings
        self._hashes = {_slot_of(source): source.event_hash for source in openings.sources}

    @cached_property
    def _values(self) -> Mapping[Slot, Row]:
        return {_slot(row): row for row in self._data.snapshot.rows("values")}

    @cached_property
    def _writes(self) -> Mapping[Slot, Sequence[tuple[Row, Mapping[str, Any]]]]:
        return _writes_by_slot(self._data.snapshot.rows("events"))

    def words(self, source: Source) -> tuple[str, str]:
        """Name of the item and the answer as entered."""
        value = self._values.get(_slot_of(source))
        return self.label(source.item), answer_words(value) if value is not None else ""

    def by_participant(self) -> Mapping[str, tuple[Sequence[TracedAnswer], Sequence[TracedAnswer]]]:
        """Participant by participant: the answers kept, then the log entries kept that are no answers."""
        answers: dict[str, list[TracedAnswer]] = defaultdict(list)
        for slot in sorted(self._hashes):
            answers[slot[0]].append(self._answer(slot))
        others: dict[str, list[TracedAnswer]] = defaultdict(list)
        for event_hash, person in self._openings.entries.items():
            others[person].append(self._entry(event_hash, person))
        names = sorted({*answers, *others})
        return {
            name: (answers[name], sorted(others[name], key=lambda found: found.entries[0].position or 0))
            for name in names
        }

    def label(self, name: str) -> str:
        """The name of an item as a person reads it."""
        item = self._data.study.items.get(name)
        return item.label if item else name.replace("_", " ")

    def where(self, visit: str, form: str, row: str) -> str:
        """Visit, form and row of an answer, as a person reads them."""
        study = self._data.study
        plan = study.visits.get(planned_name(visit))
        number = visit.partition("#")[2]
        title = (plan.title if plan else visit.replace("_", " ")) + (f" {number}" if number else "")
        page = study.forms[form].title if form in study.forms else form.replace("_", " ")
        return f"{title}, {page}" + (f", row {row}" if row else "")

    def _answer(self, slot: Slot) -> TracedAnswer:
        participant, visit, form, row, name = slot
        value = self._values.get(slot)
        return TracedAnswer(
            anchor=answer_anchor(Source(*slot, "")),
            participant=participant,
            where=self.where(visit, form, row),
            label=self.label(name),
            shown=answer_words(value) if value is not None else "",
            entries=self._keystrokes(slot, value),
        )

    def _entry(self, event_hash: str, person: str) -> TracedAnswer:
        event = self._data.snapshot.event_by_hash.get(event_hash)
        kind = event_words(event["type"]) if event is not None else "Source"
        found = (
            _keystroke(event, {"text": _data_words(event)})
            if event is not None
            else Keystroke("", "", "", event_hash, "", None, event_hash)
        )
        return TracedAnswer(entry_anchor(event_hash), person, "", kind, "", (found,))

    def _keystrokes(self, slot: Slot, value: Row | None) -> tuple[Keystroke, ...]:
        found = [_keystroke(event, entry) for event, entry in self._writes.get(slot, ())]
        if found:
            return tuple(found)
        event = self._data.snapshot.event_by_hash.get(self._hashes.get(slot, ""))
        if event is not None:
            shown = answer_words(value) if value is not None else _data_words(event)
            return (_keystroke(event, {"text": shown}),)
        if value is None:
            return ()
        return (
            Keystroke(
                value["entered_at"] or "",
                value["entered_by"] or "",
                value["role"] or "",
                answer_words(value),
                value["reason"] or "",
                value["position"],
                value["event_hash"] or "",
            ),
        )


def event_words(kind: str) -> str:
    """The name of a kind of log entry as words: `ParticipantEnrolled` is `participant enrolled`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind).strip()


def _slot(row: Row) -> Slot:
    return row["participant"], row["visit"], row["form"], row["row"] or "", row["item"]


def _slot_of(source: Source) -> Slot:
    return source.participant, source.visit, source.form, source.row, source.item


def _writes_by_slot(events: Iterable[Row]) -> Mapping[Slot, Sequence[tuple[Row, Mapping[str, Any]]]]:
    found: dict[Slot, list[tuple[Row, Mapping[str, Any]]]] = defaultdict(list)
    for event in events:
        if event["type"] not in _WRITES:
            continue
        data = json.loads(event["data"])
        if not isinstance(data.get("items"), Mapping):
            continue
        person = event["stream"].removeprefix("participant/")
        row = str(data["row"]) if data.get("row") else ""
        for name, entry in data["items"].items():
            found[person, data["visit"], data["form"], row, name].append((event, entry))
    return found


def _keystroke(event: Row, entry: Mapping[str, Any]) -> Keystroke:
    if entry.get("missing"):
        entered = f"missing: {entry['missing'].replace('_', ' ')}"
    elif entry.get("text") is None:
        entered = "taken back" if "sealed" not in entry else "withheld"
    else:
        entered = f"{entry['text']} {_unit_words(entry.get('unit'))}".strip()
    return Keystroke(
        event["at"],
        event["by"],
        event["role"],
        entered,
        event["reason"] or "",
        event["position"],
        event["hash"],
    )


def _data_words(event: Row) -> str:
    data: Mapping[str, Any] = json.loads(event["data"])
    return ", ".join(
        f"{name.replace('_', ' ')}: {value}"
        for name, value in sorted(data.items())
        if isinstance(value, (str, int))
        and not isinstance(value, bool)
        and value != ""
        and "hash" not in name
        and name not in _NEVER
    )


def _unit_words(unit: str | None) -> str:
    """A unit as printed; annotations such as `{INR}` name no unit."""
    return "" if not unit or unit.startswith("{") else unit


def answer_words(value: Row) -> str:
    """An answer as entered, with its unit, and in the item's unit where that differs."""
    if value["missing_reason"] is not None:
        return f"missing: {value['missing_reason'].replace('_', ' ')}"
    words = f"{value['text']} {_unit_words(value['unit'])}".strip()
    number, converted = value["number"], value["number_in_item_unit"]
    return (
        words if number is None or number == converted else f"{words} (= {converted:.6g} in the item's unit)"
    )
