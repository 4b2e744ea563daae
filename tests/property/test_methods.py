"""What must hold of ranks, proportions and adjusted p values, and exact tests against plain counting."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trialrun.analyse import methods

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
    # As far from the expected sum on either side, as R's exactRankTests and coin count.
    expected = len(first) * (len(ranks) + 1) / 2
    distance = abs(sum(ranks[: len(first)]) - expected)
    far = sum(abs(each - expected) >= distance - 1e-9 for each in sums) / len(sums)
    assert found.p == pytest.approx(far, abs=1e-12)
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
    assert min(sides) <= found.p + 1e-12 <= 1 + 2e-12


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
