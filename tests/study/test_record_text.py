"""Reading a registry record's texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trialrun.study.load import read_study
from trialrun.study.record_text import criteria_bullets, plain_text, record_sentences, sentences
from trialrun.study.text import LARGEST


def record(text: str) -> dict[str, Any]:
    return {"protocolSection": {"eligibilityModule": {"eligibilityCriteria": text}}}


@pytest.mark.parametrize(
    "text",
    [
        "Inclusion Criteria:\n\n* Adults\n  of any sex\n* Able\n\nExclusion Criteria:\n\n* Ill",
        "INCLUSION CRITERIA\n1. Adults of any sex\n2. Able\nEXCLUSION CRITERIA\n- Ill",
        "Inclusion Criteria\n • Adults of any sex\n • Able\nExclusion Criteria\n • Ill",
    ],
)
def test_bullets_of_several_layouts(text: str) -> None:
    assert criteria_bullets(record(text)) == (("Adults of any sex", "Able"), ("Ill",))


def test_registry_escapes_are_undone() -> None:
    assert plain_text("Weight loss of \\>5%  and\nAge \\<75") == "Weight loss of >5% and Age <75"


def test_sentences() -> None:
    assert sentences("One. Two (e.g. three) is 2.5 mg. 15 patients? Yes!") == (
        "One.",
        "Two (e.g. three) is 2.5 mg.",
        "15 patients?",
        "Yes!",
    )


def test_every_text_of_a_record_is_a_sentence_with_its_path() -> None:
    found = record_sentences({"protocolSection": {"a": {"b": ["x", {"c": 3}], "d": None}}})
    assert found == (("a.b", "x"), ("a.b.c", "3"))


def test_a_study_text_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("# " + "x" * LARGEST, encoding="utf-8")
    assert {finding.code for finding in read_study(tmp_path)[1]} == {"no-record", "too-long"}
