"""What the next dose waits for: each condition, whether it is met, and where to settle it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from trialrun.app.alerts import alerts_of
from trialrun.app.consents import reconsent_due
from trialrun.app.dose_shapes import Check, DoseLine, Names, NextDose
from trialrun.app.language import gettext as _
from trialrun.app.language import ngettext
from trialrun.app.monitoring import monitoring
from trialrun.app.visits import VisitStatus
from trialrun.app.work import form_path, participant_path, visit_path
from trialrun.ledger.amounts import in_item_unit
from trialrun.ledger.rows import plain_visit
from trialrun.ledger.rules import rules_of
from trialrun.ledger.state import ParticipantState
from trialrun.ledger.stock import Batch
from trialrun.study.model import Study

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

_LAST = (VisitStatus.DONE, VisitStatus.DONE_OUTSIDE, VisitStatus.MISSED, VisitStatus.NOT_APPLICABLE)


def next_dose(
    workspace: Workspace, person: ParticipantState, lines: Sequence[DoseLine], names: Names | None
) -> NextDose | None:
    """The next planned dose that was not given, with its conditions; `None` after the last, or the end."""
    if names is None or person.ended_on is not None:
        return None
    waiting = [
        line
        for line in lines
        if (line.given is None or line.given.dose is None)
        and (line.status not in _LAST or line.visit in person.visits)
        and line.planned is not None
    ]
    if not waiting:
        return None
    line = waiting[0]
    checks = tuple(_checks(workspace, person, line, names))
    return NextDose(line.visit, line.title, line.planned, line.unit, line.first, line.last, checks)


def _checks(workspace: Workspace, person: ParticipantState, line: DoseLine, names: Names) -> Iterator[Check]:
    yield _enrolled(person)
    yield _consented(workspace, person)
    yield _eligible(workspace.study, person)
    yield from _suitable(workspace.study, person, line, names)
    yield from _pregnancy(workspace.study, person, line)
    yield _visit(workspace, person, line)
    yield from _alerts(workspace, person)
    yield from _stopping(workspace)
    yield _stock(workspace, person, line)


def _enrolled(person: ParticipantState) -> Check:
    if person.enrolled:
        return Check(_("Enrolled"), "met", person.number)
    return Check(_("Enrolled"), "blocks", _("Not enrolled yet."), participant_path(person.key))


def _consented(workspace: Workspace, person: ParticipantState) -> Check:
    label, link = _("Consent"), f"{participant_path(person.key)}/consent"
    if person.consent is None:
        return Check(label, "blocks", _("No consent is recorded."), link)
    if person.withdrawn_on is not None:
        return Check(label, "blocks", _("Withdrawn on {day}.").format(day=person.withdrawn_on), link)
    said = _("Version {version}, signed on {day}.").format(
        version=person.consent.version, day=person.consent.signed_on
    )
    if any(one.key == person.key for one in reconsent_due(workspace, person.site)):
        return Check(label, "open", said + " " + _("A newer version is approved at the site."), link)
    return Check(label, "met", said, link)


def _eligible(study: Study, person: ParticipantState) -> Check:
    label, link = _("Eligibility sign-off"), f"{participant_path(person.key)}/eligibility"
    signed = person.eligibility
    if signed is None:
        return Check(label, "blocks", _("Nobody has signed the eligibility."), link)
    if not signed.valid or signed.inputs != rules_of(study).eligibility(person).inputs:
        said = _("Values changed after {by} signed; it must be signed again.").format(by=signed.by)
        return Check(label, "blocks", said, link)
    if signed.outcome != "eligible":
        return Check(label, "blocks", _("Signed as not eligible."), link)
    return Check(label, "met", _("Signed by {by}.").format(by=signed.by), link)


def _suitable(study: Study, person: ParticipantState, line: DoseLine, names: Names) -> Iterator[Check]:
    item = str(study.settings.get("suitable_item", "still_suitable"))
    form = study.form_of(item) if item in study.items else None
    given = any(slot[3] == names.dose and value.text for slot, value in person.values.items())
    if form is None or given:
        return
    answers = {value.text for slot, value in person.values.items() if slot[3] == item}
    link = form_path(person.key, line.visit, form.name)
    label = _("Still suitable")
    if answers == {"true"}:
        yield Check(label, "met", _("Confirmed before the first dose."), link)
    elif "false" in answers:
        yield Check(label, "blocks", _("The answer is no: the first dose must not be given."), link)
    else:
        yield Check(label, "blocks", _("Not confirmed yet; only a yes allows the first dose."), link)


def _pregnancy(study: Study, person: ParticipantState, line: DoseLine) -> Iterator[Check]:
    """The pregnancy form of the dose visit, where the schedule asks it of somebody who can be pregnant."""
    said = study.settings
    potential = str(said.get("childbearing_item", "childbearing_potential"))
    result = str(said.get("pregnancy_test_item", "pregnancy_test_result"))
    form = study.form_of(result) if result in study.items else None
    if form is None or form.name not in study.visits[plain_visit(line.visit)].forms:
        return
    able = {value.text for slot, value in person.values.items() if slot[3] == potential}
    sex = {value.text for slot, value in person.values.items() if slot[3] == "sex"}
    label, link = _("Pregnancy test"), form_path(person.key, line.visit, form.name)
    if "M" in sex or able == {"false"}:
        yield Check(label, "met", _("Not of childbearing potential."), link)
        return
    answer = person.values.get((line.visit, form.name, 0, result))
    if answer is None or answer.text is None:
        yield Check(label, "open", _("No result at this visit yet."), link)
    elif answer.text == "negative":
        yield Check(label, "met", _("Negative."), link)
    else:
        yield Check(label, "blocks", _("Positive: do not give the dose."), link)


def _visit(workspace: Workspace, person: ParticipantState, line: DoseLine) -> Check:
    label, link, today = _("Visit"), visit_path(person.key, line.visit), workspace.today
    on = person.visits.get(line.visit)
    if on is not None:
        return Check(label, "met", _("Recorded on {day}.").format(day=on), link)
    if line.first is None or line.last is None:
        return Check(label, "note", _("No planned day yet."), link)
    if today < line.first:
        return Check(label, "open", _("The window opens on {day}.").format(day=line.first), link)
    if today > line.last:
        said = _("The window closed on {day}; a dose now is a deviation.").format(day=line.last)
        return Check(label, "note", said, link)
    return Check(label, "open", _("Due now; its date is not recorded yet."), link)


def _alerts(workspace: Workspace, person: ParticipantState) -> Iterator[Check]:
    waiting = [one for one in alerts_of(workspace, person.key) if one.acknowledged is None]
    urgent = sum(one.urgent for one in waiting)
    label, link = _("Laboratory alerts"), f"{participant_path(person.key)}/safety"
    if not waiting:
        yield Check(label, "met", _("None waits for an assessment."), link)
        return
    count = ngettext("{n} waits for an assessment", "{n} wait for an assessment", len(waiting))
    said = count.format(n=len(waiting)) + "."
    yield Check(label, "blocks" if urgent else "open", said, link)


def _stopping(workspace: Workspace) -> Iterator[Check]:
    """Said only when the trial's stopping boundary is reached: the safety review decides whether doses go on."""
    standing = monitoring(workspace)
    if standing is not None and standing.reached:
        said = _(
            "Reached: {deaths} deaths among {known} known outcomes. Give no dose before the safety review."
        )
        counted = said.format(deaths=standing.deaths, known=standing.known)
        yield Check(_("Stopping rule"), "blocks", counted, "/safety/stopping")


