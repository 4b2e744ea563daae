"""The texts of a registry record (ClinicalTrials.gov API v2 shape) a study is compared with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

_BULLET = re.compile(r"^\s*(?:[*•-]|\d+[.)])\s+(.*)$")
_INCLUSION = re.compile(r"inclusion criteria", re.IGNORECASE)
_EXCLUSION = re.compile(r"exclusion criteria", re.IGNORECASE)
# A full stop, then a blank, then something that begins a sentence.
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9(])")
# Fields that are made of sentences; every other text is one sentence.
PROSE = ("descriptionModule.briefSummary", "descriptionModule.detailedDescription")
CRITERIA = "eligibilityModule.eligibilityCriteria"


def module(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A module of the protocol section; empty when there is none, or something else stands in its place."""
    protocol: Any = record.get("protocolSection")
    found: Any = cast("Mapping[str, Any]", protocol).get(name) if isinstance(protocol, Mapping) else None
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def plain_text(text: str | None) -> str:
    """A text with white space evened out and registry escapes (`\\>`) undone."""
    return " ".join((text or "").replace("\\>", ">").replace("\\<", "<").split())


def criteria_bullets(record: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The bullets of the inclusion and the exclusion section."""
    text = str(module(record, "eligibilityModule").get("eligibilityCriteria") or "")
    sections: tuple[list[str], list[str]] = ([], [])
    current = sections[0]
    for line in text.splitlines():
        bullet = _BULLET.match(line)
        if bullet is not None:
            current.append(plain_text(bullet[1]))
        elif _EXCLUSION.search(line):
            current = sections[1]
        elif _INCLUSION.search(line):
            current = sections[0]
        elif line.strip(" -*\t"):
            current[-1:] = [plain_text(" ".join([*current[-1:], line]))]
    return tuple(sections[0]), tuple(sections[1])


def sentences(text: str) -> tuple[str, ...]:
    """A prose text cut into sentences."""
    return tuple(plain_text(part) for part in _SENTENCE_END.split(plain_text(text)) if part.strip())


def record_sentences(record: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Every sentence of a record with its path: prose by sentence, criteria by bullet, fields whole."""
    return tuple(dict.fromkeys(_walk(record.get("protocolSection", {}), "", record)))


def _walk(value: Any, path: str, record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            yield from _walk(inner, f"{path}.{key}" if path else key, record)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _walk(inner, path, record)
    elif path == CRITERIA:
        inclusion, exclusion = criteria_bullets(record)
        yield from ((path, bullet) for bullet in (*inclusion, *exclusion))
    elif path in PROSE:
        yield from ((path, sentence) for sentence in sentences(str(value)))
    elif value is not None:
        yield path, plain_text(str(value))
