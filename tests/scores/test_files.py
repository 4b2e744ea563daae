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


def scored(folder: Path, name: str, text: str, **units: str) -> list[dict[str, str]]:
    score_file(name, written(folder, text), folder / "out.csv", units=units)
    return read(folder / "out.csv")


def test_nothing_of_a_row_is_lost(tmp_path: Path) -> None:
    header = " q1 ,q2,q3, my note\n"
    text = header + "1,1,1,plain\n,,,\n1,1,1,x,surplus 1,2\n\n1,1\n"
    score_file("audit_c", written(tmp_path, text), tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file))
    assert head[:4] == [" q1 ", "q2", "q3", " my note"]
    assert [row[:4] for row in rows] == [
        ["1", "1", "1", "plain"],
        ["", "", "", ""],
        ["1", "1", "1", "x"],
        ["1", "1", "", ""],
    ]
    refused = head.index("refused_because")
    assert "'surplus 1', '2'" in rows[2][refused]
    assert "2 fields, the header 4" in rows[3][refused]


def test_a_column_of_empty_cells_keeps_its_rows(tmp_path: Path) -> None:
    assert [row["q1"] for row in scored(tmp_path, "audit_c", 'q1\n1\n""\n2\n')] == ["1", "", "2"]


def test_a_place_is_the_line_in_the_file(tmp_path: Path) -> None:
    source = written(tmp_path, 'note,q1\n"two\nlines",1\nx,9\n')
    assert "line 4: q1: 9" in str(score_file("audit_c", source, tmp_path / "out.csv"))


def test_other_files_survive(tmp_path: Path) -> None:
    source = written(tmp_path, "q1,q2,q3\n1,1,1\n", "out.csv.part")
    score_file("audit_c", source, tmp_path / "out.csv")
    assert source.read_text(encoding="utf-8") == "q1,q2,q3\n1,1,1\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.csv.part"]


def test_a_link_to_the_source_is_the_source(tmp_path: Path) -> None:
    source = written(tmp_path, "q1,q2,q3\n1,1,1\n")
    (tmp_path / "link.csv").symlink_to(source)
    with pytest.raises(ScoreError, match="would replace the source"):
        score_file("audit_c", source, tmp_path / "link.csv")


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    import os
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    score_file("audit_c", written(tmp_path, "q1,q2,q3\n1,1,1\n"), pipe)
    reader.join(timeout=10)
    assert found[0].startswith("q1,q2,q3,value")
    assert pipe.is_fifo()


def test_a_target_that_cannot_be_written_is_the_users(tmp_path: Path) -> None:
    source = written(tmp_path, "q1,q2,q3\n1,1,1\n")
    for target in (source / "out.csv", tmp_path):
        with pytest.raises(ScoreError, match="cannot be written"):
            score_file("audit_c", source, target)


def test_a_source_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ScoreError):
        score_file("audit_c", written(tmp_path, "x\n1\n"), tmp_path / "new" / "out.csv")
    assert not (tmp_path / "new").exists()


def test_text_that_is_not_utf_8_is_placed(tmp_path: Path) -> None:
    source = tmp_path / "data.csv"
    source.write_bytes(b"q1,q2,q3,unit\n1,1,1,a\n1,1,1,\xb5mol\n")
    with pytest.raises(ScoreError, match="line 3, byte 7"):
        score_file("audit_c", source, tmp_path / "out.csv")
    source.write_bytes(b"PK\x03\x04 a workbook")
    with pytest.raises(ScoreError, match="workbook"):
        score_file("audit_c", source, tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_output_columns_never_share_a_name(tmp_path: Path) -> None:
    rows = scored(tmp_path, "audit_c", "q1,q2,q3,value,audit_c_value\n1,1,1,a,b\n")
    assert rows == [{**rows[0], "value": "a", "audit_c_value": "b", "audit_c_value_2": "3"}]


def test_a_column_may_name_its_unit(tmp_path: Path) -> None:
    rows = scored(tmp_path, "albi", "bilirubin_umol_l,albumin_g_l\n17.1,44\n")
    assert float(rows[0]["value"]) == pytest.approx(-2.926222567)
    rows = scored(tmp_path, "meld_unos", "creatinine_umol_l,bilirubin_mg_dl,inr,dialysis\n177,2,1.8,0\n")
    assert rows[0]["value"] == "22"


def test_a_columns_name_and_its_unit_must_agree(tmp_path: Path) -> None:
    rows = scored(
        tmp_path,
        "albi",
        "bilirubin_umol_l,bilirubin_unit,albumin_g_l\n34.2,umol/L,30\n2,mg/dL,30\n2,,30\n,mg/dL,30\n",
    )
    assert [bool(row["value"]) for row in rows] == [True, False, True, False]
    assert "says umol/L, its unit column mg/dL" in rows[1]["refused_because"]
    assert rows[3]["unknown_because"] == "bilirubin"
    with pytest.raises(ScoreError, match="says umol/L, 'mg/dL' was stated"):
        scored(tmp_path, "albi", "bilirubin_umol_l,albumin_g_l\n17.1,44\n", bilirubin="mg/dL")


def test_columns_told_apart_by_capital_letters_only_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match="'Q1' and 'q1' have the same name"):
        scored(tmp_path, "audit_c", "Q1,q1,q2,q3\n1,2,1,1\n")


