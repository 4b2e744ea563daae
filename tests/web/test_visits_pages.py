"""Casebook, visits, worklists, start page, calendar and deviations over HTTP."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta

import pytest
from icalendar import Calendar

from masked_trial import stocked
from trialrun.app.deviations import find_deviations, found_deviations, listed_deviations
from trialrun.app.roster import roster
from trialrun.app.worklists import WORKLISTS, overdue_rows, upcoming_rows, worklists_for
from trialrun.ledger.commands import Entry, MissVisit, RecordVisit, SaveForm
from web_kit import DOSED

ADDRESSES = (
    "/home", "/participants", "/participants.csv", "/participants/S-001", "/participants/S-001/calendar.ics",
    "/participants/S-001/visits/month_2", "/visits", "/worklists", "/deviations", "/deviations.csv",
    "/deviations/found", "/deviations/new", "/calendar",
)  # fmt: skip


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def found_at(office, key, visit):
    """The rules that find something at one visit today."""
    found = find_deviations(office.study, office.person(key), office.workspace.today)
    return [one.rule for one in found if one.visit == visit]


def test_an_empty_trial_has_pages_too(office):
    client = office.client("pi")
    for address in ADDRESSES:
        answer = client.get(address)
        assert answer.status_code == (404 if "S-001" in address else 200), address
    assert "Nobody has been registered yet" in client.get("/participants").text
    for role in ("monitor", "sponsor", "statistician", "data_manager", "admin", "pharmacist", "participant"):
        assert office.client(role).get("/home").status_code == 200, role


def test_every_page_of_a_dosed_participant(office):
    key = office.dosed()
    client = office.client("pi")
    lists = [f"/worklists/{one.name}" for one in worklists_for(office.workspace, office.actor("pi"))]
    for address in (*ADDRESSES, *lists):
        assert client.get(address).status_code == 200, address
    page = client.get(f"/participants/{key}")
    for link in set(re.findall(rf'href="/participants/{key}/([a-z-]+)"', page.text)):
        assert client.get(f"/participants/{key}/{link}").status_code == 200, link
    number = office.person(key).number
    assert number in page.text
    # What was typed into identifying items stands on no page of lists.
    assert "1974-02-01" not in page.text + client.get("/participants").text


class TestScope:
    def test_another_site_sees_nothing_of_them(self, office):
        key = office.dosed()
        other = office.client("coordinator2")
        for address in (
            f"/participants/{key}",
            f"/participants/{key}/visits/month_2",
            f"/participants/{key}/calendar.ics",
        ):
            assert other.get(address).status_code == 404, address
        assert key not in other.get("/participants").text
        assert roster(office.workspace, office.actor("coordinator2")) == ()
        for one in WORKLISTS:
            rows = one.find(office.workspace, office.actor("coordinator2"))
            assert [row for row in rows if row.site == "01"] == [], one.name

    def test_a_body_cannot_name_another_sites_participant(self, office):
        key = office.dosed()
        data = {"participant": key, "kind": "other", "description": "x"}
        assert office.client("pi2").post("/deviations/new", data).status_code == 404
        assert office.client("pi2").post("/deviations/found", data).status_code == 404

    def test_roles_without_the_right(self, office):
        key = office.dosed()
        assert office.client("sponsor").get("/participants").status_code == 403
        assert office.client("statistician").get(f"/participants/{key}").status_code == 403
        record = {"date": "2026-05-27"}
        path = f"/participants/{key}/visits/dose_2/date"
        assert office.client("monitor").post(path, record).status_code == 403
        assert office.client().get("/participants").status_code == 303

    def test_the_sponsor_sees_numbers_and_no_list_of_people(self, office):
        office.dosed()
        page = office.client("sponsor").get("/home").text
        assert "Recruitment" in page
        assert "/participants" not in page


class TestVisits:
    def test_recording_correcting_and_missing(self, office):
        key = office.dosed()
        office.clock.to(date(2026, 7, 30))
        client, path = office.client("coordinator"), f"/participants/{key}/visits/month_2"
        assert client.post(f"{path}/date", {"date": "2026-07-20"}).status_code == 303
        assert office.person(key).visits["month_2"] == date(2026, 7, 20)
        # Another day needs a reason; what was typed stays on the page.
        refused = client.post(f"{path}/date", {"date": "2026-07-21"})
        assert refused.status_code == 422
        assert "needs a reason" in refused.text
        assert 'value="2026-07-21"' in refused.text
        corrected = client.post(f"{path}/date", {"date": "2026-07-21", "reason": "typing error"})
        assert corrected.status_code == 303
        assert office.person(key).visits["month_2"] == date(2026, 7, 21)

    @pytest.mark.parametrize("day", ["2027-01-01", "2026-02-30", "", "20.07.2026"])
    def test_days_that_cannot_be(self, office, day):
        key = office.dosed()
        answer = office.client("pi").post(f"/participants/{key}/visits/dose_2/date", {"date": day})
        assert answer.status_code == 422
        assert "dose_2" not in office.person(key).visits

    def test_a_missed_visit_is_a_deviation_once(self, office):
        key = office.dosed()
        office.clock.to(date(2026, 6, 2))
        client = office.client("coordinator")
        path = f"/participants/{key}/visits/dose_2/missed"
        assert client.post(path, {"missed_reason": ""}).status_code == 422
        assert client.post(path, {"missed_reason": "was ill"}).status_code == 303
        recorded = office.person(key).deviations.values()
        assert [(one.rule, one.visit) for one in recorded] == [("visit-missed", "dose_2")]
        assert found_at(office, key, "dose_2") == []

    def test_unscheduled_visits_are_counted_on(self, office):
        key = office.dosed()
        client = office.client("coordinator")
        for day in ("2026-05-20", "2026-05-20"):
            data = {"visit": "unscheduled", "date": day}
            assert client.post(f"/participants/{key}/add-visit", data).status_code == 303
        assert {"unscheduled", "unscheduled#2"} <= set(office.person(key).visits)
        page = client.get(f"/participants/{key}/visits/unscheduled%232")
        assert page.status_code == 200
        assert "Unscheduled 2" in page.text
        refused = client.post(
            f"/participants/{key}/add-visit", {"visit": "unscheduled", "date": "2031-01-01"}
        )
        assert refused.status_code == 422
        assert 'value="2031-01-01"' in refused.text


class TestLists:
    def test_overdue_and_upcoming(self, office):
        """Dosed on 20 May: dose 2 is due on the 27th, two days either side."""
        office.dosed()
        actor = office.actor("coordinator")

        def names(rows):
            return [row.what for row in rows if row.what.startswith("Dose")]

        office.clock.to(date(2026, 5, 29))
        assert "Dose 2" in names(upcoming_rows(office.workspace, actor))
        assert names(overdue_rows(office.workspace, actor)) == []
        # 29 May 20:30 UTC is 30 May in Tehran.
        office.clock.now = office.clock.now.replace(day=29, hour=20, minute=30)
        assert names(overdue_rows(office.workspace, actor)) == ["Dose 2"]
        page = office.client("coordinator").get("/worklists/overdue").text
        assert "/participants/S-001/visits/dose_2" in page
        assert "overdue by 1 day" in page

    def test_sorting_choosing_and_the_file(self, office):
        for _ in range(2):
            office.consented()
        office.dosed()
        office.candidate("02")
        client = office.client("monitor")
        rows = rows_of(client.get("/participants.csv?sort=candidate&order=down").text)
        assert [row["candidate"] for row in rows] == ["S-004", "S-003", "S-002", "S-001"]
        rows = rows_of(client.get("/participants.csv?status=consented").text)
        assert {row["candidate"] for row in rows} == {"S-001", "S-002"}
        assert len(rows_of(client.get("/participants.csv?site=02").text)) == 1
        assert len(rows_of(client.get("/participants.csv?search=s-00").text)) == 4
        assert len(rows_of(client.get("/participants.csv?with=nonsense&sort=nonsense").text)) == 4
        dosed = next(row for row in rows_of(client.get("/participants.csv").text) if row["participant"])
        assert (dosed["status"], dosed["next_visit"]) == ("treated", "baseline")
        office.clock.to(DOSED + timedelta(days=1))
        client = office.client("monitor")
        dosed = next(row for row in rows_of(client.get("/participants.csv").text) if row["participant"])
        assert (dosed["overdue_visits"], dosed["next_visit"]) == ("1", "dose_2")
        assert dosed["next_target"] == str(DOSED + timedelta(days=7))
        page = client.get("/participants?sort=overdue").text
        assert 'aria-sort="ascending"' in page

    def test_a_number_on_the_start_page_is_the_length_of_its_list(self, office):
        office.dosed()
        office.clock.to(date(2026, 8, 1))
        page = office.client("pi").get("/home").text
        for one in worklists_for(office.workspace, office.actor("pi")):
            count = len(one.find(office.workspace, office.actor("pi")))
            tile = page.split(f'href="/worklists/{one.name}"')[1].split("</a>")[0]
            assert f'<span class="tile-value">{count}</span>' in tile, one.name

    def test_a_list_not_for_the_role_is_not_there(self, office):
        assert office.client("sponsor").get("/worklists/overdue").status_code == 404
        assert office.client("pi").get("/worklists/nonsense").status_code == 404


class TestDeviations:
    def missing_laboratory(self, office):
        """Month 2 took place on 20 July; a day after its window (3 August) nothing stands on its laboratory form."""
        key = office.dosed()
        office.clock.to(date(2026, 7, 20))
        office.do(RecordVisit(key, "month_2", date(2026, 7, 20)))
        return key

    def test_a_missed_assessment_is_found_after_the_window_and_recorded_once(self, office):
        key = self.missing_laboratory(office)
        office.clock.to(date(2026, 8, 3))
        assert found_at(office, key, "month_2") == []
        office.clock.to(date(2026, 8, 4))
        assert found_at(office, key, "month_2") == [
            "assessment-missed:examination",
            "assessment-missed:vital_signs",
            "assessment-missed:laboratory",
        ]
        client = office.client("coordinator")
        data = {"participant": key, "rule": "assessment-missed:laboratory", "visit": "month_2"}
        assert "nothing was entered" in client.get("/deviations/found").text
        assert client.post("/deviations/found", data).status_code == 303
        # A second click, or a second person, records nothing more.
        assert client.post("/deviations/found", data).status_code == 422
        deviations = office.person(key).deviations.values()
        assert [one.rule for one in deviations] == ["assessment-missed:laboratory"]
        assert len(found_at(office, key, "month_2")) == 2
        assert found_deviations(office.workspace, office.actor("pi2")) == ()

    def test_what_was_not_done_is_a_missed_assessment(self, office):
        key = self.missing_laboratory(office)
        values = {
            name: Entry(missing="not_done")
            for name in office.study.forms["laboratory"].items
            if office.study.items[name].only_if is None
        }
        office.do(SaveForm(key, "month_2", "laboratory", values=values))
        office.clock.to(date(2026, 8, 4))
        found = find_deviations(office.study, office.person(key), office.workspace.today)
        words = next(
            one.description for one in found if one.visit == "month_2" and one.rule.endswith(":laboratory")
        )
        assert "not done" in words
        assert "INR" in words

    def test_a_visit_outside_its_window_is_counted_once(self, office):
        key = office.dosed()
        office.clock.to(date(2026, 6, 2))
        office.do(RecordVisit(key, "dose_2", date(2026, 5, 31)), "pi")
        listed = listed_deviations(office.workspace, office.actor("pi"))
        assert [one.deviation.rule for one in listed] == ["visit-window"]
        rules = {
            one.rule for one in find_deviations(office.study, office.person(key), office.workspace.today)
        }
        assert "visit-window" not in rules

    def test_by_hand_and_assessed(self, office):
        key = office.dosed()
        client = office.client("pi")
        typed = {"participant": key, "kind": "", "description": "Sample left warm", "visit": "dose_1"}
        refused = client.post("/deviations/new", typed)
        assert refused.status_code == 422
        assert "Sample left warm" in refused.text
        answer = client.post("/deviations/new", {**typed, "kind": "laboratory", "action": "new sample"})
        assert answer.headers["location"] == f"/participants/{key}/deviations/D-001"
        path = answer.headers["location"]
        assert "to assess" in client.get("/deviations").text
        assert client.post(path, {"importance": "minor", "impact": "", "action": "x"}).status_code == 422
        judged = {
            "importance": "major",
            "impact": "none on safety",
            "action": "repeated",
            "prevention": "label",
        }
        assert office.client("coordinator").post(path, judged).status_code == 403
        assert client.post(path, judged).status_code == 303
        assert office.person(key).deviations["D-001"].status == "assessed"
        row = rows_of(client.get("/deviations.csv").text)[0]
        assert (row["importance"], row["impact"], row["kind"]) == ("major", "none on safety", "laboratory")
        assert rows_of(client.get("/deviations.csv?status=open").text) == []
        assert client.get(f"/participants/{key}/deviations/D-009").status_code == 404

    def test_nothing_is_found_of_somebody_who_left_before(self, office):
        key = office.consented()
        assert find_deviations(office.study, office.person(key), date(2030, 1, 1)) == ()


class TestCalendar:
    def make(self, office, user):
        page = office.client(user).post("/calendar/renew").text
        return page.split('value="http://trial.test')[1].split('"')[0]

    def test_a_feed_without_a_sign_in_and_without_a_name(self, office):
        key = office.dosed()
        address = self.make(office, "coordinator")
        answer = office.client().get(address)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/calendar")
        assert "set-cookie" not in answer.headers
        entries = {str(one["summary"]): one for one in Calendar.from_ical(answer.content).walk("VEVENT")}
        number = office.person(key).number
        month_2 = entries[f"{number} · Month 2"]
        assert month_2["dtstart"].dt == date(2026, 7, 20)
        assert month_2["dtend"].dt == date(2026, 7, 21)
        assert "2026-07-06 to 2026-08-03" in str(month_2["description"])
        assert "1974" not in answer.text

    def test_the_address_is_shown_once_and_a_new_one_ends_it(self, office):
        office.dosed()
        first = self.make(office, "coordinator")
        assert first not in office.client("coordinator").get("/calendar").text
        second = self.make(office, "coordinator")
        assert office.client().get(first).status_code == 404
        assert office.client().get(second).status_code == 200
        office.client("coordinator").post("/calendar/end")
        assert office.client().get(second).status_code == 404
        assert office.client().get("/calendar/feed/nonsense").status_code == 404

    def test_it_ends_with_the_role(self, office):
        from trialrun.ledger.commands import RevokeRole

        office.dosed()
        address = self.make(office, "coordinator")
        office.do(RevokeRole("coordinator", "coordinator", "01", "left"), "admin")
        assert office.client().get(address).status_code == 404

    def test_the_file_of_one_participant(self, office):
        key = office.dosed()
        answer = office.client("pi").get(f"/participants/{key}/calendar.ics")
        assert "attachment" in answer.headers["content-disposition"]
        before = {str(one["uid"]) for one in Calendar.from_ical(answer.content).walk("VEVENT")}
        office.clock.to(date(2026, 6, 10))
        office.do(MissVisit(key, "dose_2", "ill"))
        after = {
            str(one["uid"])
            for one in Calendar.from_ical(
                office.client("pi").get(f"/participants/{key}/calendar.ics").content
            ).walk("VEVENT")
        }
        assert before - after == {f"{key}-dose_2@{office.study.id}"}


def test_a_participant_sees_their_own_visits(office):
    from trialrun.ledger.commands import LinkParticipant

    assert "not connected" in office.client("participant").get("/home").text
    key = office.dosed()
    office.dosed()
    office.do(LinkParticipant("participant", key), "admin")
    page = office.client("participant").get("/home").text
    assert "2026-07-20" in page
    assert office.person("S-002").number not in page
    assert office.client("participant").get(f"/participants/{key}").status_code == 403
    copy = office.client("participant").get("/home/consent.pdf")
    assert copy.content.startswith(b"%PDF")


def test_the_number_of_the_enrolled_opens_a_list_of_them(office):
    candidate, key = office.candidate(), office.enrolled()
    client = office.client("pi")
    assert "/participants?with=enrolled" in client.get("/home").text
    shown = client.get("/participants?with=enrolled").text
    assert key in shown
    assert f'/participants/{candidate}"' not in shown


def test_product_that_needs_attention_names_nobody_and_leads_to_no_missing_batch(office):
    office.dosed()  # with a batch that nobody registered
    stocked(office, "B-9", released_on=None, release_reference="", thawed=0)
    client = office.client("pharmacist")
    listed = client.get("/worklists/product").text
    assert "B-9" in listed
    assert 'href="/participants/"' not in listed
    site = client.get("/stock/01").text
    for address in set(re.findall(r'href="(/stock/01/batch\?name=[^"]+)"', site)):
        assert client.get(address).status_code == 200, address
