"""What must hold of curves, models, imputations and designs whatever the numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from trialrun.analyse import methods
from trialrun.errors import AnalysisError

# --- survival ----------------------------------------------------------------------------------------------

COURSES = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["", "death", "transplant"])), min_size=1, max_size=25
)


@settings(deadline=None)
@given(COURSES)
def test_all_incidences_and_event_free_make_one(courses):
    times, causes = [float(time) for time, _ in courses], [cause for _, cause in courses]
    curve = methods.aalen_johansen(times, causes)
    any_event = methods.kaplan_meier(times, [bool(cause) for cause in causes])
    for step, free in zip(curve.steps, any_event.steps, strict=True):
        assert sum(step.incidence.values()) + step.event_free == pytest.approx(1)
        assert step.event_free == pytest.approx(free.survival)
        assert step.at_risk == free.at_risk
        for cause in curve.causes:
            assert 0 <= step.low[cause] <= step.incidence[cause] + 1e-12
            assert step.incidence[cause] <= step.high[cause] + 1e-12 <= 1 + 1e-9


@settings(deadline=None)
@given(COURSES, st.sampled_from([0.5, 7.0]))
def test_curves_do_not_care_for_order_names_or_the_unit_of_time(courses, unit):
    times, causes = [float(time) for time, _ in courses], [cause for _, cause in courses]
    one = methods.aalen_johansen(times, causes, among=("death", "transplant")).steps[-1]
    names = {"": "", "death": "x", "transplant": "a"}
    again = methods.aalen_johansen(
        [unit * time for time in times[::-1]], [names[cause] for cause in causes[::-1]], among=("x", "a")
    ).steps[-1]
    for cause in ("death", "transplant"):
        assert again.incidence[names[cause]] == pytest.approx(one.incidence[cause])
        assert again.se[names[cause]] == pytest.approx(one.se[cause])


@settings(deadline=None)
@given(st.lists(st.sampled_from(["death", "transplant", "none"]), min_size=1, max_size=20))
def test_without_censoring_the_incidence_is_the_plain_proportion(ends):
    times = [float(place % 7) if end != "none" else 30.0 for place, end in enumerate(ends)]
    causes = ["" if end == "none" else end for end in ends]
    found = methods.aalen_johansen(times, causes, among=("death",)).at(30)
    share = ends.count("death") / len(ends)
    assert found.incidence["death"] == pytest.approx(share)
    assert found.se["death"] == pytest.approx(math.sqrt(share * (1 - share) / len(ends)))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 20), st.floats(-100, 100))
def test_hazard_ratios_stretch_with_their_covariate(seed, scale, shift):
    draws = np.random.default_rng(seed)
    x, y = draws.normal(0, 1, 30), draws.normal(0, 1, 30)
    times = np.ceil(draws.exponential(10, 30) * np.exp(-0.5 * x))
    events = draws.random(30) < 0.8
    one = methods.cox(list(times), list(events), {"x": list(x), "y": list(y)})
    places = draws.permutation(30)
    other = methods.cox(
        list(times[places]),
        list(events[places]),
        {"y": list(y[places]), "x": list(scale * x[places] + shift)},
    )
    assert other.terms[1].estimate * scale == pytest.approx(one.terms[0].estimate, abs=1e-6)
    assert other.terms[1].z == pytest.approx(one.terms[0].z, abs=1e-6)
    assert other.terms[0].estimate == pytest.approx(one.terms[1].estimate, abs=1e-6)
    assert one.log_likelihood >= one.null_log_likelihood


# --- shift, adjustment for baseline, missing values, designs --------------------------------------------------

CATEGORIES = ("A", "B", "C")


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(CATEGORIES), st.sampled_from(CATEGORIES)), max_size=30))
def test_a_shift_read_backwards_swaps_better_and_worse(pairs):
    one = methods.shift_table(pairs, CATEGORIES)
    back = methods.shift_table([(late, early) for early, late in pairs], CATEGORIES)
    assert (one.improved, one.worse, one.n) == (back.worse, back.improved, len(pairs))
    assert one.p == back.p
    assert one.p == pytest.approx(methods.exact_binomial(one.improved, one.improved + one.worse, 0.5))
    forward, backward = methods.stuart_maxwell(one.square), methods.stuart_maxwell(back.square)
    assert forward.statistic == pytest.approx(backward.statistic, abs=1e-9)
    turned = methods.shift_table(pairs, CATEGORIES[::-1])
    assert methods.stuart_maxwell(turned.square).statistic == pytest.approx(forward.statistic, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10), st.floats(-50, 50))
def test_adjusted_changes_do_not_care_for_the_unit_of_the_baseline(seed, scale, shift):
    draws = np.random.default_rng(seed)
    baseline, change = draws.normal(15, 4, 14), draws.normal(-1, 3, 14)
    arms = ["ab"[i % 2] for i in range(14)]
    one = methods.ancova(list(change), list(baseline), arms)
    other = methods.ancova(
        list(change[::-1]), list(scale * baseline[::-1] + shift), arms[::-1], reference="a"
    )
    assert other.differences["b"].estimate == pytest.approx(one.differences["b"].estimate)
    assert other.differences["b"].p == pytest.approx(one.differences["b"].p)
    assert other.slope.estimate * scale == pytest.approx(one.slope.estimate)
    swapped = methods.ancova(list(change), list(baseline), arms, reference="b")
    assert swapped.differences["a"].estimate == pytest.approx(-one.differences["b"].estimate)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(-10, 10), st.floats(0.01, 5)), min_size=2, max_size=60),
    st.one_of(st.none(), st.floats(1, 500)),
)
def test_pooling_keeps_its_bounds(found, complete_df):
    estimates, variances = [value for value, _ in found], [error for _, error in found]
    one = methods.rubin(estimates, variances, complete_df=complete_df)
    assert one.total >= one.within - 1e-12
    assert one.total == pytest.approx(one.within + (1 + 1 / one.m) * one.between)
    assert min(estimates) - 1e-9 <= one.estimate <= max(estimates) + 1e-9
    assert 0 <= one.fmi <= 1
    assert complete_df is None or one.df <= complete_df
    again = methods.rubin(estimates[::-1], variances[::-1], complete_df=complete_df)
    assert (again.estimate, again.df) == (pytest.approx(one.estimate, abs=1e-9), pytest.approx(one.df))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0.5, 10), st.floats(-20, 20))
def test_imputations_move_and_stretch_with_the_values(seed, scale, shift):
    draws = np.random.default_rng(seed)
    baseline = draws.normal(16, 5, 15)
    late = baseline + draws.normal(-1, 2, 15)
    gaps = set(draws.choice(15, 3, replace=False).tolist())

    def imputed(a, b):
        column = [None if place in gaps else a * v + b for place, v in enumerate(late)]
        found = methods.multiple_imputation(
            {"baseline": list(a * baseline + b), "late": column}, seed=seed, m=5
        )
        return np.array([data["late"] for data in found.completed])

    assert imputed(scale, shift) == pytest.approx(scale * imputed(1.0, 0.0) + shift, rel=1e-6, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.05, 0.5), st.floats(0.15, 0.4), st.sampled_from([0.05, 0.1]), st.sampled_from([0.1, 0.2]))
def test_two_stage_designs_keep_both_errors(p0, gap, alpha, beta):
    p1 = p0 + gap
    assume(p1 < 0.95)
    try:
        optimal, minimax = methods.simon_two_stage(p0, p1, alpha=alpha, beta=beta, most=30)
    except AnalysisError:
        # No single stage of 30 may do it either, else the search missed a design.
        least = next(r for r in range(31) if stats.binom.sf(r, 30, p0) <= alpha)
        assume(stats.binom.sf(least, 30, p1) >= 1 - beta)
        raise
    assert minimax.n <= optimal.n
    assert optimal.expected_null <= minimax.expected_null + 1e-9
    for design in (optimal, minimax):
        looks = methods.two_stage_looks(design)
        assert methods.design_characteristics(looks, p0).ends_high <= alpha + 1e-12
        assert methods.design_characteristics(looks, p1).ends_high >= 1 - beta - 1e-12


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(0.05, 1), min_size=1, max_size=4, unique=True), st.sampled_from([0.01, 0.025, 0.05])
)
def test_every_shape_of_bounds_spends_the_whole_error_and_no_more(shares, alpha):
    information = sorted({round(share, 2) for share in shares if share < 0.99} | {1.0})
    for shape in ("lan_demets_obrien_fleming", "lan_demets_pocock", "pocock", "obrien_fleming"):
        plan = methods.group_sequential(information, alpha=alpha, shape=shape)
        assert plan.spent[-1] == pytest.approx(alpha, abs=1e-9)
        assert list(plan.spent) == sorted(plan.spent)
        power = [sum(methods.crossing_probabilities(information, plan.bounds, drift=d)) for d in (0, 1, 3)]
        assert power == sorted(power)
