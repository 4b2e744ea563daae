"""Time to death and transplant: cumulative incidence of events that exclude one another."""

from __future__ import annotations

from collections.abc import Sequence

from trialrun.analyse.result import Analysis, Result, Results, ResultTable
from trialrun.derive.dataset import Dataset
from trialrun.report import anchors
from trialrun.report.documents.blocks import Block, Cell, Chapter, Details, Paragraph, Table
from trialrun.report.figures.data import AtRisk, IncidenceCurve
from trialrun.report.figures.time import incidence
from trialrun.report.numbers import NONE, percent
from trialrun.report.trace import Line, Opening, Openings

_BOUNDS = ("_low", "_high")


def incidence_chapter(data: Dataset, results: Results, openings: Openings) -> tuple[Chapter, ...]:
    """One chapter of every time-to-event question of the plan; none without one."""
    found = [result for result in results.results if result.analysis is Analysis.INCIDENCE]
    if not found:
        return ()
    blocks: list[Block] = [
        Paragraph(
            "Not registered. Death and transplant exclude one another: each curve is the share that has had the event by then "
            "(Aalen-Johansen), not one minus a survival curve in which the other event is censored."
        )
    ]
    for name in dict.fromkeys(result.name for result in found):
        blocks += _question([result for result in found if result.name == name], data, openings)
    return (Chapter(anchors.TIME_TO_EVENT, "Time to death and transplant", blocks),)


def _question(found: Sequence[Result], data: Dataset, openings: Openings) -> list[Block]:
    curves: list[IncidenceCurve] = []
    at_risk: list[AtRisk] = []
    for result in found:
        if result.table is not None:
            table = _until(result, result.table)
            curves += [_curve(result, table, kind) for kind in _kinds(table)]
            at_risk.append(_at_risk(result, table))
    rows = [row for result in found for row in _summary(result, data, openings)]
    blocks: list[Block] = [incidence(f"incidence-{found[0].name}", curves, at_risk)] if curves else []
    blocks.append(
        Table(
            (
                "Event",
                "Until day",
                "Participants",
                "With the event by then",
                "Still at risk",
                "Cumulative incidence",
                "95 % interval",
            ),
            rows,
            caption=found[0].label or found[0].name,
            widths=(4, 2, 2, 2, 2, 3, 3),
            notes=[*(result.note for result in found if result.note), *_beyond(found, data)],
        )
    )
    blocks += [_steps(result) for result in found if result.table is not None]
    return blocks


def _until(result: Result, table: ResultTable) -> ResultTable:
    """The curve up to the day it was planned for: beyond it too few are left for a curve to mean anything."""
    day = _number(result, "day")
    at = table.columns.index("time_days")
    if day is None:
        return table
    kept = [row for row in table.rows if isinstance(row[at], (int, float)) and float(row[at] or 0) <= day]
    # The curve holds on to the planned day itself, with those still at risk then.
    left = result.details.get("at_risk")
    end = tuple(
        day if name == "time_days" else left if name == "at_risk" and left is not None else value
        for name, value in zip(table.columns, kept[-1], strict=True)
    ) if kept else ()  # fmt: skip
    return ResultTable(table.columns, (*kept, end) if end else tuple(kept))


def _kinds(table: ResultTable) -> list[str]:
    return [
        name for name in table.columns if name not in {"time_days", "at_risk"} and not name.endswith(_BOUNDS)
    ]


def _column(table: ResultTable, name: str) -> list[float | None]:
    at = table.columns.index(name)
    return [float(row[at]) if isinstance(row[at], (int, float)) else None for row in table.rows]  # type: ignore[arg-type]


def _curve(result: Result, table: ResultTable, kind: str) -> IncidenceCurve:
    return IncidenceCurve(
        kind.replace("_", " "),
        tuple(value or 0.0 for value in _column(table, "time_days")),
        tuple(value or 0.0 for value in _column(table, kind)),
        tuple(_column(table, f"{kind}_low")),
        tuple(_column(table, f"{kind}_high")),
        result.arm,
    )


def _at_risk(result: Result, table: ResultTable) -> AtRisk:
    times = tuple(value or 0.0 for value in _column(table, "time_days"))
    return AtRisk(result.arm, times, tuple(int(value or 0) for value in _column(table, "at_risk")))


