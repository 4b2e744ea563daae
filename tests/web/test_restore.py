"""A backup made while the application runs, brought back: the log, the names it may open, accounts and drafts."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from trialrun.app.workspace import open_workspace
from trialrun.ledger.verify import verify
from web_kit import FOLDER, PASSWORD, Office


def test_a_copied_database_restores_everything(office: Office, tmp_path: Path) -> None:
    key = office.screened()
    now, accounts = office.clock(), office.workspace.accounts
    accounts.set_password("coordinator", PASSWORD, now=now)
    accounts.save_draft("coordinator", "place", "half a form", 1, now=now)
    copy = tmp_path / "backup.sqlite"
    with sqlite3.connect(tmp_path / "trial.sqlite") as running:
        running.execute("VACUUM INTO ?", (str(copy),))
    before = office.workspace.store.position()
    office.candidate()  # what comes after the backup is not in it
    back = open_workspace(FOLDER, str(copy), clock=office.clock, study=office.study)
    try:
        assert back.store.position() == before
        assert verify(back.store) == []
        person = back.conduct.participant(key)
        assert person.values == office.person(key).values
        slot = ("screening", "demographics", 0, "birth_date")
        assert person.values[slot].text == "1974-02-01"  # opened with the key that was copied, too
        assert back.accounts.check_password("coordinator", PASSWORD, now=now).ok
        draft = back.accounts.draft("coordinator", "place")
        assert draft is not None
        assert draft.data == "half a form"
    finally:
        back.close()
