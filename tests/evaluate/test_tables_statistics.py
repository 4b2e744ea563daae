"""What a table's statistics may spare, and the edges of the calendar and of names, change no answer."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import polars
import pyarrow
import pyarrow.parquet
import pytest

from trialrun.evaluate.rows import compile_program
from trialrun.evaluate.tables import Demand, open_table, outcome, run
from trialrun.expressions import Symbol, Type, build_program

NUMBERS = {
    "usual": [1.0, 2.5, None, 40.0],
    "with_nan": [1.0, math.nan, 3.0, 4.0],
    "with_infinity": [1.0, math.inf, -math.inf, 2.0],
    "tiny": [1e-16, 1.0, 2.0, 3.0],
    "huge": [1e16, 1.0, 2.0, 3.0],
    "zero": [0.0, 1.0, 2.0, 3.0],
    "negative": [-1.0, -1e16, 2.0, 3.0],
    "missing": [None, None, None, None],
}


@pytest.mark.parametrize("writer", ["pyarrow", "polars"])
@pytest.mark.parametrize("name", list(NUMBERS))
def test_a_file_and_its_rows_give_one_answer(tmp_path: Path, name: str, writer: str) -> None:
    program = build_program({"x": Symbol("x", Type.NUMBER)}, {"above": "x > 1.5", "twice": "x * 2"})
    path = tmp_path / "numbers.parquet"
    if writer == "pyarrow":
        pyarrow.parquet.write_table(
            pyarrow.table({"x": pyarrow.array(NUMBERS[name], type=pyarrow.float64())}), path
        )
    else:
        polars.DataFrame({"x": NUMBERS[name]}, schema={"x": polars.Float64}).write_parquet(path)
    compiled = compile_program(program)
    wanted = [compiled({"x": x}) for x in NUMBERS[name]]
    found = run(program, path, keep=(), outputs=("above", "twice")).fetchall()
    assert found == [(row["above"], row["twice"]) for row in wanted]


def test_only_columns_that_the_statistics_vouch_for_are_spared(tmp_path: Path) -> None:
    path = tmp_path / "numbers.parquet"
    polars.DataFrame({k: v for k, v in NUMBERS.items() if k != "missing"}).write_parquet(path)
    spared = open_table(path).sized()
    assert "usual" in spared
    assert not spared & {"tiny", "huge", "zero", "negative", "with_infinity"}


@pytest.mark.parametrize(
    ("day", "months"),
    [
        (date(1900, 1, 1), 0),
        (date(1900, 6, 30), -6),
        (date(1900, 7, 1), -6),
        (date(2299, 12, 31), 1),
        (date(2299, 11, 30), 1),
        (date(2299, 6, 30), 6),
        (date(2299, 7, 1), 6),
        (date(2024, 2, 29), -12),
    ],
)
def test_the_ends_of_the_calendar(tmp_path: Path, day: date, months: int) -> None:
    program = build_program({"d": Symbol("d", Type.DATE)}, {"moved": f"ADD_MONTHS(d, {months})"})
    path = tmp_path / "days.parquet"
    polars.DataFrame({"d": [day]}).write_parquet(path)
    assert run(program, path, keep=(), outputs=("moved",)).fetchall() == [
        (compile_program(program)({"d": day})["moved"],)
    ]


def test_a_kept_column_named_like_a_mask_keeps_its_values() -> None:
    program = build_program({"x": Symbol("x", Type.NUMBER)}, {"I1": "x > 1"})
    table = polars.DataFrame({"x": [0.0, 2.0, None], "id": [1, 2, 3]})
    rows = outcome(program, [Demand("I1")], table, keep=("id",)).fetchall()
    assert rows == [(1, 1, 0, "I1"), (2, 0, 0, None), (3, 0, 1, "I1")]