def _summary(result: Result, data: Dataset, openings: Openings) -> list[tuple[Cell, ...]]:
    place = _rows(result, data, openings)
    kinds = _kinds(result.table) if result.table else []
    day, at_risk = result.details.get("day"), _number(result, "at_risk")
    rows: list[tuple[Cell, ...]] = []
    for kind in kinds:
        share, low, high = (_number(result, kind + end) for end in ("", *_BOUNDS))
        words = kind.replace("_", " ").capitalize() + (f", {result.arm}" if result.arm else "")
        cells = (
            str(day if day is not None else ""),
            str(result.n),
            str(_had(result, data, kind, day)),
            f"{at_risk:g}" if at_risk is not None else NONE,
            percent(share, 1),
            f"{percent(low, 1)} to {percent(high, 1)}",
        )
        rows.append((Cell(words, head=True), *(Cell(text, opens=place, number=True) for text in cells)))
    return rows


def _had(result: Result, data: Dataset, kind: str, day: object) -> int:
    """How many had the event up to the planned day."""
    had = {event.participant for event in data.events if event.kind == kind}
    limit = float(day) if isinstance(day, (int, float)) else float("inf")
    return sum(
        ref.row.split("/")[0] in had and (ref.value is None or ref.value <= limit) for ref in result.rows
    )


def _beyond(found: Sequence[Result], data: Dataset) -> list[str]:
    """The events after the planned day: they are not on the curves and must not be lost."""
    later = sorted(
        {
            (str(_kind_of(data, name)), name, ref.value)
            for result in found
            for ref in result.rows
            for name in (ref.row.split("/")[0],)
            if ref.value is not None
            and ref.value > (_number(result, "day") or float("inf"))
            and _kind_of(data, name)
        }
    )
    words = ", ".join(f"{kind} of {name}, {value:g} days after the first dose" for kind, name, value in later)
    if not later:
        return []
    told = (
        f"After the last day of the curves, and not on them: {words}. Before a score that was still due it counts as "
        "the worst outcome in the primary analysis all the same."
    )
    return [told]


def _kind_of(data: Dataset, name: str) -> str:
    return next(
        (e.kind for e in data.events if e.participant == name and e.kind in {"death", "transplant"}), ""
    )


def _number(result: Result, name: str) -> float | None:
    value = result.details.get(name)
    return float(value) if isinstance(value, (int, float)) else None


def _rows(result: Result, data: Dataset, openings: Openings) -> str:
    events = {event.participant: event for event in data.events if event.kind in {"death", "transplant"}}
    people = data.snapshot.participants
    lines: list[Line] = []
    for ref in result.rows:
        name = ref.row.split("/")[0]
        event = events.get(name)
        person = people.get(name, {})
        ended = str(person.get("ended_on") or "")
        words = event.kind if event else "none up to here"
        day = f"{ref.value:g}" if ref.value is not None else ""
        sources = (event.source,) if event else ()
        lines.append(
            Line(
                name,
                (str(person.get("first_dose_on") or ""), ended, day, words),
                sources,
                () if event else ref.events,
            )
        )
    columns = ("First dose", "Ended", "Days observed", "Event")
    return openings.add(
        Opening(
            anchors.rows_anchor(result.id), result.label or result.name, columns, tuple(lines), frozenset({2}),
            chapter="Time to event",
        )
    )  # fmt: skip


def _steps(result: Result) -> Details:
    table = _until(result, result.table) if result.table else ResultTable((), ())
    kinds = _kinds(table)
    rows: list[tuple[Cell, ...]] = []
    for index, day in enumerate(_column(table, "time_days")):
        cells = [f"{_column(table, 'at_risk')[index] or 0:g}"]
        for kind in kinds:
            share, low, high = (_column(table, kind + end)[index] for end in ("", *_BOUNDS))
            cells.append(f"{percent(share, 1)} ({percent(low, 1)} to {percent(high, 1)})")
        rows.append(
            (Cell(f"{day or 0:g}", head=True, number=True), *(Cell(text, number=True) for text in cells))
        )
    heads = ("Day", "At risk", *(f"{kind.replace('_', ' ').capitalize()} (95 % interval)" for kind in kinds))
    title = "Every step of the curves" + (f", {result.arm}" if result.arm else "")
    return Details(title, (Table(heads, rows),), print=len(rows) <= 60)
