"""Titles that are missing, and characters in a record's texts that nobody typed on purpose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from trialrun.registry.lint_check import Hits
from trialrun.registry.record import Record

_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff\ufffd\u200b\u2060\ufeff]"
)
_MARKUP = re.compile(
    r"<\s{0,3}/?\s{0,3}(?:script|iframe|object|embed|svg|img|style|link|form|a|p|br|div|span|b|i|u|ul|ol|li|table|sup|sub)\b[^<>]{0,200}>",
    re.IGNORECASE,
)
_MOST = 20


def untitled(record: Record) -> Hits:
    """No number, title, summary or condition: nobody finds the trial."""
    for module, key, name, value in (
        ("identificationModule", "nctId", "registration number", record.registry_id),
        ("identificationModule", "briefTitle", "short title", record.brief_title),
        ("descriptionModule", "briefSummary", "summary", record.brief_summary),
        ("conditionsModule", "conditions", "condition", "".join(record.conditions)),
        ("sponsorCollaboratorsModule", "leadSponsor", "lead sponsor", record.sponsor),
    ):
        if not value.strip():
            yield f"{module}.{key}", f"the record has no {name}"


def hidden_characters(record: Record) -> Hits:
    """Control characters, characters that turn the direction of reading, halves of characters."""
    for found, (place, text) in enumerate(_suspicious(record, _HIDDEN)):
        if found >= _MOST:
            yield "protocolSection", f"more than {_MOST} texts have such characters"
            return
        codes = sorted({f"U+{ord(char):04X}" for char in _HIDDEN.findall(text)})
        yield place, f"the text has invisible or damaged characters: {', '.join(codes[:8])}"


def markup(record: Record) -> Hits:
    """Tags of a web page inside a text: shown as they stand, never run."""
    for found, (place, text) in enumerate(_suspicious(record, _MARKUP)):
        if found >= _MOST:
            return
        match = _MARKUP.search(text)
        yield (
            place,
            f"the text holds markup, which is shown as text: {match.group(0)[:60]!r}" if match else "",
        )


def _suspicious(record: Record, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for place, text in _texts(record.document.get("protocolSection"), ""):
        if pattern.search(text):
            yield place, text


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    waiting: list[tuple[Any, str]] = [(value, place)]
    while waiting:
        one, at = waiting.pop()
        if isinstance(one, Mapping):
            inside = [
                (part, f"{at}.{_HIDDEN.sub('?', str(key))[:60]}".lstrip(".")) for key, part in one.items()
            ]
            waiting.extend(reversed(inside))
        elif isinstance(one, tuple | list):
            waiting.extend(reversed([(part, f"{at}[{order}]") for order, part in enumerate(one)]))
        elif isinstance(one, str):
            yield at, one
