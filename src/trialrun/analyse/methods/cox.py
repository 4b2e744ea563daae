"""Proportional hazards regression with tied times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trialrun.analyse.methods.binomial import checked_level
from trialrun.errors import AnalysisError

_ITERATIONS = 50
_HALVINGS = 30
_TOLERANCE = 1e-12
_STEP = 1e-8
_RUNAWAY = 15.0


@dataclass(frozen=True, slots=True)
class HazardRatio:
    """The log hazard ratio of one covariate per unit, its test, and the ratio with its interval."""

    name: str
    estimate: float
    se: float
    z: float
    p: float
    ratio: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CoxFit:
    """A fitted model: covariates in the order given, log likelihoods without and with them."""

    n: int
    events: int
    terms: tuple[HazardRatio, ...]
    null_log_likelihood: float
    log_likelihood: float
    iterations: int
    level: float


def cox(
    times: Sequence[float],
    events: Sequence[bool],
    covariates: Mapping[str, Sequence[float]],
    *,
    level: float = 0.95,
) -> CoxFit:
    """Hazard ratios by partial likelihood, tied events by Efron's approximation; Wald tests.

    Args:
        times: end of observation, above 0; events: whether it ended in the event.
        covariates: name to one number per participant, complete.
    Errors: `AnalysisError` for no events, values missing, a covariate that does not vary, or one that
        separates those with the event from those without, so that its ratio is not finite.
    Sources: Cox DR, J R Stat Soc B 1972;34:187; Efron B, J Am Stat Assoc 1977;72:557.
    """
    import numpy as np
    from scipy import special

    names = list(covariates)
    x, blocks, scale = _prepared(times, events, covariates)
    beta, null, current, information, iterations = _maximum(x, blocks, names)
    covariance = np.linalg.inv(information)
    z_level = float(special.ndtri(0.5 + checked_level(level) / 2))
    terms: list[HazardRatio] = []
    for index, name in enumerate(names):
        estimate = float(beta[index] / scale[index])
        se = math.sqrt(covariance[index, index]) / float(scale[index])
        z = estimate / se
        terms.append(
            HazardRatio(
                name,
                estimate,
                se,
                z,
                float(2 * special.ndtr(-abs(z))),
                math.exp(estimate),
                math.exp(estimate - z_level * se),
                math.exp(estimate + z_level * se),
            )
        )
    return CoxFit(len(times), int(sum(map(bool, events))), tuple(terms), null, current, iterations, level)


def _prepared(
    times: Sequence[float], events: Sequence[bool], covariates: Mapping[str, Sequence[float]]
) -> tuple[Any, list[tuple[Any, Any]], Any]:
    """Standardised covariates; per event time, who is at risk and who has the event."""
    import numpy as np

    when, ended = np.asarray(times, dtype=float), np.asarray(events, dtype=bool)
    if not covariates:
        raise AnalysisError("a proportional hazards model needs a covariate")
    columns = {name: np.asarray(values, dtype=float) for name, values in covariates.items()}
    for name, column in columns.items():
        if len(column) != len(when) or len(ended) != len(when):
            raise AnalysisError(f"{len(when)} times, {len(ended)} events, {len(column)} values of {name!r}")
        if not np.isfinite(column).all():
            raise AnalysisError(f"covariate {name!r} has missing values", "leave those participants out")
        if np.ptp(column) == 0:
            raise AnalysisError(f"covariate {name!r} does not vary", "leave it out")
    if not np.isfinite(when).all() or (when < 0).any():
        raise AnalysisError("a time under observation is missing or below 0", "times are days, 0 or more")
    if not ended.any():
        raise AnalysisError("nobody had the event: no hazard ratio can be estimated")
    x = np.column_stack(list(columns.values()))
    scale = x.std(axis=0)
    x = (x - x.mean(axis=0)) / scale
    blocks = [(when >= time, (when == time) & ended) for time in np.unique(when[ended])]
    return x, blocks, scale


def _maximum(
    x: Any, blocks: Sequence[tuple[Any, Any]], names: Sequence[str]
) -> tuple[Any, float, float, Any, int]:
    """Newton's steps to the largest partial likelihood: coefficients, start, maximum, information, steps."""
    import numpy as np

    beta = np.zeros(len(names))
    null, gradient, information = _likelihood(x, blocks, beta)
    current = null
    for iteration in range(1, _ITERATIONS + 1):
        step = _solved(information, gradient, names, beta)
        reached = _likelihood(x, blocks, beta + step)
        for _ in range(_HALVINGS):
            if reached[0] >= current - 1e-12 * abs(current):
                break
            step = step / 2
            reached = _likelihood(x, blocks, beta + step)
        gain, (current, gradient, information) = reached[0] - current, reached
        beta = beta + step
        if np.abs(beta).max() > _RUNAWAY:
            raise _separated(names, beta)
        if abs(gain) < _TOLERANCE * (1 + abs(current)) and np.abs(step).max() < _STEP:
            return beta, null, current, information, iteration
    raise AnalysisError(
        f"the proportional hazards model of {', '.join(names)} did not settle", "use fewer covariates"
    )


def _likelihood(x: Any, blocks: Sequence[tuple[Any, Any]], beta: Any) -> tuple[float, Any, Any]:
    """Partial log likelihood with its gradient and information (Efron)."""
    import numpy as np

    eta = x @ beta
    weight = np.exp(eta - eta.max())
    value, gradient = 0.0, np.zeros(len(beta))
    information = np.zeros((len(beta), len(beta)))
    for risk, died in blocks:
        count = int(died.sum())
        wr, wd, xr, xd = weight[risk], weight[died], x[risk], x[died]
        s0, d0 = wr.sum(), wd.sum()
        s1, d1 = wr @ xr, wd @ xd
        s2, d2 = (xr * wr[:, None]).T @ xr, (xd * wd[:, None]).T @ xd
        value += float(eta[died].sum()) - count * float(eta.max())
        gradient += xd.sum(axis=0)
        for place in range(count):
            # Of tied events each leaves the risk set a share at a time.
            share = place / count
            total, first = s0 - share * d0, s1 - share * d1
            mean = first / total
            value -= math.log(total)
            gradient -= mean
            information += (s2 - share * d2) / total - np.outer(mean, mean)
    return value, gradient, information


def _separated(names: Sequence[str], beta: Any) -> AnalysisError:
    return AnalysisError(
        f"the hazard ratio of {names[int(abs(beta).argmax())]!r} is not finite: it separates those with the "
        "event from those without",
        "describe the groups instead, or leave the covariate out",
    )


def _solved(information: Any, gradient: Any, names: Sequence[str], beta: Any) -> Any:
    import numpy as np

    if np.linalg.cond(information) > 1e12:
        # What could be told apart at the start and no longer can has run away on the steps since.
        if abs(beta).max() > 1:
            raise _separated(names, beta)
        raise AnalysisError(
            f"the covariates {', '.join(names)} say the same thing, or too few events tell them apart",
            "leave one out",
        )
    return np.linalg.solve(information, gradient)
