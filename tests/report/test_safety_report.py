"""The safety chapters: every number opens what it counts, masked arms stay masked, empty states are said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from small_study import DOSE_DAY, Cut, SmallRules, make_study, origin, six_people
from trialrun.analyse.safety import analyse_safety
from trialrun.derive.dataset import derive_dataset
from trialrun.report.documents.blocks import Cell, Chapter, Note, Paragraph, Table
from trialrun.report.html import render_html
from trialrun.report.safety import exposure_chapter, safety_chapters
from trialrun.report.trace import Openings, Trace
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot
from trialrun.study.model import Arm, DosePlan


def chapters_of(tmp_path, cut):
    write_snapshot(tmp_path / "one", cut.tables, origin())
    data = derive_dataset(read_snapshot(tmp_path / "one"), cut.study, rules=SmallRules())
    safety = analyse_safety(data)
    openings = Openings()
    chapters = (exposure_chapter(data, safety, openings), *safety_chapters(data, safety, openings))
    return data, safety, openings, chapters


def tables(chapters):
    return [block for chapter in chapters for block in chapter.blocks if isinstance(block, Table)]


def words(chapters):
    found = []
    for chapter in chapters:
        for block in chapter.blocks:
            if isinstance(block, Paragraph | Note):
                found.append(str(block.text))
            elif isinstance(block, Table):
                found += [block.caption, block.empty, *block.notes]
                found += [cell if isinstance(cell, str) else cell.text for row in block.rows for cell in row]
    return found


def table(chapters, caption):
    return next(one for one in tables(chapters) if one.caption.startswith(caption))


def test_every_number_of_a_safety_table_opens_its_rows(tmp_path):
    data, safety, openings, chapters = chapters_of(tmp_path, six_people())
    cells = [cell for one in tables(chapters) for row in one.rows for cell in row if isinstance(cell, Cell)]
    opened = [cell.opens for cell in cells if cell.opens]
    assert set(opened) <= openings.places()
    made = {one.anchor: one for one in openings}
    any_event = next(
        row for row in table(chapters, "Adverse events in all").rows if row[0].text == "Any adverse event"
    )
    assert any_event[1].text == "1 (17 %)"
    (line,) = made[any_event[1].opens].lines
    assert line.participant == "S-004"
    assert {source.item for source in line.sources} >= {"ae_term", "ae_grade", "ae_outcome"}
    assert all(source.event_hash in data.snapshot.event_by_hash for source in line.sources)
    page = render_html(chapters, title="Safety", openings=openings, trace=Trace(data, openings))
    assert page.count(f'href="#{any_event[1].opens}"') >= 1
    assert f'id="{any_event[1].opens}"' in page
    assert "Variceal bleeding" in page
    assert len(safety.deaths) == 1


def test_the_chapters_stand_in_their_order(tmp_path):
    *_, chapters = chapters_of(tmp_path, six_people())
    assert all(isinstance(one, Chapter) for one in chapters)
    assert [one.anchor for one in chapters] == ["exposure", "adverse", "laboratory", "liver", "stopping"]


def two_arms(*, hidden):
    arms = {name: Arm(name, title, "") for name, title in (("single", "ARM-VERITAS"), ("other", "ARM-NEMO"))}
    one = make_study(arms=arms)
    plan = one.dose_plans[0]
    other = DosePlan("other", "nothing", plan.route, plan.doses, plan.total, "mg", plan.within_days + 1)
    cut = six_people(replace(one, dose_plans=(plan, other)))
    for index, row in enumerate(cut.tables["participants"]):
        row["arm"] = None if hidden else ("single", "other")[index % 2]
    return cut


@pytest.mark.parametrize("hidden", [False, True])
def test_arms_are_named_only_where_the_snapshot_holds_them(tmp_path, hidden):
    *_, chapters = chapters_of(tmp_path, two_arms(hidden=hidden))
    text = " ".join(words(chapters))
    assert ("ARM-VERITAS" in text) is not hidden
    assert ("ARM-NEMO" in text) is not hidden
    if hidden:
        assert "Arms are masked" in text
        # The plans differ, so what somebody was given would tell the arm.
        assert not [one for one in tables(chapters) if "Doses by participant" in one.caption]
        assert "it would tell the arm" in text


def test_nobody_treated_is_said(tmp_path):
    cut = Cut(make_study())
    cut.person("S-001", treated=False)
    *_, chapters = chapters_of(tmp_path, cut)
    text = " ".join(words(chapters))
    assert "Nobody has been treated yet." in text
    assert "Nobody has been given a dose yet." in text


def test_words_of_a_reporter_are_shown_as_words(tmp_path):
    cut = Cut(make_study())
    cut.person("S-001")
    cut.doses("S-001", 20, 20)
    cut.visit("S-001", "log", None, "adverse_event", "1", ae_term="<b>تهوع & قی</b>/x", ae_start=str(DOSE_DAY), ae_grade="2",
              ae_serious="false", ae_related="yes", ae_outcome="recovered")  # fmt: skip
    data, _, openings, chapters = chapters_of(tmp_path, cut)
    page = render_html(chapters, title="Safety", openings=openings, trace=Trace(data, openings))
    assert "&lt;b&gt;تهوع &amp; قی&lt;/b&gt;/x" in page
    assert "<b>تهوع" not in page


def test_the_same_snapshot_gives_the_same_page(tmp_path):
    def page(place):
        data, _, openings, chapters = chapters_of(tmp_path / place, six_people())
        return render_html(chapters, title="Safety", openings=openings, trace=Trace(data, openings))

    assert page("a") == page("b")
