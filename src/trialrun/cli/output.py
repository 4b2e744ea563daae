"""How results look in a terminal: plain text, at most as wide as the screen, never a wall."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable, Sequence

import click

_MOST = 100
_FEWEST = 60
_PLAIN = 80
# What a terminal would act on (escape sequences), what turns the direction of reading, halves of characters.
_ACTIVE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def width() -> int:
    """Columns to write in: the terminal's, within reason."""
    return max(_FEWEST, min(_MOST, shutil.get_terminal_size((_PLAIN, 24)).columns))


def printable(text: str) -> str:
    """A text from outside as a terminal may show it: characters it would act on are written as their codes."""
    return _ACTIVE.sub(lambda found: f"\\u{ord(found.group(0)):04x}", text.replace("\r", "\n"))


def say(text: str = "", *, indent: int = 0, hanging: int | None = None) -> None:
    """Write a paragraph, wrapped; an empty one is an empty line."""
    if not text:
        click.echo()
        return
    first, rest = " " * indent, " " * (indent if hanging is None else hanging)
    click.echo(
        textwrap.fill(
            printable(text),
            width(),
            initial_indent=first,
            subsequent_indent=rest,
            break_on_hyphens=False,
            break_long_words=False,
        )
    )


def shortened(text: str, most: int) -> str:
    """The beginning of a text, on one line."""
    return textwrap.shorten(text, most + width() - _PLAIN, placeholder=" …")


def heading(text: str) -> None:
    """Write a heading with a line under it."""
    text = printable(text)
    click.echo()
    click.echo(click.style(text, bold=True))
    click.echo("-" * min(len(text), width()))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, indent: int = 0) -> None:
    """Write rows under a header; the last column wraps, the others are as wide as they need."""
    cells = [[("" if cell is None else printable(str(cell))) for cell in row] for row in rows]
    if not cells:
        return
    sizes = [max(len(row[i]) for row in [list(columns), *cells]) for i in range(len(columns) - 1)]
    before = indent + sum(sizes) + 2 * len(sizes)
    left = max(20, width() - before)
    for number, row in enumerate([list(columns), *cells]):
        lines = textwrap.wrap(row[-1], left, break_on_hyphens=False) or [""]
        head = " " * indent + "".join(cell.ljust(size + 2) for cell, size in zip(row, sizes, strict=False))
        click.echo(click.style((head + lines[0]).rstrip(), bold=number == 0))
        for line in lines[1:]:
            click.echo(" " * before + line)
