"""The dosing page: planned against given, what is in the way, recording an infusion, an overdose refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from masked_trial import stocked
from trialrun.app.dosing import days_left, dosing_of
from trialrun.ledger.commands import Entry, RecordVisit, SaveForm
from web_kit import DOSED

INFUSION = {
    "batch": "B-1", "infusion_start": "2026-05-20T10:00", "infusion_stop": "2026-05-20T10:40", "dose_given": "10",
    "dose_given-unit": "mg", "volume": "100", "volume-unit": "mL", "infusion_interrupted": "false",
    "infusion_interruption_reason": "", "reason": "",
}  # fmt: skip


def standing(office, key, user="pi"):
    dosing = dosing_of(office.workspace, office.person(key), office.actor(user).role)
    return {one.label: one.standing for one in dosing.next.checks}


def ready(office):
    """Enrolled, on the day of the first dose, with everything confirmed."""
    key = office.enrolled()
    office.clock.to(DOSED, hour=12)
    office.do(RecordVisit(key, "dose_1", DOSED), "pi")
    office.do(SaveForm(key, "dose_1", "reconfirmation", values={"still_suitable": Entry("true")}), "pi")
    values = {
        "childbearing_potential": Entry("true"), "pregnancy_test_result": Entry("negative"),
        "pregnancy_test_date": Entry("2026-05-20"), "breastfeeding": Entry("false"),
    }  # fmt: skip
    office.do(SaveForm(key, "dose_1", "pregnancy", values=values), "pi")
    return key


def sent(office, key, **changes):
    return {**INFUSION, "version": str(office.workspace.conduct.version(key)), **changes}


def test_the_checklist_before_enrolment(office):
    key = office.screened()
    found = standing(office, key)
    assert found["Enrolled"] == "blocks"
    assert found["Eligibility sign-off"] == "blocks"
    assert found["Consent"] == "met"
    assert found["Still suitable"] == "blocks"
    assert found["Product"] == "note"


def test_the_checklist_when_all_is_ready(office):
    key = ready(office)
    stocked(office, thawed=0)
    assert standing(office, key)["Product"] == "open"
    stocked(office, "B-2", thawed=1)
    found = standing(office, key)
    assert set(found.values()) == {"met"}, found
    shown = office.client("investigator").get(f"/participants/{key}/dosing").text
    assert "Nothing forbids it" in shown
    assert "Record the infusion" in shown


def test_the_checklist_names_what_is_wrong(office):
    key = ready(office)
    stocked(office, released_on=None, release_reference="", thawed=0)
    office.do(
        SaveForm(key, "dose_1", "pregnancy", 0, {"pregnancy_test_result": Entry("positive")},
                 office.workspace.conduct.version(key), "the second line came up"), "pi",
    )  # fmt: skip
    found = standing(office, key)
    assert found["Pregnancy test"] == "blocks"
    assert found["Product"] == "blocks"
    shown = office.client("pi").get(f"/participants/{key}/dosing").text
    assert "Positive: do not give the dose." in shown
    assert "Not yet" in shown


def test_recording_an_infusion(office):
    key = ready(office)
    stocked(office)
    client = office.client("investigator")
    assert "1 thawed" not in client.get(f"/participants/{key}/dosing/dose_1").text
    done = client.post(f"/participants/{key}/dosing/dose_1", sent(office, key))
    assert done.status_code == 303, done.text
    dosing = dosing_of(office.workspace, office.person(key), "investigator")
    line = dosing.lines[0]
    assert (line.given.dose, line.given.rate, line.given.units) == (Decimal(10), "150", 1)
    assert (dosing.total, dosing.planned, dosing.share) == (Decimal(10), Decimal(40), 0.25)
    assert days_left(dosing, office.workspace.today) == 21
    assert dosing.next.visit == "dose_2"
    shown = client.get(f"/participants/{key}/dosing").text
    assert "150 mL/h" in shown
    assert "10 of 40 mg given" in shown


def test_the_day_of_the_start_becomes_the_visit(office):
    key = office.dosed()
    office.clock.to(date(2026, 5, 27), hour=12)
    data = sent(office, key, batch="B-1", infusion_start="2026-05-27T10:00", infusion_stop="2026-05-27T11:00")
    assert office.client("pi").post(f"/participants/{key}/dosing/dose_2", data).status_code == 303
    assert office.person(key).visits["dose_2"] == date(2026, 5, 27)


def test_a_refused_infusion_leaves_no_date_and_no_deviation_behind(office):
    key = office.dosed()
    office.clock.to(date(2026, 6, 20), hour=12)
    data = sent(
        office,
        key,
        batch="B-1",
        infusion_start="2026-06-20T10:00",
        infusion_stop="2026-06-20T11:00",
        dose_given="35",
    )
    client = office.client("pi")
    assert client.post(f"/participants/{key}/dosing/dose_2", data).status_code == 422
    assert "dose_2" not in office.person(key).visits
    assert not office.person(key).deviations
    again = {
        **data,
        "infusion_start": "2026-05-27T10:00",
        "infusion_stop": "2026-05-27T11:00",
        "dose_given": "10",
    }
    assert client.post(f"/participants/{key}/dosing/dose_2", again).status_code == 303
    assert office.person(key).visits["dose_2"] == date(2026, 5, 27)


def test_an_infusion_stops_after_it_starts(office):
    key = office.dosed()
    office.clock.to(date(2026, 5, 27), hour=12)
    data = sent(office, key, batch="B-1", infusion_start="2026-05-27T10:00", infusion_stop="2026-05-27T09:00")
    refused = office.client("pi").post(f"/participants/{key}/dosing/dose_2", data)
    assert refused.status_code == 422
    assert "not after its start" in refused.text
    assert "dose_2" not in office.person(key).visits


def test_an_overdose_is_refused_without_reason_and_nothing_typed_is_lost(office):
    key = office.dosed()
    office.clock.to(date(2026, 5, 27), hour=12)
    office.do(RecordVisit(key, "dose_2", date(2026, 5, 27)), "pi")
    data = sent(
        office, key, batch="B-1", infusion_start="2026-05-27T10:00", infusion_stop="2026-05-27T11:00",
        dose_given="35", infusion_interrupted="true", infusion_interruption_reason="line blocked",
    )  # fmt: skip
    client = office.client("pi")
    refused = client.post(f"/participants/{key}/dosing/dose_2", data)
    assert refused.status_code == 422
    assert "45 mg given in all, 40 mg planned" in refused.text
    assert "line blocked" in refused.text
    assert 'value="35"' in refused.text
    again = {**data, "reason": "pump error", "version": str(office.workspace.conduct.version(key))}
    assert client.post(f"/participants/{key}/dosing/dose_2", again).status_code == 303
    rules = {one.rule for one in office.person(key).deviations.values()}
    assert {"dose-above-plan", "dose-not-as-planned"} <= rules
    shown = client.get(f"/participants/{key}/dosing").text
    assert "Above the plan" in shown
    assert "45 mg given in all" in shown or "35 mg given at dose_2" in shown


def test_a_stock_refusal_is_shown_in_its_place(office):
    key = ready(office)
    stocked(office, thawed=0)
    answer = office.client("pi").post(f"/participants/{key}/dosing/dose_1", sent(office, key))
    assert answer.status_code == 422
    assert "0 thawed" in answer.text
    assert "record the thaw first" in answer.text


def test_somebody_elses_change_is_shown_before_it_is_overwritten(office):
    key = ready(office)
    mine = sent(office, key, batch="B-1")
    office.do(
        SaveForm(key, "dose_1", "infusion", values={"volume": Entry("90", "mL")}, expected_version=None), "pi"
    )
    answer = office.client("investigator").post(f"/participants/{key}/dosing/dose_1", mine)
    assert answer.status_code == 422
    assert "90 mL" in answer.text


@pytest.mark.parametrize(
    ("user", "path", "status"),
    [
        ("coordinator", "", 200),
        ("coordinator", "/dose_1", 403),
        ("monitor", "", 200),
        ("sponsor", "", 403),
        ("pi2", "", 404),
        ("pi", "/month_2", 404),
        ("pi", "/nowhere", 404),
    ],
)
def test_who_may_see_and_record(office, user, path, status):
    key = office.candidate()
    assert office.client(user).get(f"/participants/{key}/dosing{path}").status_code == status
