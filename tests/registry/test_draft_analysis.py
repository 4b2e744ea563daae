"""The analysis plan of a draft says what it does with this design, and nothing the study does not collect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trialrun.registry.draft import write_draft
from trialrun.registry.record import Record
from trialrun.study.load import load_study
from trialrun.study.model import Study


def drafted(folder: Path, model: str, outcomes: list[str], groups: int = 1) -> Study:
    document: dict[str, Any] = {
        "identificationModule": {"nctId": "NCT00000000", "briefTitle": "Barley water"},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "designInfo": {"interventionModel": model, "allocation": "RANDOMIZED"},
            "enrollmentInfo": {"count": 20},
        },
        "armsInterventionsModule": {
            "armGroups": [{"label": f"Group {one}", "type": "EXPERIMENTAL"} for one in range(groups)],
            "interventions": [{"type": "DRUG", "name": "Barley water"}],
        },
        "outcomesModule": {
            "primaryOutcomes": [{"measure": one, "timeFrame": "Baseline, 4 weeks"} for one in outcomes]
        },
    }
    write_draft(Record({"protocolSection": document}), folder)
    return load_study(folder)


def test_a_transplant_nobody_asks_for_is_no_part_of_the_plan(tmp_path: Path) -> None:
    study = drafted(tmp_path / "study", "PARALLEL", ["Change in hemoglobin"], groups=2)
    titles = [one.title for one in study.analysis.estimands.values()]
    assert titles
    assert not [title for title in titles if "transplant" in title]


@pytest.mark.parametrize(
    ("model", "outcomes", "groups", "said"),
    [
        ("SINGLE_GROUP", ["Change in hemoglobin"], 1, ["one group", "death counts as the worst"]),
        ("PARALLEL", ["Change in hemoglobin", "Change in body weight"], 2, ["groups are compared", "(holm)"]),
        ("CROSSOVER", ["Change in hemoglobin"], 2, ["the group of the first period"]),
    ],
)
def test_the_plan_is_told_as_it_is(
    tmp_path: Path, model: str, outcomes: list[str], groups: int, said: list[str]
) -> None:
    study = drafted(tmp_path / "study", model, outcomes, groups)
    told = study.assumptions["analysis"].default
    assert [words for words in said if words not in told] == []
    assert ("share the level" in told) == (len(outcomes) > 1)
    assert ("crosses over" in told) == (model == "CROSSOVER")
