"""The worklists: what waits, for whom, and where to do it. A slice adds its list as one line of `WORKLISTS`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from trialrun.app.casebook import BookVisit, Cell, casebook
from trialrun.app.consents import reconsent_due
from trialrun.app.deviations import found_deviations, listed_deviations
from trialrun.app.entry_delay import slow_rows
from trialrun.app.language import gettext as _
from trialrun.app.language import marked, ngettext
from trialrun.app.product_work import product_rows
from trialrun.app.rights import rights_of
from trialrun.app.roster import missing_forms, participants_in_scope
from trialrun.app.safety_work import (
    alert_rows,
    changed_rows,
    coding_rows,
    disagreeing_rows,
    incomplete_rows,
    report_rows,
)
from trialrun.app.verification_work import lost_rows
from trialrun.app.visits import OPEN, ScheduledVisit, VisitStatus, status_words, visit_schedule, visit_title
from trialrun.app.work import Worklist, WorkRow, form_path, label_of, participant_path, visit_path
from trialrun.ledger.commands import Actor
from trialrun.ledger.state import ParticipantState, Query
from trialrun.study.model import VisitKind

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

AHEAD_DAYS = 14
LONG_OPEN_DAYS = 14
Rows = tuple[WorkRow, ...]


# --- visits ------------------------------------------------------------------------------------


def overdue_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Visits whose window has closed without a date or a reason, the longest waiting first."""
    return _in_order(
        _visit_row(person, visit, visit.last, workspace.today, urgent=True)
        for person, visit in _visits(workspace, actor)
        if visit.status is VisitStatus.OVERDUE
    )


def upcoming_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Visits whose window is open or opens within the next 14 days, by target."""
    today, until = workspace.today, workspace.today + timedelta(days=AHEAD_DAYS)
    return _in_order(
        _visit_row(person, visit, visit.target, today, urgent=visit.last == today)
        for person, visit in _visits(workspace, actor)
        if visit.status in OPEN - {VisitStatus.OVERDUE} and visit.first is not None and visit.first <= until
    )


def dose_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Dose visits among the upcoming and overdue ones: what the pharmacy prepares for."""
    rows = {*upcoming_rows(workspace, actor), *overdue_rows(workspace, actor)}
    doses = {
        visit_path(person.key, visit.name)
        for person, visit in _visits(workspace, actor)
        if visit.plan.kind is VisitKind.DOSE
    }
    return _in_order(row for row in rows if row.link in doses)


def _visits(workspace: Workspace, actor: Actor) -> Iterator[tuple[ParticipantState, ScheduledVisit]]:
    for person in participants_in_scope(workspace, actor):
        for visit in visit_schedule(workspace.study, person, workspace.today):
            yield person, visit


def _visit_row(
    person: ParticipantState, visit: ScheduledVisit, day: date | None, today: date, *, urgent: bool
) -> WorkRow:
    window = _("window {first} to {last}").format(first=visit.first, last=visit.last)
    note = f"{status_words(visit, today)}; {window}"
    link = visit_path(person.key, visit.name)
    return WorkRow(person.key, label_of(person), person.site, visit.title, link, day, note, urgent)


def _in_order(rows: Iterable[WorkRow]) -> Rows:
    return tuple(sorted(rows, key=lambda row: (row.day or date.max, row.label, row.what)))


# --- forms and signatures ----------------------------------------------------------------------


def missing_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Forms that lack answers though their visit took place, the oldest visit first."""
    study, today = workspace.study, workspace.today

    def rows() -> Iterator[WorkRow]:
        for person in participants_in_scope(workspace, actor):
            for cell in missing_forms(casebook(study, person, today)):
                note = _("{answered} of {needed} answered").format(answered=cell.answered, needed=cell.needed)
                yield WorkRow(
                    person.key,
                    label_of(person),
                    person.site,
                    f"{visit_title(study, cell.visit)}: {cell.title}",
                    form_path(person.key, cell.visit, cell.form),
                    person.visits.get(cell.visit),
                    note,
                )

    return _in_order(rows())


def unsigned_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Visits that took place and are complete but not signed, and those whose signature was broken."""
    study, today = workspace.study, workspace.today

    def rows() -> Iterator[WorkRow]:
        for person in participants_in_scope(workspace, actor):
            book = casebook(study, person, today)
            for one in book.visits:
                row = _unsigned_visit(person, one)
                if row is not None:
                    yield row
            yield from _unsigned_logs(person, book.logs)

    return _in_order(rows())


