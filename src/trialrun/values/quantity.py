"""Numbers as entered, and numbers with a unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from trialrun.errors import UserError
from trialrun.values.units import check_unit, convert

_NUMBER = re.compile(r"^[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,2})?$", re.ASCII)
_TOO_MANY_DIGITS = re.compile(r"^[+-]?[\d.]+(?:[eE][+-]?\d+)?$", re.ASCII)
_QUANTITY = re.compile(r"^([+-]?[\d.,\u0660-\u0669\u06f0-\u06f9\u066b\u2212][^\s]*)\s+(\S.*)$")
_DIGITS = {0x0660 + n: str(n) for n in range(10)} | {0x06F0 + n: str(n) for n in range(10)}
_SIGNS = {0x066B: ".", 0x2212: "-"}
_LARGEST_EXPONENT = 30


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its unit, and the text it was entered as."""

    value: Decimal
    unit: str
    text: str = ""

    def __post_init__(self) -> None:
        check_unit(self.unit)
        if not self.text:
            object.__setattr__(self, "text", str(self.value))

    def to(self, unit: str, analyte: str | None = None) -> Quantity:
        """The same amount in another unit; the entered text goes with the old one.

        Errors: `UnitError` when the units do not measure the same thing.
        """
        return Quantity(convert(self.value, self.unit, unit, analyte), unit)

    def __str__(self) -> str:
        return f"{self.text} {self.unit}"


def parse_decimal(text: str) -> Decimal:
    """Read a number as entered, every digit kept: `1.20` stays 1.20.

    Persian and Arabic digits and the Arabic decimal separator are read as what they are.
    Errors: `UserError` for a comma, a thousands separator, `<0.3`, NaN, infinity, an absurd exponent.
    """
    shown = text.strip()
    plain = shown.translate(_DIGITS).translate(_SIGNS)
    if not _NUMBER.match(plain):
        raise UserError(f"{shown[:40]!r} is not a number", _why_not(plain))
    number = Decimal(plain)
    if number and abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise UserError(f"{shown[:40]!r} is too large or too small for a measurement", "check the exponent")
    return number


def _why_not(plain: str) -> str:
    if not plain:
        return "leave the field empty with a reason, or enter the number"
    if "," in plain or "\u066c" in plain:
        return "write the decimal sign as a point, and no thousands separator: 1.2, 1200"
    if plain[0] in "<>≤≥~":
        return "a value beyond the limit of measurement has no exact number: enter it as missing with a note"
    if plain.lower().lstrip("+-") in ("nan", "inf", "infinity", "na", "n/a", "null", "none"):
        return "leave the field empty and give the reason"
    if _TOO_MANY_DIGITS.match(plain):
        return "check the exponent and the number of digits"
    if plain[0].isdigit() and plain[-1].isalpha():
        return "write the unit apart from the number: 1.2 mg/dL"
    return "write digits with a point, e.g. 1.2"


def parse_quantity(text: str) -> Quantity:
    """Read `2.1 mg/dL`: a number, a space, a UCUM unit.

    Errors: `UserError` when either is missing or wrong; a number alone is refused, its unit is never guessed.
    """
    match = _QUANTITY.match(text.strip())
    if match is None:
        raise UserError(
            f"{text.strip()[:60]!r} is not a value with a unit", "write both, with a space: 2.1 mg/dL"
        )
    value = parse_decimal(match.group(1))
    return Quantity(value, match.group(2).strip(), match.group(1))
