"""The baseline characteristics as ClinicalTrials.gov takes them.

Source: 42 CFR 11.48(a)(2); ClinicalTrials.gov, Results Data Element Definitions; API 2 study data structure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trialrun.analyse.run import registered_outcomes
from trialrun.derive.dataset import Dataset
from trialrun.derive.endpoints import BASELINE, AnalysisRow
from trialrun.derive.populations import TREATED
from trialrun.report.registry_groups import PARTICIPANTS, Group, counted, denoms, headed, measured
from trialrun.study.model import Endpoint, ItemType


def baseline_module(data: Dataset, groups: Sequence[Group]) -> dict[str, Any]:
    """Age, sex, race, region and the primary outcomes before the first dose, by group and in total."""
    everybody = [*groups]
    if len(groups) > 1:
        total = tuple(name for one in groups for name in one.members)
        everybody.append(Group(len(groups), "", "Total", "Total of all reporting groups", total))
    return {
        "groups": headed(everybody, "BG"),
        "denoms": denoms(everybody, "BG", [len(one.members) for one in everybody]),
        "measures": [
            _ages(data, everybody),
            _sexes(data, everybody),
            _race(data, everybody),
            _regions(data, everybody),
            *_at_baseline(data, everybody),
        ],
    }


def _ages(data: Dataset, groups: Sequence[Group]) -> dict[str, Any]:
    people = data.snapshot.participants
    values = [
        [float(people[name]["age"]) for name in one.members if people[name]["age"] is not None]
        for one in groups
    ]
    return {
        "title": "Age, Continuous",
        "description": "Completed years at consent",
        "paramType": "MEAN",
        "dispersionType": "STANDARD_DEVIATION",
        "unitOfMeasure": "years",
        "classes": [measured(groups, "BG", values)],
    }


def _sexes(data: Dataset, groups: Sequence[Group]) -> dict[str, Any]:
    people = data.snapshot.participants

    def count(code: str | None) -> list[int]:
        return [sum(people[name]["sex"] == code for name in one.members) for one in groups]

    rows = [("Female", count("F")), ("Male", count("M"))]
    if any(count(None)):
        rows.append(("Unknown", count(None)))
    return _categories("Sex: Female, Male", groups, rows)


def _race(data: Dataset, groups: Sequence[Group]) -> dict[str, Any]:
    items = [data.study.items[name] for name in ("race", "ethnicity") if name in data.study.items]
    asked = next((one for one in items if one.type is ItemType.CHOICE), None)
    if asked is None:
        nobody = [0 for _ in groups]
        made = _categories("Race and Ethnicity Not Collected", groups, [])
        made["classes"] = [{"categories": [{"measurements": [
            {"groupId": one.id("BG"), "value": str(n)} for one, n in zip(groups, nobody, strict=True)
        ]}]}]  # fmt: skip
        return {
            **made,
            "description": "The study does not collect race or ethnicity.",
        }
    answers = {
        name: str(value["code"] or "")
        for name, visits in data.answers.items()
        for visit in visits
        if (value := visit.single.get(asked.name)) is not None
    }
    rows = [
        (choice.label, [sum(answers.get(n) == choice.code for n in one.members) for one in groups])
        for choice in asked.choices
    ]
    known = {choice.code for choice in asked.choices}
    rest = [sum(answers.get(name) not in known for name in one.members) for one in groups]
    return _categories(
        asked.label, groups, [*rows, *([("Unknown or not reported", rest)] if any(rest) else [])]
    )


def _regions(data: Dataset, groups: Sequence[Group]) -> dict[str, Any]:
    people = data.snapshot.participants
    country = {str(site["id"]): str(site.get("country") or "") for site in data.study.sites}
    named = sorted({where for where in country.values() if where})
    classes: list[dict[str, Any]] = []
    for where in named:
        counts = [sum(country.get(str(people[n]["site"])) == where for n in one.members) for one in groups]
        cells = [{"groupId": one.id("BG"), "value": str(n)} for one, n in zip(groups, counts, strict=True)]
        classes.append({"title": where, "categories": [{"measurements": cells}]})
    return {
        "title": "Region of Enrollment",
        "paramType": "NUMBER",
        "unitOfMeasure": "participants",
        "classes": classes,
    }


def _categories(
    title: str, groups: Sequence[Group], rows: Sequence[tuple[str, Sequence[int]]]
) -> dict[str, Any]:
    return {
        "title": title,
        "paramType": "COUNT_OF_PARTICIPANTS",
        "unitOfMeasure": PARTICIPANTS,
        "classes": [counted(groups, "BG", rows)],
    }


def _at_baseline(data: Dataset, groups: Sequence[Group]) -> list[dict[str, Any]]:
    """The measures of the primary outcomes before the first dose."""
    made: list[dict[str, Any]] = []
    for endpoint in registered_outcomes(data.study):
        # An event that ends a time has no value before the time begins.
        if endpoint.role.value != "primary" or endpoint.time_to_event is not None:
            continue
        rows = measured_rows(data, endpoint, BASELINE)
        values = [known_values(rows, one, "value") for one in groups]
        made.append({
            "title": f"{endpoint.title} at baseline",
            "description": f"{endpoint.measure.value}; the last value before the first dose",
            "populationDescription": "Participants who were treated and have a value",
            "paramType": "MEAN",
            "dispersionType": "STANDARD_DEVIATION",
            "unitOfMeasure": unit_words(data, endpoint),
            "classes": [measured(groups, "BG", values)],
        })  # fmt: skip
    return made


def measured_rows(data: Dataset, endpoint: Endpoint, time: str) -> dict[str, AnalysisRow]:
    """The rows of an endpoint at one time, of those who were treated."""
    treated = set(data.populations[TREATED].members)
    return {
        row.participant: row
        for row in data.rows
        if row.parameter == endpoint.variable and row.visit == time and row.participant in treated
    }


def known_values(rows: dict[str, AnalysisRow], group: Group, what: str) -> list[float]:
    """What a group's members have of a value, gaps left out."""
    found = (getattr(rows[name], what) for name in group.members if name in rows)
    return [float(value) for value in found if value is not None]


def unit_words(data: Dataset, endpoint: Endpoint) -> str:
    """The unit as a registry names it; a score is on a scale."""
    study, name = data.study, endpoint.variable
    item, derived = study.items.get(name), study.derived.get(name)
    unit = (item.unit if item else derived.unit if derived else "") or ""
    if unit in ("", "1") or (unit.startswith("{") and unit.strip("{}").lower() in ("score", "points")):
        return "units on a scale"
    return "ratio" if unit == "{INR}" else unit.strip("{}")
