"""The likelihood of a linear model with correlated visits, and its derivatives, from cross products.

Participants with the same visits observed share one inverse. Everything the likelihood needs of
the data are the cross products of the columns between each pair of visits, added up over the
participants of a pattern. They are formed once; after that the work does not grow with the number
of participants.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STORED = 30_000_000  # numbers of cross products kept in memory; beyond that they are formed anew


class Patterns:
    """Rows grouped by participant, participants by the visits they were seen at.

    Args:
        columns: rows x (coefficients + 1), the last column the response.
        visit, participant: the place of each row, counted from 0.
        visits: the number of visits.
    """

    def __init__(
        self, columns: NDArray[Any], visit: NDArray[Any], participant: NDArray[Any], visits: int
    ) -> None:
        import numpy as np

        people = int(participant.max()) + 1
        self.visits = visits
        self.width = columns.shape[1]
        self._padded = np.zeros((people, visits, self.width))
        self._padded[participant, visit] = columns
        seen = np.zeros((people, visits), dtype=bool)
        seen[participant, visit] = True
        code = seen @ (2.0 ** np.arange(visits)) if visits <= 50 else None
        if code is not None:
            _, first, member = np.unique(code, return_index=True, return_inverse=True)
        else:
            _, first, member = np.unique(seen, axis=0, return_index=True, return_inverse=True)
        self._member = member.ravel()
        self.seen = seen[first]
        self.counts = np.bincount(self._member, minlength=len(first)).astype(float)
        size = (visits * self.width) ** 2
        self._step = max(1, _STORED // size)
        self._kept = list(self._form()) if len(first) <= self._step else None

    def _form(self) -> Iterator[tuple[slice, NDArray[Any]]]:
        import numpy as np

        order = np.argsort(self._member, kind="stable")
        ends = np.cumsum(self.counts).astype(int)
        flat = self._padded.reshape(len(self._padded), -1)
        for start in range(0, len(self.counts), self._step):
            stop = min(start + self._step, len(self.counts))
            block = np.empty((stop - start, self.visits, self.visits, self.width**2))
            for place in range(start, stop):
                rows = flat[order[ends[place] - int(self.counts[place]) : ends[place]]]
                cross = (rows.T @ rows).reshape(self.visits, self.width, self.visits, self.width)
                shape = (self.visits, self.visits, self.width**2)
                block[place - start] = cross.transpose(0, 2, 1, 3).reshape(shape)
            yield slice(start, stop), block

    def blocks(self) -> Iterator[tuple[slice, NDArray[Any]]]:
        """Patterns and their cross products: pattern x visit x visit x (column x column)."""
        yield from self._kept if self._kept is not None else self._form()

    def weighted(self, weights: NDArray[Any]) -> NDArray[Any]:
        """The sum of cross products, each times its pattern's weight (pattern x visit x visit)."""
        import numpy as np

        total = np.zeros(self.width**2)
        for part, cross in self.blocks():
            total += weights[part].ravel() @ cross.reshape(-1, self.width**2)
        return total.reshape(self.width, self.width)


@dataclass(frozen=True, slots=True)
class Point:
    """The model at one covariance matrix.

    `inverse`: pattern x visit x visit, zero where a pattern has no visit. `value`: -2 log-likelihood
    without its constants. `spread`: the inverse of X'V⁻¹X; `coefficients`: generalised least squares.
    """

    inverse: NDArray[Any]
    value: float
    spread: NDArray[Any]
    coefficients: NDArray[Any]
    log_information: float


def evaluate(patterns: Patterns, sigma: NDArray[Any], *, reml: bool) -> Point | None:
    """The model at `sigma`; `None` when it is not positive definite."""
    import numpy as np

    try:
        np.linalg.cholesky(sigma)
        both = patterns.seen[:, :, None] & patterns.seen[:, None, :]
        filled = np.where(both, sigma, np.eye(patterns.visits))
        factor = np.linalg.cholesky(filled)
        inverse = np.where(both, np.linalg.inv(filled), 0.0)
        cross = patterns.weighted(inverse)
        information = cross[:-1, :-1]
        half = np.linalg.cholesky(information)
        spread = np.linalg.inv(
            information
        )  # at the edge of rounding a factor exists and the inverse does not
    except np.linalg.LinAlgError:
        return None
    inverse = (inverse + inverse.transpose(0, 2, 1)) / 2
    log_sizes = 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    spread = (spread + spread.T) / 2
    coefficients = spread @ cross[:-1, -1]
    log_information = float(2 * np.log(np.diag(half)).sum())
    squares = float(cross[-1, -1] - cross[:-1, -1] @ coefficients)
    value = float(patterns.counts @ log_sizes) + squares + (log_information if reml else 0.0)
    if not np.isfinite(value):
        return None
    return Point(inverse, value, spread, coefficients, log_information)


