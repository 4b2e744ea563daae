"""One outcome described at every time, and its change: the numbers every reader asks for, whatever the plan says."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from trialrun.analyse import methods
from trialrun.analyse.answers import VERSION, is_registered, result_id, unit_of
from trialrun.analyse.basis import Basis
from trialrun.analyse.estimands import composite_estimand, while_alive_estimand
from trialrun.analyse.estimators.ranks import ranked
from trialrun.analyse.result import Analysis, Estimand, Interval, Result, ResultTable, hash_of, refs
from trialrun.derive.endpoints import BASELINE, COMPOSITE, AnalysisRow, Status, analysis_visits
from trialrun.derive.populations import TREATED
from trialrun.study.model import Endpoint, EndpointRole

_COUNTED = {Status.DIED: "died", Status.TRANSPLANTED: "transplanted"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """An endpoint and its rows in the treated set, or in one arm of it, by planned time."""

    basis: Basis
    endpoint: Endpoint
    rows: Mapping[str, tuple[AnalysisRow, ...]]
    arm: str = ""

    @property
    def unit(self) -> str:
        """The unit values are in; empty for scores."""
        return unit_of(self.basis.study, self.endpoint.variable)

    @property
    def level(self) -> float:
        """The confidence level of the plan."""
        return self.basis.plan.level


def outcome_of(basis: Basis, endpoint: Endpoint, arm: str = "") -> Outcome:
    """The rows of an endpoint's variable for everyone treated, or for one arm."""
    times = (BASELINE, *analysis_visits(basis.study))
    rows = {time: basis.of(endpoint.variable, time, TREATED, arm) for time in times}
    return Outcome(basis, endpoint, rows, arm)


def described(outcome: Outcome) -> tuple[Result, ...]:
    """Descriptions at every time and changes at every follow-up time; primaries also as composite."""
    results = [describe_at(outcome, time) for time in outcome.rows]
    if any(row.category is not None for rows in outcome.rows.values() for row in rows):
        return tuple(results)
    for time in outcome.rows:
        if time == BASELINE:
            continue
        results += [change_by_t(outcome, time), change_exactly(outcome, time)]
        if outcome.endpoint.role is EndpointRole.PRIMARY:
            results.append(composite_change(outcome, time))
    return tuple(results)


def describe_at(outcome: Outcome, time: str) -> Result:
    """Count, mean, spread, quartiles and range of the values observed at one time."""
    if any(row.category is not None for row in outcome.rows[time]):
        return _categories_at(outcome, time)
    rows = [row for row in outcome.rows[time] if row.status is Status.OBSERVED and row.value is not None]
    values = [float(row.value or 0) for row in rows]
    summary = methods.describe(values)
    details = {name: value for name, value in asdict(summary).items() if name not in {"n", "mean"}}
    made = _result(
        outcome, time, Analysis.DESCRIBE, rows, values, f"describe, quartiles type {summary.quantile_type}"
    )
    return replace(made, estimate=summary.mean, estimate_name="mean", details=details)


def _categories_at(outcome: Outcome, time: str) -> Result:
    """How many are in each category at one time."""
    rows = [row for row in outcome.rows[time] if row.status is Status.OBSERVED and row.category is not None]
    counts = Counter(str(row.category) for row in rows)
    made = _result(outcome, time, Analysis.DESCRIBE, rows, [None for _ in rows], "count of each category")
    return replace(made, table=ResultTable(("category", "n"), tuple(sorted(counts.items()))))


def change_by_t(outcome: Outcome, time: str) -> Result:
    """Mean change among those alive, with the t interval."""
    rows, changes = _alive_changes(outcome, time)
    summary = methods.describe(changes)
    details = {name: value for name, value in asdict(summary).items() if name != "n"}
    estimand = while_alive_estimand(
        outcome.basis.study, outcome.endpoint, time, "mean change with t interval"
    )
    made = _result(outcome, time, Analysis.CHANGE, rows, changes, "paired t", estimand)
    if len(changes) < 2:
        note = f"{len(changes)} participant(s) with a change: nothing to estimate"
        return replace(made, estimate=summary.mean, estimate_name="mean change", details=details, note=note)
    test = methods.paired_t(changes, level=outcome.level)
    return replace(
        made,
        estimate=test.mean,
        estimate_name="mean change",
        interval=Interval(outcome.level, test.low, test.high),
        p=test.p,
        details={**details, "t": test.t, "df": test.df},
        note="" if test.t is not None else "every change is the same; no test",
    )


def change_exactly(outcome: Outcome, time: str) -> Result:
    """Median change among those alive, by the exact signed rank."""
    rows, changes = _alive_changes(outcome, time)
    estimand = while_alive_estimand(
        outcome.basis.study,
        outcome.endpoint,
        time,
        "median change (Hodges-Lehmann) with exact interval",
    )
    made = _result(outcome, time, Analysis.CHANGE_EXACT, rows, changes, "exact signed rank", estimand)
    return ranked(made, changes, outcome.level)


def composite_change(outcome: Outcome, time: str) -> Result:
    """Median change with death and transplant as worst ranks."""
    worst = math.inf if outcome.endpoint.lower_is_better else -math.inf
    rows = [row for row in outcome.rows[time] if row.status in COMPOSITE or _is_alive(row)]
    changes = [worst if row.status in COMPOSITE else float(row.change or 0) for row in rows]
    estimand = composite_estimand(outcome.basis.study, outcome.endpoint, time)
    made = _result(
        outcome, time, Analysis.COMPOSITE, rows, changes, "exact signed rank with worst ranks", estimand
    )
    counts = {word: sum(row.status is status for row in rows) for status, word in _COUNTED.items()}
    found = ranked(made, changes, outcome.level)
    return replace(found, details={**found.details, **counts})


def _is_alive(row: AnalysisRow) -> bool:
    return row.status is Status.OBSERVED and row.change is not None


def _alive_changes(outcome: Outcome, time: str) -> tuple[list[AnalysisRow], list[float]]:
    rows = [row for row in outcome.rows[time] if _is_alive(row)]
    return rows, [float(row.change or 0) for row in rows]


def _result(
    outcome: Outcome,
    time: str,
    analysis: Analysis,
    rows: Sequence[AnalysisRow],
    values: Sequence[float | None],
    method: str,
    estimand: Estimand | None = None,
) -> Result:
    references = refs(rows, values)
    used = {row.participant for row in rows}
    left_out = {
        row.participant: _why_left_out(row) for row in outcome.rows[time] if row.participant not in used
    }
    endpoint = outcome.endpoint
    return Result(
        id=result_id(endpoint.name, time, analysis, arm=outcome.arm),
        endpoint=endpoint.name,
        parameter=endpoint.variable,
        visit=time,
        analysis=analysis,
        registered=is_registered(endpoint, time),
        estimand=estimand,
        population=TREATED,
        n=len(rows),
        estimate=None,
        estimate_name="",
        unit=outcome.unit,
        interval=None,
        p=None,
        method=method,
        method_version=VERSION,
        inputs_hash=hash_of(references),
        rows=references,
        left_out=left_out,
        arm=outcome.arm,
    )


def _why_left_out(row: AnalysisRow) -> str:
    if row.explanation:
        return row.explanation
    return "no baseline value" if row.baseline is None else str(row.status)
