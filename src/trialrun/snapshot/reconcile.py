"""The account of an import: every value that came in, and what became of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trialrun.snapshot.layout import REJECTED


@dataclass(frozen=True, slots=True)
class Rejected:
    """One value or row that was not taken over, where it stood, and why."""

    source: str
    line: int
    column: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class FileCount:
    """What became of one file: rows read, values in them, and where every value went.

    `rows_rejected` counts rows whose person or day could not be read; their values are among `rejected`.
    """

    rows: int
    values: int
    landed: int
    missing: int
    left_out: int
    superseded: int
    rejected: int
    rows_rejected: int

    @property
    def balanced(self) -> bool:
        """Every value is accounted for exactly once."""
        return self.values == self.landed + self.missing + self.left_out + self.superseded + self.rejected


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How an import ended: counts per file, what was rejected, what was left out and why."""

    mapping: str
    participants: int
    visits: int
    files: Mapping[str, FileCount]
    rejected: tuple[Rejected, ...]
    left_out: Mapping[str, str]
    landed: bool
    snapshot_hash: str = ""
    folder: str = ""

    @property
    def values_in(self) -> int:
        """Values read from all files."""
        return sum(count.values for count in self.files.values())

    @property
    def values_landed(self) -> int:
        """Values that are in the snapshot."""
        return sum(count.landed for count in self.files.values())


def rejected_csv(rejected: Iterable[Rejected]) -> str:
    """The rejected values as a CSV file."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(REJECTED.names())
    writer.writerows([entry.source, entry.line, entry.column, entry.text, entry.reason] for entry in rejected)
    return file.getvalue()
