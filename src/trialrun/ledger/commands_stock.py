"""Commands about the product at a site, and about who receives what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from trialrun.ledger.commands_base import Command, ParticipantCommand, SiteCommand


@dataclass(frozen=True, slots=True)
class RegisterBatch(SiteCommand):
    """Make a batch known at a site; given again with a reason it corrects what is known.

    `amount_per_unit` is a decimal number of `unit` in one vial or bag. Without `release_reference`
    and `released_on` its units stay in quarantine.
    """

    batch: str
    product: str
    amount_per_unit: str
    unit: str
    potency: str
    release_reference: str
    released_on: date | None
    storage: str
    expires_on: date
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MoveStock(SiteCommand):
    """Units of a batch: receipt, quarantine, release, thaw, infuse, return, destroy.

    `source` says which units, where several may be meant (destroy: stored, quarantined or thawed).
    An infusion is moved by its form where the study has one; it is given here only where none asks the batch.
    """

    batch: str
    kind: str
    units: int
    on: date
    participant: str = ""
    visit: str = ""
    reason: str = ""
    temperature: str = ""
    source: str = ""
    witness: str = ""


@dataclass(frozen=True, slots=True)
class ReverseMove(SiteCommand):
    """Take back a movement recorded by mistake; both stay readable."""

    movement: str
    reason: str


@dataclass(frozen=True, slots=True)
class CountStock(SiteCommand):
    """A physical count of the units held in one state; a difference needs a reason and goes to `missing`."""

    batch: str
    counted: int
    on: date
    reason: str = ""
    held: str = "stored"
    witness: str = ""


@dataclass(frozen=True, slots=True)
class RecordExcursion(SiteCommand):
    """The storage temperature left its limits; all stored units of the batch go into quarantine."""

    batch: str
    on: date
    lowest: str
    highest: str
    description: str
    hours: str = ""


@dataclass(frozen=True, slots=True)
class PrepareAllocation(Command):
    """Make a list of random allocations in permuted blocks.

    `ratio`: arm to share; `blocks`: sizes to draw from, each a multiple of the shares' sum; `strata`:
    `site` and items of the screening visit; `length`: at least so many lines in each stratum;
    `seed`: at least 16 characters nobody can guess: the same seed gives the same list.
    """

    ratio: Mapping[str, int]
    blocks: tuple[int, ...]
    strata: tuple[str, ...]
    length: int
    seed: str


@dataclass(frozen=True, slots=True)
class Unblind(ParticipantCommand):
    """In an emergency, open what one participant receives; everybody sees that it was done, and why."""

    reason: str
