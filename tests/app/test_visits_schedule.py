"""The schedule of one participant: dates counted by hand, every edge of a window, and the end of participation."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from small_study import make_study
from trialrun.app.visits import (
    VisitStatus,
    addable_visits,
    anchors_of,
    first_dose_on,
    next_visit,
    overdue_visits,
    status_words,
    visit_schedule,
)
from trialrun.ledger.state import Consent, ParticipantState, SavedValue

STUDY = make_study()
LATER = date(2030, 1, 1)


def value(text):
    return SavedValue(text, None, None, 1, "h", "cem", "2026-01-12T10:00:00.000000Z")


def person(first_dose=None, **more):
    """An enrolled participant; with a first dose of 20 mg where a day is given."""
    made = ParticipantState(key="S-001", site="01", number="01-001", **more)
    if first_dose is not None:
        made.visits["dose_1"] = first_dose
        made.values["dose_1", "infusion", 0, "dose_given"] = value("20")
        made.values["dose_1", "infusion", 0, "infusion_start"] = value(f"{first_dose}T09:30")
    return made


def at(today, who):
    return {one.name: one for one in visit_schedule(STUDY, who, today)}


@pytest.mark.parametrize(
    ("first_dose", "visit", "target", "first", "last"),
    [
        # 31 December plus 2 calendar months has no 31st: the month's last day, and the window from there.
        (date(2025, 12, 31), "month_2", date(2026, 2, 28), date(2026, 2, 14), date(2026, 3, 14)),
        (date(2027, 12, 31), "month_2", date(2028, 2, 29), date(2028, 2, 15), date(2028, 3, 14)),
        (date(2025, 12, 31), "month_4", date(2026, 4, 30), date(2026, 4, 9), date(2026, 5, 21)),
        (date(2026, 1, 12), "month_2", date(2026, 3, 12), date(2026, 2, 26), date(2026, 3, 26)),
        (date(2026, 1, 12), "dose_2", date(2026, 1, 19), date(2026, 1, 17), date(2026, 1, 21)),
        (date(2026, 2, 26), "dose_2", date(2026, 3, 5), date(2026, 3, 3), date(2026, 3, 7)),
        (date(2026, 1, 12), "baseline", date(2026, 1, 12), date(2025, 12, 29), date(2026, 1, 12)),
    ],
)
def test_target_and_window(first_dose, visit, target, first, last):
    found = at(LATER, person(first_dose))[visit]
    assert (found.target, found.first, found.last) == (target, first, last)


@pytest.mark.parametrize(
    ("today", "status"),
    [
        (date(2026, 2, 25), VisitStatus.DUE),
        (date(2026, 2, 26), VisitStatus.IN_WINDOW),
        (date(2026, 3, 12), VisitStatus.IN_WINDOW),
        (date(2026, 3, 26), VisitStatus.IN_WINDOW),
        (date(2026, 3, 27), VisitStatus.OVERDUE),
    ],
)
def test_both_ends_of_the_window_count(today, status):
    assert at(today, person(date(2026, 1, 12)))["month_2"].status is status


@pytest.mark.parametrize(
    ("actual", "status", "off"),
    [
        (date(2026, 2, 25), VisitStatus.DONE_OUTSIDE, -1),
        (date(2026, 2, 26), VisitStatus.DONE, 0),
        (date(2026, 3, 26), VisitStatus.DONE, 0),
        (date(2026, 3, 27), VisitStatus.DONE_OUTSIDE, 1),
        (date(2026, 4, 2), VisitStatus.DONE_OUTSIDE, 7),
    ],
)
def test_a_visit_done(actual, status, off):
    who = person(date(2026, 1, 12))
    who.visits["month_2"] = actual
    found = at(LATER, who)["month_2"]
    assert (found.status, found.days_off) == (status, off)


def test_before_the_first_dose_everything_counted_from_it_waits():
    found = at(LATER, person())
    assert {one.status for one in found.values() if one.plan.anchor == "first_dose"} == {VisitStatus.WAITING}
    assert status_words(found["month_2"], LATER) == "waits for the first dose"


def test_a_dose_of_nothing_is_no_first_dose():
    who = person(date(2026, 1, 12))
    who.values["dose_1", "infusion", 0, "dose_given"] = value("0")
    assert first_dose_on(STUDY, who) is None
    assert at(LATER, who)["month_2"].target is None


def test_until_the_amount_is_entered_the_dose_visit_plans_the_next_ones():
    who = person()
    who.visits["dose_1"] = date(2026, 1, 12)
    found = at(date(2026, 1, 13), who)["dose_2"]
    assert found.provisional
    assert found.target == date(2026, 1, 19)


def test_the_infusion_counts_not_the_day_of_the_visit():
    who = person(date(2026, 1, 12))
    who.visits["dose_1"] = date(2026, 1, 11)
    assert anchors_of(STUDY, who).days["first_dose"] == date(2026, 1, 12)


def test_the_first_consent_is_the_anchor_after_a_second_one():
    first = Consent("1.0", "en", date(2026, 1, 5), True, "h")
    second = Consent("2.0", "en", date(2026, 3, 1), True, "h")
    who = person(consent=second, consents=(second, first))
    assert anchors_of(STUDY, who).days["consent"] == date(2026, 1, 5)


class TestAfterTheEnd:
    def test_what_lay_ahead_is_not_applicable(self):
        who = person(date(2026, 1, 12), ended_on=date(2026, 3, 1), end_cause="lost")
        found = at(LATER, who)
        assert found["month_4"].status is VisitStatus.NOT_APPLICABLE
        # Its window, 26 February to 26 March, was still open.
        assert found["month_2"].status is VisitStatus.NOT_APPLICABLE
        # This one had been over long before: it is owed a date or a reason.
        assert found["dose_2"].status is VisitStatus.OVERDUE

    @pytest.mark.parametrize(
        ("ended", "status"),
        [(date(2026, 3, 26), VisitStatus.OVERDUE), (date(2026, 3, 25), VisitStatus.NOT_APPLICABLE)],
    )
    def test_the_last_day_of_the_window_decides(self, ended, status):
        who = person(date(2026, 1, 12), ended_on=ended, end_cause="death")
        assert at(LATER, who)["month_2"].status is status

    def test_whoever_completed_was_there_on_the_target_day(self):
        who = person(date(2026, 1, 12), ended_on=date(2026, 5, 12), end_cause="completed")
        assert at(LATER, who)["month_4"].status is VisitStatus.OVERDUE
        assert overdue_visits(visit_schedule(STUDY, who, LATER))

    def test_a_withdrawn_consent_ends_it_too(self):
        who = person(date(2026, 1, 12), withdrawn_on=date(2026, 2, 1))
        assert at(LATER, who)["month_2"].status is VisitStatus.NOT_APPLICABLE

    def test_nothing_is_expected_after_a_screen_failure(self):
        who = ParticipantState(key="S-001", site="01", ended_on=date(2026, 1, 9), end_cause="screen_failure")
        statuses = {one.status for one in at(LATER, who).values()}
        assert statuses == {VisitStatus.NOT_APPLICABLE}

    def test_what_was_done_stays_done(self):
        who = person(date(2026, 1, 12), ended_on=date(2026, 1, 13), end_cause="death")
        assert at(LATER, who)["dose_1"].status is VisitStatus.DONE


class TestUnplanned:
    def test_they_come_after_the_planned_ones_by_date(self):
        who = person(date(2026, 1, 12))
        who.visits |= {
            "unscheduled": date(2026, 4, 1),
            "unscheduled#2": date(2026, 2, 1),
            "unscheduled#10": date(2026, 2, 2),
        }
        names = [one.name for one in visit_schedule(STUDY, who, LATER)]
        assert names[-3:] == ["unscheduled#2", "unscheduled#10", "unscheduled"]
        assert at(LATER, who)["unscheduled#2"].title == "Unscheduled 2"

    def test_the_next_free_number(self):
        who = person(date(2026, 1, 12))
        assert addable_visits(STUDY, who)[0][0] == "unscheduled"
        who.visits["unscheduled"] = date(2026, 4, 1)
        assert addable_visits(STUDY, who)[0] == ("unscheduled#2", "Unscheduled 2")
        who.missed["unscheduled#2"] = "did not come"
        assert addable_visits(STUDY, who)[0][0] == "unscheduled#3"


def test_next_visit():
    who = person(date(2026, 1, 12))
    who.visits["baseline"] = date(2026, 1, 10)
    schedule = visit_schedule(STUDY, who, date(2026, 1, 13))
    assert next_visit(schedule).name == "dose_2"
    # Once its window has closed it is overdue, and the one to come is the next.
    schedule = visit_schedule(STUDY, who, date(2026, 1, 22))
    assert next_visit(schedule).name == "month_2"
    assert [one.name for one in overdue_visits(schedule)] == ["dose_2"]


def test_today_is_the_day_at_the_site():
    """20:29 UTC is 23:59 in Tehran; a minute later the window has closed there, and not in Greenwich."""
    who = person(date(2026, 1, 12))
    zone = ZoneInfo("Asia/Tehran")
    before = datetime(2026, 3, 26, 20, 29, tzinfo=UTC).astimezone(zone).date()
    after = datetime(2026, 3, 26, 20, 30, tzinfo=UTC).astimezone(zone).date()
    assert at(before, who)["month_2"].status is VisitStatus.IN_WINDOW
    assert at(after, who)["month_2"].status is VisitStatus.OVERDUE


@given(
    dose=some.dates(date(2000, 1, 1), date(2090, 12, 31)),
    ahead=some.integers(-200, 400),
    shift=some.integers(-200, 200),
)
def test_one_status_per_day_and_never_back(dose, ahead, shift):
    """As days pass a visit goes from due to in its window to overdue; and a date makes it done, inside or not."""
    today = dose + timedelta(days=ahead)
    order = [VisitStatus.DUE, VisitStatus.IN_WINDOW, VisitStatus.OVERDUE]
    for name, one in at(today, person(dose)).items():
        if one.status not in order:
            continue
        tomorrow = at(today + timedelta(days=1), person(dose))[name]
        assert order.index(tomorrow.status) in (order.index(one.status), order.index(one.status) + 1)
        came = one.target + timedelta(days=shift)
        who = person(dose)
        who.visits[name] = came
        done = at(today, who)[name]
        inside = one.first <= came <= one.last
        assert done.status is (VisitStatus.DONE if inside else VisitStatus.DONE_OUTSIDE)
        if not inside:
            edge = one.first if done.days_off < 0 else one.last
            assert edge + timedelta(days=done.days_off) == came
