"""The audit trail: search over the whole log as one reader may see it, in pages, and the record of reviews."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from trialrun.app.event_words import Words, shown_data
from trialrun.app.language import gettext as _
from trialrun.app.rights import rights_of
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, ReviewTrail
from trialrun.ledger.event_types import TYPES
from trialrun.ledger.events import Event, canonical, utc_text
from trialrun.ledger.state_records import TrailReview
from trialrun.ledger.store.searching import Search, search

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

PAGE = 50
MOST_COUNTED = 1_000
# What follows by itself, and what is only bookkeeping: left out unless it is asked for.
SYSTEM_TYPES = frozenset({"ValuesDerived", "LogSealed", "CandidateNumberIssued", "ParticipantNumberIssued"})
GROUPS: dict[str, tuple[str, ...]] = {
    "changes": ("ItemsCorrected", "RowRemoved", "VisitRecorded"),
    "data": ("ItemsEntered", "ItemsCorrected", "RowRemoved", "VisitRecorded", "VisitMissed"),
    "queries": ("QueryOpened", "QueryAnswered", "QueryClosed", "QueryReopened"),
    "review": (
        "SourceVerified", "VerificationInvalidated", "SignatureGiven", "SignatureInvalidated", "DataFrozen",
        "DataUnfrozen", "DataLocked", "DataUnlocked", "TrailReviewed", "DatabaseLocked", "DatabaseUnlocked",
    ),
    "consent": ("ConsentGiven", "ConsentWithdrawn", "ConsentTextApproved"),
    "access": tuple(name for name, kind in TYPES.items() if kind.stream == "access"),
    "exports": ("DataExported", "FileImported"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrailChoice:
    """Which entries to show; empty parts do not choose.

    `since` and `until` are days in the study's time zone, both included; `kind` is a name of `GROUPS` or
    an event type; `text` is looked for in reasons and in values as this reader sees them; `system` shows
    derived values and bookkeeping, too.
    """

    who: str = ""
    since: str = ""
    until: str = ""
    participant: str = ""
    kind: str = ""
    item: str = ""
    text: str = ""
    system: bool = False


@dataclass(frozen=True, slots=True)
class TrailRow:
    """An entry told to the reader."""

    event: Event
    participant: str
    label: str
    words: str


@dataclass(frozen=True, slots=True)
class TrailPage:
    """One page, the newest entries first; `older` is the position to go on from, 0 at the end."""

    rows: tuple[TrailRow, ...]
    older: int


class Trail:
    """The log as one actor may read it.

    Somebody of a site sees that site's participants, its own stream and stock, what the study as a whole
    did, and what accounts of the site did; accounts in general only who administers or monitors them.
    """

    def __init__(self, workspace: Workspace, actor: Actor) -> None:
        self.workspace = workspace
        self.actor = actor
        self.words = Words(workspace, actor)
        self._sites = dict(workspace.conduct.study_state().candidates)
        self._rights = rights_of(workspace.study, actor.role)

    # --- scope -------------------------------------------------------------------------------

    def in_scope(self, event: Event) -> bool:
        """Whether the reader may see that entry at all."""
        own = self.actor.site
        if not own:
            return True
        kind, _slash, name = event.stream.partition("/")
        if kind == "participant":
            return self._sites.get(name) == own
        if kind in ("site", "stock"):
            return name == own
        if kind == "access":
            return own in (event.site, event.data.get("site"))
        key = event.data.get("candidate")
        if key:
            return self._sites.get(key) == own
        return event.data.get("site", "") in ("", own) and event.site in ("", own)

    # --- looking -----------------------------------------------------------------------------

    def find(self, choice: TrailChoice, *, before: int = 0, upwards: bool = False) -> Iterator[TrailRow]:
        """The entries chosen, one by one; the newest first unless `upwards`."""
        wanted, keys = self._search(choice), self._keys(choice)
        text = choice.text.casefold()
        for event in search(self.workspace.store, wanted, before=before, upwards=upwards):
            if event.type in SYSTEM_TYPES and not (choice.system or choice.kind == event.type):
                continue
            if not self.in_scope(event) or (keys is not None and self.words.participant(event) not in keys):
                continue
            if choice.item and not _about_item(event, choice.item):
                continue
            row = self.row(event)
            if not text or text in f"{row.words} {event.reason}".casefold():
                yield row

    def page(self, choice: TrailChoice, before: int = 0, size: int = PAGE) -> TrailPage:
        """One page from a position on, without loading the rest."""
        rows = tuple(islice(self.find(choice, before=before), size + 1))
        shown = rows[:size]
        return TrailPage(shown, shown[-1].event.position if len(rows) > size else 0)

    def row(self, event: Event) -> TrailRow:
        """An entry told to the reader."""
        key = self.words.participant(event)
        known = key in self._sites
        return TrailRow(
            event, key if known else "", self.words.label(key) if known else key, self.words.sentence(event)
        )

    def _keys(self, choice: TrailChoice) -> frozenset[str] | None:
        """The candidate numbers a participant's number stands for; `None` where nobody is named."""
        if not choice.participant:
            return None
        wanted = choice.participant.casefold()
        numbers = self.workspace.conduct.study_state().participants
        found = {key for key in self._sites if key.casefold() == wanted}
        return frozenset(found | {key for number, key in numbers.items() if number.casefold() == wanted})

    def _search(self, choice: TrailChoice) -> Search:
        types = GROUPS.get(choice.kind) or ((choice.kind,) if choice.kind in TYPES else ())
        keys = self._keys(choice)
        first = _day(choice.since, _("the first day"))
        last = _day(choice.until, _("the last day"))
        return Search(
            stream=f"participant/{next(iter(keys))}" if keys and len(keys) == 1 else "",
            actor=choice.who,
            types=types,
            since=self._midnight(first) if first else "",
            until=self._midnight(last + timedelta(days=1)) if last else "",
            item=choice.item if choice.item in self.words.study.items else "",
        )

    def _midnight(self, day: date) -> str:
        return utc_text(datetime.combine(day, time(), self.workspace.zone))

    # --- reviews -----------------------------------------------------------------------------

    def unreviewed(self) -> int:
        """How many entries by people in the reader's scope follow the last review this reader recorded.

        Counted up to `MOST_COUNTED`, so that a first look at a long log does not read all of it.
        """
        through = max((one.through for one in self.reviews() if one.by == self.actor.user), default=0)
        rows = search(self.workspace.store, Search(), after=through)
        return sum(
            1
            for event in rows
            if event.type not in SYSTEM_TYPES
            and event.stream not in ("access", "seal")
            and self.in_scope(event)
        )

    def reviews(self) -> tuple[TrailReview, ...]:
        """The reviews on record, the latest first."""
        return tuple(reversed(self.workspace.conduct.study_state().trail_reviews))


