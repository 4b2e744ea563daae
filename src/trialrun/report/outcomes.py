"""The outcome sections: tables whose every figure leads to its rows and their log entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trialrun.analyse.result import Analysis, Result, Results
from trialrun.derive.dataset import Dataset
from trialrun.derive.endpoints import BASELINE, COMPOSITE, AnalysisRow, Status, analysis_visits
from trialrun.derive.populations import TREATED
from trialrun.errors import AnalysisError
from trialrun.report.figures import Bar, Course, spaghetti, waterfall
from trialrun.report.numbers import decimals_of, finer, percent, shown, shown_interval, shown_p
from trialrun.report.overview import label_of
from trialrun.report.trace import Trace
from trialrun.study.model import Endpoint, EndpointRole

_ENDED = {Status.DIED: "died", Status.TRANSPLANTED: "transplant"}
_NAMES = {
    Analysis.CHANGE: "Mean change, paired t",
    Analysis.CHANGE_EXACT: "Median change, exact signed rank",
    Analysis.COMPOSITE: "Median change, death and transplant as worst ranks",
}


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One line of the table by visit."""

    visit: str
    title: str
    registered: bool
    n: int
    missing: int
    mean_sd: str
    median: str
    quartiles: str
    extremes: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One line of the table of changes."""

    visit: str
    title: str
    registered: bool
    name: str
    estimand: str
    primary: bool
    n: int
    estimate: str
    interval: str
    interval_note: str
    p: str
    p_adjusted: str
    note: str


@dataclass(frozen=True, slots=True)
class RowLine:
    """One participant at one time, with links to the answers behind the value."""

    participant: str
    status: str
    taken: str
    value: str
    baseline: str
    change: str
    percent_change: str
    explanation: str
    links: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class TimeRows:
    """All treated participants at one time: what a figure of the tables opens."""

    visit: str
    title: str
    anchor: str
    lines: Sequence[RowLine]


@dataclass(frozen=True, slots=True)
class OutcomeSection:
    """One outcome as it stands on the page."""

    anchor: str
    heading: str
    endpoint: Endpoint
    is_score: bool
    label: str
    lines: Sequence[VisitLine]
    changes: Sequence[ChangeLine]
    figures: Sequence[tuple[str, str]]
    times: Sequence[TimeRows]
    quartile_type: str


def outcome_sections(
    data: Dataset, results: Results, endpoints: Sequence[Endpoint], trace: Trace
) -> tuple[OutcomeSection, ...]:
    """The sections in the order given.

    Errors: `AnalysisError` when a registered outcome has no result: the report is not built without it.
    """
    for endpoint in endpoints:
        if endpoint.order and not results.of(endpoint.name):
            raise AnalysisError(
                f"the results hold nothing about {endpoint.role.value} outcome {endpoint.order} "
                f"({endpoint.name}, {endpoint.title!r}); a report without a registered outcome is not built",
                "analyse the snapshot again with the study it was cut for",
            )
    return tuple(
        _section(data, results, endpoint, trace) for endpoint in endpoints if results.of(endpoint.name)
    )


def _section(data: Dataset, results: Results, endpoint: Endpoint, trace: Trace) -> OutcomeSection:
    treated = set(data.populations[TREATED].members)
    rows = [row for row in data.rows if row.parameter == endpoint.variable and row.participant in treated]
    derived = data.study.derived.get(endpoint.variable)
    is_score = derived is not None and derived.score is not None
    digits = decimals_of((row.value for row in rows), 1 if is_score else 2)
    own = results.of(endpoint.name)
    times = (BASELINE, *analysis_visits(data.study))
    titles = {time: "Baseline" if time == BASELINE else data.study.visits[time].title for time in times}
    described = [result for result in own if result.analysis is Analysis.DESCRIBE]
    return OutcomeSection(
        anchor=f"outcome-{endpoint.name}",
        heading=_heading(endpoint),
        endpoint=endpoint,
        is_score=is_score,
        label=label_of(data.study, endpoint.variable),
        lines=[_visit_line(result, titles, digits, len(treated)) for result in described],
        changes=[_change_line(r, titles, digits) for r in own if r.analysis is not Analysis.DESCRIBE],
        figures=_figures(data, endpoint, rows, titles) if endpoint.order else (),
        times=[_time_rows(endpoint, time, titles[time], rows, digits, trace) for time in times],
        quartile_type=str(described[0].details.get("quantile_type", "")) if described else "",
    )


def _heading(endpoint: Endpoint) -> str:
    if endpoint.order:
        return f"{endpoint.role.value.capitalize()} outcome {endpoint.order}: {endpoint.title}"
    return f"Not registered: {endpoint.title}"


def _visit_line(result: Result, titles: dict[str, str], digits: int, treated: int) -> VisitLine:
    numbers = {
        name: value if isinstance(value, (int, float)) else None for name, value in result.details.items()
    }
    return VisitLine(
        visit=result.visit,
        title=titles[result.visit],
        registered=result.registered,
        n=result.n,
        missing=treated - result.n,
        mean_sd=f"{shown(result.estimate, finer(digits))} ({shown(numbers.get('sd'), finer(digits))})",
        median=shown(numbers.get("median"), digits),
        quartiles=f"{shown(numbers.get('q25'), digits)} to {shown(numbers.get('q75'), digits)}",
        extremes=f"{shown(numbers.get('low'), digits)} to {shown(numbers.get('high'), digits)}",
    )


def _change_line(result: Result, titles: dict[str, str], digits: int) -> ChangeLine:
    interval = result.interval
    shape = finer(digits)
    return ChangeLine(
        visit=result.visit,
        title=titles[result.visit],
        registered=result.registered,
        name=_NAMES[result.analysis],
        estimand=result.estimand.name if result.estimand else "",
        primary=result.p_adjusted is not None,
        n=result.n,
        estimate=shown(result.estimate, shape, sign=True),
        interval=shown_interval(interval.low, interval.high, shape, sign=True)
        if interval
        else "not estimable",
        interval_note=interval.note if interval else "",
        p=shown_p(result.p),
        p_adjusted=shown_p(result.p_adjusted) if result.p_adjusted is not None else "",
        note=result.note,
    )


def _figures(
    data: Dataset, endpoint: Endpoint, rows: Sequence[AnalysisRow], titles: dict[str, str]
) -> list[tuple[str, str]]:
    label = label_of(data.study, endpoint.variable)
    by_person: dict[str, dict[str, AnalysisRow]] = {}
    for row in rows:
        by_person.setdefault(row.participant, {})[row.visit] = row
    courses = [
        Course(
            person,
            tuple(_observed(own.get(time)) for time in titles),
            next((_ENDED[row.status] for row in own.values() if row.status in COMPOSITE), ""),
        )
        for person, own in sorted(by_person.items())
    ]
    caption = (
        f"{label}: every participant (grey) and the mean of those observed (blue), who are not the same people at "
        "each time. A cross ends the line of a participant who died or was transplanted."
    )
    drawn = [(caption, spaghetti(f"course-{endpoint.name}", courses, list(titles.values()), label))]
    if endpoint.role is EndpointRole.PRIMARY and endpoint.visits:
        drawn.append(_waterfall(endpoint, rows, label, titles[endpoint.visits[-1]]))
    return drawn


def _waterfall(endpoint: Endpoint, rows: Sequence[AnalysisRow], label: str, time: str) -> tuple[str, str]:
    last = endpoint.visits[-1]
    bars = [Bar(row.participant, row.change, _ENDED.get(row.status, "")) for row in rows if row.visit == last]
    absent = sorted(bar.participant for bar in bars if bar.change is None and not bar.ended)
    caption = (
        f"Change in {label} from baseline to {time}: blue is better, orange worse; "
        "hatched full bars are deaths and transplants."
    )
    if absent:
        caption += f" Not shown, no known change: {', '.join(absent)}."
    name = f"fall-{endpoint.name}"
    return caption, waterfall(name, bars, label, lower_is_better=endpoint.lower_is_better)


def _observed(row: AnalysisRow | None) -> float | None:
    return row.value if row is not None and row.status is Status.OBSERVED else None


def _time_rows(
    endpoint: Endpoint, time: str, title: str, rows: Sequence[AnalysisRow], digits: int, trace: Trace
) -> TimeRows:
    lines = [_row_line(row, digits, trace) for row in rows if row.visit == time]
    return TimeRows(time, title, f"rows-{endpoint.name}-{time}", lines)


def _row_line(row: AnalysisRow, digits: int, trace: Trace) -> RowLine:
    value = shown(row.value, digits)
    if row.value is None and row.low is not None and row.high is not None:
        value = f"{shown(row.low, digits)} to {shown(row.high, digits)} possible"
    day = f", day {row.day}" if row.day is not None else ""
    # What the baseline rests on stands with the baseline; here only what was found at this time.
    own = [s for s in row.sources if row.visit == BASELINE or s.visit in {row.occurrence, ""}]
    return RowLine(
        participant=row.participant,
        status="" if row.explanation else str(row.status).replace("_", " "),
        taken=f"{row.on}{day}" if row.on else "",
        value=value,
        baseline=shown(row.baseline, digits),
        change=shown(row.change, digits, sign=True),
        percent_change=percent(row.percent_change / 100) if row.percent_change is not None else shown(None),
        explanation=row.explanation,
        links=[trace.link(source) for source in dict.fromkeys(own)],
    )
