"""From a table to the rows, design and standardised response a mixed model is fitted to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trialrun.analyse.methods.mmrm.columns import (
    Categories,
    Numbers,
    as_table,
    categorical,
    chosen_order,
    column_values,
    distinct,
    is_missing,
    label,
    numeric,
    read_column,
)
from trialrun.analyse.methods.mmrm.design import (
    Basis,
    Column,
    Variable,
    build_basis,
    build_columns,
    build_matrix,
)
from trialrun.analyse.methods.mmrm.formula import Formula
from trialrun.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Residuals smaller than this share of the response are rounding.
NO_SPREAD = 1e-11
_SMALL, _LARGE = 1e-100, 1e100


@dataclass(frozen=True, slots=True)
class ModelData:
    """The rows used: their design, response, visit and participant, and what was left out."""

    formula: Formula
    variables: dict[str, Variable]
    columns: tuple[Column, ...]
    rows: NDArray[Any]
    basis: Basis
    residuals: NDArray[Any]
    fitted: NDArray[Any]
    scale: float
    visit: NDArray[Any]
    participant: NDArray[Any]
    visits: tuple[str, ...]
    people: int
    log: tuple[str, ...]


def read_data(
    frame: Any,
    response: str,
    visit: str,
    participant: str,
    formula: Formula,
    levels: Mapping[str, Sequence[object]] | None,
    reference: Mapping[str, object] | None,
    categories: Sequence[str],
) -> ModelData:
    """The rows with response and covariates, as a design of orthonormal columns.

    Errors: `AnalysisError` for a missing column, visit or participant, infinite or textual values,
    two rows of a participant at a visit, no rows, too few rows, and a response without variation.
    """
    import numpy as np

    frame = as_table(frame)
    _check_named(formula, visit, {*(levels or {}), *(reference or {}), *categories})
    outcome = numeric(response, column_values(frame, response))
    people = _identified(participant, column_values(frame, participant), ordered=False)
    visits_given = column_values(frame, visit)
    order = (levels or {}).get(visit, chosen_order(frame, visit))
    seen = _identified(visit, visits_given, order)
    variables: dict[str, Variable] = {
        name: read_column(
            frame,
            name,
            categories=name == visit or name in categories,
            levels=levels,
            reference=reference,
        )
        for name in formula.variables
    }
    lengths = {len(outcome.values), len(people.codes), len(seen.codes)}
    lengths |= {len(v.values if isinstance(v, Numbers) else v.codes) for v in variables.values()}
    if len(lengths) > 1:
        raise AnalysisError("the columns of the table are not equally long")
    keep, log = _complete(outcome, variables)
    rows = np.flatnonzero(keep)
    if not len(rows):
        raise AnalysisError(f"no row has {response} and all covariates, so there is nothing to analyse")
    _check_unique(people, seen, rows)
    visits_held, visit_place = np.unique(seen.codes[rows], return_inverse=True)
    people_held, person_place = np.unique(people.codes[rows], return_inverse=True)
    names = tuple(label(seen.levels[code]) for code in visits_held)
    if len(names) == 1:
        log.append(f"only {visit} {names[0]} has values: this is an ordinary linear model")
    unseen = [label(level) for code, level in enumerate(seen.levels) if code not in visits_held]
    if unseen:
        log.append(f"no values at {visit} {', '.join(unseen)}; left out of the covariance")
    columns = build_columns(formula, variables)
    basis = build_basis(build_matrix(columns, variables, rows), tuple(c.name for c in columns))
    fitted, residuals, scale = _standardised(response, outcome.values[rows], basis)
    return ModelData(
        formula,
        variables,
        columns,
        rows,
        basis,
        residuals,
        fitted,
        scale,
        visit_place.ravel(),
        person_place.ravel(),
        names,
        len(people_held),
        tuple(log),
    )


def _check_named(formula: Formula, visit: str, named: set[str]) -> None:
    """An option about a variable the model does not have is a slip, not to be passed over."""
    strange = sorted(named - {visit, *formula.variables})
    if strange:
        raise AnalysisError(
            f"levels, reference or categories name {', '.join(strange)}, which is not in the model",
            f"its variables are {', '.join(dict.fromkeys((*formula.variables, visit)))}",
        )


def _identified(
    name: str, values: Sequence[Any], levels: Sequence[object] | None = None, *, ordered: bool = True
) -> Categories:
    """A column that must not be missing anywhere."""
    held = distinct(name, values)
    if any(is_missing(value) for value in held):
        place = next(place for place, value in enumerate(values) if is_missing(value))
        raise AnalysisError(
            f"{name} is missing in row {place + 1}", "every row needs its participant and visit"
        )
    return categorical(name, values, levels=levels if ordered else held)


def _complete(outcome: Numbers, variables: Mapping[str, Variable]) -> tuple[NDArray[Any], list[str]]:
    """Which rows have everything, and sentences about those that do not."""
    import numpy as np

    keep = ~np.isnan(outcome.values)
    log = []
    if missing := int((~keep).sum()):
        log.append(f"{missing} of {len(keep)} rows have no {outcome.name} and are left out")
    for name, variable in variables.items():
        held = ~np.isnan(variable.values) if isinstance(variable, Numbers) else variable.codes >= 0
        if missing := int((keep & ~held).sum()):
            log.append(f"{missing} rows with {outcome.name} have no {name} and are left out")
        keep = keep & held
    return keep, log


def _check_unique(people: Categories, seen: Categories, rows: NDArray[Any]) -> None:
    import numpy as np

    pairs = people.codes[rows] * len(seen.levels) + seen.codes[rows]
    values, counts = np.unique(pairs, return_counts=True)
    if (counts > 1).any():
        person, at = divmod(int(values[counts > 1][0]), len(seen.levels))
        raise AnalysisError(
            f"{people.name} {label(people.levels[person])} has {int(counts.max())} rows at {seen.name} "
            f"{label(seen.levels[at])}",
            "give one row for each participant and visit",
        )


def _standardised(
    response: str, values: NDArray[Any], basis: Basis
) -> tuple[NDArray[Any], NDArray[Any], float]:
    """Least squares first: fitted coefficients and residuals, both in units of the residual deviation."""
    import numpy as np

    largest = float(np.abs(values).max())
    if largest > _LARGE:
        raise AnalysisError(f"{response} holds values above {_LARGE:g}", "change its unit")
    rank = len(basis.kept)
    spare = len(values) - rank
    if spare <= 0:
        raise AnalysisError(
            f"the model has {rank} coefficients and only {len(values)} values of {response}",
            "use fewer fixed effects",
        )
    unit = largest or 1.0
    scaled = values / unit
    fitted = basis.rows.T @ scaled
    residuals = scaled - basis.rows @ fitted
    correction = basis.rows.T @ residuals
    fitted, residuals = fitted + correction, residuals - basis.rows @ correction
    deviation = math.sqrt(float(residuals @ residuals) / spare)
    if deviation <= NO_SPREAD or deviation * unit < _SMALL:
        raise AnalysisError(
            f"{response} does not vary beyond the fixed effects, so there is no error to estimate",
            "describe the values instead",
        )
    return fitted / deviation, residuals / deviation, deviation * unit
