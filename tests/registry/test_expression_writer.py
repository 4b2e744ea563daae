"""Rules are written where every word is accounted for, and nowhere else; they decide both ways and stay unknown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialrun.expressions import parse_expression
from trialrun.registry.comparison import Comparison, ReadCriterion, Sign
from trialrun.registry.criteria import SectionKind
from trialrun.registry.draft_events import event_lately
from trialrun.registry.draft_rules import read_alone
from trialrun.registry.eligibility.read import read_criteria
from trialrun.registry.expression_atoms import AgeLimits
from trialrun.registry.expression_writer import write_expression
from trialrun.registry.vocabulary import shipped


def written(section: str, text: str, ages: AgeLimits | None = None) -> ReadCriterion:
    (read,) = read_criteria(f"{section.capitalize()} Criteria:\n\n* {text}")
    return write_expression(read, shipped(), ages)


@pytest.mark.parametrize(
    ("section", "text", "rule"),
    [
        ("inclusion", "Patients aged 18 years or older", "age >= 18"),
        ("inclusion", "Male or female patients between 18 and 75 years of age", "age >= 18 AND age <= 75"),
        ("inclusion", "Women aged 18-45 years", "sex = 'F' AND age >= 18 AND age <= 45"),
        ("inclusion", "Infants aged 3 to 12 months", ""),
        ("inclusion", "Age 3 to 12 months", "MONTHS_BETWEEN(birth_date, consent_date) >= 3 AND MONTHS_BETWEEN(birth_date, consent_date) <= 12"),
        ("inclusion", "ECOG performance status 0-1", "ecog BETWEEN 0 AND 1"),
        ("inclusion", "Eastern Cooperative Oncology Group (ECOG) performance status of 0, 1 or 2", "ecog IN (0, 1, 2)"),
        ("inclusion", "NYHA class II-IV", "nyha IN ('2', '3', '4')"),
        ("exclusion", "ASA > III", "asa IN ('4', '5', '6')"),
        ("inclusion", "Child-Pugh class A or B", "child_pugh <= 9"),
        ("inclusion", "AST and ALT ≤ 2.5 x ULN", "(ast <= 2.5 * ast_uln AND alt <= 2.5 * alt_uln)"),
        ("exclusion", "ALT or AST > 3 x ULN", "(alt > 3 * alt_uln OR ast > 3 * ast_uln)"),
        ("inclusion", "Total bilirubin ≤ 1.5 times the upper limit of normal", "bilirubin <= 1.5 * bilirubin_uln"),
        ("inclusion", "Body mass index (BMI) ≥ 30 kg/m² at screening", "bmi >= 30"),
        ("inclusion", "Obesity (BMI ≥ 30 kg/m2)", "bmi >= 30"),
        ("inclusion", "Absolute neutrophil count (ANC) ≥ 1,500/mm3", "neutrophils >= 1.5"),
        ("inclusion", "Platelets ≥ 100 x 10^9/L and hemoglobin ≥ 90 g/L", "platelets >= 100 AND hemoglobin >= 9"),
        ("inclusion", "Serum creatinine ≤ 132.6 µmol/L", "IN_UNIT(creatinine, 'umol/L') <= 132.6"),
        ("exclusion", "Serum potassium < 3.5 or > 5.5 mmol/L", "potassium < 3.5 OR potassium > 5.5"),
        ("exclusion", "Uncontrolled hypertension (SBP > 180 mmHg or DBP > 110 mmHg)", "systolic > 180 OR diastolic > 110"),
        ("exclusion", "Severe renal impairment (eGFR < 30 mL/min/1.73m2)", "egfr < 30"),
        ("inclusion", "Adequate renal function: creatinine clearance ≥ 60 mL/min (Cockcroft-Gault)", "creatinine_clearance >= 60"),
        ("inclusion", "MMSE score of 20-26", "mmse BETWEEN 20 AND 26"),
        ("exclusion", "Temperature > 100.4 °F", "temperature > 38"),
        ("exclusion", "QTc > 450 ms for men or > 470 ms for women", "(sex = 'M' AND qtc > 450) OR (sex = 'F' AND qtc > 470)"),
        ("inclusion", "Hemoglobin ≥ 12 g/dL (women) or ≥ 13 g/dL (men)", "(sex = 'F' AND hemoglobin >= 12) OR (sex = 'M' AND hemoglobin >= 13)"),
        ("exclusion", "Leukocytes < 3 x 10^9/L, platelets < 100 x 10^9/L, or hemoglobin < 9 g/dL", "leukocytes < 3 OR platelets < 100 OR hemoglobin < 9"),
    ],
)  # fmt: skip
def test_rules(section: str, text: str, rule: str) -> None:
    found = written(section, text)
    assert found.expression == rule, found.not_understood
    assert bool(found.expression) != bool(found.not_understood)
    assert found.text == text


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ("inclusion", "AST or ALT ≤ 2.5 x ULN"),  # both or either
        ("exclusion", "ALT and AST > 3 x ULN"),
        ("exclusion", "Age < 18 and > 65 years"),
        ("inclusion", "Total bilirubin ≤ 1.5 × ULN (except subjects with Gilbert syndrome)"),
        ("exclusion", "HbA1c > 10% despite treatment"),
        ("exclusion", "Not having a BMI > 30"),
        ("inclusion", "Platelets ≥ 100,000"),  # no unit
        ("exclusion", "Hemoglobin < 90 g/dL"),  # no haemoglobin is
        ("inclusion", "FEV1 ≥ 50% predicted"),
        ("inclusion", "HbA1c ≤ 64 mmol/mol"),
        ("inclusion", "eGFR ≥ 60 mL/min"),
        ("inclusion", "Age less than 72 hours"),
        ("inclusion", "Parents of children aged 2 to 5 years"),
        ("inclusion", "Age at diagnosis ≥ 18 years"),
        ("inclusion", "Age 6 to 12"),
        ("inclusion", "Diagnosis of hypertension for ≥ 5 years"),
        ("inclusion", "Type 2 diabetes with HbA1c ≥ 7%"),
        ("inclusion", "Adults with BMI ≥ 30"),
        ("inclusion", "BMI ≥ 30 kg/m2, or"),
        ("inclusion", "BMI ≥ 30. Weight stable."),
        ("inclusion", "Hemoglobin ≥ 12 g/dL for women"),  # and for men?
        ("inclusion", "ALT and AST < 2.5 x ULN; BMI <20 or >35 kg/m2"),
        ("inclusion", "Weight ≥ 50 kg, BMI ≥ 18 or BMI ≤ 30"),
        ("exclusion", "Weight < 50 kg, BMI > 30"),
        ("inclusion", "ALT ≤ 2 x baseline"),
        ("inclusion", "ECOG 0-5 or Karnofsky"),
        ("inclusion", "Urine creatinine > 20 mg/dL"),
    ],
)
def test_what_is_not_certain_is_left_to_a_person(section: str, text: str) -> None:
    found = written(section, text)
    assert found.expression == ""
    assert found.not_understood or not found.comparisons


def test_the_records_own_limit_says_which_birthday_counts() -> None:
    text = "Patients older than 18 years"
    assert written("inclusion", text).expression == ""
    assert written("inclusion", text, AgeLimits(18, None)).expression == "age >= 18"
    assert written("inclusion", text, AgeLimits(19, None)).expression == "age >= 19"
    assert written("inclusion", text, AgeLimits(21, None)).expression == ""
    assert written("exclusion", "Age > 75 years", AgeLimits(18, 75)).expression == "age > 75"


def test_measure_and_unit_are_told_even_without_a_rule() -> None:
    found = written("exclusion", "HbA1c > 10% despite treatment")
    assert [(one.measure, one.ucum) for one in found.comparisons] == [("hba1c", "%")]


def test_a_sign_that_was_read_against_the_words_is_refused() -> None:
    wrong = ReadCriterion(
        0, "inclusion", "I1", "BMI ≥ 30", (Comparison("BMI", Sign.LT, ("30",), "", 4, 8, confident=True),)
    )
    assert write_expression(wrong, shipped()).expression == ""
    unsure = ReadCriterion(
        0, "inclusion", "I1", "BMI ≥ 30", (Comparison("BMI", Sign.GTEQ, ("30",), "", 4, 8),)
    )
    assert write_expression(unsure, shipped()).expression == ""
    nowhere = ReadCriterion(
        0, "unknown", "C1", "BMI ≥ 30", (Comparison("BMI", Sign.GTEQ, ("30",), "", 4, 8, confident=True),)
    )
    assert write_expression(nowhere, shipped()).expression == ""


_WORDS = st.sampled_from(
    [
        "ALT",
        "AST",
        "BMI",
        "HbA1c",
        "platelets",
        "ECOG",
        "NYHA",
        "age",
        "and",
        "or",
        "not",
        "unless",
        ",",
        ";",
        "(",
        ")",
        "≥",
        "≤",
        "<",
        ">",
        "1.5",
        "30",
        "18-65",
        "x",
        "ULN",
        "mg/dL",
        "/mm3",
        "%",
        "years",
        "women",
        "men",
        "III",
        "of",
    ]
)


@given(st.lists(_WORDS, min_size=1, max_size=14), st.sampled_from(["inclusion", "exclusion"]))
@settings(max_examples=150, deadline=None)
def test_whatever_is_written_can_be_parsed(words: list[str], section: str) -> None:
    for read in read_criteria(f"{section.capitalize()} Criteria:\n\n* {' '.join(words)}"):
        found = write_expression(read, shipped())
        assert found.text == read.text
        if found.expression:
            parse_expression(found.expression)
            assert not {"not", "unless"} & set(words)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Major surgery within 4 weeks prior to screening", "e AND e_last >= ADD_DAYS(screening_date, -28)"),
        ("Use of any experimental medications within the last 6 months of Screening Visit.", "e AND e_last >= ADD_MONTHS(screening_date, -6)"),
        ("Patients with myocardial infarction within the past 3 months.", "e AND e_last >= ADD_MONTHS(screening_date, -3)"),
        ("Blood transfusion within 14 days before randomization", "e AND e_last >= ADD_DAYS(randomisation_planned_on, -14)"),
        ("Vaccination within 30 days before the first dose of study drug", "e AND e_last >= ADD_DAYS(first_dose_planned_on, -30)"),
        ("Stroke or major surgery within 3 months of screening", ""),  # which of the two is timed
        ("Planned surgery within 3 months of screening", ""),
        ("Stable dose of insulin within 3 months of screening", ""),
        ("More than 2 exacerbations within the last year", ""),
        ("Women who gave birth within the last 6 months", ""),
        ("Malignancy within 5 years, except basal cell carcinoma", ""),
        ("Surgery within 3 months after transplantation", ""),
        ("No surgery within the last 3 months", ""),
    ],
)  # fmt: skip
def test_events_within_a_time(text: str, rule: str) -> None:
    read = read_alone(SectionKind.EXCLUSION, text)
    assert read is not None
    event = event_lately(read)
    assert (event.expression("e") if event else "") == rule
    included = read_alone(SectionKind.INCLUSION, text)
    assert included is not None
    assert event_lately(included) is None
