"""Rules on tables, and the text for other engines."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sqlglot

from rule_vectors import load_vectors
from trialrun.errors import ExpressionError
from trialrun.evaluate.engines import ENGINES, read_back, transpile
from trialrun.evaluate.outcome import Demand, mask_columns, outcome_sql
from trialrun.evaluate.tables import open_table, outcome, program_sql, run
from trialrun.expressions import Symbol, Type, build_program

SYMBOLS = {
    symbol.name: symbol
    for symbol in (
        Symbol("age", Type.NUMBER, unit="a"),
        Symbol("pregnant", Type.BOOLEAN),
        Symbol("sex", Type.CHOICE, choices=("M", "F")),
        Symbol("birth_date", Type.DATE, bounded=True),
        Symbol("elsewhere", Type.NUMBER),
    )
}
PROGRAM = build_program(
    SYMBOLS,
    {
        "adult": "age >= 18",
        "expecting": "sex = 'F' AND pregnant",
        "born_late": "birth_date > DATE '1980-01-01'",
        "twice": "age * 2",
        "far": "elsewhere > 1",
    },
)
CRITERIA = (Demand("adult"), Demand("expecting", holds=False), "born_late")
DATA = {
    "id": ["p1", "p2", "p3", "p4"],
    "age": [20, 10, None, 30],
    "pregnant": [False, True, None, True],
    "sex": ["F", "F", "M", None],
    "birth_date": [date(1990, 1, 1), date(1970, 1, 1), None, date(1990, 1, 1)],
}
OUTCOMES = [("p1", 0, 0, None), ("p2", 7, 0, "adult"), ("p3", 0, 5, "adult"), ("p4", 0, 2, "expecting")]


@pytest.fixture(params=["pandas", "polars", "arrow", "duckdb", "parquet", "csv"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    frame = pl.DataFrame(DATA)
    match request.param:
        case "pandas":
            return pd.DataFrame(DATA)
        case "polars":
            return frame
        case "arrow":
            return pa.table(DATA)
        case "duckdb":
            return duckdb.connect().from_arrow(pa.table(DATA))
        case "parquet":
            frame.write_parquet(tmp_path / "it's.parquet")
            return tmp_path / "it's.parquet"
        case _:
            frame.write_csv(tmp_path / "people.csv")
            return str(tmp_path / "people.csv")


def test_every_kind_of_table_gives_the_same_answers(table: Any) -> None:
    relation = run(PROGRAM, table, outputs=["adult", "expecting", "born_late", "twice", "far"])
    assert relation.columns == [
        "id",
        "age",
        "pregnant",
        "sex",
        "birth_date",
        "adult",
        "expecting",
        "born_late",
        "twice",
        "far",
    ]
    assert [row[5:] for row in relation.fetchall()] == [
        (True, False, True, 40.0, None),
        (False, True, False, 20.0, None),
        (None, False, None, None, None),
        (True, None, True, 60.0, None),
    ]


def test_the_outcome_has_masks_and_the_first_reason(table: Any) -> None:
    relation = outcome(PROGRAM, CRITERIA, table, keep=["id"])
    assert relation.columns == ["id", "failed", "unknown", "first_reason"]
    assert relation.fetchall() == OUTCOMES


def test_more_criteria_than_a_mask_holds_go_on_in_the_next() -> None:
    program = build_program(SYMBOLS, {f"c{index}": f"age > {index}" for index in range(130)})
    names = [f"c{index}" for index in range(130)]
    relation = outcome(program, names, pa.table({"age": [100.0]}))
    assert relation.columns == [
        "failed",
        "unknown",
        "failed_2",
        "unknown_2",
        "failed_3",
        "unknown_3",
        "first_reason",
    ]
    failed = relation.fetchall()[0]
    # Criteria 100 to 129 fail: bits 38 to 61 of the second mask, 0 to 5 of the third.
    assert failed == (0, 0, (1 << 62) - (1 << 38), 0, 63, 0, "c100")
    assert mask_columns(62) == (("failed", "unknown"),)


def test_no_criteria_at_all_fail_nobody() -> None:
    assert outcome(PROGRAM, [], pa.table({"age": [1]})).fetchall() == [(0, 0, None)]


def test_a_name_that_is_no_condition_is_refused() -> None:
    for name in ("twice", "age", "nothing"):
        with pytest.raises(ExpressionError, match="not a condition"):
            outcome_sql(PROGRAM, [name], "people")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'other.db'",
        "SET threads = 1",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "SELECT * FROM python_variable",
    ],
)
def test_a_connection_over_loaded_data_reaches_nothing_else(query: str) -> None:
    python_variable = pa.table({"x": [1]})
    source = open_table(pa.table({"age": [1]}), threads=1)
    with pytest.raises(duckdb.Error):
        source.connection.sql(query).fetchall()
    assert python_variable.num_rows == 1
    assert source.columns == ("age",)


@pytest.mark.parametrize("name", ["absent.parquet", "table.xlsx"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExpressionError, match=r"Parquet, CSV or JSON"):
        open_table(tmp_path / name)


def test_columns_of_whole_numbers_need_no_test_for_nan() -> None:
    columns = "SELECT 1::INTEGER AS i, 1.5::DECIMAL(9, 2) AS d, 1.5::DECIMAL(38, 20) AS w, 1.5::DOUBLE AS f"
    source = open_table(duckdb.connect().sql(columns))
    assert source.clean() == {"i", "d"}
    text = program_sql(PROGRAM, "people", outputs=["adult"], clean=["age"])
    assert "BETWEEN" not in text


@pytest.mark.parametrize("engine", ENGINES)
def test_the_text_for_every_engine_reads_back(engine: str) -> None:
    vectors, _ = load_vectors()
    read_back(transpile(vectors, engine, "people", keep=["row_id"]), engine)
    read_back(transpile(PROGRAM, engine, "people", outputs=["adult"], columns=["age"]), engine)
    text = outcome_sql(PROGRAM, CRITERIA, "people", engine=engine, keep=["id"])
    read_back(text, engine)
    assert "GREATEST" not in text
    assert "LEAST" not in text


@pytest.mark.parametrize("engine", ENGINES)
def test_every_level_is_a_select_of_its_own(engine: str) -> None:
    program = build_program(SYMBOLS, {"one": "age + 1", "two": "one + 1", "three": "two + one"})
    text = transpile(program, engine, "people")
    assert text.count("SELECT") == 6
    assert text.count("OFFSET 0") == (5 if engine == "postgres" else 0)


def test_an_unknown_engine_and_broken_text_are_refused() -> None:
    with pytest.raises(ExpressionError, match="the engines are duckdb"):
        transpile(PROGRAM, "oracle", "people")
    with pytest.raises(ExpressionError, match="does not read back"):
        read_back("SELECT FROM WHERE (", "trino")
    assert sqlglot.__version__ == "30.30.0"
    with pytest.raises(KeyError):
        transpile(PROGRAM, "duckdb", "people", outputs=["nothing"])


def test_a_source_may_hold_braces() -> None:
    assert "'{a}'" in program_sql(PROGRAM, "read_csv('{a}')")
