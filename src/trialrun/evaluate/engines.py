"""The same rules as text for the engine that holds the records."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from trialrun.errors import ExpressionError
from trialrun.evaluate.dialects import DIALECTS
from trialrun.evaluate.outcome import dialect_of
from trialrun.evaluate.sql import kernel_sql
from trialrun.expressions.program import Program
from trialrun.expressions.rewrite import rewrite_program

ENGINES = tuple(DIALECTS)


def transpile(
    program: Program,
    engine: str,
    source: str,
    *,
    keep: Sequence[str] = (),
    outputs: Sequence[str] | None = None,
    columns: Collection[str] | None = None,
) -> str:
    """A program as one query of an engine.

    Args:
        program: the named rules.
        engine: duckdb, postgres, clickhouse, datafusion, spark, bigquery, snowflake or trino.
        source: the table, as it is written after FROM.
        keep: columns taken along unchanged.
        outputs: the stages wanted; all by default.
        columns: the table's columns; an input without a column is unknown. By default every input
            has a column, and a bounded one its two bounds.

    Errors: `ExpressionError` for an engine nobody taught us, `KeyError` for a name that is no stage.
    """
    dialect = dialect_of(engine)
    return kernel_sql(rewrite_program(program), dialect, source, keep=keep, outputs=outputs, columns=columns)


def read_back(text: str, engine: str) -> None:
    """Read an engine's text with a parser of that engine.

    Errors: `ExpressionError` where it meets a construct the engine does not have.
    """
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        trees = sqlglot.parse(text, dialect=dialect_of(engine).sqlglot, error_level=sqlglot.ErrorLevel.RAISE)
        for tree in trees:
            if tree is not None:
                tree.sql(dialect=dialect_of(engine).sqlglot, unsupported_level=sqlglot.ErrorLevel.RAISE)
    except SqlglotError as error:
        raise ExpressionError(f"the text for {engine} does not read back: {error}") from error
