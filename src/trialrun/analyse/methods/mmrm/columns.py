"""Taking the columns of a table apart: numbers, categories, and what is missing."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

from trialrun.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Numbers:
    """A numeric column; missing values are NaN."""

    name: str
    values: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Categories:
    """A categorical column: its levels in order, the first one the reference; missing is code -1."""

    name: str
    levels: tuple[object, ...]
    codes: NDArray[Any]

    def level(self, wanted: object) -> object:
        """The level that is meant, by value or by label. Errors: `AnalysisError` when there is none."""
        for level in self.levels:
            if level == wanted or label(level) == str(wanted):
                return level
        known = ", ".join(label(level) for level in self.levels)
        raise AnalysisError(f"{self.name} has no level {wanted!r}", f"its levels are {known}")


def label(level: object) -> str:
    """A level as text: 4.0 as "4"."""
    if isinstance(level, (int, float)) and not isinstance(level, bool) and float(level).is_integer():
        return str(int(level))
    return str(level)


def as_table(frame: Any) -> Any:
    """A table that can be asked for its columns: rows given as mappings are turned, a lazy table is computed.

    Errors: `AnalysisError` for what is no table.
    """
    if hasattr(frame, "collect_schema") and hasattr(frame, "collect"):
        return frame.collect()
    if isinstance(frame, (list, tuple)) and frame and all(isinstance(row, Mapping) for row in frame):
        names = dict.fromkeys(name for row in frame for name in row)
        return {name: [row.get(name) for row in frame] for name in names}
    if isinstance(frame, Mapping) or hasattr(frame, "columns") or hasattr(frame, "column_names"):
        return frame
    raise AnalysisError(
        f"{type(frame).__name__} is no table of columns",
        "give a mapping of column names to values, rows as mappings, or a pandas, polars or Arrow table",
    )


def column_names(frame: Any) -> list[str]:
    """The names of a table's columns, for mappings, pandas, polars and Arrow alike."""
    for attribute in ("column_names", "columns"):
        names = getattr(frame, attribute, None)
        if names is not None:
            return [str(name) for name in names]
    return [str(name) for name in frame]


def column_values(frame: Any, name: str) -> list[Any]:
    """One column as a list. Errors: `AnalysisError` when the table has none of that name."""
    known = column_names(frame)
    if name not in known:
        raise AnalysisError(f"the table has no column {name!r}", f"its columns are {', '.join(known)}")
    column = frame[name]
    for method in ("to_pylist", "to_list", "tolist"):
        convert = getattr(column, method, None)
        if convert is not None:
            return list(convert())
    return list(column)


def chosen_order(frame: Any, name: str) -> list[Any] | None:
    """The order of categories somebody chose for a pandas column; `None` when nobody did.

    Categories in the order of the alphabet are what pandas makes of text by itself: they are no choice.
    """
    kind = getattr(frame[name], "dtype", None)
    categories, ordered = getattr(kind, "categories", None), getattr(kind, "ordered", None)
    if categories is None or ordered is None:
        return None
    order = list(categories)
    return order if ordered or order != sorted(order, key=str) else None


