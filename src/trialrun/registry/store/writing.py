"""Records into the store: prepared beside, written in one thread, a batch a transaction.

A batch is kept whole or not at all. An import that is cut off keeps its finished batches, and the same import
again takes up where it ended, as what is there already is passed over.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from trialrun.registry.store import schema
from trialrun.registry.store.documents import unpacked
from trialrun.registry.store.model import Imported, Progress
from trialrun.registry.store.prepare import Facets, Prepared, searchable
from trialrun.registry.store.preparing import Ready, prepared
from trialrun.registry.store.sources import Reading

_BATCH = 2_000  # records
_BATCH_BYTES = 48_000_000  # of what is to be written
_WAITING = 2  # batches prepared ahead of the writer
FIXED = struct.Struct("<IIIBiiiff")  # status, type, sex, results, started, updated, due, youngest, oldest
_INSERT_WORDS = f"INSERT INTO words (rowid, {', '.join(schema.COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_DELETE_WORDS = (
    f"INSERT INTO words (words, rowid, {', '.join(schema.COLUMNS)}) VALUES ('delete', ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
)


@dataclass(slots=True)
class Batch:
    """Records and refusals that are written together."""

    records: list[tuple[str, Prepared]] = field(default_factory=list)  # with the file each came from
    rejected: list[Ready] = field(default_factory=list)
    size: int = 0

    def add(self, ready: Ready) -> None:
        """Take one more."""
        if ready.record is None:
            self.rejected.append(ready)
        else:
            self.records.append((ready.file, ready.record))
            self.size += len(ready.record.document) + sum(map(len, ready.record.words))

    @property
    def full(self) -> bool:
        """Whether it is time to write."""
        return len(self.records) >= _BATCH or self.size >= _BATCH_BYTES or len(self.rejected) >= _BATCH


@dataclass(slots=True)
class Counts:
    """What became of the records written."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0


def import_items(
    path: Path,
    dictionary: bytes,
    reading: Reading,
    moment: str,
    progress: Callable[[Progress], None] | None,
) -> Imported:
    """Write every record of a reading; see the module for what a failure leaves behind."""
    writer = Writer(path, moment, dictionary)
    waiting: list[Future[None]] = []
    read = bad = 0
    with ThreadPoolExecutor(1, "registry-writer") as pool:
        try:
            for batch in _batches(prepared(reading, dictionary)):
                read, bad = read + len(batch.records), bad + len(batch.rejected)
                waiting.append(pool.submit(writer.write, batch))
                while len(waiting) > _WAITING or (waiting and waiting[0].done()):
                    waiting.pop(0).result()
                if progress is not None:
                    progress(Progress(reading.bytes_read, reading.bytes_total, read, bad, reading.file))
            for future in waiting:
                future.result()
            pool.submit(writer.finish).result()
        finally:
            for future in waiting:
                future.cancel()
            pool.submit(writer.close)
    counts = writer.counts
    return Imported(reading.files, read, counts.new, counts.updated, counts.unchanged, bad)


def _batches(found: Iterable[Ready]) -> Iterable[Batch]:
    batch = Batch()
    for ready in found:
        batch.add(ready)
        if batch.full:
            yield batch
            batch = Batch()
    if batch.records or batch.rejected:
        yield batch


