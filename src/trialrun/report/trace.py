"""From number to keystroke: every answer behind an outcome with all log entries about it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trialrun.derive.dataset import Dataset
from trialrun.derive.endpoints import AnalysisRow
from trialrun.derive.measures import Source
from trialrun.snapshot.layout import Row

Slot = tuple[str, str, str, str, str]
_WRITES = frozenset({"ItemsEntered", "ItemsCorrected"})


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
    """One answer in the appendix; `anchor` is its place on the page."""

    anchor: str
    participant: str
    visit: str
    form: str
    row: str
    item: str
    label: str
    shown: str
    entries: tuple[Keystroke, ...]


class Trace:
    """The answers behind the outcomes, each with an anchor, in the order of participants and visits."""

    def __init__(self, data: Dataset, rows: Iterable[AnalysisRow]) -> None:
        self._data = data
        self._values = {_slot(row): row for row in data.snapshot.rows("values")}
        self._writes = _writes_by_slot(data.snapshot.rows("events"))
        slots = sorted({source[:5] for row in rows for source in row.sources})
        self._hashes = {source[:5]: source.event_hash for row in rows for source in row.sources}
        self._anchors = {slot: f"v{index}" for index, slot in enumerate(slots, 1)}

    def anchor(self, source: Source) -> str:
        """Where an answer stands on the page; empty when it is not in the appendix."""
        return self._anchors.get(source[:5], "")

    def link(self, source: Source) -> tuple[str, str, str]:
        """Anchor, name of the item and the answer as entered."""
        item = self._data.study.items.get(source.item)
        value = self._values.get(source[:5])
        name = item.label if item else source.item.replace("_", " ")
        return self.anchor(source), name, answer_words(value) if value is not None else ""

    def answers(self) -> tuple[TracedAnswer, ...]:
        """The appendix."""
        return tuple(self._answer(slot, anchor) for slot, anchor in self._anchors.items())

    def by_participant(self) -> Mapping[str, Sequence[TracedAnswer]]:
        """The appendix, participant by participant."""
        groups: dict[str, list[TracedAnswer]] = defaultdict(list)
        for answer in self.answers():
            groups[answer.participant].append(answer)
        return dict(groups)

    def _answer(self, slot: Slot, anchor: str) -> TracedAnswer:
        participant, visit, form, row, name = slot
        item = self._data.study.items.get(name)
        value = self._values.get(slot)
        return TracedAnswer(
            anchor=anchor,
            participant=participant,
            visit=visit,
            form=form,
            row=row,
            item=name,
            label=item.label if item else name.replace("_", " "),
            shown=answer_words(value) if value is not None else "",
            entries=self._entries(slot, value),
        )

    def _entries(self, slot: Slot, value: Row | None) -> tuple[Keystroke, ...]:
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


def _slot(row: Row) -> Slot:
    return row["participant"], row["visit"], row["form"], row["row"] or "", row["item"]


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
        f"{name}: {value}" for name, value in sorted(data.items()) if isinstance(value, str) and value
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
