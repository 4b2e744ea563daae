"""Documents as PDF: nobody's text is carried out, steers the page or gets lost; the same document has the same bytes."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime

import pytest

from trialrun.errors import UserError
from trialrun.report.documents.blocks import (
    Bullets,
    Document,
    Facts,
    Heading,
    Note,
    Paragraph,
    Run,
    Section,
    Signed,
    Table,
    document,
)
from trialrun.report.documents.plain import as_data, signature_svg
from trialrun.report.documents.typeset import compile_document, page_images
from trialrun.report.documents.words import cell, clean

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOSTILE = [
    '#eval("1+1")', "#panic()", "#read(\"/etc/passwd\")", "*bold*", "$x^2$", "\\", "@ref", "<label>", "`raw`", "= heading",
    "#{", "]", "//", "/*", '"', "{{7*7}}", "#import \"@preview/x:1.0.0\": *", "~", "_it_",
]  # fmt: skip


def with_text(text: str) -> Document:
    blocks = [
        Heading(text),
        Paragraph(text),
        Paragraph([Run(text, bold=True), Run(text, code=True)]),
        Note(text),
        Bullets([text]),
        Facts([(text, text)]),
        Table([text], [[text]], text),
        Signed(text, [text]),
    ]
    return document(text, blocks, made_at=NOW, subtitle=text, header=(text, text), footer=text)


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [one for inner in value.values() for one in texts(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in texts(inner)]
    return [value] if isinstance(value, str) else []


def test_hostile_text_is_data_in_every_kind_of_block() -> None:
    text = " ".join(HOSTILE)
    data = as_data(with_text(text))
    assert sum(one == text for one in texts(data)) >= 14  # as it stands, everywhere
    assert compile_document(with_text(text)).startswith(b"%PDF-1.7")
    # What is shown is one page of words; anything carried out would have failed or read a file.
    plain = page_images(with_text("x" * 40), ppi=20)
    assert len(page_images(with_text(text), ppi=20)) == len(plain)


def test_what_is_drawn_differs_when_one_sign_differs() -> None:
    first = page_images(document("t", [Paragraph("#strong[a]")], made_at=NOW))
    assert first != page_images(document("t", [Paragraph([Run("a", bold=True)])], made_at=NOW))


@pytest.mark.parametrize(
    "sign",
    [
        "\u202e",
        "\u202d",
        "\u2066",
        "\u200f",
        "\u061c",
        "\u0000",
        "\u0007",
        "\u2028",
        "\ufeff",
        "\ufffe",
        "\uffff",
    ],
)
def test_signs_that_steer_or_hide_are_spelt_out(sign: str) -> None:
    assert clean(f"a{sign}b") == f"a⟨U+{ord(sign):04X}⟩b"
    compile_document(with_text(f"a{sign}b"))


def test_what_persian_needs_stays() -> None:
    for text in ("می‌خواهم", "رضایت‌نامهٔ آگاهانه", "نام\nنام"):
        assert clean(text) == text


def test_long_words_may_break_and_lose_nothing() -> None:
    word = "0123456789abcdef" * 4
    assert cell(word).replace("\u200b", "") == word
    assert "\u200b" in cell(word)
    assert cell("short words only") == "short words only"


def test_the_same_document_has_the_same_bytes_and_carries_its_own_time() -> None:
    made = compile_document(with_text("one"))
    assert compile_document(with_text("one")) == made
    later = document("one", [Paragraph("one")], made_at=datetime(2026, 3, 2, tzinfo=UTC))
    assert b"2026-03-02" in compile_document(later)


def test_the_file_is_an_archive_with_structure_and_bookmarks() -> None:
    pdf = compile_document(with_text("one"))
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in pdf
    for name in (b"/StructTreeRoot", b"/Outlines"):
        assert name in pdf or any(name in part for part in _streams(pdf))


def _streams(pdf: bytes) -> list[bytes]:
    found = []
    for part in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(part))
        except zlib.error:
            continue
    return found


def test_the_page_turns_with_the_language() -> None:
    blocks = [Table(["الف", "ب"], [["۱", "۲"]]), Signed("علی", (), "M10 10L100 100")]
    left = page_images(document("نام", blocks, made_at=NOW))
    right = page_images(document("نام", blocks, made_at=NOW, language="fa"))
    assert left != right
    assert as_data(document("نام", blocks, made_at=NOW, language="fa"))["direction"] == "rtl"


def test_sections_begin_on_new_pages() -> None:
    sections = tuple(Section((Paragraph(f"p{n}"),), (f"Participant {n}", "")) for n in range(3))
    assert len(page_images(Document("t", sections, NOW), ppi=20)) == 3


def test_an_empty_table_says_so() -> None:
    compile_document(document("t", [Table(["a", "b"], [])], made_at=NOW))


@pytest.mark.parametrize(("rows", "widths"), [([["1"]], ()), ([["1", "2", "3"]], ()), ([["1", "2"]], (1,))])
def test_a_row_that_does_not_fit_its_columns_is_refused(
    rows: list[list[str]], widths: tuple[int, ...]
) -> None:
    with pytest.raises(UserError):
        Table(["a", "b"], rows, "", widths)


@pytest.mark.parametrize("path", ['M0 0"/><script>', "M0 0 url(#a)", "M0 0\nL1 1", "<"])
def test_a_drawing_that_is_more_than_strokes_is_refused(path: str) -> None:
    with pytest.raises(UserError):
        signature_svg(path)
