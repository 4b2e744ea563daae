"""Visits: calendar months clipped, windows, the nearest target, ties to the later, unscheduled last."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialrun.errors import StudyError
from trialrun.study.model import Study
from trialrun.study.schedule import (
    Contact,
    add_duration,
    assign_visit,
    choose_contact,
    due_visits,
    target_window,
)

from .conftest import Bench

FIRST = date(2025, 12, 31)
ANCHORS = {"first_dose": FIRST, "screening": date(2025, 12, 1)}


@pytest.mark.parametrize(
    ("day", "duration", "expected"),
    [
        (date(2025, 12, 31), "P2M", date(2026, 2, 28)),
        (date(2023, 12, 31), "P2M", date(2024, 2, 29)),
        (date(2026, 8, 31), "P6M", date(2027, 2, 28)),
        (date(2026, 1, 15), "P4M", date(2026, 5, 15)),
        (date(2026, 1, 1), "P1W", date(2026, 1, 8)),
        (date(2026, 1, 31), "P1M1D", date(2026, 3, 1)),
        (date(2026, 1, 1), "P0D", date(2026, 1, 1)),
    ],
)
def test_durations(day: date, duration: str, expected: date) -> None:
    assert add_duration(day, duration) == expected


@pytest.mark.parametrize("duration", ["P", "2M", "P2Y", "PT2H", "P-1D", ""])
def test_other_durations_are_refused(duration: str) -> None:
    with pytest.raises(StudyError, match="not a duration"):
        add_duration(FIRST, duration)


def test_windows_of_the_first_study(example: Study) -> None:
    assert target_window(example, "month_2", ANCHORS) == (
        date(2026, 2, 28),
        date(2026, 2, 14),
        date(2026, 3, 14),
    )
    assert target_window(example, "month_4", ANCHORS) == (
        date(2026, 4, 30),
        date(2026, 4, 9),
        date(2026, 5, 21),
    )
    assert target_window(example, "dose_4", ANCHORS) == (
        date(2026, 1, 21),
        date(2026, 1, 19),
        date(2026, 1, 21),
    )
    assert target_window(example, "baseline", ANCHORS) == (FIRST, date(2025, 12, 17), FIRST)
    assert target_window(example, "unscheduled", ANCHORS) is None
    assert target_window(example, "month_2", {}) is None


def test_a_visit_that_does_not_exist(example: Study) -> None:
    with pytest.raises(StudyError, match="no visit 'month_3'"):
        target_window(example, "month_3", ANCHORS)


def test_due_visits_are_in_order(example: Study) -> None:
    targets = [due.target for due in due_visits(example, ANCHORS)]
    assert targets == sorted(targets)
    assert len(targets) == 8


@pytest.mark.parametrize(
    ("day", "visit"),
    [
        (date(2026, 2, 14), "month_2"),
        (date(2026, 2, 13), None),
        (date(2026, 3, 14), "month_2"),
        (date(2026, 3, 15), None),
        (date(2026, 4, 9), "month_4"),
        (date(2025, 12, 20), "baseline"),
    ],
)
def test_which_visit_a_day_belongs_to(example: Study, day: date, visit: str | None) -> None:
    assert assign_visit(example, day, ANCHORS, form="laboratory") == visit


def test_the_nearest_target_wins_and_ties_go_to_the_later(bench: Bench) -> None:
    study = bench.load(
        (
            "  month_2:",
            (
                "  month_1: {title: M1, kind: follow_up, anchor: first_dose, offset: P46D, window_before: 14,\n"
                "            window_after: 14, forms: [laboratory]}\n  month_2:"
            ),
        ),
        ("offset: P2M", "offset: P60D"),
    )
    start = {"first_dose": date(2026, 1, 1)}
    day = {number: add_duration(date(2026, 1, 1), f"P{number}D") for number in (52, 53, 54)}
    assert [assign_visit(study, day[number], start) for number in (52, 53, 54)] == [
        "month_1",
        "month_2",
        "month_2",
    ]


def test_of_contacts_the_nearest_counts_and_of_equals_the_later(example: Study) -> None:
    target = date(2026, 4, 30)
    before, after = Contact(date(2026, 4, 28), "month_4", "a"), Contact(date(2026, 5, 2), "month_4", "b")
    assert choose_contact(example, "month_4", ANCHORS, [before, after]) == after
    assert choose_contact(example, "month_4", ANCHORS, [before]) == before
    nearer = Contact(target, "unscheduled", "c")
    assert choose_contact(example, "month_4", ANCHORS, [before, nearer]) == before
    assert choose_contact(example, "month_4", ANCHORS, [nearer]) == nearer
    assert choose_contact(example, "month_4", ANCHORS, [Contact(date(2026, 4, 8), "month_4")]) is None
    assert choose_contact(example, "unscheduled", ANCHORS, [nearer]) is None


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 60), st.integers(0, 60))
def test_months_never_leave_their_month(day: date, months: int, days: int) -> None:
    moved = add_duration(day, f"P{months}M")
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert add_duration(day, f"P{days}D") == date.fromordinal(day.toordinal() + days)
