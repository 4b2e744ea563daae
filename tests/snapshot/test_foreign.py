"""Another system's data: every value accounted for, whole or not at all."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime

import pytest

from small_study import make_study
from trialrun.errors import ImportRejectedError
from trialrun.snapshot import foreign
from trialrun.snapshot.mapping import MappingError, read_mapping
from trialrun.snapshot.read import read_snapshot
from trialrun.study.load import load_study

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MAPPING = """
name: lab
on_reject: {policy}
visits: {{first: screening, others: unscheduled, complete: [bilirubin, inr]}}
visit_day: [sample_date]
units: {{MGDL: mg/dL, UNK: "{{INR}}"}}
missing: {{"": not_done, NA: unknown}}
files:
  - file: people.csv
    shape: wide
    participant: id
    defines_participants: true
    columns:
      gender: {{item: sex, per_participant: true, values: {{m: M, f: F}}}}
    ignore: {{note: free text is not taken over}}
  - file: labs.csv.gz
    shape: long
    participant: id
    date: when
    test: test
    value: value
    unit: unit
    tests: {{BILI: bilirubin, INR: inr}}
    ignore: {{K: not asked}}
"""
PEOPLE = "id,gender,note\n1,m,hello\n2,f,\n"
LABS = """id,when,test,value,unit
1,2020-01-01,BILI,17.104,umol/L
1,2020-01-02 08:00,BILI,2.50,MGDL
1,2020-01-02 08:00,INR,1.4,UNK
1,2020-01-02 20:00,INR,1.5,UNK
1,2020-01-03,BILI,NA,MGDL
1,2020-01-03,K,4.1,mmol/L
2,2020-02-01,BILI,3.0,mg/dL
"""


def setup(tmp_path, *, policy="refuse", people=PEOPLE, labs=LABS, mapping=MAPPING):
    (tmp_path / "people.csv").write_text(people, encoding="utf-8")
    (tmp_path / "labs.csv.gz").write_bytes(gzip.compress(labs.encode(), mtime=0))
    (tmp_path / "map.yaml").write_text(mapping.format(policy=policy), encoding="utf-8")
    return read_mapping(tmp_path / "map.yaml")


def run(tmp_path, **given):
    mapping = setup(tmp_path, **given)
    return foreign.import_foreign(mapping, tmp_path, make_study(), tmp_path / "out", now=NOW)


def test_every_value_is_accounted_for(tmp_path):
    found = run(tmp_path)
    labs = found.files["labs.csv.gz"]
    assert (labs.rows, labs.values, labs.landed) == (7, 7, 4)
    assert (labs.missing, labs.left_out, labs.superseded, labs.rejected) == (1, 1, 1, 0)
    assert all(count.balanced for count in found.files.values())
    assert found.landed
    assert found.snapshot_hash == read_snapshot(tmp_path / "out").manifest.hash


def test_a_person_with_two_sexes_is_listed_and_one_said_twice_is_not(tmp_path):
    found = run(tmp_path, policy="list", people=PEOPLE + "1,m,\n2,m,\n")
    people = found.files["people.csv"]
    assert (people.landed, people.superseded, people.rejected) == (2, 1, 1)
    (bad,) = found.rejected
    assert (bad.line, bad.column, bad.text) == (5, "gender", "m")
    assert "'F' in people.csv:3" in bad.reason


def test_values_land_as_entered_and_in_the_items_unit(tmp_path):
    run(tmp_path)
    values = {
        (r["participant"], r["visit"], r["item"]): r for r in read_snapshot(tmp_path / "out").rows("values")
    }
    first = values["1", "unscheduled", "bilirubin"]
    assert (first["text"], first["unit"]) == ("17.104", "umol/L")
    assert first["number_in_item_unit"] == pytest.approx(1.0)
    assert values["1", "screening", "bilirubin"]["text"] == "2.50"
    assert values["1", "screening", "inr"]["text"] == "1.5"
    assert values["1", "screening", "inr"]["event_hash"] == "import:labs.csv.gz:5"
    assert values["1", "screening", "sex"]["code"] == "M"


def test_the_first_complete_day_is_the_first_visit(tmp_path):
    run(tmp_path)
    visits = {
        (r["participant"], r["visit"]): str(r["date"]) for r in read_snapshot(tmp_path / "out").rows("visits")
    }
    assert visits["1", "screening"] == "2020-01-02"
    assert visits["1", "unscheduled"] == "2020-01-01"
    assert visits["2", "screening"] == "2020-02-01"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,2020-01-09,BILI,high,mg/dL", "not a number"),
        ("1,2020-01-09,BILI,2.0,", "no unit"),
        ("1,2020-01-09,BILI,2.0,K/uL", "K/uL"),
        ("1,2020-01-09,ZZZ,2.0,mg/dL", "ZZZ"),
        ("1,2020-13-09,BILI,2.0,mg/dL", "not a day"),
        ("9,2020-01-09,BILI,2.0,mg/dL", "not among the participants"),
        (",2020-01-09,BILI,2.0,mg/dL", "empty"),
    ],
)
def test_what_cannot_be_read_is_listed_with_place_and_reason(tmp_path, line, reason):
    found = run(tmp_path, policy="list", labs=f"{LABS}{line}\n")
    (entry,) = found.rejected
    assert (entry.source, entry.line, entry.column) == ("labs.csv.gz", 9, "value")
    assert reason in entry.reason
    with (tmp_path / "out" / "rejected.csv").open(encoding="utf-8") as handle:
        (listed,) = csv.DictReader(handle)
    assert (listed["line"], listed["text"]) == ("9", line.split(",")[3])
    assert found.files["labs.csv.gz"].landed == 4


def test_one_bad_value_stops_the_whole_import_unless_listing_was_asked_for(tmp_path):
    with pytest.raises(ImportRejectedError, match=r"labs.csv.gz:9 value 'high'"):
        run(tmp_path, labs=f"{LABS}1,2020-01-09,BILI,high,mg/dL\n")
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".snapshot-*"))


@pytest.mark.parametrize(
    ("labs", "words"),
    [("", "empty"), ("id,when,test,value,unit\n1,2020-01-01,BILI\n", "3 cells"), ("id\n1\n", "no column")],
)
def test_a_file_of_another_shape_is_refused(tmp_path, labs, words):
    with pytest.raises((ImportRejectedError, MappingError), match=words):
        run(tmp_path, policy="list", labs=labs)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-9], lambda raw: raw[:20] + b"zzzz" + raw[24:], lambda raw: b"x" + raw]
)
def test_a_damaged_compressed_file_is_refused_whole(tmp_path, damage):
    mapping = setup(tmp_path, policy="list")
    file = tmp_path / "labs.csv.gz"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ImportRejectedError, match="not a whole compressed file"):
        foreign.import_foreign(mapping, tmp_path, make_study(), tmp_path / "out", now=NOW)
    assert not (tmp_path / "out").exists()


def test_a_column_nobody_spoke_about_is_refused(tmp_path):
    with pytest.raises(MappingError, match="extra"):
        run(tmp_path, people="id,gender,note,extra\n1,m,,\n")


def test_a_code_nobody_spoke_about_is_rejected(tmp_path):
    found = run(tmp_path, policy="list", people="id,gender,note\n1,x,\n2,f,\n")
    assert "'x'" in found.rejected[0].reason


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: lab", "nom: lab", "nom"),
        ("shape: long", "shape: deep", "deep"),
        ("bilirubin,", "bilirubine,", "bilirubine"),
        ("first: screening", "first: nowhere", "nowhere"),
        ("on_reject: {policy}", "on_reject: maybe", "maybe"),
        ("test: test\n", "", "test"),
        ("name: lab", "name: [", "YAML"),
    ],
)
def test_a_mapping_with_a_mistake_names_it(tmp_path, old, new, words):
    with pytest.raises(MappingError, match=words):
        run(tmp_path, mapping=MAPPING.replace(old, new, 1))


def test_the_same_files_give_the_same_bytes(tmp_path):
    mapping = setup(tmp_path)
    hashes = {
        foreign.import_foreign(mapping, tmp_path, make_study(), tmp_path / name, now=NOW).snapshot_hash
        for name in ("one", "two")
    }
    assert len(hashes) == 1


COURSE = """
name: course
on_reject: {policy}
origin: "2020-01-01"
start: the day of registration
visits: {{first: screening, others: unscheduled}}
files:
  - file: people.csv
    shape: wide
    participant: id
    day: day
    defines_participants: true
    course:
      arm: {{column: trt, values: {{"1": single}}}}
      ended_on: {{column: last}}
      end_reason: {{column: status, values: {{"0": completed, "2": death}}}}
    columns:
      bili: {{item: bilirubin, unit: mg/dL}}
