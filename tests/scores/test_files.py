"""Scores on files, and scores in words."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from trialrun.errors import ScoreError
from trialrun.scores.describe import list_scores, show_score
from trialrun.scores.files import score_file
from trialrun.scores.load import names, score
from trialrun.scores.program import input_rule, stages_for

HEADER = "id,creatinine,bilirubin,bilirubin_unit,inr,sodium,dialysis,remark\n"


def written(folder: Path, text: str, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_comes_back(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        HEADER
        + '1,2.0,2.0,mg/dL,1.8,131,false,"a, b"\n'
        + "2,2.0,34.208,umol/L,1.8,131,,unknown dialysis\n"
        + "3,88,2.0,mg/dL,1.8,131,false,creatinine in umol/L\n"
        + '4,"2,0",2.0,,1.8,131,maybe,three faults\n'
        + "5,2.0,2.0,mg/dL,1.8\n"
        + "\n"
        + "6,2.0,2.0,K/uL,1.8,131,false,\n",
    )
    summary = score_file("meld_na_optn2016", source, tmp_path / "out.csv")
    rows = read(tmp_path / "out.csv")
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert [row["value"] for row in rows] == ["26", "", "", "", "", ""]
    assert rows[0]["remark"] == "a, b"
    assert rows[0]["low"] == rows[0]["high"] == "26"
    assert (rows[1]["low"], rows[1]["high"], rows[1]["unknown_because"]) == ("26", "31", "dialysis")
    assert "88 umol/L would be ordinary" in rows[2]["refused_because"]
    for fault in ("'2,0' is not a number", "bilirubin: 2.0 has no unit", "'maybe' is neither true nor false"):
        assert fault in rows[3]["refused_because"]
    assert "5 fields, the header 8" in rows[4]["refused_because"]
    assert "10*3/uL" in rows[5]["refused_because"]
    assert (summary.rows, summary.known, summary.unknown, summary.refused) == (6, 1, 1, 4)
    assert "line 4: creatinine" in str(summary)
    assert not list(tmp_path.glob("*.part"))


def test_a_bilirubin_column_without_unit_is_refused_as_a_whole(tmp_path: Path) -> None:
    source = written(tmp_path, "creatinine,bilirubin,inr,dialysis\n1,2,1,false\n")
    with pytest.raises(ScoreError, match="bilirubin has no unit") as caught:
        score_file("meld_unos", source, tmp_path / "out.csv")
    assert "bilirubin_unit" in caught.value.remedy
    assert not (tmp_path / "out.csv").exists()
    assert score_file("meld_unos", source, tmp_path / "out.csv", units={"bilirubin": "mg/dL"}).known == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("a,a\n1,2\n", "there twice"),
        ("x,y\n1,2\n", "none of the columns"),
        ('a,"b\n', "not CSV"),
    ],
)
def test_files_that_are_no_tables(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ScoreError, match=message):
        score_file("audit", written(tmp_path, text), tmp_path / "out.csv")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match="cannot be read"):
        score_file("audit", tmp_path / "none.csv", tmp_path / "out.csv")
    latin = tmp_path / "latin.csv"
    latin.write_bytes(b"q1,n\xe4me\n0,1\n")
    with pytest.raises(ScoreError, match="not UTF-8"):
        score_file("audit", latin, tmp_path / "out.csv")
    good = written(tmp_path, "q1,q9,q10\n0,0,0\n")
    with pytest.raises(ScoreError, match="would replace the source"):
        score_file("audit", good, good)
    assert score_file("audit", good, tmp_path / "out.csv").known == 1


def test_other_separators_and_parquet(tmp_path: Path) -> None:
    import polars

    semicolons = written(tmp_path, "\ufeffq1;q9;q10\n0;0;2\n", "semi.csv")
    assert score_file("audit", semicolons, tmp_path / "a.csv").known == 1
    tabs = written(tmp_path, "q1\tq9\tq10\n0\t0\t2\n", "tabs.tsv")
    assert score_file("audit", tabs, tmp_path / "b.csv").known == 1
    polars.DataFrame({"q1": [0, 4], "q9": [0, None], "q10": [2, 0]}).write_parquet(tmp_path / "c.parquet")
    summary = score_file("audit", tmp_path / "c.parquet", tmp_path / "c.csv")
    assert (summary.known, summary.unknown) == (1, 1)
    assert read(tmp_path / "c.csv")[0]["value"] == "2"


def test_the_list_names_every_score() -> None:
    listed = list_scores()
    assert all(name in listed for name in names())
    assert "Not a medical device" in listed


@pytest.mark.parametrize("name", names())
def test_every_score_explains_itself(name: str) -> None:
    shown = show_score(name)
    found = score(name)
    for part in (found.formula, found.rounding, found.sources[0], "Example", "Not a medical device"):
        assert part in shown


def test_a_score_of_ones_own(tmp_path: Path) -> None:
    text = """
