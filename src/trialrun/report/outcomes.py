"""The outcome sections: what was registered, what was found, and how firm it is; every number leads to its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from trialrun.analyse.result import Analysis, Estimand, Result, Results
from trialrun.derive.dataset import Dataset
from trialrun.derive.endpoints import BASELINE, COMPOSITE, AnalysisRow, Status, analysis_visits
from trialrun.derive.populations import TREATED
from trialrun.errors import AnalysisError
from trialrun.report import anchors
from trialrun.report.answers import forest_blocks, response_blocks, shift_blocks
from trialrun.report.documents.blocks import (
    Block,
    Cell,
    Chapter,
    Details,
    Facts,
    Figure,
    Heading,
    Note,
    Paragraph,
    Run,
    Table,
)
from trialrun.report.estimate_words import (
    AT_ZERO,
    CAVEAT,
    NAMES,
    closed_at_zero,
    estimate_words,
    interval_words,
    is_primary,
    what_of,
)
from trialrun.report.event_times import event_time_blocks, is_timed
from trialrun.report.figures import outcome as figures
from trialrun.report.figures.data import Bar, Course
from trialrun.report.numbers import decimals_of, finer, middle, shown, shown_p
from trialrun.report.overview import DEVICE, label_of, single_arm
from trialrun.report.plan_words import events_by_handling
from trialrun.report.rows import RowBook
from trialrun.study.model import Endpoint, EndpointRole, Stated
from trialrun.study.plan import Variable

_ENDED = {Status.DIED: "died", Status.TRANSPLANTED: "transplant"}
_OLD = frozenset(NAMES)


@dataclass(frozen=True, slots=True)
class Shown:
    """An endpoint with everything its section needs."""

    data: Dataset
    endpoint: Endpoint
    results: tuple[Result, ...]
    rows: tuple[AnalysisRow, ...]
    titles: Mapping[str, str]
    digits: int
    label: str

    def title(self, time: str) -> str:
        """A time's title, and that it is not registered where the record names others."""
        name = self.titles.get(time, time)
        return name if _registered_time(self, time) else f"{name} (not registered)"


def outcome_chapters(
    data: Dataset, results: Results, endpoints: Sequence[Endpoint], book: RowBook
) -> tuple[Chapter, ...]:
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
        _chapter(shown_endpoint(data, results, endpoint), book)
        for endpoint in endpoints
        if results.of(endpoint.name)
    )


def shown_endpoint(data: Dataset, results: Results, endpoint: Endpoint) -> Shown:
    """An endpoint with its results and the rows of the treated."""
    treated = set(data.populations[TREATED].members)
    rows = tuple(
        row for row in data.rows if row.parameter == endpoint.variable and row.participant in treated
    )
    derived = data.study.derived.get(endpoint.variable)
    is_score = derived is not None and derived.score is not None
    times = (BASELINE, *analysis_visits(data.study))
    return Shown(
        data=data,
        endpoint=endpoint,
        results=results.of(endpoint.name),
        rows=rows,
        titles={time: "Baseline" if time == BASELINE else data.study.visits[time].title for time in times},
        digits=decimals_of((row.value for row in rows), 1 if is_score else 2),
        label=label_of(data.study, endpoint.variable),
    )


def heading_of(endpoint: Endpoint) -> str:
    """An outcome's heading: its place on the record, or that it has none."""
    if endpoint.order:
        return f"{endpoint.role.value.capitalize()} outcome {endpoint.order}: {endpoint.title}"
    said = "not registered" in endpoint.title.lower()
    return endpoint.title if said else f"{endpoint.title} (not registered)"


def _chapter(shown_: Shown, book: RowBook) -> Chapter:
    endpoint = shown_.endpoint
    book.add_times(shown_)
    if is_timed(shown_.results):
        timed = [one for one in shown_.results if one.analysis is Analysis.ESTIMAND]
        blocks = [
            *_record(shown_),
            *event_time_blocks(shown_, book),
            *_estimands(shown_, timed),
            *_logs(shown_),
        ]
        return Chapter(anchors.outcome_anchor(endpoint.name), heading_of(endpoint), blocks)
    blocks: list[Block] = [*_record(shown_), _by_visit(shown_, book)]
    answers, plain = _answers(shown_)
    if answers:
        blocks.append(_estimate_table(shown_, answers, book, f"{shown_.label}: what the analysis plan asks"))
    blocks += _figures(shown_)
    blocks += forest_blocks(shown_, book)
    blocks += response_blocks(shown_, book)
    blocks += shift_blocks(shown_, book)
    blocks += _estimands(shown_, answers)
    if plain:
        table = _estimate_table(shown_, plain, book, f"{shown_.label}: change from baseline, described")
        blocks.append(
            Details("Not asked by the plan: the change described in other ways, without a claim", (table,))
        )
    blocks += _logs(shown_)
    return Chapter(anchors.outcome_anchor(endpoint.name), heading_of(endpoint), blocks)


