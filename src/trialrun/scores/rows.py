"""Scores row by row: columns found, cells read, stages run, the unknown explained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from trialrun.errors import ScoreError
from trialrun.scores.bindings import Binding, lacks_unit
from trialrun.scores.model import Scalar, Score
from trialrun.scores.program import (
    competing_units,
    needed_for_value,
    pattern_decides,
    score_program,
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
class Reading:
    """One row read: values for the stages, and what was wrong with the cells."""

    values: dict[str, Scalar | None]
    refused: tuple[str, ...] = ()
    queried: tuple[str, ...] = ()
    unanswerable: tuple[str, ...] = ()


class RowScorer:
    """Computes one score on many rows of the same shape."""

    def __init__(self, score: Score, bindings: Sequence[Binding]) -> None:
        self.score = score
        self.bindings = tuple(bindings)
        self._cells: dict[tuple[object, ...], Cell] = {}
        self._same = tuple(binding for binding in self.bindings if binding.input.unit == "same")

    @property
    def notes(self) -> tuple[str, ...]:
        """What is assumed because it was not asked at all, and which of two columns counts."""
        assumed = (
            binding.input.if_absent_says
            for binding in self.bindings
            if binding.column is None and binding.input.if_absent is not None
        )
        passed_over = (
            f"column {unused!r} is not used, because {binding.column!r} is there"
            for binding in self.bindings
            for unused in binding.unused
        )
        return (*assumed, *passed_over)

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
        if binding.named_unit and unit != binding.named_unit:
            if unit and not is_empty(raw):
                contradiction = f"column {binding.column!r} says {binding.named_unit}, its unit column {unit}"
                return Cell(refused=f"{binding.input.name}: {contradiction}; correct the one that is wrong")
            unit = binding.named_unit
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
