"""Signing, broken signatures, freezing, the way to database lock, and documents, through the pages."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest

from trialrun.app.documents import casebook_file
from trialrun.app.locks import StepStatus, lock_view
from trialrun.app.signatures import MEANINGS, broken_signatures
from trialrun.ledger.commands import Entry, LockDatabase, RaiseQuery, RecordVisit, SaveForm, Sign
from trialrun.ledger.conduct import CommandRefusedError
from web_kit import PASSWORD, Office


@pytest.fixture
def ready(office: Office) -> Office:
    """An office whose people have passwords."""
    for user in ("pi", "data_manager"):
        office.workspace.accounts.set_password(user, PASSWORD, now=office.clock())
    return office


def fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(visit|form|row|content)" value="([^"]*)">', page))


def sign(client: Any, key: str, query: str = "", **changes: str):
    page = client.get(f"/participants/{key}/sign{query}")
    assert page.status_code == 200, page.text
    data = {**fields(page.text), "meaning": MEANINGS[0], "user": "pi", "password": PASSWORD, **changes}
    return client.post(f"/participants/{key}/sign", data)


def correct(office: Office, key: str, value: str = "2.7", reason: str = "typing error") -> None:
    entry = {"bilirubin": Entry(value, "mg/dL")}
    version = office.workspace.conduct.version(key)
    office.do(SaveForm(key, "screening", "laboratory", 0, entry, version, reason))


LABORATORY = "?visit=screening&form=laboratory"


def test_the_day_of_a_visit_belongs_to_what_is_signed(ready: Office) -> None:
    key = ready.screened()
    client = ready.client("pi")
    assert "2026-05-10" in client.get(f"/participants/{key}/sign?visit=screening").text
    assert sign(client, key, "?visit=screening").status_code == 303
    assert sign(client, key, LABORATORY).status_code == 303
    ready.do(RecordVisit(key, "screening", date(2026, 5, 11), "read from the diary"), "pi")
    visit, form = ready.person(key).signatures
    assert (visit.valid, form.valid) == (False, True)
    (broken,) = broken_signatures(ready.workspace, [ready.person(key)])
    (change,) = broken.changes
    assert (change.label, change.old, change.new) == ("Date of the visit", "2026-05-10", "2026-05-11")
    assert client.get("/signatures").status_code == 200


def test_all_that_is_signed_is_shown_and_the_signature_shows_name_time_and_meaning(ready: Office) -> None:
    key = ready.screened()
    client = ready.client("pi")
    page = client.get(f"/participants/{key}/sign{LABORATORY}").text
    for name in ready.study.forms["laboratory"].items:
        if ("screening", "laboratory", 0, name) in ready.person(key).values:
            assert ready.study.items[name].label in page
    assert "2.6 mg/dL" in page
    assert sign(client, key, LABORATORY).status_code == 303
    (mark,) = ready.person(key).signatures
    assert (mark.visit, mark.form, mark.by, mark.meaning) == ("screening", "laboratory", "pi", MEANINGS[0])
    shown = client.get(f"/participants/{key}/signatures").text
    assert "Dr Pi Example" in shown
    assert "2026-05-18" in shown
    assert "Asia/Tehran" in shown
    assert MEANINGS[0] in shown
    assert mark.content[:16] in shown
    # visit and casebook can be signed as well
    assert sign(client, key, "?visit=screening").status_code == 303
    assert sign(client, key, "", meaning=MEANINGS[-1]).status_code == 303
    assert [(one.visit, one.form) for one in ready.person(key).signatures[1:]] == [
        ("screening", ""),
        ("", ""),
    ]


def test_the_first_signature_needs_name_and_password_the_next_the_password(ready: Office) -> None:
    key = ready.screened()
    client = ready.client("pi")
    assert 'name="user"' in client.get(f"/participants/{key}/sign").text
    for wrong in ({"user": ""}, {"user": "investigator"}, {"password": ""}, {"password": "something else"}):
        refused = sign(client, key, LABORATORY, **wrong)
        assert refused.status_code == 422
        assert 'aria-labelledby="sign-title"' in refused.text
    assert ready.person(key).signatures == ()
    ready.clock.now += timedelta(minutes=16)  # the failures above are not counted together with these
    assert sign(client, key, LABORATORY).status_code == 303
    assert 'name="user"' not in client.get(f"/participants/{key}/sign").text
    assert sign(client, key, "?visit=screening", user="").status_code == 303
    assert sign(client, key, "?visit=screening", user="", password="").status_code == 422
    # a new session begins anew
    assert 'name="user"' in ready.client("pi").get(f"/participants/{key}/sign").text


def test_wrong_passwords_at_a_signature_lock_the_account(ready: Office) -> None:
    key = ready.screened()
    client = ready.client("pi")
    for _try in range(5):
        sign(client, key, LABORATORY, password="wrong again")
    refused = sign(client, key, LABORATORY)
    assert refused.status_code == 422
    assert "locked" in refused.text
    assert ready.person(key).signatures == ()
    told = [event.data for event in ready.workspace.store.read("access") if event.type == "SignInRecorded"]
    assert [(one["user"], one["outcome"], one["method"]) for one in told[-6:]] == [
        *[("pi", "failure", "signature")] * 4, ("pi", "locked_out", "signature"), ("pi", "failure", "signature"),
    ]  # fmt: skip


def test_a_signature_means_what_the_page_offers(ready: Office) -> None:
    key = ready.screened()
    assert sign(ready.client("pi"), key, LABORATORY, meaning="whatever").status_code == 422
    assert ready.person(key).signatures == ()


def test_nothing_is_signed_that_was_not_shown(ready: Office) -> None:
    key = ready.screened()
    client = ready.client("pi")
    page = client.get(f"/participants/{key}/sign{LABORATORY}").text
    correct(ready, key)
    data = {**fields(page), "meaning": MEANINGS[0], "user": "pi", "password": PASSWORD}
    refused = client.post(f"/participants/{key}/sign", data)
    assert refused.status_code == 422
    assert "somebody changed these data" in refused.text
    assert "2.7 mg/dL" in refused.text
    assert ready.person(key).signatures == ()


def test_a_change_breaks_the_signature_visibly_and_tells_the_signer(ready: Office) -> None:
    key = ready.screened()
    client = ready.client("pi")
    sign(client, key, LABORATORY)
    assert "All your signatures hold" in client.get("/signatures").text
    correct(ready, key, reason="read from the wrong line")
    notice = client.get("/signatures").text
    for words in ("2.6 mg/dL", "2.7 mg/dL", "Dr Coordinator Example", "read from the wrong line"):
        assert words in notice
    assert "broken by a later change" in client.get(f"/participants/{key}/signatures").text
    (broken,) = broken_signatures(ready.workspace, (ready.person(key),))
    assert [(one.item, one.old, one.new) for one in broken.changes] == [
        ("bilirubin", "2.6 mg/dL", "2.7 mg/dL")
    ]
    # somebody else is not told, and signing anew settles it
    assert "All your signatures hold" in ready.client("investigator").get("/signatures").text
    sign(client, key, LABORATORY, user="")
    assert "All your signatures hold" in client.get("/signatures").text
    assert [mark.valid for mark in ready.person(key).signatures] == [False, True]


def test_who_may_not_sign_cannot(ready: Office) -> None:
    key = ready.screened()
    for user in ("coordinator", "monitor", "data_manager"):
        assert ready.client(user).get(f"/participants/{key}/sign").status_code == 403
    assert ready.client("pi2").get(f"/participants/{key}/sign").status_code == 404
    client = ready.client("pi")
    for query in (
        "?visit=nowhere",
        "?visit=screening&form=nothing",
        "?form=laboratory",
        "?visit=screening&row=x",
    ):
        assert client.get(f"/participants/{key}/sign{query}").status_code == 404


# --- freezing, locking ---------------------------------------------------------------------------


def test_freezing_and_locking_with_right_and_reason(ready: Office) -> None:
    key = ready.screened()
    client = ready.client("data_manager")
    path = f"/participants/{key}/hold"
    place = {"visit": "screening", "form": "laboratory"}
    assert client.post(path, {**place, "what": "freeze", "reason": "review"}).status_code == 303
    with pytest.raises(CommandRefusedError) as refused:
        correct(ready, key)
    assert refused.value.rule == "frozen"
    assert client.post(path, {**place, "what": "unfreeze", "reason": ""}).status_code == 422
    assert client.post(path, {**place, "what": "unfreeze", "reason": "reviewed"}).status_code == 303
    ready.do(RaiseQuery(key, "screening", "laboratory", "Is it right?"), "monitor")
    waiting = client.post(path, {"visit": "screening", "form": "", "what": "lock", "reason": "final"})
    assert waiting.status_code == 422
    assert "Q-001" in waiting.text
    assert "final" in waiting.text
    assert (
        client.post(
            path, {"visit": "screening", "form": "consent", "what": "lock", "reason": "x"}
        ).status_code
        == 303
    )
    page = client.get(f"{path}?visit=screening&form=consent").text
    assert 'value="unlock"' in page
    assert 'value="lock"' not in page
    assert ready.client("pi").get(path).status_code == 403


def test_the_way_to_database_lock(ready: Office) -> None:
    key = ready.screened()
    client = ready.client("data_manager")
    steps = {step.name: step for step in lock_view(ready.workspace).steps}
    assert steps["ended"].status is StepStatus.OPEN
    assert steps["queries"].status is StepStatus.DONE
    from trialrun.ledger.commands import EndParticipation

    ready.do(RaiseQuery(key, "screening", "laboratory", "Is it right?"), "monitor")
    ready.do(EndParticipation(key, date(2026, 5, 18), "screen_failure"), "pi")
    steps = {step.name: step for step in lock_view(ready.workspace).steps}
    assert steps["ended"].status is StepStatus.DONE
    left = {name for name, step in steps.items() if step.status is StepStatus.OPEN}
    assert {"queries", "verified", "trail", "signed", "locked"} <= left
    page = client.get("/lock").text
    assert "Is it right?" in page
    refused = client.post("/lock/database", {"reason": "final analysis"})
    assert refused.status_code == 422
    assert "open queries" in refused.text
    assert "final analysis" in refused.text
    # what is left may be explained where the ledger does not insist
    note = {"step": "verified", "note": "10 % sample by plan, 2026-05-17"}
    assert client.post("/lock/step", note).status_code == 303
    assert client.post("/lock/step", {"step": "queries", "note": "never mind"}).status_code == 303
    steps = {step.name: step for step in lock_view(ready.workspace).steps}
    assert steps["verified"].status is StepStatus.EXPLAINED
    assert steps["queries"].status is StepStatus.OPEN
    assert "10 % sample by plan" in client.get("/lock").text
    # settled one by one
    from trialrun.ledger.commands import CloseQuery, Lock

    ready.do(CloseQuery(key, "Q-001", "looked at"), "monitor")
    ready.do(Sign(key, MEANINGS[-1]), "pi")
    ready.do(Lock(key, reason="final"), "data_manager")
    assert client.post("/lock/database", {"reason": ""}).status_code == 422
    assert client.post("/lock/database", {"reason": "final analysis"}).status_code == 303
    assert "The database is locked" in client.get("/lock").text
    with pytest.raises(CommandRefusedError) as locked:
        correct(ready, key)
    assert locked.value.rule == "database-locked"
    assert client.post("/lock/unlock", {"reason": "late laboratory value"}).status_code == 303
    assert [one[0] for one in lock_view(ready.workspace).moments] == ["DatabaseLocked", "DatabaseUnlocked"]
    assert ready.client("coordinator").get("/lock").status_code == 403
    with pytest.raises(CommandRefusedError):
        ready.do(LockDatabase("mine"), "pi")


# --- documents -----------------------------------------------------------------------------------


def test_documents_are_taken_and_the_taking_is_recorded(ready: Office) -> None:
    key = ready.screened()
    name = {"name": Entry("علی رضایی")}
    ready.do(SaveForm(key, "screening", "demographics", 0, name, ready.workspace.conduct.version(key)))
    site, sponsor = ready.client("pi"), ready.client("data_manager")
    for client in (site, sponsor):
        assert key in client.get("/documents").text
        for path in (
            f"/participants/{key}/casebook.pdf",
            "/documents/casebooks.pdf",
            "/documents/screening-log.pdf",
        ):
            answer = client.post(path)
            assert answer.status_code == 200, path
            assert answer.content.startswith(b"%PDF-1.7"), path
            assert answer.headers["content-type"] == "application/pdf"
    taken = [event for event in ready.workspace.store.read("study") if event.type == "DataExported"]
    assert [(event.by, event.data["kind"]) for event in taken] == [
        (user, kind) for user in ("pi", "data_manager") for kind in ("casebook", "casebooks", "screening log")
    ]
    assert all(len(event.data["checksum"]) == 64 for event in taken)
    assert ready.client("pharmacist").post(f"/participants/{key}/casebook.pdf").status_code == 403
    assert ready.client("pi2").post(f"/participants/{key}/casebook.pdf").status_code == 404


def test_the_same_state_gives_the_same_bytes(ready: Office) -> None:
    key = ready.consented()
    person = ready.person(key)
    still = ready.clock.now
    first = casebook_file(ready.workspace, person, identity=True)
    ready.clock.now = still
    assert casebook_file(ready.workspace, person, identity=True).checksum == first.checksum


def test_visits_and_forms_lead_to_signing_and_locking(ready: Office) -> None:
    key = ready.screened()
    places = (
        f"/participants/{key}/visits/screening",
        f"/participants/{key}/visits/screening/forms/laboratory",
    )
    for user, word in (("pi", "/sign?visit=screening"), ("data_manager", "/hold?visit=screening")):
        for path in places:
            assert f"/participants/{key}{word}" in ready.client(user).get(path).text
    for path in places:
        page = ready.client("coordinator").get(path).text
        assert "/sign?" not in page
        assert "/hold?" not in page
