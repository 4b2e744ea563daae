"""What a score is: its inputs, steps, bounds and sources, all as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

Scalar = float | bool | str


class InputType(StrEnum):
    """What an input holds."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"


class Direction(StrEnum):
    """How the score moves with an input."""

    RAISES = "raises"
    LOWERS = "lowers"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a missing input can do to the score.

    Args:
        direction: `either` where it depends on the others, so that both ends are tried.
        first, last: the ends of what the input can be (beyond which nothing changes): a number, a
            choice code, a truth value, or a rule over the other inputs as text.
    """

    direction: Direction
    first: Scalar
    last: Scalar

    def end(self, *, greatest: bool) -> Scalar:
        """The end that makes the score least, or greatest; for `either` the two are told apart elsewhere."""
        return self.last if greatest == (self.direction is Direction.RAISES) else self.first


@dataclass(frozen=True, slots=True, eq=False)
class ScoreInput:
    """One input of a score.

    Args:
        name: the column it is read from; its unit stands in `<name>_unit`.
        symbol: its name in the steps (differs where the column is called `value`).
        unit: UCUM unit of the steps; "" for none, `same` for one shared by all inputs marked so.
        analyte: the substance, for conversion and doubt.
        choices: codes of a choice; synonyms: other words for them.
        aliases, unit_aliases: other column names it is found under.
        allowed: the only numbers it may be; refuse: limits beyond which it is refused, in `unit`.
        if_absent: what is taken when the input was not asked at all (never when it was asked and is
            empty), with `if_absent_says` as the sentence that tells so.
        gate: decides whether the score applies at all, and does not enter the steps.
        unanswerable: choice codes for which the score has no number, and what to do then.
        only_for: the components that need it; the value does without.
        unit_needed: a value without unit is refused even where the substance has a usual one.
        unit_like: takes the unit of that input when it has none of its own.
        plausible: whether the substance's limits apply to it.
        effect: what it can do while it is missing; None when that is not known.
    """

    name: str
    symbol: str
    type: InputType
    label: str
    unit: str = ""
    analyte: str = ""
    choices: tuple[str, ...] = ()
    synonyms: Mapping[str, str] = field(default_factory=dict[str, str])
    aliases: tuple[str, ...] = ()
    unit_aliases: tuple[str, ...] = ()
    allowed: tuple[float, ...] = ()
    refuse: tuple[float, float] | None = None
    refuse_below: float | None = None
    if_absent: Scalar | None = None
    if_absent_says: str = ""
    gate: bool = False
    unanswerable: Mapping[str, str] = field(default_factory=dict[str, str])
    only_for: tuple[str, ...] = ()
    unit_needed: bool = False
    unit_like: str = ""
    plausible: bool = True
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A named rule in the expression language."""

    name: str
    rule: str
    label: str = ""
    unit: str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResultKind:
    """What the value is called, its unit and the ends of its range, where it has them."""

    label: str
    unit: str
    lowest: float | None = None
    highest: float | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: inputs as (value, unit) or value, what comes out, and who says so."""

    inputs: Mapping[str, Scalar | tuple[float, str]]
    value: float
    tolerance: float
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """One score exactly as one source defines it; a variant is another score, never a switch.

    Args:
        steps: in the order written; value: the rule of the result, named `value`.
        bands: components that rest on the value (class, zone, grade), given also for bounds that agree.
        components: the steps shown beside the value.
        formula, bounds, rounding, notes: the same in words.
        in_force: first and last day of the rule, where it is one.
        evidence: how well the source was read (V, A, R, K, D).
    """

    name: str
    label: str
    purpose: str
    result: ResultKind
    inputs: tuple[ScoreInput, ...]
    steps: tuple[Step, ...]
    value: Step
    bands: tuple[Step, ...]
    components: tuple[str, ...]
    formula: str
    bounds: str
    rounding: str
    notes: tuple[str, ...]
    sources: tuple[str, ...]
    evidence: str
    example: Example
    aliases: tuple[str, ...] = ()
    in_force: tuple[date | None, date | None] = (None, None)
    place: str = ""

    def input(self, name: str) -> ScoreInput:
        """The input of that name. Errors: `KeyError`."""
        for each in self.inputs:
            if each.name == name:
                return each
        raise KeyError(name)

    @property
    def shown(self) -> tuple[str, ...]:
        """The names of all components, bands first."""
        return (*(band.name for band in self.bands), *self.components)
