"""Line ends of a text as its file has them, put back after an edit."""

from __future__ import annotations

import difflib

BOM = "\ufeff"


def unified(raw: str) -> str:
    """The text with line feeds alone and without a byte order mark, as it is edited."""
    return raw.removeprefix(BOM).replace("\r\n", "\n")


def restored(raw: str, text: str) -> str:
    """An edited text with the line ends of the file it came from; new lines end like most of its lines."""
    mark = BOM if raw.startswith(BOM) else ""
    returns = raw.count("\r\n")
    if not returns:
        return mark + text
    if returns == raw.count("\n"):
        return mark + text.replace("\n", "\r\n")
    before = raw.removeprefix(BOM).splitlines(keepends=True)
    plain, after = [line.replace("\r\n", "\n") for line in before], text.splitlines(keepends=True)
    usual = "\r\n" if returns * 2 > raw.count("\n") else "\n"
    lines: list[str] = []
    for verb, low, high, first, last in difflib.SequenceMatcher(
        None, plain, after, autojunk=False
    ).get_opcodes():
        lines += (
            before[low:high] if verb == "equal" else [line.replace("\n", usual) for line in after[first:last]]
        )
    return mark + "".join(lines)
