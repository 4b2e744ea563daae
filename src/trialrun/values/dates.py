"""Partial dates: a day, a month or a year, read as the interval of days it can mean."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

from trialrun.errors import UserError

_PATTERN = re.compile(r"^(\d{4})(?:-(\d{2}|UN|un)(?:-(\d{2}|UN|un))?)?$")


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A calendar date of which the day, or day and month, may be unknown.

    Source: ISO 8601-1:2019 reduced precision; SDTM --DTC.
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.month is None and self.day is not None:
            raise UserError(f"a date with day {self.day} has no month", "give the month, or the year alone")
        _ = self.earliest, self.latest

    @property
    def earliest(self) -> date:
        """The first day it can mean."""
        return _date(self.year, self.month or 1, self.day or 1)

    @property
    def latest(self) -> date:
        """The last day it can mean."""
        month = self.month or 12
        return _date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    @property
    def exact(self) -> date | None:
        """The day itself when it is known."""
        return self.earliest if self.day is not None else None

    def __str__(self) -> str:
        parts = [f"{self.year:04d}"]
        if self.month is not None:
            parts.append(f"{self.month:02d}")
        if self.day is not None:
            parts.append(f"{self.day:02d}")
        return "-".join(parts)


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise UserError(f"{year:04d}-{month:02d}-{day:02d} is not a day of the calendar") from error


def parse_partial_date(text: str) -> PartialDate:
    """Read `2026`, `2026-03`, `2026-03-14` (or `UN` for an unknown part) as a partial date.

    Errors: `UserError` when the text is anything else; slashes and two-digit years are refused
    because 03/04/05 has six meanings.
    """
    match = _PATTERN.match(text.strip())
    if match is None:
        raise UserError(
            f"{text!r} is not a date", "write YYYY-MM-DD, or YYYY-MM or YYYY if the rest is unknown"
        )
    year, month, day = match.groups()
    known = [int(part) if part and part.upper() != "UN" else None for part in (month, day)]
    if known[0] is None and known[1] is not None:
        raise UserError(f"{text!r} has a day but no month", "write YYYY if the month is unknown")
    if int(year) == 0:
        raise UserError(f"{text!r} is not a day of the calendar")
    return PartialDate(int(year), known[0], known[1])


def add_months(day: date, months: int) -> date:
    """The same day `months` calendar months later, clipped to the month's end.

    2026-08-31 plus 6 months is 2027-02-28. Source: CLINICAL part 2; SQL interval arithmetic.
    """
    index = day.year * 12 + (day.month - 1) + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def completed_years(start: date, end: date) -> int:
    """Whole years from `start` to `end`; 29 February completes its year on 1 March.

    Negative when `end` is before `start` by a year or more.
    """
    years = end.year - start.year
    return years - 1 if (end.month, end.day) < (start.month, start.day) else years
