"""Imputation and pooling: what must hold whatever the data, and distributions known in closed form."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest
from scipy import stats

from trialrun.analyse import methods
from trialrun.errors import AnalysisError

imputation = importlib.import_module("trialrun.analyse.methods.imputation")
CHANGE = methods.mean_change("baseline", "month_4")


def course(n: int = 15, seed: int = 1) -> dict[str, list[float | None]]:
    """A small trial's scores at baseline, month 2 and month 4, nothing missing."""
    draws = np.random.default_rng(seed)
    baseline = draws.normal(16, 5, n)
    early = baseline - 1 + draws.normal(0, 2, n)
    late = early - 1 + draws.normal(0, 2, n)
    return {"baseline": [*baseline], "month_2": [*early], "month_4": [*late]}


def with_gaps(gaps: dict[str, list[int]], n: int = 15) -> dict[str, list[float | None]]:
    values = course(n)
    for visit, places in gaps.items():
        for place in places:
            values[visit][place] = None
    return values


MONOTONE = {"month_2": [3], "month_4": [3, 7, 11]}
SCATTERED = {"month_2": [3, 9], "month_4": [3, 7]}


def test_nothing_missing_is_the_paired_t_test():
    values = course()
    imputed = methods.multiple_imputation(values, seed=1)
    found = methods.pooled(imputed, CHANGE, complete_df=14)
    theirs = stats.ttest_rel(values["month_4"], values["baseline"])
    assert (imputed.pattern, found.between, found.r) == ("complete", 0, 0)
    assert (found.estimate, found.t) == (
        pytest.approx(np.subtract(values["month_4"], values["baseline"]).mean()),
        pytest.approx(theirs.statistic),
    )
    # Barnard and Rubin lower the degrees of freedom a little even then.
    assert found.df == pytest.approx(15 / 17 * 14)


@pytest.mark.parametrize(("gaps", "pattern"), [(MONOTONE, "monotone"), (SCATTERED, "chained")])
def test_the_same_seed_gives_the_same_values_and_observed_ones_stay(gaps, pattern):
    values = with_gaps(gaps)
    one, same, other = (methods.multiple_imputation(values, seed=seed) for seed in (5, 5, 6))
    assert (one.pattern, one.m) == (pattern, 50)
    assert one.missing_counts() == {"baseline": 0, **{visit: len(places) for visit, places in gaps.items()}}
    for visit, column in values.items():
        gap = one.missing[visit]
        for a, b, c in zip(one.completed, same.completed, other.completed, strict=True):
            assert a[visit].tolist() == b[visit].tolist()
            assert [x for x, g in zip(a[visit], gap, strict=True) if not g] == [
                v for v in column if v is not None
            ]
            assert not gap.any() or a[visit][gap].tolist() != c[visit][gap].tolist()
    first, second = (data["month_4"][one.missing["month_4"]] for data in one.completed[:2])
    assert first.tolist() != second.tolist()


def test_a_missing_value_is_drawn_from_its_predictive_t_distribution():
    """With one incomplete visit the posterior predictive is Student's t, centre and scale in closed form."""
    values = course(8)
    del values["month_2"]
    values["month_4"][6] = None
    drawn = [data["month_4"][6] for data in methods.multiple_imputation(values, seed=11, m=4000).completed]
    seen = [place for place in range(8) if place != 6]
    x = np.column_stack([np.ones(8), values["baseline"]])
    y = np.array([values["month_4"][place] for place in seen], dtype=float)
    beta, rest, *_ = np.linalg.lstsq(x[seen], y, rcond=None)
    spread = rest[0] / 5 * (1 + x[6] @ np.linalg.inv(x[seen].T @ x[seen]) @ x[6])
    predictive = stats.t(5, loc=x[6] @ beta, scale=math.sqrt(spread))
    assert stats.kstest(drawn, predictive.cdf).pvalue > 0.01
    # A draw that kept the estimated coefficients or variance would be too narrow, and this would show it.
    narrow = stats.norm(x[6] @ beta, math.sqrt(rest[0] / 5))
    assert stats.kstest(drawn, narrow.cdf).pvalue < 1e-4


