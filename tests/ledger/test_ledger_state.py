"""Folding, the event registry, numbers and identity."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger_kit import (
    ADMIN,
    COORDINATOR,
    MONITOR,
    PI,
    Clock,
    consented,
    dosed,
    make_study,
    open_conduct,
    save,
    screened,
)
from trialrun.errors import LedgerError, UserError
from trialrun.ledger.commands import Actor, EraseIdentity, MissVisit, RaiseQuery, RemoveRow, Sign
from trialrun.ledger.conduct import CommandRefusedError, Conduct
from trialrun.ledger.event_types import REGISTRY, EventType, Field, Registry
from trialrun.ledger.events import NO_HASH, NewEvent, canonical, chain_events, digest, read_event
from trialrun.ledger.fold import fold
from trialrun.ledger.numbers import check_character, number_is_valid, participant_number
from trialrun.ledger.verify import verify

NOW = datetime(2026, 1, 1, tzinfo=UTC)

# --- folding ---------------------------------------------------------------------------------

INR = st.sampled_from(["0.9", "1.5", "2", "3.25"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("laboratory"), INR),
        st.tuples(st.just("adverse_event"), st.integers(1, 3)),
        st.tuples(st.just("remove"), st.integers(1, 3)),
        st.tuples(st.just("query"), st.just(0)),
        st.tuples(st.just("sign"), st.just(0)),
        st.tuples(st.just("miss"), st.just(0)),
    ),
    max_size=8,
)


def _step(conduct, key, step):
    kind, value = step
    if kind == "laboratory":
        save(conduct, key, "screening", "laboratory", {"inr": (value,)}, reason="again")
    elif kind == "adverse_event":
        save(conduct, key, "log", "adverse_event", {"ae_term": (f"Rash {value}",)}, row=value, reason="again")
    elif kind == "remove":
        conduct.do(RemoveRow(key, "log", "adverse_event", value, "mistake"), COORDINATOR)
    elif kind == "query":
        conduct.do(RaiseQuery(key, "screening", "laboratory", "Really?"), MONITOR)
    elif kind == "sign":
        conduct.do(Sign(key, "reviewed"), PI)
    else:
        conduct.do(MissVisit(key, "month_2", "ill"), COORDINATOR)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, cut=st.integers(0, 60))
def test_folding_in_two_parts_is_folding_at_once_and_the_log_only_grows(tmp_path_factory, steps, cut):
    conduct = open_conduct(f"sqlite:///{tmp_path_factory.mktemp('log')}/log.db", seal_every=7)
    try:
        key = screened(conduct)
        so_far = list(conduct.store.read())
        for step in steps:
            with contextlib.suppress(CommandRefusedError):
                _step(conduct, key, step)
            now = list(conduct.store.read())
            assert now[: len(so_far)] == so_far
            so_far = now
        events = list(conduct.store.read(f"participant/{key}"))

        def reveal(item, sealed):
            return conduct._vault.open(key, f"{key}/{item}", sealed)

        at_once = fold(events, reveal=reveal)
        part = fold(events[:cut], reveal=reveal)
        before = fold(events[:cut], reveal=reveal)
        assert fold(events[cut:], part, reveal=reveal) == at_once
        assert part == before  # folding on leaves the earlier state as it was
        assert conduct.participant(key) == at_once
        assert verify(conduct.store) == []
    finally:
        conduct.store.close()


def test_a_second_process_sees_what_the_first_wrote(conduct):
    key = screened(conduct)
    other = Conduct(conduct.store, conduct.study, Clock())
    assert other.participant(key) == conduct.participant(key)
    save(other, key, "screening", "laboratory", {"inr": ("2",)}, reason="misread")
    assert conduct.participant(key).values["screening", "laboratory", 0, "inr"].text == "2"


def test_derived_values_follow_every_change_and_name_their_cause(conduct):
    key = consented(conduct)
    first = save(conduct, key, "screening", "laboratory", {"bilirubin": ("2", "mg/dL")})
    (derived,) = first.of("ValuesDerived")
    assert derived.data["values"] == {"points": {"unknown_because": ["inr"]}}
    assert derived.data["causes"] == [first.events[0].hash]
    (derived,) = save(conduct, key, "screening", "laboratory", {"inr": ("1.5",)}).of("ValuesDerived")
    assert derived.data["values"] == {"points": {"text": "17"}}
    (derived,) = save(
        conduct, key, "screening", "laboratory", {"bilirubin": ("34.208", "umol/L")}, reason="unit"
    ).of("ValuesDerived") or (None,)
    assert derived is None  # the same amount in another unit


def test_what_is_asked_once_reaches_every_visit_and_what_is_asked_again_does_not(conduct):
    key = dosed(conduct)
    state = conduct.participant(key)
    assert ("dose_1", "points") not in state.derived
    save(conduct, key, "screening", "demographics", {"birth_date": ("1980-05-01",)}, reason="full date")
    state = conduct.participant(key)
    assert state.derived["screening", "age"].text == state.derived["dose_1", "age"].text == "45"


# --- event types -----------------------------------------------------------------------------


def test_data_that_do_not_fit_their_type_are_refused():
    bad = [
        ("NoSuchType", {}),
        ("VisitMissed", {}),
        ("VisitMissed", {"visit": "x", "more": 1}),
        ("VisitMissed", {"visit": 3}),
        ("ItemsEntered", {"visit": "v", "form": "f", "row": True, "items": {}}),
        ("ItemsEntered", {"visit": "v", "form": "f", "row": 0, "items": {"a": {"text": 1.5}}}),
    ]
    for name, data in bad:
        with pytest.raises(LedgerError):
            REGISTRY.check(name, data)


def test_event_names_are_noun_and_past_participle():
    irregular = {
        "ConsentGiven",
        "ConsentWithdrawn",
        "SignatureGiven",
        "DataFrozen",
        "DataUnfrozen",
        "SafetyReportSent",
    }
    assert [name for name in REGISTRY.types if not name.endswith("ed") and name not in irregular] == []


def test_an_old_event_is_read_as_the_new_version_and_keeps_its_hash():
    old = Registry(
        {"SampleTaken": EventType("SampleTaken", 1, "participant", "", (Field("when", "date", ""),))}
    )
    (written,) = chain_events(
        [NewEvent("participant/S-001", "SampleTaken", {"when": "2026-01-05"})],
        version=0,
        previous=NO_HASH,
        now=NOW,
        actor=Actor("a", "b"),
        study_hash="",
        registry=old,
    )
    fields = (Field("on", "date", ""), Field("tube", "text", ""))
    new = Registry(
        {"SampleDrawn": EventType("SampleDrawn", 2, "participant", "", fields)},
        {("SampleTaken", 1): lambda data: ("SampleDrawn", {"on": data["when"], "tube": "unknown"})},
    )
    read = read_event(written.body, written.hash, 1, "", registry=new)
    assert (read.type, read.schema, read.data) == ("SampleDrawn", 2, {"on": "2026-01-05", "tube": "unknown"})
    assert read.hash == digest(read.body) == written.hash
    with pytest.raises(LedgerError, match="not known to this version"):
        read_event(written.body, written.hash, 1, "", registry=Registry({}))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))  # fmt: skip
def test_canonical_text_is_one_text(value):
    import json

    text = canonical(value)
    assert canonical(json.loads(text)) == text


# --- numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "check"), [("0794", "5"), ("A12425GABC1234002", "M")])
def test_check_characters_of_the_standard(text, check):
    """0794 is the standard's own example of MOD 11,10; the other one a published GRid (MOD 37,36)."""
    assert check_character(text) == check


