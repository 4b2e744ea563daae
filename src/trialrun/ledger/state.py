"""State: what the events of a stream add up to. `ledger.fold` makes it; it is never changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from trialrun.ledger.allocation import AllocationState
from trialrun.ledger.events import NO_HASH
from trialrun.ledger.state_records import (
    Acknowledgement,
    Code,
    Deviation,
    LockStep,
    SafetyReport,
    TrailReview,
)
from trialrun.ledger.stock import StockState

Slot = tuple[str, str, int, str]  # visit, form, row, item

ERASED = "erased"


@dataclass(frozen=True, slots=True)
class SavedValue:
    """A value as it stands: text, unit or reason missing, and the event that put it there.

    `missing` is `erased` for an identifying value whose key was destroyed.
    """

    text: str | None
    unit: str | None
    missing: str | None
    version: int
    hash: str
    by: str
    at: str
    corrections: int = 0
    sealed: str | None = None


@dataclass(frozen=True, slots=True)
class DerivedValue:
    """A derived value; `text` is `None` where it is unknown, `unknown_because` then names the items."""

    text: str | None
    unknown_because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent given; `signature` and `witness` are `erased` once the identity is."""

    version: str
    language: str
    signed_on: date
    capacity: bool
    hash: str
    method: str = "paper"
    signed_at: str = ""
    answers: Mapping[str, str] = field(default_factory=dict[str, str])
    explained_by: str = ""
    signature: str = ""
    witness: str = ""
    text_hash: str = ""
    by: str = ""
    at: str = ""
    kept_at: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A question and where it stands: `open`, `answered` or `closed`."""

    id: str
    visit: str
    form: str
    row: int
    item: str
    message: str
    rule: str
    status: str
    opened_by: str
    opened_at: str
    answer: str = ""
    closed_at: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A signature or source verification: over what, whose content hash, by whom, still valid."""

    visit: str
    form: str
    row: int
    item: str
    meaning: str
    content: str
    by: str
    at: str
    hash: str
    valid: bool = True


@dataclass(frozen=True, slots=True)
class SignedEligibility:
    """The investigator's sign-off: outcome, and the digest of the values it rests on."""

    outcome: str
    inputs: str
    by: str
    at: str
    hash: str
    valid: bool = True
    statement: str = ""


@dataclass(frozen=True, slots=True)
class Unblinding:
    """The arm was opened in an emergency: by whom, when and why."""

    by: str
    role: str
    at: str
    reason: str


@dataclass(slots=True)
class ParticipantState:
    """All of one participant: folded from stream `participant/<key>`."""

    key: str = ""
    site: str = ""
    version: int = 0
    hash: str = NO_HASH
    previous: str = ""
    registered_at: str = ""
    consent: Consent | None = None
    consents: tuple[Consent, ...] = ()
    withdrawn_on: date | None = None  # from this day nothing new is captured
    stopped: dict[str, date] = field(default_factory=dict[str, date])  # treatment, follow_up, samples
    eligibility: SignedEligibility | None = None
    number: str = ""
    arm: str = ""  # as far as it may be known: empty while it is concealed
    concealed_arm: str = field(default="", repr=False)  # for rules of the ledger alone; never shown
    allocation: tuple[str, int] | None = None  # stratum and line of the allocation list
    unblinded: Unblinding | None = None
    enrolled_at: str = ""
    ended_on: date | None = None
    end_cause: str = ""
    end_note: str = ""
    end_criteria: tuple[str, ...] = ()
    erased: bool = False
    visits: dict[str, date] = field(default_factory=dict[str, date])
    missed: dict[str, str] = field(default_factory=dict[str, str])
    values: dict[Slot, SavedValue] = field(default_factory=dict[Slot, SavedValue])
    derived: dict[tuple[str, str], DerivedValue] = field(default_factory=dict[tuple[str, str], DerivedValue])
    queries: dict[str, Query] = field(default_factory=dict[str, Query])
    signatures: tuple[Mark, ...] = ()
    verifications: tuple[Mark, ...] = ()
    frozen: frozenset[tuple[str, str]] = frozenset()
    locked: frozenset[tuple[str, str]] = frozenset()
    deviations: dict[str, Deviation] = field(default_factory=dict[str, Deviation])
    codes: dict[Slot, Code] = field(default_factory=dict[Slot, Code])
    acknowledged: dict[str, Acknowledgement] = field(default_factory=dict[str, Acknowledgement])
    safety_reports: tuple[SafetyReport, ...] = ()

    @property
    def enrolled(self) -> bool:
        """Whether the candidate has become a participant of the study."""
        return bool(self.number)

    @property
    def treatment(self) -> str:
        """The arm whose dose plan holds, known or concealed; for rules of the ledger, never to be shown."""
        return self.arm or self.concealed_arm

    def form_values(self, visit: str, form: str, row: int) -> dict[str, SavedValue]:
        """The saved values of one form (row) by item."""
        return {
            slot[3]: value
            for slot, value in self.values.items()
            if slot[0] == visit and slot[1] == form and slot[2] == row
        }

    def rows(self, form: str) -> dict[tuple[str, int], dict[str, SavedValue]]:
        """All rows of a form over all visits: (visit, row) to values by item, in order of visit and row."""
        found: dict[tuple[str, int], dict[str, SavedValue]] = {}
        for (visit, name, row, item), value in self.values.items():
            if name == form:
                found.setdefault((visit, row), {})[item] = value
        return dict(sorted(found.items()))

    def open_queries(self) -> tuple[Query, ...]:
        """The queries that are not closed."""
        return tuple(query for query in self.queries.values() if query.status != "closed")


