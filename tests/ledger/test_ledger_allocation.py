"""Random allocation: balanced blocks, one seed one list, no line twice, and nothing that tells the arm."""

from __future__ import annotations

import itertools
import json
import math
import os
import threading
from collections import Counter
from dataclasses import replace

import pytest

from ledger_kit import COORDINATOR, PI, enrolled, open_conduct, screened
from trialrun.ledger.allocation import allocation_lists, draws, is_masked, permuted_block, strata_of
from trialrun.ledger.commands import Enrol, SignEligibility
from trialrun.ledger.commands_stock import PrepareAllocation, Unblind
from trialrun.ledger.conduct import CommandRefusedError, Conduct
from trialrun.ledger.events import canonical, digest
from trialrun.ledger.store import open_store
from trialrun.ledger.verify import verify
from two_arms import (
    SEED,
    STATISTICIAN,
    at_first_dose,
    batch,
    infuse,
    prepare_list,
    stocked,
    two_arms,
    with_stock,
)

EQUAL = {"a": 1, "b": 1}


@pytest.fixture
def masked(url):
    """A masked trial of two arms."""
    made = open_conduct(url, two_arms())
    yield made
    made.store.close()


def ready(conduct):
    key = screened(conduct)
    conduct.do(SignEligibility(key, "eligible"), PI)
    return key


def refused(conduct, command, actor=STATISTICIAN):
    before = conduct.store.position()
    with pytest.raises(CommandRefusedError) as caught:
        conduct.do(command, actor)
    assert conduct.store.position() == before
    return caught.value.rule


