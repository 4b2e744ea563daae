"""Eligibility text: sections, bullets, nesting, lettered parts; no word lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from trialrun.registry.criteria import Bullet, Combination, SectionKind, split_criteria


def _ids(text: str) -> list[str]:
    return [one.id for one in split_criteria(text).atomic()]


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


def _all(bullet: Bullet) -> str:
    return bullet.original


def test_lettered_parts_of_one_bullet() -> None:
    text = "Exclusion Criteria:\n\n* a) Gout. b) Cough (e.g. a cold) within 5 years. c) Hiccups."
    parts = split_criteria(text).atomic(SectionKind.EXCLUSION)
    assert [(one.id, one.text) for one in parts] == [
        ("E1a", "Gout."),
        ("E1b", "Cough (e.g. a cold) within 5 years."),
        ("E1c", "Hiccups."),
    ]
    assert all(one.bullet == 1 for one in parts)


def test_letters_that_are_no_list_are_left_alone() -> None:
    for words in (
        "Vitamin A) or vitamin C.",
        "Hepatitis B. Hepatitis C.",
        "plan a. is enough",
        "type I. or type II diabetes",
    ):
        assert _ids(f"Inclusion Criteria:\n* {words}") == ["I1"], words


def test_an_introduction_becomes_context() -> None:
    text = "Inclusion Criteria:\n* One of the following: (1) cough, (2) hiccups"
    parts = split_criteria(text).atomic()
    assert [(one.id, one.text, one.context) for one in parts] == [
        ("I1a", "cough,", ("One of the following:",)),
        ("I1b", "hiccups", ("One of the following:",)),
    ]
    assert split_criteria(text).bullets(SectionKind.INCLUSION)[0].combination is Combination.ANY


def test_nested_numbers_bullets_and_roman_numbers() -> None:
    text = (
        "Inclusion Criteria:\n\n1. Age 18 or more\n2. All of the following:\n\n   1. cough\n   2. hiccups by:\n\n"
        "      * ear\n      * eye\n3. Either\n\n   i) tea or; ii) coffee\n\nExclusion Criteria:\n\n- gout\n"
    )
    assert _ids(text) == ["I1", "I2a", "I2b1", "I2b2", "I3a", "I3b", "E1"]
    assert split_criteria(text).bullets(SectionKind.INCLUSION)[1].combination is Combination.ALL


def test_other_bullet_signs_and_bold_headings() -> None:
    for sign in ("•", "*", "-", "–", "1."):
        assert _ids(
            f"**Key Inclusion Criteria**\n{sign} cough\n{sign} hiccups\nExclusion criteria\n{sign} gout"
        ) == ["I1", "I2", "E1"]


def test_headings_inside_bullets_are_marked() -> None:
    text = "Inclusion Criteria:\n* Adequate blood:\n* WBC > 2\n"
    assert [(one.id, one.heading) for one in split_criteria(text).atomic()] == [("I1", True), ("I2", False)]


def test_registry_escapes_are_undone_and_the_original_kept() -> None:
    (one,) = split_criteria("Inclusion Criteria:\n* WBC \\> 2 and \\[x\\]").atomic()
    assert one.text == "WBC > 2 and [x]"
    assert one.original == "* WBC \\> 2 and \\[x\\]"


def test_text_without_headings_or_bullets() -> None:
    assert _ids("Anybody may take part") == ["C1"]
    assert _ids("") == []
    assert _ids("Inclusion Criteria: healthy adults") == ["I1"]


def test_criteria_of_several_groups_are_numbered_on() -> None:
    text = "Inclusion Criteria (Families):\n* a cough\n\nExclusion Criteria (Families):\n* gout\n\nInclusion Criteria (Controls):\n* no cough"
    assert _ids(text) == ["I1", "I2", "E1"]
    assert [part.heading for part in split_criteria(text).sections] == [
        "Inclusion Criteria (Families):",
        "Exclusion Criteria (Families):",
        "Inclusion Criteria (Controls):",
    ]


def test_no_word_of_the_twenty_records_is_lost(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("ctgov").glob("NCT*.json")):
        text = json.loads(path.read_bytes())["protocolSection"]["eligibilityModule"]["eligibilityCriteria"]
        found = split_criteria(text)
        kept = "".join(
            part.heading + "".join(_all(bullet) for bullet in part.bullets) for part in found.sections
        )
        assert _letters(kept) == _letters(text), path.name
        ids = [one.id for one in found.atomic()]
        assert len(ids) == len(set(ids)), path.name


def test_the_shapes_of_the_twenty_records(shared: Callable[[str], Path]) -> None:
    def ids(nct: str) -> list[str]:
        raw = json.loads(shared(f"ctgov/{nct}.json").read_bytes())
        return _ids(raw["protocolSection"]["eligibilityModule"]["eligibilityCriteria"])

    assert ids("NCT01252810")[:4] == ["I1", "I2a", "I2b", "I2c"]
    assert ids("NCT03119584")[:7] == ["I1", "I2a", "I2b", "I2c", "I2d", "I2e", "I2f"]
    assert ids("NCT06352177")[:7] == ["I1", "I2a", "I2b1", "I2b2", "I2b3", "I2b4", "I3"]
    assert ids("NCT05693090")[8:13] == ["E1a", "E1b", "E1c", "E1d", "E1e"]
    assert ids("NCT03953092")[2:9] == ["I3a", "I3b1", "I3b2", "I3b3", "I3b4", "I3c1", "I3c2"]


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet=st.sampled_from("ab1) (.:;*-•\n  \t\\>Inclusio Exr"), max_size=200)
    | st.text(max_size=200)
)
def test_any_text_is_split_without_loss(text: str) -> None:
    found = split_criteria(text)
    kept = "".join(part.heading + "".join(_all(bullet) for bullet in part.bullets) for part in found.sections)
    assert sorted(_letters(kept)) == sorted(_letters(text))
    ids = [one.id for one in found.atomic()]
    assert len(ids) == len(set(ids))
