"""What safety found: every count with the participants and log entries behind it.

A count never names a person twice: `rows` are ids of `SafetyResults.behind`, and the participants counted are the
distinct participants of those rows. A cell of the report opens a count by `Cell.opens = "rows-" + count.id`
(ids are unique over the whole of `SafetyResults`: `safety/...`).
Unknown answers are never taken as no: they are counted apart, in `unknown`. Days are ISO 8601 text, empty where unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trialrun.analyse.result import Interval

EVERYONE = ""
UNKNOWN_GRADE = "unknown"
NOT_MEASURED = "not measured"
WORST = "worst"


@dataclass(frozen=True, slots=True)
class SafetyRow:
    """One thing that was counted: an adverse event, a laboratory value, a dose, a death.

    `id` is its address, `participant/visit/form/row` or `participant/visit/form/row/item`; `value` says in words what
    stands there; `events` are the hashes of the log entries that hold it.
    """

    id: str
    participant: str
    value: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SafetyGroup:
    """The treated participants of one arm, or all of them (`name` empty).

    `person_months` is the time from the first dose to the end of observation, both days included, in months of
    365.25 / 12 days; participants whose end is unknown up to the cut count to the last day they were seen.
    """

    name: str
    title: str
    participants: tuple[str, ...]
    person_months: float


@dataclass(frozen=True, slots=True)
class Count:
    """How many participants of a group, how often, and per 100 person-months.

    Args:
        participants, at_risk: k of n; `interval` is the exact (Clopper-Pearson) one of the proportion k/n.
        events: how many events; several of a participant count several times.
        rate: events per 100 person-months with its exact Poisson interval; `None` without person-time.
        unknown: participants not counted here who might belong: the answer that decides is missing.
        rows: ids of what was counted; `unknown_rows` of what could not be judged.
    """

    id: str
    group: str
    participants: int
    at_risk: int
    interval: Interval | None
    events: int
    rate: float | None
    rate_interval: Interval | None
    unknown: int
    rows: tuple[str, ...]
    unknown_rows: tuple[str, ...] = ()

    @property
    def percent(self) -> float | None:
        """Percent of those at risk; `None` where nobody is."""
        return 100 * self.participants / self.at_risk if self.at_risk else None


@dataclass(frozen=True, slots=True)
class CountLine:
    """One line of a table: what is counted, once per group, in the order of `SafetyResults.groups`."""

    key: str
    title: str
    counts: tuple[Count, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class TermLine:
    """One system organ class (`level` is `class`) or one term (`level` is `term`) with its incidence.

    `code` is empty for words nobody coded. `worst` gives participants by their worst grade of it (`1` to `5` and
    `unknown`), `related` and `serious` those with a related or serious one; each per group like `counts`.
    """

    key: str
    level: str
    parent: str
    title: str
    code: str
    counts: tuple[Count, ...]
    related: tuple[Count, ...]
    serious: tuple[Count, ...]
    worst: Mapping[str, tuple[Count, ...]]


@dataclass(frozen=True, slots=True)
class Coding:
    """How the terms were grouped.

    `dictionaries` names each dictionary with its version; `verbatim` counts the events grouped by the reporter's own
    words because no valid code is recorded.
    """

    dictionaries: tuple[str, ...]
    coded: int
    verbatim: int
    words: str


@dataclass(frozen=True, slots=True)
class EventLine:
    """One adverse event as listed. Texts are as shown to a reader; a missing answer gives its reason.

    `grade`, `serious`, `related` (a reasonable possibility), `emergent` are `None` where unknown. `kinds` says why it is in a
    listing: `serious`, `fatal`, `dose_changed`, `product_stopped`, `related`, `severe` (grade 3 or more).
    """

    row: str
    participant: str
    arm: str
    term: str
    coded: str
    organ_class: str
    start: str
    end: str
    day: int | None
    grade: int | None
    serious: bool | None
    related: bool | None
    relation: str
    action: str
    outcome: str
    emergent: bool | None
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeathLine:
    """One death of a treated participant, from whichever place tells of it."""

    row: str
    participant: str
    arm: str
    on: str
    day: int | None
    days_from_last_dose: int | None
    cause: str
    told_by: str


@dataclass(frozen=True, slots=True)
class ExposureLine:
    """What one treated participant was given.

    Amounts are in the plan's `unit`. `within_days` are the days from the first to the last dose, the first being day 1;
    `completed` is whether the planned total was given within the planned days, `None` where an amount is unknown.
    """

    participant: str
    arm: str
    planned: int
    given: int
    unknown: int
    interrupted: int
    total: float | None
    planned_total: float
    unit: str
    within_days: int | None
    completed: bool | None
    observed_days: int | None
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """The distribution of a number over a group's participants."""

    key: str
    title: str
    group: str
    unit: str
    n: int
    mean: float | None
    sd: float | None
    median: float | None
    low: float | None
    high: float | None
    total: float | None