# --- lists -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratio", "size"),
    [(EQUAL, 2), (EQUAL, 4), ({"a": 2, "b": 1}, 3), ({"a": 1, "b": 1, "c": 1}, 3), (EQUAL, 6)],
)
def test_every_arrangement_of_a_block_is_equally_likely(ratio, size):
    """Over all possible draws each arrangement comes up as often: size! draws on multinomial many arrangements."""
    found: Counter[tuple[str, ...]] = Counter()
    for drawn in itertools.product(*(range(last + 1) for last in range(size - 1, 0, -1))):
        numbers = iter(drawn)
        found[permuted_block(ratio, size, lambda _n, numbers=numbers: next(numbers))] += 1
    times = size // sum(ratio.values())
    arrangements = math.factorial(size)
    for share in ratio.values():
        arrangements //= math.factorial(share * times)
    assert len(found) == arrangements
    assert set(found.values()) == {math.factorial(size) // arrangements}


def test_the_draws_are_uniform_and_reproducible():
    draw = draws(SEED, "site=01")
    counts = Counter(draw(3) for _ in range(30_000))
    assert all(abs(count - 10_000) < 400 for count in counts.values())  # five standard deviations
    first, second = draws(SEED, "site=01"), draws(SEED, "site=01")
    assert [first(7) for _ in range(50)] == [second(7) for _ in range(50)]


def test_the_draws_are_those_of_the_published_hash():
    """A list can be made again without this program: SHA-256 of canonical JSON, 64 bits, rest of the division."""
    import hashlib

    text = f'["{SEED}","site=01",0]'
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    assert draws(SEED, "site=01")(1000) == number % 1000


@pytest.mark.parametrize("ratio", [EQUAL, {"a": 2, "b": 1}, {"a": 3, "b": 2, "c": 1}])
def test_lists_are_balanced_and_follow_from_the_seed(ratio):
    shares = sum(ratio.values())
    blocks = (shares, 2 * shares)
    lists = allocation_lists(ratio, blocks, ("x", "y"), 60, SEED)
    assert lists == allocation_lists(ratio, blocks, ("x", "y"), 60, SEED)
    assert lists["x"] != lists["y"]
    assert lists != allocation_lists(ratio, blocks, ("x", "y"), 60, SEED + "!")
    for lines in lists.values():
        assert 60 <= len(lines) < 60 + 2 * shares
        assert len(lines) % shares == 0
        assert Counter(lines) == {arm: len(lines) // shares * share for arm, share in ratio.items()}
        for arm, share in ratio.items():  # never further from the ratio than a block allows
            for upto in range(len(lines)):
                assert abs(lines[:upto].count(arm) - upto * share / shares) <= share * 2


def test_strata_are_all_combinations():
    study = two_arms()
    assert strata_of(study, ("site", "sex")) == (
        "site=01;sex=M", "site=01;sex=F", "site=02;sex=M", "site=02;sex=F",
    )  # fmt: skip
    assert strata_of(study, ("heart_disease",)) == ("heart_disease=true", "heart_disease=false")
    assert strata_of(study, ()) == ("",)


def test_masking_is_said_by_settings_or_record():
    assert is_masked(two_arms())
    assert not is_masked(two_arms(settings={"masking": "none"}))
    design = {"protocolSection": {"designModule": {"designInfo": {"maskingInfo": {"masking": "TRIPLE"}}}}}
    assert is_masked(two_arms(settings={}, record=design))
    assert not is_masked(with_stock(settings={"masking": "DOUBLE"}))  # one arm has nothing to conceal


# --- preparing -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        (PrepareAllocation({"exosome": 1}, (2,), ("site",), 8, SEED), "wrong-ratio"),
        (PrepareAllocation({"exosome": 1, "sham": 0}, (2,), ("site",), 8, SEED), "wrong-ratio"),
        (PrepareAllocation({"exosome": 1, "sham": 1}, (3,), ("site",), 8, SEED), "wrong-blocks"),
        (PrepareAllocation({"exosome": 1, "sham": 1}, (), ("site",), 8, SEED), "wrong-blocks"),
        (PrepareAllocation({"exosome": 1, "sham": 1}, (2,), ("shoe",), 8, SEED), "wrong-strata"),
        (PrepareAllocation({"exosome": 1, "sham": 1}, (2,), ("bilirubin",), 8, SEED), "wrong-strata"),
        (PrepareAllocation({"exosome": 1, "sham": 1}, (2,), ("site", "site"), 8, SEED), "wrong-strata"),
        (PrepareAllocation({"exosome": 1, "sham": 1}, (2,), ("site",), 0, SEED), "wrong-length"),
        (PrepareAllocation({"exosome": 1, "sham": 1}, (2,), ("site",), 8, "42"), "weak-seed"),
    ],
)
def test_lists_that_are_refused(masked, command, rule):
    assert refused(masked, command) == rule


def test_one_arm_needs_no_list(url):
    conduct = open_conduct(url, with_stock())
    assert refused(conduct, PrepareAllocation({"single": 1}, (2,), (), 8, SEED)) == "no-allocation-needed"
    conduct.store.close()


def test_only_those_with_the_right_prepare(masked):
    command = PrepareAllocation({"exosome": 1, "sham": 1}, (2,), ("site",), 8, SEED)
    assert refused(masked, command, PI) == "role-may-not"


def test_a_further_list_carries_the_first_on(masked):
    prepare_list(masked, length=2, blocks=(2,))
    assert refused(
        masked, PrepareAllocation({"exosome": 2, "sham": 1}, (3,), ("site",), 8, SEED)
    ) == "other-allocation"  # fmt: skip
    first = masked.allocation_state().lists["site=01"]
    prepare_list(masked, length=4, blocks=(4,), seed=SEED + "2")
    assert masked.allocation_state().lists["site=01"][:2] == first
    assert len(masked.allocation_state().lists["site=01"]) == 6


# --- enrolling -------------------------------------------------------------------------------


def test_no_enrolment_without_a_list_and_no_arm_by_hand(masked):
    key = ready(masked)
    assert refused(masked, Enrol(key), PI) == "no-allocation-list"
    prepare_list(masked)
    assert refused(masked, Enrol(key, arm="exosome"), PI) == "arm-never-chosen"
    masked.do(Enrol(key), PI)


