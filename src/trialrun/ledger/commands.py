"""Commands: what a person asks the ledger to do. `decide` answers with events or a refusal.

Every command is a frozen value; its class name is the word used in a role's `may` list.
Dates are calendar dates; a visit is its name in the study, or `name#2` for a further occurrence
of one that repeats (`unscheduled#2`). Those of the study, of accounts, of safety and of stock
stand in modules of their own and are all found here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from trialrun.ledger.commands_access import (
    AddUser,
    DisableUser,
    GrantRole,
    LinkParticipant,
    RecordCredential,
    RecordSignIn,
    RecordTraining,
    RevokeRole,
)
from trialrun.ledger.commands_base import (
    Actor,
    Command,
    Entry,
    ParticipantCommand,
    SiteCommand,
)
from trialrun.ledger.commands_safety import (
    AcknowledgeAlert,
    AssessDeviation,
    CodeTerm,
    RecordDeviation,
    RecordSafetyReport,
)
from trialrun.ledger.commands_stock import (
    CountStock,
    MoveStock,
    PrepareAllocation,
    RecordExcursion,
    RegisterBatch,
    ReverseMove,
    Unblind,
)
from trialrun.ledger.commands_study import (
    ActivateStudy,
    AmendStudy,
    ApproveAmendment,
    ApproveConsent,
    ConfirmAssumption,
    LockDatabase,
    RecordExport,
    RecordImport,
    RecordLockStep,
    ReviewTrail,
    SetRanges,
    UnlockDatabase,
)

__all__ = [
    "AcknowledgeAlert",
    "ActivateStudy",
    "Actor",
    "AddUser",
    "AmendStudy",
    "AnswerQuery",
    "ApproveAmendment",
    "ApproveConsent",
    "AssessDeviation",
    "CloseQuery",
    "CodeTerm",
    "Command",
    "ConfirmAssumption",
    "CountStock",
    "DisableUser",
    "EndParticipation",
    "Enrol",
    "Entry",
    "EraseIdentity",
    "Freeze",
    "GrantRole",
    "LinkParticipant",
    "Lock",
    "LockDatabase",
    "MissVisit",
    "MoveStock",
    "ParticipantCommand",
    "PrepareAllocation",
    "RaiseQuery",
    "RecordConsent",
    "RecordCredential",
    "RecordDeviation",
    "RecordExcursion",
    "RecordExport",
    "RecordImport",
    "RecordLockStep",
    "RecordSafetyReport",
    "RecordSignIn",
    "RecordTraining",
    "RecordVisit",
    "RegisterBatch",
    "RegisterCandidate",
    "RemoveRow",
    "ReopenQuery",
    "ReverseMove",
    "ReviewTrail",
    "RevokeRole",
    "SaveForm",
    "SetRanges",
    "Sign",
    "SignEligibility",
    "SiteCommand",
    "Unblind",
    "Unfreeze",
    "Unlock",
    "UnlockDatabase",
    "VerifySource",
    "WithdrawConsent",
]

# --- screening, consent, enrolment -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RegisterCandidate(SiteCommand):
    """Give a screened person a candidate number; `previous` links a re-screening to the first."""

    previous: str = ""


@dataclass(frozen=True, slots=True)
class RecordConsent(ParticipantCommand):
    """Consent given: which text, when signed, who explained it, whether capacity was judged present.

    `method` is `paper`, `typed` or `drawn`; `signed_at` the time of day (`14:05`). `signature` is the
    typed name or the drawn path and, like the name of a `witness`, is kept as identifying values are.
    `answers` are the answers to the comprehension questions by question. `kept_at`: where a paper original is.
    """

    version: str
    language: str
    signed_on: date
    explained_by: str
    capacity: bool
    reason: str = ""
    method: str = "paper"
    signed_at: str = ""
    signature: str = ""
    answers: Mapping[str, str] = field(default_factory=dict[str, str])
    witness: str = ""
    kept_at: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawConsent(ParticipantCommand):
    """Consent taken back from a date on; data already captured stay.

    `stops`: how far it goes: `treatment` (no further dose), `follow_up` (nothing new is captured, so no
    dose either), `samples` (those kept are used no more).
    """

    on: date
    reason: str
    stops: tuple[str, ...] = ("treatment", "follow_up", "samples")


@dataclass(frozen=True, slots=True)
class SignEligibility(ParticipantCommand):
    """The investigator puts their name to the computed outcome (`eligible`, `not_eligible`, `undecided`).

    `inputs` is the digest of the values the person had in front of them; a sign-off of others is refused.
    """

    outcome: str
    statement: str = ""
    inputs: str = ""


@dataclass(frozen=True, slots=True)
class Enrol(ParticipantCommand):
    """Take an eligible, signed-off candidate into the study; the cap yields only to a reason."""

    override_reason: str | None = None
    arm: str = ""


@dataclass(frozen=True, slots=True)
class EndParticipation(ParticipantCommand):
    """A participant leaves: completed, screen failure, death, transplant, withdrawal, lost, other.

    `criteria` are those a screening failed on.
    """

    on: date
    reason: str
    note: str = ""
    criteria: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EraseIdentity(ParticipantCommand):
    """Destroy the key of the identifying items; the log stays whole, the values read `erased`."""

    reason: str


# --- visits and data -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordVisit(ParticipantCommand):
    """A visit took place on a day; recording another day is a correction and needs a reason."""

    visit: str
    date: date
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MissVisit(ParticipantCommand):
    """A visit did not take place, and why."""

    visit: str
    reason: str


@dataclass(frozen=True, slots=True)
class SaveForm(ParticipantCommand):
    """Save entries of one form at one visit; rows of a repeating form count from 1, else 0.

    `expected_version` is the stream version the person had in front of them; a saved value is
    changed only by someone who gives it, so that nothing is overwritten unseen.
    """

    visit: str
    form: str
    row: int = 0
    values: Mapping[str, Entry] = field(default_factory=dict[str, Entry])
    expected_version: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RemoveRow(ParticipantCommand):
    """Take back a whole row of a repeating form (entered by mistake), with reason."""

    visit: str
    form: str
    row: int
    reason: str


# --- queries, verification, signatures, locks ------------------------------------------------


@dataclass(frozen=True, slots=True)
class RaiseQuery(ParticipantCommand):
    """Ask the site about a value, a form or a visit."""

    visit: str
    form: str
    message: str
    row: int = 0
    item: str = ""


@dataclass(frozen=True, slots=True)
class AnswerQuery(ParticipantCommand):
    """The site's answer."""

    query: str
    answer: str


