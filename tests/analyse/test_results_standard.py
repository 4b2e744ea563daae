"""results.json has no name the CDISC Analysis Results Standard v1.0 does not know, but those said to be our own.

The names, which of them are needed, and the terms are those of the published model (logical model and JSON schema,
github.com/cdisc-org/analysis-results-standard), read from there and written down here, class by class.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from small_study import DOSE_DAY, Cut, SmallRules, make_study, origin
from trialrun.analyse.run import analyse_dataset
from trialrun.derive.dataset import derive_dataset
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot
from trialrun.study.model import Arm

NAMED = ("name", "description", "label")
WHERE = ("level", "order", "condition", "compoundExpression")
# Class to: attributes, the needed ones, and the class of each attribute that holds objects.
MODEL = {
    "ReportingEvent": (
        (*NAMED, "id", "version", "mainListOfContents", "otherListsOfContents", "referenceDocuments",
         "terminologyExtensions", "analysisOutputCategorizations", "analysisSets", "analysisGroupings", "dataSubsets",
         "dataGroupings", "methods", "analyses", "globalDisplaySections", "outputs"),
        ("id", "name", "mainListOfContents"),
        {"mainListOfContents": "ListOfContents", "analysisSets": "AnalysisSet", "methods": "AnalysisMethod",
         "analysisGroupings": "SubjectGroupingFactor", "analyses": "Analysis"},
    ),
    "ListOfContents": ((*NAMED, "contentsList"), ("name", "contentsList"), {"contentsList": "NestedList"}),
    "NestedList": (("listItems",), (), {"listItems": "OrderedListItem"}),
    "OrderedListItem": (
        (*NAMED, "level", "order", "analysisId", "outputId", "sublist"), ("name", "level", "order"), {},
    ),
    "AnalysisSet": (("id", *NAMED, *WHERE), ("id", "name", "level", "order"), {"condition": "WhereClauseCondition"}),
    "SubjectGroupingFactor": (
        ("id", *NAMED, "groupingDataset", "groupingVariable", "dataDriven", "groups"), ("id", "dataDriven"),
        {"groups": "Group"},
    ),
    "Group": (("id", *NAMED, *WHERE), ("id", "level", "order"), {"condition": "WhereClauseCondition"}),
    "WhereClauseCondition": (("dataset", "variable", "comparator", "value"), (), {}),
    "AnalysisMethod": (
        ("id", *NAMED, "documentRefs", "operations", "codeTemplate"), ("id", "name", "operations"),
        {"operations": "Operation"},
    ),
    "Operation": (
        ("id", *NAMED, "order", "referencedOperationRelationships", "resultPattern"), ("id", "name", "order"), {},
    ),
    "Analysis": (
        ("id", *NAMED, "version", "reason", "purpose", "documentRefs", "categoryIds", "dataset", "variable",
         "analysisSetId", "dataSubsetId", "orderedGroupings", "methodId", "referencedAnalysisOperations",
         "programmingCode", "results"),
        ("id", "name", "reason", "purpose", "methodId"),
        {"reason": "Term", "purpose": "Term", "orderedGroupings": "OrderedGroupingFactor", "results": "OperationResult"},
    ),
    "Term": (("controlledTerm", "sponsorTermId"), ("controlledTerm",), {}),
    "OrderedGroupingFactor": (
        ("order", "groupingId", "resultsByGroup"), ("order", "groupingId", "resultsByGroup"), {},
    ),
    "OperationResult": (
        ("operationId", "rawValue", "formattedValue", "resultGroups"), ("operationId",), {"resultGroups": "ResultGroup"},
    ),
    "ResultGroup": (("groupingId", "groupId", "groupValue"), ("groupingId",), {}),
}  # fmt: skip
REASONS = {"SPECIFIED IN PROTOCOL", "SPECIFIED IN SAP", "DATA DRIVEN", "REQUESTED BY REGULATORY AGENCY"}
PURPOSES = {"PRIMARY OUTCOME MEASURE", "SECONDARY OUTCOME MEASURE", "EXPLORATORY OUTCOME MEASURE"}
OWN = {"trialrun"}
OWN_AT_THE_TOP = {"layout", "synthetic", "purpose"}


def strange(node, kind, place="") -> list[str]:
    """Every name the class does not have, and every needed one that is not there."""
    known, needed, inner = MODEL[kind]
    own = OWN | (OWN_AT_THE_TOP if kind == "ReportingEvent" else set())
    found = [f"{place}{name}" for name in sorted(set(node) - set(known) - own)]
    found += [f"{place}{name} is missing" for name in needed if name not in node]
    for name, held in inner.items():
        value = node.get(name, [])
        for one in value if isinstance(value, list) else [value]:
            found += strange(one, held, f"{place}{name}.")
    return found


ARMS = {"quartz": Arm("quartz", "Quartz", "40 mg"), "topaz": Arm("topaz", "Topaz", "nothing")}


def two_arms(folder):
    """Results of five people an arm, with a difference between the arms."""
    plan = make_study().dose_plans[0]
    study = make_study(arms=ARMS, dose_plans=tuple(replace(plan, arm=name) for name in ARMS))
    cut = Cut(study)
    for index in range(10):
        key = f"S-{index:03}"
        cut.person(key)
        cut.tables["participants"][-1]["arm"] = list(ARMS)[index % 2]
        cut.doses(key, 20, 20)
        cut.labs(key, "baseline", DOSE_DAY, "3.0", "1.5")
        cut.labs(key, "month_2", date(2026, 3, 12), str(3.1 + index / 10), "1.5")
        cut.labs(key, "month_4", date(2026, 5, 12), str(3.0 + (index % 2) + index / 10), "1.5")
    write_snapshot(folder, cut.tables, origin())
    return analyse_dataset(derive_dataset(read_snapshot(folder), study, rules=SmallRules()))


@pytest.fixture(params=["one arm", "two arms"])
def event(request, dataset, tmp_path):
    results = analyse_dataset(dataset) if request.param == "one arm" else two_arms(tmp_path / "arms")
    return json.loads(results.text())


def test_every_name_is_the_standards_or_said_to_be_our_own(event):
    assert strange(event, "ReportingEvent") == []


def test_a_name_the_standard_does_not_have_is_found(event):
    event["analyses"][0]["pValue"] = "0.05"
    del event["methods"][0]["operations"][0]["order"]
    assert strange(event, "ReportingEvent") == ["methods.operations.order is missing", "analyses.pValue"]


def test_reason_and_purpose_are_controlled_terms(event):
    assert {one["reason"]["controlledTerm"] for one in event["analyses"]} <= REASONS
    assert {one["purpose"]["controlledTerm"] for one in event["analyses"]} <= PURPOSES


def test_values_are_text_and_shown_as_their_operation_says(event):
    patterns = {
        each["id"]: each.get("resultPattern") for one in event["methods"] for each in one["operations"]
    }
    for analysis in event["analyses"]:
        for result in analysis["results"]:
            assert isinstance(result["rawValue"], str)
            assert isinstance(result["formattedValue"], str)
            if patterns[result["operationId"]] == "X" and result["rawValue"].lstrip("-").isdigit():
                assert result["formattedValue"] == result["rawValue"]


def test_a_result_names_as_many_groups_as_its_grouping_says(event):
    arms = {group["id"] for one in event["analysisGroupings"] for group in one["groups"]}
    for analysis in event["analyses"]:
        for grouping in analysis["orderedGroupings"]:
            for result in analysis["results"]:
                named = [each["groupId"] for each in result["resultGroups"]]
                assert set(named) <= arms
                assert grouping["resultsByGroup"] == (len(named) == 1)
