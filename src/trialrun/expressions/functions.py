"""The closed list of functions, and what to say to those who ask for another."""

from __future__ import annotations

import difflib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the language; unknown in gives unknown out unless the summary says otherwise."""

    name: str
    signature: str
    summary: str
    least: int
    most: int


_LIST = (
    Function(
        "CLAMP", "CLAMP(x, low, high)", "x moved into [low, high]; NULL as a bound means no bound", 3, 3
    ),
    Function(
        "ROUND_HALF_UP",
        "ROUND_HALF_UP(x[, digits])",
        "rounded, halves away from zero; within 1e-9 of a half counts as a half",
        1,
        2,
    ),
    Function("FLOOR", "FLOOR(x)", "the whole number at or below x", 1, 1),
    Function("CEIL", "CEIL(x)", "the whole number at or above x", 1, 1),
    Function("ABS", "ABS(x)", "x without its sign", 1, 1),
    Function("LN", "LN(x)", "natural logarithm; unknown unless x > 0", 1, 1),
    Function("LOG10", "LOG10(x)", "logarithm to base 10; unknown unless x > 0", 1, 1),
    Function("EXP", "EXP(x)", "e to the power x; unknown outside -230 to 230", 1, 1),
    Function("SQRT", "SQRT(x)", "square root; unknown if x < 0", 1, 1),
    Function("POWER", "POWER(x, y)", "x to the power y; unknown where it has no real, finite value", 2, 2),
    Function("YEARS_BETWEEN", "YEARS_BETWEEN(start, end)", "completed years", 2, 2),
    Function("MONTHS_BETWEEN", "MONTHS_BETWEEN(start, end)", "completed calendar months", 2, 2),
    Function("DAYS_BETWEEN", "DAYS_BETWEEN(start, end)", "days from start to end", 2, 2),
    Function(
        "ADD_MONTHS", "ADD_MONTHS(date, n)", "n calendar months later, clipped to the month's end", 2, 2
    ),
    Function("ADD_DAYS", "ADD_DAYS(date, n)", "n days later", 2, 2),
    Function("LOWER", "LOWER(text)", "A to Z in small letters; other letters stay", 1, 1),
    Function("SMALLER", "SMALLER(a, b)", "the smaller of two, unknown if either is", 2, 2),
    Function("LARGER", "LARGER(a, b)", "the larger of two, unknown if either is", 2, 2),
    Function("IN_UNIT", "IN_UNIT(x, 'unit')", "the same quantity in another unit", 2, 2),
    Function("MAGNITUDE", "MAGNITUDE(x)", "the number without its unit", 1, 1),
    Function("COALESCE", "COALESCE(a, b, ...)", "the first that is known", 2, 20),
)

FUNCTIONS = {function.name: function for function in _LIST}

#: What people write out of habit, and what to write here instead.
ADVICE = {
    "GREATEST": "engines skip NULL in GREATEST, so a missing value would pass unseen: use LARGER(a, b)",
    "LEAST": "engines skip NULL in LEAST, so a missing value would pass unseen: use SMALLER(a, b)",
    "MAX": "use LARGER(a, b); to look over many rows declare a derived value with `over`",
    "MIN": "use SMALLER(a, b); to look over many rows declare a derived value with `over`",
    "SUM": "add with +; to add over many rows declare a derived value with `over`",
    "COUNT": "to look over many rows declare a derived value with `over`",
    "AVG": "to look over many rows declare a derived value with `over`",
    "LOG": "LOG is base e on some engines and base 10 on others: use LN(x) or LOG10(x)",
    "LOG2": "use LN(x) / LN(2)",
    "ROUND": "engines round halves differently: use ROUND_HALF_UP(x, digits)",
    "TRUNC": "use FLOOR(x) or CEIL(x)",
    "CEILING": "use CEIL(x)",
    "POW": "use POWER(x, y)",
    "MOD": "engines differ on the sign: use x - y * FLOOR(x / y)",
    "DIV": "use FLOOR(x / y)",
    "CAST": "types are declared with the item, never cast: use ROUND_HALF_UP, FLOOR or CEIL to get whole numbers",
    "TRY_CAST": "types are declared with the item, never cast",
    "CONVERT": "use IN_UNIT(x, 'unit')",
    "IFNULL": "use COALESCE(a, b)",
    "NVL": "use COALESCE(a, b)",
    "ISNULL": "use x IS NULL",
    "NULLIF": "use CASE WHEN a = b THEN NULL ELSE a END",
    "IIF": "use CASE WHEN ... THEN ... ELSE ... END",
    "IF": "use CASE WHEN ... THEN ... ELSE ... END",
    "DATEDIFF": "use DAYS_BETWEEN(start, end), MONTHS_BETWEEN or YEARS_BETWEEN",
    "DATE_DIFF": "use DAYS_BETWEEN(start, end), MONTHS_BETWEEN or YEARS_BETWEEN",
    "AGE": "use YEARS_BETWEEN(birth_date, on_date)",
    "YEAR": "use YEARS_BETWEEN(start, end)",
    "DATE": "write DATE 'YYYY-MM-DD' without brackets",
    "DATE_ADD": "use ADD_DAYS(date, n) or ADD_MONTHS(date, n)",
    "DATEADD": "use ADD_DAYS(date, n) or ADD_MONTHS(date, n)",
    "NOW": "a rule has no clock, or it would change its answer overnight: compare with a date item",
    "TODAY": "a rule has no clock, or it would change its answer overnight: compare with a date item",
    "UPPER": "use LOWER(x) on both sides",
    "REGEXP_MATCHES": "patterns differ between engines: list the texts with IN",
    "CONTAINS": "patterns differ between engines: list the texts with IN",
    "STARTS_WITH": "patterns differ between engines: list the texts with IN",
}


def suggest(word: str, known: list[str]) -> str:
    """A `did you mean` for a misspelt word, or nothing."""
    lowered = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    return f"did you mean {lowered[close[0]]!r}?" if close else ""
