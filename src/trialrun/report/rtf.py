"""The report's tables as RTF, one file each, as regulators take them. Needs the optional package rtflite.

rtflite passes texts on as RTF code. So texts are written here as plain signs and escapes only: what people wrote
cannot become code, and signs of every script arrive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trialrun.errors import UserError
from trialrun.report.documents.blocks import Block, Cell, Chapter, Details, Table
from trialrun.report.documents.layout import fit_table
from trialrun.report.documents.words import cell, clean

_FONT = 4  # Arial
_SIZES = (9, 8, 7)  # points: upright, across, across with many columns
_MANY = 12
_A4 = (8.27, 11.69)  # inches


def write_rtf(chapters: Sequence[Chapter], folder: Path, *, title: str = "") -> list[Path]:
    """Write every table that stands on paper to `folder`; the files in the order of the report.

    A file is named by its number and its caption. The same chapters give the same bytes.

    Args:
        title: stands above every table, such as the study and what the report is.

    Errors: `UserError` when rtflite is not installed.
    """
    rtflite = _rtflite()
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for number, (chapter, table) in enumerate(_tables(chapters), start=1):
        path = folder / f"table-{number:03}-{_slug(table.caption or chapter)}.rtf"
        path.write_text(_document(rtflite, table, chapter, title), encoding="ascii", newline="\n")
        written.append(path)
    return written


def _rtflite() -> Any:
    try:
        import rtflite
    except ImportError as error:
        raise UserError(
            "RTF tables need the package rtflite, which is not installed",
            "install it with: pip install 'trialrun[rtf]'",
        ) from error
    return rtflite


def _tables(blocks: Sequence[Block], chapter: str = "") -> Iterator[tuple[str, Table]]:
    for block in blocks:
        if isinstance(block, Table):
            yield chapter, block
        elif isinstance(block, Chapter):
            yield from _tables(block.blocks, block.title)
        elif isinstance(block, Details) and block.print:
            yield from _tables(block.blocks, chapter)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].strip("-") or "untitled"


def _document(rtflite: Any, table: Table, chapter: str, title: str) -> str:
    import polars

    rows = [[one if isinstance(one, Cell) else Cell(one) for one in row] for row in table.rows]
    if not rows:
        rows = [[Cell(table.empty), *(Cell("") for _ in table.columns[1:])]]
    texts = [[cell(one.text) for one in row] for row in rows]
    fit = fit_table([cell(name) for name in table.columns], texts, table.widths)
    size = _SIZES[(fit.across) + (fit.across and len(table.columns) > _MANY)]
    sides = [["r" if one.number else "l" for one in row] for row in rows]
    heads = ["r" if all(row[index].number for row in rows) else "l" for index in range(len(table.columns))]
    words = {"text_convert": [False], "text_font": [_FONT], "text_font_size": [size]}
    plain = {name: [value] for name, value in words.items()}
    widths = [float(width) for width in fit.widths]
    above = [rtf_text(line) for line in (title, chapter, table.caption) if line]
    document = rtflite.RTFDocument(
        df=polars.DataFrame(
            [[rtf_text(text) for text in row] for row in texts],
            schema=[f"column_{index}" for index in range(len(table.columns))],
            orient="row",
        ),
        rtf_page=_page(rtflite, fit.across),
        rtf_title=rtflite.RTFTitle(text=above or [""], **words),
        rtf_column_header=[
            rtflite.RTFColumnHeader(
                text=[rtf_text(cell(name)) for name in table.columns], col_rel_width=widths,
                text_justification=[heads], text_format=[["b"]], **plain,
            )
        ],
        rtf_body=rtflite.RTFBody(
            col_rel_width=widths, text_justification=sides,
            text_format=[["b" if one.head or one.strong else "" for one in row] for row in rows], **plain,
        ),
        rtf_footnote=rtflite.RTFFootnote(text=[rtf_text(note) for note in table.notes], **words) if table.notes else None,
    )  # fmt: skip
    return document.rtf_encode()


def _page(rtflite: Any, across: bool) -> Any:
    short, long = _A4
    if across:
        return rtflite.RTFPage(orientation="landscape", width=long, height=short)
    return rtflite.RTFPage(orientation="portrait", width=short, height=long)


def rtf_text(text: str) -> str:
    """A text as RTF that shows it and does nothing else: code signs escaped, other scripts as numbers.

    Signs beyond the first 65,536 become the two halves UTF-16 writes them with, each a signed number of 16 bits.
    """
    return "".join(_sign(sign) for sign in clean(text).replace("\u200b", ""))


def _sign(sign: str) -> str:
    if sign in "\\{}":
        return f"\\{sign}"
    if sign == "\n":
        return "\\line "
    if " " <= sign <= "~":
        return sign
    halves = sign.encode("utf-16-le")
    numbers = [int.from_bytes(halves[at : at + 2], "little", signed=True) for at in range(0, len(halves), 2)]
    return "".join(f"\\u{number}?" for number in numbers)
