"""Who enters which analysis of a plan, and why everyone else does not: by hand on small trials."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from scipy import stats

from small_study import DOSE_DAY, Cut, SmallRules, endpoint, item, make_study, origin
from trialrun.analyse.basis import basis_of
from trialrun.analyse.cases import Standing, cases_of
from trialrun.analyse.planned import question_of
from trialrun.analyse.result import Analysis
from trialrun.analyse.run import analyse_dataset
from trialrun.derive.dataset import derive_dataset
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot
from trialrun.study.model import Choice, Derived, EndpointRole, ItemType
from trialrun.study.plan import (
    Handling,
    Method,
    Responder,
    Sensitivity,
    SensitivityKind,
    Shift,
    Strategy,
)

MONTH_2, MONTH_4 = date(2026, 3, 12), date(2026, 5, 12)
# Bilirubin at baseline, month 2, month 4; INR stays 1.5.
COURSES = {
    "S-001": (3.0, 2.5, 2.0),
    "S-002": (4.0, 4.1, 3.2),
    "S-003": (2.0, 2.5, 2.6),
    "S-004": (9.0, 8.0, 6.5),
    "S-005": (3.5, 3.0, 1.2),
    "S-006": (5.0, 4.6, 3.9),
    "S-007": (6.0, 6.3, 5.1),  # dialysis before month 4
    "S-008": (4.4, 4.0, None),  # month 4 missed
    "S-009": (7.0, 9.5, None),  # died
    "S-010": (5.2, 5.0, 1.0),  # transplanted, then measured
}
CLASSES = ("A", "B", "C")


class ClassRules(SmallRules):
    """The small study's points, and a class by bilirubin."""

    def __call__(self, row):
        bilirubin = row.get("bilirubin")
        grade = None if bilirubin is None else "A" if bilirubin < 3 else "B" if bilirubin < 5 else "C"
        return {**super().__call__(row), "grade": grade}

    def uses(self, name):
        return ("bilirubin",) if name == "grade" else super().uses(name)


def planned(**changes):
    kinds = (Choice("tips", "TIPS"), Choice("dialysis", "Dialysis"), Choice("transplant", "Transplant"))
    base = make_study()
    items = {**base.items, "procedure_kind": item("procedure_kind", ItemType.CHOICE, choices=kinds)}
    study = replace(
        base, items=items, derived={**base.derived, "grade": Derived("grade", "Grade", expression="'A'")}
    )
    return replace(study, analysis=replace(study.analysis, assumed=False, **changes))


def data_of(folder, study, courses=None):
    cut = Cut(study)
    for key, course in (courses or COURSES).items():
        died = key == "S-009"
        cut.person(
            key,
            status="ended" if died else "treated",
            ended=date(2026, 4, 20) if died else None,
            reason="death" if died else None,
        )
        cut.doses(key, 20, 20)
        for visit, on, value in zip(
            ("baseline", "month_2", "month_4"), (DOSE_DAY, MONTH_2, MONTH_4), course, strict=True
        ):
            if value is not None:
                cut.labs(key, visit, on, str(value), "1.5")
    if courses is None:
        cut.visit("S-008", "month_4", None, status="missed", reason="moved away")
        for key, kind in (("S-007", "dialysis"), ("S-010", "transplant")):
            cut.visit(key, "log", None, "procedure", "1", procedure_kind=kind, procedure_date="2026-04-01")
    write_snapshot(folder, cut.tables, origin())
    return derive_dataset(read_snapshot(folder), study, rules=ClassRules())


def standings(folder, strategies):
    study = planned()
    data = data_of(folder, study)
    plan = study.analysis.estimands["composite"]
    plan = replace(plan, intercurrent={kind: Handling(kind, one) for kind, one in strategies.items()})
    basis = basis_of(data)
    question = question_of(basis, plan, study.endpoints["points_month_4"], "month_4")
    return {case.participant: case for case in cases_of(question).all}


def one(results, ident):
    (found,) = [result for result in results.results if result.id == ident]
    return found


def test_composite_events_are_the_worst_and_nobody_is_dropped(tmp_path):
    found = standings(
        tmp_path / "a",
        {"death": Strategy.COMPOSITE, "transplant": Strategy.COMPOSITE, "dialysis": Strategy.COMPOSITE},
    )
    assert {name for name, case in found.items() if case.standing is Standing.WORST} == {
        "S-007",
        "S-009",
        "S-010",
    }
    assert found["S-008"].standing is Standing.MISSING
    assert "moved away" in found["S-008"].why


