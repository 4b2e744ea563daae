"""Rank methods where nothing but their definition says what is right: ties, worst ranks, large trials."""

from __future__ import annotations

import importlib
import random
from decimal import Decimal

import pytest
from scipy import stats

from trialrun.analyse import methods
from trialrun.errors import AnalysisError

INF = float("inf")
signed = importlib.import_module("trialrun.analyse.methods.signed_rank")
lehmann = importlib.import_module("trialrun.analyse.methods.hodges_lehmann")
sums = importlib.import_module("trialrun.analyse.methods.rank_sum")


def test_ties_hidden_by_floating_point_are_ties():
    noisy = methods.exact_differences([0.1, 0.2, 1.1], [0.3, 0.4, 1.3])
    assert len(set(noisy)) == 1


def test_deaths_take_the_worst_rank_and_the_estimate_survives_a_few():
    changes = [-3.0, -2.0, -4.0, -1.0, -5.0, 1.0, -2.0, -3.0, INF, INF]
    found = methods.hodges_lehmann(changes)
    test = methods.signed_rank(changes)
    assert found.estimate is not None
    assert found.high is None
    assert test.p == methods.signed_rank([*changes[:-2], 100.0, 100.0]).p


def test_an_estimate_that_lies_among_the_dead_is_not_a_number():
    assert methods.hodges_lehmann([INF] * 6 + [-1.0, -2.0]).estimate is None
    assert methods.hodges_lehmann([INF]).estimate is None


def test_best_and_worst_rank_in_one_sample_have_no_mean_and_are_left_out_of_it():
    found = methods.hodges_lehmann([INF, -INF, 1, 2, 3, 4, 5, 6, 7])
    assert found.estimate == 4.0


def test_too_few_for_an_interval_gives_none_not_a_guess():
    found = methods.hodges_lehmann([1.0, 2.0, 3.0])
    assert (found.low, found.high, found.estimate) == (None, None, 2.0)


def test_no_differences_and_nan_are_refused():
    for bad in ([], [float("nan")]):
        with pytest.raises(AnalysisError):
            methods.signed_rank(bad)
        with pytest.raises(AnalysisError):
            methods.rank_sum(bad, [1.0])
        with pytest.raises(AnalysisError):
            methods.rank_sum([1.0], bad)


def test_all_zero_differences_say_nothing():
    for zeros in ("wilcoxon", "pratt"):
        found = methods.signed_rank([0.0, 0.0, 0.0], zeros=zeros)
        assert (found.p, found.used, found.zeros) == (1.0, 0, 3)


@pytest.mark.parametrize("n", [10, 25, 60, 200])
def test_signed_rank_without_ties_is_scipys(n: int):
    draws = random.Random(n)
    changes = [draws.gauss(-0.2, 1) for _ in range(n)]
    for side in ("two-sided", "less", "greater"):
        theirs = stats.wilcoxon(changes, alternative=side, method="exact").pvalue
        assert methods.signed_rank(changes, alternative=side).p == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize(("n_1", "n_2"), [(4, 9), (15, 15), (20, 12)])
def test_rank_sum_without_ties_is_scipys(n_1: int, n_2: int):
    draws = random.Random(n_1)
    first, second = ([draws.gauss(mean, 1) for _ in range(n)] for mean, n in ((0, n_1), (0.6, n_2)))
    for side in ("two-sided", "less", "greater"):
        theirs = stats.mannwhitneyu(first, second, alternative=side, method="exact")
        ours = methods.rank_sum(first, second, alternative=side)
        assert (ours.u, ours.p) == (theirs.statistic, pytest.approx(theirs.pvalue, rel=1e-10))


def test_rank_sum_interval_is_the_order_statistic_of_the_differences():
    """Without ties: Lehmann's interval from the U distribution, whose critical value for 6 and 7 is 6.

    Source: table of Mann and Whitney's U, two-sided 0.05 (Milton RC, J Am Stat Assoc 1964;59:925).
    """
    draws = random.Random(4)
    first, second = ([draws.gauss(0, 1) for _ in range(n)] for n in (6, 7))
    ordered = sorted(a - b for a in first for b in second)
    found = methods.rank_sum(first, second)
    assert (found.low, found.high) == (pytest.approx(ordered[6]), pytest.approx(ordered[-7]))
    assert found.shift == pytest.approx((ordered[20] + ordered[21]) / 2)


def test_two_deaths_tie_and_leave_the_shift_to_the_living():
    found = methods.rank_sum([-3.0, -1.0, INF], [1.0, 2.0, INF])
    without = sorted([-4.0, -5.0, -2.0, -3.0, INF, INF, -INF, -INF])
    assert found.shift == (without[3] + without[4]) / 2 == -3.5
    assert found.superiority == (0 + 0 + 2.5) / 9
    alone = methods.rank_sum([INF], [INF])
    assert (alone.p, alone.shift, alone.low, alone.high) == (1.0, None, None, None)


