"""Units of measure: checked, compared and converted in UCUM, mass to amount only for a named substance.

Source: UCUM 2.1; molar factors in `trialrun.values.analytes`.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import overload

from trialrun.errors import UnitError
from trialrun.values import ucum_library
from trialrun.values.analytes import Analyte, find_analyte
from trialrun.values.unit_advice import MEANS_SOMETHING_ELSE, advice
from trialrun.values.unit_table import (
    ARBITRARY,
    EQUIVALENTS,
    UnitMeaning,
    dimension_name,
    look_up,
    without_annotations,
)

_LONGEST = 64


def check_unit(text: str) -> None:
    """Accept a UCUM unit, or say what to write instead.

    Errors: `UnitError` for an empty, misspelt or unknown unit, and for one that is valid but says
    something nobody means (`K/uL` is kelvin per microlitre).
    """
    _ = _meaning(text)


def dimension(unit: str) -> str:
    """What a unit measures, e.g. `mass concentration`; `plain number` for `{INR}` or `%`.

    Errors: `UnitError` as in `check_unit`.
    """
    return dimension_name(_meaning(unit).dimensions)


def same_dimension(a: str, b: str, analyte: str | None = None) -> bool:
    """Whether a value in one unit can be written in the other, for this substance.

    Errors: `UnitError` when one of the two is no unit.
    """
    try:
        _ = _conversion(a, b, analyte, None, None)
    except _NotConvertibleError:
        return False
    return True


@overload
def convert(
    value: Decimal,
    from_unit: str,
    to_unit: str,
    analyte: str | None = None,
    *,
    molar_mass: float | None = None,
    valence: int | None = None,
) -> Decimal: ...
@overload
def convert(
    value: float,
    from_unit: str,
    to_unit: str,
    analyte: str | None = None,
    *,
    molar_mass: float | None = None,
    valence: int | None = None,
) -> float: ...
def convert(
    value: Decimal | float,
    from_unit: str,
    to_unit: str,
    analyte: str | None = None,
    *,
    molar_mass: float | None = None,
    valence: int | None = None,
) -> Decimal | float:
    """The same amount in another unit.

    The arithmetic is exact and rounds once at the end, so 34.208 umol/L of bilirubin is 2 mg/dL and
    not a little less; a float is taken as the decimal it prints as.

    Args:
        value: a Decimal gives a Decimal (28 digits), a float a float.
        from_unit: its UCUM unit.
        to_unit: the UCUM unit wanted.
        analyte: the substance; needed between mass and amount, meq and mmol, [IU] and U.
        molar_mass: g/mol, in place of the substance's own factor.
        valence: charges per ion, in place of the substance's own.

    Errors: `UnitError` when a unit is wrong, or the two do not measure the same thing.
    """
    if from_unit == to_unit:
        check_unit(from_unit)
        return value
    factor, offset = _conversion(from_unit, to_unit, analyte, molar_mass, valence)
    if isinstance(value, Decimal):
        exact = Fraction(value) * factor + offset
        return Decimal(exact.numerator) / Decimal(exact.denominator)
    if factor == 1 and offset == 0:
        return value
    return float(Fraction(repr(float(value))) * factor + offset)


def conversion_factor(from_unit: str, to_unit: str, analyte: str | None = None) -> tuple[Fraction, Fraction]:
    """The exact (factor, offset) with which `convert` works: new = old * factor + offset.

    Errors: `UnitError` as in `convert`.
    """
    return _conversion(from_unit, to_unit, analyte, None, None)


class _NotConvertibleError(UnitError):
    """Both are units, but of different things."""


@lru_cache(maxsize=4096)
def _meaning(text: str) -> UnitMeaning:
    if not text.strip():
        raise UnitError("a unit is missing", "write the UCUM unit, e.g. mg/dL; write 1 for a plain number")
    if text in MEANS_SOMETHING_ELSE:
        says, remedy = MEANS_SOMETHING_ELSE[text]
        raise UnitError(f"unit {text!r} says {says} in UCUM", remedy)
    plain = without_annotations(text) if "{" in text else text
    found = look_up(plain) if len(text) <= _LONGEST else None
    if found is None and len(text) <= _LONGEST and text.isascii() and not any(map(str.isspace, text)):
        found = ucum_library.look_up(plain)
    if found is None:
        shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
        raise UnitError(
            f"{shown!r} is not a UCUM unit", advice(text[:_LONGEST]) or "see ucum.org for the spelling"
        )
    return found


@lru_cache(maxsize=4096)
def _conversion(
    from_unit: str, to_unit: str, analyte: str | None, molar_mass: float | None, valence: int | None
) -> tuple[Fraction, Fraction]:
    source, target = _meaning(from_unit), _meaning(to_unit)
    substance = find_analyte(analyte)
    bridge = _bridge(source, target, substance, molar_mass, valence)
    if bridge is None:
        raise _NotConvertibleError(
            f"{from_unit!r} ({dimension_name(source.dimensions)}) cannot be written as {to_unit!r} "
            f"({dimension_name(target.dimensions)})" + (f" for {analyte}" if analyte else ""),
            _remedy(source, target, substance),
        )
    return source.factor * bridge / target.factor, (source.offset - target.offset) / target.factor


def _bridge(
    source: UnitMeaning,
    target: UnitMeaning,
    substance: Analyte | None,
    molar_mass: float | None,
    valence: int | None,
) -> Fraction | None:
    """What one base unit of the source's dimension is in the target's; None when they do not meet."""
    if source.dimensions == target.dimensions:
        return Fraction(1)
    mol_per_kg = _mol_per_kg(substance, molar_mass)
    charges = valence or (substance.valence if substance else None)
    steps: list[tuple[str, dict[str, int], Fraction | None]] = [
        ("mass", {"amount": 1}, mol_per_kg),
        (EQUIVALENTS, {"amount": 1}, Fraction(1, charges) if charges else None),
        (
            ARBITRARY,
            {"amount": 1, "time": -1},
            Fraction(1, 60_000_000) if substance and substance.enzyme else None,
        ),
    ]
    for name, into, factor in steps:
        if factor is None:
            continue
        if _replaced(source, name, into) == dict(target.dimensions):
            return factor
        if _replaced(target, name, into) == dict(source.dimensions):
            return 1 / factor
    return None


def _mol_per_kg(substance: Analyte | None, molar_mass: float | None) -> Fraction | None:
    if molar_mass is not None:
        return 1000 / Fraction(repr(float(molar_mass)))
    return substance.umol_per_mg if substance else None


def _replaced(meaning: UnitMeaning, name: str, into: dict[str, int]) -> dict[str, int] | None:
    dimensions = dict(meaning.dimensions)
    if dimensions.get(name) != 1:
        return None
    del dimensions[name]
    for other, power in into.items():
        dimensions[other] = dimensions.get(other, 0) + power
    return {key: power for key, power in dimensions.items() if power}


def _remedy(source: UnitMeaning, target: UnitMeaning, substance: Analyte | None) -> str:
    names = {name for meaning in (source, target) for name, _ in meaning.dimensions}
    if substance is None and ({"mass", "amount"} <= names or EQUIVALENTS in names or ARBITRARY in names):
        return "name the substance: its molar mass, charge or activity decides"
    if substance is not None:
        units = ", ".join((substance.unit, *substance.other_units))
        return f"{substance.label} is measured in {units}"
    return "give both values in units of one dimension"
