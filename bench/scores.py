"""MELD-Na, MELD 3.0 and Child-Pugh over ten million rows, against NumPy written by hand."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np

from bench import score_peers
from bench.measure import Row, best_of, quiet, table
from bench.people import write_people
from trialrun.evaluate.tables import run as evaluate
from trialrun.expressions.parse import parse_expression
from trialrun.expressions.program import Program, build_program
from trialrun.expressions.types import Symbol, Type
from trialrun.scores.load import score
from trialrun.scores.program import stages_for

NUMBERS = {
    "creatinine": "mg/dL",
    "bilirubin": "mg/dL",
    "inr": "{INR}",
    "sodium": "mmol/L",
    "albumin": "g/dL",
    "ascites_points": None,
    "encephalopathy_points": None,
}
# The generated people carry points of the two clinical grades; these rules give a grade of as many points.
MAPPED = {
    "ascites": "CASE WHEN ascites_points = 1 THEN 'none' WHEN ascites_points = 2 THEN 'slight' ELSE 'moderate' END",
    "encephalopathy": (
        "CASE WHEN encephalopathy_points = 1 THEN '0' WHEN encephalopathy_points = 2 THEN '1' ELSE '3' END"
    ),
}
SCORES = ("meld_na_optn2016", "meld_3", "child_pugh")


def program() -> Program:
    """The three scores as published, over the generated columns."""
    symbols = {name: Symbol(name, Type.NUMBER, unit=unit) for name, unit in NUMBERS.items()}
    symbols["dialysis"] = Symbol("dialysis", Type.BOOLEAN)
    symbols["sex"] = Symbol("sex", Type.CHOICE, choices=("M", "F"))
    definitions = {}
    for name in SCORES:
        inputs = {
            each.name: parse_expression(MAPPED.get(each.name, each.name))
            for each in score(name).inputs
            if each.name in MAPPED or each.name in symbols
        }
        definitions |= stages_for(score(name), name, inputs)
    return build_program(symbols, definitions)


def _columns(path: Path) -> score_peers.Columns:
    frame = duckdb.execute(
        f"SELECT {', '.join(f'CAST({n} AS DOUBLE) AS {n}' for n in NUMBERS)}, CAST(dialysis AS DOUBLE) AS dialysis, "
        f"CASE sex WHEN 'F' THEN 1.0 WHEN 'M' THEN 0.0 END AS female FROM '{path}'"
    ).fetchnumpy()
    return {name: np.ma.filled(values, np.nan) for name, values in frame.items()}


def ours(rules: Program, path: Path) -> object:
    """Sums of the three scores, as a user asks for them."""
    found = evaluate(rules, path, keep=(), outputs=SCORES)
    return found.aggregate(", ".join(f"sum({name})" for name in SCORES)).fetchall()[0]


def run(folder: Path, rows: int, runs: int = 3) -> str:
    """Measure both on the same people; the sums must be the same."""
    path = write_people(folder / f"people_{rows}.parquet", rows)
    connection = quiet()
    rules = program()
    names = [*NUMBERS, "dialysis", "sex"]
    scan, _ = best_of(
        runs,
        lambda: connection.execute(
            f"SELECT {', '.join(f'max({n})' for n in names)} FROM '{path}'"
        ).fetchone(),
    )
    duck, first = best_of(runs, lambda: ours(rules, path))
    load, columns = best_of(1, lambda: _columns(path))
    hand, second = best_of(runs, lambda: score_peers.all_three(columns))  # type: ignore[arg-type]
    if not np.allclose(np.array(first, dtype=float), np.array(second, dtype=float)):
        raise SystemExit(f"the sums differ, so no figures: {first} {second}")
    rate = f"{rows / duck / 1e6:.1f} M rows/s"
    lines = [
        Row("NumPy by hand, in memory, one thread", hand, 1.0, f"{load:.2f} s more to read the file"),
        Row("trialrun on DuckDB, from Parquet", duck, duck / hand, rate),
        Row("bare scan (DuckDB)", scan, scan / hand),
    ]
    return table(f"MELD-Na, MELD 3.0 and Child-Pugh, {rows:,} rows", "NumPy", lines)
