"""Results of the small study, checked by hand, and the refusals."""

from __future__ import annotations

import dataclasses
import json

import pytest

from small_study import STATED, Cut, SmallRules, endpoint, make_study, origin, six_people
from trialrun.analyse.result import Analysis
from trialrun.analyse.run import analyse_dataset, registered_outcomes
from trialrun.derive.dataset import derive_dataset
from trialrun.errors import AnalysisError
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot
from trialrun.study.model import EndpointRole


@pytest.fixture
def results(dataset):
    return analyse_dataset(dataset)


def test_mean_change_among_the_living(results):
    (found,) = results.of("points_month_4", Analysis.CHANGE, "month_4")
    assert (found.n, found.estimate) == (3, pytest.approx(-4 / 3))
    assert found.estimand.name == "while alive"
    assert found.interval.low < found.estimate < found.interval.high
    assert set(found.left_out) == {"S-004", "S-005", "S-006"}
    assert "died" in found.left_out["S-004"]


def test_death_is_the_worst_rank_in_the_primary_analysis(results):
    (found,) = results.of("points_month_4", Analysis.COMPOSITE, "month_4")
    assert found.n == 4
    assert found.details["died"] == 1
    assert found.estimand.intercurrent["death"].startswith("composite")
    # ranks 3, 1.5, 1.5 and 4: the sum of the positive ones is 1.5 + 4
    assert found.details["V"] == 5.5
    assert found.p_adjusted == found.p == 1.0


def test_results_come_in_registered_order(results, small):
    order = list(dict.fromkeys(result.endpoint for result in results.results))
    assert order == [e.name for e in registered_outcomes(small)] == ["points_month_4", "bilirubin"]


def test_month_2_of_the_primary_is_not_registered(results):
    assert [r.registered for r in results.of("points_month_4", Analysis.DESCRIBE)] == [True, False, True]


def test_every_result_names_its_rows_and_their_log_entries(results, snapshot):
    for result in results.results:
        # One row a participant; a mixed model rests on several times of each.
        assert len({row.row.split("/")[0] for row in result.rows}) == result.n
        assert len(result.rows) == result.n or "mixed model" in result.method
        assert result.inputs_hash
        for row in result.rows:
            assert row.events
            assert set(row.events) <= set(snapshot.event_by_hash)


def test_the_same_snapshot_gives_the_same_bytes(results, dataset, tmp_path, small):
    assert results.text() == analyse_dataset(dataset).text()
    write_snapshot(tmp_path / "again", six_people().tables, origin())
    again = derive_dataset(read_snapshot(tmp_path / "again"), small, rules=SmallRules())
    assert results.text() == analyse_dataset(again).text()
    assert json.loads(results.text())["purpose"] == "rehearsal"


def test_a_changed_value_changes_the_inputs_hash(results, tmp_path, small):
    cut = six_people()
    row = next(
        r
        for r in cut.tables["values"]
        if (r["participant"], r["visit"], r["item"]) == ("S-001", "month_4", "inr")
    )
    row.update(text="1.3", number=1.3, number_in_item_unit=1.3)
    write_snapshot(tmp_path / "other", cut.tables, origin())
    other = analyse_dataset(derive_dataset(read_snapshot(tmp_path / "other"), small, rules=SmallRules()))
    changed = {
        a.id for a, b in zip(results.results, other.results, strict=True) if a.inputs_hash != b.inputs_hash
    }
    told = {
        result.id
        for result in results.results
        if any(row.row == "S-001/points/month_4" for row in result.rows)
    }
    assert changed == told
    assert {
        f"points_month_4/month_4/{kind}" for kind in ("describe", "change", "change_exact", "composite")
    } < told


def _study_with(variable, visits=("month_4",)):
    extra = dataclasses.replace(
        endpoint("extra", EndpointRole.SECONDARY, 2, "inr", visits), variable=variable, measure=STATED
    )
    study = make_study()
    return dataclasses.replace(study, endpoints={**study.endpoints, "extra": extra})


@pytest.mark.parametrize(
    ("study", "words"),
    [
        (_study_with("nonsense"), "nonsense"),
        (_study_with("inr", ("screening",)), "follow-up"),
        (_study_with("sex"), "baseline"),
        (dataclasses.replace(make_study(), endpoints={}), "no registered outcome"),
        (dataclasses.replace(make_study(), id="other"), "other"),
    ],
)
def test_an_outcome_that_cannot_be_analysed_stops_the_build(snapshot, study, words):
    with pytest.raises(AnalysisError, match=words):
        analyse_dataset(derive_dataset(snapshot, study, rules=SmallRules()))


def test_nobody_at_month_4_stops_the_build_with_the_reason(tmp_path):
    cut = Cut()
    for key in ("S-001", "S-002"):
        cut.person(key)
        cut.labs(key, "baseline", cut.tables["participants"][0]["first_dose_on"], "3.0", "1.5")
        cut.doses(key, 20, 20)
    write_snapshot(tmp_path / "early", cut.tables, origin())
    data = derive_dataset(read_snapshot(tmp_path / "early"), cut.study, rules=SmallRules())
    with pytest.raises(AnalysisError, match=r"points_month_4.*not reached at the time of the cut"):
        analyse_dataset(data)


@pytest.mark.parametrize("value", ["1e160", "-1e308"])
def test_a_value_too_large_to_compute_with_is_refused_by_whose_it_is(tmp_path, small, value):
    cut = six_people()
    for row in cut.tables["values"]:
        if (row["participant"], row["visit"], row["item"]) == ("S-002", "month_2", "bilirubin"):
            row.update(text=value, number=float(value), number_in_item_unit=float(value))
    write_snapshot(tmp_path / "cut", cut.tables, origin())
    data = derive_dataset(read_snapshot(tmp_path / "cut"), small, rules=SmallRules())
    with pytest.raises(AnalysisError, match=r"S-002 has the value .* at month_2, which is too large"):
        analyse_dataset(data)
