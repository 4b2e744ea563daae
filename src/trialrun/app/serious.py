"""Serious adverse events: which reports are owed to whom by when, what was sent, what changed since.

The clocks are the study's (`settings.safety.clocks`); those below hold where it names none. Unanswered questions
are timed by the graver answer and said to be provisional: relation as suspected, expectedness as unexpected,
seriousness as fatal or life-threatening.
Source: ICH E2A III.B (7 and 15 days), ICH E6(R2) 4.11.1 and Regulation (EU) 536/2014 art. 41 (sponsor), ICH E2F 2.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from trialrun.app.language import gettext as _
from trialrun.app.safety import AdverseEvent, adverse_event, events_of
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, RecordExport, RecordSafetyReport
from trialrun.ledger.conduct import Outcome
from trialrun.ledger.state import SafetyReport
from trialrun.study.model import Study
from trialrun.values.dates import add_months

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

KINDS = ("initial", "follow_up", "final")
ANNUAL = "annual-safety-report"
_GRAVE = frozenset({"death", "life_threatening"})
_DEFAULT: Mapping[str, Mapping[str, Any]] = {
    "sponsor": {
        "recipient": "Sponsor", "for": "serious", "days": 1,
        "source": "ICH E6(R2) 4.11.1 (immediately); Regulation (EU) 536/2014 art. 41 (24 hours)",
    },
    "susar_fatal": {
        "recipient": "Ethics committee and authority", "for": "susar_fatal", "days": 7, "source": "ICH E2A III.B.1",
    },
    "susar_fatal_complete": {
        "recipient": "Ethics committee and authority", "for": "susar_fatal", "days": 15, "kind": "follow_up",
        "source": "ICH E2A III.B.1 (complete report within 8 further days)",
    },
    "susar": {
        "recipient": "Ethics committee and authority", "for": "susar", "days": 15, "source": "ICH E2A III.B.2",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clock:
    """One time limit: for which events, to whom, how many calendar days from awareness."""

    name: str
    recipient: str
    applies: str  # serious, susar, susar_fatal
    days: int
    kind: str = "initial"
    source: str = ""


class DutyStatus(StrEnum):
    """Where a report stands today."""

    OVERDUE = "overdue"
    DUE = "due"
    SENT_LATE = "sent_late"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Duty:
    """One report owed for one event. `provisional` names the unanswered items that decide whether it is owed."""

    event: AdverseEvent
    clock: Clock
    aware_on: date
    due: date
    status: DutyStatus
    days_left: int
    sent: SafetyReport | None = None
    provisional: tuple[str, ...] = ()
    assumed_awareness: bool = False

    @property
    def open(self) -> bool:
        """Whether it still has to be sent."""
        return self.status in (DutyStatus.DUE, DutyStatus.OVERDUE)


@dataclass(frozen=True, slots=True)
class SeriousEvent:
    """A serious event with its duties, the reports sent, and whether it changed since the last one."""

    event: AdverseEvent
    susar: bool
    grave: bool
    duties: tuple[Duty, ...]
    reports: tuple[SafetyReport, ...]
    changed_since: SafetyReport | None = None

    @property
    def open(self) -> tuple[Duty, ...]:
        """The reports that still have to be sent."""
        return tuple(duty for duty in self.duties if duty.open)


@dataclass(frozen=True, slots=True)
class AnnualReport:
    """The yearly safety report: the year it covers, the day it is due, when the last one was recorded."""

    recipient: str
    since: date
    until: date
    due: date
    overdue: bool
    last_sent: date | None


def clocks_of(study: Study) -> tuple[Clock, ...]:
    """The study's time limits. Errors: `UserError` for one without a number of days."""
    given: Mapping[str, Any] = _safety(study).get("clocks") or _DEFAULT
    return tuple(_clock(name, dict(spec)) for name, spec in given.items())


def _safety(study: Study) -> Mapping[str, Any]:
    return study.settings.get("safety", {}) or {}


def _clock(name: str, spec: Mapping[str, Any]) -> Clock:
    days, applies = spec.get("days"), spec.get("for")
    if not isinstance(days, int) or applies not in ("serious", "susar", "susar_fatal"):
        raise UserError(
            f"settings.safety.clocks.{name} needs days (a whole number) and for (serious, susar or susar_fatal)",
            "correct it in study.yaml",
        )
    return Clock(
        name, str(spec.get("recipient", name)), str(applies), days, str(spec.get("kind", "initial")),
        str(spec.get("source", "")),
    )  # fmt: skip


def is_grave(event: AdverseEvent) -> bool:
    """Fatal or life-threatening; so is a serious event whose criteria nobody has answered."""
    return (
        event.fatal
        or bool(_GRAVE & set(event.seriousness))
        or (bool(event.serious) and not event.seriousness)
    )


def serious_event(
    study: Study, event: AdverseEvent, reports: Iterable[SafetyReport], today: date
) -> SeriousEvent:
    """A serious event's duties today."""
    own = tuple(one for one in reports if one.row == event.row)
    susar = event.reaction == "susar"
    grave = is_grave(event)
    kinds = {"serious", *({"susar_fatal" if grave else "susar"} if susar else set[str]())}
    duties = tuple(_duty(event, clock, own, today) for clock in clocks_of(study) if clock.applies in kinds)
    last = max(own, key=lambda one: one.at, default=None)
    changed = last if last is not None and event.changed_at > last.at else None
    return SeriousEvent(event, susar, grave, duties, own, changed)