@given(st.integers(1, 999), st.integers(0, 4), st.integers(1, 9))
def test_a_slip_of_the_pen_is_noticed(count, place, by):
    number = participant_number("01", count)
    assert number_is_valid(number)
    digits = [index for index, letter in enumerate(number[:-2]) if letter.isdigit()]
    at = digits[place]
    wrong = number[:at] + str((int(number[at]) + by) % 10) + number[at + 1 :]
    assert not number_is_valid(wrong)


def test_numbers_of_other_letters_are_refused():
    with pytest.raises(UserError):
        check_character("é1")


# --- identity --------------------------------------------------------------------------------


def test_identifying_values_are_never_in_the_clear(conduct, tmp_path):
    key = screened(conduct)
    assert conduct.participant(key).values["screening", "demographics", 0, "name"].text == "Mina"
    conduct.store.seal()
    conduct.store.export(tmp_path / "log.jsonl")
    for file in tmp_path.iterdir():
        assert b"Mina" not in file.read_bytes()


def test_erasing_destroys_the_key_and_leaves_the_chain(conduct, tmp_path):
    key = screened(conduct)
    conduct.do(Sign(key, "reviewed"), PI)
    secret = conduct.store.identity_key(key)
    conduct.do(EraseIdentity(key, "asked for by the participant"), ADMIN)
    value = conduct.participant(key).values["screening", "demographics", 0, "name"]
    assert (value.text, value.missing) == (None, "erased")
    again = Conduct(conduct.store, make_study(), Clock())
    assert again.participant(key).values["screening", "demographics", 0, "name"].missing == "erased"
    assert again.participant(key).signatures[0].valid
    assert conduct.store.identity_key(key) is None
    assert verify(conduct.store) == []
    for file in tmp_path.iterdir():
        assert secret not in file.read_bytes()


def test_a_sealed_value_cannot_be_moved_to_another_place(conduct):
    key = screened(conduct)
    sealed = conduct.participant(key).values["screening", "demographics", 0, "name"].sealed
    with pytest.raises(LedgerError):
        conduct._vault.open(key, f"{key}/birth_date", sealed)


def test_an_erased_participant_takes_no_new_identifying_value(conduct):
    key = screened(conduct)
    conduct.do(EraseIdentity(key, "asked for"), ADMIN)
    with pytest.raises(CommandRefusedError) as caught:
        save(conduct, key, "screening", "demographics", {"name": ("Mina",)}, reason="again")
    assert caught.value.rule == "identity-erased"
