"""The visit schedule of a participant: what is due when, what was done, and what is late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING

from trialrun.app.language import gettext as _
from trialrun.app.language import ngettext
from trialrun.ledger.commands import Actor, MissVisit, RecordVisit
from trialrun.ledger.conduct import Outcome
from trialrun.ledger.rows import plain_visit
from trialrun.ledger.state import ParticipantState
from trialrun.study.model import Study, Visit, VisitKind
from trialrun.study.schedule import target_window

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

PLANNED = frozenset({VisitKind.SCREENING, VisitKind.BASELINE, VisitKind.DOSE, VisitKind.FOLLOW_UP})
_AFTER_ENROLMENT = frozenset({VisitKind.DOSE, VisitKind.FOLLOW_UP})
# Nothing more is expected of those who never started, finished, or died.
_NO_TERMINATION_VISIT = frozenset({"screen_failure", "completed", "death"})


class VisitStatus(StrEnum):
    """Where a visit stands today."""

    WAITING = "waiting"  # its anchor has no date yet
    DUE = "due"  # planned; its window has not opened
    IN_WINDOW = "in_window"
    OVERDUE = "overdue"
    DONE = "done"
    DONE_OUTSIDE = "done_outside"
    MISSED = "missed"
    IF_NEEDED = "if_needed"  # early termination: the participant has left, nobody came yet
    NOT_APPLICABLE = "not_applicable"  # its time lies after the end of participation


OPEN = frozenset({VisitStatus.DUE, VisitStatus.IN_WINDOW, VisitStatus.OVERDUE})


@dataclass(frozen=True, slots=True)
class ScheduledVisit:
    """One visit of one participant.

    `name` is the visit as recorded (`unscheduled#2`), `plan` its definition. `target`, `first` and `last` are
    `None` while the anchor has no date or the visit has no planned day. `days_off` counts the days by which the
    actual date lies before (negative) or after the window. `provisional`: the anchor is the day of a dose visit
    whose amount has not been entered yet.
    """

    name: str
    title: str
    plan: Visit
    status: VisitStatus
    target: date | None = None
    first: date | None = None
    last: date | None = None
    actual: date | None = None
    days_off: int = 0
    missed_because: str = ""
    provisional: bool = False

    @property
    def unplanned(self) -> bool:
        """Whether the protocol plans no day for it."""
        return self.plan.kind not in PLANNED


@dataclass(frozen=True, slots=True)
class Anchors:
    """The days visits are counted from; `provisional` when the first dose is known by its visit only."""

    days: Mapping[str, date]
    provisional: bool = False


def visit_title(study: Study, name: str) -> str:
    """A visit's title; further unscheduled ones carry their number."""
    plain, _sep, number = name.partition("#")
    plan = study.visits.get(plain)
    title = plan.title if plan is not None else plain
    return f"{title} {number}" if number else title


def first_dose_on(study: Study, person: ParticipantState) -> date | None:
    """The first day on which an amount greater than zero was given; `None` before.

    The infusion's own start counts, else the date of its visit, as in a snapshot.
    """
    amount, start = _dose_items(study)
    days: list[date] = []
    for (visit, form, row, item), value in person.values.items():
        if item != amount or not _positive(value.text):
            continue
        began = person.values.get((visit, form, row, start))
        day = date.fromisoformat(began.text[:10]) if began and began.text else person.visits.get(visit)
        days += [day] if day is not None else []
    return min(days, default=None)


def _dose_items(study: Study) -> tuple[str, str]:
    settings = study.settings
    return str(settings.get("dose_item", "dose_given")), str(
        settings.get("dose_start_item", "infusion_start")
    )


def _positive(text: str | None) -> bool:
    try:
        return text is not None and Decimal(text) > 0
    except InvalidOperation:
        return False


def anchors_of(study: Study, person: ParticipantState) -> Anchors:
    """The anchors that have a date: first consent, screening visit, enrolment, first dose."""
    days: dict[str, date] = {}
    if person.consents:
        days["consent"] = min(consent.signed_on for consent in person.consents)
    screened = [
        person.visits[visit.name]
        for visit in study.visits.values()
        if visit.kind is VisitKind.SCREENING and visit.name in person.visits
    ]
    if screened:
        days["screening"] = min(screened)
    if person.enrolled_at:
        days["enrolment"] = date.fromisoformat(person.enrolled_at[:10])
    dosed = first_dose_on(study, person)
    if dosed is not None:
        return Anchors({**days, "first_dose": dosed})
    begun = _dose_visit_without_amount(study, person)
    return Anchors({**days, "first_dose": begun}, provisional=True) if begun else Anchors(days)


