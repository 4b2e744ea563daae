"""Reading a delimited text file without losing a row.

What cannot be read is kept with its place and reason; only a file nobody could read raises.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trialrun.errors import UserError

_DELIMITERS = (",", ";", "\t", "|")
_REMEDY = "save the file as CSV, UTF-8, with one header line"


@dataclass(frozen=True, slots=True)
class TextRow:
    """One row: the line it starts on and its cells by column; blank cells are empty strings."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row or a cell that was not understood: where, what stood there, and why."""

    file: str
    line: int
    column: str
    text: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" + (f", column {self.column}" if self.column else "")
        return f"{where}: {self.text!r}: {self.reason}" if self.text else f"{where}: {self.reason}"


@dataclass(frozen=True, slots=True)
class TextTable:
    """A file's header, its rows in order, and what of it could not be read."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[TextRow, ...]
    unreadable: tuple[Unreadable, ...]


def read_text_table(path: Path) -> TextTable:
    """Read a CSV file with comma, semicolon, tab or bar between cells, with or without byte order mark.

    Errors: `UserError` when the file is absent, empty, not text, or its header names a column twice.
    """
    text = _text_of(path)
    lines = text.splitlines()
    header_at = next((number for number, line in enumerate(lines) if line.strip()), None)
    if header_at is None:
        raise UserError(f"{path} is empty", _REMEDY)
    delimiter = max(_DELIMITERS, key=lines[header_at].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: tuple[str, ...] = ()
    rows: list[TextRow] = []
    unreadable: list[Unreadable] = []
    line = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            rest = "".join(io.StringIO(text, newline="").readlines()[line - 1 :])
            reason = f"the quotes do not close ({error}); from here to the end nothing was read"
            unreadable.append(Unreadable(path.name, line, "", rest, reason))
            break
        if cells is None:
            break
        start, line = line, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if not columns:
            columns = _header(path, cells)
        elif len(cells) != len(columns):
            reason = f"{len(cells)} cells where the header has {len(columns)}"
            unreadable.append(Unreadable(path.name, start, "", delimiter.join(cells)[:120], reason))
        else:
            rows.append(TextRow(start, {c: cell.strip() for c, cell in zip(columns, cells, strict=True)}))
    return TextTable(path, columns, tuple(rows), tuple(unreadable))


def _text_of(path: Path) -> str:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise UserError(f"{path} {what}", "give the path of a CSV file")
    raw = path.read_bytes()
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}:{line}: byte {error.start} is not {encoding.removesuffix('-sig')}", _REMEDY
        ) from error
    if "\x00" in text:
        raise UserError(f"{path} is not text", _REMEDY)
    return text


def _header(path: Path, cells: Sequence[str]) -> tuple[str, ...]:
    columns = tuple(cell.strip() for cell in cells)
    twice = [column for column, count in Counter(columns).items() if count > 1 and column]
    if twice:
        raise UserError(f"{path}: the header names {', '.join(twice)} twice", "give each column its own name")
    if "" in columns:
        raise UserError(
            f"{path}: column {columns.index('') + 1} has no name", "name every column in the header"
        )
    return columns
