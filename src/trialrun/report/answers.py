"""Beside the main result of an outcome: sensitivity analyses, responders and shifts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trialrun.analyse.result import Analysis, Result
from trialrun.report.anchors import anchor_of
from trialrun.report.documents.blocks import Block, Cell, Details, Figure, Heading, Table
from trialrun.report.estimate_words import AT_ZERO, CAVEAT, closed_at_zero, estimate_words, interval_words
from trialrun.report.figures.data import ForestRow, ShiftPath
from trialrun.report.figures.forest import forest
from trialrun.report.figures.shift import shift
from trialrun.report.numbers import finer, percent, shown, shown_interval, shown_p
from trialrun.report.overview import label_of

if TYPE_CHECKING:
    from trialrun.report.outcomes import Shown
    from trialrun.report.rows import RowBook


def _name(kind: str, result: Result) -> str:
    return anchor_of(kind, *result.id.split("/")).replace("/", "-")


def forest_blocks(shown_: Shown, book: RowBook) -> list[Block]:
    """For each main estimate with sensitivity analyses: the forest, its numbers, and how far it can be shifted."""
    varied: dict[str, list[Result]] = {}
    for result in shown_.results:
        if result.sensitivity_of:
            varied.setdefault(result.sensitivity_of, []).append(result)
    mains = [r for r in shown_.results if r.id in varied and r.analysis is Analysis.ESTIMAND]
    blocks: list[Block] = [Heading("Sensitivity", 2)] if mains else []
    for main in mains:
        # A tipping point begins at the imputation without any shift, which stands in the table already.
        tipping = [one for one in varied[main.id] if _is_tipping(one)]
        told = {(one.n, one.estimate, one.p) for one in varied[main.id] if not _is_tipping(one)}
        others = [
            one for one in varied[main.id] if one not in tipping or (one.n, one.estimate, one.p) not in told
        ]
        blocks += [_forest(shown_, main, others), _sensitivity(shown_, main, others, book)]
        blocks += [_tipping(shown_, one) for one in tipping]
    return blocks


def _words(shown_: Shown, one: Result) -> str:
    """What an analysis is called; a parameter by the name a person reads."""
    words = one.label or one.method
    end = f": {one.parameter}"
    return (
        words.removesuffix(end) + f": {label_of(shown_.data.study, one.parameter)}"
        if words.endswith(end)
        else words
    )


def _forest(shown_: Shown, main: Result, varied: Sequence[Result]) -> Figure:
    rows = [
        ForestRow(
            _words(shown_, one),
            one.n,
            one.estimate,
            one.interval.low if one.interval else None,
            one.interval.high if one.interval else None,
            main=one is main,
            note="not estimable" if one.estimate is None else "",
        )
        for one in (main, *varied)
    ]
    return forest(
        _name("forest", main), rows, f"{main.estimate_name} in {shown_.label}",
        lower_is_better=shown_.endpoint.lower_is_better, digits=finer(shown_.digits),
    )  # fmt: skip


def _sensitivity(shown_: Shown, main: Result, varied: Sequence[Result], book: RowBook) -> Table:
    from trialrun.report.overview import single_arm

    rows: list[tuple[Cell, ...]] = []
    for one in (main, *varied):
        place = book.of(one)
        words = f"{_words(shown_, one)}{' (main analysis)' if one is main else ''}"
        rows.append(
            (
                Cell(words + (f"\n{one.note}" if one.note else ""), head=True, strong=one is main),
                Cell(str(one.n), opens=place, number=True),
                Cell(estimate_words(one, shown_.digits), opens=place, number=True),
                Cell(interval_words(one, shown_.digits), opens=place, number=True),
                Cell(shown_p(one.p), opens=place if one.p is not None else "", number=True),
            )
        )
    notes = [f"Estimate: {main.estimate_name}."]
    notes += [words for one in varied for words in _pooled(one)]
    notes += [CAVEAT] if single_arm(shown_.data) else []
    notes.append("The p values are descriptive: they are not adjusted and bear on no claim.")
    notes += [AT_ZERO] if any(closed_at_zero(one) for one in (main, *varied)) else []
    return Table(
        ("Analysis", "n", "Estimate", "95 % interval", "p"),
        rows,
        caption=f"{shown_.label}, {shown_.title(main.visit)}: the main analysis, and each with one thing changed",
        widths=(8, 1, 2, 4, 2),
        notes=notes,
    )


def _pooled(one: Result) -> list[str]:
    """What Rubin's rules say beside the estimate: how much was imputed and how much information is missing."""
    fmi, df = one.details.get("fmi"), one.details.get("df")
    if not isinstance(fmi, (int, float)) or not isinstance(df, (int, float)):
        return []
    told = (
        f"{one.label or one.method}: {one.details.get('imputed')} values imputed; fraction of missing information "
        f"{percent(float(fmi))}, {shown(float(df))} degrees of freedom (Rubin, Barnard-Rubin)."
    )
    return [told]


def _is_tipping(one: Result) -> bool:
    return one.table is not None and "delta" in one.table.columns


