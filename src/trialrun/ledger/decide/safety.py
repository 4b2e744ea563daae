"""Rules of coding, alerts and safety reports."""

from __future__ import annotations

from trialrun.ledger.commands import AcknowledgeAlert, CodeTerm, RecordSafetyReport
from trialrun.ledger.decide.asked import Asked, form_at, need_reason, not_future, visit_of
from trialrun.ledger.decide.refusal import refuse
from trialrun.ledger.events import NewEvent

REPORT_KINDS = ("initial", "follow_up", "final")


def code_term(asked: Asked, command: CodeTerm) -> tuple[NewEvent, ...]:
    """A code for a term that is there and names nobody."""
    form = form_at(asked.study, visit_of(asked.study, command.visit), command.form)
    if command.item not in form.items:
        raise refuse("item-not-on-form", f"form {form.name!r} has no item {command.item!r}")
    if asked.study.items[command.item].identifying:
        raise refuse("identifying-item", f"item {command.item!r} names a person and is not coded")
    slot = (command.visit, command.form, command.row, command.item)
    value = asked.person.values.get(slot)
    if value is None or not value.text:
        raise refuse(
            "nothing-to-code",
            f"item {command.item!r} of {asked.person.key} at {command.visit!r}, row {command.row}, holds no term",
        )
    need_reason(command.dictionary, "a code (its dictionary)")
    need_reason(command.dictionary_version, "a code (the dictionary's version)")
    need_reason(command.code, "a code")
    need_reason(command.term, "a code (its term)")
    known = asked.person.codes.get(slot)
    asked_for = (command.dictionary, command.dictionary_version, command.code, command.term)
    if (
        known is not None
        and known.valid
        and asked_for == (known.dictionary, known.dictionary_version, known.code, known.term)
    ):
        return ()
    data = {
        "visit": command.visit,
        "form": command.form,
        "row": command.row,
        "item": command.item,
        "verbatim": value.text,
        "dictionary": command.dictionary,
        "dictionary_version": command.dictionary_version,
        "code": command.code,
        "term": command.term,
        "path": list(command.path),
    }
    return (asked.event("TermCoded", data),)


def acknowledge_alert(asked: Asked, command: AcknowledgeAlert) -> tuple[NewEvent, ...]:
    """An alert seen, with words; the same words again change nothing."""
    need_reason(command.alert, "an acknowledgement (its alert)")
    assessment = need_reason(command.assessment, "an acknowledgement (what the alert means)")
    known = asked.person.acknowledged.get(command.alert)
    if known is not None and known.assessment == assessment:
        return ()
    return (asked.event("AlertAcknowledged", {"alert": command.alert, "assessment": assessment}),)


def record_safety_report(asked: Asked, command: RecordSafetyReport) -> tuple[NewEvent, ...]:
    """A report about an event that is recorded; what follows an initial report comes after one."""
    form = str(asked.study.settings.get("adverse_event_form", "adverse_event"))
    if not any(slot[1] == form and slot[2] == command.row for slot in asked.person.values):
        raise refuse(
            "no-such-row",
            f"{asked.person.key} has no adverse event in row {command.row}",
            "record the event first",
        )
    if command.kind not in REPORT_KINDS:
        raise refuse(
            "unknown-report-kind",
            f"{command.kind!r} is not a kind of safety report",
            f"choose from {', '.join(REPORT_KINDS)}",
        )
    recipient = need_reason(command.recipient, "a safety report (its recipient)")
    not_future(asked, command.on, "the date of a safety report")
    initial = any(
        (one.row, one.recipient, one.kind) == (command.row, recipient, "initial")
        for one in asked.person.safety_reports
    )
    if initial and command.kind == "initial":
        raise refuse(
            "no-change",
            f"the initial report of row {command.row} went to {recipient} already",
            "record a follow-up report",
        )
    if not initial and command.kind == "follow_up":
        raise refuse(
            "no-initial-report",
            f"no initial report of row {command.row} to {recipient} is recorded",
            "record that one first",
        )
    data = {
        "row": command.row,
        "kind": command.kind,
        "recipient": recipient,
        "on": command.on.isoformat(),
        "reference": command.reference,
        "note": command.note,
    }
    return (asked.event("SafetyReportSent", data),)