def _dose_visit_without_amount(study: Study, person: ParticipantState) -> date | None:
    """The day of a dose visit whose amount nobody has entered: the next visits are planned from it until then."""
    amount, _start = _dose_items(study)
    answered = {slot[0] for slot in person.values if slot[3] == amount}
    return min(
        (
            day
            for name, day in person.visits.items()
            if name in study.visits
            and study.visits[name].kind is VisitKind.DOSE
            and study.visits[name].offset == "P0D"
            and name not in answered
        ),
        default=None,
    )


def end_of(person: ParticipantState) -> date | None:
    """The last day of participation: when it ended, or consent was withdrawn."""
    return min((day for day in (person.ended_on, person.withdrawn_on) if day is not None), default=None)


def visit_schedule(study: Study, person: ParticipantState, today: date) -> tuple[ScheduledVisit, ...]:
    """Every visit of a participant: the planned ones in the study's order, then the others by date.

    Args:
        today: today at the study's place; it decides what is overdue.
    """
    anchors = anchors_of(study, person)
    planned = [
        _scheduled(study, person, visit.name, anchors, today)
        for visit in study.visits.values()
        if visit.kind in PLANNED
    ]
    others = [_scheduled(study, person, name, anchors, today) for name in _other_visits(study, person)]
    others.sort(key=lambda visit: (visit.actual is None, visit.actual or date.max, visit.name))
    return (*planned, *others)


def _other_visits(study: Study, person: ParticipantState) -> Iterable[str]:
    held = {*person.visits, *person.missed, *(slot[0] for slot in person.values)}
    for name in sorted(held, key=lambda name: (plain_visit(name), len(name), name)):
        plan = study.visits.get(plain_visit(name))
        if plan is not None and plan.kind in (VisitKind.UNSCHEDULED, VisitKind.EARLY_TERMINATION):
            yield name
    if left_early(person):
        for visit in study.visits.values():
            if visit.kind is VisitKind.EARLY_TERMINATION and visit.name not in held:
                yield visit.name


def left_early(person: ParticipantState) -> bool:
    """Whether an enrolled participant left before the end, alive: the early-termination visit is for them."""
    ended = person.ended_on is not None or person.withdrawn_on is not None
    return person.enrolled and ended and person.end_cause not in _NO_TERMINATION_VISIT


def _scheduled(
    study: Study, person: ParticipantState, name: str, anchors: Anchors, today: date
) -> ScheduledVisit:
    plan = study.visits[plain_visit(name)]
    window = target_window(study, plan.name, anchors.days)
    target, first, last = window or (None, None, None)
    actual = person.visits.get(name)
    off = 0
    if actual is not None and first is not None and last is not None:
        off = min((actual - first).days, 0) or max((actual - last).days, 0)
    return ScheduledVisit(
        name=name,
        title=visit_title(study, name),
        plan=plan,
        status=_status(person, plan, window, (actual, off), name, today),
        target=target,
        first=first,
        last=last,
        actual=actual,
        days_off=off,
        missed_because=person.missed.get(name, ""),
        provisional=anchors.provisional and plan.anchor == "first_dose" and window is not None,
    )


def _status(
    person: ParticipantState,
    plan: Visit,
    window: tuple[date, date, date] | None,
    done: tuple[date | None, int],
    name: str,
    today: date,
) -> VisitStatus:
    actual, off = done
    if actual is not None:
        return VisitStatus.DONE_OUTSIDE if off else VisitStatus.DONE
    if name in person.missed:
        return VisitStatus.MISSED
    if plan.kind not in PLANNED:
        return VisitStatus.IF_NEEDED
    if _after_the_end(person, window):
        return VisitStatus.NOT_APPLICABLE
    if window is None or (plan.kind in _AFTER_ENROLMENT and not person.enrolled):
        return VisitStatus.WAITING
    _target, first, last = window
    if today < first:
        return VisitStatus.DUE
    return VisitStatus.IN_WINDOW if today <= last else VisitStatus.OVERDUE


def _after_the_end(person: ParticipantState, window: tuple[date, date, date] | None) -> bool:
    """Whether a visit that did not take place need not: its window was still open when the participant left.

    Whoever completed was there until the end, so for them the target decides.
    """
    end = end_of(person)
    if end is None:
        return False
    if window is None or person.end_cause == "screen_failure":
        return True
    target, _first, last = window
    return (target if person.end_cause == "completed" else last) > end


def next_visit(visits: Iterable[ScheduledVisit]) -> ScheduledVisit | None:
    """The visit to come: the earliest one whose window has not closed, else the first that waits for its anchor."""
    every = tuple(visits)
    coming = [one for one in every if one.status in (VisitStatus.DUE, VisitStatus.IN_WINDOW)]
    if coming:
        return min(coming, key=lambda one: (one.target or date.max, one.last or date.max))
    return next((one for one in every if one.status is VisitStatus.WAITING), None)