def test_lines_are_used_one_after_the_other(masked):
    prepare_list(masked)
    keys = [enrolled(masked) for _ in range(5)]
    people = [masked.participant(key) for key in keys]
    assert [one.allocation for one in people] == [("site=01", line) for line in range(1, 6)]
    assert masked.allocation_state().used == {"site=01": tuple(keys)}
    lines = masked.allocation_state().lists["site=01"]
    assert [one.treatment for one in people] == list(lines[:5])
    assert [one.arm for one in people] == [""] * 5
    assert verify(masked.store) == []


def test_a_refused_enrolment_uses_no_line(masked):
    prepare_list(masked)
    key = screened(masked)
    assert refused(masked, Enrol(key), PI) == "no-eligibility-sign-off"
    masked.do(SignEligibility(key, "eligible"), PI)
    masked.do(Enrol(key), PI)
    assert masked.participant(key).allocation == ("site=01", 1)


def test_a_used_up_list_enrols_nobody(masked):
    prepare_list(masked, length=2, blocks=(2,))
    for _ in range(2):
        enrolled(masked)
    assert refused(masked, Enrol(ready(masked)), PI) == "allocation-used-up"


def test_strata_follow_the_answers_of_screening(masked):
    prepare_list(masked, strata=("site", "sex"))
    assert masked.participant(enrolled(masked)).allocation == ("site=01;sex=F", 1)


