"""Scores row by row: columns found, cells read, stages run, the unknown explained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from trialrun.errors import ScoreError
from trialrun.scores.model import InputType, Scalar, Score, ScoreInput
from trialrun.scores.program import (
    competing_units,
    needed_for_value,
    pattern_decides,
    score_program,
    usual_unit,
)
from trialrun.scores.reading import Cell, is_empty, no_unit_message, no_unit_remedy, read_cell, unit_inside

if TYPE_CHECKING:
    from trialrun.evaluate.rows import CompiledProgram


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """A score of one person.

    Args:
        value: None when it is unknown or refused.
        components: points, class, zone, intermediate values; None where unknown.
        low, high: the least and greatest value it can still have; equal to the value when known.
        unknown_because: the missing inputs that keep it unknown.
        refused_because: inputs that were refused, each with rule and remedy.
        queried_because: inputs that are used but lie outside the usual.
        notes: what was assumed because it was not asked.
    """

    name: str
    value: float | None
    unit: str
    components: Mapping[str, Scalar | None] = field(default_factory=dict[str, Scalar | None])
    low: float | None = None
    high: float | None = None
    unknown_because: tuple[str, ...] = ()
    refused_because: tuple[str, ...] = ()
    queried_because: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Scalar | None:
        """A component by its name, e.g. `.zone`; a class is also under `["class"]`."""
        try:
            return object.__getattribute__(self, "components")[name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, name: str) -> Scalar | None:
        """A component by its name. Errors: `KeyError`."""
        return self.components[name]

    def __str__(self) -> str:
        if self.value is not None:
            return f"{self.name} {self.value:g}"
        if self.refused_because:
            return f"{self.name} refused: {'; '.join(self.refused_because)}"
        interval = (
            f", between {self.low:g} and {self.high:g}"
            if self.low is not None and self.high is not None
            else ""
        )
        return f"{self.name} unknown because {', '.join(self.unknown_because)} is missing{interval}"


@dataclass(frozen=True, slots=True)
class Binding:
    """Where an input is found: its column, its unit's column, or a unit stated for all rows."""

    input: ScoreInput
    column: str | None
    unit_column: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One row read: values for the stages, and what was wrong with the cells."""

    values: dict[str, Scalar | None]
    refused: tuple[str, ...] = ()
    queried: tuple[str, ...] = ()
    unanswerable: tuple[str, ...] = ()


def bind(score: Score, columns: Iterable[str], units: Mapping[str, str] | None = None) -> tuple[Binding, ...]:
    """Find the score's inputs among columns, by name or alias, capital letters aside.

    Args:
        units: the unit of an input for all rows, where there is no unit column.

    Errors: `ScoreError` when none is there, or `units` names no input.
    """
    by_name = {column.strip().lower(): column for column in reversed(tuple(columns))}
    stated = dict(units or {})
    found: list[Binding] = []
    for each in score.inputs:
        names = (each.name, *each.aliases)
        column = next((by_name[name.lower()] for name in names if name.lower() in by_name), None)
        unit_names = (
            f"{column}_unit" if column else "",
            *(f"{name}_unit" for name in names),
            *each.unit_aliases,
        )
        unit_column = next((by_name[name.lower()] for name in unit_names if name.lower() in by_name), None)
        unit = next((stated.pop(name) for name in names if name in stated), None)
        found.append(Binding(each, column, unit_column, unit))
    if stated:
        raise ScoreError(
            f"{score.name} has no input named {next(iter(stated))!r}",
            f"its inputs are {', '.join(each.name for each in score.inputs)}",
        )
    if not any(binding.column for binding in found):
        wanted = ", ".join(each.name for each in score.inputs)
        raise ScoreError(f"none of the columns is an input of {score.name}", f"its inputs are {wanted}")
    return tuple(found)


class RowScorer:
    """Computes one score on many rows of the same shape."""

    def __init__(self, score: Score, bindings: Sequence[Binding]) -> None:
        self.score = score
        self.bindings = tuple(bindings)
        self._cells: dict[tuple[object, ...], Cell] = {}
        self._same = tuple(binding for binding in self.bindings if binding.input.unit == "same")

    @property
    def notes(self) -> tuple[str, ...]:
        """What is assumed because it was not asked at all."""
        return tuple(
            binding.input.if_absent_says
            for binding in self.bindings
            if binding.column is None and binding.input.if_absent is not None
        )

    def read(self, row: Mapping[str, Any]) -> Reading:
        """The row's cells, read.

        Errors: `ScoreError` when a column has no unit where none is ever guessed.
        """
        values: dict[str, Scalar | None] = {}
        refused: list[str] = []
        queried: list[str] = []
        unanswerable: list[str] = []
        shared = self._shared_unit(row)
        for index, binding in enumerate(self.bindings):
            cell = self.cell(index, binding, row, shared)
            if cell.refused:
                refused.append(cell.refused)
            if cell.queried:
                queried.append(cell.queried)
            if cell.unanswerable:
                unanswerable.append(cell.unanswerable)
            if not binding.input.gate:
                values[binding.input.symbol] = cell.value
        return Reading(values, tuple(refused), tuple(queried), tuple(unanswerable))

    def cell(self, index: int, binding: Binding, row: Mapping[str, Any], shared: str = "") -> Cell:
        """One cell of a row, read once for all rows that hold the same."""
        if binding.column is None:
            return Cell(binding.input.if_absent)
        raw, unit = row.get(binding.column), self._unit(binding, row)
        if binding.input.unit_like and not unit:
            like = next(other for other in self.bindings if other.input.name == binding.input.unit_like)
            unit = self._unit(like, row)
        try:
            key = (index, raw.__class__, raw, unit, shared)
            cell = self._cells.get(key)
        except TypeError:  # an unhashable cell, such as a list
            return read_cell(binding.input, raw, unit, shared)
        if cell is None:
            cell = read_cell(binding.input, raw, unit, shared)
            if len(self._cells) < _MOST_CELLS:
                self._cells[key] = cell
        return cell

    @staticmethod
    def _unit(binding: Binding, row: Mapping[str, Any]) -> str | None:
        if binding.unit_column is not None:
            raw = row.get(binding.unit_column)
            return "" if is_empty(raw) else str(raw).strip()
        return binding.unit

    def _shared_unit(self, row: Mapping[str, Any]) -> str:
        for binding in self._same:
            unit = self._unit(binding, row)
            if unit:
                return unit
            own = unit_inside(row.get(binding.column)) if binding.column else None
            if own:
                return own
        return ""

    def result(self, reading: Reading) -> ScoreResult:
        """The score of a row that was read."""
        blank: dict[str, Scalar | None] = dict.fromkeys(self.score.shown)
        unit = self.score.result.unit
        if reading.refused:
            return ScoreResult(
                self.score.name,
                None,
                unit,
                blank,
                refused_because=reading.refused,
                queried_because=reading.queried,
            )
        if reading.unanswerable:
            return ScoreResult(
                self.score.name, None, unit, blank,
                unknown_because=reading.unanswerable, queried_because=reading.queried, notes=self.notes,
            )  # fmt: skip
        computed = stages(self.score)(reading.values)
        value = computed["value"]
        because: tuple[str, ...] = ()
        if value is None:
            because = missing_inputs(self.score, reading.values)
        return ScoreResult(
            self.score.name,
            value,
            unit,
            {name: computed[name] for name in self.score.shown},
            computed["value__low"] if value is None else value,
            computed["value__high"] if value is None else value,
            because,
            (),
            reading.queried,
            self.notes,
        )


_MOST_CELLS = 200_000


@lru_cache(maxsize=256)
def stages(score: Score) -> CompiledProgram:
    """The score's stages as one Python function."""
    from trialrun.evaluate.rows import compile_program

    return compile_program(score_program(score)).only(("value", "value__low", "value__high", *score.shown))


