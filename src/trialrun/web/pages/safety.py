"""Safety: adverse events, reports owed, laboratory alerts, the stopping boundary, deaths and transplants."""

from __future__ import annotations

from datetime import date
from typing import Any

from litestar import Response

from trialrun.app.alerts import acknowledge, alerts_of, all_alerts
from trialrun.app.documents import made, record_own
from trialrun.app.endings import intercurrent_events, intercurrent_of
from trialrun.app.language import gettext as _
from trialrun.app.monitoring import monitoring
from trialrun.app.safety import (
    EventFilter,
    adverse_events,
    choice_label,
    events_csv,
    events_of,
    log_visit,
    truth_label,
)
from trialrun.app.safety_report import report_document, report_of
from trialrun.app.serious import (
    KINDS,
    annual_report,
    kind_label,
    open_duties,
    recipients_of,
    record_annual_report,
    record_report,
    serious_events,
    serious_events_of,
)
from trialrun.app.work import form_path, participant_path
from trialrun.derive.names import local_name
from trialrun.errors import UserError
from trialrun.ledger.commands import RecordSafetyReport
from trialrun.web.boundary_chart import boundary_chart
from trialrun.web.here import Here
from trialrun.web.routes import action, page

PLACE = "/safety"


def _tabs(here: Here) -> tuple[tuple[str, str, bool, int | None], ...]:
    duties = len(open_duties(here.workspace, here.sites))
    alerts = sum(one.acknowledged is None for one in all_alerts(here.workspace, here.sites))
    entries = (
        (PLACE, _("Overview"), None),
        (f"{PLACE}/events", _("Adverse events"), None),
        (f"{PLACE}/serious", _("Serious events"), duties),
        (f"{PLACE}/alerts", _("Laboratory alerts"), alerts),
        (f"{PLACE}/stopping", _("Stopping rule"), None),
        (f"{PLACE}/endings", _("Deaths and transplants"), None),
    )
    return tuple((address, label, here.path == address, count) for address, label, count in entries)


def _shared(here: Here) -> dict[str, Any]:
    study = here.workspace.study
    return {
        "tabs": _tabs(here),
        "choice": lambda name, code: choice_label(study, name, code),
        "truth": truth_label,
        "kind_label": kind_label,
        "label": lambda name: study.items[name].label if name in study.items else name,
        "casebook": participant_path,
        "event_form": lambda event: _event_form(here, event),
        "today": here.workspace.today,
        "alert_error": None,
        "alert_typed": ("", ""),
        "may_assess": here.may("AcknowledgeAlert"),
        "may_report": here.may("RecordSafetyReport"),
        "opens_casebook": here.may("see_participants"),
    }


def _event_form(here: Here, event: Any) -> str:
    study = here.workspace.study
    path = form_path(event.participant, event.visit or log_visit(study), local_name(study, "adverse_event"))
    return f"{path}/rows/{event.row}"


# --- the study -------------------------------------------------------------------------------------


@page(PLACE, who="see_safety")
def overview(here: Here) -> Response[str]:
    """What has to be done, and where the trial stands."""
    return _overview(here)


def _overview(here: Here, error: UserError | None = None, typed: str = "") -> Response[str]:
    workspace, sites = here.workspace, here.sites
    events = adverse_events(workspace, sites)
    return here.render(
        "safety/overview.html",
        status=422 if error else 200,
        events=events,
        duties=open_duties(workspace, sites),
        changed=tuple(one for one in serious_events(workspace, sites) if one.changed_since),
        alerts=tuple(one for one in all_alerts(workspace, sites) if one.acknowledged is None),
        problems=tuple(one for one in intercurrent_events(workspace, sites) if one.problems),
        standing=monitoring(workspace),
        annual=annual_report(workspace),
        may_export=here.may("RecordExport"),
        error=error,
        typed=typed,
        **_shared(here),
    )


