"""Each record check fires where it should and is silent where it should not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from trialrun.registry.ages import ages_in
from trialrun.registry.lint import CHECKS, lint_record
from trialrun.registry.read import read_record
from trialrun.registry.record import Provenance, Record

NEUTRAL = "Inclusion Criteria:\n* Cough\n\nExclusion Criteria:\n* Gout"


def record(
    *,
    measure: str = "Change from baseline in cough",
    frame: str = "Baseline, 4 weeks after randomisation",
    about: str = "Counted.",
    criteria: str = NEUTRAL,
    summary: str = "About cough.",
    dose: str = "10 mg by mouth once daily",
    kind: str = "DRUG",
    primaries: int = 1,
    count: int = 20,
    allocation: str = "RANDOMIZED",
    minimum: str = "18 Years",
    dates: dict[str, Any] | None = None,
    copied: str = "",
) -> Record:
    outcome = {"measure": measure, "timeFrame": frame, "description": about}
    protocol = {
        "identificationModule": {"nctId": "NCT99999904"},
        "statusModule": {"overallStatus": "RECRUITING", **(dates or {})},
        "descriptionModule": {"briefSummary": summary},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "enrollmentInfo": {"count": count},
            "designInfo": {"allocation": allocation, "maskingInfo": {"masking": "NONE"}},
        },
        "armsInterventionsModule": {"interventions": [{"type": kind, "name": "Syrup", "description": dose}]},
        "outcomesModule": {"primaryOutcomes": [outcome] * primaries},
        "eligibilityModule": {"eligibilityCriteria": criteria, "minimumAge": minimum},
    }
    return Record({"protocolSection": protocol}, Provenance(copied=copied))


def codes(one: Record, today: date | None = None) -> set[str]:
    return {finding.code for finding in lint_record(one, today=today)}


def test_a_record_without_defects_has_no_findings() -> None:
    assert lint_record(record(), today=date(2026, 1, 1)) == []


def _excluding(words: str) -> str:
    return f"Inclusion Criteria:\n* Cough\n\nExclusion Criteria:\n* {words}"


FIRES: list[tuple[str, dict[str, Any]]] = [
    ("no-primary-outcome", {"primaries": 0}),
    ("several-primary-outcomes", {"primaries": 2}),
    ("outcome-without-metric", {"measure": "Liver function", "about": "Blood test"}),
    ("outcome-without-metric", {"measure": "international normalized ratio", "about": "Blood test"}),
    ("outcome-without-baseline", {"measure": "Change in cough", "frame": "4 weeks after randomisation"}),
    ("time-frame-missing", {"frame": ""}),
    ("time-frame-without-time", {"frame": "after the storm"}),
    ("time-frame-without-anchor", {"frame": "Baseline, 4 weeks"}),
    ("time-frame-not-understood", {"frame": "Baseline, 4 weeks after randomisation, at full moon"}),
    ("score-version-unnamed", {"measure": "Change from baseline in MELD score"}),
    ("score-version-unnamed", {"measure": "Change from baseline in Child-Pugh score"}),
    (
        "input-without-outcome",
        {"measure": "Change from baseline in a score", "about": "from sodium and albumin"},
    ),
    ("safety-not-registered", {"summary": "We study safety and efficacy."}),
    ("dose-incomplete", {"dose": "40mg in three weeks"}),
    ("no-enrollment-target", {"count": 0}),
    ("design-not-stated", {"allocation": ""}),
    ("no-criteria", {"criteria": "Inclusion Criteria:\n* Cough"}),
    ("compound-criterion", {"criteria": _excluding("a) gout. b) hiccups.")}),
    ("conjunction-in-exclusion", {"criteria": _excluding("drinks much and plans to go on")}),
    ("judgement-criterion", {"criteria": _excluding("unfit in the opinion of the investigator")}),
    (
        "judgement-criterion",
        {"criteria": _excluding("unstable, in the judgment of the Principal Investigator")},
    ),
    ("units-contradict", {"criteria": _excluding("more than 20 ml (2 units) a day")}),
    ("age-limits-disagree", {"criteria": NEUTRAL.replace("Cough", "Aged 21-60 years")}),
]
SILENT: list[tuple[str, dict[str, Any]]] = [
    ("outcome-without-metric", {"measure": "Number of participants with cough"}),
    ("outcome-without-baseline", {"measure": "Number of participants with cough", "frame": "week 4"}),
    ("time-frame-without-anchor", {"frame": "Day 1, Day 29"}),
    ("time-frame-without-anchor", {"frame": "30 days after surgery"}),
    ("score-version-unnamed", {"measure": "Change from baseline in MELD 3.0"}),
    ("score-version-unnamed", {"measure": "Toxicity rate (CTCAE v5.0)"}),
    ("safety-not-registered", {"summary": "We study safety.", "measure": "Number of adverse events"}),
    ("dose-incomplete", {"dose": "", "kind": "BEHAVIORAL"}),
    ("conjunction-in-exclusion", {"criteria": NEUTRAL.replace("Cough", "tea and toast")}),
    ("conjunction-in-exclusion", {"criteria": _excluding("gout and/or hiccups")}),
    ("units-contradict", {"criteria": _excluding("creatinine above 3 mg (3000 ug)")}),
    ("age-limits-disagree", {"criteria": NEUTRAL.replace("Cough", "Age 18 years or older")}),
]


@pytest.mark.parametrize(("code", "change"), FIRES)
def test_fires(code: str, change: dict[str, Any]) -> None:
    assert code in codes(record(**change))


@pytest.mark.parametrize(("code", "change"), SILENT)
def test_is_silent(code: str, change: dict[str, Any]) -> None:
    assert code not in codes(record(**change))


def test_every_check_of_the_table_is_tested() -> None:
    assert {check.code for check in CHECKS} == {code for code, _ in FIRES}


def test_a_completion_in_the_past_of_an_open_trial() -> None:
    past = {"completionDateStruct": {"date": "2023-12"}}
    code = "past-completion-yet-open"
    assert code in codes(record(dates=past), today=date(2024, 1, 1))
    assert code not in codes(record(dates=past), today=date(2023, 12, 31)), "December is not over"
    assert code not in codes(record(dates=past)), "no date to compare with"
    assert code in codes(record(dates=past, copied="2024-06-14"))
    closed = record(dates={**past, "overallStatus": "COMPLETED"})
    assert code not in codes(closed, today=date(2024, 1, 1))


def test_the_defects_of_the_first_trial(root: Path) -> None:
    one, _ = read_record(root / "examples" / "nct05871463" / "record.json")
    findings = lint_record(one)
    by_code: dict[str, list[str]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(f"{finding.place} {finding.message}")
    assert len(by_code["outcome-without-metric"]) == 4
    assert len(by_code["outcome-without-baseline"]) == 2
    assert "MELD-Na is meant" in by_code["score-version-unnamed"][0]
    assert len(by_code["score-version-unnamed"]) == 1, "Child-Pugh names INR"
    assert "creatinine, sodium" in by_code["input-without-outcome"][0]
    assert "albumin, ascites, encephalopathy" in by_code["input-without-outcome"][1]
    assert "number or interval of administrations, route" in by_code["dose-incomplete"][0]
    assert "20 ml (2 units), 30 ml (3 units)" in by_code["units-contradict"][0]
    assert [line.split()[1] for line in by_code["judgement-criterion"]] == ["E6", "E13", "E15"]
    assert "E2 3 criteria" in by_code["compound-criterion"][0]
    assert "safety-not-registered" in by_code
    assert "several-primary-outcomes" in by_code


def test_all_findings_have_a_place_and_a_remedy(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("ctgov").glob("NCT*.json")):
        for finding in lint_record(read_record(path)[0]):
            assert finding.place, finding
            assert finding.message, finding


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("Males or females between 18-75 years old with a clinically confirmed diagnosis", 18, 75),
        ("Are between the ages of 18 and 55 years, inclusive;", 18, 55),
        ("age 40-70", 40, 70),
        ("Age: 18-59", 18, 59),
        ("Adult patients aged 18-80 capable of understanding", None, None),
        ("Healthy male adult 19 to 45 years", 19, 45),
        ("between 18 and 50 years old", 18, 50),
        ("age≥18 years;", 18, None),
        ("Age ≥ 18 years at the time of signing", 18, None),
        ("Age 18+", 18, None),
        ("Age 2 or older", 2, None),
        ("Body weight ≥ 50kg, and BMI between 18-29kg/m2 at screening", None, None),
        ("pain for 6 weeks or more but 1 year or less", None, None),
        ("Age < 18", None, None),
        ("The diabetic proband in the family was diagnosed before the age of 39", None, None),
        ("Stable for between 18 and 24 months", None, None),
    ],
)
def test_ages_are_read_only_where_they_are_certain(text: str, low: int | None, high: int | None) -> None:
    found = ages_in(text)
    assert (found.low if found else None, found.high if found else None) == (low, high)
    assert found is None or found.words in text
