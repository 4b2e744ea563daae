"""What a signature or a source verification is bound to: a digest of the content in its scope."""

from __future__ import annotations

from trialrun.ledger.events import canonical, digest
from trialrun.ledger.state import ParticipantState, Slot


def in_scope(slot: Slot, visit: str, form: str, row: int, item: str) -> bool:
    """Whether a value lies in a scope; an empty visit, form or item stands for all of them."""
    return (
        (not visit or slot[0] == visit)
        and (not form or (slot[1] == form and slot[2] == row))
        and (not item or slot[3] == item)
    )


def days_in_scope(person: ParticipantState, visit: str, form: str) -> list[tuple[str, str]]:
    """The visits of a scope with their day, or why they were missed; a form's scope holds none."""
    if form:
        return []
    days = {name: day.isoformat() for name, day in person.visits.items()}
    days |= {name: f"missed: {why}" for name, why in person.missed.items() if name not in days}
    return sorted((name, said) for name, said in days.items() if not visit or name == visit)


def scope_content(person: ParticipantState, visit: str, form: str, row: int, item: str) -> str:
    """SHA-256 over the values in a scope, each named by its place and the event that put it there, and over the
    days of its visits.

    The event's hash binds text, unit and reason; an erased identity therefore breaks no signature.
    """
    held = [
        [*slot, value.hash]
        for slot, value in sorted(person.values.items())
        if in_scope(slot, visit, form, row, item)
    ]
    days = [] if item else [["visit", *one] for one in days_in_scope(person, visit, form)]
    return digest(canonical([*held, *days]))
