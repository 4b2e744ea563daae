"""Analysis rows: one per participant, parameter and planned time, with baseline and change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from trialrun.derive.answers import VisitAnswers
from trialrun.derive.intercurrent import Intercurrent, study_day
from trialrun.derive.measures import Measure, Source
from trialrun.derive.names import DEATH, TRANSPLANT
from trialrun.derive.windows import Window, choose_visit, window_of
from trialrun.snapshot.layout import Row
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import Study, VisitKind
from trialrun.study.plan_events import something_given

BASELINE = "baseline"
BEFORE_DOSE = frozenset({VisitKind.SCREENING, VisitKind.BASELINE})


class Status(StrEnum):
    """Why a planned value is or is not there."""

    OBSERVED = "observed"
    UNKNOWN = "unknown"
    MISSED = "missed"
    OUTSIDE_WINDOW = "outside_window"
    LEFT = "left"
    NOT_REACHED = "not_reached"
    DIED = "died"
    TRANSPLANTED = "transplanted"


COMPOSITE = frozenset({Status.DIED, Status.TRANSPLANTED})


@dataclass(frozen=True, slots=True)
class AnalysisRow:
    """One parameter of one participant at one planned time.

    `visit` is the planned time, `occurrence` the visit the value was taken at, `day` the study day (first
    dose is day 1). `change` is value minus baseline; a parameter that is a text (a class of a score) has
    `category` and `baseline_category` instead. `explanation` says in words why there is no value. `sources` are the answers value and baseline rest on.
    """

    participant: str
    parameter: str
    visit: str
    occurrence: str
    on: date | None
    day: int | None
    status: Status
    value: float | None
    low: float | None
    high: float | None
    unknown_because: tuple[str, ...]
    baseline: float | None
    baseline_occurrence: str
    change: float | None
    percent_change: float | None
    in_window: bool
    explanation: str
    sources: tuple[Source, ...]
    category: str | None = None
    baseline_category: str | None = None

    @property
    def key(self) -> str:
        """The row's name in results and report."""
        return f"{self.participant}/{self.parameter}/{self.visit}"


def analysis_visits(study: Study) -> tuple[str, ...]:
    """The planned follow-up times, in the order of the schedule."""
    return tuple(name for name, visit in study.visits.items() if visit.kind is VisitKind.FOLLOW_UP)


def derive_endpoints(
    snapshot: Snapshot,
    study: Study,
    answers: Mapping[str, Sequence[VisitAnswers]],
    measures: Sequence[Measure],
    events: Sequence[Intercurrent],
    *,
    parameters: Sequence[str],
) -> tuple[AnalysisRow, ...]:
    """Baseline and every planned follow-up time of every treated participant and parameter.

    Baseline is the last known value before the first dose; a screening or baseline visit on the day of
    the first dose counts as before it. Values outside the visit window are not analysed and say so.
    A value taken after a transplant carries the status `transplanted`. Source: CLINICAL 2.4.
    """
    by_person: dict[tuple[str, str], list[Measure]] = {}
    for measure in measures:
        by_person.setdefault((measure.participant, measure.parameter), []).append(measure)
    happened: dict[str, dict[str, Intercurrent]] = {}
    for event in events:
        happened.setdefault(event.participant, {})[event.kind] = event
    rows: list[AnalysisRow] = []
    given = something_given(study)
    for name, person in snapshot.participants.items():
        if person["first_dose_on"] is None:
            continue
        course = _Course(snapshot, study, person, answers.get(name, ()), happened.get(name, {}))
        for parameter in parameters:
            own = by_person.get((name, parameter), [])
            baseline = baseline_of(own, person["first_dose_on"], given=given)
            rows.append(_baseline_row(name, parameter, baseline, own, person["first_dose_on"]))
            rows += [course.row(parameter, visit, own, baseline) for visit in analysis_visits(study)]
    return tuple(rows)


def baseline_of(measures: Sequence[Measure], first_dose: date, *, given: bool = True) -> Measure | None:
    """The last known value before the first dose; where nothing is given, that of screening or the baseline visit."""
    before = [
        measure
        for measure in measures
        if measure.value is not None
        and measure.on is not None
        and (
            (given and measure.on < first_dose)
            or (measure.kind in BEFORE_DOSE and (measure.on == first_dose or not given))
        )
    ]
    # A screening value of the same day yields to the baseline visit, whatever order they were read in.
    return max(before, key=lambda m: (m.on or date.min, m.kind is VisitKind.BASELINE), default=None)


def _baseline_row(
    person: str, parameter: str, found: Measure | None, own: Sequence[Measure], first_dose: date
) -> AnalysisRow:
    tried = [measure for measure in own if measure.on is not None and measure.on <= first_dose]
    shown = found or (tried[-1] if tried else None)
    value = _number(found.value) if found else None
    return AnalysisRow(
        participant=person,
        parameter=parameter,
        visit=BASELINE,
        occurrence=shown.occurrence if shown else "",
        on=shown.on if shown else None,
        day=study_day(shown.on if shown else None, first_dose),
        status=Status.OBSERVED if found else Status.UNKNOWN,
        value=value,
        low=shown.low if shown else None,
        high=shown.high if shown else None,
        unknown_because=() if found or shown is None else shown.unknown_because,
        baseline=value,
        baseline_occurrence=found.occurrence if found else "",
        change=None,
        percent_change=None,
        in_window=True,
        explanation="" if found else _unknown_words(shown),
        sources=shown.sources if shown else (),
        category=_category(found.value) if found else None,
        baseline_category=_category(found.value) if found else None,
    )


