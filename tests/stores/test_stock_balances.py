"""Whatever is done to a site's stock, in whatever order: the books balance, and refold to the same."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger_kit import PI, open_conduct, save
from trialrun.ledger.commands import Entry
from trialrun.ledger.commands_stock import CountStock, RecordExcursion, ReverseMove
from trialrun.ledger.conduct import CommandRefusedError
from trialrun.ledger.stock import HELD, STATES, fold_stock
from trialrun.ledger.verify import verify
from trialrun.snapshot.fold_stock import stock_rows
from two_arms import DOSED, PHARMACIST, at_first_dose, batch, move, with_stock

_NUMBER = itertools.count(1)
WAYS = {
    "receipt": ("", "stored"),
    "quarantine": ("stored", "quarantined"),
    "release": ("quarantined", "stored"),
    "thaw": ("stored", "thawed"),
    "return": ("stored", "returned"),
    "destroy": ("quarantined", "destroyed"),
}
moves = st.tuples(st.just("move"), st.sampled_from(sorted(WAYS)), st.integers(1, 6), st.integers(0, 1))
infusions = st.tuples(
    st.just("infuse"), st.sampled_from(["0", "5", "10", "25", "40"]), st.just(0), st.integers(0, 1)
)
others = st.one_of(
    st.tuples(st.just("take back"), st.just(""), st.integers(1, 12), st.integers(0, 1)),
    st.tuples(st.just("count"), st.sampled_from(HELD), st.integers(0, 8), st.integers(0, 1)),
    st.tuples(st.just("excursion"), st.just(""), st.just(0), st.integers(0, 1)),
    st.tuples(st.just("no batch"), st.just(""), st.just(0), st.just(0)),
)  # fmt: skip


@pytest.fixture
def trial(new_url):
    conduct = open_conduct(new_url(), with_stock(), seal_every=10_000)
    yield conduct, at_first_dose(conduct)
    conduct.store.close()


class Books:
    """The same books kept a second way: a plain count of units by batch and state."""

    def __init__(self, names):
        self.units = {name: Counter() for name in names}
        self.given = None  # batch and units of the one infusion

    def move(self, name, source, target, units):
        units_of = self.units[name]
        if source and units_of[source] < units:
            return False
        units_of[source or "received"] += units if not source else -units
        units_of[target or "received"] += units if target else -units
        return True

    def infuse(self, name, units):
        kept = {batch: Counter(count) for batch, count in self.units.items()}
        if self.given:
            self.move(self.given[0], "infused", "thawed", self.given[1])
        if name is None or not units:
            self.given = None
            return True
        if not self.move(name, "thawed", "infused", units):
            self.units = kept
            return False
        self.given = (name, units)
        return True


def act(conduct, key, books, step, names):
    """One step in both books; whether the ledger took it, and whether it should have."""
    what, text, units, which = step
    name = names[which]
    before = len(conduct.stock_state("01").movements)
    if what == "move":
        source, target = WAYS[text]
        command = move(text, units, name, reason="because", witness="Dr Ada")
        return tried(conduct, command), books.move(name, source, target, units)
    if what == "infuse":
        wanted = -(-int(text) // 10)
        entries = {"batch": (name,), "infusion_start": (f"{DOSED}T09:30",), "dose_given": (text, "mg")}
        return saved(conduct, key, entries), books.infuse(name, wanted)
    if what == "no batch":
        return saved(conduct, key, {"batch": Entry(), "dose_given": Entry()}), books.infuse(None, 0)
    if what == "count":
        there = books.units[name][text]
        took = tried(conduct, CountStock("01", name, units, DOSED, "counted twice", text))
        if units < there:
            return took, books.move(name, text, "missing", there - units)
        books.units[name]["missing"] -= units - there
        books.units[name][text] = units
        return took, True
    if what == "excursion":
        stored = books.units[name]["stored"]
        took = tried(conduct, RecordExcursion("01", name, DOSED, "-80", "-20", "power cut"))
        return took, not stored or books.move(name, "stored", "quarantined", stored)
    return take_back(conduct, books, before - units, names)


def take_back(conduct, books, index, names):
    """Take back a movement of this example, if there is one."""
    state = conduct.stock_state("01")
    if not 0 <= index < len(state.movements) or state.movements[index].batch not in names:
        return True, True
    line = state.movements[index]
    took = tried(conduct, ReverseMove("01", line.number, "by mistake"))
    if line.form or line.reverses or line.number in state.reversed:
        return took, False
    units = books.units[line.batch]
    if line.target in HELD and units[line.target] < line.units:
        return took, False
    units[line.target] -= line.units
    if line.source:
        units[line.source] += line.units
    else:
        units["received"] -= line.units
    return took, True


def tried(conduct, command):
    try:
        conduct.do(command, PHARMACIST)
    except CommandRefusedError:
        return False
    return True


def saved(conduct, key, entries):
    try:
        save(conduct, key, "dose_1", "infusion", entries, actor=PI, reason="a correction")
    except CommandRefusedError:
        return False
    return True


def test_the_books_balance_whatever_is_done(trial):
    conduct, key = trial

    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.lists(st.one_of(moves, moves, infusions, others), min_size=5, max_size=25))
    def check(steps):
        names = [f"B-{next(_NUMBER)}" for _ in range(2)]
        books = Books(names)
        saved(conduct, key, {"batch": Entry()})
        for name in names:
            conduct.do(batch(name), PHARMACIST)
            conduct.do(move("receipt", 5, name, on=date(2026, 1, 2)), PHARMACIST)
            conduct.do(move("thaw", 3, name), PHARMACIST)
            books.move(name, "", "stored", 5)
            books.move(name, "stored", "thawed", 3)
        for step in steps:
            took, should = act(conduct, key, books, step, names)
            assert took == should, step
            for name in names:
                balance = conduct.stock_state("01").batches[name].balance
                assert balance.holds
                assert {state: balance.in_state(state) for state in (*STATES, "received")} == {
                    state: books.units[name][state] for state in (*STATES, "received")
                }

    check()
    assert verify(conduct.store) == []
    folded = fold_stock(conduct.store.read("stock/01"))
    assert folded.batches == conduct.stock_state("01").batches
    assert folded.uses == conduct.stock_state("01").uses
    rows = stock_rows(list(conduct.store.read()))
    assert len(rows["stock"]) == len(folded.movements)
    for row in rows["batches"]:
        assert row["received"] == sum(row[state] for state in STATES)
