"""Answers worked out by hand, on every engine: engines can agree on a wrong answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rule_engines
from rule_engines import Results, same
from rule_vectors import load_vectors

PROGRAM, VECTORS = load_vectors()
ROWS = [vector.row for vector in VECTORS]


def wrong(results: Results) -> list[str]:
    return [
        f"{vector.rule} with {vector.row}: {found[vector.stage]!r} instead of {vector.expected!r} ({vector.because})"
        for vector, found in zip(VECTORS, results, strict=True)
        if not same(vector.expected, found[vector.stage])
    ]


@pytest.mark.parametrize(
    "engine",
    [rule_engines.on_closure, rule_engines.on_interpreter, rule_engines.on_duckdb],
    ids=["closure", "interpreter", "duckdb"],
)
def test_the_answers_hold_where_rules_usually_run(engine: Callable[..., Results]) -> None:
    assert wrong(engine(PROGRAM, ROWS)) == []


@pytest.mark.engines
@pytest.mark.parametrize(
    "engine", [rule_engines.on_datafusion, rule_engines.on_clickhouse], ids=["datafusion", "clickhouse"]
)
def test_the_answers_hold_on_other_engines(engine: Callable[..., Results]) -> None:
    assert wrong(engine(PROGRAM, ROWS)) == []


@pytest.mark.engines
@pytest.mark.postgres
def test_the_answers_hold_on_postgresql(postgres_url: str) -> None:
    assert wrong(rule_engines.on_postgres(PROGRAM, ROWS, postgres_url)) == []


@pytest.mark.engines
@pytest.mark.slow
def test_the_answers_hold_on_spark(spark: Any) -> None:
    assert wrong(rule_engines.on_spark(PROGRAM, ROWS, spark)) == []


def test_all_results_agree_also_where_no_vector_looks() -> None:
    """Every rule on every row: the closure, the interpreter and DuckDB give one answer."""
    closure = rule_engines.on_closure(PROGRAM, ROWS)
    assert rule_engines.differences(closure, rule_engines.on_interpreter(PROGRAM, ROWS)) == []
    assert rule_engines.differences(closure, rule_engines.on_duckdb(PROGRAM, ROWS)) == []