def _unsigned_visit(person: ParticipantState, one: BookVisit) -> WorkRow | None:
    unsigned = [cell for cell in one.cells if cell.filled and not cell.signed]
    broken = any(cell.broken for cell in unsigned)
    if not unsigned or (any(cell.incomplete for cell in one.cells) and not broken):
        return None
    count = len(unsigned)
    note = ngettext("{count} form", "{count} forms", count).format(count=count)
    if broken:
        note = _("{forms}; a signature was broken by a change").format(forms=note)
    link = visit_path(person.key, one.visit.name)
    return WorkRow(
        person.key, label_of(person), person.site, one.visit.title, link, one.visit.actual, note, broken
    )


def _unsigned_logs(person: ParticipantState, logs: tuple[Cell, ...]) -> Iterator[WorkRow]:
    for cell in logs:
        if cell.filled and not cell.signed and not cell.incomplete:
            rows = ngettext("{count} row", "{count} rows", cell.rows).format(count=cell.rows)
            link = form_path(person.key, cell.visit, cell.form)
            yield WorkRow(
                person.key, label_of(person), person.site, cell.title, link, None, rows, cell.broken
            )


# --- queries -----------------------------------------------------------------------------------


def unanswered_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Queries nobody has answered, the oldest first."""
    return _query_rows(workspace, actor, "open")


def answered_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Queries that were answered and wait to be closed, the oldest first."""
    return _query_rows(workspace, actor, "answered")


def _query_rows(workspace: Workspace, actor: Actor, status: str) -> Rows:
    def rows() -> Iterator[WorkRow]:
        for person in participants_in_scope(workspace, actor):
            for query in person.queries.values():
                if query.status == status:
                    yield _query_row(workspace, person, query)

    return _in_order(rows())


def _query_row(workspace: Workspace, person: ParticipantState, query: Query) -> WorkRow:
    opened = opened_on(workspace, query)
    age = (workspace.today - opened).days
    return WorkRow(
        person.key,
        label_of(person),
        person.site,
        f"{query.id}: {query.message}",
        f"{participant_path(person.key)}/queries/{quote(query.id, safe='')}",
        opened,
        ngettext("{days} day", "{days} days", age).format(days=age),
        age > LONG_OPEN_DAYS,
    )


def opened_on(workspace: Workspace, query: Query) -> date:
    """The day a query was opened, at the study's place."""
    return workspace.day_of(query.opened_at)


# --- consent, deviations -----------------------------------------------------------------------


def reconsent_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Participants whose consent is to an older text than the one approved at their site."""
    return tuple(
        WorkRow(
            one.key,
            one.label,
            one.site,
            _("ask again: version {version}").format(version=one.version),
            f"{participant_path(one.key)}/consent",
            one.approved_from,
            _("signed version {version} on {day}").format(version=one.signed_version, day=one.signed_on),
        )
        for one in reconsent_due(workspace, actor.site)
    )


def unassessed_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Recorded deviations nobody has assessed."""
    return _in_order(
        WorkRow(
            one.participant,
            one.label,
            one.site,
            f"{one.deviation.id}: {one.deviation.description}",
            f"{participant_path(one.participant)}/deviations/{one.deviation.id}",
            workspace.day_of(one.deviation.at),
            one.visit_title,
        )
        for one in listed_deviations(workspace, actor)
        if one.deviation.status == "open"
    )


