"""Scores on many rows at once: columns read with NumPy, stages run in DuckDB, the same answers as row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from trialrun.scores.bindings import Binding
from trialrun.scores.model import InputType, Score
from trialrun.scores.program import score_program, usual_unit
from trialrun.scores.reading import Cell, is_empty
from trialrun.scores.rows import RowScorer, missing_inputs
from trialrun.values.analytes import find_analyte

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

Fetch = Callable[[str], Sequence[Any]]


@dataclass(slots=True)
class ColumnReading:
    """Columns as the stages take them, and what was wrong with single rows."""

    values: dict[str, Any] = field(default_factory=dict[str, Any])
    refused: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    queried: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    unanswerable: dict[int, list[str]] = field(default_factory=dict[int, list[str]])

    def note(self, index: int, cell: Cell) -> None:
        """Keep what a cell has to say about its row."""
        if cell.refused:
            self.refused.setdefault(index, []).append(cell.refused)
        if cell.queried:
            self.queried.setdefault(index, []).append(cell.queried)
        if cell.unanswerable:
            self.unanswerable.setdefault(index, []).append(cell.unanswerable)


def can_run_as_columns(scorer: RowScorer) -> bool:
    """Whether every cell can be read without looking at the rest of its row."""
    return not any(b.input.unit == "same" or b.input.unit_like for b in scorer.bindings)


def score_columns(scorer: RowScorer, fetch: Fetch, count: int) -> dict[str, list[Any]]:
    """All outputs of all rows, by output name.

    Args:
        fetch: the cells of a column.
        count: how many rows there are.

    Errors: as `RowScorer.read`.
    """
    reading = ColumnReading()
    for index, binding in enumerate(scorer.bindings):
        column = _read_column(scorer, index, binding, fetch, count, reading)
        if not binding.input.gate:
            reading.values[binding.input.symbol] = column
    found = _run(scorer.score, reading)
    return _explained(scorer.score, found, reading, count)


def _read_column(
    scorer: RowScorer, index: int, binding: Binding, fetch: Fetch, count: int, reading: ColumnReading
) -> Any:
    import numpy as np

    number = binding.input.type is InputType.NUMBER
    if binding.column is None:
        absent = binding.input.if_absent
        if number:
            return np.full(count, np.nan if absent is None else float(absent))
        return np.full(count, absent, dtype=object)
    raw: Any = fetch(binding.column)
    units: Any = None if binding.unit_column is None else as_list(fetch(binding.unit_column))
    if number and _is_numeric_array(raw):
        unit = binding.unit if units is None else _only(units)
        if (unit is not None or units is None) and binding.named_unit in ("", unit):
            return _numbers(scorer, index, replace(binding, unit=unit, unit_column=None), raw, reading)
    cells = as_list(raw)
    return _each_kind_once(scorer, index, binding, cells, [None] * count if units is None else units, reading)


def _only(units: Sequence[Any]) -> str | None:
    """The unit all rows share, if they do."""
    distinct = set(units) if all(unit.__class__ is str for unit in units) else set[Any]()
    unit = next(iter(distinct)) if len(distinct) == 1 else ""
    return None if is_empty(unit) else unit.strip()


def _each_kind_once(
    scorer: RowScorer,
    index: int,
    binding: Binding,
    raw: Sequence[Any],
    units: Sequence[Any],
    reading: ColumnReading,
) -> Any:
    """A column of texts, codes or mixed cells: every distinct cell is read once."""
    import numpy as np

    names = [name for name in (binding.column, binding.unit_column) if name is not None]
    # The class belongs to the key, because True equals 1 and 1 equals 1.0.
    keys = list(zip(map(type, raw), raw, units, strict=True))
    try:
        read = {
            key: scorer.cell(index, binding, dict(zip(names, key[1:], strict=False))) for key in set(keys)
        }
        cells = [read[key] for key in keys]
        odd = any(cell.refused or cell.queried or cell.unanswerable for cell in read.values())
    except TypeError:  # a cell that cannot be hashed, such as a list
        cells = [scorer.cell(index, binding, dict(zip(names, key[1:], strict=False))) for key in keys]
        odd = True
    if odd:
        for at, cell in enumerate(cells):
            if cell.refused or cell.queried or cell.unanswerable:
                reading.note(at, cell)
    if binding.input.type is InputType.NUMBER:
        return np.array([np.nan if cell.value is None else cell.value for cell in cells], dtype=float)
    return np.array([cell.value for cell in cells], dtype=object)


def _is_numeric_array(raw: Any) -> bool:
    return hasattr(raw, "dtype") and getattr(raw.dtype, "kind", "") in tuple("fiu")


def as_list(column: Sequence[Any]) -> Sequence[Any]:
    """A column's cells as Python's own values."""
    tolist: Any = getattr(column, "tolist", None)
    return tolist() if callable(tolist) else column  # pyright: ignore[reportReturnType]


def _numbers(scorer: RowScorer, index: int, binding: Binding, raw: Array, reading: ColumnReading) -> Array:
    """A numeric column: ordinary values in the right unit as they are, the rest cell by cell."""
    import numpy as np

    found = raw.astype(float)
    ordinary = _ordinary(binding, found)
    for at in np.flatnonzero(~ordinary & ~np.isnan(found)).tolist():
        cell = scorer.cell(index, binding, {str(binding.column): raw[at].item()})
        found[at] = np.nan if cell.value is None else float(cell.value)
        reading.note(at, cell)
    return found


def _ordinary(binding: Binding, values: Array) -> Array:
    import numpy as np

    each = binding.input
    unit = binding.unit if binding.unit is not None else usual_unit(each)
    if not unit or unit != (each.unit or "1"):
        return np.zeros(len(values), dtype=bool)
    known = find_analyte(each.analyte) if each.plausible else None
    mask = np.isfinite(values)
    for limits in (known.query if known else None, each.refuse):
        if limits is not None:
            mask &= (values >= float(limits[0])) & (values <= float(limits[1]))
    if known is not None and known.unit != unit:
        mask &= False
    if each.refuse_below is not None:
        mask &= values > each.refuse_below
    return mask & np.isin(values, each.allowed) if each.allowed else mask


def _run(score: Score, reading: ColumnReading) -> dict[str, list[Any]]:
    import duckdb

    from trialrun.evaluate.tables import TableSource, run

    outputs = ("value", "value__low", "value__high", *score.shown)
    with duckdb.connect(":memory:") as connection:
        connection.register("data", {**reading.values, "row_number_in_order": _order(reading)})
        source = TableSource(connection, "data")
        relation = run(score_program(score), source, keep=["row_number_in_order"], outputs=outputs)
        found = relation.order("row_number_in_order").fetchnumpy()
    return {name: _with_none(found[name]) for name in outputs}


def _order(reading: ColumnReading) -> Array:
    import numpy as np

    return np.arange(len(next(iter(reading.values.values()))))


def _with_none(column: Any) -> list[Any]:
    import numpy as np

    values = column.tolist()
    if isinstance(column, np.ma.MaskedArray) or column.dtype.kind == "O":
        return [None if is_empty(value) else value for value in values]
    return values


def _explained(
    score: Score, found: dict[str, list[Any]], reading: ColumnReading, count: int
) -> dict[str, list[Any]]:
    for index in {*reading.refused, *reading.unanswerable}:
        for column in found.values():
            column[index] = None
    values = found["value"]
    because = [""] * count
    for index in [at for at, value in enumerate(values) if value is None]:
        if index in reading.refused:
            continue
        if index in reading.unanswerable:
            because[index] = ", ".join(reading.unanswerable[index])
            continue
        row = {name: _cell_of(column, index) for name, column in reading.values.items()}
        because[index] = ", ".join(missing_inputs(score, row))
    low, high = found.pop("value__low"), found.pop("value__high")
    shown = {name: found[name] for name in score.shown}
    refused, queried = ([""] * count for _ in range(2))
    for kind, column in ((reading.refused, refused), (reading.queried, queried)):
        for index, texts in kind.items():
            column[index] = "; ".join(texts)
    return {
        "value": values,
        **shown,
        "low": [value if value is not None else end for value, end in zip(values, low, strict=True)],
        "high": [value if value is not None else end for value, end in zip(values, high, strict=True)],
        "unknown_because": because,
        "refused_because": refused,
        "queried_because": queried,
    }


def _cell_of(column: Any, index: int) -> Any:
    value = column[index]
    value = value.item() if hasattr(value, "item") else value
    return None if value is None or value != value else value
