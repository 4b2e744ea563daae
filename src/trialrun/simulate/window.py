"""A stretch of a rehearsal: from which day on, until when, and who is behind. For a trial seen half-way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from trialrun.simulate.clock import Steps
from trialrun.simulate.natural_history import Course
from trialrun.simulate.parameters import Rehearsal, Scenario
from trialrun.simulate.people import VirtualParticipant


@dataclass(frozen=True, slots=True)
class Window:
    """What of a rehearsal is played.

    Attributes:
        start: the first day, in place of the one `rehearsal.yaml` names.
        until: nothing happens after this moment.
        screened_per_week: how fast candidates come; 0 leaves the scenario's rate.
        behind: number of a virtual participant to how long ago their last work was done.
        awaited: days on which one more candidate comes, all of whose outside results are still awaited.
    """

    start: date
    until: datetime
    screened_per_week: float = 0
    behind: Mapping[int, timedelta] = field(default_factory=dict[int, timedelta])
    awaited: tuple[date, ...] = ()

    def fitted(self, rehearsal: Rehearsal, scenario: Scenario) -> tuple[Rehearsal, Scenario]:
        """The rehearsal from this start on, at this pace."""
        moved = replace(rehearsal, start=self.start.isoformat())
        if not self.screened_per_week:
            return moved, scenario
        return moved, replace(
            scenario, conduct=replace(scenario.conduct, screened_per_week=self.screened_per_week)
        )

    def stopped(self, steps: Steps, number: int = 0) -> Steps:
        """Somebody's steps as far as they fall into the window."""
        last = self.until - self.behind.get(number, timedelta(0))
        for at in steps:
            if at > last:
                return
            yield at


def waiting_for_everything(person: VirtualParticipant) -> VirtualParticipant:
    """The same person, none of whose outside results have come yet."""
    scenario = person.course.scenario
    slow = replace(scenario, conduct=replace(scenario.conduct, screening_unknown=1.0))
    course: Course = replace(person.course, scenario=slow)
    return replace(person, course=course, causes=())
