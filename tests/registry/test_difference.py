"""What changed between two versions, and when that is an alarm."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from trialrun.cli.registry_compare import compare, lint
from trialrun.registry.criteria import SectionKind
from trialrun.registry.difference import AlarmLevel, ChangeKind, Moment, RecordDifference, compare_records
from trialrun.registry.difference_direction import direction
from trialrun.registry.difference_words import Effort, Mark, word_difference
from trialrun.registry.read import read_record
from trialrun.registry.record import Record, thaw


def outcome(measure: str, frame: str = "12 weeks", about: str = "") -> dict[str, str]:
    return {"measure": measure, "timeFrame": frame, "description": about}


def document() -> dict[str, Any]:
    return {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT99999906", "briefTitle": "A Trial of Barley Broth"},
            "statusModule": {
                "overallStatus": "RECRUITING",
                "startDateStruct": {"date": "2024-03-01"},
                "primaryCompletionDateStruct": {"date": "2025-06", "type": "ESTIMATED"},
                "lastUpdateSubmitDate": "2024-01-10",
            },
            "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Lighthouse Trust"}},
            "designModule": {
                "studyType": "INTERVENTIONAL",
                "phases": ["PHASE2"],
                "enrollmentInfo": {"count": 100, "type": "ESTIMATED"},
                "designInfo": {
                    "allocation": "RANDOMIZED",
                    "interventionModel": "PARALLEL",
                    "maskingInfo": {"masking": "DOUBLE"},
                },
            },
            "armsInterventionsModule": {
                "armGroups": [
                    {
                        "label": "Broth",
                        "type": "EXPERIMENTAL",
                        "interventionNames": ["Dietary Supplement: Broth"],
                    },
                    {"label": "Water", "type": "PLACEBO_COMPARATOR", "interventionNames": ["Other: Water"]},
                ],
                "interventions": [
                    {"type": "DIETARY_SUPPLEMENT", "name": "Broth"},
                    {"type": "OTHER", "name": "Water"},
                ],
            },
            "outcomesModule": {
                "primaryOutcomes": [outcome("Change in cough score")],
                "secondaryOutcomes": [
                    outcome("Overall survival", "2 years"),
                    outcome("Number of nights without sleep", "4 weeks"),
                ],
            },
            "eligibilityModule": {
                "eligibilityCriteria": "Inclusion Criteria:\n\n* Cough for at least 3 weeks\n* Able to swallow\n\n"
                "Exclusion Criteria:\n\n* Gout\n* Fever above 38 degrees",
                "minimumAge": "18 Years",
                "sex": "ALL",
            },
        }
    }


def changed(edit: Callable[[dict[str, Any]], object], updated: str = "2024-09-01") -> RecordDifference:
    new = document()
    new["protocolSection"]["statusModule"]["lastUpdateSubmitDate"] = updated
    edit(new["protocolSection"])
    return compare_records(Record(document()), Record(new))


def codes(difference: RecordDifference) -> dict[str, AlarmLevel]:
    return {alarm.code: alarm.level for alarm in difference.alarms}


def test_a_record_does_not_differ_from_itself(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("ctgov").glob("NCT*.json")):
        record, _ = read_record(path)
        same = compare_records(record, record)
        assert (same.changes, same.alarms, same.findings) == ((), (), ())


def test_another_order_of_every_list_is_no_change(shared: Callable[[str], Path]) -> None:
    def shuffle(value: Any, dice: random.Random) -> Any:
        if isinstance(value, dict):
            return {key: shuffle(part, dice) for key, part in value.items()}
        if isinstance(value, list):
            parts = [shuffle(part, dice) for part in value]
            dice.shuffle(parts)
            return parts
        return value

    for path in sorted(shared("ctgov").glob("NCT*.json")):
        record, _ = read_record(path)
        document = thaw(record.document)
        document["protocolSection"] = shuffle(document["protocolSection"], random.Random(path.stem))
        turned = compare_records(record, Record(document))
        assert [(change.field, change.old, change.new) for change in turned.changes] == []
        assert turned.alarms == ()


@pytest.mark.parametrize(
    ("updated", "moment", "level"),
    [
        ("2024-02-01", Moment.BEFORE_START, AlarmLevel.MEDIUM),
        ("2024-09-01", Moment.RUNNING, AlarmLevel.HIGH),
        ("2025-08-01", Moment.COMPLETED, AlarmLevel.HIGH),
    ],
)
def test_a_replaced_primary_outcome_weighs_more_once_the_trial_runs(
    updated: str, moment: Moment, level: AlarmLevel
) -> None:
    def edit(protocol: dict[str, Any]) -> None:
        protocol["outcomesModule"]["primaryOutcomes"] = [outcome("Serum zinc")]
        if moment is Moment.COMPLETED:
            protocol["statusModule"]["overallStatus"] = "COMPLETED"

    found = changed(edit, updated)
    assert found.moment is moment
    assert codes(found)["primary-outcome-removed"] is level
    assert codes(found)["primary-outcome-added"] is level
    assert any(str(moment) in alarm.reason for alarm in found.alarms)


def _swap(protocol: dict[str, Any]) -> None:
    tables = protocol["outcomesModule"]
    first, second = tables["primaryOutcomes"][0], tables["secondaryOutcomes"][0]
    tables["primaryOutcomes"][0], tables["secondaryOutcomes"][0] = second, first


def test_switched_outcomes_are_told_as_moved() -> None:
    found = changed(_swap)
    assert codes(found)["primary-outcome-demoted"] is AlarmLevel.HIGH
    assert codes(found)["primary-outcome-promoted"] is AlarmLevel.HIGH
    assert [change.kind for change in found.changes if "utcome" in change.section] == [ChangeKind.MOVED] * 2


@pytest.mark.parametrize(
    ("old", "new", "alarm"),
    [
        ("12 weeks", "24 weeks", True),
        ("12 weeks", "Twelve weeks", False),
        ("12 weeks", "12  Weeks.", False),
        ("12 weeks", "", True),
    ],
)
def test_a_time_frame_in_other_words_is_no_alarm(old: str, new: str, alarm: bool) -> None:
    assert old == document()["protocolSection"]["outcomesModule"]["primaryOutcomes"][0]["timeFrame"]

    def edit(protocol: dict[str, Any]) -> None:
        protocol["outcomesModule"]["primaryOutcomes"][0]["timeFrame"] = new

    found = changed(edit)
    assert ("primary-outcome-time-frame" in codes(found)) is alarm
    assert any(change.field.startswith("Time frame of") for change in found.changes)


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def edit(protocol: dict[str, Any]) -> None:
        inside = protocol
        *keys, last = path.split(".")
        for key in keys:
            inside = inside.setdefault(key, {})
        inside[last] = value

    return edit


ALARMS: list[tuple[str, Any, str, AlarmLevel]] = [
    ("designModule.enrollmentInfo.count", 40, "sample-size-changed", AlarmLevel.HIGH),
    ("designModule.enrollmentInfo.count", 85, "sample-size-changed", AlarmLevel.MEDIUM),
    ("designModule.enrollmentInfo.count", 98, "sample-size-changed", AlarmLevel.LOW),
    ("designModule.enrollmentInfo", {}, "sample-size-removed", AlarmLevel.HIGH),
    ("designModule.designInfo.maskingInfo.masking", "NONE", "masking-changed", AlarmLevel.HIGH),
    ("designModule.designInfo.maskingInfo.masking", "TRIPLE", "masking-changed", AlarmLevel.MEDIUM),
    ("designModule.designInfo.allocation", "NON_RANDOMIZED", "allocation-changed", AlarmLevel.HIGH),
    ("designModule.designInfo.interventionModel", "CROSSOVER", "model-changed", AlarmLevel.HIGH),
    ("designModule.phases", ["PHASE3"], "phase-changed", AlarmLevel.LOW),
    ("statusModule.overallStatus", "TERMINATED", "status-terminated", AlarmLevel.HIGH),
    ("statusModule.overallStatus", "WITHDRAWN", "status-withdrawn", AlarmLevel.HIGH),
    ("statusModule.overallStatus", "SUSPENDED", "status-suspended", AlarmLevel.MEDIUM),
    ("statusModule.primaryCompletionDateStruct.date", "2027-06", "date-moved", AlarmLevel.MEDIUM),
    ("statusModule.primaryCompletionDateStruct.date", "2025-11", "date-moved", AlarmLevel.LOW),
    ("statusModule.primaryCompletionDateStruct", {}, "date-removed", AlarmLevel.MEDIUM),
    ("sponsorCollaboratorsModule.leadSponsor.name", "Another Trust", "sponsor-changed", AlarmLevel.MEDIUM),
    ("eligibilityModule.minimumAge", "12 Years", "eligibility-widened", AlarmLevel.MEDIUM),
    ("eligibilityModule.minimumAge", "252 Months", "eligibility-narrowed", AlarmLevel.MEDIUM),
    ("eligibilityModule.maximumAge", "65 Years", "eligibility-narrowed", AlarmLevel.MEDIUM),
    ("eligibilityModule.sex", "FEMALE", "eligibility-narrowed", AlarmLevel.MEDIUM),
    ("identificationModule.nctId", "NCT99999907", "another-trial", AlarmLevel.HIGH),
]


@pytest.mark.parametrize(("path", "value", "code", "level"), ALARMS)
def test_one_field_one_alarm(path: str, value: Any, code: str, level: AlarmLevel) -> None:
    found = changed(_set(path, value))
    assert codes(found) == {code: level}
    assert all(alarm.message and alarm.reason and alarm.place for alarm in found.alarms)


QUIET: list[tuple[str, Any]] = [
    ("statusModule.overallStatus", "ACTIVE_NOT_RECRUITING"),
    ("statusModule.overallStatus", "COMPLETED"),
    ("statusModule.primaryCompletionDateStruct.date", "2025-07"),
    ("statusModule.startDateStruct", {"date": "2024-03-05", "type": "ACTUAL"}),
    ("identificationModule.briefTitle", "A trial of barley broth."),
    ("sponsorCollaboratorsModule.leadSponsor.name", "LIGHTHOUSE TRUST"),
    ("contactsLocationsModule.locations", [{"facility": "Lighthouse", "country": "Norway"}]),
    ("descriptionModule.briefSummary", "All about broth."),
]


@pytest.mark.parametrize(("path", "value"), QUIET)
def test_a_change_without_alarm_is_still_a_change(path: str, value: Any) -> None:
    found = changed(_set(path, value))
    assert found.alarms == ()
    assert [change for change in found.changes if change.field != "Last update handed in"]


def test_results_that_went_away() -> None:
    old = Record({**document(), "resultsSection": {"participantFlowModule": {"groups": []}}})
    found = compare_records(old, Record(document()))
    assert codes(found) == {"results-removed": AlarmLevel.HIGH}
    back = compare_records(Record(document()), old)
    assert back.alarms == ()
    assert [change.field for change in back.changes] == ["Results"]


def test_a_field_nobody_named_is_compared_too() -> None:
    found = changed(_set("someNewModule.deepThing.shadeOfGrey", "dark"))
    assert ("Shade of grey" in found.changes[-1].field, found.changes[-1].new) == (True, "dark")


def test_versions_in_the_wrong_order_are_told() -> None:
    found = changed(lambda _: None, "2023-01-01")
    assert [finding.code for finding in found.findings] == ["versions-in-reverse"]


_TEXT = st.text(st.sampled_from("ab. \n≥5")) | st.text(max_size=30)


@settings(max_examples=150, deadline=None)
@given(_TEXT, _TEXT)
def test_both_texts_can_be_had_from_their_difference(old: str, new: str) -> None:
    runs = word_difference(old, new, Effort())
    assert "".join(run.text for run in runs if run.mark is not Mark.ADDED) == old
    assert "".join(run.text for run in runs if run.mark is not Mark.REMOVED) == new


def _criteria(old: str, new: str) -> Callable[[dict[str, Any]], None]:
    def edit(protocol: dict[str, Any]) -> None:
        module = protocol["eligibilityModule"]
        assert old in module["eligibilityCriteria"]
        module["eligibilityCriteria"] = module["eligibilityCriteria"].replace(old, new)

    return edit


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("* Gout\n", "", "eligibility-widened"),
        ("* Gout", "* Gout\n* Hiccups", "eligibility-narrowed"),
        ("* Able to swallow", "* Able to swallow\n* Owns a kettle", "eligibility-narrowed"),
        ("* Able to swallow\n", "", "eligibility-widened"),
        ("* Able to swallow\n", "* Able to swallow solid food\n", "eligibility-changed"),
        ("* Gout", "* Gout, unless treated", "eligibility-changed"),
        ("* Gout", "* Gout\n* Patients with treated hiccups may take part", "eligibility-changed"),
        ("Fever above 38 degrees", "Fever above 38 Degrees.", ""),
        ("* Gout\n* Fever above 38 degrees", "* Fever above 38 degrees\n* Gout", ""),
        (
            "* Cough for at least 3 weeks\n* Able to swallow",
            "1. Able to swallow\n2. Cough for at least 3 weeks",
            "",
        ),
    ],
)
def test_criteria_that_come_and_go(old: str, new: str, code: str) -> None:
    found = changed(_criteria(old, new))
    assert set(codes(found)) == ({code} if code else set())


def test_a_criterion_that_changes_sides_is_grave() -> None:
    def edit(protocol: dict[str, Any]) -> None:
        _criteria("\n* Fever above 38 degrees", "")(protocol)
        _criteria("* Able to swallow", "* Able to swallow\n* Fever above 38 degrees")(protocol)

    found = changed(edit)
    assert codes(found) == {"criterion-changed-sides": AlarmLevel.HIGH}


@pytest.mark.parametrize(
    ("kind", "old", "new", "way"),
    [
        ("inclusion", "Platelets ≥ 100 x 10^9/L", "Platelets ≥ 75 x 10^9/L", "wider"),
        ("inclusion", "Platelets ≥ 100 x 10^9/L", "Platelets > 100 x 10^9/L", "narrower"),
        ("inclusion", "HbA1c between 7 and 10 %", "HbA1c between 7 and 9 %", "narrower"),
        ("inclusion", "HbA1c between 7 and 10 %", "HbA1c between 8 and 11 %", ""),
        ("inclusion", "ALT ≤ 3 x ULN", "ALT ≤ 5 x ULN", "wider"),
        ("inclusion", "ALT ≤ 3 x ULN", "ALT ≤ 3 U/L", ""),
        ("inclusion", "ALT ≤ 3 x ULN and AST ≤ 3 x ULN", "ALT ≤ 5 x ULN and AST ≤ 2 x ULN", ""),
        ("exclusion", "Creatinine > 1.5 mg/dL", "Creatinine > 2 mg/dL", "wider"),
        ("exclusion", "Creatinine > 1.5 mg/dL", "Creatinine > 1.2 mg/dL", "narrower"),
        ("inclusion", "No creatinine > 1.5 mg/dL", "No creatinine > 2 mg/dL", ""),
        ("inclusion", "Creatinine < 1.5 mg/dL in women", "Creatinine < 2 mg/dL in men", ""),
        ("unknown", "Creatinine < 1.5 mg/dL", "Creatinine < 2 mg/dL", ""),
    ],
)
def test_wider_and_narrower_are_said_only_where_the_numbers_tell(
    kind: str, old: str, new: str, way: str
) -> None:
    assert direction(old, new, SectionKind(kind)) == way
    if way:
        assert direction(new, old, SectionKind(kind)) == {"wider": "narrower", "narrower": "wider"}[way]


def test_arms_and_what_they_get() -> None:
    def drop(protocol: dict[str, Any]) -> None:
        del protocol["armsInterventionsModule"]["armGroups"][1]

    assert codes(changed(drop)) == {"arms-changed": AlarmLevel.HIGH}
    found = changed(_set("armsInterventionsModule.interventions", [{"type": "OTHER", "name": "Water"}]))
    assert codes(found) == {"interventions-changed": AlarmLevel.MEDIUM}


def test_a_number_reached_is_told_against_the_plan() -> None:
    found = changed(_set("designModule.enrollmentInfo", {"count": 61, "type": "ACTUAL"}))
    (alarm,) = found.alarms
    assert "-39 %" in alarm.message
    assert "another number than planned" in alarm.reason


def test_a_date_once_reached_does_not_move() -> None:
    old, new = document(), document()
    for one, day in ((old, "2025-06-30"), (new, "2025-09-30")):
        status = one["protocolSection"]["statusModule"]
        status["primaryCompletionDateStruct"] = {"date": day, "type": "ACTUAL"}
    found = compare_records(Record(old), Record(new))
    assert set(codes(found)) == {"actual-date-changed"}


def test_two_outcomes_of_one_name_are_kept_apart() -> None:
    twins = [outcome("Weight loss", "16 weeks", "in rooms"), outcome("Weight loss", "16 weeks", "In rooms.")]
    old = document()
    old["protocolSection"]["outcomesModule"]["secondaryOutcomes"] = twins
    new = document()
    new["protocolSection"]["outcomesModule"]["secondaryOutcomes"] = twins[::-1]
    assert compare_records(Record(old), Record(new)).changes == ()


def test_the_command_tells_alarms_first(tmp_path: Path) -> None:
    old, new = document(), document()
    _swap(new["protocolSection"])
    new["protocolSection"]["descriptionModule"] = {"briefSummary": "half \ud800 character \x1b[2J"}
    for name, one in (("old", old), ("new", new)):
        (tmp_path / f"{name}.json").write_text(json.dumps(one))
    files = [str(tmp_path / "old.json"), str(tmp_path / "new.json")]
    told = CliRunner().invoke(compare, files)
    assert told.exit_code == 0, told.output
    assert "half \\ud800 character \\u001b[2J" in told.output
    assert told.output.index("2 alarm(s)") < told.output.index("Primary outcomes")
    plain = CliRunner().invoke(compare, [*files, "--json"])
    found = json.loads(plain.output)
    assert {alarm["code"] for alarm in found["alarms"]} == {
        "primary-outcome-demoted",
        "primary-outcome-promoted",
    }
    assert {change["kind"] for change in found["changes"]} == {"added", "moved"}
    same = CliRunner().invoke(compare, [files[0], files[0]])
    assert "Nothing changed." in same.output


def test_the_lint_command_leaves_as_check_does(tmp_path: Path) -> None:
    record = document()
    file = tmp_path / "record.json"
    file.write_text(json.dumps(record))
    told = CliRunner().invoke(lint, [str(file), "--today", "2024-06-01"], standalone_mode=False)
    assert (told.return_value, "0 of them error(s)" in told.output) == (0, True)
    record["protocolSection"]["statusModule"]["completionDateStruct"] = {"date": "2020-01"}
    file.write_text(json.dumps(record))
    told = CliRunner().invoke(lint, [str(file), "--today", "2024-06-01", "--json"], standalone_mode=False)
    assert told.return_value == 1
    found = [json.loads(line) for line in told.output.splitlines()]
    assert "dates-out-of-order" in {one["code"] for one in found if one["severity"] == "error"}


def test_many_alarms_of_a_kind_are_gathered() -> None:
    old = document()
    old["protocolSection"]["outcomesModule"]["secondaryOutcomes"] = [
        outcome(f"Sleep in room {place}") for place in range(300)
    ]
    new = document()
    del new["protocolSection"]["outcomesModule"]["secondaryOutcomes"]
    found = compare_records(Record(old), Record(new))
    removed = [alarm for alarm in found.alarms if alarm.code == "outcome-removed"]
    assert len(removed) == 10
    assert "291 more" in removed[-1].message
    assert sum(change.kind is ChangeKind.REMOVED for change in found.changes) == 300


def test_a_number_counted_once_is_not_counted_anew_in_silence() -> None:
    sides = [document(), document()]
    for one, count in zip(sides, (100, 98), strict=True):
        one["protocolSection"]["designModule"]["enrollmentInfo"] = {"count": count, "type": "ACTUAL"}
    assert codes(compare_records(*map(Record, sides))) == {"sample-size-changed": AlarmLevel.MEDIUM}