@dataclass(frozen=True, slots=True)
class _Course:
    snapshot: Snapshot
    study: Study
    person: Row
    visits: Sequence[VisitAnswers]
    events: Mapping[str, Intercurrent]

    def row(
        self, parameter: str, visit: str, own: Sequence[Measure], baseline: Measure | None
    ) -> AnalysisRow:
        """The analysis row of one planned time."""
        window = window_of(self.study, visit, self.anchors())
        known = {m.occurrence: m for m in own if m.value is not None}
        tried = {m.occurrence: m for m in own}
        chosen = self._chosen(visit, window, known)
        other = self._chosen(visit, window, tried)
        measure = known[chosen.occurrence] if chosen else tried[other.occurrence] if other else None
        status, explanation, event = self._status(visit, window, measure)
        value = _number(measure.value) if measure else None
        base = _number(baseline.value) if baseline else None
        change = value - base if value is not None and base is not None else None
        sources = (*(measure.sources if measure else ()), *(baseline.sources if baseline else ()))
        return AnalysisRow(
            participant=self.person["participant"],
            parameter=parameter,
            visit=visit,
            occurrence=measure.occurrence if measure else "",
            on=measure.on if measure else None,
            day=study_day(measure.on if measure else None, self.person["first_dose_on"]),
            status=status,
            value=value,
            low=measure.low if measure else None,
            high=measure.high if measure else None,
            unknown_because=measure.unknown_because if measure else (),
            baseline=base,
            baseline_occurrence=baseline.occurrence if baseline else "",
            change=rounded(change),
            percent_change=rounded(100 * change / base) if change is not None and base else None,
            in_window=measure is not None,
            explanation=explanation,
            sources=(*sources, event.source) if event else sources,
            category=_category(measure.value) if measure else None,
            baseline_category=_category(baseline.value) if baseline else None,
        )

    def _chosen(
        self, visit: str, window: Window | None, measured: Mapping[str, Measure]
    ) -> VisitAnswers | None:
        """The visit that counts for a time: nearest to its target; of a time without a planned day, the last so named."""
        among = [one for one in self.visits if one.occurrence in measured]
        if window is not None:
            return choose_visit(window, among)
        if self.study.visits[visit].offset is not None:
            return None
        return next((one for one in reversed(among) if one.visit == visit), None)

    def anchors(self) -> dict[str, date | None]:
        """The days planned times are counted from."""
        return {
            "first_dose": self.person["first_dose_on"],
            "enrolment": self.person["enrolled_on"],
            "consent": self.person["consented_on"],
            "screening": self.person["screened_on"],
        }

    def _status(
        self, visit: str, window: Window | None, measure: Measure | None
    ) -> tuple[Status, str, Intercurrent | None]:
        for kind, status in ((DEATH, Status.DIED), (TRANSPLANT, Status.TRANSPLANTED)):
            event = self.events.get(kind)
            if event is not None and self._comes_first(event, window, measure):
                day = f" on day {event.day}" if event.day is not None else ""
                return status, f"{status.value}{day}", event
        if measure is not None:
            if measure.value is not None:
                return Status.OBSERVED, "", None
            return Status.UNKNOWN, _unknown_words(measure), None
        return (*self._absence(visit, window), None)

    @staticmethod
    def _comes_first(event: Intercurrent, window: Window | None, measure: Measure | None) -> bool:
        if measure is not None and measure.on is not None:
            return event.on is not None and event.on <= measure.on
        return window is None or event.on is None or event.on <= window.last

    def _absence(self, visit: str, window: Window | None) -> tuple[Status, str]:
        name = self.person["participant"]
        recorded = [r for r in self.snapshot.visits_of.get(name, ()) if r["visit"] == visit]
        if recorded and recorded[0]["status"] == "missed":
            reason = recorded[0]["reason"]
            return Status.MISSED, f"visit missed: {reason}" if reason else "visit missed"
        if (
            recorded
            and window is not None
            and recorded[0]["date"] is not None
            and not window.holds(recorded[0]["date"])
        ):
            return (
                Status.OUTSIDE_WINDOW,
                f"visited on {recorded[0]['date']}, outside {window.first} to {window.last}",
            )
        if recorded:
            return Status.UNKNOWN, "nothing was measured at the visit"
        ended = self.person["ended_on"]
        if ended is not None and window is not None and ended > window.last:
            return Status.MISSED, "no visit in the window, none recorded as missed"
        if ended is not None:
            reason = str(self.person["end_reason"] or "").replace("_", " ")
            return (
                Status.LEFT,
                f"left before this time ({reason})" if reason else "left before this time",
            )
        return Status.NOT_REACHED, "not reached at the time of the cut"


def _unknown_words(measure: Measure | None) -> str:
    if measure is None:
        return "never measured before the first dose"
    return f"unknown: {', '.join(measure.unknown_because)} missing" if measure.unknown_because else "unknown"


def _number(value: float | str | None) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _category(value: float | str | None) -> str | None:
    return value if isinstance(value, str) else None


def rounded(value: float | None) -> float | None:
    """The value without the noise of binary subtraction (12 significant digits)."""
    return None if value is None else float(f"{value:.12g}")
