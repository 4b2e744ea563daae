"""The study definition as frozen values: what a machine executes and a physician reads.

Nothing here knows a participant. `study.load` builds these from a study folder, `study.checks`
looks for what does not fit together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from trialrun.study.place import NOWHERE
from trialrun.study.place import Place as Place
from trialrun.study.plan import UNSTATED, AnalysisPlan
from trialrun.study.time_to_event import TimeToEvent


class ItemType(StrEnum):
    """What an item holds."""

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    CHOICES = "choices"  # several of a list
    TEXT = "text"
    DATE = "date"
    DATETIME = "datetime"


class AttestedBy(StrEnum):
    """Who may vouch for an answer (CLINICAL part 2)."""

    PRINCIPAL_INVESTIGATOR = "principal_investigator"
    INVESTIGATOR = "investigator"
    PARTICIPANT = "participant"
    LABORATORY = "laboratory"
    COMPUTED = "computed"


@dataclass(frozen=True, slots=True)
class Coding:
    """A code in a published terminology, e.g. LOINC 1975-2."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of a list; `code` is stored, `label` is shown."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers between which a value is accepted; both ends included, `None` is open."""

    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One question with its type, unit, coding and limits.

    `unit` is the UCUM unit rules are computed in; values may be entered in any of `units`.
    Outside `hard` a value is refused, outside `query` it is asked about.
    `partial` dates may lack day or month. `identifying` items are encrypted per participant.
    `future` dates may lie ahead (an expiry date); all others are refused when they do.
    `only_if` is an expression: the item is asked only where it is true.
    `record` quotes the sentence of the registry record that asks for it, if one does.
    """

    name: str
    label: str
    type: ItemType
    unit: str | None = None
    units: tuple[str, ...] = ()
    analyte: str | None = None
    codings: tuple[Coding, ...] = ()
    choices: tuple[Choice, ...] = ()
    hard: Limits = Limits()
    query: Limits = Limits()
    partial: bool = False
    identifying: bool = False
    future: bool = False
    required: bool = True
    only_if: str | None = None
    attested_by: AttestedBy | None = None
    record: str = ""
    note: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Check:
    """An edit check: a query is raised where `expression` is false (unknown raises nothing)."""

    name: str
    expression: str
    message: str
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Form:
    """Items asked together. A repeating form has many rows (medication, adverse event).

    `before_consent`: the protocol allows capture before consent (only the consent form itself).
    """

    name: str
    title: str
    items: tuple[str, ...]
    repeating: bool = False
    before_consent: bool = False
    checks: tuple[Check, ...] = ()
    place: Place = NOWHERE


class VisitKind(StrEnum):
    """What a visit is for."""

    SCREENING = "screening"
    BASELINE = "baseline"
    DOSE = "dose"
    FOLLOW_UP = "follow_up"
    EARLY_TERMINATION = "early_termination"
    UNSCHEDULED = "unscheduled"
    LOG = "log"  # not a visit: where running logs (adverse events, medication) are kept


@dataclass(frozen=True, slots=True)
class Visit:
    """A planned contact: target = anchor + offset, window in days around the target.

    `offset` is an ISO 8601 duration (`P2M` calendar months, `P7D` days); `None` for visits that
    have no planned day. `anchor` names an anchor of the study (`first_dose`, `enrolment`, `consent`, `screening`).
    """

    name: str
    title: str
    kind: VisitKind
    forms: tuple[str, ...] = ()
    anchor: str | None = None
    offset: str | None = None
    window_before: int = 0
    window_after: int = 0
    record: str = ""
    note: str = ""
    place: Place = NOWHERE


