"""What `trialrun show` prints is complete, fits a terminal, and says what is stated and what assumed."""

from __future__ import annotations

import pytest

from trialrun.study.describe import SECTIONS, schedule_table, show, timing
from trialrun.study.describe_markdown import show_markdown
from trialrun.study.model import Study

from .conftest import Bench


@pytest.fixture(scope="module")
def text(example: Study) -> str:
    return show(example)


def test_it_fits_eighty_columns(text: str) -> None:
    assert max(len(line) for line in text.splitlines()) <= 80


def test_everything_is_in_it(example: Study, text: str) -> None:
    flat = " ".join(text.split())
    for criterion in example.criteria.values():
        assert " ".join(f"“{criterion.text}”".split()) in flat
    for name in (*example.items, *example.derived, *example.endpoints, *example.assumptions):
        assert name in flat
    for visit in example.visits.values():
        assert visit.title in flat


def test_criteria_are_in_plain_english(text: str) -> None:
    assert "Age in completed years at consent is at least 18 years and at most 75" in text
    assert "where “A virus is a cause of the cirrhosis” is: " in " ".join(text.split())


def test_levels_are_marked(text: str) -> None:
    assert "domain Liver function [stated]" in text
    assert "measure MELD-Na, OPTN 2016 [assumed: meld_version]" in text


def test_sections_can_be_chosen(example: Study) -> None:
    assert show(example, ["doses"]).startswith("Dose plan")
    for section in SECTIONS:
        assert show(example, [section]).strip()


def test_schedule_table(example: Study) -> None:
    heads, rows = schedule_table(example)
    assert heads[1:] == tuple(visit.title for visit in example.visits.values())
    laboratory = next(row for row in rows if row[0] == "Laboratory")
    assert [head for head, mark in zip(heads, laboratory, strict=True) if mark == "x"] == [
        "Screening",
        "Baseline",
        "Month 2",
        "Month 4",
        "Early termination",
        "Unscheduled",
    ]


def test_timing_in_words(example: Study) -> None:
    said = {name: timing(visit) for name, visit in example.visits.items()}
    assert said["month_4"] == "first dose + 4 calendar months, 21 days either way"
    assert said["dose_4"] == "first dose + 21 days, 2 days before to 0 days after"
    assert said["dose_1"] == "day of first dose"
    assert said["log"] == "no planned day"


def test_many_visits_are_shown_in_blocks(bench: Bench) -> None:
    more = "".join(
        f"  extra_{number}: {{title: Extra {number}, kind: unscheduled, forms: [laboratory]}}\n"
        for number in range(40)
    )
    shown = show(bench.load(("derived:\n", f"{more}derived:\n")), ["schedule"])
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert shown.count("Laboratory") > 1


def test_markdown_has_every_part(example: Study) -> None:
    page = show_markdown(example)
    for head in (
        "Schedule of activities",
        "Inclusion criteria",
        "Exclusion criteria",
        "Items",
        "Endpoints",
        "Dose plan",
    ):
        assert f"## {head}" in page
    for line in page.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    assert f"{len(example.assumptions)} are not confirmed" in page
