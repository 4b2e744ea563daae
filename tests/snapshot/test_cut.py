"""A snapshot cut from a real log: what the log says, no more, and the same bytes every time."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from trialrun.analyse.run import analyse_dataset
from trialrun.derive.dataset import derive_dataset
from trialrun.ledger.store import open_store
from trialrun.report.build import render_report
from trialrun.simulate.rehearse import rehearse
from trialrun.snapshot.cut import cut
from trialrun.snapshot.manifest import SnapshotError
from trialrun.snapshot.read import read_snapshot
from trialrun.study.load import load_study

NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def example(root):
    return load_study(root / "examples" / "nct05871463")


@pytest.fixture(scope="module")
def store(example, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rehearsal")
    summary = rehearse(example, folder, seed=15, screened=16)
    path = folder / summary.database if not str(summary.database).startswith("/") else summary.database
    opened = open_store(f"sqlite:///{path}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def taken(store, example, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cut") / "whole"
    cut(store, example, folder, now=NOW, synthetic=True, seed=15)
    return read_snapshot(folder)


@pytest.fixture(scope="module")
def data(taken, example):
    return derive_dataset(taken, example)


def test_the_same_log_and_time_give_the_same_bytes(store, example, taken, tmp_path):
    again = cut(store, example, tmp_path / "again", now=NOW, synthetic=True, seed=15)
    assert again.hash == taken.manifest.hash


def test_the_manifest_names_the_log_it_was_cut_from(store, taken, example):
    events = list(store.read())
    origin = taken.manifest.origin
    assert origin.ledger_position == events[-1].position == len(taken.rows("events"))
    assert origin.heads == {event.stream: event.hash for event in events}
    assert origin.seal == next(e.hash for e in reversed(events) if e.type == "LogSealed")
    assert (origin.purpose, origin.synthetic, origin.study_hash) == ("rehearsal", True, example.hash)


def test_every_value_is_the_last_entry_of_its_slot(taken):
    last = {}
    for event in taken.rows("events"):
        if event["type"] in {"ItemsEntered", "ItemsCorrected"}:
            entry = json.loads(event["data"])
            for item in entry["items"]:
                row = str(entry["row"]) if entry["row"] else ""
                last[event["stream"].split("/")[1], entry["visit"], entry["form"], row, item] = event["hash"]
    found = {
        (r["participant"], r["visit"], r["form"], r["row"], r["item"]): r["event_hash"]
        for r in taken.rows("values")
    }
    assert found
    assert all(last[slot] == event for slot, event in found.items())


def test_identifying_values_do_not_leave_the_log(taken, example):
    for row in taken.rows("values"):
        if example.items[row["item"]].identifying:
            assert (row["text"], row["date_low"]) == (None, None)
            assert row["missing_reason"] is not None


def test_a_cut_at_an_earlier_position_knows_nothing_later(store, example, taken, tmp_path):
    position = taken.manifest.origin.ledger_position // 2
    cut(store, example, tmp_path / "half", now=NOW, position=position)
    half = read_snapshot(tmp_path / "half")
    assert max(row["position"] for row in half.rows("events")) == position
    assert all(row["position"] <= position for row in half.rows("values"))


@pytest.mark.parametrize("position", [0, 10**9])
def test_a_position_the_log_does_not_have_is_refused(store, example, tmp_path, position):
    with pytest.raises(SnapshotError):
        cut(store, example, tmp_path / "none", now=NOW, position=position)


def test_a_rehearsal_cannot_be_called_final(store, example, tmp_path):
    with pytest.raises(SnapshotError, match="rehearsal"):
        cut(store, example, tmp_path / "final", now=NOW, purpose="final")


def test_scores_derived_from_the_snapshot_are_those_the_log_derived(data, taken):
    logged = {(r["participant"], r["visit"], r["name"]): r["text"] for r in taken.rows("derived")}
    compared = 0
    for measure in data.measures:
        key = (measure.participant, measure.occurrence, measure.parameter)
        if key in logged:
            compared += 1
            text = logged[key]
            if isinstance(measure.value, str):  # a class, such as Child-Pugh B
                assert measure.value == text, key
            else:
                assert measure.value == (None if text is None else pytest.approx(float(text))), key
    assert compared > 50


def test_every_observed_value_leads_to_the_log(data, taken):
    assert data.rows
    for row in data.rows:
        if row.value is not None:
            assert row.sources
        for source in row.sources:
            assert source.event_hash in taken.event_by_hash


def test_the_whole_way_from_log_to_page_is_reproducible(data, taken, example):
    results = analyse_dataset(data)
    again = derive_dataset(taken, example)
    assert analyse_dataset(again).text() == results.text()
    page = render_report(data, results)
    assert page == render_report(again, analyse_dataset(again))
    for title in (
        "Liver function by MELD score",
        "Liver function by CHILD score",
        "Change in liver enzyme AST",
    ):
        assert title in page
