"""Edits of a study's text touch the lines they are about and no other."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialrun.app.builder.edits import Edits, plain
from trialrun.errors import StudyError

EXAMPLE = Path(__file__).parents[2] / "examples" / "nct05871463" / "study.yaml"


def edited(text: str, *changes: tuple[tuple[str | int, ...], Any]) -> str:
    edits = Edits(text)
    for path, value in changes:
        edits.set(path, value)
    return edits.text()


def touched(before: str, after: str) -> list[str]:
    """The lines of a difference, with their sign."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line.startswith(("- ", "+ "))]


SMALL = """\
# head
study:
  id: one # the name
  title: 'A title'   # quoted
  target: 15
items:
  # group
  age: {label: Age, type: integer} # in years
  sex:
    label: Sex
    type: choice
    choices:
      M: Male # m
      F: Female

  # trailing of the section
forms:
  a:
    title: A
    items: [age,   # first
            sex]
  b:
    title: >-
      Long words
      folded
    items:
    - x
    # between
    - y  # of y
derived: {}
criteria:
  E1:
    expression: | # why
      age > 1
      AND sex = 'M'
    note: ""
list:
  - arm: a
    total: 1
  - arm: b # b
    total: 2
"""


@pytest.mark.parametrize(
    ("path", "value", "lines"),
    [
        (("study", "id"), "two", ["-   id: one # the name", "+   id: two # the name"]),
        (("study", "title"), "It's", ["-   title: 'A title'   # quoted", "+   title: 'It''s'   # quoted"]),
        (("study", "target"), 16, ["-   target: 15", "+   target: 16"]),
        (("study", "acronym"), "", ["+   acronym: ''"]),
        (
            ("items", "age", "label"),
            "Age, or so",
            [
                "-   age: {label: Age, type: integer} # in years",
                "+   age: {label: 'Age, or so', type: integer} # in years",
            ],
        ),
        (
            ("items", "age", "unit"),
            "a",
            ["-   age: {label: Age, type: integer} # in years", "+   age: {label: Age, type: integer, unit: a} # in years"],
        ),
        (("items", "sex", "choices", "X"), "Other", ["+       X: Other"]),
        (("items", "sex", "choices"), {"M": "Male", "F": "Woman"}, ["-       F: Female", "+       F: Woman"]),
        (("items", "new"), {"label": "New", "type": "text"}, ["+   new:", "+     label: New", "+     type: text"]),
        (("forms", "a", "items"), ["age", "sex", "new"], ["-             sex]", "+             sex, new]"]),
        (("forms", "b", "items"), ["x", "z", "y"], ["+     - z"]),
        (("forms", "b", "items"), ["y"], ["-     - x"]),
        (("forms", "b", "title"), "Short", ["-       Long words", "-       folded", "+       Short"]),
        (("derived", "d"), {"label": "D"}, ["- derived: {}", "+ derived:", "+   d:", "+     label: D"]),
        (("criteria", "E1", "expression"), "age > 2\nAND sex = 'M'", ["-       age > 1", "+       age > 2"]),
        (("criteria", "E1", "note"), "said", ['-     note: ""', '+     note: "said"']),
        (("criteria", "E1", "attested_by"), ["computed"], ["+     attested_by: [computed]"]),
        (("list", 1, "total"), 3, ["-     total: 2", "+     total: 3"]),
        (("list", 0, "arm"), "c", ["-   - arm: a", "+   - arm: c"]),
        (
            ("list",),
            [{"arm": "a", "total": 1}, {"arm": "b", "total": 2}, {"arm": "c"}],
            ["+   - arm: c"],
        ),
    ],
)  # fmt: skip
def test_only_the_lines_of_an_edit_change(path: Any, value: Any, lines: list[str]) -> None:
    after = edited(SMALL, (path, value))
    assert sorted(touched(SMALL, after)) == sorted(lines)


def test_removing_keeps_the_comments_around() -> None:
    edits = Edits(SMALL)
    edits.remove(("items", "age"))
    edits.remove(("list", 0))
    after = edits.text()
    assert touched(SMALL, after) == [
        "-   age: {label: Age, type: integer} # in years",
        "-   - arm: a",
        "-     total: 1",
    ]
    edits = Edits(after)
    edits.remove(("items", "sex"))
    assert plain(edits.text())["items"] == {}
    assert "# group" in edits.text()


def test_several_changes_at_once() -> None:
    edits = Edits(SMALL)
    edits.set(("study", "target"), 20)
    edits.set(("study", "a"), "x")
    edits.set(("study", "b"), "y")
    edits.rename(("forms", "b"), "c")
    edits.remove(("items", "sex"))
    after = plain(edits.text())
    assert after["study"] == {"id": "one", "title": "A title", "target": 20, "a": "x", "b": "y"}
    assert list(after["forms"]) == ["a", "c"]
    assert list(after["items"]) == ["age"]


def test_an_edit_that_changes_nothing_gives_the_same_text() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    edits = Edits(text)
    for section in ("study", "items", "forms", "visits", "derived", "criteria", "endpoints", "assumptions"):
        for name, entry in plain(text)[section].items():
            edits.set((section, name), entry)
    assert edits.text() == text


def test_what_an_anchor_shares_is_not_changed() -> None:
    text = "a: &x [1]\nb: *x\nc: 1\n"
    with pytest.raises(StudyError, match="anchor"):
        edited(text, (("a",), [2]))
    assert edited(text, (("c",), 2)) == "a: &x [1]\nb: *x\nc: 2\n"


def test_a_text_that_is_not_yaml_is_told_with_its_line() -> None:
    with pytest.raises(StudyError, match=r"study\.yaml:3 is not YAML"):
        Edits("a: 1\nb: [\n")


WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00\ufeff", exclude_categories=["Cs"]), max_size=40
)
NASTY = st.sampled_from(
    ["yes", "null", "~", "1", "1.0", "2023-05-23", "- a", "a: b", "a #b", "#", "'", '"', "[", "{", "*a", "&a", "!a",
     "|", ">", "%", "@", "`", "", " ", "a\nb", "a\n\n b\n", "  lead", "trail  ", "\t", "x" * 300, "a, b", "?", "? a",
     "a:", ":", "true", "é\u202e", "a\r\nb", "\u2028", "\x85", "word " * 60, "---", "...", "0x1", "1e5", "=", "<<"]
)  # fmt: skip
VALUES = st.one_of(
    NASTY,
    WORDS,
    st.integers(-99, 99),
    st.booleans(),
    st.none(),
    st.lists(st.one_of(NASTY, WORDS), max_size=4),
)
LEAVES = [
    ("study", "id"), ("study", "title"), ("study", "target"), ("study", "new"), ("items", "age", "label"),
    ("items", "age", "new"), ("items", "sex", "choices"), ("forms", "a", "items"), ("forms", "b", "title"),
    ("forms", "b", "items"), ("criteria", "E1", "expression"), ("criteria", "E1", "note"), ("list", 0, "arm"),
    ("list", 1, "new"), ("derived",),
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(LEAVES), VALUES, min_size=1, max_size=4))
def test_any_value_reads_back_as_it_was_meant(changes: dict[Any, Any]) -> None:
    edits = Edits(SMALL)
    for path, value in changes.items():
        edits.set(path, value)
    after = plain(edits.text())
    for path, value in changes.items():
        found: Any = after
        for part in path:
            found = found[part]
        trimmed = value.rstrip(" \n") if isinstance(value, str) else value
        assert (found.rstrip(" \n") if isinstance(found, str) else found) == trimmed
