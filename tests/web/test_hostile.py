"""What somebody with bad luck or bad intentions does in the same moment as others, or much too late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from trialrun.app import signatures
from trialrun.app.consent_tablet import LASTS, Handover, decline, open_tablet, take_back
from trialrun.app.workspace import open_workspace
from trialrun.errors import UserError
from trialrun.ledger.commands import ActivateStudy, Actor, AddUser, Entry, GrantRole, SaveForm
from trialrun.ledger.conduct import CommandRefusedError, Conduct
from web_kit import FOLDER, PASSWORD, PEOPLE, Client, Clock, Office


def test_a_value_saved_in_the_moment_of_signing_is_not_signed_unseen(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    key = office.dosed()
    shown = signatures.to_sign(office.workspace, key, "screening", "laboratory").content
    real, version = Conduct.do, office.workspace.conduct.version(key)

    def slow(self: Conduct, command: Any, actor: Actor) -> Any:
        monkeypatch.setattr(Conduct, "do", real)  # once: a coordinator is quicker than the signature
        change = {"inr": Entry("1.7", "{INR}")}
        office.do(SaveForm(key, "screening", "laboratory", 0, change, version, "misread"))
        return self.do(command, actor)

    monkeypatch.setattr(Conduct, "do", slow)
    with pytest.raises(CommandRefusedError, match="changed while"):
        signatures.sign(
            office.workspace,
            office.actor("pi"),
            key,
            signatures.MEANINGS[0],
            shown,
            "screening",
            "laboratory",
        )
    assert office.person(key).signatures == ()


def test_a_forgotten_tablet_opens_no_staff_session_for_ever(office: Office):
    key, text = office.candidate(), office.study.consents[0]
    office.workspace.accounts.set_password("coordinator", PASSWORD, now=office.clock())
    token = open_tablet(
        office.workspace,
        office.actor("coordinator"),
        Handover(key, text.version, text.language, "Dr A", True),
    )
    decline(office.workspace, token)
    office.clock.now += 2 * LASTS + timedelta(minutes=1)
    with pytest.raises(UserError, match="over"):
        take_back(office.workspace, token, PASSWORD)
    with pytest.raises(UserError, match="over"):
        take_back(office.workspace, token, PASSWORD)


# --- two processes on one PostgreSQL database ----------------------------------------------------


@pytest.fixture
def two(postgres_url: str, trial: Any) -> Iterator[tuple[Office, Office]]:
    """Two worker processes of the application: their own caches, one database."""
    from sqlalchemy import create_engine, text

    name = "hostile_two_workers"
    plain = postgres_url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(plain, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = engine.url.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    clock = Clock()
    offices = [Office(open_workspace(FOLDER, url, clock=clock, study=trial), clock) for _ in range(2)]
    admin = Actor("admin", "administrator")
    for user in ("admin", "pi", "coordinator", "monitor"):
        offices[0].workspace.do(AddUser(user, f"Dr {user} Example"), admin)
        offices[0].workspace.do(GrantRole(user, *PEOPLE[user]), admin)
    offices[0].workspace.do(ActivateStudy("rehearsal"), Actor("pi", "principal_investigator", "01"))
    yield offices[0], offices[1]
    for office in offices:
        office.workspace.close()
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    engine.dispose()


def beside(other: Office, client: Client) -> Client:
    """The same browser, answered by the other process."""
    found = other.client()
    for name, value in client.inner.cookies.items():
        found.inner.cookies.set(name, value)
    return found


def test_two_processes_are_one_application(two: tuple[Office, Office]):
    one, other = two
    assert other.workspace.conduct.participants() == ()
    key = one.consented()  # written by one, seen by the other, whose states were cached
    first = one.client("coordinator")
    first.get("/home")  # the token against forgery comes from the first process
    second = beside(other, first)
    assert key in second.get("/participants").text
    place = f"/participants/{key}/visits/screening"
    moved = second.post(f"{place}/date", {"date": "2026-05-09", "reason": "misread"})
    assert moved.status_code == 303
    assert "2026-05-09" in first.get(place).text

    for message in ("a\x00b", "\ud7ff\x01", "x" * 20_000):
        asked = beside(one, other.client("monitor")).post(
            "/queries/new", {"participant": key, "place": "screening|laboratory|0", "message": message}
        )
        assert asked.status_code < 500, message[:5]
    assert first.post("/unsent", {"unsent_path": "/home", "x": "a\x00b"}).status_code < 500
    assert first.post("/sign-in", {"user": "a\x00b", "password": "c\x00d"}).status_code < 500
    assert first.get("/trail?text=%00").status_code < 500

    assert first.post("/sign-out").status_code == 303
    assert second.get("/home").status_code == 303