@dataclass(frozen=True, slots=True)
class Derivatives:
    """Of -2 log-likelihood by covariance parameters; `by_parameter`: X'V⁻¹VₕV⁻¹X for each h."""

    gradient: NDArray[Any]
    observed: NDArray[Any]
    expected: NDArray[Any]
    by_parameter: NDArray[Any]


def differentiate(
    patterns: Patterns,
    point: Point,
    first: NDArray[Any],
    second: NDArray[Any] | None,
    *,
    reml: bool,
) -> Derivatives:
    """Gradient, observed and expected second derivatives of -2 log-likelihood.

    Source: Lindstrom and Bates, JASA 1988;83:1014; Jennrich and Schluchter, Biometrics 1986;42:805.
    """
    import numpy as np

    visits, width = patterns.visits, patterns.width
    residual = np.append(-point.coefficients, 1.0)
    around = np.zeros((width, width))
    around[:-1, :-1] = point.spread
    forms = np.stack([np.outer(residual, residual).ravel(), around.ravel()], axis=1)
    moments = np.empty((len(patterns.counts), visits, visits, 2))
    sandwich = np.zeros((visits, visits, width**2))
    for part, cross in patterns.blocks():
        moments[part] = cross @ forms
        inverse = point.inverse[part]
        left = inverse @ cross.reshape(len(cross), visits, -1)
        left = left.reshape(len(cross), visits, visits, -1).transpose(1, 3, 0, 2)
        right = left.reshape(-1, len(cross) * visits) @ inverse.reshape(-1, visits)
        sandwich += right.reshape(visits, width**2, visits).transpose(0, 2, 1)
    inverse = point.inverse
    weighed = patterns.counts[:, None, None] * inverse
    from_data = inverse @ moments[..., 0] @ inverse
    from_fixed = inverse @ moments[..., 1] @ inverse if reml else np.zeros_like(from_data)
    by_element = (weighed - from_data - from_fixed).sum(axis=0)

    count = len(first)
    flat = first.reshape(count, -1)
    turned = (flat @ sandwich.reshape(visits**2, -1)).reshape(count, width, width)
    fixed = turned[:, :-1, :-1]
    along = turned[:, :-1, :] @ residual
    spread_fixed = point.spread @ fixed
    gradient = flat @ by_element.ravel()
    shared = np.zeros((count, count))
    if reml:
        shared = spread_fixed.reshape(count, -1) @ spread_fixed.transpose(0, 2, 1).reshape(count, -1).T
    expected = _pairs(inverse, weighed - 2 * from_fixed, flat, visits) + shared
    observed = (
        _pairs(inverse, 2 * (from_fixed + from_data) - weighed, flat, visits)
        - shared
        - 2 * along @ point.spread @ along.T
    )
    if second is not None:
        observed = observed + second.reshape(count, count, -1) @ by_element.ravel()
    return Derivatives(gradient, (observed + observed.T) / 2, (expected + expected.T) / 2, fixed)


def _pairs(one: NDArray[Any], other: NDArray[Any], flat: NDArray[Any], visits: int) -> NDArray[Any]:
    """Sum over patterns of tr(Dₕ · one · Dₖ · other) for all pairs of derivatives h, k."""
    size = visits * visits
    table = one.reshape(-1, size).T @ other.reshape(-1, size)
    table = table.reshape(visits, visits, visits, visits).transpose(3, 0, 1, 2).reshape(size, size)
    return flat @ table @ flat.T


def spread_of_derivatives(
    patterns: Patterns, point: Point, weights: NDArray[Any], first: NDArray[Any]
) -> NDArray[Any]:
    """Sum over h, k of weights[h, k] · X'V⁻¹VₕV⁻¹VₖV⁻¹X."""
    visits = patterns.visits
    size = visits * visits
    flat = first.reshape(len(first), -1)
    table = (flat.T @ weights @ flat).reshape(visits, visits, visits, visits)
    # table[a, b, c, d] goes with inverse[b, c]
    table = table.transpose(0, 3, 1, 2).reshape(size, size)
    middle = (point.inverse.reshape(-1, size) @ table.T).reshape(-1, visits, visits)
    return patterns.weighted(point.inverse @ middle @ point.inverse)[:-1, :-1]


def curvature(patterns: Patterns, point: Point, weights: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    """Sum over h, k of weights[h, k] · X'V⁻¹VₕₖV⁻¹X."""
    visits = patterns.visits
    mixed = (weights.ravel() @ second.reshape(len(weights) ** 2, -1)).reshape(visits, visits)
    return patterns.weighted(point.inverse @ mixed @ point.inverse)[:-1, :-1]
