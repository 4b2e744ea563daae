"""What a virtual participant's forms say: one answer from one line of `rehearsal.yaml`.

A line is a constant, or a mapping with one kind of draw: `choice`, `chance`, `normal`, `laboratory`,
`grade`, `days_before`, `years_before`, `visit_date`, `visit_time`, `times`, `words`, `by`, `hidden`, `event`, `event_date`,
`missing`. Every draw depends on the seed, the participant and the item's name only, so adding an item to a form changes
no other answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zlib import crc32

import numpy as np

from trialrun.errors import StudyError
from trialrun.simulate.natural_history import Course, grade_on, measured
from trialrun.values.missing import Missing, MissingReason

Answer = str | Missing
_MONTH = 30.4375
_NEVER = 10**6


@dataclass(frozen=True, slots=True)
class Moment:
    """Who answers and when: the course of the disease, the day of the course, and the calendar date.

    `known` holds what the person answered before (strings as entered), which `times` and `by` refer to.
    `row` tells the rows of a repeating form apart.
    """

    seed: tuple[int, ...]
    course: Course
    day: int
    on: date
    known: Mapping[str, Answer] = field(default_factory=dict[str, Answer])
    row: int = 0


def answer(item: str, spec: Any, moment: Moment) -> Answer:
    """The answer to one item as a site would type it.

    Errors: `StudyError` when the line of `rehearsal.yaml` is of no known kind.
    """
    if not isinstance(spec, Mapping):
        return _typed(spec)
    for kind, draw in _KINDS.items():
        if kind in spec:
            return draw(item, spec, moment)
    raise StudyError(
        f"rehearsal.yaml: the answer to {item} is of no known kind: {dict(spec)}",
        f"use a constant, or one of {', '.join(_KINDS)}",
    )


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def generator(moment: Moment, item: str, *extra: int) -> np.random.Generator:
    """The random numbers of one item of one participant."""
    return np.random.default_rng([*moment.seed, 6, crc32(item.encode()), moment.row, *extra])


def _choice(item: str, spec: Mapping[str, Any], moment: Moment) -> Answer:
    shares = {_typed(code): float(share) for code, share in spec["choice"].items()}
    rng = generator(moment, item)
    if "again" in spec:
        if generator(moment, item, 1, moment.day).random() < float(spec["again"]):
            rng = generator(
                moment, item, 2, moment.day
            )  # the answer of this visit, not the person's usual one
        elif "usual" in spec:
            return _typed(spec["usual"])
    reached = rng.random() * sum(shares.values())
    total = 0.0
    for code, share in shares.items():
        total += share
        if reached < total:
            return code
    return next(reversed(shares))


def _chance(item: str, spec: Mapping[str, Any], moment: Moment) -> Answer:
    return _typed(bool(generator(moment, item).random() < float(spec["chance"])))


def _normal(item: str, spec: Mapping[str, Any], moment: Moment) -> Answer:
    mean, sd = (float(value) for value in spec["normal"])
    value = mean + sd * generator(moment, str(spec.get("same_as", item))).standard_normal()
    value += float(spec.get("fresh", 0.0)) * generator(moment, item, 1, moment.day).standard_normal()
    value = _between(value, spec)
    return f"{value:.{int(spec.get('places', 0))}f}"


def _between(value: float, spec: Mapping[str, Any]) -> float:
    return min(max(value, float(spec.get("low", -math.inf))), float(spec.get("high", math.inf)))


def _laboratory(item: str, spec: Mapping[str, Any], moment: Moment) -> Answer:
    name = str(spec["laboratory"])
    values = measured(moment.course, moment.day)
    if name not in values:
        raise StudyError(
            f"rehearsal.yaml: {item} asks for the laboratory value {name!r}, which no scenario draws"
        )
    if name == "inr":
        return f"{values[name]:.2f}"
    lab = next(lab for lab in moment.course.scenario.laboratories if lab.name == name)
    return f"{values[name]:.{lab.places}f}"


def _grade(item: str, spec: Mapping[str, Any], moment: Moment) -> Answer:
    for grade in moment.course.scenario.grades:
        if grade.name == spec["grade"]:
            return grade_on(moment.course, grade, moment.day)
    raise StudyError(f"rehearsal.yaml: {item} asks for the grade {spec['grade']!r}, which no scenario draws")


def _days_before(item: str, spec: Mapping[str, Any], moment: Moment) -> Answer:
    low, high = (int(value) for value in spec["days_before"])
    rng = generator(moment, item)
    day = moment.on - timedelta(days=int(rng.integers(low, high + 1)))
    draw = rng.random()
    if draw < float(spec.get("year_only", 0.0)):
        return f"{day:%Y}"
    return f"{day:%Y-%m}" if draw < float(spec.get("month_only", 0.0)) else day.isoformat()


def _years_before(item: str, spec: Mapping[str, Any], moment: Moment) -> Answer:
    mean, sd = (float(value) for value in spec["years_before"])
    rng = generator(moment, item)
    years = mean + sd * rng.standard_normal()
    years = _between(years, spec)
    day = moment.on - timedelta(days=round(years * 365.25) + 1)
    return f"{day:%Y}" if rng.random() < float(spec.get("year_only", 0.0)) else day.isoformat()


def _visit_date(_item: str, spec: Mapping[str, Any], moment: Moment) -> Answer:
    return (moment.on + timedelta(days=int(spec.get("plus", 0)))).isoformat()


def _visit_time(_item: str, spec: Mapping[str, Any], moment: Moment) -> Answer:
    return f"{moment.on.isoformat()}T{spec['visit_time']}"


def _hidden(_item: str, spec: Mapping[str, Any], moment: Moment) -> Answer:
    """Several items that hang on one draw: true where it fell on `is`."""
    drawn = answer(f"hidden:{spec['hidden']}", spec["of"], moment)
    return _typed(drawn == _typed(spec["is"]))


def _times(item: str, spec: Mapping[str, Any], moment: Moment) -> Answer:
    other, low, high = spec["times"]
    known = moment.known.get(str(other))
    if not isinstance(known, str):
        return Missing(MissingReason.UNKNOWN)
    factor = generator(moment, item).uniform(float(low), float(high))
    return f"{float(known) * factor:.{int(spec.get('places', 0))}f}"


def _words(item: str, spec: Mapping[str, Any], moment: Moment) -> Answer:
    words = [str(word) for word in spec["words"]]
    return words[int(generator(moment, item).integers(len(words)))]


def _by(item: str, spec: Mapping[str, Any], moment: Moment) -> Answer:
    known = moment.known.get(str(spec["by"]))
    branch = spec.get(known, spec.get("otherwise")) if isinstance(known, str) else spec.get("otherwise")
    return Missing(MissingReason.NOT_APPLICABLE) if branch is None else answer(item, branch, moment)


def _onset(event: str, spec: Mapping[str, Any], moment: Moment) -> int:
    """The day of the course on which an event happens, from the beginning of the treatment or observation on."""
    start = moment.course.treated_from or 0
    rate = float(spec["per_month"])
    if rate <= 0:
        return _NEVER
    waited = generator(moment, event, 3).exponential(_MONTH / rate)
    return start + 1 + min(int(waited), _NEVER)


def _event(_item: str, spec: Mapping[str, Any], moment: Moment) -> Answer:
    """Yes from the day on which it happened; the same day whichever visit asks."""
    return _typed(_onset(str(spec["event"]), spec, moment) <= moment.day)


def _event_date(_item: str, spec: Mapping[str, Any], moment: Moment) -> Answer:
    days_ago = max(moment.day - _onset(str(spec["event_date"]), spec, moment), 0)
    return (moment.on - timedelta(days=days_ago)).isoformat()


def _missing(_item: str, spec: Mapping[str, Any], _moment: Moment) -> Answer:
    return Missing(MissingReason(str(spec["missing"])))


_KINDS: dict[str, Callable[[str, Mapping[str, Any], Moment], Answer]] = {
    "by": _by,
    "hidden": _hidden,
    "choice": _choice,
    "chance": _chance,
    "normal": _normal,
    "laboratory": _laboratory,
    "grade": _grade,
    "days_before": _days_before,
    "years_before": _years_before,
    "visit_date": _visit_date,
    "visit_time": _visit_time,
    "times": _times,
    "words": _words,
    "event": _event,
    "event_date": _event_date,
    "missing": _missing,
}
