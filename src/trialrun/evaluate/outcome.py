"""The outcome of a list of criteria in a table: which fail, which are unknown, which comes first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from trialrun.errors import ExpressionError
from trialrun.evaluate.dialects import DIALECTS, Dialect
from trialrun.evaluate.sql import kernel_sql
from trialrun.expressions.program import Program
from trialrun.expressions.rewrite import rewrite_program
from trialrun.expressions.types import Type

#: Criteria per mask: what a signed 64-bit integer holds without touching its sign.
MASK_BITS = 62


@dataclass(frozen=True, slots=True)
class Demand:
    """A condition and what it has to be: an inclusion demands true, an exclusion false."""

    stage: str
    holds: bool = True


def dialect_of(engine: str) -> Dialect:
    """The engine's spelling. Errors: `ExpressionError` for an engine nobody taught us."""
    if engine not in DIALECTS:
        raise ExpressionError(f"unknown engine {engine!r}", f"the engines are {', '.join(DIALECTS)}")
    return DIALECTS[engine]


def mask_columns(count: int) -> tuple[tuple[str, str], ...]:
    """The names of the failed and unknown masks: one pair for every 62 criteria."""
    words = max(1, -(-count // MASK_BITS))
    return tuple(
        (f"failed{ending}", f"unknown{ending}")
        for ending in ("", *(f"_{word}" for word in range(2, words + 1)))
    )


def demands_of(program: Program, criteria: Sequence[Demand | tuple[str, bool] | str]) -> tuple[Demand, ...]:
    """Criteria as demands, checked against the program.

    Errors: `ExpressionError` for a name that is no condition of the program.
    """
    demands = tuple(
        item if isinstance(item, Demand) else Demand(item) if isinstance(item, str) else Demand(*item)
        for item in criteria
    )
    kinds = {stage.name: stage.symbol.type for stage in program.stages}
    for demand in demands:
        if kinds.get(demand.stage) is not Type.BOOLEAN:
            raise ExpressionError(f"{demand.stage!r} is not a condition of this program", "name a criterion")
    return demands


def outcome_sql(
    program: Program,
    criteria: Sequence[Demand | tuple[str, bool] | str],
    source: str,
    *,
    engine: str = "duckdb",
    keep: Sequence[str] = (),
    columns: Collection[str] | None = None,
    clean: Collection[str] = (),
    sized: Collection[str] = (),
) -> str:
    """The query that judges every row of a table.

    The result has the kept columns, `failed` and `unknown` (bit i, from 0, stands for criterion i;
    every 62 criteria a further pair `failed_2`, `unknown_2`, ...) and `first_reason`: the first
    criterion that fails, else the first that is unknown, else NULL. A row is eligible where both
    masks are zero.

    Args:
        program: holds the criteria as conditions.
        criteria: in order; an exclusion as `Demand(name, holds=False)`.
        source: the table, as it is written after FROM.
        engine: duckdb, postgres, clickhouse, datafusion, spark, bigquery, snowflake or trino.
        keep: columns taken along unchanged.
        columns: the table's columns, when some inputs have none.
        clean: inputs known to hold no NaN, infinities or absurd sizes.
        sized: inputs known to hold no absurd sizes, but perhaps NaN.

    Errors: `ExpressionError` for an unknown engine or a name that is no condition.
    """
    dialect = dialect_of(engine)
    demands = demands_of(program, criteria)
    last: dict[str, str] = {}
    for word, (failed, unknown) in enumerate(mask_columns(len(demands))):
        part = demands[word * MASK_BITS : (word + 1) * MASK_BITS]
        last[failed] = _mask([_fails(demand, dialect) for demand in part])
        last[unknown] = _mask([f"{dialect.name_of(demand.stage)} IS NULL" for demand in part])
    if not dialect.lowest_bit or not demands or set(last).intersection(name.lower() for name in keep):
        last["first_reason"] = _first(demands, dialect)
    names = tuple(dict.fromkeys(demand.stage for demand in demands))
    judged = kernel_sql(
        rewrite_program(program),
        dialect,
        source,
        keep=keep,
        outputs=names,
        columns=columns,
        clean=clean,
        sized=sized,
        last=last,
    )
    if "first_reason" in last:
        return judged
    first = _first_of_masks(demands, dialect)
    return f"SELECT *, {first} AS {dialect.name_of('first_reason')} FROM (\n{judged}\n) AS _judged"  # noqa: S608


def _fails(demand: Demand, dialect: Dialect) -> str:
    name = dialect.name_of(demand.stage)
    return f"NOT {name}" if demand.holds else name


def _mask(tests: list[str]) -> str:
    bits = [f"CASE WHEN {test} THEN {1 << index} ELSE 0 END" for index, test in enumerate(tests)]
    return " + ".join(bits) or "0"


def _first(demands: Sequence[Demand], dialect: Dialect) -> str:
    if not demands:
        return "NULL"
    fails = [f"WHEN {_fails(demand, dialect)} THEN {dialect.text_of(demand.stage)}" for demand in demands]
    open_ = [f"WHEN {dialect.name_of(d.stage)} IS NULL THEN {dialect.text_of(d.stage)}" for d in demands]
    return f"CASE {' '.join(fails)} {' '.join(open_)} END"


def _first_of_masks(demands: Sequence[Demand], dialect: Dialect) -> str:
    """The same from the masks, which spares asking every criterion again."""
    branches: list[str] = []
    for side in (0, 1):
        for word, masks in enumerate(mask_columns(len(demands))):
            part = demands[word * MASK_BITS : (word + 1) * MASK_BITS]
            names = ", ".join(dialect.text_of(demand.stage) for demand in part)
            mask = dialect.name_of(masks[side])
            branches.append(f"WHEN {mask} <> 0 THEN {dialect.lowest_bit.format(mask, names)}")
    return f"CASE {' '.join(branches)} END"
