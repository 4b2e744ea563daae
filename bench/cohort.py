"""Sixteen criteria with all reasons on ten million people, against one bare scan of the same columns."""

from __future__ import annotations

from pathlib import Path

import duckdb

from bench import cohort_peers
from bench.measure import Row, best_of, quiet, table
from bench.people import write_people
from trialrun.evaluate.tables import Demand, open_table, outcome_sql
from trialrun.expressions.program import Program, build_program
from trialrun.expressions.types import Symbol, Type

NUMBERS = [
    "age",
    "bilirubin",
    "albumin",
    "inr",
    "ascites_points",
    "encephalopathy_points",
    "steroid_dose",
    "weight_before",
    "weight",
    "alcohol_grams",
    "systolic",
    "diastolic",
]
BOOLEANS = [
    "cirrhosis",
    "viral",
    "cardiovascular",
    "hcc",
    "malignancy",
    "pregnant",
    "bariatric",
    "alcohol_plan",
]
DATES = ["malignancy_date", "infection_date", "experimental_date", "screening_date"]
STAGES = {
    "bilirubin_points": "CASE WHEN bilirubin < 2 THEN 1 WHEN bilirubin > 3 THEN 3 ELSE 2 END",
    "albumin_points": "CASE WHEN albumin > 3.5 THEN 1 WHEN albumin < 2.8 THEN 3 ELSE 2 END",
    "inr_points": "CASE WHEN inr < 1.7 THEN 1 WHEN inr > 2.3 THEN 3 ELSE 2 END",
    "child_pugh": "bilirubin_points + albumin_points + inr_points + ascites_points + encephalopathy_points",
}
CRITERIA = {
    "I1": "age >= 18 AND age <= 75",
    "I2": "cirrhosis",
    "I3": "NOT viral",
    "I4": "child_pugh >= 7",
    "E1": "cardiovascular",
    "E2": "hcc",
    "E3": "malignancy AND malignancy_date >= ADD_MONTHS(screening_date, -60)",
    "E4": "DAYS_BETWEEN(infection_date, screening_date) <= 30",
    "E5": "sex = 'F' AND pregnant",
    "E6": "steroid_dose > 10",
    "E7": "100 * (weight_before - weight) > 5 * weight_before",
    "E8": "bariatric",
    "E9": "diabetes = 'type_1'",
    "E10": "alcohol_grams > CASE WHEN sex = 'F' THEN 15.78 ELSE 23.67 END AND alcohol_plan",
    "E11": "systolic >= 140 OR diastolic >= 90",
    "E12": "experimental_date >= ADD_MONTHS(screening_date, -6)",
}


def program() -> Program:
    """The criteria as a program in the language."""
    symbols = {name: Symbol(name, Type.NUMBER) for name in NUMBERS}
    symbols |= {name: Symbol(name, Type.BOOLEAN) for name in BOOLEANS}
    symbols |= {name: Symbol(name, Type.DATE) for name in DATES}
    symbols["sex"] = Symbol("sex", Type.CHOICE, choices=("M", "F"))
    symbols["diabetes"] = Symbol("diabetes", Type.CHOICE, choices=("none", "type_1", "type_2"))
    return build_program(symbols, STAGES | CRITERIA)


def demands() -> list[Demand]:
    """Inclusions demand true, exclusions false."""
    return [Demand(name, holds=name.startswith("I")) for name in CRITERIA]


def ours(
    connection: duckdb.DuckDBPyConnection, path: Path, *, write: Path | None = None
) -> cohort_peers.Sums:
    """Masks and first reason of every person, summed up or written to a Parquet file.

    Asked as `trialrun.evaluate.tables.outcome` asks, on a connection that may write a file.
    """
    source = open_table(path)
    query = outcome_sql(
        program(),
        demands(),
        source.relation,
        keep=("person",),
        columns=source.columns,
        clean=source.clean(),
        sized=source.sized(),
    )
    if write is not None:
        connection.execute(f"COPY ({query}) TO '{write}' (FORMAT parquet)")
        query = f"SELECT * FROM '{write}'"
    names = ", ".join(f"'{name}'" for name in CRITERIA)
    sums = connection.execute(
        "SELECT count(*), count(*) FILTER (failed = 0 AND unknown = 0), sum(failed), sum(unknown), "
        f"sum(list_position([{names}], first_reason)) FROM ({query})"
    ).fetchone()
    return tuple(int(x) for x in sums or ())  # type: ignore[return-value]


def bare_scan(connection: duckdb.DuckDBPyConnection, source: str) -> object:
    """The least any answer can cost: one aggregate over the same columns."""
    columns = [*NUMBERS, *BOOLEANS, *DATES, "sex", "diabetes"]
    return connection.execute(
        f"SELECT count(*), {', '.join(f'max({c})' for c in columns)} FROM {source}"
    ).fetchone()


def run(folder: Path, rows: int, runs: int = 3) -> str:
    """Measure everybody on the same file; refuse to print figures of answers that differ."""
    path = write_people(folder / f"people_{rows}.parquet", rows)
    source = f"'{path}'"
    connection = quiet()
    limit, _ = best_of(runs, lambda: bare_scan(connection, source))
    written = folder / "outcome.parquet"
    jobs = {
        "trialrun on DuckDB, counts": (runs, lambda: ours(connection, path)),
        "trialrun on DuckDB, a row a person to Parquet": (
            runs,
            lambda: ours(connection, path, write=written),
        ),
        "Polars lazy, streaming, by hand": (runs, lambda: cohort_peers.polars_lazy(path)),
        "pandas, nullable types, by hand": (1, lambda: cohort_peers.pandas_plain(path)),
    }
    lines = [Row("bare scan (DuckDB)", limit, 1.0, f"{rows / limit / 1e6:.1f} M people/s")]
    answers = {}
    for name, (times, job) in jobs.items():
        seconds, answers[name] = best_of(times, job)
        lines.append(Row(name, seconds, seconds / limit, f"{rows / seconds / 1e6:.2f} M people/s"))
    if len(set(map(str, answers.values()))) != 1:
        raise SystemExit(f"the answers differ, so no figures: {answers}")
    return table(f"16 criteria with all reasons, {rows:,} people", "bare scan", lines)
