"""The store: appends events durably, in order, and reads them back. Nothing here is ever edited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from trialrun.errors import ConflictError, LedgerError
from trialrun.ledger.commands import Actor
from trialrun.ledger.events import NO_HASH, Event, NewEvent, chain_events, placed, read_event
from trialrun.ledger.seals import Signer, seal_event
from trialrun.ledger.store.backends import Backend, Heads
from trialrun.ledger.store.group_commit import GroupCommit, Job
from trialrun.ledger.store.projection import PROJECTED, changes
from trialrun.ledger.store.reading import Head, Reader
from trialrun.ledger.store.tables import FORMAT, create_tables

_INSERT = "INSERT INTO events (position, stream, version, type, at, actor, hash, link, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPSERT = (
    "INSERT INTO current_values (participant, visit, form, row, item, text, unit, missing, sealed, position, corrections) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (participant, visit, form, row, item) DO UPDATE SET "
    "text = excluded.text, unit = excluded.unit, missing = excluded.missing, sealed = excluded.sealed, "
    "position = excluded.position, corrections = current_values.corrections + excluded.corrections"
)
_DROP_VALUE = (
    "DELETE FROM current_values WHERE participant = ? AND visit = ? AND form = ? AND row = ? AND item = ?"
)
_DROP_ROW = "DELETE FROM current_values WHERE participant = ? AND visit = ? AND form = ? AND row = ?"
_DROP_KEY = "DELETE FROM identity_keys WHERE participant = ?"
_MOVE_HEAD = "UPDATE head SET position = ?, link = ?"
_STATEMENTS = (_INSERT, _UPSERT, _DROP_VALUE, _DROP_ROW, _DROP_KEY, _MOVE_HEAD)
_PAGE = 5_000
MOST_HEADS = 100_000


class StaleStreamError(ConflictError):
    """A stream has moved on since it was read; whoever wrote first stands.

    Args:
        stream: which stream.
        expected: the version the writer had seen.
        version: the version it has now.
    """

    def __init__(self, stream: str, expected: int, version: int) -> None:
        super().__init__(
            f"stream {stream} is at version {version}, not {expected}: somebody else wrote meanwhile",
            "read it again and decide anew",
        )
        self.stream = stream
        self.expected = expected
        self.version = version


@dataclass(frozen=True, slots=True)
class _Work:
    groups: tuple[tuple[Event, ...], ...] = ()
    seal: bool = False
    destroy_key_of: str = ""
    seal_at: datetime | None = None
    unmoved: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True)
class _Known:
    """What this process knows of the log's end; valid while position and link are those of the head row."""

    position: int = -1
    link: str = ""
    sealed_through: int = 0