@pytest.mark.parametrize("whole", [False, True])
def test_the_approximation_of_large_trials_is_close_to_the_exact_answer(whole: bool):
    draws = random.Random(5)
    changes = [draws.gauss(-0.6, 3) for _ in range(280)]
    changes = [float(round(value)) if whole else value for value in changes]
    exact, p = methods.hodges_lehmann(changes), methods.signed_rank(changes).p
    near = lehmann._approximate(signed.checked(changes), 0.95)
    assert near.estimate == pytest.approx(exact.estimate, abs=1e-8)
    assert (near.low, near.high) == (pytest.approx(exact.low, abs=0.01), pytest.approx(exact.high, abs=0.01))
    nonzero = [Decimal(value) for value in changes if value]
    ranks = signed.doubled_midranks([abs(value) for value in nonzero])
    observed = sum(rank for rank, value in zip(ranks, nonzero, strict=True) if value > 0)
    assert signed._normal_p(ranks, observed, "two-sided") == pytest.approx(p, rel=0.05)


@pytest.mark.parametrize("whole", [False, True])
def test_large_arms_are_close_to_the_exact_answer(whole: bool):
    draws = random.Random(6)
    first, second = ([draws.gauss(mean, 3) for _ in range(50)] for mean in (0, 1.5))
    if whole:
        first, second = ([float(round(value)) for value in arm] for arm in (first, second))
    exact = methods.rank_sum(first, second)
    near = sums._approximate(
        [Decimal(value) for value in first], [Decimal(value) for value in second], "two-sided", 0.95
    )
    assert (exact.method, near.method) == ("exact", "normal approximation")
    assert near.p == pytest.approx(exact.p, rel=0.08)
    assert near.shift == pytest.approx(exact.shift, abs=1e-8)
    assert (near.low, near.high) == (pytest.approx(exact.low, abs=0.1), pytest.approx(exact.high, abs=0.1))


def test_a_thousand_in_each_arm_is_scipys_approximation():
    draws = random.Random(7)
    first, second = ([float(round(draws.gauss(mean, 4))) for _ in range(1000)] for mean in (0, 0.4))
    theirs = stats.mannwhitneyu(first, second, use_continuity=False, method="asymptotic")
    ours = methods.rank_sum(first, second)
    assert (ours.u, ours.p) == (theirs.statistic, pytest.approx(theirs.pvalue, rel=1e-9))
    many = methods.signed_rank(first)
    assert many.method == "normal approximation"
    assert many.p == pytest.approx(
        stats.wilcoxon(first, method="asymptotic", correction=False).pvalue, rel=1e-9
    )


def test_critical_values_of_the_published_table():
    """Wilcoxon F, Wilcox RA, Some Rapid Approximate Statistical Procedures, 1964: two-sided 0.05."""
    table = {6: 0, 8: 3, 10: 8, 12: 13, 15: 25, 20: 52, 25: 89}
    assert {n: methods.signed_rank_critical(n) for n in table} == table
    assert methods.signed_rank_critical(5) == -1


def test_the_short_way_without_ties_is_the_long_way():
    """Order statistics of one distribution against the test at every shift."""
    inversion = importlib.import_module("trialrun.analyse.methods.inversion")
    draws = random.Random(3)
    for alpha in (0.01, 0.05, 0.1, 0.3) * 6:
        one, two = ([signed.as_reported(draws.gauss(0, 3)) for _ in range(draws.randint(1, 9))] for _ in "ab")
        one += [Decimal("Infinity")] * draws.randint(0, 1)
        means = lehmann.walsh_averages(one)
        differences = sorted(a - b for a in one for b in two)
        for short, test, knots in (
            (lehmann._interval(one, means, alpha), lambda s, x=one: lehmann._test_at(x, s), means),
            (
                sums._interval(one, two, differences, alpha),
                lambda s, x=one, y=two: sums._test_at(x, y, s),
                differences,
            ),
        ):
            finite = sorted({knot for knot in knots if knot.is_finite()})
            long = inversion.accepted_shifts(test, finite, alpha)
            assert [sums._finite(bound) for bound in short] == [sums._finite(bound) for bound in long]


def test_halving_finds_what_a_full_scan_finds(monkeypatch):
    inversion = importlib.import_module("trialrun.analyse.methods.inversion")
    draws = random.Random(9)
    samples = [
        [float(draws.randint(-6, 5)) for _ in range(14)] + [INF] * dead for dead in (0, 0, 1, 2, 9, 20)
    ]
    scanned = [methods.hodges_lehmann(sample) for sample in samples]
    monkeypatch.setattr(inversion, "FULL_SCAN", 3)
    assert [methods.hodges_lehmann(sample) for sample in samples] == scanned
    assert scanned[-1].low is None


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        (
            [1, 0.5, 0.5, -0.5, 0, -1.5, 0, 1, 0, -2, 0.5, -1.5, 0, -1.5, 0, -1],
            [-1, -7, 4, -3],
            0.28937048503612,
        ),
        (
            [-4, -1, 2, -3, -3, 1, -2, 6, 1, -2, 1, -3, -2, -4, -11, -4, 0],
            [-1, 1, 2, 1, -3, -2, 0],
            0.234319742042854,
        ),
        (
            [0, 0.5, 0.5, 1.5, 0.5, -0.5, 0, 0, -0.5, -1.5, -1, 0.5, -0.5, 0],
            [2, 2, 0, 0.5, 1, 0.5, 1, 0.5, 1, 0],
            0.00652948926606216,
        ),
    ],
)
def test_rank_sum_with_ties_counts_both_tails_as_r_does(first, second, p: float):
    """R exactRankTests 0.8-35 wilcox.exact and coin 1.4-2 wilcox_test, both exact."""
    assert methods.rank_sum(first, second).p == pytest.approx(p, rel=1e-10)
