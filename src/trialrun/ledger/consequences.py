"""What follows by itself from a change: derived values, queries of edit checks, broken marks.

Pure like `decide`; the conduct appends these events in the same transaction as their causes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from trialrun.ledger.content import in_scope
from trialrun.ledger.decide.deviations import numbered
from trialrun.ledger.decide.review import query_number
from trialrun.ledger.departures import departures
from trialrun.ledger.events import Event, NewEvent
from trialrun.ledger.rules import Failing, rules_of
from trialrun.ledger.state import DerivedValue, Mark, ParticipantState, Slot
from trialrun.study.model import Study

_CHANGING = frozenset({"ItemsEntered", "ItemsCorrected", "RowRemoved"})
_MOVING = _CHANGING | {"VisitRecorded", "VisitMissed", "ConsentGiven"}


def consequences(
    before: ParticipantState, after: ParticipantState, events: Sequence[Event], study: Study
) -> tuple[NewEvent, ...]:
    """The events a participant's new events bring about.

    Args:
        before: state without them.
        after: state with them.
        events: the new events, chained, of this participant's stream.
        study: the definition in force.
    """
    causes = [event.hash for event in events if event.type in _MOVING]
    if not causes:
        return ()
    touched = changed_slots(before, after)
    follow = _Follow(after, study, causes)
    return (
        *follow.derived(touched),
        *follow.broken(touched, moved_visits(before, after)),
        *follow.uncoded(touched),
        *numbered(after, departures(before, after, study)),
        *follow.queries(touched),
        *(follow.eligibility() if follow.rules.touches_screening(touched) else ()),
    )


def recomputed(person: ParticipantState, study: Study, causes: Sequence[str]) -> tuple[NewEvent, ...]:
    """All derived values of a participant anew, after an amendment; events only where they differ."""
    follow = _Follow(person, study, list(causes))
    return (*follow.derived(set(person.values)), *follow.eligibility())


def moved_visits(before: ParticipantState, after: ParticipantState) -> set[str]:
    """The visits whose day, or whose reason for being missed, differs between two states."""
    return {
        name
        for name in before.visits.keys() | after.visits.keys() | before.missed.keys() | after.missed.keys()
        if (before.visits.get(name), before.missed.get(name))
        != (after.visits.get(name), after.missed.get(name))
    }


def changed_slots(before: ParticipantState, after: ParticipantState) -> set[Slot]:
    """The values that differ between two states."""
    return {
        slot
        for slot in before.values.keys() | after.values.keys()
        if before.values.get(slot) is not after.values.get(slot)
    }


class _Follow:
    def __init__(self, person: ParticipantState, study: Study, causes: list[str]) -> None:
        self.person = person
        self.study = study
        self.causes = causes
        self.rules = rules_of(study)

    def event(self, name: str, data: dict[str, Any], reason: str = "") -> NewEvent:
        return NewEvent(f"participant/{self.person.key}", name, data, reason)

    def derived(self, touched: Iterable[Slot]) -> tuple[NewEvent, ...]:
        events: list[NewEvent] = []
        for visit, names in self.rules.stale(self.person, touched).items():
            values: dict[str, Any] = {}
            for name, value in self.rules.derived_at(self.person, visit, names).items():
                known = self.person.derived.get((visit, name))
                if known != value and not (
                    known is None and value.text is None and not value.unknown_because
                ):
                    values[name] = _as_data(value)
            if values:
                events.append(
                    self.event("ValuesDerived", {"visit": visit, "values": values, "causes": self.causes})
                )
        return tuple(events)

    def broken(self, touched: Iterable[Slot], moved: Iterable[str] = ()) -> tuple[NewEvent, ...]:
        """Signatures and verifications over what changed; a visit's day belongs to what a visit's signature covers."""
        slots, visits = list(touched), frozenset(moved)

        def hit(mark: Mark) -> bool:
            return mark.valid and any(
                in_scope(slot, mark.visit, mark.form, mark.row, mark.item) for slot in slots
            )

        def moved_under(mark: Mark) -> bool:
            return mark.valid and not mark.form and bool(visits if not mark.visit else mark.visit in visits)

        events: list[NewEvent] = []
        for mark in self.person.signatures:
            if hit(mark) or moved_under(mark):
                data = {"visit": mark.visit, "form": mark.form, "row": mark.row}
                data |= {"signed": mark.hash, "signer": mark.by, "causes": self.causes}
                events.append(self.event("SignatureInvalidated", data))
        for mark in self.person.verifications:
            if hit(mark):
                data = {"visit": mark.visit, "form": mark.form, "row": mark.row, "item": mark.item}
                data |= {"verified": mark.hash, "causes": self.causes}
                events.append(self.event("VerificationInvalidated", data))
        return tuple(events)

    def uncoded(self, touched: Iterable[Slot]) -> tuple[NewEvent, ...]:
        """Codes whose term is not the one that was coded any more."""
        events: list[NewEvent] = []
        for slot in sorted(touched):
            code, value = self.person.codes.get(slot), self.person.values.get(slot)
            if code is None or not code.valid or (value is not None and value.text == code.verbatim):
                continue
            data = dict(zip(("visit", "form", "row", "item"), slot, strict=True))
            data |= {"coded": code.hash, "causes": self.causes}
            events.append(self.event("CodeInvalidated", data))
        return tuple(events)

    def queries(self, touched: set[Slot]) -> tuple[NewEvent, ...]:
        """Questions of failing checks, unless asked already; those that hold now are closed, visibly.

        A check asks anew only when a value it looks at changed, so that an answer once accepted stands.
        """
        events: list[NewEvent] = []
        items = {slot[3] for slot in touched}
        count = len(self.person.queries)
        for visit, form, row in sorted(self.rules.forms_to_check(self.person, touched)):
            here = [
                q
                for q in self.person.open_queries()
                if q.rule and (q.visit, q.form, q.row) == (visit, form, row)
            ]
            failing = {one.rule: one for one in self.rules.failing(self.person, visit, form, row)}
            for one in failing.values():
                if one.rule not in {query.rule for query in here} and one.uses & items:
                    count += 1
                    events.append(self._opened(query_number(count), (visit, form, row), one))
            for query in here:
                if query.rule not in failing:
                    data = {"query": query.id, "rule": query.rule, "causes": self.causes}
                    events.append(self.event("QueryClosed", data, "the check holds now"))
        return tuple(events)

    def _opened(self, number: str, where: tuple[str, str, int], failing: Failing) -> NewEvent:
        data = {"query": number, "visit": where[0], "form": where[1], "row": where[2], "item": failing.item}
        data |= {"message": failing.message, "rule": failing.rule, "causes": self.causes}
        return self.event("QueryOpened", data)

    def eligibility(self) -> tuple[NewEvent, ...]:
        signed = self.person.eligibility
        if signed is None or not signed.valid:
            return ()
        now = self.rules.eligibility(self.person)
        if now.inputs == signed.inputs:
            return ()
        data = {"signed": signed.hash, "causes": self.causes, "outcome": now.status}
        return (self.event("EligibilityInvalidated", data),)


def _as_data(value: DerivedValue) -> dict[str, Any]:
    if value.text is not None:
        return {"text": value.text}
    return {"unknown_because": list(value.unknown_because)}
