"""Proportions, rates, shifts, adjusted changes and survival against published values and by definition."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from trialrun.analyse import methods
from trialrun.errors import AnalysisError


def test_zero_of_fifteen_still_allows_a_fifth():
    assert methods.clopper_pearson(0, 15).high == pytest.approx(0.218, abs=0.0005)


# Newcombe RG, Stat Med 1998;17:873, table II, method 10.
@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_newcombes_own_examples(counts, low, high):
    found = methods.newcombe(*counts)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert found.estimate == counts[0] / counts[1] - counts[2] / counts[3]


def test_fishers_lady_tasting_tea():
    """Fisher RA, The Design of Experiments, 1935: 3 of 4 cups right by chance in 17 of 70 ways."""
    found = methods.fisher_exact(3, 4, 1, 4, alternative="greater")
    assert found.p == pytest.approx(17 / 70)
    assert (found.odds_ratio, methods.fisher_exact(4, 4, 0, 4).odds_ratio) == (9.0, None)


def test_impossible_proportions_and_rates_are_refused():
    for wrong in (
        lambda: methods.clopper_pearson(3, 2),
        lambda: methods.wilson(-1, 2),
        lambda: methods.wilson(1, 2, level=95),
        lambda: methods.newcombe(0, 0, 1, 2),
        lambda: methods.exact_binomial(1, 2, 1.5),
        lambda: methods.poisson_rate(-1, 2),
        lambda: methods.poisson_rate(1, 0),
        lambda: methods.poisson_rate(1, math.inf),
        lambda: methods.adjust([0.1, 1.2], "holm"),
        lambda: methods.adjust([0.1], "sidak"),
    ):
        with pytest.raises(AnalysisError):
            wrong()


def test_nobody_and_nothing():
    assert (methods.wilson(0, 0).estimate, methods.wilson(0, 0).low, methods.wilson(0, 0).high) == (
        None,
        0,
        1,
    )
    assert methods.exact_binomial(0, 0, 0.5) == 1
    assert methods.poisson_rate(0, 12.5).low == 0
    assert methods.poisson_rate(0, 1.0).high == pytest.approx(-math.log(0.025))
    assert methods.adjust([], "hommel") == ()


ORDER = ("A", "B", "C", "transplant", "dead")


def test_a_shift_table_counts_better_and_worse_with_the_dead_worst():
    pairs = [("A", "A"), ("B", "A"), ("C", "B"), ("C", "dead"), ("B", "transplant"), ("C", "C")]
    table = methods.shift_table(pairs, ORDER, only_after=("transplant", "dead"))
    assert table.counts == ((1, 0, 0, 0, 0), (1, 0, 0, 1, 0), (0, 1, 1, 0, 1))
    assert (table.improved, table.worse, table.same, table.n, table.p) == (2, 2, 2, 6, 1.0)
    assert [sum(row) for row in table.square] == [1, 2, 3, 0, 0]
    with pytest.raises(AnalysisError, match="'D'"):
        methods.shift_table([("A", "D")], ORDER)
    with pytest.raises(AnalysisError, match="'dead'"):
        methods.shift_table([("dead", "A")], ORDER, only_after=("dead",))
    with pytest.raises(AnalysisError, match="twice"):
        methods.shift_table([], ("A", "A"))


def test_two_categories_are_mcnemars_test():
    found = methods.stuart_maxwell([[10, 7], [2, 5]])
    assert (found.statistic, found.df) == (pytest.approx((7 - 2) ** 2 / (7 + 2)), 1)


def test_empty_categories_and_no_movement_change_nothing():
    small = methods.stuart_maxwell([[9, 1, 0], [2, 5, 2], [1, 3, 6]])
    wide = methods.stuart_maxwell([[9, 1, 0, 0], [2, 5, 0, 2], [0, 0, 0, 0], [1, 3, 0, 6]])
    swapped = methods.stuart_maxwell([[9, 1, 0, 0], [2, 5, 2, 0], [1, 3, 6, 0], [0, 0, 0, 0]])
    assert wide.df == swapped.df == small.df == 2
    assert swapped.statistic == pytest.approx(small.statistic)
    assert wide.statistic == pytest.approx(small.statistic)
    assert methods.stuart_maxwell([[3, 0], [0, 4]]) == methods.StuartMaxwell(0.0, 0, 1.0)
    with pytest.raises(AnalysisError, match="square"):
        methods.stuart_maxwell([[1, 2]])


def test_two_arms_without_a_slope_are_the_t_test():
    """A baseline balanced within each arm and unrelated to change leaves the plain difference."""
    first, second = [1.0, 3.0, 2.0, 4.0], [5.0, 9.0, 6.0, 8.0]
    baseline = [1.0, 1.0, -1.0, -1.0]
    change = [*(value for value in first), *(value for value in second)]
    slope = sum(c * b for c, b in zip(change, baseline * 2, strict=True)) / 8
    flat = [c - slope * b for c, b in zip(change, baseline * 2, strict=True)]
    found = methods.ancova(flat, baseline * 2, ["x"] * 4 + ["y"] * 4, reference="x")
    assert found.slope.estimate == pytest.approx(0, abs=1e-12)
    assert found.differences["y"].estimate == pytest.approx(7 - 2.5)
    # Same sum of squares, one degree of freedom fewer than the t test.
    theirs = stats.ttest_ind(flat[4:], flat[:4])
    assert found.differences["y"].t == pytest.approx(theirs.statistic * math.sqrt(5 / 6))
    assert found.reference == "x"


def test_ancova_solves_the_normal_equations():
    draws = np.random.default_rng(1)
    arms = [("a", "b", "c")[i % 3] for i in range(24)]
    baseline = draws.normal(15, 4, 24)
    change = draws.normal(-1, 3, 24) - 0.4 * baseline
    found = methods.ancova(list(change), list(baseline), arms)
    design = np.column_stack([np.ones(24), [a == "b" for a in arms], [a == "c" for a in arms], baseline])
    beta, rest, *_ = np.linalg.lstsq(design, change, rcond=None)
    inverse = np.linalg.inv(design.T @ design)
    assert [found.differences[arm].estimate for arm in "bc"] == pytest.approx(list(beta[1:3]))
    assert found.slope.estimate == pytest.approx(beta[3])
    assert found.sd**2 == pytest.approx(rest[0] / 20)
    assert found.differences["c"].se == pytest.approx(math.sqrt(rest[0] / 20 * inverse[2, 2]))
    at_mean = np.array([1, 1, 0, baseline.mean()])
    assert found.adjusted["b"].estimate == pytest.approx(at_mean @ beta)
    assert found.adjusted["b"].se == pytest.approx(math.sqrt(rest[0] / 20 * at_mean @ inverse @ at_mean))


def test_ancova_refuses_what_it_cannot_estimate():
    for change, baseline, arms in (
        ([1.0, 2.0], [1.0, 2.0], None),
        ([1.0, 2.0, 3.0, 4.0], [5.0] * 4, None),
        ([1.0, 2.0, 3.0, math.inf], [1.0, 2.0, 3.0, 4.0], None),
        ([1.0, 2.0, 3.0], [1.0, 2.0], None),
        ([1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 2.0, 2.0], ["a", "a", "b", "b"]),
    ):
        with pytest.raises(AnalysisError):
            methods.ancova(change, baseline, arms)
    with pytest.raises(AnalysisError, match="reference arm"):
        methods.ancova([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 3.0, 2.0, 2.0, 4.0], ["a"] * 5, reference="b")


FREIREICH = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]


def test_the_remission_times_of_freireich():
    """Freireich EJ et al., Blood 1963;21:699; the curve as in Cox DR, Oakes D, 1984, table 1.1."""
    curve = methods.kaplan_meier(FREIREICH, [place < 9 for place in range(21)], scale="plain")
    published = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    assert {time: round(curve.at(time).survival, 3) for time in published} == published
    assert curve.at(6).se == pytest.approx(0.0764, abs=5e-5)
    assert (curve.median(), curve.at(5).survival, curve.at(6).at_risk, curve.at(36).at_risk) == (23, 1, 21, 0)
    assert curve.at(23).low == pytest.approx(curve.at(23).survival - 1.959964 * curve.at(23).se, abs=1e-6)


def test_nobody_left_is_certain_and_no_event_is_one():
    assert methods.kaplan_meier([1, 2], [True, True]).at(2).survival == 0
    assert methods.kaplan_meier([1, 2], [False, False]).at(9).survival == 1
    assert methods.kaplan_meier([1, 2], [False, False]).median() is None


@pytest.mark.parametrize("scale", ["log-log", "log", "plain"])
def test_intervals_lie_around_the_curve(scale):
    for step in methods.kaplan_meier(FREIREICH, [place < 9 for place in range(21)], scale=scale).steps:
        assert 0 <= step.low <= step.survival <= step.high <= 1


def test_a_jackknife_by_hand():
    """The infinitesimal jackknife is the derivative by each participant's weight: taken numerically here."""
    times = [3.0, 5.0, 5.0, 7.0, 8.0, 8.0, 9.0, 12.0]
    causes = ["death", "", "transplant", "death", "death", "transplant", "", "death"]

    def incidence(weights: list[float], cause: str) -> float:
        free, total = 1.0, 0.0
        for time in sorted(set(times)):
            risk = sum(w for w, t in zip(weights, times, strict=True) if t >= time)
            ended = {
                c: sum(w for w, t, k in zip(weights, times, causes, strict=True) if t == time and k == c)
                for c in ("death", "transplant")
            }
            total += free * ended[cause] / risk
            free *= 1 - sum(ended.values()) / risk
        return total

    found = methods.aalen_johansen(times, causes).at(12)
    for cause in ("death", "transplant"):
        moved = [
            (incidence([1 + 1e-6 * (i == j) for j in range(8)], cause) - incidence([1.0] * 8, cause)) / 1e-6
            for i in range(8)
        ]
        assert found.se[cause] == pytest.approx(math.sqrt(sum(m * m for m in moved)), abs=1e-5)


