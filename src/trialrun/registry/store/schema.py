"""The tables of the store of records, and how its file is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trialrun.errors import RecordError
from trialrun.registry.store.documents import DICTIONARY

APPLICATION = 0x7472_7265  # "trre"; tells the file from other SQLite files
FORMAT = 1
INDEX = 1  # raise it when `prepare.searchable` or the tokenizer changes: the index is then made anew

COLUMNS = ("title", "condition", "intervention", "sponsor", "summary", "rest")
_TABLES = f"""
CREATE TABLE fact (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE file (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE trial (
    id INTEGER PRIMARY KEY,  -- counts from 1 without gaps: the place in the columns held in memory
    registry_id TEXT NOT NULL UNIQUE COLLATE NOCASE,
    version INTEGER NOT NULL,  -- the current one
    versions INTEGER NOT NULL,
    card TEXT NOT NULL  -- what a list shows
);
CREATE TABLE version (
    id INTEGER PRIMARY KEY,
    trial INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    updated TEXT NOT NULL,
    imported TEXT NOT NULL,
    file INTEGER NOT NULL,
    document BLOB NOT NULL
);
CREATE INDEX version_of_trial ON version (trial);
CREATE TABLE value (id INTEGER PRIMARY KEY, facet TEXT NOT NULL, text TEXT NOT NULL, UNIQUE (facet, text));
CREATE TABLE facet (trial INTEGER PRIMARY KEY, fixed BLOB NOT NULL, phases BLOB NOT NULL, countries BLOB NOT NULL);
CREATE TABLE rejected (
    id INTEGER PRIMARY KEY, file TEXT NOT NULL, place TEXT NOT NULL, reason TEXT NOT NULL,
    imported TEXT NOT NULL, UNIQUE (file, place, reason)
);
CREATE VIRTUAL TABLE words USING fts5 (
    {", ".join(COLUMNS)}, content='', tokenize="porter unicode61 remove_diacritics 2"
);
"""
# a larger hash in memory makes fewer and longer segments, which is most of what an import of many waits for
_INDEXING = "INSERT INTO words (words, rank) VALUES ('hashsize', 33554432)"
_CACHE = -65_536  # kibibytes a connection may hold of the file


def connect(path: Path) -> sqlite3.Connection:
    """A connection to the store; the caller begins and ends transactions."""
    connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA cache_size = {_CACHE}")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def prepare_file(path: Path) -> None:
    """Make the tables in a new file, or see that the file is a store this program can use.

    Errors: `RecordError` when the folder is missing, or the file is something else or of a later format.
    """
    if not path.parent.is_dir():
        raise RecordError(
            f"{path}: there is no folder {path.parent}", "make the folder, or name another file"
        )
    with told(path):
        _prepare(path)


def _prepare(path: Path) -> None:
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        connection.execute("PRAGMA page_size = 16384")
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if empty and application == 0:
            _create(connection)
        elif application != APPLICATION:
            raise RecordError(f"{path} is a database, but no store of registry records", "name another file")
        elif found > FORMAT:
            raise RecordError(
                f"{path} was written by a later trialrun (format {found}; this one knows {FORMAT})",
                "use that version, or import the records into a new store",
            )
    finally:
        connection.close()


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Whatever the database cannot do with the file within the block, as an error a person can act on.

    Errors: `RecordError` naming the file, what is wrong with it, and what to do.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        raise _refused(path, error) from None
    except sqlite3.DatabaseError as error:
        if _code(error) == sqlite3.SQLITE_NOTADB:
            raise RecordError(f"{path} is not a store of registry records", "name another file") from None
        if _code(error) == sqlite3.SQLITE_CORRUPT:
            raise RecordError(
                f"{path} is damaged: {error}",
                "take it from a backup, or import the records into a new store",
            ) from None
        raise


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where the error is not SQLite's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _refused(path: Path, error: sqlite3.OperationalError) -> Exception:
    match _code(error):
        case sqlite3.SQLITE_FULL:
            return RecordError(
                f"{path}: there is no space left on the disk",
                "make room, then import the same files again; what was finished is kept",
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return RecordError(
                f"{path}: another import is writing into this store",
                "wait until that import has ended, then import the same files again",
            )
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY:
            return RecordError(
                f"{path} cannot be opened or written: {error}",
                "the file and its folder must be writable, as a search, too, keeps a file beside it",
            )
        case sqlite3.SQLITE_IOERR:
            return RecordError(
                f"{path} cannot be read or written: {error}", "look at the disk and the space on it"
            )
        case sqlite3.SQLITE_ERROR if str(error).startswith("no such "):
            return RecordError(
                f"{path} is not a whole store of registry records: {error}",
                "name another file, or import the records into a new store",
            )
        case _:
            return error  # a fault of the program, and told as one


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
            for statement in _TABLES.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(_INDEXING)
            connection.executemany(
                "INSERT INTO fact VALUES (?, ?)",
                [("generation", 0), ("index", INDEX), ("dictionary", DICTIONARY)],
            )
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise
