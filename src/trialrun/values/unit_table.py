"""The units a liver trial meets, with exact factors; everything else goes to the UCUM library.

Source: UCUM (Unified Code for Units of Measure) 2.1, case-sensitive column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

Dimensions = tuple[tuple[str, int], ...]

ARBITRARY = "[IU]"
EQUIVALENTS = "equivalents"


@dataclass(frozen=True, slots=True)
class UnitMeaning:
    """What a unit stands for in base units (kg, m, s, mol, K): base = value * factor + offset."""

    dimensions: Dimensions
    factor: Fraction
    offset: Fraction = Fraction(0)


def _meaning(factor: str | Fraction, **dimensions: int) -> UnitMeaning:
    return UnitMeaning(tuple(sorted(dimensions.items())), Fraction(factor))


_PREFIXES = {
    "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15,
}  # fmt: skip
_LITRE = _meaning("1/1000", length=3)
_METRIC = {
    "g": _meaning("1/1000", mass=1),
    "m": _meaning("1", length=1),
    "s": _meaning("1", time=1),
    "L": _LITRE,
    "l": _LITRE,
    "mol": _meaning("1", amount=1),
    "eq": UnitMeaning(((EQUIVALENTS, 1),), Fraction(1)),
    "kat": _meaning("1", amount=1, time=-1),
    "U": _meaning(Fraction(1, 60_000_000), amount=1, time=-1),
    "[IU]": UnitMeaning(((ARBITRARY, 1),), Fraction(1)),
    "[iU]": UnitMeaning(((ARBITRARY, 1),), Fraction(1)),
    "Pa": _meaning("1", mass=1, length=-1, time=-2),
    "m[Hg]": _meaning("133322", mass=1, length=-1, time=-2),
}
_PLAIN = {
    "%": _meaning("1/100"),
    "[pH]": UnitMeaning((("pH", 1),), Fraction(1)),
    "min": _meaning("60", time=1),
    "h": _meaning("3600", time=1),
    "d": _meaning("86400", time=1),
    "wk": _meaning("604800", time=1),
    "mo": _meaning("2629800", time=1),
    "a": _meaning("31557600", time=1),
    "[in_i]": _meaning("0.0254", length=1),
    "[ft_i]": _meaning("0.3048", length=1),
    "[lb_av]": _meaning("0.45359237", mass=1),
    "[oz_av]": _meaning("0.028349523125", mass=1),
    "K": _meaning("1", temperature=1),
    "Cel": UnitMeaning((("temperature", 1),), Fraction(1), Fraction("273.15")),
    "[degF]": UnitMeaning((("temperature", 1),), Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
}
_POWER_OF_TEN = re.compile(r"^10[*^](-?\d{1,2})$")
_EXPONENT = re.compile(r"^(.*?[A-Za-z\]])(-?\d)$")
_WHOLE_ANNOTATION = re.compile(r"(^|[/.])\{[^{}]*\}(?=$|[/.])")
_ANNOTATION = re.compile(r"\{[^{}]*\}")


def without_annotations(unit: str) -> str:
    """The unit with `{INR}`-like remarks taken out: UCUM gives them no meaning of their own."""
    return _ANNOTATION.sub("", _WHOLE_ANNOTATION.sub(r"\g<1>1", unit))


def look_up(unit: str) -> UnitMeaning | None:
    """The meaning of a unit made of known parts joined by `.` and `/`, else None.

    `unit` has no annotations. Nothing is guessed: one unknown part and the answer is None.
    """
    parts = re.split(r"([./])", unit)
    if len(parts) == 1:
        return _atom(unit)
    if parts[0] == "" and parts[1] == "/":
        parts[0] = "1"
    factor, exponents = Fraction(1), dict[str, int]()
    for operator, part in zip([".", *parts[1::2]], parts[0::2], strict=True):
        meaning = _atom(part)
        if meaning is None or meaning.offset:
            return None
        sign = -1 if operator == "/" else 1
        factor *= meaning.factor**sign
        for name, power in meaning.dimensions:
            exponents[name] = exponents.get(name, 0) + sign * power
    return UnitMeaning(tuple(sorted((n, p) for n, p in exponents.items() if p)), factor)


def _atom(text: str) -> UnitMeaning | None:
    if text in _PLAIN:
        return _PLAIN[text]
    metric = _metric(text)
    if metric is not None:
        return metric
    if text.isascii() and text.isdigit() and 0 < len(text) <= 6 and int(text) > 0:
        return UnitMeaning((), Fraction(int(text)))
    power = _POWER_OF_TEN.match(text)
    if power:
        return UnitMeaning((), Fraction(10) ** int(power.group(1)))
    raised = _EXPONENT.match(text)
    if raised and (inner := _metric(raised.group(1))) is not None:
        exponent = int(raised.group(2))
        return UnitMeaning(tuple((n, p * exponent) for n, p in inner.dimensions), inner.factor**exponent)
    return None


def _metric(text: str) -> UnitMeaning | None:
    if text in _METRIC:
        return _METRIC[text]
    prefix, rest = text[:1], text[1:]
    if prefix in _PREFIXES and rest in _METRIC:
        plain = _METRIC[rest]
        return UnitMeaning(plain.dimensions, plain.factor * Fraction(10) ** _PREFIXES[prefix])
    return None


_NAMES: dict[Dimensions, str] = {
    (): "plain number",
    (("mass", 1),): "mass",
    (("length", 1),): "length",
    (("length", 2),): "area",
    (("length", 3),): "volume",
    (("time", 1),): "time",
    (("temperature", 1),): "temperature",
    (("amount", 1),): "amount of substance",
    (("length", -3), ("mass", 1)): "mass concentration",
    (("amount", 1), ("length", -3)): "amount concentration",
    ((EQUIVALENTS, 1), ("length", -3)): "equivalent concentration",
    (("amount", 1), ("length", -3), ("time", -1)): "catalytic concentration",
    ((ARBITRARY, 1), ("length", -3)): "international-unit concentration",
    (("length", -3),): "number concentration",
    (("length", -1), ("mass", 1), ("time", -2)): "pressure",
    (("mass", 1), ("time", -1)): "mass per time",
    (("length", -2), ("mass", 1)): "mass per area",
}


def dimension_name(dimensions: Dimensions) -> str:
    """The everyday name of a dimension, e.g. `mass concentration`; else its exponents written out."""
    known = _NAMES.get(tuple(sorted(dimensions)))
    return known or ".".join(f"{name}{power if power != 1 else ''}" for name, power in dimensions)
