"""The design matrix: which column stands for what, and which columns the data can tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from trialrun.analyse.methods.mmrm.columns import Categories, Numbers, label
from trialrun.analyse.methods.mmrm.formula import Formula
from trialrun.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

INTERCEPT = "(Intercept)"
# A column counts as a combination of earlier ones when less than this share of its length is its own.
ALIASED = 1e-10
_ESTIMABLE = 1e-8
_LARGEST = 1e100

Variable = Numbers | Categories


@dataclass(frozen=True, slots=True)
class Column:
    """One coefficient: a product of indicators (a level) and numbers (level `None`)."""

    name: str
    parts: tuple[tuple[str, int | None], ...]


def _part_name(variable: Variable, code: int | None) -> str:
    if isinstance(variable, Numbers) or code is None:
        return variable.name
    return f"{variable.name}={label(variable.levels[code])}"


def _coded_in_full(formula: Formula, term: tuple[str, ...], name: str, first: str | None) -> bool:
    """Whether a factor needs a column for its reference level too (the margin below it is absent)."""
    rest = frozenset(term) - {name}
    if not rest:
        return not formula.intercept and name == first
    return rest not in {frozenset(each) for each in formula.terms}


def build_columns(formula: Formula, variables: Mapping[str, Variable]) -> tuple[Column, ...]:
    """Columns by treatment contrasts against each factor's first level.

    Source: Chambers and Hastie, Statistical Models in S (1992), section 2.4: a factor is coded by
    contrasts in a term exactly when the term without it is in the model too.
    """
    first = next((t[0] for t in formula.terms if isinstance(variables[t[0]], Categories)), None)
    columns = [Column(INTERCEPT, ())] if formula.intercept else []
    for term in formula.terms:
        choices: list[list[int | None]] = []
        for name in term:
            variable = variables[name]
            if isinstance(variable, Numbers):
                choices.append([None])
            else:
                start = 0 if _coded_in_full(formula, term, name, first) else 1
                choices.append(list(range(start, len(variable.levels))))
        for codes in product(*reversed(choices)):
            parts = tuple(zip(term, reversed(codes), strict=True))
            columns.append(Column(":".join(_part_name(variables[n], c) for n, c in parts), parts))
    return tuple(columns)


def build_matrix(
    columns: tuple[Column, ...], variables: Mapping[str, Variable], rows: NDArray[Any]
) -> NDArray[Any]:
    """The values of the columns in the rows asked for; rows x columns."""
    import numpy as np

    matrix = np.ones((len(rows), len(columns)))
    indicators: dict[tuple[str, int | None], NDArray[Any]] = {}
    for place, column in enumerate(columns):
        for part in column.parts:
            if part not in indicators:
                variable = variables[part[0]]
                held = variable.values if isinstance(variable, Numbers) else variable.codes == part[1]
                indicators[part] = held[rows].astype(float)
            matrix[:, place] *= indicators[part]
    return matrix


@dataclass(frozen=True, slots=True)
class Basis:
    """An orthonormal basis of the columns: matrix[:, kept] = rows @ triangle.

    `aliased` are the columns that are combinations of earlier ones (or zero throughout: an empty
    cell); `null` spans the combinations of coefficients about which the data say nothing.
    """

    rows: NDArray[Any]
    triangle: NDArray[Any]
    kept: tuple[int, ...]
    aliased: tuple[int, ...]
    null: NDArray[Any]
    lengths: NDArray[Any]
    empty: tuple[bool, ...]

    def estimable(self, weights: NDArray[Any]) -> bool:
        """Whether the data determine this combination of all coefficients."""
        import numpy as np

        if not self.aliased:
            return True
        scaled = weights / self.lengths
        size = float(np.abs(scaled).max(initial=0.0))
        return size == 0 or float(np.abs(scaled @ self.null).max()) <= _ESTIMABLE * size

    def rotated(self, weights: NDArray[Any]) -> NDArray[Any]:
        """A combination of all coefficients as one of the basis' own coefficients; rows are combinations."""
        from scipy.linalg import solve_triangular

        return solve_triangular(self.triangle, weights[..., list(self.kept)].T, trans=1).T


def build_basis(matrix: NDArray[Any], names: tuple[str, ...]) -> Basis:
    """Gram-Schmidt twice over, column by column, so that later columns are the ones set aside.

    Errors: `AnalysisError` when a column's numbers are too large for double precision.
    """
    import numpy as np

    largest = np.abs(matrix).max(axis=0, initial=0.0)
    if (largest > _LARGEST).any() or ((largest > 0) & (largest < 1 / _LARGEST)).any():
        odd = names[
            int(np.argmax(np.maximum(largest, np.where(largest > 0, 1 / np.maximum(largest, 1e-300), 0))))
        ]
        raise AnalysisError(
            f"the values of {odd} are too large or too small to compute with", "change its unit"
        )
    norms = np.sqrt((matrix**2).sum(axis=0))
    lengths = np.where(norms > 0, norms, 1.0)
    scaled = matrix / lengths
    count = scaled.shape[1]
    held = np.empty_like(scaled)
    projections = np.zeros((count, count))
    kept: list[int] = []
    aliased: list[int] = []
    for place in range(count):
        rest = scaled[:, place].copy()
        basis = held[:, : len(kept)]
        for _ in range(2):
            along = basis.T @ rest
            rest -= basis @ along
            projections[: len(kept), place] += along
        length = float(np.sqrt(rest @ rest))
        if norms[place] == 0 or length < ALIASED:
            aliased.append(place)
            continue
        projections[len(kept), place] = length
        held[:, len(kept)] = rest / length
        kept.append(place)
    rank = len(kept)
    triangle = projections[:rank][:, kept]
    null = np.zeros((count, len(aliased)))
    for column, place in enumerate(aliased):
        null[place, column] = 1.0
        if norms[place] > 0:
            null[kept, column] = -np.linalg.solve(triangle, projections[:rank, place])
    empty = tuple(bool(norm == 0) for norm in norms)
    rows = held[:, :rank].copy()
    return Basis(rows, triangle * lengths[kept], tuple(kept), tuple(aliased), null, lengths, empty)