def is_missing(value: Any) -> bool:
    """None, NaN, what pandas calls NA or NaT, and text with nothing in it."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    try:
        return bool(value != value)
    except TypeError:
        return True


def _is_number(value: Any) -> bool:
    # The plain types first: asking the abstract class takes longer than all the rest.
    kind = type(value)
    if kind is float or kind is int:
        return True
    return isinstance(value, (Real, Decimal)) and kind is not bool


def _all_plain(values: Sequence[Any]) -> bool:
    """Whether a column holds nothing but floats, integers and None."""
    return {type(value) for value in values} <= {float, int, type(None)}


def natural_order(levels: Iterable[Any]) -> list[Any]:
    """Numbers by size; text with the numbers inside it by size, so that month 2 comes before month 10."""
    known = list(levels)
    if all(_is_number(level) for level in known):
        return sorted(known)

    def key(level: Any) -> list[tuple[int, int, str]]:
        parts = _DIGITS.split(str(level))
        return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part]

    return sorted(known, key=lambda level: (key(level), str(level)))


def numeric(name: str, values: Sequence[Any]) -> Numbers:
    """A column of numbers. Errors: `AnalysisError` for text and for infinite values."""
    import numpy as np

    try:
        if _all_plain(values):
            found = np.array([math.nan if value is None else value for value in values], dtype=float)
        else:
            found = np.array([_number(name, place, value) for place, value in enumerate(values)], dtype=float)
    except OverflowError:
        raise AnalysisError(
            f"{name} holds a whole number too large to compute with", "change its unit"
        ) from None
    if len(endless := np.flatnonzero(np.isinf(found))):
        place = int(endless[0])
        raise AnalysisError(
            f"{name} holds {values[place]!r} in row {place + 1}; values must be finite",
            "correct the value, or give None where it is missing",
        )
    return Numbers(name, found)


def _number(name: str, place: int, value: Any) -> float:
    if is_missing(value):
        return math.nan
    if _is_number(value) or isinstance(value, bool):
        return float(value)
    raise AnalysisError(
        f"{name} holds {value!r} in row {place + 1}, which is no number", "give numbers or None"
    )


def distinct(name: str, values: Sequence[Any]) -> list[Any]:
    """The values once each, in order. Errors: `AnalysisError` for lists and other things that are no value."""
    try:
        return list(dict.fromkeys(values))
    except TypeError:
        raise AnalysisError(
            f"{name} holds something that is no number or text", "give plain values"
        ) from None


def categorical(
    name: str,
    values: Sequence[Any],
    *,
    levels: Sequence[object] | None = None,
    reference: object = None,
) -> Categories:
    """A column of categories, in natural order or in the order of `levels`, the reference put first.

    A level of `levels` that no row holds stays a level. Errors: `AnalysisError` for a value that
    `levels` lacks and for a reference that is no level.
    """
    import numpy as np

    held = [value for value in distinct(name, values) if not is_missing(value)]
    order = list(levels) if levels is not None else natural_order(held)
    known = set(order)
    if len({label(value) for value in order}) < len(order):
        raise AnalysisError(
            f"{name} has different levels that read the same, such as 1 and '1'", "write each level one way"
        )
    strange = [label(value) for value in held if value not in known]
    if strange:
        raise AnalysisError(
            f"{name} holds {', '.join(sorted(strange))}, which is not among its levels",
            f"the levels given are {', '.join(label(level) for level in order)}",
        )
    place = {level: code for code, level in enumerate(order)}
    codes = np.array([place.get(value, -1) for value in values], dtype=int)
    plain = Categories(name, tuple(order), codes)
    if reference is None:
        return plain
    first = place[plain.level(reference)]
    moved = [first, *(code for code in range(len(order)) if code != first)]
    renumber = np.empty(len(order) + 1, dtype=int)
    renumber[moved] = np.arange(len(order))
    renumber[-1] = -1
    return Categories(name, tuple(order[code] for code in moved), renumber[codes])


def read_column(
    frame: Any,
    name: str,
    *,
    categories: bool = False,
    levels: Mapping[str, Sequence[object]] | None = None,
    reference: Mapping[str, object] | None = None,
) -> Numbers | Categories:
    """A column by its kind: categorical when asked, when it has levels or a reference, or holds text."""
    values = column_values(frame, name)
    wanted = (levels or {}).get(name, chosen_order(frame, name))
    first = (reference or {}).get(name)
    asked = categories or wanted is not None or first is not None
    if not asked and _all_plain(values):
        return numeric(name, values)
    if asked or not all(_is_number(value) or is_missing(value) for value in values):
        return categorical(name, values, levels=wanted, reference=first)
    return numeric(name, values)
