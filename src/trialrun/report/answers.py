"""Beside the main result of an outcome: sensitivity analyses, responders and shifts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialrun.analyse.result import Analysis, Result
from trialrun.report.anchors import anchor_of
from trialrun.report.documents.blocks import Block, Cell, Heading, Table
from trialrun.report.figures.data import ForestRow
from trialrun.report.figures.forest import forest
from trialrun.report.numbers import finer, percent, shown, shown_interval, shown_p

if TYPE_CHECKING:
    from trialrun.report.outcomes import Shown
    from trialrun.report.rows import RowBook


def forest_blocks(shown_: Shown, book: RowBook) -> list[Block]:
    """For each main result with sensitivity analyses: the forest and its numbers."""
    blocks: list[Block] = []
    by_main: dict[str, list[Result]] = {}
    for result in shown_.results:
        if result.sensitivity_of:
            by_main.setdefault(result.sensitivity_of, []).append(result)
    mains = {result.id: result for result in shown_.results}
    for main_id, varied in by_main.items():
        main = mains.get(main_id)
        if main is None:
            continue
        blocks += [
            Heading("Sensitivity", 2),
            *_forest(shown_, main, varied),
            _sensitivity(shown_, main, varied, book),
        ]
    return blocks


def _forest(shown_: Shown, main: Result, varied: list[Result]) -> list[Block]:
    rows = [
        ForestRow(
            one.label or one.method,
            one.n,
            one.estimate,
            one.interval.low if one.interval else None,
            one.interval.high if one.interval else None,
            main=one is main,
            note=one.note,
        )
        for one in (main, *varied)
    ]
    return [
        forest(
            anchor_of("forest", *main.id.split("/")).replace("/", "-"), rows, f"change in {shown_.label}",
            lower_is_better=shown_.endpoint.lower_is_better, digits=finer(shown_.digits),
        )
    ]  # fmt: skip


def _sensitivity(shown_: Shown, main: Result, varied: list[Result], book: RowBook) -> Table:
    shape = finer(shown_.digits)
    rows: list[tuple[Cell, ...]] = []
    for one in (main, *varied):
        place = book.of(one)
        bounds = (
            shown_interval(one.interval.low, one.interval.high, shape, sign=True)
            if one.interval
            else "not estimable"
        )
        words = one.label or one.method
        note = f"\n{one.note}" if one.note else ""
        rows.append(
            (
                Cell(f"{words} (main)" if one is main else words + note, head=True, strong=one is main),
                Cell(str(one.n), opens=place, number=True),
                Cell(shown(one.estimate, shape, sign=True), opens=place, number=True),
                Cell(bounds, opens=place, number=True),
                Cell(shown_p(one.p), opens=place, number=True),
            )
        )
    return Table(
        ("Analysis", "n", "Estimate", "95 % interval", "p"),
        rows,
        caption=f"{shown_.label}, {shown_.title(main.visit)}: the main analysis and what it changes to when one thing is changed",
        widths=(7, 1, 2, 4, 2),
    )


def response_blocks(shown_: Shown, book: RowBook) -> list[Block]:
    """How many responded, with the exact interval; death and transplant count as no response."""
    found = [result for result in shown_.results if result.analysis is Analysis.RESPONSE]
    if not found:
        return []
    rows: list[tuple[Cell | str, ...]] = []
    for one in found:
        responders = [row for row in one.rows if row.value == 1]
        place = book.of(one)
        some = book.subset(
            "responders", f"{one.label}: responders", [row.row.split("/")[0] for row in responders], one
        )
        bounds = (
            f"{percent(one.interval.low)} to {percent(one.interval.high)}"
            if one.interval
            else "not estimable"
        )
        rows.append(
            (
                Cell(shown_.title(one.visit), head=True),
                one.label or one.name,
                Cell(str(len(responders)), opens=some if responders else "", number=True),
                Cell(str(one.n), opens=place, number=True),
                Cell(percent(one.estimate), opens=place, number=True),
                Cell(bounds, opens=place, number=True),
            )
        )
    return [
        Table(
            ("Visit", "Response", "Responders", "Of", "Share", "95 % interval"),
            rows,
            caption="Responders",
            widths=(3, 6, 2, 1, 2, 3),
            notes=("Exact intervals (Clopper and Pearson). Death and transplant count as no response.",),
        )
    ]


def shift_blocks(shown_: Shown, book: RowBook) -> list[Block]:
    """Categories at baseline against a later time, with the test of better against worse."""
    blocks: list[Block] = []
    for one in (result for result in shown_.results if result.analysis is Analysis.SHIFT):
        if one.table is None:
            continue
        place = book.of(one)
        rows = [
            (
                Cell(str(row[0]), head=True),
                *(Cell(str(value), opens=place if value else "", number=True) for value in row[1:]),
            )
            for row in one.table.rows
        ]
        notes = [f"p = {shown_p(one.p)}: better against worse, exact sign test."] if one.p is not None else []
        notes += [one.note] if one.note else []
        blocks.append(
            Table(
                one.table.columns,
                rows,
                caption=f"{one.label or one.name}: baseline (rows) against {shown_.title(one.visit)}",
                notes=notes,
            )
        )
    return blocks
