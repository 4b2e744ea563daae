"""The course of recruitment as a drawing: points of lines in SVG, all computed here, none in a script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from trialrun.app.recruitment import Recruitment

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 36, 12, 12, 28
_MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and its words."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines as SVG points, the axes' marks, and the height of the target line, if one is shown."""

    screened: str
    enrolled: str
    planned: str
    target: float | None
    days: tuple[Tick, ...]
    counts: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def recruitment_chart(course: Recruitment, today: date) -> Chart | None:
    """The drawing; `None` while nobody has been screened and there is no plan."""
    starts = [*course.screened[:1], *course.enrolled[:1], *([course.plan.start] if course.plan else [])]
    if not starts:
        return None
    first = min(starts)
    last = max(today, course.plan.end if course.plan else today)
    if last <= first:
        last = date.fromordinal(first.toordinal() + 1)
    most = max(len(course.screened), len(course.enrolled), course.target or 0, 1)
    span = (last - first).days

    def across(day: date) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (day - first).days / span, 1)

    def up(count: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * count / most, 1)

    def steps(days: Iterable[date]) -> str:
        points = [(across(first), up(0))]
        for number, day in enumerate(days, start=1):
            points += [(across(day), up(number - 1)), (across(day), up(number))]
        points.append((across(min(max(today, first), last)), points[-1][1]))
        return " ".join(f"{x},{y}" for x, y in points)

    planned = ""
    if course.plan is not None:
        ends = ((course.plan.start, 0), (course.plan.end, course.plan.target))
        planned = " ".join(f"{across(day)},{up(count)}" for day, count in ends)
    return Chart(
        steps(day for day in course.screened if day <= last),
        steps(day for day in course.enrolled if day <= last),
        planned,
        up(course.target) if course.target else None,
        tuple(Tick(across(day), _month(day)) for day in _days(first, last)),
        tuple(Tick(up(count), str(count)) for count in _counts(most)),
    )


def _days(first: date, last: date) -> list[date]:
    """First days of months, few enough to be read; the first day itself on a short axis."""
    months: list[date] = []
    day = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    while day <= last:
        months.append(day)
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    every = -(-len(months) // _MOST_TICKS) or 1
    return months[::every] or [first]


def _month(day: date) -> str:
    """A month by its first day, any other day in full."""
    return f"{day:%Y-%m}" if day.day == 1 else day.isoformat()


def _counts(most: int) -> list[int]:
    every = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, most) if most / step <= 5)
    return list(range(0, most + 1, every))
