"""Screening one person against the study's criteria, with the values, gaps and words of every answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from trialrun.evaluate.eligibility import CriterionOutcome, Eligibility, ValueUsed, conclude, outcome_of
from trialrun.evaluate.rows import CompiledProgram, compile_program
from trialrun.expressions import Program, Symbol
from trialrun.study.aggregate import Aggregates, aggregate
from trialrun.study.kept import Kept
from trialrun.study.model import Criterion, CriterionKind, Study
from trialrun.study.program import study_program

Row = Mapping[str, object]


def screen(
    study: Study,
    row: Row,
    rows_by_form: Mapping[str, Sequence[Row]] | None = None,
    *,
    dates: Mapping[str, date] | None = None,
) -> Eligibility:
    """Whether a person can take part, and why.

    Args:
        study: the definition.
        row: the items asked once, in the items' units; dates as `date` or `PartialDate`. What it
            lacks is unknown.
        rows_by_form: the rows of repeating forms (medication, malignancy, infection, drinks).
        dates: the day each item was collected, to be shown beside its value.

    Unknown: an unknown criterion never passes and never fails; it leaves the person undecided
    unless another criterion excludes.
    Errors: `ExpressionError` for a value of the wrong type.
    """
    return Screener(study).screen(row, rows_by_form, dates=dates)


@dataclass(frozen=True, slots=True)
class _Compiled:
    program: Program
    run: CompiledProgram
    words: Mapping[str, str]
    uses: Mapping[str, tuple[str, ...]]
    bounded: Mapping[str, tuple[str, ...]]


def _compile(study: Study) -> _Compiled:
    from trialrun.evaluate.words import in_words

    program = study_program(study)
    return _Compiled(
        program,
        compile_program(program),
        {name: in_words(program.stage(name).checked.node, program.symbols) for name in study.criteria},
        {name: program.uses(name) for name in study.criteria},
        {name: _bounded_parts(program, name) for name in study.criteria},
    )


_COMPILED = Kept(_compile)


def _bounded_parts(program: Program, criterion: str) -> tuple[str, ...]:
    """The names in a criterion of which only bounds may be known."""
    from trialrun.expressions.nodes import names_in

    symbols = program.symbols
    names = names_in(program.stage(criterion).checked.node)
    return tuple(dict.fromkeys(name for name in names if name in symbols and symbols[name].bounded))


class Screener:
    """A study made ready to screen many people."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._compiled = _COMPILED.of(study)

    def values(self, row: Row, rows_by_form: Mapping[str, Sequence[Row]] | None = None) -> dict[str, Any]:
        """Every derived value and criterion of one person; `None` is unknown."""
        found = aggregate(self.study, row, rows_by_form)
        return {**found.values, **self._compiled.run({**row, **found.values})}

    def screen(
        self,
        row: Row,
        rows_by_form: Mapping[str, Sequence[Row]] | None = None,
        *,
        dates: Mapping[str, date] | None = None,
    ) -> Eligibility:
        """As the function `screen`."""
        made = aggregate(self.study, row, rows_by_form)
        full = {**row, **made.values}
        results = self._compiled.run(full)
        person = _Person(full, made, results, dates or {})
        return conclude(
            [self._outcome(criterion, person) for criterion in self.study.criteria.values()],
            [
                derived.label
                for derived in self.study.derived.values()
                if derived.flag and {**made.values, **results}[derived.name] is True
            ],
        )

    def _outcome(self, criterion: Criterion, person: _Person) -> CriterionOutcome:
        compiled = self._compiled
        symbols = compiled.program.symbols
        outcome = outcome_of(person.results[criterion.id])
        missing: tuple[str, ...] = ()
        if person.results[criterion.id] is None:
            missing = person.named(compiled.run.why(criterion.id, person.row))
        used = compiled.uses[criterion.id]
        return CriterionOutcome(
            id=criterion.id,
            inclusion=criterion.kind is CriterionKind.INCLUSION,
            outcome=outcome,
            values=tuple(person.value(symbols[name]) for name in used if person.has(name)),
            missing=missing,
            words=compiled.words[criterion.id],
            text=criterion.text,
            attested_by=tuple(who.value for who in criterion.attested_by),
            possible=tuple(
                said
                for name in compiled.bounded[criterion.id]
                if (said := person.interval(symbols[name], self._band(name)))
            ),
            advice="" if missing or person.results[criterion.id] is not None else criterion.if_undecided,
        )

    def _band(self, name: str) -> str | None:
        """The stage that says which class a score falls in, if it has one."""
        return next(
            (f"{name}_{ending}" for ending in ("class", "zone") if f"{name}_{ending}" in self._stages), None
        )

    @property
    def _stages(self) -> Mapping[str, Symbol]:
        return self._compiled.program.symbols


@dataclass(frozen=True, slots=True)
class _Person:
    row: Mapping[str, Any]
    made: Aggregates
    results: Mapping[str, Any]
    dates: Mapping[str, date]

    def has(self, name: str) -> bool:
        return self.row.get(name) is not None

    def value(self, symbol: Symbol) -> ValueUsed:
        value = self.row[symbol.name]
        shown = dict(symbol.choice_labels).get(value, value) if isinstance(value, str) else value
        return ValueUsed(
            symbol.name, symbol.label or symbol.name, shown, symbol.unit, self.dates.get(symbol.name)
        )

    def named(self, names: Sequence[str]) -> tuple[str, ...]:
        """Missing inputs, with a value made of rows replaced by what its rows lack."""
        found = [part for name in names for part in self.made.missing.get(name, (name,))]
        return tuple(dict.fromkeys(found))

    def interval(self, symbol: Symbol, band: str | None) -> str:
        """What a value that is not known can still be, in words; empty when it is known or boundless."""
        if self.row.get(symbol.name) is not None and symbol.name not in self.results:
            return ""
        known = self.results.get(symbol.name)
        low, high = (
            self.results.get(f"{symbol.name}{end}", self.row.get(f"{symbol.name}{end}"))
            for end in ("__low", "__high")
        )
        if known is not None or (low is None and high is None):
            return ""
        label = symbol.label or symbol.name
        if high is None and low == symbol.lowest:
            return ""
        if low is None or high is None:
            return f"{label}: {_number(low)} or more" if high is None else f"{label}: {_number(high)} or less"
        decided = self.results.get(band) if band else None
        return f"{label}: {_number(low)} to {_number(high)}" + (f" (class {decided})" if decided else "")


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
