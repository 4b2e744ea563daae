"""What the plan asks, in its order: each estimand of an endpoint at its times, and what is varied of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trialrun.analyse.basis import Basis
from trialrun.analyse.cases import Question
from trialrun.analyse.estimators import estimate
from trialrun.analyse.estimators.categories import shifts_of
from trialrun.analyse.result import Analysis, Result
from trialrun.analyse.sensitivity import varied_results
from trialrun.derive.endpoints import analysis_visits
from trialrun.study.model import Endpoint
from trialrun.study.plan import EstimandPlan, EstimandRole, Method, Responder, Shift, Variable

PLAIN = "plain"


def planned_results(basis: Basis, endpoint: Endpoint) -> tuple[Result, ...]:
    """Every estimand of an endpoint, each followed by its sensitivity analyses; then responders and shifts."""
    found: list[Result] = []
    for plan in basis.plan.estimands.values():
        if endpoint.name not in plan.endpoints:
            continue
        for visit in times_of(basis, plan, endpoint):
            found += answered(question_of(basis, plan, endpoint, visit))
    found += _responders(basis, endpoint)
    found += _shifts(basis, endpoint)
    return tuple(found)


def answered(question: Question) -> tuple[Result, ...]:
    """The main answers to a question, then each with one thing changed."""
    main = estimate(question)
    return (*main, *varied_results(question, main))


def question_of(basis: Basis, plan: EstimandPlan, endpoint: Endpoint, visit: str) -> Question:
    """An estimand asked of an endpoint; a share is asked of its responder's parameter."""
    responder = basis.plan.responders[plan.responder] if plan.responder else None
    parameter = responder.parameter if responder else endpoint.variable
    return Question(basis, plan, endpoint, parameter, visit, plan.population, responder=responder)


def analysed_by_time(basis: Basis, endpoint: Endpoint) -> bool:
    """Whether the plan analyses an endpoint by its time to an event."""
    return endpoint.time_to_event is not None and any(
        plan.method is Method.KAPLAN_MEIER and endpoint.name in plan.endpoints
        for plan in basis.plan.estimands.values()
    )


def times_of(basis: Basis, plan: EstimandPlan, endpoint: Endpoint) -> tuple[str, ...]:
    """The times an estimand is asked at: its own, else the endpoint's; a mixed model answers for every visit."""
    follow_up = analysis_visits(basis.study)
    wanted = plan.visits or (follow_up if plan.method is Method.MMRM else endpoint.visits)
    return tuple(visit for visit in follow_up if visit in wanted)


def time_to_events(basis: Basis) -> Iterator[Result]:
    """The estimands that are asked of no endpoint: time to death, transplant."""
    for plan in basis.plan.estimands.values():
        if plan.variable is not Variable.TIME or plan.endpoints:
            continue
        last = analysis_visits(basis.study)[-1:]
        for visit in plan.visits or last:
            question = Question(basis, plan, _no_endpoint(plan), "", visit, plan.population)
            yield from estimate(question)


def _no_endpoint(plan: EstimandPlan) -> Endpoint:
    """A stand-in for the endpoint of an estimand that has none; its results name none."""
    from trialrun.study.model import EndpointRole, Stated

    words = Stated(plan.title, stated=False)
    return Endpoint(
        "", EndpointRole.SAFETY, 0, plan.title, "", "", "", (), (), words, words, words, words, words
    )


def _responders(basis: Basis, endpoint: Endpoint) -> Iterator[Result]:
    """The responder definitions no estimand asks for: missing is no response, and the count is in the details."""
    asked = {plan.responder for plan in basis.plan.estimands.values()}
    plan = main_plan(basis, endpoint)
    for responder in basis.plan.responders.values():
        if plan is None or responder.name in asked or not _belongs(basis, endpoint, responder):
            continue
        own = replace(
            plan,
            name=responder.name,
            title=responder.title,
            role=EstimandRole.SUPPORTIVE if endpoint.order else EstimandRole.EXPLORATORY,
            variable=Variable.RESPONSE,
            method=Method.PROPORTION,
            responder=responder.name,
            summary="share of responders with its exact interval",
        )
        for visit in times_of(basis, replace(own, visits=()), endpoint):
            question = replace(question_of(basis, own, endpoint, visit), missing_is_worst=True)
            yield from estimate(question)


def _shifts(basis: Basis, endpoint: Endpoint) -> Iterator[Result]:
    plan = main_plan(basis, endpoint)
    for shift in basis.plan.shifts.values():
        if plan is None or not _belongs(basis, endpoint, shift):
            continue
        own = replace(
            plan,
            name=shift.name,
            title=shift.title,
            role=EstimandRole.SUPPORTIVE if endpoint.order else EstimandRole.EXPLORATORY,
            variable=Variable.CATEGORY,
            method=Method.SHIFT,
            summary="table of the categories at baseline and at the visit",
        )
        question = Question(basis, own, endpoint, shift.parameter, shift.visit, own.population)
        yield from shifts_of(question, shift)


def main_plan(basis: Basis, endpoint: Endpoint) -> EstimandPlan | None:
    """The estimand that weighs most for an endpoint: its first primary one, else its first."""
    own = [plan for plan in basis.plan.estimands.values() if endpoint.name in plan.endpoints]
    primary = (plan for plan in own if plan.role is EstimandRole.PRIMARY)
    return next(primary, own[0] if own else None)


def _belongs(basis: Basis, endpoint: Endpoint, asked: Responder | Shift) -> bool:
    """Whether a definition is of this endpoint.

    It is of the first one whose variable it is, or is a part of (a score's class); a parameter that is of no
    endpoint goes with the first outcome, so that nothing the plan names is left out.
    """
    wanted = asked.visit if isinstance(asked, Shift) else ""
    held = [one for one in basis.study.endpoints.values() if not wanted or wanted in one.visits]
    own = (
        one
        for one in held
        if asked.parameter == one.variable or asked.parameter.startswith(f"{one.variable}_")
    )
    found = next(own, held[0] if held else None)
    return found is not None and found.name == endpoint.name


def is_main(result: Result) -> bool:
    """Whether a result answers an estimand itself."""
    return result.analysis in {Analysis.ESTIMAND, Analysis.RESPONSE} and not result.sensitivity_of
