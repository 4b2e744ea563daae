"""After database lock no address of the application changes anything about participants or product."""

from __future__ import annotations

import re
from datetime import date

import pytest

from trialrun.app.rights import allowed
from trialrun.ledger import commands
from trialrun.ledger.decide import database_lock
from trialrun.web import application
from web_kit import PEOPLE, Office

# The log may still grow by what is no datum: accounts, files taken away, reviews, steps, approvals, erasure.
LEFT_OUT = re.compile(r"^/(sign|account|session|role|unsent|lock/unlock|users|trial|privacy)|\.pdf$|/tablet")
STREAMS = ("participant/", "stock/")
FIELDS = {
    "reason": "because", "reason.words": "because", "date": "2026-05-20", "on": "2026-05-20", "missed_reason": "x",
    "visit": "screening", "form": "laboratory", "message": "why?", "participant": "", "place": "screening|laboratory|0",
    "item": "inr", "answer": "yes", "do": "answer", "what": "freeze", "meaning": "x", "assessment": "x", "alert": "x",
    "importance": "minor", "impact": "x", "action": "x", "kind": "receipt", "units": "1", "description": "x", "v.inr": "1.7",
    "u.inr": "{INR}", "seen": "999999", "batch": "B-1", "product": "p", "amount_per_unit": "10", "unit": "mg", "storage": "cold",
    "expires_on": "2027-01-01", "counted": "3", "held": "stored", "lowest": "1", "highest": "2", "stops": "treatment",
    "signed_on": "2026-05-10", "explained_by": "Dr A", "capacity": "true", "kept_at": "x", "cause": "other", "outcome": "eligible",
    "text": "en-1", "site": "01", "laboratory": "Central laboratory", "ranges": "item,unit,low,high\ninr,{INR},0.8,1.2\n",
}  # fmt: skip


@pytest.fixture
def locked(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    office.key = office.dosed()  # type: ignore[attr-defined]
    office.do(commands.RaiseQuery(office.key, "screening", "laboratory", "why", 0, "inr"), "monitor")  # type: ignore[attr-defined]
    monkeypatch.setattr(
        database_lock, "lock_obstacles", lambda people: ()
    )  # what a lock needs is tried elsewhere
    who = "data_manager" if "LockDatabase" in office.study.roles["data_manager"].may else "pi"
    office.do(commands.LockDatabase("done"), who)
    return office


def test_no_address_changes_data_after_the_lock(locked: Office):
    key = locked.key  # type: ignore[attr-defined]
    filled = {
        "key": key, "site": "01", "visit": "screening", "form": "laboratory", "row": "1", "number": "Q-001", "deviation": "D-001",
        "item": "inr", "user": "coordinator", "name": "register", "token": "x",
    }  # fmt: skip
    clients = {user: locked.client(user) for user in ("pi", "coordinator", "pharmacist", "monitor")}
    store = locked.workspace.store
    start, _link = store.position()
    tried = 0
    for route in application.all_routes():
        if route.method != "POST" or LEFT_OUT.search(route.paths[0]):
            continue
        may = [user for user in clients if allowed(locked.study, PEOPLE[user][0], route.who)][:1]
        for path in route.paths:
            changes = ({}, {"visit": "dose_1", "form": "infusion"}, {"form": "adverse_event", "row": "new"})
            for change in changes[: 3 if "{visit" in path else 1]:
                given = {**filled, **change}
                address = re.sub(r"\{(\w+):\w+\}", lambda part: given.get(part[1], "1"), path)  # noqa: B023
                for user in may:
                    answer = clients[user].post(address, {**FIELDS, "participant": key})
                    assert answer.status_code < 500, (user, address)
                    tried += 1
    assert tried > 40
    written = [event for event in store.read(after=start) if event.stream.startswith(STREAMS)]
    assert [(event.type, event.by) for event in written] == []
    person = locked.person(key)
    assert person.visits["dose_1"] == date(2026, 5, 20)


def test_the_same_addresses_do_change_data_while_it_is_open(office: Office):
    """The test above can fail."""
    key = office.dosed()
    client = office.client("coordinator")
    assert (
        client.post(
            f"/participants/{key}/add-visit", {"visit": "unscheduled", "date": "2026-05-20"}
        ).status_code
        == 303
    )
    assert office.client("monitor").post("/queries/new", {**FIELDS, "participant": key}).status_code == 303
