"""The store of registry records as everything else sees it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from trialrun.errors import RecordError, UserError
from trialrun.registry.read_json import read_document
from trialrun.registry.record import Record
from trialrun.registry.store import schema
from trialrun.registry.store.columns import Columns, read_columns
from trialrun.registry.store.documents import unpacked
from trialrun.registry.store.model import (
    Found,
    Hit,
    Imported,
    Progress,
    Rejected,
    Search,
    Statistics,
    Version,
)
from trialrun.registry.store.prepare import LONGEST_ID, hit_of
from trialrun.registry.store.related import related
from trialrun.registry.store.searching import Memory, Searcher
from trialrun.registry.store.sources import Reading, files_of
from trialrun.registry.store.writing import import_items

_QUICK = 0.2  # seconds of reading the columns that nobody minds
_PATIENCE = 20  # times as long as reading them took are they used although records came in since


def open_registry(path: Path | str) -> RegistryStore:
    """The store in a file, made if it is not there yet.

    Errors: `RecordError` when the folder is missing or the file is something else.
    """
    path = Path(path)
    schema.prepare_file(path)
    return RegistryStore(path)


def open_existing(path: Path | str) -> RegistryStore:
    """The store in a file that must be there.

    Errors: `RecordError` when it is not, or is something else.
    """
    path = Path(path)
    if not path.is_file():
        raise RecordError(
            f"{path}: there is no such store of records", "make one with trialrun registry import"
        )
    return open_registry(path)


class RegistryStore:
    """Registry records with every version they were imported in, and their search.

    One file, read by as many threads and processes as like while one writes. A search sees one state of it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._importing = threading.Lock()
        self._columns: Columns | None = None
        self._good_until = 0.0
        self._memory = Memory.empty()
        with self._reading() as connection:
            self._dictionary: bytes = _fact(connection, "dictionary")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()

    def import_files(
        self,
        paths: Sequence[Path],
        *,
        progress: Callable[[Progress], None] | None = None,
        now: datetime,
    ) -> Imported:
        """Take the records of files, or of folders of them, into the store.

        JSON, JSON Lines, an array, a page of the registry's API, a saved registry page, any of them gzipped, or
        a zip of them. A record whose content is there already changes nothing; another content is a new version.
        What cannot be taken is kept in `rejected` and does not stop the rest. Records are kept in batches of
        some thousands: one that was begun is kept whole or not at all, and an import cut off is taken up by
        importing the same files again.

        Errors: `RecordError` when a file is not there, or the store cannot be written (no space, no right, another
        process that imports); `UserError` when another import is running here.
        """
        files = files_of([Path(path) for path in paths])
        moment = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        if not self._importing.acquire(blocking=False):
            raise UserError("records are being imported into this store", "wait until that import has ended")
        try:
            with schema.told(self.path):
                return import_items(self.path, self._dictionary, Reading(files), moment, progress)
        finally:
            self._good_until = 0.0
            self._importing.release()

    def search(self, search: Search, today: date) -> Found:
        """The trials that answer a question; no words and no filter find all."""
        with self._reading() as connection:
            return self._searcher(connection).search(search, today)

    def export(self, search: Search, today: date) -> Iterator[Hit]:
        """All trials found, in the order asked for, page and size aside."""
        with self._reading() as connection:
            places = self._searcher(connection).every(search, today).tolist()
        for start in range(0, len(places), 500):
            with self._reading() as connection:
                yield from self._searcher(connection).hits(places[start : start + 500])

    def hit(self, registry_id: str) -> Hit | None:
        """One trial as a list shows it."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT registry_id, card, versions FROM trial WHERE registry_id = ?", (_asked(registry_id),)
            ).fetchone()
        return hit_of(*row) if row else None

    def record(self, registry_id: str, version: int | None = None) -> Record | None:
        """A trial's record, the current version or the one of this number; `None` when there is none."""
        with self._reading() as connection:
            rows = self._versions(connection, registry_id)
            if not rows or (version is not None and not 1 <= version <= len(rows)):
                return None
            number, sha256, *_ = rows[-1 if version is None else version - 1]
            data = connection.execute("SELECT document FROM version WHERE id = ?", (number,)).fetchone()[0]
        return read_document(unpacked(data, self._dictionary), registry_id, sha256.hex())[0]

    def versions(self, registry_id: str) -> tuple[Version, ...]:
        """Every version of a trial's record, the oldest by its own date first."""
        with self._reading() as connection:
            rows = self._versions(connection, registry_id)
        return tuple(
            Version(name, order, sha256.hex(), updated, imported, file)
            for order, (_, sha256, updated, imported, file, name) in enumerate(rows, start=1)
        )

    def related(self, registry_id: str, n: int = 8) -> tuple[Hit, ...]:
        """Trials of the same conditions and interventions, the nearest first; empty when it is not known."""
        hit = self.hit(registry_id)
        if hit is None:
            return ()
        with self._reading() as connection:
            searcher = self._searcher(connection)
            return related(searcher, hit, n)

    def rejected(self, limit: int = 100, imported: str = "") -> tuple[Rejected, ...]:
        """What imports could not take, the latest first; `imported` asks for those of one moment."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT file, place, reason, imported FROM rejected WHERE imported = ? OR ? = ''"
                " ORDER BY imported DESC, id LIMIT ?",
                (imported, imported, limit),
            ).fetchall()
        return tuple(Rejected(*row) for row in rows)

    def statistics(self) -> Statistics:
        """How much the store holds."""
        with self._reading() as connection:
            trials, versions, rejected, updated = connection.execute(
                "SELECT (SELECT count(*) FROM trial), (SELECT count(*) FROM version),"
                " (SELECT count(*) FROM rejected), (SELECT max(updated) FROM version)"
            ).fetchone()
        return Statistics(trials, versions, rejected, self.path.stat().st_size, updated or "")

    def _versions(
        self, connection: sqlite3.Connection, registry_id: str
    ) -> list[tuple[int, bytes, str, str, str, str]]:
        """Of equal dates the later import comes later, which is also how the current one is chosen."""
        return connection.execute(
            "SELECT version.id, sha256, updated, imported, file.name, registry_id FROM trial"
            " JOIN version ON version.trial = trial.id JOIN file ON file.id = version.file"
            " WHERE registry_id = ? ORDER BY updated, version.id",
            (_asked(registry_id),),
        ).fetchall()

    def _searcher(self, connection: sqlite3.Connection) -> Searcher:
        generation = _fact(connection, "generation")
        columns = self._columns
        if columns is None or (columns.generation != generation and time.monotonic() >= self._good_until):
            began = time.monotonic()
            columns = self._columns = read_columns(connection, generation)
            # while records come in, batch upon batch, a large store is not read anew for every search
            taken = time.monotonic() - began
            self._good_until = time.monotonic() + (_PATIENCE * taken if taken > _QUICK else 0)
        return Searcher(connection, columns, self._memory)

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = schema.connect(self.path)
            with self._lock:
                self._connections.append(found)
        return found

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One state of the store for the length of the block."""
        with schema.told(self.path):
            connection = self._connection()
            if connection.in_transaction:  # within another block of the same thread
                yield connection
                return
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")


def _fact(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()[0]


def _asked(registry_id: str) -> str:
    """A number somebody asked for, safe to look up."""
    return registry_id.strip()[: LONGEST_ID + 1].encode("utf-8", "replace").decode("utf-8")
