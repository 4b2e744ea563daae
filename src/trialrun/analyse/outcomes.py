"""One registered outcome analysed: described at every time, then its change."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import trialrun
from trialrun.analyse import methods
from trialrun.analyse.estimands import composite_estimand, while_alive_estimand
from trialrun.analyse.result import Analysis, Estimand, Interval, Result, hash_of, refs
from trialrun.derive.dataset import Dataset
from trialrun.derive.endpoints import BASELINE, COMPOSITE, AnalysisRow, Status, analysis_visits
from trialrun.derive.populations import TREATED
from trialrun.study.model import Endpoint, EndpointRole

LEVEL = 0.95
_COUNTED = {Status.DIED: "died", Status.TRANSPLANTED: "transplanted"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """An endpoint and its rows in the treated set, by planned time."""

    data: Dataset
    endpoint: Endpoint
    rows: Mapping[str, tuple[AnalysisRow, ...]]

    @property
    def unit(self) -> str:
        """The unit values are in; empty for scores."""
        study, name = self.data.study, self.endpoint.variable
        if name in study.items:
            return study.items[name].unit or ""
        return (study.derived[name].unit or "") if name in study.derived else ""


def outcome_of(data: Dataset, endpoint: Endpoint) -> Outcome:
    """The rows of an endpoint's variable for everyone treated."""
    treated = set(data.populations[TREATED].members)
    own = [row for row in data.rows if row.parameter == endpoint.variable and row.participant in treated]
    times = (BASELINE, *analysis_visits(data.study))
    return Outcome(data, endpoint, {time: tuple(row for row in own if row.visit == time) for time in times})


def analyse_outcome(outcome: Outcome) -> tuple[Result, ...]:
    """Descriptions at every time and changes at every follow-up time; primaries also as composite."""
    results = [describe_at(outcome, time) for time in outcome.rows]
    for time in outcome.rows:
        if time == BASELINE:
            continue
        results += [change_by_t(outcome, time), change_exactly(outcome, time)]
        if outcome.endpoint.role is EndpointRole.PRIMARY:
            results.append(composite_change(outcome, time))
    return tuple(results)


def describe_at(outcome: Outcome, time: str) -> Result:
    """Count, mean, spread, quartiles and range of the values observed at one time."""
    rows = [row for row in outcome.rows[time] if row.status is Status.OBSERVED and row.value is not None]
    values = [float(row.value or 0) for row in rows]
    summary = methods.describe(values)
    details = {name: value for name, value in asdict(summary).items() if name not in {"n", "mean"}}
    made = _result(
        outcome, time, Analysis.DESCRIBE, rows, values, f"describe, quartiles type {summary.quantile_type}"
    )
    return replace(made, estimate=summary.mean, estimate_name="mean", details=details)


def change_by_t(outcome: Outcome, time: str) -> Result:
    """Mean change among those alive, with the t interval."""
    rows, changes = _alive_changes(outcome, time)
    summary = methods.describe(changes)
    details = {name: value for name, value in asdict(summary).items() if name != "n"}
    estimand = while_alive_estimand(outcome.data.study, outcome.endpoint, time, "mean change with t interval")
    made = _result(outcome, time, Analysis.CHANGE, rows, changes, "paired t", estimand)
    if len(changes) < 2:
        return replace(
            made, estimate=summary.mean, estimate_name="mean change", details=details, note=_few(len(changes))
        )
    test = methods.paired_t(changes, level=LEVEL)
    return replace(
        made,
        estimate=test.mean,
        estimate_name="mean change",
        interval=Interval(LEVEL, test.low, test.high),
        p=test.p,
        details={**details, "t": test.t, "df": test.df},
        note="" if test.t is not None else "every change is the same; no test",
    )


def change_exactly(outcome: Outcome, time: str) -> Result:
    """Median change among those alive, by the exact signed rank."""
    rows, changes = _alive_changes(outcome, time)
    estimand = while_alive_estimand(
        outcome.data.study, outcome.endpoint, time, "median change (Hodges-Lehmann) with exact interval"
    )
    made = _result(outcome, time, Analysis.CHANGE_EXACT, rows, changes, "exact signed rank", estimand)
    return _ranked(made, changes)


def composite_change(outcome: Outcome, time: str) -> Result:
    """Median change with death and transplant as worst ranks: the primary analysis."""
    worst = math.inf if outcome.endpoint.lower_is_better else -math.inf
    rows = [row for row in outcome.rows[time] if row.status in COMPOSITE or _alive(row)]
    changes = [worst if row.status in COMPOSITE else float(row.change or 0) for row in rows]
    estimand = composite_estimand(outcome.data.study, outcome.endpoint, time)
    made = _result(
        outcome, time, Analysis.COMPOSITE, rows, changes, "exact signed rank with worst ranks", estimand
    )
    counts = {word: sum(row.status is status for row in rows) for status, word in _COUNTED.items()}
    ranked = _ranked(made, changes)
    return replace(ranked, details={**ranked.details, **counts})


def _ranked(made: Result, changes: Sequence[float]) -> Result:
    made = replace(made, estimate_name="median change (Hodges-Lehmann)")
    if not changes:
        return replace(made, note=_few(0))
    test = methods.signed_rank(changes)
    centre = methods.hodges_lehmann(changes, level=LEVEL)
    note = "" if centre.estimate is not None else "so many worst ranks that no median change exists"
    return replace(
        made,
        estimate=centre.estimate,
        interval=Interval(LEVEL, centre.low, centre.high, _open_end(centre.low, centre.high, len(changes))),
        p=test.p,
        details={"V": test.statistic, "zeros": test.zeros, "sign_test_p": methods.sign_test(changes)},
        note=note,
    )


def _open_end(low: float | None, high: float | None, n: int) -> str:
    if low is not None and high is not None:
        return ""
    return (
        "too few participants for a bound at this level"
        if n < 6
        else "the open end lies among the worst ranks"
    )


def _few(n: int) -> str:
    return f"{n} participant(s) with a change: nothing to estimate"


def _alive_rows(outcome: Outcome, time: str) -> list[AnalysisRow]:
    return [row for row in outcome.rows[time] if _alive(row)]


def _alive(row: AnalysisRow) -> bool:
    return row.status is Status.OBSERVED and row.change is not None


def _alive_changes(outcome: Outcome, time: str) -> tuple[list[AnalysisRow], list[float]]:
    rows = _alive_rows(outcome, time)
    return rows, [float(row.change or 0) for row in rows]


def _result(
    outcome: Outcome,
    time: str,
    analysis: Analysis,
    rows: Sequence[AnalysisRow],
    values: Sequence[float],
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
        id=f"{endpoint.name}/{time}/{analysis.value}",
        endpoint=endpoint.name,
        parameter=endpoint.variable,
        visit=time,
        analysis=analysis,
        registered=time in endpoint.visits or (time == BASELINE and bool(endpoint.baseline_visits)),
        estimand=estimand,
        population=TREATED,
        n=len(rows),
        estimate=None,
        estimate_name="",
        unit=outcome.unit,
        interval=None,
        p=None,
        method=method,
        method_version=f"trialrun {trialrun.__version__}",
        inputs_hash=hash_of(references),
        rows=references,
        left_out=left_out,
    )


def _why_left_out(row: AnalysisRow) -> str:
    if row.explanation:
        return row.explanation
    return "no baseline value" if row.baseline is None else str(row.status)
