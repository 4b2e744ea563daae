"""From the log to the public page in the browser: interim, final, files, release, publication, and who sees what."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from trialrun.app.rehearsals import rehearse_study
from trialrun.app.results_folder import ASKED, FILES, results_folder, runs
from trialrun.app.workspace import open_workspace
from trialrun.ledger.commands import Actor, AddUser, GrantRole, LockDatabase, UnlockDatabase
from trialrun.ledger.decide import database_lock
from web_kit import FOLDER, PEOPLE, Clock, Office

ADMIN = Actor("admin", "administrator")
MADE = {
    "report.html", "report.pdf", "results.json", "analysis-plan.html", "analysis-plan.pdf", "registry-results.json",
    "registry-findings.json", "plain-summary.json", "snapshot.zip",
}  # fmt: skip
if find_spec("rtflite") is not None:
    MADE.add("report-tables.zip")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A rehearsed trial that has ended, with everybody's account."""
    folder = tmp_path_factory.mktemp("rehearsed") / "log"
    done = rehearse_study(FOLDER, folder, seed=3, screened=14)
    clock = Clock(datetime.fromisoformat(done.last_moment) + timedelta(days=1))
    made = Office(open_workspace(FOLDER, str(folder / "ledger.sqlite"), clock=clock), clock)
    access = made.workspace.conduct.access_state()
    for user, (role, site) in PEOPLE.items():
        if role in made.study.roles and site != "02":
            if user not in access.users:
                made.workspace.do(AddUser(user, f"Dr {user.title()} Example"), ADMIN)
            if (role, site) not in access.roles.get(user, ()):
                made.workspace.do(GrantRole(user, role, site), ADMIN)
    yield made
    made.workspace.close()


@dataclass
class Ended:
    """A run that has ended, and what happened while it was going on."""

    name: str
    saved_meanwhile: bool
    second: int


def run(office: Office, stage: str, reason: str) -> Ended:
    client = office.client("statistician")
    asked = client.post("/analysis/start", {"stage": stage, "reason": reason})
    assert asked.status_code == 303, asked.text
    page = asked.headers["location"]
    second = client.post("/analysis/start", {"stage": stage, "reason": reason}).status_code
    # Somebody else saves while the run is going on; the run has not ended when the save has.
    saved = office.client("monitor").post("/documents/casebooks.pdf", {}).status_code == 200
    meanwhile = saved and client.get(f"{page}/state").json()["state"] == "running"
    for _ in range(600):
        if client.get(f"{page}/state").json()["state"] != "running":
            break
        time.sleep(0.25)
    return Ended(page.rsplit("/", 1)[-1], meanwhile, second)


@pytest.fixture(scope="module")
def interim(office: Office) -> Ended:
    return run(office, "interim", "first look for the committee")


@pytest.fixture(scope="module")
def final(office: Office, interim: Ended) -> Ended:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            database_lock, "lock_obstacles", lambda people: ()
        )  # what a lock needs is tried elsewhere
        office.do(LockDatabase("all done"), "data_manager")
    return run(office, "final", "final analysis")


def entries(office: Office, kind: str) -> list[Any]:
    return [
        event for event in office.workspace.store.read("study") if event.type == "DataExported" and event.data["kind"] == kind
    ]  # fmt: skip


def folder_of(office: Office, name: str) -> Path:
    return next(run.folder for run in runs(results_folder(office.workspace)) if run.id == name)


def test_what_cannot_be_asked_for_is_refused_and_kept_as_typed(office: Office):
    client = office.client("statistician")
    no_reason = client.post("/analysis/start", {"stage": "interim", "reason": " "})
    assert no_reason.status_code == 422
    early = client.post("/analysis/start", {"stage": "final", "reason": "the end of it"})
    assert early.status_code == 422
    assert "The database is not locked" in early.text
    assert "the end of it" in early.text
    assert client.post("/analysis/start", {"stage": "later", "reason": "x"}).status_code == 422
    assert (
        office.client("sponsor").post("/analysis/start", {"stage": "interim", "reason": "x"}).status_code
        == 403
    )
    assert not results_folder(office.workspace).exists()


def test_a_run_goes_on_beside_the_application_and_one_at_a_time(interim: Ended):
    assert interim.saved_meanwhile
    assert interim.second == 422


