"""Entries nobody can read any more, and keys that open nothing: `verify` names them and goes on."""

from __future__ import annotations

import json

import pytest

from ledger_kit import dosed, open_conduct
from trialrun.ledger.events import canonical, digest
from trialrun.ledger.verify import verify, verify_export

NOT_ENTRIES = ["{", "[1]", "5", "null", "", canonical({"type": "LogSealed"})]


@pytest.fixture
def store(new_url):
    conduct = open_conduct(new_url(), seal_every=5)
    dosed(conduct)
    assert verify(conduct.store) == []
    yield conduct.store
    conduct.store.close()


def run(store, statement, values=()):
    connection = store.backend.engine.raw_connection()
    cursor = connection.cursor()
    if store.backend.name == "sqlite":
        cursor.execute("DROP TRIGGER IF EXISTS events_refuse_update")
    else:
        cursor.execute("ALTER TABLE events DISABLE TRIGGER ALL")
    cursor.execute(store.backend.sql(statement), values)
    connection.commit()
    connection.close()


def named(store, code, place):
    return any(finding.code == code and finding.place == place for finding in verify(store))


@pytest.mark.parametrize("text", NOT_ENTRIES)
@pytest.mark.parametrize("position", [1, 4])
def test_an_entry_that_cannot_be_read_is_named(store, text, position):
    run(store, "UPDATE events SET body = ?, hash = ? WHERE position = ?", (text, digest(text), position))
    assert named(store, "unreadable-entry", f"position {position}")


def test_an_entry_of_bytes_is_named(store):
    if store.backend.name != "sqlite":
        pytest.skip("the column holds text only")
    run(store, "UPDATE events SET body = x'00ff' WHERE position = 4")
    assert named(store, "unreadable-entry", "position 4")


@pytest.mark.parametrize("data", [None, [], {}, {"items": 5}])
def test_an_entry_with_other_data_is_named(store, data):
    row = next(row for row in store.rows() if row["type"] == "ItemsEntered")
    text = canonical({**json.loads(row["body"]), "data": data})
    run(
        store,
        "UPDATE events SET body = ?, hash = ? WHERE position = ?",
        (text, digest(text), row["position"]),
    )
    place = f"position {row['position']}"
    assert any(finding.place == place for finding in verify(store))


@pytest.mark.parametrize("data", [{}, {"through": 1, "link": "", "heads": {"study": 5}}])
def test_a_seal_that_cannot_be_read_is_named(store, data):
    row = next(row for row in store.rows() if row["type"] == "LogSealed")
    text = canonical({**json.loads(row["body"]), "data": data})
    run(
        store,
        "UPDATE events SET body = ?, hash = ? WHERE position = ?",
        (text, digest(text), row["position"]),
    )
    assert named(store, "broken-seal", f"position {row['position']}")


def test_a_key_that_is_gone_is_named(store):
    run(store, "DELETE FROM identity_keys WHERE participant = ?", ("S-001",))
    assert [(f.code, f.place) for f in verify(store)] == [("missing-key", "S-001")]


def test_a_key_that_opens_nothing_is_named(store):
    run(store, "UPDATE identity_keys SET key = ? WHERE participant = ?", (b"x" * 32, "S-001"))
    assert [(f.code, f.place) for f in verify(store)] == [("wrong-key", "S-001")]


def test_an_anchor_kept_elsewhere_holds_for_an_export_too(store, tmp_path):
    position, link = store.position()
    store.export(tmp_path / "log.jsonl")
    assert verify_export(tmp_path / "log.jsonl", anchor=f"{position}:{link}") == []
    found = verify_export(tmp_path / "log.jsonl", anchor=f"{position}:{'0' * 64}")
    assert [finding.code for finding in found] == ["anchor"]
