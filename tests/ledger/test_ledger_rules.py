"""What `decide` refuses, each with its rule, and what it lets through."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ledger_kit import (
    ADMIN,
    CONSENTED,
    COORDINATOR,
    DATA_MANAGER,
    DOSED,
    MONITOR,
    OTHER_SITE,
    PI,
    SCREENED,
    consented,
    dosed,
    enrolled,
    item,
    make_study,
    open_conduct,
    save,
    screened,
)
from trialrun.ledger.commands import (
    ActivateStudy,
    Actor,
    AddUser,
    AmendStudy,
    AnswerQuery,
    ApproveConsent,
    CloseQuery,
    ConfirmAssumption,
    EndParticipation,
    Enrol,
    Entry,
    Freeze,
    GrantRole,
    Lock,
    MissVisit,
    RaiseQuery,
    RecordConsent,
    RecordDeviation,
    RecordSignIn,
    RecordVisit,
    RegisterCandidate,
    RemoveRow,
    ReopenQuery,
    RevokeRole,
    SaveForm,
    Sign,
    SignEligibility,
    Unfreeze,
    Unlock,
    VerifySource,
    WithdrawConsent,
)
from trialrun.ledger.conduct import CommandRefusedError, Conduct, FormConflictError
from trialrun.study.model import ItemType
from trialrun.values.missing import MissingReason


def refused(conduct, command, actor=PI):
    """The rule that refuses, checking that it leaves nothing in the log and says something."""
    before = conduct.store.position()
    with pytest.raises((CommandRefusedError, FormConflictError)) as caught:
        conduct.do(command, actor)
    assert conduct.store.position() == before
    assert len(caught.value.message) > 10
    return caught.value.rule


def form(key, visit, name, values, *, row=0, version=10_000, reason=""):
    return SaveForm(key, visit, name, row, {n: Entry(*v) for n, v in values.items()}, version, reason)


# --- consent ---------------------------------------------------------------------------------


def test_nothing_is_captured_before_consent(conduct):
    key = conduct.do(RegisterCandidate("01"), COORDINATOR).participant
    assert (
        refused(conduct, form(key, "screening", "demographics", {"sex": ("F",)}))
        == "no-procedure-before-consent"
    )
    assert refused(conduct, RecordVisit(key, "screening", SCREENED)) == "no-procedure-before-consent"
    assert (
        refused(conduct, form(key, "log", "adverse_event", {"ae_term": ("Rash",)}, row=1))
        == "no-procedure-before-consent"
    )
    conduct.do(
        form(key, "screening", "consent", {"capacity": ("true",)}), COORDINATOR
    )  # allowed before consent


def test_a_visit_before_the_signature_is_refused(conduct):
    key = conduct.do(RegisterCandidate("01"), COORDINATOR).participant
    conduct.do(RecordConsent(key, "1.0", "en", CONSENTED, "Dr Ada", True), PI)
    assert refused(conduct, RecordVisit(key, "screening", date(2026, 1, 4))) == "no-procedure-before-consent"


def test_a_consent_answers_its_form(conduct):
    key = consented(conduct)
    values = conduct.participant(key).form_values("screening", "consent", 0)
    assert {name: value.text for name, value in values.items()} == {
        "consent_date": "2026-01-05", "consent_version": "1.0", "capacity": "true", "consent_signed": "true",
    }  # fmt: skip
    assert refused(
        conduct, form(key, "screening", "consent", {"consent_date": ("2026-01-04",)}, reason="typo")
    ) == ("consent-date-differs")


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        (RecordConsent("S-001", "9.9", "en", CONSENTED, "Dr", True), "unknown-consent-text"),
        (RecordConsent("S-001", "1.0", "en", date(2027, 1, 1), "Dr", True), "date-in-future"),
        (RecordConsent("S-001", "1.0", "en", CONSENTED, " ", True), "consent-unexplained"),
        (RecordConsent("S-001", "1.0", "en", CONSENTED, "Dr", False), "no-capacity"),
        (RecordConsent("S-009", "1.0", "en", CONSENTED, "Dr", True), "unknown-participant"),
    ],
)
def test_consents_that_do_not_count(conduct, command, rule):
    conduct.do(RegisterCandidate("01"), COORDINATOR)
    assert refused(conduct, command) == rule


def test_a_consent_text_must_be_approved_at_the_site(conduct):
    conduct.do(ApproveConsent("01", "2.0", "en", date(2026, 2, 1), "IRB 12"), PI)
    key = conduct.do(RegisterCandidate("01"), COORDINATOR).participant
    assert (
        refused(conduct, RecordConsent(key, "1.0", "en", CONSENTED, "Dr", True))
        == "consent-text-not-approved"
    )
    assert (
        refused(conduct, RecordConsent(key, "2.0", "en", CONSENTED, "Dr", True))
        == "consent-text-not-approved"
    )
    conduct.do(RecordConsent(key, "2.0", "en", date(2026, 2, 1), "Dr", True), PI)


def test_after_withdrawal_old_values_can_be_corrected_but_nothing_is_added(conduct):
    key = screened(conduct)
    conduct.do(WithdrawConsent(key, date(2026, 2, 1), "no reason given"), PI)
    assert refused(conduct, form(key, "screening", "demographics", {"drinks": ("2",)})) == "consent-withdrawn"
    assert refused(conduct, RecordVisit(key, "unscheduled", date(2026, 2, 2))) == "consent-withdrawn"
    assert refused(conduct, SignEligibility(key, "eligible")) == "consent-withdrawn"
    save(conduct, key, "screening", "laboratory", {"inr": ("1.6",)}, reason="misread")


# --- enrolment -------------------------------------------------------------------------------


def test_unknown_never_enrols(conduct):
    key = consented(conduct)
    assert refused(conduct, Enrol(key)) == "unknown-never-enrols"
    save(conduct, key, "screening", "demographics", {"birth_date": ("1970-05",)})
    save(conduct, key, "screening", "laboratory", {"bilirubin": ("50", "umol/L")})
    save(conduct, key, "screening", "history", {"heart_disease": Entry(missing=MissingReason.UNKNOWN)})
    assert refused(conduct, Enrol(key)) == "unknown-never-enrols"


def test_an_excluded_person_is_not_enrolled_and_cannot_be_signed_in(conduct):
    key = screened(conduct)
    save(conduct, key, "screening", "history", {"heart_disease": ("true",)}, reason="asked again")
    assert refused(conduct, Enrol(key)) == "not-eligible"
    assert refused(conduct, SignEligibility(key, "eligible")) == "outcome-differs"
    conduct.do(SignEligibility(key, "not_eligible"), PI)
    assert refused(conduct, Enrol(key)) == "not-eligible"


def test_enrolment_needs_the_signature_and_the_signature_goes_stale(conduct):
    key = screened(conduct)
    assert refused(conduct, Enrol(key)) == "no-eligibility-sign-off"
    conduct.do(SignEligibility(key, "eligible"), PI)
    changed = save(conduct, key, "screening", "laboratory", {"bilirubin": ("60", "umol/L")}, reason="misread")
    assert [event.type for event in changed.events] == [
        "ItemsCorrected",
        "ValuesDerived",
        "EligibilityInvalidated",
    ]
    assert refused(conduct, Enrol(key)) == "eligibility-sign-off-stale"
    conduct.do(SignEligibility(key, "eligible"), PI)
    conduct.do(Enrol(key), PI)
    assert refused(conduct, Enrol(key)) == "already-enrolled"


def test_a_coordinator_cannot_sign_eligibility_or_enrol(conduct):
    key = screened(conduct)
    assert refused(conduct, SignEligibility(key, "eligible"), COORDINATOR) == "role-may-not"
    assert refused(conduct, Enrol(key), COORDINATOR) == "role-may-not"


def test_the_cap_yields_to_a_role_with_a_reason(conduct):
    first, second = enrolled(conduct), enrolled(conduct)
    numbers = [conduct.participant(key).number for key in (first, second)]
    assert numbers == ["01-001-3", "01-002-1"]
    third = screened(conduct)
    conduct.do(SignEligibility(third, "eligible"), PI)
    assert refused(conduct, Enrol(third)) == "enrolment-cap"
    assert refused(conduct, Enrol(third, "  ")) == "enrolment-cap"
    (event,) = conduct.do(Enrol(third, "the sponsor agreed to one more"), PI).of("ParticipantEnrolled")
    assert event.data["override"] is True
    assert event.reason == "the sponsor agreed to one more"


def test_a_screening_links_back_to_an_earlier_one(conduct):
    key = consented(conduct)
    conduct.do(EndParticipation(key, date(2026, 2, 1), "screen_failure"), PI)
    again = conduct.do(RegisterCandidate("01", key), COORDINATOR).participant
    assert conduct.participant(again).previous == key
    assert refused(conduct, RegisterCandidate("01", "S-999"), COORDINATOR) == "unknown-participant"
    assert refused(conduct, RegisterCandidate("07"), replace(PI, site="")) == "unknown-site"


def test_screen_failures_take_no_new_data(conduct):
    key = screened(conduct)
    conduct.do(EndParticipation(key, date(2026, 2, 1), "screen_failure"), PI)
    assert refused(conduct, form(key, "screening", "demographics", {"drinks": ("2",)})) == "screen-failure"
    assert refused(conduct, RecordVisit(key, "unscheduled", date(2026, 3, 1))) == "participation-ended"
    assert refused(conduct, Enrol(key)) == "participation-ended"
    save(conduct, key, "screening", "laboratory", {"inr": ("1.6",)}, reason="misread")


# --- doses -----------------------------------------------------------------------------------


def test_no_dose_before_enrolment(conduct):
    key = screened(conduct)
    conduct.do(SignEligibility(key, "eligible"), PI)
    assert refused(conduct, RecordVisit(key, "dose_1", DOSED)) == "not-enrolled"
    assert refused(conduct, form(key, "dose_1", "infusion", {"dose_given": ("20", "mg")})) == "not-enrolled"


def test_no_dose_on_a_stale_sign_off(conduct):
    key = enrolled(conduct)
    conduct.do(RecordVisit(key, "dose_1", DOSED), PI)
    save(conduct, key, "screening", "laboratory", {"bilirubin": ("60", "umol/L")}, reason="misread")
    dose = form(key, "dose_1", "infusion", {"dose_given": ("20", "mg")})
    assert refused(conduct, dose) == "eligibility-sign-off-stale"
    conduct.do(SignEligibility(key, "eligible"), PI)
    conduct.do(dose, PI)


def test_a_dose_needs_the_right_a_visit_and_a_date_that_fits(conduct):
    key = enrolled(conduct)
    assert (
        refused(conduct, form(key, "dose_1", "infusion", {"dose_given": ("20", "mg")}))
        == "visit-not-recorded"
    )
    conduct.do(RecordVisit(key, "dose_1", DOSED), PI)
    dose = form(key, "dose_1", "infusion", {"dose_given": ("20", "mg")})
    assert refused(conduct, dose, COORDINATOR) == "role-may-not"
    early = form(
        key, "dose_1", "infusion", {"dose_given": ("20", "mg"), "infusion_start": ("2026-01-04T09:00",)}
    )
    assert refused(conduct, early) == "no-procedure-before-consent"
    other = form(
        key, "dose_1", "infusion", {"dose_given": ("20", "mg"), "infusion_start": ("2026-01-13T09:00",)}
    )
    assert refused(conduct, other) == "date-order"


def test_the_first_dose_waits_for_a_yes_that_the_person_is_still_suitable(url):
    plain = make_study()
    asked_again = make_study(
        items={**plain.items, "still_suitable": item("still_suitable", ItemType.BOOLEAN)},
        forms={
            **plain.forms,
            "history": replace(plain.forms["history"], items=("heart_disease", "still_suitable")),
        },
    )
    conduct = open_conduct(url, asked_again)
    key = enrolled(conduct)
    conduct.do(RecordVisit(key, "dose_1", DOSED), PI)
    dose = form(key, "dose_1", "infusion", {"dose_given": ("20", "mg")})
    assert refused(conduct, dose) == "not-suitable-for-dose"
    save(conduct, key, "screening", "history", {"still_suitable": ("false",)}, actor=PI)
    assert refused(conduct, dose) == "not-suitable-for-dose"
    save(conduct, key, "screening", "history", {"still_suitable": ("true",)}, actor=PI, reason="asked again")
    conduct.do(dose, PI)


def test_a_dose_above_the_plan_is_refused_without_a_reason_and_a_deviation_with_one(conduct):
    key = dosed(conduct)
    conduct.do(RecordVisit(key, "dose_2", date(2026, 1, 19)), PI)
    assert (
        refused(conduct, form(key, "dose_2", "infusion", {"dose_given": ("20.1", "mg")})) == "dose-above-plan"
    )
    outcome = conduct.do(form(key, "dose_2", "infusion", {"dose_given": ("25", "mg")}, reason="given so"), PI)
    rules = [event.data["rule"] for event in outcome.of("DeviationRecorded")]
    assert rules == ["dose-above-plan", "dose-not-as-planned"]


def test_a_dose_recorded_wrongly_can_be_corrected_whatever_became_of_the_sign_off(conduct):
    key = dosed(conduct)
    save(conduct, key, "screening", "laboratory", {"bilirubin": ("60", "umol/L")}, reason="misread")
    outcome = save(conduct, key, "dose_1", "infusion", {"dose_given": ("10", "mg")}, reason="half", actor=PI)
    assert [event.data["rule"] for event in outcome.of("DeviationRecorded")] == ["dose-not-as-planned"]
    late = {"infusion_start": (f"{date(2026, 1, 13)}T08:00",)}
    assert refused(conduct, form(key, "dose_1", "infusion", late, reason="x")) == "date-order"


def test_a_corrected_consent_date_is_the_one_that_counts(conduct):
    key = conduct.do(RegisterCandidate("01"), COORDINATOR).participant
    conduct.do(RecordConsent(key, "1.0", "en", date(2025, 1, 5), "Dr Ada", True), PI)
    again = RecordConsent(key, "1.0", "en", CONSENTED, "Dr Ada", True)
    assert refused(conduct, again) == "reason-required"
    conduct.do(replace(again, reason="wrong year"), PI)
    assert refused(conduct, RecordVisit(key, "screening", date(2025, 6, 1))) == "no-procedure-before-consent"
    conduct.do(RecordVisit(key, "screening", SCREENED), COORDINATOR)
    later = RecordConsent(key, "1.0", "en", date(2026, 2, 1), "Dr Ada", True, "wrong again")
    assert refused(conduct, later) == "no-procedure-before-consent"
    conduct.do(replace(later, version="2.0", reason="new version"), PI)


def test_a_late_dose_is_a_deviation(conduct):
    key = dosed(conduct)
    conduct.do(RecordVisit(key, "dose_2", date(2026, 2, 3)), PI)
    outcome = conduct.do(form(key, "dose_2", "infusion", {"dose_given": ("20", "mg")}), PI)
    assert [event.data["rule"] for event in outcome.of("DeviationRecorded")] == ["dose-too-late"]


# --- values ----------------------------------------------------------------------------------

LABORATORY, DEMOGRAPHICS = "laboratory", "demographics"


@pytest.mark.parametrize(
    ("name", "entry", "rule"),
    [
        ("bilirubin", Entry("81", "mg/dL"), "hard-limit"),
        ("bilirubin", Entry("1400", "umol/L"), "hard-limit"),
        ("bilirubin", Entry("2"), "missing-unit"),
        ("bilirubin", Entry("2", "g/L"), "wrong-unit"),
        ("bilirubin", Entry("2,1", "mg/dL"), "wrong-value"),
        ("bilirubin", Entry("NaN", "mg/dL"), "wrong-value"),
        ("bilirubin", Entry("", "mg/dL"), "wrong-value"),
        ("bilirubin", Entry(None, "mg/dL"), "wrong-value"),
        ("bilirubin", Entry("2", "mg/dL", MissingReason.UNKNOWN), "wrong-value"),
        ("sex", Entry("X"), "unknown-choice"),
        ("sex", Entry("M", "kg"), "wrong-unit"),
        ("symptoms", Entry("itch;pain"), "unknown-choice"),
        ("symptoms", Entry("itch;itch"), "wrong-value"),
        ("drinks", Entry("1.5"), "wrong-value"),
        ("birth_date", Entry("2027-01-01"), "date-in-future"),
        ("birth_date", Entry("1970-13"), "wrong-value"),
        ("birth_date", Entry("01/02/1970"), "wrong-value"),
        ("name", Entry("a\x00b"), "wrong-value"),
        ("name", Entry("x" * 10_001), "wrong-value"),
        ("nothing", Entry("1"), "item-not-on-form"),
    ],
)
def test_values_the_definition_refuses(conduct, name, entry, rule):
    key = consented(conduct)
    on = LABORATORY if name == "bilirubin" else DEMOGRAPHICS
    assert refused(conduct, SaveForm(key, "screening", on, 0, {name: entry}, 100), COORDINATOR) == rule


@pytest.mark.parametrize(
    ("name", "entry", "saved"),
    [
        ("bilirubin", Entry("0.05", "mg/dL"), ("0.05", "mg/dL", None)),
        ("bilirubin", Entry(" 1.20 ", "mg/dL"), ("1.20", "mg/dL", None)),
        ("bilirubin", Entry("۲٫۵", "mg/dL"), ("۲٫۵", "mg/dL", None)),
        ("bilirubin", Entry(missing=MissingReason.NOT_DONE), (None, None, "not_done")),
        ("inr", Entry("1.5"), ("1.5", "{INR}", None)),
        ("symptoms", Entry("itch;fatigue"), ("itch;fatigue", None, None)),
        ("expiry", Entry("2029-12-31"), ("2029-12-31", None, None)),
        ("birth_date", Entry("1970-UN-UN"), ("1970", None, None)),
        ("drinks", Entry("3"), ("3", None, None)),
    ],
)
def test_values_are_kept_as_entered(conduct, name, entry, saved):
    key = consented(conduct)
    on = LABORATORY if name in {"bilirubin", "inr"} else DEMOGRAPHICS
    save(conduct, key, "screening", on, {name: entry})
    value = conduct.participant(key).form_values("screening", on, 0)[name]
    assert (value.text, value.unit, value.missing) == saved


def test_today_is_today_where_the_study_is(conduct):
    """At 21:00 UTC it is tomorrow in Tehran."""
    key = consented(conduct)
    conduct._clock.now = conduct._clock.now.replace(hour=19)
    assert refused(conduct, RecordVisit(key, "unscheduled", date(2026, 6, 2))) == "date-in-future"
    conduct._clock.now = conduct._clock.now.replace(hour=21)
    conduct.do(RecordVisit(key, "unscheduled", date(2026, 6, 2)), PI)


# --- changes ---------------------------------------------------------------------------------


def test_a_change_needs_a_reason_and_keeps_the_old_value(conduct):
    key = screened(conduct)
    version = conduct.version(key)
    change = {"inr": ("1.7",)}
    assert (
        refused(conduct, form(key, "screening", "laboratory", change, version=version)) == "reason-required"
    )
    outcome = conduct.do(form(key, "screening", "laboratory", change, version=version, reason="misread"), PI)
    (event,) = outcome.of("ItemsCorrected")
    assert event.data["was"] == {"inr": {"text": "1.5", "unit": "{INR}"}}
    assert event.reason == "misread"
    assert conduct.participant(key).values["screening", "laboratory", 0, "inr"].corrections == 1


def test_saving_the_same_again_changes_nothing(conduct):
    key = screened(conduct)
    before = conduct.store.position()
    assert save(conduct, key, "screening", "laboratory", {"inr": ("1.5",)}).events == ()
    assert conduct.store.position() == before


def test_a_value_can_be_taken_back_with_a_reason(conduct):
    key = screened(conduct)
    save(conduct, key, "screening", "laboratory", {"inr": ()}, reason="of another person")
    assert "inr" not in conduct.participant(key).form_values("screening", "laboratory", 0)
    assert not [value for value in conduct.store.values(key) if value.item == "inr"]


def test_two_people_on_one_form(conduct):
    key = screened(conduct)
    seen = conduct.version(key)
    save(conduct, key, "screening", "laboratory", {"inr": ("1.7",)}, reason="misread", version=seen)
    with pytest.raises(FormConflictError) as caught:
        save(
            conduct,
            key,
            "screening",
            "laboratory",
            {"bilirubin": ("70", "umol/L"), "inr": ("1.5",)},
            reason="x",
            version=seen,
        )
    (conflict,) = caught.value.fields
    assert (conflict.item, conflict.theirs, conflict.by, conflict.mine) == (
        "inr",
        "1.7 {INR}",
        "cem",
        "1.5 {INR}",
    )
    # whoever writes what stands there anyway, or works on another form, is not in the way
    save(conduct, key, "screening", "laboratory", {"inr": ("1.7",)}, version=seen)
    save(conduct, key, "screening", "demographics", {"drinks": ("1",)}, version=seen)


def test_a_change_by_someone_who_has_not_looked_is_a_conflict(conduct):
    key = screened(conduct)
    command = SaveForm(key, "screening", "laboratory", 0, {"inr": Entry("1.7")}, None, "misread")
    assert refused(conduct, command) == "conflict"


def test_rows_of_repeating_forms(conduct):
    key = enrolled(conduct)
    assert refused(conduct, form(key, "log", "adverse_event", {"ae_term": ("Rash",)}, row=0)) == "wrong-row"
    assert refused(conduct, form(key, "screening", "laboratory", {"inr": ("1.5",)}, row=1)) == "wrong-row"
    save(conduct, key, "log", "adverse_event", {"ae_term": ("Rash",)}, row=1)
    assert refused(conduct, RemoveRow(key, "log", "adverse_event", 1, " ")) == "reason-required"
    assert refused(conduct, RemoveRow(key, "log", "adverse_event", 2, "mistake")) == "no-such-row"
    conduct.do(RemoveRow(key, "log", "adverse_event", 1, "of another person"), COORDINATOR)
    assert conduct.participant(key).rows("adverse_event") == {}


# --- visits ----------------------------------------------------------------------------------


def test_visits_out_of_order(conduct):
    key = screened(conduct)
    assert refused(conduct, RecordVisit(key, "nowhere", SCREENED)) == "unknown-visit"
    assert refused(conduct, RecordVisit(key, "screening#2", SCREENED)) == "unknown-visit"
    assert refused(conduct, RecordVisit(key, "log", SCREENED)) == "not-a-visit"
    assert refused(conduct, RecordVisit(key, "month_2", date(2026, 3, 12))) == "not-enrolled"
    assert refused(conduct, RecordVisit(key, "screening", date(2026, 1, 7))) == "reason-required"
    assert refused(conduct, form(key, "unscheduled", "laboratory", {"inr": ("1.5",)})) == "visit-not-recorded"
    assert (
        refused(conduct, form(key, "screening", "infusion", {"dose_given": ("1", "mg")}))
        == "form-not-at-visit"
    )
    assert refused(conduct, MissVisit(key, "screening", "ill")) == "visit-has-data"
    conduct.do(RecordVisit(key, "unscheduled#2", date(2026, 2, 1)), COORDINATOR)
    save(conduct, key, "unscheduled#2", "laboratory", {"inr": ("1.5",)})


def test_a_visit_before_birth(conduct):
    key = conduct.do(RegisterCandidate("01"), COORDINATOR).participant
    conduct.do(RecordConsent(key, "1.0", "en", date(1999, 1, 1), "Dr", True), PI)
    conduct.do(RecordVisit(key, "screening", date(2026, 1, 6)), COORDINATOR)
    save(conduct, key, "screening", "demographics", {"birth_date": ("2001",)})
    assert refused(conduct, RecordVisit(key, "unscheduled", date(2000, 12, 31))) == "date-before-birth"


def test_a_missed_visit_can_still_take_place_with_a_reason(conduct):
    key = enrolled(conduct)
    conduct.do(MissVisit(key, "dose_1", "fever"), COORDINATOR)
    assert refused(conduct, RecordVisit(key, "dose_1", DOSED)) == "reason-required"
    conduct.do(RecordVisit(key, "dose_1", DOSED, "came later the same day"), PI)
    assert conduct.participant(key).missed == {}


# --- freezing, locking, queries, signatures ----------------------------------------------------


@pytest.mark.parametrize("scope", [("", ""), ("screening", ""), ("screening", "laboratory")])
def test_nothing_changes_on_frozen_or_locked_data(conduct, scope):
    key = screened(conduct)
    change = form(key, "screening", "laboratory", {"inr": ("1.7",)}, reason="misread")
    conduct.do(Freeze(key, *scope), DATA_MANAGER)
    assert refused(conduct, change) == "frozen"
    conduct.do(Unfreeze(key, "back to the site", *scope), DATA_MANAGER)
    conduct.do(Lock(key, *scope), DATA_MANAGER)
    assert refused(conduct, change) == "locked"
    assert refused(conduct, Unlock(key, " ", *scope), DATA_MANAGER) == "reason-required"
    conduct.do(Unlock(key, "a late correction", *scope), DATA_MANAGER)
    conduct.do(change, PI)


def test_open_queries_keep_data_from_being_locked(conduct):
    key = screened(conduct)
    conduct.do(RaiseQuery(key, "screening", "laboratory", "Which sample?", 0, "inr"), MONITOR)
    assert refused(conduct, Lock(key), DATA_MANAGER) == "open-queries"
    assert refused(conduct, CloseQuery(key, "Q-001", ""), MONITOR) == "reason-required"
    conduct.do(AnswerQuery(key, "Q-001", "the second"), COORDINATOR)
    conduct.do(CloseQuery(key, "Q-001", "fine"), MONITOR)
    conduct.do(ReopenQuery(key, "Q-001", "not fine after all"), MONITOR)
    assert conduct.participant(key).queries["Q-001"].status == "open"
    assert refused(conduct, CloseQuery(key, "Q-007", "x"), MONITOR) == "unknown-query"


def test_a_change_breaks_signature_and_verification_visibly(conduct):
    key = screened(conduct)
    conduct.do(VerifySource(key, "screening", "laboratory", 0, "inr"), MONITOR)
    conduct.do(Sign(key, "I have reviewed these data", "screening"), PI)
    conduct.do(Sign(key, "I have reviewed these data", "screening", "demographics"), PI)
    outcome = save(conduct, key, "screening", "laboratory", {"inr": ("1.7",)}, reason="misread")
    (broken,) = outcome.of("SignatureInvalidated")
    assert (broken.data["signer"], broken.data["visit"], broken.data["form"]) == ("ada", "screening", "")
    assert broken.data["causes"] == [outcome.events[0].hash]
    assert len(outcome.of("VerificationInvalidated")) == 1
    state = conduct.participant(key)
    assert [mark.valid for mark in state.signatures] == [False, True]
    assert [mark.valid for mark in state.verifications] == [False]


def test_edit_checks_ask_and_settle_by_themselves(conduct):
    key = consented(conduct)
    high = save(conduct, key, "screening", "laboratory", {"bilirubin": ("41", "mg/dL")})
    (asked,) = high.of("QueryOpened")
    assert asked.data["rule"] == "query-limit:bilirubin"
    odd = save(
        conduct,
        key,
        "screening",
        "laboratory",
        {"bilirubin": ("0.9", "mg/dL"), "inr": ("1.5",)},
        reason="misread",
    )
    assert [event.data["rule"] for event in odd.of("QueryClosed")] == ["query-limit:bilirubin"]
    assert [event.data["rule"] for event in odd.of("QueryOpened")] == ["inr_fits"]
    assert odd.of("QueryClosed")[0].data["causes"]


def test_an_answer_once_accepted_is_not_asked_again(conduct):
    key = consented(conduct)
    save(conduct, key, "screening", "laboratory", {"bilirubin": ("41", "mg/dL")})
    conduct.do(CloseQuery(key, "Q-001", "confirmed by the laboratory"), MONITOR)
    assert save(conduct, key, "screening", "laboratory", {"inr": ("1.1",)}).of("QueryOpened") == ()


# --- rights ----------------------------------------------------------------------------------


def test_sponsor_roles_never_change_site_data(conduct):
    key = screened(conduct)  # the kit's monitor is given SaveForm on purpose
    assert refused(conduct, form(key, "screening", "demographics", {"drinks": ("2",)}), MONITOR) == (
        "sponsor-changes-no-site-data"
    )


def test_a_site_sees_to_its_own(conduct):
    key = screened(conduct)
    assert (
        refused(conduct, form(key, "screening", "demographics", {"drinks": ("2",)}), OTHER_SITE)
        == "other-site"
    )
    assert refused(conduct, RegisterCandidate("01"), OTHER_SITE) == "other-site"
    assert refused(conduct, RegisterCandidate("01"), Actor("eve", "nobody")) == "role-may-not"


def test_user_names_are_never_used_twice(conduct):
    conduct.do(AddUser("cem", "Cem A"), ADMIN)
    assert refused(conduct, AddUser("CEM", "Cem B"), ADMIN) == "user-name-taken"
    assert refused(conduct, GrantRole("eve", "coordinator"), ADMIN) == "unknown-user"
    assert refused(conduct, GrantRole("cem", "wizard"), ADMIN) == "unknown-role"
    conduct.do(RecordSignIn("eve", "failure", "password"), Actor("system", "system"))


# --- study -----------------------------------------------------------------------------------


def test_nothing_goes_before_activation_and_twice_is_once_too_often(url):
    conduct = open_conduct(url, mode="")
    assert refused(conduct, RegisterCandidate("01"), COORDINATOR) == "not-active"
    assert refused(conduct, ActivateStudy("for real")) == "unknown-mode"
    conduct.do(ActivateStudy("rehearsal"), PI)
    assert refused(conduct, ActivateStudy("live")) == "already-active"


def test_live_needs_confirmed_assumptions_accounts_and_approved_consents(url):
    conduct = open_conduct(url, mode="")
    assert refused(conduct, ActivateStudy("live")) == "open-assumptions"
    assert refused(conduct, ConfirmAssumption("A1", "40 mg each")) == "not-the-default"
    conduct.do(ConfirmAssumption("A1"), PI)
    conduct.do(ActivateStudy("live"), PI)
    assert refused(conduct, RegisterCandidate("01"), COORDINATOR) == "no-account"
    conduct.do(AddUser("root", "Root"), ADMIN)
    conduct.do(GrantRole("root", "administrator"), ADMIN)
    assert refused(conduct, AddUser("x", "X"), Actor("eve", "administrator")) == "no-account"
    for user, role in (("ada", "principal_investigator"), ("cem", "coordinator")):
        conduct.do(AddUser(user, user.title()), ADMIN)
        conduct.do(GrantRole(user, role, "01"), ADMIN)
    key = conduct.do(RegisterCandidate("01"), COORDINATOR).participant
    assert (
        refused(conduct, RecordConsent(key, "1.0", "en", CONSENTED, "Dr", True))
        == "consent-text-not-approved"
    )
    assert refused(conduct, RegisterCandidate("01"), replace(COORDINATOR, site="")) == "role-not-held"
    conduct.do(RevokeRole("cem", "coordinator", "01", "left"), ADMIN)
    assert refused(conduct, RegisterCandidate("01"), COORDINATOR) == "role-not-held"


def test_a_changed_definition_must_be_recorded_and_recomputes(conduct):
    key = screened(conduct)
    points = replace(make_study().derived["points"], expression="MAGNITUDE(bilirubin) + 20 * MAGNITUDE(inr)")
    amended = make_study(hash="b" * 64, derived={**make_study().derived, "points": points})
    again = Conduct(conduct.store, amended, conduct._clock)
    assert refused(again, RegisterCandidate("01"), COORDINATOR) == "definition-changed"
    outcome = again.do(AmendStudy("amendment 1"), PI)
    (derived,) = outcome.of("ValuesDerived")
    assert derived.data["causes"] == [outcome.events[0].hash]
    assert set(derived.data["values"]) == {"points"}
    assert (
        again.participant(key).derived["screening", "points"].text == derived.data["values"]["points"]["text"]
    )


def test_deviations_by_hand(conduct):
    key = screened(conduct)
    conduct.do(RecordDeviation(key, "consent", "copy not handed out", "screening", "handed out later"), PI)
    (found,) = conduct.participant(key).deviations.values()
    assert (found.id, found.kind, found.rule, found.status) == ("D-001", "consent", "", "open")
