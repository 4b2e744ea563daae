"""From saved values to the rows that rules are computed on.

A row of a visit holds, for each item, the value saved at that visit when the schedule asks the item
there, and otherwise the value of the one planned visit that asks it (birth date, history). What is
asked at several visits is never carried from one to another: an examination of last month says
nothing about today.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from trialrun.ledger.amounts import in_item_unit
from trialrun.ledger.state import ParticipantState, SavedValue
from trialrun.study.kept import Kept
from trialrun.study.model import Item, ItemType, Study, Visit, VisitKind
from trialrun.values.dates import PartialDate, parse_partial_date
from trialrun.values.quantity import parse_decimal

Cell = float | bool | str | date | PartialDate | None
Row = dict[str, Cell]

_REPEATED = (VisitKind.UNSCHEDULED, VisitKind.EARLY_TERMINATION, VisitKind.LOG)


def plain_visit(name: str) -> str:
    """The study's name of a visit: `unscheduled` for `unscheduled#2`."""
    return name.partition("#")[0]


@lru_cache(maxsize=8192)
def _cell(
    kind: ItemType, text: str, unit: str | None, item_unit: str | None, analyte: str | None, *, partial: bool
) -> Cell:
    if kind in (ItemType.NUMBER, ItemType.INTEGER):
        return float(in_item_unit(parse_decimal(text), unit, item_unit, analyte))
    if kind is ItemType.BOOLEAN:
        return text == "true"
    if kind is ItemType.DATE:
        day = parse_partial_date(text)
        return day if partial else day.exact
    return text


def cell(item: Item, value: SavedValue | None) -> Cell:
    """A saved value as rules see it, a number in the item's unit; `None` is unknown."""
    if value is None or value.text is None:
        return None
    return _cell(item.type, value.text, value.unit, item.unit, item.analyte, partial=item.partial)


def cells_of(item: Item, value: SavedValue | None) -> Row:
    """What an item contributes to a row."""
    return {item.name: cell(item, value)}


def home_visit(study: Study, form: str) -> Visit | None:
    """The one planned visit that asks a form; `None` when several do, or none."""
    homes = [visit for visit in study.visits.values() if form in visit.forms and visit.kind not in _REPEATED]
    return homes[0] if len(homes) == 1 else None


def _plans(study: Study) -> Mapping[str, tuple[tuple[Item, str, str], ...]]:
    """For each visit, every non-repeating item with its form and the visit its value is taken from.

    `HERE` stands for the visit itself, which may be one of several of its kind.
    """
    forms = [form for form in study.forms.values() if not form.repeating]
    homes = {form.name: home_visit(study, form.name) for form in forms}
    plans: dict[str, tuple[tuple[Item, str, str], ...]] = {}
    for visit in study.visits.values():
        plan: list[tuple[Item, str, str]] = []
        for form in forms:
            home = homes[form.name]
            source = HERE if form.name in visit.forms else home.name if home is not None else ""
            plan += [(study.items[name], form.name, source) for name in form.items]
        plans[visit.name] = tuple(plan)
    return plans


HERE = "."
_PLANS = Kept(_plans)


def row_at(study: Study, person: ParticipantState, visit: str) -> Row:
    """The row of one visit over all non-repeating items."""
    values = person.values
    return {
        item.name: cell(item, values.get((visit if source == HERE else source, form, 0, item.name)))
        for item, form, source in _PLANS.of(study)[plain_visit(visit)]
    }


def rows_by_form(study: Study, person: ParticipantState) -> dict[str, list[Row]]:
    """All rows of each repeating form, whichever visit they were written at."""
    return {
        form.name: [form_row(study, form.name, saved) for saved in person.rows(form.name).values()]
        for form in study.forms.values()
        if form.repeating
    }


def form_row(study: Study, form: str, saved: Mapping[str, SavedValue]) -> Row:
    """One form's own items as a row."""
    return {name: cell(study.items[name], saved.get(name)) for name in study.forms[form].items}
