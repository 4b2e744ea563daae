"""Consent texts as blocks of words: the small part of Markdown they are written in, read without HTML.

Headings, paragraphs, points, quotations, `**bold**`, `*italic*` and `` `code` ``; everything else is
shown as it stands, so no text can bring mark-up of its own onto a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class BlockKind(StrEnum):
    """What a block of a text is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    POINTS = "points"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Words:
    """A run of words in one style."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False


Line = tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class ProseBlock:
    """A heading (with its level), a paragraph, a quotation (one line each) or points (a line each)."""

    kind: BlockKind
    lines: tuple[Line, ...]
    level: int = 0


_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_POINT = re.compile(r"^\s{0,3}(?:[-*+]|\d{1,3}[.)])\s+(.*)$")
_INLINE = re.compile(
    r"\*\*(?P<bold>\S(?:.*?\S)?)\*\*|\*(?P<italic>[^\s*](?:[^*]*?[^\s*])?)\*|`(?P<code>[^`]+)`"
)


def read_prose(text: str) -> tuple[ProseBlock, ...]:
    """The blocks of a text in order."""
    blocks: list[ProseBlock] = []
    for chunk in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip("\n")):
        blocks.extend(_blocks(chunk.splitlines()))
    return tuple(blocks)


def _blocks(lines: Iterable[str]) -> list[ProseBlock]:
    """The blocks of lines without a blank one between them."""
    found: list[tuple[BlockKind, int, list[str]]] = []
    for line in lines:
        heading, point = _HEADING.match(line), _POINT.match(line)
        last = found[-1] if found else None
        if heading:
            found.append((BlockKind.HEADING, len(heading[1]), [heading[2]]))
        elif line.startswith(">"):
            said = line[1:].strip()
            if last and last[0] is BlockKind.QUOTE:
                last[2][-1] += f" {said}"
            else:
                found.append((BlockKind.QUOTE, 0, [said]))
        elif point and (last is None or last[0] is not BlockKind.POINTS):
            found.append((BlockKind.POINTS, 0, [point[1]]))
        elif point and last:
            last[2].append(point[1])
        elif last and _goes_on(last[0], last[2][-1]):
            last[2][-1] += f" {line.strip()}"
        elif last and last[0] is BlockKind.PARAGRAPH:
            last[2].append(line.strip())
        elif line.strip():
            found.append((BlockKind.PARAGRAPH, 0, [line.strip()]))
    return [ProseBlock(kind, tuple(read_line(line) for line in said), level) for kind, level, said in found]


def _goes_on(kind: BlockKind, line: str) -> bool:
    """Whether a line goes on in the next one.

    A label at its beginning (`**Study:** ...` above `**Sponsor:** ...`) keeps a line of a paragraph a line.
    """
    labelled = line.startswith("**") and ":**" in line
    return kind in (BlockKind.POINTS, BlockKind.QUOTE) or (kind is BlockKind.PARAGRAPH and not labelled)


def read_line(text: str) -> Line:
    """A line's runs of words, by style."""
    runs: list[Words] = []
    at = 0
    for found in _INLINE.finditer(text):
        if found.start() > at:
            runs.append(Words(text[at : found.start()]))
        style = str(found.lastgroup)
        runs.append(Words(found[style], bold=style == "bold", italic=style == "italic", code=style == "code"))
        at = found.end()
    if at < len(text):
        runs.append(Words(text[at:]))
    return tuple(runs)