@dataclass(frozen=True, slots=True)
class ShiftCell:
    """Participants with one grade at baseline and one later (`0` to `4`, `unknown`, `not measured`)."""

    id: str
    baseline: str
    after: str
    participants: int
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LaboratoryShift:
    """CTCAE grades of one term at baseline against later; `visit` is a visit of the study, or `worst` after the first dose.

    Only cells with somebody in them are here. `worsened` counts those whose later grade is for certain above the
    baseline one; `severe` those who reach grade 3 or more from below it.
    """

    term: str
    analyte: str
    title: str
    group: str
    visit: str
    cells: tuple[ShiftCell, ...]
    worsened: Count
    severe: Count


@dataclass(frozen=True, slots=True)
class LiverPoint:
    """One participant's worst liver values after the first dose, against their own baseline.

    Multiples are peak over the mean of the values up to the first dose (`*_draws` says how many there were); `inr_rise` is
    a difference. `*_times_high` are multiples of the upper limit of normal, where the laboratory stated one.
    `None` is unknown. `signals` names the rules that held (`liver_injury`, `liver_incomplete`, `hys_law`).
    """

    participant: str
    arm: str
    alt: float | None
    ast: float | None
    bilirubin: float | None
    inr_rise: float | None
    alt_times_high: float | None
    ast_times_high: float | None
    bilirubin_times_high: float | None
    alt_draws: int
    bilirubin_draws: int
    inr_draws: int
    signals: tuple[str, ...]
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LaboratorySignal:
    """One laboratory signal at one draw: a rule of liver or kidney safety that held, with its values."""

    id: str
    kind: str
    participant: str
    visit: str
    on: str
    day: int | None
    words: str
    caveats: tuple[str, ...]
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoppingPerson:
    """One treated participant as the stopping rule sees them: `died`, `observed`, `watching` or `lost`."""

    participant: str
    dosed_on: str
    window_end: str
    status: str
    died_on: str
    transplant: bool
    row: str


@dataclass(frozen=True, slots=True)
class StoppingStep:
    """After `n` known outcomes the rule stops at `stops_at` deaths or more; `deaths` is the trial's own number then."""

    n: int
    stops_at: int | None
    deaths: int | None
    posterior: float | None


@dataclass(frozen=True, slots=True)
class StoppingCharacteristic:
    """What the rule does at one true probability of death: how often it stops, and after how many."""

    true_probability: float
    stops: float
    expected_participants: float
    expected_events: float


@dataclass(frozen=True, slots=True)
class StoppingStatus:
    """The stopping boundary and where the trial stands in this snapshot."""

    limit: float
    certainty: float
    prior: tuple[float, float]
    window_days: int
    known: int
    deaths: int
    watching: int
    lost: int
    transplants: int
    posterior: float | None
    if_all_survive: float | None
    reached: bool
    reached_at: int | None
    next_stop: int | None
    steps: tuple[StoppingStep, ...]
    characteristics: tuple[StoppingCharacteristic, ...]
    people: tuple[StoppingPerson, ...]


@dataclass(frozen=True, slots=True)
class SafetyResults:
    """Everything about safety in one snapshot.

    Args:
        groups: arms in the study's order and then everybody; everybody alone with one arm or while arms are masked.
        masked: participants' arms are not in the snapshot though the study has several.
        summary: the overall table: any, related, serious, grade 3 or more, leading to a dose change, leading to the
            product being stopped, fatal, deaths of any cause.
        terms: incidence, each class followed by its terms, the most frequent first.
        events: every adverse event of treated participants, in order of participant and day.
        deaths: deaths of any cause.
        exposure, exposure_spread: doses by participant, and their distribution by group.
        shifts: laboratory grades against baseline.
        liver: one point per treated participant.
        signals: laboratory signals, by day.
        stopping: `None` where the study has no stopping rule.
        behind: everything counted, by id.
        notes: what a reader must know of how it was counted.
    """

    groups: tuple[SafetyGroup, ...]
    masked: bool
    summary: tuple[CountLine, ...]
    coding: Coding
    terms: tuple[TermLine, ...]
    events: tuple[EventLine, ...]
    deaths: tuple[DeathLine, ...]
    exposure: tuple[ExposureLine, ...]
    exposure_spread: tuple[Spread, ...]
    exposure_counts: tuple[CountLine, ...]
    shifts: tuple[LaboratoryShift, ...]
    liver: tuple[LiverPoint, ...]
    signals: tuple[LaboratorySignal, ...]
    stopping: StoppingStatus | None
    notes: tuple[str, ...]
    behind: Mapping[str, SafetyRow] = field(default_factory=dict[str, SafetyRow])

    def counts(self) -> Iterator[Count]:
        """Every count, in the order of the report."""
        for line in (*self.summary, *self.exposure_counts):
            yield from line.counts
        for term in self.terms:
            for counts in (term.counts, term.related, term.serious, *term.worst.values()):
                yield from counts
        for shift in self.shifts:
            yield from (shift.worsened, shift.severe)

    def openable(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each id a cell of the report may open (`rows-<id>`), with the ids of the rows behind it."""
        for count in self.counts():
            yield count.id, count.rows
            if count.unknown_rows:
                yield f"{count.id}/unknown", count.unknown_rows
        for shift in self.shifts:
            for cell in shift.cells:
                yield cell.id, cell.rows
        for signal in self.signals:
            yield signal.id, signal.rows
        for point in self.liver:
            yield f"safety/liver/{point.participant}", point.rows
        for line in self.exposure:
            yield f"safety/exposure/{line.participant}", line.rows
