"""What must hold of every method whatever the numbers, and exact tests against plain counting."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from trialrun.analyse import methods
from trialrun.errors import AnalysisError

INF = float("inf")
SMALL = st.integers(-4, 4).map(float)
RANKED = st.one_of(SMALL, st.just(INF))
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=7)
METHODS = ("bonferroni", "holm", "hochberg", "hommel", "benjamini_hochberg")


def midranks(values):
    ordered = sorted(values)
    return [
        sum(i + 1 for i, v in enumerate(ordered) if v == value) / ordered.count(value) for value in values
    ]


def two_sided(observed, sums):
    below = sum(s <= observed + 1e-9 for s in sums) / len(sums)
    above = sum(s >= observed - 1e-9 for s in sums) / len(sums)
    return min(1.0, 2 * min(below, above))


# --- signed rank -------------------------------------------------------------------------------------------


def signed_rank_by_counting(changes, zeros):
    kept = [c for c in changes if c] if zeros == "wilcoxon" else changes
    pairs = [(rank, c) for rank, c in zip(midranks([abs(c) for c in kept]), kept, strict=True) if c]
    sums = [
        sum(rank for (rank, _), up in zip(pairs, signs, strict=True) if up)
        for signs in itertools.product((0, 1), repeat=len(pairs))
    ]
    return two_sided(sum(rank for rank, c in pairs if c > 0), sums)


@settings(deadline=None)
@given(st.lists(RANKED, min_size=1, max_size=9), st.sampled_from(["wilcoxon", "pratt"]))
def test_signed_rank_counts_every_sign_pattern(changes, zeros):
    assert methods.signed_rank(changes, zeros=zeros).p == pytest.approx(
        signed_rank_by_counting(changes, zeros), abs=1e-12
    )


@settings(deadline=None)
@given(
    st.lists(RANKED, min_size=1, max_size=20), st.randoms(use_true_random=False), st.sampled_from([0.5, 3.0])
)
def test_signed_rank_does_not_care_for_order_scale_or_direction(changes, random, scale):
    one = methods.signed_rank(changes)
    shuffled = random.sample(changes, len(changes))
    assert methods.signed_rank(shuffled).p == one.p
    assert methods.signed_rank([scale * c for c in changes]).p == one.p
    assert methods.signed_rank([-c for c in changes]).p == pytest.approx(one.p, abs=1e-12)
    assert 0 < one.p <= 1
    sides = [methods.signed_rank(changes, alternative=side).p for side in ("less", "greater")]
    assert one.p == pytest.approx(min(1.0, 2 * min(sides)))


# --- Hodges and Lehmann ------------------------------------------------------------------------------------


def _same(one, other):
    for a, b in zip(one, other, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert b == pytest.approx(a, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(RANKED, min_size=1, max_size=12), st.integers(-5, 5), st.sampled_from([0.5, 2.0]))
def test_hodges_lehmann_moves_and_stretches_with_the_data(changes, shift, scale):
    def of(values):
        found = methods.hodges_lehmann(values)
        return (found.estimate, found.low, found.high)

    one = of(changes)
    _same([None if v is None else scale * v + shift for v in one], of([scale * c + shift for c in changes]))
    _same([None if v is None else -v for v in (one[0], one[2], one[1])], of([-c for c in changes]))
    _same(one, of(changes[::-1]))
    assert one[1] is None or one[0] is None or one[1] <= one[0]
    assert one[2] is None or one[0] is None or one[0] <= one[2]


@settings(deadline=None)
@given(st.lists(SMALL, min_size=6, max_size=11), st.sampled_from([0.9, 0.95]))
def test_the_interval_holds_what_the_test_does_not_reject(changes, level):
    found = methods.hodges_lehmann(changes, level=level)
    for step in range(-40, 41):
        shift = step / 4 + 0.01  # never a mean of two whole numbers, where the test's answer changes
        p = methods.signed_rank([c - shift for c in changes]).p
        if p > 1 - level + 1e-9:
            assert found.low is None or found.low <= shift
            assert found.high is None or shift <= found.high


# --- rank sum ----------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(RANKED, min_size=1, max_size=5), st.lists(RANKED, min_size=1, max_size=5))
def test_rank_sum_counts_every_way_to_deal_the_ranks(first, second):
    ranks = midranks([*first, *second])
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, len(first))]
    found = methods.rank_sum(first, second)
    assert found.p == pytest.approx(two_sided(sum(ranks[: len(first)]), sums), abs=1e-12)
    wins = sum((a > b) + (a == b) / 2 for a in first for b in second)
    assert found.u == wins
    assert found.superiority == pytest.approx(wins / (len(first) * len(second)))


@settings(deadline=None)
@given(
    st.lists(RANKED, min_size=1, max_size=9),
    st.lists(RANKED, min_size=1, max_size=9),
    st.integers(-3, 3),
    st.sampled_from([0.5, 2.0]),
)
def test_rank_sum_moves_stretches_and_turns_with_the_arms(first, second, shift, scale):
    def of(one, two):
        found = methods.rank_sum(one, two)
        return found, (found.shift, found.low, found.high)

    found, numbers = of(first, second)
    turned, other = of(second, first)
    assert turned.p == pytest.approx(found.p, abs=1e-12)
    _same([None if v is None else -v for v in (numbers[0], numbers[2], numbers[1])], other)
    stretched, wide = of([scale * v + 1 for v in first], [scale * v + 1 for v in second])
    assert stretched.p == found.p
    _same([None if v is None else scale * v for v in numbers], wide)
    _, moved = of([v + shift for v in first], second)
    _same([None if v is None else v + shift for v in numbers], moved)
    sides = [methods.rank_sum(first, second, alternative=side).p for side in ("less", "greater")]
    assert found.p == pytest.approx(min(1.0, 2 * min(sides)))


# --- proportions -------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.floats(0.001, 0.999), st.sampled_from([0.8, 0.95]))
def test_clopper_pearson_covers_at_least_as_often_as_it_says(n, p, level):
    intervals = [methods.clopper_pearson(count, n, level=level) for count in range(n + 1)]
    covered = sum(
        math.comb(n, i.count) * p**i.count * (1 - p) ** (n - i.count)
        for i in intervals
        if i.low <= p <= i.high
    )
    assert covered >= level - 1e-12


@settings(deadline=None)
@given(st.data(), st.integers(1, 60))
def test_proportions_turn_with_what_is_counted(data, n):
    count = data.draw(st.integers(0, n))
    for method in (methods.clopper_pearson, methods.wilson):
        one, other = method(count, n), method(n - count, n)
        assert (one.low, one.high) == (pytest.approx(1 - other.high), pytest.approx(1 - other.low))
        assert 0 <= one.low <= one.estimate <= one.high <= 1
        wide = method(count, n, level=0.99)
        assert wide.low <= one.low
        assert one.high <= wide.high
    tail = methods.exact_binomial(count, n, methods.clopper_pearson(count, n).high, alternative="less")
    assert tail == pytest.approx(0.025 if count < n else 1, abs=1e-9)


@settings(deadline=None)
@given(st.data(), st.integers(1, 20), st.integers(1, 20))
def test_newcombe_turns_with_the_arms_and_lies_within_reach(data, n_1, n_2):
    counts = data.draw(st.tuples(st.integers(0, n_1), st.integers(0, n_2)))
    one = methods.newcombe(counts[0], n_1, counts[1], n_2)
    other = methods.newcombe(counts[1], n_2, counts[0], n_1)
    assert (one.low, one.high) == (pytest.approx(-other.high), pytest.approx(-other.low))
    assert -1 - 1e-12 <= one.low <= one.estimate <= one.high <= 1 + 1e-12


@settings(deadline=None)
@given(st.data(), st.integers(1, 7), st.integers(1, 7))
def test_fisher_counts_every_table_with_the_same_margins(data, n_1, n_2):
    count_1, count_2 = data.draw(st.integers(0, n_1)), data.draw(st.integers(0, n_2))
    total = count_1 + count_2

    def ways(x):
        return math.comb(n_1, x) * math.comb(n_2, total - x)

    tables = [ways(x) for x in range(max(0, total - n_2), min(n_1, total) + 1)]
    exact = sum(w for w in tables if w <= ways(count_1) * (1 + 1e-9)) / sum(tables)
    assert methods.fisher_exact(count_1, n_1, count_2, n_2).p == pytest.approx(exact)


@settings(deadline=None)
@given(st.integers(0, 40), st.floats(0.1, 500), st.sampled_from([12.0, 365.25]))
def test_a_rate_changes_with_its_unit_and_holds_its_tails(events, exposure, unit):
    one, other = methods.poisson_rate(events, exposure), methods.poisson_rate(events, exposure * unit)
    assert (one.low, one.high) == (pytest.approx(other.low * unit), pytest.approx(other.high * unit))
    assert stats.poisson.cdf(events, one.high * exposure) == pytest.approx(0.025)
    if events:
        assert stats.poisson.sf(events - 1, one.low * exposure) == pytest.approx(0.025)


# --- multiplicity ------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(P_VALUES, st.randoms(use_true_random=False))
def test_adjustments_keep_their_order_of_strictness_whatever_the_order_given(values, random):
    found = {name: methods.adjust(values, name) for name in METHODS}
    for raw, bonferroni, holm, hochberg, hommel, bh in zip(
        values, *(found[name] for name in METHODS), strict=True
    ):
        assert raw <= bh + 1e-12
        assert raw - 1e-12 <= hommel <= hochberg + 1e-12
        assert hochberg <= holm + 1e-12
        assert holm <= bonferroni + 1e-12
        assert bh <= hochberg + 1e-12
        assert bonferroni <= 1
    places = random.sample(range(len(values)), len(values))
    for name in METHODS:
        again = methods.adjust([values[place] for place in places], name)
        assert again == pytest.approx([found[name][place] for place in places])
    ordered = sorted(range(len(values)), key=values.__getitem__)
    for name in METHODS:
        assert all(found[name][a] <= found[name][b] + 1e-12 for a, b in itertools.pairwise(ordered))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_and_hommel_are_the_closed_tests_of_bonferroni_and_of_simes(values):
    def closed(combined):
        out = [0.0] * len(values)
        for size in range(1, len(values) + 1):
            for group in itertools.combinations(range(len(values)), size):
                worst = min(1.0, combined(sorted(values[index] for index in group)))
                for index in group:
                    out[index] = max(out[index], worst)
        return out

    assert methods.adjust(values, "holm") == pytest.approx(closed(lambda ps: len(ps) * ps[0]))
    assert methods.adjust(values, "hommel") == pytest.approx(
        closed(lambda ps: min(len(ps) * p / (place + 1) for place, p in enumerate(ps)))
    )


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
        optimal, minimax = methods.simon_two_stage(p0, p1, alpha=alpha, beta=beta, most=45)
    except AnalysisError:
        # No single stage of 45 may do it either, else the search missed a design.
        least = next(r for r in range(46) if stats.binom.sf(r, 45, p0) <= alpha)
        assume(stats.binom.sf(least, 45, p1) >= 1 - beta)
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
