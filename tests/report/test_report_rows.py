"""What numbers open: the same rows as plain HTML and as data, and nothing of a masked arm."""

from __future__ import annotations

import json
import re

import pytest

from trialrun.analyse.run import analyse_dataset
from trialrun.derive.measures import Source
from trialrun.report import html_rows
from trialrun.report.anchors import anchor_of, answer_anchor, entry_anchor
from trialrun.report.build import render_report
from trialrun.report.content import build_content
from trialrun.report.documents.blocks import Cell, Chapter, Details, Paragraph, Table
from trialrun.report.html import render_html
from trialrun.report.trace import Line, Opening, Openings, Trace


@pytest.fixture
def content(dataset):
    return build_content(dataset, analyse_dataset(dataset))


def scripts(text, attribute):
    found = re.findall(
        f'<script type="application/json" {attribute}="([^"]*)">(.*?)</script>', text, re.DOTALL
    )
    return {name: json.loads(data) for name, data in found}


def test_many_people_are_kept_as_data_with_the_same_answers_and_entries(dataset, content, monkeypatch):
    as_html = render_report(dataset, analyse_dataset(dataset))
    monkeypatch.setattr(html_rows, "MOST_AS_HTML", 0)
    as_data = render_report(dataset, analyse_dataset(dataset))
    rows, people = scripts(as_data, "data-rows"), scripts(as_data, "data-people")
    assert set(rows) == {opening.anchor for opening in content.openings}
    for opening in content.openings:
        assert len(rows[opening.anchor]["rows"]) == len(opening.lines)
    told = {
        f"v-{anchor_of(name)}/{part['kinds'][answer[0]][0]}"
        for part in people.values()
        for name, own in zip(
            json.loads(re.search('id="people"[^>]*>(.*?)</script>', as_data)[1]), part["people"], strict=True
        )
        for answer in own["answers"]
    }
    assert told == set(re.findall(r'<tr id="(v-[^"]+)"', as_html))
    hashes = set(re.findall(r'<span class="hash">([0-9a-f]{64})', as_html))
    assert hashes == {
        entry[5] for part in people.values() for own in part["people"] for entry in own["entries"]
    }


def test_data_of_many_people_cannot_end_its_script(dataset, monkeypatch):
    monkeypatch.setattr(html_rows, "MOST_AS_HTML", -1)
    openings = Openings()
    openings.add(Opening("rows-x", "</script><b>", ("a",), (Line("S-001", ("</script>",)),)))
    page = html_rows.data_appendix(openings, Trace(dataset, openings))
    assert "</script><b>" not in page
    assert json.loads(page.split('data-rows="rows-x">')[1].split("</script>")[0])["title"] == "</script><b>"


def test_places_are_names_without_blanks_and_differ():
    strange = Source("S 1/é", "month_2#2", "lab", "", "x", "f" * 64)
    assert re.fullmatch(r"[A-Za-z0-9_.~/-]+", answer_anchor(strange))
    assert answer_anchor(strange) != answer_anchor(strange._replace(participant="S_1/é"))
    assert entry_anchor("f" * 64) == "e-" + "f" * 16
    assert entry_anchor("") == ""


def test_a_link_to_nowhere_is_plain_text():
    chapter = Chapter("a", "A", (Table(("x", "y"), [("row", Cell("7", opens="rows-none", number=True))]),))
    assert "href" not in render_html((chapter,), title="t").split("<main")[1].split("<script>")[0]


def test_blocks_say_what_is_empty_and_escape_what_is_typed():
    chapter = Chapter(
        "a",
        "A & B",
        (Table(("x",), [], caption="T", empty="Nobody."), Details("<i>", (Paragraph("<b>"),), print=True)),
    )
    page = render_html((chapter,), title="t")
    assert "Nobody." in page
    assert "<summary>&lt;i&gt;</summary>" in page
    assert "<p>&lt;b&gt;</p>" in page


def test_chapters_stand_in_the_order_of_the_report(dataset):
    anchors = [chapter.anchor for chapter in build_content(dataset, analyse_dataset(dataset)).chapters]
    wanted = [
        "about",
        "record",
        "assumptions",
        "flow",
        "screening",
        "populations",
        "baseline",
        "exposure",
        "outcomes",
    ]
    assert anchors[: len(wanted)] == wanted
    assert anchors[-4:] == ["limits", "listings", "checklists", "reproduce"]


def test_every_number_that_opens_something_opens_what_is_there(content):
    def cells(blocks):
        for block in blocks:
            if isinstance(block, (Chapter, Details)):
                yield from cells(block.blocks)
            elif isinstance(block, Table):
                yield from (
                    cell for row in block.rows for cell in row if isinstance(cell, Cell) and cell.opens
                )

    places = content.openings.places()
    opened = [cell.opens for cell in cells(content.chapters) if cell.opens.startswith(("rows-", "v-", "e-"))]
    assert opened
    assert set(opened) <= places


def test_counts_of_the_flow_open_as_many_people(content):
    flow = next(chapter for chapter in content.chapters if chapter.anchor == "flow")
    lines = {opening.anchor: len(opening.lines) for opening in content.openings}
    for table in (block for block in flow.blocks if isinstance(block, Table)):
        for row in table.rows:
            for cell in row[1:]:
                if cell.opens:
                    assert int(cell.text) == lines[cell.opens]


def test_p_values_stand_beside_the_caveat(content):
    outcomes = next(chapter for chapter in content.chapters if chapter.anchor == "outcomes")
    for section in outcomes.blocks:
        for table in (block for block in section.blocks if isinstance(block, Table) and "p" in block.columns):
            assert any("no comparison group" in note for note in table.notes)