def test_chained_equations_agree_with_the_exact_pass_where_both_apply():
    values = with_gaps(MONOTONE)
    table = imputation._table(values)
    missing = np.isnan(table)
    fixed = np.ones((15, 1))
    draws = np.random.default_rng(2)
    exact = imputation._monotone(table, missing, fixed, tuple(values), draws, 600)[:, missing]
    chained = imputation._chained(table, missing, fixed, tuple(values), draws, 600, 10)[:, missing]
    error = np.sqrt(exact.var(axis=0) / 600 + chained.var(axis=0) / 600)
    assert np.all(np.abs(exact.mean(axis=0) - chained.mean(axis=0)) < 4 * error)
    # The joint model and the chain use different degrees of freedom: spreads are close, not the same.
    assert np.all(np.abs(np.log(exact.std(axis=0) / chained.std(axis=0))) < 0.25)


def test_missing_at_random_is_corrected_where_complete_cases_are_wrong():
    """Sicker participants missed month 4 and had fallen more: complete cases miss that, imputation does not."""
    draws = np.random.default_rng(3)
    n = 400
    baseline = draws.normal(16, 5, n)
    late = 8 + 0.4 * baseline + draws.normal(0, 2, n)
    truth = float((late - baseline).mean())
    gone = baseline > 18
    values = {"baseline": [*baseline], "month_4": [None if g else v for g, v in zip(gone, late, strict=True)]}
    found = methods.pooled(methods.multiple_imputation(values, seed=4), CHANGE, complete_df=n - 1)
    complete = float((late - baseline)[~gone].mean())
    assert abs(found.estimate - truth) < 3 * found.se < abs(complete - truth)
    assert found.low < truth < found.high
    assert 0.2 < found.fmi < 0.9


def test_gaps_at_one_early_visit_need_no_chain():
    values = with_gaps({"month_2": [2, 5]})
    one = methods.multiple_imputation(values, seed=3)
    assert one.pattern == "monotone"
    assert [data["month_2"].tolist() for data in one.completed] == [
        data["month_2"].tolist() for data in methods.multiple_imputation(values, seed=3, sweeps=1).completed
    ]
    # The visit after it takes part: a late value far off pulls the imputed one with it.
    values["month_4"][2] += 40.0
    pulled = methods.multiple_imputation(values, seed=3)
    means = [np.mean([data["month_2"][2] for data in found.completed]) for found in (one, pulled)]
    assert means[1] > means[0] + 5


def test_arms_and_covariates_take_part():
    draws = np.random.default_rng(8)
    arms = ["new", "old"] * 20
    baseline = draws.normal(16, 4, 40)
    late = baseline - np.where(np.array(arms) == "new", 6.0, 0.0) + draws.normal(0, 0.5, 40)
    values = {"baseline": [*baseline], "month_4": [None if i < 6 else v for i, v in enumerate(late)]}
    blind, told = (
        methods.multiple_imputation(
            values, seed=1, arms=given, covariates={"age": [*draws.normal(50, 9, 40)]}
        )
        for given in (None, arms)
    )
    error = [
        np.abs(np.mean([data["month_4"][:6] for data in one.completed], axis=0) - late[:6]).mean()
        for one in (blind, told)
    ]
    assert error[1] < 1 < error[0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"baseline": [1.0, 2.0], "month_4": [None, None]}, "nobody has a value at month_4"),
        (
            {"baseline": [1.0, 2.0, 3.0, 5.0], "month_4": [1.0, 2.0, 4.0, None]},
            "3 values at month_4 are too few",
        ),
        ({"baseline": [1.0] * 6, "month_4": [1.0, 2.0, 3.0, 4.0, 6.0, None]}, "say the same thing"),
        ({"baseline": [1.0, 2.0], "month_4": [1.0]}, "not the same number"),
        ({"baseline": [1.0, math.inf], "month_4": [1.0, None]}, "infinite"),
        ({"baseline": [1.0]}, "at least one later visit"),
    ],
)
def test_what_cannot_be_imputed_is_refused(values, message):
    with pytest.raises(AnalysisError, match=message):
        methods.multiple_imputation(values, seed=1)


def test_wrong_numbers_and_predictors_are_refused():
    for wrong in (
        {"m": 1},
        {"covariates": {"age": [50.0]}},
        {"covariates": {"age": [math.nan] * 15}},
        {"arms": ["a"]},
    ):
        with pytest.raises(AnalysisError):
            methods.multiple_imputation(with_gaps(MONOTONE), seed=1, **wrong)


