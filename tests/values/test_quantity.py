"""Numbers as entered, and doubt about them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from trialrun.errors import UserError
from trialrun.values.finding import Severity
from trialrun.values.plausible import doubt
from trialrun.values.quantity import Quantity, parse_decimal, parse_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.20", "1.20"), (" 7 ", "7"), ("-0.5", "-0.5"), (".5", "0.5"), ("1e-3", "0.001"), ("\u06f1\u06f2\u066b\u06f5", "12.5"),
     ("\u0663", "3"), ("\u22122", "-2")],
)  # fmt: skip
def test_numbers_are_kept_as_entered(text: str, value: str) -> None:
    assert parse_decimal(text) == Decimal(value)
    assert str(parse_decimal("1.20")) == "1.20"


@pytest.mark.parametrize(
    ("text", "advice"),
    [("1,2", "point"), ("1,200.5", "point"), ("1e999", "digits"), ("1e99", "exponent"), ("NaN", "reason"), ("inf", "reason"),
     ("<0.3", "limit of measurement"), ("", "empty"), ("1_000", "digits"), ("0x10", "digits"), ("1 2", "digits"),
     ("9" * 60, "digits"), ("\u0967", "digits")],
)  # fmt: skip
def test_what_is_no_number_is_refused_with_advice(text: str, advice: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_decimal(text)
    assert advice in caught.value.remedy


def test_quantities() -> None:
    found = parse_quantity("2.10 mg/dL")
    assert (found.value, found.unit, found.text, str(found)) == (
        Decimal("2.10"),
        "mg/dL",
        "2.10",
        "2.10 mg/dL",
    )
    assert found.to("umol/L", "bilirubin").value == Decimal("35.9184")
    for wrong in ("2.1", "mg/dL", "2,1 mg/dL", "2.1 mg/dl/", "2.1 K/uL"):
        with pytest.raises(UserError):
            parse_quantity(wrong)
    with pytest.raises(UserError):
        Quantity(Decimal(1), "mEq/L")


@pytest.mark.parametrize(
    ("value", "unit", "analyte", "severity", "hint"),
    [
        ("35", "g/dL", "albumin", Severity.ERROR, "35 g/L"),
        ("88", "mg/dL", "creatinine", Severity.ERROR, "88 umol/L"),
        ("150000", "10*9/L", "platelets", Severity.ERROR, "150000 /uL"),
        ("9", "mg/dL", "creatinine", Severity.WARNING, ""),
        ("118", "mmol/L", "sodium", Severity.WARNING, ""),
        ("3.5", "g/dL", "albumin", None, ""),
        ("0.119", "10*9/L", "platelets", Severity.ERROR, ""),
    ],
)
def test_doubt(value: str, unit: str, analyte: str, severity: Severity | None, hint: str) -> None:
    finding = doubt(Decimal(value), unit, analyte)
    assert (finding.severity if finding else None) == severity
    if finding is not None:
        assert hint in finding.remedy
