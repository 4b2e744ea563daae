"""The log as a plain file: JSON Lines, a header and one entry a line, readable without this program.

Each line holds the entry's body and beside it `position`, `hash` and `link`. The body's canonical
JSON (sorted keys, no spaces, UTF-8) is what the hash is made of.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trialrun.errors import LedgerError
from trialrun.ledger.events import BODY_KEYS, canonical, read_event
from trialrun.ledger.store import Store
from trialrun.ledger.store.reading import Reader

FORMAT = "trialrun-ledger"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One exported entry."""

    position: int
    hash: str
    link: str
    body: str


def write_export(store: Reader, path: Path) -> str:
    """Write the whole log up to now; returns the file's SHA-256.

    The file appears under its name only when it is complete.
    """
    position, link = store.position()
    header = {"format": FORMAT, "version": VERSION, "position": position, "link": link}
    total = hashlib.sha256()
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:

        def write(text: str) -> None:
            raw = f"{text}\n".encode()
            total.update(raw)
            file.write(raw)

        write(canonical(header))
        for body, event_hash, at, running in store.raw(upto=position):
            write(_line(body, event_hash, at, running))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return total.hexdigest()


def _line(body: str, event_hash: str, position: int, link: str) -> str:
    fields = json.loads(body)
    return canonical({**fields, "hash": event_hash, "link": link, "position": position})


def read_header(path: Path) -> Mapping[str, Any]:
    """The header of an export.

    Errors: `LedgerError` when the file is no export, or of a version this program does not read.
    """
    try:
        with path.open(encoding="utf-8") as file:
            header = json.loads(file.readline())
        known = (
            header["format"] == FORMAT
            and isinstance(header["position"], int)
            and isinstance(header["link"], str)
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LedgerError(
            f"{path}: not an exported log ({error})", "give a file written by the export"
        ) from error
    if not known or header["version"] != VERSION:
        raise LedgerError(
            f"{path}: not an exported log of version {VERSION}", "use the version that wrote it"
        )
    return header


def read_lines(path: Path) -> Iterator[tuple[int, Line | str]]:
    """The entries with their line numbers; a line that cannot be read comes as the reason why."""
    with path.open(encoding="utf-8", errors="replace") as file:
        file.readline()
        for number, text in enumerate(file, start=2):
            try:
                fields = json.loads(text)
                body = canonical({name: fields[name] for name in BODY_KEYS})
                line = Line(fields["position"], fields["hash"], fields["link"], body)
                whole = set(fields) == {*BODY_KEYS, "position", "hash", "link"} and text.endswith("\n")
                yield number, line if whole else f"line {number} is not one whole entry"
            except (ValueError, KeyError, TypeError) as error:
                yield number, f"line {number} cannot be read: {error}"


def restore(path: Path, store: Store) -> int:
    """Bring an export back into an empty store: same entries, positions, hashes and heads.

    Returns the number of entries. Identity keys are not part of an export.
    Errors: `LedgerError` when the export does not verify, or the store is not empty; nothing is
    written then.
    """
    from trialrun.ledger.verify import verify_export

    findings = verify_export(path)
    if findings:
        raise LedgerError(f"{path}: the export is damaged: {findings[0]}", "use another copy")
    events = (
        read_event(line.body, line.hash, line.position, line.link)
        for _, line in read_lines(path)
        if isinstance(line, Line)
    )
    return store.restore(events)
