"""Queries, source verification, histories, audit trail and a site's copy, as the people who use them see them."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile

import pytest

from trialrun.ledger.commands import (
    AnswerQuery,
    CloseQuery,
    Entry,
    RaiseQuery,
    RemoveRow,
    SaveForm,
    VerifySource,
)
from web_kit import Office

LAB = "/participants/{}/history/screening/laboratory/0/bilirubin"


def save(office: Office, key: str, form: str, values: dict[str, Entry], user: str = "coordinator", **more):
    visit, row = more.pop("visit", "screening"), more.pop("row", 0)
    seen = office.workspace.conduct.version(key)
    return office.do(SaveForm(key, visit, form, row, values, seen, more.pop("reason", "")), user)


def corrected(office: Office) -> str:
    """A screened person whose bilirubin was corrected, and what was signed before."""
    key = office.screened()
    save(office, key, "laboratory", {"bilirubin": Entry("3.1", "mg/dL")}, reason="misread in the source")
    return key


# --- queries -----------------------------------------------------------------------------------


def test_a_question_goes_from_asked_to_closed(office: Office):
    key = office.screened()
    monitor, coordinator = office.client("monitor"), office.client("coordinator")
    assert "There are no queries" in monitor.get("/queries").text or "queries" in monitor.get("/queries").text
    first = monitor.post("/queries/new", {"participant": key, "step": "participant"})
    assert "About" in first.text
    sent = {
        "participant": key,
        "place": "screening|laboratory|0",
        "item": "bilirubin",
        "message": "Really 2.6?",
    }
    assert "Question" in monitor.post("/queries/new", {**sent, "message": ""}).text
    assert monitor.post("/queries/new", {**sent, "message": " "}).status_code == 422
    answer = monitor.post("/queries/new", sent)
    assert answer.status_code == 303
    thread = answer.headers["location"]
    page = coordinator.get(thread).text
    assert "Really 2.6?" in page
    assert "Close the query" not in page
    assert coordinator.post(thread, {"do": "close", "reason": "x"}).status_code == 422
    assert coordinator.post(thread, {"do": "answer", "answer": "Yes, see source"}).status_code == 303
    assert monitor.post(thread, {"do": "close", "reason": ""}).status_code == 422
    assert monitor.post(thread, {"do": "close", "reason": "settled"}).status_code == 303
    assert monitor.post(thread, {"do": "reopen", "reason": "not settled"}).status_code == 303
    said = monitor.get(thread).text
    for words in ("Yes, see source", "settled", "not settled", "Asked again"):
        assert words in said
    assert "Really 2.6?" in monitor.get("/queries").text
    rows = list(csv.DictReader(io.StringIO(monitor.get("/queries.csv?status=all").text)))
    assert rows[0]["status"] == "open"
    assert rows[0]["message"] == "Really 2.6?"


def test_a_query_closed_by_a_check_says_which_change_settled_it(office: Office):
    key = office.screened()
    save(office, key, "laboratory", {"bilirubin": Entry("45", "mg/dL")}, reason="typed wrong")
    query = next(one for one in office.person(key).queries.values() if one.item == "bilirubin")
    save(office, key, "laboratory", {"bilirubin": Entry("2.6", "mg/dL")}, reason="comma was missing")
    assert office.person(key).queries[query.id].status == "closed"
    page = office.client("monitor").get(f"/participants/{key}/queries/{query.id}").text
    assert "by the check" in page
    assert "comma was missing" in page
    assert query.id in office.client("monitor").get("/queries?status=closed").text


def test_another_sites_queries_do_not_exist(office: Office):
    key = office.screened()
    office.do(RaiseQuery(key, "screening", "laboratory", "secret of site 01"), "monitor")
    other = office.client("coordinator2")
    assert "secret of site 01" not in other.get("/queries").text
    assert other.get(f"/participants/{key}/queries/Q-001").status_code == 404
    assert "secret" not in other.get("/queries.csv?status=all").text
    assert office.client("statistician").get("/queries").status_code == 403


LISTING = (
    "participant,visit,form,row,item,message\r\n"
    "{key},screening,laboratory,,bilirubin,Is 2.6 right?\r\n"
    "S-999,screening,laboratory,,bilirubin,Who is that?\r\n"
    "{key},screening,laboratory,,no_such_item,What?\r\n"
    "{key},screening,laboratory,x,bilirubin,Which row?\r\n"
    "{key},screening,laboratory,,bilirubin,Is 2.6 right?\r\n"
    '{key},screening,,,,"Who came, and when?"\r\n'
)


def test_a_listing_is_looked_at_first_and_its_bad_lines_come_back(office: Office):
    key = office.screened()
    monitor = office.client("monitor")
    content = LISTING.format(key=key).encode()
    seen = monitor.post("/queries/import", files={"file": ("ask.csv", content, "text/csv")})
    assert seen.status_code == 200
    assert office.person(key).queries == {}
    for words in ("2 lines can be asked", "4 cannot", "S-999", "no_such_item", "further up"):
        assert words in seen.text
    held = dict(re.findall(r'name="(name|content)" value="([^"]*)"', seen.text))
    done = monitor.post("/queries/import", {**held, "confirm": "yes"})
    assert done.status_code == 303
    assert [one.message for one in office.person(key).queries.values()] == [
        "Is 2.6 right?",
        "Who came, and when?",
    ]
    kept = list(csv.DictReader(io.StringIO(monitor.get("/queries/import/rejected.csv").text)))
    assert len(kept) == 4
    assert all(row["problem"] for row in kept)
    (event,) = (one for one in office.workspace.store.read("study") if one.type == "FileImported")
    assert (event.data["accepted"], event.data["rejected"]) == (2, 4)
    import hashlib

    assert event.data["checksum"] == hashlib.sha256(content).hexdigest()
    again = monitor.post("/queries/import", {**held})
    assert "asked already" in again.text
    assert (
        monitor.post("/queries/import", files={"file": ("x.csv", b"a,b\n1,2\n", "text/csv")}).status_code
        == 422
    )
    assert monitor.post("/queries/import", {}).status_code == 422
    endless = b"participant,visit,message\n" + b'"' + b"x" * 200_000
    unread = monitor.post("/queries/import", files={"file": ("x.csv", endless, "text/csv")})
    assert (unread.status_code, "quotation marks" in unread.text) == (422, True)


# --- source verification -----------------------------------------------------------------------


def test_many_values_are_verified_at_once_and_a_change_loses_one_visibly(office: Office):
    key = office.screened()
    monitor = office.client("monitor")
    path = f"/participants/{key}/verification/screening/laboratory/0"
    seen = office.workspace.conduct.version(key)
    assert monitor.post(path, {"seen": seen}).status_code == 422
    sent = {"item": ["bilirubin", "inr"], "seen": str(seen)}
    assert monitor.post(path, sent).status_code == 303
    assert "To do" in monitor.get("/verification").text
    save(office, key, "laboratory", {"bilirubin": Entry("3.1", "mg/dL")}, reason="misread in the source")
    lost = monitor.get("/verification/lost").text
    assert "misread in the source" in lost
    assert "Coordinator" in lost
    assert "inr" not in re.findall(r"laboratory/0\">[^<]*", lost)
    late = monitor.post(path, {"item": ["bilirubin"], "seen": str(seen)})
    assert late.status_code == 422
    assert "changed while you looked" in late.text
    now = office.workspace.conduct.version(key)
    assert monitor.post(path, {"item": ["bilirubin"], "seen": str(now)}).status_code == 303
    assert "No verification was lost" in monitor.get("/verification/lost").text
    assert office.client("coordinator").post(path, sent).status_code == 403
    assert office.client("coordinator2").get(path).status_code == 404


def test_a_sample_is_the_same_whoever_looks(office: Office):
    from dataclasses import replace

    from trialrun.app.verification import form_progress, sampling_plan

    key = office.screened()
    settings = {
        **office.study.settings,
        "source_verification": {"plan": "sample", "every": 2, "items": ["inr"]},
    }
    study = replace(office.study, settings=settings, hash="f" * 64)
    assert sampling_plan(study).critical == {"inr"}
    first, second = (form_progress(study, office.person(key), order) for order in (0, 1))
    assert sum(one.progress.wanted for one in first) == len(office.person(key).values)
    assert [(one.form, one.progress.wanted) for one in second] == [("laboratory", 1)]
    critical = sampling_plan(
        replace(study, settings={**settings, "source_verification": {"plan": "critical"}}, hash="e" * 64)
    ).critical
    assert {"bilirubin", "inr", "dose_given", "consent_date"} <= critical
    assert critical < set(study.items)


# --- histories ---------------------------------------------------------------------------------


def test_the_history_of_a_value_tells_all_of_it(office: Office):
    key = office.screened()
    office.do(VerifySource(key, "screening", "laboratory", 0, "bilirubin"), "monitor")
    office.do(RaiseQuery(key, "screening", "laboratory", "Really?", 0, "bilirubin"), "monitor")
    save(office, key, "laboratory", {"bilirubin": Entry("3.1", "mg/dL")}, reason="misread in the source")
    page = office.client("coordinator").get(LAB.format(key)).text
    for words in ("2.6 mg/dL", "3.1 mg/dL", "misread in the source", "lost by a change", "Q-001", "MELD"):
        assert words in page
    derived = office.client("coordinator").get(
        re.search(r'href="([^"]*/derived/screening/meld[^"]*)"', page)[1]
    )
    assert derived.status_code == 200
    assert "from 2.6 mg/dL to 3.1 mg/dL" in derived.text
    assert office.client("coordinator2").get(LAB.format(key)).status_code == 404
    assert (
        office.client("coordinator").get(LAB.format(key).replace("bilirubin", "nothing")).status_code == 404
    )


def test_a_row_taken_back_keeps_its_history(office: Office):
    key = office.screened()
    save(office, key, "medication", {"medication_name": Entry("Spironolactone")}, visit="log", row=1)
    office.do(RemoveRow(key, "log", "medication", 1, "wrong participant"))
    page = (
        office.client("coordinator").get(f"/participants/{key}/history/log/medication/1/medication_name").text
    )
    assert "Spironolactone" in page
    assert "wrong participant" in page
    assert "no value" in page


def test_identifying_values_are_for_the_site_alone(office: Office):
    key = office.screened()
    save(office, key, "demographics", {"birth_date": Entry("1975-02-01")}, reason="typing")
    path = f"/participants/{key}/history/screening/demographics/0/birth_date"
    own = office.client("coordinator").get(path).text
    assert "1974-02-01" in own
    assert "1975-02-01" in own
    for user in ("monitor", "data_manager"):
        client = office.client(user)
        for where in (path, f"/participants/{key}/as-of?at=2027-01-01T00:00", "/trail?text=1974-02-01"):
            assert "1975-02-01" not in client.get(where).text
            assert "1974-02-01</" not in client.get(where).text
        sent = client.post("/trail/export", {"format": "csv", "whole": "yes"})
        assert b"1975-02-01" not in sent.content


# --- the past ----------------------------------------------------------------------------------


def test_the_casebook_as_of_a_moment_and_what_changed_since(office: Office):
    key = office.screened()
    office.clock.now = office.clock.now.replace(day=19)
    before = office.clock.now.astimezone(office.workspace.zone).strftime("%Y-%m-%dT%H:%M")
    office.clock.now = office.clock.now.replace(day=21)
    save(office, key, "laboratory", {"bilirubin": Entry("3.1", "mg/dL")}, reason="misread")
    after = "2026-06-01T00:00"
    client = office.client("coordinator")
    then = client.get(f"/participants/{key}/as-of?at={before}").text
    assert "2.6 mg/dL" in then
    assert "3.1 mg/dL" not in then
    assert "3.1 mg/dL" in client.get(f"/participants/{key}/as-of?at={after}").text
    both = client.get(f"/participants/{key}/as-of?at={before}&to={after}").text
    assert "2.6 mg/dL" in both
    assert "3.1 mg/dL" in both
    assert "MELD" in both
    assert client.get(f"/participants/{key}/as-of?at=yesterday").status_code == 422
    assert "not registered yet" in client.get(f"/participants/{key}/as-of?at=2020-01-01T00:00").text
    assert client.get(f"/participants/{key}/as-of").status_code == 200
    assert office.client("coordinator2").get(f"/participants/{key}/as-of").status_code == 404


# --- the audit trail ---------------------------------------------------------------------------


def test_the_trail_is_searched_in_plain_words(office: Office):
    key = corrected(office)
    client = office.client("data_manager")
    label = office.study.items["bilirubin"].label
    page = client.get("/trail").text
    assert f"changed {label} from 2.6 mg/dL to 3.1 mg/dL at " in page
    for query, there in (
        ("kind=changes", True),
        ("text=MISREAD", True),
        ("text=nowhere", False),
        ("who=coordinator&kind=ItemsCorrected", True),
        ("who=pi&kind=ItemsCorrected", False),
        (f"participant={key}&item=bilirubin", True),
        ("item=inr&kind=ItemsCorrected", False),
        ("since=2026-05-18&until=2026-05-18", True),
        ("until=2026-05-01", False),
    ):
        assert ("misread in the source" in client.get(f"/trail?{query}").text) is there, query
    assert client.get("/trail?since=soon").status_code == 422
    assert office.client("coordinator").get("/trail").status_code == 403


def test_pages_follow_each_other_without_gap(office: Office):
    from trialrun.app.trail import Trail, TrailChoice

    corrected(office)
    trail = Trail(office.workspace, office.actor("data_manager"))
    everything = [row.event.position for row in trail.find(TrailChoice(system=True))]
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == office.workspace.store.position()[0]
    found, before = [], 0
    while True:
        page = trail.page(TrailChoice(system=True), before, 7)
        found += [row.event.position for row in page.rows]
        before = page.older
        if not before:
            break
    assert found == everything


def test_a_site_sees_its_own_trail(office: Office):
    corrected(office)
    other = office.client("pi2")
    assert "misread in the source" not in other.get("/trail").text
    assert "S-001" not in other.get("/trail?system=yes").text
    assert "misread in the source" in office.client("pi").get("/trail").text


def test_files_of_the_trail_are_entries_with_their_checksum(office: Office):
    import hashlib

    corrected(office)
    client = office.client("data_manager")
    sent = client.post("/trail/export", {"format": "csv", "kind": "changes"})
    rows = list(csv.DictReader(io.StringIO(sent.content.decode("utf-8-sig"))))
    row = next(row for row in rows if row["item"] == "bilirubin")
    assert (row["user"], row["reason"], row["old"], row["new"]) == (
        "coordinator",
        "misread in the source",
        "2.6 mg/dL",
        "3.1 mg/dL",
    )
    events = [one for one in office.workspace.store.read("study") if one.type == "DataExported"]
    assert events[-1].data["checksum"] == hashlib.sha256(sent.content).hexdigest()
    whole = client.post("/trail/export", {"format": "jsonl", "whole": "yes"})
    lines = [json.loads(line) for line in whole.content.decode().splitlines()]
    assert lines[0]["position"] == 1
    assert lines[-1]["type"] == "DataExported"
    assert client.post("/trail/export", {"format": "exe"}).status_code == 404
    assert office.client("coordinator").post("/trail/export", {"format": "csv"}).status_code == 403


def test_a_review_of_the_trail_is_on_record(office: Office):
    corrected(office)
    client = office.client("data_manager")
    end = office.workspace.store.position()[0]
    assert (
        client.post("/trail/reviews", {"scope": "all", "through": end + 9, "finding": "x"}).status_code == 422
    )
    assert client.post("/trail/reviews", {"scope": "all", "through": end, "finding": ""}).status_code == 422
    assert (
        client.post("/trail/reviews", {"scope": "all", "through": end, "finding": "nothing odd"}).status_code
        == 303
    )
    page = client.get("/trail/reviews").text
    assert "nothing odd" in page
    office.do(RaiseQuery("S-001", "screening", "laboratory", "why?"), "monitor")
    office.do(AnswerQuery("S-001", "Q-001", "because"), "coordinator")
    office.do(CloseQuery("S-001", "Q-001", "fine"), "monitor")
    assert office.client("coordinator").get("/trail/reviews").status_code == 403
    assert re.search(r"[345] entries since your last", client.get("/trail/reviews").text)


# --- a site's copy -----------------------------------------------------------------------------


def test_a_site_takes_its_complete_copy_and_it_verifies(office: Office, tmp_path):
    key = corrected(office)
    other = office.screened("02")
    office.workspace.store.seal(now=office.clock())
    sent = office.client("investigator").post("/site-copy")
    assert sent.status_code == 200, sent.text
    archive = zipfile.ZipFile(io.BytesIO(sent.content))
    names = set(archive.namelist())
    assert {
        "log.jsonl",
        "values.csv",
        "audit.csv",
        "manifest.json",
        "verify.py",
        f"casebooks/{key}.pdf",
    } <= names
    assert "definition/study.yaml" in names
    log = archive.read("log.jsonl").decode()
    assert other not in archive.read("values.csv").decode()
    assert f"participant/{other}" not in {json.loads(line).get("stream") for line in log.splitlines()}
    assert "1974-02-01" in archive.read("values.csv").decode()
    assert archive.read(f"casebooks/{key}.pdf").startswith(b"%PDF")
    archive.extractall(tmp_path / "copy")
    script = tmp_path / "copy" / "verify.py"
    run = subprocess.run([sys.executable, str(script), str(script.parent)], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
    lines = log.replace("misread in the source", "nothing was changed")
    (script.parent / "log.jsonl").write_text(lines, encoding="utf-8")
    run = subprocess.run([sys.executable, str(script), str(script.parent)], capture_output=True, text=True)
    assert run.returncode == 1
    assert "the content does not match its hash" in run.stdout
    assert [
        one.data["kind"] for one in office.workspace.store.read("study") if one.type == "DataExported"
    ] == ["site copy"]


@pytest.mark.parametrize("user", ["coordinator", "monitor", "sponsor", "data_manager"])
def test_nobody_else_takes_it(office: Office, user: str):
    assert office.client(user).post("/site-copy").status_code == 403