def _tipping(shown_: Shown, one: Result) -> Details:
    """By how much imputed values must be worse for the conclusion to change."""
    shape = finer(shown_.digits)
    rows: list[tuple[Cell, ...]] = []
    for row in one.table.rows if one.table else ():
        delta, estimate, low, high, p = (
            value if isinstance(value, (int, float)) else None for value in row[:5]
        )
        texts = (
            shown(estimate, shape, sign=True),
            shown_interval(low, high, shape, sign=True),
            shown_p(p),
        )
        rows.append(
            (Cell(shown(delta, 1, sign=True), head=True, number=True), *(Cell(t, number=True) for t in texts))
        )
    table = Table(
        ("Imputed values worse by", "Estimate", "95 % interval", "p"),
        rows,
        caption=f"{shown_.label}, {shown_.title(one.visit)}: {one.label}",
        widths=(3, 2, 4, 2),
        notes=[
            *([one.note[:1].upper() + one.note[1:] + "."] if one.note else []),
            f"Worse means {'higher' if shown_.endpoint.lower_is_better else 'lower'}. Whether a shift is plausible is a clinical judgement.",
        ],
    )
    return Details(
        f"Tipping point: {(one.label or one.method)[:1].lower()}{(one.label or one.method)[1:]}",
        (table,),
        print=True,
    )


def response_blocks(shown_: Shown, book: RowBook) -> list[Block]:
    """How many responded, with the exact interval; death and transplant count as no response."""

    mains = [result for result in shown_.results if result.analysis is Analysis.RESPONSE]
    if not mains:
        return []
    rows: list[tuple[Cell | str, ...]] = []
    for main in mains:
        varied = [result for result in shown_.results if result.sensitivity_of == main.id]
        for one in (main, *varied):
            place = book.of(one)
            responders = [row.row.split("/")[0] for row in one.rows if row.value == 1]
            some = (
                book.subset("responders", f"{one.label}: responders", responders, one) if responders else ""
            )
            rows.append(
                (
                    Cell(shown_.title(one.visit), head=True),
                    (one.label or one.name) + ("" if one is main else " (sensitivity)"),
                    Cell(str(one.details.get("responders", len(responders))), opens=some, number=True),
                    Cell(str(one.n), opens=place, number=True),
                    Cell(estimate_words(one, 0), opens=place, number=True),
                    Cell(interval_words(one, 0), opens=place, number=True),
                )
            )
    return [
        Heading("Responders", 2),
        Table(
            ("Visit", "Response", "Responders", "Of", "Share", "95 % interval"),
            rows,
            caption=f"{shown_.label}: responders",
            widths=(3, 7, 2, 1, 2, 3),
            notes=("Exact intervals (Clopper and Pearson). Death and transplant count as no response.",),
        ),
    ]


def shift_blocks(shown_: Shown, book: RowBook) -> list[Block]:
    """Categories at baseline against a later time, with the test of better against worse."""
    blocks: list[Block] = []
    for one in (result for result in shown_.results if result.analysis is Analysis.SHIFT):
        if one.table is None:
            continue
        later = one.table.columns[1:]
        behind = book.shift_cells(one, [str(row[0]) for row in one.table.rows], later)
        rows = [
            (
                Cell(str(row[0]), head=True),
                *(
                    Cell(str(value), opens=behind.get((str(row[0]), name), "") if value else "", number=True)
                    for name, value in zip(later, row[1:], strict=True)
                ),
            )
            for row in one.table.rows
        ]
        blocks += [Heading(one.label or one.name, 2), *_ribbons(shown_, one)]
        table = Table(
            ("At baseline", *(name.capitalize() if len(name) > 1 else name for name in later)),
            rows,
            caption=f"{one.label or one.name}: participants, {shown_.title(one.visit)} across, baseline down",
            notes=_shift_notes(one),
        )
        blocks.append(table)
    return blocks


def _ribbons(shown_: Shown, one: Result) -> list[Figure]:
    if one.table is None:
        return []
    later = list(one.table.columns[1:])
    paths = [
        ShiftPath((str(row[0]), name), int(value))
        for row in one.table.rows
        for name, value in zip(later, row[1:], strict=True)
        if isinstance(value, (int, float)) and value > 0
    ]
    if not paths or any(path.categories[0] not in later for path in paths):
        return []
    label = one.label or one.name
    return [
        shift(_name("shift", one), paths, later, ("Baseline", shown_.titles.get(one.visit, one.visit)), label)
    ]


def _shift_notes(one: Result) -> list[str]:
    counts = [f"{one.details[word]} {word}" for word in ("better", "same", "worse") if word in one.details]
    notes = [", ".join(counts).capitalize() + "."] if counts else []
    if one.p is not None:
        notes.append(
            f"p = {shown_p(one.p)}: better against worse, exact sign test. It says nothing of what caused a shift."
        )
    stuart, p = one.details.get("stuart_maxwell"), one.details.get("stuart_maxwell_p")
    if isinstance(stuart, (int, float)) and isinstance(p, (int, float)):
        notes.append(
            f"Stuart-Maxwell: {shown(float(stuart), 2)}, p = {shown_p(float(p))}. {one.note[:1].upper()}{one.note[1:]}".strip()
        )
    elif one.note:
        notes.append(one.note)
    return notes
