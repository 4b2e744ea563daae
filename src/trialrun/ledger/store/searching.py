"""Searching the log: newest first, a page at a time, by position (keyset), never the whole at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trialrun.ledger.events import Event, read_event

if TYPE_CHECKING:
    from trialrun.ledger.store.reading import Reader

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; empty parts do not choose.

    `text` is looked for in the entry as written, in any case; `since` and `until` are UTC times as the log
    writes them, both included; `stream` is one stream.
    """

    stream: str = ""
    actor: str = ""
    types: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    text: str = ""
    item: str = ""


def search(
    reader: Reader, wanted: Search, *, before: int = 0, after: int = 0, upwards: bool = False
) -> Iterator[Event]:
    """Entries that fit, one by one.

    Args:
        reader: the log.
        wanted: what to look for.
        before: only positions below this one (0: to the end).
        after: only positions above this one.
        upwards: the oldest first instead of the newest.
    """
    conditions, values = _conditions(wanted)
    edge = after if upwards else before
    while True:
        rows = _page(reader, conditions, values, edge, before=before, after=after, upwards=upwards)
        for row in rows:
            yield read_event(*row)
        if len(rows) < _PAGE:
            return
        edge = rows[-1][2]


def _page(
    reader: Reader,
    conditions: list[str],
    values: list[Any],
    edge: int,
    *,
    before: int,
    after: int,
    upwards: bool,
) -> list[Any]:
    parts, given = list(conditions), list(values)
    if upwards:
        parts.append("position > ?")
        given.append(edge)
        if before:
            parts.append("position < ?")
            given.append(before)
    else:
        parts.append("position > ?")
        given.append(after)
        if edge:
            parts.append("position < ?")
            given.append(edge)
    order = "ASC" if upwards else "DESC"
    statement = (
        "SELECT body, hash, position, link FROM events "  # noqa: S608 (own conditions, values apart)
        f"WHERE {' AND '.join(parts)} ORDER BY position {order} LIMIT {_PAGE}"
    )
    return reader.fetch(statement, tuple(given))


def _conditions(wanted: Search) -> tuple[list[str], list[Any]]:
    parts: list[str] = []
    values: list[Any] = []
    for condition, value in (
        ("stream = ?", wanted.stream),
        ("actor = ?", wanted.actor),
        ("at >= ?", wanted.since),
        ("at <= ?", wanted.until),
    ):
        if value:
            parts.append(condition)
            values.append(value)
    if wanted.types:
        parts.append(f"type IN ({', '.join('?' for _ in wanted.types)})")
        values += wanted.types
    if wanted.text:
        parts.append("lower(body) LIKE ? ESCAPE '!'")
        values.append(_like(_as_written(wanted.text)))
    if wanted.item:
        parts.append("body LIKE ? ESCAPE '!'")
        values.append(_like(f'"{wanted.item}"'))
    return parts, values


def _as_written(text: str) -> str:
    """The text as it stands within a JSON string, in small letters.

    Letters beyond ASCII stand for anything: databases differ in how they make them small. What is found
    is therefore looked at again by whoever shows it.
    """
    from trialrun.ledger.events import canonical

    return canonical(text)[1:-1].lower()


def _like(text: str) -> str:
    for sign in "!%_":
        text = text.replace(sign, f"!{sign}")
    return "%" + "".join(letter if letter.isascii() else "%" for letter in text) + "%"
