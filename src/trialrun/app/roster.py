"""The participants in somebody's scope: status, next visit, and what is waiting with each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from trialrun.app.casebook import Casebook, Cell, casebook
from trialrun.app.language import gettext as _
from trialrun.app.visits import ScheduledVisit, first_dose_on, next_visit, overdue_visits
from trialrun.ledger.commands import Actor
from trialrun.ledger.state import ParticipantState
from trialrun.study.model import Study

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace


class Standing(StrEnum):
    """How far a person has come in the study."""

    REGISTERED = "registered"
    CONSENTED = "consented"
    SCREEN_FAILURE = "screen_failure"
    ENROLLED = "enrolled"
    TREATED = "treated"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One line of the list of participants."""

    key: str
    number: str
    site: str
    standing: Standing
    cause: str
    next: ScheduledVisit | None
    overdue: int
    open_queries: int
    unsigned: int
    missing_forms: int
    answered: int
    needed: int

    @property
    def label(self) -> str:
        """The participant's number; before enrolment the candidate's."""
        return self.number or self.key


def participants_in_scope(workspace: Workspace, actor: Actor) -> tuple[ParticipantState, ...]:
    """All participants and candidates an actor may see, in order of registration: of their site, or all."""
    conduct = workspace.conduct
    everyone = (conduct.participant(key) for key in conduct.participants())
    return tuple(person for person in everyone if not actor.site or person.site == actor.site)


def standing_of(study: Study, person: ParticipantState) -> Standing:
    """How far a person has come."""
    if person.ended_on is not None:
        ends = {"screen_failure": Standing.SCREEN_FAILURE, "completed": Standing.COMPLETED}
        return ends.get(person.end_cause, Standing.LEFT)
    if person.withdrawn_on is not None:
        return Standing.WITHDRAWN
    if person.enrolled:
        return Standing.TREATED if first_dose_on(study, person) else Standing.ENROLLED
    return Standing.CONSENTED if person.consent is not None else Standing.REGISTERED


def standing_words(standing: Standing, cause: str = "") -> str:
    """The standing in words; who left, with the cause."""
    words = {
        Standing.REGISTERED: _("registered"),
        Standing.CONSENTED: _("in screening"),
        Standing.SCREEN_FAILURE: _("screen failure"),
        Standing.ENROLLED: _("enrolled"),
        Standing.TREATED: _("in follow-up"),
        Standing.COMPLETED: _("completed"),
        Standing.WITHDRAWN: _("consent withdrawn"),
        Standing.LEFT: _("left the study"),
    }[standing]
    return f"{words}: {cause_words(cause)}" if standing is Standing.LEFT and cause else words


def cause_words(cause: str) -> str:
    """Why participation ended, in words."""
    known = {
        "completed": _("completed"),
        "screen_failure": _("screen failure"),
        "death": _("death"),
        "transplant": _("liver transplant"),
        "withdrawal": _("withdrawal"),
        "lost": _("lost to follow-up"),
        "lost_to_follow_up": _("lost to follow-up"),
        "other": _("other reason"),
    }
    return known.get(cause, cause.replace("_", " "))


def roster_row(study: Study, person: ParticipantState, today: date) -> RosterRow:
    """The line of one participant."""
    book = casebook(study, person, today)
    visits = tuple(one.visit for one in book.visits)
    answered, needed = book.progress
    return RosterRow(
        key=person.key,
        number=person.number,
        site=person.site,
        standing=standing_of(study, person),
        cause=person.end_cause,
        next=next_visit(visits) if person.consent is not None else None,
        overdue=len(overdue_visits(visits)),
        open_queries=len(person.open_queries()),
        unsigned=len(book.unsigned),
        missing_forms=len(missing_forms(book)),
        answered=answered,
        needed=needed,
    )


def missing_forms(book: Casebook) -> tuple[Cell, ...]:
    """The cells that lack answers though their visit took place, and started rows of running logs."""
    return tuple(
        cell
        for cell in (
            *(cell for one in book.visits if one.visit.actual is not None for cell in one.cells),
            *book.logs,
        )
        if cell.incomplete
    )


def roster(workspace: Workspace, actor: Actor) -> tuple[RosterRow, ...]:
    """Everyone in the actor's scope."""
    return tuple(
        roster_row(workspace.study, person, workspace.today)
        for person in participants_in_scope(workspace, actor)
    )


# --- choosing and ordering ---------------------------------------------------------------------

_KEYS: dict[str, Callable[[RosterRow], Any]] = {
    "number": lambda row: (row.number == "", row.number, row.key),
    "candidate": lambda row: row.key,
    "site": lambda row: (row.site, row.key),
    "status": lambda row: (list(Standing).index(row.standing), row.cause, row.key),
    "next": lambda row: (row.next is None, (row.next and row.next.target) or date.max, row.key),
    "overdue": lambda row: (-row.overdue, row.key),
    "queries": lambda row: (-row.open_queries, row.key),
    "unsigned": lambda row: (-row.unsigned, row.key),
    "missing": lambda row: (-row.missing_forms, row.key),
    "complete": lambda row: (row.answered / row.needed if row.needed else 2.0, row.key),
}
SORTS = tuple(_KEYS)
WITH = ("enrolled", "overdue", "queries", "unsigned", "missing")


@dataclass(frozen=True, slots=True)
class RosterChoice:
    """Which participants to show, in which order.

    `standing` and `site` choose one of each, `search` part of a number, `having` only those `enrolled`, whatever
    became of them since, or with something `overdue`, with open `queries`, with forms `unsigned` or `missing`. `sort` is one of `SORTS`; unknown
    words in `sort` and `having` count as not given.
    """

    standing: str = ""
    site: str = ""
    search: str = ""
    having: str = ""
    sort: str = ""
    backwards: bool = False


def choose(rows: Iterable[RosterRow], choice: RosterChoice) -> tuple[RosterRow, ...]:
    """The rows chosen, in order."""
    wanted = choice.search.casefold()
    found = [
        row
        for row in rows
        if (not choice.standing or row.standing == choice.standing)
        and (not choice.site or row.site == choice.site)
        and (not wanted or wanted in row.number.casefold() or wanted in row.key.casefold())
        and _has(row, choice.having)
    ]
    key = _KEYS.get(choice.sort)
    if key is not None:
        found.sort(key=key, reverse=choice.backwards)
    return tuple(found)


def _has(row: RosterRow, having: str) -> bool:
    counts = {
        "enrolled": len(row.number),
        "overdue": row.overdue,
        "queries": row.open_queries,
        "unsigned": row.unsigned,
        "missing": row.missing_forms,
    }
    return having not in counts or counts[having] > 0
