"""Results from a laboratory's file, ranges, grades: what is saved, what is refused, and why."""

from __future__ import annotations

import html
import re

import pytest

from trialrun.app.lab_file import Meaning, propose, read_lab_file
from trialrun.app.lab_import import Standing, import_results, last_mapping, preview
from trialrun.app.laboratory import lab_table
from trialrun.app.ranges import read_ranges, set_ranges
from trialrun.errors import UserError
from trialrun.ledger.commands import Entry, RecordVisit, SaveForm
from web_kit import DOSED, Office

RANGES = """item,unit,low,high,sex,age_from,age_to,valid_from,valid_to
alt,U/L,,40,F,,,,
alt,U/L,,55,M,,,,
inr,{INR},0.9,1.2,,,,,
sodium,mmol/L,135,145,,,,,
"""
FILE = """Participant,Collected,Test,Result,Unit,Lab
S-001,2026-05-10,ALT,45,U/L,Central laboratory
S-001,2026-05-10,Bilirubin,44.5,umol/L,Central laboratory
S-001,2026-05-10,Sodium,136,mEq/L,Central laboratory
S-001,2026-05-10,Ferritin,300,ug/L,Central laboratory
S-999,2026-05-10,ALT,45,U/L,Central laboratory
S-001,2026-02-30,ALT,45,U/L,Central laboratory
S-001,2026-05-10,AST,1e9,U/L,Central laboratory
"""


def meaning_for(office: Office, text: str = FILE) -> Meaning:
    found = propose(office.study, read_lab_file("results.csv", text.encode()))
    return Meaning(found.columns, dict(found.tests), {**found.units, "mEq/L": "mmol/L"})


def seen(office: Office, text: str = FILE):
    return preview(
        office.workspace,
        office.actor("coordinator"),
        ("01",),
        read_lab_file("results.csv", text.encode()),
        meaning_for(office, text),
    )


def test_every_line_says_what_becomes_of_it(office: Office):
    office.consented()
    lines = {line.number: line for line in seen(office).lines}
    assert [lines[n].standing for n in (2, 3, 4)] == [Standing.NEW] * 3
    assert lines[5].standing is Standing.LEFT_OUT
    assert lines[6].standing is Standing.REJECTED
    assert "no participant S-999" in lines[6].message
    assert "no date" in lines[7].message
    assert "hard limits" in lines[8].message
    assert lines[3].visit == "screening"


def test_nothing_is_saved_by_looking(office: Office):
    key = office.consented()
    before = office.workspace.store.position()
    seen(office)
    assert office.workspace.store.position() == before
    assert not office.person(key).form_values("screening", "laboratory", 0)


def test_good_lines_are_saved_and_bad_ones_kept_by_number_and_reason(office: Office):
    key = office.consented()
    file = read_lab_file("results.csv", FILE.encode())
    done = import_results(
        office.workspace,
        office.actor("pi"),
        ("01",),
        file,
        meaning_for(office),
        replace_lines=frozenset(),
        reason="",
    )
    assert (done.saved, done.forms, len(done.rejected)) == (3, 1, 3)
    values = office.person(key).form_values("screening", "laboratory", 0)
    assert (values["bilirubin"].text, values["bilirubin"].unit) == ("44.5", "umol/L")
    assert values["sample_date"].text == "2026-05-10"
    event = [e for e in office.workspace.store.read("study") if e.type == "FileImported"][-1]
    assert (event.data["accepted"], event.data["rejected"]) == (3, 3)
    assert "[[6, " in event.data["description"]
    assert event.data["checksum"] == file.checksum
    known = last_mapping(office.workspace, "01")
    assert known is not None
    assert known.units["mEq/L"] == "mmol/L"


def test_a_saved_result_is_replaced_only_when_chosen_and_with_a_reason(office: Office):
    key = office.consented()
    office.do(SaveForm(key, "screening", "laboratory", values={"alt": Entry("50", "U/L")}))
    file = read_lab_file("results.csv", FILE.encode())
    arguments = (office.workspace, office.actor("pi"), ("01",), file, meaning_for(office))
    assert [line.number for line in seen(office).of(Standing.DIFFERS)] == [2]
    with pytest.raises(UserError, match="needs a reason"):
        import_results(*arguments, replace_lines=frozenset({2}), reason=" ")
    import_results(*arguments, replace_lines=frozenset(), reason="")
    assert office.person(key).form_values("screening", "laboratory", 0)["alt"].text == "50"
    import_results(*arguments, replace_lines=frozenset({2}), reason="the printout was misread")
    assert office.person(key).form_values("screening", "laboratory", 0)["alt"].text == "45"


def test_two_results_for_one_place_are_both_rejected(office: Office):
    office.consented()
    text = FILE + "S-001,2026-05-10,ALT,54,U/L,Central laboratory\n"
    lines = {line.number: line for line in seen(office, text).lines}
    assert lines[2].standing is lines[9].standing is Standing.REJECTED
    assert "line 9" in lines[2].message


def test_another_sample_does_not_go_on_the_form(office: Office):
    key = office.consented()
    office.do(SaveForm(key, "screening", "laboratory", values={"sample_date": Entry("2026-05-09")}))
    rejected = seen(office).of(Standing.REJECTED)
    assert any("already holds the sample of 2026-05-09" in line.message for line in rejected)


