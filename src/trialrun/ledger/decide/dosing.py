"""Rules of a dose: never before enrolment and a valid eligibility sign-off, never above the plan in silence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from trialrun.ledger.amounts import in_item_unit
from trialrun.ledger.commands import SaveForm
from trialrun.ledger.decide.asked import Asked, need_consent
from trialrun.ledger.decide.entries import Saved
from trialrun.ledger.decide.refusal import refuse
from trialrun.ledger.decide.screening import need_signed_eligibility
from trialrun.ledger.events import NewEvent
from trialrun.study.model import DosePlan, Visit
from trialrun.values.quantity import parse_decimal

RIGHT = "RecordDose"


def _dose_item(asked: Asked) -> str:
    return str(asked.study.settings.get("dose_item", "dose_given"))


def _start_item(asked: Asked) -> str:
    return str(asked.study.settings.get("dose_start_item", "infusion_start"))


def dose_rules(
    asked: Asked, visit: Visit, command: SaveForm, changed: Mapping[str, Saved]
) -> tuple[NewEvent, ...]:
    """Refuse a dose the protocol forbids; the deviations a permitted one makes."""
    dose_item, start_item = _dose_item(asked), _start_item(asked)
    form = asked.study.forms[command.form]
    if dose_item not in form.items or not changed:
        return ()
    _need_dose_right(asked)
    person = asked.person
    start = _start_day(asked, command, changed, start_item)
    need_consent(asked, "a dose", start)
    visit_day = person.visits.get(command.visit)
    if start is not None and visit_day is not None and start != visit_day:
        raise refuse(
            "date-order",
            f"the infusion on {start} is not on the day of visit {visit.name!r}, {visit_day}",
            "check both dates",
        )
    _need_stop_after_start(asked, command, changed, start_item)
    if changed.get(dose_item, {}).get("text") is None:
        return ()
    if not person.enrolled:
        raise refuse("not-enrolled", f"{person.key} is not enrolled: no dose", "enrol first")
    before = person.values.get((command.visit, command.form, command.row, dose_item))
    if before is None or before.text is None:  # to correct what was given is not to give
        _need_treatment_going_on(asked, start)
        need_signed_eligibility(asked, "dose")
        _need_still_suitable(asked)
    plan = next((plan for plan in asked.study.dose_plans if plan.arm == person.treatment), None)
    if plan is None:
        raise refuse(
            "no-dose-plan", f"{person.key} has no dose plan: no dose", "complete the study definition"
        )
    amount = _in_plan_unit(asked, plan, changed[dose_item])
    return (
        *_over_total(asked, plan, command, amount),
        *_not_as_planned(asked, plan, visit, command, amount),
        *_too_late(asked, plan, command, start or visit_day),
    )


def _need_still_suitable(asked: Asked) -> None:
    """Where the study asks again before the first dose, only a yes lets it be given (CLINICAL E6)."""
    item = str(asked.study.settings.get("suitable_item", "still_suitable"))
    given = any(slot[3] == _dose_item(asked) and value.text for slot, value in asked.person.values.items())
    if given or item not in asked.study.items:
        return
    answers = {value.text for slot, value in asked.person.values.items() if slot[3] == item}
    if answers != {"true"}:
        said = "the answer is no" if "false" in answers else "nobody has answered"
        raise refuse(
            "not-suitable-for-dose",
            f"{asked.person.key}: {asked.study.items[item].label!r}: {said}, so no first dose",
            "have the principal investigator answer it on the day of the first dose; a no ends the participation",
        )


def _need_treatment_going_on(asked: Asked, start: date | None) -> None:
    """No dose from the day on which the participant stopped treatment."""
    stopped = asked.person.stopped.get("treatment")
    if stopped is not None and (start is None or start >= stopped):
        raise refuse(
            "treatment-stopped",
            f"{asked.person.key} withdrew from treatment on {stopped}: no dose",
            "follow-up goes on; record no dose",
        )


def _need_dose_right(asked: Asked) -> None:
    """Where the study names who records doses, saving their form is theirs alone."""
    named = [role.name for role in asked.study.roles.values() if RIGHT in role.may]
    if named and asked.actor.role not in named:
        raise refuse(
            "role-may-not",
            f"{asked.actor.user} as {asked.actor.role!r} may not record doses",
            f"roles that may: {', '.join(named)}",
        )


def _start_day(asked: Asked, command: SaveForm, changed: Mapping[str, Saved], item: str) -> date | None:
    saved = asked.person.values.get((command.visit, command.form, command.row, item))
    text = changed.get(item, {}).get("text") or (saved.text if saved else None)
    return datetime.fromisoformat(text).date() if text else None


def _need_stop_after_start(asked: Asked, command: SaveForm, changed: Mapping[str, Saved], item: str) -> None:
    stop_item = str(asked.study.settings.get("dose_stop_item", "infusion_stop"))
    if not {item, stop_item} & set(changed):
        return
    saved = asked.person.form_values(command.visit, command.form, command.row)
    now = {name: one.text for name, one in saved.items()} | {
        name: one.get("text") for name, one in changed.items()
    }
    start, stop = now.get(item), now.get(stop_item)
    if start and stop and datetime.fromisoformat(stop) <= datetime.fromisoformat(start):
        raise refuse(
            "date-order",
            f"the infusion stops at {stop.replace('T', ' ')}, not after its start at {start.replace('T', ' ')}",
            "check both times",
        )


def _in_plan_unit(asked: Asked, plan: DosePlan, saved: Saved) -> Decimal:
    item = asked.study.items[_dose_item(asked)]
    return in_item_unit(parse_decimal(saved["text"]), saved.get("unit"), plan.unit, item.analyte)


def _given_elsewhere(asked: Asked, plan: DosePlan, command: SaveForm) -> Decimal:
    total = Decimal(0)
    for slot, value in asked.person.values.items():
        if (
            slot[3] == _dose_item(asked)
            and slot[:3] != (command.visit, command.form, command.row)
            and value.text
        ):
            item = asked.study.items[slot[3]]
            total += in_item_unit(parse_decimal(value.text), value.unit, plan.unit, item.analyte)
    return total


def _deviation(asked: Asked, command: SaveForm, rule: str, text: str, reason: str = "") -> NewEvent:
    data = {
        "kind": "dose",
        "description": text,
        "visit": command.visit,
        "rule": rule,
        "action": "",
        "importance": "",
    }
    return asked.event("DeviationRecorded", data, reason)


def _over_total(asked: Asked, plan: DosePlan, command: SaveForm, amount: Decimal) -> tuple[NewEvent, ...]:
    total = _given_elsewhere(asked, plan, command) + amount
    if total <= plan.total:
        return ()
    text = f"{total} {plan.unit} given in all, {plan.total} {plan.unit} planned"
    if not command.reason.strip():
        raise refuse(
            "dose-above-plan",
            f"{asked.person.key}: {text}",
            "check the amount; if it was really given, save it with a reason, and a deviation is recorded",
        )
    return (_deviation(asked, command, "dose-above-plan", text, command.reason),)


def _not_as_planned(
    asked: Asked, plan: DosePlan, visit: Visit, command: SaveForm, amount: Decimal
) -> tuple[NewEvent, ...]:
    planned = next((dose for dose in plan.doses if dose.visit == visit.name), None)
    if planned is None:
        return (
            _deviation(asked, command, "dose-not-planned", f"a dose at {visit.name}, where none is planned"),
        )
    if in_item_unit(planned.amount, planned.unit, plan.unit, None) == amount:
        return ()
    text = f"{amount} {plan.unit} given at {visit.name}, {planned.amount} {planned.unit} planned"
    return (_deviation(asked, command, "dose-not-as-planned", text),)


def _too_late(asked: Asked, plan: DosePlan, command: SaveForm, day: date | None) -> tuple[NewEvent, ...]:
    first = min(
        (
            asked.person.visits[slot[0]]
            for slot, value in asked.person.values.items()
            if slot[3] == _dose_item(asked) and value.text and slot[0] in asked.person.visits
        ),
        default=None,
    )
    if day is None or first is None or day <= first + timedelta(days=plan.within_days):
        return ()
    text = f"a dose on {day}, more than {plan.within_days} days after the first on {first}"
    return (_deviation(asked, command, "dose-too-late", text),)
