"""The casebook of a participant: every form of every visit and where it stands, running logs, scores over time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from trialrun.app.completeness import FormCompleteness, form_completeness
from trialrun.app.visits import ScheduledVisit, VisitStatus, visit_schedule
from trialrun.ledger.content import in_scope
from trialrun.ledger.rows import Row, row_at
from trialrun.ledger.state import Mark, ParticipantState, SavedValue
from trialrun.study.kept import Kept
from trialrun.study.model import Form, Study, VisitKind

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

Saved = Mapping[str, SavedValue]
Place = tuple[str, str]  # visit as recorded, form
_NOT_YET = frozenset({VisitStatus.WAITING, VisitStatus.DUE, VisitStatus.IF_NEEDED})
_NEVER = frozenset({VisitStatus.MISSED, VisitStatus.NOT_APPLICABLE})


class CellStatus(StrEnum):
    """Where a form of a visit stands. The last that applies is the one shown."""

    NOT_APPLICABLE = "not_applicable"
    NOT_DUE = "not_due"
    EMPTY = "empty"
    DRAFT = "draft"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    VERIFIED = "verified"
    SIGNED = "signed"
    QUERY = "query"
    SIGNATURE_BROKEN = "signature_broken"
    FROZEN = "frozen"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Cell:
    """One form of one visit.

    `entry` is how far the answers are (`empty` to `complete`), `status` what is most worth knowing. `answered` of
    `needed` items are there; `missing` names the others, `waits_for` the answers that decide whether more is asked.
    `rows` counts the rows of a repeating form. `closed`: the participant failed screening or withdrew, so nothing
    can be added any more and what is missing stays so.
    """

    visit: str
    form: str
    title: str
    repeating: bool
    status: CellStatus
    entry: CellStatus
    answered: int = 0
    needed: int = 0
    missing: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    rows: int = 0
    queries: int = 0
    draft: bool = False
    verified: bool = False
    signed: bool = False
    broken: bool = False
    frozen: bool = False
    locked: bool = False
    closed: bool = False

    @property
    def filled(self) -> bool:
        """Whether anything was saved."""
        return self.entry in (CellStatus.IN_PROGRESS, CellStatus.COMPLETE)

    @property
    def incomplete(self) -> bool:
        """Whether something that is asked is not answered; a list without rows may be right."""
        if self.closed or (self.repeating and not self.rows):
            return False
        return self.entry in (CellStatus.EMPTY, CellStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class BookVisit:
    """One visit with its forms, in the study's order."""

    visit: ScheduledVisit
    cells: tuple[Cell, ...]

    def cell(self, form: str) -> Cell | None:
        """The cell of a form, where the visit asks it."""
        return next((cell for cell in self.cells if cell.form == form), None)