def _about_item(event: Event, item: str) -> bool:
    data = event.data
    return data.get("item") == item or any(item in data.get(part, {}) for part in ("items", "values"))


def _day(text: str, what: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if MINYEAR < day.year < MAXYEAR:  # at the very ends there is no day before or after
        return day
    raise UserError(
        _("{what} {text} is not a date").format(what=what, text=repr(text)), _("Write it as 2026-03-01.")
    )


def record_review(workspace: Workspace, actor: Actor, choice: str, through: int, finding: str) -> None:
    """Put on record that the actor looked through the trail up to a position, with which choice.

    Errors: `UserError` when the log does not reach so far; `CommandRefusedError` for who may not.
    """
    end = workspace.store.position()[0]
    if not 0 < through <= end:
        raise UserError(
            _("The log has no position {through}.").format(through=through),
            _("Give a position up to {end}.").format(end=end),
        )
    workspace.do(ReviewTrail(through, choice, finding), actor)


def choice_words(choice: TrailChoice) -> str:
    """A choice in a few words, kept with a review."""
    parts = (
        (_("by"), choice.who),
        (_("from"), choice.since),
        (_("to"), choice.until),
        (_("participant"), choice.participant),
        (_("kind"), choice.kind),
        (_("item"), choice.item),
        (_("text"), choice.text),
    )
    named = [f"{name} {value}" for name, value in parts if value]
    return ", ".join(named) or _("all entries")


CSV_COLUMNS = (
    "position", "at", "user", "role", "site", "participant", "type", "what", "reason", "visit", "form", "row", "item",
    "old", "new", "hash",
)  # fmt: skip


def csv_rows(trail: Trail, row: TrailRow) -> Iterator[tuple[object, ...]]:
    """The lines of an entry in a file: one per value changed, else one. Identifying values are never in it."""
    event = row.event
    head = (event.position, event.at, event.by, event.role, event.site, row.label, event.type)
    changes = trail.words.changes(event)
    if not changes:
        place = tuple(event.data.get(part, "") for part in ("visit", "form", "row", "item"))
        yield (*head, row.words, event.reason, *place, "", "", event.hash)
    for one in changes:
        place = (one.visit, one.form, one.row, one.item)
        yield (*head, row.words, event.reason, *place, one.old, one.new, event.hash)


def json_line(trail: Trail, row: TrailRow) -> str:
    """The entry as one line of JSON: its frame, its data as the reader may have them, and the plain words."""
    event = row.event
    return canonical(
        {
            "position": event.position,
            "stream": event.stream,
            "version": event.version,
            "type": event.type,
            "at": event.at,
            "by": event.by,
            "role": event.role,
            "site": event.site,
            "reason": event.reason,
            "data": shown_data(trail.words, event),
            "previous": event.previous,
            "hash": event.hash,
            "link": event.link,
            "words": row.words,
        }
    )
