"""Which visit counts for which planned time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from trialrun.derive.answers import VisitAnswers
from trialrun.study.model import Study, VisitKind
from trialrun.values.dates import add_months

SCHEDULED = frozenset({VisitKind.SCREENING, VisitKind.BASELINE, VisitKind.DOSE, VisitKind.FOLLOW_UP})
_DURATION = re.compile(r"^(-?)P(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?$")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Window:
    """The planned day of a visit and the first and last day that count for it."""

    target: date
    first: date
    last: date

    def holds(self, day: date | None) -> bool:
        """Whether a day counts; an unknown day does not."""
        return day is not None and self.first <= day <= self.last


def visit_window(study: Study, visit: str, anchors: Mapping[str, date | None]) -> Window | None:
    """The days on which the protocol asks for a visit; `None` where its anchor has no day or it has no planned day."""
    plan = study.visits[visit]
    return _around(study, visit, anchors, plan.window_before, plan.window_after)


def window_of(study: Study, visit: str, anchors: Mapping[str, date | None]) -> Window | None:
    """The days whose values count for a planned time: the plan's window, or the visit's own; `None` as above."""
    own, plan = study.visits[visit], study.analysis.windows.get(visit)
    before = plan.before if plan is not None and plan.before is not None else own.window_before
    after = plan.after if plan is not None and plan.after is not None else own.window_after
    return _around(study, visit, anchors, before, after)


def _around(
    study: Study, visit: str, anchors: Mapping[str, date | None], before: int, after: int
) -> Window | None:
    plan = study.visits[visit]
    anchor = anchors.get(plan.anchor or "")
    if anchor is None or plan.offset is None:
        return None
    target = shifted(anchor, plan.offset)
    return Window(target, target - timedelta(days=before), target + timedelta(days=after))


def shifted(day: date, duration: str) -> date:
    """A day plus an ISO 8601 duration of calendar months, weeks and days."""
    match = _DURATION.match(duration)
    if match is None or duration.endswith("P"):
        raise ValueError(f"{duration!r} is not a duration of months, weeks and days")
    sign = -1 if match.group(1) else 1
    months, weeks, days = (int(part or 0) for part in match.groups()[1:])
    return add_months(day, sign * months) + timedelta(days=sign * (7 * weeks + days))


def choose_visit(window: Window, visits: Sequence[VisitAnswers]) -> VisitAnswers | None:
    """The visit that counts: nearest to the target, ties to the later.

    An unscheduled or early-termination visit counts only where no scheduled one is in the window.
    Source: CLINICAL 2.4.
    """
    inside = [visit for visit in visits if window.holds(visit.on)]
    scheduled = [visit for visit in inside if visit.kind in SCHEDULED]
    return min(scheduled or inside, key=lambda visit: _distance(visit, window), default=None)


def _distance(visit: VisitAnswers, window: Window) -> tuple[int, int]:
    days = (visit.on - window.target).days if visit.on else 0
    return abs(days), -days