def test_of_two_columns_for_one_input_the_summary_says_which_counts(tmp_path: Path) -> None:
    text = (
        "bilirubin,bilirubin_unit,albumin,inr,ascites,west_haven_grade,encephalopathy\n1,mg/dL,4,1,none,4,0\n"
    )
    summary = score_file("child_pugh", written(tmp_path, text), tmp_path / "out.csv")
    assert read(tmp_path / "out.csv")[0]["value"] == "5"
    assert "column 'west_haven_grade' is not used, because 'encephalopathy' is there" in str(summary)


@pytest.mark.parametrize(
    ("bilirubin", "unit", "says"),
    [
        ("2 mg/dL", "umol/L", "the value says mg/dL, the unit given beside it umol/L"),
        ("2mg/dL", "", "write the unit apart"),
        ("1e400", "mg/dL", "check the exponent"),
        ("2", "G/L", "2 g/L is outside 0.05 to 80"),
        ("-2", "mg/dL", "outside 0.05 to 80"),
        ("<0.5", "mg/dL", "limit of measurement"),
    ],
)
def test_cells_that_are_refused(tmp_path: Path, bilirubin: str, unit: str, says: str) -> None:
    text = f"creatinine,bilirubin,bilirubin_unit,inr,dialysis\n1,{bilirubin},{unit},1,0\n"
    row = scored(tmp_path, "meld_unos", text)[0]
    assert row["value"] == ""
    assert says in row["refused_because"]


def test_units_in_capitals_are_read_where_the_substance_leaves_no_doubt(tmp_path: Path) -> None:
    text = "creatinine,creatinine_unit,bilirubin,bilirubin_unit,inr,dialysis\n177,UMOL/L,2,MG/DL,1.8,0\n"
    assert scored(tmp_path, "meld_unos", text)[0]["value"] == "22"
    assert scored(tmp_path, "ctcae_v5_hypoalbuminemia", "albumin,unit,lln\n29,G/L,35\n")[0]["grade"] == "2"
    platelets = scored(tmp_path, "ctcae_v5_platelets", "platelets,unit,lln\n74,G/L,150\n")[0]
    assert "10*9/L" in platelets["refused_because"]


@pytest.mark.parametrize("name", ["alt", "ast", "alp", "ggt", "bilirubin", "creatinine"])
def test_an_impossible_value_has_no_grade(tmp_path: Path, name: str) -> None:
    text = f"{name},{name}_uln,{name}_baseline\n-110,40,30\n0,40,30\n30,40,30\n"
    rows = scored(tmp_path, f"ctcae_v5_{name}", text)
    assert [row["grade"] for row in rows] == ["", "", "0"]
    assert "not above 0" in rows[0]["refused_because"]


def test_unknown_as_a_code_is_no_refusal(tmp_path: Path) -> None:
    text = "creatinine,bilirubin,bilirubin_unit,inr,sodium,albumin,sex,dialysis\n1,1,mg/dL,1,137,3.5,U,U\n"
    row = scored(tmp_path, "meld_3", text)[0]
    assert (row["value"], row["unknown_because"], row["refused_because"]) == ("", "sex, dialysis", "")
    assert (row["low"], row["high"]) == ("6", "20")


@pytest.mark.parametrize(
    ("route", "value"),
    [("p.o.", "10"), ("IV", "10"), ("Intra-articular", ""), ("inhalation", ""), ("", "10")],
)
def test_routes_as_people_write_them(tmp_path: Path, route: str, value: str) -> None:
    row = scored(tmp_path, "prednisone_equivalent", f"drug,dose,route\ndexamethasone,1.5,{route}\n")[0]
    assert (row["value"], row["refused_because"]) == (value, "")
    assert ("medical monitor" in row["unknown_because"]) is (value == "")
