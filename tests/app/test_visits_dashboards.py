"""Recruitment against plan and its drawing, on numbers counted by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from small_study import make_study
from trialrun.app.recruitment import Plan, Recruitment, plan_of
from trialrun.app.roster import RosterChoice, RosterRow, Standing, choose
from trialrun.web.recruitment_chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, recruitment_chart

FIRST, TODAY = date(2026, 1, 1), date(2026, 4, 11)  # 100 days


def course(screened=(), enrolled=(), plan=None, target=10):
    return Recruitment(target, plan, tuple(screened), tuple(enrolled), 0, 0, (), ())


class TestPlan:
    def test_evenly_from_first_to_last_day(self):
        plan = Plan(10, date(2026, 1, 1), date(2026, 1, 11))
        days = [date(2025, 12, 1), date(2026, 1, 1), date(2026, 1, 6), date(2026, 1, 11), date(2027, 1, 1)]
        assert [plan.by(day) for day in days] == [0, 0, 5, 10, 10]

    @pytest.mark.parametrize(
        ("settings", "first", "expected"),
        [
            ({}, FIRST, None),
            ({"recruitment": {"within": "P12M"}}, None, None),
            ({"recruitment": {"within": "P12M"}}, FIRST, (FIRST, date(2027, 1, 1))),
            ({"recruitment": {"within": "P1M"}}, date(2026, 1, 31), (date(2026, 1, 31), date(2026, 2, 28))),
            (
                {"recruitment": {"from": "2026-02-01", "until": "2026-06-30"}},
                FIRST,
                (date(2026, 2, 1), date(2026, 6, 30)),
            ),
        ],
    )
    def test_read_from_the_study(self, settings, first, expected):
        plan = plan_of(make_study(settings=settings), first)
        assert (None if plan is None else (plan.start, plan.end)) == expected

    def test_behind_and_ahead(self):
        plan = Plan(10, FIRST, date(2026, 7, 20))  # 200 days: 5 are planned by day 100
        assert course(enrolled=[FIRST] * 2, plan=plan).behind(TODAY) == 3
        assert course(enrolled=[FIRST] * 7, plan=plan).behind(TODAY) == -2
        assert course().behind(TODAY) is None


class TestChart:
    def test_nothing_yet(self):
        assert recruitment_chart(course(), TODAY) is None

    def test_steps_by_hand(self):
        """100 days over the width, 10 people over the height: day 50 is half way across, person 1 a tenth up."""
        chart = recruitment_chart(course([FIRST, date(2026, 2, 20)], [date(2026, 2, 20)]), TODAY)
        across = LEFT + (WIDTH - LEFT - RIGHT) * 0.5
        floor, one = HEIGHT - BOTTOM, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) / 10
        points = [tuple(map(float, point.split(","))) for point in chart.enrolled.split()]
        assert points == [
            (LEFT, floor),
            (across, floor),
            (across, pytest.approx(one)),
            (WIDTH - RIGHT, pytest.approx(one)),
        ]
        assert chart.target == TOP

    def test_one_day_only(self):
        chart = recruitment_chart(course([TODAY], [TODAY]), TODAY)
        assert chart.days[0].text == TODAY.isoformat()
        assert "nan" not in chart.screened


def row(key, number="", standing=Standing.CONSENTED, **more):
    made = RosterRow(key, number, "01", standing, "", None, 0, 0, 0, 0, 0, 0)
    return replace(made, **more)


class TestChoosing:
    ROWS = (
        row("S-001", "01-002-1", Standing.TREATED, overdue=1, answered=5, needed=10),
        row("S-002", standing=Standing.SCREEN_FAILURE),
        row("S-003", "01-001-3", Standing.COMPLETED, overdue=3, open_queries=2, answered=10, needed=10),
    )

    @pytest.mark.parametrize(
        ("sort", "backwards", "expected"),
        [
            ("", False, ["S-001", "S-002", "S-003"]),
            ("number", False, ["S-003", "S-001", "S-002"]),
            ("overdue", False, ["S-003", "S-001", "S-002"]),
            ("overdue", True, ["S-002", "S-001", "S-003"]),
            ("complete", False, ["S-001", "S-003", "S-002"]),
            ("candidate", True, ["S-003", "S-002", "S-001"]),
        ],
    )
    def test_order(self, sort, backwards, expected):
        chosen = choose(self.ROWS, RosterChoice(sort=sort, backwards=backwards))
        assert [one.key for one in chosen] == expected

    def test_filters(self):
        def keys(**more):
            return [one.key for one in choose(self.ROWS, RosterChoice(**more))]

        assert keys(having="queries") == ["S-003"]
        assert keys(standing="screen_failure") == ["S-002"]
        assert keys(search="001") == ["S-001", "S-003"]
        assert keys(site="02") == []