def missing_inputs(score: Score, values: Mapping[str, Scalar | None]) -> tuple[str, ...]:
    """The inputs, by column name, that keep the value unknown."""
    if pattern_decides(score):
        needed = needed_for_value(score)
        found = tuple(
            each.name for each in score.inputs if each.symbol in needed and values.get(each.symbol) is None
        )
    else:
        causes = stages(score).why("value", values)
        found = tuple(each.name for each in score.inputs if each.symbol in causes)
    return found or ("the formula has no value for these inputs",)


def refuse_bare_numbers(score: Score, given: Mapping[str, object]) -> None:
    """Refuse a plain number where the same number means something else in another unit in use.

    Errors: `ScoreError` naming the input and how to write it.
    """
    for each in score.inputs:
        raw = given.get(each.name)
        plain = isinstance(raw, int | float) or raw.__class__.__name__ == "Decimal"
        if plain and f"{each.name}_unit" not in given and competing_units(each):
            raise ScoreError(
                f"{each.name}={raw} has no unit",
                f"write {each.name}=({raw}, '{each.unit}') or '{raw} {each.unit}'",
            )


def check_units_stated(bindings: Sequence[Binding], has_bare: Callable[[str], bool]) -> None:
    """Refuse a whole column without any unit where none is ever guessed.

    Errors: `ScoreError` naming column and remedy.
    """
    for binding in bindings:
        if binding.column is not None and lacks_unit(binding) and has_bare(binding.column):
            raise ScoreError(no_unit_message(binding.input), no_unit_remedy(binding.input))


def lacks_unit(binding: Binding) -> bool:
    """Whether nobody states the unit of a column for which none is ever guessed."""
    each = binding.input
    stated = binding.unit_column is not None or binding.unit is not None or bool(each.unit_like)
    return each.type is InputType.NUMBER and not stated and not usual_unit(each)
