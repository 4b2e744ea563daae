"""Laboratory grades, worsening and liver signals of hand-made snapshots, judged by hand from CTCAE v5.0."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from small_study import DOSE_DAY, Cut, SmallRules, item, make_study, origin
from trialrun.analyse.safety import analyse_safety
from trialrun.derive.dataset import derive_dataset
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot
from trialrun.study.model import ItemType

MORE = (
    item("alt", ItemType.NUMBER, unit="U/L", analyte="alt"),
    item("platelets", ItemType.NUMBER, unit="10*9/L", analyte="platelets"),
    item("laboratory_name", ItemType.TEXT),
)
RANGES = (
    ("alt", "U/L", "7", "40"),
    ("bilirubin", "mg/dL", "0.2", "1.2"),
    ("platelets", "10*9/L", "150", "400"),
)
DAYS = {"screening": -10, "baseline": 0, "month_2": 60, "unscheduled": 90, "month_4": 120}


@pytest.fixture
def cut():
    made = make_study()
    form = made.forms["laboratory"]
    found = Cut(
        replace(
            made,
            items={**made.items, **{one.name: one for one in MORE}},
            forms={
                **made.forms,
                "laboratory": replace(form, items=(*form.items, *(one.name for one in MORE))),
            },
        )
    )
    found.tables["ranges"] = [
        {
            "site": "01", "laboratory": "Central", "item": name, "line": number, "unit": unit, "low": low, "high": high,
            "sex": "", "age_from": "", "age_to": "", "valid_from": "", "valid_to": "", "position": 1, "event_hash": "d" * 64,
        }
        for number, (name, unit, low, high) in enumerate(RANGES, start=1)
    ]  # fmt: skip
    return found


def person(cut, key, **courses):
    """A treated participant; each course gives the values at screening, baseline, month 2, unscheduled, month 4."""
    cut.person(key)
    cut.doses(key, 20, 20)
    for index, (visit, day) in enumerate(DAYS.items()):
        answers = {name: values[index] for name, values in courses.items() if values[index]}
        if answers:
            on = DOSE_DAY + timedelta(day)
            cut.visit(key, visit, on, sample_date=on, laboratory_name="Central", **answers)


def safety_of(tmp_path, cut):
    write_snapshot(tmp_path / "one", cut.tables, origin())
    return analyse_safety(derive_dataset(read_snapshot(tmp_path / "one"), cut.study, rules=SmallRules()))


def shift(found, term, visit="worst"):
    return next(one for one in found.shifts if one.term == term and one.visit == visit)


def cells(found):
    return {(cell.baseline, cell.after): cell.participants for cell in found.cells}


def test_an_abnormal_baseline_is_starred_and_later_grades_are_multiples_of_it(tmp_path, cut):
    # Mean of 70 and 90 is 80: above 40, grade 1 by the limit. 110 is 1.375 x baseline: 0. 120 is 1.5 x: 1.
    person(cut, "S-001", alt=("70", "90", "110", "", "100"))
    person(cut, "S-002", alt=("70", "90", "120", "", "100"))
    # Baseline 30, normal: 130 is 3.25 x 40, grade 2; the worst lies outside the planned visits.
    person(cut, "S-003", alt=("30", "30", "35", "130", "41"))
    person(cut, "S-004", alt=("30", "", "", "", ""))
    found = safety_of(tmp_path, cut)
    worst = shift(found, "ctcae_v5_alt")
    assert cells(worst) == {("1*", "0"): 1, ("1*", "1"): 1, ("0", "2"): 1, ("0", "not measured"): 1}
    assert (worst.worsened.participants, worst.worsened.at_risk) == (2, 3)
    assert worst.severe.participants == 0
    assert cells(shift(found, "ctcae_v5_alt", "month_4")) == {
        ("1*", "0"): 2, ("0", "1"): 1, ("0", "not measured"): 1,
    }  # fmt: skip
    assert {one.visit for one in found.shifts if one.term == "ctcae_v5_alt"} == {
        "worst",
        "month_2",
        "month_4",
    }


def test_a_grade_3_from_below_is_counted_and_one_that_was_there_is_not(tmp_path, cut):
    person(cut, "S-001", platelets=("60", "60", "45", "", "60"))  # 2 to 3
    person(cut, "S-002", platelets=("45", "40", "45", "", "30"))  # 3 and stays 3
    person(cut, "S-003", platelets=("160", "170", "20", "", ""))  # 0 to 4
    worst = shift(safety_of(tmp_path, cut), "ctcae_v5_platelets")
    assert cells(worst) == {("2", "3"): 1, ("3", "3"): 1, ("0", "4"): 1}
    assert (worst.worsened.participants, worst.severe.participants) == (2, 2)


def test_without_a_range_a_grade_is_unknown_and_never_0(tmp_path, cut):
    cut.tables["ranges"] = []
    person(cut, "S-001", alt=("30", "30", "35", "", "41"), platelets=("160", "170", "20", "", ""))
    found = safety_of(tmp_path, cut)
    assert cells(shift(found, "ctcae_v5_alt")) == {("unknown", "unknown"): 1}
    assert shift(found, "ctcae_v5_alt").worsened.unknown == 1
    # 20 is grade 4 with or without a limit, but what it was before is known only as 0 or 1.
    low = shift(found, "ctcae_v5_platelets")
    assert cells(low) == {("unknown", "4"): 1}
    assert (low.worsened.participants, low.severe.participants) == (1, 1)
    assert any("no reference ranges" in note for note in found.notes)


def test_a_range_holds_only_for_its_laboratory_and_sex(tmp_path, cut):
    for row in cut.tables["ranges"]:
        row["sex"] = "M"  # the participants of this study are women
    person(cut, "S-001", alt=("30", "30", "35", "", "41"))
    assert cells(shift(safety_of(tmp_path, cut), "ctcae_v5_alt")) == {("unknown", "unknown"): 1}


def test_the_liver_rule_compares_with_the_mean_before_the_first_dose(tmp_path, cut):
    # ALT mean 40: 120 is 3.0 x; bilirubin mean 3: 6.0 is 2.0 x. Both at month 2.
    person(
        cut,
        "S-001",
        alt=("30", "50", "120", "", "60"),
        bilirubin=("2.0", "4.0", "6.0", "", "3.0"),
        inr=("1.2", "1.2", "1.2", "", "1.2"),
    )
    # The enzymes rise, bilirubin does not, INR by 0.5: a signal too.
    person(
        cut,
        "S-002",
        alt=("40", "40", "121", "", ""),
        bilirubin=("2.0", "2.0", "2.0", "", ""),
        inr=("1.2", "1.2", "1.7", "", ""),
    )
    # Just below 3 x, whatever bilirubin does.
    person(
        cut,
        "S-003",
        alt=("40", "40", "119", "", ""),
        bilirubin=("2.0", "2.0", "9.0", "", ""),
        inr=("1.2", "1.2", "1.2", "", ""),
    )
    # Raised enzymes without a partner to judge.
    person(cut, "S-004", alt=("40", "40", "200", "", ""))
    found = safety_of(tmp_path, cut)
    points = {one.participant: one for one in found.liver}
    assert (points["S-001"].alt, points["S-001"].bilirubin) == (3.0, 2.0)
    assert points["S-001"].alt_times_high == 3.0
    assert points["S-002"].inr_rise == 0.5
    assert {name: one.signals for name, one in points.items()} == {
        "S-001": ("hys_law", "liver_injury"),  # 120 is 3 x 40, 6.0 is 5 x 1.2; neither held before
        "S-002": ("liver_injury",),
        "S-003": (),
        "S-004": ("liver_incomplete",),
    }
    assert [(one.participant, one.visit) for one in found.signals if one.kind == "liver_injury"] == [
        ("S-001", "month_2"),
        ("S-002", "month_2"),
    ]
    signal = next(one for one in found.signals if one.participant == "S-001" and one.kind == "liver_injury")
    assert {row.rsplit("/", 1)[1] for row in signal.rows} == {"alt", "bilirubin"}


def test_a_baseline_of_one_draw_is_said(tmp_path, cut):
    person(
        cut,
        "S-001",
        alt=("", "40", "130", "", ""),
        bilirubin=("", "2.0", "5.0", "", ""),
        inr=("", "1.2", "1.2", "", ""),
    )
    found = safety_of(tmp_path, cut)
    signal = next(one for one in found.signals if one.kind == "liver_injury")
    assert any("single draw" in caveat for caveat in signal.caveats)
    assert found.liver[0].alt_draws == 1
    assert any("1 of 1 treated participants" in note for note in found.notes)


def test_every_laboratory_count_leads_to_values_and_their_entries(tmp_path, cut):
    person(cut, "S-001", alt=("70", "90", "400", "", "100"), platelets=("60", "60", "45", "", "60"))
    found = safety_of(tmp_path, cut)
    worst = shift(found, "ctcae_v5_alt")
    (cell,) = worst.cells
    assert [row.rsplit("/", 4)[1] for row in cell.rows] == ["screening", "baseline", "month_2"]
    assert "400" in found.behind[cell.rows[-1]].value
    assert all(len(found.behind[row].events[0]) == 64 for row in cell.rows)