@action(f"{PLACE}/annual", who="RecordExport")
def send_annual(here: Here) -> Response[Any]:
    """The yearly safety report went out."""
    try:
        record_annual_report(here.workspace, here.actor, here.text("reference"))
    except UserError as error:
        return _overview(here, error, here.text("reference"))
    return here.redirect(PLACE, _("The yearly report is recorded."))


def _filter(here: Here) -> EventFilter:
    grade = here.query("grade")
    return EventFilter(
        participant=here.query("participant"),
        site=here.query("site"),
        serious=here.query("serious"),
        suspected=here.query("suspected"),
        grade=int(grade) if grade in {"1", "2", "3", "4", "5"} else 0,
        emergent=here.query("emergent"),
        ongoing=here.query("ongoing"),
        incomplete=here.query("incomplete"),
        term=here.query("term")[:200],
    )


@page(f"{PLACE}/events", who="see_safety")
def events(here: Here) -> Response[str]:
    """Every adverse event, filtered."""
    wanted = _filter(here)
    found = adverse_events(here.workspace, here.sites, wanted)
    return here.render(
        "safety/events.html",
        events=found,
        wanted=wanted,
        total=len(adverse_events(here.workspace, here.sites)),
        address=str(here.request.url.query),
        site_options=tuple((site, site) for site in here.sites),
        **_shared(here),
    )


@page(f"{PLACE}/events.csv", who="see_safety")
def events_file(here: Here) -> Response[bytes]:
    """The same as CSV."""
    found = adverse_events(here.workspace, here.sites, _filter(here))
    name = f"{here.workspace.study.id}-adverse-events-{here.workspace.today}.csv"
    return here.download(events_csv(found), name, "text/csv; charset=utf-8")


@page(f"{PLACE}/serious", who="see_safety")
def serious(here: Here) -> Response[str]:
    """Every serious event with the reports owed, by the day they are due."""
    found = serious_events(here.workspace, here.sites)
    status = here.query("status")
    shown = tuple(one for one in found if _stands(one, status))
    return here.render("safety/serious.html", found=shown, chosen=status, total=len(found), **_shared(here))


def _stands(one: Any, status: str) -> bool:
    if status in ("overdue", "due"):
        return any(duty.open and duty.status.value == status for duty in one.duties)
    if status == "sent":
        return not one.open
    return status != "changed" or one.changed_since is not None


@page(f"{PLACE}/alerts", who="see_safety")
def alerts(here: Here) -> Response[str]:
    """Laboratory alerts, unacknowledged first."""
    found = all_alerts(here.workspace, here.sites)
    only_open = here.query("show") != "all"
    shown = tuple(one for one in found if one.acknowledged is None or not only_open)
    return here.render(
        "safety/alerts.html", alerts=shown, only_open=only_open, total=len(found), **_shared(here)
    )


@page(f"{PLACE}/stopping", who="see_safety")
def stopping(here: Here) -> Response[str]:
    """The stopping boundary, the trial's path, and how the rule behaves."""
    standing = monitoring(here.workspace)
    chart = boundary_chart(standing) if standing is not None else None
    own = tuple(one for one in (standing.treated if standing else ()) if one.site in here.sites)
    return here.render("safety/stopping.html", standing=standing, chart=chart, treated=own, **_shared(here))


@page(f"{PLACE}/endings", who="see_safety")
def endings(here: Here) -> Response[str]:
    """Deaths, transplants and procedures, and what does not agree."""
    found = intercurrent_events(here.workspace, here.sites)
    return here.render("safety/endings.html", found=found, **_shared(here))


# --- one participant -------------------------------------------------------------------------------


@page("/participants/{key:str}/safety", who="see_safety")
def participant(here: Here, key: str) -> Response[str]:
    """All of one participant's safety on a page."""
    return _participant(here, key)


def _participant(
    here: Here, key: str, error: UserError | None = None, typed: tuple[str, str] = ("", "")
) -> Response[str]:
    person, workspace = here.participant(key), here.workspace
    shared = _shared(here) | {"alert_error": error, "alert_typed": typed}
    return here.render(
        "safety/participant.html",
        status=422 if error else 200,
        person=person,
        events=events_of(workspace.study, person, workspace.zone),
        serious=serious_events_of(workspace, key),
        alerts=alerts_of(workspace, key),
        endings=intercurrent_of(workspace.study, person, workspace.zone),
        new_event=_new_event(here, key),
        **shared,
    )


