"""Real people nobody here made: two public data sets through the example's mappings."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from trialrun.app.imports import import_data, screen_foreign
from trialrun.app.screening import Screening, write_screening
from trialrun.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "examples/nct05871463"
FOREIGN = ROOT / "examples/foreign"
pytestmark = pytest.mark.shared


@cache
def _screened(name: str, source: Path) -> Screening:
    return screen_foreign(STUDY, source, FOREIGN / f"{name}.yaml")


@pytest.fixture
def mimic(shared: Callable[[str], Path]) -> Screening:
    return _screened("mimic4_demo", shared("data/mimic4_demo"))


@pytest.fixture
def pbc(shared: Callable[[str], Path]) -> Screening:
    return _screened("pbcseq", shared("data/pbcseq.csv"))


def test_everyone_is_screened(mimic: Screening, pbc: Screening) -> None:
    assert len(mimic.screened) == 50
    assert len(pbc.screened) == 312


def test_nobody_is_eligible_on_what_was_never_asked(mimic: Screening, pbc: Screening) -> None:
    for one in (*mimic.screened, *pbc.screened):
        assert one.eligibility.status != "eligible"
        assert one.eligibility.outcome("E6").outcome == "unknown"
        assert "judgement_other_disorder" in one.eligibility.outcome("E6").missing


def test_child_pugh_is_bounds_and_a_class_only_where_they_agree(mimic: Screening, pbc: Screening) -> None:
    seen = [
        score
        for one in (*mimic.screened, *pbc.screened)
        for score in one.scores
        if score.name == "child_pugh"
    ]
    bounded = [score for score in seen if score.low is not None and score.high is not None]
    assert bounded
    for score in seen:
        assert score.value is None  # ascites and encephalopathy are nowhere graded
    for score in bounded:
        classes = {"A" if total <= 6 else "B" if total <= 9 else "C" for total in (score.low, score.high)}
        assert score.band == (classes.pop() if len(classes) == 1 else "")


def test_class_b_or_c_is_met_where_the_least_total_is_seven(mimic: Screening) -> None:
    for one in mimic.screened:
        child = next(score for score in one.scores if score.name == "child_pugh")
        outcome = one.eligibility.outcome("I3").outcome
        if child.low is not None and child.low >= 7:
            assert outcome == "met"
        else:
            assert outcome == "unknown"


def test_what_was_not_understood_is_listed_with_place_and_reason(pbc: Screening, tmp_path: Path) -> None:
    places = {(bad.line, bad.column) for bad in pbc.unreadable}
    assert (1140, "albumin") in places  # 8.01 g/dL
    written = write_screening(pbc, tmp_path / "answers.csv")
    with written[-1].open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(pbc.unreadable)
    assert all(row["reason"] for row in rows)


def test_an_import_accounts_for_every_value(shared: Callable[[str], Path], tmp_path: Path) -> None:
    from datetime import UTC, datetime

    done = import_data(
        STUDY,
        FOREIGN / "mimic4_demo.yaml",
        [shared("data/mimic4_demo")],
        tmp_path / "snapshot",
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert all(count.balanced for count in done.reconciliation.files.values())
    assert (tmp_path / "snapshot/study/study.yaml").is_file()
    with pytest.raises(UserError, match="exists already"):
        import_data(
            STUDY,
            FOREIGN / "mimic4_demo.yaml",
            [shared("data/mimic4_demo")],
            tmp_path / "snapshot",
            now=datetime(2026, 1, 1, tzinfo=UTC),
        )
