"""Searching the log, and looking at it as it was, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger_kit import COORDINATOR, PI, consented, open_conduct, save, screened
from trialrun.ledger.commands import Actor, MissVisit, RegisterCandidate
from trialrun.ledger.events import NewEvent, utc_text
from trialrun.ledger.store import StaleStreamError, open_store
from trialrun.ledger.store.searching import Search, search

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def conduct(new_url):
    made = open_conduct(new_url())
    yield made
    made.store.close()


def positions(conduct, wanted, **more):
    return [event.position for event in search(conduct.store, wanted, **more)]


def test_all_entries_in_both_directions(conduct):
    screened(conduct)
    last = conduct.store.position()[0]
    assert positions(conduct, Search()) == list(range(last, 0, -1))
    assert positions(conduct, Search(), upwards=True) == list(range(1, last + 1))
    assert positions(conduct, Search(), before=5) == [4, 3, 2, 1]
    assert positions(conduct, Search(), before=5, after=2, upwards=True) == [3, 4]
    assert positions(conduct, Search(), after=last - 1) == [last]


def test_each_part_chooses(conduct):
    key = screened(conduct)
    save(
        conduct,
        key,
        "screening",
        "laboratory",
        {"inr": ("1.7",), "bilirubin": ("50", "umol/L")},
        reason='50 % "wrong" _here_, sagt Jörg!',
    )
    events = list(conduct.store.read())
    for wanted, fits in (
        (Search(stream=f"participant/{key}"), lambda e: e.stream == f"participant/{key}"),
        (Search(actor="cem"), lambda e: e.by == "cem"),
        (
            Search(types=("ItemsEntered", "ItemsCorrected")),
            lambda e: e.type in ("ItemsEntered", "ItemsCorrected"),
        ),
        (Search(since=events[5].at, until=events[8].at), lambda e: events[5].at <= e.at <= events[8].at),
        (Search(text='50 % "WRONG" _HERE_'), lambda e: "wrong" in e.reason),
        (Search(text="sagt JÖRG!"), lambda e: "wrong" in e.reason),
        (Search(text="50 x"), lambda _e: False),
        (
            Search(item="inr", types=("ItemsEntered",)),
            lambda e: "inr" in e.data.get("items", {}) and e.type == "ItemsEntered",
        ),
    ):
        assert sorted(positions(conduct, wanted)) == [e.position for e in events if fits(e)], wanted


def test_a_search_goes_over_its_pages(new_url):
    store = open_store(new_url(), seal_every=10_000)
    new = [NewEvent("study", "VisitMissed", {"visit": f"visit {n}"}, "ill") for n in range(1_203)]
    store.append("study", 0, new, now=NOW, actor=Actor("a", "b"), study_hash="s")
    assert [event.position for event in search(store, Search())] == list(range(1_203, 0, -1))
    store.close()


def test_the_position_at_a_moment(conduct):
    consented(conduct)
    events = list(conduct.store.read())
    for event in events:
        assert conduct.store.position_at(event.when) >= event.position
        assert conduct.store.position_at(event.when - timedelta(microseconds=1)) < event.position
    assert conduct.store.position_at(NOW - timedelta(days=999)) == 0
    assert utc_text(events[0].when) == events[0].at


def test_a_decision_rests_on_streams_that_must_not_move(conduct):
    key = consented(conduct)
    seen = conduct.store.head("study").version
    conduct.do(RegisterCandidate("01"), COORDINATOR)
    head = conduct.store.head(f"participant/{key}")
    from trialrun.ledger.events import chain_events

    chained = chain_events(
        (NewEvent(f"participant/{key}", "VisitMissed", {"visit": "month_2"}, "ill"),),
        version=head.version,
        previous=head.hash,
        now=NOW,
        actor=PI,
        study_hash="s",
    )
    with pytest.raises(StaleStreamError):
        conduct.store.commit((chained,), unmoved={"study": seen})
    assert conduct.store.head(f"participant/{key}") == head
    conduct.store.commit((chained,), unmoved={"study": seen + 1})
    assert conduct.do(MissVisit(key, "dose_1", "ill"), PI).events
