"""Each verb on good and bad input: what people see, and the exit code."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from trialrun.cli.entry import main
from trialrun.cli.reference import commands_markdown

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "examples/nct05871463"
PEOPLE = ROOT / "examples/screening"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run the command in this process; exit code and everything it said."""

    def go(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        said = capsys.readouterr()
        text = said.out + said.err
        assert "Traceback" not in text
        return int(left.value.code or 0), text

    return go


def test_the_reference_page_is_fresh() -> None:
    page = ROOT / "docs/reference/commands.md"
    assert page.read_text(encoding="utf-8") == commands_markdown(), (
        "write it again: python -c 'from trialrun.cli.reference import commands_markdown as c; print(c(), end=\"\")'"
    )


# --- screen ------------------------------------------------------------------------------------


def _screen_example(run, *more: object) -> tuple[int, str]:
    return run(
        "screen",
        STUDY,
        PEOPLE / "people.csv",
        "--rows",
        f"medication={PEOPLE / 'medication.csv'}",
        "--rows",
        f"malignancy={PEOPLE / 'malignancy.csv'}",
        *more,
    )


def test_screening_gives_every_kind_of_answer(run, tmp_path: Path) -> None:
    code, text = _screen_example(run, "-o", tmp_path / "answers.json")
    assert code == 0
    assert "2 eligible, 2 not eligible, 2 undecided." in text
    assert "never replaces" in text
    people = {
        one["participant"]: one for one in json.loads((tmp_path / "answers.json").read_text())["people"]
    }
    assert {name: (one["status"], one["deciding"]) for name, one in people.items()} == {
        "P1": ("eligible", []),
        "P2": ("not_eligible", ["I3"]),
        "P3": ("not_eligible", ["E4", "E12"]),
        "P4": ("undecided", ["I3"]),
        "P5": ("eligible", []),
        "P6": ("undecided", ["I2b"]),
    }
    undecided = next(c for c in people["P4"]["criteria"] if c["criterion"] == "I3")
    assert undecided["missing"] == ["inr"]
    assert any("6 to 8" in said for said in undecided["possible"])


def test_a_score_with_a_missing_part_shows_bounds_and_class_where_they_agree(run, tmp_path: Path) -> None:
    _screen_example(run, "-o", tmp_path / "answers.csv")
    with (tmp_path / "answers.scores.csv").open(encoding="utf-8") as file:
        rows = {(row["participant"], row["score"]): row for row in csv.DictReader(file)}
    child = rows["P5", "child_pugh"]
    assert (child["value"], child["low"], child["high"], child["class"]) == ("", "11", "13", "C")
    assert rows["P4", "child_pugh"]["class"] == ""


def test_why_names_rule_values_and_what_is_missing(run) -> None:
    code, text = _screen_example(run, "--why", "--only", "P4")
    assert code == 0
    assert "missing: inr" in text
    assert "Child-Pugh score is at least 7" in text
    assert max(map(len, text.splitlines())) <= 100


def _people(tmp_path: Path, header: str, *rows: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes("\n".join([header, *rows, ""]).encode(encoding))
    return path


def _one(run, tmp_path: Path, people: Path) -> dict[str, object]:
    out = tmp_path / "answers.json"
    code, text = run("screen", STUDY, people, "-o", out)
    assert code == 0, text
    return json.loads(out.read_text(encoding="utf-8"))


def _value(found: dict, criterion: str, item: str, person: int = 0) -> object:
    outcome = next(c for c in found["people"][person]["criteria"] if c["criterion"] == criterion)
    return next(value["value"] for value in outcome["values"] if value["item"] == item)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_semicolons_tabs_and_byte_order_marks(run, tmp_path: Path, delimiter: str, encoding: str) -> None:
    header = delimiter.join(["participant", "albumin", "albumin_unit", "sample_date", "screening_date"])
    row = delimiter.join(["P1", "29", "g/L", "2026-03-01", "2026-03-02"])
    found = _one(run, tmp_path, _people(tmp_path, header, row, encoding=encoding))
    assert _value(found, "I3", "albumin") == pytest.approx(2.9)


def test_persian_digits_are_digits(run, tmp_path: Path) -> None:
    header = "participant,bilirubin,bilirubin_unit,encephalopathy,sample_date,screening_date"
    found = _one(run, tmp_path, _people(tmp_path, header, "P1,۳٫۴,mg/dL,۰,۲۰۲۶-۰۳-۰۱,۲۰۲۶-۰۳-۰۲"))
    assert _value(found, "I3", "bilirubin") == pytest.approx(3.4)
    assert found["unreadable"] == []


def test_what_is_not_understood_is_unknown_and_listed_with_its_place(run, tmp_path: Path) -> None:
    header = "participant,sex,albumin,albumin_unit,birth_date,diabetes_type"
    rows = (
        "P1,F,2.9,g/dL,1970-02-30,none",
        'P2,X,"2,9",g/dL,1404-05-01,none',
        "P3,F,99,g/dL,1970,none",
        "P4,F",
    )
    found = _one(run, tmp_path, _people(tmp_path, header, *rows))
    places = {(bad["line"], bad["column"]) for bad in found["unreadable"]}
    assert places == {
        (2, "birth_date"),
        (3, "sex"),
        (3, "albumin"),
        (3, "birth_date"),
        (4, "albumin"),
        (5, ""),
    }
    assert all(bad["reason"] for bad in found["unreadable"])
    assert [one["participant"] for one in found["people"]] == ["P1", "P2", "P3"]


def test_a_participant_named_twice_is_screened_not_at_all(run, tmp_path: Path) -> None:
    found = _one(run, tmp_path, _people(tmp_path, "participant,sex", "P1,F", "P2,M", "P1,M"))
    assert [one["participant"] for one in found["people"]] == ["P2"]
    assert [bad["line"] for bad in found["unreadable"]] == [2, 4]
    assert "2 and 4" in found["unreadable"][0]["reason"]


def test_an_unknown_answer_never_decides(run, tmp_path: Path) -> None:
    found = _one(run, tmp_path, _people(tmp_path, "participant,sex", "P1,"))
    assert {c["outcome"] for c in found["people"][0]["criteria"]} == {"unknown"}
    assert found["people"][0]["status"] == "undecided"


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        ("participant,bilirubin", "P1,3.4", "column bilirubin has no unit"),
        ("participant,geschlecht", "P1,F", "no column is an item of the study"),
        ("participant,sex,sex", "P1,F,F", "names sex twice"),
    ],
)
def test_a_wrong_header_is_refused_with_a_remedy(
    run, tmp_path: Path, header: str, row: str, said: str
) -> None:
    code, text = run("screen", STUDY, _people(tmp_path, header, row))
    assert code == 2
    assert said in " ".join(text.split())
    assert "Remedy:" in text


