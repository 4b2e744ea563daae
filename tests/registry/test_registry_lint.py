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
from trialrun.values.finding import Severity

NEUTRAL = "Inclusion Criteria:\n* Cough\n\nExclusion Criteria:\n* Gout"


DATES: dict[str, Any] = {
    "studyFirstSubmitDate": "2023-12-20",
    "startDateStruct": {"date": "2024-01", "type": "ACTUAL"},
    "primaryCompletionDateStruct": {"date": "2025-06", "type": "ESTIMATED"},
    "completionDateStruct": {"date": "2025-12", "type": "ESTIMATED"},
    "lastUpdateSubmitDate": "2024-03-01",
    "statusVerifiedDate": "2024-03",
}


def record(
    *,
    measure: str = "Change from baseline in cough",
    frame: str = "Baseline, 4 weeks after randomisation",
    about: str = "Counted.",
    criteria: str = NEUTRAL,
    summary: str = "About cough.",
    title: str = "A Trial of Syrup",
    dose: str = "10 mg by mouth once daily",
    kind: str = "DRUG",
    primaries: int = 1,
    count: Any = 20,
    design: dict[str, Any] | None = None,
    eligibility: dict[str, Any] | None = None,
    arms: list[dict[str, Any]] | None = None,
    dates: dict[str, Any] | None = None,
    copied: str = "",
    **modules: Any,
) -> Record:
    outcomes = [
        {"measure": measure, "timeFrame": frame, "description": f"{about} Place {place}."}
        for place in range(primaries)
    ]
    both = [
        {"label": "Syrup", "type": "EXPERIMENTAL", "interventionNames": ["Drug: Syrup"]},
        {"label": "Tea", "type": "NO_INTERVENTION"},
    ]
    protocol = {
        "identificationModule": {"nctId": "NCT99999904", "briefTitle": title},
        "statusModule": {"overallStatus": "RECRUITING", **(dates or {})},
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Lighthouse"}},
        "descriptionModule": {"briefSummary": summary},
        "conditionsModule": {"conditions": ["Cough"]},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "enrollmentInfo": count if isinstance(count, dict) else {"count": count},
            "designInfo": {"allocation": "RANDOMIZED", "maskingInfo": {"masking": "NONE"}, **(design or {})},
        },
        "armsInterventionsModule": {
            "armGroups": both if arms is None else arms,
            "interventions": [{"type": kind, "name": "Syrup", "description": dose}],
        },
        "outcomesModule": {"primaryOutcomes": outcomes},
        "eligibilityModule": {
            "eligibilityCriteria": criteria,
            "minimumAge": "18 Years",
            "sex": "ALL",
            **(eligibility or {}),
        },
        "contactsLocationsModule": {
            "locations": [{"facility": "Lighthouse", "country": "Norway"}],
            "overallOfficials": [{"name": "The Keeper"}],
        },
    }
    for name, module in modules.items():
        protocol[name] = {**protocol.get(name, {}), **module}
    return Record({"protocolSection": protocol}, Provenance(copied=copied))


def codes(one: Record, today: date | None = None) -> set[str]:
    return {finding.code for finding in lint_record(one, today=today)}


def test_a_record_without_defects_has_no_findings() -> None:
    assert lint_record(record(), today=date(2026, 1, 1)) == []
    assert lint_record(record(dates=DATES), today=date(2024, 6, 1)) == []


def _excluding(words: str) -> str:
    return f"Inclusion Criteria:\n* Cough\n\nExclusion Criteria:\n* {words}"


