"""Baseline, change, windows, death and missing values, checked by hand on six people."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from small_study import DOSE_DAY, Cut, SmallRules, item, make_study, origin, six_people
from trialrun.derive.dataset import derive_dataset
from trialrun.derive.endpoints import Status
from trialrun.derive.windows import Window, shifted
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot
from trialrun.study.model import ItemType


def rows_of(dataset, parameter, visit):
    return {row.participant: row for row in dataset.rows if row.parameter == parameter and row.visit == visit}


def derived(tmp_path, cut):
    write_snapshot(tmp_path / "one", cut.tables, origin())
    return derive_dataset(read_snapshot(tmp_path / "one"), cut.study, rules=SmallRules())


def one_person(**more):
    cut = Cut()
    cut.person("S-001", **more)
    cut.doses("S-001", 20, 20)
    return cut


def test_change_is_value_minus_baseline(dataset):
    found = rows_of(dataset, "points", "month_4")
    assert found["S-001"].baseline == 18
    assert found["S-001"].change == -4
    assert found["S-002"].change == -3
    assert found["S-003"].change == 3
    assert found["S-001"].percent_change == pytest.approx(-400 / 18)


def test_the_screening_value_is_not_the_baseline_when_a_later_one_exists(dataset):
    assert {row.baseline_occurrence for row in rows_of(dataset, "points", "month_4").values()} == {"baseline"}


def test_baseline_falls_back_to_the_last_known_value(tmp_path):
    cut = one_person()
    cut.labs("S-001", "screening", DOSE_DAY - timedelta(10), "3.3", "1.5")
    cut.labs("S-001", "baseline", DOSE_DAY, "3.0", "?not_done")
    row = rows_of(derived(tmp_path, cut), "points", "baseline")["S-001"]
    assert (row.baseline, row.occurrence) == (18.3, "screening")


def test_a_value_after_the_first_dose_is_no_baseline(tmp_path):
    cut = one_person()
    cut.labs("S-001", "unscheduled", DOSE_DAY + timedelta(1), "3.0", "1.5")
    row = rows_of(derived(tmp_path, cut), "points", "baseline")["S-001"]
    assert (row.baseline, row.status) == (None, Status.UNKNOWN)


def test_a_missing_input_leaves_the_score_unknown_with_bounds_and_a_reason(dataset):
    row = rows_of(dataset, "points", "month_4")["S-006"]
    assert row.status is Status.UNKNOWN
    assert (row.value, row.low, row.high) == (None, 12.5, 64.5)
    assert row.unknown_because == ("inr",)
    assert rows_of(dataset, "bilirubin", "month_4")["S-006"].status is Status.OBSERVED


def test_a_missing_input_is_not_carried_forward(dataset):
    row = rows_of(dataset, "points", "month_4")["S-006"]
    assert {s.visit for s in row.sources if s.item == "inr"} == {"baseline", "month_4"}


def test_death_and_missed_visits_are_told_apart(dataset):
    found = rows_of(dataset, "points", "month_4")
    assert found["S-004"].status is Status.DIED
    assert "day 99" in found["S-004"].explanation
    assert found["S-005"].status is Status.MISSED
    assert "moved away" in found["S-005"].explanation
    assert rows_of(dataset, "points", "month_2")["S-004"].status is Status.OBSERVED


def test_every_observed_row_names_the_log_entries_behind_it(dataset, snapshot):
    for row in dataset.rows:
        if row.status is Status.OBSERVED:
            assert row.sources
        for source in row.sources:
            assert source.event_hash in snapshot.event_by_hash


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-22, Status.OUTSIDE_WINDOW),
        (-21, Status.OBSERVED),
        (21, Status.OBSERVED),
        (22, Status.OUTSIDE_WINDOW),
    ],
)
def test_the_window_closes_on_its_last_day(tmp_path, days, expected):
    cut = one_person()
    cut.labs("S-001", "month_4", date(2026, 5, 12) + timedelta(days), "3.0", "1.5")
    assert rows_of(derived(tmp_path, cut), "points", "month_4")["S-001"].status is expected


def test_an_unscheduled_value_counts_only_where_no_scheduled_one_does(tmp_path):
    cut = one_person()
    cut.labs("S-001", "month_4", date(2026, 5, 25), "3.0", "1.5")
    cut.labs("S-001", "unscheduled", date(2026, 5, 12), "9.0", "1.5")
    assert rows_of(derived(tmp_path, cut), "points", "month_4")["S-001"].value == 18


def test_an_unscheduled_value_replaces_a_missed_visit(tmp_path):
    cut = one_person()
    cut.labs("S-001", "unscheduled#2", date(2026, 5, 12), "9.0", "1.5")
    row = rows_of(derived(tmp_path, cut), "points", "month_4")["S-001"]
    assert (row.value, row.occurrence) == (24, "unscheduled#2")


def test_equally_near_visits_are_decided_for_the_later(tmp_path):
    cut = one_person()
    cut.labs("S-001", "unscheduled", date(2026, 5, 10), "1.0", "1.5")
    cut.labs("S-001", "unscheduled#2", date(2026, 5, 14), "2.0", "1.5")
    assert rows_of(derived(tmp_path, cut), "points", "month_4")["S-001"].occurrence == "unscheduled#2"


def test_a_value_after_a_transplant_is_not_an_ordinary_value(tmp_path):
    cut = one_person(status="ended", ended=date(2026, 4, 1), reason="transplant")
    cut.labs("S-001", "month_4", date(2026, 5, 12), "1.0", "1.0")
    assert rows_of(derived(tmp_path, cut), "points", "month_4")["S-001"].status is Status.TRANSPLANTED


def test_populations_narrow_and_say_why(dataset):
    sets = dataset.populations
    assert len(sets["screened"].members) == 7
    assert sets["enrolled"].left_out == {"S-007": "not eligible: E1"}
    assert len(sets["treated"].members) == 6
    assert set(sets["evaluable"].left_out) == {"S-005", "S-006"}
    assert "inr" in sets["evaluable"].left_out["S-006"]


def test_deviations_are_found_in_the_data(tmp_path):
    cut = one_person()
    cut.labs("S-001", "month_2", date(2026, 4, 12), "3.0", "1.5")
    cut.person("S-002")
    cut.doses("S-002", 20, 25)
    cut.person("S-003")
    cut.doses("S-003", 20)
    kinds = {(d.participant, d.kind, d.visit) for d in derived(tmp_path, cut).deviations}
    assert ("S-001", "window", "month_2") in kinds
    assert ("S-002", "dose", "dose_2") in kinds
    assert ("S-002", "dose", "") in kinds
    assert ("S-003", "dose", "dose_2") in kinds


def test_a_departure_written_down_by_the_ledger_is_counted_once(tmp_path):
    def written(position, rule, visit):
        data = {"kind": "dose", "description": "25 mg given", "visit": visit, "rule": rule, "action": ""}
        body = {"type": "DeviationRecorded", "stream": "participant/S-002", "data": json.dumps(data)}
        frame = {"position": position, "version": position, "schema": 1, "at": "2026-01-20T00:00:00.000000Z"}
        return {
            **frame,
            "hash": f"{position:064d}",
            "by": "a",
            "role": "b",
            "site": "01",
            "reason": "",
            **body,
        } | {"study_hash": "", "previous": ""}

    cut = one_person()
    cut.person("S-002")
    cut.doses("S-002", 20, 25)
    alone = derived(tmp_path / "a", cut).deviations
    cut.tables["events"] = [
        *cut.tables.get("events", []),
        written(901, "dose-not-as-planned", "dose_2"),
        written(902, "visit-window", "month_2"),
        written(903, "", "dose_2"),
    ]
    both = derived(tmp_path / "b", cut).deviations
    assert [d.description for d in both if d not in alone] == ["25 mg given"]
    assert len(both) == len(alone) + 1


def test_adverse_events_keep_partial_dates_open(dataset):
    (event,) = dataset.adverse_events
    assert event.term == "Variceal bleeding"
    assert event.start_day is None
    assert event.after_first_dose is True
    assert event.outcome == "Fatal"


def test_procedures_are_intercurrent_events(tmp_path):
    cut = six_people()
    cut.visit("S-001", "log", None, "procedure", "1", procedure_kind="tips", procedure_date="2026-02-01")
    events = {(e.participant, e.kind, e.day) for e in derived(tmp_path, cut).events}
    assert ("S-001", "tips", 21) in events
    assert ("S-004", "death", 99) in events


def test_durations_are_calendar_months():
    assert shifted(date(2025, 10, 31), "P4M") == date(2026, 2, 28)
    assert shifted(date(2026, 1, 1), "P7D") == date(2026, 1, 8)
    assert Window(DOSE_DAY, DOSE_DAY, DOSE_DAY).holds(None) is False


def test_small_study_is_what_the_tests_think(small):
    assert make_study() == small


def test_a_dose_planned_after_death_is_no_deviation(tmp_path):
    cut = one_person(status="ended", ended=DOSE_DAY + timedelta(3), reason="death")
    cut.tables["values"] = [row for row in cut.tables["values"] if row["visit"] != "dose_2"]
    assert not [d for d in derived(tmp_path, cut).deviations if d.visit == "dose_2" and d.kind == "dose"]


def test_a_value_taken_on_the_dose_day_outside_the_baseline_visit_is_no_baseline(tmp_path):
    cut = one_person()
    cut.labs("S-001", "unscheduled", DOSE_DAY, "3.0", "1.5")
    assert rows_of(derived(tmp_path, cut), "points", "baseline")["S-001"].baseline is None


def test_a_person_who_died_after_the_window_closed_is_not_counted_as_dead_in_it(tmp_path):
    cut = one_person(status="ended", ended=date(2026, 6, 20), reason="death")
    cut.labs("S-001", "baseline", DOSE_DAY, "3.0", "1.5")
    assert rows_of(derived(tmp_path, cut), "points", "month_4")["S-001"].status is Status.MISSED


def test_a_changed_laboratory_is_listed(tmp_path):
    study = make_study()
    name = item("laboratory_name", ItemType.TEXT)
    forms = {
        **study.forms,
        "laboratory": replace(
            study.forms["laboratory"], items=("sample_date", "bilirubin", "inr", "laboratory_name")
        ),
    }
    cut = Cut(replace(study, items={**study.items, "laboratory_name": name}, forms=forms))
    cut.person("S-001")
    cut.doses("S-001", 20, 20)
    cut.visit(
        "S-001", "baseline", DOSE_DAY, sample_date=DOSE_DAY, bilirubin="3", inr="1.5", laboratory_name="North"
    )
    cut.visit("S-001", "month_4", date(2026, 5, 12), bilirubin="3", inr="1.5", laboratory_name="South")
    kinds = [(d.kind, d.visit) for d in derived(tmp_path, cut).deviations]
    assert ("laboratory", "month_4") in kinds


@pytest.mark.parametrize(("recorded", "assessed"), [("major", ""), ("", "critical"), ("minor", "major")])
def test_a_departure_judged_major_keeps_its_participant_out_of_the_per_protocol_set(
    tmp_path, recorded, assessed
):
    def entry(position, name, **data):
        body = {"type": name, "stream": "participant/S-002", "data": json.dumps({"deviation": "D1", **data})}
        return {"position": position, "at": "2026-01-20T00:00:00.000000Z", "hash": f"{position:064d}", **body}

    def with_entries(folder, importance, later):
        cut = one_person()
        cut.person("S-002")
        cut.doses("S-002", 20, 20)
        words = {
            "kind": "consent",
            "description": "old form",
            "visit": "",
            "rule": "visit-window",
            "action": "",
        }
        cut.tables["events"].append(entry(901, "DeviationRecorded", importance=importance, **words))
        if later:
            cut.tables["events"].append(entry(902, "DeviationAssessed", importance=later))
        found = derived(folder, cut)
        return [one.major for one in found.deviations if one.description == "old form"]

    assert with_entries(tmp_path / "a", recorded, assessed) == [True]
    # Judged minor in the end: the data show it already.
    assert with_entries(tmp_path / "b", recorded, "minor") == []
