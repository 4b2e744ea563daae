"""One meaning for every kind of table: mappings, lists, pandas, Polars, Arrow, few rows or many."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialrun import scores
from trialrun.errors import ScoreError, UserError
from trialrun.scores import frames
from trialrun.scores.load import score

ROW = {
    "creatinine": 2.0,
    "creatinine_unit": "mg/dL",
    "bilirubin": 2.0,
    "bilirubin_unit": "mg/dL",
    "inr": 1.8,
    "sodium": 131,
    "albumin": 2.8,
    "sex": "F",
    "age": 55,
    "dialysis": False,
}


def test_one_mapping() -> None:
    found = scores.compute("meld_na_optn2016", ROW)
    assert found["value"] == 26
    assert found["sex"] == "F"
    assert found["unknown_because"] == ""
    assert (found["low"], found["high"]) == (26, 26)


def test_columns_and_lists_and_frames_agree() -> None:
    import pandas
    import polars
    import pyarrow

    columns = {key: [value, value] for key, value in ROW.items()} | {"dialysis": [False, None]}
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    expected = [26, None]
    assert scores.compute("meld_na_optn2016", columns)["value"] == expected
    assert [row["value"] for row in scores.compute("meld_na_optn2016", rows)] == expected
    arrow = scores.compute("meld_na_optn2016", pyarrow.table(columns))
    assert arrow.column("value").to_pylist() == expected
    assert arrow.column("unknown_because").to_pylist() == ["", "dialysis"]
    polar = scores.compute("meld_na_optn2016", polars.DataFrame(columns))
    assert polar["value"].to_list() == expected
    assert scores.compute("meld_na_optn2016", polars.DataFrame(columns).lazy())["low"].to_list() == [26, 26]
    panda = scores.compute("meld_na_optn2016", pandas.DataFrame(columns, index=[7, 3]))
    assert list(panda.index) == [7, 3]
    assert panda["value"][7] == 26
    assert math.isnan(panda["value"][3])
    assert panda["high"][3] == 31


def test_one_person_by_keyword() -> None:
    found = scores.meld_3(
        creatinine=(2.0, "mg/dL"),
        bilirubin="34.208 umol/L",
        inr=1.8,
        sodium=131,
        albumin=(28, "g/L"),
        sex="female",
        dialysis="no",
    )
    assert found.value == 28
    assert found.notes == (score("meld_3").input("age").if_absent_says,)
    assert found["constant"] == pytest.approx(7.33)
    assert "OPTN" in (scores.meld_3.__doc__ or "")


def test_a_bare_number_is_refused_where_units_compete() -> None:
    with pytest.raises(ScoreError, match=r"creatinine=1\.2 has no unit"):
        scores.meld_unos(creatinine=1.2, bilirubin="2 mg/dL", inr=1.2, dialysis=False)


def test_an_unknown_keyword_and_an_unknown_score_are_refused() -> None:
    with pytest.raises(ScoreError, match="no input named 'creat'"):
        scores.meld_unos(creat=1)
    with pytest.raises(AttributeError):
        _ = scores.meld_4
    with pytest.raises(ScoreError, match="did you mean"):
        scores.compute("meld3", ROW)


def test_refused_values_stop_one_person_and_mark_one_row() -> None:
    wrong = ROW | {"albumin": 28, "albumin_unit": "g/dL"}
    with pytest.raises(ScoreError, match="28 g/L would be ordinary"):
        scores.compute("meld_3", wrong)
    found = scores.compute("meld_3", [wrong, ROW | {"albumin_unit": "g/dL"}])
    assert [row["value"] for row in found] == [None, 28]
    assert "albumin" in found[0]["refused_because"]
    assert (found[0]["low"], found[0]["unknown_because"]) == (None, "")


@pytest.mark.parametrize("table", [{}, [{"x": 1}], 7, [3]])
def test_what_is_no_table_of_inputs_is_refused(table: Any) -> None:
    with pytest.raises(UserError):
        scores.compute("meld_3", table)


def test_an_output_never_replaces_a_column() -> None:
    found = scores.compute("ctcae_v5_alt", [{"value": 120, "uln": 40, "baseline": 80, "low": "kept"}])[0]
    assert found["value"] == 120
    assert found["low"] == "kept"
    assert found["ctcae_v5_alt_value"] == 1
    assert found["grade"] == 1


def test_inputs_in_different_units_meet_in_one() -> None:
    row = {
        "value": 2,
        "value_unit": "ukat/L",
        "uln": 40,
        "uln_unit": "U/L",
        "baseline": 80,
        "baseline_unit": "U/L",
    }
    found = scores.compute("ctcae_v5_alt", [row])[0]
    assert found["grade"] == 1
    assert found["times_baseline"] == 1.5


cells = st.fixed_dictionaries(
    {
        "creatinine": st.one_of(st.none(), st.floats(0.05, 35).map(lambda x: round(x, 2))),
        "bilirubin": st.one_of(st.none(), st.sampled_from([2.0, 3.0, 34.208, 51.312]), st.floats(0.01, 90)),
        "inr": st.one_of(st.none(), st.sampled_from([1.7, 2.3]), st.floats(0.4, 22)),
        "sodium": st.one_of(st.none(), st.integers(85, 195)),
        "albumin": st.one_of(st.none(), st.floats(0.1, 8).map(lambda x: round(x, 1))),
        "ascites": st.sampled_from(["none", "slight", "moderate", "severe", "", "lots"]),
        "encephalopathy": st.sampled_from([0, 1, 2, 3, 4, None]),
        "sex": st.sampled_from(["M", "female", "", "x"]),
        "age": st.one_of(st.none(), st.integers(10, 90)),
        "dialysis": st.sampled_from([True, False, None]),
        "bilirubin_unit": st.sampled_from(["mg/dL", "umol/L", "", "mg/dl", "K/uL"]),
    }
)


@pytest.mark.parametrize(
    "name", ["meld_na_optn2016", "meld_3_raw", "child_pugh", "albi", "meld_na_kim2008_int"]
)
@settings(max_examples=12, deadline=None)
@given(rows=st.lists(cells, min_size=1, max_size=30))
def test_many_rows_give_what_single_rows_give(name: str, rows: list[dict[str, Any]]) -> None:
    one_by_one = scores.compute(name, rows)
    many = frames.MANY
    frames.MANY = 1
    try:
        at_once = scores.compute(name, rows)
    finally:
        frames.MANY = many
    same(one_by_one, at_once)


@pytest.mark.parametrize("name", ["meld_na_optn2016", "meld_3"])
def test_numeric_frames_give_what_lists_give(name: str) -> None:
    import pandas

    draw = random.Random(7)
    rows = [
        {
            "creatinine": draw.choice([None, draw.uniform(0.05, 33), 1.0]),
            "bilirubin": draw.uniform(0.02, 85),
            "inr": draw.uniform(0.4, 21),
            "sodium": draw.randint(88, 192),
            "albumin": draw.uniform(0.3, 8),
            "sex": draw.choice(["M", "F"]),
            "age": draw.randint(10, 90),
            "dialysis": draw.random() < 0.2,
        }
        for _ in range(frames.MANY)
    ]
    units = {"bilirubin": "mg/dL"}
    expected = [scores.compute(name, [row], units=units)[0] for row in rows[:400]]
    table = scores.compute(name, pandas.DataFrame(rows), units=units)
    same(expected, table.astype(object).where(table.notna(), None).to_dict("records")[:400])


def same(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    for left, right in zip(expected, found, strict=True):
        assert left.keys() == right.keys()
        for key, value in left.items():
            if isinstance(value, float):
                assert right[key] == pytest.approx(value, rel=1e-12, abs=1e-12), key
            else:
                assert right[key] == value, key


@pytest.mark.parametrize("name", ["meld_na_optn2016", "meld_3", "child_pugh", "meld_kamath2001"])
def test_many_rows_without_some_columns_at_all(name: str) -> None:
    rows = [
        {"bilirubin": "3.5 mg/dL", "albumin": 2.5, "inr": 2.4, "creatinine": 1.0 + n / 1000} for n in range(3)
    ]
    one_by_one = scores.compute(name, rows)
    many = frames.MANY
    frames.MANY = 1
    try:
        same(one_by_one, scores.compute(name, rows))
        empty = [row | {"dialysis": None, "sex": "", "ascites": None, "etiology": None} for row in rows]
        assert [row["value"] for row in scores.compute(name, empty)] == [None] * 3
    finally:
        frames.MANY = many
    assert one_by_one[0]["low"] < one_by_one[0]["high"]


def test_columns_of_an_empty_table_have_their_type() -> None:
    import polars
    import pyarrow

    cells = {"q1": [0], "q2": [0], "q3": [0], "sex": ["F"]}
    found = scores.compute("audit_c", polars.DataFrame(cells).head(0))
    assert found.schema["value"] == polars.Float64
    assert found.schema["positive"] == polars.Boolean
    assert found.schema["unknown_because"] == polars.String
    unknown = scores.compute("audit", pyarrow.table({"q1": pyarrow.array([None], pyarrow.int64())}))
    assert unknown.schema.field("zone").type == pyarrow.string()
    assert unknown.schema.field("refused_because").type == pyarrow.string()


@pytest.mark.parametrize("value", [None, float("nan"), "n/a"])
def test_a_quantity_without_a_value_is_missing(value: object) -> None:
    found = scores.ethanol_units(volume=(value, "mL"), abv=5)
    assert (found.value, found.unknown_because) == (None, ("volume",))


def test_a_quantity_without_a_unit_is_refused() -> None:
    with pytest.raises(ScoreError, match="2 has no unit"):
        scores.meld_unos(bilirubin=(2, None), creatinine=(1, "mg/dL"), inr=1, dialysis=False)
