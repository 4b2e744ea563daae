"""The builder's pages without a browser: what is refused comes back with what was sent, and nothing is lost."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from desk_kit import DeskClient, desk_of, made_up

DRAFT = "/drafts/NCT00000002"


@pytest.fixture
def drafts(tmp_path: Path) -> Path:
    return tmp_path / "drafts"


@pytest.fixture
def client(drafts: Path) -> DeskClient:
    from trialrun.app.desk_drafts import draft_from_file

    drafts.mkdir()
    draft_from_file("record.json", json.dumps(made_up(2)).encode(), drafts)
    return DeskClient(desk_of(None, drafts))


def fields(html: str) -> dict[str, Any]:
    """The values of the form of an entry, as a browser would send them."""
    form = html.split('id="entry"', 1)[1].split("</form>", 1)[0]
    found: dict[str, Any] = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    for name, value in re.findall(r'<textarea id="[^"]*" name="([^"]+)"[^>]*>\n([^<]*)</textarea>', form):
        found[name] = _plain(value)
    for name, value in re.findall(r'<input id="[^"]*" name="([^"]+)" value="([^"]*)"', form):
        found[name] = _plain(value)
    for name, value in re.findall(r'type="checkbox"[^>]* name="([^"]+)" value="([^"]*)" checked', form):
        found.setdefault(name, []).append(value)
    for name, inside in re.findall(r'<select id="[^"]*" name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        found[name] = chosen.group(1) if chosen else ""
    return {name: value for name, value in found.items() if not name.startswith("try.")}


def _plain(text: str) -> str:
    import html

    return html.unescape(text)


def test_saving_as_it_is_changes_nothing_and_a_bad_rule_is_kept_only_when_wanted(
    client: DeskClient, drafts: Path
):
    path = drafts / "NCT00000002" / "study.yaml"
    before = path.read_bytes()
    page = client.get(f"{DRAFT}/criteria/I_AGE_MINIMUM").text
    sent = fields(page)
    assert client.post(f"{DRAFT}/criteria/I_AGE_MINIMUM", sent).status_code == 303
    assert path.read_bytes() == before
    answer = client.post(f"{DRAFT}/criteria/I_AGE_MINIMUM", {**sent, "expression": "agee >= 6"})
    assert answer.status_code == 422
    assert "did you mean" in answer.text
    assert "agee &gt;= 6" in answer.text
    assert path.read_bytes() == before
    answer = client.post(
        f"{DRAFT}/criteria/I_AGE_MINIMUM", {**sent, "expression": "agee >= 6", "keep": "yes"}
    )
    assert answer.status_code == 303
    assert b"agee >= 6" in path.read_bytes()
    # A study that does not load is still edited, entry by entry.
    assert "does not load as a study yet" in client.get(DRAFT).text
    assert client.get(f"{DRAFT}/criteria/I_AGE_MINIMUM").status_code == 200


def test_a_change_made_meanwhile_is_shown_beside_mine(client: DeskClient, drafts: Path):
    path = drafts / "NCT00000002" / "study.yaml"
    sent = fields(client.get(f"{DRAFT}/criteria/I_AGE_MINIMUM").text)
    text = path.read_text(encoding="utf-8").replace("expression: age >= ", "expression: 1 + age >= ", 1)
    path.write_text(text, encoding="utf-8")
    answer = client.post(f"{DRAFT}/criteria/I_AGE_MINIMUM", {**sent, "expression": "age >= 7"})
    assert answer.status_code == 422
    assert "In the file now:" in answer.text
    assert "age &gt;= 7" in answer.text
    assert path.read_text(encoding="utf-8") == text
    again = fields(answer.text)
    assert client.post(f"{DRAFT}/criteria/I_AGE_MINIMUM", again).status_code == 303
    assert "expression: age >= 7" in path.read_text(encoding="utf-8")


def test_whole_text_versions_and_the_way_back(client: DeskClient, drafts: Path):
    path = drafts / "NCT00000002" / "study.yaml"
    before = path.read_text(encoding="utf-8")
    seen = re.search(r'name="seen" value="(\w+)"', client.get(f"{DRAFT}/text").text).group(1)  # type: ignore[union-attr]
    answer = client.post(f"{DRAFT}/text", {"seen": seen, "text": "study: ["})
    assert answer.status_code == 422
    assert path.read_text(encoding="utf-8") == before
    changed = before.replace("# A draft", "# My draft", 1) + "# the end\n"
    assert client.post(f"{DRAFT}/text", {"seen": seen, "text": changed}).status_code == 303
    assert path.read_text(encoding="utf-8") == changed
    page = client.get(f"{DRAFT}/versions/1").text
    assert "# the end" in page
    seen = re.search(r'name="seen" value="(\w+)"', page).group(1)  # type: ignore[union-attr]
    assert client.post(f"{DRAFT}/versions/1", {"seen": seen}).status_code == 303
    assert path.read_text(encoding="utf-8") == before


def test_what_the_script_is_told(client: DeskClient):
    sent = fields(client.get(f"{DRAFT}/visits/screening").text)
    said = client.post(f"{DRAFT}/visits/screening/look", {**sent, "offset": "soon"}).json()["fields"]
    assert "duration" in said["offset"]["message"]


def test_a_new_entry_is_looked_at_too_and_gaps_are_not_held_against_it(client: DeskClient):
    page = client.get(f"{DRAFT}/add/visits").text
    assert f'data-look="{DRAFT}/add/visits/look"' in page
    sent = {**fields(page), "offset": "2 months"}
    said = client.post(f"{DRAFT}/add/visits/look", sent).json()["fields"]
    assert "duration" in said["offset"]["message"]
    assert "title" not in said
    assert client.post(f"{DRAFT}/add/nothing/look", sent).status_code == 404


def test_enter_never_keeps_errors(client: DeskClient, drafts: Path):
    """Enter presses the first button of a form: it must not be the one that keeps errors."""
    sent = {**fields(client.get(f"{DRAFT}/visits/screening").text), "offset": "2 months"}
    answer = client.post(f"{DRAFT}/visits/screening", sent)
    assert answer.status_code == 422
    page = lxml.html.fromstring(answer.text)
    buttons = page.xpath("//button[@form='entry' or ancestor::form[@id='entry']]")
    assert [button.get("name") for button in buttons][:2] == [None, "keep"]
    assert "which is no duration" in answer.text
    assert "write P7D" in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "/drafts/none",
        "/drafts/..%2Fx",
        f"{DRAFT}/nothing",
        f"{DRAFT}/criteria/NONE",
        f"{DRAFT}/versions/99",
        f"{DRAFT}/rehearsals/7",
    ],
)
def test_what_is_not_there(client: DeskClient, address: str):
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\xff\xfe", b"[" * 5000, b"<html></html>", b'{"protocolSection": 3}']
)
def test_a_file_that_is_no_record_leaves_no_folder(client: DeskClient, drafts: Path, content: bytes):
    before = sorted(path.name for path in drafts.iterdir())
    answer = client.post("/drafts", {}, files={"file": ("../../x.json", content)})
    assert answer.status_code in (303, 422)
    made = sorted(path.name for path in drafts.iterdir())
    assert answer.status_code == 303 or made == before
    assert all((drafts / name / "study.yaml").is_file() for name in made)


def test_markup_in_a_draft_stays_text(client: DeskClient):
    sent = fields(client.get(f"{DRAFT}/visits/screening").text)
    evil = "</textarea><script>alert(1)</script>"
    assert client.post(f"{DRAFT}/visits/screening", {**sent, "title": evil, "note": evil}).status_code == 303
    for address in ("", "/visits", "/visits/screening", "/text", "/forms"):
        assert "<script>alert" not in client.get(f"{DRAFT}{address}").text
