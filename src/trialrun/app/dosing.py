"""Dosing of a participant: planned against given, and recording an infusion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from trialrun.app.accountability import plain
from trialrun.app.allocation import plan_shown, product_shown
from trialrun.app.dose_checks import next_dose
from trialrun.app.dose_shapes import DoseLine, Dosing, Given, Names, names_of
from trialrun.app.form_entry import Typed, entry_of
from trialrun.app.language import gettext as _
from trialrun.app.visits import visit_schedule
from trialrun.app.work import form_path
from trialrun.errors import UserError
from trialrun.ledger.amounts import in_item_unit
from trialrun.ledger.commands import Actor, RecordVisit, SaveForm
from trialrun.ledger.conduct import CommandRefusedError, Outcome
from trialrun.ledger.decide import Refusal
from trialrun.ledger.rows import plain_visit
from trialrun.ledger.state import ParticipantState, SavedValue
from trialrun.study.model import DosePlan, Form, Item, Study
from trialrun.values.quantity import parse_decimal

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace


# --- planned against given -----------------------------------------------------------------------


def dosing_of(workspace: Workspace, person: ParticipantState, role: str) -> Dosing:
    """Planned doses beside the given ones, the sum, and what the next dose waits for.

    Args:
        role: who looks; a masked role sees the plan only where all arms are dosed alike.
    """
    study, names = workspace.study, names_of(workspace.study)
    plan = plan_shown(study, person, role)
    unit = plan.unit if plan else next((one.unit for one in study.dose_plans), "")
    lines = tuple(_lines(workspace, person, plan, names, unit))
    given = [(line, line.given.dose) for line in lines if line.given and line.given.dose]
    days = [line.on for line, _dose in given if line.on is not None]
    return Dosing(
        plan=plan,
        product=product_shown(study, person, role),
        lines=lines,
        total=sum((dose for _line, dose in given), Decimal(0)),
        planned=plan.total if plan else Decimal(0),
        unit=unit,
        first_on=min(days, default=None),
        last_on=max(days, default=None),
        deviations=tuple(one for one in person.deviations.values() if one.kind == "dose"),
        next=next_dose(workspace, person, lines, names),
    )


def _lines(
    workspace: Workspace, person: ParticipantState, plan: DosePlan | None, names: Names | None, unit: str
) -> Iterator[DoseLine]:
    if names is None:
        return
    study = workspace.study
    amounts = (
        {dose.visit: in_item_unit(dose.amount, dose.unit, unit, None) for dose in plan.doses} if plan else {}
    )
    for visit in visit_schedule(study, person, workspace.today):
        if names.form not in visit.plan.forms:
            continue
        given = _given(workspace, person, visit.name, names, unit)
        planned = amounts.get(plain_visit(visit.name))
        if planned is None and given is None and plan is not None:
            continue
        yield DoseLine(
            visit=visit.name,
            title=visit.title,
            planned=planned,
            unit=unit,
            target=visit.target,
            first=visit.first,
            last=visit.last,
            status=visit.status,
            on=given.start.date() if given and given.start else visit.actual,
            given=given,
            deviations=tuple(
                one for one in person.deviations.values() if one.kind == "dose" and one.visit == visit.name
            ),
            link=form_path(person.key, visit.name, names.form),
        )


def _given(
    workspace: Workspace, person: ParticipantState, visit: str, names: Names, unit: str
) -> Given | None:
    study = workspace.study
    rows = sorted({slot[2] for slot in person.values if slot[0] == visit and slot[1] == names.form})
    if not rows:
        return None
    values = person.form_values(visit, names.form, rows[-1])
    start, stop = _moment(values.get(names.start)), _moment(values.get(names.stop))
    volume = values.get(names.volume)
    line = workspace.conduct.stock_state(person.site).uses.get((person.key, visit, names.form, rows[-1]))
    interrupted = values.get(names.interrupted)
    return Given(
        batch=_text(values.get(names.batch)),
        start=start,
        stop=stop,
        dose=_amount(study, names.dose, values.get(names.dose), unit),
        unit=unit,
        volume=f"{volume.text} {volume.unit or ''}".strip() if volume and volume.text else "",
        rate=_rate(study, names.volume, volume, start, stop),
        interrupted=None if interrupted is None or interrupted.text is None else interrupted.text == "true",
        interruption=_text(values.get(names.interruption)),
        units=line.units if line else 0,
    )


def _text(value: SavedValue | None) -> str:
    return value.text or "" if value is not None else ""


def _moment(value: SavedValue | None) -> datetime | None:
    return datetime.fromisoformat(value.text) if value is not None and value.text else None


def _amount(study: Study, item: str, value: SavedValue | None, unit: str) -> Decimal | None:
    if value is None or value.text is None:
        return None
    return in_item_unit(parse_decimal(value.text), value.unit, unit, study.items[item].analyte)


def _rate(
    study: Study, item: str, volume: SavedValue | None, start: datetime | None, stop: datetime | None
) -> str:
    """Volume over duration in mL/h; nothing where one of them is unknown or the stop is not after the start."""
    if volume is None or volume.text is None or start is None or stop is None or stop <= start:
        return ""
    amount = in_item_unit(parse_decimal(volume.text), volume.unit, "mL", study.items[item].analyte)
    hours = Decimal(int((stop - start).total_seconds())) / 3600
    return plain((amount / hours).quantize(Decimal("0.1")))


# --- recording -----------------------------------------------------------------------------------


def infusion_fields(study: Study, names: Names) -> tuple[tuple[str, Item], ...]:
    """The items of the infusion form, in its order."""
    form: Form = study.forms[names.form]
    return tuple((name, study.items[name]) for name in form.items)


def record_infusion(
    workspace: Workspace,
    actor: Actor,
    key: str,
    visit: str,
    typed: Mapping[str, Typed],
    *,
    version: int,
    reason: str = "",
) -> Outcome:
    """Save the infusion form of a visit; its date is recorded first where nobody has.

    The ledger guards the dose: consent, enrolment, eligibility, suitability, plan and stock. A refused dose
    leaves no date behind: a wrong one would stay in the log, with the deviation that it raises.
    Errors: `CommandRefusedError` with the rule; `FormConflictError` when somebody changed the form meanwhile.
    """
    study, names = workspace.study, names_of(workspace.study)
    if names is None:
        raise UserError(_("No form of this study asks a dose."))
    person = workspace.conduct.participant(key)
    values = {name: entry_of(study.items[name], one) for name, one in typed.items()}
    start = values.get(names.start)
    held = person.form_values(visit, names.form, 0)
    sent = {name: one for name, one in values.items() if name in held or one.text or one.missing}
    save = SaveForm(key, visit, names.form, 0, sent, version, reason)
    if visit not in person.visits and start is not None and start.text:
        dated = RecordVisit(key, visit, _day_of(start.text))
        foreseen = workspace.conduct.foresee(save, actor, after=dated)
        if isinstance(foreseen, Refusal):
            raise CommandRefusedError(foreseen)
        workspace.do(dated, actor)
        save = replace(save, expected_version=workspace.conduct.version(key))
    return workspace.do(save, actor)


def _day_of(moment: str) -> date:
    """The day of a moment as typed. Errors: `UserError` for what is none."""
    try:
        return datetime.fromisoformat(moment).date()
    except ValueError:
        raise UserError(
            _("{moment} is not a date and time").format(moment=repr(moment[:40])),
            _("Write it as 2026-05-20T10:00."),
        ) from None


def days_left(dosing: Dosing, today: date) -> int | None:
    """Days until the last day on which the plan lets a dose be given; `None` before the first."""
    if dosing.first_on is None or dosing.plan is None:
        return None
    return (dosing.first_on + timedelta(days=dosing.plan.within_days) - today).days
