"""A draft loads, passes its own checks, and never mixes what is stated with what is assumed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trialrun.errors import RecordError
from trialrun.registry.draft import draft, draft_study, write_draft
from trialrun.registry.draft_schedule import moments_of
from trialrun.registry.read import read_record
from trialrun.registry.record import Record
from trialrun.registry.timeframe import parse_timeframe
from trialrun.study.checks import check_study
from trialrun.study.load import load_study
from trialrun.study.model import Study
from trialrun.values.finding import Severity


def drafted(record: Record, folder: Path) -> Study:
    write_draft(record, folder)
    return load_study(folder)


def errors(study: Study) -> list[str]:
    return [str(finding) for finding in check_study(study) if finding.severity is Severity.ERROR]


@pytest.fixture(scope="module")
def first(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    record, _ = read_record(root / "examples" / "nct05871463" / "record.json")
    return drafted(record, tmp_path_factory.mktemp("draft") / "study")


def test_the_first_trial_loads_and_passes(first: Study) -> None:
    assert errors(first) == []
    assert (first.id, first.registry_id, first.target) == ("nct05871463", "NCT05871463", 15)
    assert [arm.title for arm in first.arms.values()] == ["Exosome"]
    assert [name for name in first.visits if name.startswith("month")] == ["month_2", "month_4"]


def test_all_twenty_records_load_and_pass(shared: Callable[[str], Path], tmp_path: Path) -> None:
    for path in sorted(shared("ctgov").glob("NCT*.json")):
        record, _ = read_record(path)
        study = drafted(record, tmp_path / path.stem)
        assert errors(study) == [], path.stem
        assert len(study.endpoints) == len(record.outcomes())
        assert len(study.inclusion()) + len(study.exclusion()) >= len(record.criteria.sections) - 2


def test_the_invented_page_too(data: Path, tmp_path: Path) -> None:
    record, _ = read_record(data / "page.txt")
    study = drafted(record, tmp_path / "study")
    assert errors(study) == []
    assert study.criteria["I_SEX"].expression == "sex = 'F'"
    assert study.criteria["I_AGE"].expression == "age >= 21 AND age <= 64"
    assert [study.criteria[name].text for name in ("E1a", "E1b")] == [
        "a) Allergy to barley.",
        "b) Allergy to honey.",
    ]
    assert {"week_4", "week_8", "week_12", "week_24", "month_6", "after_the_last_storm"} <= set(study.visits)


def test_criteria_are_questions_in_the_record_s_own_words(first: Study) -> None:
    names = ["I1", "I2", "I3", "E1", "E2a", "E2b", "E2c", *(f"E{number}" for number in range(3, 16))]
    assert [name for name in first.criteria if name != "I_AGE"] == names
    computed = {"I3": "child_pugh >= 7", "E5": "event_e5 AND event_e5_last >= ADD_MONTHS(screening_date, -6)"}
    for name in names:
        criterion = first.criteria[name]
        assert criterion.expression == computed.get(name, f"criterion_{name.lower()}")
        if name in computed:
            continue
        assert first.items[criterion.expression].label == criterion.text
    judged = [
        name
        for name in names
        if "principal_investigator" in [str(who) for who in first.criteria[name].attested_by]
    ]
    assert judged == ["E6", "E13", "E15"]


def test_ages_are_computed_and_rest_on_an_assumption_where_there_is_no_field(first: Study) -> None:
    age = first.criteria["I_AGE"]
    assert (age.expression, age.bullet, age.text) == (
        "age >= 18 AND age <= 75",
        0,
        "Males or females between 18-75 years old",
    )
    assert age.assumptions == ("age_limits",)


def test_ages_of_other_units(tmp_path: Path) -> None:
    def rule(text: str) -> str:
        record = Record({"protocolSection": {"eligibilityModule": {"minimumAge": text}}})
        content = draft_study(record)
        return str(content["criteria"]["I_AGE_MINIMUM"]["expression"])

    assert rule("3 Years") == "age >= 3"
    assert rule("6 Months") == "MONTHS_BETWEEN(birth_date, consent_date) >= 6"
    assert rule("2 Weeks") == "DAYS_BETWEEN(birth_date, consent_date) >= 7 * 2"
    record = Record({"protocolSection": {"eligibilityModule": {"minimumAge": "2 Weeks"}}})
    assert errors(drafted(record, tmp_path / "weeks")) == []


def test_outcomes_become_endpoints_with_five_marked_levels(first: Study) -> None:
    variables = [(endpoint.variable, endpoint.visits) for endpoint in first.endpoints.values()]
    later = ("month_2", "month_4")
    assert variables == [
        ("meld_na", ("month_4",)),
        ("child_pugh", ("month_4",)),
        ("ast", later),
        ("bilirubin", later),
        ("alt", later),
        ("inr", later),
    ]
    change = {endpoint.title: endpoint.metric.stated for endpoint in first.endpoints.values()}
    assert change["Change in liver enzyme AST"] is True
    assert change["Bilirubin"] is False
    for endpoint in first.endpoints.values():
        for level in (
            endpoint.domain,
            endpoint.measure,
            endpoint.metric,
            endpoint.aggregation,
            endpoint.time,
        ):
            assert level.stated is (level.assumption is None)


def test_every_default_is_an_open_assumption(first: Study) -> None:
    assert {"clock_start", "window_month_2", "window_month_4", "dose_plan", "safety", "age_limits"} <= set(
        first.assumptions
    )
    assert all(assumption.confirmed is None for assumption in first.assumptions.values())
    for visit in first.visits.values():
        if visit.window_before or visit.window_after:
            assert f"window_{visit.name}" in first.assumptions


def test_laboratory_tests_have_units_and_codes(first: Study) -> None:
    assert first.items["bilirubin"].unit == "mg/dL"
    assert "1975-2" in [coding.code for coding in first.items["bilirubin"].codings]
    laboratory = first.forms["laboratory"].items
    assert {"creatinine", "bilirubin", "inr", "sodium", "albumin", "ast", "alt", "dialysis"} <= set(
        laboratory
    )
    assert "laboratory" in first.visits["baseline"].forms
    assert "laboratory" in first.visits["month_4"].forms


def test_an_unknown_measure_is_asked_openly(data: Path) -> None:
    content = draft_study(read_record(data / "page.txt")[0])
    item = content["items"]["outcome_primary_1"]
    assert item["label"] == "Change in coughs per night"
    assert "assumed" in item["note"]
    assert content["items"]["outcome_secondary_3"]["type"] == "boolean"


def test_a_withdrawn_trial_says_what_cannot_be_drafted(shared: Callable[[str], Path]) -> None:
    made = draft(read_record(shared("ctgov/NCT05693090.json"))[0])
    assert made.content["study"]["target"] == 12  # a pilot's size (Julious 2005), not the record's 0
    assert "no-target" in [finding.code for finding in made.findings]
    assert "is 0" in made.content["assumptions"]["target"]["about"]
    assert made.content["assumptions"]["target"]["parts"] == ["study.target"]


def test_times_that_cannot_be_planned_are_said() -> None:
    days, symbolic = moments_of(parse_timeframe("Cycle 2 Day 15"))
    assert (days, symbolic) == ([], ["C2D15"])
    days, _ = moments_of(parse_timeframe("Cycle 2 Day 15 (each cycle is 21 days)"))
    assert [moment.offset for moment in days] == ["P35D"]
    days, _ = moments_of(
        parse_timeframe("every 8 weeks for the first year and every 12 weeks thereafter up to 2 years")
    )
    assert [moment.name for moment in days if moment.days <= 366] == [
        f"week_{8 * order}" for order in range(1, 7)
    ]
    assert "week_60" in [moment.name for moment in days]


def test_an_empty_record_still_drafts(tmp_path: Path) -> None:
    study = drafted(Record({"protocolSection": {}}), tmp_path / "empty")
    assert study.endpoints == {}
    assert study.title == "not stated"


def test_a_study_is_never_overwritten(tmp_path: Path) -> None:
    record = Record({"protocolSection": {}})
    write_draft(record, tmp_path / "x")
    with pytest.raises(RecordError, match="already holds"):
        write_draft(record, tmp_path / "x")


def test_a_draft_is_the_same_every_time(root: Path, tmp_path: Path) -> None:
    record, _ = read_record(root / "examples" / "nct05871463" / "record.json")
    texts: list[Any] = []
    for name in ("a", "b"):
        write_draft(record, tmp_path / name)
        texts.append((tmp_path / name / "study.yaml").read_bytes())
    assert texts[0] == texts[1]
