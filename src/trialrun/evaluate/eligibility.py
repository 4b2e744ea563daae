"""The outcome of a list of criteria for one person, with a reason for every answer.

Supports, never replaces, the investigator's judgement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """The answer of one criterion. Unknown never passes and never fails."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


class EligibilityStatus(StrEnum):
    """The answer of all criteria together."""

    ELIGIBLE = "eligible"
    NOT_ELIGIBLE = "not_eligible"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class ValueUsed:
    """A value a criterion was decided with; `on` is the day it was collected, when that is known."""

    name: str
    label: str
    value: Any
    unit: str | None = None
    on: date | None = None

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit and not self.unit.startswith("{") else ""
        day = f" ({self.on.isoformat()})" if self.on else ""
        return f"{self.label}: {_shown(self.value)}{unit}{day}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class CriterionOutcome:
    """One criterion on one person.

    Args:
        id: the criterion's name.
        inclusion: an inclusion passes on met, an exclusion on not met.
        outcome: met, not met, unknown.
        values: what it was decided with.
        missing: what would have to be known; empty when the outcome is known.
        words: the rule in plain English.
        text: the record's words.
        attested_by: who vouches for the answers.
        possible: what a value not known exactly can still be, e.g. `Child-Pugh score: 7 to 9`.
        advice: what to do about an unknown, where nothing is merely missing.
    """

    id: str
    inclusion: bool
    outcome: Outcome
    values: tuple[ValueUsed, ...] = ()
    missing: tuple[str, ...] = ()
    words: str = ""
    text: str = ""
    attested_by: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    advice: str = ""

    @property
    def passes(self) -> bool | None:
        """Whether it lets the person in; `None` while unknown."""
        if self.outcome is Outcome.UNKNOWN:
            return None
        return (self.outcome is Outcome.MET) is self.inclusion


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The whole answer. `deciding` names the criteria that make it what it is.

    Not eligible: those that fail. Undecided: those that are unknown. Eligible: none.
    `flags` are remarks for the investigator; they decide nothing.
    """

    status: EligibilityStatus
    outcomes: tuple[CriterionOutcome, ...]
    deciding: tuple[str, ...]
    flags: tuple[str, ...] = ()

    def outcome(self, criterion: str) -> CriterionOutcome:
        """The outcome of one criterion. Errors: `KeyError`."""
        for one in self.outcomes:
            if one.id == criterion:
                return one
        raise KeyError(criterion)

    @property
    def missing(self) -> tuple[str, ...]:
        """Everything that is missing for an answer, each once."""
        return tuple(dict.fromkeys(name for one in self.outcomes for name in one.missing))


def conclude(outcomes: Sequence[CriterionOutcome], flags: Sequence[str] = ()) -> Eligibility:
    """Eligible only when every inclusion is met and every exclusion is not met (Kleene AND).

    One that fails decides, whatever is unknown; otherwise one unknown leaves it undecided. With no
    criterion at all it is undecided: an empty list has examined nobody.
    """
    failed = tuple(one.id for one in outcomes if one.passes is False)
    if failed:
        return Eligibility(EligibilityStatus.NOT_ELIGIBLE, tuple(outcomes), failed, tuple(flags))
    unknown = tuple(one.id for one in outcomes if one.passes is None)
    if unknown or not outcomes:
        return Eligibility(EligibilityStatus.UNDECIDED, tuple(outcomes), unknown, tuple(flags))
    return Eligibility(EligibilityStatus.ELIGIBLE, tuple(outcomes), (), tuple(flags))


def outcome_of(value: bool | None) -> Outcome:
    """The outcome a rule's truth value stands for."""
    if value is None:
        return Outcome.UNKNOWN
    return Outcome.MET if value else Outcome.NOT_MET