ONE = {"measure": "Sleep lost", "timeFrame": "Baseline, 4 weeks after randomisation", "description": "x"}
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
    ("design-not-stated", {"design": {"allocation": ""}}),
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
    (
        "same-outcome-twice",
        {"outcomesModule": {"secondaryOutcomes": [ONE, {**ONE, "measure": "SLEEP  lost"}]}},
    ),
    ("several-measures-in-one", {"measure": "Weight, blood pressure and pulse"}),
    ("several-measures-in-one", {"measure": "Efficacy and safety of syrup"}),
    ("several-measures-in-one", {"measure": "1) lung function 2) quality of life"}),
    ("composite-without-components", {"measure": "Rate of the composite endpoint"}),
    ("composite-without-components", {"measure": "Rate of MACE"}),
    (
        "criterion-on-both-sides",
        {
            "criteria": NEUTRAL.replace("Cough", "Gout of the left foot").replace("* Gout\n", "x")
            + "\n* Gout of the  left foot."
        },
    ),
    ("exclusion-phrased-as-inclusion", {"criteria": _excluding("No prior chemotherapy")}),
    ("exclusion-phrased-as-inclusion", {"criteria": _excluding("Must be able to walk")}),
    ("dates-out-of-order", {"dates": {**DATES, "completionDateStruct": {"date": "2023-12"}}}),
    ("reached-in-the-future", {"dates": {**DATES, "startDateStruct": {"date": "2024-04", "type": "ACTUAL"}}}),
    ("date-not-read", {"dates": {"startDateStruct": {"date": "03/04/2024"}}}),
    ("registered-late", {"dates": {**DATES, "studyFirstSubmitDate": "2024-02-22"}}),
    ("stopped-without-reason", {"dates": {"overallStatus": "TERMINATED"}}),
    ("number-against-status", {"dates": {"overallStatus": "WITHDRAWN", "whyStopped": "x"}}),
    ("number-against-status", {"count": {"count": -3}}),
    (
        "number-against-status",
        {"dates": {"overallStatus": "COMPLETED"}, "count": {"count": 9, "type": "ESTIMATED"}},
    ),
    (
        "number-against-status",
        {"dates": {"overallStatus": "NOT_YET_RECRUITING"}, "count": {"count": 9, "type": "ACTUAL"}},
    ),
    ("follow-up-longer-than-trial", {"dates": DATES, "frame": "Baseline, 2 years after randomisation"}),
    ("no-arms", {"arms": []}),
    (
        "arm-against-interventions",
        {"arms": [{"label": "Syrup", "interventionNames": ["Drug: Syrup"]}, {"label": "Tea"}]},
    ),
    (
        "arm-against-interventions",
        {"arms": [{"label": "A", "type": "NO_INTERVENTION", "interventionNames": ["Drug: Syrup"]}]},
    ),
    (
        "intervention-in-no-arm",
        {"arms": [{"label": "A", "type": "NO_INTERVENTION"}, {"label": "B", "type": "NO_INTERVENTION"}]},
    ),
    (
        "name-not-in-record",
        {
            "arms": [
                {"label": "A", "interventionNames": ["Drug: Syrup"]},
                {"label": "B", "interventionNames": ["Drug: Honey"]},
            ]
        },
    ),
    (
        "arm-label-twice",
        {
            "arms": [
                {"label": "A", "interventionNames": ["Drug: Syrup"]},
                {"label": "a ", "interventionNames": ["Drug: Syrup"]},
            ]
        },
    ),
    ("arms-against-design", {"arms": [{"label": "A", "interventionNames": ["Drug: Syrup"]}]}),
    ("arms-against-design", {"design": {"interventionModel": "SINGLE_GROUP", "allocation": "NA"}}),
    (
        "observational-with-design-of-a-trial",
        {"designModule": {"studyType": "OBSERVATIONAL"}, "design": {"allocation": "RANDOMIZED"}},
    ),
    ("masking-contradicted", {"title": "A Double-Blind Trial of Syrup"}),
    (
        "masking-contradicted",
        {"title": "An Open-Label Trial of Syrup", "design": {"maskingInfo": {"masking": "DOUBLE"}}},
    ),
    (
        "masking-contradicted",
        {
            "arms": [
                {"label": "A", "interventionNames": ["Drug: Syrup"]},
                {"label": "P", "type": "PLACEBO_COMPARATOR", "interventionNames": ["Drug: Syrup"]},
            ]
        },
    ),
    (
        "masked-parties-miscounted",
        {"design": {"maskingInfo": {"masking": "DOUBLE", "whoMasked": ["PARTICIPANT"]}}},
    ),
    (
        "sex-contradicted",
        {
            "eligibility": {"sex": "FEMALE"},
            "criteria": NEUTRAL.replace("Cough", "Men or women aged 18 years or older"),
        },
    ),
    ("sex-contradicted", {"criteria": NEUTRAL.replace("Cough", "Healthy males aged 18 years or older")}),
    ("ages-in-reverse", {"eligibility": {"maximumAge": "17 Years"}}),
    ("site-missing", {"contactsLocationsModule": {"locations": []}}),
    ("site-missing", {"contactsLocationsModule": {"locations": [{"facility": "Somewhere"}]}}),
    ("nobody-to-ask", {"contactsLocationsModule": {"overallOfficials": []}}),
    ("part-missing", {"title": " "}),
    ("hidden-characters", {"summary": "About \u202ecough."}),
    ("hidden-characters", {"summary": "About \ud800cough."}),
    ("markup-in-text", {"summary": "About <script>cough</script>."}),
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
    ("same-outcome-twice", {"primaries": 2}),
    (
        "several-measures-in-one",
        {"measure": "Change in pain, as measured by a scale, at rest, and on effort"},
    ),
    ("several-measures-in-one", {"measure": "Number of deaths, strokes, and infarctions"}),
    ("several-measures-in-one", {"measure": "Change in nausea and vomiting"}),
    ("composite-without-components", {"measure": "Rate of the composite of death, stroke or infarction"}),
    ("composite-without-components", {"measure": "Change in composite score"}),
    ("exclusion-phrased-as-inclusion", {"criteria": _excluding("No written consent")}),
    ("exclusion-phrased-as-inclusion", {"criteria": _excluding("Unable to walk")}),
    ("dates-out-of-order", {"dates": {**DATES, "completionDateStruct": {"date": "2025"}}}),
    ("registered-late", {"dates": {**DATES, "studyFirstSubmitDate": "2024-02-15"}}),
    (
        "registered-late",
        {"dates": {"studyFirstSubmitDate": "2005-09-13", "startDateStruct": {"date": "2003-01"}}},
    ),
    (
        "number-against-status",
        {"dates": {"overallStatus": "COMPLETED"}, "count": {"count": 9, "type": "ACTUAL"}},
    ),
    ("no-enrollment-target", {"dates": {"overallStatus": "WITHDRAWN"}, "count": 0}),
    ("follow-up-longer-than-trial", {"dates": DATES, "frame": "Up to 5 years after randomisation"}),
    ("follow-up-longer-than-trial", {"dates": DATES, "frame": "Baseline, 17 months after randomisation"}),
    ("several-primary-outcomes", {"primaries": 2, "designModule": {"phases": ["PHASE1"]}}),
    (
        "name-not-in-record",
        {
            "arms": [
                {"label": "A", "interventionNames": ["DRUG: syrup"]},
                {"label": "B", "interventionNames": ["Syrup"]},
            ]
        },
    ),
    ("masking-contradicted", {"title": "A Double-Blind Trial With an Open-Label Extension"}),
    (
        "masking-contradicted",
        {"title": "Open-Label Extension of Syrup", "design": {"maskingInfo": {"masking": "DOUBLE"}}},
    ),
    (
        "masking-contradicted",
        {
            "title": "Open-Label Syrup",
            "design": {"maskingInfo": {"masking": "SINGLE", "whoMasked": ["OUTCOMES_ASSESSOR"]}},
        },
    ),
    (
        "sex-contradicted",
        {"criteria": NEUTRAL.replace("Cough", "Women of childbearing potential must use contraception")},
    ),
    ("sex-contradicted", {"criteria": NEUTRAL.replace("Cough", "Male or female aged 18 years or older")}),
    (
        "sex-contradicted",
        {"eligibility": {"sex": "MALE"}, "criteria": NEUTRAL.replace("Cough", "Male aged 18 years or older")},
    ),
    ("ages-in-reverse", {"eligibility": {"maximumAge": "1800 Months"}}),
    ("hidden-characters", {"summary": "Café — ≥ 5 µg\n\tper day"}),
    ("markup-in-text", {"summary": "HbA1c < 7 and > 5; a<b"}),
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


