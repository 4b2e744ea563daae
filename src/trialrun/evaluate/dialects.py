"""How each SQL engine spells the few things the rewritten rules need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trialrun.expressions.types import Type


@dataclass(frozen=True, slots=True)
class Dialect:
    """One engine's spelling.

    Args:
        name: as asked for.
        sqlglot: the name sqlglot knows it by, to read its text back.
        types: the type's name; numbers are always double precision.
        quote: what encloses a name.
        backslash: whether a backslash escapes inside a text.
        fence: what keeps one stage from being merged into the next, when the engine would do that
            and compute the stage again for every use.
        floor_gives_integer: FLOOR overflows beyond 64 bits.
        writes_months: whether it can add a computed number of months to a date by itself.
        orders_nan: NaN is greater than every number, instead of unequal to all.
        finite: a test for numbers that are neither NaN nor infinite, where a comparison is not enough:
            DuckDB leaves out comparisons that a Parquet file's least and greatest value decide, and
            those leave out NaN.
        lowest_bit: the text of a list whose place is that of the lowest bit set in a mask above zero,
            where the engine has a quick way; {0} is the mask, {1} the texts with commas between.
        day: how a calendar day is written.
        functions: templates that differ from NAME(arguments).
    """

    name: str
    sqlglot: str
    types: Mapping[Type, str]
    quote: str = '"'
    backslash: bool = False
    fence: str = ""
    floor_gives_integer: bool = False
    writes_months: bool = True
    orders_nan: bool = True
    finite: str = ""
    lowest_bit: str = ""
    day: str = "DATE '{0}'"
    functions: Mapping[str, str] = field(default_factory=dict[str, str])

    def name_of(self, name: str) -> str:
        """A name, quoted."""
        return f"{self.quote}{name.replace(self.quote, self.quote * 2)}{self.quote}"

    def text_of(self, text: str) -> str:
        """A text, quoted."""
        if self.backslash:
            text = text.replace("\\", "\\\\").replace("'", "\\'")
            return f"'{text}'"
        return "'" + text.replace("'", "''") + "'"


def _types(number: str, boolean: str, text: str, date: str) -> Mapping[Type, str]:
    return {Type.NUMBER: number, Type.BOOLEAN: boolean, Type.TEXT: text, Type.CHOICE: text, Type.DATE: date}


_CAPITALS, _SMALL = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
_LOWER = f"TRANSLATE({{0}}, '{_CAPITALS}', '{_SMALL}')"


def _parts_of_date(number: str) -> dict[str, str]:
    return {part: f"CAST(EXTRACT({part} FROM {{0}}) AS {number})" for part in ("YEAR", "MONTH", "DAY")}


DUCKDB = Dialect(
    "duckdb",
    "duckdb",
    _types("DOUBLE", "BOOLEAN", "VARCHAR", "DATE"),
    finite="ISFINITE({0})",
    lowest_bit="[{1}][BIT_COUNT(({0} & -{0}) - 1) + 1]",
    functions={
        "LOWER": _LOWER,
        "YEAR": "CAST(YEAR({0}) AS DOUBLE)",
        "MONTH": "CAST(MONTH({0}) AS DOUBLE)",
        "DAY": "CAST(DAY({0}) AS DOUBLE)",
        "DAY_NUMBER": "CAST(DATE_DIFF('day', DATE '1970-01-01', {0}) AS DOUBLE)",
        "FROM_DAY_NUMBER": "(DATE '1970-01-01' + CAST({0} AS INTEGER))",
        "ADD_MONTHS": "CAST({0} + TO_MONTHS(CAST({1} AS INTEGER)) AS DATE)",
    },
)

POSTGRES = Dialect(
    "postgres",
    "postgres",
    _types("DOUBLE PRECISION", "BOOLEAN", "TEXT", "DATE"),
    fence="OFFSET 0",
    functions={
        "LOWER": _LOWER,
        "LOG10": "LOG({0})",
        **_parts_of_date("DOUBLE PRECISION"),
        "DAY_NUMBER": "CAST({0} - DATE '1970-01-01' AS DOUBLE PRECISION)",
        "FROM_DAY_NUMBER": "(DATE '1970-01-01' + CAST({0} AS INTEGER))",
        "ADD_MONTHS": "CAST({0} + MAKE_INTERVAL(months => CAST({1} AS INTEGER)) AS DATE)",
    },
)

CLICKHOUSE = Dialect(
    "clickhouse",
    "clickhouse",
    _types("Nullable(Float64)", "Nullable(Bool)", "Nullable(String)", "Nullable(Date32)"),
    backslash=True,
    orders_nan=False,
    # ClickHouse's Date begins in 1970 and wraps birth dates; Date32 reaches from 1900 to 2299.
    day="toDate32('{0}')",
    functions={
        "LOWER": f"translateUTF8({{0}}, '{_CAPITALS}', '{_SMALL}')",
        "LN": "log({0})",
        "LOG10": "log10({0})",
        "CEIL": "ceil({0})",
        "YEAR": "toFloat64(toYear({0}))",
        "MONTH": "toFloat64(toMonth({0}))",
        "DAY": "toFloat64(toDayOfMonth({0}))",
        "DAY_NUMBER": "toFloat64(toInt32({0}))",
        # toInt32 also converts what lies hidden under a NULL, and fails on an infinity there.
        "FROM_DAY_NUMBER": "addDays(toDate32('1970-01-01'), accurateCastOrNull({0}, 'Int32'))",
        "ADD_MONTHS": "addMonths({0}, accurateCastOrNull({1}, 'Int32'))",
    },
)

DATAFUSION = Dialect(
    "datafusion",
    "postgres",
    _types("DOUBLE", "BOOLEAN", "VARCHAR", "DATE"),
    writes_months=False,
    functions={
        "LOWER": _LOWER,
        "YEAR": "CAST(DATE_PART('year', {0}) AS DOUBLE)",
        "MONTH": "CAST(DATE_PART('month', {0}) AS DOUBLE)",
        "DAY": "CAST(DATE_PART('day', {0}) AS DOUBLE)",
        "DAY_NUMBER": "CAST(CAST({0} AS INTEGER) AS DOUBLE)",
        "FROM_DAY_NUMBER": "CAST(CAST({0} AS INTEGER) AS DATE)",
    },
)

SPARK = Dialect(
    "spark",
    "spark",
    _types("DOUBLE", "BOOLEAN", "STRING", "DATE"),
    quote="`",
    backslash=True,
    floor_gives_integer=True,
    functions={
        "LOWER": _LOWER,
        "FLOOR": "CAST(FLOOR({0}) AS DOUBLE)",
        "CEIL": "CAST(CEIL({0}) AS DOUBLE)",
        "YEAR": "CAST(YEAR({0}) AS DOUBLE)",
        "MONTH": "CAST(MONTH({0}) AS DOUBLE)",
        "DAY": "CAST(DAY({0}) AS DOUBLE)",
        "DAY_NUMBER": "CAST(DATEDIFF({0}, DATE '1970-01-01') AS DOUBLE)",
        "FROM_DAY_NUMBER": "DATE_ADD(DATE '1970-01-01', CAST({0} AS INT))",
        "ADD_MONTHS": "ADD_MONTHS({0}, CAST({1} AS INT))",
    },
)

BIGQUERY = Dialect(
    "bigquery",
    "bigquery",
    _types("FLOAT64", "BOOL", "STRING", "DATE"),
    quote="`",
    backslash=True,
    orders_nan=False,
    functions={
        "LOWER": _LOWER,
        **_parts_of_date("FLOAT64"),
        "DAY_NUMBER": "CAST(DATE_DIFF({0}, DATE '1970-01-01', DAY) AS FLOAT64)",
        "FROM_DAY_NUMBER": "DATE_ADD(DATE '1970-01-01', INTERVAL CAST({0} AS INT64) DAY)",
        "ADD_MONTHS": "DATE_ADD({0}, INTERVAL CAST({1} AS INT64) MONTH)",
    },
)

SNOWFLAKE = Dialect(
    "snowflake",
    "snowflake",
    _types("DOUBLE", "BOOLEAN", "VARCHAR", "DATE"),
    backslash=True,
    functions={
        "LOWER": _LOWER,
        "LOG10": "LOG(10, {0})",
        **_parts_of_date("DOUBLE"),
        "DAY_NUMBER": "CAST(DATEDIFF(DAY, DATE '1970-01-01', {0}) AS DOUBLE)",
        "FROM_DAY_NUMBER": "DATEADD(DAY, CAST({0} AS INT), DATE '1970-01-01')",
        # Its ADD_MONTHS moves the last day of a month to the last day of the other; DATEADD clips only.
        "ADD_MONTHS": "DATEADD(MONTH, CAST({1} AS INT), {0})",
    },
)

TRINO = Dialect(
    "trino",
    "trino",
    _types("DOUBLE", "BOOLEAN", "VARCHAR", "DATE"),
    orders_nan=False,
    functions={
        "LOWER": _LOWER,
        **_parts_of_date("DOUBLE"),
        "DAY_NUMBER": "CAST(DATE_DIFF('DAY', DATE '1970-01-01', {0}) AS DOUBLE)",
        "FROM_DAY_NUMBER": "DATE_ADD('DAY', CAST({0} AS INTEGER), DATE '1970-01-01')",
        "ADD_MONTHS": "DATE_ADD('MONTH', CAST({1} AS INTEGER), {0})",
    },
)

DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect
    for dialect in (DUCKDB, POSTGRES, CLICKHOUSE, DATAFUSION, SPARK, BIGQUERY, SNOWFLAKE, TRINO)
}