# --- what the record says ------------------------------------------------------------------------------


def _record(shown_: Shown) -> list[Block]:
    endpoint, study = shown_.endpoint, shown_.data.study
    blocks: list[Block] = []
    if endpoint.order:
        words = (
            f"Registered. Time frame on the record: {endpoint.time_frame or 'none'}."
            if study.record
            else f"Stated by the study definition; there is no registry record to compare it with. "
            f"Time frame: {endpoint.time_frame or 'none'}."
        )
        blocks.append(Paragraph(f"{words} {endpoint.description}".strip()))
    else:
        blocks.append(
            Paragraph("Not registered: added by the study definition. It is exploratory, whatever it shows.")
        )
    derived = study.derived.get(endpoint.variable)
    if derived is not None and derived.score is not None:
        blocks.append(Note(f"Computed from published formulas. {DEVICE}"))
    levels = (
        ("Domain", endpoint.domain),
        ("Measure", endpoint.measure),
        ("Metric", endpoint.metric),
        ("Aggregation", endpoint.aggregation),
        ("Time", endpoint.time),
    )
    rows = [(Cell(name, head=True), level.value, _stated(level)) for name, level in levels]
    table = Table(("Level", "Taken as", "On the record"), rows, widths=(2, 6, 3))
    blocks.append(
        Details("What is measured: five levels, stated or assumed", (table,), print=bool(endpoint.order))
    )
    return blocks


def _stated(level: Stated) -> Cell:
    if level.stated:
        return Cell("stated")
    if not level.assumption:
        return Cell("assumed")
    return Cell(f"assumed: {level.assumption}", opens=anchors.assumption_anchor(level.assumption))


# --- what was found --------------------------------------------------------------------------------------


def _by_visit(shown_: Shown, book: RowBook) -> Table:
    described = [
        result
        for result in shown_.results
        if result.analysis is Analysis.DESCRIBE
        # What is not registered is shown at the times it was added for: the others stand elsewhere.
        and (shown_.endpoint.order or result.visit in (BASELINE, *shown_.endpoint.visits))
    ]
    arms = any(result.arm for result in described)
    treated = len(shown_.data.populations[TREATED].members)
    rows = [_visit_row(shown_, result, arms, book) for result in described]
    kind = next(
        (str(r.details.get("quantile_type")) for r in described if r.details.get("quantile_type")), ""
    )
    return Table(
        (
            "Visit",
            *(("Arm",) if arms else ()),
            "n",
            "Missing",
            "Mean (SD)",
            "Median",
            "Quartiles",
            "Lowest to highest",
        ),
        rows,
        caption=f"{shown_.label} by visit, of {treated} treated",
        widths=(4, *((3,) if arms else ()), 1, 2, 3, 2, 3, 3),
        notes=(f"Quartiles of type {kind}.",) if kind else (),
    )


def _visit_row(shown_: Shown, result: Result, arms: bool, book: RowBook) -> tuple[Cell, ...]:
    digits = shown_.digits
    numbers = {
        name: value if isinstance(value, (int, float)) else None for name, value in result.details.items()
    }
    cells = (
        str(result.n),
        str(len(result.left_out)),
        f"{shown(result.estimate, finer(digits))} ({shown(numbers.get('sd'), finer(digits))})",
        middle(numbers.get("median"), digits),
        f"{middle(numbers.get('q25'), digits)} to {middle(numbers.get('q75'), digits)}",
        f"{shown(numbers.get('low'), digits)} to {shown(numbers.get('high'), digits)}",
    )
    place = book.of(result)
    return (
        Cell(shown_.title(result.visit), head=True),
        *((Cell(_arm(shown_, result.arm)),) if arms else ()),
        *(Cell(text, opens=place, number=True) for text in cells),
    )


