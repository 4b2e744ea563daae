"""One answer as the columns of the `values` table: text as entered, beside what it means."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from trialrun.errors import UserError
from trialrun.study.model import Item, ItemType
from trialrun.values.dates import parse_partial_date
from trialrun.values.missing import MissingReason

WITHHELD = "withheld"
NUMERIC = frozenset({ItemType.NUMBER, ItemType.INTEGER})
CHOSEN = frozenset({ItemType.CHOICE, ItemType.CHOICES, ItemType.BOOLEAN})


def typed_columns(item: Item, text: str | None, unit: str | None, missing: str | None) -> dict[str, Any]:
    """The value columns of one answer.

    An identifying item's text never enters a snapshot: it is `withheld`.
    Errors: `UserError` when the text is not of the item's type, or its unit is missing or does not fit.
    """
    if item.identifying:
        return {"missing_reason": missing or WITHHELD}
    if missing is not None or text is None:
        return {"text": text, "unit": unit, "missing_reason": missing or MissingReason.NOT_ASKED.value}
    columns: dict[str, Any] = {"text": text, "unit": unit}
    if item.type in NUMERIC:
        columns |= _number_columns(item, text, unit)
    elif item.type in CHOSEN:
        columns["code"] = _code(item, text)
    elif item.type in {ItemType.DATE, ItemType.DATETIME}:
        columns |= _date_columns(text)
    return columns


def _number_columns(item: Item, text: str, unit: str | None) -> dict[str, Any]:
    try:
        number = Decimal(text.strip())
    except InvalidOperation as error:
        raise UserError(f"{item.name} is {text!r}, which is not a number") from error
    if not number.is_finite():
        raise UserError(f"{item.name} is {text!r}, which is not a number")
    if item.unit is None:
        return {"number": float(number), "number_in_item_unit": float(number)}
    if not unit:
        raise UserError(
            f"{item.name} {text} has no unit", f"give it, for example {item.unit}; it is never guessed"
        )
    if unit == item.unit:
        return {"number": float(number), "number_in_item_unit": float(number)}
    from trialrun.values.units import convert

    converted = convert(number, unit, item.unit, item.analyte)
    return {"number": float(number), "number_in_item_unit": float(converted)}


def _code(item: Item, text: str) -> str:
    if item.type is ItemType.BOOLEAN:
        code = text.strip().lower()
        if code not in {"true", "false"}:
            raise UserError(f"{item.name} is {text!r}, which is neither true nor false")
        return code
    known = {choice.code for choice in item.choices}
    parts = text.split(";") if item.type is ItemType.CHOICES else [text]
    for part in parts:
        if known and part.strip() not in known:
            raise UserError(f"{item.name} is {part!r}, which is not one of {', '.join(sorted(known))}")
    return text.strip()


def _date_columns(text: str) -> dict[str, Any]:
    day = parse_partial_date(text.strip().replace(" ", "T").split("T")[0])
    return {"date_low": day.earliest, "date_high": day.latest}
