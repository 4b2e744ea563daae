"""Events: what happened, frozen and versioned, each bound to the one before it in its stream.

The body of an event is canonical JSON (keys sorted, no spaces, UTF-8, no floating-point numbers);
its hash is the SHA-256 of that text, and the text contains the hash of the previous event of the
stream. The position in the whole log and the running `link` over all streams are given when the
store writes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from trialrun.errors import LedgerError
from trialrun.ledger.commands import Actor
from trialrun.ledger.event_types import REGISTRY, Registry

NO_HASH = "0" * 64
BODY_KEYS = (
    "at", "by", "data", "previous", "reason", "role", "schema", "site", "stream", "study_hash", "type", "version",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is decided but not yet in a stream: no version, no hash."""

    stream: str
    type: str
    data: Mapping[str, Any]
    reason: str = ""


class Event(
    NamedTuple
):  # made twice for every append, and a frozen dataclass takes ten times as long to make
    """One entry of the log.

    `position` counts from 1 over the whole log, `version` from 1 within the stream; both are free
    of gaps. `at` is UTC. `body` is the exact text the hash is made from.
    """

    stream: str
    version: int
    position: int
    type: str
    schema: int
    at: str
    by: str
    role: str
    site: str
    reason: str
    study_hash: str
    data: Mapping[str, Any]
    previous: str
    hash: str
    body: str
    link: str = ""

    @property
    def when(self) -> datetime:
        """`at` as a time."""
        return datetime.fromisoformat(self.at)


_ENCODE = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
).encode


def canonical(value: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces, no escapes beyond what JSON demands."""
    return _ENCODE(value)


def digest(text: str) -> str:
    """SHA-256 of a text's UTF-8 bytes, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def next_link(link: str, position: int, event_hash: str) -> str:
    """The running hash over all streams: binds each event's position and the order of the log."""
    return digest(f"{link}{position}{event_hash}")


def utc_text(moment: datetime) -> str:
    """A time as the log writes it: UTC with microseconds and a Z.

    Errors: `LedgerError` for a time without zone, which could mean any hour.
    """
    if moment.tzinfo is None:
        raise LedgerError("a time without a time zone cannot be logged", "pass an aware datetime")
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def chain_events(
    new: Iterable[NewEvent],
    *,
    version: int,
    previous: str,
    now: datetime,
    actor: Actor,
    study_hash: str,
    registry: Registry = REGISTRY,
) -> tuple[Event, ...]:
    """Put decided events of one stream behind its head (`version`, `previous`), hashes computed.

    Errors: `LedgerError` when a type is unknown or its data do not fit the registered fields.
    """
    at = utc_text(now)
    chained: list[Event] = []
    for event in new:
        kind = registry.check(event.type, event.data)
        version += 1
        body = canonical(
            {
                "at": at,
                "by": actor.user,
                "data": event.data,
                "previous": previous,
                "reason": event.reason,
                "role": actor.role,
                "schema": kind.schema,
                "site": actor.site,
                "stream": event.stream,
                "study_hash": study_hash,
                "type": event.type,
                "version": version,
            }
        )
        event_hash = digest(body)
        chained.append(
            Event(
                event.stream,
                version,
                0,
                event.type,
                kind.schema,
                at,
                actor.user,
                actor.role,
                actor.site,
                event.reason,
                study_hash,
                event.data,
                previous,
                event_hash,
                body,
            )
        )
        previous = event_hash
    return tuple(chained)


def read_event(
    body: str, event_hash: str, position: int, link: str, *, registry: Registry = REGISTRY
) -> Event:
    """An event from its stored body, its data brought up to the present schema.

    The hash stays that of the body as written; only the reading is brought up to date.
    Errors: `LedgerError` when the body is not one of this program's.
    """
    try:
        fields = json.loads(body)
        name, schema, data = registry.upcast(fields["type"], fields["schema"], fields["data"])
        return Event(
            stream=fields["stream"],
            version=fields["version"],
            position=position,
            type=name,
            schema=schema,
            at=fields["at"],
            by=fields["by"],
            role=fields["role"],
            site=fields["site"],
            reason=fields["reason"],
            study_hash=fields["study_hash"],
            data=data,
            previous=fields["previous"],
            hash=event_hash,
            body=body,
            link=link,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise LedgerError(
            f"log position {position}: the entry is not a readable event ({error})",
            "run `trialrun verify` and restore from a backup",
        ) from error


def placed(event: Event, position: int, link: str) -> Event:
    """The event with its place in the whole log, behind `link`."""
    return event._replace(position=position, link=next_link(link, position, event.hash))
