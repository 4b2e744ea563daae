"""Commands: what a person asks the ledger to do. `decide` answers with events or a refusal.

Every command is a frozen value; its class name is the word used in a role's `may` list.
Dates are calendar dates; a visit is its name in the study, or `name#2` for a further occurrence
of one that repeats (`unscheduled#2`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from trialrun.values.missing import MissingReason


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, in which role, at which site (empty: not bound to one site)."""

    user: str
    role: str
    site: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value as entered: the text, its unit, or the reason it is missing.

    All three empty asks for the saved value to be taken back (a correction, with reason).
    Several choices of a list are written `a;b`.
    """

    text: str | None = None
    unit: str | None = None
    missing: MissingReason | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """The root of all commands."""


@dataclass(frozen=True, slots=True)
class ParticipantCommand(Command):
    """A command about one participant, named by candidate number (`S-001`)."""

    participant: str


# --- the study -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ActivateStudy(Command):
    """Open the ledger for a study: `rehearsal` (anything goes into a dry run) or `live`."""

    mode: str


@dataclass(frozen=True, slots=True)
class AmendStudy(Command):
    """Go on with a changed study definition; derived values are computed again."""

    reason: str


@dataclass(frozen=True, slots=True)
class ConfirmAssumption(Command):
    """A named person confirms what the record does not say."""

    assumption: str
    answer: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ApproveConsent(Command):
    """A site's ethics committee has approved a consent text from a date on."""

    site: str
    version: str
    language: str
    from_date: date
    reference: str = ""


@dataclass(frozen=True, slots=True)
class RecordExport(Command):
    """Somebody took data out: a snapshot, an export, a casebook."""

    kind: str
    description: str
    checksum: str = ""
    purpose: str = ""


# --- screening, consent, enrolment -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RegisterCandidate(Command):
    """Give a screened person a candidate number; `previous` links a re-screening to the first."""

    site: str
    previous: str = ""


@dataclass(frozen=True, slots=True)
class RecordConsent(ParticipantCommand):
    """Consent given: which text, when signed, who explained it, whether capacity was judged present."""

    version: str
    language: str
    signed_on: date
    explained_by: str
    capacity: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawConsent(ParticipantCommand):
    """Consent taken back from a date on; data already captured stay."""

    on: date
    reason: str


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


@dataclass(frozen=True, slots=True)
class RecordDeviation(ParticipantCommand):
    """A departure from the protocol, found by hand."""

    kind: str
    description: str
    visit: str = ""
    action: str = ""


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
    """Sign a form, a visit (form empty) or the casebook (both empty); `meaning` says what it means."""

    meaning: str
    visit: str = ""
    form: str = ""
    row: int = 0


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


# --- access ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddUser(Command):
    """A new account; user names are never used twice."""

    user: str
    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class DisableUser(Command):
    """Close an account for good."""

    user: str
    reason: str


@dataclass(frozen=True, slots=True)
class GrantRole(Command):
    """Give a user a role at one site, or everywhere (site empty)."""

    user: str
    role: str
    site: str = ""


@dataclass(frozen=True, slots=True)
class RevokeRole(Command):
    """Take a role away again."""

    user: str
    role: str
    site: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RecordSignIn(Command):
    """Somebody signed in, failed to, or signed out; recorded by the system for that user."""

    user: str
    outcome: str
    method: str = ""
    everyone_may: ClassVar[bool] = True
