"""Small records that a state is made of: deviations, codes, alerts, safety reports, reviews, lock steps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Deviation:
    """A departure from the protocol and where it stands: `open` or `assessed`."""

    id: str
    kind: str
    description: str
    visit: str
    rule: str
    importance: str
    impact: str
    action: str
    prevention: str
    status: str
    by: str
    at: str
    hash: str
    assessed_by: str = ""
    assessed_at: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """A reported term's code; `valid` is False once the term changed."""

    verbatim: str
    dictionary: str
    dictionary_version: str
    code: str
    term: str
    path: tuple[str, ...]
    by: str
    at: str
    hash: str
    valid: bool = True


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who saw an alert, and what they say it means."""

    alert: str
    assessment: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class SafetyReport:
    """A report of the event in a row that went out: kind, to whom, when."""

    row: int
    kind: str
    recipient: str
    on: date
    reference: str
    note: str
    by: str
    at: str
    hash: str


@dataclass(frozen=True, slots=True)
class TrailReview:
    """A review of the audit trail up to a log position."""

    through: int
    scope: str
    finding: str
    by: str
    role: str
    at: str
    position: int


@dataclass(frozen=True, slots=True)
class LockStep:
    """A step on the way to database lock, done outside the ledger."""

    step: str
    note: str
    by: str
    at: str
