"""What a rule may speak about: types, symbols, and a rule that has passed the checks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trialrun.expressions.nodes import Node


class Type(StrEnum):
    """What a part of a rule holds. Whole numbers are numbers."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    CHOICE = "choice"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name a rule may use.

    Args:
        name: as written in rules.
        type: what it holds.
        label: for the sentence in English; the name when empty.
        unit: UCUM; `None` or a pure annotation such as `{INR}` is a plain number.
        analyte: what is measured, for conversions between mass and amount of substance.
        choices: the codes of a choice, in order (order matters only for bounds).
        bounded: `NAME__low` and `NAME__high` bound what the value can be while it is not known.
        lowest: the least value it can ever have, if there is one.
        highest: the greatest value it can ever have, if there is one.
        choice_labels: the words of the choices, as (code, label).
    """

    name: str
    type: Type
    label: str = ""
    unit: str | None = None
    analyte: str | None = None
    choices: tuple[str, ...] = ()
    bounded: bool = False
    lowest: float | None = None
    highest: float | None = None
    choice_labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """A rule whose names, types and units fit.

    Args:
        node: the rule as written.
        type: what it gives; `None` for a bare NULL.
        unit: of a number; `None` is a plain number.
        core: the rule with unit conversions worked out; what is rewritten and run.
        flexible: made of bare literals only, so it takes any unit.
        codes: the choice codes it can give, when it gives a choice or literal texts.
        analyte: what is measured, while that is still known.
    """

    node: Node
    type: Type | None
    unit: str | None
    core: Node
    flexible: bool = False
    codes: tuple[str, ...] = ()
    analyte: str | None = None