def test_a_sample_without_a_visit_is_rejected(office: Office):
    office.candidate()
    assert all(line.standing is not Standing.NEW for line in seen(office).lines)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no line of values"),
        (b"a,b\n1,2,3\n", "3 cells, but 2 columns"),
        (b"a,a\n1,2\n", "each once"),
        (b"PK\x00\x01", "no text file"),
        (b"a,b\n" + b"1,2\n" * 20_001, "at most 20000"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(content: bytes, message: str):
    with pytest.raises(UserError, match=message):
        read_lab_file("results.csv", content)


def test_semicolons_commas_and_old_encodings_are_read():
    file = read_lab_file("x.csv", "Größe;Wert\na;1,5\n".encode("cp1252"))
    assert file.columns == ("Größe", "Wert")
    assert file.rows[0][1]["Wert"] == "1,5"


def test_ranges_follow_sex_and_the_worst_grade_follows_them(office: Office):
    key = office.screened()
    set_ranges(office.workspace, office.actor("pi"), "01", "Central laboratory", RANGES)
    rows = {row.analyte: row for row in lab_table(office.workspace, key).rows}
    alt = rows["alt"].readings[0]
    assert alt is not None
    assert (alt.value.limits.high, alt.flag) == (40.0, "H")  # the woman's, not the man's
    inr = rows["inr"].readings[0]
    assert inr is not None
    assert inr.flag == "H"
    bilirubin = rows["bilirubin"].readings[0]
    assert bilirubin is not None
    assert not bilirubin.ranged
    assert bilirubin.grade is not None
    assert bilirubin.grade.grade is None  # without the upper limit never 0


def test_another_laboratory_for_inr_is_warned_about(office: Office):
    key = office.dosed()
    office.clock.to(DOSED.replace(month=7))
    office.do(RecordVisit(key, "month_2", DOSED.replace(month=7)), "pi")
    given = {
        "sample_date": Entry("2026-07-20"),
        "laboratory_name": Entry("Elsewhere"),
        "inr": Entry("1.9", "{INR}"),
        "alt": Entry("90", "U/L"),
    }
    office.do(SaveForm(key, "month_2", "laboratory", values=given), "pi")
    table = lab_table(office.workspace, key)
    assert any("different laboratories (Central laboratory, Elsewhere)" in text for text in table.warnings)
    assert any("Fewer than two draws" in text for text in table.warnings)
    alt = next(row for row in table.rows if row.analyte == "alt").readings[-1]
    assert alt is not None
    assert alt.times_baseline == 2.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unit,low\nU/L,1\n", "no column 'item'"),
        ("item,upper\nalt,3\n", "unknown columns upper"),
        ("item,low\nalt,1,2\n", "line 2"),
        pytest.param(f'item,low\nalt,"{"9" * 200_000}"\n', "cannot be read", id="a cell without end"),
    ],
)
def test_a_table_of_ranges_that_is_none_is_refused(text: str, message: str):
    with pytest.raises(UserError, match=message):
        read_ranges(text)


def test_a_wrong_range_is_named_and_what_was_typed_stays(office: Office):
    client = office.client("pi")
    answer = client.post(
        "/sites/01/ranges", {"laboratory": "L", "ranges": "item,unit,low,high\nalt,mg/dL,1,2\n"}
    )
    assert answer.status_code == 422
    assert "range 1" in answer.text
    assert "alt,mg/dL,1,2" in answer.text
    assert client.post("/sites/01/ranges", {"laboratory": "L", "ranges": RANGES}).status_code == 303
    assert "sodium" in client.get("/sites/01/ranges?laboratory=L").text


def fields(page: str) -> dict[str, list[str]]:
    """What a browser would send of a page's last form."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page):
        found.setdefault(name, []).append(html.unescape(value))
    for name, value in re.findall(
        r'<textarea name="([^"]+)" hidden aria-hidden="true">\n(.*?)</textarea>', page, re.DOTALL
    ):
        found.setdefault(name, []).append(html.unescape(value))
    for name, options in re.findall(
        r'<select id="[^"]+" name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL
    ):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found.setdefault(name, []).append(html.unescape(chosen[1]) if chosen else "")
    return found


def test_from_upload_to_saved_values_without_scripts(office: Office):
    key = office.consented()
    client = office.client("coordinator")
    page = client.post("/laboratory/import", files={"file": ("results.csv", FILE.encode(), "text/csv")})
    assert page.status_code == 200, page.text
    sent = fields(page.text)
    sent["unit-ours"] = [
        "mmol/L" if theirs == "mEq/L" else ours
        for theirs, ours in zip(sent["unit-theirs"], sent["unit-ours"], strict=True)
    ]
    looked = client.post("/laboratory/import/mapping", sent)
    assert "Nothing is saved yet" in looked.text, looked.text
    done = client.post("/laboratory/import/confirm", fields(looked.text))
    assert "3 results saved" in done.text, done.text
    assert office.person(key).form_values("screening", "laboratory", 0)["sodium"].text == "136"
    bad = client.post("/laboratory/import/rejected", fields(done.text))
    assert "S-999" in bad.text
    assert "no participant" in bad.text
    shown = client.get(f"/participants/{key}/laboratory").text
    assert "44.5 umol/L" in shown


def test_markup_in_a_file_stays_text(office: Office):
    office.consented()
    text = FILE.replace("Ferritin", "<script>alert(1)</script>").replace("S-999", "</textarea><b>")
    page = office.client("coordinator").post(
        "/laboratory/import", files={"file": ("<b>.csv", text.encode(), "text/csv")}
    )
    assert "<script>alert" not in page.text
    assert "</textarea><b>" not in page.text