@dataclass(slots=True)
class StudyState:
    """The study stream: mode, numbers given out, assumptions confirmed, consent approvals of sites."""

    version: int = 0
    hash: str = NO_HASH
    mode: str = ""
    study_id: str = ""
    study_hash: str = ""
    target: int = 0
    confirmed: frozenset[str] = frozenset()
    candidates: dict[str, str] = field(default_factory=dict[str, str])  # number to site
    participants: dict[str, str] = field(default_factory=dict[str, str])  # participant number to candidate
    trail_reviews: tuple[TrailReview, ...] = ()
    lock_steps: tuple[LockStep, ...] = ()
    database_locked: bool = False


@dataclass(slots=True)
class SiteState:
    """A site's stream: consent texts and amendments approved there, and the reference ranges of its laboratories."""

    site: str = ""
    version: int = 0
    hash: str = NO_HASH
    # (version, language) to the first day
    approved: dict[tuple[str, str], date] = field(default_factory=dict[tuple[str, str], date])
    # content hash of a changed definition to the first day
    amendments: dict[str, date] = field(default_factory=dict[str, date])
    # laboratory to its ranges, as `SetRanges` describes them
    ranges: dict[str, tuple[Mapping[str, str], ...]] = field(
        default_factory=dict[str, tuple[Mapping[str, str], ...]]
    )


@dataclass(slots=True)
class AccessState:
    """The access stream: users, the roles they hold as (role, site), training, participants' own accounts."""

    version: int = 0
    hash: str = NO_HASH
    users: dict[str, str] = field(default_factory=dict[str, str])  # user to printed name
    disabled: frozenset[str] = frozenset()
    roles: dict[str, frozenset[tuple[str, str]]] = field(
        default_factory=dict[str, frozenset[tuple[str, str]]]
    )
    training: dict[str, tuple[tuple[str, date], ...]] = field(
        default_factory=dict[str, tuple[tuple[str, date], ...]]
    )  # user to (topic, day)
    linked: dict[str, str] = field(default_factory=dict[str, str])  # user to candidate number


@dataclass(frozen=True, slots=True)
class State:
    """What `decide` looks at: the study, the accounts, the site with its stock, and the participant concerned."""

    study: StudyState = field(default_factory=StudyState)
    access: AccessState = field(default_factory=AccessState)
    site: SiteState = field(default_factory=SiteState)
    participant: ParticipantState = field(default_factory=ParticipantState)
    stock: StockState = field(default_factory=StockState)
    allocation: AllocationState = field(default_factory=AllocationState)
    everyone: tuple[ParticipantState, ...] = ()  # filled where a command is about all of them
    sites: tuple[SiteState, ...] = ()  # filled where a command is about all that have candidates
