"""Writing a snapshot: the same rows give the same bytes."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from trialrun.snapshot.layout import MANIFEST, TABLES, Row, Table
from trialrun.snapshot.manifest import FileEntry, Manifest, Origin, SnapshotError, file_hash


def write_snapshot(
    folder: Path,
    tables: Mapping[str, Iterable[Row]],
    origin: Origin,
    *,
    extra: Mapping[str, str] | None = None,
) -> Manifest:
    """Write all tables and the manifest, whole or not at all.

    Tables that are not given are written empty. `extra` holds further text files by name, which get a
    checksum too. An existing snapshot in `folder` is never overwritten.
    Errors: `SnapshotError` when `folder` holds files already, or a row does not fit its table.
    """
    unknown = set(tables) - set(TABLES)
    if unknown:
        raise SnapshotError(f"a snapshot has no table {', '.join(sorted(unknown))}")
    if folder.exists() and any(folder.iterdir()):
        raise SnapshotError(f"{folder} is not empty", "give a new folder: a snapshot is never overwritten")
    folder.parent.mkdir(parents=True, exist_ok=True)
    workplace = Path(tempfile.mkdtemp(prefix=".snapshot-", dir=folder.parent))
    try:
        files = _write_tables(workplace, tables)
        for name, text in (extra or {}).items():
            (workplace / name).write_text(text, encoding="utf-8")
            files[name] = FileEntry(text.count("\n"), file_hash(workplace / name))
        manifest = Manifest(origin, files)
        (workplace / MANIFEST).write_text(manifest.text(), encoding="utf-8")
        workplace.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        workplace.rename(folder)
    except BaseException:
        shutil.rmtree(workplace, ignore_errors=True)
        raise
    return manifest


def _write_tables(workplace: Path, tables: Mapping[str, Iterable[Row]]) -> dict[str, FileEntry]:
    import duckdb

    files: dict[str, FileEntry] = {}
    with duckdb.connect(config={"threads": 1}) as connection:
        for name, table in TABLES.items():
            rows = sorted((_fitted(table, row) for row in tables.get(name, ())), key=_order(table))
            _write_table(connection, workplace, table, rows)
            files[table.file] = FileEntry(len(rows), file_hash(workplace / table.file))
    return files


def _write_table(connection: Any, workplace: Path, table: Table, rows: list[dict[str, Any]]) -> None:
    lines = workplace / f".{table.name}.jsonl"
    lines.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    columns = ", ".join(f"\"{column.name}\": '{column.type}'" for column in table.columns)
    names = ", ".join(f'"{name}"' for name in table.names())
    reader = "read_json($1, format = 'newline_delimited', maximum_object_size = 268435456, columns = {%s})"
    declared = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE cut ({declared})")
    if rows:
        connection.execute(f"INSERT INTO cut SELECT {names} FROM {reader % columns}", [str(lines)])  # noqa: S608
    lines.unlink()
    target = str(workplace / table.file).replace("'", "''")
    connection.execute(f"COPY cut TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


def _fitted(table: Table, row: Row) -> dict[str, Any]:
    """The row with every column of its table, days as text."""
    names = table.names()
    strange = set(row) - set(names)
    if strange:
        raise SnapshotError(f"table {table.name} has no column {', '.join(sorted(strange))}")
    return {name: _plain(row.get(name)) for name in names}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _order(table: Table) -> Any:
    def key(row: dict[str, Any]) -> tuple[tuple[bool, Any], ...]:
        return tuple((row[name] is not None, "" if row[name] is None else row[name]) for name in table.order)

    return key
