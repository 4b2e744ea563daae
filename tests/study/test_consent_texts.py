"""Consent texts: the questions beside them, what a signature is bound to, and how the words are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from trialrun.study.content_hash import text_hash
from trialrun.study.load import load_study, read_study
from trialrun.study.prose import BlockKind, read_line, read_prose

from .conftest import Bench

GOOD = """\
free:
  ask: May you stop?
  answers:
    never: Never
    always: Always
  correct: always
  explain: You may stop at any time.
"""


def with_questions(bench: Bench, text: str, name: str = "en-1.questions.yaml") -> Path:
    (bench.folder / "consent" / name).write_text(text, encoding="utf-8")
    return bench.write()


def test_questions_stand_beside_their_text_and_are_bound_with_it(bench: Bench) -> None:
    plain = load_study(bench.write())
    asked = load_study(with_questions(bench, GOOD))
    (text,) = asked.consents
    assert plain.consents[0].hash == text_hash("I agree.\n")  # no questions: the words alone
    assert text.hash != plain.consents[0].hash
    assert asked.hash != plain.hash
    (question,) = text.questions
    assert (question.id, question.correct) == ("free", "always")
    assert question.place.line == 1
    other = load_study(with_questions(bench, GOOD.replace("correct: always", "correct: never")))
    assert other.consents[0].hash != text.hash
    # what a reader does not see changes nothing
    assert load_study(with_questions(bench, "# a comment\n" + GOOD)).consents[0].hash == text.hash


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "words"),
    [
        ("correct: always", "correct: alwys", "unknown-answer", 6, "choose from never, always"),
        ("ask: May", "aks: May", "unknown-key", 2, "did you mean 'ask'?"),
        ("ask: May", "aks: May", "missing-key", 1, "add ask:"),
        ("explain: You may stop at any time.", "explain: 12", "wrong-type", 7, "quotes"),
        ("    never: Never\n", "", "too-few-answers", 3, ""),
        ("free:", "Free:", "bad-name", 1, "small letters"),
        ("    never: Never", "    never: ", "wrong-type", 4, "quotes"),
        ("free:", "free: [", "not-yaml", 3, ""),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    bench: Bench, old: str, new: str, code: str, line: int, words: str
) -> None:
    study, findings = read_study(with_questions(bench, GOOD.replace(old, new)))
    found = next(one for one in findings if one.code == code)
    assert found.place.startswith("consent/en-1.questions.yaml:")
    assert int(found.place.rpartition(":")[2]) == line
    assert words in found.remedy
    assert study is None


def test_questions_without_their_text_are_an_error(bench: Bench) -> None:
    _, findings = read_study(with_questions(bench, GOOD, "fr-1.questions.yaml"))
    assert "questions-alone" in {one.code for one in findings}


def test_the_example_asks_the_same_in_every_language(root: Path) -> None:
    study = load_study(root / "examples" / "nct05871463")
    english, persian = study.consents
    assert [(one.id, one.correct) for one in english.questions] == [
        (one.id, one.correct) for one in persian.questions
    ]
    for ours, theirs in zip(english.questions, persian.questions, strict=True):
        assert [answer.code for answer in ours.answers] == [answer.code for answer in theirs.answers]


def test_words_are_read_as_blocks_and_never_as_html() -> None:
    blocks = read_prose(
        "# Title\n\n> Draft. It\n> goes on.\n\nOne\nparagraph <b>x</b>.\n\n- first\n  goes on\n- second\n\n1) third"
    )
    assert [block.kind for block in blocks] == [
        BlockKind.HEADING,
        BlockKind.QUOTE,
        BlockKind.PARAGRAPH,
        BlockKind.POINTS,
        BlockKind.POINTS,
    ]
    said = ["".join(words.text for words in line) for block in blocks for line in block.lines]
    assert said == [
        "Title",
        "Draft. It goes on.",
        "One paragraph <b>x</b>.",
        "first goes on",
        "second",
        "third",
    ]


def test_styles_within_a_line() -> None:
    runs = read_line("**Version:** 1 with *care*, `x*y` and 2 * 3 * 4")
    assert [(run.text, run.bold, run.italic, run.code) for run in runs] == [
        ("Version:", True, False, False),
        (" 1 with ", False, False, False),
        ("care", False, True, False),
        (", ", False, False, False),
        ("x*y", False, False, True),
        (" and 2 * 3 * 4", False, False, False),
    ]


def test_no_word_of_a_consent_text_is_lost(root: Path) -> None:
    for path in sorted((root / "examples" / "nct05871463" / "consent").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        shown = " ".join(
            "".join(words.text for words in line) for block in read_prose(text) for line in block.lines
        )
        for mark in "#>*-":
            text = text.replace(mark, " ")
        assert shown.replace("-", " ").split() == text.split()
