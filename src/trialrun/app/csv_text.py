"""Lists as CSV that a spreadsheet may open: quoted by RFC 4180, and no cell starts a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from trialrun.errors import UserError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns and rows as CSV; `None` is empty, text that a spreadsheet would compute gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def csv_pieces(columns: Sequence[str], rows: Iterable[Sequence[object]], at_once: int = 500) -> Iterator[str]:
    """The same text piece by piece, for a list too long to hold: the columns' names, then `at_once` rows a piece."""
    yield csv_text(columns, ())
    waiting: list[Sequence[object]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == at_once:
            yield _rows_text(waiting)
            waiting = []
    if waiting:
        yield _rows_text(waiting)


def _rows_text(rows: Iterable[Sequence[object]]) -> str:
    return csv_text((), rows).removeprefix("\r\n")


@contextmanager
def reading_csv(name: str) -> Iterator[None]:
    """What the CSV reader cannot take (a cell of more than 131,072 characters) is the file's fault, said so."""
    try:
        yield
    except csv.Error as error:
        raise UserError(f"{name} cannot be read: {error}", "look at its quotation marks") from error


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    if isinstance(value, str) and text.startswith(_FORMULA):
        return f"'{text}"
    return text
