"""One snapshot's rows, sorted once for every question asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from trialrun.analyse.arms import Arms, arms_of
from trialrun.derive.dataset import Dataset
from trialrun.derive.endpoints import AnalysisRow
from trialrun.derive.event_times import EventTime
from trialrun.derive.intercurrent import Intercurrent
from trialrun.derive.windows import Window, window_of
from trialrun.study.model import Study
from trialrun.study.plan import AnalysisPlan


@dataclass(frozen=True, slots=True)
class Basis:
    """A dataset with its arms, its rows by parameter and time, and its intercurrent events by participant.

    `times` holds the times to an event by participant and endpoint.

    `kept` holds what one computation found and several results are made of, such as a fitted model.
    """

    data: Dataset
    arms: Arms
    rows: Mapping[tuple[str, str], tuple[AnalysisRow, ...]]
    events: Mapping[str, tuple[Intercurrent, ...]]
    times: Mapping[tuple[str, str], EventTime] = field(default_factory=dict[tuple[str, str], EventTime])
    kept: dict[tuple[str, ...], Any] = field(default_factory=dict[tuple[str, ...], Any], compare=False)

    @property
    def study(self) -> Study:
        """The study the snapshot was cut under."""
        return self.data.study

    @property
    def plan(self) -> AnalysisPlan:
        """What is to be done."""
        return self.data.study.analysis

    def of(self, parameter: str, visit: str, population: str, arm: str = "") -> tuple[AnalysisRow, ...]:
        """The rows of a population, or of an arm of it, in the order of participants."""
        members = self.members(population, arm)
        return tuple(row for row in self.rows.get((parameter, visit), ()) if row.participant in members)

    def members(self, population: str, arm: str = "") -> frozenset[str]:
        """The participants of a population, or of an arm of it."""
        members = self.data.populations[population].members
        return frozenset(name for name in members if not arm or self.arms.arm_of.get(name) == arm)

    def first_dose(self, participant: str) -> date | None:
        """The day of the first administration."""
        return self.data.snapshot.participants[participant]["first_dose_on"]

    def window(self, participant: str, visit: str) -> Window | None:
        """The days that count for a planned time of a participant."""
        person = self.data.snapshot.participants[participant]
        anchors = {
            "first_dose": person["first_dose_on"],
            "enrolment": person["enrolled_on"],
            "consent": person["consented_on"],
            "screening": person["screened_on"],
        }
        return window_of(self.study, visit, anchors) if visit in self.study.visits else None


def basis_of(data: Dataset) -> Basis:
    """Sort a dataset for its questions."""
    rows: dict[tuple[str, str], list[AnalysisRow]] = {}
    for row in data.rows:
        rows.setdefault((row.parameter, row.visit), []).append(row)
    events: dict[str, list[Intercurrent]] = {}
    for event in data.events:
        events.setdefault(event.participant, []).append(event)
    return Basis(
        data=data,
        arms=arms_of(data),
        rows={key: tuple(found) for key, found in rows.items()},
        events={name: tuple(found) for name, found in events.items()},
        times={(time.participant, time.endpoint): time for time in data.times},
    )
