"""What outcomes become: items shared, typed and coded where known; events with their days; visits without a planned day."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trialrun.registry.draft import draft
from trialrun.registry.draft_schedule import moments_of
from trialrun.registry.read import read_record
from trialrun.registry.read_json import read_document
from trialrun.registry.timeframe import parse_timeframe


def drafted(*outcomes: tuple[str, str, str], intervention: str = "Barley water") -> dict[str, Any]:
    """A draft of an invented trial with these secondary outcomes: measure, time frame, description."""
    document = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT00000000", "briefTitle": "Barley water"},
            "designModule": {"studyType": "INTERVENTIONAL", "enrollmentInfo": {"count": 20}},
            "armsInterventionsModule": {
                "armGroups": [{"label": "Barley", "type": "EXPERIMENTAL"}],
                "interventions": [{"type": "DRUG", "name": intervention}],
            },
            "outcomesModule": {
                "secondaryOutcomes": [
                    {"measure": measure, "timeFrame": frame, "description": said}
                    for measure, frame, said in outcomes
                ]
            },
        }
    }
    return draft(read_document(document, "invented")[0]).content


def variables(content: dict[str, Any]) -> list[str]:
    """The variables of the endpoints, in order."""
    return [endpoint["variable"] for endpoint in content["endpoints"].values()]


def test_survival_is_events_with_days_and_a_last_known_day() -> None:
    content = drafted(
        ("Overall survival (OS)", "up to 2 years", ""), ("Progression-free survival", "up to 2 years", "")
    )
    assert variables(content) == ["death", "progression_free_survival_event"]
    assert content["derived"]["progression_free_survival_event"]["expression"] == "progression OR death"
    items = content["items"]
    assert items["death_date"]["only_if"] == "death"
    last = {"last_known_alive_date", "last_known_without_progression_date"}
    assert {"progression_date", *last} <= set(items)
    overall, free = (one["time_to_event"] for one in content["endpoints"].values())
    assert overall == {
        "start": "first_dose",
        "events": {"death": "death_date"},
        "last_known": "last_known_alive_date",
    }
    assert free["events"] == {"progression": "progression_date", "death": "death_date"}
    assert free["last_known"] == "last_known_without_progression_date"
    assert all(endpoint["baseline_visits"] == [] for endpoint in content["endpoints"].values())
    assert "events" not in content["visits"]["baseline"].get("forms", [])


def test_the_duration_of_a_response_begins_with_the_response() -> None:
    content = drafted(("Duration of response", "up to 2 years", ""))
    (endpoint,) = content["endpoints"].values()
    assert endpoint["time_to_event"]["start"] == "objective_response_date"
    assert content["items"]["objective_response_date"]["only_if"] == "objective_response"


@pytest.mark.parametrize(
    "measure",
    ["Cause-specific mortality: cardiovascular", "Tumour-related death", "Death due to harbour accidents"],
)
def test_a_narrower_event_is_not_the_known_one(measure: str) -> None:
    assert variables(drafted((measure, "1 year", ""))) == ["outcome_secondary_1"]


def test_one_measure_at_two_times_is_asked_with_one_item() -> None:
    content = drafted(
        ("Change from baseline in cough count", "Week 4", "Counted at night."),
        ("Change from baseline in cough count", "Week 8", "Counted at night."),
        ("Change from baseline in cough count", "Week 8", "Counted by day."),
    )
    assert variables(content) == ["outcome_secondary_1", "outcome_secondary_1", "outcome_secondary_3"]


def test_what_shares_a_name_is_told_apart_by_its_description() -> None:
    content = drafted(
        ("Lipid profile", "6 weeks", "Triglycerides in serum"),
        ("Lipid profile", "6 weeks", "LDL cholesterol in serum"),
    )
    assert variables(content) == ["triglycerides", "ldl_cholesterol"]


def test_a_name_that_joins_the_known_with_the_unknown_is_not_the_known() -> None:
    assert variables(drafted(("Serum creatinine and barley acid", "6 weeks", ""))) == ["outcome_secondary_1"]
    assert variables(drafted(("Serum creatinine", "6 weeks", ""))) == ["creatinine"]


def test_lengths_and_concentrations_have_types() -> None:
    content = drafted(
        ("Length of hospital stay", "through discharge", "In days."),
        ("Cmax of barley", "predose, 1, 2 hours post-dose on Day 1", ""),
    )
    first, second = variables(content)
    assert content["items"][first]["unit"] == "d"
    assert content["items"][second]["attested_by"] == "laboratory"
    assert second in content["forms"]["pharmacokinetics"]["items"]


def test_events_and_foreign_clocks_become_visits_without_a_planned_day() -> None:
    content = drafted(
        ("Cough", "At hospital discharge", ""),
        ("Fever", "30 days after last dose", ""),
        ("Voice", "30 days after barley water", ""),
    )
    visits = content["visits"]
    assert "offset" not in visits["hospital_discharge"]
    assert visits["days_30_after_last_dose"]["title"] == "30 days after last dose"
    assert "offset" not in visits["days_30_after_last_dose"]
    assert visits["days_30"]["offset"] == "P30D"
    assert "undated_hospital_discharge" in content["assumptions"]


@pytest.mark.parametrize(
    ("text", "offsets"),
    [
        ("Day 1, Day 8, Day 29", ["P0D", "P7D", "P28D"]),
        ("Baseline (Day 0), Day 7, Day 28", ["P7D", "P28D"]),
        (
            "Weeks 4 and 8, and every 12 weeks thereafter, up to 48 weeks",
            ["P4W", "P8W", "P12W", "P24W", "P36W", "P48W"],
        ),
        ("Cycle 1 Day 1 and Cycle 2 Day 1 (each cycle is 21 days)", ["P0D", "P21D"]),
        ("predose, 1, 2 hours postdose on Days 1 and 15", ["P0D", "P14D"]),
        ("Every 3 months for 1 year", ["P3M", "P6M", "P9M", "P12M"]),
        ("Day 1 of every cycle (each cycle is 28 days), up to 10 weeks", ["P28D", "P56D", "P10W"]),
    ],
)
def test_time_frames_become_planned_days(text: str, offsets: list[str]) -> None:
    moments, symbolic = moments_of(parse_timeframe(text))
    assert [moment.offset for moment in moments] == offsets
    assert symbolic == []


@pytest.mark.parametrize("text", ["Cycle 2 Day 15", "every 8 weeks until progression", "End of Cycle 2"])
def test_what_has_no_day_is_said(text: str) -> None:
    moments, symbolic = moments_of(parse_timeframe(text))
    assert moments == []
    assert symbolic


def test_every_drafted_endpoint_names_what_the_study_asks(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("ctgov").glob("NCT*.json")):
        content = draft(read_record(path)[0]).content
        asked = {form: set(sheet["items"]) for form, sheet in content["forms"].items()}
        for name, endpoint in content["endpoints"].items():
            variable = endpoint["variable"]
            assert variable in content["items"] or variable in content["derived"], (path.name, name)
            if variable in content["items"]:
                for visit in endpoint["visits"]:
                    forms = content["visits"][visit].get("forms", [])
                    assert any(variable in asked[form] for form in forms), (path.name, name, visit)


def test_every_measurement_an_outcome_lists_is_asked_with_its_unit() -> None:
    content = drafted(
        ("Blood Pressure", "6 months", ""),
        ("Triglycerides, CRP and particle diameter", "6 months", ""),
        ("Resting energy expenditure", "6 months", ""),
    )
    assert variables(content) == ["systolic", "outcome_secondary_2", "outcome_secondary_3"]
    items = content["items"]
    assert {items[name]["unit"] for name in ("systolic", "diastolic")} == {"mm[Hg]"}
    assert {"triglycerides", "crp"} <= set(content["forms"]["laboratory"]["items"])
    assert {"laboratory", "assessment"} <= set(content["visits"]["month_6"]["forms"])
    assert "the first of them is analysed" in content["assumptions"]["endpoint_secondary_1"]["reason"]
    assert "Nothing says whether a fall is better" in content["assumptions"]["endpoint_secondary_3"]["reason"]


def test_outcomes_of_one_name_are_asked_by_their_descriptions() -> None:
    content = drafted(
        ("Pharmacokinetics of barley", "28 days", "Cmax"),
        ("Pharmacokinetics of barley", "28 days", "Terminal half-life"),
    )
    labels = [content["items"][name]["label"] for name in variables(content)]
    assert labels == ["Pharmacokinetics of barley: Cmax", "Pharmacokinetics of barley: Terminal half-life"]


def test_what_becomes_of_a_dose_has_no_baseline() -> None:
    (endpoint,) = drafted(("Terminal half-life of barley", "28 days", ""))["endpoints"].values()
    assert endpoint["baseline_visits"] == []
    assert endpoint["metric"]["value"] == "Value at the time"


def test_whether_something_happened_has_no_baseline_and_is_a_proportion() -> None:
    (endpoint,) = drafted(("Toxicities of barley", "28 days", ""))["endpoints"].values()
    assert endpoint["baseline_visits"] == []
    assert endpoint["aggregation"]["value"] == "proportion of participants with 95 % interval by visit"
    assert endpoint["metric"]["value"] == "Value at the time"
