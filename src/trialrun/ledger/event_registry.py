"""What an event type is: its fields, their meaning, and how old versions are read.

A type is never edited once a log may hold it. A change is a new schema number and an upcaster that
reads the old data as the new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trialrun.errors import LedgerError

Upcaster = Callable[[Mapping[str, Any]], tuple[str, Mapping[str, Any]]]

_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "text": str,
    "date": str,
    "integer": int,
    "boolean": bool,
    "list": (list, tuple),
    "map": Mapping,
}
_SIMPLE: Mapping[str, type] = {"text": str, "date": str, "integer": int, "boolean": bool}
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event's data: kind (`text`, `date`, `integer`, `boolean`, `list`, `map`) and meaning."""

    name: str
    kind: str
    meaning: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event: name (noun + past participle), schema number, stream, meaning, fields."""

    name: str
    schema: int
    stream: str
    meaning: str
    fields: tuple[Field, ...]
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(part.name for part in self.fields))


@dataclass(frozen=True, slots=True)
class Registry:
    """All event types by name, and the upcasters by (name, old schema)."""

    types: Mapping[str, EventType]
    upcasters: Mapping[tuple[str, int], Upcaster] = field(default_factory=dict[tuple[str, int], Upcaster])

    def check(self, name: str, data: Mapping[str, Any]) -> EventType:
        """The type of that name, if the data fit it.

        Errors: `LedgerError` naming type and field.
        """
        kind = self.types.get(name)
        if kind is None:
            raise LedgerError(f"there is no event type {name!r}")
        for extra in sorted(data.keys() - kind.names):
            raise LedgerError(f"event {name}: field {extra!r} is not one of {', '.join(sorted(kind.names))}")
        for part in kind.fields:
            value = data.get(part.name, _ABSENT)
            if type(value) is _SIMPLE.get(part.kind):
                continue  # nearly every field: right, and with one JSON text
            if value is not _ABSENT:
                _check_kind(name, part, value)
                _check_plain(name, value)
            elif not part.optional:
                raise LedgerError(f"event {name}: field {part.name!r} is missing")
        return kind

    def upcast(self, name: str, schema: int, data: Mapping[str, Any]) -> tuple[str, int, Mapping[str, Any]]:
        """Name, schema and data as the present program reads them.

        Errors: `LedgerError` for a type or schema that is unknown or newer than this program.
        """
        while (step := self.upcasters.get((name, schema))) is not None:
            name, data = step(data)
            schema += 1
        kind = self.types.get(name)
        if kind is None or kind.schema != schema:
            raise LedgerError(
                f"event type {name!r} schema {schema} is not known to this version of the program",
                "open the log with the version that wrote it, or a newer one",
            )
        return name, schema, data


def _check_kind(name: str, part: Field, value: object) -> None:
    wanted = _KINDS[part.kind]
    fits = isinstance(value, wanted) and not (part.kind == "integer" and isinstance(value, bool))
    if not fits:
        raise LedgerError(f"event {name}: field {part.name!r} is {value!r}, not a {part.kind}")


def _check_plain(name: str, value: object) -> None:
    """Only what has one JSON text in every language: no floating-point number, no other object."""
    if value is None or isinstance(value, (str, bool, int)):
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise LedgerError(f"event {name}: the key {key!r} is not a text")
            _check_plain(name, inner)
        return
    if isinstance(value, (list, tuple)):
        for inner in value:
            _check_plain(name, inner)
        return
    raise LedgerError(f"event {name}: {value!r} has no single JSON text", "write numbers as text")


def declare(name: str, stream: str, meaning: str, *fields: str, schema: int = 1) -> EventType:
    """A type from lines `name kind? meaning`; a question mark behind the kind makes it optional."""
    parts: list[Field] = []
    for line in fields:
        field_name, kind, text = line.split(" ", 2)
        parts.append(Field(field_name, kind.rstrip("?"), text, optional=kind.endswith("?")))
    return EventType(name, schema, stream, meaning, tuple(parts))
