"""Reading the files of another system: text in, text out, nothing guessed."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from trialrun.errors import ImportRejectedError, UserError
from trialrun.snapshot.mapping import ForeignMapping, MappingError, SourceFile

_DAY = re.compile(r"^(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?$")


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row of a source file; the header is line 1."""

    file: str
    line: int
    cells: Mapping[str, str]


def read_rows(folder: Path, source: SourceFile) -> Iterator[SourceRow]:
    """The rows of a CSV file (plain or gzip), cells as they stand.

    Errors: `ImportRejectedError` when the file is missing, not UTF-8, or ragged; `MappingError` when the
    mapping names a column it does not have, or leaves a column of a wide file without a word.
    """
    path = folder / source.file if folder.is_dir() else folder
    try:
        text = _text_of(path)
    except FileNotFoundError as error:
        raise ImportRejectedError(
            f"there is no file {path}", "give the folder the mapping's files lie in"
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ImportRejectedError(
            f"{path} is not a whole compressed file: {error}", "copy it again from where it came from"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ImportRejectedError(
            f"{path} cannot be read as UTF-8 text: {error}", "save it as UTF-8 CSV"
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        header = [name.strip() for name in next(reader)]
    except StopIteration as error:
        raise ImportRejectedError(f"{path} is empty") from error
    _check_columns(source, header)
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(header):
            raise ImportRejectedError(
                f"{path}:{reader.line_num} has {len(cells)} cells, the header has {len(header)}",
                "quote cells that hold commas",
            )
        yield SourceRow(source.file, reader.line_num, dict(zip(header, cells, strict=True)))


def _text_of(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")


def _check_columns(source: SourceFile, header: list[str]) -> None:
    named = {
        source.participant, source.date, source.day, source.age, source.test, source.value, source.unit, source.code,
        source.system, *source.columns, *(fact.column for fact in source.course.values()),
    } - {""}  # fmt: skip
    lacking = sorted(named - set(header))
    if lacking:
        raise MappingError(
            f"{source.file} has no column {', '.join(lacking)}; it has {', '.join(header)}",
            "correct the mapping",
        )
    left = [] if source.shape != "wide" else sorted(set(header) - named - set(source.ignore))
    if left:
        raise MappingError(
            f"{source.file}: the mapping says nothing about column {', '.join(left)}",
            "map it, or name it under ignore with the reason",
        )


def day_of(mapping: ForeignMapping, source: SourceFile, row: SourceRow) -> date | None:
    """The calendar day of a row; `None` where the file has no day.

    Errors: `UserError` when the text is no day.
    """
    if source.date:
        return _calendar_day(row.cells[source.date].strip(), source.date)
    if source.day:
        return _counted_day(mapping, row.cells[source.day].strip(), source.day)
    return None


def day_said(mapping: ForeignMapping, text: str, *, counted: bool) -> date:
    """The day a cell says: counted from the origin, or as it stands in the calendar.

    Errors: `UserError` when the text is no day.
    """
    return _counted_day(mapping, text, "this") if counted else _calendar_day(text, "this")


def _calendar_day(text: str, column: str) -> date:
    match = _DAY.match(text)
    try:
        if match is not None:
            return date(int(match.group(1)), int(match.group(2)), int(match.group(3)))
    except ValueError:
        pass
    raise UserError(f"{column} is {text!r}, which is not a day of the calendar")


def _counted_day(mapping: ForeignMapping, text: str, column: str) -> date:
    if not re.fullmatch(r"-?\d{1,6}", text):
        raise UserError(f"{column} is {text!r}, which is not a whole number of days")
    return date.fromisoformat(mapping.origin) + timedelta(days=int(text))
