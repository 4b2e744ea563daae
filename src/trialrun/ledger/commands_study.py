"""Commands about the study and its sites: opening, consent texts, exports, imports, review, database lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from trialrun.ledger.commands_base import Command, SiteCommand


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
class ApproveConsent(SiteCommand):
    """A site's ethics committee has approved a consent text from a date on."""

    version: str
    language: str
    from_date: date
    reference: str = ""


@dataclass(frozen=True, slots=True)
class ApproveAmendment(SiteCommand):
    """A site's ethics committee has approved a changed study definition (its content hash) from a day on."""

    definition: str
    from_date: date
    reference: str = ""


@dataclass(frozen=True, slots=True)
class RecordExport(Command):
    """Somebody took data out: a snapshot, an export, a casebook."""

    kind: str
    description: str
    checksum: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class RecordImport(Command):
    """A file was read into the ledger; its good lines are events of their own, the bad ones were given back."""

    kind: str
    name: str
    checksum: str
    accepted: int
    rejected: int
    description: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class ReviewTrail(Command):
    """Somebody reviewed the audit trail up to a log position: what was looked at, what was found."""

    through: int
    scope: str
    finding: str


@dataclass(frozen=True, slots=True)
class SetRanges(SiteCommand):
    """A laboratory's reference ranges as they stand; they replace those recorded for it before.

    Each range: `item`, `unit`, `low`, `high` (one of them may be empty), and where it holds: `sex`
    (`M`, `F` or empty), `age_from`, `age_to` (years), `valid_from`, `valid_to` (dates).
    """

    laboratory: str
    ranges: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class RecordLockStep(Command):
    """A step on the way to database lock was done outside the ledger, and how."""

    step: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class LockDatabase(Command):
    """End all changes of participants' data and stock: everything is answered, signed and locked."""

    reason: str


@dataclass(frozen=True, slots=True)
class UnlockDatabase(Command):
    """Open a locked database again."""

    reason: str