def test_the_unit_of_a_column_can_be_said(run, tmp_path: Path) -> None:
    people = _people(
        tmp_path, "participant,bilirubin,sample_date,screening_date", "P1,34.208,2026-03-01,2026-03-02"
    )
    code, _ = run("screen", STUDY, people, "--unit", "bilirubin=umol/L", "-o", tmp_path / "answers.json")
    assert code == 0
    found = json.loads((tmp_path / "answers.json").read_text(encoding="utf-8"))
    assert _value(found, "I3", "bilirubin") == pytest.approx(2.0)


def test_rows_of_nobody_are_listed(run, tmp_path: Path) -> None:
    people = _people(tmp_path, "participant,sex", "P1,F")
    rows = tmp_path / "meds.csv"
    rows.write_text("participant,medication_name,medication_class\nP9,x,other\n", encoding="utf-8")
    code, text = run("screen", STUDY, people, "--rows", f"medication={rows}")
    assert code == 0
    assert "meds.csv:2" in text


def test_cells_that_look_like_formulas_are_disarmed(run, tmp_path: Path) -> None:
    people = _people(tmp_path, "participant,sex", "=1+1,F")
    run("screen", STUDY, people, "-o", tmp_path / "answers.csv")
    with (tmp_path / "answers.csv").open(encoding="utf-8") as file:
        assert {row["participant"] for row in csv.DictReader(file)} == {"'=1+1"}


# --- score -------------------------------------------------------------------------------------