def overdue_visits(visits: Iterable[ScheduledVisit]) -> tuple[ScheduledVisit, ...]:
    """The visits whose window has closed without a date or a reason."""
    return tuple(one for one in visits if one.status is VisitStatus.OVERDUE)


def schedule_of(workspace: Workspace, key: str) -> tuple[ScheduledVisit, ...]:
    """The schedule of one participant today."""
    return visit_schedule(workspace.study, workspace.conduct.participant(key), workspace.today)


# --- actions -----------------------------------------------------------------------------------


def addable_visits(study: Study, person: ParticipantState) -> tuple[tuple[str, str], ...]:
    """The unplanned visits that can be added now, as (visit as it would be recorded, title)."""
    found: list[tuple[str, str]] = []
    held = {*person.visits, *person.missed, *(slot[0] for slot in person.values)}
    for visit in study.visits.values():
        if visit.kind is VisitKind.UNSCHEDULED:
            name = _free_name(visit.name, held)
            found.append((name, visit_title(study, name)))
        elif visit.kind is VisitKind.EARLY_TERMINATION and visit.name not in held and person.enrolled:
            found.append((visit.name, visit.title))
    return tuple(found)


def _free_name(plain: str, held: Iterable[str]) -> str:
    taken = set(held)
    if plain not in taken:
        return plain
    number = 2
    while f"{plain}#{number}" in taken:
        number += 1
    return f"{plain}#{number}"


def record_visit(
    workspace: Workspace, actor: Actor, key: str, visit: str, day: date, reason: str = ""
) -> Outcome:
    """A visit took place on a day; another day than before is a correction and needs a reason.

    Errors: `CommandRefusedError` naming the rule, e.g. a day before consent or in the future.
    """
    return workspace.do(RecordVisit(key, visit, day, reason), actor)


def add_visit(
    workspace: Workspace, actor: Actor, key: str, plain: str, day: date, reason: str = ""
) -> tuple[str, Outcome]:
    """A further unplanned visit; returns the name it was recorded under (`unscheduled#2`).

    Errors: `CommandRefusedError` as for `record_visit`.
    """
    person = workspace.conduct.participant(key)
    plan = workspace.study.visits.get(plain_visit(plain))
    name = plain
    if plan is not None and plan.kind is VisitKind.UNSCHEDULED:
        # The number is chosen now, not when the page was opened: somebody may have added one meanwhile.
        name = _free_name(plan.name, {*person.visits, *person.missed, *(slot[0] for slot in person.values)})
    return name, record_visit(workspace, actor, key, name, day, reason)


def mark_missed(workspace: Workspace, actor: Actor, key: str, visit: str, reason: str) -> Outcome:
    """A visit that did not take place, and why.

    Errors: `CommandRefusedError`, e.g. when values were saved at it.
    """
    return workspace.do(MissVisit(key, visit, reason), actor)


# --- words -------------------------------------------------------------------------------------


def status_words(visit: ScheduledVisit, today: date) -> str:
    """The status of a visit in words, with the days that matter."""
    match visit.status:
        case VisitStatus.WAITING:
            return _waiting_words(visit.plan)
        case VisitStatus.DUE:
            return _("planned")
        case VisitStatus.IN_WINDOW:
            left = (visit.last - today).days if visit.last else 0
            return ngettext("in its window, {days} day left", "in its window, {days} days left", left).format(
                days=left
            )
        case VisitStatus.OVERDUE:
            late = (today - visit.last).days if visit.last else 0
            return ngettext("overdue by {days} day", "overdue by {days} days", late).format(days=late)
        case VisitStatus.DONE:
            return _("done")
        case VisitStatus.DONE_OUTSIDE:
            return _off_words(visit.days_off)
        case VisitStatus.MISSED:
            return _("missed")
        case VisitStatus.IF_NEEDED:
            return _("if it takes place")
        case VisitStatus.NOT_APPLICABLE:
            return _("not applicable")


def _waiting_words(plan: Visit) -> str:
    if plan.anchor == "first_dose":
        return _("waits for the first dose")
    if plan.anchor == "consent":
        return _("waits for consent")
    if plan.anchor == "enrolment":
        return _("waits for enrolment")
    return _("no date yet")


def _off_words(off: int) -> str:
    days = abs(off)
    if off < 0:
        words = ngettext("done {days} day before its window", "done {days} days before its window", days)
    else:
        words = ngettext("done {days} day late", "done {days} days late", days)
    return words.format(days=days)
