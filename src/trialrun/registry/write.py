"""Write a record as ClinicalTrials.gov v2 JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trialrun.registry.record import PROVENANCE_KEY, Record, thaw


def document_of(record: Record) -> dict[str, Any]:
    """The record as a plain v2 document.

    A copy that names its source itself, as a v2 download does, is returned as it was read. A record
    from a page carries its provenance under the top-level key `provenance`, which the v2 shape does not use.
    """
    document: dict[str, Any] = thaw(record.document)
    origin = record.provenance
    if origin.layout in ("", "v2-json"):
        return document
    document[PROVENANCE_KEY] = {
        key: value
        for key, value in {
            "source": origin.source,
            "copied": origin.copied,
            "notice": origin.notice,
            "file": origin.file,
            "sha256": origin.sha256,
            "layout": origin.layout,
            "page_only": thaw(origin.page_only),
        }.items()
        if value
    }
    return document


def record_text(record: Record) -> str:
    """The record as JSON text, two spaces an indent, letters of all scripts as they are."""
    return json.dumps(document_of(record), indent=2, ensure_ascii=False) + "\n"


def write_record(record: Record, path: Path) -> Path:
    """Write the record as v2 JSON; reading the file again gives an equal record."""
    path.write_bytes(record_bytes(record))
    return path


def record_bytes(record: Record) -> bytes:
    """What `write_record` writes."""
    return record_text(record).encode("utf-8", "surrogatepass")