def test_two_enrolments_at_once_get_different_lines(url):
    first = open_conduct(url, two_arms())
    second = Conduct(open_store(url), first.study, first._clock)
    prepare_list(first)
    keys = [ready(first) for _ in range(8)]
    start = threading.Barrier(2)

    def go(conduct, mine):
        start.wait()
        for key in mine:
            conduct.do(Enrol(key), PI)

    threads = [threading.Thread(target=go, args=(c, keys[n::2])) for n, c in enumerate((first, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    places = [first.participant(key).allocation for key in keys]
    assert sorted(line for _, line in places) == list(range(1, 9))
    assert verify(first.store) == []
    first.store.close()
    second.store.close()


def test_an_open_study_says_the_arm(url):
    conduct = open_conduct(url, two_arms(settings={"masking": "NONE"}))
    prepare_list(conduct)
    person = conduct.participant(enrolled(conduct))
    assert person.arm in ("exosome", "sham")
    assert person.arm == conduct.allocation_state().lists["site=01"][0]
    conduct.store.close()


# --- concealment -----------------------------------------------------------------------------


def test_nothing_in_the_log_tells_the_arm(masked):
    """Neither a word, nor a length, nor a hash that could be found by trying."""
    prepare_list(masked)
    keys = [enrolled(masked) for _ in range(6)]
    after = [event for event in masked.store.read() if event.type != "StudyActivated"]
    lengths: dict[str, set[int]] = {}
    for event in after:
        if event.type == "AllocationPrepared":
            assert set(event.data) == {"list", "ratio", "strata", "length", "commitment", "sealed"}
            assert SEED not in event.body
            continue
        assert "sham" not in event.body
        assert "exosome" not in event.body
        if event.type in ("ArmAllocated", "AllocationLineUsed", "ParticipantEnrolled"):
            arm = masked.participant(event.data.get("candidate") or event.stream.partition("/")[2]).treatment
            lengths.setdefault(event.type + arm, set()).add(len(event.body))
    assert {masked.participant(key).treatment for key in keys} == {"exosome", "sham"}
    for kind in ("ArmAllocated", "AllocationLineUsed", "ParticipantEnrolled"):
        assert lengths[kind + "exosome"] == lengths[kind + "sham"]


def test_the_commitment_is_salted(url, tmp_path):
    """The same list commits to something else each time, and no guess of the list can be checked against it."""
    found = []
    for name in ("one", "two"):
        conduct = open_conduct(f"sqlite:///{tmp_path}/{name}.db", two_arms())
        conduct._random = os.urandom
        prepare_list(conduct)
        (event,) = conduct.store.read("allocation")
        found.append(event.data["commitment"])
        lists = {name: list(lines) for name, lines in conduct.allocation_state().lists.items()}
        guess = {"seed": SEED, "blocks": [2, 4], "lists": lists}
        assert digest(canonical(guess)) != event.data["commitment"]
        conduct.store.close()
    assert found[0] != found[1]


def test_a_dry_run_of_an_enrolment_keeps_the_secret(masked):
    prepare_list(masked)
    for event in masked.decide(Enrol(ready(masked)), PI):
        assert "exosome" not in json.dumps(event.data)
        assert "sham" not in json.dumps(event.data)


def test_states_do_not_print_what_is_concealed(masked):
    prepare_list(masked)
    key = enrolled(masked)
    for state in (masked.participant(key), masked.allocation_state()):
        shown = repr(state).replace(repr(masked.allocation_state().prepared), "")
        assert "exosome" not in shown
        assert "sham" not in shown


def test_a_concealed_arm_still_has_its_dose_plan(masked):
    prepare_list(masked)
    stocked(masked, thawed=2)
    infuse(masked, at_first_dose(masked))
    assert masked.stock_state("01").batches["B-1"].balance.infused == 2


def test_a_batch_of_a_masked_study_does_not_name_the_arm(masked):
    assert refused(masked, batch(product="Saline"), PI) == "product-tells-arm"


def test_unblinding_is_seen_by_everybody(masked):
    prepare_list(masked)
    key = enrolled(masked)
    assert refused(masked, Unblind(key, ""), PI) == "reason-required"
    assert refused(masked, Unblind(key, "anaphylaxis"), COORDINATOR) == "role-may-not"
    done = masked.do(Unblind(key, "anaphylaxis"), PI)
    person = masked.participant(key)
    assert person.arm == person.treatment == done.of("AllocationUnblinded")[0].data["arm"]
    assert (person.unblinded.by, person.unblinded.reason) == ("ada", "anaphylaxis")
    assert refused(masked, Unblind(key, "again"), PI) == "no-change"
    assert refused(masked, Unblind(screened(masked), "who"), PI) == "not-allocated"


# --- keys and verification -------------------------------------------------------------------


def test_without_its_key_the_list_is_gone_and_verify_says_so(url):
    conduct = open_conduct(url, two_arms())
    prepare_list(conduct)
    enrolled(conduct)
    key = ready(conduct)
    with conduct.store._writing() as cursor:
        cursor.execute("DELETE FROM identity_keys WHERE participant = 'allocation'")
    again = Conduct(conduct.store, conduct.study, conduct._clock)
    assert refused(again, Enrol(key), PI) == "allocation-unreadable"
    assert "missing-key" in {finding.code for finding in verify(conduct.store)}
    conduct.store.close()


def test_verify_sees_a_gap(masked):
    from trialrun.ledger.events import NewEvent

    prepare_list(masked)
    data = {"candidate": "S-009", "stratum": "site=01", "line": 3}
    masked.store.append(
        "allocation", 1, [NewEvent("allocation", "AllocationLineUsed", data)], now=masked._clock(), actor=PI
    )
    assert [finding.code for finding in verify(masked.store)] == ["allocation-gap"]


def test_a_secret_that_missed_its_seal_cannot_be_written(masked):
    from trialrun.errors import LedgerError
    from trialrun.ledger.events import NewEvent

    event = NewEvent("participant/S-001", "ArmAllocated", {"stratum": "", "line": 1, "secret": "sham"})
    with pytest.raises(LedgerError, match="secret"):
        masked.store.append("participant/S-001", 0, [event], now=masked._clock(), actor=PI)


def test_an_emergency_does_not_wait_for_the_database_to_be_unlocked(masked):
    prepare_list(masked)
    key = enrolled(masked)
    masked._states["study"] = replace(masked.study_state(), database_locked=True)
    assert refused(masked, Enrol(key), PI) == "database-locked"
    masked.do(Unblind(key, "shock"), PI)
    assert masked.participant(key).arm
