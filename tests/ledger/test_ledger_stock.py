"""The stock of a site: what is refused, and that an infusion moves its units by itself."""

from __future__ import annotations

from datetime import date

import pytest

from ledger_kit import COORDINATOR, DOSED, PI, enrolled, open_conduct, save
from trialrun.ledger.commands import Actor, Entry, RecordVisit, SaveForm
from trialrun.ledger.commands_stock import CountStock, RecordExcursion, ReverseMove
from trialrun.ledger.conduct import CommandRefusedError
from trialrun.ledger.events import NewEvent
from trialrun.ledger.stock import Balance
from trialrun.ledger.verify import verify
from two_arms import PHARMACIST, STATISTICIAN, at_first_dose, batch, infuse, move, stocked, with_stock


@pytest.fixture
def trial(url):
    """A rehearsal whose infusion form names the batch."""
    made = open_conduct(url, with_stock())
    yield made
    made.store.close()


def refused(conduct, command, actor=PHARMACIST):
    before = conduct.store.position()
    with pytest.raises(CommandRefusedError) as caught:
        conduct.do(command, actor)
    assert conduct.store.position() == before
    assert len(caught.value.message) > 10
    return caught.value.rule


def balance(conduct, name="B-1"):
    return conduct.stock_state("01").batches[name].balance


# --- batches and movements -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        (batch(amount_per_unit="0"), "wrong-amount"),
        (batch(amount_per_unit="ten"), "wrong-amount"),
        (batch(unit="mL"), "wrong-unit"),
        (batch(storage=""), "batch-incomplete"),
        (batch(site="09"), "unknown-site"),
        (batch(release_reference=""), "no-certificate"),
        (batch(released_on=date(2030, 1, 1)), "date-in-future"),
        (batch(expires_on=date(2025, 1, 1)), "date-order"),
        (move("receipt", 5), "unknown-batch"),
    ],
)
def test_what_is_no_batch(trial, command, rule):
    assert refused(trial, command, PI if command.site == "01" else Actor("p", "pharmacist")) == rule


def test_a_batch_is_corrected_with_reason_only(trial):
    trial.do(batch(), PHARMACIST)
    assert refused(trial, batch(potency="3e10")) == "reason-required"
    assert refused(trial, batch("b-1")) == "batch-known"
    trial.do(batch(potency="3e10", reason="typing error"), PHARMACIST)
    assert trial.stock_state("01").batches["B-1"].potency == "3e10"


def test_every_unit_has_one_state(trial):
    stocked(trial, units=10)
    for one in (
        move("quarantine", 4, reason="door open"),
        move("release", 3, reason="temperature was right"),
        move("thaw", 5),
        move("destroy", 1, source="thawed", reason="bag leaked", witness="Dr Ada"),
        move("return", 2, reason="asked back"),
    ):
        trial.do(one, PHARMACIST)
    assert balance(trial) == Balance(
        received=10, stored=2, quarantined=1, thawed=4, infused=0, returned=2, destroyed=1
    )
    assert all(line.balance.holds for line in trial.stock_state("01").movements)
    assert [line.number for line in trial.stock_state("01").movements][-1] == "M-0006"
    assert verify(trial.store) == []


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        (move("thaw", 11), "stock-too-low"),
        (move("thaw", 0), "wrong-count"),
        (move("thaw", 1, on=date(2027, 1, 1)), "date-in-future"),
        (move("quarantine", 1), "reason-required"),
        (move("destroy", 1, reason="broken"), "no-witness"),
        (move("destroy", 1, reason="broken", witness="pia"), "no-witness"),
        (move("return", 1, source="thawed", reason="left over"), "wrong-source"),
        (move("infuse", 1, participant="S-001", visit="dose_1"), "infusion-by-form"),
        (move("eat", 1), "unknown-move"),
        (move("thaw", 1, participant="S-077"), "unknown-participant"),
        (move("receipt", 1, temperature="cold"), "wrong-temperature"),
    ],
)
def test_movements_that_are_refused(trial, command, rule):
    stocked(trial)
    if command.kind == "infuse":
        enrolled(trial)
    assert refused(trial, command) == rule


def test_an_unreleased_batch_waits_in_quarantine(trial):
    trial.do(batch(release_reference="", released_on=None), PHARMACIST)
    trial.do(move("receipt", 6), PHARMACIST)
    assert balance(trial).quarantined == 6
    assert refused(trial, move("release", 6, reason="needed")) == "batch-not-released"
    assert refused(trial, move("thaw", 1)) == "batch-not-released"
    trial.do(batch(reason="certificate came"), PHARMACIST)
    trial.do(move("release", 6, reason="certificate CERT-7"), PHARMACIST)
    trial.do(move("thaw", 1), PHARMACIST)
    assert (balance(trial).stored, balance(trial).thawed) == (5, 1)


