"""Outcomes of a draft: what is measured, when, and which of the five levels the record states."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trialrun.registry.draft_outcomes_measured import measured
from trialrun.registry.draft_schedule import (
    Moment,
    after_event,
    at_event,
    moments_of,
    on_another_clock,
    open_visit,
    visit_for,
)
from trialrun.registry.draft_sketch import Plain, Sketch, clean, slug
from trialrun.registry.lint_outcomes import CHANGE, has_metric
from trialrun.registry.record import Outcome, OutcomeRole
from trialrun.registry.timeframe import TimeFrame, parse_timeframe
from trialrun.registry.vocabulary import Vocabulary
from trialrun.values.finding import Severity

MOST_OUTCOMES = 200
_ROLES = {
    OutcomeRole.PRIMARY: "primary",
    OutcomeRole.SECONDARY: "secondary",
    OutcomeRole.OTHER: "exploratory",
}
_AGGREGATIONS = (
    (r"\b(?:proportion|percentage of|rates?|incidence|responders?)\b", "proportion of participants"),
    (r"\bnumber of (?:participants|patients|subjects)\b", "number of participants"),
    (r"\bmedian\b", "median"),
    (r"\b(?:mean|average)\b", "mean"),
    (r"\b(?:surviv\w+|time to)\b", "time to the event"),
)


@dataclass(frozen=True, slots=True)
class PlannedOutcome:
    """An outcome with its time frame read and the days it asks for."""

    outcome: Outcome
    frame: TimeFrame
    moments: list[Moment]
    symbolic: list[str]


def plan_outcomes(sketch: Sketch) -> list[PlannedOutcome]:
    """Read the time frame of every registered outcome."""
    outcomes = sketch.record.outcomes()
    if len(outcomes) > MOST_OUTCOMES:
        sketch.say(
            Severity.WARNING,
            "too-many-outcomes",
            f"only the first {MOST_OUTCOMES} outcomes were drafted",
            "outcomesModule",
        )
    planned: list[PlannedOutcome] = []
    for outcome in outcomes[:MOST_OUTCOMES]:
        frame = parse_timeframe(outcome.time_frame)
        moments, symbolic = moments_of(frame)
        if on_another_clock(sketch, frame):
            moments = [after_event(moment, frame.anchor) for moment in moments]
        if not moments and not frame.baseline:
            moments = [at_event(words, slug(words, "visit", set())) for words in frame.events[:3]]
        if frame.not_understood or symbolic:
            said = "; ".join(filter(None, [frame.not_understood, *symbolic]))
            sketch.say(
                Severity.WARNING,
                "time-frame-not-drafted",
                f"of the time frame {outcome.time_frame!r} this became no visit: {said!r}",
                outcome.place,
                "set the visit by hand",
            )
        planned.append(PlannedOutcome(outcome, frame, moments, symbolic))
    return planned


def draft_outcome(sketch: Sketch, plan: PlannedOutcome, vocabulary: Vocabulary | None = None) -> None:
    """Add one endpoint, the items it needs, and the visits that ask them."""
    outcome = plan.outcome
    label = f"{outcome.role}_{outcome.order}"
    found = measured(sketch, outcome, label, vocabulary)
    variable = found.variable
    visits = list(dict.fromkeys(visit_for(sketch, moment) for moment in plan.moments))
    if not visits:
        visits = ["baseline"] if plan.frame.baseline and not plan.symbolic else [open_visit(sketch)]
    for visit in dict.fromkeys(["baseline", *visits] if found.at_baseline else visits):
        for form in found.forms:
            sketch.fill_in(visit, form)
    name = slug(outcome.measure, "outcome", sketch.endpoints)
    assumption = f"endpoint_{label}"
    score = sketch.derived.get(variable, {}).get("label", "")
    yes_no = sketch.items.get(variable, {}).get("type") == "boolean"
    levels = _levels(outcome, plan.frame, assumption, score, found.at_baseline, yes_no)
    if found.time_to_event:
        for level, words in (("metric", "Time to the event"), ("aggregation", "median time, Kaplan-Meier")):
            if not levels[level]["stated"]:
                levels[level]["value"] = words
    entry: Plain = {
        "role": _ROLES[outcome.role],
        "order": outcome.order if outcome.role is not OutcomeRole.OTHER else 0,
        "title": clean(outcome.measure) or "not named",
        "time_frame": clean(outcome.time_frame),
        "description": clean(outcome.description),
        "variable": variable,
        "visits": visits,
        "baseline_visits": ["baseline"] if found.at_baseline else [],
        **({"time_to_event": found.time_to_event} if found.time_to_event else {}),
        **levels,
        "lower_is_better": found.lower_is_better,
        "assumptions": [assumption, "clock_start"],
    }
    sketch.endpoints[name] = entry
    _assume(sketch, assumption, name, variable, levels, found.why)
    path = f"outcomesModule.{outcome.role}Outcomes"
    sketch.trace(f"{path}.measure", outcome.measure, f"endpoints.{name}")
    sketch.trace(f"{path}.timeFrame", outcome.time_frame, *(f"visits.{visit}" for visit in visits))
    sketch.trace(f"{path}.description", outcome.description, f"endpoints.{name}")


def _assume(sketch: Sketch, assumption: str, name: str, variable: str, levels: Plain, why: str) -> None:
    assumed = [f"{level}: {entry['value']}" for level, entry in levels.items() if not entry["stated"]]
    kind = "derived" if variable in sketch.derived else "items"
    sketch.assume(
        assumption,
        f"The record does not state every level of {sketch.endpoints[name]['title']!r}.",
        "; ".join(assumed)
        + f"; whether a fall is better: {'yes' if sketch.endpoints[name]['lower_is_better'] else 'no'}.",
        why,
        f"endpoints.{name}",
        f"{kind}.{variable}",
    )


def _levels(
    outcome: Outcome, frame: TimeFrame, assumption: str, score: str, at_baseline: bool, yes_no: bool
) -> Plain:
    text = f"{outcome.measure} {outcome.description}"

    def level(value: str, stated: bool) -> Plain:
        return (
            {"value": value, "stated": True}
            if stated
            else {"value": value, "stated": False, "assumption": assumption}
        )

    change = CHANGE.search(outcome.measure) is not None
    compared = change or (at_baseline and not has_metric(text))
    metric = "Change from baseline" if compared else "Value at the time"
    aggregation = next(
        (words for pattern, words in _AGGREGATIONS if re.search(pattern, text, re.IGNORECASE)), ""
    )
    usual = f"{'proportion of participants' if yes_no else 'mean'} with 95 % interval by visit"
    planned = bool(frame.points or frame.window or frame.repeat) and not frame.not_understood
    return {
        "domain": level(clean(outcome.measure)[:200] or "not named", False),
        "measure": level(score, False) if score else level(clean(outcome.measure) or "not named", True),
        "metric": level(metric, change),
        "aggregation": level(aggregation or usual, bool(aggregation)),
        "time": level(clean(outcome.time_frame) or "not stated", planned and frame.anchor_stated),
    }
