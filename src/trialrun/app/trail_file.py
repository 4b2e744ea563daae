"""The audit trail as a file: written to disk line by line, its checksum recorded, gone once it is sent."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trialrun.app.csv_text import csv_text
from trialrun.app.language import gettext as _
from trialrun.app.trail import CSV_COLUMNS, Trail, TrailChoice, choice_words, csv_rows, json_line
from trialrun.ledger.commands import Actor, RecordExport

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A file on disk that is to be sent once: its name for the reader, its SHA-256 and size."""

    path: Path
    name: str
    media_type: str
    checksum: str
    size: int

    def chunks(self) -> Iterator[bytes]:
        """Its bytes piece by piece; the file is removed at the end, or when the reader goes away."""
        try:
            with self.path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
        finally:
            self.path.unlink(missing_ok=True)


def written(parts: Iterable[bytes], name: str, media_type: str) -> PreparedFile:
    """Parts written to a temporary file only this user can read."""
    handle, place = tempfile.mkstemp(prefix="trialrun-")
    total, size = hashlib.sha256(), 0
    try:
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                total.update(part)
                size += len(part)
                file.write(part)
    except BaseException:
        Path(place).unlink(missing_ok=True)
        raise
    return PreparedFile(Path(place), name, media_type, total.hexdigest(), size)


def trail_file(workspace: Workspace, actor: Actor, choice: TrailChoice, kind: str) -> PreparedFile:
    """The chosen entries, the oldest first, as `csv` or `jsonl`; that it was taken is an entry of the log.

    Identifying values are withheld whoever asks: a file leaves the system's protection.
    Errors: `CommandRefusedError` for a role that may not take data out.
    """
    trail = Trail(workspace, actor)
    trail.words.identity = False
    made = written(_parts(trail, choice, kind), f"audit-trail.{kind}", FORMATS[kind])
    try:
        words = _("audit trail, {choice}").format(choice=choice_words(choice))
        workspace.do(RecordExport("audit trail", words, made.checksum, kind), actor)
    except BaseException:
        made.path.unlink(missing_ok=True)
        raise
    return made


def _parts(trail: Trail, choice: TrailChoice, kind: str) -> Iterator[bytes]:
    if kind == "csv":
        yield ("\ufeff" + csv_text(CSV_COLUMNS, ())).encode()
    for row in trail.find(choice, upwards=True):
        if kind == "csv":
            yield _lines(csv_rows(trail, row))
        else:
            yield f"{json_line(trail, row)}\n".encode()


def _lines(rows: Iterable[tuple[object, ...]]) -> bytes:
    """Rows as CSV without a heading."""
    return csv_text(("x",), rows).partition("\r\n")[2].encode()
