"""Every criterion against hand-made cases from the record's rules (met, not met, unknown, and at each boundary)."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from trialrun.study.model import Study
from trialrun.study.screen import Screener

from .conftest import read_given

with (Path(__file__).parent / "criteria.csv").open(encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file))


@pytest.mark.parametrize("case", CASES, ids=[f"{case['criterion']}: {case['case']}" for case in CASES])
def test_case(study: Study, case: dict[str, Any]) -> None:
    row, rows = read_given(study, case["given"])
    outcome = Screener(study).screen(row, rows).outcome(case["criterion"])
    assert outcome.outcome.value == case["expected"], (outcome.missing, outcome.values)
    if case["expected"] == "unknown":
        assert outcome.missing or outcome.advice, "an unknown answer must say what is missing or what to do"
    else:
        assert outcome.missing == ()
    if case["missing"]:
        named = set(outcome.missing)
        expected = case["missing"].split("; ") if ":" in case["missing"] else case["missing"].split()
        assert named == set(expected)


def test_every_criterion_has_met_not_met_and_unknown(study: Study) -> None:
    # I2a is met as soon as it is answered: the record takes males and females.
    for criterion in study.criteria:
        expected = {case["expected"] for case in CASES if case["criterion"] == criterion}
        assert expected == ({"met", "unknown"} if criterion == "I2a" else {"met", "not_met", "unknown"})
