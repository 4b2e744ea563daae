"""What differs between SQLite and PostgreSQL: how to connect, lock, and find stream heads."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from trialrun.errors import LedgerError

if TYPE_CHECKING:
    from sqlalchemy import Engine

Heads = dict[str, tuple[int, str]]
_AT_ONCE = nullcontext()


class Backend(Protocol):
    """A database engine the ledger runs on."""

    name: str
    engine: Engine
    errors: type[Exception]

    def sql(self, text: str) -> str:
        """The statement with this driver's placeholders (written with `?`)."""
        ...

    def reader(self) -> Any:
        """A new connection for reading, each statement on its own."""
        ...

    def together(self, cursor: Any) -> AbstractContextManager[Any]:
        """Within it, statements nobody waits for may be sent with the next one that is waited for."""
        ...

    def begin(self, cursor: Any) -> tuple[int, str]:
        """Take the write lock over all processes; last position and link."""
        ...

    def finish(self, cursor: Any) -> None:
        """Commit what `begin` began; when this returns it is on disk."""
        ...

    def heads_of(self, cursor: Any, streams: Iterable[str]) -> Heads:
        """Version and hash of the last event of each stream that has one."""
        ...

    def forget_deleted(self) -> None:
        """Make sure that bytes of deleted rows are gone from the files."""
        ...


class SqliteBackend:
    """SQLite: write-ahead log, every commit flushed to disk."""

    name = "sqlite"
    errors: type[Exception]

    def __init__(self, path: Path) -> None:
        import sqlite3

        from sqlalchemy import create_engine, event

        if not path.parent.is_dir():
            raise LedgerError(f"{path}: its folder does not exist", "create the folder first")
        self.errors = sqlite3.Error
        self.engine = create_engine(
            f"sqlite:///{path}",
            connect_args={"timeout": 30, "check_same_thread": False, "cached_statements": 64},
        )
        event.listen(self.engine, "connect", self._prepare)

    @staticmethod
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            # A short log is written over in place, which flushes faster than a growing file.
            "wal_autocheckpoint=200",
        ):
            connection.execute(f"PRAGMA {pragma}")

    def sql(self, text: str) -> str:
        """The statement with this driver's placeholders."""
        return text

    def reader(self) -> Any:
        """A new connection for reading."""
        return _detached(self.engine)

    def together(self, cursor: Any) -> AbstractContextManager[Any]:  # noqa: ARG002 (the same call for both)
        """Nothing to gather: there is no way between program and database."""
        return _AT_ONCE

    def begin(self, cursor: Any) -> tuple[int, str]:
        """Take the write lock; last position and link."""
        cursor.execute("BEGIN IMMEDIATE")
        return cursor.execute("SELECT position, link FROM head").fetchone()

    def finish(self, cursor: Any) -> None:
        """Commit and flush."""
        cursor.execute("COMMIT")

    def heads_of(self, cursor: Any, streams: Iterable[str]) -> Heads:
        """Version and hash of each stream's last event."""
        found: Heads = {}
        for stream in streams:
            row = cursor.execute(
                "SELECT version, hash FROM events WHERE stream = ? ORDER BY version DESC LIMIT 1", (stream,)
            ).fetchone()
            if row is not None:
                found[stream] = (row[0], row[1])
        return found

    def forget_deleted(self) -> None:
        """Take deleted rows out of the files."""
        connection = self.reader()
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()


class PostgresBackend:
    """PostgreSQL: writers of all processes take turns on the head row, so positions have no gaps."""

    name = "postgresql"
    errors: type[Exception]

    def __init__(self, url: str) -> None:
        import psycopg
        from sqlalchemy import create_engine

        self.errors = psycopg.Error
        self.engine = create_engine(
            "postgresql+psycopg://" + url.split("://", 1)[1], pool_pre_ping=True, pool_size=8, max_overflow=32
        )

    def sql(self, text: str) -> str:
        """The statement with this driver's placeholders."""
        return text.replace("?", "%s")

    def reader(self) -> Any:
        """A new connection for reading, outside transactions."""
        connection = _detached(self.engine)
        connection.autocommit = True
        return connection

    def together(self, cursor: Any) -> AbstractContextManager[Any]:
        """Pipeline mode: a save takes two ways to the server and back, not five."""
        return cursor.connection.pipeline()

    def begin(self, cursor: Any) -> tuple[int, str]:
        """Take the write lock; last position and link."""
        cursor.execute("SELECT position, link FROM head WHERE id = 1 FOR UPDATE")
        return cursor.fetchone()

    def finish(self, cursor: Any) -> None:
        """Commit and flush."""
        cursor.connection.commit()

    def heads_of(self, cursor: Any, streams: Iterable[str]) -> Heads:
        """Version and hash of each stream's last event."""
        cursor.execute(
            "SELECT s.stream, e.version, e.hash FROM unnest(%s::text[]) AS s(stream) CROSS JOIN LATERAL "
            "(SELECT version, hash FROM events WHERE stream = s.stream ORDER BY version DESC LIMIT 1) e",
            (list(streams),),
        )
        return {stream: (version, event_hash) for stream, version, event_hash in cursor.fetchall()}

    def forget_deleted(self) -> None:
        """Take deleted rows out of the files."""
        connection = self.reader()
        try:
            connection.execute("VACUUM identity_keys")
        finally:
            connection.close()


def _detached(engine: Engine) -> Any:
    """A driver connection that belongs to us alone."""
    pooled = engine.raw_connection()
    driver = pooled.driver_connection
    pooled.detach()
    return driver


def backend_for(url: str) -> Backend:
    """The back end of a database URL: `sqlite:///path` or `postgresql://user@host/name`.

    Errors: `LedgerError` for any other URL.
    """
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///") and ":memory:" not in url:
        return SqliteBackend(Path(url.removeprefix("sqlite:///")))
    if url.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
        return PostgresBackend(url)
    raise LedgerError(
        f"{url!r} is not a database the ledger can use",
        "write sqlite:///folder/file.db or postgresql://user@host/database",
    )