def _duty(event: AdverseEvent, clock: Clock, reports: tuple[SafetyReport, ...], today: date) -> Duty:
    # Nobody can have become aware later than the day it was written down.
    aware = event.aware_on or event.reported_on or today
    due = aware + timedelta(days=clock.days)
    sent = _sent(clock, reports)
    if sent is not None:
        status = DutyStatus.SENT if sent.on <= due else DutyStatus.SENT_LATE
    else:
        status = DutyStatus.DUE if today <= due else DutyStatus.OVERDUE
    return Duty(
        event,
        clock,
        aware,
        due,
        status,
        (due - today).days,
        sent,
        _undecided(event, clock),
        event.aware_on is None,
    )


def _sent(clock: Clock, reports: tuple[SafetyReport, ...]) -> SafetyReport | None:
    wanted = {"initial": ("initial", "final"), "follow_up": ("follow_up", "final"), "final": ("final",)}[
        clock.kind if clock.kind in KINDS else "initial"
    ]
    fitting = [one for one in reports if one.kind in wanted and _same(one.recipient, clock.recipient)]
    return min(fitting, key=lambda one: (one.on, one.at), default=None)


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _undecided(event: AdverseEvent, clock: Clock) -> tuple[str, ...]:
    if clock.applies == "serious":
        return ()
    open_questions = {"ae_related": event.related is None, "ae_expected": event.expected is None}
    if clock.applies == "susar_fatal":
        open_questions["ae_seriousness"] = not event.seriousness and not event.fatal
    return tuple(name for name, unanswered in open_questions.items() if unanswered)


# --- lists -----------------------------------------------------------------------------------------


def serious_events(workspace: Workspace, sites: Iterable[str]) -> tuple[SeriousEvent, ...]:
    """Every serious event at these sites, those with open reports first, by the day these are due."""
    within, conduct = frozenset(sites), workspace.conduct
    found = [
        one
        for key in conduct.participants()
        if conduct.participant(key).site in within
        for one in serious_events_of(workspace, key)
    ]
    found.sort(
        key=lambda one: (min((duty.due for duty in one.open), default=date.max), one.event.participant)
    )
    return tuple(found)


def serious_events_of(workspace: Workspace, key: str) -> tuple[SeriousEvent, ...]:
    """The serious events of one participant."""
    person = workspace.conduct.participant(key)
    return tuple(
        serious_event(workspace.study, event, person.safety_reports, workspace.today)
        for event in events_of(workspace.study, person, workspace.zone)
        if event.serious
    )


def one_serious_event(workspace: Workspace, key: str, row: int) -> SeriousEvent:
    """One serious event. Errors: `UserError` when there is no such row, or it is not serious."""
    event = adverse_event(workspace, key, row)
    if not event.serious:
        raise UserError(
            f"adverse event {row} of {key} is not recorded as serious",
            "answer that question on its form first",
        )
    person = workspace.conduct.participant(key)
    return serious_event(workspace.study, event, person.safety_reports, workspace.today)


def open_duties(workspace: Workspace, sites: Iterable[str]) -> tuple[Duty, ...]:
    """The reports that still have to be sent, the most urgent first."""
    found = [duty for one in serious_events(workspace, sites) for duty in one.open]
    return tuple(sorted(found, key=lambda duty: (duty.due, duty.event.participant, duty.event.row)))


def recipients_of(study: Study) -> tuple[str, ...]:
    """Those the study's clocks report to, each once."""
    return tuple(dict.fromkeys(clock.recipient for clock in clocks_of(study)))


def kind_label(kind: str) -> str:
    """What a kind of report is called."""
    return {
        "initial": _("Initial report"),
        "follow_up": _("Follow-up report"),
        "final": _("Final report"),
    }.get(kind, kind)


# --- the yearly report -----------------------------------------------------------------------------


def annual_report(workspace: Workspace) -> AnnualReport | None:
    """The yearly safety report that is next; `None` before the study is open, or where it owes none."""
    spec: Mapping[str, Any] = _safety(workspace.study).get("annual") or {}
    events = list(workspace.store.read("study"))
    opened = next((event.at for event in events if event.type == "StudyActivated"), None)
    if not spec or opened is None:
        return None
    sent = [
        workspace.day_of(str(event.at))
        for event in events
        if event.type == "DataExported" and event.data.get("kind") == ANNUAL
    ]
    months, days = int(spec.get("months", 12)), int(spec.get("days_to_send", 60))
    since = workspace.day_of(str(opened))
    for _report in sent:
        since = add_months(since, months)
    until = add_months(since, months)
    due = until + timedelta(days=days)
    recipient = str(spec.get("recipient", "Ethics committee and authority"))
    return AnnualReport(recipient, since, until, due, workspace.today > due, max(sent, default=None))


def record_annual_report(workspace: Workspace, actor: Actor, reference: str) -> Outcome:
    """The yearly report of the period that is due went out. Errors: as `RecordExport`; `UserError` before its end."""
    report = annual_report(workspace)
    if report is None:
        raise UserError(
            "no yearly safety report is owed", "see settings.safety.annual and open the study first"
        )
    if workspace.today < report.until:
        raise UserError(f"the year covered ends on {report.until}", "send the report after that day")
    period = f"{report.recipient}: {report.since} to {report.until}; {reference}".strip("; ")
    return workspace.do(RecordExport(ANNUAL, period), actor)


# --- actions ---------------------------------------------------------------------------------------


def record_report(workspace: Workspace, actor: Actor, key: str, report: RecordSafetyReport) -> Outcome:
    """A report of a serious event was sent.

    Errors: `UserError` when the event is not serious, or the report went out before the site knew of the event;
    `CommandRefusedError` as the ledger refuses.
    """
    found = one_serious_event(workspace, key, report.row)
    if found.event.start is not None and report.on < found.event.start.earliest:
        raise UserError(
            f"the report of {report.on} lies before the event, which began on {found.event.start}",
            "check both dates",
        )
    return workspace.do(report, actor)
