"""Rules of a laboratory's reference ranges."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from trialrun.errors import UserError
from trialrun.ledger.commands import SetRanges
from trialrun.ledger.decide.asked import Asked, need_reason
from trialrun.ledger.decide.refusal import RuleBrokenError, refuse
from trialrun.ledger.decide.study_rules import need_site
from trialrun.ledger.events import NewEvent
from trialrun.study.model import Item, ItemType
from trialrun.values.quantity import parse_decimal

FIELDS = ("item", "unit", "low", "high", "sex", "age_from", "age_to", "valid_from", "valid_to")


def set_ranges(asked: Asked, command: SetRanges) -> tuple[NewEvent, ...]:
    """Ranges whose items, units, numbers and dates are what they should be; all of them or none."""
    need_site(asked.study, command.site)
    laboratory = need_reason(command.laboratory, "reference ranges (their laboratory)")
    if not command.ranges:
        raise refuse("no-ranges", f"no range of {laboratory} was given", "give at least one")
    ranges = [_checked(asked, number, one) for number, one in enumerate(command.ranges, start=1)]
    data = {"laboratory": laboratory, "ranges": ranges}
    if asked.state.site.ranges.get(laboratory) == tuple(ranges):
        return ()
    return (NewEvent(f"site/{command.site}", "ReferenceRangesRecorded", data),)


def _checked(asked: Asked, number: int, given: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(given.keys() - set(FIELDS))
    if unknown:
        raise _wrong(number, f"has unknown fields {', '.join(unknown)}", f"write {', '.join(FIELDS)}")
    one = {name: given.get(name, "").strip() for name in FIELDS}
    item = asked.study.items.get(one["item"])
    if item is None or item.type not in (ItemType.NUMBER, ItemType.INTEGER):
        raise _wrong(number, f"is of {one['item']!r}, which is no number of this study", "name an item")
    _check_unit(number, item, one["unit"])
    if not one["low"] and not one["high"]:
        raise _wrong(number, "has neither a lower nor an upper limit", "give at least one")
    if one["sex"] not in ("", "M", "F"):
        raise _wrong(number, f"is for sex {one['sex']!r}", "write M, F or leave it empty")
    _check_order(number, "limits", _number(number, one["low"]), _number(number, one["high"]))
    _check_order(number, "ages", _number(number, one["age_from"]), _number(number, one["age_to"]))
    _check_order(number, "dates", _day(number, one["valid_from"]), _day(number, one["valid_to"]))
    return one


def _check_unit(number: int, item: Item, unit: str) -> None:
    known = [known for known in (item.unit, *item.units) if known]
    if known and unit not in known:
        raise _wrong(number, f"is in {unit!r}, {item.name!r} is measured in {', '.join(known)}", "use one")


def _number(number: int, text: str) -> Decimal | None:
    try:
        return parse_decimal(text) if text else None
    except UserError as error:
        raise _wrong(
            number, f"has {text!r} where a number stands ({error.message})", "write a number"
        ) from error


def _day(number: int, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise _wrong(number, f"has {text!r} where a date stands", "write YYYY-MM-DD") from error


def _check_order(number: int, what: str, low: Decimal | date | None, high: Decimal | date | None) -> None:
    if low is not None and high is not None and low > high:  # pyright: ignore[reportOperatorIssue]
        raise _wrong(number, f"has its {what} the wrong way round: {low} to {high}", "exchange them")


def _wrong(number: int, problem: str, remedy: str) -> RuleBrokenError:
    return refuse("wrong-range", f"range {number} {problem}", remedy)