class Store(Reader):
    """An append-only log in a database. Open one with `open_store`.

    `seal_every`: a seal is appended by itself once that many events follow the last one.
    """

    def __init__(self, backend: Backend, *, seal_every: int = 100, signer: Signer | None = None) -> None:
        super().__init__(backend)
        self.seal_every = seal_every
        self._signer = signer
        self._group: GroupCommit[_Work, tuple[Event, ...]] = GroupCommit(self._write)
        self._known = _Known()
        self._heads: Heads = {}
        self._connection: Any = None
        self._cursor_kept: Any = None
        self._sql = {text: backend.sql(text) for text in _STATEMENTS}
        self._open()
        with self._cursor() as cursor:
            cursor.execute("SELECT format FROM head")
            found = cursor.fetchone()[0]
        if found != FORMAT:
            raise LedgerError(
                f"the log has format {found}, this program reads {FORMAT}", "use a newer version"
            )

    def _open(self) -> None:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            create_tables(self.backend.engine, NO_HASH)
        except SQLAlchemyError as error:
            first = str(getattr(error, "orig", error)).splitlines()[0]
            raise LedgerError(
                f"the database cannot be opened: {first}", "check the URL and the server"
            ) from error

    # --- writing -----------------------------------------------------------------------------

    def append(
        self,
        stream: str,
        expected_version: int,
        events: Iterable[NewEvent],
        *,
        now: datetime,
        actor: Actor,
        study_hash: str = "",
    ) -> tuple[Event, ...]:
        """Put events behind version `expected_version` of a stream, durably; as written.

        Errors: `StaleStreamError` when the stream is at another version.
        """
        head = Head(*self._heads.get(stream, (0, NO_HASH)))  # may be behind another process: then look
        if head.version != expected_version:
            head = self.head(stream)
        if head.version != expected_version:
            raise StaleStreamError(stream, expected_version, head.version)
        chained = chain_events(
            events, version=head.version, previous=head.hash, now=now, actor=actor, study_hash=study_hash
        )
        return self.commit((chained,))

    def commit(
        self,
        groups: Sequence[Sequence[Event]],
        *,
        destroy_key_of: str = "",
        unmoved: Mapping[str, int] = MappingProxyType({}),
    ) -> tuple[Event, ...]:
        """Write chained events of one or more streams: all of them or none.

        Returns them with position and link. When it returns they are on disk.
        `destroy_key_of`: a participant whose identity key is destroyed in the same transaction.
        `unmoved`: further streams the events rest on, with the version they must still have.
        Errors: `StaleStreamError` when any of the streams has moved on; `LedgerError` when the
        database fails (whether the events were written is then unknown: read the stream again).
        """
        kept = tuple(tuple(group) for group in groups if group)
        work = _Work(kept, destroy_key_of=destroy_key_of, unmoved=tuple(unmoved.items()))
        return self._group.submit(work) if kept else ()

    def seal(self, *, now: datetime | None = None) -> Event | None:
        """Append a seal over everything so far; `None` when nothing follows the last seal.

        Its time is `now`, or that of the last entry sealed.
        """
        written = self._group.submit(_Work(seal=True, seal_at=now))
        return written[0] if written else None

    def _write(self, jobs: Sequence[Job[_Work, tuple[Event, ...]]]) -> None:
        try:
            self._write_together(jobs)
        except self.backend.errors as error:
            self._reset()
            if len(jobs) == 1:
                raise LedgerError(
                    f"the database refused the write: {error}", "see the database's own log"
                ) from error
            # One bad job must not take the others down: write them one by one.
            for job in jobs:
                job.result, job.error = None, None
                try:
                    self._write_together((job,))
                except self.backend.errors as own:
                    self._reset()
                    job.error = LedgerError(
                        f"the database refused the write: {own}", "see the database's own log"
                    )
        except BaseException:
            self._reset()
            raise

    def _reset(self) -> None:
        """Roll back and forget the connection; the next write opens a new one."""
        self._known = _Known()
        self._heads = {}
        if self._connection is not None:
            try:
                self._connection.invalidate()
            finally:
                self._connection = self._cursor_kept = None

    def _write_together(self, jobs: Sequence[Job[_Work, tuple[Event, ...]]]) -> None:
        cursor = self._writer()
        with self.backend.together(cursor):
            self._write_with(cursor, jobs)

    def _write_with(self, cursor: Any, jobs: Sequence[Job[_Work, tuple[Event, ...]]]) -> None:
        position, link = self.backend.begin(cursor)
        if position != self._known.position or link != self._known.link:
            self._refresh(cursor, position, link)
        self._fetch_heads(cursor, jobs)
        written: list[Event] = []
        sealing: _Work | None = None
        for job in jobs:
            job.error = self._stale(job.work)
            if job.error is not None:
                continue
            made = self._place(job.work, position, link)
            job.result = made
            if made:
                written += made
                position, link = made[-1].position, made[-1].link
            if job.work.destroy_key_of:
                cursor.execute(self._sql[_DROP_KEY], (job.work.destroy_key_of,))
            if job.work.seal:
                sealing = job.work
        self._insert(cursor, written)
        if sealing is not None or position - self._known.sealed_through >= self.seal_every:
            seal = self._make_seal(cursor, position, link, sealing.seal_at if sealing else None)
            if seal is not None:
                position, link = seal.position, seal.link
                written.append(seal)
                for job in jobs:
                    if job.work.seal:
                        job.result = (seal,)
        if written:
            cursor.execute(self._sql[_MOVE_HEAD], (position, link))
        self.backend.finish(cursor)
        self._known.position, self._known.link = position, link

    def _place(self, work: _Work, position: int, link: str) -> tuple[Event, ...]:
        """A work's events behind the log's end; their streams move on."""
        made: list[Event] = []
        for group in work.groups:
            for event in group:
                position += 1
                made.append(placed(event, position, link))
                link = made[-1].link
            last = group[-1]
            self._heads[last.stream] = (last.version, last.hash)
        return tuple(made)

    def _writer(self) -> Any:
        """The cursor of the writing connection, kept from one transaction to the next."""
        if self._cursor_kept is None:
            self._connection = self.backend.engine.raw_connection()
            self._cursor_kept = self._connection.cursor()
        return self._cursor_kept

    def _refresh(self, cursor: Any, position: int, link: str) -> None:
        """Forget what is cached: another process has written since."""
        self._heads = {}
        cursor.execute("SELECT body FROM events WHERE stream = 'seal' ORDER BY version DESC LIMIT 1")
        row = cursor.fetchone()
        through = read_event(row[0], "", 0, "").data["through"] if row else 0
        self._known = _Known(position, link, through)

    def _fetch_heads(self, cursor: Any, jobs: Sequence[Job[_Work, tuple[Event, ...]]]) -> None:
        heads = self._heads
        if len(heads) > MOST_HEADS:
            heads.clear()
        needed = {group[0].stream for job in jobs for group in job.work.groups}
        needed.update(stream for job in jobs for stream, _ in job.work.unmoved)
        wanted = {stream for stream in needed if stream not in heads}
        if wanted:
            heads.update(self.backend.heads_of(cursor, sorted(wanted)))

    def _stale(self, work: _Work) -> ConflictError | None:
        for group in work.groups:
            first = group[0]
            version, event_hash = self._heads.get(first.stream, (0, NO_HASH))
            if first.version != version + 1 or first.previous != event_hash:
                return StaleStreamError(first.stream, first.version - 1, version)
        for stream, expected in work.unmoved:
            version, _ = self._heads.get(stream, (0, NO_HASH))
            if version != expected:
                return StaleStreamError(stream, expected, version)
        return None

    def _insert(self, cursor: Any, events: Sequence[Event]) -> None:
        rows = [(e.position, e.stream, e.version, e.type, e.at, e.by, e.hash, e.link, e.body) for e in events]
        if len(rows) == 1:
            cursor.execute(self._sql[_INSERT], rows[0])
        elif rows:
            cursor.executemany(self._sql[_INSERT], rows)
        moving = [event for event in events if event.type in PROJECTED]
        if moving:
            self._project(cursor, moving)

    def _project(self, cursor: Any, events: Sequence[Event]) -> None:
        """Apply the events' changes in order, as few statements as that allows."""
        pending: list[tuple[Any, ...]] = []

        def flush() -> None:
            if pending:
                cursor.executemany(self._sql[_UPSERT], pending)
                pending.clear()

        for event in events:
            for change in changes(event):
                if change.row is not None:
                    pending.append((*change.key, *change.row))
                elif change.key[4]:
                    flush()
                    cursor.execute(self._sql[_DROP_VALUE], change.key)
                else:
                    flush()
                    cursor.execute(self._sql[_DROP_ROW], change.key[:4])
        flush()

    def _make_seal(self, cursor: Any, position: int, link: str, at: datetime | None) -> Event | None:
        cursor.execute(
            self.backend.sql(
                "SELECT stream, version, hash, at FROM events WHERE position > ? AND stream <> 'seal' ORDER BY position"
            ),
            (self._known.sealed_through,),
        )
        rows = cursor.fetchall()
        if not rows:
            return None
        heads = {stream: [version, event_hash] for stream, version, event_hash, _ in rows}
        version, previous = self.backend.heads_of(cursor, ("seal",)).get("seal", (0, NO_HASH))
        moment = at or datetime.fromisoformat(rows[-1][3])
        chained = seal_event(position, link, heads, version, previous, moment, self._signer)
        sealed = placed(chained, position + 1, link)
        self._insert(cursor, (sealed,))
        self._heads["seal"] = (sealed.version, sealed.hash)
        self._known.sealed_through = position
        return sealed

    def restore(self, events: Iterable[Event]) -> int:
        """Take over the placed events of another log, whole or not at all; returns how many.

        Errors: `LedgerError` when this log is not empty.
        """
        with self._writing() as cursor:
            position, link = self.backend.begin(cursor)
            if position:
                raise LedgerError(f"the log holds {position} entries", "restore into a new database")
            page: list[Event] = []
            for event in events:
                page.append(event)
                position, link = event.position, event.link
                if len(page) == _PAGE:
                    self._insert(cursor, page)
                    page = []
            self._insert(cursor, page)
            cursor.execute(self._sql[_MOVE_HEAD], (position, link))
        return position

    def add_identity_key(self, participant: str, key: bytes) -> bytes:
        """Keep a key for a participant who has none yet; the key that counts."""
        with self._writing() as cursor:
            cursor.execute(
                self.backend.sql(
                    "INSERT INTO identity_keys (participant, key) VALUES (?, ?) ON CONFLICT (participant) DO NOTHING"
                ),
                (participant, key),
            )
        return self.identity_key(participant) or key

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        """A cursor in a transaction of its own, beside the log's."""
        connection = self.backend.engine.raw_connection()
        try:
            yield connection.cursor()
            connection.commit()
        except self.backend.errors as error:
            connection.rollback()
            raise LedgerError(
                f"the database refused the write: {error}", "see the database's own log"
            ) from error
        except BaseException:
            connection.rollback()
            raise
        finally:
            connection.close()

    def close(self) -> None:
        """Give the connections back; the store cannot be used afterwards."""
        if self._connection is not None:
            self._connection.close()
            self._connection = self._cursor_kept = None
        super().close()
