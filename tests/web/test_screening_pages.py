"""Screening in pages: log, candidate, eligibility, sign-off with the password, failure, enrolment, end."""

from __future__ import annotations

import csv
import io
import re

import pytest

from trialrun.app.eligibility import eligibility_page
from trialrun.ledger.commands import Entry, SaveForm
from web_kit import PASSWORD, Office


@pytest.fixture
def with_passwords(office: Office) -> Office:
    """The principal investigator has a password to sign with."""
    office.workspace.accounts.set_password("pi", PASSWORD, now=office.clock())
    return office


def signing(office: Office, key: str, **more: str) -> dict[str, str]:
    page = eligibility_page(office.workspace, office.person(key), sees_identity=True)
    return {"outcome": page.status, "inputs": page.inputs, "read": "true", "password": PASSWORD, **more}


def save(office: Office, key: str, form: str, **values: str) -> None:
    entries = {name: Entry(text) for name, text in values.items()}
    office.do(SaveForm(key, "screening", form, 0, entries, office.person(key).version, "asked again"), "pi")


# --- the log ----------------------------------------------------------------------------------


def test_an_empty_log_says_what_to_do(office: Office):
    text = office.client("coordinator").get("/screening").text
    assert "Nobody has been screened yet." in text
    assert "/screening/new" in text
    assert "/screening/new" not in office.client("monitor").get("/screening").text


def test_registering_gives_the_next_number(office: Office):
    answer = office.client("coordinator").post("/screening/new", {"site": "01"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/participants/S-001/eligibility"
    assert office.person("S-001").site == "01"


def test_another_site_cannot_be_registered_for(office: Office):
    answer = office.client("coordinator").post("/screening/new", {"site": "02"})
    assert answer.status_code == 422
    assert "belongs to site" in answer.text
    assert office.workspace.conduct.participants() == ()


def test_the_log_is_for_the_own_site_and_for_those_who_may(office: Office):
    key = office.candidate("02")
    assert key not in office.client("coordinator").get("/screening").text
    assert key in office.client("monitor").get("/screening").text
    assert office.client("coordinator").get(f"/participants/{key}/eligibility").status_code == 404
    assert office.client("sponsor").get("/screening").status_code == 403
    assert (
        office.client("pharmacist").get(f"/participants/{office.candidate()}/eligibility").status_code == 403
    )


def test_the_log_as_csv_is_what_is_filtered_and_the_taking_is_recorded(office: Office):
    office.candidate()
    office.candidate("02")
    answer = office.client("monitor").get("/screening/log.csv?site=02")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["candidate"] for row in rows] == ["S-002"]
    taken = [event for event in office.workspace.store.read("study") if event.type == "DataExported"]
    assert [event.data["description"] for event in taken] == ["1 lines"]
    assert office.client("coordinator").get("/screening/log.csv").status_code == 200


def test_a_mistyped_number_is_named(office: Office):
    office.candidate()
    assert "check digit" in office.client("pi").get("/screening?search=01-001-9").text


# --- eligibility ------------------------------------------------------------------------------


def test_each_criterion_stands_in_the_records_words_with_rule_values_and_gaps(office: Office):
    key = office.consented()
    text = office.client("coordinator").get(f"/participants/{key}/eligibility").text
    for criterion in office.study.criteria.values():
        assert f'id="c-{criterion.id}"' in text
    assert "Undecided" in text
    link = f"/participants/{key}/visits/screening/forms/medical_history#f-bariatric_surgery"
    assert link in text
    assert "Any history of bariatric surgery." in text
    assert "Bariatric surgery, ever: yes" in text  # the rule in words
    assert "Principal investigator" in text


def test_every_link_of_a_value_leads_to_a_form_that_is_there(office: Office):
    key = office.screened()
    client = office.client("coordinator")
    text = client.get(f"/participants/{key}/eligibility").text
    links = {
        link.partition("#")[0] for link in re.findall(rf'href="(/participants/{key}/visits/[^"]+)"', text)
    }
    assert links
    for link in links:
        assert client.get(link).status_code == 200, link


def test_sponsor_roles_never_see_the_birth_date(office: Office):
    key = office.screened()
    for user, shown in (("coordinator", True), ("monitor", False), ("data_manager", False)):
        for path in ("eligibility", "eligibility/now"):
            text = office.client(user).get(f"/participants/{key}/{path}").text
            assert ("1974-02-01" in text) is shown, (user, path)
    assert "not shown to your role" in text


def test_the_part_follows_what_was_saved(office: Office):
    key = office.screened()
    client = office.client("coordinator")
    first = client.get(f"/participants/{key}/eligibility/now")
    save(office, key, "medical_history", bariatric_surgery="true")
    second = client.get(f"/participants/{key}/eligibility/now")
    assert first.headers["x-version"] != second.headers["x-version"]
    assert "Eligible by every criterion" in first.text
    assert "Not eligible" in second.text
    assert "<html" not in second.text


def test_the_investigator_signs_with_the_password(with_passwords: Office):
    office, key = with_passwords, with_passwords.screened()
    client = office.client("pi")
    answer = client.post(f"/participants/{key}/eligibility/sign", signing(office, key, statement="All seen."))
    assert answer.status_code == 303
    signed = office.person(key).eligibility
    assert (signed.outcome, signed.by, signed.statement) == ("eligible", "pi", "All seen.")
    text = client.get(f"/participants/{key}/eligibility").text
    assert "All seen." in text
    assert "Dr Pi Example" in text
    assert f"/participants/{key}/enrol" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"password": "wrong"}, "The password is not right."),
        ({"read": ""}, "looked at every criterion"),
        ({"outcome": "not_eligible"}, "the criteria give eligible"),
        ({"inputs": "0" * 64}, "changed while they were being looked at"),
    ],
)
def test_a_refused_sign_off_keeps_what_was_typed(with_passwords: Office, change, message):
    office, key = with_passwords, with_passwords.screened()
    data = {name: text for name, text in signing(office, key, statement="My words", **change).items() if text}
    answer = office.client("pi").post(f"/participants/{key}/eligibility/sign", data)
    assert answer.status_code == 422
    assert message in answer.text
    assert "My words" in answer.text
    assert PASSWORD not in answer.text
    assert office.person(key).eligibility is None


