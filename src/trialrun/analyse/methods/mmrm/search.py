"""Finding the covariance of greatest likelihood: Newton's method, checked at every step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trialrun.analyse.methods.mmrm.likelihood import Derivatives, Patterns, Point, differentiate, evaluate
from trialrun.analyse.methods.mmrm.structures import Structure, restored, slopes, transformed

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_STEPS = 100
# The distance to the maximum, in standard errors of the covariance parameters, at which the search ends.
_CLOSE = 1e-9
# From here on every step is Newton's own.
_NEAR = 1e-4
# The smallest eigenvalue of the correlations, and smallest share of the residual variance, of a
# matrix that is as good as singular, and of one that makes a failed search understood.
_SINGULAR = 1e-7
_SUSPECT = 1e-4
# Below this second derivative a parameter's standard error is over a thousand residual variances.
_FLAT = 1e-6
_HALVINGS = 40
# The correlation of neighbouring visits at which a search for another maximum starts.
_STRONG = 0.7
_LONGEST = 3.0  # of a logarithm or inverse hyperbolic tangent, in one step


_TOO_LONG = f"no maximum was found within {MOST_STEPS} steps"
_STUCK = "no step raises the likelihood"
_UNDETERMINED = "the data do not determine the covariance: its likelihood is flat"
_UNBOUNDED = "the covariance becomes singular: the likelihood has no maximum inside"


@dataclass(frozen=True, slots=True)
class Search:
    """Where the search ended. `reason` says in plain words why it did not converge, else it is empty."""

    theta: NDArray[Any]
    sigma: NDArray[Any]
    first: NDArray[Any]
    second: NDArray[Any] | None
    point: Point
    derivatives: Derivatives
    steps: int
    distance: float
    reason: str

    @property
    def converged(self) -> bool:
        """Whether this is a maximum."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class _Place:
    phi: NDArray[Any]
    theta: NDArray[Any]
    sigma: NDArray[Any]
    first: NDArray[Any]
    second: NDArray[Any] | None
    point: Point


class _Searcher:
    def __init__(self, patterns: Patterns, structure: Structure, *, reml: bool) -> None:
        self.patterns, self.structure, self.reml = patterns, structure, reml

    def at(self, phi: NDArray[Any]) -> _Place | None:
        import numpy as np

        try:
            theta = restored(self.structure, phi)
        except (OverflowError, ValueError):
            return None
        if not np.isfinite(theta).all() or any(
            scale == "log" and value <= 0 for scale, value in zip(self.structure.scales, theta, strict=True)
        ):
            return None
        sigma, first, second = self.structure.build(theta)
        point = evaluate(self.patterns, sigma, reml=self.reml)
        return None if point is None else _Place(phi, theta, sigma, first, second, point)

    def derivatives(self, place: _Place) -> Derivatives:
        return differentiate(self.patterns, place.point, place.first, place.second, reml=self.reml)

    def direction(self, place: _Place, found: Derivatives) -> tuple[NDArray[Any], float, bool]:
        """The step to take, its length in standard errors, and whether it is a full Newton step."""
        import numpy as np

        along, bend = slopes(self.structure, place.theta)
        gradient = found.gradient * along
        observed = found.observed * np.outer(along, along) + np.diag(found.gradient * bend)
        newton = _positive_inverse_times(observed, gradient)
        if newton is not None:
            step = -newton
        else:
            expected = found.expected * np.outer(along, along)
            fisher = _positive_inverse_times(expected, gradient)
            step = -(fisher if fisher is not None else _damped(expected, gradient))
        return step, float(np.sqrt(max(-(gradient @ step), 0.0))), newton is not None


def _positive_inverse_times(matrix: NDArray[Any], vector: NDArray[Any]) -> NDArray[Any] | None:
    """The solution of matrix · x = vector, `None` unless the matrix is clearly positive definite."""
    import numpy as np

    size = np.sqrt(np.abs(np.diag(matrix)))
    if not (np.isfinite(matrix).all() and (size > 0).all()):
        return None
    scaled = matrix / np.outer(size, size)
    try:
        factor = np.linalg.cholesky(scaled)
    except np.linalg.LinAlgError:
        return None
    if np.diag(factor).min() < 1e-7:
        return None
    half = np.linalg.solve(factor, vector / size)
    return np.linalg.solve(factor.T, half) / size


