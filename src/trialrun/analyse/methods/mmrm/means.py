"""Adjusted means: the combinations of coefficients that stand for a mean at stated conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from trialrun.analyse.methods.mmrm.columns import Categories, Numbers, label
from trialrun.analyse.methods.mmrm.design import Column, Variable, build_matrix
from trialrun.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

BALANCED, PROPORTIONAL = "balanced", "proportional"


@dataclass(frozen=True, slots=True)
class Grid:
    """The model's variables and columns, and the rows it was fitted to."""

    variables: Mapping[str, Variable]
    columns: tuple[Column, ...]
    rows: NDArray[Any]

    def factor(self, name: str) -> Categories:
        """The categorical variable of that name. Errors: `AnalysisError` when the model has none."""
        variable = self.variables.get(name)
        if isinstance(variable, Categories):
            return variable
        known = ", ".join(n for n, v in self.variables.items() if isinstance(v, Categories))
        raise AnalysisError(
            f"{name!r} is not a categorical variable of the model", f"it has {known or 'none'}"
        )

    def cells(self, by: Sequence[str]) -> list[dict[str, int]]:
        """Every combination of the levels of these factors."""
        sizes = [range(len(self.factor(name).levels)) for name in by]
        return [dict(zip(by, codes, strict=True)) for codes in product(*sizes)]

    def described(self, cell: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
        """A cell in words: variable and level."""
        return tuple((name, label(self.factor(name).levels[code])) for name, code in cell.items())

    def fixed_at(self, at: Mapping[str, object]) -> dict[str, float]:
        """The numbers at which covariates are held: as stated, else their mean over the rows used.

        Errors: `AnalysisError` for a name that is no covariate and for a value that is no number.
        """
        held: dict[str, float] = {}
        for name, value in at.items():
            if not isinstance(self.variables.get(name), Numbers):
                raise AnalysisError(f"{name!r} is not a numeric covariate of the model")
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise AnalysisError(f"{name} is to be held at {value!r}, which is no number")
            held[name] = float(value)
        for name, variable in self.variables.items():
            if isinstance(variable, Numbers) and name not in held:
                held[name] = float(variable.values[self.rows].mean())
        return held

    def weights(
        self, cell: Mapping[str, int], at: Mapping[str, object], averaged: str = BALANCED
    ) -> NDArray[Any]:
        """Weights on the coefficients of the mean in one cell; the other factors are averaged over.

        "balanced" gives each level of theirs the same weight; "proportional" weighs their
        combinations as often as they occur in the rows used.
        """
        import numpy as np

        held = self.fixed_at(at)
        if averaged == PROPORTIONAL:
            return self._proportional(cell, held)
        if averaged != BALANCED:
            raise AnalysisError(f"weights {averaged!r} are not known", f"choose {BALANCED} or {PROPORTIONAL}")
        return np.array([self._balanced(column, cell, held) for column in self.columns])

    def _balanced(self, column: Column, cell: Mapping[str, int], held: Mapping[str, float]) -> float:
        weight = 1.0
        for name, code in column.parts:
            if code is None:
                weight *= held[name]
            elif name in cell:
                weight *= float(cell[name] == code)
            else:
                weight /= len(self.factor(name).levels)
        return weight

    def _proportional(self, cell: Mapping[str, int], held: Mapping[str, float]) -> NDArray[Any]:
        import numpy as np

        everywhere: dict[str, Variable] = {}
        for name, variable in self.variables.items():
            if isinstance(variable, Numbers):
                everywhere[name] = Numbers(name, np.full_like(variable.values, held[name]))
            elif name in cell:
                codes = np.full_like(variable.codes, cell[name])
                everywhere[name] = Categories(name, variable.levels, codes)
            else:
                everywhere[name] = variable
        return build_matrix(self.columns, everywhere, self.rows).mean(axis=0)

    def hypothesis(self, term: Sequence[str], at: Mapping[str, object]) -> NDArray[Any]:
        """What a term adds, on balanced average over the others: rows to be tested together.

        For factors the differences of their levels from the first one (and differences of such
        differences), for a covariate the effect of one unit; covariates not in `at` stand at 0. With
        all cells filled this is SAS' Type III hypothesis.
        """
        import numpy as np

        zeros = {name: 0.0 for name, variable in self.variables.items() if isinstance(variable, Numbers)}
        held = self.fixed_at({**zeros, **at})
        parts: list[list[list[tuple[float, int | float]]]] = []
        for name in term:
            variable = self.variables[name]
            if isinstance(variable, Numbers):
                parts.append([[(1.0, held[name] + 1), (-1.0, held[name])]])
            else:
                parts.append([[(1.0, code), (-1.0, 0)] for code in range(1, len(variable.levels))])
        rows = []
        for chosen in product(*parts):
            row = np.zeros(len(self.columns))
            for corner in product(*chosen):
                sign, cell, numbers = 1.0, {}, dict(held)
                for name, (weight, value) in zip(term, corner, strict=True):
                    sign *= weight
                    if isinstance(self.variables[name], Numbers):
                        numbers[name] = float(value)
                    else:
                        cell[name] = int(value)
                row += sign * self.weights(cell, numbers)
            rows.append(row)
        return np.array(rows)