def test_an_interim_run_is_done_and_says_so(office: Office, interim: Ended):
    page = office.client("statistician").get(f"/analysis/{interim.name}")
    assert page.status_code == 200
    assert "Interim: the study is not finished" in page.text
    listed = json.loads((folder_of(office, interim.name) / FILES).read_text())
    assert {one["name"] for one in listed} == MADE
    text = (folder_of(office, interim.name) / "report.html").read_text()
    assert "Rehearsal" in text
    assert "assumptions of the study definition are not confirmed" in page.text  # the findings


def test_the_log_holds_who_asked_and_the_hash_of_every_file(office: Office, interim: Ended):
    asked = entries(office, "analysis asked for")[0]
    assert (asked.by, asked.data["purpose"]) == ("statistician", "first look for the committee")
    made = entries(office, "analysis")[0]
    assert made.by == "statistician"
    place = folder_of(office, interim.name)
    assert made.data["checksum"] == hashlib.sha256((place / FILES).read_bytes()).hexdigest()
    for name in MADE:
        assert f"{name} {hashlib.sha256((place / name).read_bytes()).hexdigest()}" in made.data["description"]
    cut = json.loads((place / "snapshot" / "manifest.json").read_text())
    assert cut["origin"]["ledger_position"] == json.loads((place / ASKED).read_text())["position"]


def test_looking_again_records_nothing_twice(office: Office, interim: Ended):
    for _ in range(3):
        office.client("statistician").get(f"/analysis/{interim.name}")
    checksums = [one.data["checksum"] for one in entries(office, "analysis")]
    assert len(checksums) == len(set(checksums))


def test_a_report_opens_in_a_box_of_its_own_and_the_taking_is_recorded(office: Office, interim: Ended):
    client = office.client("statistician")
    opened = client.post(f"/analysis/{interim.name}/file", {"file": "report.html", "how": "open"})
    assert opened.status_code == 200
    policy = opened.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    taken = client.post(f"/analysis/{interim.name}/file", {"file": "report.pdf"})
    assert taken.content.startswith(b"%PDF")
    assert "attachment" in taken.headers["content-disposition"]
    last = entries(office, "analysis file")[-1]
    assert last.by == "statistician"
    assert last.data["checksum"] == hashlib.sha256(taken.content).hexdigest()
    for wrong in ("run.json", "../run.json", "fault.txt", ""):
        assert client.post(f"/analysis/{interim.name}/file", {"file": wrong}).status_code == 404


@pytest.mark.parametrize("user", ["sponsor", "pi"])
def test_readers_see_nothing_until_it_is_released(office: Office, interim: Ended, user: str):
    client = office.client(user)
    assert client.get(f"/analysis/{interim.name}").status_code == 404
    assert client.get(f"/analysis/{interim.name}/state").status_code == 404
    assert client.post(f"/analysis/{interim.name}/file", {"file": "results.json"}).status_code == 404
    assert "first look" not in client.get("/analysis").text


@pytest.mark.parametrize("user", ["coordinator", "monitor", "data_manager", "pharmacist", "admin"])
def test_other_roles_have_no_such_page(office: Office, interim: Ended, user: str):
    assert office.client(user).get("/analysis").status_code == 403
    assert office.client(user).get(f"/analysis/{interim.name}").status_code == 403


def test_interim_results_are_never_published(office: Office, interim: Ended, final: Ended):
    statistician, sponsor = office.client("statistician"), office.client("sponsor")
    assert statistician.post(f"/analysis/{interim.name}/release", {"reason": ""}).status_code == 422
    assert statistician.post(f"/analysis/{interim.name}/release", {"reason": "asked for"}).status_code == 303
    assert sponsor.get(f"/analysis/{interim.name}").status_code == 200
    refused = sponsor.post(f"/analysis/{interim.name}/publish", {"reason": "good news"})
    assert refused.status_code == 422
    assert "Only results of a final analysis" in refused.text
    assert office.client().get("/trial/results").status_code == 404


