"""The verb `admin`: the first account, and the way back in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from trialrun.app.workspace import open_workspace
from trialrun.cli.admin import admin
from trialrun.errors import RefusedError, UserError

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/nct05871463"
GOOD = "seven green bicycles"


@pytest.fixture
def run(tmp_path: Path):
    def run(*arguments: str, typed: str = ""):
        words = [str(tmp_path / "log.sqlite"), "--study", str(EXAMPLE), *arguments]
        return CliRunner().invoke(admin, words, input=typed, catch_exceptions=False, standalone_mode=False)

    return run


@pytest.fixture
def workspace(tmp_path: Path):
    opened = []

    def open_it():
        opened.append(open_workspace(EXAMPLE, str(tmp_path / "log.sqlite")))
        return opened[-1]

    yield open_it
    for one in opened:
        one.close()


def test_the_first_administrator_types_a_password(run, workspace):
    said = run("--user", "root", "--name", "Dr Ada Admin", typed=f"{GOOD}\n{GOOD}\n").output
    assert "Dr Ada Admin is the administrator" in said
    assert GOOD not in said
    here = workspace()
    assert here.accounts.check_password("root", GOOD, now=datetime.now(UTC)).ok
    assert here.conduct.access_state().roles["root"] == {("administrator", "")}
    with pytest.raises(RefusedError, match="has an administrator already: root"):
        run("--user", "second", "--name", "X", "--link")


def test_or_gets_a_link(run, workspace):
    said = run("--user", "root", "--name", "Dr Ada", "--link", "--address", "https://trial.example/").output
    token = re.search(r"https://trial\.example/set-up/(\S+)", said).group(1)
    assert workspace().accounts.link_user(token, now=datetime.now(UTC)) == "root"


def test_a_guessable_password_makes_no_account(run, workspace):
    with pytest.raises(UserError, match="at least 12"):
        run("--user", "root", "--name", "Dr Ada", typed="short\nshort\n")
    assert workspace().conduct.access_state().users == {}


def test_a_locked_account_is_opened(run, workspace):
    run("--user", "root", "--name", "Dr Ada", typed=f"{GOOD}\n{GOOD}\n")
    here, now = workspace(), datetime.now(UTC)
    for _ in range(5):
        here.accounts.check_password("root", "wrong", now=now)
    assert here.accounts.locked_until("root", now=now)
    assert "can be tried again" in run("--unlock", "root").output
    assert here.accounts.check_password("root", GOOD, now=now).ok
    assert "/set-up/" in run("--reset", "root").output
    with pytest.raises(UserError, match="no open account"):
        run("--unlock", "nobody")


def test_a_database_must_be_named():
    with pytest.raises(UserError, match="no database"):
        CliRunner().invoke(admin, ["--study", str(EXAMPLE)], catch_exceptions=False, standalone_mode=False)
