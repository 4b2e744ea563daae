"""Units inside a rule: which are the same, how they multiply, how one is turned into another."""

from __future__ import annotations

import re
from functools import lru_cache
from math import lcm

from trialrun.errors import UnitError

_ATOM = re.compile(
    r"([./]?)((?:10\*-?\d+)|(?:[^./\d\s{}()]+(?:\[[^\]]*\])?[^./\d\s{}()]*)|\[[^\]]+\]|%|1)(-?\d+)?(\{[^}]*\})?"
)
_SCALE = 1000
_EXACT = 2**53
_PURE = re.compile(r"^(?:1|\{[^}]*\}|)$")


def plain(unit: str | None) -> str | None:
    """The unit, or `None` for a plain number: no unit, `1`, or a pure annotation such as `{INR}`."""
    return None if unit is None or _PURE.match(unit.strip()) else unit.strip()


@lru_cache(maxsize=1024)
def _powers(unit: str) -> tuple[tuple[str, int], ...] | None:
    """A unit as atoms with exponents, or `None` when it is written in a way this cannot take apart."""
    powers: dict[str, int] = {}
    index, sign = 0, 1
    while index < len(unit):
        match = _ATOM.match(unit, index)
        if match is None or (index > 0 and not match[1]):
            return None
        # UCUM: a slash turns only what follows it directly.
        sign = -1 if match[1] == "/" else 1
        atom, exponent = match[2], int(match[3] or 1) * sign
        if atom != "1":
            powers[atom] = powers.get(atom, 0) + exponent
        index = match.end()
    return tuple(sorted((atom, power) for atom, power in powers.items() if power))


def multiplied(left: str | None, right: str | None, sign: int) -> str | None:
    """The unit of a product (`sign` 1) or quotient (`sign` -1), with equal atoms cancelled."""
    if right is None:
        return left
    first = _powers(left) if left else ()
    second = _powers(right)
    if first is None or second is None:
        joined = f"{left or '1'}{'.' if sign > 0 else '/'}({right})"
        return None if sign < 0 and left == right else joined
    powers = dict(first)
    for atom, power in second:
        powers[atom] = powers.get(atom, 0) + sign * power
    return _written({atom: power for atom, power in powers.items() if power})


def _written(powers: dict[str, int]) -> str | None:
    if not powers:
        return None
    ordered = sorted(powers.items())
    above = ".".join(atom + (str(power) if power != 1 else "") for atom, power in ordered if power > 0)
    below = "".join(f"/{atom}" + (str(-power) if power != -1 else "") for atom, power in ordered if power < 0)
    return above + below if above else below


def same_unit(left: str | None, right: str | None) -> bool:
    """Whether two numbers may be added and compared as they are."""
    if left == right:
        return True
    if left is None or right is None:
        return False
    first, second = _powers(left), _powers(right)
    return first is not None and first == second


def can_convert(source: str, target: str, analyte: str | None) -> bool:
    """Whether one unit can be turned into the other at all."""
    if source == target:
        return True
    try:
        from trialrun.values import units
    except ImportError:
        return False
    try:
        return units.same_dimension(source, target, analyte)
    except UnitError:
        return False


def conversion(source: str, target: str, analyte: str | None) -> tuple[float, float, float]:
    """Whole numbers (m, a, d) that turn x in `source` into (x * m + a) / d in `target`.

    They are scaled so that x * m + a is whole for an x with up to three decimals: then only the
    division rounds, and 28 g/L is 2.8 g/dL. Where no such whole numbers are exact as doubles,
    m is the factor itself and d is 1.

    Errors: `UnitError` when that is not possible.
    """
    if source == target:
        return 1.0, 0.0, 1.0
    try:
        from trialrun.values import units
    except ImportError as error:
        raise UnitError(f"{source} cannot be turned into {target}") from error
    factor, offset = units.conversion_factor(source, target, analyte)
    if factor == 1 and not offset:
        return 1.0, 0.0, 1.0
    divisor = lcm(factor.denominator, offset.denominator) * _SCALE
    whole = tuple(int(part) for part in (factor * divisor, offset * divisor, divisor))
    if any(abs(part) > _EXACT for part in whole):
        return float(factor), float(offset), 1.0
    return float(whole[0]), float(whole[1]), float(whole[2])
