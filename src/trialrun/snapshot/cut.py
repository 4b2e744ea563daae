"""Cutting a snapshot: the log up to a position becomes tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import trialrun
from trialrun.ledger.events import Event, canonical, utc_text
from trialrun.snapshot.fold import Casebook, read_rules, table_rows
from trialrun.snapshot.fold_safety import range_rows
from trialrun.snapshot.fold_stock import stock_rows
from trialrun.snapshot.layout import Row
from trialrun.snapshot.manifest import Manifest, Origin, SnapshotError
from trialrun.snapshot.write import write_snapshot
from trialrun.study.model import Study

PARTICIPANT_STREAM = "participant/"


class Log(Protocol):
    """What a cut needs of a ledger store."""

    def read(self, stream: str | None = None, after: int = 0) -> Iterable[Event]:
        """The entries in the order of their positions."""
        ...


def cut(
    store: Log,
    study: Study,
    folder: Path,
    *,
    now: datetime,
    position: int | None = None,
    purpose: str | None = None,
    synthetic: bool = False,
    seed: int | None = None,
    notes: Sequence[str] = (),
    arms: Mapping[str, str] | None = None,
) -> Manifest:
    """Write the log up to `position` (default: all of it) as a snapshot.

    The same log, position and `now` give the same bytes. Identifying values stay in the log: their
    rows say `withheld`. A log opened as a rehearsal can only give a rehearsal snapshot.
    Args:
        now: time of the cut, with a time zone; it is written into the manifest and nothing else.
        purpose: `interim` (default) or `final` for a live log.
        synthetic, seed: say so when the participants are simulated.
        arms: candidate number to arm, to open a concealed allocation for the analysis; without it the
            arms of a masked study stay empty.
    Errors: `SnapshotError` when the log is empty, belongs to another study, or lacks the position.
    """
    events = [event for event in store.read() if position is None or event.position <= position]
    if not events or (position is not None and events[-1].position != position):
        raise SnapshotError(f"the log holds {len(events)} entries, it has no position {position or 1}")
    mode = _mode(events, study)
    if mode == "rehearsal" and purpose not in {None, "rehearsal"}:
        raise SnapshotError(f"the log was opened as a rehearsal; it cannot give a {purpose} snapshot")
    origin = Origin(
        purpose=mode if mode == "rehearsal" else purpose or "interim",
        study_id=study.id,
        study_hash=study.hash,
        record_source=record_source(study),
        ledger_position=events[-1].position,
        heads=heads(events),
        seal=next((event.hash for event in reversed(events) if event.type == "LogSealed"), ""),
        created_at=utc_text(now),
        code_version=trialrun.__version__,
        synthetic=synthetic,
        seed=seed,
        notes=(*notes, *_notes(events, study)),
    )
    return write_snapshot(folder, fold_tables(events, study, arms), origin)


def fold_tables(
    events: Sequence[Event], study: Study, arms: Mapping[str, str] | None = None
) -> dict[str, list[Row]]:
    """All tables of the snapshot, from the entries in log order."""
    tables: dict[str, list[Row]] = defaultdict(list)
    books: dict[str, Casebook] = {}
    rules = read_rules(study)
    for event in events:
        tables["events"].append(_event_row(event))
        if event.stream.startswith(PARTICIPANT_STREAM):
            key = event.stream.removeprefix(PARTICIPANT_STREAM)
            books.setdefault(key, Casebook(key, study, rules)).take(event)
    tables.update(stock_rows(events))
    tables["ranges"] = range_rows(events)
    for key in sorted(books):
        if arms and "number" in books[key].facts:
            books[key].facts["arm"] = arms.get(key, books[key].facts["arm"])
        for name, rows in table_rows(books[key]).items():
            tables[name].extend(rows)
    return dict(tables)


def heads(events: Iterable[Event]) -> dict[str, str]:
    """Hash of the last entry of each stream."""
    return {event.stream: event.hash for event in events}


def record_source(study: Study) -> str:
    """Registry identifier and the date of the record version the study was made from."""
    status: Mapping[str, Any] = study.record.get("protocolSection", {}).get("statusModule", {})
    updated = status.get("lastUpdatePostDateStruct", {}).get("date") or study.record.get("date", "")
    return f"{study.registry_id} {updated}".strip()


def _mode(events: Sequence[Event], study: Study) -> str:
    opened = next((event for event in events if event.type == "StudyActivated"), None)
    if opened is None:
        raise SnapshotError("the log was never opened for a study", "activate the study first")
    if opened.data["study"] != study.id:
        raise SnapshotError(
            f"the log belongs to study {opened.data['study']}, not to {study.id}",
            "give the study it was opened for",
        )
    return str(opened.data["mode"])


def _notes(events: Sequence[Event], study: Study) -> tuple[str, ...]:
    strange = sorted({event.study_hash for event in events if event.study_hash not in {"", study.hash}})
    if not strange:
        return ()
    return (
        (
            f"{len(strange)} earlier version(s) of the study definition were in force for part of the log: "
            f"{', '.join(value[:12] for value in strange)}."
        ),
    )


def _event_row(event: Event) -> Row:
    row = {
        name: getattr(event, name)
        for name in (
            "position", "stream", "version", "type", "schema", "at", "by", "role", "site", "reason",
            "study_hash", "previous", "hash",
        )
    }  # fmt: skip
    return {**row, "data": canonical(event.data)}