@dataclass(frozen=True, slots=True)
class Casebook:
    """All forms of a participant. `forms` are the columns of the grid: forms any shown visit asks."""

    visits: tuple[BookVisit, ...]
    logs: tuple[Cell, ...]
    forms: tuple[Form, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell, running logs included."""
        return (*(cell for one in self.visits for cell in one.cells), *self.logs)

    @property
    def open_queries(self) -> int:
        """Queries not closed, over all forms."""
        return sum(cell.queries for cell in self.cells)

    @property
    def unsigned(self) -> tuple[Cell, ...]:
        """Forms with saved values that no valid signature covers."""
        return tuple(cell for cell in self.cells if cell.filled and not cell.signed)

    @property
    def progress(self) -> tuple[int, int]:
        """Items answered and items needed by today, over all forms."""
        due = [cell for cell in self.cells if cell.entry is not CellStatus.NOT_DUE]
        answered = sum(cell.answered for cell in due)
        return answered, answered + sum(cell.needed - cell.answered for cell in due if not cell.closed)


def casebook(
    study: Study, person: ParticipantState, today: date, drafts: Collection[Place] = frozenset()
) -> Casebook:
    """The casebook of a participant as of today.

    Args:
        today: today at the study's place.
        drafts: forms of which the reader keeps an unsaved draft.
    """
    if drafts or not person.version:
        return _Binder(study, person, drafts).casebook(today)
    kept = _BOOKS.of(study)
    known = kept.get((person.key, person.hash, today))
    if known is None:
        known = kept[person.key, person.hash, today] = _Binder(study, person, ()).casebook(today)
        while len(kept) > _MOST_KEPT:
            kept.popitem(last=False)
    return known


# A list of all participants looks into every casebook; what has not changed is not bound again.
_MOST_KEPT = 2_000
_BOOKS: Kept[OrderedDict[tuple[str, str, date], Casebook]] = Kept(lambda _study: OrderedDict())


def casebook_of(workspace: Workspace, key: str, drafts: Collection[Place] = frozenset()) -> Casebook:
    """The casebook of a participant today."""
    return casebook(workspace.study, workspace.conduct.participant(key), workspace.today, drafts)


class _Binder:
    """Puts a participant's values, queries and marks into cells, each looked up once."""

    def __init__(self, study: Study, person: ParticipantState, drafts: Collection[Place]) -> None:
        self.study = study
        self.person = person
        self.drafts = drafts
        self.saved: dict[Place, dict[int, dict[str, SavedValue]]] = {}
        for (visit, form, row, item), value in person.values.items():
            self.saved.setdefault((visit, form), {}).setdefault(row, {})[item] = value
        self.closed = person.end_cause == "screen_failure" or person.withdrawn_on is not None
        self.at_the_end = tuple(study.settings.get("forms_after_end", ("end_of_study",)))
        self.queries: dict[Place, int] = {}
        for query in person.open_queries():
            place = (query.visit, query.form)
            self.queries[place] = self.queries.get(place, 0) + 1

    def casebook(self, today: date) -> Casebook:
        visits = tuple(self._visit(one) for one in visit_schedule(self.study, self.person, today))
        shown = {cell.form for one in visits for cell in one.cells}
        return Casebook(
            visits=visits,
            logs=tuple(
                self._cell(visit.name, self.study.forms[form], None, None)
                for visit in self.study.visits.values()
                if visit.kind is VisitKind.LOG
                for form in visit.forms
            ),
            forms=tuple(form for form in self.study.forms.values() if form.name in shown),
        )

    def _visit(self, visit: ScheduledVisit) -> BookVisit:
        row = row_at(self.study, self.person, visit.name)
        cells = (self._cell(visit.name, self.study.forms[form], visit, row) for form in visit.plan.forms)
        return BookVisit(visit, tuple(cells))

    def _cell(self, visit: str, form: Form, planned: ScheduledVisit | None, cells: Row | None) -> Cell:
        place = (visit, form.name)
        rows = self.saved.get(place, {})
        parts = self._parts(place, form, rows, cells)
        closed = self.closed and form.name not in self.at_the_end
        entry = _entry(form, planned, rows, parts, closed=closed)
        signed, broken = self._signed(place, rows)
        cell = Cell(
            visit=visit,
            form=form.name,
            title=form.title,
            repeating=form.repeating,
            status=entry,
            entry=entry,
            answered=sum(part.answered for part in parts),
            needed=sum(part.needed for part in parts),
            missing=tuple(name for part in parts for name in part.missing),
            waits_for=tuple(dict.fromkeys(name for part in parts for name in part.waits_for)),
            rows=len(rows) if form.repeating else 0,
            queries=self.queries.get(place, 0),
            draft=place in self.drafts,
            verified=self._verified(place, rows),
            signed=signed,
            broken=broken,
            frozen=_held(self.person.frozen, place),
            locked=_held(self.person.locked, place),
            closed=closed,
        )
        return replace(cell, status=_most_worth_knowing(cell))

    def _parts(
        self, place: Place, form: Form, rows: Mapping[int, Saved], cells: Row | None
    ) -> tuple[FormCompleteness, ...]:
        """The form's rows; a form that does not repeat has one."""
        numbers = sorted(rows) if form.repeating else [0]
        return tuple(
            form_completeness(self.study, self.person, place[0], form.name, rows.get(number, {}), cells)
            for number in numbers
        )

    def _verified(self, place: Place, rows: Mapping[int, Saved]) -> bool:
        """Whether every saved value was compared with its source and has not changed since."""
        marks = [mark for mark in self.person.verifications if mark.valid]
        slots = [(*place, row, item) for row, saved in rows.items() for item in saved]
        return bool(slots) and all(any(_covers(mark, slot) for mark in marks) for slot in slots)

    def _signed(self, place: Place, rows: Mapping[int, Saved]) -> tuple[bool, bool]:
        """Whether valid signatures cover every row; whether one was broken and not given anew."""
        if not rows:
            return False, False
        slots = [(*place, row, item) for row, saved in rows.items() for item in saved]
        over = [mark for mark in self.person.signatures if any(_covers(mark, slot) for slot in slots)]
        valid = [mark for mark in over if mark.valid]
        signed = all(any(_covers(mark, slot) for mark in valid) for slot in slots)
        return signed, not signed and len(valid) < len(over)


def _covers(mark: Mark, slot: tuple[str, str, int, str]) -> bool:
    return in_scope(slot, mark.visit, mark.form, mark.row, mark.item)


def _held(scopes: Collection[tuple[str, str]], place: Place) -> bool:
    """Whether the form, its visit or the whole casebook is frozen (locked)."""
    return any(scope in scopes for scope in (("", ""), (place[0], ""), place))


def _entry(
    form: Form,
    planned: ScheduledVisit | None,
    rows: Mapping[int, Saved],
    parts: Collection[FormCompleteness],
    *,
    closed: bool,
) -> CellStatus:
    """How far the answers of a form are."""
    if rows:
        complete = all(part.complete for part in parts)
        return CellStatus.COMPLETE if complete else CellStatus.IN_PROGRESS
    if closed:
        return CellStatus.NOT_APPLICABLE
    if planned is None:
        return CellStatus.EMPTY
    nothing_asked = not form.repeating and not any(part.asked for part in parts)
    if planned.status in _NEVER or nothing_asked:
        return CellStatus.NOT_APPLICABLE
    if planned.status in _NOT_YET and not form.before_consent:
        return CellStatus.NOT_DUE
    return CellStatus.EMPTY


def _most_worth_knowing(cell: Cell) -> CellStatus:
    found = cell.entry
    for holds, status in (
        (cell.draft, CellStatus.DRAFT),
        (cell.verified and cell.entry is CellStatus.COMPLETE, CellStatus.VERIFIED),
        (cell.signed, CellStatus.SIGNED),
        (cell.queries > 0, CellStatus.QUERY),
        (cell.broken, CellStatus.SIGNATURE_BROKEN),
        (cell.frozen, CellStatus.FROZEN),
        (cell.locked, CellStatus.LOCKED),
    ):
        if holds:
            found = status
    return found
