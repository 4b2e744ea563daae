"""What somebody with the database's password can do, and what `verify` says to it."""

from __future__ import annotations

import json

import pytest

from ledger_kit import dosed, open_conduct, screened
from trialrun.ledger.events import canonical, digest, next_link
from trialrun.ledger.verify import verify, verify_export


class Intruder:
    """Raw access to a ledger's tables, triggers off."""

    def __init__(self, store):
        self.store = store
        self.connection = store.backend.engine.raw_connection()
        self.cursor = self.connection.cursor()
        if store.backend.name == "sqlite":
            self.run("DROP TRIGGER events_refuse_update")
            self.run("DROP TRIGGER events_refuse_delete")
        else:
            self.run("ALTER TABLE events DISABLE TRIGGER ALL")

    def run(self, statement, values=()):
        self.cursor.execute(self.store.backend.sql(statement), values)
        self.connection.commit()
        return self

    def close(self):
        self.connection.close()

    def rehash(self, stream):
        """Make a stream's chain and the running hash fit again after a change (seals left alone)."""
        previous, link = "0" * 64, "0" * 64
        for row in list(self.store.rows()):
            body, event_hash = row["body"], row["hash"]
            if row["stream"] == stream:
                body = canonical({**json.loads(body), "previous": previous})
                event_hash = previous = digest(body)
            link = next_link(link, row["position"], event_hash)
            self.run(
                "UPDATE events SET body = ?, hash = ?, link = ? WHERE position = ?",
                (body, event_hash, link, row["position"]),
            )
        self.run("UPDATE head SET link = ?", (link,))


@pytest.fixture
def store(new_url):
    conduct = open_conduct(new_url(), seal_every=1_000)
    dosed(conduct)
    conduct.store.seal()
    screened(conduct)
    assert verify(conduct.store) == []
    yield conduct.store
    conduct.store.close()


@pytest.fixture
def intruder(store):
    made = Intruder(store)
    yield made
    made.close()


def codes(store, **more):
    return {finding.code for finding in verify(store, **more)}


def rows_of(store, kind):
    return [row for row in store.rows() if row["type"] == kind]


def test_a_changed_value_is_named(store, intruder):
    row = next(row for row in rows_of(store, "ItemsEntered") if '"bilirubin"' in row["body"])
    intruder.run(
        "UPDATE events SET body = ? WHERE position = ?",
        (row["body"].replace('"50"', '"20"'), row["position"]),
    )
    findings = verify(store)
    changed = next(finding for finding in findings if finding.code == "changed-entry")
    assert f"position {row['position']} (ItemsEntered in stream participant/S-001" in changed.message
    assert "changed-projection" in {finding.code for finding in findings}


def test_a_removed_entry_is_named(store, intruder):
    row = rows_of(store, "VisitRecorded")[0]
    intruder.run("DELETE FROM events WHERE position = ?", (row["position"],))
    findings = verify(store)
    assert f"position {row['position']} is missing from the log" in {finding.message for finding in findings}
    assert any(
        f"version {row['version']} of stream {row['stream']} is missing" in finding.message
        for finding in findings
    )


def test_the_end_cut_off_is_noticed(store, intruder):
    last = store.position()[0]
    intruder.run("DELETE FROM events WHERE position > ?", (last - 2,))
    assert f"position {last - 1} to {last} is missing" in " ".join(
        finding.message for finding in verify(store)
    )


