"""IN_UNIT gives the number a careful person would write down, on every row and in DuckDB."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest

from trialrun.evaluate.rows import compile_program
from trialrun.evaluate.tables import run
from trialrun.expressions import Program, Symbol, Type, build_program
from trialrun.values.units import conversion_factor

# Boundaries of Child-Pugh, MELD and the criteria, as laboratories write them (CLINICAL 1.13 for the factors).
BOUNDARIES = [
    (28.0, "g/L", "g/dL", "albumin", 2.8),
    (35.0, "g/L", "g/dL", "albumin", 3.5),
    (15.0, "g/L", "g/dL", "albumin", 1.5),
    (2.8, "g/dL", "g/L", "albumin", 28.0),
    (3.5, "g/dL", "g/L", "albumin", 35.0),
    (17.104, "umol/L", "mg/dL", "bilirubin", 1.0),
    (34.208, "umol/L", "mg/dL", "bilirubin", 2.0),
    (51.312, "umol/L", "mg/dL", "bilirubin", 3.0),
    (3.0, "mg/dL", "umol/L", "bilirubin", 51.312),
    (88.42, "umol/L", "mg/dL", "creatinine", 1.0),
    (132.63, "umol/L", "mg/dL", "creatinine", 1.5),
    (265.26, "umol/L", "mg/dL", "creatinine", 3.0),
    (353.68, "umol/L", "mg/dL", "creatinine", 4.0),
    (1.5, "mg/dL", "umol/L", "creatinine", 132.63),
]
SWEEPS = [
    ("g/L", "g/dL", "albumin", 10),
    ("g/dL", "g/L", "albumin", 100),
    ("umol/L", "mg/dL", "bilirubin", 1000),
    ("mg/dL", "umol/L", "bilirubin", 100),
    ("umol/L", "mg/dL", "creatinine", 100),
    ("mg/dL", "umol/L", "creatinine", 100),
    ("kg", "g", None, 100),
    ("cm", "m", None, 10),
    ("d", "wk", None, 1),
    ("Cel", "K", None, 10),
]


def program(unit: str, target: str, analyte: str | None) -> Program:
    symbols = {"x": Symbol("x", Type.NUMBER, unit=unit, analyte=analyte)}
    return build_program(symbols, {"y": f"IN_UNIT(x, '{target}')"})


@pytest.mark.parametrize(("value", "unit", "target", "analyte", "expected"), BOUNDARIES)
def test_a_boundary_stays_on_its_side(
    value: float, unit: str, target: str, analyte: str, expected: float
) -> None:
    rules = program(unit, target, analyte)
    assert compile_program(rules)({"x": value})["y"] == expected
    assert run(rules, pl.DataFrame({"x": [value]}), keep=(), outputs=["y"]).fetchall() == [(expected,)]


@pytest.mark.parametrize(("unit", "target", "analyte", "parts"), SWEEPS)
def test_decimals_are_converted_as_decimals(unit: str, target: str, analyte: str | None, parts: int) -> None:
    factor, offset = conversion_factor(unit, target, analyte)
    exact = [Fraction(number, parts) for number in range(-50, 4000)]
    expected = [float(value * factor + offset) for value in exact]
    values = [float(value) for value in exact]
    rules = program(unit, target, analyte)
    compiled = compile_program(rules)
    assert [compiled({"x": value})["y"] for value in values] == expected
    found = run(rules, pl.DataFrame({"x": values}), keep=(), outputs=["y"]).fetchall()
    assert [value for (value,) in found] == expected


def test_small_and_long_numbers_keep_their_digits() -> None:
    compiled = compile_program(program("mol/L", "mmol/L", None))
    for value in (1.23456789e-9, 2e-14, 0.123456789012345, 1234567.89012345):
        assert compiled({"x": value})["y"] == pytest.approx(value * 1000, rel=1e-14)
