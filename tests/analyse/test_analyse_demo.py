"""The rehearsal's main numbers again, by another road: the snapshot's tables, formulas written anew, SciPy.

Nothing of the derivation, the engine or its methods computes what is expected here.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, stats

from trialrun.analyse.run import analyse_dataset
from trialrun.app.analyses import derive_snapshot
from trialrun.app.logs import cut_snapshot
from trialrun.app.rehearsals import rehearse_open_study
from trialrun.app.studies import open_study
from trialrun.snapshot.read import read_snapshot
from trialrun.values.dates import add_months

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "nct05871463"
WINDOWS = {"month_2": (2, 14), "month_4": (4, 21)}
NEEDED = ("creatinine", "bilirubin", "inr", "sodium", "dialysis")
SEED, SCREENED = 9, 80


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("rehearsed")
    study = open_study(EXAMPLE)
    done = rehearse_open_study(study, place / "ledger", seed=SEED, screened=SCREENED)
    now = datetime.fromisoformat(done.last_moment)
    cut_snapshot(study, done.database, place / "cut", now=now, synthetic=True, seed=SEED)
    return place / "cut"


@pytest.fixture(scope="module")
def results(folder):
    return analyse_dataset(derive_snapshot(folder))


def meld_na(answers):
    """MELD-Na as OPTN computed it from January 2016; `None` where an answer is missing."""
    if any(answers.get(name) is None for name in NEEDED):
        return None
    creatinine = 4.0 if answers["dialysis"] == "true" else min(4.0, max(1.0, answers["creatinine"]))
    bilirubin, inr = max(1.0, answers["bilirubin"]), max(1.0, answers["inr"])
    first = 0.957 * math.log(creatinine) + 0.378 * math.log(bilirubin) + 1.12 * math.log(inr) + 0.643
    score = 10 * math.floor(first * 10 + 0.5) / 10
    if score > 11:
        gap = 137 - min(137.0, max(125.0, answers["sodium"]))
        score = score + 1.32 * gap - 0.033 * score * gap
    return min(40, math.floor(score + 0.5))


@pytest.fixture(scope="module")
def courses(folder):
    """Per treated participant: baseline, month 2 and month 4, each a number, `None`, or `dead`."""
    snapshot = read_snapshot(folder)
    found = {}
    for name, person in snapshot.participants.items():
        dosed = person["first_dose_on"]
        if dosed is None:
            continue
        days = {row["visit"]: row["date"] for row in snapshot.visits_of.get(name, ())}
        answers = {}
        for row in snapshot.values_of.get(name, ()):
            if row["item"] in NEEDED and row["missing_reason"] is None:
                value = row["code"] if row["item"] == "dialysis" else row["number_in_item_unit"]
                answers.setdefault(row["visit"], {})[row["item"]] = value
        scores = {visit: meld_na(given) for visit, given in answers.items()}
        before = [scores.get(visit) for visit in ("baseline", "screening")]
        course = [next((score for score in before if score is not None), None)]
        for visit, (months, width) in WINDOWS.items():
            target = add_months(dosed, months)
            last = target + timedelta(width)
            dead = person["end_reason"] in {"death", "transplant"} and person["ended_on"] <= last
            day = days.get(visit)
            inside = day is not None and abs((day - target).days) <= width
            score = scores.get(visit) if inside else None
            course.append("dead" if dead and (day is None or person["ended_on"] <= day) else score)
        found[name] = course
    return found


def one(results, ident):
    (found,) = [result for result in results.results if result.id == ident]
    return found


def changes(courses, place=2):
    """Changes among those with both values, and how many died."""
    known = [
        course[place] - course[0]
        for course in courses.values()
        if isinstance(course[place], int) and course[0] is not None
    ]
    return known, sum(course[place] == "dead" for course in courses.values())


def test_the_rehearsal_has_what_makes_an_analysis_hard(courses):
    known, dead = changes(courses)
    assert len(known) >= 8
    assert dead >= 1
    assert len(courses) > len(known) + dead


def test_the_mean_change_is_scipys(results, courses):
    known, _ = changes(courses)
    expected = stats.ttest_1samp(known, 0)
    for ident in ("change", "estimand/while_alive"):
        found = one(results, f"meld_month_4/month_4/{ident}")
        assert (found.n, found.estimate) == (len(known), pytest.approx(statistics.mean(known)))
        assert found.p == pytest.approx(expected.pvalue)
        interval = expected.confidence_interval()
        assert (found.interval.low, found.interval.high) == pytest.approx((interval.low, interval.high))


def test_the_primary_p_value_is_counted_out_over_all_signs(results, courses):
    known, dead = changes(courses)
    values = [value for value in [*known, *[math.inf] * dead] if value]
    ranks = stats.rankdata([abs(value) for value in values])
    observed = sum(rank for rank, value in zip(ranks, values, strict=True) if value > 0)
    sums = [sum(itertools.compress(ranks, signs)) for signs in itertools.product((0, 1), repeat=len(ranks))]
    below = sum(total <= observed for total in sums) / len(sums)
    above = sum(total >= observed for total in sums) / len(sums)
    found = one(results, "meld_month_4/month_4/estimand/composite")
    assert found.n == len(known) + dead
    assert found.p == pytest.approx(min(1.0, 2 * min(below, above)))
    everyone = [*known, *[math.inf] * dead]
    pairs = sorted((a + b) / 2 for a, b in itertools.combinations_with_replacement(everyone, 2))
    assert found.estimate == pytest.approx(statistics.median(pairs))


def test_holm_over_the_two_primaries(results):
    ids = [f"{name}/month_4/estimand/composite" for name in ("meld_month_4", "child_pugh_month_4")]
    found = [one(results, ident) for ident in ids]
    low, high = sorted(found, key=lambda result: result.p)
    assert low.p_adjusted == pytest.approx(min(1.0, 2 * low.p))
    assert high.p_adjusted == pytest.approx(max(low.p_adjusted, high.p))


def test_the_mixed_model_maximises_the_restricted_likelihood(results, courses):
    """Two visits, unstructured: the likelihood written out and maximised by SciPy."""
    kept = {name: course for name, course in courses.items() if course[0] is not None}
    centre = statistics.mean(course[0] for course in kept.values())
    blocks = []
    for course in kept.values():
        seen = [place for place in (1, 2) if isinstance(course[place], int)]
        if seen:
            design = np.array([[course[0] - centre, float(place == 1), float(place == 2)] for place in seen])
            blocks.append((seen, design, np.array([course[place] - course[0] for place in seen], float)))

    def fitted(theta):
        root = np.array([[math.exp(theta[0]), 0.0], [theta[1], math.exp(theta[2])]])
        covariance = root @ root.T
        information, score, total, logs = np.zeros((3, 3)), np.zeros(3), 0.0, 0.0
        for seen, design, change in blocks:
            part = covariance[np.ix_([s - 1 for s in seen], [s - 1 for s in seen])]
            inverse = np.linalg.inv(part)
            information += design.T @ inverse @ design
            score += design.T @ inverse @ change
            total += change @ inverse @ change
            logs += np.linalg.slogdet(part)[1]
        beta = np.linalg.solve(information, score)
        return beta, total - score @ beta + logs + np.linalg.slogdet(information)[1]

    tight = {"xatol": 1e-9, "fatol": 1e-11, "maxiter": 20000, "maxfev": 20000}
    best = optimize.minimize(lambda t: fitted(t)[1], [1.0, 0.5, 1.0], method="Nelder-Mead", options=tight)
    beta, objective = fitted(best.x)
    observations = sum(len(seen) for seen, _, _ in blocks)
    for place, visit in ((1, "month_2"), (2, "month_4")):
        found = one(results, f"meld_month_4/{visit}/estimand/hypothetical")
        assert found.estimate == pytest.approx(beta[place], abs=2e-4)
        assert found.n == len(blocks)
        expected = objective + (observations - 3) * math.log(2 * math.pi)
        assert found.details["minus2_log_likelihood"] == pytest.approx(expected, abs=1e-6)


def test_responders_have_the_exact_interval(results, courses):
    known, dead = changes(courses)
    found = one(results, "meld_month_4/month_4/response/responder_meld")
    count = sum(change <= -3 for change in known)
    expected = stats.binomtest(count, len(known) + dead).proportion_ci(method="exact")
    assert (found.details["responders"], found.n) == (count, len(known) + dead)
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))


def test_the_incidence_of_death_is_the_product_of_what_was_seen(results, folder):
    snapshot = read_snapshot(folder)
    times = []
    for name, person in snapshot.participants.items():
        if person["first_dose_on"] is not None:
            seen = [row["date"] for row in snapshot.visits_of[name] if row["date"] is not None]
            last = max(
                [person["first_dose_on"], *seen, *([person["ended_on"]] if person["ended_on"] else [])]
            )
            died = person["end_reason"] == "death"
            end = person["ended_on"] if died else last
            times.append(((end - person["first_dose_on"]).days, died))
    alive, incidence = 1.0, 0.0
    for day in sorted({time for time, died in times if died and time <= 122}):
        at_risk = sum(time >= day for time, _ in times)
        deaths = sum(time == day and died for time, died in times)
        incidence += alive * deaths / at_risk
        alive *= 1 - deaths / at_risk
    (found,) = [result for result in results.results if result.analysis.value == "incidence"]
    assert found.details["day"] == 122
    assert found.estimate == pytest.approx(incidence)
    assert found.table.columns[:5] == ("time_days", "at_risk", "death", "death_low", "death_high")


def test_every_participant_of_a_population_is_used_or_left_out_with_a_reason(results, folder):
    populations = derive_snapshot(folder).populations
    for result in results.results:
        used = {row.row.split("/")[0] for row in result.rows}
        assert used | set(result.left_out) == set(populations[result.population].members), result.id
        assert not used & set(result.left_out), result.id
        assert all(result.left_out.values()), result.id


def test_the_same_bytes_in_other_processes_whatever_the_hash_seed(results, folder):
    code = (
        "import hashlib,sys;from pathlib import Path;from trialrun.app.analyses import derive_snapshot;"
        "from trialrun.analyse.run import analyse_dataset;"
        "print(hashlib.sha256(analyse_dataset(derive_snapshot(Path(sys.argv[1]))).text().encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code, str(folder)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "424242")
    }
    assert seen == {hashlib.sha256(results.text().encode()).hexdigest() + "\n"}


def test_the_file_is_a_reporting_event_whose_parts_refer_to_each_other(results):
    data = json.loads(results.text())
    sets = {one["id"] for one in data["analysisSets"]}
    operations = {each["id"] for method in data["methods"] for each in method["operations"]}
    listed = [item["analysisId"] for item in data["mainListOfContents"]["contentsList"]["listItems"]]
    ids = [analysis["id"] for analysis in data["analyses"]]
    assert listed == ids == [result.id for result in results.results]
    assert len(set(ids)) == len(ids)
    for analysis in data["analyses"]:
        assert analysis["analysisSetId"] in sets
        assert {each["operationId"] for each in analysis["results"]} <= operations
        assert {row for row, _ in analysis["trialrun"]["rows"]} <= set(data["trialrun"]["rows"])
    (main,) = [a for a in data["analyses"] if a["id"] == "meld_month_4/month_4/estimand/composite"]
    raw = {each["operationId"].rsplit(".", 1)[1]: each["rawValue"] for each in main["results"]}
    found = one(results, main["id"])
    assert float(raw["p"]) == pytest.approx(found.p)
    assert (raw["n"], main["purpose"]["controlledTerm"]) == (str(found.n), "PRIMARY OUTCOME MEASURE")


def test_the_excerpt_in_the_documentation_is_what_the_rehearsal_gives(results):
    page = (EXAMPLE.parents[1] / "docs" / "reference" / "results.md").read_text(encoding="utf-8")
    shown = json.loads(page.split("```json\n")[1].split("```")[0])
    (found,) = [one for one in json.loads(results.text())["analyses"] if one["id"] == shown["id"]]
    assert all(each in found["results"] for each in shown.pop("results"))
    beside = shown.pop("trialrun")
    assert {name: found[name] for name in shown} == shown
    for name in set(beside) - {"rows", "inputs_hash"}:
        assert found["trialrun"][name] == beside[name]
    assert all(row in found["trialrun"]["rows"] for row in beside["rows"])
