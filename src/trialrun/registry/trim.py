"""A record with texts and lists of a length somebody can read, for work that reads every word of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trialrun.registry.record import Record, thaw
from trialrun.values.finding import Finding, Severity

LONGEST_TEXT = 40_000  # registries allow 32,000 characters for the longest field
LONGEST_LIST = 5_000  # the largest trials have some three thousand sites


def trimmed(record: Record) -> tuple[Record, list[Finding]]:
    """The record with overlong texts and lists cut, and a finding for each; the record itself if none is."""
    findings: list[Finding] = []
    protocol = _cut(record.document.get("protocolSection"), "protocolSection", findings)
    if not findings:
        return record, findings
    return Record({**thaw(record.document), "protocolSection": protocol}, record.provenance), findings


def _cut(value: Any, place: str, findings: list[Finding]) -> Any:
    if isinstance(value, Mapping):
        return {key: _cut(part, f"{place}.{str(key)[:60]}", findings) for key, part in value.items()}
    if isinstance(value, tuple | list):
        if len(value) > LONGEST_LIST:
            findings.append(
                Finding(
                    Severity.WARNING,
                    "list-too-long",
                    f"has {len(value):,} entries; only the first {LONGEST_LIST:,} were considered",
                    place,
                    "look at the record: no trial registers as many",
                )
            )
        return [_cut(part, f"{place}[{order}]", findings) for order, part in enumerate(value[:LONGEST_LIST])]
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        findings.append(
            Finding(
                Severity.WARNING,
                "text-too-long",
                f"has {len(value):,} characters; only the first {LONGEST_TEXT:,} were considered: {value[:60]!r}",
                place,
                "look at the record: no registry allows such a text",
            )
        )
        return value[:LONGEST_TEXT]
    return value
