"""Consent through the pages: texts, paper, the tablet and its walls, withdrawal, asking again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from trialrun.app.consents import reconsent_due
from trialrun.ledger.commands import ApproveConsent, Entry, RecordConsent, RecordVisit, SaveForm
from trialrun.ledger.conduct import CommandRefusedError
from trialrun.study.model import ConsentText
from web_kit import CONSENTED, PASSWORD, Office, open_office

RIGHT = {"purpose": "research", "free": "always", "placebo": "all", "risks": "not_all", "name_kept": "site"}


@pytest.fixture
def ready(office: Office) -> Office:
    """An office whose coordinator has a password."""
    office.workspace.accounts.set_password("coordinator", PASSWORD, now=office.clock())
    return office


def hand_over(office: Office, key: str, language: str = "en", **more: str):
    client = office.client("coordinator")
    data = {"text": f"{language}-1", "explained_by": "Dr A", "capacity": "true", **more}
    answer = client.post(f"/participants/{key}/consent/tablet", data)
    assert answer.status_code == 303, answer.text
    return client


def step(client, what: str, /, **data: str):
    return client.post("/consent/tablet", {"step": what, **data})


def answer_all(client) -> None:
    step(client, "read")
    for question, answer in RIGHT.items():
        assert step(client, "answer", question=question, answer=answer).status_code == 303


def test_consent_on_the_tablet_from_hand_over_to_copy(ready: Office) -> None:
    key = ready.candidate()
    client = hand_over(ready, key, witness="Sara Amini")
    page = client.get("/consent/tablet")
    assert "Little is known about them as a treatment" in page.text
    step(client, "read")
    assert "Question 1 of 5" in client.get("/consent/tablet").text
    # a wrong answer leads to the explanation and another try
    step(client, "answer", question="purpose", answer="proven")
    again = client.get("/consent/tablet").text
    assert "Question 1 of 5" in again
    assert "This is research. Little is known about exosomes" in again
    for question, answer in RIGHT.items():
        step(client, "answer", question=question, answer=answer)
    assert 'name="drawing"' in client.get("/consent/tablet").text
    refused = step(client, "sign", name="Ali Rezaei")
    assert refused.status_code == 422  # the box is not ticked
    assert "Ali Rezaei" in refused.text
    assert ready.person(key).consent is None
    assert step(client, "sign", name=" ", agree="true").status_code == 422
    assert step(client, "sign", name="Ali  Rezaei", agree="true", drawing="M10 10L200 120").status_code == 303
    assert "Please give the tablet back" in client.get("/consent/tablet").text
    consent = ready.person(key).consent
    assert consent.answers == {**RIGHT, "purpose": "proven;research"}
    assert consent.signature == "Ali Rezaei\nM10 10L200 120"
    assert (consent.method, consent.explained_by, consent.witness, consent.by) == (
        "drawn", "Dr A", "Sara Amini", "coordinator",
    )  # fmt: skip
    assert consent.signed_at
    # staff take the device back, and print the copy
    wrong = client.post("/consent/tablet/back", {"password": "not the password"})
    assert wrong.status_code == 422
    back = client.post("/consent/tablet/back", {"password": PASSWORD})
    assert back.headers["location"] == f"/participants/{key}/consent"
    shown = client.get(f"/participants/{key}/consent")
    assert "Ali Rezaei" in shown.text
    assert "M10 10L200 120" in shown.text
    copy = client.post(f"/participants/{key}/consent/copy", {"consent": consent.hash})
    assert copy.content.startswith(b"%PDF")
    taken = [event for event in ready.workspace.store.read("study") if event.type == "DataExported"]
    assert [event.data["kind"] for event in taken] == ["consent copy"]


def test_nobody_gets_from_the_tablet_into_the_staff_application(ready: Office) -> None:
    other, key = ready.consented(), ready.candidate()
    staff = ready.client("coordinator")
    before = staff.inner.cookies.get("session")
    client = hand_over(ready, key)
    inside = (
        "/home", "/account", f"/participants/{key}", f"/participants/{key}/consent", f"/participants/{other}/consent",
        "/consents", "/consents/en-1", "/users",
    )  # fmt: skip
    for path in inside:
        answer = client.get(path)
        assert answer.status_code in (303, 404), path
        assert "/sign-in" in answer.headers.get("location", "/sign-in"), path
    for path in (f"/participants/{key}/consent/paper", f"/participants/{key}/consent/withdraw"):
        assert client.post(path, {}).status_code == 401
    # the session that was signed out is gone on the server, too
    client.inner.cookies.set("session", "guess")
    assert client.get("/home").status_code == 303
    assert before is not None
    # the consent session is good for its own text only, and for nothing twice
    answer_all(client)
    step(client, "sign", name="Ali Rezaei", agree="true")
    assert step(client, "sign", name="Somebody Else", agree="true").status_code == 422
    assert len(ready.person(key).consents) == 1
    assert ready.person(key).consent.signature == "Ali Rezaei"


def test_the_staff_session_itself_is_closed_on_hand_over(ready: Office) -> None:
    key = ready.candidate()
    client = ready.client("coordinator")
    token = client.inner.cookies.get("session")
    data = {"text": "en-1", "explained_by": "Dr A", "capacity": "true"}
    answer = client.post(f"/participants/{key}/consent/tablet", data)
    gone = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("session="))
    assert "Max-Age=0" in gone
    assert ready.workspace.accounts.session(token, now=ready.clock()) is None


def test_steps_cannot_be_skipped(ready: Office) -> None:
    client = hand_over(ready, ready.candidate())
    for name, data in (
        ("sign", {"name": "Ali", "agree": "true"}),
        ("answer", {"question": "purpose", "answer": "research"}),
        ("again", {}),
    ):
        assert step(client, name, **data).status_code == 422
    step(client, "read")
    assert step(client, "sign", name="Ali", agree="true").status_code == 422
    assert step(client, "answer", question="free", answer="always").status_code == 422
    assert step(client, "answer", question="purpose", answer="none of them").status_code == 422
    step(client, "again")
    assert "Little is known" in client.get("/consent/tablet").text


def test_declining_records_nothing(ready: Office) -> None:
    key = ready.candidate()
    client = hand_over(ready, key)
    step(client, "decline")
    assert "Nothing was signed" in client.get("/consent/tablet").text
    assert ready.person(key).consent is None
    assert client.post("/consent/tablet/back", {"password": PASSWORD}).status_code == 303


def test_a_consent_session_is_over_after_two_hours(ready: Office) -> None:
    key = ready.candidate()
    client = hand_over(ready, key)
    ready.clock.now += timedelta(hours=2)
    assert client.get("/consent/tablet").headers["location"] == "/consent/tablet/back"
    step(client, "read")
    assert "coordinator" in client.get("/consent/tablet/back").text
    assert client.post("/consent/tablet/back", {"password": PASSWORD}).status_code == 303


def test_without_a_consent_session_the_tablet_shows_nothing(office: Office) -> None:
    client = office.client()
    assert client.get("/consent/tablet").status_code == 303
    assert client.get("/consent/tablet/back").headers["location"] == "/sign-in"
    assert step(client, "sign", name="Ali", agree="true").status_code == 303
    assert client.post("/consent/tablet/back", {"password": PASSWORD}).status_code == 303


def test_a_persian_text_is_shown_and_framed_in_persian_from_right_to_left(ready: Office) -> None:
    client = hand_over(ready, ready.candidate(), "fa")
    page = client.get("/consent/tablet").text
    assert '<html lang="fa" dir="rtl">' in page
    assert "متن را خوانده‌ام" in page
    assert "Draft" not in page
    step(client, "read")
    assert "پرسش ۱ از ۵" in client.get("/consent/tablet").text


def test_nobody_reads_in_vain(ready: Office) -> None:
    key = ready.candidate()
    client = ready.client("coordinator")
    unable = {"text": "en-1", "explained_by": "Dr A"}
    answer = client.post(f"/participants/{key}/consent/tablet", unable)
    assert answer.status_code == 422
    assert "judged unable to consent" in answer.text
    assert "session" in client.inner.cookies  # and nobody was signed out


def test_consent_on_paper(office: Office) -> None:
    key = office.candidate()
    client = office.client("coordinator")
    data = {
        "text": "fa-1", "signed_on": "2026-05-08", "signed_at": "08:40", "explained_by": "Dr A", "capacity": "true",
        "witness": "", "kept_at": "", "reason": "",
    }  # fmt: skip
    refused = client.post(f"/participants/{key}/consent/paper", data)
    assert refused.status_code == 422
    assert 'value="08:40"' in refused.text  # nothing typed is lost
    for wrong, words in (
        (("signed_on", "2026-13-01"), "is not a date"),
        (("signed_on", "2027-01-01"), "future"),
    ):
        answer = client.post(
            f"/participants/{key}/consent/paper", {**data, "kept_at": "Room 4", wrong[0]: wrong[1]}
        )
        assert answer.status_code == 422
        assert words in answer.text
    assert (
        client.post(f"/participants/{key}/consent/paper", {**data, "kept_at": "Folder 7, room 4"}).status_code
        == 303
    )
    consent = office.person(key).consent
    assert (consent.method, consent.language, consent.signed_at) == ("paper", "fa", "08:40")
    assert consent.kept_at == "Folder 7, room 4"
    assert "Folder 7, room 4" in client.get(f"/participants/{key}/consent").text


def test_nothing_is_captured_before_consent(office: Office) -> None:
    key = office.candidate()
    with pytest.raises(CommandRefusedError) as refused:
        office.do(RecordVisit(key, "screening", CONSENTED))
    assert refused.value.rule == "no-procedure-before-consent"
    with pytest.raises(CommandRefusedError) as refused:
        office.do(SaveForm(key, "screening", "demographics", values={"sex": Entry("F")}))
    assert refused.value.rule == "no-procedure-before-consent"
    page = office.client("coordinator").get(f"/participants/{key}/consent")
    assert "No consent is recorded" in page.text


def test_sponsor_roles_see_no_name(office: Office) -> None:
    key = office.candidate()
    signed = {"method": "typed", "signature": "Ali Rezaei", "witness": "Sara Amini", "answers": RIGHT}
    office.do(RecordConsent(key, "1", "en", CONSENTED, "Dr A", True, **signed))
    page = office.client("monitor").get(f"/participants/{key}/consent").text
    assert "Rezaei" not in page
    assert "Amini" not in page
    assert "kept at the site" in page
    given = office.person(key).consent.hash
    assert (
        office.client("monitor").post(f"/participants/{key}/consent/copy", {"consent": given}).status_code
        == 403
    )
    assert office.client("coordinator2").get(f"/participants/{key}/consent").status_code == 404


def test_withdrawal_says_how_far_it_goes(office: Office) -> None:
    key = office.consented()
    client = office.client("pi")
    path = f"/participants/{key}/consent/withdraw"
    data = {"on": "2026-05-10", "stops": ["treatment", "samples"], "reason": "too tired"}
    assert client.post(path, {**data, "reason": ""}).status_code == 422
    assert client.post(path, {**data, "stops": []}).status_code == 422
    assert client.post(path, data).status_code == 303
    person = office.person(key)
    assert set(person.stopped) == {"treatment", "samples"}
    assert person.withdrawn_on is None
    assert "no further treatment, no further use of kept samples" in " ".join(
        client.get(f"/participants/{key}/consent").text.split()
    )
    assert office.client("coordinator").post(path, data).status_code == 403


# --- versions and approvals ----------------------------------------------------------------------


@pytest.fixture
def amended(tmp_path: Path, prepared: Path, trial) -> Office:
    """The study with a second version of its English text."""
    from trialrun.ledger.commands import AmendStudy

    second = ConsentText("2", "en", "# New risks\n\nThere are new risks.", "b" * 64)
    study = replace(trial, consents=(*trial.consents, second), hash="f" * 64)
    office = open_office(tmp_path, prepared, study)
    office.do(AmendStudy("new consent text"), "pi")
    yield office
    office.workspace.close()


def test_a_new_version_is_approved_per_site_and_the_worklist_names_whom_to_ask(amended: Office) -> None:
    office = amended
    for site in ("01", "02"):
        office.do(ApproveConsent(site, "1", "en", date(2026, 5, 1), "EC-1"), "pi" if site == "01" else "pi2")
    key, other = office.consented(), office.consented("02")
    assert reconsent_due(office.workspace) == ()
    client = office.client("pi")
    data = {"text": "en-2", "site": "01", "from_date": "2026-05-10", "reference": "EC 2026/14"}
    assert client.post("/consents", {**data, "site": "02"}).status_code == 422  # another site's
    refused = client.post("/consents", {**data, "from_date": "soon"})
    assert refused.status_code == 422
    assert "EC 2026/14" in refused.text
    assert client.post("/consents", data).status_code == 303
    (due,) = reconsent_due(office.workspace)
    assert (due.key, due.signed_version, due.version, due.languages) == (key, "1", "2", ("en",))
    assert reconsent_due(office.workspace, "02") == ()
    assert "EC 2026/14" in client.get("/consents").text
    assert "Ask for consent again" in client.get(f"/participants/{key}/consent").text
    # at the other site the new version cannot be signed
    again = RecordConsent(other, "2", "en", date(2026, 5, 10), "Dr A", True, "new version")
    with pytest.raises(CommandRefusedError) as caught:
        office.do(again, "coordinator2")
    assert caught.value.rule == "consent-text-not-approved"
    office.do(replace(again, participant=key))
    assert reconsent_due(office.workspace) == ()
    assert [one.version for one in office.person(key).consents] == ["1", "2"]


def test_a_version_approved_from_a_later_day_is_not_asked_for_yet(amended: Office) -> None:
    amended.do(ApproveConsent("01", "1", "en", date(2026, 5, 1)), "pi")
    amended.consented()
    amended.do(ApproveConsent("01", "2", "en", date(2026, 6, 1)), "pi")
    assert reconsent_due(amended.workspace) == ()
    amended.clock.to(date(2026, 6, 2))
    assert len(reconsent_due(amended.workspace)) == 1


def test_texts_are_read_as_they_are_written(office: Office) -> None:
    client = office.client("monitor")
    page = client.get("/consents/fa-1").text
    assert '<article class="card reading" lang="fa" dir="rtl">' in page
    assert client.get("/consents/xx-9").status_code == 404
    assert office.client("pharmacist").get("/consents").status_code == 403
