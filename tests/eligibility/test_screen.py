"""What an answer says: values with dates, what is missing by name, intervals, words, who attests, what decides."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from trialrun.errors import ExpressionError
from trialrun.evaluate.eligibility import EligibilityStatus, Outcome, conclude
from trialrun.study.model import Study
from trialrun.study.screen import Screener, screen

from .conftest import read_given


def test_bounds_decide_the_class(study: Study, eligible: tuple[dict[str, Any], dict[str, Any]]) -> None:
    row, rows = eligible
    result = screen(study, {name: value for name, value in row.items() if name != "bilirubin"}, rows)
    outcome = result.outcome("I3")
    assert outcome.outcome is Outcome.MET
    assert outcome.possible == ("Child-Pugh score: 7 to 9 (class B)",)
    assert result.status is EligibilityStatus.ELIGIBLE


def test_bounds_that_do_not_decide_are_shown(study: Study) -> None:
    row, rows = read_given(
        study,
        "bilirubin=1.0; albumin=3.6; inr=1.5; encephalopathy=0; encephalopathy_treated=false; "
        "sample_date=2026-05-09; screening_date=2026-05-10",
    )
    outcome = screen(study, row, rows).outcome("I3")
    assert outcome.outcome is Outcome.UNKNOWN
    assert outcome.missing == ("ascites",)
    assert outcome.possible == ("Child-Pugh score: 5 to 7",)


def test_values_carry_their_day_and_label(study: Study) -> None:
    row, rows = read_given(study, "systolic_2=140; systolic_3=150; diastolic_2=80; diastolic_3=80")
    day = date(2026, 5, 10)
    outcome = screen(study, row, rows, dates={"systolic_2": day}).outcome("E14")
    shown = [str(value) for value in outcome.values]
    assert "Systolic pressure, reading 2, seated: 140 mm[Hg] (2026-05-10)" in shown
    assert [value.on for value in outcome.values if value.name == "systolic_3"] == [None]


def test_choices_are_shown_by_their_label(study: Study) -> None:
    outcome = screen(study, {"sex": "F"}).outcome("I2a")
    assert [str(value) for value in outcome.values] == ["Sex at birth: Female"]


def test_words_come_from_the_rule_and_stand_beside_the_record(study: Study) -> None:
    outcome = screen(study, {}).outcome("I2b")
    assert outcome.text == "between 18-75 years old"
    assert outcome.words == "Age in completed years at consent is at least 18 years and at most 75 years"
    assert outcome.attested_by == ("computed",)


def test_a_stale_sample_says_what_to_do(study: Study) -> None:
    row, rows = read_given(
        study,
        "bilirubin=4; albumin=2.5; inr=1.5; ascites=slight; encephalopathy=1; sample_date=2026-04-11; "
        "screening_date=2026-05-10",
    )
    outcome = screen(study, row, rows).outcome("I3")
    assert (outcome.outcome, outcome.missing) == (Outcome.UNKNOWN, ())
    assert "older than 28 days" in outcome.advice


def test_nobody_known_is_undecided_by_every_criterion(study: Study) -> None:
    result = screen(study, {})
    assert result.status is EligibilityStatus.UNDECIDED
    assert result.deciding == tuple(study.criteria)
    assert {"judgement_other_disorder", "judgement_severe_condition", "sex", "birth_date"} <= set(
        result.missing
    )


def test_one_exclusion_decides_whatever_is_unknown(study: Study) -> None:
    result = screen(study, {"cvd_stroke": True})
    assert result.status is EligibilityStatus.NOT_ELIGIBLE
    assert result.deciding == ("E1",)


def test_no_criteria_have_examined_nobody() -> None:
    assert conclude([]).status is EligibilityStatus.UNDECIDED


def test_rows_are_named_by_form_and_number(study: Study) -> None:
    row, rows = read_given(
        study,
        "screening_date=2026-05-10; medication_list_complete=true; "
        "medication[medication_class=other, medication_start=2026-01-01, medication_ongoing=true]; "
        "medication[medication_class=investigational, medication_start=2026-01-01, medication_ongoing=false]",
    )
    assert screen(study, row, rows).outcome("E5").missing == ("medication 2: medication_end",)


def test_a_value_of_the_wrong_type_is_refused(study: Study) -> None:
    with pytest.raises(ExpressionError, match="bilirubin"):
        Screener(study).screen({"bilirubin": "high"})


def test_steroid_equivalents_agree_with_the_score(study: Study) -> None:
    from trialrun.scores import compute

    limits = {
        "hydrocortisone": 40,
        "methylprednisolone": 8,
        "dexamethasone": 1.5,
        "cortisone": 50,
        "deflazacort": 12,
    }
    for drug, limit in limits.items():
        assert compute(
            "prednisone_equivalent", {"drug": drug, "dose": limit, "dose_unit": "mg", "route": "oral"}
        )["value"] == pytest.approx(10)
        for dose, expected in ((limit, Outcome.NOT_MET), (limit * 1.001, Outcome.MET)):
            row, rows = read_given(
                study,
                "screening_date=2026-05-10; medication_list_complete=true; "
                f"medication[medication_class=corticosteroid, medication_steroid={drug}, "
                f"medication_daily_dose={dose}, medication_route=oral, medication_start=2026-01-01, "
                "medication_end=2026-03-01, medication_ongoing=false]",
            )
            assert screen(study, row, rows).outcome("E12").outcome is expected, drug


FLAGS = [
    (
        (
            "sex=F; beverage_list_complete=true; beverage[beverage_volume=25, beverage_abv=100, "
            "beverage_servings_per_day=1, beverage_days_per_week=7]"
        ),
        "not above 20 or 30 g",
    ),
    (
        (
            "sex=F; alcohol_plan_continue=false; beverage_list_complete=true; beverage[beverage_volume=500, "
            "beverage_abv=5, beverage_servings_per_day=2, beverage_days_per_week=7]"
        ),
        "with a plan to stop",
    ),
    (
        (
            "etiology_alcohol=true; beverage_list_complete=true; beverage[beverage_volume=100, beverage_abv=5, "
            "beverage_servings_per_day=1, beverage_days_per_week=1]"
        ),
        "the person drinks",
    ),
    ("weight_6_months_ago=80; weight=75; paracentesis_in_window=true", "may be fluid"),
    (
        (
            "screening_date=2026-05-10; medication[medication_class=vitamin_k_antagonist, "
            "medication_start=2026-01-01, medication_ongoing=true]"
        ),
        "INR is not hepatic",
    ),
    (
        (
            "screening_date=2026-05-10; medication[medication_class=antibacterial, medication_route=iv, "
            "medication_purpose=prophylaxis, medication_start=2026-05-01, medication_ongoing=true]"
        ),
        "prophylaxis",
    ),
    (
        (
            "screening_date=2026-05-10; medication[medication_class=hydroxychloroquine, "
            "medication_start=2020, medication_ongoing=true]"
        ),
        "hydroxychloroquine",
    ),
    ("capacity=true; encephalopathy=2", "grade 2 or more"),
    (
        "sex=F; audit_1=4; audit_2=4; beverage_list_complete=true",
        "different sides of the limit",
    ),
    (
        (
            "sex=M; audit_1=0; beverage_list_complete=true; beverage[beverage_volume=500, beverage_abv=5, "
            "beverage_servings_per_day=4, beverage_days_per_week=7]"
        ),
        "different sides of the limit",
    ),
]


@pytest.mark.parametrize(("given", "word"), FLAGS, ids=[word for _, word in FLAGS])
def test_flags_are_shown_and_decide_nothing(study: Study, given: str, word: str) -> None:
    row, rows = read_given(study, given)
    flags = screen(study, row, rows).flags
    assert len(flags) == 1
    assert word in flags[0]
    assert screen(study, {}).flags == ()