def _new_event(here: Here, key: str) -> str:
    """Where a new adverse event is entered; nothing for those who may not."""
    study = here.workspace.study
    if not here.may("SaveForm"):
        return ""
    return f"{form_path(key, log_visit(study), local_name(study, 'adverse_event'))}/rows/new"


@action("/participants/{key:str}/alerts", who="AcknowledgeAlert")
def assess(here: Here, key: str) -> Response[Any]:
    """An investigator has looked at an alert."""
    person = here.participant(key)
    alert, words = here.text("alert"), here.text("assessment")
    try:
        acknowledge(here.workspace, here.actor, person.key, alert, words)
    except UserError as error:
        return _participant(here, key, error, (alert, words))
    return here.redirect(f"{participant_path(key)}/safety", _("The assessment is recorded."))


@page("/participants/{key:str}/safety/{row:int}", who="see_safety")
def event(here: Here, key: str, row: int) -> Response[str]:
    """One serious event: its report, and what has been sent."""
    return _event(here, key, row)


def _event(
    here: Here, key: str, row: int, error: UserError | None = None, typed: dict[str, str] | None = None
) -> Response[str]:
    person = here.participant(key)
    found, blocks = report_of(here.workspace, key, row)
    filled = {
        "kind": _next_kind(found),
        "recipient": "",
        "on": str(here.workspace.today),
        "reference": "",
        "note": "",
    }
    if found.open:
        filled |= {"recipient": found.open[0].clock.recipient}
    return here.render(
        "safety/event.html",
        status=422 if error else 200,
        person=person,
        found=found,
        event=found.event,
        blocks=tuple((type(block).__name__, block) for block in blocks),
        kinds=tuple((kind, kind_label(kind)) for kind in KINDS),
        recipients=recipients_of(here.workspace.study),
        recipient_options=tuple((one, one) for one in recipients_of(here.workspace.study)),
        error=error,
        typed=typed or filled,
        **_shared(here),
    )


def _next_kind(found: Any) -> str:
    return found.open[0].clock.kind if found.open else "follow_up" if found.reports else "initial"


@action("/participants/{key:str}/safety/{row:int}/reports", who="RecordSafetyReport")
def send_report(here: Here, key: str, row: int) -> Response[Any]:
    """A report went out."""
    person = here.participant(key)
    typed = {name: here.text(name) for name in ("kind", "recipient", "on", "reference", "note")}
    typed["recipient"] = here.text("other_recipient") or typed["recipient"]
    try:
        try:
            on = date.fromisoformat(typed["on"])
        except ValueError as error:
            raise UserError(
                _("{} is not a day").format(typed["on"] or _("nothing")), _("write YYYY-MM-DD")
            ) from error
        report = RecordSafetyReport(
            person.key, row, typed["kind"], typed["recipient"], on, typed["reference"], typed["note"]
        )
        record_report(here.workspace, here.actor, person.key, report)
    except UserError as error:
        return _event(here, key, row, error, typed)
    return here.redirect(f"{participant_path(key)}/safety/{row}", _("The report is recorded as sent."))


@page("/participants/{key:str}/safety/{row:int}/report.pdf", who="see_safety")
def report_file(here: Here, key: str, row: int) -> Response[bytes]:
    """The report as PDF."""
    person = here.participant(key)
    name = f"{here.workspace.study.id}-{person.number or person.key}-event-{row}-{here.workspace.today}.pdf"
    file = made(name, report_document(here.workspace, person.key, row))
    record_own(here.workspace, here.actor, "safety report", f"report of event {row} of {key}", file)
    return here.download(file.content, name, "application/pdf")


ROUTES = [
    overview, send_annual, events, events_file, serious, alerts, stopping, endings,
    participant, assess, event, send_report, report_file,
]  # fmt: skip
