"""Filling a form as a site would: which items are asked, what is typed, what is left missing and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from trialrun.ledger.commands import Entry
from trialrun.simulate.answers import Answer, Moment, answer
from trialrun.simulate.asked import Asked
from trialrun.simulate.people import VirtualParticipant, happens
from trialrun.study.model import Item, ItemType, Study
from trialrun.values.missing import Missing, MissingReason


@dataclass(frozen=True, slots=True)
class Filled:
    """A filled form: the entries to save, and everything the person has answered so far."""

    entries: Mapping[str, Entry]
    known: Mapping[str, Answer]


def fill(
    study: Study,
    form: str,
    visit: str,
    person: VirtualParticipant,
    specs: Mapping[str, Any],
    moment: Moment,
    *,
    asked: Asked,
) -> Filled:
    """Answer every item of a form that is asked, in the form's order.

    An item without a line in `specs` gets the plainest answer its type allows, inside its limits.
    """
    known = dict(moment.known)
    entries: dict[str, Entry] = {}
    for name in study.forms[form].items:
        item = study.items[name]
        if not asked(item, known):
            known.pop(name, None)
            continue
        given = answer(name, specs.get(name, usual_answer(item)), replace(moment, known=known))
        given = within_limits(item, given)
        if _left_out(item, person, f"{visit}:{form}:{moment.row}:{name}"):
            given = Missing(MissingReason.NOT_DONE)
        known[name] = given
        entries[name] = entry(item, given)
    return Filled(entries, known)


def usual_answer(item: Item) -> Any:
    """The plainest answer of an item's type: no, the first choice, the middle of the limits, today."""
    if item.type is ItemType.BOOLEAN:
        return False
    if item.type in (ItemType.CHOICE, ItemType.CHOICES):
        return item.choices[0].code if item.choices else ""
    if item.type in (ItemType.NUMBER, ItemType.INTEGER):
        return _middle(item)
    if item.type in (ItemType.DATE, ItemType.DATETIME):
        return {"visit_date": True}
    return "none"


def _middle(item: Item) -> str:
    for limits in (item.query, item.hard):
        if limits.low is not None and limits.high is not None:
            middle = (limits.low + limits.high) / 2
            return str(middle.quantize(Decimal(1) if item.type is ItemType.INTEGER else Decimal("0.1")))
    return "1"


def within_limits(item: Item, given: Answer) -> Answer:
    """The answer, moved to the nearest hard limit where it lies beyond one."""
    if item.type not in (ItemType.NUMBER, ItemType.INTEGER) or not isinstance(given, str):
        return given
    number, low, high = Decimal(given), item.hard.low, item.hard.high
    if low is not None and number < low:
        return str(low)
    return str(high) if high is not None and number > high else given


def _left_out(item: Item, person: VirtualParticipant, where: str) -> bool:
    measured = item.type is ItemType.NUMBER and item.analyte is not None
    return measured and happens(person, f"left_out:{where}", person.course.scenario.conduct.value_missing)


def entry(item: Item, given: Answer) -> Entry:
    """What is typed for an answer: text with the item's unit, or the reason it is missing."""
    if isinstance(given, Missing):
        return Entry(missing=given.reason)
    return Entry(text=given, unit=item.unit if item.type in (ItemType.NUMBER, ItemType.INTEGER) else None)
