"""Results for ClinicalTrials.gov: shapes of real records, numbers of our report, and every planted defect found."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest

from small_study import DOSE_DAY, SmallRules, make_study, origin, six_people
from trialrun.analyse.result import Analysis
from trialrun.analyse.run import analyse_dataset
from trialrun.derive.dataset import derive_dataset
from trialrun.errors import AnalysisError
from trialrun.report.registry_lint import lint_record, lint_results_section
from trialrun.report.registry_results import results_section
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot
from trialrun.study.model import Arm, DosePlan

WITH_RESULTS = ("NCT00353704", "NCT01252810", "NCT02369484", "NCT04326231", "NCT04402008", "NCT04544683")
SAID = {
    "results_contact": {"title": "Head of results", "organization": "Nobody", "email": "results@example.org"},
    "investigator_agreement": {"employee": True, "restrictive": False},
}


def two_arm_study():
    plan = make_study().dose_plans[0]
    return make_study(
        arms={"exo": Arm("exo", "Exosomes", "40 mg"), "plain": Arm("plain", "Saline", "0 mg")},
        dose_plans=tuple(
            DosePlan(arm, "product", plan.route, plan.doses, plan.total, plan.unit, plan.within_days)
            for arm in ("exo", "plain")
        ),
        settings=SAID,
    )


def analysed(tmp_path, study, cut, name="cut"):
    write_snapshot(tmp_path / name, cut.tables, origin())
    data = derive_dataset(read_snapshot(tmp_path / name), study, rules=SmallRules())
    return data, analyse_dataset(data)


@pytest.fixture(scope="module")
def one_arm(tmp_path_factory):
    study = make_study(settings=SAID)
    return analysed(tmp_path_factory.mktemp("one"), study, six_people(study))


@pytest.fixture(scope="module")
def two_arms(tmp_path_factory):
    study = two_arm_study()
    cut = six_people(study)
    for number, row in enumerate(cut.tables["participants"]):
        if row["arm"]:
            row["arm"] = ("exo", "plain")[number % 2]
    return analysed(tmp_path_factory.mktemp("two"), study, cut)


def codes(findings, *severities):
    return {one.code for one in findings if not severities or one.severity.value in severities}


def cells(module, title):
    """Group id to value of the first class of a measure."""
    one = next(one for one in module["measures"] if one["title"] == title)
    return one["classes"][0]


# --- our own ---------------------------------------------------------------------------------------


def test_the_flow_of_one_arm_is_counted_by_hand(one_arm):
    data, results = one_arm
    section = results_section(data, results)
    period = section["participantFlowModule"]["periods"][0]
    counts = {one["type"]: one["achievements"][0]["numSubjects"] for one in period["milestones"]}
    assert counts == {
        "STARTED": "6",
        "Received at least one dose": "6",
        "COMPLETED": "0",
        "NOT COMPLETED": "6",
    }
    reasons = {one["type"]: one["reasons"][0]["numSubjects"] for one in period["dropWithdraws"]}
    assert reasons == {"Death": "1", "Still taking part at the data cut": "5"}
    assert section["participantFlowModule"]["preAssignmentDetails"].startswith(
        "7 were screened and 6 enrolled."
    )


def test_outcomes_are_those_registered_with_the_numbers_of_the_report(one_arm):
    data, results = one_arm
    outcomes = results_section(data, results)["outcomeMeasuresModule"]["outcomeMeasures"]
    assert [one["type"] for one in outcomes] == ["PRIMARY", "SECONDARY"]
    assert {one["timeFrame"] for one in outcomes} == {"after 4 months"}
    primary = outcomes[0]
    (change,) = results.of("points_month_4", Analysis.CHANGE, "month_4")
    cell = primary["classes"][-1]["categories"][0]["measurements"][0]
    assert float(cell["value"]) == pytest.approx(change.estimate, abs=0.06)
    assert primary["classes"][-1]["denoms"][0]["counts"][0]["value"] == str(change.n)
    # S-001: 3.0+15 to 2.0+12, S-002: 4+18 to 3+16, S-003: 2+14 to 4+15
    assert float(cell["value"]) == pytest.approx((-4 - 3 + 3) / 3, abs=0.06)
    assert primary["analyses"], "the primary outcome has its estimand's estimate"
    assert all(
        "One arm without a comparison" in one["pValueComment"]
        for one in primary["analyses"]
        if "pValue" in one
    )


def test_deaths_and_serious_events_are_counted(one_arm):
    data, results = one_arm
    module = results_section(data, results)["adverseEventsModule"]
    group = module["eventGroups"][0]
    assert (group["deathsNumAffected"], group["deathsNumAtRisk"]) == (1, 6)
    assert (group["seriousNumAffected"], group["seriousNumAtRisk"]) == (1, 6)
    assert [one["term"] for one in module["seriousEvents"]] == ["Variceal bleeding"]
    assert module["frequencyThreshold"] == "5"


def test_our_own_section_has_no_error_but_terms_nobody_coded(one_arm, two_arms):
    for data, results in (one_arm, two_arms):
        findings = lint_results_section(results_section(data, results), data.study)
        assert codes(findings, "error") <= {"no-organ-system"}, [str(one) for one in findings]


def test_a_comparison_names_both_groups_and_is_not_said_to_be_of_one(two_arms):
    data, results = two_arms
    outcomes = results_section(data, results)["outcomeMeasuresModule"]["outcomeMeasures"]
    analyses = [one for outcome in outcomes for one in outcome["analyses"]]
    compared = [one for one in analyses if len(one["groupIds"]) == 2]
    assert compared
    for one in compared:
        assert one["nonInferiorityType"] == "SUPERIORITY"
        assert "nonInferiorityComment" not in one
        assert "One arm" not in one.get("pValueComment", "")
    alone = [one for one in analyses if len(one["groupIds"]) == 1]
    assert all(one["nonInferiorityType"] == "OTHER" for one in alone)


def test_what_is_said_about_an_analysis_fits_the_registrys_field(one_arm, two_arms):
    for data, results in (one_arm, two_arms):
        for outcome in results_section(data, results)["outcomeMeasuresModule"]["outcomeMeasures"]:
            assert len(outcome["unitOfMeasure"]) <= 40
            assert len(outcome["populationDescription"]) <= 500
            assert all(0 < len(one["groupDescription"]) <= 500 for one in outcome["analyses"])


def test_two_arms_have_a_group_each_and_a_total(two_arms):
    data, results = two_arms
    section = results_section(data, results)
    assert [one["title"] for one in section["participantFlowModule"]["groups"]] == ["Exosomes", "Saline"]
    assert [one["title"] for one in section["baselineCharacteristicsModule"]["groups"]][-1] == "Total"
    sexes = cells(section["baselineCharacteristicsModule"], "Sex: Female, Male")
    assert [one["value"] for one in sexes["categories"][0]["measurements"]] == ["3", "3", "6"]
    groups = {one["id"] for one in section["outcomeMeasuresModule"]["outcomeMeasures"][0]["groups"]}
    assert groups == {"OG000", "OG001"}


def test_masked_arms_stay_together_and_are_not_named(tmp_path):
    study = two_arm_study()
    cut = six_people(study)
    for row in cut.tables["participants"]:
        row["arm"] = None
    data, results = analysed(tmp_path, study, cut)
    text = json.dumps(results_section(data, results))
    assert "Saline" not in text
    assert "Arms are masked" in text


def test_one_arm_opened_in_an_emergency_does_not_open_the_groups(tmp_path):
    study = two_arm_study()
    cut = six_people(study)
    for number, row in enumerate(cut.tables["participants"]):
        row["arm"] = "plain" if number == 0 else None
    data, results = analysed(tmp_path, study, cut)
    section = results_section(data, results)
    assert len(section["participantFlowModule"]["groups"]) == 1
    assert "Saline" not in json.dumps(section)


def test_the_same_snapshot_gives_the_same_section(one_arm):
    data, results = one_arm
    first = json.dumps(results_section(data, results))
    assert first == json.dumps(results_section(data, analyse_dataset(data)))


def test_a_number_that_is_not_the_reports_stops_the_section(one_arm):
    data, results = one_arm
    wrong = tuple(
        replace(one, estimate=(one.estimate or 0) + 1) if one.analysis is Analysis.CHANGE else one
        for one in results.results
    )
    with pytest.raises(AnalysisError, match="are not the report's"):
        results_section(data, replace(results, results=wrong))


def test_a_registered_outcome_without_a_result_stops_the_section(one_arm):
    data, results = one_arm
    fewer = tuple(one for one in results.results if one.endpoint != "bilirubin")
    with pytest.raises(AnalysisError, match="bilirubin"):
        results_section(data, replace(results, results=fewer))


def test_nobody_with_a_value_is_said_not_hidden(tmp_path):
    study = make_study(settings=SAID)
    cut = six_people(study)
    for row in cut.tables["participants"]:
        row["age"] = None
    data, results = analysed(tmp_path, study, cut)
    age = cells(results_section(data, results)["baselineCharacteristicsModule"], "Age, Continuous")
    (cell,) = age["categories"][0]["measurements"]
    assert cell["value"] == "NA"
    assert cell["comment"]
    assert DOSE_DAY is not None


# --- real ones -------------------------------------------------------------------------------------


def real(shared, name):
    document = json.loads(shared(f"ctgov/{name}.json").read_text(encoding="utf-8"))
    return document.get("study", document)


@pytest.mark.parametrize("name", WITH_RESULTS)
def test_posted_results_have_no_contradiction(shared, name):
    """They went through review: what is found there is a gap of an older record, never a sum that is wrong."""
    findings = lint_record(real(shared, name))
    assert codes(findings, "error") <= {"no-parameter"}, [str(one) for one in findings]
    assert codes(findings, "warning") <= {
        "population-undescribed", "at-risk-not-treated", "no-deaths", "baseline-lacks", "no-time-frame", "time-frame-vague",
        "baseline-not-started", "no-posting-date",
    }  # fmt: skip


def test_our_keys_are_keys_of_the_registry(shared, one_arm, two_arms):
    """Every place of our section is a place that a posted one has, or one of the analysis elements."""

    def places(value, at=""):
        if isinstance(value, dict):
            for name, inner in value.items():
                yield f"{at}.{name}"
                yield from places(inner, f"{at}.{name}")
        elif isinstance(value, list):
            for inner in value:
                yield from places(inner, at)

    known = {place for name in WITH_RESULTS for place in places(real(shared, name)["resultsSection"])}
    # Elements of the data definitions that none of these six records uses.
    known |= {".outcomeMeasuresModule.outcomeMeasures.analyses" + more for more in ("", *(f".{name}" for name in (
        "groupIds", "groupDescription", "nonInferiorityType", "nonInferiorityComment", "statisticalMethod", "statisticalComment",
        "paramType", "paramValue", "pValue", "pValueComment", "ciPctValue", "ciNumSides", "ciLowerLimit", "ciUpperLimit",
        "ciLowerLimitComment", "ciUpperLimitComment",
    )))}  # fmt: skip
    cell = "classes.categories.measurements.comment"
    known |= {
        f".baselineCharacteristicsModule.measures.{cell}",
        f".outcomeMeasuresModule.outcomeMeasures.{cell}",
    }
    known |= {".adverseEventsModule.seriousEvents.notes"}
    for data, results in (one_arm, two_arms):
        ours = set(places(results_section(data, results)))
        assert ours - known == set()


# --- planted defects: each is found by its own rule ------------------------------------------------


def set_in(*path, to):
    def change(section):
        place = section
        for step in path[:-1]:
            place = place[step]
        if to is None:
            del place[path[-1]]
        else:
            place[path[-1]] = to

    return change


FLOW, BASE = "participantFlowModule", "baselineCharacteristicsModule"
OUT, EVENTS, MORE = "outcomeMeasuresModule", "adverseEventsModule", "moreInfoModule"
FIRST = (OUT, "outcomeMeasures", 0)
CELL = (*FIRST, "classes", 0, "categories", 0, "measurements", 0)
MUTATIONS = [
    ("module-missing", set_in(EVENTS, to=None)),
    ("no-group", set_in(FLOW, "groups", to=[])),
    ("group-untitled", set_in(FLOW, "groups", 0, "title", to="")),
    ("group-twice", lambda s: s[FLOW]["groups"].append(s[FLOW]["groups"][0])),
    ("no-period", set_in(FLOW, "periods", to=[])),
    ("milestone-missing", lambda s: s[FLOW]["periods"][0]["milestones"].pop(0)),
    ("flow-grows", set_in(FLOW, "periods", 0, "milestones", 2, "achievements", 0, "numSubjects", to="7")),
    ("flow-does-not-add-up", set_in(FLOW, "periods", 0, "milestones", 3, "achievements", 0, "numSubjects", to="1")),
    ("reasons-do-not-add-up", lambda s: s[FLOW]["periods"][0]["dropWithdraws"].pop()),
    ("unknown-group", set_in(FLOW, "periods", 0, "milestones", 0, "achievements", 0, "groupId", to="FG009")),
    ("baseline-lacks", lambda s: s[BASE]["measures"].pop(0)),
    ("baseline-not-started", set_in(BASE, "denoms", 0, "counts", 0, "value", to="5")),
    ("count-above-denominator", set_in(BASE, "measures", 1, "classes", 0, "categories", 0, "measurements", 0, "value", to="60")),
    ("counts-fall-short", set_in(BASE, "measures", 1, "classes", 0, "categories", 0, "measurements", 0, "value", to="1")),
    ("counts-exceed", set_in(BASE, "measures", 1, "classes", 0, "categories", 1, "measurements", 0, "value", to="6")),
    ("untitled", set_in(BASE, "measures", 0, "title", to=" ")),
    ("outcome-missing", lambda s: s[OUT]["outcomeMeasures"].pop()),
    ("time-frame-differs", set_in(*FIRST, "timeFrame", to="after 6 months")),
    ("no-time-frame", set_in(*FIRST, "timeFrame", to="")),
    ("time-frame-vague", set_in(*FIRST, "timeFrame", to="afterwards")),
    ("title-vague", set_in(*FIRST, "title", to="Liver function")),
    ("no-unit", set_in(*FIRST, "unitOfMeasure", to="")),
    ("no-parameter", set_in(*FIRST, "paramType", to="")),
    ("dispersion-does-not-fit", set_in(*FIRST, "dispersionType", to="Inter-Quartile Range")),
    ("dispersion-does-not-fit", set_in(*FIRST, "dispersionType", to=None)),
    ("dispersion-does-not-fit", set_in(*FIRST, "paramType", to="COUNT_OF_PARTICIPANTS")),
    ("unit-does-not-fit", set_in(BASE, "measures", 1, "unitOfMeasure", to="years")),
    ("scale-unexplained", set_in(*FIRST, "description", to="The points.")),
    ("no-data", lambda s: s[OUT]["outcomeMeasures"][0].update(classes=[], populationDescription="")),
    ("no-denominator", set_in(*FIRST, "denoms", to=[])),
    ("more-than-started", set_in(*FIRST, "denoms", 0, "counts", 0, "value", to="9")),
    ("population-undescribed", set_in(*FIRST, "populationDescription", to="")),
    ("denominator-grows", set_in(*FIRST, "classes", 0, "denoms", 0, "counts", 0, "value", to="6")),
    ("no-number", set_in(*CELL, "value", to="about two")),
    ("unexplained", set_in(*CELL, "value", to="NA")),
    ("no-spread", set_in(*CELL, "spread", to=None)),
    ("negative-spread", set_in(*CELL, "spread", to="-1")),
    ("no-posting-date", set_in(*FIRST, "reportingStatus", to="NOT_POSTED")),
    ("analysis-without-group", set_in(*FIRST, "analyses", 0, "groupIds", to=[])),
    ("no-probability", set_in(*FIRST, "analyses", 0, "pValue", to="1.4")),
    ("no-method", lambda s: s[OUT]["outcomeMeasures"][0]["analyses"][0].update(pValue="0.2", statisticalMethod="")),
    ("no-level", lambda s: s[OUT]["outcomeMeasures"][0]["analyses"][0].update(ciLowerLimit="-9", ciUpperLimit="9", ciPctValue="")),
    ("limits-crossed", lambda s: s[OUT]["outcomeMeasures"][0]["analyses"][0].update(ciLowerLimit="5", ciUpperLimit="2")),
    ("outside-limits", lambda s: s[OUT]["outcomeMeasures"][0]["analyses"][0].update(paramValue="99", ciLowerLimit="1", ciUpperLimit="2")),
    ("no-threshold", set_in(EVENTS, "frequencyThreshold", to=None)),
    ("threshold-too-high", set_in(EVENTS, "frequencyThreshold", to="10")),
    ("no-time-frame", set_in(EVENTS, "timeFrame", to="")),
    ("no-deaths", set_in(EVENTS, "eventGroups", 0, "deathsNumAffected", to=None)),
    ("more-than-at-risk", set_in(EVENTS, "eventGroups", 0, "seriousNumAffected", to=8)),
    ("at-risk-not-treated", set_in(EVENTS, "eventGroups", 0, "otherNumAtRisk", to=5)),
    ("at-risk-grows", set_in(EVENTS, "seriousEvents", 0, "stats", 0, "numAtRisk", to=7)),
    ("fewer-events-than-people", set_in(EVENTS, "seriousEvents", 0, "stats", 0, "numEvents", to=0)),
    ("terms-do-not-add-up", set_in(EVENTS, "eventGroups", 0, "seriousNumAffected", to=4)),
    ("term-twice", lambda s: s[EVENTS]["seriousEvents"].append(s[EVENTS]["seriousEvents"][0])),
    ("no-assessment", set_in(EVENTS, "seriousEvents", 0, "assessmentType", to="")),
    ("no-contact", set_in(MORE, "pointOfContact", to=None)),
    ("contact-unreachable", set_in(MORE, "pointOfContact", "email", to="")),
    ("no-agreement", set_in(MORE, "certainAgreement", to=None)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "change"), MUTATIONS, ids=[f"{n}-{code}" for n, (code, _) in enumerate(MUTATIONS)]
)
def test_a_planted_defect_is_found(one_arm, code, change):
    data, results = one_arm
    section = results_section(data, results)
    assert code not in codes(lint_results_section(section, data.study))
    broken = copy.deepcopy(section)
    change(broken)
    assert code in codes(lint_results_section(broken, data.study))


@pytest.mark.parametrize(("code", "change"), [
    ("reasons-do-not-add-up", set_in(FLOW, "periods", 0, "milestones", 0, "achievements", 1, "numSubjects", to="4")),
    ("baseline-not-started", set_in(BASE, "denoms", 0, "counts", 1, "value", to="2")),
    ("more-than-started", set_in(*FIRST, "denoms", 0, "counts", 1, "value", to="4")),
    ("unknown-group", set_in(*FIRST, "analyses", 0, "groupIds", 0, to="OG007")),
    ("at-risk-not-treated", set_in(EVENTS, "eventGroups", 1, "seriousNumAtRisk", to=2)),
])  # fmt: skip
def test_a_defect_of_the_second_arm_is_found(two_arms, code, change):
    data, results = two_arms
    broken = copy.deepcopy(results_section(data, results))
    assert code not in codes(lint_results_section(broken, data.study))
    change(broken)
    assert code in codes(lint_results_section(broken, data.study))


def test_the_lint_says_something_about_anything():
    for strange in (
        {},
        {FLOW: []},
        {FLOW: {"groups": None}},
        {OUT: {"outcomeMeasures": [None, {"classes": [{}]}]}},
        {EVENTS: {"eventGroups": [{}]}},
    ):
        assert codes(lint_results_section(strange, make_study()), "error")
