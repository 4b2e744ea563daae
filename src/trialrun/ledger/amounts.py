"""Numbers in the unit an item's limits and rules are written in."""

from __future__ import annotations

from decimal import Decimal

from trialrun.values.units import convert


def in_item_unit(value: Decimal, unit: str | None, item_unit: str | None, analyte: str | None) -> Decimal:
    """The same amount in the item's unit, exact; unchanged when there is none to convert."""
    if unit is None or item_unit is None or unit == item_unit:
        return value
    return convert(value, unit, item_unit, analyte)
