"""Scores and items per visit, each with the bounds it can have and the entries it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple, Protocol

from trialrun.derive.answers import VisitAnswers, answers_at, program_row
from trialrun.snapshot.layout import Row
from trialrun.study.model import Study, VisitKind


class Source(NamedTuple):
    """One answer a number rests on, and the log entry that holds it."""

    participant: str
    visit: str
    form: str
    row: str
    item: str
    event_hash: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One parameter at one visit.

    An unknown value is `None`; `low` and `high` are what it can be at least and at most, where that is
    known, and `unknown_because` names the items that are missing.
    """

    participant: str
    parameter: str
    occurrence: str
    visit: str
    kind: VisitKind
    on: date | None
    value: float | str | None
    low: float | None
    high: float | None
    unknown_because: tuple[str, ...]
    sources: tuple[Source, ...]


class Rules(Protocol):
    """The study's rules on one row."""

    def __call__(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Every derived value by name, with `__low` and `__high` beside those that have bounds."""
        ...

    def why(self, name: str, row: Mapping[str, Any]) -> tuple[str, ...]:
        """The missing items that leave a derived value unknown."""
        ...

    def uses(self, name: str) -> tuple[str, ...]:
        """The items and other inputs a derived value rests on."""
        ...


def parameters_of(study: Study, rules: Rules) -> tuple[str, ...]:
    """What is measured per visit: the outcomes' variables, every score, and the items behind them."""
    wanted: dict[str, None] = {}
    for endpoint in study.endpoints.values():
        wanted[endpoint.variable] = None
    for name, derived in study.derived.items():
        if derived.score is not None:
            wanted[name] = None
    for endpoint in study.endpoints.values():
        for item in items_behind(study, endpoint.variable, rules):
            if study.items[item].unit is not None:
                wanted[item] = None
    for name in planned_parameters(study):
        if is_known(study, name):
            wanted[name] = None
    return tuple(wanted)


def planned_parameters(study: Study) -> tuple[str, ...]:
    """What the analysis plan names beside the outcomes: other versions of a score, classes, covariates."""
    plan = study.analysis
    return (
        *(name for one in plan.sensitivity.values() for names in one.parameters.values() for name in names),
        *(one.parameter for one in plan.responders.values()),
        *(one.parameter for one in plan.shifts.values()),
        *(name for one in plan.estimands.values() for name in one.covariates),
    )


def is_known(study: Study, name: str) -> bool:
    """Whether a name is an item, a derived value or a part of a score."""
    scores = (derived.name for derived in study.derived.values() if derived.score is not None)
    return (
        name in study.items or name in study.derived or any(name.startswith(f"{score}_") for score in scores)
    )


def items_behind(study: Study, name: str, rules: Rules) -> tuple[str, ...]:
    """The items a value rests on, through every derived value in between."""
    used = (name,) if name in study.items else rules.uses(name)
    return tuple(item for item in used if item in study.items)


def derive_measures(
    study: Study,
    visits: Sequence[VisitAnswers],
    rules: Rules,
    *,
    parameters: Sequence[str] | None = None,
    known: Mapping[str, Any] | None = None,
    logged: Mapping[tuple[str, str], str] | None = None,
) -> tuple[Measure, ...]:
    """Every parameter at every visit where at least one of the items behind it was asked.

    `known` gives inputs that are no answers of a visit, such as an age whose birth date is withheld.
    `logged` holds what the log computed at the time; it is used only where nothing but such an input is
    missing here, because the log had seen what the snapshot withholds.
    """
    names = parameters_of(study, rules) if parameters is None else parameters
    behind = {name: items_behind(study, name, rules) for name in names}
    found: list[Measure] = []
    for index, visit in enumerate(visits):
        asked = [name for name in names if any(item in visit.single for item in behind[name])]
        if not asked:
            continue
        held = answers_at(study, visits, index)
        row = {**program_row(study, held), **(known or {})}
        results = rules(row) if any(name not in study.items for name in asked) else {}
        for name in asked:
            sources = _sources(held, behind[name])
            measure = _measure(study, visit, name, row, results, rules.why, sources)
            text = (logged or {}).get((visit.occurrence, name))
            if (
                text is not None
                and measure.value is None
                and set(measure.unknown_because) <= set(known or ())
            ):
                measure = replace(
                    measure, value=float(text), low=float(text), high=float(text), unknown_because=()
                )
            found.append(measure)
    return tuple(found)


def _measure(
    study: Study,
    visit: VisitAnswers,
    name: str,
    row: Mapping[str, Any],
    results: Mapping[str, Any],
    why: Callable[[str, Mapping[str, Any]], tuple[str, ...]],
    sources: tuple[Source, ...],
) -> Measure:
    of_item = name in study.items
    value = row[name] if of_item else results.get(name)
    missing: tuple[str, ...] = ()
    if value is None:
        missing = (name,) if of_item else tuple(why(name, row))
    return Measure(
        participant=visit.participant,
        parameter=name,
        occurrence=visit.occurrence,
        visit=visit.visit,
        kind=visit.kind,
        on=visit.on,
        value=value,
        low=_number(results.get(f"{name}__low", value)),
        high=_number(results.get(f"{name}__high", value)),
        unknown_because=missing,
        sources=sources,
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _sources(held: Mapping[str, Row], items: Iterable[str]) -> tuple[Source, ...]:
    rows = [held[item] for item in sorted(items) if item in held]
    return tuple(
        Source(
            row["participant"],
            row["visit"],
            row["form"],
            row["row"] or "",
            row["item"],
            row["event_hash"] or "",
        )
        for row in rows
    )