def test_an_expired_batch_is_not_thawed(trial):
    stocked(trial, expires_on=date(2026, 1, 11))
    assert refused(trial, move("thaw", 1)) == "batch-expired"
    trial.do(move("thaw", 1, on=date(2026, 1, 11)), PHARMACIST)  # its last day of use


def test_quarantined_units_are_not_thawed(trial):
    stocked(trial, units=3)
    trial.do(RecordExcursion("01", "B-1", DOSED, "-80", "-41.5", "freezer failed overnight"), PHARMACIST)
    assert balance(trial).quarantined == 3
    assert refused(trial, move("thaw", 1)) == "stock-quarantined"
    assert trial.stock_state("01").excursions[0].highest == "-41.5"
    assert refused(trial, RecordExcursion("01", "B-1", DOSED, "5", "-41.5", "x")) == "wrong-temperature"


def test_a_count_that_differs_is_explained_and_balances(trial):
    stocked(trial)
    trial.do(CountStock("01", "B-1", 10, DOSED), PHARMACIST)
    assert refused(trial, CountStock("01", "B-1", 9, DOSED)) == "reason-required"
    assert refused(trial, CountStock("01", "B-1", -1, DOSED)) == "wrong-count"
    assert refused(trial, CountStock("01", "B-1", 9, DOSED, "x", "infused")) == "wrong-source"
    trial.do(CountStock("01", "B-1", 9, DOSED, "one vial broken, not written down"), PHARMACIST)
    trial.do(CountStock("01", "B-1", 11, DOSED, "two found behind the rack"), PHARMACIST)
    assert (balance(trial).stored, balance(trial).missing) == (11, -1)
    assert balance(trial).holds
    assert [one.difference for one in trial.stock_state("01").counts] == [0, -1, 2]


def test_a_movement_is_taken_back_once(trial):
    stocked(trial, units=10)
    trial.do(ReverseMove("01", "M-0001", "delivery of another site"), PHARMACIST)
    assert balance(trial) == Balance()
    assert refused(trial, ReverseMove("01", "M-0001", "again")) == "no-change"
    assert refused(trial, ReverseMove("01", "M-0002", "again")) == "no-change"
    assert refused(trial, ReverseMove("01", "M-0009", "again")) == "unknown-movement"


def test_a_receipt_is_not_taken_back_once_thawed(trial):
    stocked(trial, units=2, thawed=1)
    assert refused(trial, ReverseMove("01", "M-0001", "wrong")) == "stock-too-low"


def test_rights_of_product(trial):
    trial.do(batch(), PHARMACIST)
    assert refused(trial, move("receipt", 1), COORDINATOR) == "role-may-not"
    assert refused(trial, move("receipt", 1), STATISTICIAN) == "sponsor-changes-no-site-data"
    assert refused(trial, move("receipt", 1), Actor("pio", "pharmacist", "02")) == "other-site"


# --- infusions -------------------------------------------------------------------------------


def test_without_batches_an_infusion_is_as_before(trial):
    key = at_first_dose(trial)
    infuse(trial, key, name="whatever")
    assert trial.stock_state("01").version == 0


def test_an_infusion_moves_its_units_in_the_same_transaction(trial):
    stocked(trial, thawed=3)
    key = at_first_dose(trial)
    done = infuse(trial, key)
    (line,) = done.of("StockMoved")
    assert (line.data["units"], line.data["participant"], line.data["visit"]) == (2, key, "dose_1")
    assert line.position - done.of("ItemsEntered")[0].position < 6
    assert (balance(trial).thawed, balance(trial).infused) == (1, 2)
    assert verify(trial.store) == []


def test_part_of_a_unit_uses_it_up(trial):
    stocked(trial, thawed=2)
    infuse(trial, at_first_dose(trial), dose="10.5")
    assert balance(trial).infused == 2


@pytest.mark.parametrize(
    ("prepare", "rule"),
    [
        ({"name": "B-9"}, "unknown-batch"),
        ({"thawed": 1}, "stock-too-low"),
        ({"expires_on": date(2026, 1, 11), "thawed": 0}, "batch-expired"),
        ({"release_reference": "", "released_on": None}, "batch-not-released"),
    ],
)
def test_infusions_that_are_refused(trial, prepare, rule):
    name = prepare.pop("name", "B-1")
    stocked(trial, **prepare)
    key = at_first_dose(trial)
    before = trial.store.position()
    with pytest.raises(CommandRefusedError) as caught:
        infuse(trial, key, name=name)
    assert (caught.value.rule, trial.store.position()) == (rule, before)