def test_scores_are_listed_explained_and_computed(run, tmp_path: Path) -> None:
    code, text = run("score", "--list")
    assert code == 0
    assert "meld_na_optn2016" in text
    code, text = run("score", "meld_na_optn2016", "--show")
    assert code == 0
    assert "OPTN" in text
    data = tmp_path / "labs.csv"
    # worked value of CLINICAL 1.1: creatinine 2.0, bilirubin 2.0, INR 1.8, sodium 131 give 26
    data.write_text(
        "creatinine,creatinine_unit,bilirubin,bilirubin_unit,inr,sodium,sodium_unit,dialysis\n"
        "2.0,mg/dL,2.0,mg/dL,1.8,131,mmol/L,false\n2.0,mg/dL,,mg/dL,1.8,131,mmol/L,false\n",
        encoding="utf-8",
    )
    code, _ = run("score", "meld_na_optn2016", data, "-o", tmp_path / "out.csv")
    assert code == 0
    with (tmp_path / "out.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["value"] == "26"
    assert rows[1]["value"] == ""
    assert "bilirubin" in rows[1]["unknown_because"]


def test_an_unknown_score_and_a_missing_unit_are_refused(run, tmp_path: Path) -> None:
    data = tmp_path / "labs.csv"
    data.write_text("bilirubin\n2.0\n", encoding="utf-8")
    code, text = run("score", "meld_nna", "--show")
    assert code == 2
    assert "meld" in text
    code, text = run("score", "meld_unos", data, "-o", tmp_path / "out.csv")
    assert code == 2
    assert "unit" in text
    assert not (tmp_path / "out.csv").exists()


# --- define ------------------------------------------------------------------------------------


def test_check_lists_assumptions_and_passes_the_example(run) -> None:
    code, text = run("check", STUDY)
    assert code == 0
    assert "0 error(s)" in " ".join(text.split())
    assert "nobody has confirmed" in " ".join(text.split())


def test_check_names_line_and_remedy_of_an_error(run, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "study.yaml").write_text("study: {id: x}\n", encoding="utf-8")
    code, text = run("check", folder)
    assert code == 1
    assert "study.yaml" in text
    assert "→" in text


@pytest.mark.parametrize(
    "part", ["--criteria", "--schedule", "--items", "--endpoints", "--assumptions", "--doses", "--analysis"]
)
def test_show_prints_each_part_within_the_screen(run, part: str, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, text = run("show", STUDY, part)
    assert code == 0
    assert len(text) > 300
    assert max(map(len, text.splitlines())) <= 80


def test_a_draft_from_a_record_can_be_checked(run, tmp_path: Path) -> None:
    code, text = run("draft", STUDY / "record.json", "-o", tmp_path / "draft")
    assert code == 0
    assert "trialrun check" in text
    assert "25 defect(s) of the record itself" in text
    assert "warning: safety not registered" in text
    assert text.index("warning: dose incomplete") < text.index("note: several primary outcomes")
    code, text = run("check", tmp_path / "draft")
    assert code == 0, text
    code, text = run("draft", STUDY / "record.json", "-o", tmp_path / "draft")
    assert code == 3
    assert "already" in text


# --- bad places --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("check", "nowhere"),
        ("show", "nowhere"),
        ("draft", "nowhere.json", "-o", "OUT"),
        ("screen", "nowhere", "people.csv"),
        ("screen", STUDY, "nowhere.csv"),
        ("score", "meld_3", "nowhere.csv", "-o", "OUT/x.csv"),
        ("rehearse", "nowhere", "-o", "OUT"),
        ("cut", STUDY, "--database", "nowhere.sqlite", "-o", "OUT"),
        ("import", STUDY, "nowhere.yaml", "nowhere.csv", "-o", "OUT"),
        ("verify", "nowhere.sqlite"),
        ("export-log", "--database", "nowhere.sqlite", "-o", "OUT/log.jsonl"),
        ("analyse", "nowhere", "-o", "OUT"),
        ("report", "nowhere", "-o", "OUT"),
        ("view", "nowhere"),
        ("demo", "--study", "nowhere", "-o", "OUT"),
    ],
    ids=lambda words: str(words[0]),
)
def test_a_place_that_does_not_exist_is_named_with_a_remedy(
    run, tmp_path: Path, words: tuple[object, ...]
) -> None:
    code, text = run(*(str(word).replace("OUT", str(tmp_path / "out")) for word in words))
    assert 2 <= code <= 7
    assert "nowhere" in text
    assert "Remedy:" in text


def test_answers_never_replace_what_they_come_from(run, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_bytes((PEOPLE / "people.csv").read_bytes())
    before = people.read_bytes()
    code, text = run("screen", STUDY, people, "-o", people)
    assert code == 2
    assert "would replace the source" in text
    rows = tmp_path / "out.rejected.csv"
    rows.write_bytes((PEOPLE / "medication.csv").read_bytes())
    assert run("screen", STUDY, people, "--rows", f"medication={rows}", "-o", tmp_path / "out.csv")[0] == 2
    assert people.read_bytes() == before
    assert rows.exists()


def test_a_path_nobody_can_write_to_is_named(run) -> None:
    code, text = run("score", "child_pugh", PEOPLE / "people.csv", "-o", "/dev/null/out.csv")
    assert code == 2
    assert "/dev/null" in text
    assert "fault" not in text


def test_a_folder_given_as_a_log_is_called_a_folder(run, tmp_path: Path) -> None:
    code, text = run("verify", tmp_path)
    assert code == 2
    assert "is a folder" in text


@pytest.mark.parametrize("name", ["plan.html", "plan.pdf"])
def test_plan_writes_the_document_and_says_what_is_open(run, tmp_path: Path, name: str) -> None:
    code, text = run("plan", STUDY, "-o", tmp_path / name)
    assert code == 0
    assert "16 assumptions nobody has confirmed" in text
    assert (tmp_path / name).stat().st_size > 20_000


@pytest.mark.parametrize(("name", "word"), [("plan.doc", "neither"), ("none/plan.html", "no folder")])
def test_plan_refuses_what_it_cannot_write(run, tmp_path: Path, name: str, word: str) -> None:
    code, text = run("plan", STUDY, "-o", tmp_path / name)
    assert code != 0
    assert word in text
