"""What a virtual participant answers to an item that `rehearsal.yaml` has no line for.

Drawn from the study alone: the item's type, choices, limits and condition, what asks for it and what is made of it.
No item is known by its name, so a drafted study can be rehearsed whatever its items are called.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trialrun.simulate.parameters import Unlisted
from trialrun.study.kept import Kept
from trialrun.study.model import Item, ItemType, Study, VisitKind

_CLINIC_HOUR = "10:00"
_WIDE = 50  # limits so far apart are those of a laboratory: the usual value is near their geometric mean
_ADULT_YEARS = (48.0, 16.0)
_MEASURED_AGAIN = (VisitKind.BASELINE, VisitKind.DOSE, VisitKind.FOLLOW_UP)


@dataclass(frozen=True, slots=True)
class Roles:
    """What items are for, read from how the study uses them."""

    amounts: Mapping[str, str]  # item of an amount given: the amount planned first
    events: frozenset[str]  # yes/no items whose yes is an event in the course
    dated: Mapping[str, str]  # date items that say when such an event happened
    affirmed: frozenset[str]  # yes/no items that say that a list is complete
    births: frozenset[str]  # the date the age is counted from


def roles_of(study: Study) -> Roles:
    """What a study's items are for."""
    return _ROLES.of(study)


def _roles(study: Study) -> Roles:
    events = _events(study)
    return Roles(
        amounts=_amounts(study),
        events=events,
        dated=_dated(study, events),
        affirmed=frozenset(one.complete for one in study.derived.values() if one.complete),
        births=frozenset(
            name for name, item in study.items.items() if item.type is ItemType.DATE and _is_birth(item)
        ),
    )


_ROLES = Kept(_roles)


def _is_birth(item: Item) -> bool:
    """The one date that identifies a person is the day they were born."""
    return item.identifying and item.type is ItemType.DATE


def _amounts(study: Study) -> dict[str, str]:
    amount = str(study.settings.get("dose_item", "dose_given"))
    planned = next((str(dose.amount) for plan in study.dose_plans for dose in plan.doses), "1")
    return {amount: planned} if amount in study.items else {}


def _events(study: Study) -> frozenset[str]:
    """Yes/no items asked at follow-up: what they ask about happens, or does not, in the course."""
    later = {
        item
        for visit in study.visits.values()
        if visit.kind in _MEASURED_AGAIN
        for form in visit.forms
        if not study.forms[form].repeating
        for item in study.forms[form].items
    }
    screened = _asked_at(study, VisitKind.SCREENING)
    return frozenset(name for name in later - screened if study.items[name].type is ItemType.BOOLEAN)


def _asked_at(study: Study, kind: VisitKind) -> set[str]:
    return {
        item
        for visit in study.visits.values()
        if visit.kind is kind
        for form in visit.forms
        for item in study.forms[form].items
    }


def _dated(study: Study, events: frozenset[str]) -> dict[str, str]:
    """Dates asked only where an event happened are the dates of that event."""
    from trialrun.study.rules import names_used

    found: dict[str, str] = {}
    for name, item in study.items.items():
        if item.type is ItemType.DATE and item.only_if:
            behind = names_used(item.only_if) & events
            if len(behind) == 1:
                found[name] = next(iter(behind))
    return found


def line_for(item: Item, study: Study, unlisted: Unlisted) -> Any:
    """The line of `rehearsal.yaml` that an item without one is drawn by."""
    roles = roles_of(study)
    if item.name in roles.amounts:
        return roles.amounts[item.name]
    if item.type is ItemType.BOOLEAN:
        return _yes_no(item, study, unlisted, roles)
    if item.type in (ItemType.CHOICE, ItemType.CHOICES):
        return {"choice": {choice.code: 1.0 for choice in item.choices}, "again": unlisted.visit_spread}
    if item.type in (ItemType.NUMBER, ItemType.INTEGER):
        return number_line(item, unlisted)
    if item.type is ItemType.DATE:
        return _day(item, roles, unlisted)
    return {"visit_time": _CLINIC_HOUR} if item.type is ItemType.DATETIME else "as in the source"


def _yes_no(item: Item, study: Study, unlisted: Unlisted, roles: Roles) -> Any:
    before = {name for form in study.forms.values() if form.before_consent for name in form.items}
    if item.name in before or item.name in roles.affirmed:
        return True
    if item.name in roles.events:
        return {"event": item.name, "per_month": unlisted.event_per_month}
    return {"chance": unlisted.yes_chance}


def _day(item: Item, roles: Roles, unlisted: Unlisted) -> Any:
    if item.name in roles.births:
        return {"years_before": list(_ADULT_YEARS), "low": 0.1, "high": 95}
    if item.name in roles.dated:
        return {"event_date": roles.dated[item.name], "per_month": unlisted.event_per_month}
    return {"visit_date": True, "plus": 7} if item.future else {"visit_date": True}


def number_line(item: Item, unlisted: Unlisted, centre: float | None = None) -> dict[str, Any]:
    """A number around the middle of what is expected; `centre` is the person's own value where it is known."""
    low, high = usual_range(item)
    own = 0.0 if centre is not None else unlisted.spread * (high - low)
    mean = _middle(low, high) if centre is None else centre
    if _middle(low, high) < (low + high) / 4:  # far from the arithmetic middle: a wide range, a skewed value
        own, high_sd = (0.0 if centre is not None else 0.3 * mean), 0.3 * mean * unlisted.visit_spread / 0.15
    else:
        high_sd = unlisted.visit_spread * (high - low)
    line: dict[str, Any] = {"normal": [mean, own], "fresh": high_sd, "places": places_of(item, high - low)}
    hard_low, hard_high = item.hard.low, item.hard.high
    line["low"] = float(hard_low) if hard_low is not None else min(low, 0.0)
    if hard_high is not None:
        line["high"] = float(hard_high)
    return line


def usual_range(item: Item) -> tuple[float, float]:
    """The range a number is expected in: its query limits, else its hard limits, else 0 to 20 (assumed)."""
    for limits in (item.query, item.hard):
        if limits.low is not None and limits.high is not None and limits.high > limits.low:
            return float(limits.low), float(limits.high)
    low = float(item.hard.low) if item.hard.low is not None else None
    high = float(item.hard.high) if item.hard.high is not None else None
    if low is not None:
        return low, low + max(20.0, abs(low))
    return (high - max(20.0, abs(high)), high) if high is not None else (0.0, 20.0)


def _middle(low: float, high: float) -> float:
    if low > 0 and high / low > _WIDE:
        return math.sqrt(low * high)
    return (low + high) / 2


def places_of(item: Item, width: float) -> int:
    """Decimals a number is reported with: none for a whole number, more for a narrow range."""
    if item.type is ItemType.INTEGER:
        return 0
    return 2 if width <= 5 else 1 if width <= 200 else 0