def test_events_nobody_had_are_still_reported():
    found = methods.aalen_johansen([1, 2, 3], ["", "death", ""], among=("transplant", "death"))
    assert found.causes == ("transplant", "death")
    assert (found.at(3).incidence["transplant"], found.at(0.5).at_risk) == (0, 3)


@pytest.mark.parametrize(("times", "causes"), [([], []), ([1.0], []), ([-1.0], [""]), ([math.nan], [""])])
def test_times_that_cannot_be_are_refused(times, causes):
    with pytest.raises(AnalysisError):
        methods.aalen_johansen(times, causes)
    with pytest.raises(AnalysisError):
        methods.kaplan_meier(times, [bool(cause) for cause in causes])


def test_efron_by_hand_with_one_tie():
    """Two of four with the event at once, one covariate: the likelihood written out, its maximum searched."""
    times, events, x = [2, 2, 5, 9], [True, True, True, False], [1.0, 0.0, 2.0, 0.5]

    def likelihood(beta: float) -> float:
        r = [math.exp(beta * value) for value in x]
        tied = r[0] + r[1]
        return (
            beta * (x[0] + x[1] + x[2])
            - math.log(sum(r))
            - math.log(sum(r) - tied / 2)
            - math.log(r[2] + r[3])
        )

    fit = methods.cox(times, events, {"x": x})
    beta = fit.terms[0].estimate
    assert fit.log_likelihood == pytest.approx(likelihood(beta))
    assert fit.null_log_likelihood == pytest.approx(likelihood(0))
    assert (likelihood(beta + 1e-4) - likelihood(beta - 1e-4)) / 2e-4 == pytest.approx(0, abs=1e-6)
    curvature = (likelihood(beta + 1e-3) - 2 * likelihood(beta) + likelihood(beta - 1e-3)) / 1e-6
    assert fit.terms[0].se == pytest.approx(1 / math.sqrt(-curvature), rel=1e-4)


