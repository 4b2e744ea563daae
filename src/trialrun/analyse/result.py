"""Results: a number, how it was got, and the rows it came from."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from trialrun.derive.endpoints import AnalysisRow, rounded

if TYPE_CHECKING:
    from trialrun.analyse.safety_result import SafetyResults

RESULTS_VERSION = 2


class Analysis(StrEnum):
    """What was asked of an outcome."""

    DESCRIBE = "describe"
    CHANGE = "change"
    CHANGE_EXACT = "change_exact"
    COMPOSITE = "composite"
    ESTIMAND = "estimand"
    SENSITIVITY = "sensitivity"
    RESPONSE = "response"
    SHIFT = "shift"
    INCIDENCE = "incidence"
    EVENT_FREE = "event_free"


@dataclass(frozen=True, slots=True)
class Estimand:
    """What a result estimates, in the five attributes of ICH E9(R1).

    `intercurrent` maps each kind of intercurrent event to the strategy for it; `missing` says what is assumed
    of values missing for no such event.
    """

    name: str
    treatment: str
    population: str
    variable: str
    intercurrent: Mapping[str, str]
    summary: str
    title: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval; a bound that does not exist is `None` and `note` says why."""

    level: float
    low: float | None
    high: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RowRef:
    """One analysis row behind a result, with the hashes of the log entries behind it."""

    row: str
    value: float | None
    events: tuple[str, ...]


Cell = float | int | str | None


@dataclass(frozen=True, slots=True)
class ResultTable:
    """The numbers of a result that are more than one: a shift table, a curve, a tipping point, a model's terms."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One answer about one outcome.

    Args:
        id: stable name, `endpoint/visit/analysis[/name][/arm]`.
        endpoint: name of the endpoint in the study definition; empty where the result is of none (time to event).
        registered: the record names this outcome at this time.
        estimand: what is estimated; `None` for descriptions.
        population: name of the set of participants.
        n: participants the estimate rests on.
        estimate: `None` where none exists (`note` says why).
        p: two-sided; `p_adjusted` over the primary outcomes.
        method, method_version: what computed it, and in which version of the program.
        details: further numbers of the same computation.
        label: what was done, in a line a reader understands.
        name: the estimand, sensitivity analysis, responder or shift of the plan; empty for descriptions.
        role: how much weight it carries: `primary`, `supportive`, `exploratory`; empty for descriptions.
        sensitivity_of: id of the main result this one varies; empty for a main result.
        arm: the arm, or `arm - control` of a comparison; empty for one arm, or while arms are masked.
        table: the numbers of a result that are more than one.
        log: what the method did on its way (fallbacks, convergence), in order.
        left_out: participants of the population without a value here, with the reason.
        inputs_hash: SHA-256 over the rows, in order.
    """

    id: str
    endpoint: str
    parameter: str
    visit: str
    analysis: Analysis
    registered: bool
    estimand: Estimand | None
    population: str
    n: int
    estimate: float | None
    estimate_name: str
    unit: str
    interval: Interval | None
    p: float | None
    method: str
    method_version: str
    inputs_hash: str
    rows: tuple[RowRef, ...]
    details: Mapping[str, float | int | str | None] = field(
        default_factory=dict[str, "float | int | str | None"]
    )
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    p_adjusted: float | None = None
    note: str = ""
    label: str = ""
    name: str = ""
    role: str = ""
    sensitivity_of: str = ""
    arm: str = ""
    table: ResultTable | None = None
    log: tuple[str, ...] = ()


@dataclass(frozen=True)
class Results:
    """All results of one snapshot, in registered order, with what they were computed from.

    `not_analysed` names unregistered outcomes without data, with the reason; a registered one is never
    among them. `titles` are those of the populations. `outcomes` maps registered endpoints to their role. `arms` maps the arms compared to their titles, control
    last; it is empty with one arm and while arms are `masked`.
    `notes` say what holds for all results.
    """

    snapshot_hash: str
    study_id: str
    study_hash: str
    purpose: str
    synthetic: bool
    code_version: str
    counts: Mapping[str, int]
    results: tuple[Result, ...]
    not_analysed: Mapping[str, str] = field(default_factory=dict[str, str])
    study_title: str = ""
    titles: Mapping[str, str] = field(default_factory=dict[str, str])
    outcomes: Mapping[str, str] = field(default_factory=dict[str, str])
    arms: Mapping[str, str] = field(default_factory=dict[str, str])
    control: str = ""
    masked: bool = False
    notes: tuple[str, ...] = ()
    safety: SafetyResults | None = None

    def of(
        self, endpoint: str, analysis: Analysis | None = None, visit: str | None = None
    ) -> tuple[Result, ...]:
        """The results of an endpoint, narrowed by analysis and visit."""
        return tuple(
            result
            for result in self.results
            if result.endpoint == endpoint
            and (analysis is None or result.analysis is analysis)
            and (visit is None or result.visit == visit)
        )

    def text(self) -> str:
        """`results.json`: sorted keys, twelve significant digits, the same bytes for the same snapshot."""
        from trialrun.analyse.reporting_event import text_of

        return text_of(self)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of `text()`, by which the report, its PDF and the summary name these results."""
        return hashlib.sha256(self.text().encode()).hexdigest()


def refs(rows: Sequence[AnalysisRow], values: Sequence[float | None]) -> tuple[RowRef, ...]:
    """The rows behind a result; an infinite value (a worst rank) is kept as none."""
    return tuple(
        RowRef(
            row.key,
            None if value is None or math.isinf(value) else rounded(value),
            tuple(sorted({source.event_hash for source in row.sources if source.event_hash})),
        )
        for row, value in zip(rows, values, strict=True)
    )


def hash_of(references: Sequence[RowRef]) -> str:
    """SHA-256 over the rows, their values and the log entries behind them."""
    plain = [{"row": one.row, "value": one.value, "events": one.events} for one in references]
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
