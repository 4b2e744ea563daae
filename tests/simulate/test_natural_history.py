"""The generator against the published table of moments (`stats/natural_history_params.csv`), not against itself."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from trialrun.simulate.natural_history import Course, Ending, course, ending, grade_on, measured, rate
from trialrun.simulate.parameters import Rehearsal, read_rehearsal

ROOT = Path(__file__).resolve().parents[2]
N = 2500
POPULATION = "decompensated PBC"


def _meld(values: dict[str, float]) -> float:
    """MELD as in Wiesner 2003 (whole points, 6 to 40), written out here so that the test owns its oracle."""
    creatinine = min(max(values["creatinine"], 1.0), 4.0)
    raw = 9.57 * math.log(creatinine) + 3.78 * math.log(max(values["bilirubin"], 1.0))
    raw += 11.2 * math.log(max(values["inr"], 1.0)) + 6.43
    return float(min(40, max(6, math.floor(raw + 0.5))))


@cache
def _rehearsal() -> Rehearsal:
    return read_rehearsal(ROOT / "examples/nct05871463/rehearsal.yaml")


@cache
def _population(name: str) -> tuple[tuple[Course, ...], tuple[Ending | None, ...]]:
    scenario = _rehearsal().scenarios[name]
    courses = tuple(course(scenario, (20260101, number), weeks=53) for number in range(N))
    return courses, tuple(ending(person, _meld, days=366) for person in courses)


def _labs(courses: tuple[Course, ...], day: int) -> dict[str, np.ndarray]:
    rows = [measured(person, day) for person in courses]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@cache
def _entry() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    courses, _ = _population("natural_history")
    return _labs(courses, 0), _labs(courses, 310)


@pytest.fixture(scope="module")
def published(shared: Callable[[str], Path]) -> dict[str, float]:
    with shared("stats/natural_history_params.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["population"] == POPULATION]
    return {row["parameter"]: float(row["value"]) for row in rows}


def _series(name: str, at: dict[str, np.ndarray]) -> np.ndarray:
    return {
        "log bili": np.log(at["bilirubin"]),
        "albumin": at["albumin"],
        "log PT": np.log(at["prothrombin_time"]),
        "log AST": np.log(at["ast"]),
    }[name]


@pytest.mark.parametrize(
    ("parameter", "statistic"),
    [
        ("log bilirubin (mg/dL) mean", lambda e: np.log(e["bilirubin"]).mean()),
        ("albumin mean", lambda e: e["albumin"].mean()),
        ("prothrombin time mean", lambda e: e["prothrombin_time"].mean()),
        ("log AST mean", lambda e: np.log(e["ast"]).mean()),
    ],
)
def test_means_at_entry(published: dict[str, float], parameter: str, statistic) -> None:
    spread = {"log bilirubin (mg/dL) mean": 1.17, "albumin mean": 0.45, "prothrombin time mean": 1.29}.get(
        parameter, 0.46
    )
    assert statistic(_entry()[0]) == pytest.approx(published[parameter], abs=4 * spread / math.sqrt(N))


@pytest.mark.parametrize(
    ("parameter", "statistic"),
    [
        ("log bilirubin SD", lambda e: np.log(e["bilirubin"]).std()),
        ("albumin SD", lambda e: e["albumin"].std()),
        ("prothrombin time SD", lambda e: e["prothrombin_time"].std()),
        ("log AST SD", lambda e: np.log(e["ast"]).std()),
    ],
)
def test_spread_at_entry(published: dict[str, float], parameter: str, statistic) -> None:
    assert statistic(_entry()[0]) == pytest.approx(published[parameter], rel=4 / math.sqrt(2 * N))


def test_platelets_have_the_published_median(published: dict[str, float]) -> None:
    assert np.median(_entry()[0]["platelets"]) == pytest.approx(published["platelets median"], rel=0.05)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("log bili", "albumin"),
        ("log bili", "log PT"),
        ("log bili", "log AST"),
        ("albumin", "log PT"),
        ("log AST", "log PT"),
    ],
)
def test_correlations_at_entry(published: dict[str, float], first: str, second: str) -> None:
    entry = _entry()[0]
    found = np.corrcoef(_series(first, entry), _series(second, entry))[0, 1]
    assert found == pytest.approx(published[f"corr({first}, {second})"], abs=4 / math.sqrt(N))


@pytest.mark.parametrize(
    ("parameter", "name"),
    [
        ("SD of change in log bilirubin, median gap 310 d (106 pairs)", "log bili"),
        ("SD of change in albumin", "albumin"),
        ("SD of change in log PT", "log PT"),
        ("SD of change in log AST", "log AST"),
    ],
)
def test_spread_of_the_change(published: dict[str, float], parameter: str, name: str) -> None:
    entry, later = _entry()
    change = _series(name, later) - _series(name, entry)
    assert change.std() == pytest.approx(published[parameter], rel=4 / math.sqrt(2 * N))


def test_bilirubin_drifts_upwards_in_those_who_live(published: dict[str, float]) -> None:
    entry, later = _entry()
    _, ends = _population("natural_history")
    alive = np.array([end is None or end.day > 310 for end in ends])
    change = (_series("log bili", later) - _series("log bili", entry))[alive]
    assert change.mean() == pytest.approx(
        published["mean change in log bilirubin"], abs=4 * 0.516 / math.sqrt(alive.sum())
    )


def test_albumin_regresses_to_the_mean(published: dict[str, float]) -> None:
    entry, later = _entry()
    found = np.corrcoef(entry["albumin"], later["albumin"] - entry["albumin"])[0, 1]
    published_value = published["corr(baseline albumin, change in albumin) = regression to the mean"]
    assert found == pytest.approx(published_value, abs=0.08)


@pytest.mark.parametrize(
    ("first", "second", "parameter"),
    [
        ("log bili", "log PT", "corr(change log bili, change log PT)"),
        ("albumin", "log PT", "corr(change albumin, change log PT)"),
        ("log bili", "albumin", "corr(change log bili, change albumin)"),
    ],
)
def test_correlations_of_the_changes(
    published: dict[str, float], first: str, second: str, parameter: str
) -> None:
    entry, later = _entry()
    changes = [_series(name, later) - _series(name, entry) for name in (first, second)]
    assert np.corrcoef(*changes)[0, 1] == pytest.approx(published[parameter], abs=4 / math.sqrt(N))


@pytest.mark.parametrize("day", [61, 122, 183, 365])
def test_deaths_come_at_the_published_rate(published: dict[str, float], day: int) -> None:
    _, ends = _population("natural_history")
    found = sum(end is not None and end.reason == "death" and end.day <= day for end in ends) / N
    expected = published[f"cumulative incidence of death at day {day}"]
    # the table itself rests on 164 people: both errors count
    error = math.sqrt(expected * (1 - expected) * (1 / N + 1 / 164))
    assert abs(found - expected) < 2 * error


def test_transplants_come_at_the_published_rate(published: dict[str, float]) -> None:
    _, ends = _population("natural_history")
    found = sum(end is not None and end.reason == "transplant" and end.day <= 122 for end in ends) / N
    expected = published["cumulative incidence of transplant at day 122"]
    assert found == pytest.approx(expected, abs=4 * math.sqrt(expected / N))


def test_the_trial_plans_with_twelve_per_cent_dead_at_four_months() -> None:
    _, ends = _population("trial")
    found = sum(end is not None and end.reason == "death" and end.day <= 122 for end in ends) / N
    assert found == pytest.approx(0.12, abs=4 * math.sqrt(0.12 * 0.88 / N))


def test_the_change_of_meld_has_the_planned_spread() -> None:
    courses, ends = _population("trial")
    pairs = [
        (_meld(measured(person, 0)), _meld(measured(person, 122)))
        for person, end in zip(courses, ends, strict=True)
        if end is None or end.day > 122
    ]
    assert 2.5 < np.std([after - before for before, after in pairs]) < 4.0


def test_the_hazard_of_death_rises_with_meld_as_on_the_waiting_list() -> None:
    hazard = _rehearsal().scenarios["trial"].death
    ratio = rate(hazard, 42) / rate(hazard, 7.5)
    published_ratio = math.log(1 - 0.713) / math.log(1 - 0.019)  # Wiesner 2003: MELD >= 40 against < 9
    assert ratio == pytest.approx(published_ratio, rel=0.15)


def test_treatment_acts_on_severity_only_after_the_first_dose() -> None:
    scenario = _rehearsal().scenarios["effect"]
    untreated = course(scenario, (1, 1), weeks=30)
    treated = replace(untreated, treated_from=20)
    assert treated.severity_on(20) == untreated.severity_on(20)
    assert treated.severity_on(34) == pytest.approx(untreated.severity_on(34) - 0.25)
    assert treated.severity_on(120) == pytest.approx(untreated.severity_on(120) - 0.5)


def test_one_person_is_the_same_whoever_else_is_drawn() -> None:
    scenario = _rehearsal().scenarios["trial"]
    alone = measured(course(scenario, (5, 17), weeks=20), 61)
    for number in range(16):
        measured(course(scenario, (5, number), weeks=20), 61)
    assert measured(course(scenario, (5, 17), weeks=20), 61) == alone
    assert measured(course(scenario, (6, 17), weeks=20), 61) != alone


def test_clinical_grades_have_their_shares() -> None:
    scenario = _rehearsal().scenarios["natural_history"]
    courses, _ = _population("natural_history")
    for grade in scenario.grades:
        found = [grade_on(person, grade, 0) for person in courses]
        for code, share in zip(grade.codes, grade.shares, strict=True):
            assert found.count(code) / N == pytest.approx(share, abs=4 * math.sqrt(share / N))


def test_laboratories_differ_in_inr() -> None:
    scenario = _rehearsal().scenarios["trial"]
    one, two = (measured(course(scenario, (3, 1), weeks=5, site=site), 0) for site in ("tehran", "shiraz"))
    assert one["inr"] != two["inr"]
    assert one["inr"] / two["inr"] == pytest.approx(1.0, abs=0.12)
    assert one["bilirubin"] == two["bilirubin"]
