"""The pages of the desk: trials, versions, files, imports; who may what; and records that want to be more than text."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as Tree

import lxml.html
import pytest

from crawl import complaints
from desk_kit import EXAMPLE, DeskClient, desk_of, hostile, made_up, second_version, stored
from trialrun.app.desk import asked_host_is_own, is_loopback, open_desk
from trialrun.app.desk_addresses import id_of, trial_path
from trialrun.errors import UserError
from trialrun.registry.store import RegistryStore

ATOM = "{http://www.w3.org/2005/Atom}"


def test_a_trial_page_shows_the_record_and_what_is_missing(client: DeskClient):
    page = client.get("/trials/NCT00000002").text
    text = " ".join(lxml.html.fromstring(page).text_content().split())
    for words in (
        "Exercise in Liver Cirrhosis, Study 2",
        "Which group you are in is drawn by chance",
        "Some people get a placebo",
        "You are not told which treatment you get",
        "Able to consent",
        "Baseline, 3 and 6 months",
        "What the record leaves open",
        "Trials like this one",
        "Draft a study from this record",
    ):
        assert words in text, words


def test_late_results_are_told_and_posted_ones_are_not_late(client: DeskClient):
    found = client.get("/api/trials?overdue=yes&size=100").json()["trials"]
    late = {one["id"] for one in found}
    assert late
    for one in found:
        assert "Results overdue" in client.get(trial_path(one["id"])).text
    for one in client.get("/api/trials?overdue=no&size=100").json()["trials"]:
        assert "Results overdue" not in client.get(trial_path(one["id"])).text, one["id"]


def test_versions_are_shown_and_compared(client: DeskClient):
    old, new = client.get("/trials/NCT00000001?version=1").text, client.get("/trials/NCT00000001").text
    assert "This is version 1 of 2, an old one." in old
    assert "HbA1c" in old
    assert "HbA1c" not in new
    page = client.get("/trials/NCT00000001/versions").text
    text = " ".join(lxml.html.fromstring(page).text_content().split())
    assert "Quality of life" in text
    assert page == client.get("/trials/NCT00000001/versions?old=2&new=1").text
    alarms = [
        " ".join(one.text_content().split())
        for one in lxml.html.fromstring(page).xpath("//li[contains(@class, 'alarm')]")
    ]
    assert any("High" in one and "primary outcome" in one for one in alarms), alarms
    told = client.get("/api/trials/NCT00000001/versions/2/changes").json()
    assert len(told["alarms"]) == len(alarms)
    assert client.get("/api/trials/NCT00000001/versions/1/changes").json()["changes"] == []
    assert "This store has one version" in client.get("/trials/NCT00000002/versions").text


def test_the_record_comes_back_as_it_was(client: DeskClient):
    for path in ("/trials/NCT00000001/record.json?version=1", "/api/trials/NCT00000001/versions/1"):
        assert client.get(path).json() == made_up(1)
    for path in ("/trials/NCT00000001/record.json", "/api/trials/nct00000001"):
        assert client.get(path).json() == second_version(1)
    listed = client.get("/api/trials/NCT00000001/versions").json()
    assert [(one["number"], one["updated"]) for one in listed["versions"]] == [
        (1, "2017-03-02"),
        (2, "2026-10-01"),
    ]


@pytest.mark.parametrize(
    "path", ["/trials/NCT9", "/trials/NCT9/versions", "/trials/NCT9/record.json", "/trials/NCT00000001?version=7",
             "/trials/%00", "/trials/%ED%A0%80", "/drafts/../x", "/nowhere"],
)  # fmt: skip
def test_what_is_not_there_is_said_so(client: DeskClient, path: str):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Not found" in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_programs_are_told_in_json(client: DeskClient):
    answer = client.get("/api/trials/NCT9")
    assert answer.status_code == 404
    assert answer.json()["message"].startswith("There is no trial NCT9")
    found = client.get("/api/trials?q=asthma&phase=NA&phase=PHASE2&size=3&age=x").json()
    assert found["total"] == sum(
        one["value"] in ("NA", "PHASE2") and one["count"] for one in found["facets"]["phase"]
    )
    assert len(found["notes"]) == 1
    assert found["query"] == "q=asthma&phase=PHASE2&phase=NA&size=3" or found["query"].count("phase=") == 2


def test_an_export_holds_all_that_was_found_and_no_formula(client: DeskClient):
    rows = list(csv.DictReader(io.StringIO(client.get("/export.csv").text)))
    listed = client.get("/export.json").json()
    assert [row["id"] for row in rows] == [one["id"] for one in listed]
    assert len(rows) == 31
    nasty = next(row for row in rows if row["id"] == "NCT66666666")
    assert nasty["title"].startswith("'=cmd")
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    few = list(csv.DictReader(io.StringIO(client.get("/export.csv?condition=asthma&size=2").text)))
    assert {row["conditions"] for row in few} == {"Asthma"}
    assert len(few) > 2


def test_the_feed_is_atom_with_ids_that_stay(client: DeskClient, store: RegistryStore, tmp_path: Path):
    text = client.get("/feed.atom?q=metformin&page=2").text
    feed = Tree.fromstring(text.encode())
    assert feed.tag == f"{ATOM}feed"
    for element in (feed, *feed.iter(f"{ATOM}entry")):  # RFC 4287, 4.1.1 and 4.1.2
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", element.findtext(f"{ATOM}updated"))
        assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", element.findtext(f"{ATOM}id"))
    assert feed.find(f"{ATOM}author/{ATOM}name").text
    assert [one.get("href") for one in feed.findall(f"{ATOM}link") if one.get("rel") == "self"] == [
        "http://127.0.0.1/feed.atom?q=metformin"
    ]
    entries = feed.findall(f"{ATOM}entry")
    updated = [one.findtext(f"{ATOM}updated") for one in entries]
    assert updated == sorted(updated, reverse=True)
    assert feed.findtext(f"{ATOM}updated") == updated[0]
    assert len({one.findtext(f"{ATOM}id") for one in entries}) == len(entries) > 1

    elsewhere = DeskClient(desk_of(store), host="127.0.0.2")
    again = Tree.fromstring(elsewhere.get("/feed.atom?q=metformin").text.encode())
    assert [one.findtext(f"{ATOM}id") for one in again.iter(f"{ATOM}entry")] == [
        one.findtext(f"{ATOM}id") for one in entries
    ]
    assert (
        Tree.fromstring(client.get("/feed.atom").text.encode()).tag == f"{ATOM}feed"
    )  # the hostile one among them


def test_a_hostile_record_is_shown_as_text(client: DeskClient):
    for path in ("/", "/trials/NCT66666666", "/trials/NCT66666666/versions", "/feed.atom?q=alert"):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    page = lxml.html.fromstring(client.get("/trials/NCT66666666").text)
    assert not [one for one in page.xpath("//@href") if one.lower().startswith("javascript")]
    assert "{{ 7*7 }}" in page.text_content()


def test_deep_and_odd_records_have_a_page(tmp_path: Path):
    odd = hostile()
    odd["protocolSection"]["designModule"] = {
        "designInfo": [],
        "phases": "PHASE1",
        "enrollmentInfo": {"count": "12"},
    }
    odd["protocolSection"]["contactsLocationsModule"] = []
    odd["protocolSection"]["statusModule"] = {
        "overallStatus": 7,
        "startDateStruct": "soon",
        "whyStopped": ["x"],
    }
    bare = {"protocolSection": {"identificationModule": {"nctId": "CTRI/2020/01/022636"}}}
    there = DeskClient(desk_of(stored(tmp_path, [odd, bare])))
    for hit in there.get("/api/trials").json()["trials"]:
        for rest in ("", "/versions", "/record.json"):
            assert there.get(trial_path(hit["id"], rest)).status_code == 200, (hit["id"], rest)


def test_numbers_with_slashes_have_addresses():
    path = trial_path("CTRI/2020/01/022636", "/versions")
    assert path == "/trials/CTRI~2020~01~022636/versions"
    assert id_of(path.split("/")[2]) == "CTRI/2020/01/022636"


def test_no_page_is_broken_and_every_link_leads_somewhere(client: DeskClient):
    seen, queue, wrong = {"/"}, ["/", "/api", "/take-part", "/import"], []
    while queue and len(seen) < 400:
        path = queue.pop(0)
        answer = client.get(path)
        if answer.status_code != 200:
            wrong.append(f"{path}: {answer.status_code}")
        if "html" not in answer.headers["content-type"]:
            continue
        page = lxml.html.fromstring(answer.text)
        wrong += complaints(path, page)
        for link in page.xpath("//a/@href | //link[@rel='alternate']/@href"):
            parts = urlsplit(urljoin(f"http://127.0.0.1{path}", link))
            if parts.netloc != "127.0.0.1" or parts.path.startswith(("/static", "/drafts")):
                continue
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            kind = re.sub(r"=[^&]*|NCT\d+|\d+", "*", target)
            if target not in seen and sum(re.sub(r"=[^&]*|NCT\d+|\d+", "*", one) == kind for one in seen) < 3:
                seen.add(target)
                queue.append(target)
    assert wrong == []
    assert len(seen) > 60


def test_reading_sets_no_cookie_and_keeps_nothing(client: DeskClient):
    for path in ("/", "/?q=asthma", "/take-part", "/api", "/api/trials", "/feed.atom", "/export.csv"):
        assert "set-cookie" not in client.get(path).headers, path


def test_files_are_imported_and_bad_ones_listed(tmp_path: Path):
    there = DeskClient(desk_of(stored(tmp_path, ())))
    files = [
        ("files", ("../../one.json", json.dumps(made_up(1)), "application/json")),
        ("files", ("two.jsonl", "\n".join(json.dumps(made_up(n)) for n in (2, 3)), "text/plain")),
        ("files", ("<b>cut.json", '{"protocolSection": {"iden', "application/json")),
        ("files", ("seed.json", EXAMPLE.read_bytes(), "application/json")),
    ]
    answer = there.post("/import", files=files)
    assert answer.status_code == 200
    text = " ".join(lxml.html.fromstring(answer.text).text_content().split())
    assert "4 records were read: 4 new" in text
    assert "One thing could not be taken" in text
    assert "<b>cut" not in answer.text
    assert there.get("/trials/NCT05871463").status_code == 200
    again = there.post("/import", files=files[:1])
    assert again.status_code == 303
    assert "0 new, 0 new versions, 1 known already" in there.get("/import").text
    assert there.post("/import").status_code == 422
    assert not (tmp_path.parent / "one.json").exists()


def test_a_form_of_another_site_is_refused(client: DeskClient):
    files = [("files", ("one.json", json.dumps(made_up(1)), "application/json"))]
    answer = client.inner.post("/import", files=files, headers={"x-csrftoken": "no"})
    assert answer.status_code == 403
    assert "open too long, or the request came from another site" in answer.text


@pytest.mark.parametrize(
    "host", ["evil.test", "127.0.0.1.evil.test", "localhost.evil.test:8010", "", "[::2]:80"]
)
def test_a_desk_of_this_machine_answers_to_its_own_name_only(client: DeskClient, host: str):
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 403
    assert "Search trials</h1>" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8010", "localhost", "LOCALHOST:1", "[::1]:8010", "127.9.9.9"])
def test_this_machines_own_names(host: str):
    assert asked_host_is_own(host)


def test_from_other_machines_one_only_reads(store: RegistryStore, tmp_path: Path):
    there = DeskClient(desk_of(store, tmp_path, local=False), host="registry.example")
    assert there.get("/").status_code == 200
    page = there.get("/trials/NCT00000001").text
    assert "Draft a study" not in page
    assert 'href="/import"' not in page
    for path in ("/import", "/drafts"):
        assert there.get(path).status_code == 404
        assert there.post(path).status_code in (404, 405)


def test_drafts_are_refused_at_an_address_others_reach(tmp_path: Path):
    for host in ("0.0.0.0", "::", "192.168.1.5", "registry.example"):
        assert not is_loopback(host)
        with pytest.raises(UserError, match="no sign-in"):
            open_desk(tmp_path / "records.sqlite", drafts=tmp_path / "drafts", host=host)
    with pytest.raises(UserError, match="nothing to serve"):
        open_desk(None)
    desk = open_desk(tmp_path / "records.sqlite", host="0.0.0.0")
    assert not desk.may_import
    desk = open_desk(None, drafts=tmp_path / "drafts")
    assert desk.may_draft
    assert DeskClient(desk).get("/").headers["location"] == "/drafts"
    assert DeskClient(desk).get("/api/trials").status_code == 404


def test_pages_speak_the_language_asked_for(store: RegistryStore, monkeypatch: pytest.MonkeyPatch):
    import gettext

    from trialrun.app import language
    from trialrun.web import application

    class Persian(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return f"⟦{message}⟧"

    monkeypatch.setattr(language, "_translations", lambda code: Persian() if code == "fa" else language._NONE)
    monkeypatch.setattr(application, "languages", lambda: ("en", "fa"))
    there = DeskClient(desk_of(store))
    page = there.get("/", headers={"accept-language": "fa-IR"})
    assert '<html lang="fa" dir="rtl"' in page.text
    assert "⟦Search trials⟧" in page.text
    assert "⟦" not in there.get("/", headers={"accept-language": "fr"}).text


@pytest.mark.shared
def test_every_real_record_has_its_page(shared, tmp_path: Path):
    documents = [json.loads(path.read_bytes()) for path in sorted(shared("ctgov").glob("NCT*.json"))]
    there = DeskClient(desk_of(stored(tmp_path, documents)))
    assert there.get("/api/trials").json()["total"] == len(documents) == 20
    for document in documents:
        module = document["protocolSection"]["identificationModule"]
        page = there.get(trial_path(module["nctId"]))
        assert page.status_code == 200
        text = " ".join(lxml.html.fromstring(page.text).text_content().split())
        assert " ".join(module["briefTitle"].split()) in text
        for outcome in document["protocolSection"]["outcomesModule"]["primaryOutcomes"]:
            assert " ".join(outcome["measure"].split()) in text
        assert there.get(f"/api/trials/{module['nctId']}").json() == document
