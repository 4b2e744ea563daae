"""Visits of a draft: the union over the outcomes' time frames, each with a default window."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trialrun.registry.draft_sketch import Sketch
from trialrun.registry.timeframe import TimeFrame
from trialrun.values.finding import Severity

MOST_VISITS = 60
MOST_UNDATED = 12
OPEN_VISIT = "end_of_follow_up"
_UNIT_DAYS = {"D": 1, "W": 7, "M": 30.4375, "Y": 365.25}
_WINDOWS = ((7, 1), (14, 2), (45, 3), (75, 14), (150, 21))
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Moment:
    """A planned day: an offset `study.yaml` can hold, and its length in days for sorting.

    Without an offset it is a visit held when something happens that has no day of its own.
    """

    name: str
    title: str
    offset: str
    days: float


def moments_of(frame: TimeFrame) -> tuple[list[Moment], list[str]]:
    """The days a time frame asks for, and the points of it that name no day."""
    points = list(frame.points)
    if frame.window is not None:
        points.append(frame.window[1])
    symbolic: list[str] = []
    begun = max([0.0, *(days_of(point) for point in frame.points)])
    for rule in frame.repeat:
        steps = [step for step in _steps(rule, frame) if days_of(step) > begun]
        points += steps
        begun = max([begun, *(days_of(step) for step in steps)])
        if not steps:
            symbolic.append(rule)
    found: dict[str, Moment] = {}
    for point in points:
        moment = _moment(point, frame)
        if moment is None:
            symbolic.append(point)
        else:
            found.setdefault(moment.offset, moment)
    return sorted(found.values(), key=lambda moment: moment.days), symbolic


def _moment(point: str, frame: TimeFrame) -> Moment | None:
    cycle_days = frame.cycle_days
    day = re.fullmatch(r"D(-?\d+)(?:[+-].*)?", point)
    if day:
        number = int(day.group(1))
        after = max(number if frame.day_zero else number - 1, 0)
        return (
            _named("day", number, f"P{after}D", after) if number >= 0 else Moment("day_0", "Day 0", "P0D", 0)
        )
    cycle = re.fullmatch(r"C(\d+)D(\d+)(?:[+-].*)?", point)
    if cycle and (cycle_days or cycle.group(1) == "1"):
        offset = (int(cycle.group(1)) - 1) * (cycle_days or 0) + int(cycle.group(2)) - 1
        return _named("day", offset + 1, f"P{offset}D", offset)
    clock = re.fullmatch(r"PT(\d+(?:\.\d+)?)([HMS])", point)
    if clock:
        hours = float(clock.group(1)) / {"H": 1, "M": 60, "S": 3600}[clock.group(2)]
        days = int(hours // 24)
        return Moment(f"days_{days}", _day_count(days), f"P{days}D", days)
    span = re.fullmatch(r"P(\d+)([DWMY])(?:-(?:post|pre)|\+.*)?", point)
    if span is None:
        return None
    number, unit = int(span.group(1)), span.group(2)
    if number * _UNIT_DAYS[unit] > 365.25 * _LONGEST:
        return None
    words = {"D": "day", "W": "week", "M": "month", "Y": "year"}[unit]
    if unit == "D":
        return Moment(f"days_{number}", _day_count(number), f"P{number}D", number)
    offset = f"P{number * 12}M" if unit == "Y" else f"P{number}{unit}"
    return _named(words, number, offset, number * _UNIT_DAYS[unit])


_CLOCK = frozenset(
    {
        "enrolment",
        "randomisation",
        "first_dose",
        "dose",
        "treatment",
        "intervention",
        "vaccination",
        "first_vaccination",
        "surgery",
        "transplantation",
    }
)


_SHORT_WORD = 2
_ENDS = (
    "end",
    "completion",
    "last",
    "discontinuation",
    "discharge",
    "admission",
    "birth",
    "gestation",
    "dose_",
    "final",
)


def on_another_clock(sketch: Sketch, frame: TimeFrame) -> bool:
    """Whether a time frame counts from an event that is not where the study's clock starts.

    An event the interventions are named after ("stent implantation") is the intervention itself.
    """
    if not frame.anchor_stated or frame.anchor in _CLOCK:
        return False
    if frame.points and all(point.endswith(("-pre", "-post")) for point in frame.points):
        return False
    words = [word for word in frame.anchor.split("_") if len(word) > _SHORT_WORD]
    if frame.anchor.startswith(_ENDS):
        return True
    record = sketch.record
    given = " ".join(
        [f"{one.name} {one.description}" for one in record.interventions]
        + [f"{arm.label} {arm.description}" for arm in record.arms]
        + [record.brief_title]
    ).lower()
    return not any(word in given for word in words)


def after_event(moment: Moment, anchor: str) -> Moment:
    """The same length after an event without a day in the plan: a visit somebody has to date."""
    words = anchor.replace("_", " ")
    return Moment(f"{moment.name}_after_{anchor}"[:60], f"{moment.title} after {words}", "", moment.days)


def at_event(words: str, name: str) -> Moment:
    """A visit held when something happens: at discharge, at the end of treatment."""
    return Moment(name, words[:1].upper() + words[1:120], "", 0.0)


def _day_count(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _named(unit: str, number: int, offset: str, days: float) -> Moment:
    return Moment(f"{unit}_{number}", f"{unit.capitalize()} {number}", offset, days)


def _steps(rule: str, frame: TimeFrame) -> list[str]:
    """The points of a repeat, where it is known when it ends."""
    match = re.fullmatch(r"R/P(\d+)([DWMY])(?:/P(\d+)([DWMY]))?", rule)
    if match is None:
        return []
    cap = (match.group(3), match.group(4)) if match.group(3) else None
    if cap is None and frame.window is not None:
        window = re.fullmatch(r"P(\d+)([DWMY])", frame.window[1])
        cap = (window.group(1), window.group(2)) if window else None
    if cap is None or int(match.group(1)) == 0:
        return []
    step, unit = int(match.group(1)), match.group(2)
    count = int(int(cap[0]) * _UNIT_DAYS[cap[1]] / (step * _UNIT_DAYS[unit]) + 0.05)
    return [f"P{step * order}{unit}" for order in range(1, min(count, MOST_VISITS) + 1)]


def draft_visits(sketch: Sketch, moments: list[Moment]) -> None:
    """Add screening, baseline, the first dose, the follow-up visits and the unplanned ones."""
    sketch.visits["screening"] = {
        "title": "Screening",
        "kind": "screening",
        "anchor": "screening",
        "offset": "P0D",
        "forms": ["consent", "demographics"],
    }
    baseline = {"title": "Baseline", "kind": "baseline", "anchor": sketch.anchor, "offset": "P0D"}
    sketch.visits["baseline"] = baseline | (
        {"window_before": 14} if sketch.interventional else {"window_after": 14}
    )
    sketch.assume(
        "window_baseline",
        "The record does not say how old a baseline value may be.",
        f"Up to 14 days {'before' if sketch.interventional else 'after'} {sketch.clock_words}.",
        "It is long enough for one appointment and short enough for the values still to hold.",
        "visits.baseline",
    )
    _clock(sketch)
    if sketch.interventional:
        sketch.visits["dose_1"] = {
            "title": "First administration",
            "kind": "dose",
            "anchor": "first_dose",
            "offset": "P0D",
        }
    planned = _without_twins(sketch, [moment for moment in moments if moment.offset])
    for order, moment in enumerate(planned):
        _follow_up(sketch, moment, [other.days for other in planned[:order] + planned[order + 1 :]])
    for moment in moments:
        if not moment.offset:
            _undated(sketch, moment)
    sketch.visits["early_termination"] = {
        "title": "Early termination",
        "kind": "early_termination",
        "forms": ["end_of_study"],
    }
    sketch.visits["unscheduled"] = {"title": "Unscheduled visit", "kind": "unscheduled"}
    sketch.visits["log"] = {"title": "Running logs", "kind": "log", "forms": ["adverse_event"]}
    last = planned[-1].name if planned else "baseline"
    sketch.fill_in(last, "end_of_study")


def _clock(sketch: Sketch) -> None:
    sketch.assume(
        "clock_start",
        "The record does not say from which day its time frames count, or names a day that is not one of the study's.",
        f"All visits count from {sketch.clock_words}.",
        "It is the day every participant has and on which the intervention can begin to act."
        if sketch.interventional
        else "It is the one day all participants of all groups have.",
        "visits.baseline",
        alternatives=("from consent", "from randomisation", "from the last dose")
        if not sketch.interventional
        else ("from enrolment", "from randomisation", "from the last dose"),
    )


def _without_twins(sketch: Sketch, moments: list[Moment]) -> list[Moment]:
    """One visit a day: P4W and P28D are one visit; more visits than anybody keeps are cut."""
    planned: list[Moment] = []
    for moment in sorted(moments, key=lambda one: one.days):
        if moment.days > 0 and not (planned and moment.days - planned[-1].days < 1):
            planned.append(moment)
    if len(planned) > MOST_VISITS:
        sketch.say(
            Severity.WARNING,
            "too-many-visits",
            f"the time frames ask for {len(planned)} visits; the first {MOST_VISITS} were drafted",
            "visits",
        )
    return planned[:MOST_VISITS]


def visit_for(sketch: Sketch, moment: Moment) -> str:
    """The drafted visit of a day: its own, or its twin's."""
    if not moment.offset:
        return moment.name if moment.name in sketch.visits else open_visit(sketch)
    if moment.days <= 0:
        return "dose_1" if "dose_1" in sketch.visits else "baseline"
    if moment.name in sketch.visits:
        return moment.name
    planned = {
        name: visit["offset"]
        for name, visit in sketch.visits.items()
        if visit["kind"] == "follow_up" and "offset" in visit
    }
    near = [name for name, offset in planned.items() if abs(days_of(offset) - moment.days) < 1]
    return near[0] if near else open_visit(sketch)


