"""Kill -9 at random moments of writing: what was acknowledged is there, nothing is half there."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from datetime import UTC, datetime

import pytest

from trialrun.ledger.commands import Actor
from trialrun.ledger.events import NewEvent, chain_events
from trialrun.ledger.store import open_store
from trialrun.ledger.verify import verify

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ACTOR = Actor("a", "b", "01")
WRITERS = 3


def _save(stream, number):
    """One save as the conduct writes it: values, then what follows from them."""
    slot = {"visit": "screening", "form": "laboratory", "row": 0}
    items = {name: {"text": str(number), "unit": "mg/dL"} for name in ("bilirubin", "creatinine", "albumin")}
    was = {name: {} for name in items}
    derived = {"visit": "screening", "values": {"points": {"text": str(number)}}, "causes": []}
    return [
        NewEvent(stream, "ItemsCorrected", {**slot, "items": items, "was": was}, "again"),
        NewEvent(stream, "ValuesDerived", derived),
    ]


def _write(store, writer, pipe):
    """Save after save, two streams at once, each acknowledged through the pipe only when it is committed."""
    person, site = f"participant/S-{writer:03d}", f"site/{writer:02d}"
    heads = {stream: store.head(stream) for stream in (person, site)}
    at = {stream: (head.version, head.hash) for stream, head in heads.items()}
    while True:
        groups = []
        for stream in (person, site):
            version, previous = at[stream]
            made = chain_events(
                _save(stream, version),
                version=version,
                previous=previous,
                now=NOW,
                actor=ACTOR,
                study_hash="",
            )
            at[stream] = (made[-1].version, made[-1].hash)
            groups.append(made)
        store.commit(groups)
        os.write(pipe, f"{groups[0][-1].version} {groups[0][-1].hash} {writer}\n".encode())


def _child(url, pipe):
    try:
        store = open_store(url, seal_every=25)
        for writer in range(1, WRITERS):
            threading.Thread(target=_write, args=(store, writer, pipe), daemon=True).start()
        _write(store, WRITERS, pipe)
    finally:
        os._exit(1)


def _kill_once(url, dice):
    """Start a writer, kill it a moment after its first acknowledgement; all acknowledgements it gave."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _child(url, writing)
    os.close(writing)
    said = os.read(reading, 1 << 16)
    assert said, "the writer died by itself"
    time.sleep(dice.uniform(0, 0.03))
    os.kill(child, signal.SIGKILL)
    while more := os.read(reading, 1 << 16):
        said += more
    os.close(reading)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    return [line.split() for line in said.decode().splitlines()]


def _check(url, acknowledged):
    """Every acknowledged save is there, whole, in both its streams, and the log verifies."""
    store = open_store(url)
    try:
        assert verify(store) == []
        hashes = {event.hash for event in store.read()}
        lost = [line for line in acknowledged if line[1] not in hashes]
        assert lost == []
        for writer in range(1, WRITERS + 1):
            person, site = store.head(f"participant/S-{writer:03d}"), store.head(f"site/{writer:02d}")
            assert person.version == site.version
            assert person.version % 2 == 0
        return store.position()[0]
    finally:
        store.close()


def _kill_often(url, kills):
    dice = random.Random(20260105)
    open_store(url).close()  # its imports are then there in every child
    acknowledged: list[list[str]] = []
    for count in range(1, kills + 1):
        acknowledged += _kill_once(url, dice)
        if count % 50 == 0:
            _check(url, acknowledged)
    assert _check(url, acknowledged) >= 4 * len(acknowledged) > 4 * kills


@pytest.mark.slow
def test_sqlite_survives_two_hundred_kills(tmp_path):
    _kill_often(f"sqlite:///{tmp_path}/log.db", 200)


@pytest.mark.slow
@pytest.mark.postgres
def test_postgresql_clients_survive_kills(new_postgres):
    _kill_often(new_postgres(), 30)
