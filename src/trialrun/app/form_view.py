"""A form as a page shows it: sections of fields with controls, units, help, what is saved and what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trialrun.app.form_access import Access, access_to
from trialrun.app.form_checks import Examined, Problem, next_row
from trialrun.app.form_controls import Control, Limit, control_of, conversion, limits_of, units_of
from trialrun.app.form_entry import NEW_ROW, FormPlace, Typed, typed_from_saved
from trialrun.app.form_rules import asked_now, condition_of
from trialrun.app.form_scores import DerivedShown, derived_shown
from trialrun.app.form_sections import sections_of
from trialrun.app.form_units import last_units
from trialrun.app.value_notes import ValueNote, value_notes
from trialrun.app.workspace import Workspace
from trialrun.ledger.commands import Actor
from trialrun.ledger.rows import plain_visit
from trialrun.ledger.state import Mark, ParticipantState, Query, SavedValue
from trialrun.study.model import Form, Item, Visit


@dataclass(frozen=True, slots=True)
class Field:
    """One item on the page.

    `asked`: `True`, `False` (with its condition it does not apply), `None` (not known yet). `condition` says
    when it is asked, in words; `waits_here` that this form itself answers it. `converted` is the typed number in the item's own unit, where that differs.
    """

    item: Item
    control: Control
    typed: Typed
    saved: SavedValue | None
    units: tuple[str, ...]
    converted: str
    limits: tuple[Limit, ...]
    condition: str
    asked: bool | None
    problem: Problem | None
    findings: tuple[str, ...]
    queries: tuple[Query, ...]
    verified: bool
    notes: tuple[ValueNote, ...]
    writable: bool
    waits_here: bool

    @property
    def name(self) -> str:
        """The item's name."""
        return self.item.name

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """The item's choices as code and label."""
        return tuple((choice.code, choice.label) for choice in self.item.choices)


@dataclass(frozen=True, slots=True)
class Section:
    """Fields under one heading (which may be empty)."""

    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form at a visit.

    `seen` goes back with the form, so that a change by somebody else in between is noticed. `withheld` counts the
    identifying items this role does not see. `signatures` are the valid ones a change would break.
    """

    place: FormPlace
    form: Form
    visit: Visit
    person: ParticipantState
    sections: tuple[Section, ...]
    seen: int
    access: Access
    derived: tuple[DerivedShown, ...]
    signatures: tuple[Mark, ...]
    withheld: int
    next_form: str
    saved_by: str
    saved_at: str
    row_number: int

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields, in order."""
        return tuple(one for section in self.sections for one in section.fields)

    @property
    def labels(self) -> dict[str, str]:
        """The items' labels, by name."""
        return {one.name: one.item.label for one in self.fields}


def form_page(
    workspace: Workspace,
    actor: Actor,
    place: FormPlace,
    *,
    typed: Mapping[str, Typed] | None = None,
    examined: Examined | None = None,
    seen: int | None = None,
    identity: bool = False,
) -> FormPage:
    """A form as saved, or with what was typed into it and what was found about that.

    Args:
        typed: fields as typed, shown in place of what is saved.
        examined: what is known about them.
        seen: the version the typing began on, where it is not the present one.
        identity: whether identifying items are shown.
    Errors: `CommandRefusedError` when the study has no such form at that visit.
    """
    person = workspace.conduct.participant(place.participant)
    access = access_to(workspace, actor, place)
    study = workspace.study
    form = study.forms[place.form]
    shown = [name for name in form.items if identity or not study.items[name].identifying]
    saved = person.form_values(place.visit, place.form, place.row)
    fields = _Fields(workspace, person, place, access, saved, typed or {}, examined)
    newest = max(saved.values(), key=lambda value: value.version, default=None)
    return FormPage(
        place,
        form,
        study.visits[plain_visit(place.visit)],
        person,
        tuple(
            Section(plan.title, tuple(fields.field(study.items[name]) for name in plan.items))
            for plan in sections_of(shown, study.items)
        ),
        person.version if seen is None else seen,
        access,
        derived_shown(study, examined.person if examined else person, place),
        tuple(mark for mark in person.signatures if mark.valid and _covers(mark, place)),
        len(form.items) - len(shown),
        _next_form(study.visits[plain_visit(place.visit)], place.form),
        newest.by if newest else "",
        newest.at if newest else "",
        next_row(person, place) if place.row == NEW_ROW else place.row,
    )


def _covers(mark: Mark, place: FormPlace) -> bool:
    return mark.visit in ("", place.visit) and mark.form in ("", place.form) and mark.row in (0, place.row)


def _next_form(visit: Visit, form: str) -> str:
    following = visit.forms[visit.forms.index(form) + 1 :] if form in visit.forms else ()
    return following[0] if following else ""


class _Fields:
    """Makes the fields of one page."""

    def __init__(
        self,
        workspace: Workspace,
        person: ParticipantState,
        place: FormPlace,
        access: Access,
        saved: Mapping[str, SavedValue],
        typed: Mapping[str, Typed],
        examined: Examined | None,
    ) -> None:
        self.workspace = workspace
        self.person = person
        self.place = place
        self.access = access
        self.saved = saved
        self.typed = typed
        self.examined = examined
        self.asked = examined.asked if examined else asked_now(workspace.study, person, place)
        self.items = workspace.study.forms[place.form].items
        self.remembered = last_units(workspace, person.site, workspace.study.forms[place.form])
        self.queries = [
            query
            for query in person.open_queries()
            if (query.visit, query.form, query.row) == (place.visit, place.form, place.row)
        ]

    def field(self, item: Item) -> Field:
        """One item."""
        saved = self.saved.get(item.name)
        typed = self.typed.get(item.name)
        shown = self._with_unit(item, typed if typed is not None else typed_from_saved(saved))
        condition = condition_of(self.workspace.study, self.place.form, item.name)
        examined = self.examined
        return Field(
            item,
            control_of(item),
            shown,
            saved,
            units_of(item),
            conversion(item, shown),
            limits_of(item),
            condition.words if condition else "",
            self.asked.get(item.name, True),
            examined.problems.get(item.name) if examined else None,
            tuple(one.message for one in examined.findings if one.item == item.name) if examined else (),
            tuple(query for query in self.queries if query.item == item.name),
            self._verified(item.name),
            self._notes(item.name) if saved else (),
            self.access.may_fill(saved is not None),
            condition is not None and not condition.uses.isdisjoint(self.items),
        )

    def _with_unit(self, item: Item, typed: Typed) -> Typed:
        """An empty field starts with the unit this site used last; never with a guess."""
        units = units_of(item)
        if typed.unit or typed.text or not units:
            return typed
        start = units[0] if len(units) == 1 else self.remembered.get(item.name, "")
        return Typed(typed.text, start, typed.missing)

    def _verified(self, item: str) -> bool:
        place = self.place
        return any(
            mark.valid
            and (mark.visit, mark.form, mark.row) == (place.visit, place.form, place.row)
            and mark.item in ("", item)
            for mark in self.person.verifications
        )

    def _notes(self, item: str) -> tuple[ValueNote, ...]:
        place = self.place
        return value_notes(self.workspace, self.person, (place.visit, place.form, place.row, item))
