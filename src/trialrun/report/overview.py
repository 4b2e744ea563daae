"""The first part of the report: what it is, what it rests on, who took part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trialrun.analyse.methods import describe
from trialrun.derive.answers import machine_value
from trialrun.derive.dataset import Dataset
from trialrun.derive.endpoints import BASELINE, AnalysisRow, Status, analysis_visits
from trialrun.derive.populations import ENROLLED, EVALUABLE, SCREENED, TREATED, Population
from trialrun.report.numbers import decimals_of, finer, percent, shown
from trialrun.study.model import Assumption, Criterion, ItemType, Study


@dataclass(frozen=True, slots=True)
class Box:
    """One box of the flow: how many, and who left before the next one, by reason."""

    title: str
    n: int
    left: Sequence[tuple[str, int]]
    side: str = "Not taken further"


@dataclass(frozen=True, slots=True)
class TableRow:
    """A label and one cell."""

    label: str
    cell: str


@dataclass(frozen=True, slots=True)
class CriterionCount:
    """How often a criterion kept somebody out."""

    criterion: Criterion
    failed: int
    unknown: int


def flow_boxes(data: Dataset) -> tuple[Box, ...]:
    """Screened, enrolled, treated, and what became of the treated at each planned time."""
    sets = data.populations
    boxes = [
        _box("Screened", sets[SCREENED], sets[ENROLLED]),
        _box("Enrolled", sets[ENROLLED], sets[TREATED]),
        Box("Treated: at least one dose", len(sets[TREATED].members), _left_by_time(data), "Not evaluable"),
    ]
    boxes.append(
        _box("Evaluable for the primary outcomes, death and transplant included", sets[EVALUABLE], None)
    )
    return tuple(boxes)


def _box(title: str, here: Population, following: Population | None) -> Box:
    reasons = (
        Counter(_short(reason) for reason in following.left_out.values()) if following else Counter[str]()
    )
    return Box(title, len(here.members), tuple(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))))


def _short(reason: str) -> str:
    """A reason without its details, so that equal reasons are counted together."""
    return reason.split(":")[0] if reason.startswith(("not eligible", "eligibility undecided")) else reason


def _left_by_time(data: Dataset) -> tuple[tuple[str, int], ...]:
    """Why treated people are not evaluable, in plain classes; the sum is the number not evaluable."""
    reasons: Counter[str] = Counter()
    missing = data.populations[EVALUABLE].left_out
    for name in missing:
        statuses = {row.status for row in _primary_rows(data) if row.participant == name}
        reasons[_class_of(statuses)] += 1
    return tuple(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))


def _primary_rows(data: Dataset) -> list[AnalysisRow]:
    last = {
        e.variable: e.visits[-1]
        for e in data.study.endpoints.values()
        if e.role.value == "primary" and e.visits
    }
    return [row for row in data.rows if last.get(row.parameter) == row.visit]


def _class_of(statuses: set[Status]) -> str:
    for status, words in (
        (Status.LEFT, "left the trial before"),
        (Status.NOT_REACHED, "not there yet"),
        (Status.MISSED, "visit missed"),
        (Status.OUTSIDE_WINDOW, "visit outside its window"),
        (Status.UNKNOWN, "a part of a score missing"),
    ):
        if status in statuses:
            return words
    return "no baseline value"


def outcome_counts(data: Dataset) -> Mapping[str, Mapping[str, int]]:
    """For each planned time what became of the treated, by the first primary outcome."""
    primary = [row.parameter for row in _primary_rows(data)]
    parameter = primary[0] if primary else ""
    counts: dict[str, dict[str, int]] = {}
    for time in analysis_visits(data.study):
        rows = [row for row in data.rows if row.parameter == parameter and row.visit == time]
        found = Counter(row.status for row in rows)
        counts[data.study.visits[time].title] = {str(status): found.get(status, 0) for status in Status}
    return counts


def screening_reasons(data: Dataset) -> tuple[CriterionCount, ...]:
    """The criteria that were not passed, by how many people; one person can count more than once."""
    failed: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for row in data.snapshot.rows("criteria"):
        criterion = data.study.criteria.get(row["criterion"])
        if criterion is None:
            continue
        if row["outcome"] == "unknown":
            unknown[criterion.id] += 1
        elif row["outcome"] != ("met" if criterion.kind.value == "inclusion" else "not_met"):
            failed[criterion.id] += 1
    order = [
        criterion
        for criterion in data.study.criteria.values()
        if failed[criterion.id] or unknown[criterion.id]
    ]
    return tuple(
        CriterionCount(criterion, failed[criterion.id], unknown[criterion.id]) for criterion in order
    )


def assumption_lists(study: Study) -> tuple[Sequence[Assumption], Sequence[Assumption]]:
    """The assumptions still open, and those a named person has confirmed."""
    every = list(study.assumptions.values())
    return [a for a in every if a.confirmed is None], [a for a in every if a.confirmed is not None]


def baseline_table(data: Dataset) -> tuple[TableRow, ...]:
    """Who the treated were before the first dose."""
    members = data.populations[TREATED].members
    people = [data.snapshot.participants[name] for name in members]
    table = [_measured("Age, years", [p["age"] for p in people], 0), *_choice(data, "sex", members)]
    for name in ("ascites", "encephalopathy"):
        if name in data.study.items:
            table += _choice(data, name, members)
    for parameter in dict.fromkeys(row.parameter for row in data.rows):
        values = [row.value for row in data.rows if row.parameter == parameter and row.visit == BASELINE]
        most = 2 if parameter in data.study.items else 1
        table.append(_measured(label_of(data.study, parameter), values, decimals_of(values, most)))
    return tuple(table)


def _measured(label: str, values: Sequence[float | None], digits: int) -> TableRow:
    known = [value for value in values if value is not None]
    summary = describe(known)
    if not summary.n:
        return TableRow(label, "none known")
    cell = (
        f"{shown(summary.mean, finer(digits))} ({shown(summary.sd, finer(digits))}); "
        f"{shown(summary.median, digits)} [{shown(summary.q25, digits)}, {shown(summary.q75, digits)}]; "
        f"{shown(summary.low, digits)} to {shown(summary.high, digits)}"
    )
    missing = len(values) - summary.n
    return TableRow(label, f"{cell}; {missing} missing" if missing else cell)


def _choice(data: Dataset, name: str, members: Sequence[str]) -> list[TableRow]:
    item = data.study.items.get(name)
    if item is None or item.type is not ItemType.CHOICE:
        return []
    counts: Counter[str] = Counter()
    for member in members:
        found = None
        for visit in data.answers.get(member, ()):
            first = data.snapshot.participants[member]["first_dose_on"]
            if visit.on is not None and first is not None and visit.on <= first and name in visit.single:
                found = machine_value(item, visit.single[name]) or found
        counts[found or ""] += 1
    rows = [
        TableRow(
            f"{item.label}: {choice.label}",
            f"{counts[choice.code]} ({percent(counts[choice.code] / len(members))})",
        )
        for choice in item.choices
        if members
    ]
    return [*rows, TableRow(f"{item.label}: unknown", str(counts[""]))] if counts[""] else rows


def label_of(study: Study, parameter: str) -> str:
    """A parameter's name with its unit, as a person reads it."""
    if parameter in study.items:
        item = study.items[parameter]
        unit = item.unit or ""
        return f"{item.label}, {unit}" if unit and not unit.startswith("{") else item.label
    return study.derived[parameter].label if parameter in study.derived else parameter
