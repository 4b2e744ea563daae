"""Queries, verification, histories and the audit trail in a real browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trialrun.ledger.commands import (
    AnswerQuery,
    Entry,
    RaiseQuery,
    RemoveRow,
    ReviewTrail,
    SaveForm,
    VerifySource,
)
from web_server import Served, sideways, violations

LAB = "/participants/S-001/history/screening/laboratory/0/bilirubin"


def prepared(served: Served) -> None:
    """A participant with a correction, queries, lost verification, a row taken back and a review."""
    office = served.office
    key = office.dosed()
    office.do(VerifySource(key, "screening", "laboratory", 0, "bilirubin"), "monitor")
    office.do(VerifySource(key, "screening", "laboratory", 0, "inr"), "monitor")
    office.do(
        RaiseQuery(key, "screening", "laboratory", "Is 2.6 mg/dL what the report says?", 0, "bilirubin"),
        "monitor",
    )
    office.do(AnswerQuery(key, "Q-001", "No: it says 3.1, see page 2 of the report"), "coordinator")
    seen = office.workspace.conduct.version(key)
    values = {"bilirubin": Entry("3.1", "mg/dL")}
    office.do(
        SaveForm(key, "screening", "laboratory", 0, values, seen, "Misread in the source"), "coordinator"
    )
    row = SaveForm(key, "log", "medication", 1, {"medication_name": Entry("Spironolactone")})
    office.do(row, "coordinator")
    office.do(RemoveRow(key, "log", "medication", 1, "entered for the wrong participant"), "coordinator")
    office.do(RaiseQuery(key, "month_2", "", "Will the visit take place?"), "monitor")
    office.do(ReviewTrail(20, "corrections, from 2026-05-01", "nothing unusual"), "data_manager")
    office.candidate("02")


PAGES = (
    ("monitor", "/queries"),
    ("monitor", "/queries/new?participant=S-001&place=screening%7Claboratory%7C0"),
    ("monitor", "/queries/import"),
    ("monitor", "/participants/S-001/queries/Q-001"),
    ("monitor", "/verification"),
    ("monitor", "/verification/lost"),
    ("monitor", "/participants/S-001/verification"),
    ("monitor", "/participants/S-001/verification/screening/laboratory/0"),
    ("coordinator", LAB),
    ("coordinator", "/participants/S-001/derived/screening/meld_unos"),
    ("coordinator", "/participants/S-001/as-of?at=2026-05-19T09:00"),
    ("coordinator", "/participants/S-001/as-of?at=2026-05-19T09:00&to=2026-06-30T09:00"),
    ("data_manager", "/trail"),
    ("data_manager", "/trail?text=nothing+like+it&system=yes"),
    ("data_manager", "/trail/reviews"),
    ("pi", "/site-copy"),
)


@pytest.mark.parametrize("phone", [False, True])
def test_no_page_has_a_barrier(served: Served, phone: bool):
    prepared(served)
    shots = os.environ.get("REVIEW_SHOTS", "")
    pages = {user: served.page(user, phone=phone, dark=phone) for user, _path in PAGES}
    for user, path in PAGES:
        page = pages[user]
        page.goto(path)
        if shots:
            name = path.strip("/").replace("/", "_").replace("?", "_")[:60]
            page.screenshot(path=str(Path(shots) / f"{name}{'_phone' if phone else ''}.png"), full_page=True)
        assert violations(page) == [], path
        assert sideways(page) == 0, path
        assert page.complaints == [], path


def test_from_a_number_in_the_trail_to_its_whole_history(served: Served):
    prepared(served)
    page = served.page("data_manager")
    page.goto("/trail?kind=changes")
    page.locator("summary", has_text="Histories").first.click()
    page.get_by_role("link", name=served.office.study.items["bilirubin"].label).first.click()
    table = page.get_by_role("table")
    assert "2.6 mg/dL" in table.inner_text()
    assert "3.1 mg/dL" in table.inner_text()
    assert "Misread in the source" in table.inner_text()
    page.locator("summary", has_text="followed").first.click()
    page.locator("details li a", has_text="MELD").first.click()
    assert "from 2.6 mg/dL to 3.1 mg/dL" in page.get_by_role("table").inner_text()


def test_a_listing_with_bad_lines(served: Served, tmp_path: Path):
    key = served.office.screened()
    file = tmp_path / "questions.csv"
    file.write_text(
        "participant,visit,form,row,item,message\n"
        f"{key},screening,laboratory,,bilirubin,Is it right?\n"
        f"{key},screening,nonsense,,,What?\n"
        f'{key},screening,laboratory,,inr,"Two lines:\nwith a comma, too"\n',
        encoding="utf-8",
    )
    page = served.page("monitor")
    page.goto("/queries/import")
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    assert "the study has no form 'nonsense'" in page.inner_text("main")
    assert violations(page) == []
    page.get_by_role("button", name="Ask 2 questions").click()
    assert "2 queries were raised" in page.inner_text("main")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download these lines").click()
    assert "nonsense" in Path(waiting.value.path()).read_text(encoding="utf-8")
    messages = [query.message for query in served.office.person(key).queries.values()]
    assert messages == ["Is it right?", "Two lines:\nwith a comma, too"]


def test_the_casebook_as_of_a_past_day(served: Served):
    prepared(served)
    page = served.page("coordinator")
    page.goto("/participants/S-001/as-of")
    page.get_by_label("As of").fill("2026-05-19T09:00")
    page.get_by_role("button", name="Show").click()
    assert "2.6 mg/dL" in page.inner_text("main")
    assert "3.1 mg/dL" not in page.inner_text("main")
    page.get_by_label("Compare with").fill("2026-05-30T09:00")
    page.get_by_role("button", name="Show").click()
    row = page.get_by_role("row").filter(has_text="3.1 mg/dL").first
    assert "2.6 mg/dL" in row.inner_text()


def test_the_trail_as_a_file(served: Served):
    prepared(served)
    page = served.page("data_manager")
    page.goto("/trail?kind=queries")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="The chosen entries").click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    assert text.splitlines()[0].startswith("position,at,user")
    assert "Is 2.6 mg/dL what the report says?" in text
