"""The front door: help, speed of import, errors without a traceback."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from trialrun.cli.contents import SECTIONS
from trialrun.cli.entry import main, trialrun
from trialrun.errors import RefusedError

VERBS = [verb for verbs in SECTIONS.values() for verb in verbs]
HEAVY = (
    "duckdb",
    "matplotlib",
    "scipy",
    "sqlglot",
    "numpy",
    "pandas",
    "sqlalchemy",
    "pint",
    "rich",
    "lxml",
    "jinja2",
)


def test_the_command_imports_nothing_heavy() -> None:
    program = (
        "import sys, trialrun.cli.entry as e\n"
        "try: e.main(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == "[]"
    assert "Screen and score" in ran.stdout


def test_help_reads_like_a_table_of_contents() -> None:
    text = CliRunner().invoke(trialrun, ["--help"]).output
    positions = [text.index(f"{title}:") for title in SECTIONS]
    assert positions == sorted(positions)
    for verb in VERBS:
        assert f"\n  {verb} " in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    outcome = CliRunner().invoke(trialrun, [verb, "--help"], catch_exceptions=False)
    assert outcome.exit_code == 0
    assert len(outcome.output.splitlines()) > 5
    assert "Usage: trialrun" in outcome.output


@pytest.mark.parametrize("verb", VERBS)
def test_the_line_in_the_contents_is_the_first_line_of_the_verbs_help(verb: str) -> None:
    line = next(verbs[verb][1] for verbs in SECTIONS.values() if verb in verbs)
    command = trialrun.get_command(click.Context(trialrun), verb)
    assert command is not None
    assert (command.help or "").split("\n")[0] == line


def test_a_mistyped_verb_gets_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["scren"])
    assert left.value.code == 2
    assert "Did you mean screen?" in capsys.readouterr().err


def test_a_users_error_shows_message_and_remedy(monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    def failing() -> None:
        raise RefusedError("no dose before sign-off", "sign the eligibility first")

    monkeypatch.setattr(type(trialrun), "get_command", lambda *_: failing)
    with pytest.raises(SystemExit) as left:
        main(["screen"])
    shown = capsys.readouterr().err
    assert left.value.code == RefusedError.exit_code
    assert "no dose before sign-off" in shown
    assert "sign the eligibility first" in shown
    assert "Traceback" not in shown


def test_a_fault_apologises_and_points_at_traceback(monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    def failing() -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(type(trialrun), "get_command", lambda *_: failing)
    with pytest.raises(SystemExit) as left:
        main(["screen"])
    shown = capsys.readouterr().err
    assert left.value.code == 70
    assert "--traceback" in shown
    assert "Traceback (most recent call last)" not in shown
    with pytest.raises(ZeroDivisionError):
        main(["--traceback", "screen"])
