"""The analysis section of a draft: the default plan, written down so that somebody can read, change and confirm it."""

from __future__ import annotations

from collections.abc import Sequence

from trialrun.registry.draft_sketch import Plain
from trialrun.study.model import Study
from trialrun.study.plan import (
    Adjustment,
    EstimandPlan,
    EstimandRole,
    Method,
    PopulationPlan,
    Sensitivity,
    Strategy,
    Variable,
)
from trialrun.study.plan_events import collected_events, something_given

ASSUMPTION = "analysis"
_WITHOUT_TRANSPLANT = {
    "composite": "Change from baseline, death as the worst outcome",
    "while_alive": "Mean change among those alive",
    "hypothetical": "Mean change at every visit had nobody died",
}


def analysis_section(study: Study) -> Plain:
    """The plan a study without one would be analysed by, as plain values; every part names its assumption.

    An outcome without a baseline is analysed by its value. Where nothing is given the set analysed is everybody enrolled.
    """
    plan = study.analysis
    estimands: Plain = {}
    for one in plan.estimands.values():
        if one.method is Method.KAPLAN_MEIER:
            estimands[one.name] = _estimand(study, one, one.endpoints)
            continue
        compared = [name for name in one.endpoints if study.endpoints[name].baseline_visits]
        alone = [name for name in one.endpoints if not study.endpoints[name].baseline_visits]
        if compared:
            estimands[one.name] = _estimand(study, one, compared)
        if alone and (one.method is Method.DESCRIBE or one.role is EstimandRole.PRIMARY):
            estimands[f"{one.name}_value"] = _of_values(study, one, alone)
    section: Plain = {
        "treatment": next((one.treatment for one in plan.estimands.values()), "as the study gives it"),
        "populations": {
            name: _population(one, given=something_given(study)) for name, one in plan.populations.items()
        },
        "estimands": estimands,
        "multiplicity": {
            "adjustment": plan.multiplicity.adjustment.value,
            "over": list(plan.multiplicity.over),
            "assumptions": [ASSUMPTION],
        },
    }
    kept = {name: one for name, one in plan.sensitivity.items() if one.estimand in estimands}
    if kept:
        section["sensitivity"] = {name: _sensitivity(one) for name, one in kept.items()}
    return section


def analysis_assumption(study: Study) -> Plain:
    """What has to be confirmed of the plan."""
    arms = len(study.arms) > 1
    worst = any(
        one.strategy is Strategy.COMPOSITE
        for estimand in study.analysis.estimands.values()
        for one in estimand.intercurrent.values()
    )
    shared = study.analysis.multiplicity.adjustment
    crossover = study.settings.get("design") == "CROSSOVER"
    return {
        "about": "The record states outcomes and no analysis plan.",
        "default": "The plan under analysis: "
        + (
            "groups are compared with the control (settings.analysis.control, else the record's comparator, else the first)"
            if arms
            else "one group is compared with its baseline, where an outcome has one"
        )
        + ("; death counts as the worst outcome" if worst else "")
        + (
            f"; several primary outcomes share the level ({shared.value})"
            if shared is not Adjustment.NONE
            else ""
        )
        + ("; who crosses over is analysed in the group of the first period" if crossover else "")
        + ".",
        "reason": "Stated estimands before the first participant (ICH E9(R1)); each of them is a default of this "
        "program, and a statistician decides.",
        "confirm_by": "Statistician",
        "parts": [
            "analysis.multiplicity",
            *(f"analysis.populations.{name}" for name in study.analysis.populations),
        ],
    }


def _estimand(study: Study, one: EstimandPlan, endpoints: Sequence[str]) -> Plain:
    made: Plain = {
        "title": one.title
        if "transplant" in collected_events(study)
        else _WITHOUT_TRANSPLANT.get(one.name, one.title),
        "role": one.role.value,
        "endpoints": list(endpoints),
        "population": one.population,
        "variable": one.variable.value,
        "missing": one.missing,
        "summary": one.summary,
        "method": one.method.value,
    }
    planned = [name for name in one.visits if study.visits[name].offset is not None]
    if planned:
        made["visits"] = planned
    if one.intercurrent:
        made["intercurrent"] = {
            kind: {"strategy": given.strategy.value, **({"how": given.how} if given.how else {})}
            for kind, given in one.intercurrent.items()
        }
    return made | {"assumptions": [ASSUMPTION]}


def _of_values(study: Study, one: EstimandPlan, endpoints: Sequence[str]) -> Plain:
    made = _estimand(study, one, endpoints)
    made.pop("visits", None)
    return made | {
        "title": "Outcomes without a baseline, described at every planned time",
        "variable": Variable.VALUE.value,
        "method": Method.DESCRIBE.value,
        "summary": "mean, standard deviation, median and range of the value",
    }


def _population(one: PopulationPlan, *, given: bool) -> Plain:
    needs = [need.value for need in one.needs]
    title = one.title
    if not given and needs == ["dosed"]:
        needs, title = ["enrolled"], "Enrolled and followed (full analysis set)"
    made: Plain = {"title": title, "needs": needs, "assumptions": [ASSUMPTION]}
    return made | ({"within": one.within} if one.within else {})


def _sensitivity(one: Sensitivity) -> Plain:
    made: Plain = {"title": one.title, "estimand": one.estimand, "kind": one.kind.value}
    if one.population:
        made["population"] = one.population
    return made | {"assumptions": [ASSUMPTION]}