def test_a_correction_of_the_dose_moves_the_difference(trial):
    stocked(trial, thawed=4)
    key = at_first_dose(trial)
    infuse(trial, key, dose="40", reason="both at once")
    assert balance(trial).infused == 4
    infuse(trial, key, dose="20", reason="two bags were not used")
    assert (balance(trial).thawed, balance(trial).infused) == (2, 2)
    lines = trial.stock_state("01").movements[-2:]
    assert [(line.kind, line.units, line.reverses) for line in lines] == [
        ("reversal", 4, "M-0003"),
        ("infuse", 2, ""),
    ]


def test_a_correction_of_the_batch_moves_both(trial):
    stocked(trial, thawed=2)
    stocked(trial, "B-2", thawed=2)
    key = at_first_dose(trial)
    infuse(trial, key)
    infuse(trial, key, name="B-2", reason="label misread")
    assert (balance(trial).thawed, balance(trial).infused) == (2, 0)
    assert (balance(trial, "B-2").thawed, balance(trial, "B-2").infused) == (0, 2)


def test_a_correction_to_a_batch_without_thawed_units_is_refused_whole(trial):
    stocked(trial, thawed=2)
    stocked(trial, "B-2")
    key = at_first_dose(trial)
    infuse(trial, key)
    with pytest.raises(CommandRefusedError, match="0 thawed"):
        infuse(trial, key, name="B-2", reason="label misread")
    assert (balance(trial).infused, balance(trial, "B-2").stored) == (2, 10)


def test_taking_the_batch_back_takes_the_units_back(trial):
    stocked(trial, thawed=2)
    key = at_first_dose(trial)
    infuse(trial, key)
    save(trial, key, "dose_1", "infusion", {"batch": Entry()}, actor=PI, reason="not known which")
    assert (balance(trial).thawed, balance(trial).infused) == (2, 0)
    assert trial.stock_state("01").uses == {}


def test_other_corrections_of_the_form_move_nothing(trial):
    stocked(trial, thawed=2)
    key = at_first_dose(trial)
    infuse(trial, key)
    done = save(trial, key, "dose_1", "infusion", {"infusion_interrupted": ("false",)}, actor=PI)
    assert done.of("StockMoved") == ()


def test_the_units_of_an_infusion_are_not_reversed_by_hand(trial):
    stocked(trial, thawed=2)
    infuse(trial, at_first_dose(trial))
    assert refused(trial, ReverseMove("01", "M-0003", "wrong")) == "infusion-by-form"


def test_batch_and_dose_may_come_one_after_the_other(trial):
    stocked(trial, thawed=2)
    key = at_first_dose(trial)
    save(trial, key, "dose_1", "infusion", {"batch": ("B-1",)}, actor=PI)
    assert balance(trial).infused == 0
    save(trial, key, "dose_1", "infusion", {"dose_given": ("20", "mg")}, actor=PI)
    assert balance(trial).infused == 2


def test_a_repeated_infusion_form_gives_its_units_back_with_its_row(url):
    from dataclasses import replace

    study = with_stock()
    forms = {**study.forms, "infusion": replace(study.forms["infusion"], repeating=True)}
    trial = open_conduct(url, with_stock(forms=forms))
    from trialrun.ledger.commands import RemoveRow

    stocked(trial, thawed=2)
    key = at_first_dose(trial)
    values = {
        "batch": Entry("B-1"),
        "infusion_start": Entry(f"{DOSED}T09:30"),
        "dose_given": Entry("20", "mg"),
    }
    trial.do(SaveForm(key, "dose_1", "infusion", 1, values, trial.version(key)), PI)
    assert balance(trial).infused == 2
    trial.do(RemoveRow(key, "dose_1", "infusion", 1, "entered twice"), PI)
    assert (balance(trial).thawed, balance(trial).infused) == (2, 0)
    trial.store.close()


def test_the_second_dose_takes_from_what_is_left(trial):
    stocked(trial, thawed=4)
    key = at_first_dose(trial)
    infuse(trial, key)
    trial.do(RecordVisit(key, "dose_2", date(2026, 1, 19)), PI)
    infuse(trial, key, visit="dose_2", on=date(2026, 1, 19))
    assert (balance(trial).thawed, balance(trial).infused) == (0, 4)


def test_verify_sees_books_that_do_not_balance(trial):
    stocked(trial, units=2)
    line = trial.stock_state("01").movements[0]
    data = {
        "movement": "M-0002", "batch": "B-1", "kind": "thaw", "units": 5, "source": "stored", "target": "thawed",
        "on": str(line.on), "participant": "", "visit": "", "form": "", "row": 0, "temperature": "", "witness": "",
        "reverses": "",
    }  # fmt: skip
    version = trial.stock_state("01").version
    trial.store.append(
        "stock/01", version, [NewEvent("stock/01", "StockMoved", data)], now=trial._clock(), actor=PHARMACIST
    )
    assert [finding.code for finding in verify(trial.store)] == ["stock-out-of-balance"]