class CriterionKind(StrEnum):
    """Inclusion passes on met, exclusion passes on not met."""

    INCLUSION = "inclusion"
    EXCLUSION = "exclusion"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One atomic eligibility rule beside the record's own words.

    `expression` is true when the criterion is *met* as worded (an exclusion that is met excludes).
    `bullet` is the bullet's number within its section on the registry page, from 1; 0 where the rule
    comes from another field of the record, such as the minimum age.
    `if_undecided` says what to do when it stays unknown though nothing is missing (a stale sample).
    """

    id: str
    kind: CriterionKind
    text: str
    expression: str
    bullet: int
    attested_by: tuple[AttestedBy, ...] = ()
    look_back: str = ""
    if_undecided: str = ""
    assumptions: tuple[str, ...] = ()
    note: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Derived:
    """A named value computed from items: by a score, an expression, or over a repeating form's rows.

    Exactly one of `score`, `expression`, `over` is set.
    - `score`: the score's name; `inputs` maps its inputs to items or derived values (same name by
      default); `name` is the score's value, `name_<component>` its components.
    - `expression`: a scalar expression over items and other derived values.
    - `over`: a repeating form; `how` is `any`, `sum`, `max` or `longest_run`; `where`/`value` are
      expressions over one row (and over non-repeating items); `complete` names a boolean item saying the
      list is complete: unless it is true, an `any` that found nothing, and every `sum` and `max`, is unknown.
      `longest_run` sums `value` per day over the rows (each from the date item `starts` to `ends`, or to
      the last day looked at while the boolean item `ongoing` is true) and gives the length
      in days of the longest run of consecutive days with a sum greater than `above` that touches
      `since`..`until`; rows running into each other count as one.
    `low`/`high` bound an unknown `expression`.
    - `flag`: where it is true its label is shown to the investigator beside the eligibility.
    """

    name: str
    label: str
    score: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])
    expression: str | None = None
    over: str | None = None
    how: str | None = None
    where: str | None = None
    value: str | None = None
    complete: str | None = None
    starts: str | None = None
    ends: str | None = None
    above: Decimal | None = None
    since: str | None = None
    until: str | None = None
    ongoing: str | None = None
    low: str | None = None
    high: str | None = None
    flag: bool = False
    unit: str | None = None
    note: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Arm:
    """A group of participants and what they receive."""

    name: str
    title: str
    description: str
    record: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class PlannedDose:
    """One planned administration: at a visit, an amount."""

    visit: str
    amount: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class DosePlan:
    """What an arm receives: planned administrations and the limits on their sum."""

    arm: str
    product: str
    route: str
    doses: tuple[PlannedDose, ...]
    total: Decimal
    unit: str
    within_days: int
    assumptions: tuple[str, ...] = ()
    record: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Stated:
    """A fact and whether the record *states* it or somebody *assumed* it."""

    value: str
    stated: bool
    assumption: str | None = None


class EndpointRole(StrEnum):
    """How an outcome was registered."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    EXPLORATORY = "exploratory"
    SAFETY = "safety"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An outcome with its five levels: domain, measure, metric, aggregation, time.

    `variable` names the item or derived value analysed, `visits` where it is measured.
    `title`, `time_frame` and `description` are the record's own wording.
    `order` is the outcome's number within its table of the record, from 1 (0: not registered).
    `time_to_event` says of a time to an event where it begins and what ends it.
    """

    name: str
    role: EndpointRole
    order: int
    title: str
    time_frame: str
    description: str
    variable: str
    visits: tuple[str, ...]
    baseline_visits: tuple[str, ...]
    domain: Stated
    measure: Stated
    metric: Stated
    aggregation: Stated
    time: Stated
    lower_is_better: bool = True
    assumptions: tuple[str, ...] = ()
    note: str = ""
    time_to_event: TimeToEvent | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Who confirmed an assumption and when."""

    by: str
    on: date


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something the record does not say, with the default the study runs on until confirmed."""

    id: str
    about: str
    default: str
    alternatives: tuple[str, ...]
    reason: str
    confirm_by: str
    parts: tuple[str, ...] = ()
    confirmed: Confirmation | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Role:
    """What a kind of user may do; `may` lists command names."""

    name: str
    title: str
    may: tuple[str, ...]
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class ConsentQuestion:
    """One question that shows whether the text was understood; a wrong answer leads to `explain`."""

    id: str
    ask: str
    answers: tuple[Choice, ...]
    correct: str
    explain: str
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One version of the consent text in one language; `hash` binds the signature to words and questions."""

    version: str
    language: str
    text: str
    hash: str
    questions: tuple[ConsentQuestion, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordQuote:
    """A sentence of the record mapped to the parts of the study that carry it out (traceability)."""

    path: str
    text: str
    parts: tuple[str, ...]
    note: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Study:
    """A whole study definition.

    `hash` is the SHA-256 of the folder's content that matters to conduct (not of this object).
    `analysis` without a statement of the study (`assumed`) is always derived from the other parts.
    """

    id: str
    registry_id: str
    title: str
    acronym: str
    sponsor: str
    target: int
    sites: tuple[Mapping[str, str], ...]
    items: Mapping[str, Item]
    forms: Mapping[str, Form]
    visits: Mapping[str, Visit]
    criteria: Mapping[str, Criterion]
    derived: Mapping[str, Derived]
    arms: Mapping[str, Arm]
    dose_plans: tuple[DosePlan, ...]
    endpoints: Mapping[str, Endpoint]
    assumptions: Mapping[str, Assumption]
    roles: Mapping[str, Role]
    consents: tuple[ConsentText, ...]
    traceability: tuple[RecordQuote, ...]
    record: Mapping[str, Any]
    settings: Mapping[str, Any]
    hash: str
    folder: str = ""
    analysis: AnalysisPlan = UNSTATED

    def __post_init__(self) -> None:
        """Fill in what the analysis section leaves out."""
        if self.analysis.assumed:
            from trialrun.study.plan_defaults import assumed_plan

            object.__setattr__(self, "analysis", assumed_plan(self))

    def form_of(self, item: str) -> Form | None:
        """The form that asks an item, or `None` when no form does."""
        return next((form for form in self.forms.values() if item in form.items), None)

    def inclusion(self) -> tuple[Criterion, ...]:
        """The inclusion criteria in the record's order."""
        return tuple(c for c in self.criteria.values() if c.kind is CriterionKind.INCLUSION)

    def exclusion(self) -> tuple[Criterion, ...]:
        """The exclusion criteria in the record's order."""
        return tuple(c for c in self.criteria.values() if c.kind is CriterionKind.EXCLUSION)
