"""Tables as RTF: every table a file, every sign a sign, nothing of people's words becomes code."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialrun.errors import UserError
from trialrun.report.documents.blocks import Cell, Chapter, Details, Paragraph, Table
from trialrun.report.documents.words import clean
from trialrun.report.rtf import rtf_text, write_rtf

HOSTILE = "\\par} {\\field{\\*\\fldinst DDEAUTO cmd}} 😀 علی é − ≥"
CHAPTERS = (
    Chapter(
        "o",
        "Outcome",
        [
            Table(
                ("Visit", "n", HOSTILE),
                [
                    [Cell("Baseline", head=True), Cell("15", "x", number=True), HOSTILE],
                    ["Month 4", "12", "a\nb"],
                ],
                "MELD-Na by visit",
                notes=("Quartiles {7}.",),
            ),
            Paragraph("no table"),
            Details("screen", [Table(("hidden",), [["1"]])]),
            Details("paper", [Table(("shown",), [], empty="Nobody died.")], print=True),
        ],
    ),
    Chapter(
        "w", "Wide", [Table(tuple(f"Column{n}" for n in range(16)), [[f"v{n}" * 5 for n in range(16)]] * 60)]
    ),
)


def read(rtf: str) -> str:
    """The words an RTF reader shows: a small reader of our own, strict about braces."""
    shown: list[str] = []
    halves = b""
    depth = 0
    at = 0
    token = re.compile(r"\\([a-z]+)(-?\d+)? ?|\\([^a-z])|([{}])|([^\\{}])", re.DOTALL)
    while at < len(rtf):
        found = token.match(rtf, at)
        assert found, rtf[at : at + 20]
        at = found.end()
        word, number, sign, brace, letter = found.groups()
        if word == "u":
            assert number is not None
            halves += (int(number) % 65536).to_bytes(2, "little")
            assert rtf[at] == "?"
            at += 1
            continue
        if halves:
            shown.append(halves.decode("utf-16-le"))
            halves = b""
        if brace:
            depth += 1 if brace == "{" else -1
            assert depth >= 0
        elif sign:
            shown.append(sign)
        elif letter and letter != "\n":
            shown.append(letter)
        elif word in {"line", "cell", "row", "par"}:
            shown.append("\n")
    assert depth == 0
    return "".join(shown) + halves.decode("utf-16-le")


@pytest.fixture
def files(tmp_path):
    pytest.importorskip("rtflite")
    return write_rtf(CHAPTERS, tmp_path / "rtf", title="NCT05871463: rehearsal")


def test_every_table_on_paper_is_a_file_named_by_its_caption(files):
    assert [path.name for path in files] == [
        "table-001-meld-na-by-visit.rtf",
        "table-002-outcome.rtf",
        "table-003-wide.rtf",
    ]


def test_a_reader_shows_all_words_as_they_are(files):
    words = read(files[0].read_text("ascii"))
    for part in ("NCT05871463: rehearsal", "Outcome", "MELD-Na by visit", "Baseline", "15", "Quartiles {7}."):
        assert part in words
    assert words.count(HOSTILE.replace("\u200b", "")) == 2
    assert "a\nb" in words
    assert "Nobody died." in read(files[1].read_text("ascii"))


def test_nothing_people_wrote_is_code(files):
    code = files[0].read_text("ascii")
    assert not re.search(r"(?<!\\)\\field", code.replace("\\\\", ""))
    assert not re.search(r"(?<!\\)\{\\\*", code.replace("\\\\", ""))


def test_wide_tables_lie_across_and_repeat_their_heads(files):
    text = files[2].read_text("ascii")
    assert "\\landscape" in text
    pages = len(re.findall(r"\\page\b", text)) + 1
    assert pages > 1
    assert read(text).count("Column15") == pages


def test_the_same_chapters_give_the_same_bytes(files, tmp_path):
    again = write_rtf(CHAPTERS, tmp_path / "again", title="NCT05871463: rehearsal")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in files]


def test_without_the_package_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rtflite", None)
    with pytest.raises(UserError, match=r"trialrun\[rtf\]"):
        write_rtf(CHAPTERS, tmp_path / "rtf")
    assert not (tmp_path / "rtf").exists()


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_comes_back(text):
    assert rtf_text(text).isascii()
    assert read(rtf_text(text)) == clean(text).replace("\u200b", "")
