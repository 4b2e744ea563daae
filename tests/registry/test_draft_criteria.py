"""Drafted rules decide both ways, stay unknown without values, and are written only for everybody they are about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from trialrun.registry.draft import draft, write_draft
from trialrun.registry.read import read_record
from trialrun.registry.read_json import read_document
from trialrun.registry.record import Record
from trialrun.study.checks import check_study
from trialrun.study.load import load_study
from trialrun.study.model import Study
from trialrun.study.screen import screen
from trialrun.values.finding import Severity


def record(criteria: str, **eligibility: str) -> Record:
    found, _ = read_document(
        {
            "protocolSection": {
                "identificationModule": {"nctId": "NCT00000001", "briefTitle": "A trial of our own making"},
                "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Nobody"}},
                "designModule": {"studyType": "INTERVENTIONAL", "enrollmentInfo": {"count": 10}},
                "eligibilityModule": {"eligibilityCriteria": criteria, "sex": "ALL", **eligibility},
            }
        },
        "made",
    )
    return found


@pytest.fixture
def study_of(tmp_path: Path) -> Callable[..., Study]:
    def make(criteria: str, **eligibility: str) -> Study:
        write_draft(record(criteria, **eligibility), tmp_path / "study")
        study = load_study(tmp_path / "study")
        assert [str(one) for one in check_study(study) if one.severity is Severity.ERROR] == []
        return study

    return make


def expressions(study: Study) -> dict[str, str]:
    return {one.id: one.expression for one in study.criteria.values() if one.bullet}


ORGANS = """Inclusion Criteria:

* Adequate organ function, defined as:
  * Platelets ≥ 100,000/mm3
  * ALT ≤ 2.5 x ULN
  * No active bleeding
* ECOG performance status 0-1

Exclusion Criteria:

