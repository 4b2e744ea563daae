"""The section of a time to an event: who had it, the median, the share free of it at each time, arms compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from trialrun.analyse.estimators.event_times import MEDIAN
from trialrun.analyse.result import Analysis, Result, ResultTable
from trialrun.report.documents.blocks import Block, Cell, Paragraph, Table
from trialrun.report.figures.data import AtRisk, IncidenceCurve
from trialrun.report.figures.time import incidence
from trialrun.report.numbers import NONE, percent, shown, shown_p
from trialrun.report.rows import RowBook
from trialrun.study.time_to_event import event_words

if TYPE_CHECKING:
    from trialrun.report.outcomes import Shown

_CAPTION = (
    "One minus the Kaplan-Meier estimate: the share of participants who had had the event by each day, if those no longer "
    "followed have it as often as those who are."
)


def is_timed(results: Sequence[Result]) -> bool:
    """Whether an outcome was analysed by its time to an event."""
    return any(one.estimate_name == MEDIAN for one in results)


def event_time_blocks(shown_: Shown, book: RowBook) -> list[Block]:
    """Tables and curves of an outcome analysed by its time to an event; every number leads to its rows."""
    time = shown_.endpoint.time_to_event
    medians = [one for one in shown_.results if one.estimate_name == MEDIAN]
    blocks: list[Block] = []
    if time is not None:
        words = event_words(shown_.data.study, time)
        last = shown_.data.study.items[time.last_known].label
        blocks.append(Paragraph(f"Days from {words}. Without an event the time is censored: {last.lower()}."))
    titles = {name: arm.title for name, arm in shown_.data.study.arms.items()}
    blocks += _medians(shown_, medians, book, titles)
    blocks += _compared(shown_, book, titles)
    blocks += _free(shown_, book, titles)
    for name in dict.fromkeys(
        one.name for one in medians if one.table is not None and not one.sensitivity_of
    ):
        own = [
            one for one in medians if one.name == name and one.table is not None and not one.sensitivity_of
        ]
        curves = [_curve(one, one.table, shown_.label, titles) for one in own if one.table is not None]
        at_risk = [_at_risk(one, one.table, titles) for one in own if one.table is not None]
        figure = incidence(
            f"event-time-{shown_.endpoint.name}-{name}",
            curves,
            at_risk,
            label="Days from the start",
            title="Share with the event",
            caption=_CAPTION,
        )
        blocks.append(figure)
    return blocks


def _medians(shown_: Shown, found: Sequence[Result], book: RowBook, titles: Mapping[str, str]) -> list[Block]:
    if not found:
        return []
    arms = any(one.arm for one in found)
    begun = any(one.details.get("never began") for one in found)
    counted = ("events", "censored", "missing", *(("never began",) if begun else ()))
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        place = book.of(one)
        low, high = (one.interval.low, one.interval.high) if one.interval else (None, None)
        between = f"{_days(low)} to {_days(high)}" if one.interval else "not estimable"
        cells = (
            *(_count(one, name) for name in counted),
            _days(one.estimate),
            between,
        )
        rows.append(
            (
                Cell(one.label, head=True, strong=one.role == "primary" and not one.sensitivity_of),
                *((Cell(titles.get(one.arm, one.arm) or "All"),) if arms else ()),
                Cell(str(one.n), opens=place, number=True),
                *(Cell(text, opens=place, number=True) for text in cells),
            )
        )
    heads = (
        "Estimate of", *(("Arm",) if arms else ()), "n", "Events", "Censored", "Missing",
        *(("Never began",) if begun else ()), "Median, days", "95 % interval",
    )  # fmt: skip
    notes = [one.note for one in found if one.note]
    if any(one.left_out for one in found):
        left = dict.fromkeys(f"{name}: {why}" for one in found for name, why in one.left_out.items())
        notes.append(f"Not among them: {'; '.join(list(left)[:12])}{'; and more' if len(left) > 12 else ''}.")
    widths = (4, *((3,) if arms else ()), 1, 2, 2, 2, *((2,) if begun else ()), 2, 3)
    return [
        Table(heads, rows, caption=f"{shown_.label}: time to the event", widths=widths, notes=_once(notes))
    ]


def _compared(shown_: Shown, book: RowBook, titles: Mapping[str, str]) -> list[Block]:
    found = [one for one in shown_.results if one.estimate_name == "hazard ratio"]
    if not found:
        return []
    adjusted = any(one.p_adjusted is not None for one in found)
    pairs = {f"{a}-{b}": f"{titles[a]} against {titles[b]}" for a in titles for b in titles}
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        place = book.of(one)
        low, high = (one.interval.low, one.interval.high) if one.interval else (None, None)
        between = f"{shown(low, 2)} to {shown(high, 2)}" if one.interval else "not estimable"
        numbers = (str(one.n), _count(one, "events"), shown(one.estimate, 2), between, shown_p(one.p))
        more = (shown_p(one.p_adjusted) if one.p_adjusted is not None else "",) if adjusted else ()
        rows.append(
            (
                Cell(one.label, head=True),
                Cell(pairs.get(one.arm, one.arm)),
                *(Cell(text, opens=place, number=True) for text in (*numbers, *more)),
            )
        )
    heads = (
        "Estimate of", "Arms", "n", "Events", "Hazard ratio", "95 % interval", "p (log-rank)",
        *(("Adjusted p",) if adjusted else ()),
    )  # fmt: skip
    notes = _once([one.note for one in found if one.note])
    return [Table(heads, rows, caption=f"{shown_.label}: arms compared", notes=notes)]


def _free(shown_: Shown, book: RowBook, titles: Mapping[str, str]) -> list[Block]:
    found = [one for one in shown_.results if one.analysis is Analysis.EVENT_FREE]
    if not found:
        return []
    arms = any(one.arm for one in found)
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        place = book.of(one)
        between = (
            f"{percent(one.interval.low, 1)} to {percent(one.interval.high, 1)}"
            if one.interval
            else "not estimable"
        )
        share = percent(one.estimate, 1) if one.estimate is not None else NONE
        cells = (_count(one, "day"), _count(one, "at_risk"), share, between)
        rows.append(
            (
                Cell(shown_.title(one.visit), head=True),
                *((Cell(titles.get(one.arm, one.arm) or "All"),) if arms else ()),
                *(Cell(text, opens=place, number=True) for text in cells),
            )
        )
    heads = (
        "Visit", *(("Arm",) if arms else ()), "Day", "Still at risk", "Free of the event", "95 % interval",
    )  # fmt: skip
    notes = _once([one.note for one in found if one.note])
    return [Table(heads, rows, caption=f"{shown_.label}: share free of the event", notes=notes)]


def _count(result: Result, name: str) -> str:
    value = result.details.get(name)
    return f"{value:g}" if isinstance(value, (int, float)) else NONE


def _days(value: float | None) -> str:
    return "not reached" if value is None else f"{value:g}"


def _once(notes: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(notes))


def _numbers(table: ResultTable, name: str) -> tuple[float, ...]:
    at = table.columns.index(name)
    return tuple(float(row[at] or 0) for row in table.rows)


def _curve(result: Result, table: ResultTable, label: str, titles: Mapping[str, str]) -> IncidenceCurve:
    return IncidenceCurve(
        label,
        _numbers(table, "time_days"),
        _numbers(table, "event"),
        _numbers(table, "event_low"),
        _numbers(table, "event_high"),
        titles.get(result.arm, result.arm),
    )


def _at_risk(result: Result, table: ResultTable, titles: Mapping[str, str]) -> AtRisk:
    times = _numbers(table, "time_days")
    counts = tuple(int(one) for one in _numbers(table, "at_risk"))
    return AtRisk(titles.get(result.arm, result.arm), times, counts)
