"""The report on paper: readable by programs and people, complete, with its places, the same bytes."""

from __future__ import annotations

import io
import itertools
import re
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader

from trialrun.report.documents.blocks import (
    Cell,
    Chapter,
    Details,
    Figure,
    Heading,
    Paragraph,
    Section,
    Table,
    document,
)
from trialrun.report.documents.layout import ACROSS, UPRIGHT, figure_width, fit_table
from trialrun.report.documents.plain import as_data
from trialrun.report.figures import outcome
from trialrun.report.figures.data import Bar, Course
from trialrun.report.pdf import report_document, report_pages, report_pdf

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
FALL = outcome.waterfall(
    "fall", [Bar("S-001", -3.0), Bar("علی", 2.0), Bar("S-003", None, "died")], "MELD-Na", time="Month 4"
)
LINES = outcome.spaghetti("lines", [Course("S-001", (20.0, 17.0))], ("Baseline", "Month 4"), "MELD-Na")
NUMBERS = Table(
    ("Visit", "n", "Mean (SD)"),
    [[Cell("Baseline", head=True), Cell("15", "listing", number=True), Cell("17.1 (4.2)", "nowhere", number=True)]],
    "MELD-Na by visit",
    notes=("Quartiles of type 7.",),
    anchor="t-meld",
)  # fmt: skip
WIDE = Table(tuple(f"Column{n}" for n in range(16)), [[f"value-{n}-of" for n in range(16)]] * 3, "Wide one")
LONG = Table(("Participant", "Term"), [[f"S-{n:03}", "Ascites worsened"] for n in range(150)], "Long one")


def chapters():
    return (
        Chapter("about", "What this is", [Paragraph("Rehearsal."), Details("Hidden", [Paragraph("unseen")], "rows")]),
        Chapter("outcome", "Primary outcome", [Heading("Results", 4), NUMBERS, FALL, LINES, Heading("Wide"), WIDE]),
        Chapter("events", "Adverse events", [LONG, Details("Printed", [Paragraph("seen")], print=True)]),
        Chapter("listings", "Listings", [Chapter("listing", "Participant S-001", [NUMBERS]), Chapter("l2", "Participant S-002", [NUMBERS])]),
    )  # fmt: skip


@pytest.fixture(scope="module")
def pdf():
    return report_pdf(
        chapters(),
        title="The report",
        made_at=NOW,
        header=("NCT05871463", "Rehearsal"),
        footer="snapshot 01ab",
    )


@pytest.fixture(scope="module")
def reader(pdf):
    return PdfReader(io.BytesIO(pdf), strict=True)


@pytest.fixture(scope="module")
def pages(reader):
    return [page.extract_text() for page in reader.pages]


def objects(reader):
    found = []
    for number in range(1, int(str(reader.trailer["/Size"]))):
        try:
            one = reader.get_object(number)
        except Exception:
            continue
        if isinstance(one, dict):
            found.append(one)
    return found


def test_every_page_says_what_it_is_and_its_number(pages):
    for number, text in enumerate(pages, start=1):
        assert "NCT05871463" in text
        assert "Rehearsal" in text
        assert "snapshot 01ab" in text
        assert f"Page {number} of {len(pages)}" in text


def test_the_contents_name_the_pages_the_chapters_are_on(reader, pages):
    listed = dict(re.findall(r"^(\d\. .+?)[ .]+(\d+)$", pages[0], re.MULTILINE))
    assert list(listed) == ["1. What this is", "2. Primary outcome", "3. Adverse events", "4. Listings"]
    for title, page in listed.items():
        assert title in pages[int(page) - 1]
    marks = [mark for mark in reader.outline if not isinstance(mark, list)]
    assert [mark["/Title"] for mark in marks] == list(listed)
    assert [reader.get_destination_page_number(mark) + 1 for mark in marks] == [
        int(n) for n in listed.values()
    ]


def test_words_in_figures_are_words_with_a_font_in_the_file(reader, pages):
    text = "\n".join(pages)
    for word in ("change in MELD-Na", "S-001", "died", "mean of those observed"):
        assert word in text
    described = [one for one in objects(reader) if one.get("/Type") == "/FontDescriptor"]
    assert described
    assert all({"/FontFile2", "/FontFile3"} & set(one) for one in described)


def test_what_cannot_be_seen_is_said(reader):
    alts = [str(one["/Alt"]) for one in objects(reader) if "/Alt" in one]
    assert FALL.alt in alts
    assert LINES.alt in alts
    kinds = {str(one["/S"]) for one in objects(reader) if "/S" in one}
    assert {"/Table", "/TH", "/TD", "/TR", "/Figure", "/Caption", "/H1", "/H2"} <= kinds


