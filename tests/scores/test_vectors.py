"""Every row of the reference vectors, by their README: nobody here wrote the expected values."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from trialrun.errors import UserError
from trialrun.scores import compute

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"
pytestmark = pytest.mark.shared

MELD = {
    "meld_unos": "meld_unos",
    "meld_unos_raw": "meld_unos_raw",
    "meld_na_optn2016": "meld_na_optn2016",
    "meld_na_kim2008_raw": "meld_na_kim2008",
    "meld_na_kim2008_int": "meld_na_kim2008_int",
    "meld_3": "meld_3",
    "meld_3_raw": "meld_3_raw",
}
CHILD = {"ctp_inr": "child_pugh", "ctp_inr_pbc": "child_pugh_pbc", "ctp_pt_seconds": "child_pugh_pt"}
CTCAE = {
    "alanine aminotransferase increased": "alt",
    "aspartate aminotransferase increased": "ast",
    "blood bilirubin increased": "bilirubin",
    "inr increased": "inr",
    "creatinine increased": "creatinine",
    "hypernatremia": "hypernatremia",
    "hyponatremia": "hyponatremia",
    "hypoalbuminemia": "hypoalbuminemia",
    "platelet count decreased": "platelets",
}
INDEX = {"fib4": "fib_4", "apri": "apri", "albi": "albi"}


def rows(name: str) -> list[Any]:
    """The rows of one file, or one row that skips when the reference data are not beside this clone."""
    path = VECTORS / name
    if not path.exists():
        return [pytest.param({}, marks=pytest.mark.skip(reason="reference data are not beside this clone"))]
    with path.open(encoding="utf-8", newline="") as file:
        return [pytest.param(row, id=row["vector_id"]) for row in csv.DictReader(file)]


def holds(row: dict[str, str], value: float | None) -> None:
    """The README's rule for one computed value."""
    if row["verdict"] == "source_differs":
        exact = row["expected_kind"] in ("int", "grade", "stage")
        assert value == pytest.approx(float(row["primary_expected"]), abs=0 if exact else 1e-6, rel=0)
        return
    if row["expected"] == "UNKNOWN":
        assert value is None
        return
    assert value is not None
    assert abs(value - float(row["expected"])) <= float(row["tol_abs"] or 0) + 1e-12
    if row["primary_expected"]:
        printed = len(row["primary_expected"].partition(".")[2])
        assert value == pytest.approx(float(row["primary_expected"]), abs=max(1e-6, 0.51 * 10**-printed))


