"""Published values and the traps between them, from small tables that are part of the repository."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from trialrun.errors import ScoreError
from trialrun.scores import compute, names
from trialrun.scores.load import score

HERE = Path(__file__).parent


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows("meld_worked_values.csv"))
def test_meld_family(row: dict[str, str]) -> None:
    given = [row | {"bilirubin_unit": "mg/dL"}]
    for name, column in (("meld_unos", "unos"), ("meld_na_optn2016", "optn2016"), ("meld_3", "meld3")):
        assert compute(name, given)[0]["value"] == float(row[column]), name
    raw = (("meld_unos_raw", "raw"), ("meld_na_kim2008", "kim2008"), ("meld_3_raw", "meld3_raw"))
    for name, column in raw:
        assert compute(name, given)[0]["value"] == pytest.approx(float(row[column]), abs=0.00051), name


@pytest.mark.parametrize(
    "row", rows("child_pugh_boundaries.csv"), ids=lambda row: f"{row['input']} {row['value']}"
)
def test_child_pugh_boundaries(row: dict[str, str]) -> None:
    base = {"bilirubin": "1 mg/dL", "albumin": "4 g/dL", "inr": 1.0, "ascites": "none", "encephalopathy": 0}
    value = f"{row['value']} {row['unit']}".strip() if row["unit"] else row["value"]
    found = compute("child_pugh", base | {row["input"]: value})
    points = {"inr": "coagulation"}.get(row["input"], row["input"])
    assert found[f"{points}_points"] == float(row["points"])
    assert found["value"] == 4 + float(row["points"])


@pytest.mark.parametrize("row", rows("ctcae_facts.csv"), ids=lambda row: row["fact"])
def test_ctcae_facts(row: dict[str, str]) -> None:
    given: dict[str, Any] = {key: row[key] for key in ("value", "uln", "lln", "baseline")} | {
        "value_unit": row["unit"]
    }
    given |= {"on_anticoagulation": row["on_anticoagulation"], "symptomatic": row["symptomatic"]}
    found = compute(f"ctcae_v5_{row['term']}", [given])[0]
    assert found["grade"] == (float(row["grade"]) if row["grade"] else None)
    assert found["low"] == (float(row["low"]) if row["low"] else None)
    assert found["high"] == (float(row["high"]) if row["high"] else None)


MELD = {"creatinine": 1.1, "bilirubin": "2.0 mg/dL", "inr": 1.1, "sodium": 122, "dialysis": False}
CHILD = {"bilirubin": "3.5 mg/dL", "albumin": 2.5, "inr": 2.4, "ascites": "slight", "encephalopathy": 1}


def test_trap_rounding_comes_before_the_threshold() -> None:
    assert compute("meld_na_optn2016", MELD)["value"] == 11


def test_trap_four_formulas_are_called_meld_na() -> None:
    found = {name: compute(name, MELD)["value"] for name in names() if name.startswith("meld_na_")}
    assert len({round(value, 3) for value in found.values()}) == len(found) == 4
    with pytest.raises(ScoreError, match="no score named 'meld_na'"):
        score("meld_na")


@pytest.mark.parametrize(
    ("name", "given", "missing"),
    [
        ("meld_na_optn2016", MELD, "dialysis"),
        ("child_pugh", CHILD, "ascites"),
        ("child_pugh", CHILD, "encephalopathy"),
    ],
)
def test_trap_an_absent_answer_is_not_no(name: str, given: dict[str, Any], missing: str) -> None:
    for absent in (given | {missing: None}, {key: value for key, value in given.items() if key != missing}):
        found = compute(name, absent)
        assert found["value"] is None
        assert found["unknown_because"] == missing
        assert found["low"] < found["high"]


def test_class_is_decided_when_all_totals_agree() -> None:
    found = compute("child_pugh", CHILD | {"ascites": None, "encephalopathy": None})
    assert (found["low"], found["high"], found["class"]) == (11, 15, "C")
    found = compute("child_pugh", CHILD | {"bilirubin": "1 mg/dL", "ascites": None})
    assert (found["low"], found["high"], found["class"]) == (10, 12, "C")
    found = compute("child_pugh", CHILD | {"bilirubin": "1 mg/dL", "albumin": 3.0, "ascites": None})
    assert (found["low"], found["high"], found["class"]) == (9, 11, None)


def test_trap_a_bilirubin_unit_is_never_guessed() -> None:
    for name in ("meld_unos", "child_pugh", "albi", "meld_3"):
        with pytest.raises(ScoreError, match="bilirubin has no unit"):
            compute(name, [{"bilirubin": 12, "creatinine": 1, "inr": 1, "albumin": 3}])


def test_trap_one_pair_of_factors() -> None:
    found = compute(
        "meld_unos_raw",
        {"bilirubin": "17.104 umol/L", "creatinine": "176.84 umol/L", "inr": 1, "dialysis": 0},
    )
    assert found["creatinine_used"] == 2.0
    assert found["value"] == pytest.approx(6.43 + 9.57 * 0.6931471805599453, abs=1e-12)


def test_trap_dialysis_overrides_the_floor() -> None:
    given = {"creatinine": 0.7, "bilirubin": "2.4 mg/dL", "inr": 1.5, "sodium": 133, "dialysis": True}
    assert compute("meld_na_optn2016", given)["value"] == 30
    given["creatinine"] = None
    assert compute("meld_na_optn2016", given)["value"] is None


@pytest.mark.parametrize(
    ("item", "answer"), [("q9", 1), ("q9", 3), ("q10", 1), ("q10", 3), ("q1", 5), ("q4", -1)]
)
def test_trap_audit_answers_that_do_not_exist(item: str, answer: int) -> None:
    given = {f"q{n}": 0 for n in range(1, 11)} | {item: answer}
    with pytest.raises(ScoreError, match=f"{item}: {answer} is not one of its values"):
        compute("audit", given)


def test_trap_skipped_items_are_not_missing_items() -> None:
    abstainer = {"q1": 0, "q9": 2, "q10": 0}
    assert compute("audit", abstainer)["value"] == 2
    light = {"q1": 2, "q2": 0, "q3": 0, "q9": 0, "q10": 0}
    assert compute("audit", light)["value"] == 2
    missing = {"q1": 2, "q2": 1, "q3": 0, "q9": 0, "q10": 0}
    found = compute("audit", missing)
    assert found["value"] is None
    assert found["unknown_because"] == "q4, q5, q6, q7, q8"
    assert (found["low"], found["high"], found["zone"]) == (3, 23, None)
    surely = {f"q{n}": 4 for n in range(1, 8)} | {"q9": 0}
    assert compute("audit", surely)["zone"] == "IV"


def test_trap_halves_are_rounded_up() -> None:
    # MELD 10 with sodium 138 is exactly 11.5 by Kim 2008 on the integer.
    found = compute(
        "meld_na_kim2008_int",
        {"creatinine": 1.0, "bilirubin": "2.57 mg/dL", "inr": 1, "sodium": 138, "dialysis": 0},
    )
    assert found["i"] == 10
    assert found["value"] == 12


@pytest.mark.parametrize(
    ("before", "after", "percent"),
    [(80.0, 76.0, 5.0), (80.0, 75.9, 5.125), (70.2, 66.69, 5.0), (30.0, 28.5, 5.0)],
)
def test_trap_five_percent_is_not_more_than_five(before: float, after: float, percent: float) -> None:
    assert compute("percent_weight_loss", {"weight_reference": before, "weight": after})["value"] == percent


def test_steroid_limit_is_crossed_where_the_table_says() -> None:
    for drug, dose in (
        ("hydrocortisone", 40),
        ("methylprednisolone", 8),
        ("dexamethasone", 1.5),
        ("cortisone", 50),
    ):
        assert compute("prednisone_equivalent", {"drug": drug, "dose": dose})["value"] == pytest.approx(
            10, abs=1e-12
        )


@pytest.mark.parametrize(
    "given", [{"drug": "budesonide", "dose": 9}, {"drug": "prednisone", "dose": 20, "route": "topical"}]
)
def test_no_systemic_equivalence_goes_to_the_medical_monitor(given: dict[str, Any]) -> None:
    found = compute("prednisone_equivalent", given)
    assert found["value"] is None
    assert "medical monitor" in found["unknown_because"]


def test_alcohol_limits_of_the_record() -> None:
    women = compute("ethanol_grams", {"volume": 20, "abv": 100})
    assert women["value"] == pytest.approx(15.78)
    assert women["uk_units"] == 2.0


def test_scheduled_visits_cannot_exclude_kidney_injury() -> None:
    apart = {"baseline": 1.0, "creatinine": 1.6, "hours_between": 1440}
    assert compute("ica_aki", apart)["value"] is None
    assert compute("ica_aki", apart | {"creatinine": 1.2})["value"] == 0
    assert compute("ica_aki", apart | {"hours_between": 100})["substage"] == "1B"
    assert compute("kdigo_aki", apart | {"hours_between": None})["value"] is None


@pytest.mark.parametrize("name", names())
def test_worked_examples(name: str) -> None:
    example = score(name).example
    found = compute(name, [dict(example.inputs)])[0]
    value = found.get(f"{name}_value", found["value"])
    assert value == pytest.approx(example.value, abs=example.tolerance + 1e-12)