def test_identical_imputations_have_no_variance_between_them():
    found = methods.rubin([0.1 + 0.2] * 50, [1.0] * 50, complete_df=14)
    assert (found.between, found.total, found.fmi) == (0.0, 1.0, pytest.approx(2 / (found.df + 3)))
    assert methods.rubin([1.0] * 3, [2.0] * 3).df == math.inf


def test_pooling_in_its_limits():
    # Only the imputations differ: their number alone limits the degrees of freedom.
    between = methods.rubin([1.0, 2.0, 3.0], [0.0, 0.0, 0.0], complete_df=10)
    assert (between.df, between.fmi, between.r) == (2, 1.0, math.inf)
    none = methods.rubin([1.0, 1.0], [0.0, 0.0])
    assert (none.t, none.p, none.se) == (None, None, 0.0)
    for wrong in (
        ([1.0], [1.0]),
        ([1.0, 2.0], [1.0]),
        ([1.0, math.nan], [1.0, 1.0]),
        ([1.0, 2.0], [1.0, -1.0]),
    ):
        with pytest.raises(AnalysisError):
            methods.rubin(*wrong)
    with pytest.raises(AnalysisError):
        methods.rubin([1.0, 2.0], [1.0, 1.0], complete_df=0)


def test_a_shift_moves_the_mean_by_its_share_and_nothing_else():
    imputed = methods.multiple_imputation(with_gaps(MONOTONE), seed=5)
    plain = methods.pooled(imputed, CHANGE, complete_df=14)
    moved = methods.pooled(methods.shifted(imputed, 4.0, visits=["month_4"]), CHANGE, complete_df=14)
    assert moved.estimate == pytest.approx(plain.estimate + 4.0 * 3 / 15)
    only = [place == 7 for place in range(15)]
    one = methods.pooled(methods.shifted(imputed, 4.0, visits=["month_4"], among=only), CHANGE)
    assert one.estimate == pytest.approx(plain.estimate + 4.0 / 15)


def test_the_tipping_point_lies_between_the_last_kept_and_the_first_lost():
    imputed = methods.multiple_imputation(with_gaps(MONOTONE), seed=5)
    found = methods.tipping_point(imputed, CHANGE, [8, 2, 4, 16, 12], visits=["month_4"], complete_df=14)
    assert [delta for delta, _ in found.rows] == [0, 2, 4, 8, 12, 16]
    assert found.rows[0][1] == methods.pooled(imputed, CHANGE, complete_df=14)
    kept = [delta for delta, answer in found.rows if answer.p < 0.05 and answer.estimate < 0]
    assert found.holds
    assert found.lost_at == min(delta for delta, _ in found.rows if delta not in kept)
    assert max(kept) < found.tips_at <= found.lost_at

    def p_at(delta: float) -> float:
        return methods.pooled(methods.shifted(imputed, delta, visits=["month_4"]), CHANGE, complete_df=14).p

    assert p_at(found.tips_at - 1e-4) < 0.05 <= p_at(found.tips_at + 1e-4)


def test_no_conclusion_and_one_that_survives_have_no_tipping_point():
    imputed = methods.multiple_imputation(with_gaps(MONOTONE), seed=5)
    small = methods.tipping_point(imputed, CHANGE, [0.1, 0.2], visits=["month_4"], complete_df=14)
    assert (small.holds, small.lost_at, small.tips_at) == (True, None, None)
    strict = methods.tipping_point(imputed, CHANGE, [1, 2], visits=["month_4"], complete_df=14, alpha=1e-9)
    assert (strict.holds, strict.lost_at) == (False, None)


def test_a_conclusion_that_turns_round_is_lost_too():
    imputed = methods.multiple_imputation(with_gaps({"month_4": [0, 1, 2, 3, 4, 5, 6]}), seed=5)
    found = methods.tipping_point(imputed, CHANGE, [1000.0], visits=["month_4"], alpha=0.5)
    assert (found.holds, found.lost_at) == (True, 1000.0)


@pytest.mark.parametrize("deltas", [[], [0.0], [-1.0, 1.0], [math.inf]])
def test_shifts_without_one_direction_are_refused(deltas):
    imputed = methods.multiple_imputation(with_gaps(MONOTONE), seed=5)
    with pytest.raises(AnalysisError):
        methods.tipping_point(imputed, CHANGE, deltas, visits=["month_4"])
    with pytest.raises(AnalysisError, match="month_6"):
        methods.tipping_point(imputed, CHANGE, [1.0], visits=["month_6"])
