"""Notes beside a saved value: a grade, a range, a multiple of baseline. Each topic adds its own source.

A source is a function `(workspace, person, slot) -> notes`; it is asked for every value a form shows,
so it has to be quick and must not raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from trialrun.app.workspace import Workspace
from trialrun.ledger.state import ParticipantState, Slot


class Weight(StrEnum):
    """How much a note asks for attention."""

    PLAIN = "plain"
    NOTICE = "notice"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class ValueNote:
    """A few words beside a value; `title` says more, `link` leads to where it comes from."""

    text: str
    title: str = ""
    link: str = ""
    weight: Weight = Weight.PLAIN


Source = Callable[[Workspace, ParticipantState, Slot], Iterable[ValueNote]]
SOURCES: list[Source] = []


def note_source(source: Source) -> Source:
    """Add a source of notes; usable as a decorator."""
    if source not in SOURCES:
        SOURCES.append(source)
    return source


def value_notes(workspace: Workspace, person: ParticipantState, slot: Slot) -> tuple[ValueNote, ...]:
    """All notes beside one value. `person` may hold values that are not saved yet."""
    return tuple(note for source in SOURCES for note in source(workspace, person, slot))
