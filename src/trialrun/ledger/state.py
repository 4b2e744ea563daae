"""State: what the events of a stream add up to. `ledger.fold` makes it; it is never changed afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from trialrun.ledger.events import NO_HASH

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
    """The consent in force."""

    version: str
    language: str
    signed_on: date
    capacity: bool
    hash: str


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
    withdrawn_on: date | None = None
    eligibility: SignedEligibility | None = None
    number: str = ""
    arm: str = ""
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
    deviations: int = 0

    @property
    def enrolled(self) -> bool:
        """Whether the candidate has become a participant of the study."""
        return bool(self.number)

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


@dataclass(slots=True)
class SiteState:
    """A site's stream: consent texts approved there, (version, language) to first day."""

    site: str = ""
    version: int = 0
    hash: str = NO_HASH
    approved: dict[tuple[str, str], date] = field(default_factory=dict[tuple[str, str], date])


@dataclass(slots=True)
class AccessState:
    """The access stream: users, and the roles they hold as (role, site)."""

    version: int = 0
    hash: str = NO_HASH
    users: dict[str, str] = field(default_factory=dict[str, str])  # user to printed name
    disabled: frozenset[str] = frozenset()
    roles: dict[str, frozenset[tuple[str, str]]] = field(
        default_factory=dict[str, frozenset[tuple[str, str]]]
    )


@dataclass(frozen=True, slots=True)
class State:
    """What `decide` looks at: the study, the accounts, the site, and the participant concerned."""

    study: StudyState = field(default_factory=StudyState)
    access: AccessState = field(default_factory=AccessState)
    site: SiteState = field(default_factory=SiteState)
    participant: ParticipantState = field(default_factory=ParticipantState)
