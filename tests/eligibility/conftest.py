"""Reading the table of cases, and the study they are about."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from trialrun.study.load import load_study
from trialrun.study.model import ItemType, Study
from trialrun.values.dates import parse_partial_date

ROWS = re.compile(r"^([a-z_]+)\[(.*)\]$")


@pytest.fixture(scope="session")
def study(root: Path) -> Study:
    return load_study(root / "examples" / "nct05871463")


def read_value(study: Study, name: str, text: str) -> Any:
    item = study.items[name]
    match item.type:
        case ItemType.NUMBER | ItemType.INTEGER:
            return float(text)
        case ItemType.BOOLEAN:
            return {"true": True, "false": False}[text]
        case ItemType.DATE:
            day = parse_partial_date(text)
            return day if item.partial else day.exact
        case ItemType.CHOICE:
            assert text in {choice.code for choice in item.choices}, f"{name} has no choice {text}"
            return text
        case _:
            return text


def read_given(study: Study, text: str) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """`name=value; form[name=value, ...]` as a row and the rows of repeating forms."""
    row: dict[str, Any] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        match = ROWS.match(part)
        if match:
            pairs = (pair.split("=") for pair in match[2].split(","))
            one = {name.strip(): read_value(study, name.strip(), value.strip()) for name, value in pairs}
            assert set(one) <= set(study.forms[match[1]].items)
            rows.setdefault(match[1], []).append(one)
        else:
            name, value = part.split("=")
            row[name] = read_value(study, name, value)
    return row, rows


@pytest.fixture(scope="session")
def eligible(study: Study) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """Somebody who may take part: a woman of 52 with alcoholic cirrhosis, Child-Pugh B."""
    no = [name for name in study.forms["medical_history"].items if name.startswith("cvd_")]
    no += [f"etiology_{cause}" for cause in ("hbv", "hcv", "hdv", "masld")]
    no += ["radiotherapy_current", "radiotherapy_planned", "cytotoxic_planned", "immunomodulator_planned"]
    no += ["weight_programme_current", "weight_programme_past", "bariatric_surgery", "thyroid_disease"]
    no += ["judgement_other_disorder", "judgement_severe_condition", "hcc_history", "liver_imaging_suspect"]
    no += [
        "weight_loss_reported",
        "breastfeeding",
        "alcohol_plan_continue",
        "encephalopathy_treated",
        "dialysis",
    ]
    row = read_given(
        study,
        "consent_signed=true; capacity=true; consent_version_approved=true; consent_date=2026-05-08; "
        "consent_version=1; explained_by=Dr A; screening_date=2026-05-10; birth_date=1974-02-01; sex=F; "
        "cirrhosis_confirmed=true; cirrhosis_basis=biopsy; etiology_alcohol=true; serology_date=2026-05-09; "
        "hbsag=negative; anti_hcv=negative; liver_imaging_date=2026-05-01; malignancy_list_complete=true; "
        "infection_list_complete=true; medication_list_complete=true; diabetes_type=none; "
        "beverage_list_complete=true; systolic_2=118; systolic_3=120; diastolic_2=76; diastolic_3=74; "
        "sample_date=2026-05-09; bilirubin=2.6; albumin=3.0; inr=1.5; creatinine=0.9; sodium=136; "
        "ascites=slight; encephalopathy=0; childbearing_potential=true; pregnancy_test_result=negative; "
        "pregnancy_test_date=2026-05-18; first_dose_planned_on=2026-05-20",
    )[0]
    return row | dict.fromkeys(no, False), {}
