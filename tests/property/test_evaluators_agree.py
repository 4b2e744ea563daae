"""Random rules on random rows: no two engines differ, and what bounds decide holds for every possible value."""

from __future__ import annotations

import os
import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rule_engines
from rule_engines import differences
from rule_generator import CODES, RuleMaker
from trialrun.expressions import Program, Type, parse_expression
from trialrun.expressions.write import write_expression

#: More examples on demand: TRIALRUN_EXAMPLES=20 pytest tests/property
TIMES = int(os.environ.get("TRIALRUN_EXAMPLES", "1"))
seeds = st.integers(min_value=0, max_value=2**32 - 1)


def quickly(examples: int) -> Any:
    return settings(
        max_examples=examples * TIMES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize="TRIALRUN_EXAMPLES" not in os.environ,
    )


def batch(seed: int, rules: int = 6, depth: int = 2, rows: int = 40) -> tuple[Program, list[dict[str, Any]]]:
    maker = RuleMaker(random.Random(seed))
    return maker.program(rules, depth), [maker.row() for _ in range(rows)]


def written(program: Program) -> str:
    return "\n".join(f"{stage.name}: {write_expression(stage.checked.node)}" for stage in program.stages)


@quickly(60)
@given(seeds)
def test_the_closure_and_the_interpreter_agree(seed: int) -> None:
    program, rows = batch(seed, depth=3)
    expected = rule_engines.on_closure(program, rows)
    assert differences(expected, rule_engines.on_interpreter(program, rows)) == [], written(program)


@quickly(15)
@given(seeds)
def test_the_closure_and_duckdb_agree(seed: int) -> None:
    program, rows = batch(seed)
    assert differences(rule_engines.on_closure(program, rows), rule_engines.on_duckdb(program, rows)) == [], (
        written(program)
    )


@pytest.mark.engines
@quickly(12)
@given(seeds)
def test_the_closure_and_datafusion_agree(seed: int) -> None:
    program, rows = batch(seed)
    found = rule_engines.on_datafusion(program, rows)
    assert differences(rule_engines.on_closure(program, rows), found) == [], written(program)


@pytest.mark.engines
@quickly(8)
@given(seeds)
def test_the_closure_and_clickhouse_agree(seed: int) -> None:
    program, rows = batch(seed)
    found = rule_engines.on_clickhouse(program, rows)
    assert differences(rule_engines.on_closure(program, rows), found) == [], written(program)


@pytest.mark.engines
@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(6))
def test_the_closure_and_postgresql_agree(seed: int, postgres_url: str) -> None:
    program, rows = batch(seed, rules=10, rows=150)
    found = rule_engines.on_postgres(program, rows, postgres_url)
    assert differences(rule_engines.on_closure(program, rows), found) == [], written(program)


@pytest.mark.engines
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_the_closure_and_spark_agree(seed: int, spark: Any) -> None:
    program, rows = batch(seed, rows=150)
    found = rule_engines.on_spark(program, rows, spark)
    assert differences(rule_engines.on_closure(program, rows), found) == [], written(program)


@quickly(60)
@given(seeds)
def test_a_written_rule_reads_back_as_itself(seed: int) -> None:
    maker = RuleMaker(random.Random(seed))
    for make in (maker.condition, maker.number, maker.day, maker.inexact):
        text = write_expression(make(2))
        assert write_expression(parse_expression(text)) == text


def possible_rows(row: dict[str, Any], chance: random.Random) -> list[dict[str, Any]]:
    """The row with values its bounds allow, ends included."""
    rows: list[dict[str, Any]] = []
    for pick in ("low", "high", "between", "between"):
        filled = {name: value for name, value in row.items() if "__" not in name}
        for name in ("q", "p", "g"):
            low, high = row.get(f"{name}__low"), row.get(f"{name}__high")
            if low is None or high is None:
                continue
            if pick == "low" or pick == "high":
                filled[name] = low if pick == "low" else high
            elif name == "q":
                filled[name] = chance.choice((low + (high - low) * chance.random(), low, high))
            elif name == "p":
                filled[name] = low + timedelta(days=chance.randint(0, (high - low).days))
            else:
                filled[name] = chance.choice(CODES[CODES.index(low) : CODES.index(high) + 1])
        rows.append(filled)
    return rows


@quickly(60)
@given(seeds)
def test_what_bounds_decide_holds_for_every_possible_value(seed: int) -> None:
    chance = random.Random(seed)
    maker = RuleMaker(chance, monotone=True)
    program = maker.program(5, 2)
    kinds = {stage.name: stage.symbol for stage in program.stages}
    for row in [maker.row(missing=0.05) for _ in range(8)]:
        decided = rule_engines.on_closure(program, [row])[0]
        for filled in rule_engines.on_closure(program, possible_rows(row, chance)):
            for name, symbol in kinds.items():
                text = f"{name} on {row}\n{written(program)}"
                if decided[name] is not None:
                    assert rule_engines.same(decided[name], filled[name]), text
                if symbol.bounded and symbol.type in (Type.NUMBER, Type.DATE) and filled[name] is not None:
                    slack = 1e-6 * (1 + abs(filled[name])) if symbol.type is Type.NUMBER else timedelta(0)
                    low, high = decided[f"{name}__low"], decided[f"{name}__high"]
                    assert low is None or low <= filled[name] + slack, text
                    assert high is None or high >= filled[name] - slack, text
