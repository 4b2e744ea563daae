"""Looking at accumulating data more than once without raising the chance of a false claim.

Test statistics at successive looks are jointly normal with correlation root(t1 / t2), t the share of the
planned information. Crossing probabilities are found by integrating one look after the other.
Sources: Armitage P, McPherson CK, Rowe BC, J R Stat Soc A 1969;132:235; Jennison C, Turnbull BW, Group
Sequential Methods, 2000, chapter 19.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from trialrun.errors import AnalysisError

Shape = Literal["lan_demets_obrien_fleming", "lan_demets_pocock", "pocock", "obrien_fleming"]
SHAPES: tuple[Shape, ...] = ("lan_demets_obrien_fleming", "lan_demets_pocock", "pocock", "obrien_fleming")
_REACH = 9.0
_LARGEST_BOUND = 37.0
_NODES = 161


@dataclass(frozen=True, slots=True)
class GroupSequential:
    """Efficacy bounds at each look: the z value to exceed, its nominal one-sided p, the error spent so far."""

    information: tuple[float, ...]
    bounds: tuple[float, ...]
    nominal: tuple[float, ...]
    spent: tuple[float, ...]
    alpha: float
    shape: str


def group_sequential(
    information: Sequence[float], *, alpha: float = 0.025, shape: Shape = "lan_demets_obrien_fleming"
) -> GroupSequential:
    """Upper bounds for looks at the given shares of information, one-sided error `alpha` over all.

    Args:
        information: growing shares of the planned information, the last one 1.
        shape: `lan_demets_obrien_fleming` and `lan_demets_pocock` spend the error as a function of
            information, so looks may come when they come; `pocock` is one constant bound,
            `obrien_fleming` one that falls with the root of information: both for looks as planned.
    Errors: `AnalysisError` for shares that do not grow to 1, an unknown shape, or no error to spend.
    Sources: Lan KKG, DeMets DL, Biometrika 1983;70:659; Pocock SJ, Biometrika 1977;64:191;
    O'Brien PC, Fleming TR, Biometrics 1979;35:549.
    """
    from scipy import special

    shares = _checked(information, alpha)
    if shape == "pocock":
        bounds = _one_constant(shares, alpha, lambda share: 1.0)  # noqa: ARG005 (the same at every look)
    elif shape == "obrien_fleming":
        bounds = _one_constant(shares, alpha, lambda share: 1 / math.sqrt(share))
    elif shape in SHAPES:
        bounds = _spending(shares, [_spent(share, alpha, shape) for share in shares])
    else:
        raise AnalysisError(f"no group-sequential shape {shape!r}", f"use one of {', '.join(SHAPES)}")
    crossed = crossing_probabilities(shares, bounds)
    spent = tuple(sum(crossed[: place + 1]) for place in range(len(crossed)))
    nominal = tuple(float(special.ndtr(-bound)) for bound in bounds)
    return GroupSequential(shares, tuple(bounds), nominal, spent, alpha, shape)


def crossing_probabilities(
    information: Sequence[float], bounds: Sequence[float], *, drift: float = 0.0
) -> tuple[float, ...]:
    """The chance to cross first at each look; `drift` is the expected z at full information (0: no effect)."""
    if len(information) != len(bounds):
        raise AnalysisError(f"{len(information)} looks and {len(bounds)} bounds do not match")
    state = _State(drift)
    return tuple(state.cross(share, bound) for share, bound in zip(information, bounds, strict=True))


class _State:
    """The density of the score process among paths that have not crossed, on a grid."""

    def __init__(self, drift: float) -> None:
        self._drift = drift
        self._share = 0.0
        self._points: Any = None
        self._weights: Any = None

    def beyond(self, share: float, bound: float) -> float:
        """The chance to be above the bound at the next look, not having crossed before."""
        from scipy import special

        edge = bound * math.sqrt(share)
        if self._points is None:
            return float(special.ndtr((self._drift * share - edge) / math.sqrt(share)))
        step = share - self._share
        means = self._points + self._drift * step
        return float(self._weights @ special.ndtr((means - edge) / math.sqrt(step)))

    def cross(self, share: float, bound: float) -> float:
        """Move on to the next look, and say how likely the bound is crossed there."""
        import numpy as np

        crossed = self.beyond(share, bound)
        edge = bound * math.sqrt(share)
        spread_here = _REACH * math.sqrt(share)
        edge = min(edge, self._drift * share + spread_here)
        lowest = min(self._drift * share - spread_here, edge - 1e-9)
        nodes, weights = _quadrature()
        points = (edge + lowest) / 2 + (edge - lowest) / 2 * nodes
        widths = (edge - lowest) / 2 * weights
        if self._points is None:
            density = _normal((points - self._drift * share) / math.sqrt(share)) / math.sqrt(share)
        else:
            step = share - self._share
            means = self._points + self._drift * step
            spread = (points[:, None] - means[None, :]) / math.sqrt(step)
            density = _normal(spread) @ self._weights / math.sqrt(step)
        self._points, self._weights, self._share = points, np.asarray(density * widths), share
        return crossed


@lru_cache(maxsize=1)
def _quadrature() -> tuple[Any, Any]:
    import numpy as np

    return np.polynomial.legendre.leggauss(_NODES)


def _normal(z: Any) -> Any:
    import numpy as np

    return np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _spent(share: float, alpha: float, shape: Shape) -> float:
    """The one-sided error spent up to a share of information."""
    from scipy import special

    if shape == "lan_demets_pocock":
        return alpha * math.log(1 + (math.e - 1) * share)
    return 2 * float(special.ndtr(special.ndtri(alpha / 2) / math.sqrt(share)))


def _spending(shares: Sequence[float], spent: Sequence[float]) -> list[float]:
    state = _State(0.0)
    bounds: list[float] = []
    before = 0.0
    for share, total in zip(shares, spent, strict=True):
        target = total - before

        def excess(bound: float, share: float = share, target: float = target) -> float:
            return state.beyond(share, bound) - target

        bounds.append(_root(excess))
        before += state.cross(share, bounds[-1])
    return bounds


def _one_constant(shares: Sequence[float], alpha: float, factor: Callable[[float], float]) -> list[float]:
    def excess(constant: float) -> float:
        return sum(crossing_probabilities(shares, [constant * factor(share) for share in shares])) - alpha

    constant = _root(excess)
    return [constant * factor(share) for share in shares]


def _root(excess: Callable[[float], float]) -> float:
    """Where a falling function of a bound is zero."""
    from scipy import optimize

    if excess(_LARGEST_BOUND) >= 0:
        raise AnalysisError("there is too little error to spend at the first look", "look later")
    found: Any = optimize.brentq(excess, -_REACH, _LARGEST_BOUND, xtol=1e-13)
    return float(found)


def _checked(information: Sequence[float], alpha: float) -> tuple[float, ...]:
    shares = tuple(float(share) for share in information)
    growing = all(early < late for early, late in zip((0.0, *shares), shares, strict=False))
    if not shares or not growing or not math.isclose(shares[-1], 1.0, abs_tol=1e-12):
        raise AnalysisError(
            f"looks at {', '.join(map(str, shares)) or 'nothing'} of the information",
            "give growing shares of which the last is 1, such as 0.5, 1",
        )
    if not 0 < alpha < 0.5:
        raise AnalysisError(f"a one-sided error of {alpha} cannot be spent", "give a number such as 0.025")
    return shares
