"""The pages of safety as people of each role use them."""

from __future__ import annotations

from datetime import date

import pytest

from safety_kit import draw, report, serious
from trialrun.app.alerts import alerts_of
from web_kit import Office

PAGES = ("", "/events", "/events.csv", "/serious", "/alerts", "/stopping", "/endings")


@pytest.fixture
def key(office: Office) -> str:
    key = office.dosed()
    report(office, key, ae_term="<b>Itching</b>")
    serious(office, key, 2)
    draw(office, key, date(2026, 6, 10), alt="200", bilirubin="6.0", inr="2.1")
    return key


@pytest.mark.parametrize("user", ["pi", "coordinator", "monitor", "data_manager", "sponsor"])
def test_those_who_may_see_safety_see_every_page(office: Office, key: str, user: str):
    client = office.client(user)
    for path in (
        *(f"/safety{one}" for one in PAGES),
        f"/participants/{key}/safety",
        f"/participants/{key}/safety/2",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "<b>Itching" not in answer.text or path.endswith(".csv")


@pytest.mark.parametrize("user", ["statistician", "admin", "pharmacist", "participant"])
def test_others_do_not(office: Office, key: str, user: str):
    assert {office.client(user).get(f"/safety{one}").status_code for one in PAGES} == {403}


def test_another_site_sees_nothing_of_it(office: Office, key: str):
    client = office.client("pi2")
    assert client.get(f"/participants/{key}/safety").status_code == 404
    assert client.get(f"/participants/{key}/safety/2/report.pdf").status_code == 404
    for path in PAGES:
        assert "Variceal" not in client.get(f"/safety{path}").text


def test_empty_pages_say_so(office: Office):
    client = office.client("pi")
    assert "No report is owed." in client.get("/safety").text
    assert "No adverse event has been recorded." in client.get("/safety/events").text
    assert "No serious event has been recorded." in client.get("/safety/serious").text
    assert "No laboratory alert has been raised." in client.get("/safety/alerts").text
    assert "No death, transplant or procedure has been recorded." in client.get("/safety/endings").text


def test_filters_of_the_address_hold_for_the_file_too(office: Office, key: str):
    client = office.client("pi")
    assert "Variceal bleeding" not in client.get("/safety/events?serious=no").text
    assert client.get("/safety/events.csv?serious=yes").text.count("\r\n") == 2
    assert client.get("/safety/events?grade=9&serious=maybe").status_code == 200


def test_an_alert_is_assessed_and_a_slip_loses_nothing(office: Office, key: str):
    (alert, *_rest) = alerts_of(office.workspace, key)
    pi = office.client("pi")
    assert "Liver injury signal" in pi.get("/safety").text
    stale = pi.post(
        f"/participants/{key}/alerts", {"alert": "liver_injury:old", "assessment": "Cholangitis, long text"}
    )
    assert stale.status_code == 422
    assert "no longer stands" in stale.text
    empty = pi.post(f"/participants/{key}/alerts", {"alert": alert.id, "assessment": " "})
    assert empty.status_code == 422
    done = pi.post(
        f"/participants/{key}/alerts", {"alert": alert.id, "assessment": "Cholangitis; dose withheld"}
    )
    assert done.status_code == 303
    shown = pi.get(f"/participants/{key}/safety").text
    assert "Cholangitis; dose withheld" in shown
    assert (
        office.client("coordinator")
        .post(f"/participants/{key}/alerts", {"alert": alert.id, "assessment": "x"})
        .status_code
        == 403
    )


def test_a_report_is_recorded_as_sent(office: Office, key: str):
    client = office.client("coordinator")
    place = f"/participants/{key}/safety/2"
    wrong = client.post(
        f"{place}/reports", {"kind": "initial", "recipient": "Sponsor", "on": "soon", "reference": "A-77"}
    )
    assert wrong.status_code == 422
    assert "soon is not a day" in wrong.text
    assert 'value="A-77"' in wrong.text
    future = client.post(f"{place}/reports", {"kind": "initial", "recipient": "Sponsor", "on": "2030-01-01"})
    assert future.status_code == 422
    sent = {"kind": "initial", "recipient": "Sponsor", "on": "2026-05-27", "reference": "A-77"}
    assert client.post(f"{place}/reports", sent).status_code == 303
    assert "A-77" in client.get(place).text
    other = {"kind": "initial", "recipient": "", "other_recipient": "Insurer", "on": "2026-05-28"}
    assert client.post(f"{place}/reports", other).status_code == 303
    assert "Insurer" in client.get(place).text
    assert office.client("monitor").post(f"{place}/reports", sent).status_code == 403


def test_the_report_as_pdf(office: Office, key: str):
    answer = office.client("sponsor").get(f"/participants/{key}/safety/2/report.pdf")
    assert answer.content.startswith(b"%PDF")
    assert "event-2" in answer.headers["content-disposition"]


def test_what_is_not_there(office: Office, key: str):
    client = office.client("pi")
    assert client.get(f"/participants/{key}/safety/9").status_code == 400
    assert client.get(f"/participants/{key}/safety/1").status_code == 400  # not serious
    assert client.get("/participants/S-999/safety").status_code == 404


def test_a_reached_boundary_is_said_first(office: Office, key: str):
    died = {"ae_outcome": "fatal", "ae_grade": "5", "ae_seriousness": "death", "ae_end": "2026-05-27"}
    serious(office, key, 3, **died)
    other = office.dosed()
    serious(office, other, 1, **died)
    assert (
        "Give no dose before the safety review"
        in office.client("pi").get(f"/participants/{other}/dosing").text
    )
    for path in ("/safety", "/safety/stopping"):
        assert "the stopping boundary is reached" in office.client("pi").get(path).text


def test_the_yearly_report_is_the_sponsors_to_record(office: Office, key: str):
    office.clock.to(date(2027, 6, 1))
    sponsor = office.client("sponsor")
    assert "Record as sent" in sponsor.get("/safety").text
    assert sponsor.post("/safety/annual", {"reference": "DSUR 1"}).status_code == 303
    assert "2028-05-08" in sponsor.get("/safety").text
    assert sponsor.post("/safety/annual", {"reference": "DSUR 2"}).status_code == 422
    assert office.client("participant").post("/safety/annual", {}).status_code == 403
