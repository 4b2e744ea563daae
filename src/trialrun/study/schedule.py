"""When visits are due, and which visit a contact was."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from trialrun.errors import StudyError
from trialrun.study.model import Study, Visit, VisitKind
from trialrun.values.dates import add_months

_DURATION = re.compile(r"^P(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?$")
_UNPLANNED = (VisitKind.UNSCHEDULED, VisitKind.EARLY_TERMINATION, VisitKind.LOG)


@dataclass(frozen=True, slots=True)
class Due:
    """The target day of a visit and the first and last day that count for it."""

    visit: str
    target: date
    first: date
    last: date

    def holds(self, day: date) -> bool:
        """Whether a day lies in the window; both ends count."""
        return self.first <= day <= self.last


def add_duration(day: date, duration: str) -> date:
    """A day plus an ISO 8601 duration of months, weeks and days, in this order.

    Months are calendar months clipped to the month's end: 31 December plus P2M is 28 or 29 February.
    Errors: `StudyError` for another form of duration.
    """
    match = _DURATION.match(duration)
    if match is None or duration == "P":
        raise StudyError(f"{duration!r} is not a duration", "write P2M, P1W or P7D")
    months, weeks, days = (int(part or 0) for part in match.groups())
    return add_months(day, months) + timedelta(days=7 * weeks + days)


def target_window(study: Study, visit: str, anchors: Mapping[str, date]) -> tuple[date, date, date] | None:
    """Target, first and last day of a visit; none when it is not planned or its anchor has no date yet.

    Errors: `StudyError` for a visit the study does not have.
    """
    if visit not in study.visits:
        raise StudyError(f"the study has no visit {visit!r}", f"it has {', '.join(study.visits)}")
    due = _due(study.visits[visit], anchors)
    return (due.target, due.first, due.last) if due else None


def due_visits(study: Study, anchors: Mapping[str, date]) -> tuple[Due, ...]:
    """Every visit that has a target under these anchors, in order of target."""
    dues = [due for visit in study.visits.values() if (due := _due(visit, anchors))]
    return tuple(sorted(dues, key=lambda due: (due.target, due.first)))


def _due(visit: Visit, anchors: Mapping[str, date]) -> Due | None:
    anchor = anchors.get(visit.anchor or "")
    if anchor is None or visit.offset is None:
        return None
    target = add_duration(anchor, visit.offset)
    return Due(
        visit.name,
        target,
        target - timedelta(days=visit.window_before),
        target + timedelta(days=visit.window_after),
    )


def assign_visit(
    study: Study,
    day: date,
    anchors: Mapping[str, date],
    *,
    form: str | None = None,
    kinds: Iterable[VisitKind] = (VisitKind.BASELINE, VisitKind.FOLLOW_UP),
) -> str | None:
    """The planned visit a day belongs to: the one in whose window it lies, with the nearest target.

    Args:
        form: only visits that have this form.
        kinds: only visits of these kinds.

    Ties go to the later visit. `None` when the day lies in no window: it is an unscheduled contact.
    """
    wanted = set(kinds)
    found = [
        due
        for due in due_visits(study, anchors)
        if study.visits[due.visit].kind in wanted
        and (form is None or form in study.visits[due.visit].forms)
        and due.holds(day)
    ]
    best = min(found, key=lambda due: (abs((day - due.target).days), -due.target.toordinal()), default=None)
    return best.visit if best else None


@dataclass(frozen=True, slots=True)
class Contact:
    """A day on which something was measured; `visit` is the visit it was entered under."""

    day: date
    visit: str
    key: str = ""


def choose_contact(
    study: Study, visit: str, anchors: Mapping[str, date], contacts: Iterable[Contact]
) -> Contact | None:
    """The contact that counts for a visit.

    Of those in the window the one nearest to the target; of two equally near ones the later.
    Contacts entered under an unscheduled visit count only when no scheduled one lies in the window.
    """
    window = target_window(study, visit, anchors)
    if window is None:
        return None
    target, first, last = window
    inside = [contact for contact in contacts if first <= contact.day <= last]
    planned = [one for one in inside if not _unplanned(study, one.visit)]
    return min(
        planned or inside,
        key=lambda one: (abs((one.day - target).days), -one.day.toordinal()),
        default=None,
    )


def _unplanned(study: Study, visit: str) -> bool:
    found = study.visits.get(visit)
    return found is None or found.kind in _UNPLANNED