def test_cox_refuses_what_it_cannot_estimate():
    times, events = [1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0]
    for covariates, message in (
        ({}, "needs a covariate"),
        ({"x": [1, 1, 1, 0, 0, 0]}, "not finite"),
        ({"x": [1] * 6}, "does not vary"),
        ({"x": [1, 2, 3, 4, 5, math.nan]}, "missing"),
        ({"x": [1, 2, 1, 4, 2, 1], "y": [2, 4, 2, 8, 4, 2]}, "same thing"),
        ({"x": [1, 2]}, "values of 'x'"),
    ):
        with pytest.raises(AnalysisError, match=message):
            methods.cox(times, events, covariates)
    with pytest.raises(AnalysisError, match="nobody"):
        methods.cox(times, [0] * 6, {"x": [1, 2, 1, 4, 2, 1]})


def test_hommel_is_the_closed_test_of_simes():
    values = [0.011, 0.02, 0.024, 0.06, 0.3]

    def simes(chosen):
        ordered = sorted(chosen)
        return min(len(ordered) * p / (place + 1) for place, p in enumerate(ordered))

    closed = [0.0] * 5
    for size in range(1, 6):
        for group in itertools.combinations(range(5), size):
            worst = simes([values[index] for index in group])
            for index in group:
                closed[index] = max(closed[index], worst)
    assert methods.adjust(values, "hommel") == pytest.approx(closed)


def test_fixed_sequence_stops_at_the_first_failure():
    assert methods.adjust([0.01, 0.2, 0.03], "fixed_sequence") == (0.01, 0.2, 0.2)
    assert methods.adjust([0.01, 0.2], "none") == methods.adjust([0.01, 0.2], "both") == (0.01, 0.2)


def test_a_median_at_exactly_half_lies_in_the_middle_of_the_rest():
    """As R survival 3.5-3: survfit(Surv(c(5, 6, 8, 9), c(1, 1, 1, 1)) ~ 1) gives 7."""
    assert methods.kaplan_meier([5, 6, 8, 9], [True] * 4).median() == 7
    assert methods.kaplan_meier([5, 6, 8, 9], [True, True, False, False]).median() == 6


def test_one_event_alone_has_the_interval_of_kaplan_meier():
    times, causes = [5, 6, 6, 8, 9, 12], ["death", "", "death", "death", "", ""]
    curve = methods.kaplan_meier(times, [cause == "death" for cause in causes])
    step, other = methods.aalen_johansen(times, causes).at(8), curve.at(8)
    assert (1 - step.high["death"], 1 - step.low["death"]) == pytest.approx((other.low, other.high))
    # R survival 3.5-3, survfit(..., conf.type = "log-log") at 8.
    scaled = methods.aalen_johansen(times, causes, scale="log-log").at(8)
    assert scaled.low["death"] == pytest.approx(0.1074325, rel=1e-6)
    assert scaled.high["death"] == pytest.approx(0.8565285, rel=1e-6)
