"""The projection `current_values`: what each event does to it, as data.

The store applies these changes in the event's own transaction; `verify` folds them again from the
log and compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trialrun.ledger.events import Event

Key = tuple[str, str, str, int, str]
Row = tuple[str | None, str | None, str | None, str | None, int, int]
PROJECTED = frozenset({"ItemsEntered", "ItemsCorrected", "RowRemoved"})


@dataclass(frozen=True, slots=True)
class Change:
    """Set one value (`row` given), drop one (`row` None), or drop a whole form row (item empty)."""

    key: Key
    row: Row | None = None


def changes(event: Event) -> tuple[Change, ...]:
    """What an event does to the current values.

    The row is text, unit, missing reason, sealed text, log position, and by how much the count of
    corrections grows.
    """
    if event.type not in PROJECTED:
        return ()
    data = event.data
    participant = event.stream.removeprefix("participant/")
    slot = (participant, data["visit"], data["form"], data["row"])
    if event.type == "RowRemoved":
        return (Change((*slot, "")),)
    corrected = int(event.type == "ItemsCorrected")
    return tuple(
        Change((*slot, item), _row(value, event.position, corrected)) for item, value in data["items"].items()
    )


def _row(value: Mapping[str, Any], position: int, corrected: int) -> Row | None:
    if not value:
        return None
    return (
        value.get("text"),
        value.get("unit"),
        value.get("missing"),
        value.get("sealed"),
        position,
        corrected,
    )


def fold_values(events: Iterable[Event]) -> dict[Key, Row]:
    """The current values folded from events alone."""
    values: dict[Key, Row] = {}
    for event in events:
        for change in changes(event):
            if change.row is not None:
                before = values.get(change.key)
                values[change.key] = (*change.row[:5], (before[5] if before else 0) + change.row[5])
            elif change.key[4]:
                values.pop(change.key, None)
            else:
                for key in [key for key in values if key[:4] == change.key[:4]]:
                    del values[key]
    return values
