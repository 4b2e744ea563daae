"""What the tutorials show is what the command prints."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from trialrun.cli.contents import SECTIONS
from trialrun.cli.entry import main

ROOT = Path(__file__).resolve().parents[2]
TUTORIALS = ROOT / "docs/tutorial"
PAGES = ("run-the-cirrhosis-trial.md", "screen-real-people.md")


def _blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (TUTORIALS / page).read_text(encoding="utf-8"), re.DOTALL)


def _commands(page: str) -> list[list[str]]:
    lines = [line for block in _blocks(page, "sh") for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("trialrun ")]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], str]:
    def run(words: list[str]) -> str:
        monkeypatch.chdir(ROOT)
        monkeypatch.setenv("COLUMNS", "80")
        with pytest.raises(SystemExit) as left:
            main(words)
        assert left.value.code in (0, None), capsys.readouterr().err
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize("page", PAGES)
def test_every_command_shown_is_a_verb(page: str) -> None:
    verbs = {verb for section in SECTIONS.values() for verb in section}
    commands = _commands(page)
    assert commands
    assert {words[0] for words in commands} <= verbs


def _holds(shown: str, printed: str) -> None:
    for line in shown.splitlines():
        if line.strip() and line.strip() != "...":
            assert line.rstrip() in printed, line


def test_the_six_people_come_out_as_shown(said) -> None:
    commands = [
        words for words in _commands("screen-real-people.md") if "examples/screening/people.csv" in words
    ]
    blocks = _blocks("screen-real-people.md", "text")
    _holds(blocks[0], said(commands[0]))
    _holds(blocks[1], said(commands[1]))


@pytest.mark.shared
@pytest.mark.parametrize(("number", "name"), [(2, "mimic4_demo"), (3, "pbcseq")])
def test_real_people_come_out_as_shown(said, shared, number: int, name: str, tmp_path: Path) -> None:
    (words,) = [
        words
        for words in _commands("screen-real-people.md")
        if words[0] == "screen" and f"examples/foreign/{name}.yaml" in words
    ]
    shared(f"data/{'mimic4_demo' if name == 'mimic4_demo' else 'pbcseq.csv'}")
    _holds(_blocks("screen-real-people.md", "text")[number], said([*words[:-1], str(tmp_path / "out.csv")]))


def test_the_criterion_shown_in_the_first_tutorial_is_the_one_that_runs(said) -> None:
    printed = said(["show", "examples/nct05871463", "--criteria"])
    shown = " ".join(_blocks("run-the-cirrhosis-trial.md", "text")[1].split())
    assert shown in " ".join(printed.split())