"""
COURSE_ROWS = """id,day,trt,last,status,bili
1,0,1,200,2,3.0
1,60,1,200,2,4.0
2,0,1,300,0,2.0
"""


def test_arm_start_and_end_of_participation_are_taken_from_the_columns_named(tmp_path):
    found = run(tmp_path, mapping=COURSE, people=COURSE_ROWS)
    count = found.files["people.csv"]
    assert (count.values, count.landed, count.superseded, count.rejected) == (12, 9, 3, 0)
    snapshot = read_snapshot(tmp_path / "out")
    first, second = snapshot.rows("participants")
    assert (first["arm"], str(first["first_dose_on"]), str(first["enrolled_on"])) == (
        "single",
        "2020-01-01",
        "2020-01-01",
    )
    assert (str(first["ended_on"]), first["end_reason"]) == ("2020-07-19", "death")
    assert (str(second["ended_on"]), second["end_reason"]) == ("2020-10-27", "completed")
    assert any("first dose: the day of registration" in note for note in snapshot.manifest.origin.notes)


def test_without_a_start_nobody_is_said_to_be_treated(tmp_path):
    run(tmp_path, mapping=COURSE.replace("start: the day of registration\n", ""), people=COURSE_ROWS)
    people = list(read_snapshot(tmp_path / "out").rows("participants"))
    assert {(one["enrolled_on"], one["first_dose_on"]) for one in people} == {(None, None)}


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("1,90,1,201,2,4.0", "last", "a person has one ended_on"),
        ("3,0,7,100,0,4.0", "trt", "says nothing about the value '7'"),
        ("3,0,1,soon,0,4.0", "last", "not a whole number of days"),
        ("3,0,1,100,5,4.0", "status", "says nothing about the value '5'"),
    ],
)
def test_a_course_that_contradicts_itself_or_is_not_understood_is_listed(tmp_path, line, column, reason):
    found = run(tmp_path, mapping=COURSE, policy="list", people=f"{COURSE_ROWS}{line}\n")
    (bad,) = found.rejected
    assert (bad.line, bad.column) == (5, column)
    assert reason in bad.reason


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (COURSE.replace("single", "other"), "no arm 'other'"),
        (COURSE.replace("ended_on:", "gone:"), "gone is not known here"),
        (COURSE.replace("column: last", "column: final"), "no column final"),
    ],
)
def test_a_course_the_study_or_the_file_does_not_have_is_refused(tmp_path, wrong, words):
    with pytest.raises(MappingError, match=words):
        run(tmp_path, mapping=wrong, people=COURSE_ROWS)


@pytest.fixture(scope="module")
def example(root):
    return load_study(root / "examples" / "nct05871463")


@pytest.mark.shared
@pytest.mark.parametrize(("name", "people"), [("mimic4_demo", 50), ("pbcseq", 312)])
def test_the_example_mappings_take_the_real_data_over(name, people, example, root, shared, tmp_path):
    source = shared("data/mimic4_demo" if name == "mimic4_demo" else "data/pbcseq.csv")
    mapping = read_mapping(root / "examples" / "foreign" / f"{name}.yaml")
    found = foreign.import_foreign(mapping, source, example, tmp_path / name, now=NOW)
    assert found.participants == people
    assert found.values_in == sum(
        c.landed + c.missing + c.left_out + c.superseded + c.rejected for c in found.files.values()
    )
    snapshot = read_snapshot(tmp_path / name)
    rows = list(foreign.rows(snapshot, example))
    assert len({person for person, _, _ in rows}) == people
    assert all("encephalopathy" not in row for _, _, row in rows)
    assert {row["ascites"] for _, _, row in rows if "ascites" in row} <= {"none"}


@pytest.mark.shared
def test_child_pugh_of_real_patients_is_decided_by_its_bounds(example, root, shared, tmp_path):
    from trialrun.study.screen import Screener

    mapping = read_mapping(root / "examples" / "foreign" / "mimic4_demo.yaml")
    foreign.import_foreign(mapping, shared("data/mimic4_demo"), example, tmp_path / "m", now=NOW)
    screener = Screener(example)
    answers = set()
    for _, visit, row in foreign.rows(read_snapshot(tmp_path / "m"), example):
        if visit == "screening":
            outcome = next(o for o in screener.screen(row).outcomes if o.id == "I3")
            answers.add(str(outcome.outcome))
    assert answers == {"met", "unknown"}
