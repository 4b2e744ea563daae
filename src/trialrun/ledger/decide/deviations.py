"""Rules of deviations: recorded by hand or by rule, numbered within the participant, assessed."""

from __future__ import annotations

from collections.abc import Iterable

from trialrun.ledger.commands import AssessDeviation, RecordDeviation
from trialrun.ledger.decide.asked import Asked, need_reason, visit_of
from trialrun.ledger.decide.refusal import refuse
from trialrun.ledger.events import NewEvent
from trialrun.ledger.numbers import deviation_number
from trialrun.ledger.state import ParticipantState

IMPORTANCES = ("minor", "major", "critical")


def numbered(person: ParticipantState, events: Iterable[NewEvent]) -> tuple[NewEvent, ...]:
    """Deviations found by rule with their numbers; one that was recorded in the same words is left out."""
    known = {(one.rule, one.visit, one.description) for one in person.deviations.values()}
    count = len(person.deviations)
    kept: list[NewEvent] = []
    for event in events:
        if (event.data["rule"], event.data["visit"], event.data["description"]) in known:
            continue
        count += 1
        data = {**event.data, "deviation": deviation_number(count)}
        kept.append(NewEvent(event.stream, event.type, data, event.reason))
    return tuple(kept)


def record_deviation(asked: Asked, command: RecordDeviation) -> tuple[NewEvent, ...]:
    """A departure from the protocol, found by hand."""
    need_reason(command.kind, "a deviation (its kind)")
    need_reason(command.description, "a deviation (its description)")
    if command.visit:
        visit_of(asked.study, command.visit)
    if command.importance:
        _need_importance(command.importance)
    data = {
        "deviation": deviation_number(len(asked.person.deviations) + 1),
        "kind": command.kind,
        "description": command.description,
        "visit": command.visit,
        "rule": command.rule,
        "action": command.action,
        "importance": command.importance,
    }
    return (asked.event("DeviationRecorded", data),)


def assess_deviation(asked: Asked, command: AssessDeviation) -> tuple[NewEvent, ...]:
    """What a deviation means; a later assessment stands beside the earlier one in the log."""
    if command.deviation not in asked.person.deviations:
        raise refuse("unknown-deviation", f"{asked.person.key} has no deviation {command.deviation!r}")
    _need_importance(command.importance)
    need_reason(command.impact, "an assessment (what the deviation means)")
    need_reason(command.action, "an assessment (what was done, `none needed` is an answer)")
    data = {
        "deviation": command.deviation,
        "importance": command.importance,
        "impact": command.impact,
        "action": command.action,
        "prevention": command.prevention,
    }
    return (asked.event("DeviationAssessed", data),)


def _need_importance(importance: str) -> None:
    if importance not in IMPORTANCES:
        raise refuse(
            "unknown-importance",
            f"{importance!r} is not an importance of a deviation",
            f"choose from {', '.join(IMPORTANCES)}",
        )
