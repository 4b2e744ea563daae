"""Who the treated were before the first dose, together or by arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trialrun.analyse.methods import describe
from trialrun.derive.answers import machine_value
from trialrun.derive.dataset import Dataset
from trialrun.derive.endpoints import BASELINE, AnalysisRow
from trialrun.derive.measures import Source
from trialrun.derive.names import local_name
from trialrun.derive.populations import TREATED
from trialrun.derive.safety import source_of
from trialrun.report import anchors
from trialrun.report.documents.blocks import Block, Cell, Chapter, Paragraph, Table
from trialrun.report.numbers import decimals_of, finer, middle, percent, shown
from trialrun.report.overview import is_choice, is_masked, label_of
from trialrun.report.trace import Line, Opening, Openings

_CHOICES = ("sex", "ascites", "encephalopathy")
_GROUP = "Baseline"


@dataclass(frozen=True, slots=True)
class Group:
    """Participants shown together: an arm, or everybody."""

    key: str
    title: str
    members: tuple[str, ...]


def groups_of(data: Dataset, members: Sequence[str]) -> tuple[Group, ...]:
    """The arms with somebody in them and then everybody; everybody alone with one arm, or while arms are masked."""
    everyone = Group("all", "All", tuple(members))
    if len(data.study.arms) < 2 or is_masked(data):
        return (everyone,)
    people = data.snapshot.participants
    arms = [
        Group(name, arm.title, tuple(m for m in members if people[m]["arm"] == name))
        for name, arm in data.study.arms.items()
    ]
    return (*arms, everyone)


@dataclass(frozen=True, slots=True)
class _Measured:
    """A measured characteristic: everybody's value and what it rests on."""

    key: str
    label: str
    values: Mapping[str, float | None]
    sources: Mapping[str, tuple[Source, ...]]
    digits: int


def baseline_chapter(data: Dataset, openings: Openings) -> Chapter:
    """The characteristics of the treated at their last value before the first dose."""
    members = data.populations[TREATED].members
    if not members:
        return Chapter(anchors.BASELINE, "Baseline", (Paragraph("Nobody has been treated yet."),))
    groups = groups_of(data, members)
    chosen = [name for name in _CHOICES if is_choice(data.study, local_name(data.study, name))]
    blocks: list[Block] = [
        Paragraph(f"The {len(members)} treated, at their last value before the first dose."),
        _categories(data, [local_name(data.study, name) for name in chosen], groups, openings),
        _measured_table(_measured(data, members), groups, openings),
    ]
    return Chapter(anchors.BASELINE, "Baseline", blocks)


# --- measured -----------------------------------------------------------------------------------------


def _measured(data: Dataset, members: Sequence[str]) -> list[_Measured]:
    people = data.snapshot.participants
    born = local_name(data.study, "birth_date")
    age_sources = {m: tuple(source_of(row) for row in _answers_of(data, m, born)) for m in members}
    found = [_Measured("age", "Age, years", {m: people[m]["age"] for m in members}, age_sources, 0)]
    by_parameter: dict[str, list[AnalysisRow]] = {}
    for row in data.rows:
        if row.visit == BASELINE:
            by_parameter.setdefault(row.parameter, []).append(row)
    for parameter, rows in by_parameter.items():
        if not any(row.value is not None for row in rows):
            continue
        most = 2 if parameter in data.study.items else 1
        found.append(
            _Measured(
                parameter,
                label_of(data.study, parameter),
                {row.participant: row.value for row in rows},
                {row.participant: tuple(dict.fromkeys(row.sources)) for row in rows},
                decimals_of((row.value for row in rows), most),
            )
        )
    return found


def _answers_of(data: Dataset, member: str, item: str) -> list[Mapping[str, object]]:
    return [visit.single[item] for visit in data.answers.get(member, ()) if item in visit.single][-1:]


