"""One contract, SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from ledger_kit import (
    ADMIN,
    COORDINATOR,
    Clock,
    consented,
    counting_bytes,
    dosed,
    make_study,
    open_conduct,
    save,
    screened,
)
from trialrun.errors import LedgerError
from trialrun.ledger.commands import Actor, EraseIdentity, RegisterCandidate
from trialrun.ledger.conduct import Conduct, FormConflictError
from trialrun.ledger.events import NO_HASH, NewEvent, chain_events
from trialrun.ledger.export import restore
from trialrun.ledger.fold import fold_study
from trialrun.ledger.seals import Signer, read_signer
from trialrun.ledger.store import Head, StaleStreamError, open_store
from trialrun.ledger.verify import verify, verify_export

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ACTOR = Actor("a", "b", "01")


def missed(stream, number=0):
    return NewEvent(stream, "VisitMissed", {"visit": f"visit {number}"}, "ill")


def append(store, stream, version, count=1):
    return store.append(
        stream, version, [missed(stream, n) for n in range(count)], now=NOW, actor=ACTOR, study_hash="s"
    )


@pytest.fixture
def store(new_url):
    made = open_store(new_url(), seal_every=1_000)
    yield made
    made.close()


def test_an_empty_log(store):
    assert store.position() == (0, NO_HASH)
    assert list(store.read()) == []
    assert store.heads() == {}
    assert store.head("study") == Head(0, NO_HASH)
    assert store.seal() is None
    assert verify(store) == []


def test_what_is_appended_is_read_back(store):
    written = append(store, "participant/S-001", 0, 3)
    written += append(store, "participant/S-002", 0, 2)
    assert [event.position for event in written] == [1, 2, 3, 4, 5]
    assert list(store.read()) == list(written)
    assert list(store.read("participant/S-002")) == list(written[3:])
    assert list(store.read("participant/S-001", after=1)) == list(written[1:3])
    assert list(store.read(after=2, upto=4)) == list(written[2:4])
    assert store.heads() == {
        "participant/S-001": Head(3, written[2].hash),
        "participant/S-002": Head(2, written[4].hash),
    }
    assert store.position() == (5, written[-1].link)
    assert store.streams("participant/S-002") == ("participant/S-002",)


def test_whoever_comes_second_is_told(store):
    append(store, "participant/S-001", 0)
    with pytest.raises(StaleStreamError) as caught:
        append(store, "participant/S-001", 0)
    assert (caught.value.stream, caught.value.expected, caught.value.version) == ("participant/S-001", 0, 1)
    assert store.position()[0] == 1


def test_several_streams_are_written_together_or_not_at_all(store):
    append(store, "study", 0)
    fresh = chain_events(
        [missed("participant/S-001")], version=0, previous=NO_HASH, now=NOW, actor=ACTOR, study_hash=""
    )
    stale = chain_events([missed("study")], version=0, previous=NO_HASH, now=NOW, actor=ACTOR, study_hash="")
    with pytest.raises(StaleStreamError):
        store.commit((fresh, stale))
    assert store.position()[0] == 1
    assert store.head("participant/S-001") == Head()


def test_a_chain_that_does_not_fit_is_refused(store):
    append(store, "study", 0)
    forged = chain_events(
        [missed("study")], version=1, previous="0" * 64, now=NOW, actor=ACTOR, study_hash=""
    )
    with pytest.raises(StaleStreamError):
        store.commit((forged,))


def test_many_writers_lose_nothing(store):
    def write(name):
        for version in range(20):
            append(store, name, version)

    threads = [threading.Thread(target=write, args=(f"participant/S-{n:03d}",)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.position()[0] == 240
    assert {head.version for head in store.heads().values()} == {20}
    assert verify(store) == []


def test_many_writers_of_one_stream_take_turns(store):
    def write():
        done = 0
        while done < 10:
            try:
                append(store, "study", store.head("study").version)
                done += 1
            except StaleStreamError:
                continue

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.head("study").version == 60
    assert verify(store) == []


def test_two_stores_on_one_database(new_url):
    url = new_url()
    one, two = open_store(url, seal_every=5), open_store(url, seal_every=5)
    for version in range(0, 12, 2):
        append(one, "study", version)
        append(two, "study", version + 1)
    with pytest.raises(StaleStreamError):
        append(one, "study", 11)
    seals = list(one.read("seal"))
    assert len(seals) == 2
    assert verify(two) == []
    one.close()
    two.close()


def test_seals_come_by_themselves_and_when_asked(new_url):
    store = open_store(new_url(), seal_every=10)
    for version in range(10):
        append(store, "study", version)
    (seal,) = store.read("seal")
    assert (seal.position, seal.data["through"]) == (11, 10)
    assert seal.data["heads"] == {"study": [10, store.head("study").hash]}
    assert store.seal() is None  # nothing new
    append(store, "access", 0)
    assert store.seal(now=NOW).data["heads"] == {"access": [1, store.head("access").hash]}
    assert verify(store) == []
    store.close()


def test_signed_seals(new_url, tmp_path):
    (tmp_path / "key").write_text("07" * 32)
    signer = read_signer(tmp_path / "key")
    store = open_store(new_url(), signer=signer)
    append(store, "study", 0)
    store.seal()
    assert verify(store, public_key=signer.public) == []
    assert [f.code for f in verify(store, public_key=Signer(b"x" * 32).public)] == ["wrong-signature"]
    (tmp_path / "key").write_text("07")
    with pytest.raises(LedgerError):
        read_signer(tmp_path / "key")
    store.close()


@pytest.mark.parametrize("statement", ["UPDATE events SET actor = 'x'", "DELETE FROM events"])
def test_the_database_itself_refuses_to_change_the_log(store, statement):
    append(store, "study", 0)
    connection = store.backend.engine.raw_connection()
    with pytest.raises(store.backend.errors, match="append-only"):
        connection.cursor().execute(statement)
    connection.rollback()
    connection.close()
    assert verify(store) == []


def test_an_export_brought_back_has_the_same_heads(new_url, tmp_path):
    conduct = open_conduct(new_url(), seal_every=9)
    dosed(conduct)
    store = conduct.store
    store.seal()
    checksum = store.export(tmp_path / "log.jsonl")
    assert verify_export(tmp_path / "log.jsonl") == []
    other = open_store(new_url())
    assert restore(tmp_path / "log.jsonl", other) == store.position()[0]
    assert (other.position(), other.heads(), other.values()) == (
        store.position(),
        store.heads(),
        store.values(),
    )
    # Keys are no part of an export: until they are brought back nobody can read who it is.
    assert {finding.code for finding in verify(other)} == {"missing-key"}
    for participant, key in store.identity_keys().items():
        other.add_identity_key(participant, key)
    assert verify(other) == []
    assert other.export(tmp_path / "again.jsonl") == checksum
    with pytest.raises(LedgerError, match="restore into a new database"):
        restore(tmp_path / "log.jsonl", store)
    append(other, "participant/S-009", 0)
    assert verify(other) == []
    store.close()
    other.close()


def test_a_damaged_export_is_not_taken_over(new_url, tmp_path):
    conduct = open_conduct(new_url())
    screened(conduct)
    conduct.store.export(tmp_path / "log.jsonl")
    text = (tmp_path / "log.jsonl").read_text()
    (tmp_path / "log.jsonl").write_text(text.replace('"umol/L"', '"mg/dL"'))
    other = open_store(new_url())
    with pytest.raises(LedgerError, match="damaged"):
        restore(tmp_path / "log.jsonl", other)
    assert other.position()[0] == 0
    conduct.store.close()
    other.close()


def test_the_whole_conduct_on_each_database(new_url):
    conduct = open_conduct(new_url(), seal_every=8)
    key = dosed(conduct)
    save(conduct, key, "screening", "laboratory", {"inr": ("2",)}, reason="misread")
    conduct.do(EraseIdentity(key, "asked for"), ADMIN)
    assert verify(conduct.store) == []
    assert conduct.participant(key).number == "01-001-3"
    conduct.store.close()


def test_two_coordinators_on_one_form_at_the_same_moment(new_url):
    """Whatever the timing, one is written and the other is shown what changed."""
    url = new_url()
    conduct = open_conduct(url)
    key = consented(conduct)
    other = Conduct(open_store(url), make_study(), Clock())
    outcomes = []

    def write(door, value):
        try:
            save(door, key, "screening", "laboratory", {"inr": (value,)}, version=version)
            outcomes.append(value)
        except FormConflictError as conflict:
            outcomes.append(conflict.fields[0].theirs)

    for first, second in (("1.1", "1.2"),) * 5:
        key = consented(conduct)
        version = conduct.version(key)
        outcomes.clear()
        threads = [threading.Thread(target=write, args=pair) for pair in ((conduct, first), (other, second))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        now = conduct.participant(key).values["screening", "laboratory", 0, "inr"].text
        assert sorted(outcomes, key=len) == [now, f"{now} {{INR}}"]
    conduct.store.close()
    other.store.close()


def test_candidate_numbers_are_never_given_twice(new_url):
    url = new_url()
    open_conduct(url).store.close()
    doors = [Conduct(open_store(url), make_study(), Clock()) for _ in range(3)]
    keys: list[str] = []

    def register(door):
        keys.extend(door.do(RegisterCandidate("01"), COORDINATOR).participant for _ in range(6))

    threads = [threading.Thread(target=register, args=(door,)) for door in doors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(keys) == [f"S-{n:03d}" for n in range(1, 19)]
    assert doors[0].participants() == tuple(sorted(keys))
    for door in doors:
        door.store.close()


def test_what_is_no_database_is_an_error_and_no_traceback(tmp_path):
    (tmp_path / "letter.db").write_text("Dear reader, " * 500)
    with pytest.raises(LedgerError, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}/letter.db")
    with pytest.raises(LedgerError, match="cannot be opened"):
        open_store("postgresql://nobody@127.0.0.1:9/nothing")


def test_other_urls_are_refused(tmp_path):
    for url in ("mysql://x", "sqlite:///:memory:", "log.db", f"sqlite:///{tmp_path}/no/such/folder/log.db"):
        with pytest.raises(LedgerError):
            open_store(url)


def test_states_kept_from_save_to_save_are_those_of_the_log(new_url):
    """What the conduct remembers equals a fold of the whole log, whichever process wrote last."""
    url = new_url()
    one = open_conduct(url)
    two = Conduct(open_store(url), make_study(), Clock(), random_bytes=counting_bytes())

    def agree():
        for door in (one, two):
            fresh = Conduct(door.store, make_study(), Clock())
            assert door.study_state() == fresh.study_state() == fold_study(door.store.read("study"))
            assert door.access_state() == fresh.access_state()
            for key in fresh.participants():
                assert door.participant(key) == fresh.participant(key)

    first, second = screened(one), consented(two)
    agree()
    save(two, first, "screening", "laboratory", {"inr": ("2",)}, reason="misread")
    agree()
    save(one, first, "screening", "laboratory", {"bilirubin": ("70", "umol/L")}, reason="misread")
    save(two, second, "screening", "demographics", {"name": ("Mina",), "sex": ("F",)})
    agree()
    one.do(EraseIdentity(first, "asked for"), ADMIN)
    agree()
    assert one.participant(first).values["screening", "laboratory", 0, "inr"].text == "2"
    assert two.participant(first).erased
    one.store.close()
    two.store.close()