class Writer:
    """The one that writes; its connection is made and used in the writer's thread."""

    def __init__(self, path: Path, moment: str, dictionary: bytes) -> None:
        self.counts = Counts()
        self._path = path
        self._moment = moment
        self._dictionary = dictionary
        self._failed = False
        self._connection: sqlite3.Connection | None = None
        self._files: dict[str, int] = {}
        self._values: dict[tuple[str, str], int] = {}

    def write(self, batch: Batch) -> None:
        """Write a batch, whole or not at all; after one that failed no other."""
        if self._failed:  # those that waited behind it are not worth a second failure
            return
        if self._connection is None:
            self._connection = schema.connect(self._path)
        connection, before = (
            self._connection,
            Counts(self.counts.new, self.counts.updated, self.counts.unchanged),
        )
        connection.execute("BEGIN IMMEDIATE")
        try:
            self._write(connection, batch)
            connection.execute("UPDATE fact SET value = value + 1 WHERE name = 'generation'")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._failed = True
            self.counts = before
            self._files.clear()
            self._values.clear()
            raise

    def finish(self) -> None:
        """Leave the file as small and as fast to search as is cheap to have."""
        connection = self._connection
        if connection is None:
            return
        if self.counts.new + self.counts.updated > 20_000:
            connection.execute("INSERT INTO words (words) VALUES ('optimize')")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()

    def _write(self, connection: sqlite3.Connection, batch: Batch) -> None:
        connection.executemany(
            "INSERT INTO rejected (file, place, reason, imported) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (file, place, reason) DO UPDATE SET imported = excluded.imported",
            [
                (shown(item.file), shown(item.place), shown(item.reason), self._moment)
                for item in batch.rejected
            ],
        )
        known = _known(connection, [ready.registry_id for _, ready in batch.records])
        fresh: dict[str, tuple[str, Prepared]] = {}
        for file, ready in batch.records:
            key = _key(ready.registry_id)
            if key in known:
                self._again(connection, known[key], file, ready)
            elif key in fresh:
                self._insert(connection, fresh, known)
                fresh = {}
                self._again(connection, known[key], file, ready)
            else:
                fresh[key] = (file, ready)
        self._insert(connection, fresh, known)

    def _insert(
        self, connection: sqlite3.Connection, fresh: dict[str, tuple[str, Prepared]], known: dict[str, int]
    ) -> None:
        """Trials the store does not have, all at once."""
        trial = (connection.execute("SELECT max(id) FROM trial").fetchone()[0] or 0) + 1
        version = (connection.execute("SELECT max(id) FROM version").fetchone()[0] or 0) + 1
        trials, versions, words, facets = [], [], [], []
        for number, (key, (file, ready)) in enumerate(fresh.items()):
            known[key] = trial + number
            trials.append((trial + number, ready.registry_id, version + number, 1, ready.card))
            versions.append((version + number, trial + number, *self._version(connection, file, ready)))
            words.append((trial + number, *ready.words))
            facets.append((trial + number, *self._facets(connection, ready.facets)))
        connection.executemany("INSERT INTO trial VALUES (?, ?, ?, ?, ?)", trials)
        connection.executemany("INSERT INTO version VALUES (?, ?, ?, ?, ?, ?, ?)", versions)
        connection.executemany(_INSERT_WORDS, words)
        connection.executemany("INSERT INTO facet VALUES (?, ?, ?, ?)", facets)
        self.counts.new += len(fresh)

    def _again(self, connection: sqlite3.Connection, trial: int, file: str, ready: Prepared) -> None:
        """A trial the store has: nothing when it has this content, else a version; the latest is searched."""
        seen = connection.execute(
            "SELECT 1 FROM version WHERE trial = ? AND sha256 = ?", (trial, ready.sha256)
        ).fetchone()
        if seen:
            self.counts.unchanged += 1
            return
        current, updated = connection.execute(
            "SELECT version.id, version.updated FROM trial JOIN version ON version.id = trial.version"
            " WHERE trial.id = ?",
            (trial,),
        ).fetchone()
        added = connection.execute(
            "INSERT INTO version (trial, sha256, updated, imported, file, document) VALUES (?, ?, ?, ?, ?, ?)",
            (trial, *self._version(connection, file, ready)),
        ).lastrowid
        connection.execute("UPDATE trial SET versions = versions + 1 WHERE id = ?", (trial,))
        if ready.updated >= updated:
            self._replace(connection, trial, current, added or 0, ready)
        self.counts.updated += 1

    def _replace(
        self, connection: sqlite3.Connection, trial: int, current: int, added: int, ready: Prepared
    ) -> None:
        document = connection.execute("SELECT document FROM version WHERE id = ?", (current,)).fetchone()[0]
        # the index holds no text, so what is taken out of it must be told: it is made from the document again
        connection.execute(_DELETE_WORDS, (trial, *searchable(unpacked(document, self._dictionary))))
        connection.execute(_INSERT_WORDS, (trial, *ready.words))
        connection.execute("UPDATE trial SET version = ?, card = ? WHERE id = ?", (added, ready.card, trial))
        connection.execute(
            "UPDATE facet SET fixed = ?, phases = ?, countries = ? WHERE trial = ?",
            (*self._facets(connection, ready.facets), trial),
        )

    def _version(self, connection: sqlite3.Connection, file: str, ready: Prepared) -> tuple[object, ...]:
        name = shown(file.partition(": ")[0])  # an archive's members are as many as its records
        if name not in self._files:
            connection.execute("INSERT INTO file (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
            self._files[name] = connection.execute("SELECT id FROM file WHERE name = ?", (name,)).fetchone()[
                0
            ]
        return (ready.sha256, ready.updated, self._moment, self._files[name], ready.document)

    def _facets(self, connection: sqlite3.Connection, facets: Facets) -> tuple[bytes, bytes, bytes]:
        def code(facet: str, text: str) -> int:
            return self._value(connection, facet, text) if text else 0

        fixed = FIXED.pack(
            code("status", facets.status), code("study_type", facets.study_type), code("sex", facets.sex),
            facets.results, facets.started, facets.updated, facets.due, facets.youngest, facets.oldest,
        )  # fmt: skip
        return (
            fixed,
            _codes([code("phase", text) for text in facets.phases]),
            _codes([code("country", text) for text in facets.countries]),
        )

    def _value(self, connection: sqlite3.Connection, facet: str, text: str) -> int:
        found = self._values.get((facet, text))
        if found is None:
            connection.execute(
                "INSERT INTO value (facet, text) VALUES (?, ?) ON CONFLICT DO NOTHING", (facet, text)
            )
            found = self._values[facet, text] = connection.execute(
                "SELECT id FROM value WHERE facet = ? AND text = ?", (facet, text)
            ).fetchone()[0]
        return found


def shown(text: str) -> str:
    """A file's name or a reason as it can be written down: no halves of characters, no end without end."""
    return text.encode("utf-8", "replace").decode("utf-8")[:1000]


def _key(registry_id: str) -> str:
    """The number as SQLite's NOCASE compares it: letters of ASCII alone lose their case."""
    return registry_id.encode().lower().decode()


def _codes(numbers: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def _known(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, int]:
    """The trials the store has, by their number as `_key` has it."""
    found: dict[str, int] = {}
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        rows = connection.execute(
            f"SELECT registry_id, id FROM trial WHERE registry_id IN ({', '.join('?' * len(some))})",  # noqa: S608
            some,
        )
        found.update((_key(name), trial) for name, trial in rows)
    return found
