"""Freezing, locking, and the steps to database lock: what still stands in the way, and what was said about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from trialrun.app.casebook import Cell, casebook_of
from trialrun.app.language import gettext as _
from trialrun.app.language import marked
from trialrun.app.signatures import scope_title
from trialrun.app.work import form_path, label_of, participant_path
from trialrun.app.workspace import Workspace
from trialrun.ledger.commands import (
    Actor,
    Freeze,
    Lock,
    LockDatabase,
    RecordLockStep,
    Unfreeze,
    Unlock,
    UnlockDatabase,
)
from trialrun.ledger.conduct import Outcome
from trialrun.ledger.state import ParticipantState
from trialrun.ledger.state_records import LockStep

# --- freezing and locking parts of a casebook ----------------------------------------------------

HOLDS = {"freeze": Freeze, "unfreeze": Unfreeze, "lock": Lock, "unlock": Unlock}


@dataclass(frozen=True, slots=True)
class Held:
    """A frozen or locked part of a casebook."""

    visit: str
    form: str
    scope: str
    locked: bool


@dataclass(frozen=True, slots=True)
class HoldView:
    """A part of a casebook and what can be done with it now."""

    key: str
    label: str
    scope: str
    visit: str
    form: str
    frozen: bool
    locked: bool
    wider: tuple[Held, ...]
    queries: int
    actions: tuple[str, ...]


def held_parts(workspace: Workspace, person: ParticipantState) -> tuple[Held, ...]:
    """The frozen and locked parts of a casebook."""
    return tuple(
        Held(visit, form, scope_title(workspace.study, visit, form), locked)
        for scopes, locked in ((person.frozen, False), (person.locked, True))
        for visit, form in sorted(scopes)
    )


def hold_view(workspace: Workspace, key: str, visit: str, form: str) -> HoldView:
    """A part of a casebook: whether it, or something around it, is frozen or locked."""
    person = workspace.conduct.participant(key)
    own = (visit, form)
    frozen, locked = own in person.frozen, own in person.locked
    around = [
        one
        for one in held_parts(workspace, person)
        if (one.visit, one.form) != own and one.visit in ("", visit) and one.form in ("", form)
    ]
    actions = ("unlock",) if locked else ("lock", "unfreeze" if frozen else "freeze")
    return HoldView(
        key=key,
        label=label_of(person),
        scope=scope_title(workspace.study, visit, form),
        visit=visit,
        form=form,
        frozen=frozen,
        locked=locked,
        wider=tuple(around),
        queries=sum(
            1
            for query in person.open_queries()
            if (not visit or query.visit == visit) and (not form or query.form == form)
        ),
        actions=actions,
    )


def hold(
    workspace: Workspace, actor: Actor, what: str, key: str, visit: str, form: str, reason: str
) -> Outcome:
    """Freeze, unfreeze, lock or unlock a form, a visit (form empty) or the casebook (both empty).

    Args:
        what: `freeze`, `unfreeze`, `lock` or `unlock`.
    """
    command = HOLDS[what](key, visit=visit, form=form, reason=reason)
    return workspace.do(command, actor)


# --- the way to database lock --------------------------------------------------------------------


class StepStatus(StrEnum):
    """Where a step stands."""

    DONE = "done"
    EXPLAINED = "explained"  # something is left, and somebody recorded why that may be
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that is left, and where it is settled."""

    what: str
    link: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step to database lock as the ledger shows it.

    `enforced`: the ledger refuses the lock while anything is left. Otherwise what is left must be explained.
    `recorded` are the notes made about it, the last one last.
    """

    name: str
    title: str
    help: str
    enforced: bool
    left: tuple[Obstacle, ...]
    recorded: tuple[LockStep, ...]

    @property
    def status(self) -> StepStatus:
        """Done when nothing is left."""
        if not self.left:
            return StepStatus.DONE
        return StepStatus.EXPLAINED if self.recorded and not self.enforced else StepStatus.OPEN


@dataclass(frozen=True, slots=True)
class LockView:
    """The whole way to database lock."""

    locked: bool
    steps: tuple[Step, ...]
    history: tuple[LockStep, ...]
    moments: tuple[tuple[str, str, str, str], ...]

    @property
    def ready(self) -> bool:
        """Whether every step is done or explained."""
        return all(step.status is not StepStatus.OPEN for step in self.steps)


@dataclass(frozen=True, slots=True)
class _Check:
    name: str
    title: str
    help: str
    enforced: bool
    left: Callable[[Workspace, tuple[ParticipantState, ...]], Iterable[Obstacle]]


def lock_view(workspace: Workspace) -> LockView:
    """Every step to database lock, computed from the ledger, with what was recorded about it."""
    conduct = workspace.conduct
    state = conduct.study_state()
    people = tuple(conduct.participant(key) for key in conduct.participants())
    steps = tuple(
        Step(
            one.name,
            _(one.title),
            _(one.help),
            one.enforced,
            tuple(one.left(workspace, people)),
            tuple(note for note in state.lock_steps if note.step == one.name),
        )
        for one in _CHECKS
    )
    names = conduct.access_state().users
    moments = tuple(
        (event.type, names.get(event.by, event.by), event.at, event.reason)
        for event in workspace.store.read("study")
        if event.type in ("DatabaseLocked", "DatabaseUnlocked")
    )
    return LockView(state.database_locked, steps, state.lock_steps, moments)


def record_step(workspace: Workspace, actor: Actor, step: str, note: str) -> Outcome:
    """Document a step: what was done, or why what is left may stay."""
    return workspace.do(RecordLockStep(step, note), actor)


def lock_database(workspace: Workspace, actor: Actor, reason: str) -> Outcome:
    """End all changes; the ledger refuses while an enforced step is open."""
    return workspace.do(LockDatabase(reason), actor)


def unlock_database(workspace: Workspace, actor: Actor, reason: str) -> Outcome:
    """Open the database again, with a reason."""
    return workspace.do(UnlockDatabase(reason), actor)


def _taking_part(people: Iterable[ParticipantState]) -> Iterator[ParticipantState]:
    """Whom the lock is about: everybody enrolled, and everybody whose participation ended."""
    return (person for person in people if person.enrolled or person.ended_on is not None)


def _cells(
    workspace: Workspace, people: Iterable[ParticipantState]
) -> Iterator[tuple[ParticipantState, Cell]]:
    for person in _taking_part(people):
        for cell in casebook_of(workspace, person.key).cells:
            yield person, cell


def _at(workspace: Workspace, person: ParticipantState, cell: Cell) -> Obstacle:
    what = f"{label_of(person)}: {scope_title(workspace.study, cell.visit, cell.form)}"
    return Obstacle(what, form_path(person.key, cell.visit, cell.form))


def _ongoing(_workspace: Workspace, people: tuple[ParticipantState, ...]) -> Iterator[Obstacle]:
    for person in people:
        if person.ended_on is None:
            yield Obstacle(label_of(person), participant_path(person.key))


def _incomplete(workspace: Workspace, people: tuple[ParticipantState, ...]) -> Iterator[Obstacle]:
    return (
        _at(workspace, who, cell)
        for who, cell in _cells(workspace, people)
        if cell.filled and cell.incomplete
    )


def _queries(_workspace: Workspace, people: tuple[ParticipantState, ...]) -> Iterator[Obstacle]:
    for person in people:
        for query in person.open_queries():
            yield Obstacle(
                f"{label_of(person)}: {query.id} {query.message}",
                form_path(person.key, query.visit, query.form),
            )


def _unverified(workspace: Workspace, people: tuple[ParticipantState, ...]) -> Iterator[Obstacle]:
    return (
        _at(workspace, who, cell)
        for who, cell in _cells(workspace, people)
        if cell.filled and not cell.verified
    )


def _uncoded(workspace: Workspace, people: tuple[ParticipantState, ...]) -> Iterator[Obstacle]:
    coding = cast("Mapping[str, Any]", workspace.study.settings.get("coding") or {})
    for person in people:
        for slot, value in sorted(person.values.items()):
            code = person.codes.get(slot)
            if slot[3] in coding and value.text and (code is None or not code.valid):
                yield Obstacle(f"{label_of(person)}: {value.text}", form_path(person.key, slot[0], slot[1]))


def _unassessed(_workspace: Workspace, people: tuple[ParticipantState, ...]) -> Iterator[Obstacle]:
    for person in people:
        for one in person.deviations.values():
            if one.status == "open":
                yield Obstacle(
                    f"{label_of(person)}: {one.id} {one.description}", f"/deviations?participant={person.key}"
                )


def _stock(workspace: Workspace, _people: tuple[ParticipantState, ...]) -> Iterator[Obstacle]:
    for site in workspace.study.sites:
        stock = workspace.conduct.stock_state(str(site["id"]))
        for name, batch in stock.batches.items():
            counted = [count for count in stock.counts if count.batch == name]
            if batch.balance.held:
                what = _("{batch} at site {site}: {held} units are still held").format(
                    batch=name, site=site["id"], held=batch.balance.held
                )
                yield Obstacle(what, "/stock")
            elif batch.balance.missing or any(count.difference for count in counted[-1:]):
                what = _("{batch} at site {site}: a count differs from the books").format(
                    batch=name, site=site["id"]
                )
                yield Obstacle(what, "/stock")


def _unreviewed(workspace: Workspace, _people: tuple[ParticipantState, ...]) -> Iterator[Obstacle]:
    reviews = workspace.conduct.study_state().trail_reviews
    through = max((review.through for review in reviews), default=0)
    later = sum(
        1
        for event in workspace.store.read(after=through)
        if event.type in ("ItemsEntered", "ItemsCorrected", "RowRemoved")
    )
    if later:
        yield Obstacle(
            _(
                "{count} entries and corrections after the last recorded review (log position {through})"
            ).format(count=later, through=through),
            "/trail",
        )


def _unsigned(_workspace: Workspace, people: tuple[ParticipantState, ...]) -> Iterator[Obstacle]:
    for person in _taking_part(people):
        if not any(mark.valid and not mark.visit and not mark.form for mark in person.signatures):
            yield Obstacle(label_of(person), f"{participant_path(person.key)}/sign")


def _unlocked(_workspace: Workspace, people: tuple[ParticipantState, ...]) -> Iterator[Obstacle]:
    for person in _taking_part(people):
        if ("", "") not in person.locked:
            yield Obstacle(label_of(person), f"{participant_path(person.key)}/hold")


_CHECKS = (
    _Check("ended", marked("Participation has ended for everyone"), marked("Nobody is still in follow-up or in screening."), False, _ongoing),
    _Check("complete", marked("Started forms are complete"), marked("Every item asked is answered or has a reason for being missing."), False, _incomplete),
    _Check("queries", marked("No query is open"), marked("Each is answered and closed."), True, _queries),
    _Check("deviations", marked("Every deviation is assessed"), marked("Importance, impact and action are recorded."), True, _unassessed),
    _Check("verified", marked("Source data are verified"), marked("Forms with values no monitor compared with their source. Where the monitoring plan asks for a sample only, say so."), False, _unverified),
    _Check("coded", marked("Terms are coded"), marked("Adverse events and medication against the dictionary."), False, _uncoded),
    _Check("stock", marked("The product is reconciled"), marked("Every unit is used, returned or destroyed, and counts agree with the books."), False, _stock),
    _Check("trail", marked("The audit trail is reviewed to its end"), marked("A review is recorded that covers the last entry."), False, _unreviewed),
    _Check("signed", marked("Casebooks are signed"), marked("The investigator's signature over the whole casebook holds."), True, _unsigned),
    _Check("locked", marked("Casebooks are locked"), marked("No change is possible in any of them."), True, _unlocked),
)  # fmt: skip
