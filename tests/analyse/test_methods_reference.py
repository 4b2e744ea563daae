"""Methods against values computed by R, row by row."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialrun.analyse import methods
from trialrun.errors import AnalysisError

TOLERANCE = 1e-8


def _rows(path):
    with path.open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def reference(shared):
    pairs = defaultdict(lambda: ([], []))
    for row in _rows(shared("stats/r/paired.csv")):
        before, after = pairs[row["case"]]
        before.append(Decimal(row["baseline"]))
        after.append(Decimal(row["month4"]))
    expected = _rows(shared("stats/r/expected.csv"))
    return {case: methods.exact_differences(*pair) for case, pair in pairs.items()}, expected


def _close(found, value):
    assert found == pytest.approx(float(value), rel=TOLERANCE, abs=TOLERANCE)


def _computed(row, changes):
    numbers = [float(value) for value in changes]
    name, statistic, param = row["analysis"], row["statistic"], row["param"]
    if name == "describe":
        short = {"min": "low", "max": "high"}.get(statistic, statistic)
        return getattr(methods.describe(numbers), short)
    if name == "quantile":
        return getattr(methods.describe(numbers, quantiles=2 if "type2" in param else 7), statistic)
    if name == "paired_t" and param.startswith("two-sided"):
        short = {"ci_low": "low", "ci_high": "high"}.get(statistic, statistic)
        return getattr(methods.paired_t(numbers), short)
    if name == "signed_rank_exact":
        rule = "pratt" if "Pratt" in param else "wilcoxon"
        side = "less" if param.endswith("less") else "two-sided"
        found = methods.signed_rank(changes, zeros=rule, alternative=side)
        return found.statistic if statistic == "V" else found.p
    if name == "hodges_lehmann" and statistic in {"estimate", "ci_low", "ci_high"}:
        short = {"ci_low": "low", "ci_high": "high"}.get(statistic, statistic)
        return getattr(methods.hodges_lehmann(changes), short)
    if name == "sign_test":
        return methods.sign_test(changes)
    return None


def test_every_paired_row_of_the_reference(reference):
    changes, expected = reference
    seen = defaultdict(int)
    for row in expected:
        if row["dataset"] != "paired.csv":
            continue
        found = _computed(row, changes[row["case"]])
        if found is None:
            continue
        seen[row["analysis"]] += 1
        _close(found, row["value"])
    assert seen == {
        "describe": 96,
        "quantile": 64,
        "paired_t": 80,
        "signed_rank_exact": 60,
        "hodges_lehmann": 24,
        "sign_test": 16,
    }


def test_every_clopper_pearson_row(reference):
    checked = 0
    for row in reference[1]:
        if row["analysis"] != "clopper_pearson":
            continue
        _, count, n = row["case"].split("_")
        level = float(row["param"].rstrip("%")) / 100
        _close(
            getattr(methods.clopper_pearson(int(count), int(n), level=level), row["statistic"]), row["value"]
        )
        checked += 1
    assert checked == 156


def test_every_power_row(reference):
    from trialrun.analyse.methods.paired_t import power_of_paired_t

    checked = 0
    for row in reference[1]:
        if row["analysis"] != "power_one_sample_t":
            continue
        words = row["param"].replace(",", "").split()
        found = power_of_paired_t(
            int(row["case"].removeprefix("pow_n")),
            mean=float(words[1]),
            sd=float(words[3]),
            alpha=float(words[-1]),
        )
        _close(found, row["value"])
        checked += 1
    assert checked == 18


def test_every_holm_row(reference):
    cases = defaultdict(list)
    for row in reference[1]:
        if row["analysis"] == "p_adjust_holm":
            cases[row["case"]].append(row)
    for rows in cases.values():
        raw = [float(value) for value in rows[0]["param"].split()]
        for found, row in zip(methods.holm(raw), rows, strict=True):
            _close(found, row["value"])
    assert sum(map(len, cases.values())) == 40


def test_zero_of_fifteen_still_allows_a_fifth():
    assert methods.clopper_pearson(0, 15).high == pytest.approx(0.218, abs=0.0005)


def test_detectable_change_of_the_protocol_table():
    table = {(2, 15): 1.6, (2, 13): 1.7, (3.5, 15): 2.7, (3.5, 13): 3.0, (3.5, 11): 3.3, (5, 13): 4.2}
    for (sd, n), expected in table.items():
        assert round(methods.smallest_detectable(n, sd=sd) or 0, 1) == expected
    assert round(methods.smallest_detectable(15, sd=3.5, alpha=0.025) or 0, 1) == 3.1


def test_spontaneous_change_is_often_significant():
    found = [round(100 * methods.spontaneous_significance(13, mean=mean, sd=3.5)) for mean in (-1, -1.5, -2)]
    assert found == [16, 30, 47]


def test_ties_hidden_by_floating_point_are_ties():
    noisy = methods.exact_differences([0.1, 0.2, 1.1], [0.3, 0.4, 1.3])
    assert len(set(noisy)) == 1


def test_deaths_take_the_worst_rank_and_the_estimate_survives_a_few():
    changes = [-3.0, -2.0, -4.0, -1.0, -5.0, 1.0, -2.0, -3.0, float("inf"), float("inf")]
    found = methods.hodges_lehmann(changes)
    test = methods.signed_rank(changes)
    assert found.estimate is not None
    assert found.high is None
    assert test.p == methods.signed_rank([*changes[:-2], 100.0, 100.0]).p


def test_an_estimate_that_lies_among_the_dead_is_not_a_number():
    found = methods.hodges_lehmann([float("inf")] * 6 + [-1.0, -2.0])
    assert found.estimate is None


def test_too_few_for_an_interval_gives_none_not_a_guess():
    found = methods.hodges_lehmann([1.0, 2.0, 3.0])
    assert (found.low, found.high, found.estimate) == (None, None, 2.0)


def test_no_differences_and_nan_are_refused():
    for bad in ([], [float("nan")]):
        with pytest.raises(AnalysisError):
            methods.signed_rank(bad)
    with pytest.raises(AnalysisError):
        methods.paired_t([1.0])


@given(st.lists(st.integers(-8, 8), min_size=1, max_size=18))
def test_signed_rank_is_symmetric_and_a_probability(changes):
    for rule in ("wilcoxon", "pratt"):
        one = methods.signed_rank([float(c) for c in changes], zeros=rule)
        other = methods.signed_rank([float(-c) for c in changes], zeros=rule)
        assert 0 < one.p <= 1
        assert one.p == pytest.approx(other.p, abs=1e-12)


@given(st.lists(st.integers(-8, 8), min_size=6, max_size=14), st.integers(-5, 5))
def test_hodges_lehmann_moves_with_the_data(changes, shift):
    one = methods.hodges_lehmann([float(c) for c in changes])
    moved = methods.hodges_lehmann([float(c + shift) for c in changes])
    assert one.estimate is not None
    assert moved.estimate is not None
    assert moved.estimate == pytest.approx(one.estimate + shift)
    for a, b in ((one.low, moved.low), (one.high, moved.high)):
        assert (a is None) == (b is None)
        if a is not None and b is not None:
            assert b == pytest.approx(a + shift)
    if one.low is not None and one.high is not None:
        assert one.low <= one.estimate <= one.high


def brute_force(changes):
    kept = [c for c in changes if c]
    magnitudes = sorted(abs(c) for c in kept)
    rank = {
        m: sum(i + 1 for i, x in enumerate(magnitudes) if x == m) / magnitudes.count(m) for m in magnitudes
    }
    observed = sum(rank[abs(c)] for c in kept if c > 0)
    total = 0
    centre = sum(rank[abs(c)] for c in kept) / 2
    for pattern in range(2 ** len(kept)):
        value = sum(rank[abs(c)] for i, c in enumerate(kept) if pattern >> i & 1)
        total += abs(value - centre) >= abs(observed - centre) - 1e-9
    return total / 2 ** len(kept)


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_signed_rank_equals_counting_every_sign_pattern(changes):
    assert methods.signed_rank([float(c) for c in changes]).p == pytest.approx(
        brute_force(changes), abs=1e-12
    )
