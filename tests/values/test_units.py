"""Units: what is accepted, what is refused and with which advice, and exactness."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialrun.errors import UnitError
from trialrun.values import ucum_library
from trialrun.values.unit_table import look_up
from trialrun.values.units import check_unit, conversion_factor, convert, dimension, same_dimension

ADVICE = [
    ("K/uL", "10*3/uL"),
    ("K/ul", "10*3/uL"),
    ("m/uL", "10*6/uL"),
    ("G/L", "10*9/L"),
    ("mEq/L", "meq/L"),
    ("MEQ/L", "meq/L"),
    ("\u00b5mol/L", "umol/L"),
    ("\u03bcmol/L", "umol/L"),
    ("mg/\u00b5L", "mg/uL"),
    ("IU/L", "[IU]/L"),
    ("IU/L", "U/L for an enzyme"),
    ("x10E9/L", "10*9/L"),
    ("x10^3/\u00b5L", "10*3/uL"),
    ("10e3/uL", "10*3/uL"),
    ("mmHg", "mm[Hg]"),
    ("MG/DL", "mg/dL"),
    ("mg / dL", "mg/dL"),
    ("INR", "{INR}"),
    ("sec", "write s"),
    ("lbs", "[lb_av]"),
    ("years", "write a"),
    ("", "write the UCUM unit"),
    ("mg/dLL", "did you mean mg/dL"),
]


@pytest.mark.parametrize(("unit", "advice"), ADVICE)
def test_refusals_say_what_to_write(unit: str, advice: str) -> None:
    with pytest.raises(UnitError) as caught:
        check_unit(unit)
    assert advice in caught.value.remedy


@pytest.mark.parametrize(
    "unit", ["'; DROP TABLE", "mg/dL\n", "9" * 500, "(" * 60, "[xyz]/L", "{", "..", "/", "mg//dL"]
)
def test_nonsense_is_refused(unit: str) -> None:
    with pytest.raises(UnitError):
        check_unit(unit)


@pytest.mark.parametrize(
    "unit",
    [
        "mg/dL", "umol/L", "mmol/L", "g/dL", "g/L", "U/L", "ukat/L", "10*3/uL", "10*9/L", "/uL", "mm[Hg]", "[lb_av]",
        "[in_i]", "kg", "cm", "kg/m2", "%", "d", "wk", "mo", "a", "min", "h", "mL/min", "ng/mL", "kPa", "mg/kg/d", "pg",
    ],
)  # fmt: skip
def test_the_table_and_the_library_agree(unit: str) -> None:
    ours, theirs = look_up(unit), ucum_library.look_up(unit)
    assert ours is not None
    assert theirs is not None
    assert ours.dimensions == theirs.dimensions
    assert float(ours.factor) == pytest.approx(float(theirs.factor), rel=1e-5)


@pytest.mark.parametrize(
    "unit", ["mosm/kg", "[pH]", "cd", "[gal_us]", "mg/(kg.d)", "[arb'U]/mL", "10^9/L", "{score}"]
)
def test_units_of_the_library_are_accepted(unit: str) -> None:
    check_unit(unit)
    assert dimension(unit)


def test_boundary_values_are_exact() -> None:
    assert convert(Decimal("34.208"), "umol/L", "mg/dL", "bilirubin") == 2
    assert convert(34.208, "umol/L", "mg/dL", "bilirubin") == 2.0
    assert convert(51.312, "umol/L", "mg/dL", "bilirubin") == 3.0
    assert convert(353.68, "umol/L", "mg/dL", "creatinine") == 4.0
    assert convert(28, "g/L", "g/dL", "albumin") == 2.8
    assert convert(37.0, "Cel", "[degF]") == pytest.approx(98.6)
    assert conversion_factor("mg/dL", "umol/L", "creatinine")[0] * 50 == 4421


def test_mass_and_amount_need_a_substance() -> None:
    with pytest.raises(UnitError, match="cannot be written") as caught:
        convert(1.0, "mg/dL", "umol/L")
    assert "name the substance" in caught.value.remedy
    assert not same_dimension("mg/dL", "umol/L", "albumin")
    assert same_dimension("mg/dL", "umol/L", "Bilirubin")
    assert same_dimension("meq/L", "mmol/L", "sodium")
    assert not same_dimension("meq/L", "mmol/L")
    assert convert(4.0, "meq/L", "mmol/L", "calcium") == 2.0


def test_international_units_are_an_activity_only_for_enzymes() -> None:
    assert convert(60.0, "[IU]/L", "ukat/L", "alt") == 1.0
    with pytest.raises(UnitError):
        convert(60.0, "[IU]/L", "U/L")
    assert dimension("[IU]/L") != dimension("10*9/L")


@given(st.decimals(min_value="0.001", max_value="100000", places=3))
def test_there_and_back_is_the_same_number(value: Decimal) -> None:
    for analyte, here, there in (
        ("bilirubin", "mg/dL", "umol/L"),
        ("alt", "ukat/L", "U/L"),
        ("albumin", "g/dL", "g/L"),
    ):
        assert convert(convert(value, here, there, analyte), there, here, analyte) == value


def test_common_units_do_not_load_the_library() -> None:
    code = (
        "import sys; from trialrun.values.units import check_unit, convert;"
        "check_unit('mg/dL'); convert(1.0, 'mg/dL', 'umol/L', 'bilirubin'); check_unit('{INR}');"
        "import trialrun.scores; trialrun.scores.names();"
        "print([name for name in ('pint', 'ucumvert', 'duckdb', 'numpy', 'sqlglot') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
