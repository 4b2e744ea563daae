"""Events per time at risk."""

from __future__ import annotations

from dataclasses import dataclass

from trialrun.analyse.methods.binomial import checked_level
from trialrun.errors import AnalysisError


@dataclass(frozen=True, slots=True)
class PoissonRate:
    """`events` over `exposure`, per unit of `exposure`, with the exact interval."""

    events: int
    exposure: float
    rate: float
    low: float
    high: float
    level: float


def poisson_rate(events: int, exposure: float, *, level: float = 0.95) -> PoissonRate:
    """A rate with its exact interval, in events per unit of exposure (person-months in, per month out).

    The events are taken as independent; repeated events of one participant make the interval too short.
    Errors: `AnalysisError` for fewer than no events or no time at risk. Source: Garwood F, Biometrika
    1936;28:437.
    """
    from scipy import special

    if events < 0:
        raise AnalysisError(f"{events} events cannot be")
    if not 0 < exposure < float("inf"):
        raise AnalysisError(f"{exposure} is no time at risk", "a rate needs an exposure above 0")
    alpha = 1 - checked_level(level)
    low = float(special.gammaincinv(events, alpha / 2)) if events else 0.0
    high = float(special.gammaincinv(events + 1, 1 - alpha / 2))
    return PoissonRate(events, exposure, events / exposure, low / exposure, high / exposure, level)
