"""Folding deviations, codes, alerts and safety reports into a participant's state. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from trialrun.ledger.events import Event
from trialrun.ledger.numbers import deviation_number
from trialrun.ledger.state import ParticipantState
from trialrun.ledger.state_records import Acknowledgement, Code, Deviation, SafetyReport


def _deviated(state: ParticipantState, event: Event, data: Mapping[str, Any]) -> None:
    number = data["deviation"] or deviation_number(len(state.deviations) + 1)
    state.deviations[number] = Deviation(
        id=number,
        kind=data["kind"],
        description=data["description"],
        visit=data["visit"],
        rule=data["rule"],
        importance=data["importance"],
        impact="",
        action=data["action"],
        prevention="",
        status="open",
        by=event.by,
        at=event.at,
        hash=event.hash,
    )


def _assessed(state: ParticipantState, event: Event, data: Mapping[str, Any]) -> None:
    state.deviations[data["deviation"]] = replace(
        state.deviations[data["deviation"]],
        importance=data["importance"],
        impact=data["impact"],
        action=data["action"],
        prevention=data["prevention"],
        status="assessed",
        assessed_by=event.by,
        assessed_at=event.at,
    )


def _slot(data: Mapping[str, Any]) -> tuple[str, str, int, str]:
    return data["visit"], data["form"], data["row"], data["item"]


def _coded(state: ParticipantState, event: Event, data: Mapping[str, Any]) -> None:
    state.codes[_slot(data)] = Code(
        verbatim=data["verbatim"],
        dictionary=data["dictionary"],
        dictionary_version=data["dictionary_version"],
        code=data["code"],
        term=data["term"],
        path=tuple(data["path"]),
        by=event.by,
        at=event.at,
        hash=event.hash,
    )


def _uncoded(state: ParticipantState, _event: Event, data: Mapping[str, Any]) -> None:
    code = state.codes[_slot(data)]
    if code.hash == data["coded"]:
        state.codes[_slot(data)] = replace(code, valid=False)


def _acknowledged(state: ParticipantState, event: Event, data: Mapping[str, Any]) -> None:
    state.acknowledged[data["alert"]] = Acknowledgement(data["alert"], data["assessment"], event.by, event.at)


def _reported(state: ParticipantState, event: Event, data: Mapping[str, Any]) -> None:
    report = SafetyReport(
        row=data["row"],
        kind=data["kind"],
        recipient=data["recipient"],
        on=date.fromisoformat(data["on"]),
        reference=data["reference"],
        note=data["note"],
        by=event.by,
        at=event.at,
        hash=event.hash,
    )
    state.safety_reports = (*state.safety_reports, report)


RECORDS: Mapping[str, Callable[[ParticipantState, Event, Mapping[str, Any]], None]] = {
    "DeviationRecorded": _deviated,
    "DeviationAssessed": _assessed,
    "TermCoded": _coded,
    "CodeInvalidated": _uncoded,
    "AlertAcknowledged": _acknowledged,
    "SafetyReportSent": _reported,
}