def days_of(offset: str) -> float:
    """The nominal length of a planned offset in days; 0 where it is no single length."""
    match = re.fullmatch(r"P(\d+)([DWMY])", offset)
    return int(match.group(1)) * _UNIT_DAYS[match.group(2)] if match else 0.0


def open_visit(sketch: Sketch) -> str:
    """The visit for outcomes whose day the record does not state."""
    if OPEN_VISIT not in sketch.visits:
        sketch.visits[OPEN_VISIT] = {
            "title": "End of follow-up",
            "kind": "follow_up",
            "note": "The record does not state its day; set anchor, offset and window.",
        }
        sketch.assume(
            "open_times",
            "Some time frames name no day that can be planned.",
            "Their outcomes are assessed once, at a visit without a planned day.",
            "A day that nobody stated is not invented.",
            f"visits.{OPEN_VISIT}",
        )
    return OPEN_VISIT


def _undated(sketch: Sketch, moment: Moment) -> None:
    known = [
        name
        for name, visit in sketch.visits.items()
        if visit["kind"] == "follow_up" and "offset" not in visit
    ]
    if moment.name in sketch.visits or len(known) >= MOST_UNDATED:
        return
    sketch.visits[moment.name] = {
        "title": moment.title,
        "kind": "follow_up",
        "note": "The record counts it from an event whose day is not planned; the visit is held when that day is known.",
    }
    sketch.assume(
        f"undated_{moment.name}",
        f"The record asks for a visit ({moment.title.lower()}) whose day depends on an event of each participant.",
        "A visit without a planned day.",
        "A day that nobody stated is not invented.",
        f"visits.{moment.name}",
        alternatives=("an anchor and an offset of this study",),
    )


def _follow_up(sketch: Sketch, moment: Moment, others: list[float]) -> None:
    window = next((days for limit, days in _WINDOWS if moment.days <= limit), 30)
    gap = min((abs(moment.days - other) for other in [*others, 0.0]), default=moment.days)
    window = max(0, min(window, int((gap - 3) // 2)))
    sketch.visits[moment.name] = {
        "title": moment.title,
        "kind": "follow_up",
        "anchor": sketch.anchor,
        "offset": moment.offset,
        "window_before": window,
        "window_after": window,
    }
    sketch.assume(
        f"window_{moment.name}",
        f"The record gives no window for the visit at {moment.title.lower()}.",
        f"{window} days before to {window} days after the planned day.",
        "A default that grows with the distance and leaves the next visit its own days.",
        f"visits.{moment.name}",
    )
