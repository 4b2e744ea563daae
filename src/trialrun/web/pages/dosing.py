"""Dosing: planned against given, what the next dose waits for, and recording an infusion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.response import Redirect

from trialrun.app.accountability import plain
from trialrun.app.allocation import arm_shown
from trialrun.app.dose_checks import usable_batches
from trialrun.app.dose_shapes import Names, names_of
from trialrun.app.dosing import days_left, dosing_of, infusion_fields, record_infusion
from trialrun.app.form_controls import Control, control_of, plain_unit, units_of
from trialrun.app.form_entry import Typed, typed_from_saved
from trialrun.app.language import gettext as _
from trialrun.app.visits import status_words, visit_title
from trialrun.app.work import form_path
from trialrun.errors import UserError
from trialrun.ledger.conduct import FormConflictError
from trialrun.ledger.state import ParticipantState
from trialrun.study.model import Item
from trialrun.web.here import Here
from trialrun.web.routes import action, page
from trialrun.web.whole_numbers import whole


@dataclass(frozen=True, slots=True)
class Shown:
    """One field of the infusion form."""

    item: Item
    typed: Typed
    kind: str
    options: tuple[tuple[str, str], ...]
    units: tuple[str, ...]
    help: str
    optional: bool = False

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The units as options."""
        return tuple((unit, unit) for unit in self.units)


def dosing_path(key: str, visit: str = "") -> str:
    """The address of a participant's dosing, or of one infusion."""
    base = f"/participants/{quote(key, safe='')}/dosing"
    return f"{base}/{quote(visit, safe='')}" if visit else base


@page("/participants/{key:str}/dosing", who="see_dosing")
def show(here: Here, key: str) -> Response[str]:
    """Planned doses beside given ones, and the next dose's conditions."""
    person = here.participant(key)
    role = here.actor.role
    dosing = dosing_of(here.workspace, person, role)
    arm = arm_shown(here.workspace.study, person, role)
    return here.render(
        "dosing/dosing.html",
        person=person,
        dosing=dosing,
        arm=here.workspace.study.arms[arm].title if arm in here.workspace.study.arms else "",
        left=days_left(dosing, here.workspace.today),
        plain=plain,
        words=status_words,
        today=here.workspace.today,
        bar=_bar(float(dosing.total), float(dosing.planned)),
        path=dosing_path,
        opens=lambda link: here.may(_right_of(link)),
        records=here.may("RecordDose") and here.may("SaveForm"),
    )


def _right_of(link: str) -> str:
    """The right that the page behind a condition needs; nobody is led where they may not go."""
    end = link.rpartition("/")[2]
    if link.startswith("/stock/"):
        return "see_stock"
    return {"consent": "see_screening", "eligibility": "see_screening", "safety": "see_safety"}.get(
        end, "see_participants" if link else ""
    )


def _bar(total: float, planned: float) -> dict[str, float]:
    """Widths of the dose bar in hundredths of the larger of given and planned."""
    most = max(total, planned) or 1.0
    return {
        "given": round(100 * min(total, planned) / most, 2),
        "over": round(100 * max(total - planned, 0) / most, 2),
        "mark": round(100 * planned / most, 2),
    }


# --- recording an infusion -----------------------------------------------------------------------


def _place(here: Here, key: str, visit: str) -> tuple[ParticipantState, Names]:
    person, names = here.participant(key), names_of(here.workspace.study)
    plan = here.workspace.study.visits.get(visit.partition("#")[0])
    if names is None or plan is None or names.form not in plan.forms:
        raise NotFoundException("There is no infusion at this visit.")
    return person, names


def _fields(
    here: Here, person: ParticipantState, visit: str, names: Names, *, sent: bool
) -> tuple[Shown, ...]:
    saved = person.form_values(visit, names.form, 0)
    found: list[Shown] = []
    for name, item in infusion_fields(here.workspace.study, names):
        typed = typed_from_saved(saved.get(name))
        if sent:
            typed = Typed(here.text(name), here.text(f"{name}-unit"), "")
        options, kind = _kind(here, person, names, item, typed)
        units = tuple(unit for unit in units_of(item) if plain_unit(unit))
        help_ = _planned(here, person, visit) if name == names.dose else item.note
        optional = item.only_if is not None or not item.required
        found.append(Shown(item, typed, kind, options, units, help_, optional))
    return tuple(found)


