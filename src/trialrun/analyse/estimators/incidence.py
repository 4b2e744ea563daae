"""When death and transplant happened: cumulative incidence with each event competing with the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from trialrun.analyse import methods
from trialrun.analyse.answers import answer, few
from trialrun.analyse.basis import Basis
from trialrun.analyse.cases import Question
from trialrun.analyse.result import Analysis, Cell, Interval, Result, ResultTable, RowRef
from trialrun.derive.windows import shifted

TIME = "time_to_event"


@dataclass(frozen=True, slots=True)
class Course:
    """How long one participant was followed, in days from the first dose, and the event that ended it, if one did."""

    participant: str
    days: int
    cause: str
    events: tuple[str, ...]
    note: str = ""


def incidence_of_estimand(question: Question) -> tuple[Result, ...]:
    """Aalen-Johansen curves of the plan's events with numbers at risk, by arm where there are arms.

    The estimate is the incidence of the first event named, at the time the plan names. Where nobody had it, the exact
    interval of 0 of n stands for the curve's empty one. Participants without an event are censored on the last day
    they were seen.
    """
    arms = question.basis.arms
    if arms.names and not question.arm:
        return tuple(_incidence(replace(question, arm=arm)) for arm in arms.names)
    return (_incidence(question),)


def courses_of(basis: Basis, members: Sequence[str], kinds: Sequence[str]) -> tuple[Course, ...]:
    """The follow-up of treated participants up to the first of the events."""
    return tuple(_course(basis, name, kinds) for name in members if basis.first_dose(name) is not None)


def asked_courses(question: Question, kinds: Sequence[str]) -> tuple[Course, ...]:
    """The follow-up of everyone the question asks about, in the order of participants."""
    basis = question.basis
    inside = basis.members(question.population, question.arm)
    names = basis.data.populations[question.population].members
    return courses_of(basis, [name for name in names if name in inside], kinds)


def course_refs(courses: Sequence[Course]) -> list[RowRef]:
    """The rows of times to an event: days, and the log entry of the event."""
    return [RowRef(f"{one.participant}/{TIME}", float(one.days), one.events) for one in courses]


def _course(basis: Basis, name: str, kinds: Sequence[str]) -> Course:
    start, last = basis.first_dose(name) or date.min, _last_seen(basis, name)
    own = [event for event in basis.events.get(name, ()) if event.kind in kinds]
    first = min(
        own, key=lambda event: (event.on is None, event.on or date.max, kinds.index(event.kind)), default=None
    )
    if first is None:
        return Course(name, max(0, (last - start).days), "", ())
    hashes = (first.source.event_hash,) if first.source.event_hash else ()
    if first.on is None:
        note = f"{name}: the day of {first.kind} is unknown; the last day seen stands for it"
        return Course(name, max(0, (last - start).days), first.kind, hashes, note)
    return Course(name, max(0, (first.on - start).days), first.kind, hashes)


def _last_seen(basis: Basis, name: str) -> date:
    person = basis.data.snapshot.participants[name]
    visits = (visit.on for visit in basis.data.answers.get(name, ()) if visit.on is not None)
    days = [day for day in (person["ended_on"], person["first_dose_on"], *visits) if day is not None]
    return max(days)


def _incidence(question: Question) -> Result:
    basis, plan = question.basis, question.plan
    kinds = plan.events or tuple(plan.intercurrent)
    courses = asked_courses(question, kinds)
    references = course_refs(courses)
    made = answer(
        question,
        Analysis.INCIDENCE,
        "Aalen-Johansen",
        references,
        n=len(courses),
        left_out={},
    )
    made = replace(made, parameter=", ".join(kinds), unit="1", estimate_name=f"incidence of {kinds[0]}")
    if not courses:
        return few(made, 0, 1)
    level = basis.plan.level
    fit = methods.aalen_johansen(
        [one.days for one in courses], [one.cause for one in courses], level=level, among=kinds
    )
    day = horizon(question)
    at = fit.at(day)
    details: dict[str, float | int | str | None] = {"day": day, "at_risk": at.at_risk}
    for kind in kinds:
        details |= {
            kind: at.incidence[kind],
            f"{kind}_low": at.low[kind],
            f"{kind}_high": _high(at.incidence[kind], at.high[kind], len(courses), level),
            f"{kind}_events": sum(one.cause == kind for one in courses),
        }
    first = kinds[0]
    none = (
        ""
        if at.incidence[first]
        else f"nobody had {first}: the interval is the exact one of 0 of {len(courses)}"
    )
    return replace(
        made,
        estimate=at.incidence[first],
        interval=Interval(
            level, at.low[first], _high(at.incidence[first], at.high[first], len(courses), level)
        ),
        details=details,
        table=_table(fit, kinds),
        note=none,
        log=tuple(one.note for one in courses if one.note),
    )


def _high(incidence: float, high: float, n: int, level: float) -> float:
    return high if incidence else methods.clopper_pearson(0, n, level=level).high


def _table(fit: methods.AalenJohansen, kinds: Sequence[str]) -> ResultTable:
    columns = ("time_days", "at_risk", *(f"{kind}{end}" for kind in kinds for end in ("", "_low", "_high")))
    rows: list[tuple[Cell, ...]] = [(0, fit.n, *(0.0 for _ in columns[2:]))]
    for step in fit.steps:
        cells = (x for kind in kinds for x in (step.incidence[kind], step.low[kind], step.high[kind]))
        rows.append((step.time, step.at_risk, *cells))
    return ResultTable(columns, tuple(rows))


def horizon(question: Question) -> int:
    """Days from the first dose to the planned time: the mean over the months of a year, so 4 months are 122 days."""
    visit = question.basis.study.visits.get(question.visit)
    if visit is None or visit.offset is None:
        return 0
    starts = [date(2023, month, 1) for month in range(1, 13)]
    return round(sum((shifted(start, visit.offset) - start).days for start in starts) / len(starts))
