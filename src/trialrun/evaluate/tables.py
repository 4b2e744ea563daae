"""Rules on a whole table at once, in DuckDB: data cuts, cohorts, registers. Never for one form."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialrun.errors import ExpressionError
from trialrun.evaluate.dialects import DUCKDB
from trialrun.evaluate.outcome import Demand, mask_columns, outcome_sql
from trialrun.evaluate.sql import kernel_sql
from trialrun.expressions.magnitude import LARGEST_INPUT, SMALLEST_INPUT
from trialrun.expressions.program import Program
from trialrun.expressions.rewrite import rewrite_program

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "Demand",
    "TableSource",
    "mask_columns",
    "open_table",
    "outcome",
    "outcome_sql",
    "program_sql",
    "run",
]

_WHOLE_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER")
_FLOATS = ("DOUBLE", "FLOAT")
_READERS = {
    ".parquet": "read_parquet",
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".json": "read_json",
    ".ndjson": "read_json",
}


def program_sql(
    program: Program,
    source: str,
    *,
    keep: Sequence[str] = (),
    outputs: Sequence[str] | None = None,
    columns: Collection[str] | None = None,
    clean: Collection[str] = (),
    sized: Collection[str] = (),
) -> str:
    """A program as one DuckDB query, a SELECT per dependency level.

    Args:
        program: the named rules.
        source: the table, as it is written after FROM.
        keep: columns taken along unchanged.
        outputs: the stages wanted; all by default.
        columns: the table's columns; an input without a column is unknown.
        clean: inputs known to hold no NaN, infinities or absurd sizes, which need no test.
        sized: inputs known to hold no absurd sizes, but perhaps NaN, which need only half of the test.

    Errors: `KeyError` for a name that is no stage.
    """
    kernel = rewrite_program(program)
    return kernel_sql(
        kernel, DUCKDB, source, keep=keep, outputs=outputs, columns=columns, clean=clean, sized=sized
    )


class TableSource:
    """A table in a DuckDB connection that can reach nothing else: no other file, no network, no setting.

    DuckDB has no privilege boundary inside a query; the rule language is the boundary, and this
    stands behind it.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, relation: str) -> None:
        self.connection = connection
        self.relation = relation
        described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()  # noqa: S608 (own text)
        self.types = {str(name): str(kind) for name, kind, *_ in described}

    @property
    def columns(self) -> tuple[str, ...]:
        """The table's columns, in order."""
        return tuple(self.types)

    def clean(self) -> frozenset[str]:
        """The columns whose type has no NaN, infinities or absurd sizes."""
        return frozenset(
            name for name, kind in self.types.items() if kind in _WHOLE_NUMBERS or _small_decimal(kind)
        )

    def sized(self) -> frozenset[str]:
        """The columns in which a Parquet file's statistics leave no room for absurd sizes, though for NaN."""
        if not self.relation.startswith("read_parquet("):
            return frozenset()
        found = self.connection.execute(
            "SELECT path_in_schema, bool_and(coalesce(CASE WHEN stats_null_count = num_values THEN TRUE "  # noqa: S608 (own text)
            "ELSE try_cast(stats_min_value AS DOUBLE) >= $small AND try_cast(stats_max_value AS DOUBLE) <= $large END, "
            f"FALSE)) FROM {self.relation.replace('read_parquet', 'parquet_metadata', 1)} GROUP BY path_in_schema",
            # Statistics are kept as text: some way inside the limits, so that its last digit decides nothing.
            {"small": SMALLEST_INPUT * 2, "large": LARGEST_INPUT / 2},
        ).fetchall()
        return frozenset(name for name, inside in found if inside and self.types.get(name) in _FLOATS)

    def query(self, text: str) -> duckdb.DuckDBPyRelation:
        """The answer to a query over the table."""
        return self.connection.sql(text)


def _small_decimal(kind: str) -> bool:
    if not kind.startswith("DECIMAL("):
        return False
    width, scale = (int(part) for part in kind[len("DECIMAL(") : -1].split(","))
    return scale <= 15 and width - scale <= 15


def open_table(table: Any, *, threads: int | None = None) -> TableSource:
    """A Parquet, CSV or JSON file, or a pandas, Polars or Arrow table, ready for rules and for nothing else.

    Errors: `ExpressionError` for a file that is not there or of another kind.
    """
    import duckdb

    connection = duckdb.connect(":memory:")
    if threads is not None:
        connection.execute(f"SET threads = {int(threads)}")
    if isinstance(table, str | Path):
        relation = _allow_file(connection, Path(table))
    elif isinstance(table, duckdb.DuckDBPyRelation):
        connection.register("data", table.to_arrow_table())
        relation = "data"
    else:
        connection.register("data", table.to_arrow() if hasattr(table, "to_arrow") else table)
        relation = "data"
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return TableSource(connection, relation)


def _allow_file(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    reader = _READERS.get(path.suffix.lower())
    if reader is None or not path.is_file():
        raise ExpressionError(
            f"{path} is not a Parquet, CSV or JSON file", f"give a file ending in {', '.join(_READERS)}"
        )
    literal = "'" + str(path).replace("'", "''") + "'"
    connection.execute(f"SET allowed_paths = [{literal}]")
    return f"{reader}({literal})"


def run(
    program: Program, table: Any, *, keep: Iterable[str] | None = None, outputs: Sequence[str] | None = None
) -> duckdb.DuckDBPyRelation:
    """The stages of a program for every row of a table.

    Args:
        program: the named rules.
        table: a file, a pandas, Polars or Arrow table, or a `TableSource`. An input without a
            column is unknown.
        keep: columns taken along; by default those that are no stage.
        outputs: the stages wanted; all by default.

    Errors: `ExpressionError` for a file that is not there; DuckDB's own for a column that cannot
    be read as its input's type.
    """
    source = table if isinstance(table, TableSource) else open_table(table)
    wanted = rewrite_program(program).outputs() if outputs is None else tuple(outputs)
    kept = [name for name in source.columns if name not in wanted] if keep is None else list(keep)
    return source.query(
        program_sql(
            program,
            source.relation,
            keep=kept,
            outputs=wanted,
            columns=source.columns,
            clean=source.clean(),
            sized=source.sized(),
        )
    )


def outcome(
    program: Program,
    criteria: Sequence[Demand | tuple[str, bool] | str],
    table: Any,
    *,
    keep: Sequence[str] = (),
) -> duckdb.DuckDBPyRelation:
    """Failed mask, unknown mask and first reason of every row of a table (see `outcome_sql`)."""
    source = table if isinstance(table, TableSource) else open_table(table)
    return source.query(
        outcome_sql(
            program,
            criteria,
            source.relation,
            keep=keep,
            columns=source.columns,
            clean=source.clean(),
            sized=source.sized(),
        )
    )
