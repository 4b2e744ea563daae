"""The study hash: what a signature, an event and a snapshot are bound to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, cast

_ORDERED = ("items", "forms", "visits", "criteria", "derived", "arms", "endpoints", "assumptions", "roles")


def study_hash(
    study: Mapping[str, Any], record: Mapping[str, Any], consents: Iterable[tuple[str, str]]
) -> str:
    """SHA-256 over the content of a study folder: parsed study.yaml, record.json and consent texts.

    Comments, white space, quoting and the order of keys within an entry do not count; the order of
    the entries of a section does, because forms and criteria are shown and reported in it.
    """
    content = {
        "study": {key: _in_order(key, value) for key, value in study.items()},
        "record": record,
        "consents": sorted(consents),
    }
    text = json.dumps(_canonical(content), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def text_hash(text: str) -> str:
    """SHA-256 of a text as a signer reads it: line ends and trailing blanks do not count."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    return hashlib.sha256("\n".join(lines).strip().encode("utf-8")).hexdigest()


def _in_order(key: str, value: Any) -> Any:
    """A section with the order of its entries, where people see them in it."""
    if key == "analysis" and isinstance(value, dict):
        return {name: _ordered(part) for name, part in cast("dict[str, Any]", value).items()}
    return _ordered(value) if key in _ORDERED else value


def _ordered(section: Any) -> Any:
    return list(cast("dict[str, Any]", section).items()) if isinstance(section, dict) else section


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _canonical(inner) for key, inner in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_canonical(inner) for inner in cast("list[Any]", value)]
    if isinstance(value, Decimal | float):
        return {"number": format(Decimal(str(value)).normalize(), "f")}
    if isinstance(value, int) and not isinstance(value, bool):
        return {"number": str(value)}
    if isinstance(value, str):
        return value.strip()
    return value
