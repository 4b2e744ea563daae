"""How a consent is signed, and how far it is taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ledger_kit import CONSENTED, COORDINATOR, DOSED, PI, consented, make_study, open_conduct, save, screened
from trialrun.ledger.commands import Enrol, RecordConsent, RegisterCandidate, SignEligibility, WithdrawConsent
from trialrun.ledger.conduct import CommandRefusedError
from trialrun.ledger.event_types import REGISTRY
from trialrun.study.model import Choice, ConsentQuestion

QUESTION = ConsentQuestion(
    "free", "May you stop?", (Choice("no", "No"), Choice("yes", "Yes")), "yes", "You may."
)


def asking_study():
    first, *others = make_study().consents
    return make_study(consents=(replace(first, questions=(QUESTION,)), *others))


@pytest.fixture
def asking(url):
    made = open_conduct(url, asking_study())
    yield made
    made.store.close()


def give(conduct, **more):
    key = conduct.do(RegisterCandidate("01"), COORDINATOR).participant
    conduct.do(RecordConsent(key, "1.0", "en", CONSENTED, "Dr Ada", True, **more), COORDINATOR)
    return conduct.participant(key).consent


def test_a_consent_on_the_screen_needs_every_question_answered_rightly_in_the_end(asking):
    signed = {"method": "typed", "signature": "Ali Rezaei"}
    for answers, rule in (
        ({}, "not-understood"),
        ({"free": "no"}, "not-understood"),
        ({"free": "yes;no"}, "not-understood"),
        ({"free": "perhaps"}, "unknown-answer"),
        ({"free": "yes", "other": "yes"}, "unknown-question"),
    ):
        with pytest.raises(CommandRefusedError) as refused:
            give(asking, answers=answers, **signed)
        assert refused.value.rule == rule
    consent = give(asking, answers={"free": "no;yes"}, **signed)
    assert consent.answers == {"free": "no;yes"}  # the wrong answer is kept with the right one
    assert give(asking).method == "paper"  # on paper the questions were asked by a person


@pytest.mark.parametrize(
    "signature",
    ["", "\nM0 0L1 1", "Ali", "Ali\n", 'Ali\nM0 0"/><script>', "Ali\nL10 10", "Ali\nM0 0 url(#a)"],
)
def test_a_drawn_signature_is_a_name_and_plain_strokes(conduct, signature):
    with pytest.raises(CommandRefusedError) as refused:
        give(conduct, method="drawn", signature=signature)
    assert refused.value.rule == "consent-unsigned"


def test_the_drawn_signature_is_sealed_in_the_log(conduct):
    consent = give(conduct, method="drawn", signature="Ali Rezaei\nM10 10L200 150", witness="Sara")
    assert consent.signature == "Ali Rezaei\nM10 10L200 150"
    bodies = "".join(event.body for event in conduct.store.read())
    assert "Rezaei" not in bodies
    assert "L200" not in bodies
    assert "Sara" not in bodies


def ready(conduct):
    key = screened(conduct)
    conduct.do(SignEligibility(key, "eligible"), PI)
    conduct.do(Enrol(key), PI)
    return key


def test_stopping_treatment_lets_follow_up_go_on(conduct):
    from trialrun.ledger.commands import RecordVisit

    key = ready(conduct)
    conduct.do(WithdrawConsent(key, DOSED, "no more infusions", ("treatment",)), PI)
    person = conduct.participant(key)
    assert person.stopped == {"treatment": DOSED}
    assert person.withdrawn_on is None
    conduct.do(RecordVisit(key, "dose_1", DOSED), COORDINATOR)
    with pytest.raises(CommandRefusedError) as refused:
        save(conduct, key, "dose_1", "infusion",
             {"dose_given": ("20", "mg"), "infusion_start": (f"{DOSED}T10:00",)}, actor=PI)  # fmt: skip
    assert refused.value.rule == "treatment-stopped"
    conduct.do(RecordVisit(key, "month_2", date(2026, 3, 12)), COORDINATOR)
    save(conduct, key, "month_2", "laboratory", {"bilirubin": ("2", "mg/dL")})
    # later all the rest
    conduct.do(WithdrawConsent(key, date(2026, 3, 20), "no more visits", ("follow_up",)), PI)
    person = conduct.participant(key)
    assert person.withdrawn_on == date(2026, 3, 20)
    assert person.stopped == {"treatment": DOSED, "follow_up": date(2026, 3, 20)}


def test_stopping_follow_up_stops_treatment_and_twice_changes_nothing(conduct):
    key = consented(conduct)
    conduct.do(WithdrawConsent(key, date(2026, 2, 1), "moved away", ("follow_up",)), PI)
    assert set(conduct.participant(key).stopped) == {"treatment", "follow_up"}
    for stops, rule in (
        (("treatment",), "no-change"),
        (("follow_up",), "no-change"),
        ((), "unknown-stop"),
        (("life",), "unknown-stop"),
    ):
        with pytest.raises(CommandRefusedError) as refused:
            conduct.do(WithdrawConsent(key, date(2026, 2, 2), "why", stops), PI)
        assert refused.value.rule == rule
    conduct.do(WithdrawConsent(key, date(2026, 2, 2), "samples too", ("samples",)), PI)
    assert conduct.participant(key).stopped["samples"] == date(2026, 2, 2)


def test_consenting_again_lifts_the_withdrawal(conduct):
    key = consented(conduct)
    conduct.do(WithdrawConsent(key, date(2026, 2, 1), "unsure"), PI)
    conduct.do(RecordConsent(key, "2.0", "en", date(2026, 2, 10), "Dr Ada", True, "came back"), PI)
    person = conduct.participant(key)
    assert person.withdrawn_on is None
    assert person.stopped == {}


def test_a_withdrawal_written_before_it_had_parts_stopped_everything(conduct):
    name, _schema, data = REGISTRY.upcast("ConsentWithdrawn", 1, {"on": "2026-02-01"})
    assert "stops" not in data
    from trialrun.ledger.events import NewEvent, chain_events
    from trialrun.ledger.fold import fold

    key = consented(conduct)
    (event,) = chain_events(
        [NewEvent(f"participant/{key}", name, data)],
        version=conduct.version(key), previous=conduct.participant(key).hash,
        now=conduct._clock(), actor=PI, study_hash="",
    )  # fmt: skip
    person = fold([event], conduct.participant(key))
    assert person.withdrawn_on == date(2026, 2, 1)
    assert set(person.stopped) == {"treatment", "follow_up", "samples"}