@dataclass(frozen=True, slots=True)
class CloseQuery(ParticipantCommand):
    """The one who asked is content; the reason stays readable."""

    query: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReopenQuery(ParticipantCommand):
    """The answer was not enough after all."""

    query: str
    reason: str


@dataclass(frozen=True, slots=True)
class VerifySource(ParticipantCommand):
    """A monitor compared an item (or a whole form) with its source document."""

    visit: str
    form: str
    row: int = 0
    item: str = ""


@dataclass(frozen=True, slots=True)
class Sign(ParticipantCommand):
    """Sign a form, a visit (form empty) or the casebook (both empty); `meaning` says what it means.

    `shown`: digest of the content the signer had before them; given, nothing else is signed.
    """

    meaning: str
    visit: str = ""
    form: str = ""
    row: int = 0
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Freeze(ParticipantCommand):
    """Stop changes to a form, a visit (form empty) or the casebook (both empty) while it is reviewed."""

    visit: str = ""
    form: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Unfreeze(ParticipantCommand):
    """Let changes through again, with reason."""

    reason: str
    visit: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class Lock(ParticipantCommand):
    """End changes to a form, a visit (form empty) or the casebook (both empty)."""

    visit: str = ""
    form: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Unlock(ParticipantCommand):
    """Open what was locked, with reason; what was signed there is told so."""

    reason: str
    visit: str = ""
    form: str = ""
