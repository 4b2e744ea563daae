"""The plan document says what the study definition says, computes its own numbers, and is the same every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from small_study import make_study
from trialrun.report.documents.blocks import (
    Block,
    Bullets,
    Cell,
    Chapter,
    Facts,
    Heading,
    Note,
    Paragraph,
    Table,
)
from trialrun.report.plan_document import plan_chapters, plan_html, plan_pdf
from trialrun.report.plan_words import ADJUSTMENTS, KINDS, METHODS, NEEDS, STRATEGIES, VARIABLES
from trialrun.study.load import load_study
from trialrun.study.model import Arm, Confirmation, Study
from trialrun.study.plan import Adjustment, Method, Need, SensitivityKind, Strategy, Variable

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "nct05871463"


@pytest.fixture(scope="module")
def example() -> Study:
    return load_study(EXAMPLE)


@pytest.fixture(scope="module")
def chapters(example: Study) -> dict[str, Chapter]:
    return {one.anchor: one for one in plan_chapters(example)}


def texts(blocks: Sequence[Block]) -> Iterator[str]:
    """Every word of the blocks, cells of tables included."""
    for block in blocks:
        match block:
            case Heading() | Paragraph() | Note():
                yield str(block.text)
            case Bullets():
                yield from (str(point) for point in block.points)
            case Facts():
                yield from (f"{label}: {value}" for label, value in block.rows)
            case Table():
                yield block.caption
                yield from block.columns
                yield from (
                    cell.text if isinstance(cell, Cell) else cell for row in block.rows for cell in row
                )
                yield from block.notes
            case Chapter():
                yield from texts(block.blocks)
            case _:
                raise AssertionError(block)


def words(chapter: Chapter) -> str:
    return "\n".join(texts(chapter.blocks))


def table(chapter: Chapter, caption: str) -> Table:
    return next(one for one in chapter.blocks if isinstance(one, Table) and one.caption.startswith(caption))


def rows(found: Table) -> list[tuple[str, ...]]:
    return [tuple(cell.text if isinstance(cell, Cell) else cell for cell in row) for row in found.rows]


def test_every_word_of_the_plan_has_its_meaning() -> None:
    for known, kinds in (
        (METHODS, Method), (NEEDS, Need), (STRATEGIES, Strategy), (VARIABLES, Variable), (KINDS, SensitivityKind),
        (ADJUSTMENTS, Adjustment),
    ):  # fmt: skip
        assert set(known) == set(kinds)


def test_each_estimand_is_told_with_its_five_attributes(example: Study, chapters: dict[str, Chapter]) -> None:
    found = [one for one in chapters["plan-estimands"].blocks if isinstance(one, Facts)]
    assert len(found) == len(example.analysis.estimands)
    five = {"Treatment", "Population", "Variable", "Intercurrent events", "Summary"}
    for facts, estimand in zip(found, example.analysis.estimands.values(), strict=True):
        told = dict(facts.rows)
        assert five <= set(told)
        assert all(told[name] for name in five), estimand.name
    first = dict(found[0].rows)
    assert first["Variable"] == "Change from baseline in MELD-Na (OPTN 2016) and Child-Pugh score, at Month 4"
    assert "Death and liver transplant: composite (worst rank)" in first["Intercurrent events"]
    assert "estimand_primary (open)" in first["Rests on"]


def test_every_part_of_the_plan_is_in_the_document(example: Study, chapters: dict[str, Chapter]) -> None:
    whole = "\n".join(words(one) for one in chapters.values())
    plan = example.analysis
    for part in (plan.estimands, plan.populations, plan.sensitivity, plan.responders, plan.shifts):
        for one in part.values():
            assert one.title in whole, one.name
    for endpoint in example.endpoints.values():
        assert endpoint.title in whole, endpoint.name
    assert example.hash in whole


def test_methods_that_are_not_used_are_not_described(chapters: dict[str, Chapter]) -> None:
    said = words(chapters["plan-analyses"])
    assert "Mixed model" in said
    assert "Cox" not in said
    assert "Between arms" not in said  # one arm


def test_the_stopping_boundary_is_the_recommended_one(chapters: dict[str, Chapter]) -> None:
    """Bounds and chances to stop as the statistics notes of the project have them."""
    chapter = chapters["plan-monitoring"]
    assert rows(table(chapter, "Boundary")) == [
        ("1", "no number halts"), ("2 to 3", "2 or more"), ("4 to 8", "3 or more"), ("9 to 14", "4 or more"),
        ("15", "5 or more"),
    ]  # fmt: skip
    chances = [row[1] for row in rows(table(chapter, "Operating"))]
    assert chances[:4] == ["2 %", "12 %", "36 %", "69 %"]


def test_what_fifteen_can_show_is_as_published(chapters: dict[str, Chapter]) -> None:
    """Smallest detectable changes and chance findings as the statistics notes have them."""
    chapter = chapters["plan-size"]
    assert rows(table(chapter, "Smallest"))[:3] == [
        ("2", "1.6", "1.7", "1.9", "1.8", "1.9"),
        ("3.5", "2.7", "3.0", "3.3", "3.1", "3.4"),
        ("5", "3.9", "4.2", "4.7", "4.4", "4.8"),
    ]
    by_chance = [row[2] for row in rows(table(chapter, "How often"))]
    assert by_chance == ["16 %", "30 %", "47 %"]
    assert ("0 of 15", "0.0 % to 21.8 %") in rows(table(chapter, "Precision"))


def _confirmed() -> Confirmation:
    return Confirmation("Dr A", date(2026, 1, 2))


def test_open_assumptions_make_it_a_draft_and_are_listed(
    example: Study, chapters: dict[str, Chapter]
) -> None:
    assert "Draft: 16 assumptions" in words(chapters["plan-about"])
    listed = [row[0] for row in rows(table(chapters["plan-assumptions"], "Assumptions"))]
    assert {"estimand_primary", "multiplicity", "missing_data", "analysis_sets"} <= set(listed)
    assert "hypertension_rule" not in listed  # the analysis does not rest on it
    settled = replace(
        example,
        assumptions={name: replace(one, confirmed=_confirmed()) for name, one in example.assumptions.items()},
    )
    told = {one.anchor: one for one in plan_chapters(settled)}
    assert "Draft" not in words(told["plan-about"])
    assert "(open)" not in words(told["plan-estimands"])


def test_a_study_without_a_plan_says_so() -> None:
    told = {one.anchor: one for one in plan_chapters(make_study())}
    assert "The study states no analysis plan" in words(told["plan-about"])
    assert "no stopping rule" in words(told["plan-monitoring"])
    assert "There is one primary outcome" in words(told["plan-multiplicity"])


def test_two_arms_are_compared_and_not_called_a_single_arm() -> None:
    study = make_study(
        arms={"one": Arm("one", "Active", "Exosomes"), "two": Arm("two", "Control", "Saline")}, dose_plans=()
    )
    told = {one.anchor: one for one in plan_chapters(study)}
    assert "no concurrent control" not in words(told["plan-study"])
    assert "Between arms: exact rank sum" in words(told["plan-analyses"])
    assert "not the treatment" not in words(told["plan-multiplicity"])


@pytest.mark.parametrize(
    "safety",
    [
        {"stop_if_probability_of_death_above": "often"},
        {"stop_if_probability_of_death_above": 0.1, "prior_beta": [1]},
        [],
        "x",
    ],
)
def test_settings_that_cannot_be_read_are_said_in_their_place(safety: object) -> None:
    told = {one.anchor: one for one in plan_chapters(make_study(settings={"safety": safety}))}
    assert "stopping rule" in words(told["plan-monitoring"])


def test_the_same_study_gives_the_same_bytes(example: Study) -> None:
    assert plan_html(example) == plan_html(example)
    first = plan_pdf(example)
    assert first.startswith(b"%PDF")
    assert first == plan_pdf(example)


def test_the_page_needs_nothing_else_and_shows_text_as_text(example: Study) -> None:
    study = replace(example, title="<script>alert(1)</script> & تجربة")
    page = plan_html(study)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
