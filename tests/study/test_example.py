"""The first study against its source: the record, the laboratory dictionary, the list of gaps."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from trialrun.study.model import EndpointRole, Limits, Study
from trialrun.study.plan import COVARIANCES, Adjustment, Method, Strategy
from trialrun.study.plan_parts import plan_parts
from trialrun.study.record_text import criteria_bullets, plain_text, record_sentences
from trialrun.study.references import BACKGROUND
from trialrun.study.traceability import invented, uncovered

CRITERIA = [
    "I1",
    "I2a",
    "I2b",
    "I2c",
    "I2d",
    "I3",
    "E1",
    "E2a",
    "E2b",
    "E2c",
    "E3",
    "E4",
    "E5",
    "E6",
    "E7",
    "E8",
    "E9",
    "E10",
    "E11",
    "E12",
    "E13",
    "E14",
    "E15",
]
FORMS = [
    "consent",
    "demographics",
    "liver_history",
    "medical_history",
    "malignancy",
    "infection",
    "medication",
    "audit",
    "alcohol",
    "beverage",
    "weight_history",
    "examination",
    "vital_signs",
    "laboratory",
    "pregnancy",
    "investigator_judgement",
    "reconfirmation",
    "infusion",
    "adverse_event",
    "procedure",
    "end_of_study",
]
VISITS = [
    "screening",
    "baseline",
    "dose_1",
    "dose_2",
    "dose_3",
    "dose_4",
    "month_2",
    "month_4",
    "early_termination",
    "unscheduled",
    "log",
]
ENDPOINTS = ["meld_month_4", "child_pugh_month_4", "ast_change", "bilirubin", "alt_change", "inr"]
# Gaps of the record by number, each with the assumption that answers for it.
GAPS = {
    1: "decompensation",
    2: "safety_outcomes",
    3: "primary_metric",
    4: "secondary_metric",
    5: "month_2_scores",
    6: "alcohol_limit",
    7: "alcohol_plan",
    8: "alcohol_etiology",
    9: "nash_criteria",
    10: "current_steroid",
    11: "compound_bullet",
    12: "overlapping_judgements",
    13: "no_other_limits",
    14: "viral_etiology",
    15: "dose_plan",
    16: "stale_record",
    17: "stale_record",
    18: "child_pugh_bands",
    19: "pregnancy_tests",
    20: "age_inclusive",
}
QUESTIONS = [
    "dose_plan",
    "dose_basis",
    "dose_route",
    "meld_version",
    "clock_start",
    "child_pugh_bands",
    "alcohol_limit",
    "capacity_at_consent",
    "viral_etiology",
    "hypertension_rule",
    "safety_outcomes",
    "current_steroid",
    "ctcae_version",
    "weight_loss_reading",
    "estimand_primary",
    "multiplicity",
    "sample_size",
    "baseline_value",
    "visit_windows",
]


def test_names_others_rely_on(example: Study) -> None:
    assert list(example.criteria) == CRITERIA
    assert list(example.forms) == FORMS
    assert list(example.visits) == VISITS
    assert [name for name, one in example.endpoints.items() if one.order] == ENDPOINTS
    assert (example.id, example.registry_id, example.target) == ("nct05871463", "NCT05871463", 15)


def test_every_sentence_of_the_record_leads_to_a_part(example: Study) -> None:
    assert uncovered(example) == ()
    assert invented(example) == ()
    assert len(record_sentences(example.record)) > 70


def test_only_the_descriptions_hold_background(example: Study) -> None:
    for quote in example.traceability:
        if BACKGROUND in quote.parts:
            assert quote.path.startswith("descriptionModule."), quote.text
            assert quote.parts == (BACKGROUND,)


def test_every_line_of_the_page_is_in_the_record_or_names_a_field(
    example: Study, shared: Callable[[str], Path]
) -> None:
    text = plain_text(shared("record/NCT05871463-page.txt").read_text(encoding="utf-8"))
    for path, sentence in record_sentences(example.record):
        if path.endswith(("interventionNames", "interventions.type", "designModule.phases")):
            continue
        wanted = "All" if path == "eligibilityModule.sex" else sentence
        assert wanted in text, path


def test_all_eighteen_bullets_are_there_word_for_word(example: Study) -> None:
    inclusion, exclusion = criteria_bullets(example.record)
    assert (len(inclusion), len(exclusion)) == (3, 15)
    for bullets, criteria in ((inclusion, example.inclusion()), (exclusion, example.exclusion())):
        for number, bullet in enumerate(bullets, start=1):
            assert plain_text(" ".join(one.text for one in criteria if one.bullet == number)) == bullet


def test_judgements_are_attested_by_the_principal_investigator_alone(example: Study) -> None:
    for name in ("E6", "E13", "E15"):
        assert [who.value for who in example.criteria[name].attested_by] == ["principal_investigator"]


@pytest.mark.parametrize(("number", "assumption"), GAPS.items())
def test_every_gap_is_an_assumption(example: Study, number: int, assumption: str) -> None:
    assert assumption in example.assumptions, number


def test_assumptions_are_complete(example: Study) -> None:
    assert set(QUESTIONS) <= set(example.assumptions)
    for assumption in example.assumptions.values():
        assert assumption.parts, assumption.id
        assert assumption.confirmed is None, assumption.id


LABORATORY = {
    "creatinine": ("mg/dL", "2160-0", "0.3", "8", "0.1", "30"),
    "bilirubin": ("mg/dL", "1975-2", "0.2", "40", "0.05", "80"),
    "inr": ("{INR}", "6301-6", "0.8", "6", "0.5", "20"),
    "sodium": ("mmol/L", "2951-2", "120", "150", "90", "190"),
    "albumin": ("g/dL", "1751-7", "1.5", "5.5", "0.5", "7"),
    "ast": ("U/L", "1920-8", "5", "1000", "1", "30000"),
    "alt": ("U/L", "1742-6", "5", "1000", "1", "30000"),
    "alp": ("U/L", "6768-6", "20", "1000", "1", "10000"),
    "platelets": ("10*9/L", "777-3", "20", "600", "1", "2500"),
}


@pytest.mark.parametrize("name", LABORATORY)
def test_laboratory_dictionary(example: Study, name: str) -> None:
    unit, loinc, query_low, query_high, hard_low, hard_high = LABORATORY[name]
    item = example.items[name]
    assert item.unit == unit
    assert ("LOINC", loinc) in [(coding.system, coding.code) for coding in item.codings]
    assert item.query == Limits(Decimal(query_low), Decimal(query_high))
    assert item.hard == Limits(Decimal(hard_low), Decimal(hard_high))


def test_outcomes_carry_the_records_words_and_five_marked_levels(example: Study) -> None:
    primary = [one for one in example.endpoints.values() if one.role is EndpointRole.PRIMARY]
    assert [one.title for one in primary] == ["Liver function by MELD score", "Liver function by CHILD score"]
    assert all(one.time_frame == "after 4 months of the trial" for one in primary)
    assert [one.variable for one in primary] == ["meld_na", "child_pugh"]


def test_the_doses_sum_to_forty_within_three_weeks(example: Study) -> None:
    plan = example.dose_plans[0]
    assert sum(dose.amount for dose in plan.doses) == plan.total == 40
    assert plan.within_days == 21
    assert {"dose_plan", "dose_basis", "dose_route"} <= set(plan.assumptions)


def test_audit_is_short_labels_only(example: Study) -> None:
    for number in range(1, 11):
        assert len(example.items[f"audit_{number}"].label) < 60


def test_consent_in_two_languages_with_open_parts_marked(example: Study) -> None:
    assert {(text.language, text.version) for text in example.consents} == {("en", "1"), ("fa", "1")}
    assert all("[" in text.text for text in example.consents)


def test_each_estimand_has_its_five_attributes(example: Study) -> None:
    plan = example.analysis
    assert not plan.assumed
    for name, estimand in plan.estimands.items():
        assert estimand.treatment, name
        assert estimand.summary, name
        assert estimand.population in plan.populations, name
        assert {"death", "transplant"} <= set(estimand.intercurrent), name


def test_every_part_of_the_plan_rests_on_an_assumption_to_confirm(example: Study) -> None:
    for part in plan_parts(example.analysis):
        assert part.assumptions, part.path
        assert all(name in example.assumptions for name in part.assumptions), part.path


def test_the_plan_is_the_recommended_default(example: Study) -> None:
    """Section 2 of the statistics notes of the project, line by line."""
    plan = example.analysis
    main = plan.estimands["composite"]
    assert main.method is Method.SIGNED_RANK
    assert (
        main.intercurrent["death"].strategy is main.intercurrent["transplant"].strategy is Strategy.COMPOSITE
    )
    policy = {"tips", "dialysis", "albumin", "alcohol_relapse", "dose_stopped", "vitamin_k_antagonist"}
    assert all(main.intercurrent[kind].strategy is Strategy.TREATMENT_POLICY for kind in policy)
    assert plan.estimands["hypothetical"].method is Method.MMRM
    assert plan.estimands["hypothetical"].covariance == COVARIANCES
    assert list(plan.populations) == ["screened", "enrolled", "treated", "evaluable", "per_protocol"]
    assert plan.multiplicity.adjustment is Adjustment.HOLM
    assert plan.multiplicity.over == ("meld_month_4", "child_pugh_month_4")
    falls = {one.parameter: one.fall_of for one in plan.responders.values() if one.fall_of}
    assert falls == {"meld_na": 3, "child_pugh": 2}
    assert plan.sensitivity["multiple_imputation"].imputations >= 50
    assert plan.sensitivity["meld_version"].parameters["meld_month_4"] == (
        "meld_unos", "meld_na_kim2008", "meld_3",
    )  # fmt: skip
    assert plan.shifts["child_class"].order == ("A", "B", "C", "death", "transplant")
    assert plan.estimands["death_or_transplant"].events == ("death", "transplant")


def test_the_study_says_what_counts_as_today(example: Study) -> None:
    assert example.settings["timezone"] == "Asia/Tehran"
