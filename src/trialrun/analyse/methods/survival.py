"""Time to an event, when people leave before it and when another event makes it impossible.

Times are whole or fractional days. At one time events come before censorings, as is usual.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from trialrun.analyse.methods.binomial import checked_level
from trialrun.errors import AnalysisError

Scale = Literal["log-log", "log", "plain"]
IncidenceScale = Literal["complementary log-log", "log-log", "log", "plain"]
CENSORED = ""


@dataclass(frozen=True, slots=True)
class SurvivalStep:
    """At `time`: how many are at risk and have the event, and who is event-free afterwards."""

    time: float
    at_risk: int
    events: int
    censored: int
    survival: float
    se: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class IncidenceStep:
    """At `time`: how many are at risk, and the cumulative probability of each event with its interval."""

    time: float
    at_risk: int
    event_free: float
    incidence: dict[str, float]
    se: dict[str, float]
    low: dict[str, float]
    high: dict[str, float]


@dataclass(frozen=True, slots=True)
class KaplanMeier:
    """Steps at every time somebody has the event or leaves, in order of time."""

    n: int
    steps: tuple[SurvivalStep, ...]
    scale: str
    level: float

    def at(self, time: float) -> SurvivalStep:
        """The curve at a time, with the number still at risk then; before the first step nothing happened."""
        index = bisect_right([step.time for step in self.steps], time) - 1
        risk = at_risk(self.steps, time)
        if index < 0:
            return SurvivalStep(time, risk, 0, 0, 1.0, 0.0, 1.0, 1.0)
        step = self.steps[index]
        return SurvivalStep(time, risk, 0, 0, step.survival, step.se, step.low, step.high)

    def median(self) -> float | None:
        """The first time at which fewer than half are event-free; `None` when it was not reached.

        Where the curve rests at exactly half, the middle of that rest, as R and SAS give it; the time it
        begins when it rests there to the end.
        """
        return _crossing([(step.time, step.survival) for step in self.steps])

    def median_interval(self) -> tuple[float | None, float | None]:
        """The medians the curve does not contradict: where its lower and its upper bound cross one half.

        A bound that never does is `None`. A curve at 1 or at 0 has no spread, so it bounds nothing.
        Source: Brookmeyer R, Crowley J, Biometrics 1982;38:29.
        """
        spread = [step for step in self.steps if 0 < step.survival < 1]
        return (
            _crossing([(step.time, step.low) for step in spread]),
            _crossing([(step.time, step.high) for step in spread]),
        )


@dataclass(frozen=True, slots=True)
class AalenJohansen:
    """Cumulative incidence of competing events: steps at every time of an event or censoring."""

    n: int
    causes: tuple[str, ...]
    steps: tuple[IncidenceStep, ...]
    level: float

    def at(self, time: float) -> IncidenceStep:
        """The curves at a time, with the number still at risk then."""
        index = bisect_right([step.time for step in self.steps], time) - 1
        risk = at_risk(self.steps, time)
        if index < 0:
            none = dict.fromkeys(self.causes, 0.0)
            return IncidenceStep(time, risk, 1.0, none, none, none, none)
        step = self.steps[index]
        return IncidenceStep(time, risk, step.event_free, step.incidence, step.se, step.low, step.high)


def at_risk(steps: Sequence[SurvivalStep] | Sequence[IncidenceStep], time: float) -> int:
    """How many are under observation just before a time (an event exactly then counts as at risk)."""
    return next((step.at_risk for step in steps if step.time >= time), 0)


def kaplan_meier(
    times: Sequence[float], events: Sequence[bool], *, scale: Scale = "log-log", level: float = 0.95
) -> KaplanMeier:
    """The probability to be free of one event, when leaving says nothing about the event.

    Not for an event that another one prevents (death before transplant): that is `aalen_johansen`.
    Args:
        times: days from the start to the event or the end of observation, 0 or more.
        events: whether the time ends in the event.
        scale: of the interval. Greenwood's variance; bounds are cut to 0 and 1. At 1 and at 0 there is
            no spread to show, and the interval is the point itself, as is usual.
    Errors: `AnalysisError` for no participants, a negative or unknown time, lists of unequal length.
    Sources: Kaplan EL, Meier P, J Am Stat Assoc 1958;53:457; Greenwood M, 1926; Kalbfleisch JD, Prentice RL,
    The Statistical Analysis of Failure Time Data, 1980.
    """
    causes = ["event" if event else CENSORED for event in events]
    survival, greenwood = 1.0, 0.0
    steps: list[SurvivalStep] = []
    z = _normal(level)
    for time, risk, counts in _table(times, causes):
        died = counts.get("event", 0)
        if died:
            survival *= 1 - died / risk
            greenwood = math.inf if died == risk else greenwood + died / (risk * (risk - died))
        se = survival * math.sqrt(greenwood) if survival > 0 else 0.0
        low, high = _survival_bounds(survival, greenwood, z, scale)
        steps.append(SurvivalStep(time, risk, died, counts.get(CENSORED, 0), survival, se, low, high))
    return KaplanMeier(len(times), tuple(steps), scale, level)


def aalen_johansen(
    times: Sequence[float],
    causes: Sequence[str],
    *,
    scale: IncidenceScale = "complementary log-log",
    level: float = 0.95,
    among: Sequence[str] = (),
) -> AalenJohansen:
    """The probability of each of several events by a time, each ending the risk of the others.

    Args:
        times: days from the start to the first event or the end of observation.
        causes: what the time ends in, such as `death` or `transplant`; empty text for no event yet.
        among: events to report even if nobody had them; others found in the data are added in order of name.
        scale: of the interval. `complementary log-log` is the log(-log) of 1 minus the incidence, so that one
            event alone gives the interval of `kaplan_meier`; `log-log` is that of the incidence itself
            (R's conf.type and SAS' default), `log` R's default.
    The standard error is the infinitesimal jackknife. At incidence 0 the interval is 0 to 0: no curve shows what so few participants cannot rule
    out; give the exact interval of 0 of n beside it.
    Errors: as `kaplan_meier`.
    Sources: Aalen OO, Johansen S, Scand J Stat 1978;5:141; infinitesimal jackknife: Jaeckel LA, Bell
    Laboratories memorandum 1972; Therneau T, Crowson C, Atkinson E, Multi-state models, 2024.
    """
    kinds = (*dict.fromkeys(among), *sorted(set(causes) - set(among) - {CENSORED}))
    table = _table(times, causes)
    z = _normal(level)
    influence = _Influence(times, causes, kinds)
    free = 1.0
    cumulative = dict.fromkeys(kinds, 0.0)
    steps: list[IncidenceStep] = []
    for time, risk, counts in table:
        influence.step(time, risk, counts, free)
        for kind in kinds:
            cumulative[kind] += free * counts.get(kind, 0) / risk
        free *= 1 - sum(counts.get(kind, 0) for kind in kinds) / risk
        se = influence.errors()
        bounds = {kind: _incidence_bounds(cumulative[kind], se[kind], z, scale) for kind in kinds}
        steps.append(
            IncidenceStep(
                time,
                risk,
                max(free, 0.0),
                dict(cumulative),
                se,
                {kind: low for kind, (low, _) in bounds.items()},
                {kind: high for kind, (_, high) in bounds.items()},
            )
        )
    return AalenJohansen(len(times), kinds, tuple(steps), level)


class _Influence:
    """How much each participant moves each curve: the infinitesimal jackknife, updated step by step."""

    def __init__(self, times: Sequence[float], causes: Sequence[str], kinds: Sequence[str]) -> None:
        import numpy as np

        self._times = np.asarray(times, dtype=float)
        self._ends = {kind: np.asarray([cause == kind for cause in causes]) for kind in kinds}
        self._free = np.zeros(len(self._times))
        self._curves = {kind: np.zeros(len(self._times)) for kind in kinds}

    def step(self, time: float, risk: int, counts: dict[str, int], free: float) -> None:
        """Move on to a time at which `risk` are at risk and `free` were event-free before it."""
        all_hazard = sum(counts.get(kind, 0) for kind in self._ends) / risk
        if not all_hazard:
            return
        under = self._times >= time
        here = self._times == time
        fall = self._free * (1 - all_hazard)
        for kind, ends in self._ends.items():
            hazard = counts.get(kind, 0) / risk
            # Derivative of the hazard by the participant's weight, times those free, and the carried part.
            by_weight = ((here & ends) - hazard * under) / risk
            self._curves[kind] += self._free * hazard + free * by_weight
            fall -= free * by_weight
        self._free = fall

    def errors(self) -> dict[str, float]:
        """The standard error of each curve so far."""
        return {kind: math.sqrt(float(curve @ curve)) for kind, curve in self._curves.items()}


def _crossing(curve: Sequence[tuple[float, float]]) -> float | None:
    """Where a curve falls below one half; the middle of a rest at exactly half."""
    begins = next((time for time, value in curve if value <= 0.5 + 1e-12), None)
    below = next((time for time, value in curve if value < 0.5 - 1e-12), None)
    return begins if begins is None or below is None else (begins + below) / 2


def _normal(level: float) -> float:
    from scipy import special

    return float(special.ndtri(0.5 + checked_level(level) / 2))


def _table(times: Sequence[float], causes: Sequence[str]) -> list[tuple[float, int, dict[str, int]]]:
    """Per time: the number at risk just before, and how many end in what."""
    if len(times) != len(causes):
        raise AnalysisError(f"{len(times)} times and {len(causes)} events do not match")
    if not len(times):  # an array has no truth of its own
        raise AnalysisError("time to event was asked for with no participants")
    for time in times:
        if not 0 <= time < math.inf:
            raise AnalysisError(f"{time} is not a time under observation", "times are days, 0 or more")
    found: dict[float, dict[str, int]] = {}
    for time, cause in zip(times, causes, strict=True):
        counts = found.setdefault(float(time), {})
        counts[cause] = counts.get(cause, 0) + 1
    risk = len(times)
    table: list[tuple[float, int, dict[str, int]]] = []
    for time in sorted(found):
        table.append((time, risk, found[time]))
        risk -= sum(found[time].values())
    return table


def _survival_bounds(survival: float, greenwood: float, z: float, scale: Scale) -> tuple[float, float]:
    if survival >= 1 or survival <= 0:
        return survival, survival
    spread = math.sqrt(greenwood)
    if scale == "plain":
        low, high = survival - z * survival * spread, survival + z * survival * spread
    elif scale == "log":
        low, high = survival * math.exp(-z * spread), survival * math.exp(z * spread)
    else:
        reach = z * spread / abs(math.log(survival))
        low, high = survival ** math.exp(reach), survival ** math.exp(-reach)
    return max(0.0, low), min(1.0, high)


def _incidence_bounds(incidence: float, se: float, z: float, scale: IncidenceScale) -> tuple[float, float]:
    if incidence <= 0 or incidence >= 1:
        return incidence, incidence
    if scale != "complementary log-log":
        return _survival_bounds(incidence, (se / incidence) ** 2, z, scale)
    reach = z * se / ((1 - incidence) * abs(math.log1p(-incidence)))
    return (
        -math.expm1(math.exp(-reach) * math.log1p(-incidence)),
        -math.expm1(math.exp(reach) * math.log1p(-incidence)),
    )
