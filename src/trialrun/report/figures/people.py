"""Figures of the participants: how many went how far (CONSORT, TREND), and everybody's time in the trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trialrun.report.documents.blocks import Figure
from trialrun.report.figures.data import FlowArm, FlowBox, Lane, finite
from trialrun.report.figures.drawing import (
    BLUE,
    INK,
    SMALL,
    SOFT,
    WIDTH,
    Drawing,
    one_line,
    shortened,
    widest,
    wrap,
)
from trialrun.report.figures.parts import (
    LINE_HEIGHT,
    MARK_COLOURS,
    MARKERS,
    Sign,
    draw_key,
    even_ticks,
    key_height,
    listed,
    nothing,
    people,
)
from trialrun.report.numbers import shown

MOST_LANES = 200
ARMS_A_ROW = 3
_MARGIN, _PAD, _ARROW = 6.0, 6.0, 24.0
_LINE = LINE_HEIGHT * 1.15


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    width: float
    head: list[str]
    body: list[str]

    @property
    def height(self) -> float:
        return 2 * _PAD + _LINE * (len(self.head) + len(self.body))


def flow(name: str, boxes: Sequence[FlowBox], arms: Sequence[FlowArm] = ()) -> Figure:
    """The flow of participants: a box for each stage, and beside the way down who left and why.

    Args:
        boxes: stages everybody passes, in order.
        arms: where the ways part, each arm's own stages; who left stands within their boxes.
    """
    trunk, bottom = _trunk(boxes, arms)
    branches, bottom = _branches(arms, bottom)
    height = _MARGIN - bottom
    with Drawing(name, max(height, 40)) as drawing:
        page = drawing.page()
        for index, (stage, side) in enumerate(trunk):
            _draw(page, stage, drawing.height, strong=True)
            middle = stage.left + stage.width / 2
            below = trunk[index + 1][0].top if index + 1 < len(trunk) else None
            end = stage.top - stage.height
            if below is not None:
                _arrow(page, middle, drawing.height + end, middle, drawing.height + below)
            if side is not None:
                level = drawing.height + side.top - side.height / 2
                page.plot(
                    [middle, side.left], [level, level], color=SOFT, linewidth=0.9, linestyle=(0, (3, 2))
                )
                if below is None:
                    page.plot([middle] * 2, [drawing.height + end, level], color=SOFT, linewidth=0.9, linestyle=(0, (3, 2)))  # fmt: skip
                _draw(page, side, drawing.height, strong=False)
        start = trunk[-1][0] if trunk else None
        for row, column in enumerate(branches):
            _draw_arm(page, column, drawing.height, start if row < ARMS_A_ROW else None)
    return drawing.figure("Flow of participants", _flow_caption(arms), _flow_words(boxes, arms))


def _trunk(boxes: Sequence[FlowBox], arms: Sequence[FlowArm]) -> tuple[list[tuple[_Box, _Box | None]], float]:
    """Stages with their side boxes; `top` counts down from the upper edge. The lowest place, too."""
    placed: list[tuple[_Box, _Box | None]] = []
    top = -_MARGIN
    width = 168.0
    left = (WIDTH - width) / 2 if arms and not any(box.left for box in boxes) else _MARGIN
    for index, box in enumerate(boxes):
        stage = _Box(left, top, width, _head(box, width), [])
        top -= stage.height
        side = None
        if box.left:
            beside = left + width / 2 + 24
            room = WIDTH - beside - _MARGIN
            side = _Box(
                beside, top - 8, room, wrap(_left_title(box), room - 2 * _PAD, SMALL), _left(box, room)
            )
            top -= side.height + 16
        elif index + 1 < len(boxes) or arms:
            top -= _ARROW
        placed.append((stage, side))
    return placed, top


def _branches(arms: Sequence[FlowArm], top: float) -> tuple[list[list[_Box]], float]:
    columns: list[list[_Box]] = []
    bottom = top
    for first in range(0, len(arms), ARMS_A_ROW):
        row = arms[first : first + ARMS_A_ROW]
        width = (WIDTH - 2 * _MARGIN - 12 * (len(row) - 1)) / len(row)
        start = bottom - (12 if first else 6)
        for index, arm in enumerate(row):
            left, place = _MARGIN + index * (width + 12), start
            column: list[_Box] = []
            for number, box in enumerate(arm.boxes):
                head = (wrap(arm.title, width - 2 * _PAD, SMALL) if number == 0 else []) + _head(box, width)
                body = (
                    [*wrap(_left_title(box), width - 2 * _PAD, SMALL), *_left(box, width)] if box.left else []
                )
                column.append(_Box(left, place, width, head, body))
                place -= column[-1].height + _ARROW
            columns.append(column)
            bottom = min(bottom, place + _ARROW)
    return columns, bottom


def _head(box: FlowBox, width: float) -> list[str]:
    return [*wrap(box.title, width - 2 * _PAD, SMALL), f"n = {box.n}"]


def _left_title(box: FlowBox) -> str:
    return f"{one_line(box.left_title)} (n = {sum(n for _, n in box.left)})"


def _left(box: FlowBox, width: float) -> list[str]:
    lines: list[str] = []
    for reason, n in box.left:
        first, *more = wrap(f"{n}  {reason}", width - 2 * _PAD - 8, SMALL)
        lines += [f"· {first}", *(f"   {line}" for line in more)]
    return lines


def _draw(page: Any, box: _Box, height: float, *, strong: bool) -> None:
    from matplotlib.patches import Rectangle

    top = height + box.top
    page.add_patch(
        Rectangle(
            (box.left, top - box.height), box.width, box.height, facecolor="white" if strong else "#f7f7f7",
            edgecolor=INK if strong else SOFT, linewidth=1.1 if strong else 0.8,
        )
    )  # fmt: skip
    y = top - _PAD - _LINE / 2
    for index, line in enumerate((*box.head, *box.body)):
        last = index == len(box.head) - 1 and line.startswith("n = ")
        page.text(
            box.left + box.width / 2 if strong and index < len(box.head) else box.left + _PAD, y, line,
            ha="center" if strong and index < len(box.head) else "left", va="center", fontsize=SMALL,
            fontweight="bold" if last and strong else "normal",
        )  # fmt: skip
        y -= _LINE


def _arrow(page: Any, x: float, y: float, to_x: float, to_y: float) -> None:
    style = {
        "arrowstyle": "-|>",
        "color": INK,
        "linewidth": 0.9,
        "shrinkA": 0,
        "shrinkB": 0,
        "mutation_scale": 8,
    }
    page.annotate("", xy=(to_x, to_y), xytext=(x, y), arrowprops=style)


def _draw_arm(page: Any, column: Sequence[_Box], height: float, start: _Box | None) -> None:
    for index, box in enumerate(column):
        middle = box.left + box.width / 2
        if index == 0 and start is not None:
            x, y = start.left + start.width / 2, height + start.top - start.height
            level = height + box.top + 10
            page.plot([x, x, middle], [y, level, level], color=INK, linewidth=0.9)
            _arrow(page, middle, level, middle, height + box.top)
        elif index:
            before = column[index - 1]
            _arrow(page, middle, height + before.top - before.height, middle, height + box.top)
        _draw(page, box, height, strong=True)


def _flow_caption(arms: Sequence[FlowArm]) -> str:
    where = "within the boxes" if arms else "beside the way down"
    return f"Flow of participants: who went on from box to box, and {where} who did not and why."


def _flow_words(boxes: Sequence[FlowBox], arms: Sequence[FlowArm]) -> str:
    def told(box: FlowBox) -> str:
        left = "; ".join(f"{n} {one_line(reason)}" for reason, n in box.left)
        return f"{one_line(box.title)}: {box.n}" + (f" ({_left_title(box)}: {left})" if left else "")

    parts = [told(box) for box in boxes]
    parts += [f"{one_line(arm.title)}: {', '.join(told(box) for box in arm.boxes)}" for arm in arms]
    return "Flow of participants. " + (". ".join(parts) or "Nobody yet") + "."


# --- everybody's time ----------------------------------------------------------------------------


def swimmer(name: str, lanes: Sequence[Lane], *, until: str = "Days after the first dose") -> Figure:
    """Every participant's time in the trial as a lane: doses, events, and how it ended.

    Lanes are ordered by arm and then by length. Above 200 participants an evenly spread 200 are drawn.
    """
    for lane in lanes:
        finite(
            [lane.end, *lane.doses, *(mark.day for mark in lane.events)], f"the lane of {lane.participant}"
        )
    ordered = sorted(lanes, key=lambda lane: (lane.arm, -lane.end, lane.participant))
    if len(ordered) > MOST_LANES:
        ordered = [ordered[index * len(ordered) // MOST_LANES] for index in range(MOST_LANES)]
    kinds = sorted({mark.kind for lane in lanes for mark in lane.events})
    ends = sorted({lane.ended for lane in lanes if lane.ended})
    signs = _lane_signs(ordered, kinds, ends)
    high = max(min(15.0, 520 / max(len(ordered), 1)), 2.4)
    named = high >= LINE_HEIGHT * 0.85
    names = [shortened(_lane_name(lane), 96, SMALL) for lane in ordered] if named else []
    left = max(widest(names, SMALL) + 12, 28)
    key = key_height(signs, WIDTH - 16)
    body = max(high * len(ordered), 40)
    with Drawing(name, body + 46 + key + 8) as drawing:
        axes = drawing.axes(left, 46 + key, drawing.width - 14, 46 + key + body)
        _lanes(axes, ordered, kinds, ends, high)
        if named:
            axes.set_yticks(range(len(ordered)), names)
            axes.tick_params(axis="y", length=0)
        else:
            axes.set_yticks([])
            axes.set_ylabel(people(len(ordered)))
        axes.set_xlabel(one_line(until))
        draw_key(drawing.page(), signs, 8, key + 4, WIDTH - 16)
    caption = "Every participant's time in the trial, one lane each."
    if len(ordered) < len(lanes):
        caption += f" {len(ordered)} of {len(lanes)} lanes are drawn, evenly chosen by length."
    return drawing.figure("Time in the trial by participant", caption, _lane_words(lanes, until))


def _lane_name(lane: Lane) -> str:
    return f"{lane.participant} ({lane.arm})" if lane.arm else lane.participant


def _lane_signs(lanes: Sequence[Lane], kinds: Sequence[str], ends: Sequence[str]) -> list[Sign]:
    signs = [Sign("dose", BLUE, marker="^")] if any(lane.doses for lane in lanes) else []
    signs += [
        Sign(one_line(kind), MARK_COLOURS[index % len(MARK_COLOURS)], marker=MARKERS[index % len(MARKERS)])
        for index, kind in enumerate(kinds)
    ]
    signs += [Sign(one_line(end), INK, marker=marker) for end, marker in _end_markers(ends).items()]
    if any(not lane.ended for lane in lanes):
        signs.append(Sign("still observed", SOFT, marker=">"))
    return signs


def _end_markers(ends: Sequence[str]) -> dict[str, str]:
    """A cross for death, a filled one for transplant, other signs for what else ends the observation."""
    others = iter("|+1234" * len(ends))
    found: dict[str, str] = {}
    for end in ends:
        if any(word in end.lower() for word in ("died", "death", "dead")):
            found[end] = "x"
        else:
            found[end] = "X" if "transplant" in end.lower() else next(others)
    return found


def _lanes(axes: Any, lanes: Sequence[Lane], kinds: Sequence[str], ends: Sequence[str], high: float) -> None:
    if not lanes:
        nothing(axes, "nobody to show")
        return
    size = min(6.0, max(high * 0.5, 2.0))
    rows = range(len(lanes))
    lasting = [lane.end for lane in lanes]
    axes.barh(rows, lasting, height=0.5, color="#cfe3f1", edgecolor=SOFT, linewidth=0.5 if high > 6 else 0)
    doses = [(day, row) for row, lane in enumerate(lanes) for day in lane.doses]
    _marks(axes, doses, "^", BLUE, size)
    for index, kind in enumerate(kinds):
        points = [
            (mark.day, row) for row, lane in enumerate(lanes) for mark in lane.events if mark.kind == kind
        ]
        _marks(axes, points, MARKERS[index % len(MARKERS)], MARK_COLOURS[index % len(MARK_COLOURS)], size)
    for end, marker in _end_markers(ends).items():
        points = [(lane.end, row) for row, lane in enumerate(lanes) if lane.ended == end]
        _marks(axes, points, marker, INK, size + 1.5)
    _marks(axes, [(lane.end, row) for row, lane in enumerate(lanes) if not lane.ended], ">", SOFT, size)
    days = [*lasting, *(day for day, _ in doses), *(mark.day for lane in lanes for mark in lane.events), 0.0]
    room = max(max(days) - min(days), 1.0) * 0.04
    axes.set_xlim(min(days) - (room if min(days) < 0 else room / 2), max(days) + room)
    axes.set_ylim(len(lanes) - 0.4, -0.6)
    even_ticks(axes.xaxis, 8)
    axes.axvline(0, color=SOFT, linewidth=0.7)
    axes.spines["left"].set_visible(False)


def _marks(axes: Any, points: Sequence[tuple[float, int]], marker: str, colour: str, size: float) -> None:
    if points:
        axes.plot(
            [x for x, _ in points], [y for _, y in points], linestyle="none", marker=marker, markersize=size,
            color=colour, markeredgecolor=colour if marker in {"x", "|", "+", "1", "2", "3", "4"} else INK,
            markeredgewidth=1.6 if marker in {"x", "|", "+"} else 0.5, zorder=4, clip_on=False,
        )  # fmt: skip


def _lane_words(lanes: Sequence[Lane], until: str) -> str:
    days = [lane.end for lane in lanes]
    ended: dict[str, int] = {}
    for lane in lanes:
        word = one_line(lane.ended) or "still observed"
        ended[word] = ended.get(word, 0) + 1
    text = f"Time in the trial of {people(len(lanes))}, {one_line(until).lower()}"
    if not lanes:
        return f"{text}."
    text += f": from {shown(min(days), 0)} to {shown(max(days), 0)}. "
    text += ", ".join(f"{n} {word}" for word, n in sorted(ended.items())) + "."
    each = [
        f"{lane.participant}: {len(lane.doses)} doses, {len(lane.events)} events, "
        f"{lane.ended or 'observed'} at day {shown(lane.end, 0)}"
        for lane in sorted(lanes, key=lambda lane: lane.participant)
    ]
    return f"{text} {listed(each, 30)}."
