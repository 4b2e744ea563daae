"""Where the time of an endpoint begins, which events end it, and until when nothing is known to have happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trialrun.study.place import NOWHERE, Place

if TYPE_CHECKING:
    from trialrun.study.model import Study

STARTS: Mapping[str, str] = {
    "first_dose": "the first dose",
    "enrolment": "enrolment",
    "consent": "consent",
    "screening": "screening",
}
"""The days of a participant a time can be counted from, with their names for a reader."""


@dataclass(frozen=True, slots=True)
class TimeToEvent:
    """The time of an endpoint: from its start to the first of its events, or to the last day known.

    Args:
        start: one of `STARTS`, or a date item (the response whose duration is asked); who has no such day has no time.
        events: yes/no item to the item with its day; the first that happened ends the time.
        last_known: item with the last day on which none of them had happened; without an event the time is censored there.
    """

    start: str
    events: Mapping[str, str]
    last_known: str
    place: Place = NOWHERE

    @property
    def items(self) -> tuple[str, ...]:
        """Every item the time rests on."""
        start = () if self.start in STARTS else (self.start,)
        return (*start, *self.events, *self.events.values(), self.last_known)


def event_words(study: Study, time: TimeToEvent) -> str:
    """`enrolment to the first of: Progression of the disease, Death from any cause`."""
    start = STARTS.get(time.start) or study.items[time.start].label
    events = ", ".join(study.items[name].label for name in time.events)
    return f"{start} to {'the first of: ' if len(time.events) > 1 else ''}{events}"