def test_a_later_run_leaves_the_earlier_one_as_it_was(office: Office, interim: Ended, final: Ended):
    assert final.name > interim.name
    listed = json.loads((folder_of(office, interim.name) / FILES).read_text())
    for one in listed:
        content = (folder_of(office, interim.name) / one["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one["sha256"]


def test_results_are_public_only_after_somebody_who_may_has_published_them(office: Office, final: Ended):
    statistician, sponsor, public = office.client("statistician"), office.client("sponsor"), office.client()
    page = f"/analysis/{final.name}"
    assert sponsor.post(f"{page}/publish", {"reason": "decided"}).status_code == 404  # not released yet
    assert statistician.post(f"{page}/release", {"reason": "for the sponsor"}).status_code == 303
    assert statistician.post(f"{page}/publish", {"reason": "decided"}).status_code == 403
    assert office.client("pi").post(f"{page}/publish", {"reason": "decided"}).status_code == 403
    assert sponsor.post(f"{page}/publish", {"reason": ""}).status_code == 422
    assert "/trial/results" not in public.get("/").text
    assert sponsor.post(f"{page}/publish", {"reason": "board of 1 September"}).status_code == 303
    shown = public.get("/trial/results")
    assert shown.status_code == 200
    assert "The people in it are made up." in shown.text
    assert "no proof that the treatment caused it" in shown.text
    assert "/trial/results" in public.get("/").text
    words = json.loads((folder_of(office, final.name) / "plain-summary.json").read_text())
    for passage in words["passages"]:
        for sentence in passage["sentences"]:
            assert sentence in shown.text
    assert entries(office, "results published")[-1].by == "sponsor"
    # Taken off again, with a reason.
    assert sponsor.post(f"{page}/withdraw", {"reason": "a mistake"}).status_code == 303
    assert public.get("/trial/results").status_code == 404
    assert sponsor.post(f"{page}/publish", {"reason": "corrected view"}).status_code == 303
    assert public.get("/trial/results").status_code == 200


def test_a_file_changed_behind_the_back_is_not_shown(office: Office, final: Ended):
    place = folder_of(office, final.name)
    for name, path in (("plain-summary.json", "/trial/results"), ("results.json", "")):
        before = (place / name).read_bytes()
        (place / name).write_bytes(before.replace(b"1", b"2", 1))
        try:
            if path:
                assert office.client().get(path).status_code == 404
            answer = office.client("statistician").post(f"/analysis/{final.name}/file", {"file": name})
            assert answer.status_code == 400
            assert "is not the file that was recorded" in answer.text
        finally:
            (place / name).write_bytes(before)
    assert (
        office.client("statistician")
        .post(f"/analysis/{final.name}/file", {"file": "results.json"})
        .status_code
        == 200
    )


def test_a_list_of_files_written_anew_is_another_run_to_the_log(office: Office, final: Ended):
    """Whoever swaps a file and its list alike makes a list the log does not hold as published."""
    place = folder_of(office, final.name)
    listed, summary = (place / FILES).read_bytes(), (place / "plain-summary.json").read_bytes()
    changed = summary.replace(b"made up", b"cured", 1)
    try:
        (place / "plain-summary.json").write_bytes(changed)
        old, new = (hashlib.sha256(one).hexdigest().encode() for one in (summary, changed))
        (place / FILES).write_bytes(listed.replace(old, new))
        assert office.client().get("/trial/results").status_code == 404
        assert "cured" not in office.client().get("/").text
    finally:
        (place / "plain-summary.json").write_bytes(summary)
        (place / FILES).write_bytes(listed)


def test_after_the_database_is_opened_again_nothing_more_is_published(office: Office, final: Ended):
    client = office.client("sponsor")
    client.post(f"/analysis/{final.name}/withdraw", {"reason": "to see"})
    office.do(UnlockDatabase("a late form"), "data_manager")
    refused = client.post(f"/analysis/{final.name}/publish", {"reason": "again"})
    assert refused.status_code == 422
    assert "opened again" in refused.text


def test_a_run_that_stopped_without_a_word_says_so(office: Office, interim: Ended):
    folder = results_folder(office.workspace) / "0099"
    folder.mkdir()
    asked = json.loads((folder_of(office, interim.name) / ASKED).read_text()) | {"number": 99}
    (folder / ASKED).write_text(json.dumps(asked))
    try:
        page = office.client("statistician").get("/analysis/0099")
        assert page.status_code == 200
        assert "The work ended without a result" in page.text
    finally:
        (folder / ASKED).unlink()
        folder.rmdir()
