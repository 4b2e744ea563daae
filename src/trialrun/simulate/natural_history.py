"""The course of the disease in one virtual participant, as a pure function of a seed.

Latent severity moves slowly (first-order autoregressive) and drives every laboratory value, the clinical grades
and, through MELD, the hazard of death and transplantation. A laboratory value is

    mean + sd * (loading * severity + person + visit)

where `person` stays and `visit` comes fresh each time. The covariances of the three parts are worked
out so that the values *and their changes* have the moments written in the scenario.
Source of the moments: `rehearsal.yaml`, mark by mark. Nothing here is fitted to the trial.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from trialrun.errors import StudyError
from trialrun.simulate.parameters import Grade, Hazard, Laboratory, Scenario

Vector = NDArray[np.float64]
Meld = Callable[[Mapping[str, float]], float]
WEEK = 7
_TOLERATED = 0.05  # how far a covariance may be moved to become a possible one


@dataclass(frozen=True, slots=True)
class Covariances:
    """Between laboratory values, in units of their SD: what stays, what is new each visit."""

    loading: Vector
    person: Vector  # Cholesky-like factors: factor @ standard normal
    visit: Vector


@dataclass(frozen=True, slots=True)
class Course:
    """One participant's disease: severity by week, and what remains of the randomness by visit.

    `start` is day 0. `treated_from` is the day of the first dose (`None`: untreated).
    """

    scenario: Scenario
    seed: tuple[int, ...]
    severity: Vector
    person: Vector
    grade_person: Vector
    site_shift: Mapping[str, float]
    treated_from: int | None = None

    def severity_on(self, day: int) -> float:
        """Latent severity on a day, in SD of the population at entry, treatment included."""
        week = min(max(day, 0) / WEEK, len(self.severity) - 1)
        low = int(week)
        high = min(low + 1, len(self.severity) - 1)
        value = float(self.severity[low] + (week - low) * (self.severity[high] - self.severity[low]))
        return value + self._treatment(day)

    def _treatment(self, day: int) -> float:
        if self.treated_from is None or day <= self.treated_from:
            return 0.0
        share = min(1.0, (day - self.treated_from) / self.scenario.treatment_full_after_days)
        return self.scenario.treatment_effect * share


def covariances(scenario: Scenario) -> Covariances:
    """Split each covariance into severity, person and visit parts.

    Errors: `StudyError` when no such split exists (the moments contradict each other).
    """
    return _covariances(_Key(scenario))


class _Key:
    """A scenario as a cache key by name and identity of content (its mappings do not hash)."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._text = repr(scenario)

    def __hash__(self) -> int:
        return hash(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._text == other._text


@lru_cache(maxsize=16)
def _covariances(key: _Key) -> Covariances:
    scenario = key.scenario
    labs = scenario.laboratories
    loading = np.array([lab.severity for lab in labs])
    kept = math.exp(-scenario.change_gap_days / scenario.severity_days)
    total, visit = np.eye(len(labs)), np.zeros((len(labs), len(labs)))
    for i, first in enumerate(labs):
        for j, second in enumerate(labs):
            shared = loading[i] * loading[j]
            if i != j:
                total[i, j] = _pair(scenario.correlations, first, second, shared)
            fallback = 2 * (1 - kept) * shared * first.sd * second.sd / (first.change_sd * second.change_sd)
            moved = 1.0 if i == j else _pair(scenario.change_correlations, first, second, fallback)
            change = moved * first.change_sd * second.change_sd / (first.sd * second.sd)
            visit[i, j] = change / 2 - (1 - kept) * shared
    person = total - np.outer(loading, loading) - visit
    error = np.diag([(_error_sd(lab) / lab.sd) ** 2 for lab in labs])
    return Covariances(
        loading, _factor(person, scenario, "person"), _factor(visit - error, scenario, "visit")
    )


def _pair(table: Mapping[tuple[str, str], float], a: Laboratory, b: Laboratory, default: float) -> float:
    return table.get((a.name, b.name), table.get((b.name, a.name), float(default)))


def _error_sd(lab: Laboratory) -> float:
    return lab.error_cv if lab.scale == "ln" else lab.error_cv * lab.mean


def _factor(matrix: Vector, scenario: Scenario, part: str) -> Vector:
    if not matrix.size:
        return matrix
    values, vectors = np.linalg.eigh(matrix)
    if values.min() < -_TOLERATED:
        names = ", ".join(lab.name for lab in scenario.laboratories)
        raise StudyError(
            f"scenario {scenario.name}: no {part} covariance of {names} has the moments given "
            f"(smallest eigenvalue {values.min():.3f})",
            "lower the loadings on severity or the correlations, or raise change_sd",
        )
    return vectors @ np.diag(np.sqrt(np.clip(values, 0.0, None)))


def course(scenario: Scenario, seed: tuple[int, ...], *, weeks: int, site: str = "") -> Course:
    """Draw one participant's disease. The same seed gives the same course, whoever else is drawn."""
    rng = np.random.default_rng([*seed, 1])
    parts = covariances(scenario)
    kept = math.exp(-WEEK / scenario.severity_days)
    shocks = rng.standard_normal(weeks + 1)
    severity = np.empty(weeks + 1)
    severity[0] = shocks[0]
    for week in range(1, weeks + 1):
        severity[week] = kept * severity[week - 1] + math.sqrt(1 - kept * kept) * shocks[week]
    severity += scenario.drift_per_122_days * np.arange(weeks + 1) * WEEK / 122
    person = parts.person @ rng.standard_normal(len(parts.loading))
    return Course(
        scenario=scenario,
        seed=seed,
        severity=severity,
        person=person,
        grade_person=rng.standard_normal(len(scenario.grades)),
        site_shift=_site_shift(scenario, seed[0], site),
    )


def _site_shift(scenario: Scenario, seed: int, site: str) -> dict[str, float]:
    rng = np.random.default_rng([seed, 2, *site.encode()])
    return {lab.name: float(rng.standard_normal() * lab.site_cv) for lab in scenario.laboratories}


def underlying(course_: Course, day: int) -> dict[str, float]:
    """Laboratory values on a day as they truly are on average: no day-to-day change, no laboratory error."""
    return _labs(course_, day, np.zeros(len(course_.person)), errors=None)


def measured(course_: Course, day: int) -> dict[str, float]:
    """Laboratory values as one blood sample on that day shows them, in the scenario's units, unrounded."""
    rng = np.random.default_rng([*course_.seed, 3, max(day, 0)])
    parts = covariances(course_.scenario)
    visit = parts.visit @ rng.standard_normal(len(course_.person))
    return _labs(course_, day, visit, errors=rng.standard_normal(len(course_.person)))


def _labs(course_: Course, day: int, visit: Vector, errors: Vector | None) -> dict[str, float]:
    scenario = course_.scenario
    severity = course_.severity_on(day)
    values: dict[str, float] = {}
    for index, lab in enumerate(scenario.laboratories):
        standard = lab.severity * severity + course_.person[index] + visit[index]
        error = 0.0 if errors is None else errors[index] * _error_sd(lab)
        shift = 0.0 if errors is None else course_.site_shift[lab.name]
        if lab.scale == "ln":
            values[lab.name] = math.exp(lab.mean + lab.sd * standard + error + shift)
        else:
            values[lab.name] = lab.mean * (1 + shift) + lab.sd * standard + error
    if scenario.inr_from:
        values["inr"] = values[scenario.inr_from] / scenario.inr_control
    return values


def grade_on(course_: Course, grade: Grade, day: int) -> str:
    """A clinical grade as examined on a day: the code whose share of the population the person falls in."""
    index = course_.scenario.grades.index(grade)
    rng = np.random.default_rng([*course_.seed, 4, index, max(day, 0)])
    own = math.sqrt(max(0.0, 1 - grade.severity**2 - grade.visit_noise**2))
    latent = (
        grade.severity * course_.severity_on(day)
        + own * float(course_.grade_person[index])
        + grade.visit_noise * float(rng.standard_normal())
    )
    reached = NormalDist().cdf(latent)
    total = 0.0
    for code, share in zip(grade.codes, grade.shares, strict=True):
        total += share
        if reached <= total:
            return code
    return grade.codes[-1]


@dataclass(frozen=True, slots=True)
class Ending:
    """What ended the course early, if anything: `death` or `transplant`, and the day."""

    reason: str
    day: int


def ending(course_: Course, meld: Meld, *, days: int, start: int = 0) -> Ending | None:
    """The first of death and transplantation after day `start` and up to day `days`.

    The hazards follow current MELD, or latent severity where they say so. Whoever is looked at from a later day on has lived until then.
    """
    rng = np.random.default_rng([*course_.seed, 5])
    for week in range(math.ceil(days / WEEK)):
        draws = rng.random(3)
        rates = _rates(course_, meld, week * WEEK)
        total = sum(rates.values())
        day = week * WEEK + int(draws[1] * WEEK) + 1
        if draws[0] < 1 - math.exp(-total * WEEK) and start < day <= days:
            reason = "death" if draws[2] < rates["death"] / total else "transplant"
            return Ending(reason, day)
    return None


def _rates(course_: Course, meld: Meld, day: int) -> dict[str, float]:
    """The hazards of what ends the course, per day, on a day of it."""
    hazards = {"death": course_.scenario.death, "transplant": course_.scenario.transplant}
    points = (
        meld(underlying(course_, day))
        if any(one is not None and not one.by_severity for one in hazards.values())
        else 0.0
    )
    severity = course_.severity_on(day)
    return {
        kind: rate(one, severity if one.by_severity else points)
        for kind, one in hazards.items()
        if one is not None
    }


def rate(hazard: Hazard, points: float) -> float:
    """The hazard per day at a MELD score, or at a latent severity."""
    return hazard.per_90_days / 90 * hazard.per_point ** (points - hazard.at)
