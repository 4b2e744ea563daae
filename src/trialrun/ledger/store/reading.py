"""Reading a log: entries, heads, current values, keys."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from trialrun.errors import LedgerError
from trialrun.ledger.events import NO_HASH, Event, read_event, utc_text
from trialrun.ledger.store.backends import Backend
from trialrun.ledger.store.tables import VALUE_COLUMNS

_PAGE = 5_000
_EVENT_COLUMNS = "body, hash, position, link"


@dataclass(frozen=True, slots=True)
class Head:
    """The last event of a stream: how many there are and its hash."""

    version: int = 0
    hash: str = NO_HASH


@dataclass(frozen=True, slots=True)
class Value:
    """A row of `current_values`."""

    participant: str
    visit: str
    form: str
    row: int
    item: str
    text: str | None
    unit: str | None
    missing: str | None
    sealed: str | None
    position: int
    corrections: int


class Reader:
    """Everything that looks at a log and changes nothing."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._idle: deque[Any] = deque()

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        """A cursor on a reading connection; connections are kept, for taking one from a pool costs more than a read."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self.backend.reader()
        try:
            yield connection.cursor()
        except BaseException as error:
            connection.close()
            if isinstance(error, self.backend.errors):
                raise LedgerError(
                    f"the database cannot be read: {error}", "see the database's own log"
                ) from error
            raise
        self._idle.append(connection)

    def close(self) -> None:
        """Give the connections back; nothing can be read afterwards."""
        while self._idle:
            self._idle.pop().close()
        self.backend.engine.dispose()

    def position(self) -> tuple[int, str]:
        """The last position of the log and the running hash there."""
        with self._cursor() as cursor:
            cursor.execute("SELECT position, link FROM head")
            row = cursor.fetchone()
        return row[0], row[1]

    def position_at(self, moment: datetime) -> int:
        """The last position written at or before a moment; 0 when the log began later.

        Errors: `LedgerError` for a moment without zone.
        """
        with self._cursor() as cursor:
            cursor.execute(
                self.backend.sql("SELECT position FROM events WHERE at <= ? ORDER BY position DESC LIMIT 1"),
                (utc_text(moment),),
            )
            row = cursor.fetchone()
        return row[0] if row else 0

    def head(self, stream: str) -> Head:
        """The head of one stream; version 0 when there is no such stream."""
        with self._cursor() as cursor:
            found = self.backend.heads_of(cursor, (stream,)).get(stream)
        return Head(*found) if found else Head()

    def heads(self) -> dict[str, Head]:
        """The heads of all streams."""
        with self._cursor() as cursor:
            cursor.execute(
                "SELECT e.stream, e.version, e.hash FROM events e JOIN (SELECT stream, max(version) AS last "
                "FROM events GROUP BY stream) m ON m.stream = e.stream AND m.last = e.version ORDER BY e.stream"
            )
            return {stream: Head(version, event_hash) for stream, version, event_hash in cursor.fetchall()}

    def streams(self, prefix: str = "") -> tuple[str, ...]:
        """The names of the streams that begin with `prefix`, sorted."""
        with self._cursor() as cursor:
            cursor.execute("SELECT DISTINCT stream FROM events ORDER BY stream")
            return tuple(row[0] for row in cursor.fetchall() if row[0].startswith(prefix))

    def read(self, stream: str | None = None, after: int = 0, upto: int | None = None) -> Iterator[Event]:
        """Events in order: of one stream after a version, or of the whole log after a position."""
        for row in self.raw(stream, after, upto):
            yield read_event(*row)

    def raw(
        self, stream: str | None = None, after: int = 0, upto: int | None = None
    ) -> Iterator[tuple[str, str, int, str]]:
        """Body, hash, position and link as stored, unread."""
        column = "position" if stream is None else "version"
        where = "" if stream is None else "stream = ? AND "
        limit = "" if upto is None else f" AND {column} <= {int(upto)}"
        statement = self.backend.sql(
            f"SELECT {_EVENT_COLUMNS}, {column} FROM events WHERE {where}{column} > ?{limit} "  # noqa: S608 (own names)
            f"ORDER BY {column} LIMIT {_PAGE}"
        )
        while True:
            with self._cursor() as cursor:
                cursor.execute(statement, (after,) if stream is None else (stream, after))
                rows = cursor.fetchall()
            for row in rows:
                yield row[0], row[1], row[2], row[3]
            if len(rows) < _PAGE:
                return
            after = rows[-1][4]

    def fetch(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        """All rows of one SELECT with `?` for its values."""
        with self._cursor() as cursor:
            cursor.execute(self.backend.sql(statement), values)
            return list(cursor.fetchall())

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows of `events` as they are stored, every column, in order of position."""
        columns = ("position", "stream", "version", "type", "at", "actor", "hash", "link", "body")
        statement = self.backend.sql(
            f"SELECT {', '.join(columns)} FROM events WHERE position > ? ORDER BY position LIMIT {_PAGE}"  # noqa: S608
        )
        after: Any = -(2**62)
        while True:
            with self._cursor() as cursor:
                cursor.execute(statement, (after,))
                found = cursor.fetchall()
            for row in found:
                yield dict(zip(columns, row, strict=True))
            if len(found) < _PAGE:
                return
            after = found[-1][0]

    def export(self, path: Path) -> str:
        """Write the whole log to a plain file; returns its SHA-256."""
        from trialrun.ledger.export import write_export

        return write_export(self, path)

    def values(self, participant: str | None = None) -> tuple[Value, ...]:
        """The current values, of one participant or of all, in a fixed order."""
        where = "" if participant is None else " WHERE participant = ?"
        columns = ", ".join(VALUE_COLUMNS)
        with self._cursor() as cursor:
            cursor.execute(
                self.backend.sql(
                    f"SELECT {columns} FROM current_values{where} ORDER BY participant, visit, form, row, item"  # noqa: S608
                ),
                () if participant is None else (participant,),
            )
            return tuple(Value(*row) for row in cursor.fetchall())

    def identity_key(self, participant: str) -> bytes | None:
        """The key of a participant's identifying values; `None` when there is none, or no more."""
        with self._cursor() as cursor:
            cursor.execute(
                self.backend.sql("SELECT key FROM identity_keys WHERE participant = ?"), (participant,)
            )
            row = cursor.fetchone()
        return bytes(row[0]) if row else None

    def identity_keys(self) -> dict[str, bytes]:
        """All identity keys by participant."""
        with self._cursor() as cursor:
            cursor.execute("SELECT participant, key FROM identity_keys ORDER BY participant")
            return {participant: bytes(key) for participant, key in cursor.fetchall()}
