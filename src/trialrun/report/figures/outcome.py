"""Figures of one outcome: every participant's course, and every participant's change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trialrun.report.documents.blocks import Figure
from trialrun.report.figures.data import Bar, Course, MeanPoint, finite
from trialrun.report.figures.drawing import (  # fmt: skip
    BLUE,
    GREY,
    INK,
    ORANGE,
    SIZE,
    SMALL,
    Drawing,
    one_line,
    shortened,
    widest,
    width_of,
    wrap,
)
from trialrun.report.figures.parts import crosses, even_ticks, nothing, people, thin_lines
from trialrun.report.numbers import decimals_of, finer, shown, shown_interval

MOST_LINES = 200
MOST_NAMES = 45
_ARMS = ((BLUE, "-", "s"), (ORANGE, "--", "D"), (INK, ":", "^"), (GREY, "-.", "v"))


def spaghetti(name: str, courses: Sequence[Course], times: Sequence[str], label: str) -> Figure:
    """Every participant's course with the mean of those observed; a cross marks death or transplant.

    Args:
        courses: one for each participant; each with one value (or `None`) for each of `times`.
        times: titles of the planned times, in order.
        label: what is measured, with its unit.

    Above 200 participants an evenly spread 200 of the courses are drawn and the caption says so; the mean is of all.
    """
    finite([value for course in courses for value in course.values], label)
    with_values = [course for course in courses if any(value is not None for value in course.values)]
    drawn = _spread(with_values, MOST_LINES)
    words = one_line(label)
    with Drawing(name, 262) as drawing:
        axes = drawing.axes(58, 34, drawing.width - 12, 232)
        many = len(drawn) > 40
        lines = [_known(course) for course in drawn]
        thin_lines(axes, lines, colour=GREY)
        ends = zip(lines, drawn, strict=True)
        crosses(axes, [(x[-1] + 0.08, y[-1]) for (x, y), course in ends if course.ended], 5 if many else 7)
        arms = list(dict.fromkeys(course.arm for course in courses))
        means = {arm: _means([c for c in courses if c.arm == arm], len(times)) for arm in arms}
        _mean_lines(axes, means, many)
        even_ticks(axes.yaxis)
        _times(axes, times, drawing.width - 70)
        _label(axes, words, 184)
        if not with_values:
            nothing(axes)
    ended = [course for course in courses if course.ended]
    caption = (
        f"{words}: every participant (thin grey lines) and the mean of those observed (thick), who are not the same "
        "people at each time."
    )
    if ended:
        caption += " A cross ends the line of a participant who died or was transplanted."
    if len(drawn) < len(with_values):
        caption += f" {len(drawn)} of {len(with_values)} lines are drawn, evenly chosen; the mean is of all."
    return drawing.figure(f"Course of {words} by participant", caption, _course_words(courses, times, words))


def _known(course: Course) -> tuple[list[float], list[float]]:
    points = [(float(index), value) for index, value in enumerate(course.values) if value is not None]
    return [x for x, _ in points], [y for _, y in points]


def _mean_lines(axes: Any, means: dict[str, list[tuple[int, float, int]]], many: bool) -> None:
    for index, (arm, known) in enumerate(means.items()):
        colour, line, marker = _ARMS[index % len(_ARMS)]
        axes.plot(
            [point[0] for point in known],
            [point[1] for point in known],
            color=colour, linestyle=line, linewidth=2.6, marker=marker, markersize=6,
            markeredgecolor="white" if many else colour, zorder=5,
            label=f"mean of those observed{', ' + shortened(arm, 110, SMALL) if arm else ''}",
        )  # fmt: skip
    if any(means.values()):
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=min(len(means), 2), handlelength=3)


def _means(courses: Sequence[Course], times: int) -> list[tuple[int, float, int]]:
    """Index of the time, mean and number of those observed then; times nobody was seen at are left out."""
    found: list[tuple[int, float, int]] = []
    for index in range(times):
        known = [value for course in courses if (value := course.values[index]) is not None]
        if known:
            found.append((index, sum(known) / len(known), len(known)))
    return found


def _course_words(courses: Sequence[Course], times: Sequence[str], words: str) -> str:
    digits = finer(decimals_of((value for course in courses for value in course.values), 2))
    parts: list[str] = []
    for arm in dict.fromkeys(course.arm for course in courses):
        own = [course for course in courses if course.arm == arm]
        listed = [f"{one_line(times[i])} {shown(m, digits)} (n = {n})" for i, m, n in _means(own, len(times))]
        parts.append(f"{f'{one_line(arm)}: ' if arm else ''}mean at {', '.join(listed) or 'no time known'}")
    ended = ", ".join(f"{one_line(c.participant)} {one_line(c.ended)}" for c in courses if c.ended)
    of = people(len(courses))
    return f"Course of {words} for {of}; {'; '.join(parts) or 'nothing to show'}" + (
        f". Ended: {ended}." if ended else "."
    )


def waterfall(
    name: str, bars: Sequence[Bar], label: str, *, time: str = "", lower_is_better: bool = True
) -> Figure:
    """The change of every participant from best to worst; death and transplant as full bars at the worst end.

    Args:
        bars: one for each participant; those with neither change nor end are named in the caption, not drawn.
        label: what is measured, with its unit.
        time: the title of the time the change is to.
    """
    finite([bar.change for bar in bars], label)
    direction = 1 if lower_is_better else -1
    ordered = sorted(
        (bar for bar in bars if bar.change is not None or bar.ended),
        key=lambda bar: (bool(bar.ended), direction * (bar.change or 0), bar.participant),
    )
    reach = max((abs(bar.change or 0) for bar in ordered if not bar.ended), default=0.0) * 1.15 or 1.0
    words = one_line(label)
    named = len(ordered) <= MOST_NAMES
    size = SMALL if len(ordered) <= 30 else 7.0
    names = [shortened(bar.participant, 96, size) for bar in ordered]
    below = widest(names, size) + 14 if named else 30
    with Drawing(name, 190 + below) as drawing:
        axes = drawing.axes(58, below, drawing.width - 12, drawing.height - 10)
        _bars(axes, ordered, direction, reach, drawing.width - 70)
        if ordered:
            axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_xlim(-0.6, max(len(ordered), 6) - 0.4)
        axes.set_ylim(-reach, reach)
        even_ticks(axes.yaxis)
        if all(bar.ended for bar in ordered):
            axes.set_yticks([0])  # no change is known: other numbers would mean nothing
        if named:
            axes.set_xticks(range(len(ordered)), names, rotation=90, fontsize=size)
            axes.tick_params(axis="x", length=0)
        else:
            axes.set_xticks([])
            axes.set_xlabel(f"{len(ordered)} participants, from best to worst")
        _label(axes, f"change in {words}", 176)
        if not ordered:
            nothing(axes)
    return drawing.figure(
        f"Change in {words} by participant",
        _fall_caption(bars, ordered, words, time),
        _fall_words(ordered, words, time, direction),
    )


def _bars(axes: Any, ordered: Sequence[Bar], direction: int, reach: float, width: float) -> None:
    known = [(index, bar.change or 0.0) for index, bar in enumerate(ordered) if not bar.ended]
    slim = len(ordered) > MOST_NAMES
    for chosen, colour in ((True, BLUE), (False, ORANGE)):
        own = [(index, change) for index, change in known if (direction * change < 0) == chosen]
        axes.bar(
            [x for x, _ in own], [y for _, y in own], color=colour, width=1.0 if slim else 0.75, linewidth=0
        )
    flat = [index for index, change in known if change == 0]
    axes.plot(flat, [0] * len(flat), marker="_", color=INK, markersize=8, linestyle="none", zorder=3)
    room = width / max(len(ordered), 6)
    if slim:
        _ended_block(axes, ordered, direction * reach, width)
        return
    for index, bar in enumerate(ordered):
        if bar.ended:
            full = {"color": "white", "edgecolor": INK, "hatch": "///", "width": 0.75, "linewidth": 0.8}
            axes.bar(index, direction * reach, **full)
            if room >= 1.4 * SMALL:
                _in_bar(axes, index, direction * reach, shortened(bar.ended, 84, SMALL), 90)


def _ended_block(axes: Any, ordered: Sequence[Bar], full: float, width: float) -> None:
    """With many participants the full bars stand together as one block."""
    n = sum(bool(bar.ended) for bar in ordered)
    if not n:
        return
    middle = len(ordered) - (n + 1) / 2
    axes.bar(middle, full, color="white", edgecolor=INK, hatch="///", width=n, linewidth=0.8)
    words = f"{n} died or transplanted"
    room = width * n / len(ordered)
    if room > width_of(words, SMALL) + 8:
        _in_bar(axes, middle, full, words, 0)
    elif room >= 3 * SMALL:
        _in_bar(axes, middle, full, "\n".join(wrap(words, 76, SMALL)), 90)
    elif room >= 1.4 * SMALL:
        _in_bar(axes, middle, full, f"{n} ended", 90)


def _in_bar(axes: Any, x: float, full: float, words: str, turned: int) -> None:
    axes.text(
        x, full / 2, words, rotation=turned, ha="center",
        va="center", fontsize=SMALL, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _fall_caption(bars: Sequence[Bar], ordered: Sequence[Bar], words: str, time: str) -> str:
    until = f" from baseline to {one_line(time)}" if time else ""
    caption = f"Change in {words}{until}, from best to worst: blue is better, orange worse or unchanged."
    if any(bar.ended for bar in ordered):
        caption += (
            " Hatched full bars are deaths and transplants: they have no change and count as the worst."
        )
    absent = sorted(one_line(bar.participant) for bar in bars if bar.change is None and not bar.ended)
    if absent and len(absent) <= 20:
        caption += f" Not shown, no known change: {', '.join(absent)}."
    elif absent:
        caption += f" Not shown, no known change: {len(absent)} participants."
    return caption


def _fall_words(ordered: Sequence[Bar], words: str, time: str, direction: int) -> str:
    changed = [bar for bar in ordered if not bar.ended]
    ended = [bar for bar in ordered if bar.ended]
    better = sum(direction * (bar.change or 0) < 0 for bar in changed)
    same = sum(bar.change == 0 for bar in changed)
    digits = decimals_of((bar.change for bar in changed), 2)
    until = f" to {one_line(time)}" if time else ""
    text = (
        f"Change in {words}{until} of {people(len(ordered))} from best to worst: {better} better, {same} unchanged, "
        f"{len(changed) - better - same} worse, {len(ended)} died or transplanted."
    )
    if len(ordered) > MOST_NAMES:
        return text
    each = [f"{one_line(bar.participant)} {shown(bar.change, digits, sign=True)}" for bar in changed]
    each += [f"{one_line(bar.participant)} {one_line(bar.ended)}" for bar in ended]
    return f"{text} {', '.join(each)}." if each else text


def means(
    name: str, points: Sequence[MeanPoint], times: Sequence[str], label: str, *, null: float | None = None
) -> Figure:
    """Means with their intervals at the planned times, one line an arm, such as the adjusted means of a model.

    Args:
        points: at most one for each time and arm; times without an estimate are left out of the line.
        times: titles of the planned times, in order.
        null: where a line of no change stands, if any.
    """
    finite([value for point in points for value in (point.estimate, point.low, point.high)], label)
    words = one_line(label)
    arms = list(dict.fromkeys(point.arm for point in points))
    with Drawing(name, 262) as drawing:
        axes = drawing.axes(58, 34, drawing.width - 12, 232)
        known = [point for point in points if point.estimate is not None and point.time in times]
        for index, arm in enumerate(arms):
            shift = (index - (len(arms) - 1) / 2) * 0.12
            _mean_line(
                axes, [point for point in known if point.arm == arm], times, shift, _ARMS[index % len(_ARMS)]
            )
        if null is not None:
            axes.axhline(null, color=INK, linewidth=0.8, linestyle="--", zorder=1)
        even_ticks(axes.yaxis)
        _times(axes, times, drawing.width - 70)
        _label(axes, words, 184)
        if any(arms) and known:
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, handlelength=3)
        if not known:
            nothing(axes)
    digits = decimals_of((value for p in points for value in (p.estimate, p.low, p.high)), 2)
    told = [
        f"{one_line(point.arm) + ', ' if point.arm else ''}{one_line(point.time)} {shown(point.estimate, digits)} "
        f"({shown_interval(point.low, point.high, digits)}; n = {point.n})"
        for point in points
        if point.estimate is not None
    ]
    alt = f"{words} by time: {'; '.join(told) or 'nothing estimable'}."
    return drawing.figure(f"{words} by time", f"{words}: means with their intervals at each time.", alt)


def _mean_line(
    axes: Any, points: Sequence[MeanPoint], times: Sequence[str], shift: float, style: tuple[str, str, str]
) -> None:
    colour, line, marker = style
    ordered = sorted(points, key=lambda point: times.index(point.time))
    x = [times.index(point.time) + shift for point in ordered]
    name = shortened(ordered[0].arm, 140, SMALL) if ordered else ""
    y = [point.estimate for point in ordered]
    axes.plot(
        x, y, color=colour, linestyle=line, linewidth=2, marker=marker, markersize=6, label=name, zorder=4
    )
    for place, point in zip(x, ordered, strict=True):
        if point.low is not None and point.high is not None:
            axes.plot([place] * 2, [point.low, point.high], color=colour, linewidth=1.4, marker="_", zorder=3)


# --- small parts shared by the figures of this room ------------------------------------------------


def _spread(items: Sequence[Course], most: int) -> list[Course]:
    if len(items) <= most:
        return list(items)
    return [items[index * len(items) // most] for index in range(most)]


def _times(axes: Any, times: Sequence[str], width: float) -> None:
    room = width / max(len(times), 1)
    axes.set_xticks(range(len(times)), ["\n".join(wrap(time, room - 6, SMALL, 2)) for time in times])
    axes.set_xlim(-0.4, max(len(times), 2) - 0.6)


def _label(axes: Any, words: str, room: float) -> None:
    axes.set_ylabel("\n".join(wrap(words, room, SIZE, 2)))
