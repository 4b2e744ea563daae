"""The stopping boundary, against numbers that were not computed by this code."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb

import pytest

from trialrun.analyse.methods.stopping import (
    StoppingRule,
    operating_characteristics,
    probability_above,
    stopping_boundary,
)
from trialrun.errors import AnalysisError

PLAN = StoppingRule(limit=0.12, certainty=0.9, a=0.6, b=4.4)


def test_the_bounds_printed_in_the_plan_of_the_trial():
    """STATISTICS.md, section 2: 2 of 2-3, 3 of 4-8, 4 of 9-14, 5 of 15; a single participant never stops."""
    assert stopping_boundary(PLAN, 15) == (None, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 5)


@pytest.mark.parametrize(
    ("true", "stops"), [(0.06, 0.02), (0.12, 0.12), (0.20, 0.36), (0.30, 0.69), (0.40, 0.90)]
)
def test_how_often_the_plan_stops(true: float, stops: float):
    """The same section, printed there in whole percent."""
    boundary = stopping_boundary(PLAN, 15)
    assert operating_characteristics(boundary, true).stops == pytest.approx(stops, abs=0.01)


def test_the_posterior_with_a_uniform_prior_is_a_binomial_sum():
    """With prior Beta(1, 1), P(p > x | s of n) = P(at most s successes of n + 1 at x): exact in fractions."""
    for n in range(1, 9):
        for events in range(n + 1):
            x = Fraction(1, 5)
            exact = sum(comb(n + 1, k) * x**k * (1 - x) ** (n + 1 - k) for k in range(events + 1))
            rule = StoppingRule(0.2, 0.9, 1, 1)
            assert probability_above(rule, events, n) == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.parametrize("looks", [(), (2, 4, 6)])
def test_enumeration_agrees_with_every_possible_course(looks: tuple[int, ...]):
    boundary = (None, 2, 2, 3, 3, 3)
    p = 0.3
    stopped = length = events_seen = 0.0
    for course in product((0, 1), repeat=6):
        weight, events, n = 1.0, 0, 0
        for event in course:
            weight *= p if event else 1 - p
        for n, event in enumerate(course, start=1):
            events += event
            limit = boundary[n - 1]
            if limit is not None and events >= limit and (not looks or n in looks):
                stopped += weight
                break
        length += weight * n
        events_seen += weight * events
    found = operating_characteristics(boundary, p, looks=looks)
    assert (found.stops, found.expected_participants, found.expected_events) == pytest.approx(
        (stopped, length, events_seen)
    )


def test_certain_and_impossible_events():
    boundary = stopping_boundary(PLAN, 15)
    assert operating_characteristics(boundary, 0.0).stops == 0
    always = operating_characteristics(boundary, 1.0)
    assert (always.stops, always.expected_participants, always.expected_events) == (1.0, 2.0, 2.0)


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 1.2}, {"certainty": 1}, {"a": 0}, {"b": -1}])
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, float]):
    given = {"limit": 0.12, "certainty": 0.9, "a": 0.6, "b": 4.4} | wrong
    with pytest.raises(AnalysisError, match="no stopping rule"):
        StoppingRule(**given)


def test_more_events_than_participants_are_refused():
    with pytest.raises(AnalysisError, match="3 events among 2"):
        probability_above(PLAN, 3, 2)
    with pytest.raises(AnalysisError, match="not a probability"):
        operating_characteristics((None, 2), 1.5)


@pytest.mark.parametrize("rule", [PLAN, StoppingRule(0.3, 0.95, 1, 1), StoppingRule(0.05, 0.5, 0.1, 9)])
def test_the_boundary_is_the_fewest_events_that_stop_at_every_number(rule: StoppingRule):
    for n, bound in enumerate(stopping_boundary(rule, 60), start=1):
        stops = [events for events in range(n + 1) if probability_above(rule, events, n) > rule.certainty]
        assert bound == min(stops, default=None)
