"""One comparison as the rule language writes it: names, units, limits, classes, ages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from trialrun.registry.comparison import Comparison, Sign
from trialrun.registry.expression_tokens import AGE, CHILD_PUGH
from trialrun.registry.vocabulary import Term, TermKind
from trialrun.registry.vocabulary.unit_words import unit_for

_OPERATORS = {Sign.GT: ">", Sign.GTEQ: ">=", Sign.LT: "<", Sign.LTEQ: "<=", Sign.EQ: "="}
_LIMITS = {"ULN": "uln", "LLN": "lln"}
_ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4", "V": "5", "VI": "6"}
_CHILD_PUGH_POINTS = {"A": (5, 6), "B": (7, 9), "C": (10, 15)}
_SYMBOLS = ((r"≥|>\s*=|⩾", ">="), (r"≤|<\s*=|⩽", "<="), (r">(?!\s*=)", ">"), (r"<(?!\s*=)", "<"))
_MOST_DIGITS = 8
_MULTIPLES = (Decimal("0.1"), Decimal(50))
_SURELY_YEARS = 16
_OLDEST = {"year": 120, "month": 240, "week": 520, "day": 3650}


class UnsureError(Exception):
    """Why no rule is written for a comparison."""


@dataclass(frozen=True, slots=True)
class Atom:
    """A comparison as a rule, with the UCUM unit it was read in and what was taken for granted."""

    rule: str
    ucum: str = ""
    taken: str = ""


@dataclass(frozen=True, slots=True)
class AgeLimits:
    """The record's own age limits in completed years, which decide what "older than 18" means."""

    minimum: int | None = None
    maximum: int | None = None


def atom(term: Term, comparison: Comparison, written: str, unit: str, ages: AgeLimits) -> Atom:
    """The rule of one comparison.

    Args:
        term: what is compared.
        comparison: the numbers.
        written: the comparison's own words.
        unit: its unit as written; that of its neighbour where it shares one.
        ages: the record's age limits.
    Errors: `UnsureError` where anything about it is not certain.
    """
    if not (comparison.confident or comparison.only_for):
        raise UnsureError(f"{written!r} was not read with certainty")
    _same_sign(comparison, written)
    if term is AGE:
        return _age(comparison, ages)
    if term.kind is TermKind.CLASS:
        return _class(term, comparison)
    if term is CHILD_PUGH:
        return _child_pugh(comparison)
    if comparison.multiple_of:
        return _multiple(term, comparison)
    return _number(term, comparison, unit, written)


def _same_sign(comparison: Comparison, written: str) -> None:
    """A sign that stands in the words must be the one that was read."""
    found = {sign for pattern, sign in _SYMBOLS if re.search(pattern, written)}
    if len(found) == 1 and comparison.op in _OPERATORS and _OPERATORS[comparison.op] not in found:
        raise UnsureError(f"the sign of {written!r} was read as {comparison.op}")


def _decimals(comparison: Comparison) -> list[Decimal]:
    try:
        values = [Decimal(value) for value in comparison.value]
    except InvalidOperation:
        raise UnsureError(f"{' '.join(comparison.value)!r} is no number") from None
    expected = 2 if comparison.op is Sign.BETWEEN else 1
    if not values or (len(values) != expected and comparison.op is not Sign.EQ):
        raise UnsureError(f"{len(values)} numbers for {comparison.op}")
    if comparison.op is Sign.BETWEEN and values[0] >= values[1]:
        raise UnsureError("the range runs backwards")
    return values


def _compared(name: str, comparison: Comparison, values: list[str]) -> str:
    if comparison.op is Sign.BETWEEN:
        return f"{name} BETWEEN {values[0]} AND {values[1]}"
    if comparison.op is Sign.EQ and len(values) > 1:
        return f"{name} IN ({', '.join(values)})"
    return f"{name} {_OPERATORS[comparison.op]} {values[0]}"


def _number(term: Term, comparison: Comparison, written_unit: str, written: str) -> Atom:
    values = _decimals(comparison)
    if comparison.op is Sign.EQ and term.kind is not TermKind.SCORE:
        raise UnsureError(f"{written!r} has no sign")
    unit = unit_for(written_unit, term)
    if not unit:
        said = f"the unit {written_unit!r}" if written_unit.strip() else "a number without unit"
        raise UnsureError(f"{said} is not certain for {term.label}")
    converted = [_converted(value, unit, term) for value in values]
    if term.hard is not None and any(not term.hard[0] <= value <= term.hard[1] for value in converted):
        raise UnsureError(f"{written!r} is outside what {term.label} can be in {unit}")
    if unit == term.unit or all(_short(value) for value in converted):
        return Atom(_compared(term.name, comparison, [_written(value) for value in converted]), unit)
    name = f"IN_UNIT({term.name}, '{unit}')"
    return Atom(_compared(name, comparison, [_written(value) for value in values]), unit)


def _converted(value: Decimal, unit: str, term: Term) -> Decimal:
    from trialrun.values.units import convert

    return value if unit == term.unit else convert(value, unit, term.unit, term.analyte or None)


def _short(value: Decimal) -> bool:
    return len(value.normalize().as_tuple().digits) <= _MOST_DIGITS


