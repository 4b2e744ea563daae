"""The report of a serious adverse event, put together from the casebook: for the screen, paper and PDF.

Content follows the CIOMS I form: reaction, suspect product, concomitant medication and history, laboratory values,
administrative facts. Identifying items are never read; the narrative is the site's own text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from trialrun.app.draws import baselines, draws_of, with_unit
from trialrun.app.language import gettext as _
from trialrun.app.language import language
from trialrun.app.safety import AdverseEvent, choice_label, events_of, truth_label
from trialrun.app.serious import SeriousEvent, kind_label, one_serious_event
from trialrun.app.visits import visit_title
from trialrun.derive.names import local_name
from trialrun.ledger.state import ParticipantState, SavedValue
from trialrun.report.documents.blocks import Block, Document, Facts, Heading, Note, Paragraph, Table, document
from trialrun.study.model import Item, ItemType, Study
from trialrun.values.dates import parse_partial_date
from trialrun.values.missing import MissingReason

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

LAB_DAYS_BEFORE, LAB_DAYS_AFTER = 60, 30
MEDICATION_DAYS = 30


@dataclass(frozen=True, slots=True)
class Dosed:
    """One administration as recorded."""

    visit: str
    on: date | None
    batch: str
    amount: str
    started: str
    stopped: str


def report_of(workspace: Workspace, key: str, row: int) -> tuple[SeriousEvent, tuple[Block, ...]]:
    """A serious event and its report as blocks. Errors: `UserError` when there is none in that row."""
    found = one_serious_event(workspace, key, row)
    person = workspace.conduct.participant(key)
    blocks = (
        Note(
            _(
                "Participants are named by number only. Keep names, birth dates and addresses out of the narrative."
            )
        ),
        *_reaction(workspace, person, found),
        *_product(workspace.study, person, found.event),
        *_history(workspace.study, person, found.event),
        *_laboratory(workspace, person, found.event),
        *_others(workspace, person, found.event),
        *_administration(workspace, person, found),
    )
    return found, blocks


def report_document(workspace: Workspace, key: str, row: int) -> Document:
    """The same as a document to be set as PDF."""
    found, blocks = report_of(workspace, key, row)
    event, study = found.event, workspace.study
    title = _("Report of a serious adverse event")
    mark = f"{study.registry_id or study.id} · {event.number or event.participant} · {_('event')} {event.row}"
    return document(
        title, blocks, made_at=workspace.now, subtitle=event.term, header=(mark, str(workspace.today)),
        footer=_("Confidential"), language=language(),
    )  # fmt: skip


# --- the parts -------------------------------------------------------------------------------------


def _reaction(workspace: Workspace, person: ParticipantState, found: SeriousEvent) -> Iterable[Block]:
    study, event = workspace.study, found.event
    site = next((one for one in study.sites if str(one["id"]) == person.site), {"id": person.site})
    yield Heading(_("Reaction"))
    yield Facts((
        (_("Study"), f"{study.registry_id or study.id}: {study.title}"),
        (_("Sponsor"), study.sponsor),
        (_("Site"), ", ".join(str(site[part]) for part in ("name", "city", "country") if site.get(part))),
        (_("Participant"), " · ".join(one for one in (person.number, person.key) if one)),
        (_("Age at consent"), _age(person)),
        (_("Sex at birth"), _one(study, person, "sex")),
        (_("Event as reported"), event.term or _("not answered")),
        (_("Coded term"), _coded(event)),
        (_("Began on"), _day_and_study_day(event)),
        (_("Ended on"), str(event.end) if event.end else _("goes on, or not known")),
        (_("CTCAE grade"), str(event.grade) if event.grade is not None else _("not answered")),
        (_("Serious because it"), _list(choice_label(study, "ae_seriousness", code) for code in event.seriousness)),
        (_("Outcome"), choice_label(study, "ae_outcome", event.outcome) or _("not answered")),
        (_("Treatment given"), event.treatment or _("none recorded")),
        (_("The site became aware on"), str(event.aware_on) if event.aware_on else _("not answered")),
    ))  # fmt: skip
    yield Heading(_("Narrative"), 2)
    yield Paragraph(event.narrative or _("No narrative has been written yet."))


def _product(study: Study, person: ParticipantState, event: AdverseEvent) -> Iterable[Block]:
    plan = next((one for one in study.dose_plans if one.arm == person.arm), None)
    doses = doses_of(study, person)
    yield Heading(_("Suspect product"))
    yield Facts((
        (_("Product"), plan.product if plan else _("not shown: the allocation is concealed, or no plan")),
        (_("Route"), plan.route if plan else ""),
        (_("Last dose before the event"), _last_dose(doses, event)),
        (_("Action taken"), choice_label(study, "ae_action", event.action) or _("not answered")),
        (_("Relation to the product"), choice_label(study, "ae_related", event.related) or _("not answered")),
        (_("Judged by"), event.judged_by or _("not answered")),
        (_("Expected by the reference safety information"), truth_label(event.expected)),
        (_("Suspected unexpected serious reaction (SUSAR)"), truth_label(event.reaction == "susar")),
    ))  # fmt: skip
    rows = [(one.visit, str(one.on or ""), one.amount, one.batch, one.started, one.stopped) for one in doses]
    columns = (_("Visit"), _("Date"), _("Dose"), _("Batch"), _("Start"), _("Stop"))
    yield Table(columns, rows, caption=_("Doses given"), empty=_("No dose has been recorded."))


def _history(study: Study, person: ParticipantState, event: AdverseEvent) -> Iterable[Block]:
    yield Heading(_("Medication and history"))
    names = [local_name(study, name) for name in (
        "medication_name", "medication_class", "medication_daily_dose", "medication_route", "medication_start",
        "medication_end", "medication_ongoing",
    )]  # fmt: skip
    held = [name for name in names if name in study.items]
    rows = [
        tuple(_shown(study, name, values.get(name)) for name in held)
        for values in _rows_with(study, person, "medication")
        if _around(study, values, event)
    ]
    if held:
        yield Table(
            tuple(study.items[name].label for name in held), rows, caption=_("Medication within 30 days before the event"),
            empty=_("Nothing recorded."),
        )  # fmt: skip
    yield Table(
        (_("Form"), _("Question"), _("Answer")), _positive_history(study, person), caption=_("History, answered with yes or named"),
        widths=(2, 4, 3), empty=_("Nothing recorded."),
    )  # fmt: skip


def _laboratory(workspace: Workspace, person: ParticipantState, event: AdverseEvent) -> Iterable[Block]:
    draws = draws_of(workspace.study, person, workspace.conduct.site_state(person.site))
    base = baselines(draws)
    onset = event.start.earliest if event.start else None
    chosen = [
        draw for draw in draws
        if onset is None or draw.on is None
        or onset - timedelta(days=LAB_DAYS_BEFORE) <= draw.on <= onset + timedelta(days=LAB_DAYS_AFTER)
    ]  # fmt: skip
    rows: list[tuple[str, ...]] = []
    for draw in chosen:
        for value in draw.values.values():
            mean = base.get(value.analyte)
            times = value.number / mean.mean if mean is not None and mean.mean else None
            rows.append((
                str(draw.on or ""), visit_title(workspace.study, draw.visit), value.label, value.shown,
                with_unit(f"{mean.mean:.3g}", value.item_unit) if mean else "", f"{times:.2f}" if times is not None else "",
                f"{value.times_high:.2f}" if value.times_high is not None else "",
            ))  # fmt: skip
    yield Heading(_("Laboratory values around the event"))
    columns = (
        _("Date"),
        _("Visit"),
        _("Test"),
        _("Value"),
        _("Baseline"),
        _("x baseline"),
        _("x upper limit"),
    )
    yield Table(
        columns, rows, widths=(3, 3, 4, 3, 3, 2, 2), empty=_("No value from 60 days before to 30 days after.")
    )


def _others(workspace: Workspace, person: ParticipantState, event: AdverseEvent) -> Iterable[Block]:
    rows = [
        (
            str(one.row),
            one.term,
            str(one.start or ""),
            str(one.end or ""),
            str(one.grade or ""),
            truth_label(one.serious),
        )
        for one in events_of(workspace.study, person, workspace.zone)
        if one.row != event.row
    ]
    yield Heading(_("Other adverse events of this participant"))
    columns = (_("No."), _("Event"), _("Began on"), _("Ended on"), _("Grade"), _("Serious"))
    yield Table(columns, rows, widths=(1, 5, 2, 2, 1, 2), empty=_("Nothing recorded."))


def _administration(workspace: Workspace, person: ParticipantState, found: SeriousEvent) -> Iterable[Block]:
    yield Heading(_("Reports"))
    rows = [
        (str(one.on), kind_label(one.kind), one.recipient, one.reference, one.by) for one in found.reports
    ]
    columns = (_("Sent on"), _("Kind"), _("To"), _("Reference"), _("Recorded by"))
    yield Table(columns, rows, caption=_("Sent"), empty=_("Nothing yet."))
    owed = [
        (str(one.due), one.clock.recipient, kind_label(one.clock.kind), one.clock.source)
        for one in found.open
    ]
    yield Table(
        (_("Due on"), _("To"), _("Kind"), _("Rule")), owed, caption=_("Still to be sent"), widths=(2, 4, 3, 5),
        empty=_("Nothing."),
    )  # fmt: skip
    asked = [
        workspace.study.items[name].label for name in found.event.missing if name in workspace.study.items
    ]
    if asked:
        yield Note(_("Not answered yet: {}.").format("; ".join(asked)))
    yield Facts((
        (_("Casebook as of"), f"{person.key}, {_('version')} {person.version}"),
        (_("Name, date and signature of the investigator"), "…" * 24),
    ))  # fmt: skip


# --- reading the casebook ---------------------------------------------------------------------------


def doses_of(study: Study, person: ParticipantState) -> tuple[Dosed, ...]:
    """The administrations of a participant, in order of day."""
    amount = str(study.settings.get("dose_item", "dose_given"))
    found: list[Dosed] = []
    for (visit, form, row, item), value in person.values.items():
        if item != amount or value.text is None:
            continue
        beside = person.form_values(visit, form, row)
        found.append(Dosed(
            visit_title(study, visit), person.visits.get(visit), _text(study, beside, "batch"),
            f"{value.text} {value.unit or ''}".strip(), _text(study, beside, "infusion_start").replace("T", " "),
            _text(study, beside, "infusion_stop").replace("T", " "),
        ))  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.on or date.max, one.visit)))


def _last_dose(doses: Sequence[Dosed], event: AdverseEvent) -> str:
    onset = event.start.latest if event.start else None
    before = [one.on for one in doses if one.on is not None and (onset is None or one.on <= onset)]
    if not before:
        return _("none before the event")
    last = max(before)
    if event.start is None or event.start.exact is None:
        return str(last)
    return _("{} ({} days before)").format(last, (event.start.exact - last).days)


def _rows_with(study: Study, person: ParticipantState, form: str) -> Iterable[dict[str, SavedValue]]:
    return person.rows(local_name(study, form)).values()


def _around(study: Study, values: dict[str, SavedValue], event: AdverseEvent) -> bool:
    """Whether a course of medication touches the 30 days before the event, or cannot be told not to."""
    if event.start is None:
        return True
    start, end = _text(study, values, "medication_start"), _text(study, values, "medication_end")
    began_later = bool(start) and parse_partial_date(start).earliest > event.start.latest
    over = bool(end) and parse_partial_date(end).latest < event.start.earliest - timedelta(
        days=MEDICATION_DAYS
    )
    return not began_later and not over


def _positive_history(study: Study, person: ParticipantState) -> list[tuple[str, str, str]]:
    """What screening found: questions answered with yes, and what was named; never an identifying item."""
    wanted = [
        local_name(study, name) for name in ("liver_history", "medical_history", "malignancy", "infection")
    ]
    found: list[tuple[str, str, str]] = []
    for (_visit, form, _row, name), value in sorted(person.values.items()):
        item = study.items[name]
        if form not in wanted or item.identifying or name.endswith("_list_complete"):
            continue
        if value.text in (None, "", "false", "none", "negative"):
            continue
        found.append((study.forms[form].title, item.label, _shown(study, name, value)))
    return found


def _shown(study: Study, name: str, value: SavedValue | None) -> str:
    item = study.items[name]
    if value is None or item.identifying:
        return ""
    if value.missing is not None:
        return _missing_words(value.missing)
    text = value.text or ""
    if item.type is ItemType.BOOLEAN:
        return truth_label({"true": True, "false": False}.get(text))
    if item.type in (ItemType.CHOICE, ItemType.CHOICES):
        return _choices(item, text)
    return f"{text} {value.unit or ''}".strip()


def _missing_words(reason: str) -> str:
    known = {one.value for one in MissingReason}
    return reason.replace("_", " ") if reason in known else _("not available")


def _choices(item: Item, text: str) -> str:
    labels = {choice.code: choice.label for choice in item.choices}
    return "; ".join(labels.get(code, code) for code in text.split(";"))


def _text(study: Study, values: dict[str, SavedValue], name: str) -> str:
    value = values.get(local_name(study, name))
    return (value.text or "") if value is not None else ""


def _one(study: Study, person: ParticipantState, name: str) -> str:
    wanted = local_name(study, name)
    found = next((value for slot, value in person.values.items() if slot[3] == wanted), None)
    return _shown(study, wanted, found) if wanted in study.items else ""


def _age(person: ParticipantState) -> str:
    """The age that was derived at screening; the birth date itself is never read here."""
    ages = (value.text for (_visit, name), value in person.derived.items() if name == "age" and value.text)
    age = next(ages, None)
    return _("{} years").format(age) if age else _("not known")


def _coded(event: AdverseEvent) -> str:
    code = event.code
    if code is None or not code.valid:
        return _("not coded")
    return f"{code.term} ({code.code}; {code.dictionary} {code.dictionary_version})"


def _day_and_study_day(event: AdverseEvent) -> str:
    if event.start is None:
        return _("not answered")
    return _("{} (day {})").format(event.start, event.day) if event.day is not None else str(event.start)


def _list(words: Iterable[str]) -> str:
    return "; ".join(words) or _("not answered")
