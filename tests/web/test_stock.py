"""The product's pages: batches, movements, counts, excursions, the log; what is refused stays on the page."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from masked_trial import stocked
from trialrun.app.accountability import site_stock

BATCH = {
    "batch": "EXO-1", "product": "Exosomes", "amount_per_unit": "10", "unit": "mg", "potency": "2e10 per mL",
    "release_reference": "CERT-1", "released_on": "2026-05-01", "storage": "-80 °C", "expires_on": "2026-12-31",
    "reason": "",
}  # fmt: skip


@pytest.fixture
def pharmacy(office):
    return office.client("pharmacist")


def balance(office, name="EXO-1"):
    return office.workspace.conduct.stock_state("01").batches[name].balance


def test_an_empty_site_says_what_to_do(pharmacy):
    shown = pharmacy.get("/stock").text
    assert "No batch is registered at this site." in shown
    assert "/stock/01/do/register" in shown


def test_a_batch_from_receipt_to_destruction(office, pharmacy):
    assert pharmacy.post("/stock/01/do/register", BATCH).status_code == 303
    moves = [
        ("move", {"kind": "receipt", "units": "12", "on": "2026-05-08", "temperature": "-79.5"}),
        ("move", {"kind": "thaw", "units": "2", "on": "2026-05-08"}),
        ("move", {"kind": "quarantine", "units": "3", "on": "2026-05-08", "reason": "door open"}),
        ("move", {"kind": "release", "units": "3", "on": "2026-05-08", "reason": "stayed cold"}),
        ("move", {"kind": "return", "units": "1", "on": "2026-05-08", "reason": "asked back"}),
        ("move", {"kind": "destroy", "units": "1", "on": "2026-05-08", "reason": "leak", "witness": "Dr B",
                  "source": "thawed"}),
        ("count", {"held": "stored", "counted": "8", "on": "2026-05-08", "reason": "one broken"}),
        ("excursion", {"on": "2026-05-08", "lowest": "-80", "highest": "-30", "description": "power cut"}),
    ]  # fmt: skip
    for name, data in moves:
        done = pharmacy.post(f"/stock/01/do/{name}?batch=EXO-1", data)
        assert done.status_code == 303, done.text[-3000:]
        assert done.headers["location"] == "/stock/01/batch?name=EXO-1"
    found = balance(office)
    assert (found.received, found.stored, found.quarantined, found.thawed) == (12, 0, 8, 1)
    assert (found.returned, found.destroyed, found.missing) == (1, 1, 1)
    shown = pharmacy.get("/stock/01/batch?name=EXO-1").text
    assert "M-0008" in shown
    assert "Balances" in shown
    assert "power cut" in shown
    assert "8 units in quarantine wait for a decision" in shown
    assert (
        pharmacy.post("/stock/01/do/reverse?batch=EXO-1", {"movement": "M-0002", "reason": "x"}).status_code
        == 422
    )
    taken = pharmacy.post("/stock/01/do/reverse?batch=EXO-1", {"movement": "M-0005", "reason": "still here"})
    assert taken.status_code == 303
    assert balance(office).returned == 0


def test_a_refusal_keeps_everything_typed(office, pharmacy):
    pharmacy.post("/stock/01/do/register", BATCH)
    typed = {"kind": "thaw", "units": "5", "on": "2026-05-08", "reason": "for tomorrow's visit"}
    answer = pharmacy.post("/stock/01/do/move?batch=EXO-1", typed)
    assert answer.status_code == 422
    assert "5 wanted, 0 stored" in answer.text
    assert "for tomorrow&#39;s visit" in answer.text
    assert "record the receipt first" in answer.text
    for wrong in ({"units": "some"}, {"on": "8 May"}):
        assert pharmacy.post("/stock/01/do/move?batch=EXO-1", {**typed, **wrong}).status_code == 422


def test_a_correction_needs_a_reason(office, pharmacy):
    pharmacy.post("/stock/01/do/register", BATCH)
    changed = {**BATCH, "potency": "3e10 per mL"}
    assert "2e10 per mL" in pharmacy.get("/stock/01/do/register?batch=EXO-1").text
    assert pharmacy.post("/stock/01/do/register?batch=EXO-1", changed).status_code == 422
    assert (
        pharmacy.post("/stock/01/do/register?batch=EXO-1", {**changed, "reason": "typing error"}).status_code
        == 303
    )


@pytest.mark.parametrize(
    ("user", "path", "status"),
    [
        ("coordinator", "/stock", 403),
        ("monitor", "/stock", 200),
        ("monitor", "/stock/01/do/register", 403),
        ("pi2", "/stock/01", 404),
        ("pharmacist", "/stock/01/batch?name=none", 404),
        ("pharmacist", "/stock/01/do/nothing", 404),
        ("pharmacist", "/stock/01/do/move?batch=none", 404),
        ("", "/stock", 303),
    ],
)
def test_who_may_look(office, user, path, status):
    got = office.client(user).get(path).status_code
    assert got == status or (status == 303 and got in (302, 303, 401))


def test_the_log_as_a_file_balances_line_by_line(office):
    stocked(office)
    office.dosed()
    pharmacy = office.client("pharmacist")
    rows = list(csv.DictReader(io.StringIO(pharmacy.get("/stock/01/log.csv").text)))
    assert [row["kind"] for row in rows] == ["receipt", "thaw", "infuse"]
    running = {"stored": 0, "quarantined": 0, "thawed": 0}
    for row in rows:
        for state in running:
            running[state] += int(row["units"]) * ((row["to"] == state) - (row["from"] == state))
            assert int(row[f"{state}_after"]) == running[state]
        assert row["balances"] == "yes"
    assert rows[2]["participant"] == "S-001"
    printed = pharmacy.get("/stock/01/log").text
    assert "Received 8 = stored 5" in printed


def test_what_one_participant_received(office):
    stocked(office)
    key = office.dosed()
    pharmacy = office.client("pharmacist")
    shown = pharmacy.get(f"/participants/{key}/product").text
    assert "Booked as M-0003" in shown
    assert "10 mg" in shown


def test_a_dose_given_before_any_batch_is_said_so(office):
    key = office.dosed()
    pharmacy = office.client("pharmacist")
    assert "Before any batch was registered" in pharmacy.get(f"/participants/{key}/product").text
    stocked(office)
    kinds = {one.kind for one in site_stock(office.workspace, "01").warnings}
    assert "unbooked" in kinds


def test_warnings(office):
    stocked(office, "B-1", expires_on=date(2026, 6, 20), thawed=1, stored=2)
    stocked(office, "B-2", released_on=None, release_reference="", thawed=0)
    office.enrolled()
    office.clock.to(date(2026, 5, 19))
    found = {(one.kind, one.batch) for one in site_stock(office.workspace, "01").warnings}
    assert {("expiring", "B-1"), ("thawed", "B-1"), ("unreleased", "B-2"), ("low", "")} <= found
    office.clock.to(date(2026, 7, 1))
    found = {(one.kind, one.batch) for one in site_stock(office.workspace, "01").warnings}
    assert {("expired", "B-1"), ("uncounted", "B-1")} <= found
