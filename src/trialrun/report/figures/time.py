"""Figures over time: how often an event had happened by each day, and how recruitment went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from trialrun.report.documents.blocks import Figure
from trialrun.report.figures.data import AtRisk, IncidenceCurve, RecruitmentLine, finite
from trialrun.report.figures.drawing import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SMALL,
    SOFT,
    WIDTH,
    Drawing,
    one_line,
)
from trialrun.report.figures.parts import (
    LINE_HEIGHT,
    Sign,
    draw_key,
    even_ticks,
    key_height,
    nothing,
    quiet_grid,
)
from trialrun.report.numbers import NONE, percent

_STYLES = ((ORANGE, "-"), (BLUE, "--"), (INK, ":"), (GREEN, "-."), (PURPLE, "-"), (SOFT, "--"))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_COMPETING = (
    "Cumulative incidence with competing events (Aalen-Johansen): the share of participants in whom each kind of "
    "event had happened by each day."
)


def incidence(
    name: str,
    curves: Sequence[IncidenceCurve],
    at_risk: Sequence[AtRisk] = (),
    *,
    label: str = "Days after the first dose",
    title: str = "Cumulative incidence",
    caption: str = _COMPETING,
) -> Figure:
    """Cumulative incidence of each kind of event as steps with their intervals, numbers at risk below.

    Args:
        curves: one for each kind of event and arm. A curve that does not begin at 0 is continued back to it.
        title, caption: what the curves are, where they are not those of competing events.
        at_risk: rows of numbers below the axis, shown at the axis' ticks; each count is that just before its time.
    """
    for curve in curves:
        finite([*curve.times, *curve.low, *curve.high], f"the curve of {curve.kind}")
    signs = [
        Sign(_curve_name(curve), _STYLES[i % len(_STYLES)][0], line=_STYLES[i % len(_STYLES)][1])
        for i, curve in enumerate(curves)
    ]
    if any(value is not None for curve in curves for value in (*curve.low, *curve.high)):
        signs.append(Sign("thin lines: 95 % intervals", SOFT, line="-"))
    key = key_height(signs, WIDTH - 60)
    table = len(at_risk) * 2 * LINE_HEIGHT + (6 if at_risk else 0)
    bottom = key + table + 42
    end = max(
        [time for curve in curves for time in curve.times] + [t for row in at_risk for t in row.times] + [1.0]
    )
    with Drawing(name, bottom + 190) as drawing:
        axes = drawing.axes(54, bottom, drawing.width - 18, bottom + 180)
        tops = [
            share
            for curve in curves
            for share in (*curve.estimate, *(h for h in curve.high if h is not None))
        ]
        top = min(max([*tops, 0.05]) * 1.06, 1.02)
        for index, curve in enumerate(curves):
            _steps(axes, curve, end, *_STYLES[index % len(_STYLES)])
        axes.set_xlim(-0.02 * end, end * 1.02)
        axes.set_ylim(-0.02 * top, top)
        quiet_grid(axes)
        even_ticks(axes.xaxis, 7, whole=True)
        _percents(axes.yaxis)
        axes.set_ylabel("cumulative incidence")
        axes.set_xlabel(one_line(label))
        page = drawing.page()
        ticks = [tick for tick in axes.get_xticks() if 0 <= tick <= end * 1.02]
        wide = (drawing.width - 72) / (1.04 * end)
        y = bottom - 44
        for row in at_risk:
            page.text(
                8,
                y,
                f"at risk: {one_line(row.label)}" if row.label else "at risk",
                fontsize=SMALL,
                va="center",
            )
            for tick in ticks:
                text = _at(row, tick)
                page.text(
                    54 + (tick + 0.02 * end) * wide,
                    y - LINE_HEIGHT,
                    text,
                    fontsize=SMALL,
                    va="center",
                    ha="center",
                )
            y -= 2 * LINE_HEIGHT
        draw_key(page, signs, 54, key + 4, WIDTH - 60)
        if not curves:
            nothing(axes, "no events to show")
    return drawing.figure(title, caption, _incidence_words(curves, at_risk, label))


def _curve_name(curve: IncidenceCurve) -> str:
    return f"{one_line(curve.kind)}, {one_line(curve.arm)}" if curve.arm else one_line(curve.kind)


def _steps(axes: Any, curve: IncidenceCurve, end: float, colour: str, line: str) -> None:
    for values, width, style in (
        (curve.low, 0.7, line),
        (curve.high, 0.7, line),
        (curve.estimate, 2.0, line),
    ):
        known = [(t, v) for t, v in zip(curve.times, values, strict=True) if v is not None]
        if not known:
            continue
        if values is curve.estimate and known[0][0] > 0:
            known.insert(0, (0.0, 0.0))
        known.append((end, known[-1][1]))
        x, y = zip(*known, strict=True)
        axes.step(
            x, y, where="post", color=colour, linewidth=width, linestyle=style, zorder=3 if width > 1 else 2
        )


def _percents(axis: Any) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(6))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g} %"))


def _at(row: AtRisk, time: float) -> str:
    """The number at risk at a time: those whose own time is not before it, which the next step counts."""
    left = [count for at, count in zip(row.times, row.counts, strict=True) if at >= time]
    return str(left[0]) if left else "0" if row.counts else NONE


def _incidence_words(curves: Sequence[IncidenceCurve], at_risk: Sequence[AtRisk], label: str) -> str:
    parts: list[str] = []
    for curve in curves:
        if not curve.times:
            parts.append(f"{_curve_name(curve)}: no time known")
            continue
        low, high = curve.low[-1], curve.high[-1]
        between = (
            f" ({percent(low, 1)} to {percent(high, 1)})" if low is not None and high is not None else ""
        )
        parts.append(f"{_curve_name(curve)} {percent(curve.estimate[-1], 1)}{between} at {curve.times[-1]:g}")
    parts += [
        f"at risk{', ' + one_line(row.label) if row.label else ''}: "
        + ", ".join(
            f"{count} at {time:g}" for time, count in _few(list(zip(row.times, row.counts, strict=True)))
        )
        for row in at_risk
    ]
    return f"Cumulative incidence, {one_line(label).lower()}. " + ("; ".join(parts) or "No events") + "."


def _few(pairs: list[tuple[float, int]], most: int = 8) -> list[tuple[float, int]]:
    if len(pairs) <= most:
        return pairs
    return [*(pairs[index * len(pairs) // (most - 1)] for index in range(most - 1)), pairs[-1]]


# --- recruitment ---------------------------------------------------------------------------------


def recruitment(name: str, lines: Sequence[RecruitmentLine], target: int | None = None) -> Figure:
    """How many had been enrolled by each date, against the plan and the planned number."""
    signs: list[Sign] = []
    styles: list[tuple[str, str]] = []
    for index, line in enumerate(lines):
        style = (SOFT, "--") if line.planned else _STYLES[(index + 1) % len(_STYLES)]
        styles.append((style[0], "--" if line.planned else "-" if not index else style[1]))
        signs.append(Sign(one_line(line.label), styles[-1][0], line=styles[-1][1]))
    if target is not None:
        signs.append(Sign(f"planned number, {target}", INK, line=":"))
    key = key_height(signs, WIDTH - 60)
    dates = [one for line in lines for one in line.dates]
    with Drawing(name, 216 + key) as drawing:
        axes = drawing.axes(46, key + 44, drawing.width - 24, key + 208)
        if dates:
            first, last = min(dates), max(dates)
            for line, (colour, dash) in zip(lines, styles, strict=True):
                x = [one.toordinal() for one in line.dates]
                if line.planned:
                    axes.plot(x, line.counts, color=colour, linestyle=dash, linewidth=1.6)
                else:
                    axes.step(x, line.counts, where="post", color=colour, linestyle=dash, linewidth=1.8)
                    axes.plot(x, line.counts, color=colour, linestyle="none", marker="o", markersize=2.5)
            room = max((last - first).days, 1) * 0.03 + 0.5
            axes.set_xlim(first.toordinal() - room, last.toordinal() + room)
            ticks, words = _date_ticks(first, last)
            axes.set_xticks([tick.toordinal() for tick in ticks], words)
            most = max([target or 0, *(count for line in lines for count in line.counts), 1])
            axes.set_ylim(-0.03 * most, most * 1.06)
            if target is not None:
                axes.axhline(target, color=INK, linestyle=":", linewidth=1.2)
            quiet_grid(axes)
            even_ticks(axes.yaxis, 6, whole=True)
        else:
            nothing(axes, "nobody enrolled yet")
        axes.set_ylabel("enrolled, counted up")
        draw_key(drawing.page(), signs, 46, key + 4, WIDTH - 60)
    caption = "Recruitment: how many had been enrolled by each date."
    return drawing.figure("Recruitment", caption, _recruitment_words(lines, target))


def _date_ticks(first: date, last: date) -> tuple[list[date], list[str]]:
    """At most seven dates: firsts of months, or days where the time is short."""
    days = (last - first).days
    if days < 62:
        step = next(step for step in (1, 2, 7, 14, 21) if days / step <= 6)
        ticks = [first + timedelta(days=n * step) for n in range(days // step + 1)]
        return ticks, [f"{tick.day} {_MONTHS[tick.month - 1]}\n{tick.year}" for tick in ticks]
    months = (last.year - first.year) * 12 + last.month - first.month
    step = next((step for step in (1, 2, 3, 6, 12, 24, 60) if months / step <= 6), 120)
    start = first.year * 12 + first.month - 1 + (first.day > 1)
    start = -(-start // step) * step
    ticks = [date(at // 12, at % 12 + 1, 1) for at in range(start, last.year * 12 + last.month, step)]
    return ticks, [f"{_MONTHS[tick.month - 1]}\n{tick.year}" for tick in ticks]


def _recruitment_words(lines: Sequence[RecruitmentLine], target: int | None) -> str:
    parts: list[str] = []
    for line in lines:
        if line.dates:
            parts.append(
                f"{one_line(line.label)}: {line.counts[-1]} by {line.dates[-1].isoformat()}, from {line.counts[0]} on "
                f"{line.dates[0].isoformat()}"
            )
        else:
            parts.append(f"{one_line(line.label)}: nobody yet")
    wanted = f" of {target} planned" if target is not None else ""
    return f"Recruitment{wanted}. " + ("; ".join(parts) or "Nobody yet") + "."
