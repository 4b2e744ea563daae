"""Reading a snapshot: nothing is believed before its checksum is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from trialrun.snapshot.layout import LATER, MANIFEST, TABLES, Row
from trialrun.snapshot.manifest import Manifest, SnapshotError, file_hash, read_manifest


@dataclass(frozen=True)
class Snapshot:
    """A data cut in memory: its manifest and the rows of each table, in file order."""

    folder: Path
    manifest: Manifest
    tables: Mapping[str, tuple[Row, ...]]

    def rows(self, table: str) -> tuple[Row, ...]:
        """The rows of a table of `layout.TABLES`."""
        return self.tables[table]

    @cached_property
    def participants(self) -> Mapping[str, Row]:
        """The participants by candidate number."""
        return {row["participant"]: row for row in self.rows("participants")}

    @cached_property
    def values_of(self) -> Mapping[str, Sequence[Row]]:
        """The rows of `values`, by candidate number."""
        return _grouped(self.rows("values"))

    @cached_property
    def visits_of(self) -> Mapping[str, Sequence[Row]]:
        """The rows of `visits`, by candidate number."""
        return _grouped(self.rows("visits"))

    @cached_property
    def derived_of(self) -> Mapping[str, Sequence[Row]]:
        """The rows of `derived`, by candidate number."""
        return _grouped(self.rows("derived"))

    @cached_property
    def event_by_hash(self) -> Mapping[str, Row]:
        """The log entries by their hash."""
        return {row["hash"]: row for row in self.rows("events")}


def _grouped(rows: Sequence[Row]) -> Mapping[str, Sequence[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["participant"]].append(row)
    return dict(groups)


def read_snapshot(folder: Path) -> Snapshot:
    """Read a snapshot after checking every file against the manifest.

    Errors: `SnapshotError` naming the file that is missing, changed, or not in the manifest.
    """
    manifest = read_manifest(folder)
    _check_files(folder, manifest)
    listed = {name for name, table in TABLES.items() if name not in LATER or table.file in manifest.files}
    tables = {name: tuple(_read_table(folder, name)) if name in listed else () for name in TABLES}
    return Snapshot(folder, manifest, tables)


def _check_files(folder: Path, manifest: Manifest) -> None:
    for name in sorted(
        set(manifest.files) | {table.file for name, table in TABLES.items() if name not in LATER}
    ):
        path = folder / name
        if Path(name).name != name or name not in manifest.files:
            raise SnapshotError(f"{folder / MANIFEST} does not list {name}", "cut the snapshot again")
        if not path.is_file():
            raise SnapshotError(f"{path} is missing from the snapshot", "restore the file, or cut again")
        found = file_hash(path)
        if found != manifest.files[name].sha256:
            raise SnapshotError(
                f"{path} was changed after the snapshot was made: its SHA-256 is {found[:12]}…, "
                f"the manifest says {manifest.files[name].sha256[:12]}…",
                "restore the file from a copy, or cut the snapshot again from the log",
            )
    strange = {path.name for path in folder.iterdir() if path.suffix == ".parquet"} - set(manifest.files)
    if strange:
        raise SnapshotError(f"{folder} holds {', '.join(sorted(strange))}, which the manifest does not list")


def _read_table(folder: Path, name: str) -> Iterator[Row]:
    import duckdb

    table = TABLES[name]
    with duckdb.connect(config={"threads": 1}) as connection:
        names = ", ".join(f'"{column}"' for column in table.names())
        query = f"SELECT {names} FROM read_parquet($1)"  # noqa: S608
        try:
            found: list[tuple[Any, ...]] = connection.execute(query, [str(folder / table.file)]).fetchall()
        except duckdb.Error as error:
            raise SnapshotError(f"{folder / table.file} cannot be read: {error}") from error
    for row in found:
        yield dict(zip(table.names(), row, strict=True))
