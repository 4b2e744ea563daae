"""Who enters an analysis with what, and for everyone else the reason: intercurrent events by their strategies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from trialrun.analyse.basis import Basis
from trialrun.derive.endpoints import AnalysisRow, Status
from trialrun.derive.intercurrent import Intercurrent
from trialrun.study.model import Endpoint
from trialrun.study.plan import EstimandPlan, Handling, Responder, Strategy, Variable

_STATUS = {"death": Status.DIED, "transplant": Status.TRANSPLANTED}
_WHILE = frozenset({Strategy.WHILE_ALIVE, Strategy.WHILE_ON_TREATMENT})


class Standing(StrEnum):
    """How a participant stands in an analysis.

    `MEASURED` has a value; `WORST` had an event that is the worst outcome; `MISSING` has no value for no such
    event; `NOT_REACHED` was not followed for so long at the cut; `OUT` is left out by a strategy.
    """

    MEASURED = "measured"
    WORST = "worst"
    MISSING = "missing"
    NOT_REACHED = "not_reached"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Question:
    """One estimand asked of one endpoint at one time.

    Args:
        parameter: the variable asked of; the endpoint's own, or another version of it.
        population: name of the set of participants.
        arm: the arm asked of; empty for everyone.
        without: a kind of intercurrent event whose values are left out.
        missing_is_worst: a missing value counts as the worst outcome.
        responder: who counts as a responder, where that is what is asked.
    """

    basis: Basis
    plan: EstimandPlan
    endpoint: Endpoint
    parameter: str
    visit: str
    population: str
    arm: str = ""
    without: str = ""
    missing_is_worst: bool = False
    responder: Responder | None = None

    @property
    def worst(self) -> float:
        """The worst rank, in the direction in which the endpoint gets worse."""
        return math.inf if self.endpoint.lower_is_better else -math.inf


@dataclass(frozen=True, slots=True)
class Case:
    """One participant in an analysis.

    `value` is the change or value (1 and 0 of a response), `None` unless measured; `why` says in words why not,
    `event` is the kind of event that decided, or `missing`.
    """

    row: AnalysisRow
    standing: Standing
    value: float | None
    why: str = ""
    event: str = ""

    @property
    def participant(self) -> str:
        """The participant's candidate number."""
        return self.row.participant


@dataclass(frozen=True, slots=True)
class Cases:
    """Everyone of a question's population at its time."""

    all: tuple[Case, ...]

    def standing(self, *wanted: Standing) -> tuple[Case, ...]:
        """Those who stand so."""
        return tuple(case for case in self.all if case.standing in wanted)

    def left_out(self, used: Sequence[Case]) -> Mapping[str, str]:
        """The reason for everyone who is not used."""
        names = {case.participant for case in used}
        return {case.participant: case.why for case in self.all if case.participant not in names}

    def worst_counts(self) -> dict[str, int]:
        """How many had each event that is the worst outcome."""
        counts: dict[str, int] = {}
        for case in self.standing(Standing.WORST):
            counts[case.event] = counts.get(case.event, 0) + 1
        return counts


def cases_of(question: Question) -> Cases:
    """How everyone of the population stands at the time asked of.

    Death and transplant follow the row's own status, which knows whether they came before the time's window
    closed; every other event counts when it happened on or before the day of the value.
    Source: ICH E9(R1) A.3.2.
    """
    rows = question.basis.of(question.parameter, question.visit, question.population, question.arm)
    return Cases(tuple(case_of(question, row) for row in rows))


def case_of(question: Question, row: AnalysisRow) -> Case:
    """How one participant stands."""
    found = _decided(question, row)
    if found is not None:
        return found
    if row.status is Status.TRANSPLANTED and "transplant" not in question.plan.intercurrent:
        return Case(row, Standing.MISSING, None, f"{row.explanation}; the plan says nothing of transplant")
    value = value_of(question, row)
    if value is not None and row.status is not Status.DIED:
        return Case(row, Standing.MEASURED, float(value))
    if row.status is Status.NOT_REACHED:
        return Case(row, Standing.NOT_REACHED, None, row.explanation)
    why = row.explanation or ("no baseline value" if row.baseline is None else "no value")
    if question.missing_is_worst:
        return Case(row, Standing.WORST, None, why, "missing")
    return Case(row, Standing.MISSING, None, why)


def value_of(question: Question, row: AnalysisRow) -> float | None:
    """What a row contributes: the change, the value, or 1 for a response and 0 for none."""
    if question.responder is not None:
        return _response(question.responder, row)
    if question.plan.variable is Variable.VALUE:
        return row.value
    if question.plan.variable is Variable.CATEGORY:
        return None if row.category is None or row.baseline_category is None else 0.0
    return row.change


def _response(responder: Responder, row: AnalysisRow) -> float | None:
    if responder.better_category:
        if row.category not in responder.order or row.baseline_category not in responder.order:
            return None
        return float(responder.order.index(row.category) < responder.order.index(row.baseline_category))
    if row.change is None:
        return None
    fallen = responder.fall_of is not None and row.change <= -responder.fall_of
    risen = responder.rise_of is not None and row.change >= responder.rise_of
    return float(fallen or risen)


def _decided(question: Question, row: AnalysisRow) -> Case | None:
    """What an intercurrent event decides, the worst outcome first."""
    happened = question.basis.events.get(row.participant, ())
    before = [event for event in happened if _is_before(question.basis, row, event)]
    plan = question.plan.intercurrent
    for event in before:
        if _strategy(plan, event) is Strategy.COMPOSITE:
            return Case(row, Standing.WORST, None, _words(event), event.kind)
    for event in before:
        if _strategy(plan, event) in _WHILE:
            how = str(_strategy(plan, event)).replace("_", " ")
            return Case(row, Standing.OUT, None, f"{_words(event)} ({how})", event.kind)
    for event in happened:
        if _strategy(plan, event) is Strategy.PRINCIPAL_STRATUM:
            return Case(row, Standing.OUT, None, f"{_words(event)} (principal stratum)", event.kind)
    for event in before:
        if event.kind == question.without:
            return Case(row, Standing.OUT, None, f"{_words(event)}: values after it are left out", event.kind)
    for event in before:
        if _strategy(plan, event) is Strategy.HYPOTHETICAL:
            why = f"{_words(event)}: values after it are not used (hypothetical)"
            return Case(row, Standing.MISSING, None, why, event.kind)
    return None


def _strategy(plan: Mapping[str, Handling], event: Intercurrent) -> Strategy | None:
    handling = plan.get(event.kind)
    return handling.strategy if handling else None


def _is_before(basis: Basis, row: AnalysisRow, event: Intercurrent) -> bool:
    if event.kind in _STATUS:
        return row.status is _STATUS[event.kind]
    if event.on is None:
        return True
    if row.on is not None and row.in_window:
        return event.on <= row.on
    window = basis.window(row.participant, row.visit)
    return window is None or event.on <= window.last


def _words(event: Intercurrent) -> str:
    when = f" on day {event.day}" if event.day is not None else " on an unknown day"
    verb = {"death": "died", "transplant": "transplanted"}.get(event.kind, event.kind.replace("_", " "))
    return f"{verb}{when}"
