"""A record with texts and lists of a length somebody can read, for work that reads every word of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from trialrun.registry.record import Record, thaw
from trialrun.values.finding import Finding, Severity

LONGEST_TEXT = 40_000  # registries allow 32,000 characters for the longest field
LONGEST_LIST = 5_000  # the largest trials have some three thousand sites
LONGEST_WORD = 1_000  # the longest addresses of pages have some hundred letters
_OVERLONG = re.compile(rf"\S{{{LONGEST_WORD},}}")
_PIECE = re.compile(r"\S{1,60}")


def trimmed(record: Record) -> tuple[Record, list[Finding]]:
    """The record with overlong texts and lists cut, and a finding for each; the record itself if none is."""
    findings: list[Finding] = []
    protocol = _cut(record.document.get("protocolSection"), "protocolSection", findings)
    if not findings:
        return record, findings
    return Record({**thaw(record.document), "protocolSection": protocol}, record.provenance), findings


def legible(record: Record) -> Record:
    """The record as a page can show it: overlong texts and lists cut, and words of a thousand letters made to break.

    A browser takes minutes to lay out a word of some ten thousand letters.
    """
    record, _findings = trimmed(record)
    broken, changed = _broken(thaw(record.document))
    return Record(broken, record.provenance) if changed else record


def _broken(value: Any) -> tuple[Any, bool]:
    if isinstance(value, dict):
        parts = {key: _broken(part) for key, part in cast("dict[str, Any]", value).items()}
        return {key: part for key, (part, _) in parts.items()}, any(odd for _, odd in parts.values())
    if isinstance(value, list):
        entries = [_broken(part) for part in cast("list[Any]", value)]
        return [part for part, _ in entries], any(odd for _, odd in entries)
    if isinstance(value, str) and len(value) > LONGEST_WORD and _OVERLONG.search(value):
        return _OVERLONG.sub(lambda word: "\u200b".join(_PIECE.findall(word[0])), value), True
    return value, False


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
