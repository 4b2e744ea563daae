"""The manifest: what a snapshot is a snapshot of, and the checksum of every file in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from trialrun.errors import UserError
from trialrun.snapshot.layout import LAYOUT_VERSION, MANIFEST

PURPOSES = ("rehearsal", "import", "interim", "final")


class SnapshotError(UserError):
    """A snapshot is damaged, incomplete or of another layout."""

    exit_code = 5


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a snapshot's data come from.

    Args:
        purpose: `rehearsal`, `import`, `interim` or `final`.
        study_id, study_hash: the definition the data were collected under.
        record_source: the registry record's identifier and version date.
        ledger_position: last log entry included; 0 for an import.
        heads: hash of the last entry of each stream, by stream.
        seal: hash of the last seal at or before the position; empty when none.
        created_at: UTC time of the cut, ISO 8601, as given by the caller.
        code_version: version of this program.
        synthetic: the participants are simulated.
        seed: seed of the simulation.
        notes: what else a reader must know, in whole sentences.
        sources: name and SHA-256 of imported files.
    """

    purpose: str
    study_id: str
    study_hash: str
    created_at: str
    code_version: str
    record_source: str = ""
    ledger_position: int = 0
    heads: Mapping[str, str] = field(default_factory=dict[str, str])
    seal: str = ""
    synthetic: bool = False
    seed: int | None = None
    notes: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        if self.purpose not in PURPOSES:
            raise SnapshotError(
                f"{self.purpose!r} is not a purpose of a snapshot", f"use one of {', '.join(PURPOSES)}"
            )


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of the snapshot: rows it holds and its SHA-256."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Origin of a snapshot and the checksum of each of its files."""

    origin: Origin
    files: Mapping[str, FileEntry]
    layout: int = LAYOUT_VERSION

    def as_data(self) -> dict[str, Any]:
        """The manifest as plain data for JSON."""
        return {
            "layout": self.layout,
            "origin": asdict(self.origin),
            "files": {name: asdict(self.files[name]) for name in sorted(self.files)},
        }

    def text(self) -> str:
        """The manifest as it stands in its file: sorted keys, one byte sequence per content."""
        return json.dumps(self.as_data(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @property
    def hash(self) -> str:
        """SHA-256 of the manifest's text: the name of the whole snapshot."""
        return hashlib.sha256(self.text().encode()).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Read `manifest.json`.

    Errors: `SnapshotError` when it is missing, not JSON, or of a layout this program does not know.
    """
    path = folder / MANIFEST
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        layout = data["layout"]
        origin = dict(data["origin"])
        files = {name: FileEntry(**entry) for name, entry in data["files"].items()}
    except FileNotFoundError as error:
        raise SnapshotError(
            f"{folder} is not a snapshot: it has no {MANIFEST}", "cut one with `trialrun cut`"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SnapshotError(f"{path} cannot be read: {error}", "cut the snapshot again") from error
    if layout != LAYOUT_VERSION:
        raise SnapshotError(
            f"{path} has layout {layout}, this program reads layout {LAYOUT_VERSION}",
            "cut the snapshot again",
        )
    try:
        origin["notes"] = tuple(origin["notes"])
        return Manifest(Origin(**origin), files)
    except (KeyError, TypeError) as error:
        raise SnapshotError(
            f"{path} lacks a part of its origin: {error}", "cut the snapshot again"
        ) from error
