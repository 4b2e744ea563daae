"""The few shapes every part of the study's JSON Schema is made of."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

Schema = dict[str, Any]

# No double underscore: `x__low` and `x__high` are the bounds of `x` in a rule.
NAME = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
CRITERION_NAME = r"^[A-Z][A-Za-z0-9_]*$"
DURATION = r"^P(?!$)(\d+M)?(\d+W)?(\d+D)?$"
DATE = r"^\d{4}-\d{2}-\d{2}$"


def text(about: str) -> Schema:
    """Text that is not empty."""
    return {"type": "string", "minLength": 1, "description": about}


def name_of(about: str) -> Schema:
    """A name of the study's own."""
    return {"type": "string", "pattern": NAME, "description": about}


def flag(about: str, default: bool) -> Schema:
    """True or false."""
    return {"type": "boolean", "default": default, "description": about}


def whole(about: str, low: int = 0) -> Schema:
    """A whole number from `low` up."""
    return {"type": "integer", "minimum": low, "description": about}


def number(about: str) -> Schema:
    """A number."""
    return {"type": "number", "description": about}


def one_of(kind: type[StrEnum], about: str) -> Schema:
    """One value of a list."""
    return {"enum": [member.value for member in kind], "description": about}


def list_of(each: Schema, about: str) -> Schema:
    """A list whose entries are all of one shape."""
    return {"type": "array", "items": each, "description": about}


def entry(about: str, needed: tuple[str, ...], /, **properties: Schema) -> Schema:
    """A mapping with these keys and no other; `needed` must be there."""
    return {
        "type": "object",
        "description": about,
        "properties": properties,
        "required": list(needed),
        "additionalProperties": False,
    }


def section(about: str, each: Schema, pattern: str = NAME) -> Schema:
    """Entries by name."""
    return {
        "type": "object",
        "description": about,
        "propertyNames": {"pattern": pattern},
        "additionalProperties": each,
    }