def _arm(shown_: Shown, arm: str) -> str:
    """A group's title; a comparison (`one-other`) as the one against the other."""
    titles = {name: one.title for name, one in shown_.data.study.arms.items()}
    pairs = {f"{one}-{other}": f"{titles[one]} against {titles[other]}" for one in titles for other in titles}
    return (titles | pairs).get(arm, arm) if arm else "All"


def _answers(shown_: Shown) -> tuple[list[Result], list[Result]]:
    """The plan's main results, registered times first, and the plain changes that say something else.

    Where the plan asks for nothing, the plain ones are the answers.
    """
    planned = [r for r in shown_.results if r.analysis is Analysis.ESTIMAND]
    planned += _changes_beside(shown_, planned)
    told = {(r.visit, r.arm, r.n, r.estimate, r.analysis) for r in planned} | {
        (r.visit, r.arm, r.n, r.estimate, r.p) for r in planned
    }
    plain = [
        r
        for r in shown_.results
        if r.analysis in _OLD
        and (r.visit, r.arm, r.n, r.estimate, r.p) not in told
        and (r.visit, r.arm, r.n, r.estimate, r.analysis) not in told
    ]
    order = list(shown_.titles)

    def place(result: Result) -> tuple[bool, int, bool]:
        time = order.index(result.visit) if result.visit in order else len(order)
        return not _registered_time(shown_, result.visit), time, not is_primary(result)

    planned, plain = sorted(planned, key=place), sorted(plain, key=place)
    return (planned, plain) if planned else (plain, [])


def _changes_beside(shown_: Shown, planned: Sequence[Result]) -> list[Result]:
    """Where the plan describes values, the mean change that stands beside them; described, not tested."""
    plan = shown_.data.study.analysis.estimands
    values = {
        result.visit
        for result in planned
        if result.estimand is not None
        and (asked := plan.get(result.estimand.name)) is not None
        and asked.variable is Variable.VALUE
    }
    return [
        replace(
            one,
            label="Change from baseline, beside the value",
            method="mean change with t interval",
            p=None,
            estimand=None,
        )
        for one in shown_.results
        if one.analysis is Analysis.CHANGE and one.visit in values
    ]


def _registered_time(shown_: Shown, time: str) -> bool:
    return time == BASELINE or time in shown_.endpoint.visits or not shown_.endpoint.order


def _estimate_table(shown_: Shown, found: Sequence[Result], book: RowBook, caption: str) -> Table:
    arms = any(result.arm for result in found)
    tested = any(result.p is not None for result in found)
    adjusted = any(result.p_adjusted is not None for result in found)
    rows: list[tuple[Cell, ...]] = []
    for result in found:
        place = book.of(result)
        ps = (
            (Cell(shown_p(result.p), opens=place if result.p is not None else "", number=True),)
            if tested
            else ()
        )
        cells = (
            Cell(shown_.title(result.visit), head=True),
            Cell(what_of(result), strong=is_primary(result)),
            *((Cell(_arm(shown_, result.arm)),) if arms else ()),
            Cell(str(result.n), opens=place, number=True),
            Cell(estimate_words(result, shown_.digits), opens=place, number=True),
            Cell(interval_words(result, shown_.digits), opens=place, number=True),
            *ps,
            *(
                (Cell(shown_p(result.p_adjusted) if result.p_adjusted is not None else "", number=True),)
                if adjusted
                else ()
            ),
        )
        rows.append(cells)
    columns = (
        "Visit", "Estimate of", *(("Arm",) if arms else ()), "n", "Estimate", "95 % interval",
        *(("p",) if tested else ()), *(("Adjusted p",) if adjusted else ()),
    )  # fmt: skip
    widths = (3, 7, *((3,) if arms else ()), 1, 2, 4, *((2,) if tested else ()), *((2,) if adjusted else ()))
    return Table(columns, rows, caption=caption, widths=widths, notes=_notes(shown_, found, tested))