def test_an_inserted_entry_is_named(store, intruder):
    last = list(store.rows())[-1]
    fields = {
        **json.loads(last["body"]),
        "version": last["version"] + 1,
        "previous": last["hash"],
        "by": "nobody",
    }
    body = canonical(fields)
    position = last["position"] + 1
    values = (position, last["stream"], last["version"] + 1, last["type"], last["at"], "nobody", digest(body),
              next_link(last["link"], position, digest(body)), body)  # fmt: skip
    intruder.run("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    assert "wrong-head" in codes(store)


def test_reordered_entries_are_named(store, intruder):
    one, two = rows_of(store, "VisitRecorded")[0], rows_of(store, "ParticipantNumberIssued")[0]
    for row, position in ((one, -1), (two, one["position"]), (one, two["position"])):
        where = -1 if position == two["position"] else row["position"]
        intruder.run("UPDATE events SET position = ? WHERE position = ?", (position, where))
    findings = verify(store)
    assert {"broken-order", "broken-seal"} & {finding.code for finding in findings}
    assert f"position {one['position']}" in {finding.place for finding in findings}


def test_a_column_beside_the_entry_is_compared(store, intruder):
    row = rows_of(store, "ParticipantEnrolled")[0]
    intruder.run("UPDATE events SET actor = 'nobody' WHERE position = ?", (row["position"],))
    (finding,) = verify(store)
    assert finding.code == "changed-column"
    assert "'nobody'" in finding.message


def test_a_stream_rewritten_with_fitting_hashes_is_caught_by_the_seal(store, intruder):
    row = next(row for row in rows_of(store, "ItemsEntered") if '"bilirubin"' in row["body"])
    intruder.run(
        "UPDATE events SET body = ? WHERE position = ?",
        (row["body"].replace('"50"', '"20"'), row["position"]),
    )
    intruder.rehash("participant/S-001")
    findings = verify(store)
    assert {finding.code for finding in findings} == {"broken-seal", "changed-projection"}
    assert any("stream participant/S-001 is not as it was when it was sealed" in f.message for f in findings)


def test_what_only_an_anchor_kept_elsewhere_can_show(store, intruder):
    """The honest limit: the end behind the last seal, cut off by somebody who rewrites head and projection too."""
    position, link = store.position()
    seal = rows_of(store, "LogSealed")[-1]
    intruder.run("DELETE FROM events WHERE position > ?", (seal["position"],))
    intruder.run("UPDATE head SET position = ?, link = ?", (seal["position"], seal["link"]))
    intruder.run("DELETE FROM current_values WHERE participant = 'S-002'")
    assert codes(store) == set()
    assert codes(store, anchor=f"{position}:{link}") == {"anchor"}
    assert codes(store, anchor=f"{seal['position']}:{seal['link']}") == set()


def test_projections_are_compared_with_the_log(store, intruder):
    intruder.run("UPDATE current_values SET text = '20' WHERE item = 'bilirubin' AND participant = 'S-001'")
    (finding,) = verify(store)
    assert finding.code == "changed-projection"
    assert finding.place == "S-001, visit screening, form laboratory, row 0, item bilirubin"
    assert "says 20 umol/L" in finding.message
    assert "the log says 50 umol/L" in finding.message
    intruder.run("DELETE FROM current_values WHERE item = 'inr'")
    assert len(verify(store)) == 3


def test_an_unreadable_entry_is_a_finding_and_not_a_crash(store, intruder):
    intruder.run("UPDATE events SET body = 'not json' WHERE position = 3")
    assert {"unreadable-entry", "changed-entry"} <= codes(store)


@pytest.mark.parametrize("damage", ["changed", "removed", "swapped", "cut", "half"])
def test_a_damaged_export_is_named(store, tmp_path, damage):
    path = tmp_path / "log.jsonl"
    store.export(path)
    lines = path.read_text().splitlines(keepends=True)
    if damage == "changed":
        lines[4] = lines[4].replace('"cem"', '"eve"').replace('"ada"', '"eve"')
    elif damage == "removed":
        del lines[4]
    elif damage == "swapped":
        lines[4], lines[5] = lines[5], lines[4]
    elif damage == "cut":
        del lines[-1]
    else:
        lines[-1] = lines[-1][: len(lines[-1]) // 2]
    path.write_text("".join(lines))
    findings = verify_export(path)
    assert findings
    assert all(str(finding) for finding in findings)


def test_the_docs_script_agrees(store, tmp_path, root):
    import subprocess
    import sys

    script = root / "docs" / "how-to" / "verify_export.py"
    assert len(script.read_text().splitlines()) <= 100
    path = tmp_path / "log.jsonl"
    store.export(path)

    def verdict():
        done = subprocess.run(
            [sys.executable, "-I", "-S", script, path], capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    code, said = verdict()
    assert code == 0, said
    assert f"{store.position()[0]}:{store.position()[1]}" in said
    lines = path.read_text().splitlines(keepends=True)
    for number in range(1, len(lines), 5):
        for changed in (
            [
                *lines[:number],
                lines[number].replace('"01"', '"02"', 1).replace("0", "1", 1),
                *lines[number + 1 :],
            ],
            [*lines[:number], *lines[number + 1 :]],
        ):
            path.write_text("".join(changed))
            assert verdict()[0] == 1


def test_replaced_seal_content_breaks_its_signature():
    from datetime import UTC, datetime

    from trialrun.ledger.events import NO_HASH
    from trialrun.ledger.seals import Signer, seal_event, signature_holds

    seal = seal_event(
        3, "l" * 64, {"study": [3, "h"]}, 0, NO_HASH, datetime(2026, 1, 1, tzinfo=UTC), Signer(b"k" * 32)
    )
    assert signature_holds(seal.data) is True
    assert signature_holds({**seal.data, "through": 2}) is False
    assert signature_holds({"through": 3}) is None
