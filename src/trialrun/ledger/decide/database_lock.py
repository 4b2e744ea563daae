"""Rules of the database lock: what it needs, and what it ends."""

from __future__ import annotations

from collections.abc import Iterable

from trialrun.ledger.commands import (
    AmendStudy,
    ApproveConsent,
    Command,
    EraseIdentity,
    LockDatabase,
    ParticipantCommand,
    RecordLockStep,
    SiteCommand,
    Unblind,
    UnlockDatabase,
)
from trialrun.ledger.decide.asked import Asked, need_reason
from trialrun.ledger.decide.refusal import refuse
from trialrun.ledger.events import NewEvent
from trialrun.ledger.state import ParticipantState

CHANGES_DATA = (ParticipantCommand, SiteCommand, AmendStudy)
# A person's right to be forgotten and an emergency do not wait, and a consent text is no datum of a participant.
_WHEN_LOCKED = (EraseIdentity, ApproveConsent, Unblind)
_MOST_NAMED = 10


def need_unlocked_database(asked: Asked, command: Command) -> None:
    """After database lock nothing about participants or stock changes any more."""
    if (
        asked.state.study.database_locked
        and isinstance(command, CHANGES_DATA)
        and not isinstance(command, _WHEN_LOCKED)
    ):
        raise refuse(
            "database-locked",
            f"the database is locked: {type(command).__name__} is not possible any more",
            "if it must be, have the database unlocked, with a reason",
        )


def record_lock_step(_asked: Asked, command: RecordLockStep) -> tuple[NewEvent, ...]:
    """A step done outside the ledger."""
    step = need_reason(command.step, "a step (its name)")
    return (NewEvent("study", "LockStepRecorded", {"step": step, "note": command.note}),)


def lock_obstacles(people: Iterable[ParticipantState]) -> tuple[str, ...]:
    """What keeps the database from being locked, each a sentence that names where."""
    found: dict[str, list[str]] = {}
    for person in people:
        waiting = [f"{person.key} {query.id}" for query in person.open_queries()]
        found.setdefault("open queries", []).extend(waiting)
        unjudged = [f"{person.key} {one.id}" for one in person.deviations.values() if one.status == "open"]
        found.setdefault("deviations nobody has assessed", []).extend(unjudged)
        if not person.enrolled and person.ended_on is None:
            continue
        if not any(mark.valid and not mark.visit and not mark.form for mark in person.signatures):
            found.setdefault("casebooks without a valid signature", []).append(person.key)
        if ("", "") not in person.locked:
            found.setdefault("casebooks that are not locked", []).append(person.key)
    return tuple(f"{len(names)} {what}: {_listed(names)}" for what, names in found.items() if names)


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def lock_database(asked: Asked, command: LockDatabase) -> tuple[NewEvent, ...]:
    """The end of all changes, once everything is answered, judged, signed and locked."""
    reason = need_reason(command.reason, "a database lock")
    if asked.state.study.database_locked:
        raise refuse("no-change", "the database is locked already")
    obstacles = lock_obstacles(asked.state.everyone)
    if obstacles:
        raise refuse("not-ready-for-lock", "; ".join(obstacles), "settle these first")
    return (NewEvent("study", "DatabaseLocked", {}, reason),)


def unlock_database(asked: Asked, command: UnlockDatabase) -> tuple[NewEvent, ...]:
    """Open again, with a reason everybody can read."""
    reason = need_reason(command.reason, "unlocking the database")
    if not asked.state.study.database_locked:
        raise refuse("no-change", "the database is not locked")
    return (NewEvent("study", "DatabaseUnlocked", {}, reason),)