def test_treatment_policy_keeps_the_value_as_observed(tmp_path):
    found = standings(
        tmp_path / "a",
        {
            "death": Strategy.COMPOSITE,
            "transplant": Strategy.TREATMENT_POLICY,
            "dialysis": Strategy.TREATMENT_POLICY,
        },
    )
    assert found["S-007"].value == pytest.approx(-0.9)
    assert found["S-010"].value == pytest.approx(-4.2)


def test_hypothetical_sets_what_came_after_to_missing(tmp_path):
    found = standings(
        tmp_path / "a", dict.fromkeys(("death", "transplant", "dialysis"), Strategy.HYPOTHETICAL)
    )
    for name in ("S-007", "S-009", "S-010"):
        assert found[name].standing is Standing.MISSING
        assert "hypothetical" in found[name].why


def test_while_alive_leaves_out_with_the_reason(tmp_path):
    found = standings(
        tmp_path / "a", {"death": Strategy.WHILE_ALIVE, "transplant": Strategy.PRINCIPAL_STRATUM}
    )
    assert found["S-009"].standing is found["S-010"].standing is Standing.OUT
    assert "while alive" in found["S-009"].why
    assert "principal stratum" in found["S-010"].why


def test_a_transplant_the_plan_is_silent_about_is_never_an_ordinary_value(tmp_path):
    assert standings(tmp_path / "a", {"death": Strategy.COMPOSITE})["S-010"].standing is Standing.MISSING


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return analyse_dataset(data_of(tmp_path_factory.mktemp("plan") / "cut", full_plan()))


def full_plan():
    def varied(name, estimand, kind, **more):
        return Sensitivity(name, name, estimand, kind, **more)

    wanted = [
        varied("without_dialysis", "composite", SensitivityKind.WITHOUT_EVENT, event="dialysis"),
        varied("worst_case", "composite", SensitivityKind.WORST_CASE),
        varied("mean", "composite", SensitivityKind.METHOD, method=Method.PAIRED_T),
        varied(
            "bilirubin", "composite", SensitivityKind.PARAMETER, parameters={"points_month_4": ("bilirubin",)}
        ),
        varied("imputed", "while_alive", SensitivityKind.MULTIPLE_IMPUTATION, imputations=60),
        varied("ranks_imputed", "composite", SensitivityKind.MULTIPLE_IMPUTATION, imputations=20),
        varied(
            "tipping", "while_alive", SensitivityKind.TIPPING_POINT, imputations=60, deltas=(0, 1, 5, 50, 500)
        ),
        varied("adjusted", "while_alive", SensitivityKind.METHOD, method=Method.ANCOVA),
    ]
    return planned(
        sensitivity={one.name: one for one in wanted},
        responders={
            "fall": Responder("fall", "A fall of 1 or more", "points", fall_of=1.0),
            "grade": Responder("grade", "A better grade", "grade", better_category=True, order=CLASSES),
        },
        shifts={"grade": Shift("grade", "Grade", "grade", "month_4", (*CLASSES, "death", "transplant"))},
    )


def test_the_primary_ranks_death_and_transplant_worst(results):
    found = one(results, "points_month_4/month_4/estimand/composite")
    assert found.n == 9
    assert (found.details["death"], found.details["transplant"]) == (1, 1)
    assert found.left_out == {"S-008": "visit missed: moved away"}
    values = [-1.0, -0.8, 0.6, -2.5, -2.3, -1.1, -0.9, 1e9, 1e9]
    ranks = stats.rankdata([abs(value) for value in values])
    observed = sum(rank for rank, value in zip(ranks, values, strict=True) if value > 0)
    sums = Counter({0.0: 1})
    for rank in ranks:
        sums += Counter({total + rank: count for total, count in sums.items()})
    below = sum(count for total, count in sums.items() if total <= observed) / 2**9
    above = sum(count for total, count in sums.items() if total >= observed) / 2**9
    assert found.p == pytest.approx(min(1.0, 2 * min(below, above)))
    assert found.estimand.intercurrent["death"] == "composite: worst rank"


