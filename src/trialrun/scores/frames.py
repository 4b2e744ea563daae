"""Scores on tables of any make: mappings, lists of mappings, pandas, Polars, Arrow."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, cast

from trialrun.errors import ScoreError
from trialrun.expressions import Type
from trialrun.scores.bindings import bind
from trialrun.scores.columns import Fetch, as_list, can_run_as_columns, score_columns
from trialrun.scores.load import score as find_score
from trialrun.scores.model import Score
from trialrun.scores.program import competing_units, score_program
from trialrun.scores.reading import is_empty, unit_inside
from trialrun.scores.rows import (
    RowScorer,
    ScoreResult,
    check_units_stated,
    refuse_bare_numbers,
)

#: From so many rows on a table is computed column by column.
MANY = 5_000
_PYTHON: Mapping[Type | None, type] = {Type.NUMBER: float, Type.BOOLEAN: bool}
_PLAIN_OUTPUTS = ("low", "high", "unknown_because", "refused_because", "queried_because")


def compute(name: str, frame: Any, *, units: Mapping[str, str] | None = None) -> Any:
    """The score for one person or for every row of a table.

    Args:
        name: as in `names()`, or the path of a score file.
        frame: a mapping of values or of columns, a sequence of mappings, a pandas or Polars data
            frame, or an Arrow table. Columns are the score's inputs, each with an optional
            `<input>_unit` column; cells may also hold `"2.1 mg/dL"` or `(2.1, "mg/dL")`.
        units: the unit of an input in all rows, e.g. `{"bilirubin": "umol/L"}`.

    Returns:
        The same kind of table with the columns `value`, the components, `low`, `high`,
        `unknown_because`, `refused_because`, `queried_because` added; other columns stay. A column
        whose name is already taken is called `<score>_<name>`.

    Errors: `ScoreError` for an unknown score, a table without any input, a bilirubin column without
    unit; for a single mapping also when one of its values is refused. In a table a refused row has
    no value and says why.
    """
    found = find_score(name)
    if isinstance(frame, Mapping):
        return _compute_mapping(found, cast("Mapping[str, Any]", frame), units)
    kind = type(frame).__module__.partition(".")[0]
    if kind == "pandas" and hasattr(frame, "columns"):
        names = [column for column in frame.columns if isinstance(column, str)]
        return frame.assign(
            **_added(found, names, lambda column: frame[column].to_numpy(), len(frame), units)
        )
    if kind == "polars" and hasattr(frame, "collect_schema"):
        return _compute_polars(found, frame, units)
    if kind == "pyarrow" and hasattr(frame, "column_names"):
        return _compute_arrow(found, frame, units)
    if isinstance(frame, Sequence) and not isinstance(frame, str | bytes):
        return _compute_rows(found, cast("Sequence[Any]", frame), units)
    raise ScoreError(
        f"{type(frame).__name__} is not a table",
        "give a mapping, a list of mappings, a pandas or Polars frame, or an Arrow table",
    )


def compute_one(
    score: Score, given: Mapping[str, Any], units: Mapping[str, str] | None = None
) -> ScoreResult:
    """The score of one person.

    Errors: `ScoreError` when a value is refused, naming input, rule and remedy.
    """
    scorer = RowScorer(score, bind(score, given, units))
    result = scorer.result(scorer.read(given))
    if result.refused_because:
        raise ScoreError(f"{score.name}: " + "; ".join(result.refused_because))
    return result


def one_person(name: str) -> Callable[..., ScoreResult]:
    """The function `trialrun.scores.<name>`: inputs by keyword, quantities with their unit."""
    import inspect

    score = find_score(name)

    def call(**inputs: Any) -> ScoreResult:
        allowed = {
            word
            for each in score.inputs
            for base in (each.name, *each.aliases)
            for word in (base, f"{base}_unit")
        }
        unknown = next((word for word in inputs if word not in allowed), None)
        if unknown is not None:
            raise ScoreError(
                f"{score.name} has no input named {unknown!r}",
                f"its inputs are {', '.join(each.name for each in score.inputs)}",
            )
        refuse_bare_numbers(score, inputs)
        return compute_one(score, inputs)

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(each.name, keyword, default=None) for each in score.inputs]
    call.__name__ = call.__qualname__ = score.name
    call.__doc__ = _docstring(score)
    setattr(call, "__signature__", inspect.Signature(parameters, return_annotation=ScoreResult))  # noqa: B010
    return call


def _docstring(score: Score) -> str:
    lines = [f"{score.label}: {score.purpose}.", "", f"{score.formula}", "", "Args:"]
    for each in score.inputs:
        unit = f" ({each.unit}; write (value, unit))" if competing_units(each) else ""
        lines.append(f"    {each.name}: {each.label}{unit}")
    lines += [
        "",
        "Unknown inputs give an unknown value with `low` and `high`.",
        f"Source: {'; '.join(score.sources)}.",
    ]
    return "\n".join(lines)


def _compute_mapping(
    score: Score, frame: Mapping[str, Any], units: Mapping[str, str] | None
) -> dict[str, Any]:
    lengths = {len(column) for column in frame.values() if _is_column(column)}
    if not lengths:
        result = compute_one(score, frame, units)
        return {**frame, **outputs(score, frame, result)}
    if len(lengths) > 1:
        raise ScoreError("the columns differ in length", "give every column one value per row")
    count = lengths.pop()
    columns = {name: list(each) if _is_column(each) else [each] * count for name, each in frame.items()}
    return {**frame, **_added(score, columns, columns.__getitem__, count, units)}


def _is_column(value: object) -> bool:
    return not isinstance(value, str | bytes | tuple | Mapping) and hasattr(value, "__len__")


def _compute_rows(score: Score, rows: Sequence[Any], units: Mapping[str, str] | None) -> list[dict[str, Any]]:
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise ScoreError(
                f"row {number} is a {type(row).__name__}, not a mapping", "give one mapping per person"
            )
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not rows:
        return []
    columns = {name: [row.get(name) for row in rows] for name in names}
    added = _added(score, names, columns.__getitem__, len(rows), units)
    return [{**row, **{name: added[name][index] for name in added}} for index, row in enumerate(rows)]


def _compute_polars(score: Score, frame: Any, units: Mapping[str, str] | None) -> Any:
    polars: Any = sys.modules["polars"]
    table = frame.collect() if hasattr(frame, "collect") else frame
    added = _added(score, table.columns, lambda column: _from_polars(table[column]), table.height, units)
    types = {float: polars.Float64, bool: polars.Boolean, str: polars.String}
    kinds = _kinds(score, table.columns)
    series = [polars.Series(name, values, dtype=types[kinds[name]]) for name, values in added.items()]
    return table.with_columns(series)


def _from_polars(column: Any) -> Sequence[Any]:
    return column.to_numpy() if column.dtype.is_float() or column.dtype.is_integer() else column.to_list()


def _compute_arrow(score: Score, table: Any, units: Mapping[str, str] | None) -> Any:
    arrow: Any = sys.modules["pyarrow"]

    def fetch(name: str) -> Sequence[Any]:
        column = table.column(name)
        numeric = arrow.types.is_floating(column.type) or arrow.types.is_integer(column.type)
        return column.to_numpy() if numeric and column.null_count == 0 else column.to_pylist()

    types = {float: arrow.float64(), bool: arrow.bool_(), str: arrow.string()}
    kinds = _kinds(score, table.column_names)
    for name, values in _added(score, table.column_names, fetch, table.num_rows, units).items():
        table = table.append_column(name, arrow.array(values, type=types[kinds[name]]))
    return table


def _kinds(score: Score, taken: Iterable[str]) -> dict[str, type]:
    """What each output column holds, which an empty or wholly unknown column does not show."""
    types = {stage.name: stage.checked.type for stage in score_program(score).stages}
    kinds: dict[str, type] = {name: _PYTHON.get(types[name], str) for name in score.shown}
    kinds |= {"value": float, "low": float, "high": float}
    return {column: kinds.get(name, str) for name, column in output_names(score, taken).items()}


def output_names(score: Score, taken: Iterable[str]) -> dict[str, str]:
    """For every output its column: its own name, or `<score>_<name>` where that is taken."""
    used = {name.strip() for name in taken}
    found: dict[str, str] = {}
    for name in ("value", *score.shown, *_PLAIN_OUTPUTS):
        plain = f"{score.name}_{name}"
        tries = chain((name, plain), (f"{plain}_{number}" for number in range(2, 1000)))
        found[name] = next(each for each in tries if each not in used)
        used.add(found[name])
    return found


def outputs(score: Score, taken: Iterable[str], result: ScoreResult) -> dict[str, Any]:
    """One row's output columns."""
    plain = (
        result.value,
        *(result.components[name] for name in score.shown),
        result.low,
        result.high,
        ", ".join(result.unknown_because),
        "; ".join(result.refused_because),
        "; ".join(result.queried_because),
    )
    return dict(zip(output_names(score, taken).values(), plain, strict=True))


def _added(
    score: Score, names: Iterable[str], fetch: Fetch, count: int, units: Mapping[str, str] | None
) -> dict[str, list[Any]]:
    """The output columns of a table whose columns are fetched by name."""
    columns = tuple(names)
    bindings = bind(score, columns, units)
    check_units_stated(bindings, lambda column: any(_is_bare(raw) for raw in as_list(fetch(column))))
    scorer = RowScorer(score, bindings)
    names_out = output_names(score, columns)
    if count >= MANY and can_run_as_columns(scorer):
        found = score_columns(scorer, fetch, count)
        return {names_out[name]: values for name, values in found.items()}
    used = [
        name for binding in bindings for name in (binding.column, binding.unit_column) if name is not None
    ]
    cells = {name: as_list(fetch(name)) for name in used}
    added: dict[str, list[Any]] = {name: [] for name in names_out.values()}
    for index in range(count):
        row = {name: cells[name][index] for name in used}
        for name, value in outputs(score, columns, scorer.result(scorer.read(row))).items():
            added[name].append(value)
    return added


def _is_bare(raw: object) -> bool:
    """Whether a cell holds a number and no unit of its own."""
    if is_empty(raw):
        return False
    return unit_inside(raw) is None
