"""Statements on the tables of accounts, each on its own or several in one transaction."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from trialrun.accounts.tables import create_tables
from trialrun.errors import LedgerError
from trialrun.ledger.store.backends import Backend

_KEPT = 16


class Database:
    """The tables of accounts in the ledger's database; may be used from many threads."""

    def __init__(self, backend: Backend) -> None:
        from sqlalchemy.exc import SQLAlchemyError

        self._backend = backend
        self._idle: deque[Any] = deque()
        try:
            create_tables(backend.engine)
        except SQLAlchemyError as error:
            first = str(getattr(error, "orig", error)).splitlines()[0]
            raise LedgerError(
                f"the database cannot be opened: {first}", "check the URL and the server"
            ) from error

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        """A connection outside transactions; kept, for opening one costs more than a statement."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._backend.reader()
        try:
            yield connection
        except BaseException as error:
            connection.close()
            if isinstance(error, self._backend.errors):
                raise LedgerError(
                    f"the database of accounts failed: {error}", "see the database's own log"
                ) from error
            raise
        if len(self._idle) < _KEPT:
            self._idle.append(connection)
        else:
            connection.close()

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows a SELECT finds."""
        with self._connection() as connection:
            cursor = connection.cursor()
            cursor.execute(self._backend.sql(statement), values)
            return cursor.fetchall()

    def row(self, statement: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row a SELECT finds."""
        found = self.rows(statement, *values)
        return found[0] if found else None

    def run(self, statement: str, *values: Any) -> int:
        """Carry out one change; how many rows it touched."""
        with self._connection() as connection:
            cursor = connection.cursor()
            cursor.execute(self._backend.sql(statement), values)
            return cursor.rowcount

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Several statements, all of them or none; on SQLite nobody else writes meanwhile."""
        with self._connection() as connection:
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE" if self._backend.name == "sqlite" else "BEGIN")
            try:
                yield Transaction(self._backend, cursor)
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    def close(self) -> None:
        """Give the connections back."""
        while self._idle:
            self._idle.pop().close()


class Transaction:
    """Statements that count together."""

    def __init__(self, backend: Backend, cursor: Any) -> None:
        self._backend = backend
        self._cursor = cursor

    def row(self, statement: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row a SELECT finds."""
        self._cursor.execute(self._backend.sql(statement), values)
        return self._cursor.fetchone()

    def locked_row(self, statement: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row, kept from other writers until the end of the transaction."""
        return self.row(statement + (" FOR UPDATE" if self._backend.name == "postgresql" else ""), *values)

    def run(self, statement: str, *values: Any) -> int:
        """Carry out one change; how many rows it touched."""
        self._cursor.execute(self._backend.sql(statement), values)
        return self._cursor.rowcount


def written(moment: datetime) -> str:
    """A moment as the tables hold it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def read_moment(text: str) -> datetime | None:
    """The moment again; `None` where there is none."""
    return datetime.fromisoformat(text) if text else None
