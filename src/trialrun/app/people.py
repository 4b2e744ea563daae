"""A file of people, one row a person, as the values a study's rules are evaluated on.

Columns are named after the study's items, each quantity with a `_unit` column where its unit is not beyond
doubt. An empty cell is unknown. A cell that is not understood is unknown too, and is listed.
"""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from trialrun.app.text_table import TextTable, Unreadable, read_text_table
from trialrun.errors import UserError
from trialrun.study.model import Item, ItemType, Study
from trialrun.values.dates import parse_partial_date
from trialrun.values.missing import MissingReason

KEYS = ("participant", "id", "person", "candidate")
_UNIT = "_unit"
_YES = {"true": "true", "yes": "true", "false": "false", "no": "false"}
_DIGITS = {0x0660 + n: str(n) for n in range(10)} | {0x06F0 + n: str(n) for n in range(10)}
_EARLIEST_YEAR = 1850


@dataclass(frozen=True, slots=True)
class Person:
    """One person: the values rules see, by item, and the rows of repeating forms.

    `entered` keeps each value as it stood in the file, `line` where the person stands.
    """

    participant: str
    line: int
    row: Mapping[str, Any]
    rows_by_form: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict[str, Any])
    entered: Mapping[str, str] = field(default_factory=dict[str, str])
    visit: str = ""


@dataclass(frozen=True, slots=True)
class People:
    """Everyone in the file, and what of it could not be read or was not used."""

    people: tuple[Person, ...]
    unreadable: tuple[Unreadable, ...]
    ignored: tuple[str, ...]
    absent: tuple[str, ...]


def read_people(
    study: Study,
    path: Path,
    *,
    rows: Mapping[str, Path] | None = None,
    units: Mapping[str, str] | None = None,
) -> People:
    """Read people, and the rows of their repeating forms from further files.

    Args:
        rows: form name to a file with a participant column and one row per medication, infection ...
        units: item name to the unit of all its values, for columns without a `_unit` column.
    Errors: `UserError` when no column is an item of the study, a unit is nowhere given, or a file is unreadable.
    """
    _check_units_named(study, units or {})
    table = read_text_table(path)
    key = _key_column(table)
    items = _columns_of(table, study, key, units or {})
    unreadable = list(table.unreadable)
    repeating: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for form, file in (rows or {}).items():
        repeating[form], bad = _read_rows(study, form, file, units or {})
        unreadable += bad
    doubled = _doubled(table, key)
    people: list[Person] = []
    for row in table.rows:
        name = row.cells[key] if key else str(row.line - 1)
        if not name or name in doubled:
            reason = (
                f"stands on lines {doubled[name]}; nobody can tell which is right" if name else "has no name"
            )
            unreadable.append(Unreadable(path.name, row.line, key or "", name, f"this participant {reason}"))
            continue
        values, entered, bad = _values(path.name, row.line, row.cells, items, units or {})
        unreadable += bad
        by_form = {form: repeating[form].pop(name, []) for form in repeating}
        people.append(Person(name, row.line, values, by_form, entered))
    unreadable += _orphans(repeating, rows or {})
    used = {key, *items, *(f"{item}{_UNIT}" for item in items)}
    expected = [name for form in study.forms.values() if not form.repeating for name in form.items]
    return People(
        tuple(people),
        tuple(sorted(unreadable, key=lambda bad: (bad.file, bad.line))),
        tuple(column for column in table.columns if column not in used),
        tuple(name for name in expected if name not in items),
    )


def _check_units_named(study: Study, units: Mapping[str, str]) -> None:
    for name in units:
        if name not in study.items:
            close = difflib.get_close_matches(name, study.items, n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise UserError(
                f"a unit was given for {name!r}, which is no item of the study",
                f"{hint}trialrun show STUDY --items lists the items",
            )


def _key_column(table: TextTable) -> str:
    return next((name for name in KEYS if name in table.columns), "")


def _columns_of(table: TextTable, study: Study, key: str, units: Mapping[str, str]) -> dict[str, Item]:
    items = {name: study.items[name] for name in table.columns if name in study.items}
    if not items:
        wanted = [
            name for column in table.columns for name in difflib.get_close_matches(column, study.items, n=1)
        ]
        hint = f"did you mean {', '.join(wanted)}? " if wanted else ""
        raise UserError(
            f"{table.path}: no column is an item of the study; the header says {', '.join(table.columns)}",
            f"{hint}trialrun show STUDY --items lists the items; a mapping file renames columns",
        )
    for name, item in items.items():
        if _needs_unit(item) and f"{name}{_UNIT}" not in table.columns and name not in units:
            raise UserError(
                f"{table.path}: column {name} has no unit, and it may be {' or '.join(item.units)}",
                f"add a column {name}{_UNIT}, or say --unit {name}={item.unit}; a unit is never guessed",
            )
    return {name: item for name, item in items.items() if name != key}


def _needs_unit(item: Item) -> bool:
    """Whether the number means different amounts in the units the item may come in (mg/dL, µmol/L)."""
    from trialrun.values.units import convert

    if item.unit is None:
        return False
    others = (unit for unit in item.units if unit != item.unit)
    return any(convert(Decimal(1), unit, item.unit, item.analyte) != 1 for unit in others)


def _doubled(table: TextTable, key: str) -> dict[str, str]:
    if not key:
        return {}
    lines: dict[str, list[int]] = defaultdict(list)
    for row in table.rows:
        lines[row.cells[key]].append(row.line)
    counted = Counter(row.cells[key] for row in table.rows)
    return {
        name: " and ".join(map(str, lines[name])) for name, count in counted.items() if name and count > 1
    }


def _values(
    file: str, line: int, cells: Mapping[str, str], items: Mapping[str, Item], units: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str], list[Unreadable]]:
    values: dict[str, Any] = {}
    entered: dict[str, str] = {}
    unreadable: list[Unreadable] = []
    for name, item in items.items():
        text = cells[name]
        if not text or text.lower() in set(MissingReason):
            continue
        unit = (
            cells.get(f"{name}{_UNIT}") or units.get(name) or ("" if _needs_unit(item) else item.unit or "")
        )
        try:
            values |= read_value(item, text, unit)
        except UserError as error:
            reason = f"{error.message}; {error.remedy}" if error.remedy else error.message
            unreadable.append(Unreadable(file, line, name, text, reason))
        else:
            entered[name] = f"{text} {unit}".strip() if item.unit else text
    return values, entered, unreadable


