"""Commands about deviations, coding, alerts and safety reports of one participant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from trialrun.ledger.commands_base import ParticipantCommand


@dataclass(frozen=True, slots=True)
class RecordDeviation(ParticipantCommand):
    """A departure from the protocol, found by hand (or by a rule that a person applied)."""

    kind: str
    description: str
    visit: str = ""
    action: str = ""
    rule: str = ""
    importance: str = ""


@dataclass(frozen=True, slots=True)
class AssessDeviation(ParticipantCommand):
    """How much a deviation matters (`minor`, `major`, `critical`), what it means, what was done."""

    deviation: str
    importance: str
    impact: str
    action: str
    prevention: str = ""


@dataclass(frozen=True, slots=True)
class CodeTerm(ParticipantCommand):
    """Give a reported term its code of a dictionary; `path` names the levels above, lowest first."""

    visit: str
    form: str
    row: int
    item: str
    dictionary: str
    dictionary_version: str
    code: str
    term: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AcknowledgeAlert(ParticipantCommand):
    """An investigator has seen an alert and says what it means."""

    alert: str
    assessment: str


@dataclass(frozen=True, slots=True)
class RecordSafetyReport(ParticipantCommand):
    """A report (`initial`, `follow_up`, `final`) of the event in a row went to a recipient on a day."""

    row: int
    kind: str
    recipient: str
    on: date
    reference: str = ""
    note: str = ""
