"""Which control an item gets on a page, and what is said beside it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from trialrun.app.form_entry import Typed
from trialrun.errors import UserError
from trialrun.ledger.amounts import in_item_unit
from trialrun.study.model import Item, ItemType, Limits
from trialrun.values.quantity import parse_decimal

FEW = 6  # choices up to which all are shown side by side
_LONG = ("reason", "comment", "text", "description", "procedure", "term", "why", "narrative", "action")


class Control(StrEnum):
    """How an item is filled in."""

    LINE = "line"
    AREA = "area"
    NUMBER = "number"
    YES_NO = "yes_no"
    RADIO = "radio"
    SELECT = "select"
    CHECKBOXES = "checkboxes"
    DATE = "date"
    PARTIAL_DATE = "partial_date"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Limit:
    """Limits to tell beside a number: `kind` is `expected` (asked about) or `possible` (refused)."""

    kind: str
    low: str
    high: str
    unit: str


_PLAIN = {
    ItemType.NUMBER: Control.NUMBER,
    ItemType.INTEGER: Control.NUMBER,
    ItemType.BOOLEAN: Control.YES_NO,
    ItemType.CHOICES: Control.CHECKBOXES,
    ItemType.DATETIME: Control.MOMENT,
}


def control_of(item: Item) -> Control:
    """The control for an item."""
    if item.type is ItemType.CHOICE:
        return Control.RADIO if len(item.choices) <= FEW else Control.SELECT
    if item.type is ItemType.DATE:
        return Control.PARTIAL_DATE if item.partial else Control.DATE
    if item.type is ItemType.TEXT:
        return Control.AREA if item.name.rpartition("_")[2] in _LONG else Control.LINE
    return _PLAIN[item.type]


def units_of(item: Item) -> tuple[str, ...]:
    """The units to choose from, the item's own first; plain numbers (`{INR}`, `1`) leave nothing to choose."""
    if item.unit is None:
        return ()
    units = tuple(dict.fromkeys((item.unit, *item.units)))
    return units if any(map(plain_unit, units)) else units[:1]


def plain_unit(unit: str) -> str:
    """A unit as people read it: `{INR}` and `1` are none."""
    if unit == "1" or unit.startswith("{"):
        return ""
    return unit.replace("mm[Hg]", "mmHg").replace("[IU]", "IU").replace("10*", "10^")


def conversion(item: Item, typed: Typed) -> str:
    """The typed number in the item's own unit, where it was entered in another one; else empty."""
    if item.unit is None or not typed.unit or typed.unit == item.unit or not typed.text:
        return ""
    try:
        number = parse_decimal(typed.text)
        here = in_item_unit(number, typed.unit, item.unit, item.analyte)
    except UserError:
        return ""
    if here == number or not plain_unit(item.unit):
        return ""
    return f"{decimal_words(here)} {plain_unit(item.unit)}"


def decimal_words(value: Decimal) -> str:
    """A number to four figures, without an exponent."""
    rounded = value if value == 0 else round(value, 3 - value.adjusted()) if value.adjusted() < 4 else value
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def limits_of(item: Item) -> tuple[Limit, ...]:
    """The limits of a number, to be told before they are met."""
    pairs = (("expected", item.query), ("possible", item.hard))
    return tuple(
        Limit(kind, _end(limits.low), _end(limits.high), plain_unit(item.unit or ""))
        for kind, limits in pairs
        if limits != Limits()
    )


def _end(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"