def _measured_table(found: Sequence[_Measured], groups: Sequence[Group], openings: Openings) -> Table:
    rows: list[tuple[Cell, ...]] = []
    several = len(groups) > 1
    for one in found:
        for group in groups:
            place = openings.add(_measured_opening(one, group, several))
            values = [one.values.get(member) for member in group.members]
            summary = describe([value for value in values if value is not None])
            shape = finer(one.digits)
            cells = (
                str(summary.n),
                str(len(values) - summary.n),
                f"{shown(summary.mean, shape)} ({shown(summary.sd, shape)})",
                middle(summary.median, one.digits),
                f"{middle(summary.q25, one.digits)} to {middle(summary.q75, one.digits)}",
                f"{shown(summary.low, one.digits)} to {shown(summary.high, one.digits)}",
            )
            label = f"{one.label}: {group.title}" if several else one.label
            rows.append((Cell(label, head=True), *(Cell(text, opens=place, number=True) for text in cells)))
    return Table(
        ("Measured", "n", "Missing", "Mean (SD)", "Median", "Quartiles", "Lowest to highest"),
        rows,
        widths=(5, 1, 2, 3, 2, 3, 3),
        empty="Nothing was measured before the first dose.",
    )


def _measured_opening(one: _Measured, group: Group, several: bool) -> Opening:
    lines = tuple(
        Line(member, (shown(one.values.get(member), one.digits),), one.sources.get(member, ()))
        for member in group.members
    )
    title = f"{one.label} at baseline" + (f", {group.title}" if several else "")
    return Opening(
        anchors.rows_anchor(f"baseline/{one.key}/{group.key}"),
        title,
        ("Value",),
        lines,
        frozenset({0}),
        chapter=_GROUP,
    )


# --- categories ---------------------------------------------------------------------------------------


def _categories(data: Dataset, names: Sequence[str], groups: Sequence[Group], openings: Openings) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name in names:
        rows += _category_rows(data, name, groups, openings)
    heads = [
        f"{group.title} (n = {len(group.members)})" if len(groups) > 1 else f"n = {len(group.members)}"
        for group in groups
    ]
    return Table(
        ("Characteristic", "Category", *heads),
        rows,
        widths=(4, 4, *(3 for _ in heads)),
        empty="No category is collected.",
    )


def _category_rows(
    data: Dataset, name: str, groups: Sequence[Group], openings: Openings
) -> list[tuple[Cell, ...]]:
    item = data.study.items[name]
    found = {member: _last_before_dose(data, name, member) for member in groups[-1].members}
    codes = [(choice.code, choice.label) for choice in item.choices]
    if any(not code for code, _ in found.values()):
        codes.append(("", "unknown"))
    rows: list[tuple[Cell, ...]] = []
    for code, label in codes:
        cells = []
        for group in groups:
            members = [member for member in group.members if found[member][0] == code]
            lines = tuple(Line(member, (label,), found[member][1]) for member in members)
            place = anchors.rows_anchor(f"baseline/{name}/{code or 'unknown'}/{group.key}")
            title = f"{item.label}: {label}" + (f", {group.title}" if len(groups) > 1 else "")
            openings.add(Opening(place, title, ("Answer",), lines, chapter=_GROUP))
            share = f" ({percent(len(members) / len(group.members))})" if group.members else ""
            cells.append(Cell(f"{len(members)}{share}", opens=place if members else "", number=True))
        rows.append((Cell("" if rows else item.label), Cell(label, head=True), *cells))
    return rows


def _last_before_dose(data: Dataset, name: str, member: str) -> tuple[str, tuple[Source, ...]]:
    """The code of the last answer up to the first dose (empty: none known), and where it stands."""
    item = data.study.items[name]
    first = data.snapshot.participants[member]["first_dose_on"]
    code, source = "", ()
    for visit in data.answers.get(member, ()):
        if visit.on is None or first is None or visit.on > first or name not in visit.single:
            continue
        row = visit.single[name]
        known = machine_value(item, row)
        if known or not code:
            code, source = known or code, (source_of(row),)
    return code, source
