"""Virtual participants: who comes, why some fail screening, what happens to them.

Everything is a pure function of (seed, number): participant 17 is the same person however many others
are screened, so any one of them can be replayed alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialrun.simulate.natural_history import Course, Ending, Meld, course, ending
from trialrun.simulate.parameters import FailureCause, Rehearsal, Scenario

MONTH = 30.4375


@dataclass(frozen=True, slots=True)
class VirtualParticipant:
    """One person who may come to the site: a course of disease and the reasons that speak against taking part."""

    number: int
    seed: tuple[int, ...]
    site: str
    course: Course
    causes: tuple[FailureCause, ...]

    def answers(self, usual: Mapping[str, Any]) -> dict[str, Any]:
        """What this person's forms are drawn from: the usual lines, overridden by the reasons for failure."""
        merged = dict(usual)
        for cause in self.causes:
            merged.update(cause.answers)
        return merged

    def rows(
        self, usual: Mapping[str, tuple[Mapping[str, Any], ...]]
    ) -> dict[str, tuple[Mapping[str, Any], ...]]:
        """The rows of repeating forms: the usual ones, and those the reasons for failure add."""
        merged = dict(usual)
        for cause in self.causes:
            for form, rows in cause.rows.items():
                merged[form] = merged.get(form, ()) + rows
        return merged

    def treated(self, day: int) -> VirtualParticipant:
        """The same person once the first dose was given on `day` of the course."""
        return replace(self, course=replace(self.course, treated_from=day))

    def ending(self, meld: Meld, *, start: int, days: int) -> Ending | None:
        """Death, transplantation or withdrawal after day `start` up to `days`, whichever is first; `None` if none is."""
        medical = ending(self.course, meld, start=start, days=days)
        rng = np.random.default_rng([*self.seed, 7])
        per_month = self.course.scenario.conduct.withdrawal_per_month
        day = start + 1 + int(rng.exponential(MONTH / per_month)) if per_month > 0 else days + 1
        if day <= days and (medical is None or day < medical.day):
            return Ending("withdrawal", day)
        return medical


def virtual_participant(
    rehearsal: Rehearsal, scenario: Scenario, seed: int, number: int, *, site: str, weeks: int = 60
) -> VirtualParticipant:
    """Draw participant `number` of the rehearsal with this seed."""
    key = (seed, number)
    rng = np.random.default_rng([*key, 8])
    draws = rng.random(len(rehearsal.failures))
    causes = tuple(
        cause for cause, draw in zip(rehearsal.failures, draws, strict=True) if draw < cause.chance
    )
    return VirtualParticipant(number, key, site, course(scenario, key, weeks=weeks, site=site), causes)


@dataclass(frozen=True, slots=True)
class VirtualAdverseEvent:
    """An adverse event that befalls a virtual participant; days count from the course's day 0."""

    term: str
    start: int
    end: int | None
    grade: int
    serious: bool
    related: str
    outcome: str


def adverse_events(
    person: VirtualParticipant, *, first: int, last: int, dose_days: tuple[int, ...], died_on: int | None
) -> tuple[VirtualAdverseEvent, ...]:
    """The adverse events between days `first` and `last`, in order of onset.

    A kind with `after_dose_days` happens within that many days after a dose, with `per_month` as the chance
    per dose; the others come at `per_month`, times `per_severity` for every SD of severity.
    """
    events: list[VirtualAdverseEvent] = []
    for index, kind in enumerate(person.course.scenario.adverse_events):
        rng = np.random.default_rng([*person.seed, 9, index])
        if kind.after_dose_days:
            starts = [
                day + int(rng.integers(0, kind.after_dose_days))
                for day in dose_days
                if rng.random() < kind.per_month / len(dose_days)
            ]
        else:
            severity = person.course.severity_on((first + last) // 2)
            expected = kind.per_month * kind.per_severity**severity * (last - first) / MONTH
            starts = [int(rng.integers(first, last + 1)) for _ in range(int(rng.poisson(expected)))]
        for start in starts[:2]:
            grade = int(rng.choice(list(kind.grades), p=list(kind.grades.values())))
            related = str(rng.choice(list(kind.related), p=list(kind.related.values())))
            length = 1 + int(rng.exponential(3.0 if kind.after_dose_days else 9.0))
            open_end = start + length > last
            events.append(
                VirtualAdverseEvent(
                    kind.term,
                    min(start, last),
                    None if open_end else start + length,
                    grade,
                    grade >= 4 or (grade == 3 and bool(rng.random() < 0.7)),
                    related,
                    "not_recovered" if open_end else "recovered",
                )
            )
    if died_on is not None:
        events.append(
            VirtualAdverseEvent(
                person.course.scenario.fatal_term,
                max(first, died_on - 3),
                died_on,
                5,
                True,
                "unlikely",
                "fatal",
            )
        )
    return tuple(sorted(events, key=lambda event: (event.start, event.term)))


def misses_visit(person: VirtualParticipant, visit: str, day: int) -> bool:
    """Whether the person stays away from a visit: the sicker, the likelier (missing not at random)."""
    behaviour = person.course.scenario.conduct
    rng = np.random.default_rng([*person.seed, 10, *visit.encode()])
    chance = behaviour.visit_missed * behaviour.visit_missed_per_severity ** person.course.severity_on(day)
    return bool(rng.random() < min(chance, 0.6))


def scatter(person: VirtualParticipant, visit: str, *, before: int, after: int) -> int:
    """By how many days a visit misses its planned day; kept within `before` and `after`, now and then outside."""
    behaviour = person.course.scenario.conduct
    rng = np.random.default_rng([*person.seed, 11, *visit.encode()])
    wanted = round(behaviour.visit_scatter_days * float(rng.standard_normal()))
    late = rng.random() < 0.03 and after > 0
    return after + 3 if late else min(max(wanted, -before), after)


def happens(person: VirtualParticipant, what: str, chance: float) -> bool:
    """A coin for one thing in one person, e.g. `correction:month_2:laboratory`."""
    return bool(np.random.default_rng([*person.seed, 12, *what.encode()]).random() < chance)
