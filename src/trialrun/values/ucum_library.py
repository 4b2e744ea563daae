"""The UCUM library, asked only for units outside the everyday table: loading it takes a second or two."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

from trialrun.values.unit_table import ARBITRARY, EQUIVALENTS, UnitMeaning

_BASE = {
    "[mass]": "mass", "[length]": "length", "[time]": "time", "[substance]": "amount",
    "[temperature]": "temperature", "[current]": "current", "[luminosity]": "luminosity",
}  # fmt: skip
_ARBITRARY_UNIT = re.compile(r"\[(?:[iI]U|arb'U|USP'U|[A-Za-z]+'U|[A-Z]{3,})\]")
_EQUIVALENT_UNIT = re.compile(r"(?:^|[./(])[munk]?eq(?=$|[./)\d])")


def look_up(unit: str) -> UnitMeaning | None:
    """The meaning of a UCUM unit by the library; None when the library cannot read it.

    Arbitrary units such as [IU] stay a dimension of their own, as UCUM demands.
    """
    read = _parsed(unit)
    if read is None:
        return None
    try:
        base: Any = (1 * read).to_base_units()
        dimensions = {
            _BASE.get(str(name), str(name)): int(power) for name, power in base.dimensionality.items()
        }
        factor = Fraction(repr(float(base.magnitude)))
    except Exception:  # logarithmic scales have no factor: such a unit converts to itself only
        return UnitMeaning(((unit, 1),), Fraction(1))
    if _ARBITRARY_UNIT.search(unit):
        dimensions[ARBITRARY] = 1
    if _EQUIVALENT_UNIT.search(unit) and dimensions.get("amount") == 1:
        del dimensions["amount"]
        dimensions[EQUIVALENTS] = 1
    return UnitMeaning(tuple(sorted(dimensions.items())), factor)


def _parsed(unit: str) -> Any | None:
    try:
        read = _registry().from_ucum(unit)
        return read if hasattr(read, "dimensionality") else None
    except Exception:  # the library raises several kinds for text it cannot read
        return None


@lru_cache(maxsize=1)
def _registry() -> Any:
    from ucumvert import PintUcumRegistry  # pyright: ignore[reportMissingTypeStubs]

    return PintUcumRegistry()
