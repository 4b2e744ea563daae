"""Covariance structures over visits, with their derivatives in the parameters SAS reports."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trialrun.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Arrays = tuple["NDArray[Any]", "NDArray[Any]", "NDArray[Any] | None"]


@dataclass(frozen=True, slots=True)
class Structure:
    """A family of covariance matrices.

    `names` are the parameters; `scales` says for each how it is searched: "log" for a variance,
    "atanh" for a correlation free between -1 and 1, "plain" otherwise. `build` gives the matrix
    (visits x visits), its first derivatives (parameters first) and its second ones, `None` when
    the matrix is linear in the parameters. `start` takes a first matrix and gives parameters.
    """

    kind: str
    names: tuple[str, ...]
    scales: tuple[str, ...]
    build: Callable[[NDArray[Any]], Arrays]
    start: Callable[[NDArray[Any]], NDArray[Any]]

    @property
    def linear(self) -> bool:
        """Whether the matrix is linear in the parameters."""
        return all(scale == "plain" for scale in self.scales)


KINDS = {
    "unstructured": "unstructured",
    "heterogeneous toeplitz": "Toeplitz correlations, a variance for each visit",
    "toeplitz": "Toeplitz",
    "heterogeneous ar1": "first-order autoregressive, a variance for each visit",
    "ar1": "first-order autoregressive",
    "heterogeneous compound symmetry": "compound symmetry, a variance for each visit",
    "compound symmetry": "compound symmetry",
    "heterogeneous ante-dependence": "first-order ante-dependence, a variance for each visit",
    "ante-dependence": "first-order ante-dependence",
}
_SHORT = {
    "un": "unstructured",
    "us": "unstructured",
    "toeph": "heterogeneous toeplitz",
    "toep": "toeplitz",
    "arh1": "heterogeneous ar1",
    "ar1h": "heterogeneous ar1",
    "ar(1)": "ar1",
    "arh(1)": "heterogeneous ar1",
    "csh": "heterogeneous compound symmetry",
    "cs": "compound symmetry",
    "autoregressive": "ar1",
    "heterogeneous autoregressive": "heterogeneous ar1",
    "adh": "heterogeneous ante-dependence",
    "ante(1)": "heterogeneous ante-dependence",
    "ad": "ante-dependence",
}


def kind_of(name: str) -> str:
    """The full name of a structure from a full or short one (UN, CSH, CS, AR1, ARH1, TOEP, TOEPH, AD, ADH)."""
    plain = " ".join(str(name).lower().replace("_", " ").replace("-", " ").split())
    plain = plain.removeprefix("homogeneous ").replace("antedependence", "ante dependence")
    plain = _SHORT.get(plain, plain).replace("ante dependence", "ante-dependence")
    if plain not in KINDS:
        raise AnalysisError(f"the covariance {name!r} is not known", f"choose among {', '.join(KINDS)}")
    return plain


def structure(name: str, visits: tuple[str, ...]) -> Structure:
    """The structure of that name over these visits."""
    kind = kind_of(name)
    if len(visits) == 1 or kind == "unstructured":
        return _linear(kind, *_unstructured_basis(visits))
    if kind == "compound symmetry":
        return _linear(kind, *_symmetric_basis(len(visits)))
    if kind == "toeplitz":
        return _linear(kind, *_banded_basis(len(visits)))
    correlation = {
        "ar1": _autoregressive,
        "compound symmetry": _exchangeable,
        "toeplitz": _banded,
        "ante-dependence": _ante,
    }[kind.removeprefix("heterogeneous ")]
    heterogeneous = kind.startswith("heterogeneous")
    return _scaled(kind, visits, correlation(visits), heterogeneous=heterogeneous)


# --- linear structures -----------------------------------------------------------------------------


def _unstructured_basis(visits: tuple[str, ...]) -> tuple[tuple[str, ...], NDArray[Any]]:
    import numpy as np

    pairs = [(row, column) for row in range(len(visits)) for column in range(row + 1)]
    basis = np.zeros((len(pairs), len(visits), len(visits)))
    for place, (row, column) in enumerate(pairs):
        basis[place, row, column] = basis[place, column, row] = 1.0
    names = tuple(
        f"variance at {visits[r]}" if r == c else f"covariance of {visits[r]} and {visits[c]}"
        for r, c in pairs
    )
    return names, basis


def _symmetric_basis(count: int) -> tuple[tuple[str, ...], NDArray[Any]]:
    import numpy as np

    return ("covariance", "residual variance"), np.stack([np.ones((count, count)), np.eye(count)])


def _lags(count: int) -> NDArray[Any]:
    import numpy as np

    place = np.arange(count)
    return np.abs(place[:, None] - place[None, :])


def _banded_basis(count: int) -> tuple[tuple[str, ...], NDArray[Any]]:
    import numpy as np

    lags = _lags(count)
    names = ("variance", *(f"covariance at lag {lag}" for lag in range(1, count)))
    return names, np.stack([(lags == lag).astype(float) for lag in range(count)])


def _linear(kind: str, names: tuple[str, ...], basis: NDArray[Any]) -> Structure:
    import numpy as np

    flat = basis.reshape(len(basis), -1)
    gram = flat @ flat.T

    def build(theta: NDArray[Any]) -> Arrays:
        return (theta @ flat).reshape(basis.shape[1:]), basis, None

    def start(first: NDArray[Any]) -> NDArray[Any]:
        return np.linalg.solve(gram, flat @ first.ravel())

    return Structure(kind, names, ("plain",) * len(names), build, start)


# --- correlations ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Correlation:
    names: tuple[str, ...]
    scale: str
    build: Callable[[NDArray[Any]], tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]
    start: Callable[[NDArray[Any]], NDArray[Any]]


def _mean_at_lag(first: NDArray[Any], lag: int) -> float:
    import numpy as np

    return float(np.diagonal(first, lag).mean())


def _within(value: float) -> float:
    return min(max(value, -0.9), 0.9)


def _autoregressive(visits: tuple[str, ...]) -> _Correlation:
    import numpy as np

    lags = _lags(len(visits))

    def build(rho: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        value = float(rho[0])
        first = np.where(lags >= 1, lags * np.power(value, np.maximum(lags - 1, 0)), 0.0)
        second = np.where(lags >= 2, lags * (lags - 1) * np.power(value, np.maximum(lags - 2, 0)), 0.0)
        return np.power(value, lags), first[None], second[None, None]

    def start(first: NDArray[Any]) -> NDArray[Any]:
        return np.array([_within(_mean_at_lag(first, 1))])

    return _Correlation(("correlation at lag 1",), "atanh", build, start)


def _exchangeable(visits: tuple[str, ...]) -> _Correlation:
    import numpy as np

    count = len(visits)
    off = 1.0 - np.eye(count)

    def build(rho: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        return np.eye(count) + rho[0] * off, off[None], np.zeros((1, 1, count, count))

    def start(first: NDArray[Any]) -> NDArray[Any]:
        mean = float((first * off).sum() / off.sum())
        return np.array([min(max(mean, -0.9 / (count - 1)), 0.9)])

    return _Correlation(("correlation",), "plain", build, start)


def _banded(visits: tuple[str, ...]) -> _Correlation:
    import numpy as np

    count = len(visits)
    lags = _lags(count)
    bands = np.stack([(lags == lag).astype(float) for lag in range(1, count)])

    def build(rho: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        none = np.zeros((count - 1, count - 1, count, count))
        return np.eye(count) + np.tensordot(rho, bands, 1), bands, none

    def start(first: NDArray[Any]) -> NDArray[Any]:
        return np.array([_mean_at_lag(first, lag) for lag in range(1, count)])

    return _Correlation(tuple(f"correlation at lag {lag}" for lag in range(1, count)), "plain", build, start)


def _ante(visits: tuple[str, ...]) -> _Correlation:
    """Correlations of visits far apart are products of those of neighbours."""
    import numpy as np

    count = len(visits)
    place = np.arange(count)
    low, high = np.minimum.outer(place, place), np.maximum.outer(place, place)
    steps = np.arange(count - 1)[:, None, None]
    spans = (low[None] <= steps) & (steps < high[None])

    def product_without(rho: NDArray[Any], *left_out: int) -> NDArray[Any]:
        used = spans.copy()
        needed = np.ones((count, count), dtype=bool)
        for step in left_out:
            needed &= spans[step]
            used[step] = False
        return np.where(needed, np.prod(np.where(used, rho[:, None, None], 1.0), axis=0), 0.0)

    def build(rho: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        number = len(rho)
        first = np.stack([product_without(rho, step) for step in range(number)])
        second = np.zeros((number, number, count, count))
        for one in range(number):
            for other in range(one):
                second[one, other] = second[other, one] = product_without(rho, one, other)
        return product_without(rho), first, second

    def start(first: NDArray[Any]) -> NDArray[Any]:
        return np.array([_within(float(first[step, step + 1])) for step in range(count - 1)])

    names = tuple(f"correlation of {visits[step]} and {visits[step + 1]}" for step in range(count - 1))
    return _Correlation(names, "atanh", build, start)


# --- variances times correlations ------------------------------------------------------------------


def _scaled(kind: str, visits: tuple[str, ...], corr: _Correlation, *, heterogeneous: bool) -> Structure:
    import numpy as np

    count = len(visits)
    number = count if heterogeneous else 1
    # How much of each element's logarithm is the logarithm of each variance.
    share = np.ones((1, count, count))
    if heterogeneous:
        share = (np.eye(count)[:, :, None] + np.eye(count)[:, None, :]) / 2
    curve = share[:, None] * share[None, :]
    curve[np.arange(number), np.arange(number)] -= share

    def build(theta: NDArray[Any]) -> Arrays:
        variances = theta[:number]
        matrix, along, bend = corr.build(theta[number:])
        scale = np.sqrt(np.outer(variances, variances)) if heterogeneous else variances[0]
        sigma = scale * matrix
        total = len(theta)
        first = np.empty((total, count, count))
        first[:number] = sigma * share / variances[:, None, None]
        first[number:] = scale * along
        second = np.empty((total, total, count, count))
        second[:number, :number] = sigma * curve / np.outer(variances, variances)[:, :, None, None]
        second[number:, number:] = scale * bend
        mixed = (share / variances[:, None, None])[:, None] * (scale * along)[None]
        second[:number, number:] = mixed
        second[number:, :number] = mixed.transpose(1, 0, 2, 3)
        return sigma, first, second

    def start(first: NDArray[Any]) -> NDArray[Any]:
        variances = np.diag(first)
        correlations = first / np.sqrt(np.outer(variances, variances))
        kept = variances if heterogeneous else np.array([variances.mean()])
        return np.concatenate([kept, corr.start(correlations)])

    names = tuple(f"variance at {visit}" for visit in visits) if heterogeneous else ("variance",)
    scales = ("log",) * number + (corr.scale,) * len(corr.names)
    return Structure(kind, (*names, *corr.names), scales, build, start)


def transformed(structure: Structure, theta: NDArray[Any]) -> NDArray[Any]:
    """The parameters on the scale on which they are searched."""
    return _each(structure, theta, {"log": math.log, "atanh": math.atanh})


def restored(structure: Structure, phi: NDArray[Any]) -> NDArray[Any]:
    """The parameters themselves, from the scale of the search."""
    return _each(structure, phi, {"log": math.exp, "atanh": math.tanh})


def _each(
    structure: Structure, values: NDArray[Any], by: dict[str, Callable[[float], float]]
) -> NDArray[Any]:
    import numpy as np

    if structure.linear:
        return values
    return np.array(
        [
            by[scale](value) if scale in by else value
            for scale, value in zip(structure.scales, values.tolist(), strict=True)
        ]
    )


def slopes(structure: Structure, theta: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """First and second derivatives of the parameters by their searched scale."""
    import numpy as np

    first, second = np.ones(len(theta)), np.zeros(len(theta))
    for place, scale in enumerate(structure.scales):
        value = float(theta[place])
        if scale == "log":
            first[place] = second[place] = value
        elif scale == "atanh":
            first[place] = 1 - value**2
            second[place] = -2 * value * (1 - value**2)
    return first, second