def test_what_is_late_is_told_on_the_day_asked_about() -> None:
    done = {
        **DATES,
        "overallStatus": "COMPLETED",
        "primaryCompletionDateStruct": {"date": "2025-06", "type": "ACTUAL"},
    }
    assert "results-overdue" in codes(record(dates=done), date(2026, 7, 1))
    assert "results-overdue" not in codes(record(dates=done), date(2026, 6, 30))
    assert "not-updated" in codes(record(dates=DATES), date(2025, 4, 2))
    assert "not-updated" not in codes(record(dates=DATES), date(2025, 3, 31))


def test_a_defect_of_a_primary_outcome_weighs_more() -> None:
    blood = {"measure": "Liver function", "timeFrame": "Baseline, 4 weeks after randomisation"}
    found = lint_record(
        record(measure="Liver function", about="Blood.", outcomesModule={"secondaryOutcomes": [blood]})
    )
    kinds = [finding.severity for finding in found if finding.code == "outcome-without-metric"]
    assert kinds == [Severity.WARNING, Severity.NOTE]


def test_one_time_frame_of_many_outcomes_is_told_once() -> None:
    many = [{"measure": f"Number of coughs in room {room}", "timeFrame": "4 weeks"} for room in range(500)]
    found = [
        one for one in lint_record(record(outcomesModule={"secondaryOutcomes": many})) if "anchor" in one.code
    ]
    assert len(found) == 1
    assert "499 more" in found[0].message


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


def test_every_check_stands_in_the_reference_with_its_severity(root: Path) -> None:
    rows = [
        [cell.strip() for cell in line.split("|")[1:4]]
        for line in (root / "docs" / "reference" / "record-lint.md").read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    told = {cells[0].strip("`"): cells[1] for cells in rows}
    for check in CHECKS:
        assert told.get(check.code, "").split(" ")[0] == check.severity, check.code
    late = {"past-completion-yet-open", "not-updated", "results-overdue"}
    assert late <= set(told)
