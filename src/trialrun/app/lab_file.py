"""A laboratory's file: its cells, and which column and which word of theirs means what of ours."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from trialrun.app.language import marked
from trialrun.errors import UserError
from trialrun.study.model import Item, ItemType, Study

LARGEST = 2_000_000
MOST_LINES = 20_000
MOST_COLUMNS = 200
DATES = {
    "%Y-%m-%d": "2026-11-22",
    "%d/%m/%Y": "22/11/2026",
    "%m/%d/%Y": "11/22/2026",
    "%d.%m.%Y": "22.11.2026",
}
COLUMNS = {
    "participant": marked("Participant or candidate number"),
    "date": marked("Date of the sample"),
    "test": marked("Name of the test"),
    "result": marked("Result"),
    "unit": marked("Unit"),
    "laboratory": marked("Laboratory"),
}
NEEDED = ("participant", "date", "test", "result", "unit")


@dataclass(frozen=True, slots=True)
class LabFile:
    """A file as read: its name, the SHA-256 of its bytes, column names, and rows with their line numbers."""

    name: str
    checksum: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]
    text: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the file's words mean.

    `columns`: our column to theirs. `tests`: their test to our item (empty: leave it out). `units`: their
    unit to ours. `dates`: the format of their dates, which is never guessed. `laboratory`: its name where no column
    gives it. `comma`: whether their decimal sign is a comma.
    """

    columns: Mapping[str, str]
    tests: Mapping[str, str] = field(default_factory=dict[str, str])
    units: Mapping[str, str] = field(default_factory=dict[str, str])
    dates: str = "%Y-%m-%d"
    laboratory: str = ""
    comma: bool = False

    def as_text(self) -> str:
        """The mapping as JSON, to be kept with the import."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


def read_lab_file(name: str, content: bytes) -> LabFile:
    """The cells of a CSV file with a line of names; comma, semicolon or tab, UTF-8 or Windows-1252.

    Errors: `UserError` for a file that is empty, too large, no text, or whose lines do not fit its first.
    """
    if len(content) > LARGEST:
        raise UserError(f"{name} has {len(content)} bytes, at most {LARGEST} are taken", "split it")
    if b"\x00" in content:
        raise UserError(f"{name} is no text file", "save it as CSV")
    text = _decoded(name, content)
    lines = text.splitlines()
    if len(lines) < 2:
        raise UserError(f"{name} has no line of values", "the first line names the columns, values follow")
    if len(lines) > MOST_LINES:
        raise UserError(f"{name} has {len(lines)} lines, at most {MOST_LINES} are taken", "split it")
    delimiter = max(",;\t", key=lines[0].count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        lines_read = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:  # a cell beyond what the reader takes
        raise UserError(f"{name}, line {reader.line_num}: {error}", "look at its quotation marks") from error
    columns = tuple(cell.strip() for cell in lines_read[0][1])
    if len(columns) > MOST_COLUMNS:
        raise UserError(
            f"{name} has {len(columns)} columns, at most {MOST_COLUMNS} are taken", "leave some out"
        )
    if len(set(columns)) != len(columns) or "" in columns:
        raise UserError(f"{name}: the first line must name every column, each once", "look at its first line")
    rows: list[tuple[int, Mapping[str, str]]] = []
    for number, cells in lines_read[1:]:
        if not any(cell.strip() for cell in cells):
            continue
        padded = [cell.strip() for cell in cells] + [""] * (len(columns) - len(cells))
        if len(padded) > len(columns) and any(padded[len(columns) :]):
            raise UserError(
                f"{name}, line {number}: {len(cells)} cells, but {len(columns)} columns",
                "a text with the separator in it needs quotation marks",
            )
        rows.append((number, dict(zip(columns, padded, strict=False))))
    return LabFile(name, hashlib.sha256(content).hexdigest(), columns, tuple(rows), text)


def _decoded(name: str, content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UserError(f"{name} is no text file", "save it as CSV in UTF-8")


def propose(study: Study, file: LabFile, known: Meaning | None = None) -> Meaning:
    """A mapping to begin with: the one used before where its columns are there, else by the names' likeness."""
    columns = _like_columns(file.columns)
    if known is not None:
        columns |= {ours: theirs for ours, theirs in known.columns.items() if theirs in file.columns}
    tests = {
        name: (known.tests.get(name) if known else None) or _like_item(study, name)
        for name in words(file, columns, "test")
    }
    units = {
        name: (known.units.get(name) if known else None) or _like_unit(study, name)
        for name in words(file, columns, "unit")
    }
    return Meaning(
        columns,
        tests,
        units,
        known.dates if known else "%Y-%m-%d",
        known.laboratory if known else "",
        comma=known.comma if known else False,
    )


def words(file: LabFile, columns: Mapping[str, str], column: str) -> tuple[str, ...]:
    """The different words in one of their columns, in order of appearance."""
    name = columns.get(column, "")
    return tuple(dict.fromkeys(row[name] for _, row in file.rows if name and row.get(name)))


_LIKELY = {
    "participant": r"particip|subject|patient|screen|candidate|id$|^number$",
    "date": r"date|collected|drawn",
    "test": r"test|analyte|parameter|code",
    "result": r"result|value",
    "unit": r"unit",
    "laboratory": r"lab",
}


def _like_columns(columns: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for ours, pattern in _LIKELY.items():
        for theirs in columns:
            if theirs not in found.values() and re.search(pattern, theirs, re.IGNORECASE):
                found[ours] = theirs
                break
    return found


def lab_items(study: Study) -> tuple[Item, ...]:
    """The items a laboratory measures."""
    return tuple(item for item in study.items.values() if item.analyte and item.type is ItemType.NUMBER)


def _like_item(study: Study, word: str) -> str:
    """The one item whose name, label, analyte or code the word is; empty where none or several fit."""
    plain = _plain(word)
    fits = [
        item.name
        for item in lab_items(study)
        if plain in {_plain(item.name), _plain(item.label), _plain(item.analyte or "")}
        or any(_plain(coding.code) == plain for coding in item.codings)
    ]
    return fits[0] if len(fits) == 1 else ""


def _like_unit(study: Study, word: str) -> str:
    """Our unit of the same letters (`MG/DL` is mg/dL); empty where several could be meant."""
    known = dict.fromkeys(unit for item in lab_items(study) for unit in (item.unit, *item.units) if unit)
    if word in known:
        return word
    same = [unit for unit in known if unit.casefold().strip("{}") == word.casefold()]
    return same[0] if len(same) == 1 else ""


def _plain(text: str) -> str:
    return re.sub(r"[^0-9a-z]", "", text.casefold())


def read_day(text: str, form: str) -> date:
    """A day in the laboratory's own format.

    Errors: `UserError` for anything else.
    """
    try:
        return datetime.strptime(text.split(" ")[0].split("T")[0], form).date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise UserError(
            f"{text!r} is no date like {DATES.get(form, form)}", "choose the format of the dates"
        ) from error


def mapping_from(text: str) -> Meaning | None:
    """A mapping kept as JSON; `None` for a text that is none."""
    try:
        found = json.loads(text)
        return Meaning(**found.get("mapping", found))
    except (ValueError, TypeError, AttributeError):
        return None
