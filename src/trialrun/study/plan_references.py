"""Names of an analysis plan that must lead somewhere: errors that stop a load."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from trialrun.study.place import Place
from trialrun.study.plan import EVENTS, AnalysisPlan, EstimandPlan, Handling, Sensitivity
from trialrun.study.plan_parts import plan_parts
from trialrun.study.text import did_you_mean
from trialrun.values.finding import Finding, Severity

if TYPE_CHECKING:
    from trialrun.study.model import Study


def check_plan_names(study: Study) -> Iterator[Finding]:
    """Every endpoint, population, visit, event, value and assumption a stated plan names."""
    plan = study.analysis
    if plan.assumed:
        return
    for part in plan_parts(plan):
        for name in part.assumptions:
            yield from _unknown(part.place, part.path, "assumption", name, study.assumptions)
    yield from _populations(plan)
    for handling in handlings(plan):
        yield from _unknown(handling.place, "intercurrent", "event", handling.event, EVENTS)
    for estimand in plan.estimands.values():
        yield from _estimand(study, estimand)
    for one in plan.sensitivity.values():
        yield from _sensitivity(study, one)
    values = parameter_names(study)
    for responder in plan.responders.values():
        yield from _unknown(
            responder.place, f"analysis.responders.{responder.name}", "value", responder.parameter, values
        )
    for shift in plan.shifts.values():
        where = f"analysis.shifts.{shift.name}"
        yield from _unknown(shift.place, where, "value", shift.parameter, values)
        yield from _unknown(shift.place, where, "visit", shift.visit, study.visits)
    for window in plan.windows.values():
        yield from _unknown(window.place, "analysis.windows", "visit", window.visit, study.visits)
    for name in plan.multiplicity.over:
        yield from _unknown(
            plan.multiplicity.place, "analysis.multiplicity", "endpoint", name, study.endpoints
        )


def handlings(plan: AnalysisPlan) -> tuple[Handling, ...]:
    """Every handling of the plan once, those many estimands share among them."""
    each = (one for estimand in plan.estimands.values() for one in estimand.intercurrent.values())
    return tuple(dict.fromkeys(each))


def _unknown(place: Place, owner: str, kind: str, name: str, known: Collection[str]) -> Iterator[Finding]:
    if name not in known:
        remedy = did_you_mean(name, known) or f"known: {', '.join(list(known)[:12]) or 'none'}"
        message = f"{owner} names the {kind} {name!r}, which does not exist"
        yield Finding(Severity.ERROR, f"unknown-{kind}", message, str(place), remedy)


def _populations(plan: AnalysisPlan) -> Iterator[Finding]:
    for population in plan.populations.values():
        where = f"analysis.populations.{population.name}"
        if population.within:
            yield from _unknown(population.place, where, "population", population.within, plan.populations)
        seen: list[str] = []
        name = population.name
        while name in plan.populations and name not in seen:
            seen.append(name)
            name = plan.populations[name].within
        if name == population.name and seen:
            message = f"{where} lies within itself: {' -> '.join((*seen, name))}"
            yield Finding(
                Severity.ERROR,
                "population-circle",
                message,
                str(population.place),
                "let one of them be the widest",
            )


def _estimand(study: Study, estimand: EstimandPlan) -> Iterator[Finding]:
    plan, where, place = study.analysis, f"analysis.estimands.{estimand.name}", estimand.place
    yield from _unknown(place, where, "population", estimand.population, plan.populations)
    for name in estimand.endpoints:
        yield from _unknown(place, where, "endpoint", name, study.endpoints)
    for name in estimand.visits:
        yield from _unknown(place, where, "visit", name, study.visits)
    for name in estimand.covariates:
        yield from _unknown(place, where, "value", name, parameter_names(study))
    if estimand.responder:
        yield from _unknown(place, where, "responder", estimand.responder, plan.responders)


def _sensitivity(study: Study, one: Sensitivity) -> Iterator[Finding]:
    plan, where = study.analysis, f"analysis.sensitivity.{one.name}"
    yield from _unknown(one.place, where, "estimand", one.estimand, plan.estimands)
    if one.population:
        yield from _unknown(one.place, where, "population", one.population, plan.populations)
    values = parameter_names(study)
    for endpoint, names in one.parameters.items():
        yield from _unknown(one.place, where, "endpoint", endpoint, study.endpoints)
        for name in names:
            yield from _unknown(one.place, where, "value", name, values)


def parameter_names(study: Study) -> tuple[str, ...]:
    """Items, derived values, and the components of the study's scores (`child_pugh_class`)."""
    from trialrun.errors import ScoreError
    from trialrun.scores.load import score

    names = [*study.items, *study.derived]
    for derived in study.derived.values():
        if derived.score is None:
            continue
        try:
            found = score(derived.score)
        except ScoreError:
            continue  # reported by the check of the rules
        names += [f"{derived.name}_{component}" for component in found.shown]
    return tuple(names)
