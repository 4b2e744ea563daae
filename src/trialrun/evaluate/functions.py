"""What the functions of the language mean, on one row. The other engines are held to these."""

from __future__ import annotations

import math
from datetime import date, timedelta

from trialrun.expressions.magnitude import LARGEST, LARGEST_EXPONENT, SMALLEST
from trialrun.expressions.parse import EARLIEST, LATEST
from trialrun.values.dates import completed_years

#: How near below a half still counts as one: 1.005 has no exact binary form.
HALF = 0.5 - 1e-9
#: Beyond this a number has no digits after the point left that rounding could see.
ROUNDABLE = 1e15
#: How far, of its size, a product of two doubles can be from the decimal it stands for.
NOISE = 1e-15
EPOCH = date(1970, 1, 1)
_FIRST_MONTH = EARLIEST.year * 12
_LAST_MONTH = LATEST.year * 12 + 11
_SMALL_LETTERS = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def round_half_up(x: float, digits: float = 0.0) -> float:
    """Rounded to `digits` decimals, halves away from zero."""
    factor = 10.0**digits
    if x > (limit := ROUNDABLE / factor) or x < -limit:
        return x
    whole = (abs(x) * factor + (1.0 - HALF)) // 1.0
    return (whole if x >= 0 or not whole else -whole) / factor


def near_whole(x: float) -> float:
    """The whole number where `x` misses it by binary rounding alone, else `x`. For IN_UNIT."""
    if x > ROUNDABLE or x < -ROUNDABLE:
        return x
    whole = (x + 0.5) // 1.0
    return whole if abs(x - whole) <= abs(x) * NOISE else x


def divide(x: float, y: float) -> float | None:
    """The quotient; unknown for a divisor of zero."""
    return x / y if y else None


def clamp(x: float, low: float, high: float) -> float:
    """`x` moved into the interval."""
    return low if x < low else min(x, high)


def ln(x: float) -> float | None:
    """Natural logarithm; unknown unless `x` is above zero."""
    return math.log(x) if x > 0 else None


def log10(x: float) -> float | None:
    """Logarithm to base 10; unknown unless `x` is above zero."""
    return math.log10(x) if x > 0 else None


def exp(x: float) -> float | None:
    """e to the power `x`; unknown outside -230 to 230."""
    return math.exp(x) if -LARGEST_EXPONENT <= x <= LARGEST_EXPONENT else None


def sqrt(x: float) -> float | None:
    """Square root; unknown below zero."""
    return math.sqrt(x) if x >= 0 else None


def power(x: float, y: float) -> float | None:
    """`x` to the power `y`; unknown where that is not a real number of reasonable size.

    Zero to a power above zero is zero, anything to the power zero is one; a negative base needs a
    whole exponent.
    """
    if y == 0:
        return 1.0
    if x == 0:
        return 0.0 if y > 0 else None
    if x < 0 and y != y // 1.0:
        return None
    size = y * math.log(abs(x))
    if not -LARGEST_EXPONENT <= size <= LARGEST_EXPONENT:
        return None
    return math.pow(x, y)


def finite(x: float) -> float | None:
    """The number unless it is absurdly large or small."""
    return x if x == 0 or SMALLEST <= abs(x) <= LARGEST else None


def years_between(start: date, end: date) -> float:
    """Completed years; 29 February completes its year on 1 March."""
    return float(completed_years(start, end))


def months_between(start: date, end: date) -> float:
    """Completed calendar months; the 31st completes a shorter month on the 1st of the next."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return float(months - 1 if end.day < start.day else months)


def days_between(start: date, end: date) -> float:
    """Days from `start` to `end`; negative when `end` comes first."""
    return float((end - start).days)


def add_months(day: date, months: float) -> date | None:
    """Calendar months later, clipped to the month's end; unknown for part of a month or outside the calendar."""
    if months != months // 1.0:
        return None
    index = day.year * 12 + day.month - 1 + months
    if not _FIRST_MONTH <= index <= _LAST_MONTH:
        return None
    year, month = divmod(int(index), 12)
    last = _DAYS_IN_MONTH[month]
    if month == 1 and (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)):
        last = 29
    return date(year, month + 1, min(day.day, last))


def add_days(day: date, days: float) -> date | None:
    """Days later; unknown for part of a day or outside the calendar."""
    if days != days // 1.0 or not -1e6 < days < 1e6:
        return None
    moved = day + timedelta(days=int(days)) if -700_000 < days < 2_700_000 else None
    return moved if moved is not None and EARLIEST <= moved <= LATEST else None


def lower(text: str) -> str:
    """A to Z in small letters, everything else as it is: engines disagree about other letters."""
    return text.translate(_SMALL_LETTERS)
