"""The rows of a repeating form as a table, and whether the list is said to be complete."""

from __future__ import annotations

from dataclasses import dataclass

from trialrun.app.form_access import Access, access_to
from trialrun.app.form_checks import shown_value
from trialrun.app.form_entry import NEW_ROW, FormPlace
from trialrun.app.form_rules import asked_now
from trialrun.app.workspace import Workspace
from trialrun.ledger.commands import Actor
from trialrun.ledger.decide.capture import as_saved
from trialrun.ledger.rows import home_visit, plain_visit
from trialrun.ledger.state import ParticipantState, SavedValue
from trialrun.study.model import Form, Item, Visit

COLUMNS = 6


@dataclass(frozen=True, slots=True)
class RowShown:
    """One row: its number, the shown cells, who saved it last, and what asks for attention."""

    row: int
    cells: tuple[str, ...]
    by: str
    at: str
    open_queries: int
    unanswered: int
    signed: bool


@dataclass(frozen=True, slots=True)
class Complete:
    """The item that says a list is complete (or that there is nothing to list), and its answer.

    `answer` is `true`, `false` or empty; `path` leads to where it is answered.
    """

    item: Item
    answer: str
    path: str


@dataclass(frozen=True, slots=True)
class RowsPage:
    """A repeating form at a visit."""

    place: FormPlace
    form: Form
    visit: Visit
    person: ParticipantState
    columns: tuple[Item, ...]
    rows: tuple[RowShown, ...]
    complete: tuple[Complete, ...]
    access: Access
    next_form: str


def rows_page(workspace: Workspace, actor: Actor, place: FormPlace, *, identity: bool = False) -> RowsPage:
    """All rows of a repeating form at one visit.

    Errors: `NoSuchFormError` when the study has no such form at that visit.
    """
    study = workspace.study
    person = workspace.conduct.participant(place.participant)
    access = access_to(workspace, actor, FormPlace(place.participant, place.visit, place.form, NEW_ROW))
    form = study.forms[place.form]
    items = [study.items[name] for name in form.items if identity or not study.items[name].identifying]
    columns = tuple(items[:COLUMNS])
    visit = study.visits[plain_visit(place.visit)]
    at = visit.forms.index(form.name)
    return RowsPage(
        place,
        form,
        visit,
        person,
        columns,
        tuple(
            _row(workspace, person, FormPlace(place.participant, visit_name, form.name, row), columns, values)
            for (visit_name, row), values in person.rows(form.name).items()
            if visit_name == place.visit
        ),
        tuple(_complete(workspace, person, name) for name in _complete_items(workspace, form)),
        access,
        visit.forms[at + 1] if at + 1 < len(visit.forms) else "",
    )


def _row(
    workspace: Workspace,
    person: ParticipantState,
    place: FormPlace,
    columns: tuple[Item, ...],
    values: dict[str, SavedValue],
) -> RowShown:
    asked = asked_now(workspace.study, person, place)
    items = workspace.study.items
    newest = max(values.values(), key=lambda value: value.version)
    where = (place.visit, place.form, place.row)
    return RowShown(
        place.row,
        tuple(shown_value(item, as_saved(values.get(item.name))) for item in columns),
        newest.by,
        newest.at,
        sum((query.visit, query.form, query.row) == where for query in person.open_queries()),
        sum(
            is_asked is True and items[name].required and name not in values
            for name, is_asked in asked.items()
        ),
        any(mark.valid and (mark.visit, mark.form, mark.row) == where for mark in person.signatures),
    )


def _complete_items(workspace: Workspace, form: Form) -> tuple[str, ...]:
    over = (one for one in workspace.study.derived.values() if one.over == form.name and one.complete)
    return tuple(dict.fromkeys(one.complete for one in over if one.complete))


def _complete(workspace: Workspace, person: ParticipantState, name: str) -> Complete:
    study = workspace.study
    form = study.form_of(name)
    home = home_visit(study, form.name) if form else None
    if form is None or home is None:
        return Complete(study.items[name], "", "")
    value = person.values.get((home.name, form.name, 0, name))
    path = f"/participants/{person.key}/visits/{home.name}/forms/{form.name}#i-{name}"
    return Complete(study.items[name], (value.text or "") if value else "", path)
