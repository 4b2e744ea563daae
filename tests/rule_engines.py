"""Runs one program on every engine over the same rows, for the tests in which they must agree."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from trialrun.evaluate.engines import transpile
from trialrun.evaluate.rows import compile_program
from trialrun.evaluate.tables import run
from trialrun.evaluate.why import Interpreter
from trialrun.expressions import Program, Symbol, Type
from trialrun.expressions.check import bound_names
from trialrun.expressions.nodes import Name
from trialrun.expressions.rewrite import rewrite_program

Row = Mapping[str, Any]
Results = list[dict[str, Any]]

_ARROW = {
    Type.NUMBER: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    Type.TEXT: pa.string(),
    Type.CHOICE: pa.string(),
    Type.DATE: pa.date32(),
}
_POSTGRES = {
    Type.NUMBER: "double precision",
    Type.BOOLEAN: "boolean",
    Type.TEXT: "text",
    Type.CHOICE: "text",
    Type.DATE: "date",
}


def input_columns(program: Program) -> dict[str, Symbol]:
    """Every column the program reads, bounds included."""
    columns: dict[str, Symbol] = {}
    for name, symbol in program.inputs.items():
        for column in (name, *bound_names(name)) if symbol.bounded else (name,):
            columns[column] = symbol
    return columns


def arrow_table(program: Program, rows: Sequence[Row]) -> pa.Table:
    columns = {"row_id": pa.array(range(len(rows)), pa.int64())}
    for name, symbol in input_columns(program).items():
        columns[name] = pa.array([row.get(name) for row in rows], _ARROW[symbol.type])
    return pa.table(columns)


def on_closure(program: Program, rows: Sequence[Row]) -> Results:
    compiled = compile_program(program)
    return [compiled(row) for row in rows]


def on_interpreter(program: Program, rows: Sequence[Row]) -> Results:
    kernel = rewrite_program(program)
    results: Results = []
    for row in rows:
        interpreter = Interpreter(kernel, row)
        results.append({name: interpreter.value(Name(name)) for name in kernel.outputs()})
    return results


def _dicts(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Results:
    found = [dict(zip(names, row, strict=True)) for row in rows]
    found.sort(key=lambda row: row["row_id"])
    return [{name: value for name, value in row.items() if name != "row_id"} for row in found]


def on_duckdb(program: Program, rows: Sequence[Row]) -> Results:
    relation = run(program, arrow_table(program, rows), keep=["row_id"])
    return _dicts(relation.columns, relation.fetchall())


def on_datafusion(program: Program, rows: Sequence[Row]) -> Results:
    import datafusion

    context = datafusion.SessionContext()
    context.register_record_batches("people", [arrow_table(program, rows).to_batches()])
    table = context.sql(transpile(program, "datafusion", "people", keep=["row_id"])).to_arrow_table()
    return _dicts(table.column_names, [tuple(row.values()) for row in table.to_pylist()])


def on_clickhouse(program: Program, rows: Sequence[Row]) -> Results:
    import chdb

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.parquet"
        pq.write_table(arrow_table(program, rows), path)
        # A reused chdb session has handed out a failed query's rows as the next result; each query opens its own.
        text = transpile(program, "clickhouse", f"file('{path}', Parquet)", keep=["row_id"])
        table = chdb.query(text, "ArrowTable")
    return _dicts(table.column_names, [tuple(row.values()) for row in table.to_pylist()])


def on_spark(program: Program, rows: Sequence[Row], session: Any) -> Results:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.parquet"
        pq.write_table(arrow_table(program, rows), path)
        session.read.parquet(str(path)).createOrReplaceTempView("people")
        frame = session.sql(transpile(program, "spark", "people", keep=["row_id"]))
        return _dicts(frame.columns, [tuple(row) for row in frame.collect()])


def on_postgres(program: Program, rows: Sequence[Row], url: str) -> Results:
    import psycopg

    columns = input_columns(program)
    declared = ", ".join(f'"{name}" {_POSTGRES[symbol.type]}' for name, symbol in columns.items())
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE people (row_id bigint, {declared}) ON COMMIT DROP")
        with cursor.copy("COPY people FROM STDIN") as copy:
            for number, row in enumerate(rows):
                copy.write_row([number, *(row.get(name) for name in columns)])
        text = transpile(program, "postgres", "people", keep=["row_id"])
        found = cursor.execute(text).fetchall()  # pyright: ignore[reportArgumentType]
        names = [column.name for column in cursor.description or ()]
    return _dicts(names, found)


def spark_session() -> Any:
    """A local Spark that answers in the reader's time zone nowhere and keeps quiet."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("trialrun-tests")
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.log.level": "ERROR",
        # Compiling each of hundreds of expressions to Java takes minutes; interpreting them, seconds.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.optimizer.maxIterations": "20",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def same(left: Any, right: Any) -> bool:
    """Whether two engines gave one answer; the last bits of a logarithm are the engine's own."""
    if left is None or right is None:
        return left is right
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool) and left == right
    if isinstance(left, float | int) and isinstance(right, float | int):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(left, date) and isinstance(right, date):
        return left.isoformat()[:10] == right.isoformat()[:10]
    return type(left) is type(right) and left == right


def differences(expected: Results, found: Results) -> list[str]:
    """Where two engines differ, in words."""
    problems = [] if len(expected) == len(found) else [f"{len(expected)} rows against {len(found)}"]
    for number, (one, other) in enumerate(zip(expected, found, strict=False)):
        problems += [
            f"row {number}, {name}: {value!r} against {other.get(name)!r}"
            for name, value in one.items()
            if not same(value, other.get(name))
        ]
    return problems