* Major surgery within 4 weeks prior to screening
* Pregnancy
"""


def test_a_list_under_a_heading_becomes_its_parts(study_of: Callable[..., Study]) -> None:
    study = study_of(ORGANS)
    assert expressions(study) == {
        "I1": "(platelets >= 100) AND (alt <= 2.5 * alt_uln) AND (criterion_i4)",
        "I2": "platelets >= 100",
        "I3": "alt <= 2.5 * alt_uln",
        "I4": "criterion_i4",
        "I5": "ecog BETWEEN 0 AND 1",
        "E1": "event_e1 AND event_e1_last >= ADD_DAYS(screening_date, -28)",
        "E2": "criterion_e2",
    }
    assert [str(one) for one in study.items["platelets"].codings] or study.items["platelets"].codings
    assert study.items["alt_uln"].unit == study.items["alt"].unit == "U/L"
    assert [one.code for one in study.items["criterion_e2"].codings] == ["77386006"]
    forms = study.visits["screening"].forms
    assert {"screening_laboratory", "screening_scales", "laboratory_limits", "eligibility"} <= set(forms)


def test_each_rule_waits_for_a_named_person(study_of: Callable[..., Study]) -> None:
    study = study_of(ORGANS)
    for name in ("I2", "I3", "I5", "E1"):
        (assumption,) = study.criteria[name].assumptions
        found = study.assumptions[assumption]
        assert found.confirmed is None
        assert study.criteria[name].text.replace("\\", "") in found.about
        assert f"criteria.{name}" in found.parts
        assert "computed" in [str(one) for one in study.criteria[name].attested_by]
    assert "100" in study.assumptions["rule_i2"].default


MET: dict[str, Any] = {
    "platelets": 150.0,
    "alt": 90.0,
    "alt_uln": 40.0,
    "criterion_i4": True,
    "ecog": 1.0,
    "event_e1": True,
    "event_e1_last": date(2026, 1, 1),
    "screening_date": date(2026, 3, 1),
    "criterion_e2": False,
}


@pytest.mark.parametrize(
    ("change", "criterion", "outcome"),
    [
        ({}, "I1", "met"), ({"platelets": 99.0}, "I1", "not_met"), ({"alt_uln": None}, "I1", "unknown"),
        ({}, "I3", "met"), ({"alt": 101.0}, "I3", "not_met"), ({"alt": None}, "I3", "unknown"), ({"alt_uln": None}, "I3", "unknown"),
        ({}, "I5", "met"), ({"ecog": 2.0}, "I5", "not_met"), ({"ecog": None}, "I5", "unknown"),
        ({}, "E1", "not_met"), ({"event_e1_last": date(2026, 2, 1)}, "E1", "met"), ({"event_e1_last": None}, "E1", "unknown"),
        ({"event_e1": False, "event_e1_last": None}, "E1", "not_met"), ({"event_e1": None}, "E1", "not_met"),
        ({"event_e1": None, "event_e1_last": None}, "E1", "unknown"),
    ],
)  # fmt: skip
def test_rules_decide_both_ways_and_unknown_never_passes(
    study_of: Callable[..., Study], change: dict[str, Any], criterion: str, outcome: str
) -> None:
    eligibility = screen(study_of(ORGANS), MET | change)
    found = eligibility.outcome(criterion)
    assert str(found.outcome.name).lower() == outcome
    if outcome == "unknown":
        assert found.passes is None


@pytest.mark.parametrize(
    ("criteria", "computed"),
    [
        ("Inclusion Criteria:\n\n* BMI ≥ 30 kg/m2\n", ["I1"]),
        ("* BMI ≥ 30 kg/m2\n", []),  # which side it stands on nobody says
        ("Inclusion Criteria for patients:\n\n* BMI ≥ 30\n\nInclusion Criteria for healthy controls:\n\n* BMI < 25\n", []),
        ("Inclusion Criteria:\n\n* Patients with psoriasis:\n* BMI ≥ 30\n", []),
        ("Inclusion Criteria:\n\n* All of the following:\n* BMI ≥ 30\n", ["I2"]),
        ("Inclusion Criteria:\n\n* BMI ≥ 30, or\n* BMI ≥ 27\n* ECOG 0-1\n", ["I3"]),
        ("Inclusion Criteria:\n\n* One of the following:\n  * BMI ≥ 30\n  * HbA1c ≥ 7%\n", []),
        ("Exclusion Criteria:\n\n* Any of the following:\n  * BMI ≥ 30\n  * HbA1c ≥ 7%\n", ["E1", "E2", "E3"]),
        ("Inclusion Criteria:\n\n* ECOG 0-1\n\nNon-inclusion criteria:\n\n* BMI ≥ 30\n", []),
        ("Inclusion Criteria:\n\n* ECOG 0-1\n\nRandomization Criteria:\n\n* HbA1c ≥ 7%\n", []),
    ],
)  # fmt: skip
def test_rules_are_only_for_criteria_of_everybody(
    criteria: str, computed: list[str], study_of: Callable[..., Study]
) -> None:
    study = study_of(criteria)
    assert [name for name, rule in expressions(study).items() if "criterion_" not in rule] == computed


def test_a_rule_against_the_records_own_ages_is_a_question(study_of: Callable[..., Study]) -> None:
    study = study_of(
        "Inclusion Criteria:\n\n* Age < 18 years\n\nExclusion Criteria:\n\n* Age ≥ 18 years\n",
        minimumAge="18 Years",
        maximumAge="70 Years",
    )
    assert expressions(study) == {"I1": "criterion_i1", "E1": "criterion_e1"}
    assert "nobody" in study.criteria["I1"].note


def test_a_users_vocabulary_reaches_the_draft() -> None:
    from trialrun.registry.vocabulary import Term, TermKind, shipped

    ours = Term("elf", "ELF score", TermKind.SCORE, ("ELF score",), "scales", "number", ("{score}",))
    text = record("Inclusion Criteria:\n\n* ELF score ≥ 9.8\n")
    assert draft(text).content["criteria"]["I1"]["expression"] == "criterion_i1"
    made = draft(text, shipped().with_terms([ours])).content
    assert made["criteria"]["I1"]["expression"] == "elf >= 9.8"
    assert made["items"]["elf"]["unit"] == "{score}"


def test_every_word_of_every_record_stays(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("ctgov").glob("NCT*.json"))[:6]:
        made = draft(read_record(path)[0]).content
        for criterion in made["criteria"].values():
            assert criterion["text"]
            assert criterion["expression"]
        asked = [name for form in made["forms"].values() for name in form["items"]]
        assert len(asked) == len(set(asked)), "an item stands on two forms"


def test_criteria_of_one_group_warn_that_everybody_is_asked() -> None:
    text = "Inclusion criteria for the cases:\n\n* Kidney injury\n\nExclusion Criteria:\n\n* Malignancy"
    document = {"protocolSection": {"eligibilityModule": {"eligibilityCriteria": text}}}
    (said,) = [one for one in draft(Record(document)).findings if one.code == "criteria-not-computed"]
    assert "asked of everybody" in said.message
    assert said.severity is Severity.WARNING
