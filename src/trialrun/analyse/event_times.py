"""Who has which time to an event, what ended it, and for everyone without one the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from trialrun.analyse.basis import Basis
from trialrun.analyse.cases import Question
from trialrun.analyse.result import RowRef
from trialrun.derive.event_times import EventTime
from trialrun.derive.names import DEATH
from trialrun.errors import AnalysisError
from trialrun.study.plan import Strategy
from trialrun.study.time_to_event import STARTS

CENSORED = "censored"
_STOPS = frozenset({Strategy.HYPOTHETICAL, Strategy.WHILE_ALIVE, Strategy.WHILE_ON_TREATMENT})


@dataclass(frozen=True, slots=True)
class Timed:
    """One participant's time to the event.

    `days` from the start, day 0; `None` where there is no time, and `why` says so. `event` is what ended it, empty
    where it is censored. `wrong` says that the days contradict each other; `missing` that a time should be there.
    """

    participant: str
    days: int | None
    event: str = ""
    why: str = ""
    hashes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    wrong: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True)
class _End:
    kind: str
    on: date | None
    hashes: tuple[str, ...] = ()


def timed_of(question: Question) -> tuple[Timed, ...]:
    """The time of everybody of the question's population, in the order of participants.

    Events of the endpoint and intercurrent events of composite strategy end the time, whichever is first; hypothetical and
    while-alive strategies censor it; by treatment policy it goes on. Without an event it is censored on the last day known.
    Errors: `AnalysisError` when the endpoint states no time to an event.
    """
    endpoint, basis = question.endpoint, question.basis
    if endpoint.time_to_event is None:
        raise AnalysisError(
            f"estimand {question.plan.name!r} asks for the time of {endpoint.name or 'no endpoint'!r}, which states none",
            "add time_to_event: to the endpoint",
        )
    inside = basis.members(question.population, question.arm)
    names = [name for name in basis.data.populations[question.population].members if name in inside]
    deaths = _deaths(basis)
    return tuple(_timed(question, basis.times[name, endpoint.name], deaths) for name in names)


def timed_refs(found: Sequence[Timed]) -> list[RowRef]:
    """The rows behind the times used: days, what ended them, and the log entries of both."""
    return [
        RowRef(f"{one.participant}/time_to_event/{one.event or CENSORED}", float(one.days), one.hashes)
        for one in found
        if one.days is not None
    ]


def _timed(question: Question, time: EventTime, deaths: Mapping[str, _End]) -> Timed:
    name, plan = time.participant, question.plan.intercurrent
    hashes = tuple(sorted({source.event_hash for source in time.sources if source.event_hash}))
    if time.start is None:
        start = question.endpoint.time_to_event.start if question.endpoint.time_to_event else ""
        return Timed(
            name,
            None,
            why=f"it never began: no day of {STARTS.get(start, start)}",
            hashes=hashes,
            missing=start in STARTS,
        )
    happened = [
        *(
            _End(event.kind, event.on, tuple(filter(None, (event.source.event_hash,))))
            for event in question.basis.events.get(name, ())
        ),
        *([deaths[name]] if name in deaths else ()),
    ]
    by = {kind: given.strategy for kind, given in plan.items()}
    for one in happened:
        if by.get(one.kind) is Strategy.PRINCIPAL_STRATUM or (one.kind == question.without):
            return Timed(name, None, why=f"{one.kind.replace('_', ' ')}: left out by the plan", hashes=hashes)
    ends = [one for one in happened if by.get(one.kind) is Strategy.COMPOSITE]
    if time.event:
        ends.insert(0, _End(time.event, time.event_on))
    stops = [one.on for one in happened if by.get(one.kind) in _STOPS and one.on is not None]
    return _ended(time, time.start, ends, min(stops, default=None), hashes)


def _ended(
    time: EventTime, start: date, ends: Sequence[_End], stop: date | None, hashes: tuple[str, ...]
) -> Timed:
    name, notes = time.participant, list(time.notes)
    first = min(ends, key=lambda one: (one.on is None, one.on or date.max), default=None)
    if first is not None and first.on is None:
        if time.last_known is None:
            why = f"{first.kind.replace('_', ' ')} on an unknown day, and no last day known"
            return Timed(name, None, why=why, hashes=hashes, notes=tuple(notes), missing=True)
        first = _End(first.kind, time.last_known, first.hashes)
        notes.append(
            f"{name}: the day of {first.kind} is unknown; the last day known, {first.on}, stands for it"
        )
    if first is not None and first.on is not None and (stop is None or first.on <= stop):
        days = {one.on for one in ends if one.kind == first.kind and one.on is not None}
        if len(days) > 1:
            told = ", ".join(str(day) for day in sorted(days))
            notes.append(f"{name}: {first.kind} is recorded on several days ({told}); the first counts")
        all_ = tuple(sorted({*hashes, *first.hashes}))
        return _counted(name, start, first.on, first.kind, all_, notes)
    if time.last_known is None:
        why = "neither an event nor a last day known has a date"
        return Timed(name, None, why=why, hashes=hashes, notes=tuple(notes), missing=True)
    last = time.last_known if stop is None else min(stop, time.last_known)
    return _counted(name, start, last, "", hashes, notes)


def _counted(
    name: str, start: date, on: date, event: str, hashes: tuple[str, ...], notes: Sequence[str]
) -> Timed:
    days = (on - start).days
    if days < 0:
        what = event.replace("_", " ") if event else "the last day known"
        why = f"{what} on {on} is before the time begins on {start}; one of the two days is wrong"
        return Timed(name, None, why=why, hashes=hashes, notes=tuple(notes), wrong=True, missing=True)
    return Timed(name, days, event, hashes=hashes, notes=tuple(notes))


def _deaths(basis: Basis) -> Mapping[str, _End]:
    """Deaths that ended participation before a first dose: time counted from enrolment has them too."""
    hashes = {
        row["stream"].removeprefix("participant/"): row["hash"]
        for row in basis.data.snapshot.rows("events")
        if row["type"] == "ParticipationEnded"
    }
    return {
        name: _End(DEATH, person["ended_on"], tuple(filter(None, (hashes.get(name),))))
        for name, person in basis.data.snapshot.participants.items()
        if person["end_reason"] == DEATH
        and not any(event.kind == DEATH for event in basis.events.get(name, ()))
    }
