"""Values over rows, three-valued, against hand-made cases and a slow day-by-day count."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialrun.study.aggregate import aggregate, derive_aggregates, items_behind
from trialrun.study.model import Study
from trialrun.values.dates import PartialDate

from .conftest import Bench

SCREENING = date(2026, 5, 10)


def drinks(*rows: tuple[float | None, float, float, float]) -> dict[str, list[dict[str, Any]]]:
    names = ("beverage_volume", "beverage_abv", "beverage_servings_per_day", "beverage_days_per_week")
    return {"beverage": [dict(zip(names, row, strict=True)) for row in rows]}


def test_a_sum_needs_a_complete_list(example: Study) -> None:
    rows = drinks((330, 5, 1, 7), (40, 40, 2, 2))
    expected = 330 * 0.05 * 0.789 + 40 * 0.4 * 0.789 * 2 * 2 / 7
    found = derive_aggregates(example, {"beverage_list_complete": True}, rows)
    assert found["alcohol_from_drinks"] == pytest.approx(expected)
    for complete in ({}, {"beverage_list_complete": False}):
        made = aggregate(example, complete, rows)
        assert made.values["alcohol_from_drinks"] is None
        assert made.missing["alcohol_from_drinks"] == ("beverage_list_complete",)


def test_a_sum_over_nothing_is_zero_once_the_list_is_complete(example: Study) -> None:
    assert derive_aggregates(example, {"beverage_list_complete": True})["alcohol_from_drinks"] == 0


def test_a_row_with_a_gap_makes_the_sum_unknown_and_is_named(example: Study) -> None:
    made = aggregate(example, {"beverage_list_complete": True}, drinks((330, 5, 1, 7), (None, 40, 2, 2)))
    assert made.values["alcohol_from_drinks"] is None
    assert made.missing["alcohol_from_drinks"] == ("beverage 2: beverage_volume",)


def steroid(dose: float | None, start: Any, end: Any, ongoing: bool | None = False) -> dict[str, Any]:
    return {
        "medication_class": "corticosteroid",
        "medication_steroid": "prednisone",
        "medication_route": "oral",
        "medication_daily_dose": dose,
        "medication_start": start,
        "medication_end": end,
        "medication_ongoing": ongoing,
    }


def run(study: Study, rows: list[dict[str, Any]], *, complete: bool | None = True) -> tuple[Any, Any, Any]:
    row = {"screening_date": SCREENING, "medication_list_complete": complete}
    found = derive_aggregates(study, row, {"medication": rows})
    return found["steroid_days"], found["steroid_days__low"], found["steroid_days__high"]


def test_runs(example: Study) -> None:
    first = date(2026, 1, 1)
    assert run(example, []) == (0, 0, 0)
    assert run(example, [], complete=None) == (None, 0, None)
    assert run(example, [steroid(20, first, first)]) == (1, 1, 1)
    assert run(example, [steroid(20, first, PartialDate(2026, 1))]) == (None, 1, 31)
    assert run(example, [steroid(None, first, date(2026, 1, 20))]) == (None, 0, 20)
    assert run(example, [steroid(20, SCREENING - timedelta(days=4), None, ongoing=True)]) == (5, 5, 5)
    assert run(example, [steroid(20, first, date(2026, 1, 20))], complete=None) == (None, 20, None)


def test_without_a_day_of_screening_a_run_stays_open(example: Study) -> None:
    rows = [steroid(20, date(2026, 1, 1), date(2026, 1, 20))]
    made = aggregate(example, {"medication_list_complete": True}, {"medication": rows})
    assert made.values["steroid_days"] is None
    assert "screening_date" in made.missing["steroid_days"]


COURSE = st.tuples(st.integers(0, 60), st.integers(0, 25), st.sampled_from((4.0, 6.0, 10.0, 11.0)))


@settings(max_examples=60, deadline=None)
@given(st.lists(COURSE, max_size=5), st.integers(300, 380))
def test_runs_agree_with_counting_day_by_day(
    example: Study, courses: list[tuple[int, int, float]], back: int
) -> None:
    begin = SCREENING - timedelta(days=back)
    spans = [
        (begin + timedelta(days=at), begin + timedelta(days=at + length), dose)
        for at, length, dose in courses
    ]
    expected = longest = 0
    touches = False
    for offset in range(-1, 95):
        day = begin + timedelta(days=offset)
        if sum(dose for first, last, dose in spans if first <= day <= last) > 10:
            longest += 1
            touches = touches or date(2025, 5, 10) <= day <= SCREENING
            expected = max(expected, longest if touches else 0)
        else:
            longest, touches = 0, False
    assert run(example, [steroid(dose, first, last) for first, last, dose in spans])[0] == expected


def test_any_is_true_in_spite_of_gaps_and_false_only_when_complete(example: Study) -> None:
    row = {"screening_date": SCREENING}
    active = {"infection_active": True, "infection_needs_parenteral": True}
    gap = {"infection_active": True}
    name = "infection_needing_parenteral"
    assert derive_aggregates(example, row, {"infection": [gap, active]})[name] is True
    made = aggregate(example, {**row, "infection_list_complete": True}, {"infection": [gap]})
    assert made.values[name] is None
    assert made.missing[name] == ("infection 1: infection_needs_parenteral",)
    no = {"infection_active": False}
    assert (
        derive_aggregates(example, {**row, "infection_list_complete": True}, {"infection": [no]})[name]
        is False
    )
    assert derive_aggregates(example, row, {"infection": [no]})[name] is None


def test_the_items_a_value_rests_on(example: Study) -> None:
    assert items_behind(example, "infection_needing_parenteral") == (
        "infection_list_complete",
        "infection_active",
        "infection_needs_parenteral",
    )
    assert {"screening_date", "medication_list_complete", "medication_start", "medication_ongoing"} <= set(
        items_behind(example, "steroid_days")
    )
    with pytest.raises(KeyError):
        items_behind(example, "no_such_value")


def test_greatest_over_rows(bench: Bench) -> None:
    changes = (
        ("forms:\n", "forms:\n  scans: {title: Scans, repeating: true, items: [size]}\n"),
        (
            "items:\n  sc",
            "items:\n  size: {label: Size, type: number, unit: mm}\n  all_scans: {label: All, type: boolean}\n  sc",
        ),
        (
            "derived:\n",
            "derived:\n  largest: {label: L, over: scans, how: max, value: size, complete: all_scans, unit: mm}\n",
        ),
    )
    study = bench.load(*changes)
    rows = {"scans": [{"size": 3.0}, {"size": 7.0}]}
    assert derive_aggregates(study, {"all_scans": True}, rows) == {"largest": 7}
    assert derive_aggregates(study, {}, rows) == {"largest": None}
    assert derive_aggregates(study, {"all_scans": True}, {"scans": [{"size": 3.0}, {}]}) == {"largest": None}
    assert derive_aggregates(study, {"all_scans": True}) == {"largest": None}
