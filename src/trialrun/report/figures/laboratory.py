"""Laboratory figures: everybody's values over time, and the livers' peaks against their own baseline.

With values abnormal at the start, multiples of the upper limit of normal mislead; multiples of the participant's own
baseline do not (consensus of 2020, Regev and others, Drug Safety).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from trialrun.report.documents.blocks import Figure
from trialrun.report.figures.data import LabCourse, LabPanel, LiverPoint, finite
from trialrun.report.figures.drawing import (
    GREY,
    INK,
    ORANGE,
    PALE,
    SMALL,
    SOFT,
    WIDTH,
    Drawing,
    one_line,
    shortened,
    width_of,
)
from trialrun.report.figures.parts import (
    Sign,
    crosses,
    draw_key,
    even_ticks,
    key_height,
    listed,
    log_axis,
    nothing,
    people,
    plain,
    quiet_grid,
    span,
    thin_lines,
    title_above,
)

_LIMIT_NAMES = 25
_PANEL = 112.0
_MOST_LINES = 200


def panels(name: str, tests: Sequence[LabPanel], *, multiples: bool = False) -> Figure:
    """Every participant's course of each test, on logarithmic axes; two panels a row.

    Args:
        tests: one panel each. Values of 0 or less have no place on a logarithmic axis: such a test is drawn evenly.
        multiples: show values as multiples of each participant's baseline; those without one are left out.
    """
    shown = [_as_drawn(test, multiples) for test in tests]
    for test in tests:
        finite([value for course in test.courses for value in course.values], test.title)
    rows = max((len(shown) + 1) // 2, 1)
    signs = [Sign("one participant", GREY, line="-")]
    if any(course.ended for test in shown for course in test.courses):
        signs.append(Sign("died or transplanted", INK, marker="x"))
    if multiples:
        signs.append(Sign("the own baseline", INK, line="--"))
    elif any(test.low is not None or test.high is not None for test in shown):
        signs.append(Sign("limits of normal", PALE, hatch=""))
    key = key_height(signs, WIDTH - 20)
    height = rows * (_PANEL + 40) + 18 + key + 10
    with Drawing(name, height) as drawing:
        every = [day for test in shown for course in test.courses for day in course.days]
        days = span(every, room=0.04, least=1)
        for index, test in enumerate(shown):
            left = 42 + (index % 2) * 198
            top = height - 26 - (index // 2) * (_PANEL + 40)
            _panel(drawing.axes(left, top - _PANEL, left + 150, top), test, days, multiples)
        page = drawing.page()
        page.text(WIDTH / 2, key + 14, "Days after the first dose", ha="center", va="center", fontsize=SMALL)
        draw_key(page, signs, 10, key + 2, WIDTH - 20)
        if not shown:
            page.text(WIDTH / 2, height / 2, "no values to show", ha="center", fontsize=SMALL)
    what = "multiples of each participant's own baseline" if multiples else "values"
    caption = f"Laboratory tests by participant: {what}, logarithmic axes where all are above 0."
    return drawing.figure("Laboratory tests by participant", caption, _panel_words(shown, what))


def _as_drawn(test: LabPanel, multiples: bool) -> LabPanel:
    if not multiples:
        return test
    courses = [
        LabCourse(c.participant, c.days, tuple(v / c.baseline for v in c.values), 1.0, c.ended)
        for c in test.courses
        if c.baseline is not None and c.baseline > 0
    ]
    return LabPanel(test.title, "× baseline", courses)


def _panel(axes: Any, test: LabPanel, days: tuple[float, float], multiples: bool) -> None:
    drawn = [course for course in test.courses if course.values]
    values = [value for course in drawn for value in course.values]
    unit = f", {one_line(test.unit)}" if test.unit else ""
    title_above(axes, f"{one_line(test.title)}{unit}", 150, 2)
    if not values:
        nothing(axes)
        return
    drawn = (
        drawn
        if len(drawn) <= _MOST_LINES
        else [drawn[i * len(drawn) // _MOST_LINES] for i in range(_MOST_LINES)]
    )
    thin_lines(axes, [(course.days, course.values) for course in drawn], colour=GREY)
    crosses(axes, [(course.days[-1], course.values[-1]) for course in drawn if course.ended], 5)
    if min(values) > 0:
        low, high = min(values) / 1.15, max(values) * 1.15
        if high / low < 2:
            low, high = low / 1.3, high * 1.3
        axes.set_yscale("log")
        axes.set_ylim(low, high)
        log_axis(axes.yaxis, low, high)
    else:
        low, high = span(values)
        axes.set_ylim(low, high)
        even_ticks(axes.yaxis, 5)
    if multiples:
        axes.axhline(1, color=INK, linewidth=0.9, linestyle="--", zorder=3)
    else:
        bottom, top = test.low if test.low is not None else low, test.high if test.high is not None else high
        if (test.low is not None or test.high is not None) and top > bottom:
            axes.axhspan(max(bottom, low), min(max(top, low), high), color=PALE, zorder=0, linewidth=0)
    axes.set_xlim(*days)
    even_ticks(axes.xaxis, 5)
    axes.tick_params(labelsize=7)


def _panel_words(tests: Sequence[LabPanel], what: str) -> str:
    parts: list[str] = []
    for test in tests:
        values = [value for course in test.courses for value in course.values]
        first = [course.values[0] for course in test.courses if course.values]
        last = [course.values[-1] for course in test.courses if course.values]
        if not values:
            parts.append(f"{one_line(test.title)}: no values")
            continue
        parts.append(
            f"{one_line(test.title)}{f' ({one_line(test.unit)})' if test.unit else ''}, {people(len(first))}: lowest {_figure(min(values))}, highest "
            f"{_figure(max(values))}, median first {_figure(_median(first))}, median last {_figure(_median(last))}"
        )
    return f"Laboratory tests by participant, {what}. " + ("; ".join(parts) or "No tests") + "."


def _figure(value: float) -> str:
    return plain(float(f"{value:.3g}"))


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


_Drawn = Sequence[tuple[LiverPoint, float, float]]


# --- liver ---------------------------------------------------------------------------------------


def liver_scatter(
    name: str,
    points: Sequence[LiverPoint],
    *,
    alt_limit: float = 3.0,
    bilirubin_limit: float = 2.0,
    of: str = "own baseline",
    greyed: bool = False,
) -> Figure:
    """Highest ALT against highest bilirubin of each participant, as multiples.

    Args:
        points: those without both multiples are named in the caption.
        alt_limit, bilirubin_limit: where the dashed lines stand.
        of: what the multiples are of.
        greyed: draw it pale, for a figure shown only because readers ask for it.
    """
    finite([value for point in points for value in (point.alt, point.bilirubin)], "the liver figure")
    drawn = [
        (p, p.alt, p.bilirubin) for p in points if p.alt and p.bilirubin and p.alt > 0 and p.bilirubin > 0
    ]
    ink, mark = (GREY, GREY) if greyed else (INK, ORANGE)
    signs = [Sign("participant", ink, marker="o", hollow=True)]
    if any(point.flagged for point, _, _ in drawn):
        signs.append(Sign("meets the study's liver rule", mark, marker="D"))
    if any(point.ended for point, _, _ in drawn):
        signs.append(Sign("died or transplanted", ink, marker="x"))
    key = key_height(signs, WIDTH - 60)
    with Drawing(name, 246 + key) as drawing:
        axes = drawing.axes(58, 42 + key, drawing.width - 14, 238 + key)
        xs = _log_span([x for _, x, _ in drawn], alt_limit)
        ys = _log_span([y for _, _, y in drawn], bilirubin_limit)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(*xs)
        axes.set_ylim(*ys)
        log_axis(axes.xaxis, *xs)
        log_axis(axes.yaxis, *ys)
        quiet_grid(axes, "both")
        axes.axvline(alt_limit, color=SOFT, linestyle="--", linewidth=0.9)
        axes.axhline(bilirubin_limit, color=SOFT, linestyle="--", linewidth=0.9)
        for point, x, y in drawn:
            _point(axes, point, x, y, ink, mark)
        _names(axes, drawn, (xs, ys), ink)
        if not drawn:
            axes.text(
                0.5, 0.5, "no values to show", transform=axes.transAxes, ha="center", va="bottom", color=SOFT
            )
        axes.set_xlabel(f"highest ALT, × {of}", color=ink)
        axes.set_ylabel(f"highest bilirubin, × {of}", color=ink)
        draw_key(drawing.page(), signs, 50, key + 4, WIDTH - 60)
    return drawing.figure(
        f"Highest ALT and bilirubin, multiples of {of}",
        _liver_caption(points, drawn, (alt_limit, bilirubin_limit), of, greyed),
        _liver_words(points, drawn, (alt_limit, bilirubin_limit), of),
    )


def _log_span(values: Sequence[float], limit: float) -> tuple[float, float]:
    return min([*values, 0.6]) / 1.25, max([*values, limit * 1.8]) * 1.25


def _point(axes: Any, point: LiverPoint, x: float, y: float, ink: str, mark: str) -> None:
    if point.flagged:
        axes.plot(
            x, y, marker="D", markersize=6, color=mark, markeredgecolor=INK, markeredgewidth=0.6, zorder=4
        )
    else:
        axes.plot(x, y, marker="o", markersize=5, markerfacecolor="white", markeredgecolor=ink, zorder=3)
    if point.ended:
        axes.plot(x, y, marker="x", markersize=9, color=ink, markeredgewidth=1.4, zorder=5)


def _names(
    axes: Any, points: _Drawn, spans: tuple[tuple[float, float], tuple[float, float]], ink: str
) -> None:
    """Names beside the points that matter, where they meet no point, no other name and no edge; the rest stay in words."""
    wide, high = WIDTH - 72, 196.0
    places = [
        (
            math.log(x / spans[0][0]) / math.log(spans[0][1] / spans[0][0]) * wide,
            math.log(y / spans[1][0]) / math.log(spans[1][1] / spans[1][0]) * high,
        )
        for _, x, y in points
    ]
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in places]
    wanted = [pair for pair in zip(points, places, strict=True) if pair[0][0].flagged or pair[0][0].ended]
    for (point, x, y), (at_x, at_y) in wanted[:_LIMIT_NAMES]:
        text = shortened(point.participant, 90, 7.0)
        room = width_of(text, 7.0)
        for dx, dy in ((7, -3), (-7 - room, -3), (-room / 2, 7), (-room / 2, -14)):
            box = (at_x + dx, at_y + dy, at_x + dx + room, at_y + dy + 8)
            inside = box[0] > 0 and box[1] > 0 and box[2] < wide and box[3] < high
            if inside and not any(_meet(box, other) for other in taken):
                taken.append(box)
                axes.annotate(
                    text, (x, y), (dx, dy), textcoords="offset points", fontsize=7, color=ink, zorder=6
                )
                break


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _liver_caption(
    points: Sequence[LiverPoint], drawn: _Drawn, limits: tuple[float, float], of: str, greyed: bool
) -> str:
    text = (
        f"Highest ALT and highest bilirubin of each participant after the first dose, as multiples of {of}; dashed lines at "
        f"{plain(limits[0])} × ALT and {plain(limits[1])} × bilirubin."
    )
    if greyed:
        text += " Drawn pale: with values abnormal at baseline it must not be read as Hy's law."
    seen = {point.participant for point, _, _ in drawn}
    absent = sorted(point.participant for point in points if point.participant not in seen)
    return text + (f" Not shown, values missing: {listed(absent, 20)}." if absent else "")


def _liver_words(points: Sequence[LiverPoint], drawn: _Drawn, limits: tuple[float, float], of: str) -> str:
    alt, bilirubin = limits
    both = sum(x > alt and y > bilirubin for _, x, y in drawn)
    text = (
        f"Multiples of {of} of {people(len(drawn))} of {len(points)}: {sum(x > alt for _, x, _ in drawn)} with ALT above "
        f"{plain(alt)}, {sum(y > bilirubin for _, _, y in drawn)} with bilirubin above {plain(bilirubin)}, {both} with both, "
        f"{sum(point.flagged for point, _, _ in drawn)} meeting the study's rule."
    )
    each = [
        f"{point.participant} ALT {_figure(x)}, bilirubin {_figure(y)}{', ' + point.ended if point.ended else ''}"
        for point, x, y in sorted(drawn, key=lambda one: (-max(one[1], one[2]), one[0].participant))
    ]
    return text + (f" {listed([part.replace(', ', ' / ') for part in each], 30)}." if each else "")
