"""Deviations, codes, ranges, reviews, imports, training and the database lock."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ledger_kit import (
    ADMIN,
    CONSENTED,
    COORDINATOR,
    DATA_MANAGER,
    DOSED,
    MONITOR,
    OTHER_SITE,
    PI,
    consented,
    dosed,
    enrolled,
    make_study,
    open_conduct,
    save,
    screened,
)
from trialrun.ledger import commands as c
from trialrun.ledger.conduct import CommandRefusedError
from trialrun.ledger.event_types import REGISTRY
from trialrun.ledger.events import NewEvent
from trialrun.ledger.fold import fold
from trialrun.ledger.state import ERASED
from trialrun.ledger.verify import verify

SAFETY_RIGHTS = (
    "AssessDeviation",
    "AcknowledgeAlert",
    "RecordSafetyReport",
    "CodeTerm",
    "Lock",
    "VerifySource",
)
STUDY_RIGHTS = (
    "RecordImport",
    "ReviewTrail",
    "SetRanges",
    "RecordLockStep",
    "LockDatabase",
    "UnlockDatabase",
)
ACCOUNTS = ("RecordCredential", "RecordTraining", "LinkParticipant")


@pytest.fixture
def conduct(url):
    """A ledger whose principal investigator may do what is tried here."""
    study = make_study()
    roles = dict(study.roles)
    for name, more in (
        ("principal_investigator", (*SAFETY_RIGHTS, "SetRanges")),
        ("data_manager", STUDY_RIGHTS),
        ("administrator", ACCOUNTS),
    ):
        roles[name] = replace(roles[name], may=(*roles[name].may, *more))
    made = open_conduct(url, replace(study, roles=roles))
    yield made
    made.store.close()


def refused(conduct, command, actor):
    with pytest.raises(CommandRefusedError) as caught:
        conduct.do(command, actor)
    return caught.value.rule


# --- deviations --------------------------------------------------------------------------------


def test_a_visit_outside_its_window_is_a_deviation_by_itself(conduct):
    key = dosed(conduct)
    done = conduct.do(c.RecordVisit(key, "month_2", date(2026, 4, 20)), COORDINATOR)
    (event,) = done.of("DeviationRecorded")
    assert (event.data["rule"], event.data["visit"]) == ("visit-window", "month_2")
    (found,) = conduct.participant(key).deviations.values()
    assert found.id == "D-001"
    assert "39 d after its window" in found.description


def test_a_changed_first_dose_moves_the_windows_of_visits_already_recorded(conduct):
    key = dosed(conduct)
    conduct.do(c.RecordVisit(key, "month_2", date(2026, 3, 12)), COORDINATOR)
    assert conduct.participant(key).deviations == {}
    conduct.do(c.RecordVisit(key, "dose_1", DOSED + timedelta(days=1), "wrong day"), PI)
    save(
        conduct,
        key,
        "dose_1",
        "infusion",
        {"infusion_start": (f"{DOSED + timedelta(days=1)}T09:30",)},
        actor=PI,
        reason="wrong day",
    )
    rules = [(one.rule, one.visit) for one in conduct.participant(key).deviations.values()]
    assert ("visit-window", "month_2") in rules


def test_the_same_departure_is_written_once(conduct):
    key = dosed(conduct)
    conduct.do(c.RecordVisit(key, "month_2", date(2026, 4, 20)), COORDINATOR)
    conduct.do(c.RecordVisit(key, "month_2", date(2026, 4, 21), "typing"), COORDINATOR)
    conduct.do(c.RecordVisit(key, "month_2", date(2026, 4, 20), "was right"), COORDINATOR)
    days = [one.description[:10] for one in conduct.participant(key).deviations.values()]
    assert days == ["2026-04-20", "2026-04-21"]


def test_a_missed_visit_is_a_deviation_with_its_reason(conduct):
    key = dosed(conduct)
    conduct.do(c.MissVisit(key, "month_2", "in hospital"), COORDINATOR)
    (found,) = conduct.participant(key).deviations.values()
    assert (found.rule, found.description) == ("visit-missed", "in hospital")


def test_a_consent_corrected_to_after_a_visit_is_a_deviation(conduct):
    key = consented(conduct)
    conduct.do(c.RecordConsent(key, "2.0", "en", date(2026, 1, 20), "Dr Ada", True, "new version"), PI)
    conduct.do(c.RecordConsent(key, "1.0", "en", date(2026, 1, 8), "Dr Ada", True, "misread"), PI)
    rules = [(one.rule, one.visit) for one in conduct.participant(key).deviations.values()]
    assert rules == [("consent-order", "screening")]


def test_doses_that_differ_are_numbered_on(conduct):
    key = enrolled(conduct)
    conduct.do(c.RecordVisit(key, "dose_1", DOSED), PI)
    values = {"dose_given": ("50", "mg"), "infusion_start": (f"{DOSED}T09:30",)}
    save(conduct, key, "dose_1", "infusion", values, actor=PI, reason="really given")
    found = conduct.participant(key).deviations
    assert {one.rule for one in found.values()} == {"dose-above-plan", "dose-not-as-planned"}
    assert list(found) == ["D-001", "D-002"]


def test_an_assessment_says_what_it_means_and_who_said_it(conduct):
    key = dosed(conduct)
    conduct.do(c.MissVisit(key, "month_2", "in hospital"), COORDINATOR)
    assert (
        refused(conduct, c.AssessDeviation(key, "D-009", "minor", "none", "none"), PI) == "unknown-deviation"
    )
    assert (
        refused(conduct, c.AssessDeviation(key, "D-001", "small", "none", "none"), PI) == "unknown-importance"
    )
    assert refused(conduct, c.AssessDeviation(key, "D-001", "minor", " ", "none"), PI) == "reason-required"
    assert refused(conduct, c.AssessDeviation(key, "D-001", "minor", "a", "b"), COORDINATOR) == "role-may-not"
    conduct.do(c.AssessDeviation(key, "D-001", "major", "endpoint missing", "called", "reminders"), PI)
    found = conduct.participant(key).deviations["D-001"]
    assert (found.status, found.importance, found.assessed_by) == ("assessed", "major", "ada")


def test_old_deviations_are_numbered_as_they_are_read():
    name, schema, data = REGISTRY.upcast(
        "DeviationRecorded", 1, {"kind": "dose", "description": "x", "visit": "", "rule": "", "action": ""}
    )
    assert (name, schema) == ("DeviationRecorded", 2)
    assert REGISTRY.check(name, data)


# --- consent on a screen -----------------------------------------------------------------------


def test_a_signature_on_the_screen_is_sealed_and_erased_with_the_identity(conduct):
    key = conduct.do(c.RegisterCandidate("01"), COORDINATOR).participant
    signed = c.RecordConsent(
        key,
        "1.0",
        "en",
        CONSENTED,
        "Dr Ada",
        True,
        method="drawn",
        signed_at="14:05",
        signature="Mina\nM0,0 L9,9",
        witness="Nobody Special",
    )
    done = conduct.do(signed, PI)
    assert "Mina\nM0,0 L9,9" not in done.events[0].body
    assert "Nobody Special" not in done.events[0].body
    consent = conduct.participant(key).consent
    assert (consent.signature, consent.witness, consent.signed_at) == (
        "Mina\nM0,0 L9,9",
        "Nobody Special",
        "14:05",
    )
    before = conduct.as_of(conduct.store.position()[0])
    conduct.do(c.EraseIdentity(key, "asked for it"), ADMIN)
    for reader in (conduct, before):
        assert reader.participant(key).consent.signature == ERASED
    assert conduct.participant(key).consent.signature == ERASED
    assert conduct.as_of(before.position).participant(key).consent.signature == ERASED
    assert verify(conduct.store) == []


def test_a_site_copies_its_own_data_whatever_the_table_of_rights_says(conduct):
    assert refused(conduct, c.RecordExport("snapshot", "all"), PI) == "role-may-not"
    conduct.do(c.RecordExport("site copy", "site 01"), PI)
    assert refused(conduct, c.RecordExport("site copy", "site 01"), COORDINATOR) == "role-may-not"
    assert (
        refused(conduct, c.RecordExport("site copy", "all"), c.Actor("x", "investigator")) == "role-may-not"
    )


def test_a_visit_can_be_asked_about_and_a_row_must_be_there(conduct):
    key = dosed(conduct)
    conduct.do(c.RaiseQuery(key, "month_2", "", "did it take place?"), MONITOR)
    assert refused(conduct, c.RaiseQuery(key, "month_2", "", "why?", item="inr"), MONITOR) == "wrong-scope"
    asked = c.RaiseQuery(key, "log", "adverse_event", "why?", row=1)
    assert refused(conduct, asked, MONITOR) == "no-such-row"


@pytest.mark.parametrize(
    ("how", "rule"),
    [
        ({"method": "spoken"}, "unknown-consent-method"),
        ({"method": "drawn"}, "consent-unsigned"),
        ({"signed_at": "25:00"}, "wrong-time"),
    ],
)
def test_a_consent_without_a_proper_signature_is_refused(conduct, how, rule):
    key = conduct.do(c.RegisterCandidate("01"), COORDINATOR).participant
    assert refused(conduct, c.RecordConsent(key, "1.0", "en", CONSENTED, "Dr Ada", True, **how), PI) == rule


def test_old_consents_and_sign_ins_are_still_read():
    old = {
        "version": "1.0",
        "language": "en",
        "text_hash": "c" * 64,
        "signed_on": "2026-01-05",
        "explained_by": "Dr Ada",
        "capacity": True,
    }
    name, schema, data = REGISTRY.upcast("ConsentGiven", 1, old)
    assert schema == 2
    assert REGISTRY.check(name, data)
    assert data["method"] == "paper"
    name, _, data = REGISTRY.upcast("SignInRecorded", 1, {"user": "a", "outcome": "success", "method": ""})
    assert REGISTRY.check(name, data)


# --- coding, alerts, safety reports ------------------------------------------------------------


def code(key, term="Headache"):
    return c.CodeTerm(
        key, "log", "adverse_event", 1, "ae_term", "MedDRA", "27.1", "10019211", term, ("Nervous",)
    )


def test_a_code_is_lost_visibly_when_its_term_changes(conduct):
    key = dosed(conduct)
    assert refused(conduct, code(key), PI) == "nothing-to-code"
    save(conduct, key, "log", "adverse_event", {"ae_term": ("head ache",)}, row=1)
    conduct.do(code(key), PI)
    assert conduct.do(code(key), PI).events == ()
    slot = ("log", "adverse_event", 1, "ae_term")
    assert conduct.participant(key).codes[slot].valid
    done = save(conduct, key, "log", "adverse_event", {"ae_term": ("migraine",)}, row=1, reason="said so")
    (lost,) = done.of("CodeInvalidated")
    assert lost.data["causes"] == [done.events[0].hash]
    assert not conduct.participant(key).codes[slot].valid


def test_names_are_not_coded(conduct):
    key = screened(conduct)
    asked = c.CodeTerm(key, "screening", "demographics", 0, "name", "MedDRA", "27.1", "1", "x")
    assert refused(conduct, asked, PI) == "identifying-item"


def test_an_alert_is_acknowledged_with_words(conduct):
    key = dosed(conduct)
    assert refused(conduct, c.AcknowledgeAlert(key, "dili:month_2", " "), PI) == "reason-required"
    conduct.do(c.AcknowledgeAlert(key, "dili:month_2", "known hepatitis"), PI)
    assert conduct.do(c.AcknowledgeAlert(key, "dili:month_2", "known hepatitis"), PI).events == ()
    assert conduct.participant(key).acknowledged["dili:month_2"].by == "ada"


def test_safety_reports_follow_their_event_and_their_order(conduct):
    key = dosed(conduct)
    first = c.RecordSafetyReport(key, 1, "initial", "ethics committee", date(2026, 2, 1), "R-1")
    assert refused(conduct, first, PI) == "no-such-row"
    save(conduct, key, "log", "adverse_event", {"ae_term": ("bleeding",)}, row=1)
    assert refused(conduct, replace(first, kind="follow_up"), PI) == "no-initial-report"
    assert refused(conduct, replace(first, kind="late"), PI) == "unknown-report-kind"
    assert refused(conduct, replace(first, on=date(2030, 1, 1)), PI) == "date-in-future"
    conduct.do(first, PI)
    assert refused(conduct, first, PI) == "no-change"
    conduct.do(replace(first, kind="follow_up", reference="R-2"), PI)
    assert [one.reference for one in conduct.participant(key).safety_reports] == ["R-1", "R-2"]


# --- ranges ------------------------------------------------------------------------------------

RANGE = {"item": "bilirubin", "unit": "mg/dL", "low": "0.2", "high": "1.2", "sex": "F", "age_from": "18"}


def test_ranges_replace_those_of_their_laboratory(conduct):
    conduct.do(c.SetRanges("01", "Central", (RANGE,)), PI)
    conduct.do(c.SetRanges("01", "City", ({**RANGE, "high": "1.0"},)), PI)
    conduct.do(c.SetRanges("01", "Central", ({**RANGE, "high": "1.1"},)), PI)
    assert conduct.do(c.SetRanges("01", "Central", ({**RANGE, "high": "1.1"},)), PI).events == ()
    ranges = conduct.site_state("01").ranges
    assert {name: one[0]["high"] for name, one in ranges.items()} == {"Central": "1.1", "City": "1.0"}
    assert conduct.site_state("02").ranges == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"item": "ae_term"},
        {"unit": "furlong"},
        {"low": "1.3"},
        {"low": "", "high": ""},
        {"low": "many"},
        {"sex": "X"},
        {"age_from": "70", "age_to": "60"},
        {"valid_from": "2026-13-01"},
        {"valid_from": "2026-02-01", "valid_to": "2026-01-01"},
        {"colour": "red"},
    ],
)
def test_a_wrong_range_is_refused_by_its_number(conduct, wrong):
    asked = c.SetRanges("01", "Central", (RANGE, {**RANGE, **wrong}))
    with pytest.raises(CommandRefusedError, match="range 2") as caught:
        conduct.do(asked, PI)
    assert caught.value.rule == "wrong-range"


def test_ranges_of_another_site_are_not_ones_own(conduct):
    assert refused(conduct, c.SetRanges("02", "Central", (RANGE,)), PI) == "other-site"


# --- study, accounts ---------------------------------------------------------------------------


def test_imports_and_reviews_are_on_record(conduct):
    conduct.do(c.RecordImport("queries", "list.csv", "a" * 64, 3, 1), DATA_MANAGER)
    assert refused(conduct, c.RecordImport("queries", "l.csv", "", -1, 0), DATA_MANAGER) == "wrong-count"
    assert refused(conduct, c.ReviewTrail(0, "all", "nothing"), DATA_MANAGER) == "wrong-position"
    assert refused(conduct, c.ReviewTrail(1, "all", " "), DATA_MANAGER) == "reason-required"
    conduct.do(c.ReviewTrail(2, "corrections", "nothing"), DATA_MANAGER)
    (review,) = conduct.study_state().trail_reviews
    assert (review.through, review.by, review.finding) == (2, "dana", "nothing")


def test_training_and_credentials_of_users(conduct):
    assert refused(conduct, c.RecordTraining("cem", "GCP", CONSENTED), ADMIN) == "unknown-user"
    conduct.do(c.AddUser("cem", "Cem"), ADMIN)
    conduct.do(c.RecordTraining("cem", "GCP", CONSENTED), ADMIN)
    assert refused(conduct, c.RecordTraining("cem", "GCP", CONSENTED), ADMIN) == "no-change"
    assert conduct.access_state().training == {"cem": (("GCP", CONSENTED),)}
    conduct.do(c.RecordCredential("cem", "password_set"), c.Actor("cem", "coordinator", "01"))
    assert refused(conduct, c.RecordCredential("cem", "password_reset"), MONITOR) == "role-may-not"
    assert refused(conduct, c.RecordCredential("cem", "tattoo"), ADMIN) == "unknown-credential"


def test_a_participants_account_is_theirs_alone(conduct):
    key = consented(conduct)
    conduct.do(c.AddUser("p1", "Participant"), ADMIN)
    conduct.do(c.AddUser("p2", "Participant"), ADMIN)
    assert refused(conduct, c.LinkParticipant("p1", "S-999"), ADMIN) == "unknown-participant"
    conduct.do(c.LinkParticipant("p1", key), ADMIN)
    assert refused(conduct, c.LinkParticipant("p2", key), ADMIN) == "already-linked"
    assert refused(conduct, c.LinkParticipant("p1", key), ADMIN) == "already-linked"
    assert conduct.access_state().linked == {"p1": key}


# --- database lock -----------------------------------------------------------------------------


def finished(conduct):
    """A participant whose casebook is signed and locked."""
    key = dosed(conduct)
    conduct.do(c.EndParticipation(key, date(2026, 5, 1), "completed"), PI)
    conduct.do(c.Sign(key, "I have reviewed the casebook"), PI)
    conduct.do(c.Lock(key), PI)
    return key


def test_the_lock_names_all_that_keeps_it_open(conduct):
    key = dosed(conduct)
    conduct.do(c.RaiseQuery(key, "dose_1", "infusion", "why?"), MONITOR)
    conduct.do(c.MissVisit(key, "month_2", "in hospital"), COORDINATOR)
    with pytest.raises(CommandRefusedError) as caught:
        conduct.do(c.LockDatabase("end of study"), DATA_MANAGER)
    said = str(caught.value)
    for words in (f"{key} Q-001", f"{key} D-001", "without a valid signature", "not locked"):
        assert words in said


def test_a_locked_database_takes_no_data_until_it_is_opened(conduct):
    key = finished(conduct)
    other = conduct.do(c.RegisterCandidate("01"), COORDINATOR).participant
    conduct.do(c.RecordLockStep("reconciliation", "safety database agrees"), DATA_MANAGER)
    conduct.do(c.LockDatabase("all done"), DATA_MANAGER)
    assert conduct.study_state().database_locked
    for command, actor in (
        (c.RegisterCandidate("01"), COORDINATOR),
        (c.RecordConsent(other, "1.0", "en", CONSENTED, "Dr Ada", True), PI),
        (c.Unlock(key, "typing"), DATA_MANAGER),
        (c.RaiseQuery(key, "dose_1", "infusion", "why?"), MONITOR),
        (c.SetRanges("01", "Central", (RANGE,)), PI),
    ):
        assert refused(conduct, command, actor) == "database-locked"
    conduct.do(c.RecordExport("snapshot", "final"), DATA_MANAGER)
    assert refused(conduct, c.LockDatabase("again"), DATA_MANAGER) == "no-change"
    assert refused(conduct, c.UnlockDatabase(""), DATA_MANAGER) == "reason-required"
    conduct.do(c.UnlockDatabase("an error was found"), DATA_MANAGER)
    conduct.do(c.Unlock(key, "an error was found"), DATA_MANAGER)
    assert conduct.study_state().lock_steps[0].step == "reconciliation"
    assert verify(conduct.store) == []


def test_nothing_slips_in_while_the_database_is_being_locked(conduct):
    """Somebody saves between the look at everyone and the lock: the lock looks again and refuses."""
    finished(conduct)
    other = screened(conduct)
    real = conduct.store.commit
    done = []

    def slow(groups, **more):
        if groups[0][0].type == "DatabaseLocked" and not done:
            done.append(True)
            conduct.do(c.RaiseQuery(other, "screening", "history", "why?"), MONITOR)
        return real(groups, **more)

    conduct.store.commit = slow
    assert refused(conduct, c.LockDatabase("end"), DATA_MANAGER) == "not-ready-for-lock"
    conduct.store.commit = real


def test_a_save_that_overlaps_the_lock_is_refused(conduct):
    finished(conduct)
    other = screened(conduct)
    real = conduct.store.commit
    done = []

    def slow(groups, **more):
        if groups[0][0].type == "QueryOpened" and not done:
            done.append(True)
            conduct.do(c.LockDatabase("end"), DATA_MANAGER)
        return real(groups, **more)

    conduct.store.commit = slow
    asked = c.RaiseQuery(other, "screening", "history", "why?")
    assert refused(conduct, asked, MONITOR) == "database-locked"
    conduct.store.commit = real


# --- the past ----------------------------------------------------------------------------------


def test_the_past_is_what_a_fold_to_that_position_gives(conduct):
    key = dosed(conduct)
    save(
        conduct,
        key,
        "screening",
        "laboratory",
        {"inr": ("1.1",), "bilirubin": ("3", "mg/dL")},
        reason="misread",
    )
    conduct.do(c.MissVisit(key, "month_2", "in hospital"), COORDINATOR)
    events = list(conduct.store.read(f"participant/{key}"))
    for event in events:
        past = conduct.as_of(event.position).participant(key)
        whole = fold([one for one in events if one.position <= event.position])
        assert past.version == event.version
        assert past.hash == event.hash
        assert past.derived == whole.derived
        assert past.deviations == whole.deviations
    assert conduct.as_of(0).participants() == ()
    assert conduct.as_of(conduct.store.position()[0]).participant(key) == conduct.participant(key)


def test_the_position_at_a_moment(conduct):
    consented(conduct)
    events = list(conduct.store.read())
    for event in events:
        at = conduct.store.position_at(event.when)
        assert events[at - 1].at == event.at
        assert conduct.store.position_at(event.when - timedelta(microseconds=1)) < event.position
    assert conduct.store.position_at(events[0].when - timedelta(days=1)) == 0
    assert conduct.store.position_at(events[-1].when + timedelta(days=1)) == len(events)


def test_a_site_bound_actor_registers_only_at_home(conduct):
    assert refused(conduct, c.RegisterCandidate("01"), OTHER_SITE) == "other-site"


def test_events_of_old_schemas_fold_with_numbers(conduct):
    old = {
        "deviation": "",
        "kind": "dose",
        "description": "x",
        "visit": "",
        "rule": "",
        "action": "",
        "importance": "",
    }
    key = consented(conduct)
    head = conduct.store.head(f"participant/{key}")
    conduct.store.append(
        f"participant/{key}",
        head.version,
        (NewEvent(f"participant/{key}", "DeviationRecorded", old),),
        now=conduct._clock(),
        actor=PI,
    )
    assert list(conduct.participant(key).deviations) == ["D-001"]