def _damped(matrix: NDArray[Any], vector: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    values, vectors = np.linalg.eigh(matrix)
    floor = max(float(np.abs(values).max()), 1.0) * 1e-6
    return vectors @ ((vectors.T @ vector) / np.maximum(np.abs(values), floor))


def _smallest_share(sigma: NDArray[Any]) -> float:
    """The smallest eigenvalue of the correlations: zero when some visit is a combination of others."""
    import numpy as np

    size = np.sqrt(np.diag(sigma))
    return float(np.linalg.eigvalsh(sigma / np.outer(size, size))[0])


def _is_singular(sigma: NDArray[Any], limit: float) -> bool:
    """Whether a visit has (as good as) no variance of its own; the residual variance is about one."""
    return _smallest_share(sigma) < limit or float(sigma.diagonal().min()) < limit**2


def _shortened(structure: Structure, step: NDArray[Any]) -> NDArray[Any]:
    longest = max(
        (abs(float(s)) for s, scale in zip(step, structure.scales, strict=True) if scale != "plain"),
        default=0.0,
    )
    return step * (_LONGEST / longest) if longest > _LONGEST else step


def _halved(searcher: _Searcher, place: _Place, step: NDArray[Any], distance: float) -> _Place | None:
    """The first of the halved steps that raises the likelihood; `None` when none does."""
    share = 1.0
    for _ in range(_HALVINGS):
        tried = searcher.at(place.phi + share * step)
        if tried is not None and tried.point.value <= place.point.value - 1e-4 * share * distance**2:
            return tried
        share /= 2
    return None


def _starting_places(searcher: _Searcher, first: NDArray[Any]) -> Iterator[_Place]:
    """The first matrix, then itself with ever smaller correlations."""
    import numpy as np

    spread = np.diag(np.diag(first))
    for share in (1.0, 0.5, 0.0):
        place = _started(searcher, share * first + (1 - share) * spread)
        if place is not None:
            yield place


def _other_sides(searcher: _Searcher, first: NDArray[Any]) -> Iterator[_Place]:
    """The first variances with neighbouring visits strongly alike, and strongly opposed.

    Powers and products of correlations have likelihoods with a maximum on either side of zero.
    """
    import numpy as np

    if "atanh" not in searcher.structure.scales:
        return
    lags = np.abs(np.subtract.outer(np.arange(len(first)), np.arange(len(first))))
    size = np.sqrt(np.diag(first))
    for correlation in (-_STRONG, _STRONG):
        place = _started(searcher, np.outer(size, size) * correlation**lags)
        if place is not None:
            yield place


def _started(searcher: _Searcher, matrix: NDArray[Any]) -> _Place | None:
    """The parameters closest to a matrix, unless that is as good as singular."""
    place = searcher.at(transformed(searcher.structure, searcher.structure.start(matrix)))
    return None if place is None or _is_singular(place.sigma, _SUSPECT) else place


def search(patterns: Patterns, structure: Structure, start: NDArray[Any], *, reml: bool) -> Search | None:
    """The maximum of the (restricted) likelihood over a covariance structure.

    `start`: a first covariance matrix (visits x visits). Newton steps on the observed second
    derivatives, Fisher's where these are not positive definite, halved until the likelihood rises
    and the matrix stays positive definite. A search that ends at a singular matrix starts again from
    smaller correlations: with few complete participants the likelihood grows without bound there,
    beside the maximum that is meant. Where there may be several maxima the highest one found is
    taken. `None` when no starting point has a likelihood.
    """
    searcher = _Searcher(patterns, structure, reml=reml)
    ended = None
    for place in _starting_places(searcher, start):
        ended = _climb(searcher, place)
        if ended.converged:
            break
    for place in _other_sides(searcher, start):
        other = _climb(searcher, place)
        if ended is None or (other.converged and not (ended.converged and _not_above(other, ended))):
            ended = other
    return ended


def _not_above(other: Search, ended: Search) -> bool:
    """Whether another maximum is no higher than the one at hand, beyond rounding."""
    return other.point.value >= ended.point.value - 1e-7


def _climb(searcher: _Searcher, place: _Place) -> Search:
    import numpy as np

    found = searcher.derivatives(place)
    distance, reason, steps = float("inf"), _TOO_LONG, 0
    while steps < MOST_STEPS:
        step, distance, newton = searcher.direction(place, found)
        if newton and distance < _NEAR:
            place, found, distance, more = _polished(searcher, place, found, step, distance)
            steps, reason = steps + more, ""
            break
        if _is_singular(place.sigma, _SINGULAR):
            reason = _UNBOUNDED
            break
        moved = _halved(searcher, place, _shortened(searcher.structure, step), distance)
        if moved is None:
            reason = _STUCK
            break
        place, steps = moved, steps + 1
        found = searcher.derivatives(place)
    if reason and _is_singular(place.sigma, _SUSPECT):
        reason = _UNBOUNDED
    elif not reason and float(np.linalg.eigvalsh(found.observed)[0]) < _FLAT:
        reason = _UNDETERMINED
    return Search(
        place.theta, place.sigma, place.first, place.second, place.point, found, steps, distance, reason
    )


def _polished(
    searcher: _Searcher, place: _Place, found: Derivatives, step: NDArray[Any], distance: float
) -> tuple[_Place, Derivatives, float, int]:
    """Full Newton steps close to the maximum, as long as each comes closer.

    There the likelihood itself is flat to rounding and can judge no step; its slope still can.
    """
    steps = 0
    while distance > _CLOSE:
        moved = searcher.at(place.phi + step)
        if moved is None:
            break
        closer = searcher.derivatives(moved)
        step, remaining, newton = searcher.direction(moved, closer)
        if not newton or remaining >= distance:
            break
        place, found, distance, steps = moved, closer, remaining, steps + 1
    return place, found, distance, steps
