"""Designs against published tables, and against counting or integrating in another way."""

from __future__ import annotations

import itertools
import math
from functools import cache

import pytest
from scipy import stats

from trialrun.analyse import methods
from trialrun.errors import AnalysisError

# Simon R, Control Clin Trials 1989;10:1, tables 1 and 2:
# p0, p1, alpha, beta; optimal r1/n1 r/n EN(p0); minimax r1/n1 r/n EN(p0).
SIMON = [
    ((0.05, 0.25, 0.10, 0.10), (0, 9, 2, 24, 14.5), (0, 13, 2, 20, 16.4)),
    ((0.05, 0.25, 0.05, 0.20), (0, 9, 2, 17, 12.0), (0, 12, 2, 16, 13.8)),
    ((0.05, 0.25, 0.05, 0.10), (0, 9, 3, 30, 16.8), (0, 15, 3, 25, 20.4)),
    ((0.10, 0.30, 0.10, 0.10), (1, 12, 5, 35, 19.8), (1, 16, 4, 25, 20.4)),
    ((0.10, 0.30, 0.05, 0.20), (1, 10, 5, 29, 15.0), (1, 15, 5, 25, 19.5)),
    ((0.10, 0.30, 0.05, 0.10), (2, 18, 6, 35, 22.5), (2, 22, 6, 33, 26.2)),
    ((0.20, 0.40, 0.10, 0.10), (3, 17, 10, 37, 26.0), (3, 19, 10, 36, 28.3)),
    ((0.20, 0.40, 0.05, 0.20), (3, 13, 12, 43, 20.6), (4, 18, 10, 33, 22.3)),
    ((0.20, 0.40, 0.05, 0.10), (4, 19, 15, 54, 30.4), (5, 24, 13, 45, 31.2)),
    ((0.30, 0.50, 0.10, 0.10), (7, 22, 17, 46, 29.9), (7, 28, 15, 39, 35.0)),
    ((0.30, 0.50, 0.05, 0.20), (5, 15, 18, 46, 23.6), (6, 19, 16, 39, 25.7)),
    ((0.30, 0.50, 0.05, 0.10), (8, 24, 24, 63, 34.7), (7, 24, 21, 53, 36.6)),
    ((0.05, 0.20, 0.10, 0.10), (0, 12, 3, 37, 23.5), (0, 18, 3, 32, 26.4)),
    ((0.05, 0.20, 0.05, 0.20), (0, 10, 3, 29, 17.6), (0, 13, 3, 27, 19.8)),
    ((0.05, 0.20, 0.05, 0.10), (1, 21, 4, 41, 26.7), (1, 29, 4, 38, 32.9)),
]


@pytest.mark.parametrize(("asked", "optimal", "minimax"), SIMON)
def test_simons_tables(asked, optimal, minimax):
    p0, p1, alpha, beta = asked
    found = methods.simon_two_stage(p0, p1, alpha=alpha, beta=beta, most=70)
    assert [(d.r1, d.n1, d.r, d.n, round(d.expected_null, 1)) for d in found] == [optimal, minimax]
    for design in found:
        looks = methods.two_stage_looks(design)
        null, active = (methods.design_characteristics(looks, p) for p in (p0, p1))
        assert null.ends_high == pytest.approx(design.alpha, abs=1e-12)
        assert active.ends_high == pytest.approx(design.power, abs=1e-12)
        assert null.expected_participants == pytest.approx(design.expected_null, abs=1e-9)
        assert (design.alpha <= alpha, design.power >= 1 - beta) == (True, True)


def test_no_design_is_better_than_simons_by_plain_search():
    """The smallest table entry again, over every (r1, n1, r, n) one by one."""
    p0, p1, alpha, beta = 0.05, 0.25, 0.05, 0.20
    pmf, above = cache(stats.binom.pmf), cache(stats.binom.sf)
    best: tuple[float, int] = (math.inf, 0)
    smallest = 99
    for n1, n in itertools.combinations(range(1, 19), 2):
        for r1, r in itertools.product(range(n1), range(n)):
            alpha_, power = (
                sum(pmf(x, n1, p) * above(r - x, n - n1, p) for x in range(r1 + 1, n1 + 1)) for p in (p0, p1)
            )
            if alpha_ <= alpha and power >= 1 - beta:
                expected = n1 + (1 - stats.binom.cdf(r1, n1, p0)) * (n - n1)
                best, smallest = min(best, (expected, n)), min(smallest, n)
            if r >= 3:
                break
    optimal, minimax = methods.simon_two_stage(p0, p1, alpha=alpha, beta=beta, most=18)
    assert (pytest.approx(optimal.expected_null), optimal.n, minimax.n) == (*best, smallest)


def test_a_design_that_cannot_be_is_refused():
    with pytest.raises(AnalysisError, match="at most 10"):
        methods.simon_two_stage(0.2, 0.3, most=10)
    with pytest.raises(AnalysisError, match="uninteresting"):
        methods.simon_two_stage(0.4, 0.2)


