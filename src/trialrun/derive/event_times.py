"""Times to an event as they were answered: where each begins, what ended it and when, and the last day known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from trialrun.derive.answers import VisitAnswers
from trialrun.derive.measures import Source
from trialrun.snapshot.layout import Row
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import Endpoint, Study
from trialrun.study.time_to_event import STARTS, TimeToEvent

_ANCHORS = {
    "first_dose": "first_dose_on",
    "enrolment": "enrolled_on",
    "consent": "consented_on",
    "screening": "screened_on",
}


@dataclass(frozen=True, slots=True)
class EventTime:
    """What is known of one participant's time to the event of one endpoint.

    Args:
        start: the day it begins; `None` where there is none, as for a response that never came.
        event: the item of the first event that happened; empty where none did. `event_on` is its day, `None` if unknown.
        last_known: the last day on which nothing had happened; `None` where nobody said.
        sources: the answers behind it.
        notes: what was taken for granted, in words.
    """

    participant: str
    endpoint: str
    start: date | None
    event: str
    event_on: date | None
    last_known: date | None
    sources: tuple[Source, ...]
    notes: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Whether there is a time: it begins, and an event or a last day ends it."""
        return self.start is not None and (self.event_on is not None or self.last_known is not None)


@dataclass(frozen=True, slots=True)
class _Line:
    """Answers given together: a form of a visit, or one row of a repeating form."""

    visit: VisitAnswers
    answers: Mapping[str, Row]


@dataclass(frozen=True, slots=True)
class _Day:
    on: date | None
    sources: tuple[Source, ...]
    note: str = ""


def derive_event_times(
    snapshot: Snapshot, study: Study, answers: Mapping[str, Sequence[VisitAnswers]]
) -> tuple[EventTime, ...]:
    """Every endpoint that states a time to an event, for every participant.

    The first event with a day counts. An event whose day is only partly known, or not at all, is placed on the last
    day it can have happened, which is no later than the visit it was told at; a last day known that is partly known
    on the first it can have been. Each such choice is a note.
    """
    timed = [endpoint for endpoint in study.endpoints.values() if endpoint.time_to_event is not None]
    return tuple(
        _one(endpoint, endpoint.time_to_event, row, tuple(_lines(answers.get(name, ()))))
        for name, row in snapshot.participants.items()
        for endpoint in timed
        if endpoint.time_to_event is not None
    )


def _one(endpoint: Endpoint, time: TimeToEvent, person: Row, lines: Sequence[_Line]) -> EventTime:
    start = _start(time, person, lines)
    found = [(event, day) for event, item in time.events.items() for day in _events(lines, event, item)]
    event, first = min(
        found, key=lambda one: (one[1].on is None, one[1].on or date.max), default=("", _Day(None, ()))
    )
    last = _last_known(lines, time.last_known)
    name = person["participant"]
    notes = [f"{name}: {note}" for note in (start.note, first.note, last.note) if note]
    if first.on is not None and last.on is not None and last.on > first.on:
        notes.append(
            f"{name}: {event} on {first.on}, and nothing known to have happened until {last.on}; the event counts"
        )
    return EventTime(
        name, endpoint.name, start.on, event, first.on, last.on,
        tuple(dict.fromkeys((*start.sources, *first.sources, *last.sources))), tuple(notes),
    )  # fmt: skip


def _start(time: TimeToEvent, person: Row, lines: Sequence[_Line]) -> _Day:
    if time.start in STARTS:
        return _Day(person[_ANCHORS[time.start]], ())
    days = [_as_day(line, time.start) for line in lines if time.start in line.answers]
    return min(
        (day for day in days if day.on is not None),
        key=lambda day: day.on or date.max,
        default=_Day(None, ()),
    )


def _lines(visits: Sequence[VisitAnswers]) -> Iterator[_Line]:
    for visit in visits:
        yield _Line(visit, visit.single)
        for rows in visit.repeated.values():
            yield from (_Line(visit, row) for row in rows)


def _events(lines: Sequence[_Line], event: str, item: str) -> Iterator[_Day]:
    """The days an event is told for; the visit it was told at where no day was given."""
    for line in lines:
        answer = line.answers.get(event)
        if answer is None or answer["missing_reason"] is not None or answer["code"] != "true":
            continue
        told = (_source(answer),)
        day = _as_day(line, item)
        if day.on is None:
            at = line.visit.on
            words = f"the visit it was told at, {at}, stands for it" if at else "nor has the visit"
            yield _Day(at, told, f"the day of {event} is unknown; {words}")
        else:
            yield _Day(day.on, (*told, *day.sources), day.note)


def _last_known(lines: Sequence[_Line], item: str) -> _Day:
    days = [_as_day(line, item, first=True) for line in lines]
    return max(
        (day for day in days if day.on is not None),
        key=lambda day: day.on or date.min,
        default=_Day(None, ()),
    )


def _as_day(line: _Line, item: str, *, first: bool = False) -> _Day:
    """The day an answer gives; of a partial one the first it can be, or the last not after the visit."""
    row = line.answers.get(item)
    if row is None or row["missing_reason"] is not None or row["date_low"] is None:
        return _Day(None, ())
    low, high = row["date_low"], row["date_high"] or row["date_low"]
    if low == high:
        return _Day(low, (_source(row),))
    told = line.visit.on
    on = low if first else min(high, told) if told is not None and told >= low else high
    words = f"{item} lies between {low} and {high}; {on} stands for it"
    return _Day(on, (_source(row),), words)


def _source(row: Row) -> Source:
    return Source(
        row["participant"],
        row["visit"],
        row["form"],
        row["row"] or "",
        row["item"],
        row["event_hash"] or "",
    )
