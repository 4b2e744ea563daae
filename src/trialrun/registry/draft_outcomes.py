"""Outcomes of a draft: what is measured, when, and which of the five levels the record states."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trialrun.registry.draft_schedule import Moment, moments_of, open_visit, visit_for
from trialrun.registry.draft_sketch import Plain, Sketch, clean, slug
from trialrun.registry.lint_outcomes import CHANGE, has_metric
from trialrun.registry.record import Outcome, OutcomeRole
from trialrun.registry.timeframe import TimeFrame, parse_timeframe
from trialrun.registry.vocabulary import SCORE_ITEM_FORMS, SCORE_ITEMS, measurement, measurement_in, score_in
from trialrun.values.finding import Severity

MOST_OUTCOMES = 200
_TITLES = {"laboratory": "Laboratory", "examination": "Examination", "assessment": "Outcome assessments"}
_ROLES = {
    OutcomeRole.PRIMARY: "primary",
    OutcomeRole.SECONDARY: "secondary",
    OutcomeRole.OTHER: "exploratory",
}
_YES_NO = re.compile(
    r"\b(?:number of (?:participants|patients|subjects)|percentage of|proportion|rates?|incidence|occurrence|responders?|response"
    r"|surviv\w+|mortality|death|onset|time to|progression|toxicit\w+|adverse|safety|tolerab\w+)\b",
    re.IGNORECASE,
)
_AGGREGATIONS = (
    (r"\b(?:proportion|percentage of|rates?|incidence|responders?)\b", "proportion of participants"),
    (r"\bnumber of (?:participants|patients|subjects)\b", "number of participants"),
    (r"\bmedian\b", "median"),
    (r"\b(?:mean|average)\b", "mean"),
    (r"\b(?:surviv\w+|time to)\b", "time to the event"),
)
_BETTER_HIGH = re.compile(
    r"\b(?:albumin|platelets?|h[a]?emoglobin|surviv\w+|quality of life|response|responders?)\b", re.IGNORECASE
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


def draft_outcome(sketch: Sketch, plan: PlannedOutcome) -> None:
    """Add one endpoint, the items it needs, and the visits that ask them."""
    outcome = plan.outcome
    label = f"{outcome.role}_{outcome.order}"
    variable, forms, why = _variable(sketch, outcome, label)
    visits = list(dict.fromkeys(visit_for(sketch, moment) for moment in plan.moments))
    if not visits:
        visits = ["baseline"] if plan.frame.baseline and not plan.symbolic else [open_visit(sketch)]
    for visit in dict.fromkeys(["baseline", *visits]):
        for form in forms:
            sketch.fill_in(visit, form)
    name = slug(outcome.measure, "outcome", sketch.endpoints)
    assumption = f"endpoint_{label}"
    levels = _levels(outcome, plan.frame, assumption, sketch.derived.get(variable, {}).get("label", ""))
    entry: Plain = {
        "role": _ROLES[outcome.role],
        "order": outcome.order if outcome.role is not OutcomeRole.OTHER else 0,
        "title": clean(outcome.measure) or "not named",
        "time_frame": clean(outcome.time_frame),
        "description": clean(outcome.description),
        "variable": variable,
        "visits": visits,
        "baseline_visits": ["baseline"],
        **levels,
        "lower_is_better": _BETTER_HIGH.search(outcome.measure) is None,
        "assumptions": [assumption, "clock_start"],
    }
    sketch.endpoints[name] = entry
    _assume(sketch, assumption, name, variable, levels, why)
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


def _variable(sketch: Sketch, outcome: Outcome, label: str) -> tuple[str, list[str], str]:
    """The item or derived value an outcome is about, the forms that ask for it, and why it was chosen."""
    text = f"{outcome.measure} {outcome.description}"
    score = score_in(outcome.measure) and score_in(text)
    if score:
        forms = [
            _ask_known(sketch, name, clean(outcome.description or outcome.measure)) for name in score.inputs
        ]
        sketch.derived.setdefault(score.name, {"label": score.label, "score": score.score})
        return score.name, list(dict.fromkeys(forms)), f"The outcome names a score; {score.reason}."
    test = measurement_in(outcome.measure)
    if test is not None:
        form = _ask_known(sketch, test.name, clean(outcome.measure))
        return test.name, [form], "The outcome names a laboratory test this program knows."
    name = f"outcome_{label}"
    yes_no = _YES_NO.search(outcome.measure) is not None
    item: Plain = {"label": clean(outcome.measure) or "not named", "type": "boolean" if yes_no else "number"}
    if not yes_no:
        item["unit"] = "1"
    item |= {"attested_by": "investigator", "record": clean(outcome.measure) or "not named"}
    item["note"] = "Type and unit are assumed: the draft does not know this measure."
    sketch.ask("assessment", _TITLES["assessment"], name, item)
    said = "whether it happened to the participant" if yes_no else "one number without unit"
    return name, ["assessment"], f"The measure is not in the draft's vocabulary; it is asked as {said}."


def _ask_known(sketch: Sketch, name: str, words: str) -> str:
    """Put a known laboratory test or grade on its form, and return the form."""
    if name in SCORE_ITEMS:
        form = SCORE_ITEM_FORMS[name]
        sketch.ask(form, _TITLES.get(form, form.capitalize()), name, {**SCORE_ITEMS[name], "record": words})
        return form
    test = measurement(name)
    if test.form == "laboratory" and "sample_date" not in sketch.items:
        sketch.ask(
            test.form,
            _TITLES.get(test.form, test.form.capitalize()),
            "sample_date",
            {"label": "Date of the sample", "type": "date", "note": "Dates the values drawn with it."},
        )
    sketch.ask(test.form, _TITLES.get(test.form, test.form.capitalize()), name, {**test.item, "record": words})
    return test.form


def _levels(outcome: Outcome, frame: TimeFrame, assumption: str, score: str) -> Plain:
    text = f"{outcome.measure} {outcome.description}"

    def level(value: str, stated: bool) -> Plain:
        return (
            {"value": value, "stated": True}
            if stated
            else {"value": value, "stated": False, "assumption": assumption}
        )

    change = CHANGE.search(outcome.measure) is not None
    metric = "Change from baseline" if change or not has_metric(text) else "Value at the time"
    aggregation = next(
        (words for pattern, words in _AGGREGATIONS if re.search(pattern, text, re.IGNORECASE)), ""
    )
    planned = bool(frame.points or frame.window or frame.repeat) and not frame.not_understood
    return {
        "domain": level(clean(outcome.measure)[:200] or "not named", False),
        "measure": level(score, False) if score else level(clean(outcome.measure) or "not named", True),
        "metric": level(metric, change),
        "aggregation": level(aggregation or "mean with 95 % interval by visit", bool(aggregation)),
        "time": level(clean(outcome.time_frame) or "not stated", planned and frame.anchor_stated),
    }