def test_design_characteristics_count_every_path():
    looks = (methods.Look(3, low=0), methods.Look(5, low=1, high=5), methods.Look(7, high=4))
    p = 0.35
    low, high, expected, neither = [0.0] * 3, [0.0] * 3, 0.0, 0.0
    for path in itertools.product((0, 1), repeat=7):
        weight = math.prod(p if hit else 1 - p for hit in path)
        for place, look in enumerate(looks):
            hits = sum(path[: look.n])
            if look.low is not None and hits <= look.low:
                low[place] += weight
                break
            if look.high is not None and hits >= look.high:
                high[place] += weight
                break
        else:
            neither += weight
        expected += weight * look.n
    found = methods.design_characteristics(looks, p)
    assert found.low == pytest.approx(low)
    assert found.high == pytest.approx(high)
    assert (found.neither, found.expected_participants) == (pytest.approx(neither), pytest.approx(expected))


@pytest.mark.parametrize(
    "looks",
    [(), (methods.Look(5), methods.Look(5)), (methods.Look(5, low=3, high=3),)],
)
def test_looks_that_make_no_sense_are_refused(looks):
    with pytest.raises(AnalysisError):
        methods.design_characteristics(looks, 0.2)


def test_predictive_probability_of_the_published_example():
    """Lee JJ, Liu DD, Clin Trials 2008;5:93: 16 of 23 so far, 40 planned, prior Beta(0.6, 0.4): 0.5656."""
    rule = methods.StoppingRule(limit=0.6, certainty=0.9, a=0.6, b=0.4)
    assert methods.predictive_probability(rule, 16, 23, 40) == pytest.approx(0.5656, abs=5e-5)
    assert methods.predictive_probability(rule, 40, 40, 40) == 1
    assert methods.predictive_probability(rule, 0, 40, 40) == 0


# Jennison C, Turnbull BW, Group Sequential Methods, 2000, tables 2.1 and 2.3: two-sided 0.05.
@pytest.mark.parametrize(("looks", "pocock", "fleming"), [(2, 2.178, 1.977), (3, 2.289, 2.004), (4, 2.361, 2.024), (5, 2.413, 2.040), (10, 2.555, 2.087)])  # fmt: skip
def test_the_constants_of_pocock_and_of_obrien_and_fleming(looks: int, pocock: float, fleming: float):
    shares = [(place + 1) / looks for place in range(looks)]
    assert methods.group_sequential(shares, shape="pocock").bounds[0] == pytest.approx(pocock, abs=5e-4)
    assert methods.group_sequential(shares, shape="obrien_fleming").bounds[-1] == pytest.approx(
        fleming, abs=5e-4
    )


def test_crossing_probabilities_are_the_bivariate_normals():
    plan = methods.group_sequential([0.4, 1.0])
    for drift in (0.0, 1.5, 3.24):
        first, second = methods.crossing_probabilities(plan.information, plan.bounds, drift=drift)
        mean = [drift * math.sqrt(0.4), drift]
        joint = stats.multivariate_normal(mean, [[1, math.sqrt(0.4)], [math.sqrt(0.4), 1]])
        below = joint.cdf(list(plan.bounds), rng=1)
        assert first == pytest.approx(stats.norm.sf(plan.bounds[0] - mean[0]), abs=1e-12)
        assert 1 - first - second == pytest.approx(below, abs=1e-6)


def test_spent_error_is_what_the_spending_function_says():
    shares = [0.3, 0.55, 0.8, 1.0]
    plan = methods.group_sequential(shares, shape="lan_demets_pocock")
    assert plan.spent == pytest.approx([0.025 * math.log(1 + (math.e - 1) * share) for share in shares])
    assert methods.group_sequential([1.0]).bounds == (pytest.approx(stats.norm.isf(0.025)),)


@pytest.mark.parametrize("shares", [[], [0.5, 0.5, 1], [0.5, 0.9], [0, 1]])
def test_information_that_does_not_grow_to_one_is_refused(shares):
    with pytest.raises(AnalysisError, match="information"):
        methods.group_sequential(shares)
    with pytest.raises(AnalysisError, match="shape"):
        methods.group_sequential([0.5, 1], shape="straight")


def test_detectable_change_of_the_protocol_table():
    table = {(2, 15): 1.6, (2, 13): 1.7, (3.5, 15): 2.7, (3.5, 13): 3.0, (3.5, 11): 3.3, (5, 13): 4.2}
    for (sd, n), expected in table.items():
        assert round(methods.smallest_detectable(n, sd=sd) or 0, 1) == expected
    assert round(methods.smallest_detectable(15, sd=3.5, alpha=0.025) or 0, 1) == 3.1


def test_spontaneous_change_is_often_significant():
    found = [round(100 * methods.spontaneous_significance(13, mean=mean, sd=3.5)) for mean in (-1, -1.5, -2)]
    assert found == [16, 30, 47]


def test_sample_size_is_where_power_is_reached():
    n = methods.sample_size_of_paired_t(mean=-2.5, sd=3.5, alpha=0.05, power=0.8)
    assert methods.power_of_paired_t(math.ceil(n), mean=2.5, sd=3.5) >= 0.8
    assert methods.power_of_paired_t(math.floor(n), mean=2.5, sd=3.5) < 0.8
    for wrong in ({"mean": 0, "sd": 1}, {"mean": 1, "sd": 0}, {"mean": 1, "sd": 1, "power": 0.01}):
        with pytest.raises(AnalysisError):
            methods.sample_size_of_paired_t(**wrong)