def found_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Departures from the protocol that the data show and nobody has recorded."""
    return _in_order(
        WorkRow(
            one.participant,
            one.label,
            one.site,
            one.description,
            "/deviations/found",
            one.since,
            one.visit_title,
        )
        for one in found_deviations(workspace, actor)
    )


# --- the lists ---------------------------------------------------------------------------------

_SITE = ("RecordVisit", "VerifySource", "RaiseQuery")
WORKLISTS: tuple[Worklist, ...] = (
    Worklist("overdue", marked("Overdue visits"), marked("Their window has closed without a date or a reason."), marked("Window closed"), ("see_participants",), overdue_rows, "bad"),
    Worklist("upcoming", marked("Upcoming visits"), marked("Their window is open, or opens within 14 days."), marked("Target"), ("see_participants",), upcoming_rows, "info"),
    Worklist("upcoming-doses", marked("Doses to prepare"), marked("Dose visits of the next 14 days, and overdue ones."), marked("Day"), ("RegisterBatch", "MoveStock"), dose_rows, "info"),
    Worklist("product", marked("Product needs attention"), marked("Expiring, short, in quarantine, thawed and not used, or not accounted for."), marked("Since or until"), ("MoveStock", "see_stock"), product_rows, "warn"),
    Worklist("missing-forms", marked("Missing forms"), marked("The visit took place; answers are missing."), marked("Visit"), _SITE, missing_rows, "warn"),
    Worklist("unanswered-queries", marked("Unanswered queries"), marked("Questions the site has not answered."), marked("Opened"), ("see_queries",), unanswered_rows, "warn"),
    Worklist("answered-queries", marked("Answered queries to close"), marked("The site has answered; whoever asked decides."), marked("Opened"), ("CloseQuery",), answered_rows),
    Worklist("verification-lost", marked("Verification lost by a change"), marked("Compared with the source, and changed since."), marked("Changed"), ("VerifySource",), lost_rows, "warn"),
    Worklist("unsigned", marked("Unsigned"), marked("Complete and not signed, or signed and changed since."), marked("Visit"), ("Sign", "VerifySource", "Lock"), unsigned_rows),
    Worklist("re-consent", marked("Re-consent due"), marked("A newer consent text is approved at the site."), marked("Approved from"), ("RecordConsent", "VerifySource"), reconsent_rows, "warn"),
    Worklist("deviations-to-assess", marked("Deviations to assess"), marked("Recorded; their importance has not been judged."), marked("Recorded"), ("see_deviations",), unassessed_rows, "warn"),
    Worklist("deviations-found", marked("Deviations found, not recorded"), marked("Found by a rule in the data."), marked("Since"), ("RecordDeviation", "VerifySource"), found_rows, "warn"),
    Worklist("safety-reports", marked("Safety reports to send"), marked("Serious events, by the day their report is due."), marked("Due"), ("RecordSafetyReport", "see_safety"), report_rows, "bad"),
    Worklist("safety-follow-up", marked("Serious events changed since their report"), marked("A follow-up report is owed."), marked("Last report"), ("RecordSafetyReport", "see_safety"), changed_rows, "warn"),
    Worklist("alerts", marked("Laboratory alerts to assess"), marked("Raised by values after the first dose."), marked("Sample"), ("AcknowledgeAlert", "see_safety"), alert_rows, "bad"),
    Worklist("adverse-events-incomplete", marked("Adverse events with unanswered questions"), marked("For serious events the time limits depend on them."), marked("Began"), ("see_safety",), incomplete_rows, "warn"),
    Worklist("endings", marked("Deaths and transplants that do not agree"), marked("The places that tell of them say different things."), marked("Day"), ("see_safety",), disagreeing_rows, "warn"),
    Worklist("coding", marked("Terms to code"), marked("Reported words without a code, or changed since."), marked("Day"), ("CodeTerm",), coding_rows),
    Worklist("slow-entry", marked("Entered late"), marked("The first answer came more than 7 days after the visit."), marked("Visit"), ("see_participants",), slow_rows),
)  # fmt: skip


def worklists_for(workspace: Workspace, actor: Actor) -> tuple[Worklist, ...]:
    """The lists the actor's role may see."""
    rights = rights_of(workspace.study, actor.role)
    return tuple(one for one in WORKLISTS if rights & set(one.rights))


def worklist(workspace: Workspace, actor: Actor, name: str) -> Worklist | None:
    """A list by name, where the actor's role may see it."""
    return next((one for one in worklists_for(workspace, actor) if one.name == name), None)
