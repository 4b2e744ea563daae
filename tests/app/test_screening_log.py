"""The screening log, eligibility with its reasons, sign-off, failure, re-screening and enrolment."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import date

import pytest

from trialrun.app.candidates import (
    CandidateStatus,
    LogFilter,
    fail_screening,
    log_csv,
    register_candidate,
    screening_log,
)
from trialrun.app.eligibility import eligibility_page, sign_eligibility
from trialrun.app.enrolment import end_causes, enrol, enrolment_page, explain_number
from trialrun.app.person_status import StepState, person_status
from trialrun.app.workspace import Workspace
from trialrun.errors import UserError
from trialrun.ledger.commands import EndParticipation, Entry, SaveForm, WithdrawConsent
from trialrun.ledger.conduct import CommandRefusedError
from trialrun.ledger.numbers import number_is_valid
from web_kit import Office, open_office


@pytest.fixture
def office(tmp_path, prepared, trial):
    made = open_office(tmp_path, prepared, trial)
    yield made
    made.workspace.close()


def page_of(office: Office, key: str, *, sees_identity: bool = True):
    return eligibility_page(office.workspace, office.person(key), sees_identity=sees_identity)


def sign(office: Office, key: str, user: str = "pi"):
    page = page_of(office, key)
    return sign_eligibility(office.workspace, office.actor(user), key, page.status, page.inputs, "Looked at.")


def save(office: Office, key: str, form: str, user: str = "pi", reason: str = "", **values: str):
    entries = {name: Entry(text, office.study.items[name].unit) for name, text in values.items()}
    seen = office.person(key).version
    office.do(SaveForm(key, "screening", form, 0, entries, seen, reason), user)


def status(office: Office, key: str) -> CandidateStatus:
    log = screening_log(office.workspace, office.actor("monitor"))
    return next(line.status for line in log.lines if line.key == key)


def test_a_candidate_goes_through_every_status(office: Office):
    key = office.candidate()
    assert status(office, key) is CandidateStatus.REGISTERED
    second = office.consented()
    assert status(office, second) is CandidateStatus.SCREENING
    third = office.screened()
    assert status(office, third) is CandidateStatus.TO_SIGN
    sign(office, third)
    assert status(office, third) is CandidateStatus.SIGNED
    save(office, third, "medical_history", reason="Asked again", bariatric_surgery="true")
    assert status(office, third) is CandidateStatus.STALE
    sign(office, third)
    assert status(office, third) is CandidateStatus.NOT_ELIGIBLE
    fail_screening(office.workspace, office.actor("pi"), third, date(2026, 5, 18), ("E9",), "")
    assert status(office, third) is CandidateStatus.FAILED
    assert status(office, office.enrolled()) is CandidateStatus.ENROLLED
    office.do(WithdrawConsent(second, date(2026, 5, 18), "none given"), "pi")
    assert status(office, second) is CandidateStatus.LEFT


def test_the_log_shows_the_own_site_only(office: Office):
    here, there = office.candidate("01"), office.candidate("02")
    keys = {line.key for line in screening_log(office.workspace, office.actor("coordinator2")).lines}
    assert keys == {there}
    assert {line.key for line in screening_log(office.workspace, office.actor("monitor")).lines} == {
        here,
        there,
    }


def test_the_log_is_filtered_and_counts_everyone(office: Office):
    failed, other = office.candidate(), office.candidate("02")
    fail_screening(office.workspace, office.actor("pi"), failed, date(2026, 5, 8), ("E10", "I3"), "")
    actor = office.actor("monitor")
    for wanted, keys in (
        (LogFilter(status="failed"), [failed]),
        (LogFilter(site="02"), [other]),
        (LogFilter(criterion="I3"), [failed]),
        (LogFilter(criterion="I2b"), []),
        (LogFilter(search=other.lower()), [other]),
    ):
        log = screening_log(office.workspace, actor, wanted)
        assert [line.key for line in log.lines] == keys
        assert log.everyone == 2
        assert log.counts[CandidateStatus.FAILED] == 1


def test_a_mistyped_participant_number_is_called_one(office: Office):
    actor = office.actor("monitor")
    assert "check digit" in screening_log(office.workspace, actor, LogFilter(search="01-001-7")).hint
    assert not screening_log(office.workspace, actor, LogFilter(search="01-001-3")).hint


def test_a_screen_failure_keeps_its_reasons_when_the_data_are_corrected(office: Office):
    key = office.screened()
    save(office, key, "medical_history", reason="Asked again", diabetes_type="type_1")
    fail_screening(office.workspace, office.actor("pi"), key, date(2026, 5, 18), ("E10",), "told at home")
    line = screening_log(office.workspace, office.actor("pi")).lines[0]
    assert [one.criterion for one in line.reasons] == ["E10"]
    assert line.reasons[0].text == "Diabetes mellitus Type I."
    assert line.note == "told at home"
    rows = list(csv.DictReader(io.StringIO(log_csv(screening_log(office.workspace, office.actor("pi"))))))
    assert rows[0]["criteria"] == "E10"
    assert rows[0]["status"] == "failed"


def test_a_screen_failure_without_any_reason_is_refused(office: Office):
    key = office.candidate()
    with pytest.raises(UserError, match="needs its reason"):
        fail_screening(office.workspace, office.actor("pi"), key, date(2026, 5, 8), (), " ")
    with pytest.raises(CommandRefusedError, match="E99"):
        fail_screening(office.workspace, office.actor("pi"), key, date(2026, 5, 8), ("E99",), "")
    with pytest.raises(CommandRefusedError, match="withdrawal"):
        office.do(EndParticipation(key, date(2026, 5, 8), "withdrawal", "", ("E9",)), "pi")


def test_screening_again_links_both_ways_and_only_after_the_end(office: Office):
    first = office.candidate()
    actor = office.actor("coordinator")
    with pytest.raises(UserError, match="not a screening that has ended"):
        register_candidate(office.workspace, actor, "01", first)
    fail_screening(office.workspace, office.actor("pi"), first, date(2026, 5, 8), (), "infection, come again")
    second = register_candidate(office.workspace, actor, "01", first)
    lines = {line.key: line for line in screening_log(office.workspace, actor).lines}
    assert lines[second].previous == first
    assert lines[first].later == (second,)


# --- eligibility ------------------------------------------------------------------------------


def test_unknown_criteria_name_what_is_missing_and_where_it_is_answered(office: Office):
    page = page_of(office, office.consented())
    assert page.status == "undecided"
    line = next(line for line in page.lines if line.id == "E9")
    assert line.passes is None
    assert line.deciding
    assert [gap.label for gap in line.gaps] == ["Bariatric surgery, ever"]
    place = line.gaps[0].place
    assert place is not None
    assert (place.visit, place.form, place.row, place.item) == (
        "screening",
        "medical_history",
        0,
        "bariatric_surgery",
    )
    assert "E9" in page.deciding


def test_a_gap_in_a_row_leads_to_that_row(office: Office):
    key = office.screened()
    save(office, key, "medical_history", reason="One was forgotten", malignancy_list_complete="true")
    entries = {"malignancy_histology": Entry("other"), "malignancy_ongoing": Entry("false")}
    office.do(SaveForm(key, "screening", "malignancy", 1, entries), "pi")
    line = next(line for line in page_of(office, key).lines if line.id == "E2b")
    gap = next(gap for gap in line.gaps if gap.place and gap.place.row == 1)
    assert gap.place.item == "malignancy_last_evidence_on"
    assert gap.label == "Malignancies 1: Last evidence of disease or last treatment"


def test_every_value_used_leads_to_its_form(office: Office):
    page = page_of(office, office.screened())
    assert page.status == "eligible"
    for line in page.lines:
        assert line.values
        assert all(value.place is not None for value in line.values), line.id
        assert not line.gaps


def test_who_must_not_know_who_somebody_is_sees_no_identifying_value(office: Office):
    key = office.screened()
    for sees in (True, False):
        line = next(one for one in page_of(office, key, sees_identity=sees).lines if one.id == "I2b")
        birth = next(value for value in line.values if value.label == "Date of birth")
        assert birth.hidden is not sees
        assert birth.value == ("1974-02-01" if sees else "")
    assert "1974" not in repr(page_of(office, key, sees_identity=False))


def test_nobody_signs_what_changed_while_they_looked(office: Office):
    key = office.screened()
    page = page_of(office, key)
    save(office, key, "vital_signs", reason="Read wrong", systolic_2="119")
    with pytest.raises(CommandRefusedError, match="changed while they were being looked at") as refused:
        sign_eligibility(office.workspace, office.actor("pi"), key, page.status, page.inputs, "")
    assert refused.value.rule == "eligibility-changed"
    sign(office, key)


def test_a_stale_sign_off_shows_what_changed(office: Office):
    key = office.screened()
    sign(office, key)
    held = page_of(office, key).sign_off
    assert held.holds
    assert held.signed.statement == "Looked at."
    assert held.by == "Dr Pi Example"
    save(office, key, "medical_history", "coordinator", "Told at home", thyroid_disease="true")
    stale = page_of(office, key).sign_off
    assert not stale.holds
    change = stale.changes[0]
    assert (change.was, change.now, change.by, change.reason) == ("no", "yes", "coordinator", "Told at home")
    assert change.place.item == "thyroid_disease"


def test_the_sign_off_shows_outcomes_that_changed_and_never_an_identifying_value(office: Office):
    key = office.screened()
    sign(office, key)
    save(office, key, "demographics", reason="Read wrong", birth_date="1940-02-01")
    stale = page_of(office, key).sign_off
    assert ("I2b", "met", "not_met") in stale.outcomes
    assert "1940" not in repr(stale)
    assert "1974" not in repr(stale)


# --- enrolment --------------------------------------------------------------------------------


def test_enrolment_says_what_is_missing_in_the_ledgers_words(office: Office):
    actor = office.actor("pi")
    page = enrolment_page(office.workspace, actor, office.person(office.candidate()))
    assert page.refusal.rule == "no-procedure-before-consent"
    fulfilled = {one.name: one.fulfilled for one in page.requirements}
    assert fulfilled == {
        "consent": False,
        "criteria": False,
        "sign_off": False,
        "assumptions": True,
        "number": True,
    }


def test_enrolment_gives_a_number_with_a_check_digit(office: Office):
    key = office.screened()
    sign(office, key)
    actor = office.actor("pi")
    assert enrolment_page(office.workspace, actor, office.person(key)).ready
    number = enrol(office.workspace, actor, key)
    assert number_is_valid(number)
    explained = explain_number(number)
    assert (explained.site, explained.count, explained.check) == ("01", "001", number[-1])
    assert explained.standard == "ISO/IEC 7064 MOD 11,10"


def test_beyond_the_planned_number_a_role_with_a_reason_goes_on(tmp_path, prepared, trial):
    small = open_office(tmp_path, prepared, replace(trial, target=1))
    small.enrolled()
    key = small.screened()
    sign(small, key)
    page = enrolment_page(small.workspace, small.actor("pi"), small.person(key))
    assert page.over_cap
    assert page.may_override
    assert page.ready  # all but the reason, which the page asks for
    with pytest.raises(CommandRefusedError, match="1 of 1 planned"):
        enrol(small.workspace, small.actor("pi"), key)
    assert enrol(small.workspace, small.actor("pi"), key, "One left in the first week")
    assert not enrolment_page(small.workspace, small.actor("coordinator"), small.person(key)).may_override
    small.workspace.close()


def test_with_two_arms_nobody_chooses_and_nothing_is_said_before_the_list_is_there(tmp_path, prepared, trial):
    first = next(iter(trial.arms.values()))
    arms = {**trial.arms, "other": replace(first, name="other", title="Other")}
    two = open_office(tmp_path, prepared, replace(trial, arms=arms, dose_plans=()))
    key = two.screened()
    sign(two, key)
    page = enrolment_page(two.workspace, two.actor("pi"), two.person(key))
    assert page.allocated
    assert page.arm == ""
    assert page.refusal is not None
    with pytest.raises(CommandRefusedError, match=re.escape(page.refusal.message)):
        enrol(two.workspace, two.actor("pi"), key)
    two.workspace.close()


def test_the_ways_to_leave_depend_on_enrolment(office: Office):
    assert "completed" not in dict(end_causes(office.person(office.candidate())))
    assert "screen_failure" not in dict(end_causes(office.person(office.enrolled())))


# --- the steps shown on a participant's pages -------------------------------------------------


def steps(workspace: Workspace, office: Office, key: str):
    return {step.name: step.state for step in person_status(workspace, office.person(key)).steps}


def test_the_steps_mark_the_next_one(office: Office):
    key = office.consented()
    found = steps(office.workspace, office, key)
    assert found["screening"] is StepState.DONE
    assert found["sign_off"] is StepState.NEXT
    assert found["enrolled"] is StepState.WAITING


def test_the_steps_stop_where_it_ended(office: Office):
    key = office.candidate()
    fail_screening(office.workspace, office.actor("pi"), key, date(2026, 5, 8), ("E9",), "")
    found = person_status(office.workspace, office.person(key)).steps
    assert [(step.name, step.state) for step in found] == [
        ("registered", StepState.DONE),
        ("ended", StepState.ENDED),
    ]
    assert found[-1].detail == "E9"


def test_a_sign_off_that_no_longer_holds_asks_for_attention(office: Office):
    key = office.screened()
    sign(office, key)
    save(office, key, "medical_history", reason="Told at home", bariatric_surgery="true")
    assert steps(office.workspace, office, key)["sign_off"] is StepState.ATTENTION