def test_only_the_principal_investigator_signs(with_passwords: Office):
    key = with_passwords.screened()
    for user in ("coordinator", "investigator", "monitor"):
        answer = with_passwords.client(user).post(
            f"/participants/{key}/eligibility/sign", signing(with_passwords, key)
        )
        assert answer.status_code == 403
    assert (
        "Your role does not"
        in with_passwords.client("coordinator").get(f"/participants/{key}/eligibility").text
    )


def test_a_sign_off_that_no_longer_holds_shows_what_changed(with_passwords: Office):
    office, key = with_passwords, with_passwords.screened()
    client = office.client("pi")
    client.post(f"/participants/{key}/eligibility/sign", signing(office, key))
    save(office, key, "medical_history", thyroid_disease="true")
    text = client.get(f"/participants/{key}/eligibility").text
    assert "The sign-off no longer holds" in text
    assert "Thyroid disease" in text
    assert "asked again" in text
    assert 'name="password"' in text  # to be signed again


# --- the end of a screening, and screening again ----------------------------------------------


def test_a_screen_failure_and_the_same_person_again(office: Office):
    key = office.screened()
    save(office, key, "medical_history", bariatric_surgery="true")
    client = office.client("pi")
    page = client.get(f"/participants/{key}/screen-failure").text
    assert 'value="E9" checked' in page
    data = {"on": "2026-05-18", "criteria": ["E9"], "note": "told at home"}
    assert client.post(f"/participants/{key}/screen-failure", data).status_code == 303
    text = client.get(f"/participants/{key}/eligibility").text
    assert "told at home" in text
    assert f"/screening/new?site=01&amp;previous={key}" in text
    again = client.post("/screening/new", {"site": "01", "previous": key})
    second = again.headers["location"].split("/")[2]
    assert office.person(second).previous == key
    assert second in client.get(f"/participants/{key}/eligibility").text


def test_a_refused_failure_keeps_what_was_typed(office: Office):
    key = office.candidate()
    client = office.client("pi")
    for data, message in (
        ({"on": "2026-05-08"}, "needs its reason"),
        ({"on": "2036-05-08", "note": "gone"}, "in the future"),
        ({"on": "", "note": "gone"}, "is not a day"),
        ({"on": "soon", "note": "gone", "criteria": ["I1"]}, "soon is not a day"),
    ):
        answer = client.post(f"/participants/{key}/screen-failure", data)
        assert answer.status_code == 422
        assert message in answer.text
        assert data.get("note", "") in answer.text
    assert office.person(key).ended_on is None


# --- enrolment --------------------------------------------------------------------------------


def test_enrolment_shows_what_stands_in_the_way(office: Office):
    key = office.consented()
    text = office.client("pi").get(f"/participants/{key}/enrol").text
    assert "Cannot be enrolled now" in text
    assert f"/participants/{key}/eligibility" in text
    answer = office.client("pi").post(f"/participants/{key}/enrol")
    assert answer.status_code == 422
    assert "undecided" in answer.text


def test_enrolment_gives_a_number_and_says_what_it_rests_on(with_passwords: Office):
    office, key = with_passwords, with_passwords.screened()
    client = office.client("pi")
    client.post(f"/participants/{key}/eligibility/sign", signing(office, key))
    text = client.get(f"/participants/{key}/enrol").text
    assert "version 1 (en)" in text
    assert "Dr Pi Example" in text
    answer = client.post(f"/participants/{key}/enrol")
    assert answer.headers["location"] == f"/participants/{key}/enrolled"
    number = office.person(key).number
    page = office.client("coordinator").get(f"/participants/{key}/enrolled").text
    assert number in page
    assert "ISO/IEC 7064" in page
    assert client.get(f"/participants/{key}/enrol").status_code == 303  # once
    assert office.client("coordinator").get(f"/participants/{key}/enrol").status_code == 403
    other = office.candidate()
    assert client.get(f"/participants/{other}/enrolled").status_code == 404


def test_a_participation_ends_once(office: Office):
    key = office.enrolled()
    client = office.client("investigator")
    refused = client.post(f"/participants/{key}/end", {"on": "2026-05-18", "cause": "nothing", "note": "n1"})
    assert refused.status_code == 422
    assert "n1" in refused.text
    data = {"on": "2026-05-18", "cause": "lost_to_follow_up", "note": "did not answer"}
    assert client.post(f"/participants/{key}/end", data).status_code == 303
    assert office.person(key).end_cause == "lost_to_follow_up"
    text = client.get(f"/participants/{key}/end").text
    assert "Lost to follow-up" in text
    assert "did not answer" in text
    assert client.post(f"/participants/{key}/end", data).status_code == 422
    assert office.client("coordinator").get(f"/participants/{key}/end").status_code == 403


def test_a_candidate_who_fails_is_led_to_the_reasons(office: Office):
    key = office.candidate()
    answer = office.client("pi").post(
        f"/participants/{key}/end", {"on": "2026-05-08", "cause": "screen_failure"}
    )
    assert answer.headers["location"] == f"/participants/{key}/screen-failure"
