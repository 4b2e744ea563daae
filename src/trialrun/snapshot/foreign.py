"""Importing another system's data into the layout of a snapshot, with a count of every value.

Everything that comes in is accounted for: landed, missing by its own code, left out by the mapping with a
reason, superseded by a later value of the same day, or rejected with place and reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import trialrun
from trialrun.errors import ImportRejectedError
from trialrun.snapshot.intake import Intake, read_all
from trialrun.snapshot.landing import landed_tables
from trialrun.snapshot.layout import Row
from trialrun.snapshot.manifest import Origin, file_hash
from trialrun.snapshot.mapping import ForeignMapping, read_mapping
from trialrun.snapshot.read import Snapshot
from trialrun.snapshot.reconcile import FileCount, Reconciliation, Rejected, rejected_csv
from trialrun.study.model import Item, ItemType, Study
from trialrun.values.dates import parse_partial_date

__all__ = ["FileCount", "Reconciliation", "Rejected", "import_foreign", "read_mapping", "rows"]

REJECTED_FILE = "rejected.csv"


def import_foreign(
    mapping: ForeignMapping, folder_of_sources: Path, study: Study, target: Path, *, now: datetime
) -> Reconciliation:
    """Import all files of a mapping into a new snapshot folder, whole or not at all.

    With `on_reject: refuse` a single rejected value stops the import and `target` is not made; with `list` the
    rest lands and `rejected.csv` in the snapshot names what did not.
    Errors: `ImportRejectedError` (nothing landed), `MappingError`.
    """
    state = read_all(mapping, folder_of_sources, study)
    tables = landed_tables(state)
    result = _reconciled(state, tables)
    if state.rejected and mapping.on_reject == "refuse":
        raise ImportRejectedError(
            f"{len(state.rejected)} value(s) could not be taken over, so nothing was:\n  "
            + "\n  ".join(_words(entry) for entry in state.rejected[:10]),
            "correct the files or the mapping, or say on_reject: list in the mapping to land the rest",
        )
    origin = _origin(mapping, folder_of_sources, study, now)
    extra = {REJECTED_FILE: rejected_csv(state.rejected)}
    from trialrun.snapshot.write import write_snapshot

    manifest = write_snapshot(target, tables, origin, extra=extra)
    return replace(result, landed=True, snapshot_hash=manifest.hash, folder=str(target))


def _words(entry: Rejected) -> str:
    return f"{entry.source}:{entry.line} {entry.column} {entry.text!r}: {entry.reason}"


def _origin(mapping: ForeignMapping, folder: Path, study: Study, now: datetime) -> Origin:
    paths = {source.file: folder / source.file if folder.is_dir() else folder for source in mapping.files}
    stand_ins = tuple(f"Stand-in for {item}: {reason}" for item, reason in sorted(mapping.stand_in.items()))
    started = (f"Stand-in for enrolment and first dose: {mapping.start}",) if mapping.start else ()
    return Origin(
        purpose="import",
        study_id=study.id,
        study_hash=study.hash,
        record_source=study.registry_id,
        created_at=now.isoformat(),
        code_version=trialrun.__version__,
        notes=(f"Imported: {mapping.title or mapping.name}.", *mapping.notes, *stand_ins, *started),
        sources={name: file_hash(path) for name, path in sorted(paths.items())},
    )


def _reconciled(state: Intake, tables: Mapping[str, list[Row]]) -> Reconciliation:
    names = FileCount.__dataclass_fields__
    files = {name: FileCount(**{key: count[key] for key in names}) for name, count in state.counts.items()}
    unbalanced = [name for name, count in files.items() if not count.balanced]
    if unbalanced:
        raise AssertionError(f"values of {', '.join(unbalanced)} are unaccounted for: {files}")
    return Reconciliation(
        mapping=state.mapping.name,
        participants=len(tables["participants"]),
        visits=len(tables.get("visits", ())),
        files=files,
        rejected=tuple(state.rejected),
        left_out=dict(state.left_out),
        landed=False,
    )


def rows(snapshot: Snapshot, study: Study) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Participant, visit and one flat row of items for each visit, as screening and scoring take it.

    Numbers are in the item's unit, partial dates stay partial. Answers to what a visit's own forms do not ask
    (sex, birth date) are carried from earlier visits; what they do ask never is.
    """
    values: dict[tuple[str, str], dict[str, Row]] = defaultdict(dict)
    for row in snapshot.rows("values"):
        if not row["row"]:
            values[row["participant"], row["visit"]][row["item"]] = row
    first_of = {row["participant"]: row["screened_on"] for row in snapshot.rows("participants")}
    visits = sorted(
        snapshot.rows("visits"),
        key=lambda row: (row["participant"], row["date"] != first_of[row["participant"]], row["date"]),
    )
    facts: dict[str, dict[str, Row]] = defaultdict(dict)
    for visit in visits:
        person, name = visit["participant"], visit["visit"]
        here = values[person, name]
        plan = study.visits.get(name.split("#")[0])
        asked = {item for form in (plan.forms if plan else ()) for item in study.forms[form].items}
        kept = {item: row for item, row in facts[person].items() if item not in asked}
        flat = {
            item: _machine(study.items[item], row)
            for item, row in {**kept, **here}.items()
            if item in study.items
        }
        yield person, name, {item: value for item, value in flat.items() if value is not None}
        for item, row in here.items():
            facts[person].setdefault(item, row)


def _machine(item: Item, row: Row) -> Any:
    if row["missing_reason"] is not None:
        return None
    if item.type in {ItemType.NUMBER, ItemType.INTEGER}:
        return row["number_in_item_unit"]
    if item.type is ItemType.BOOLEAN:
        return row["code"] == "true"
    if item.type in {ItemType.DATE, ItemType.DATETIME}:
        exact = row["date_low"] == row["date_high"]
        return row["date_low"] if exact else parse_partial_date(row["text"])
    return row["code"] if row["code"] is not None else row["text"]