def one(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """One row computed as a table of one row, so that a refusal is data and not an error."""
    return compute(name, [row])[0]


@pytest.mark.parametrize("row", rows("meld.csv"))
def test_meld(row: dict[str, str]) -> None:
    given = {
        **{
            key: row[key]
            for key in ("creatinine", "creatinine_unit", "bilirubin", "bilirubin_unit", "inr", "dialysis")
        },
        **{key: row[key] for key in ("albumin", "albumin_unit", "sex")},
        "sodium": row["sodium_mmol_l"],
        "age": row["age_years"],
    }
    found = one(MELD[row["variant"]], given)
    assert not found["refused_because"]
    holds(row, found["value"])


@pytest.mark.parametrize("row", rows("child_pugh.csv"))
def test_child_pugh(row: dict[str, str]) -> None:
    keys = ("bilirubin", "bilirubin_unit", "albumin", "albumin_unit", "inr", "pt_sec_prolonged", "ascites")
    given = {**{key: row[key] for key in keys}, "encephalopathy": row["west_haven_grade"]}
    found = one(CHILD[row["variant"]], given)
    if not (row["ascites"] and row["west_haven_grade"]):
        # The data set took a component that was not stated as "none"; a trial must not.
        assert found["value"] is None
        assert found["low"] <= float(row["primary_expected"]) <= found["high"]
        return
    holds(row, found["value"])
    assert found["class"] == ("A" if found["value"] <= 6 else "B" if found["value"] <= 9 else "C")
    if row["expected_class"] and row["verdict"] == "agree":
        assert found["class"] == row["expected_class"]


@pytest.mark.parametrize("row", rows("ctcae.csv"))
def test_ctcae(row: dict[str, str]) -> None:
    name = CTCAE[row["term"].lower()]
    # The admiral tables write 10^9/L, and G/L for grams per litre.
    unit = {"G/L": "g/L"}.get(row["unit"], row["unit"])
    given: dict[str, Any] = {key: row[key] for key in ("value", "uln", "lln", "baseline")}
    if name in ("hypernatremia", "hyponatremia", "hypoalbuminemia", "platelets"):
        given["value_unit"] = unit
    # The source's assumptions: on anticoagulation, and symptomatic.
    given |= {"on_anticoagulation": True, "symptomatic": True}
    found = one(f"ctcae_v5_{name}", given)
    holds(row, found["ctcae_v5_" + name + "_value"])


@pytest.mark.parametrize("row", rows("audit.csv"))
def test_audit(row: dict[str, str]) -> None:
    given = {f"q{n}": row[f"q{n}"] for n in range(1, 11)} | {"sex": row["sex"]}
    found = one(row["instrument"], given)
    if row["expected"] == "INVALID":
        assert found["value"] is None
        assert "is not one of its values" in found["refused_because"]
        return
    holds(row, found["value"])
    if row["expected_zone"]:
        assert found["zone"] == row["expected_zone"]
    if "screen_positive" in row["note"]:
        assert found["positive"] is (row["note"] == "screen_positive=True")


@pytest.mark.parametrize("row", rows("liver_indices.csv"))
def test_liver_indices(row: dict[str, str]) -> None:
    given = {
        "age": row["age_years"],
        "ast": row["ast_u_l"],
        "alt": row["alt_u_l"],
        "platelets": row["platelets_10e9_l"],
        "ast_uln": row["ast_uln"],
        "bilirubin": row["bilirubin_umol_l"],
        "bilirubin_unit": "umol/L",
        "albumin": row["albumin_g_l"],
        "albumin_unit": "g/L",
    }
    found = one(INDEX[row["instrument"]], given)
    if row["verdict"] == "input_implausible":
        assert found["value"] is None
        assert "platelets" in found["refused_because"]
        return
    holds(row, found["value"])


@pytest.mark.parametrize("row", rows("steroid_equivalence.csv"))
def test_steroids(row: dict[str, str]) -> None:
    given = {
        "from_drug": row["from_drug"],
        "to_drug": row["to_drug"],
        "dose": row["from_dose_mg"],
        "route": row["route"],
    }
    holds(row, one("corticosteroid_equivalent", given)["value"])
    if row["to_drug"] == "prednisone":
        holds(row, one("prednisone_equivalent", given | {"drug": row["from_drug"]})["value"])


@pytest.mark.parametrize("row", rows("alcohol_units.csv"))
def test_alcohol(row: dict[str, str]) -> None:
    given = {
        "volume": row["volume_ml"],
        "abv": row["abv_percent"],
        "servings": row["servings"],
        "servings_per_week": row["servings_per_week"],
    }
    found = one("ethanol_units", given)
    holds(row, found["value"])
    assert found["units_per_week"] == pytest.approx(float(row["expected_weekly_units"]), abs=0.051)
    assert found["grams"] == pytest.approx(float(row["expected_ethanol_g"]), abs=0.051)
    assert one("ethanol_grams", given)["value"] == found["grams"]


@pytest.mark.parametrize("row", rows("kdigo_aki.csv"))
def test_kdigo(row: dict[str, str]) -> None:
    given = {
        "baseline": row["baseline_creatinine_mg_dl"],
        "creatinine": row["value_mg_dl"],
        "hours_between": row["hours_between"],
    }
    holds(row, one("kdigo_aki", given)["value"])


def test_no_row_is_left_out() -> None:
    covered = {"meld.csv", "child_pugh.csv", "ctcae.csv", "audit.csv", "liver_indices.csv"}
    covered |= {"steroid_equivalence.csv", "alcohol_units.csv", "kdigo_aki.csv", "units.csv"}
    if not VECTORS.exists():
        pytest.skip("reference data are not beside this clone")
    assert {path.name for path in VECTORS.glob("*.csv")} == covered


def test_errors_are_the_users() -> None:
    with pytest.raises(UserError, match="no score named"):
        compute("meld_na", {"bilirubin": 1})
