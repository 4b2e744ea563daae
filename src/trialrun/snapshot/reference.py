"""The reference page of a snapshot, written from the layout: `python -m trialrun.snapshot.reference docs/reference/snapshot.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from trialrun.snapshot.layout import TABLES, Table

_HEAD = """# The snapshot

Generated from `src/trialrun/snapshot/layout.py` by `python -m trialrun.snapshot.reference docs/reference/snapshot.md`.

A snapshot is a folder: one Parquet file a table and `manifest.json`. A cut of the log, a rehearsal and an import land in
the same layout. Analysis and report read snapshots only.

- The same log, position and time of the cut give the same bytes.
- `trialrun` reads a snapshot only when every file has the SHA-256 the manifest names, and names the file that has not.
- A snapshot is never overwritten. It is written to a folder of its own and renamed when it is whole.
- A value is kept as entered (`text`, `unit`) beside what it means (`number_in_item_unit`, `code`, `date_low`, `date_high`).
- Identifying items are `withheld`: the row is there, the value is not. What the log derived from them is in `derived`.
- Missing is a reason, never an empty number: `not_done`, `unknown`, `refused`, `not_applicable`, `illegible`, `not_asked`, `withheld`.

## manifest.json

| key | meaning |
|---|---|
| `layout` | version of this layout |
| `origin.purpose` | `rehearsal`, `import`, `interim` or `final`; a log opened as a rehearsal gives a rehearsal only |
| `origin.study_id`, `origin.study_hash` | the study definition the data were collected under |
| `origin.record_source` | registry identifier and date of the record |
| `origin.ledger_position`, `origin.heads`, `origin.seal` | last entry included, the last hash of each stream, the last seal |
| `origin.created_at`, `origin.code_version` | time of the cut as given, version of the program |
| `origin.synthetic`, `origin.seed` | simulated participants and their seed |
| `origin.notes` | what else a reader must know |
| `origin.sources` | imported files and their SHA-256 |
| `files` | rows and SHA-256 of each file |

## Importing other data

`trialrun import STUDY MAPPING.yaml SOURCES --out FOLDER` reads a mapping (`examples/foreign/` has three). Every column of a wide file
and every test of a long file is mapped or named under `ignore` with a reason.

| key | meaning |
|---|---|
| `files[].shape` | `wide` (a row a visit or person), `long` (a row a test), `codes` (a row a diagnosis) |
| `files[].participant`, `date`, `day` | columns of person and day; `day` counts from `origin` |
| `files[].columns`, `tests` | column or test to item: `item`, `unit`, `values`, `visits`, `per_participant`, `precision`, `keep_identifying` |
| `files[].flags` | an item answered by the presence of a code; the absence of a code answers nothing |
| `files[].ignore` | column or test to the reason it is not taken over |
| `files[].course` | `arm`, `ended_on`, `end_reason`: the column of each, and `values` to the study's own codes |
| `visits` | `first` (the first day with all items of `complete`, else the first day), `others` (every other day) |
| `visit_day`, `stand_in` | items filled with the day of each visit, or of the first one, with the reason |
| `start` | why the day of the first visit stands in for enrolment and the first dose; without it nobody counts as treated |
| `units`, `missing` | spelling of the source to UCUM; texts that mean missing, to a reason |
| `on_reject` | `refuse` (default): one rejected value and nothing lands; `list`: the rest lands |

It ends with a reconciliation: values in = landed + missing + left out + superseded + rejected, for each file. Superseded are
earlier values of the same item on the same day, and repetitions of what is asked once a person; a second answer that
differs there (two sexes) is rejected. Rejected values are in `rejected.csv` and in the table `rejected`, with
file, line, column, text and reason.
"""


def snapshot_page() -> str:
    """The page as Markdown."""
    return _HEAD + "\n## Tables\n" + "".join(_table(table) for table in TABLES.values())


def _table(table: Table) -> str:
    rows = "".join(f"| `{c.name}` | {c.type} | {c.meaning} |\n" for c in table.columns)
    order = ", ".join(f"`{name}`" for name in table.order)
    title = f"\n### {table.file}\n\n{table.meaning[0].upper()}{table.meaning[1:]}. Sorted by {order}.\n\n"
    return f"{title}| column | type | meaning |\n|---|---|---|\n{rows}"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(snapshot_page(), encoding="utf-8")
