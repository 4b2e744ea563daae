"""Rules on one row: what goes in, what comes out, and why something is unknown."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trialrun.errors import ExpressionError
from trialrun.evaluate.rows import compile_program
from trialrun.expressions import Definition, Symbol, Type, build_program
from trialrun.values.dates import parse_partial_date
from trialrun.values.missing import Missing

SYMBOLS = {
    symbol.name: symbol
    for symbol in (
        Symbol("x", Type.NUMBER),
        Symbol("a", Type.BOOLEAN),
        Symbol("t", Type.TEXT),
        Symbol("s", Type.CHOICE, choices=("M", "F")),
        Symbol("d", Type.DATE),
        Symbol("p", Type.DATE, bounded=True),
        Symbol("malignancy", Type.BOOLEAN),
        Symbol("malignancy_date", Type.DATE),
        Symbol("q", Type.NUMBER, bounded=True),
    )
}
ECHO = {"of_x": "x + 0", "of_a": "NOT NOT a", "of_t": "t", "of_s": "s", "of_d": "d", "of_p": "p"}


def one(rule: str, row: dict[str, Any]) -> Any:
    return compile_program(build_program(SYMBOLS, {"rule": rule}))(row)["rule"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("x", 3, 3.0),
        ("x", Decimal("3.2"), 3.2),
        ("x", np.float64(2.5), 2.5),
        ("x", np.int64(2), 2.0),
        ("x", float("nan"), None),
        ("x", float("inf"), None),
        ("x", 10**400, None),
        ("x", Decimal("NaN"), None),
        ("x", Missing(), None),
        ("x", 0, 0.0),
        ("x", 1e-300, None),
        ("a", True, True),
        ("a", np.bool_(False), False),
        ("a", Missing(), None),
        ("t", "x", "x"),
        ("t", float("nan"), None),
        ("s", "F", "F"),
        ("d", date(2026, 1, 2), date(2026, 1, 2)),
        ("d", datetime(2026, 1, 2, 23, 59, tzinfo=UTC), date(2026, 1, 2)),
        ("d", pd.Timestamp("2026-01-02"), date(2026, 1, 2)),
        ("d", pd.NaT, None),
        ("d", date(1850, 1, 1), None),
        ("d", parse_partial_date("2026-01-02"), date(2026, 1, 2)),
        ("d", parse_partial_date("2026-01"), None),
        ("p", parse_partial_date("2026-01-02"), date(2026, 1, 2)),
        ("p", parse_partial_date("2026"), None),
        ("p", Missing(), None),
    ],
)
def test_values_are_read_as_people_store_them(name: str, value: Any, expected: Any) -> None:
    found = one({"x": "x + 0", "a": "NOT NOT a"}.get(name, name), {name: value})
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", "3"),
        ("x", True),
        ("x", [1]),
        ("a", 1),
        ("a", "yes"),
        ("t", 1),
        ("s", 0),
        ("d", "2026-01-02"),
        ("p", 2026),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ExpressionError, match=f"'{name}' is .* is needed"):
        one({"x": "x > 0", "a": "NOT a"}.get(name, f"{name} IS NULL"), {name: value})


def test_a_partial_date_bounds_itself() -> None:
    row = {"p": parse_partial_date("1980"), "d": date(2020, 6, 1)}
    compiled = compile_program(
        build_program(SYMBOLS, {"years": "YEARS_BETWEEN(p, d)", "adult": "years >= 18"})
    )
    assert compiled(row) == {"years": None, "years__low": 39.0, "years__high": 40.0, "adult": True}
    assert compiled.why("years", row) == ("p",)
    assert compiled.why("adult", row) == ()


@pytest.mark.parametrize(
    ("rule", "row", "expected"),
    [
        ("TRUE OR a", {}, ()),
        ("x > 1 OR a", {"x": 2}, ()),
        ("x > 1 AND a", {}, ("x", "a")),
        ("NOT malignancy OR malignancy_date < d", {"malignancy": False}, ()),
        (
            "NOT malignancy OR malignancy_date < d",
            {"malignancy": True, "d": date(2020, 1, 1)},
            ("malignancy_date",),
        ),
        ("NOT malignancy OR malignancy_date < d", {"d": date(2020, 1, 1)}, ("malignancy", "malignancy_date")),
        ("CASE WHEN a THEN x ELSE 2 END > 1", {}, ("a",)),
        ("CASE WHEN a THEN x ELSE 2 END > 1", {"a": True}, ("x",)),
        ("CASE WHEN a AND x > 1 THEN 1 ELSE 2 END > 1", {"a": True}, ("x",)),
        ("COALESCE(x, q) > 1", {}, ("x", "q")),
        ("CLAMP(x, 1, NULL) > 1", {}, ("x",)),
        ("CLAMP(x, q, 9) > 1", {"x": 2}, ("q",)),
        ("LN(x) > 1", {"x": 0}, ()),
        ("x IN (1, 2)", {}, ("x",)),
        ("-x BETWEEN 1 AND 2", {}, ("x",)),
        ("p < d", {"p": parse_partial_date("2020"), "d": date(2020, 6, 1)}, ("p",)),
        ("q > 5", {"q__low": 1, "q__high": 9}, ("q",)),
        ("q > 5", {"q__low": 6, "q__high": 9}, ()),
    ],
)
def test_only_what_would_have_to_be_known_is_named(
    rule: str, row: dict[str, Any], expected: tuple[str, ...]
) -> None:
    compiled = compile_program(build_program(SYMBOLS, {"rule": rule}))
    assert compiled.why("rule", row) == expected
    if expected:
        assert compiled(row)["rule"] is None


def test_reasons_reach_through_stages() -> None:
    program = build_program(SYMBOLS, {"twice": "x * 2", "more": "twice + q", "large": "more > 10"})
    assert compile_program(program).why("large", {"q": 1}) == ("x",)
    with pytest.raises(KeyError):
        compile_program(program).why("nothing", {})


def test_given_bounds_decide_and_an_exact_value_overrules_them() -> None:
    program = build_program(
        SYMBOLS,
        {
            "total": Definition("x + 5", low="COALESCE(x, 1) + 5", high="COALESCE(x, 3) + 5"),
            "band": Definition(
                "CASE WHEN total < 7 THEN 'A' WHEN total < 10 THEN 'B' ELSE 'C' END", choices=("A", "B", "C")
            ),
            "at_most_b": "band IN ('A', 'B')",
        },
    )
    compiled = compile_program(program)
    unknown, known = compiled({}), compiled({"x": 9})
    assert (unknown["total"], unknown["total__low"], unknown["total__high"]) == (None, 6.0, 8.0)
    assert (unknown["band"], unknown["band__low"], unknown["band__high"]) == (None, "A", "B")
    assert unknown["at_most_b"] is True
    assert (known["total__low"], known["total__high"], known["band"], known["at_most_b"]) == (
        14.0,
        14.0,
        "C",
        False,
    )
    assert compiled.why("band", {}) == ("x",)


def test_a_part_of_a_program_computes_only_what_it_needs() -> None:
    compiled = compile_program(build_program(SYMBOLS, {"one": "x > 1", "other": "t = 'a'"}))
    part = compiled.only(["one"])
    assert part({"x": 2, "t": 5}) == {"one": True}
    assert "other" not in part.source
    with pytest.raises(KeyError):
        compiled.only(["nothing"])


def test_no_text_of_a_study_reaches_the_generated_source() -> None:
    compiled = compile_program(build_program(SYMBOLS, {"rule": "t = 'import os'"}))
    assert "import" not in compiled.source
    assert compiled({"t": "import os"}) == {"rule": True}
