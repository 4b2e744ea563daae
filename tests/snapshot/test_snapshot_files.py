"""A snapshot is the same bytes for the same rows, and refuses a file somebody touched."""

from __future__ import annotations

import json
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from small_study import ITEMS, origin, six_people
from trialrun.errors import UserError
from trialrun.snapshot.layout import TABLES
from trialrun.snapshot.manifest import SnapshotError
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.typed import typed_columns
from trialrun.snapshot.write import write_snapshot

BY_NAME = {item.name: item for item in ITEMS}


def test_the_same_rows_give_the_same_bytes_in_any_order(tmp_path):
    tables = six_people().tables
    one = write_snapshot(tmp_path / "one", tables, origin())
    other = write_snapshot(tmp_path / "two", {name: rows[::-1] for name, rows in tables.items()}, origin())
    assert one.hash == other.hash
    for name in [*one.files, "manifest.json"]:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_every_table_is_there_with_its_columns(tmp_path, snapshot):
    for name, table in TABLES.items():
        found = duckdb.sql(
            f"DESCRIBE SELECT * FROM read_parquet('{snapshot.folder / table.file}')"
        ).fetchall()
        assert [(row[0], row[1]) for row in found] == [(c.name, c.type) for c in table.columns], name


def test_text_as_entered_stays_beside_the_number(snapshot):
    row = next(row for row in snapshot.rows("values") if row["item"] == "bilirubin")
    assert (row["text"], row["number"], row["unit"]) == ("3.0", 3.0, "mg/dL")
    missing = next(row for row in snapshot.rows("values") if row["missing_reason"])
    assert (missing["text"], missing["number"], missing["missing_reason"]) == (None, None, "not_done")


@pytest.mark.parametrize("name", ["values.parquet", "events.parquet", "participants.parquet"])
def test_a_changed_file_is_refused_by_name(snapshot, name):
    path = snapshot.folder / name
    path.write_bytes(path.read_bytes()[:-1] + b"X")
    with pytest.raises(SnapshotError, match=name):
        read_snapshot(snapshot.folder)


def test_a_missing_or_added_file_is_refused_by_name(snapshot):
    (snapshot.folder / "extra.parquet").write_bytes(b"")
    with pytest.raises(SnapshotError, match="extra"):
        read_snapshot(snapshot.folder)
    (snapshot.folder / "extra.parquet").unlink()
    (snapshot.folder / "visits.parquet").unlink()
    with pytest.raises(SnapshotError, match="visits"):
        read_snapshot(snapshot.folder)


@pytest.mark.parametrize("change", [{"layout": 99}, {"files": {}}, {"origin": {}}])
def test_a_manifest_of_another_kind_is_refused(snapshot, change):
    path = snapshot.folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(SnapshotError):
        read_snapshot(snapshot.folder)


def test_a_folder_without_manifest_is_no_snapshot(tmp_path):
    with pytest.raises(SnapshotError, match="not a snapshot"):
        read_snapshot(tmp_path)


def test_a_snapshot_is_never_overwritten(snapshot):
    with pytest.raises(SnapshotError, match="not empty"):
        write_snapshot(snapshot.folder, {}, origin())


def test_nothing_is_left_behind_when_a_row_does_not_fit(tmp_path):
    with pytest.raises(SnapshotError, match="no column"):
        write_snapshot(tmp_path / "bad", {"visits": [{"participant": "S-001", "wrong": 1}]}, origin())
    assert list(tmp_path.iterdir()) == []


def test_identifying_values_never_enter_a_snapshot():
    assert typed_columns(BY_NAME["birth_date"], "1970-01-01", None, None) == {"missing_reason": "withheld"}


@pytest.mark.parametrize(
    ("name", "text", "unit"),
    [
        ("bilirubin", "1.2", None),
        ("bilirubin", "a", "mg/dL"),
        ("bilirubin", "NaN", "mg/dL"),
        ("sex", "X", None),
        ("infusion_interrupted", "yes", None),
    ],
)
def test_what_does_not_fit_the_item_is_refused(name, text, unit):
    with pytest.raises(UserError):
        typed_columns(BY_NAME[name], text, unit, None)


def test_partial_dates_become_intervals():
    found = typed_columns(BY_NAME["ae_start"], "2026-02", None, None)
    assert (str(found["date_low"]), str(found["date_high"])) == ("2026-02-01", "2026-02-28")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(blacklist_categories=("Cs",)), max_size=30),
            st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
        ),
        max_size=8,
    )
)
def test_what_is_written_is_what_is_read(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("cuts") / "cut"
    rows = [
        {
            "participant": f"S-{i:03}",
            "visit": "v",
            "form": "f",
            "row": "",
            "item": "i",
            "text": text,
            "number": number,
        }
        for i, (text, number) in enumerate(values)
    ]
    write_snapshot(folder, {"values": rows}, origin())
    read = read_snapshot(folder).rows("values")
    assert [(row["text"], row["number"]) for row in read] == values
    assert all(Decimal(repr(row["number"])) is not None for row in read if row["number"] is not None)
