"""A number or range with its sign and unit, before it is known what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass

from trialrun.registry.comparison import Sign
from trialrun.registry.eligibility.units import Unit


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number or range with what stands around it.

    Args:
        start, end: from its sign to its unit.
        number: where its first digit stands.
        sign: the comparison; None where none is written.
        values: its numbers, lower first for a range; two without a range for "140/90".
        unit: as written, with the time it counts or the limit it multiplies.
        words: the words of the sign in lower case.
        doubts: why a machine should not act on it.
        joined_from, joined_to: where the quantity it is joined to begins or ends; below 0 without one.
    """

    start: int
    end: int
    number: int
    sign: Sign | None
    values: tuple[str, ...]
    unit: Unit
    words: str = ""
    doubts: tuple[str, ...] = ()
    joined_from: int = -1
    joined_to: int = -1

    @property
    def head(self) -> int:
        """Where it begins, with the quantity it is joined to ("≥ 1 and ≤ 6 months")."""
        return self.start if self.joined_from < 0 else self.joined_from

    @property
    def tail(self) -> int:
        """Where it ends, with the quantity it is joined to."""
        return self.end if self.joined_to < 0 else self.joined_to
