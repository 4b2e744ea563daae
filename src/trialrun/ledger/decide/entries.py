"""Entries against the definition: type, unit, choice, hard limits, dates. Returns what is saved."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from decimal import Decimal

from trialrun.errors import UserError
from trialrun.ledger.amounts import in_item_unit
from trialrun.ledger.commands import Entry
from trialrun.ledger.decide.asked import Asked
from trialrun.ledger.decide.refusal import RuleBrokenError, refuse
from trialrun.study.model import Item, ItemType
from trialrun.values.dates import parse_partial_date
from trialrun.values.missing import MissingReason
from trialrun.values.quantity import parse_decimal

LONGEST_TEXT = 10_000
EARLIEST_YEAR = 1850
Saved = dict[str, str]


def saved_entry(asked: Asked, item: Item, entry: Entry) -> Saved:
    """What the log keeps of an entry (`text`, `unit`, `missing`; empty when taken back).

    Numbers keep the text as entered; a number without its unit is refused, never guessed, unless
    all the item's units are plain numbers such as `{INR}`, where it can mean nothing else.
    """
    if entry.missing is not None:
        if entry.text is not None:
            raise _wrong(item, "has both a value and a reason for being missing", "give one of the two")
        return {"missing": MissingReason(entry.missing).value}
    if entry.text is None:
        if entry.unit is not None:
            raise _wrong(item, "has a unit but no value", "give the value, or the reason it is missing")
        return {}
    text = entry.text.strip()
    if not text:
        raise _wrong(item, "is empty", "give the value, or the reason it is missing")
    _check_text(item, text)
    try:
        return _CHECKS[item.type](asked, item, text, entry.unit)
    except RuleBrokenError:
        raise
    except UserError as error:
        raise _wrong(item, error.message, error.remedy) from error


def _wrong(item: Item, problem: str, remedy: str = "", rule: str = "wrong-value") -> RuleBrokenError:
    return refuse(rule, f"item {item.name!r} ({item.label}): {problem}", remedy)


def _check_text(item: Item, text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise _wrong(item, f"has {len(text)} characters, at most {LONGEST_TEXT} are kept", "shorten it")
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t\r":
            raise _wrong(item, f"holds the control character U+{ord(character):04X}", "type the text anew")


def _no_unit(item: Item, unit: str | None) -> None:
    if unit:
        raise _wrong(item, f"has no unit, but {unit!r} was given", "leave the unit out", rule="wrong-unit")


def _unit(item: Item, unit: str | None) -> str | None:
    """The unit saved with a number."""
    if item.unit is None:
        _no_unit(item, unit)
        return None
    allowed = tuple(dict.fromkeys((item.unit, *item.units)))
    if not unit:
        if all(one == "1" or one.startswith("{") for one in allowed):
            return item.unit
        raise _wrong(
            item,
            "was given without a unit, which is never guessed",
            f"write one of {', '.join(allowed)}",
            "missing-unit",
        )
    if unit not in allowed:
        raise _wrong(
            item, f"cannot be entered in {unit!r}", f"write one of {', '.join(allowed)}", "wrong-unit"
        )
    return unit


def _number(_asked: Asked, item: Item, text: str, unit: str | None) -> Saved:
    value = parse_decimal(text)
    if item.type is ItemType.INTEGER and value != value.to_integral_value():
        raise _wrong(item, f"{text} is not a whole number")
    saved_unit = _unit(item, unit)
    check_hard_limits(item, value, saved_unit)
    return {"text": text} if saved_unit is None else {"text": text, "unit": saved_unit}


def check_hard_limits(item: Item, value: Decimal, unit: str | None) -> None:
    """Refuse a value outside the item's hard limits; both ends are inside."""
    inside = in_item_unit(value, unit, item.unit, item.analyte)
    low, high = item.hard.low, item.hard.high
    if (low is not None and inside < low) or (high is not None and inside > high):
        shown = f"{value} {unit}" if unit else str(value)
        limits = (
            f"{'-∞' if low is None else low} to {'∞' if high is None else high} {item.unit or ''}".rstrip()
        )
        raise _wrong(
            item,
            f"{shown} is outside the hard limits {limits}",
            "check value and unit against the source",
            "hard-limit",
        )


def _boolean(_asked: Asked, item: Item, text: str, unit: str | None) -> Saved:
    _no_unit(item, unit)
    if text not in ("true", "false"):
        raise _wrong(
            item,
            f"{text!r} is neither true nor false",
            "answer true or false, or give the reason it is missing",
        )
    return {"text": text}


def _choice(_asked: Asked, item: Item, text: str, unit: str | None) -> Saved:
    _no_unit(item, unit)
    codes = [choice.code for choice in item.choices]
    for code in text.split(";") if item.type is ItemType.CHOICES else [text]:
        if code not in codes:
            raise _wrong(
                item,
                f"{code!r} is not one of its choices",
                f"choose from {', '.join(codes)}",
                "unknown-choice",
            )
    if item.type is ItemType.CHOICES and len(set(text.split(";"))) != len(text.split(";")):
        raise _wrong(item, f"{text!r} names a choice twice", "name each once")
    return {"text": text}


def _free_text(_asked: Asked, item: Item, text: str, unit: str | None) -> Saved:
    _no_unit(item, unit)
    return {"text": text}


def _date(asked: Asked, item: Item, text: str, unit: str | None) -> Saved:
    _no_unit(item, unit)
    day = parse_partial_date(text)
    if day.exact is None and not item.partial:
        raise _wrong(item, f"{text!r} lacks the day", "give year, month and day")
    _not_another_calendar(item, day.year)
    _not_future(asked, item, day.earliest, text)
    return {"text": str(day)}


def _datetime(asked: Asked, item: Item, text: str, unit: str | None) -> Saved:
    _no_unit(item, unit)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or "T" not in text:
        raise _wrong(item, f"{text!r} is not a date and time", "write YYYY-MM-DDTHH:MM")
    _not_another_calendar(item, moment.year)
    _not_future(asked, item, moment.date(), text)
    return {"text": text}


def _not_another_calendar(item: Item, year: int) -> None:
    """1404 is this year in Iran: taken as written it would make somebody 600 years old."""
    if year < EARLIEST_YEAR:
        raise _wrong(
            item,
            f"the year {year} is not of the Gregorian calendar",
            "convert Solar Hijri dates to YYYY-MM-DD first",
            "other-calendar",
        )


def _not_future(asked: Asked, item: Item, day: date, text: str) -> None:
    if day > asked.today and not item.future:
        raise _wrong(
            item, f"{text} is in the future (today is {asked.today})", "check the year", "date-in-future"
        )


_CHECKS = {
    ItemType.NUMBER: _number,
    ItemType.INTEGER: _number,
    ItemType.BOOLEAN: _boolean,
    ItemType.CHOICE: _choice,
    ItemType.CHOICES: _choice,
    ItemType.TEXT: _free_text,
    ItemType.DATE: _date,
    ItemType.DATETIME: _datetime,
}
