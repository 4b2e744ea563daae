"""The estimands of results, in the five attributes of ICH E9(R1), as the study's plan states them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from trialrun.analyse.cases import Question
from trialrun.analyse.result import Estimand
from trialrun.study.model import Endpoint, Study
from trialrun.study.plan import EVENTS, EstimandPlan, Handling, Method, Strategy, Variable
from trialrun.study.time_to_event import event_words

_WORST = "composite: worst rank"
_ALIVE = "while alive: not in the comparison"


def planned_estimand(question: Question) -> Estimand:
    """The estimand a question asks for; what the question changes of its plan is changed in the words."""
    study, plan = question.basis.study, question.plan
    events = {_event(name): in_words(handling) for name, handling in plan.intercurrent.items()}
    if question.without:
        events[_event(question.without)] = "values after it are left out"
    return Estimand(
        name=plan.name,
        treatment=plan.treatment,
        population=_population(study, question.population),
        variable=variable_words(study, plan.variable, question.endpoint, question.parameter, question.visit),
        intercurrent=events,
        summary=plan.summary,
        title=plan.title,
        missing="counts as the worst outcome" if question.missing_is_worst else plan.missing,
    )


def composite_estimand(study: Study, endpoint: Endpoint, visit: str) -> Estimand:
    """Death and transplant are the worst outcome of all, whatever else the plan says."""
    plan = _plan_of(study, endpoint)
    return Estimand(
        name="composite",
        treatment=plan.treatment if plan else _treatment(study),
        population=_population(study, plan.population) if plan else "participants given at least one dose",
        variable=variable_words(study, Variable.CHANGE, endpoint, endpoint.variable, visit),
        intercurrent={**_others(plan), "death": _WORST, "transplant": _WORST},
        summary="median change (Hodges-Lehmann) with exact interval; exact signed rank with worst ranks",
        missing=plan.missing if plan else "",
    )


def while_alive_estimand(study: Study, endpoint: Endpoint, visit: str, summary: str) -> Estimand:
    """The change among those alive without a transplant: not comparable with the composite."""
    plan = _plan_of(study, endpoint)
    return Estimand(
        name="while alive",
        treatment=plan.treatment if plan else _treatment(study),
        population="treated participants alive without transplant and measured at this time",
        variable=variable_words(study, Variable.CHANGE, endpoint, endpoint.variable, visit),
        intercurrent={**_others(plan), "death": _ALIVE, "transplant": _ALIVE},
        summary=summary,
        missing=plan.missing if plan else "",
    )


def in_words(handling: Handling) -> str:
    """A strategy and its detail: `composite: worst rank`."""
    strategy = handling.strategy.value.replace("_", " ")
    return f"{strategy}: {handling.how}" if handling.how else strategy


def variable_words(study: Study, variable: Variable, endpoint: Endpoint, parameter: str, visit: str) -> str:
    """What is compared, e.g. `change in MELD-Na from baseline to month 4`."""
    name = endpoint.measure.value or endpoint.variable
    if parameter != endpoint.variable:
        name = study.derived[parameter].label if parameter in study.derived else parameter.replace("_", " ")
    when = study.visits[visit].title if visit in study.visits else visit
    if variable is Variable.CHANGE:
        return f"change in {name} from baseline to {when}"
    if variable is Variable.TIME and endpoint.time_to_event is not None:
        return f"days from {event_words(study, endpoint.time_to_event)}"
    if variable is Variable.TIME:
        return "time from the first dose to the first of the events"
    words = {Variable.VALUE: "value of", Variable.RESPONSE: "response in", Variable.CATEGORY: "category of"}
    return f"{words[variable]} {name} at {when}"


def varied(plan: EstimandPlan, *, method: Method) -> EstimandPlan:
    """An estimand's plan with another estimator."""
    return replace(plan, method=method)


def _plan_of(study: Study, endpoint: Endpoint) -> EstimandPlan | None:
    """The first estimand asked of an endpoint."""
    return next((one for one in study.analysis.estimands.values() if endpoint.name in one.endpoints), None)


def _others(plan: EstimandPlan | None) -> Mapping[str, str]:
    """What the plan does about the events that leave a value behind."""
    if plan is None:
        return {}
    return {
        _event(name): in_words(handling)
        for name, handling in plan.intercurrent.items()
        if handling.strategy is Strategy.TREATMENT_POLICY
    }


def _event(name: str) -> str:
    return name.replace("_", " ") if name in EVENTS else name


def _population(study: Study, name: str) -> str:
    planned = study.analysis.populations.get(name)
    return planned.title if planned else name


def _treatment(study: Study) -> str:
    return "; ".join(arm.title for arm in study.arms.values())