name: body_mass_index
label: Body mass index
purpose: weight in relation to height
result: {label: BMI, unit: kg/m2}
inputs:
  weight: {type: number, unit: kg, refuse: [20, 400], raises: [20, 400]}
  height: {type: number, unit: m, refuse: [0.5, 2.5], lowers: [0.5, 2.5]}
value: weight / (height * height)
formula: weight / height squared
sources: [Quetelet 1832]
evidence: K
example: {inputs: {weight: [80, kg], height: [200, cm]}, value: 20, source: by hand}
"""
    path = written(tmp_path, text, "bmi.yaml")
    assert "gives 20" in show_score(str(path))
    source = written(tmp_path, "weight,height,height_unit\n80,200,cm\n80,,cm\n")
    score_file(str(path), source, tmp_path / "out.csv")
    assert [row["value"] for row in read(tmp_path / "out.csv")] == ["20", ""]
    assert read(tmp_path / "out.csv")[1]["low"] == "12.8"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("label: Body", "labels: Body"), "unknown key 'labels'"),
        (("sources: [x]", "sources:"), "sources: is missing"),
        (("type: number", "type: real"), "'real' is no type"),
        (("unit: kg", "unit: K/uL"), "kelvin"),
        (("value: weight", "value: wieght"), "wieght"),
        (("value: weight", "value: weight +"), "value"),
    ],
)
def test_a_wrong_score_file_says_where(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    text = """
name: own
label: Body
purpose: none
result: {label: x, unit: "1"}
inputs: {weight: {type: number, unit: kg}}
value: weight
formula: f
sources: [x]
evidence: D
example: {inputs: {weight: [80, kg]}, value: 80, source: x}
"""
    path = written(tmp_path, text.replace(*change), "own.yaml")
    with pytest.raises(Exception, match=message) as caught:
        show_score(str(path))
    assert "own.yaml" in str(caught.value)


def test_stages_for_a_study() -> None:
    from trialrun.evaluate.rows import compile_program
    from trialrun.expressions import Symbol, Type, build_program

    symbols = {
        "bili": Symbol("bili", Type.NUMBER, unit="umol/L", analyte="bilirubin"),
        "alb": Symbol("alb", Type.NUMBER, unit="g/dL", analyte="albumin"),
        "inr": Symbol("inr", Type.NUMBER, unit="{INR}", analyte="inr"),
        "ascites": Symbol("ascites", Type.CHOICE, choices=("none", "slight", "moderate")),
    }
    mapping = {"bilirubin": "IN_UNIT(bili, 'mg/dL')", "albumin": "alb", "inr": "inr", "ascites": "ascites"}
    made = stages_for(score("child_pugh"), "cp", mapping)
    run = compile_program(build_program(symbols, {**made, "included": "cp_class IN ('B', 'C')"}))
    found = run({"bili": 60.0, "alb": 2.5, "inr": 2.4, "ascites": None})
    assert found["cp"] is None
    assert (found["cp__low"], found["cp__high"]) == (11, 15)
    assert found["cp_class"] == "C"
    assert found["included"] is True


@pytest.mark.parametrize(
    ("analyte", "unit", "value", "points"),
    [
        ("bilirubin", "umol/L", 34.208, 2),
        ("bilirubin", "umol/L", 51.312, 2),
        ("bilirubin", "umol/L", 34.0, 1),
        ("albumin", "g/L", 28.0, 2),
        ("albumin", "g/L", 35.0, 2),
        ("albumin", "g/L", 27.9, 3),
    ],
)
def test_a_studys_items_in_other_units_meet_the_bands(
    analyte: str, unit: str, value: float, points: int
) -> None:
    from trialrun.evaluate.rows import compile_program
    from trialrun.expressions import Symbol, Type, build_program

    found = score("child_pugh")
    symbols = {"item": Symbol("item", Type.NUMBER, unit=unit, analyte=analyte)}
    made = stages_for(found, "cp", {analyte: input_rule(found.input(analyte), "item", unit)})
    run = compile_program(build_program(symbols, made))({"item": value})
    assert run[f"cp_{analyte}_points"] == points