def test_the_file_declares_what_it_keeps(pdf, reader):
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    assert reader.trailer["/Root"]["/Lang"] == "en"
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_long_tables_repeat_their_heads_and_lose_no_row(pages):
    with_rows = [text for text in pages if re.search(r"S-\d{3}\s+Ascites", text)]
    assert len(with_rows) >= 3
    assert all("Participant" in text and "Term" in text for text in with_rows)
    found = re.findall(r"(S-\d{3})\s+Ascites", "\n".join(pages))
    assert found == [f"S-{n:03}" for n in range(150)]


def test_a_table_too_wide_gets_a_page_on_its_side_with_its_heading(reader, pages):
    turned = [index for index, page in enumerate(reader.pages) if page.mediabox.width > page.mediabox.height]
    assert len(turned) == 1
    assert "Wide one" in pages[turned[0]]
    assert pages[turned[0]].count("Wide") >= 2
    assert all(f"Column{n}" in pages[turned[0]] for n in range(16))


def test_details_stay_on_the_screen_unless_asked_for(pages):
    text = "\n".join(pages)
    assert "unseen" not in text
    assert "seen" in text
    assert "Printed" in text


def test_a_participants_listing_is_a_page(pages):
    own = [text for text in pages if "Participant S-00" in text][-2:]
    assert "Participant S-001" in own[0]
    assert "4. Listings" in own[0]
    assert "Participant S-002" not in own[0]


def test_numbers_lead_to_what_is_printed_only(reader):
    links = [one for one in objects(reader) if one.get("/Subtype") == "/Link"]
    assert links
    cells = as_data(report_document(chapters(), title="t", made_at=NOW))["sections"][0]["blocks"]
    table = next(block for block in cells if block["kind"] == "table")
    assert [one[3] for one in table["rows"][0]] == ["", "listing", ""]


def test_the_same_chapters_give_the_same_bytes(pdf):
    again = report_pdf(
        chapters(),
        title="The report",
        made_at=NOW,
        header=("NCT05871463", "Rehearsal"),
        footer="snapshot 01ab",
    )
    assert again == pdf


def test_hostile_words_in_cells_notes_and_captions_stay_words():
    text = '#panic() $x$ "\\ @a <b> `c` */ //'
    table = Table([text], [[Cell(text, head=True)]], text, notes=(text,), anchor=text)
    figure = Figure("f", FALL.svg, text, text)
    made = report_pdf([Chapter(text, text, [table, figure, Details(text, [Paragraph(text)], text, print=True)])], title=text, made_at=NOW)  # fmt: skip
    found = "".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages)
    assert found.replace("\n", "").replace(" ", "").count("#panic()") >= 6


def test_anchors_twice_and_levels_left_out_do_not_stop_it():
    table = Table(("a",), [["1"]], anchor="same")
    blocks = [Heading("Deep", 5), table, table, Chapter("same", "Inner", [Heading("Deeper", 9)])]
    assert report_pdf([Chapter("same", "Outer", blocks)], title="t", made_at=NOW, contents="").startswith(
        b"%PDF"
    )
    levels = [b["level"] for b in as_data(report_document([Chapter("a", "A", blocks)], title="t", made_at=NOW))["sections"][0]["blocks"] if b["kind"] == "heading"]  # fmt: skip
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_right_to_left_reports_turn():
    made = report_document(chapters(), title="گزارش", made_at=NOW, language="fa", contents="فهرست")
    assert report_pages(made, ppi=20)
    assert as_data(made)["direction"] == "rtl"


@pytest.mark.parametrize("columns", [1, 3, 8, 14, 30])
def test_every_column_holds_its_longest_word(columns):
    names = [f"Heading{n}" for n in range(columns)]
    rows = [["2026-09-06", *("words and words" for _ in range(columns - 1))]] * 4
    fit = fit_table(names, rows)
    page = ACROSS if fit.across else UPRIGHT
    if fit.size > 4.5:
        assert sum(fit.widths) / 10 <= page + columns
        assert fit.widths[0] / 10 >= 10 * 0.63 * fit.size
    assert len(fit.widths) == columns


def test_a_column_of_long_text_gets_the_room():
    rows = [["S-001", "word " * 60, "yes"]] * 5
    narrow, long, last = fit_table(("Participant", "What happened", "Known"), rows).widths
    assert long > 3 * narrow
    assert long > 3 * last
    wished = fit_table(("Participant", "What happened", "Known"), rows, (1, 1, 1)).widths
    assert wished == (narrow, long, last)  # equal shares would make it far higher


def test_a_tall_figure_fits_its_page():
    tall = Figure("t", FALL.svg.replace('viewBox="0 0 396', 'viewBox="0 0 100'), "", "alt")
    assert figure_width(tall) <= figure_width(FALL)
    assert len(report_pages(document("t", [FALL], made_at=NOW), ppi=20)) == 1


def test_a_report_without_a_header_is_headed_by_its_title():
    made = report_document((), title="The report", made_at=NOW)
    assert made.sections == (Section((), ("The report", "")),)
