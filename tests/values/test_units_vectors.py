"""Every unit row of the reference vectors."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trialrun.errors import UnitError
from trialrun.values.units import check_unit, convert

FILE = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "units.csv"
pytestmark = pytest.mark.shared


def rows() -> list[Any]:
    if not FILE.exists():
        return [pytest.param({}, marks=pytest.mark.skip(reason="reference data are not beside this clone"))]
    with FILE.open(encoding="utf-8", newline="") as file:
        return [pytest.param(row, id=row["vector_id"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("row", rows())
def test_units(row: dict[str, str]) -> None:
    if row["expected_kind"] == "validity":
        if row["expected"] == "valid":
            check_unit(row["from_unit"])
        else:
            with pytest.raises(UnitError):
                check_unit(row["from_unit"])
        return
    molar_mass = float(row["molar_mass"]) if row["molar_mass"] else None
    valence = int(row["charge"]) if row["charge"] else None
    wanted = row["primary_expected"] if row["verdict"] == "source_differs" else row["expected"]
    for value in (Decimal(row["value"]), float(row["value"])):
        found = convert(
            value, row["from_unit"], row["to_unit"], row["analyte"], molar_mass=molar_mass, valence=valence
        )
        assert float(found) == pytest.approx(float(wanted), abs=float(row["tol_abs"]), rel=0)
        assert float(found) == pytest.approx(float(row["primary_expected"]), rel=1e-6)
