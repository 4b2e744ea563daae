"""Missing values: absence with its reason, never a default."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MissingReason(StrEnum):
    """Why a value is not there. Every reason counts as unknown in a rule."""

    NOT_DONE = "not_done"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    NOT_APPLICABLE = "not_applicable"
    ILLEGIBLE = "illegible"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class Missing:
    """A value known to be absent, and why."""

    reason: MissingReason = MissingReason.NOT_ASKED
    note: str = ""

    def __bool__(self) -> bool:
        return False
