"""Every command a page shows exists: its verb, its options, and the files of the repository it names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from trialrun.cli.entry import trialrun

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md"))
)


def _commands(page: str) -> list[list[str]]:
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```(\w*)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    typed = [block.replace("\\\n", " ") for language, block in blocks if language in ("", "sh")]
    lines = [line.strip() for block in typed for line in block.splitlines()]
    return [
        shlex.split(line, comments=True)[1:]
        for line in lines
        if re.match(r"(\.venv/bin/)?trialrun [a-z]", line)
    ]


SHOWN = [(page, words) for page in PAGES for words in _commands(page)]


def test_the_pages_show_commands() -> None:
    assert len(SHOWN) > 15
    assert {"README.md", "docs/tutorial/screen-real-people.md"} <= {page for page, _ in SHOWN}


@pytest.mark.parametrize(
    ("page", "words"), SHOWN, ids=lambda part: part if isinstance(part, str) else part[0]
)
def test_a_command_shown_can_be_typed(page: str, words: list[str]) -> None:
    words = words[: words.index("|")] if "|" in words else words
    context = click.Context(trialrun)
    verb = trialrun.get_command(context, words[0])
    assert verb is not None, f"{page}: there is no verb {words[0]}"
    if isinstance(verb, click.Group) and not words[1].startswith("-"):
        group, words = verb, words[1:]
        verb = group.get_command(click.Context(group), words[0])
        assert verb is not None, f"{page}: there is no verb {group.name} {words[0]}"
    known = {name for option in verb.params for name in (*option.opts, *option.secondary_opts)}
    given = {word.split("=")[0] for word in words[1:] if re.match(r"--?[a-z]", word)}
    assert given <= known | {"--help", "-h", "--traceback"}, f"{page}: {words}"


@pytest.mark.parametrize(
    ("page", "words"), SHOWN, ids=lambda part: part if isinstance(part, str) else part[0]
)
def test_a_file_of_the_repository_that_is_named_is_there(page: str, words: list[str]) -> None:
    named = [word.split("=")[-1] for word in words if "examples/" in word]
    targets = [words[i + 1] for i, word in enumerate(words[:-1]) if word in ("-o", "--out")]
    missing = [name for name in named if name not in targets and not (ROOT / name).exists()]
    assert not missing, f"{page}: {missing}"


def _links() -> list[tuple[str, str]]:
    return [
        (page, target)
        for page in PAGES
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", (ROOT / page).read_text(encoding="utf-8"))
        if "://" not in target
    ]


def test_every_link_within_the_repository_leads_somewhere() -> None:
    dead = [f"{page}: {target}" for page, target in _links() if not ((ROOT / page).parent / target).exists()]
    assert not dead
