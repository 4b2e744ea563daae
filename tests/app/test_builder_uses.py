"""Names are renamed everywhere and removed only where nothing works with them."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from trialrun.app.builder.checked import check_text
from trialrun.app.builder.edits import Edits, plain
from trialrun.app.builder.uses import remove, rename, uses
from trialrun.errors import StudyError

FOLDER = Path(__file__).parents[2] / "examples" / "nct05871463"
TEXT = (FOLDER / "study.yaml").read_text(encoding="utf-8")


def changed(before: str, after: str) -> list[str]:
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0))[2:]


@pytest.mark.parametrize(
    ("section", "name", "new"),
    [
        ("items", "bilirubin", "total_bilirubin"),
        ("derived", "child_pugh", "pugh"),
        ("forms", "laboratory", "blood"),
        ("visits", "month_4", "month_four"),
        ("criteria", "I3", "I3a"),
        ("assumptions", "clock_start", "clock"),
    ],
)
def test_a_renamed_study_still_loads_and_says_the_same(section: str, name: str, new: str) -> None:
    edits = Edits(TEXT)
    assert rename(edits, section, name, new) > 0
    after = edits.text()
    before_check, after_check = check_text(FOLDER, TEXT), check_text(FOLDER, after)
    assert after_check.errors == before_check.errors == ()
    assert after_check.study is not None
    assert uses(plain(after), section, name) == ()
    assert after.count(" # ") == TEXT.count(" # ")
    # Every line that changed names it; what is added are the inputs a score took by the old name.
    for line in changed(TEXT, after):
        assert line.startswith("@@") or name in line or new in line or line.strip() == "+    inputs:"
    edits = Edits(after)
    rename(edits, section, new, name)
    left = [line for line in changed(TEXT, edits.text()) if not line.startswith("@@")]
    assert all(line.strip() in ("+    inputs:", f"+      {name}: {name}") for line in left)


def test_a_score_keeps_the_input_it_took_by_name() -> None:
    edits = Edits(TEXT)
    rename(edits, "items", "creatinine", "kreatinin")
    after = plain(edits.text())["derived"]
    assert after["meld_na"]["inputs"] == {"creatinine": "kreatinin"}


def test_what_is_used_is_not_removed_and_the_places_are_named() -> None:
    with pytest.raises(StudyError, match=r"items\.hcc_history is used by forms\.liver_history\.items"):
        remove(Edits(TEXT), "items", "hcc_history")
    with pytest.raises(StudyError, match="trialrun itself works with"):
        remove(Edits(TEXT), "items", "consent_date")
    with pytest.raises(StudyError, match=r"forms\.adverse_event is one of the names"):
        rename(Edits(TEXT), "forms", "adverse_event", "events")


@pytest.mark.parametrize("new", ["Upper", "two words", "a__b", "", "x" * 81, "age", "meld_na"])
def test_names_that_cannot_be(new: str) -> None:
    with pytest.raises(StudyError):
        rename(Edits(TEXT), "items", "afp", new)


def test_a_removed_criterion_leaves_no_part_behind() -> None:
    edits = Edits(TEXT)
    remove(edits, "criteria", "E1")
    after = edits.text()
    found = check_text(FOLDER, after)
    assert "E1" not in found.section("criteria")
    # The record still has the bullet, and the check says so; nothing else is wrong.
    assert [one.code for one in found.errors] == ["record-mismatch"]