def _stock(workspace: Workspace, person: ParticipantState, line: DoseLine) -> Check:
    label, link = _("Product"), f"/stock/{person.site}"
    state = workspace.conduct.stock_state(person.site)
    if not state.batches:
        return Check(label, "note", _("No batch is registered: the stock is not looked at."), link)
    best = [batch for batch in usable_batches(workspace, person.site) if _units(batch, line) is not None]
    thawed = [batch.name for batch in best if batch.balance.thawed >= (_units(batch, line) or 1)]
    if thawed:
        return Check(label, "met", _("Thawed: {batches}.").format(batches=", ".join(thawed)), link)
    stored = [
        batch.name
        for batch in best
        if batch.balance.thawed + batch.balance.stored >= (_units(batch, line) or 1)
    ]
    if stored:
        said = _("In store: {batches}. Record the thaw.").format(batches=", ".join(stored))
        return Check(label, "open", said, link)
    return Check(label, "blocks", _("No usable batch has enough units for this dose."), link)


def _units(batch: Batch, line: DoseLine) -> int | None:
    if line.planned is None:
        return None
    amount = in_item_unit(line.planned, line.unit, batch.unit, None)
    return int(-(-amount // batch.amount_per_unit))


def usable_batches(workspace: Workspace, site: str) -> tuple[Batch, ...]:
    """The batches that may be given today, the one that expires first at the top."""
    today = workspace.today
    found = [
        batch
        for batch in workspace.conduct.stock_state(site).batches.values()
        if batch.released(today) and not batch.expired(today) and batch.balance.stored + batch.balance.thawed
    ]
    return tuple(sorted(found, key=lambda one: (one.expires_on, one.name)))
