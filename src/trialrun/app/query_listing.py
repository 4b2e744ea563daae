"""Queries raised from a listing: a CSV of questions, looked at first, its bad lines given back with the reason."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trialrun.app.csv_text import csv_text, reading_csv
from trialrun.app.language import gettext as _
from trialrun.app.language import ngettext
from trialrun.app.roster import participants_in_scope
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, RaiseQuery, RecordImport
from trialrun.ledger.decide import Refusal

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

COLUMNS = ("participant", "visit", "form", "row", "item", "message")
_NEEDED = ("participant", "visit", "message")
MOST_LINES = 2_000
KEPT = "query-listing-rejected"


@dataclass(frozen=True, slots=True)
class GoodLine:
    """A line that can be raised."""

    line: int
    label: str
    command: RaiseQuery


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot, as it was written, and why."""

    line: int
    cells: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A listing as read: nothing has been raised yet."""

    name: str
    content: bytes
    checksum: str
    good: tuple[GoodLine, ...]
    bad: tuple[BadLine, ...]

    @property
    def encoded(self) -> str:
        """The file as it was sent, in Base64: it travels through the page that asks for a yes unchanged."""
        return base64.b64encode(self.content).decode()

    @property
    def rejected_csv(self) -> str:
        """The bad lines with a column that says why, in the columns of the listing."""
        rows = [(*line.cells, line.problem) for line in self.bad]
        return csv_text((*COLUMNS, "problem"), rows)


def read_listing(workspace: Workspace, actor: Actor, name: str, content: bytes) -> Listing:
    """Look at a listing: every line is tried against the ledger as it stands, none is raised.

    Errors: `UserError` for a file that is no such listing at all.
    """
    with reading_csv(name):
        return _read(workspace, actor, name, content)


def _read(workspace: Workspace, actor: Actor, name: str, content: bytes) -> Listing:
    text = _decoded(content)
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    heads = [head.strip().lower() for head in reader.fieldnames or ()]
    missing = [head for head in _NEEDED if head not in heads]
    if missing:
        raise UserError(
            _("{name}: the first line lacks {columns}").format(name=name, columns=", ".join(missing)),
            _("Write the columns {columns} in the first line.").format(columns=", ".join(COLUMNS)),
        )
    reader.fieldnames = heads
    people = {}
    for person in participants_in_scope(workspace, actor):
        people[person.key] = person.key
        if person.number:
            people[person.number] = person.key
    reading = _Reading(workspace, actor, people)
    for number, row in enumerate(reader, start=2):
        if number > MOST_LINES + 1:
            raise UserError(
                _("{name} has more than {most} lines").format(name=name, most=MOST_LINES),
                _("Split it into several files."),
            )
        cells = tuple(str(row.get(column) or "").strip() for column in COLUMNS)
        if any(cells):
            reading.take(number, cells)
    return Listing(
        name, content, hashlib.sha256(content).hexdigest(), tuple(reading.good), tuple(reading.bad)
    )


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            _("The file is not UTF-8 text."), _("Save it as CSV in UTF-8 and send it again.")
        ) from error


class _Reading:
    def __init__(self, workspace: Workspace, actor: Actor, people: Mapping[str, str]) -> None:
        self.workspace = workspace
        self.actor = actor
        self.people = people
        self.good: list[GoodLine] = []
        self.bad: list[BadLine] = []
        self.seen: set[RaiseQuery] = set()

    def take(self, line: int, cells: tuple[str, ...]) -> None:
        """Put a line among the good or the bad ones."""
        participant, visit, form, row, item, message = cells
        key = self.people.get(participant)
        if key is None:
            problem = _("there is no participant {name} in your scope").format(name=repr(participant))
        elif row and not (row.isdecimal() and len(row) <= 9):
            problem = _("the row {row} is not a number").format(row=repr(row))
        else:
            command = RaiseQuery(key, visit, form, message, int(row or 0), item)
            problem = self._problem(command)
            if not problem:
                self.seen.add(command)
                self.good.append(GoodLine(line, participant, command))
                return
        self.bad.append(BadLine(line, cells, problem))

    def _problem(self, command: RaiseQuery) -> str:
        if command in self.seen:
            return _("the same question stands further up in this file")
        person = self.workspace.conduct.participant(command.participant)
        place = (command.visit, command.form, command.row, command.item, command.message)
        for query in person.queries.values():
            if (query.visit, query.form, query.row, query.item, query.message) == place:
                return _("asked already: {query}").format(query=query.id)
        answer = self.workspace.conduct.decide(command, self.actor)
        return answer.message if isinstance(answer, Refusal) else ""


def raise_listing(workspace: Workspace, actor: Actor, listing: Listing) -> tuple[str, ...]:
    """Raise the good lines, keep the bad ones for the user, and record the import; the new queries.

    Errors: `CommandRefusedError` when the import may not be recorded (before anything is raised).
    """
    words = ngettext("{n} query raised", "{n} queries raised", len(listing.good)).format(n=len(listing.good))
    workspace.do(
        RecordImport(
            "queries", listing.name, listing.checksum, len(listing.good), len(listing.bad), words, actor.site
        ),
        actor,
    )
    raised: list[str] = []
    for one in listing.good:
        (event,) = workspace.do(one.command, actor).of("QueryOpened")
        raised.append(f"{one.label} {event.data['query']}")
    if listing.bad:
        workspace.accounts.save_draft(actor.user, KEPT, listing.rejected_csv, 0, now=workspace.now)
    else:
        workspace.accounts.drop_draft(actor.user, KEPT)
    return tuple(raised)


def kept_rejects(workspace: Workspace, actor: Actor) -> str:
    """The lines that were given back from the user's last listing, as CSV; empty when there are none."""
    kept = workspace.accounts.draft(actor.user, KEPT)
    return kept.data if kept else ""
