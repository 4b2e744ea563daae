"""One row's values brought into the form the rules are computed in."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn

from trialrun.errors import ExpressionError
from trialrun.expressions.magnitude import LARGEST_INPUT, SMALLEST_INPUT
from trialrun.expressions.parse import EARLIEST, LATEST
from trialrun.expressions.types import Type
from trialrun.values.dates import PartialDate
from trialrun.values.missing import Missing

_NEEDS = {
    Type.NUMBER: "a number",
    Type.BOOLEAN: "true or false",
    Type.TEXT: "a text",
    Type.CHOICE: "a choice's code, as text",
    Type.DATE: "a date",
}


def _refuse(name: str, value: object, kind: Type) -> NoReturn:
    raise ExpressionError(
        f"{name!r} is {value!r}, {_NEEDS[kind]} is needed", "read the value before rules see it"
    )


def _absent(value: Any) -> bool:
    # NaN and pandas' NaT are the only values that differ from themselves.
    return value is None or isinstance(value, Missing) or bool(value != value)


def number(name: str, value: Any) -> float | None:
    """A finite number of reasonable size; NaN, infinities and absurd sizes are unknown."""
    if _absent(value):
        return None
    if isinstance(value, bool | str | bytes) or not isinstance(value, int | float | Decimal):
        value = _unwrapped(name, value, Type.NUMBER)
    try:
        found = float(value)
    except (OverflowError, ValueError):
        return None
    return found if found == 0 or SMALLEST_INPUT <= abs(found) <= LARGEST_INPUT else None


def _unwrapped(name: str, value: Any, kind: Type) -> Any:
    """NumPy's scalars as Python's own."""
    item = getattr(value, "item", None)
    inner = item() if callable(item) else value
    wanted = {Type.NUMBER: (int, float), Type.BOOLEAN: (bool,)}[kind]
    if not isinstance(inner, wanted) or (kind is Type.NUMBER and isinstance(inner, bool)):
        _refuse(name, value, kind)
    return inner


def boolean(name: str, value: Any) -> bool | None:
    """True or false."""
    if value is None or isinstance(value, bool):
        return value
    return None if _absent(value) else bool(_unwrapped(name, value, Type.BOOLEAN))


def text(name: str, value: Any, kind: Type = Type.TEXT) -> str | None:
    """A text, or the code of a choice."""
    if _absent(value):
        return None
    if not isinstance(value, str):
        _refuse(name, value, kind)
    return str(value)


def choice(name: str, value: Any) -> str | None:
    """The code of a choice."""
    return text(name, value, Type.CHOICE)


def day(name: str, value: Any) -> date | None:
    """A day of the language's calendar; a partial date counts only when it is exact."""
    if isinstance(value, PartialDate):
        value = value.exact
    if _absent(value):
        return None
    if isinstance(value, datetime):
        value = value.date()
    if not isinstance(value, date):
        _refuse(name, value, Type.DATE)
    return value if EARLIEST <= value <= LATEST else None


READERS = {Type.NUMBER: number, Type.BOOLEAN: boolean, Type.TEXT: text, Type.CHOICE: choice, Type.DATE: day}


def bounded(name: str, kind: Type, value: Any, low: Any, high: Any) -> tuple[Any, Any, Any]:
    """A value and its bounds: a value that is known bounds itself."""
    if isinstance(value, PartialDate):
        low, high = value.earliest, value.latest
    read = READERS[kind]
    exact = read(name, value)
    if exact is not None:
        return exact, exact, exact
    return None, read(f"{name}__low", low), read(f"{name}__high", high)