def _planned(here: Here, person: ParticipantState, visit: str) -> str:
    """The planned amount in words: beside the field, never in it, for what was given is what was read off."""
    dosing = dosing_of(here.workspace, person, here.actor.role)
    line = next((one for one in dosing.lines if one.visit == visit), None)
    if line is None or line.planned is None:
        return ""
    return _("Planned: {amount} {unit}.").format(amount=plain(line.planned), unit=line.unit)


def _kind(
    here: Here, person: ParticipantState, names: Names, item: Item, typed: Typed
) -> tuple[tuple[tuple[str, str], ...], str]:
    if item.name == names.batch and here.workspace.conduct.stock_state(person.site).batches:
        options = [
            (one.name, _("{batch}: {thawed} thawed, {stored} stored, until {day}").format(
                batch=one.name, thawed=one.balance.thawed, stored=one.balance.stored, day=one.expires_on))
            for one in usable_batches(here.workspace, person.site)
        ]  # fmt: skip
        if typed.text and typed.text not in {code for code, _text in options}:
            options.append((typed.text, typed.text))
        return tuple(options), "select"
    control = control_of(item)
    if item.choices:
        return tuple((one.code, one.label) for one in item.choices), "select"
    if item.name == names.interrupted or str(item.type) == "boolean":
        return (("true", _("Yes")), ("false", _("No"))), "choices"
    if str(item.type) == "datetime":
        return (), "datetime-local"
    return (), "area" if control is Control.AREA else "number" if str(item.type) in (
        "number",
        "integer",
    ) else "text"


def _form(here: Here, key: str, visit: str, error: UserError | None = None) -> Response[str]:
    person, names = _place(here, key, visit)
    fields = _fields(here, person, visit, names, sent=error is not None)
    version = here.text("version") if error is not None else str(here.workspace.conduct.version(key))
    if isinstance(error, FormConflictError):
        version = str(here.workspace.conduct.version(key))  # what is there now is shown beside, then decided
    return here.render(
        "dosing/infusion.html",
        status=200 if error is None else 422,
        person=person,
        visit=visit,
        title=visit_title(here.workspace.study, visit),
        fields=fields,
        saved=bool(person.form_values(visit, names.form, 0)),
        on=person.visits.get(visit),
        version=version,
        reason=here.text("reason"),
        error=error,
        conflicts=error.fields if isinstance(error, FormConflictError) else (),
        next=dosing_of(here.workspace, person, here.actor.role).next,
        path=dosing_path,
        form_link=form_path(key, visit, names.form),
    )


@page("/participants/{key:str}/dosing/{visit:str}", who="RecordDose")
def infusion(here: Here, key: str, visit: str) -> Response[str]:
    """The form of one infusion."""
    return _form(here, key, visit)


@action("/participants/{key:str}/dosing/{visit:str}", who="RecordDose")
def infused(here: Here, key: str, visit: str) -> Response[Any] | Redirect:
    """Record it; the ledger refuses what the protocol forbids, and nothing typed is lost."""
    _person, names = _place(here, key, visit)
    typed = {
        name: Typed(here.text(name), here.text(f"{name}-unit"), "")
        for name, _item in infusion_fields(here.workspace.study, names)
    }
    try:
        done = record_infusion(
            here.workspace,
            here.actor,
            key,
            visit,
            typed,
            version=whole(here.text("version")),
            reason=here.text("reason"),
        )
    except UserError as error:
        return _form(here, key, visit, error)
    raised = [event.data["description"] for event in done.of("DeviationRecorded")]
    if raised:
        said = _("Recorded. A deviation was raised by itself: {text}").format(text="; ".join(raised))
        return here.redirect(dosing_path(key), said, "warning")
    return here.redirect(dosing_path(key), _("Recorded."))


ROUTES = [show, infusion, infused]
