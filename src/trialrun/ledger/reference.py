"""The reference page of all events, written from the registry itself: `python -m trialrun.ledger.reference docs/reference/events.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from trialrun.ledger.event_types import TYPES, EventType

_HEAD = """# Events of the log

Generated from `src/trialrun/ledger/event_types.py` by `python -m trialrun.ledger.reference docs/reference/events.md`.

Every entry has the same frame; `data` holds what its type says below.

| field | meaning |
|---|---|
| `stream` | `study`, `site/<id>`, `participant/<candidate number>`, `stock/<site>`, `allocation`, `access`, `seal` |
| `version` | number within the stream, from 1 without gaps |
| `type`, `schema` | the type and its schema number; old schemas stay readable |
| `at` | UTC, with microseconds |
| `by`, `role`, `site` | who, in which role, at which site (empty: all) |
| `reason` | why; always filled where saved data change |
| `study_hash` | the study definition in force |
| `previous` | hash of the entry before it in the stream; 64 zeros for the first |
| `data` | the type's own fields |

Beside the entry stand `position` (number in the whole log, from 1 without gaps), `hash` (SHA-256 of the entry's
canonical JSON: sorted keys, no spaces, UTF-8) and `link` (SHA-256 of the link before, the position and the hash,
written one after the other; it binds the order of the whole log).
Numbers are texts, as entered; there are no floating-point numbers in the log.
"""

_STREAMS = {
    "study": "Study",
    "site": "Site",
    "participant": "Participant",
    "stock": "Stock",
    "allocation": "Allocation",
    "access": "Access",
    "seal": "Seal",
}


def events_page() -> str:
    """The page as Markdown."""
    parts = [_HEAD]
    for stream, title in _STREAMS.items():
        parts.append(f"\n## {title}\n")
        parts.extend(_entry(kind) for kind in TYPES.values() if kind.stream == stream)
    return "".join(parts)


def _entry(kind: EventType) -> str:
    lines = [f"\n### {kind.name}\n", f"{kind.meaning} Schema {kind.schema}.\n"]
    if kind.fields:
        lines.append("| field | kind | meaning |\n|---|---|---|")
        for part in kind.fields:
            optional = ", optional" if part.optional else ""
            lines.append(f"| `{part.name}` | {part.kind}{optional} | {part.meaning} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(events_page(), encoding="utf-8")
