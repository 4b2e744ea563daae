"""What the figures are drawn from: plain values, computed elsewhere, checked here.

`ended` is empty, or the word for what ended the observation for good ("died", "transplanted"); it is shown as
given. `arm` is empty where everybody is shown together. Times are in days after the first dose unless said otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from trialrun.errors import AnalysisError


@dataclass(frozen=True, slots=True)
class Course:
    """One participant's values at the planned times (`None` where there is none), and whether the line ends."""

    participant: str
    values: tuple[float | None, ...]
    ended: str = ""
    arm: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One participant's change (`None` where there is none); `ended` names death or transplant, whose bar is full."""

    participant: str
    change: float | None
    ended: str = ""


@dataclass(frozen=True, slots=True)
class FlowBox:
    """One box of the participant flow: how many, and who left before the next one, by reason."""

    title: str
    n: int
    left: Sequence[tuple[str, int]] = ()
    left_title: str = "Not taken further"


@dataclass(frozen=True, slots=True)
class FlowArm:
    """One arm's own boxes, from allocation downwards."""

    title: str
    boxes: Sequence[FlowBox]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened to one participant: the day and its kind in a word or two ("serious adverse event")."""

    day: float
    kind: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One participant's time from day 0 to `end`: doses, events, and how it ended.

    `ended` is a word of the end ("died", "transplanted", "completed", "withdrew"); empty means still observed at `end`.
    """

    participant: str
    end: float
    doses: Sequence[float] = ()
    events: Sequence[Mark] = ()
    ended: str = ""
    arm: str = ""


@dataclass(frozen=True, slots=True)
class ShiftPath:
    """How many participants went through these categories, one for each time shown."""

    categories: tuple[str, ...]
    n: int


@dataclass(frozen=True, slots=True)
class LabCourse:
    """One participant's values of one test, in time order; `baseline` is what multiples are taken of."""

    participant: str
    days: tuple[float, ...]
    values: tuple[float, ...]
    baseline: float | None = None
    ended: str = ""

    def __post_init__(self) -> None:
        """Refuse values without their days."""
        if len(self.days) != len(self.values):
            raise AnalysisError(
                f"{len(self.values)} values for {len(self.days)} days in the course of {self.participant}"
            )


@dataclass(frozen=True, slots=True)
class LabPanel:
    """One laboratory test: everybody's courses, and the limits of normal where one pair holds for all."""

    title: str
    unit: str
    courses: Sequence[LabCourse]
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class LiverPoint:
    """One participant's highest ALT and bilirubin after the first dose, as multiples of the own baseline.

    `flagged` marks who met the study's liver rule. `None`: no value after the first dose, or no baseline.
    """

    participant: str
    alt: float | None
    bilirubin: float | None
    flagged: bool = False
    ended: str = ""


@dataclass(frozen=True, slots=True)
class IncidenceCurve:
    """Cumulative incidence of one kind of event, as shares between 0 and 1, constant between the times."""

    kind: str
    times: tuple[float, ...]
    estimate: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    arm: str = ""

    def __post_init__(self) -> None:
        """Refuse curves whose parts have different lengths or that are no shares."""
        if not len(self.times) == len(self.estimate) == len(self.low) == len(self.high):
            raise AnalysisError(
                f"the curve of {self.kind} has {len(self.times)} times, {len(self.estimate)} estimates, "
                f"{len(self.low)} lower and {len(self.high)} upper bounds"
            )
        if any(not 0 <= share <= 1 for share in self.estimate):
            raise AnalysisError(f"the curve of {self.kind} holds a share outside 0 to 1")


@dataclass(frozen=True, slots=True)
class AtRisk:
    """How many are still observed and free of the events at each of some times."""

    label: str
    times: tuple[float, ...]
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse counts without their times."""
        if len(self.times) != len(self.counts):
            raise AnalysisError(
                f"{len(self.counts)} numbers at risk for {len(self.times)} times in {self.label!r}"
            )


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One analysis: estimate and interval; `main` is the one the others are compared with.

    Without an estimate the row says `note`, or "not estimable". An open bound is `None`.
    """

    label: str
    n: int | None
    estimate: float | None
    low: float | None = None
    high: float | None = None
    main: bool = False
    group: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class RecruitmentLine:
    """How many had been enrolled by each date, counted up; `planned` lines are dashed."""

    label: str
    dates: tuple[date, ...]
    counts: tuple[int, ...]
    planned: bool = False

    def __post_init__(self) -> None:
        """Refuse counts without dates and dates out of order."""
        if len(self.dates) != len(self.counts):
            raise AnalysisError(f"{len(self.counts)} counts for {len(self.dates)} dates in {self.label!r}")
        if list(self.dates) != sorted(self.dates):
            raise AnalysisError(f"the dates of {self.label!r} are not in order", "sort them")


@dataclass(frozen=True, slots=True)
class PresenceLine:
    """At one time (or of one outcome at one time): how many are in each state, such as "observed" or "missed visit"."""

    label: str
    counts: Sequence[tuple[str, int]]
    group: str = ""


@dataclass(frozen=True, slots=True)
class MeanPoint:
    """A mean with its interval at one planned time, such as an adjusted mean of a model."""

    time: str
    n: int
    estimate: float | None
    low: float | None = None
    high: float | None = None
    arm: str = ""


def finite(values: Sequence[float | None], what: str) -> None:
    """Refuse what no axis can show.

    Errors: `AnalysisError` naming the series and the value.
    """
    for value in values:
        if value is not None and not math.isfinite(value):
            raise AnalysisError(f"{what} holds {value}, which no figure can show", "leave unknown values out")
