"""The reference page of the commands, written from their own help so that it cannot go stale unseen."""

from __future__ import annotations

import click

from trialrun.cli.contents import SECTIONS
from trialrun.cli.entry import trialrun

_HEAD = """\
# Commands

Generated from `trialrun --help`; do not edit. `--traceback`, anywhere, shows the inside of a fault.

Exit codes: 0 done; 1 done, and something was found; 2 bad input; 3 a study or record that does not load;
4 refused by the protocol, or changed by somebody else meanwhile; 5 a damaged log or snapshot; 6 an import that was
refused; 7 an outcome that cannot be analysed; 70 a fault of the program.
"""
_WIDTH = 100


def commands_markdown() -> str:
    """The page `docs/reference/commands.md`."""
    parts = [_HEAD]
    for section, verbs in SECTIONS.items():
        parts.append(f"## {section}\n")
        parts += [_verb(verb) for verb in verbs]
    return "\n".join(parts).rstrip() + "\n"


def _verb(verb: str) -> str:
    root = click.Context(trialrun, info_name="trialrun", max_content_width=_WIDTH, terminal_width=_WIDTH)
    command = trialrun.get_command(root, verb)
    if command is None:
        raise KeyError(verb)
    context = click.Context(
        command,
        info_name=verb,
        parent=root,
        max_content_width=_WIDTH,
        terminal_width=_WIDTH,
        help_option_names=["-h", "--help"],
    )
    return f"### {verb}\n\n```text\n{command.get_help(context)}\n```\n"
