"""Reference ranges of a site's laboratories: read from CSV, checked by the log, shown, replaced."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from trialrun.app.csv_text import csv_text, reading_csv
from trialrun.app.workspace import Workspace
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, SetRanges
from trialrun.ledger.conduct import Outcome

COLUMNS = ("item", "unit", "low", "high", "sex", "age_from", "age_to", "valid_from", "valid_to")
MOST_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class LaboratoryRanges:
    """One laboratory's ranges, as they stand."""

    laboratory: str
    ranges: tuple[Mapping[str, str], ...]


def laboratories(workspace: Workspace, site: str) -> tuple[LaboratoryRanges, ...]:
    """The laboratories of a site that have ranges, or have measured something, by name."""
    held = workspace.conduct.site_state(site).ranges
    named = set(held)
    item = laboratory_item(workspace)
    for key in workspace.conduct.participants():
        person = workspace.conduct.participant(key)
        if person.site == site:
            named.update(
                value.text for slot, value in person.values.items() if slot[3] == item and value.text
            )
    return tuple(LaboratoryRanges(name, held.get(name, ())) for name in sorted(named))


def laboratory_item(workspace: Workspace) -> str:
    """The item that names the laboratory."""
    from trialrun.derive.names import local_name

    return local_name(workspace.study, "laboratory_name")


def read_ranges(text: str) -> tuple[Mapping[str, str], ...]:
    """Ranges from CSV with the columns of `COLUMNS`; those that are left out are empty.

    Errors: `UserError` naming the line, for a file without the column `item` or with unknown columns.
    """
    with reading_csv("the table of ranges"):
        return _read(text)


def _read(text: str) -> tuple[Mapping[str, str], ...]:
    reader = csv.DictReader(io.StringIO(text.strip().removeprefix("\ufeff")))
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    if "item" not in names:
        raise UserError(
            "the ranges have no column 'item'", f"the first line names columns of {', '.join(COLUMNS)}"
        )
    extra = [name for name in names if name not in COLUMNS]
    if extra:
        raise UserError(f"the ranges have unknown columns {', '.join(extra)}", f"use {', '.join(COLUMNS)}")
    reader.fieldnames = names
    rows: list[Mapping[str, str]] = []
    for number, row in enumerate(reader, start=2):
        if None in row:
            raise UserError(
                f"line {number} of the ranges has more cells than the first line", "count its commas"
            )
        cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
        if any(cells.values()):
            rows.append(cells)
        if len(rows) > MOST_ROWS:
            raise UserError(f"more than {MOST_ROWS} ranges", "give those of one laboratory")
    return tuple(rows)


def write_ranges(ranges: tuple[Mapping[str, str], ...]) -> str:
    """Ranges as the CSV that `read_ranges` reads."""
    return csv_text(COLUMNS, ([one.get(name, "") for name in COLUMNS] for one in ranges))


def set_ranges(workspace: Workspace, actor: Actor, site: str, laboratory: str, text: str) -> Outcome:
    """Replace a laboratory's ranges by those of a CSV text, all or none.

    Errors: `UserError` for a text that is no such table, `CommandRefusedError` naming the range at fault.
    """
    return workspace.do(SetRanges(site, laboratory, read_ranges(text)), actor)