def _notes(shown_: Shown, found: Sequence[Result], tested: bool) -> tuple[str, ...]:
    notes = [] if shown_.endpoint.lower_is_better else ["Higher is better."]
    if tested and single_arm(shown_.data):
        notes.append(CAVEAT)
    if any(result.p_adjusted is not None for result in found):
        notes.append(
            f"Only the adjusted p value bears on a claim{_adjusted_by(shown_)}; every other p value is descriptive."
        )
    elif tested:
        notes.append("The p values are descriptive: they are not adjusted and bear on no claim.")
    if any(closed_at_zero(result) for result in found):
        notes.append(AT_ZERO)
    return tuple(notes)


def _adjusted_by(shown_: Shown) -> str:
    rule = shown_.data.study.analysis.multiplicity
    count = len(rule.over)
    return (
        f" ({rule.adjustment.value.replace('_', ' ').capitalize()}, over {count} outcomes)"
        if count > 1
        else ""
    )


def _estimands(shown_: Shown, found: Sequence[Result]) -> list[Block]:
    """The five attributes of each estimand, once, in the words of the plan."""
    seen: dict[str, list[Estimand]] = {}
    for result in found:
        if result.estimand is not None:
            seen.setdefault(result.estimand.name, []).append(result.estimand)
    blocks: list[Block] = []
    for name, asked in seen.items():
        estimand = asked[0]
        variables = list(dict.fromkeys(one.variable for one in asked))
        facts = [
            ("Treatment", estimand.treatment),
            ("Population", estimand.population),
            ("Variable", "; ".join(variables)),
            ("Intercurrent events", _event_words(shown_, estimand) or "none named"),
            ("Summary", estimand.summary),
            ("Missing values", estimand.missing),
        ]
        title = estimand.title or name.replace("_", " ")
        blocks += [Paragraph((Run(title, bold=True),)), Facts([fact for fact in facts if fact[1]])]
    # On paper those of what is not registered are in the plan alone: they are all the same.
    paper = bool(shown_.endpoint.order)
    return [Details("Estimands in their five attributes (ICH E9 R1)", blocks, print=paper)] if blocks else []


def _event_words(shown_: Shown, estimand: Estimand) -> str:
    planned = shown_.data.study.analysis.estimands.get(estimand.name)
    if planned is not None:
        return ". ".join(events_by_handling(planned))
    return "; ".join(f"{kind.replace('_', ' ')}: {how}" for kind, how in estimand.intercurrent.items())


def _logs(shown_: Shown) -> list[Block]:
    told = [(result.label or result.id, result.log) for result in shown_.results if result.log]
    if not told:
        return []
    blocks: list[Block] = []
    for label, log in told:
        blocks += [Heading(label, 3), *(Paragraph(line) for line in log)]
    return [Details("What the methods did on their way", blocks)]


# --- figures ---------------------------------------------------------------------------------------------


def _figures(shown_: Shown) -> list[Figure]:
    endpoint = shown_.endpoint
    if not endpoint.order or not shown_.rows:
        return []
    by_person: dict[str, dict[str, AnalysisRow]] = {}
    for row in shown_.rows:
        by_person.setdefault(row.participant, {})[row.visit] = row
    courses = [
        Course(
            person,
            tuple(_observed(own.get(time)) for time in shown_.titles),
            next((_ENDED[row.status] for row in own.values() if row.status in COMPOSITE), ""),
            _arm_of(shown_, person),
        )
        for person, own in sorted(by_person.items())
    ]
    drawn = [
        figures.spaghetti(f"course-{endpoint.name}", courses, list(shown_.titles.values()), shown_.label)
    ]
    if endpoint.role is EndpointRole.PRIMARY and endpoint.visits:
        last = endpoint.visits[-1]
        bars = [
            Bar(row.participant, row.change, _ENDED.get(row.status, ""))
            for row in shown_.rows
            if row.visit == last
        ]
        drawn.append(
            figures.waterfall(
                f"fall-{endpoint.name}", bars, shown_.label, time=shown_.titles[last],
                lower_is_better=endpoint.lower_is_better,
            )
        )  # fmt: skip
    return drawn


def _arm_of(shown_: Shown, person: str) -> str:
    study = shown_.data.study
    if single_arm(shown_.data):
        return ""
    arm = shown_.data.snapshot.participants[person]["arm"]
    return study.arms[arm].title if arm in study.arms else ""


def _observed(row: AnalysisRow | None) -> float | None:
    return row.value if row is not None and row.status is Status.OBSERVED else None