def read_value(item: Item, text: str, unit: str = "") -> dict[str, Any]:
    """One cell as the inputs rules know: the item's value in the item's unit, a date with its bounds.

    Errors: `UserError` when the text is not of the item's type or the unit is missing or does not fit.
    """
    from trialrun.snapshot.typed import typed_columns

    plain = _normalised(item, text)
    columns = typed_columns(replace(item, identifying=False), plain, unit or None, None)
    if item.type in (ItemType.NUMBER, ItemType.INTEGER):
        number = float(columns["number_in_item_unit"])
        _check_hard_limits(item, number)
        return {item.name: number}
    if item.type in (ItemType.DATE, ItemType.DATETIME):
        return _date(item, plain, columns)
    if item.type is ItemType.BOOLEAN:
        return {item.name: columns["code"] == "true"}
    return {item.name: columns.get("code", plain)}


def _normalised(item: Item, text: str) -> str:
    from trialrun.values.quantity import parse_decimal

    if item.type in (ItemType.NUMBER, ItemType.INTEGER):
        return str(parse_decimal(text))
    if item.type in (ItemType.DATE, ItemType.DATETIME):
        return text.translate(_DIGITS)
    if item.type is ItemType.BOOLEAN:
        return _YES.get(text.lower(), text)
    if item.type is ItemType.CHOICE:
        plain = text.translate(_DIGITS)
        same = [c.code for c in item.choices if plain.casefold() in (c.code.casefold(), c.label.casefold())]
        return same[0] if len(same) == 1 else plain
    return text


def _check_hard_limits(item: Item, number: float) -> None:
    low, high = item.hard.low, item.hard.high
    if (low is not None and number < low) or (high is not None and number > high):
        raise UserError(
            f"{item.name} {number:g} {item.unit or ''} is outside the possible {low} to {high}".replace(
                "  ", " "
            ),
            "check the value and its unit",
        )


def _date(item: Item, text: str, columns: Mapping[str, Any]) -> dict[str, Any]:
    low, high = columns["date_low"], columns["date_high"]
    if low.year < _EARLIEST_YEAR:
        raise UserError(
            f"{item.name} is in the year {low.year}", "convert Solar Hijri dates to YYYY-MM-DD first"
        )
    if low != high and not item.partial:
        raise UserError(f"{item.name} lacks the day", "this date must be complete")
    return {item.name: parse_partial_date(text.split("T")[0].split(" ")[0]) if item.partial else low}


def _read_rows(
    study: Study, form: str, path: Path, units: Mapping[str, str]
) -> tuple[dict[str, list[dict[str, Any]]], list[Unreadable]]:
    known = [name for name, body in study.forms.items() if body.repeating]
    if form not in known:
        raise UserError(f"{form!r} is not a repeating form of the study", f"use one of {', '.join(known)}")
    table = read_text_table(path)
    key = _key_column(table)
    if not key:
        raise UserError(f"{path}: no column names the participant", "add a column participant")
    items = _columns_of(table, study, key, units)
    strange = [name for name in items if name not in study.forms[form].items]
    if strange:
        raise UserError(
            f"{path}: {', '.join(strange)} is not asked on the form {form}", "see trialrun show --items"
        )
    unreadable = list(table.unreadable)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in table.rows:
        values, _, bad = _values(path.name, row.line, row.cells, items, units)
        unreadable += bad
        found[row.cells[key]].append(values | {"__line": row.line})
    return dict(found), unreadable


def _orphans(
    repeating: Mapping[str, Mapping[str, list[dict[str, Any]]]], files: Mapping[str, Path]
) -> list[Unreadable]:
    return [
        Unreadable(files[form].name, row["__line"], "", name, f"no person {name!r} is in the people file")
        for form, left in repeating.items()
        for name, rows in left.items()
        for row in rows
    ]
