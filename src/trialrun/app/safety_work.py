"""What waits in safety and coding, as rows of the worklists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialrun.app.alerts import open_alerts
from trialrun.app.coding import uncoded_terms
from trialrun.app.endings import intercurrent_events
from trialrun.app.language import gettext as _
from trialrun.app.rights import rights_of
from trialrun.app.safety import AdverseEvent, EventFilter, adverse_events
from trialrun.app.serious import kind_label, open_duties, serious_events
from trialrun.app.work import WorkRow, participant_path
from trialrun.ledger.commands import Actor

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

Rows = tuple[WorkRow, ...]


def _sites(workspace: Workspace, actor: Actor) -> tuple[str, ...]:
    return (actor.site,) if actor.site else tuple(str(site["id"]) for site in workspace.study.sites)


def report_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Safety reports that have to be sent, the most urgent first."""
    today = workspace.today
    return tuple(
        WorkRow(
            duty.event.participant,
            duty.event.number or duty.event.participant,
            duty.event.site,
            f"{duty.event.term or _('no term')}: {kind_label(duty.clock.kind)}",
            f"{participant_path(duty.event.participant)}/safety/{duty.event.row}",
            duty.due,
            duty.clock.recipient,
            duty.due <= today,
        )
        for duty in open_duties(workspace, _sites(workspace, actor))
    )


def changed_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Serious events that were changed after their last report: a follow-up is owed."""
    return tuple(
        WorkRow(
            one.event.participant,
            one.event.number or one.event.participant,
            one.event.site,
            one.event.term or _("no term"),
            f"{participant_path(one.event.participant)}/safety/{one.event.row}",
            one.changed_since.on,
            _("last report to {}").format(one.changed_since.recipient),
        )
        for one in serious_events(workspace, _sites(workspace, actor))
        if one.changed_since is not None
    )


def alert_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Laboratory alerts that no investigator has assessed."""
    return tuple(
        WorkRow(
            alert.participant,
            alert.number or alert.participant,
            alert.site,
            alert.title,
            f"{participant_path(alert.participant)}/safety",
            alert.on,
            alert.visit_title,
            alert.urgent,
        )
        for alert in open_alerts(workspace, _sites(workspace, actor))
    )


def incomplete_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Adverse events with unanswered questions; serious ones are urgent, because their clocks depend on them."""
    from trialrun.app.safety import log_visit
    from trialrun.app.work import form_path
    from trialrun.derive.names import local_name

    study = workspace.study
    form = local_name(study, "adverse_event")
    opens_forms = "see_participants" in rights_of(study, actor.role)  # a sponsor reads events, not forms

    def link(event: AdverseEvent) -> str:
        if not opens_forms:
            return f"{participant_path(event.participant)}/safety"
        return f"{form_path(event.participant, event.visit or log_visit(study), form)}/rows/{event.row}"

    return tuple(
        WorkRow(
            event.participant,
            event.number or event.participant,
            event.site,
            event.term or _("no term"),
            link(event),
            event.start.latest if event.start else None,
            ", ".join(study.items[name].label for name in event.missing),
            bool(event.serious),
        )
        for event in adverse_events(workspace, _sites(workspace, actor), EventFilter(incomplete="yes"))
    )


def disagreeing_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Deaths and transplants that are not told alike everywhere."""
    return tuple(
        WorkRow(one.participant, one.number or one.participant, one.site, problem.message, "/safety/endings")
        for one in intercurrent_events(workspace, _sites(workspace, actor))
        for problem in one.problems
    )


def coding_rows(workspace: Workspace, actor: Actor) -> Rows:
    """Reported terms that wait for a coder."""
    return tuple(
        WorkRow(
            term.participant,
            term.number or term.participant,
            term.site,
            term.verbatim,
            f"/coding?status={term.status.value}",
            None,
            term.dictionary,
        )
        for term in uncoded_terms(workspace, _sites(workspace, actor))
    )