def test_each_sensitivity_analysis_names_what_it_varies(results):
    varied = [result for result in results.results if result.analysis is Analysis.SENSITIVITY]
    ids = {result.id for result in results.results}
    assert varied
    assert all(result.sensitivity_of in ids for result in varied)
    without = one(results, "points_month_4/month_4/sensitivity/without_dialysis")
    assert without.n == 8
    assert without.left_out["S-007"].startswith("dialysis on day 80")
    worst = one(results, "points_month_4/month_4/sensitivity/worst_case")
    assert (worst.n, worst.left_out, worst.details["missing"]) == (10, {}, 1)
    other = one(results, "points_month_4/month_4/sensitivity/bilirubin/bilirubin")
    assert (other.parameter, other.registered) == ("bilirubin", False)


def test_a_mean_says_how_many_worst_outcomes_it_cannot_hold(results):
    found = one(results, "points_month_4/month_4/sensitivity/mean")
    assert found.estimate == pytest.approx(-8.0 / 7)
    assert found.p == pytest.approx(stats.ttest_1samp([-1.0, -0.8, 0.6, -2.5, -2.3, -1.1, -0.9], 0).pvalue)
    assert found.note.startswith("2 participant(s) with the worst outcome")


def test_imputation_is_for_the_living_only(results):
    found = one(results, "points_month_4/month_4/sensitivity/imputed")
    assert (found.n, found.details["imputed"], found.details["imputations"]) == (8, 1, 60)
    assert set(found.left_out) == {"S-009", "S-010"}
    main = one(results, "points_month_4/month_4/estimand/while_alive")
    assert abs(found.estimate - main.estimate) < 0.5
    ranks = one(results, "points_month_4/month_4/sensitivity/ranks_imputed")
    assert (ranks.n, ranks.details.get("imputed", 1)) == (10, 1)


def test_the_tipping_point_moves_the_imputed_to_the_worse(results):
    found = one(results, "points_month_4/month_4/sensitivity/tipping")
    estimates = [row[1] for row in found.table.rows]
    assert [row[0] for row in found.table.rows] == [0, 1, 5, 50, 500]
    assert estimates == sorted(estimates)
    # One of eight is imputed: a shift of 1 moves the mean by 1/8.
    assert estimates[1] - estimates[0] == pytest.approx(1 / 8)
    assert found.details["lost_at"] in {1, 5, 50, 500}
    assert "conclusion is lost" in found.note


def test_ancova_in_one_arm_is_the_mean_change_at_the_mean_baseline(results):
    main = one(results, "points_month_4/month_4/estimand/while_alive")
    assert one(results, "points_month_4/month_4/sensitivity/adjusted").estimate == pytest.approx(
        main.estimate
    )


def test_death_transplant_and_missing_are_no_response(results):
    found = one(results, "points_month_4/month_4/response/fall")
    # Falls of 1 or more: S-001, S-004, S-005, S-006.
    assert (found.details["responders"], found.n) == (4, 10)
    assert found.details["no response: missing"] == 1
    expected = stats.binomtest(4, 10).proportion_ci(method="exact")
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))


def test_classes_shift_with_death_and_transplant_among_them(results):
    found = one(results, "points_month_4/month_4/shift/grade")
    assert found.table.columns == ("baseline", "A", "B", "C", "death", "transplant", "missing")
    assert found.table.rows == (
        ("A", 1, 0, 0, 0, 0, 0),
        ("B", 2, 1, 0, 0, 0, 1),
        ("C", 0, 1, 2, 1, 1, 0),
    )
    assert (found.details["better"], found.details["worse"], found.details["same"]) == (3, 2, 4)
    assert found.p == 1.0


def test_a_better_class_is_a_response(results):
    found = one(results, "points_month_4/month_4/response/grade")
    # Better: S-001 and S-005 from B to A, S-006 from C to B; a transplant is none whatever the class after it.
    assert (found.details["responders"], found.n) == (3, 10)


def test_an_outcome_that_is_a_category_is_counted(tmp_path):
    study = planned()
    extra = replace(endpoint("grade_month_4", EndpointRole.SECONDARY, 2, "grade", ("month_4",)))
    study = replace(study, endpoints={**study.endpoints, "grade_month_4": extra})
    study = replace(study, analysis=replace(study.analysis, assumed=True))
    found = analyse_dataset(data_of(tmp_path / "cut", study))
    counted = one(found, "grade_month_4/month_4/estimand/secondary")
    assert counted.table.rows == (("A", 3), ("B", 2), ("C", 2))
    assert (counted.n, counted.estimate) == (7, None)
    assert set(counted.left_out) == {"S-008", "S-009", "S-010"}
    assert one(found, "grade_month_4/baseline/describe").table.rows == (("A", 1), ("B", 4), ("C", 5))