def _written(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _multiple(term: Term, comparison: Comparison) -> Atom:
    """A multiple of the laboratory's own limit, which the laboratory is asked for."""
    suffix = _LIMITS.get(comparison.multiple_of)
    if suffix is None or term.kind is not TermKind.LABORATORY:
        raise UnsureError(f"a multiple of {comparison.multiple_of} is not computed for {term.label}")
    values = _decimals(comparison)
    if comparison.op is Sign.EQ or any(not _MULTIPLES[0] <= value <= _MULTIPLES[1] for value in values):
        raise UnsureError("no multiple of a limit of normal looks like this")
    limit = f"{term.name}_{suffix}"
    return Atom(
        _compared(
            term.name,
            comparison,
            [limit if value == 1 else f"{_written(value)} * {limit}" for value in values],
        )
    )


def _class(term: Term, comparison: Comparison) -> Atom:
    codes = [code for code, _ in term.choices]
    given = [_ROMAN.get(value.upper(), value) for value in comparison.value]
    if not given or any(value not in codes for value in given):
        raise UnsureError(f"{' '.join(comparison.value)!r} is no {term.label}")
    places = [codes.index(value) for value in given]
    ranges = {
        Sign.GT: codes[places[0] + 1 :],
        Sign.GTEQ: codes[places[0] :],
        Sign.LT: codes[: places[0]],
        Sign.LTEQ: codes[: places[0] + 1],
        Sign.EQ: [codes[place] for place in sorted(set(places))],
        Sign.BETWEEN: codes[places[0] : places[-1] + 1],
    }
    chosen = ranges[comparison.op]
    if not chosen or len(chosen) == len(codes):
        raise UnsureError(f"it holds for every {term.label}, or for none")
    return Atom(f"{term.name} IN ({', '.join(repr(code) for code in chosen)})")


def _child_pugh(comparison: Comparison) -> Atom:
    """Classes as points, so that a score with a missing part can still decide."""
    letters = [value.upper() for value in comparison.value]
    if all(letter in _CHILD_PUGH_POINTS for letter in letters) and letters:
        if comparison.op not in (Sign.EQ, Sign.BETWEEN):
            raise UnsureError("a class above or below a letter")
        if "".join(sorted(set(letters))) not in ("A", "B", "C", "AB", "BC") and comparison.op is Sign.EQ:
            raise UnsureError("classes that are not beside each other")
        low = min(_CHILD_PUGH_POINTS[letter][0] for letter in letters)
        high = max(_CHILD_PUGH_POINTS[letter][1] for letter in letters)
        rules = ([f"child_pugh >= {low}"] if low > 5 else []) + (
            [f"child_pugh <= {high}"] if high < 15 else []
        )
        if not rules:
            raise UnsureError("every class of Child-Pugh")
        return Atom(" AND ".join(rules), taken="class A is 5 to 6 points, B 7 to 9, C 10 to 15")
    values = _decimals(comparison)
    if comparison.op is Sign.EQ and len(values) == 1:
        raise UnsureError("one number of points without a sign")
    if any(not 5 <= value <= 15 for value in values):
        raise UnsureError("Child-Pugh points are 5 to 15")
    return Atom(_compared("child_pugh", comparison, [_written(value) for value in values]))


def _age(comparison: Comparison, ages: AgeLimits) -> Atom:
    values = _decimals(comparison)
    unit = _age_unit(comparison.unit)
    if not comparison.unit.strip() and max(values) >= _SURELY_YEARS:
        unit = "year"
    if not unit or any(value != value.to_integral_value() or value > _OLDEST[unit] for value in values):
        raise UnsureError("the unit of the age is not certain")
    if comparison.op is Sign.EQ:
        raise UnsureError("an age without a sign")
    name, times = {
        "year": ("age", 1),
        "month": ("MONTHS_BETWEEN(birth_date, consent_date)", 1),
        "week": ("DAYS_BETWEEN(birth_date, consent_date)", 7),
        "day": ("DAYS_BETWEEN(birth_date, consent_date)", 1),
    }[unit]
    if comparison.op is Sign.GT:
        return _older_than(int(values[0]), unit, ages)
    numbers = [_written(value * times) for value in values]
    taken = "completed years at consent" if unit == "year" else f"completed {unit}s at consent"
    if comparison.op is Sign.BETWEEN:
        return Atom(
            f"{name} >= {numbers[0]} AND {name} <= {numbers[1]}", taken=f"{taken}; both ends included"
        )
    return Atom(f"{name} {_OPERATORS[comparison.op]} {numbers[0]}", taken=taken)


def _older_than(value: int, unit: str, ages: AgeLimits) -> Atom:
    """ "Older than 18" may begin at the 18th birthday or at the 19th: only the record's own limit decides."""
    taken = "the record's own age limit decides which birthday counts"
    if unit == "year" and ages.minimum in (value, value + 1):
        return Atom(f"age >= {ages.minimum}", taken=taken)
    if unit == "year" and ages.maximum in (value, value - 1):
        return Atom(f"age > {ages.maximum}", taken=taken)
    raise UnsureError(f"older than {value} may begin at that birthday or at the next")


def _age_unit(text: str) -> str:
    match = re.match(
        r"(?:completed\s+|full\s+)?(?:(y(?:ea)?rs?|y\W?o|y)|(months?|mos?)|(weeks?|wks?)|(days?))(?![a-z])",
        text.lower().lstrip(" -"),
    )
    return ("year", "month", "week", "day")[(match.lastindex or 1) - 1] if match else ""
