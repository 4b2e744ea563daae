"""What does not fit together in an analysis plan that loads: findings, never exceptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from trialrun.study.event_time_checks import event_time_fits
from trialrun.study.model import Endpoint, EndpointRole, Study
from trialrun.study.place import Place
from trialrun.study.plan import (
    EVENTS,
    Adjustment,
    EstimandPlan,
    EstimandRole,
    Method,
    Need,
    Responder,
    Sensitivity,
    SensitivityKind,
    Shift,
    Strategy,
    Variable,
)
from trialrun.study.plan_defaults import DECISIVE, is_number
from trialrun.study.plan_events import collected_events, something_given
from trialrun.study.plan_references import handlings, parameter_names
from trialrun.values.finding import Finding, Severity

_NEEDS_NUMBERS = frozenset({Method.SIGNED_RANK, Method.PAIRED_T, Method.ANCOVA, Method.MMRM})
_METHODS = {
    Variable.RESPONSE: (Method.PROPORTION, Method.DESCRIBE),
    Variable.CATEGORY: (Method.SHIFT, Method.DESCRIBE, Method.PROPORTION),
    Variable.TIME: (Method.INCIDENCE, Method.SURVIVAL, Method.KAPLAN_MEIER),
    Variable.CHANGE: (Method.DESCRIBE, Method.SIGNED_RANK, Method.PAIRED_T, Method.ANCOVA, Method.MMRM),
    Variable.VALUE: (Method.DESCRIBE, Method.SIGNED_RANK, Method.PAIRED_T, Method.ANCOVA, Method.MMRM),
}
_FEWEST_IMPUTATIONS = 50
_MOVED = {
    "estimands": "analysis.estimands",
    "multiplicity": "analysis.multiplicity",
    "responders": "analysis.responders",
    "sensitivity_scores": "analysis.sensitivity",
}


def check_plan(study: Study) -> Iterator[Finding]:
    """Questions nobody asks, questions that cannot be answered, and defaults nobody has looked at."""
    yield from _moved(study)
    if study.analysis.assumed:
        if study.endpoints:
            yield Finding(
                Severity.NOTE,
                "plan-assumed",
                "the study states no analysis plan; the defaults of a small trial are used",
                "study.yaml",
                "read them with trialrun plan, then write them down under analysis:",
            )
        return
    yield from _answered(study)
    yield from _multiplicity(study)
    yield from _collected(study)
    for estimand in study.analysis.estimands.values():
        for check in _OF_ESTIMAND:
            yield from check(study, estimand)
    for one in study.analysis.sensitivity.values():
        yield from _sensitivity(study, one)
    for responder in study.analysis.responders.values():
        yield from _responder(study, responder)
    for shift in study.analysis.shifts.values():
        yield from _shift(study, shift)
    yield from _widest(study)
    yield from _unexplained(study)


def _error(place: Place, code: str, message: str, remedy: str = "") -> Finding:
    return Finding(Severity.ERROR, code, message, str(place), remedy)


def _warn(place: Place, code: str, message: str, remedy: str = "") -> Finding:
    return Finding(Severity.WARNING, code, message, str(place), remedy)


def _moved(study: Study) -> Iterator[Finding]:
    for old, new in _MOVED.items():
        if old in study.settings:
            yield _warn(
                Place("study.yaml", 1),
                "setting-not-read",
                f"settings.{old} is not read; the analysis follows {new}",
                f"move it to {new}",
            )


def _registered(study: Study) -> list[Endpoint]:
    return [endpoint for endpoint in study.endpoints.values() if endpoint.order]


def _answered(study: Study) -> Iterator[Finding]:
    """Every outcome of the record needs a question, and every primary one a primary question."""
    plan = study.analysis
    asked = {name for estimand in plan.estimands.values() for name in estimand.endpoints}
    first = {
        name
        for estimand in plan.estimands.values()
        if estimand.role is EstimandRole.PRIMARY
        for name in estimand.endpoints
    }
    for endpoint in _registered(study):
        if endpoint.name not in asked:
            yield _error(
                endpoint.place,
                "outcome-unanswered",
                f"endpoints.{endpoint.name} is registered, and no estimand of the plan answers it",
                "add it to an estimand's endpoints",
            )
        elif endpoint.role is EndpointRole.PRIMARY and endpoint.name not in first:
            yield _error(
                endpoint.place,
                "primary-unanswered",
                f"endpoints.{endpoint.name} is a registered primary outcome, and no primary estimand answers it",
                "add it to the estimand with role: primary",
            )
    for estimand in plan.estimands.values():
        for name in estimand.endpoints:
            endpoint = study.endpoints[name]
            if estimand.role is EstimandRole.PRIMARY and endpoint.role is not EndpointRole.PRIMARY:
                yield _error(
                    estimand.place,
                    "primary-not-registered",
                    f"analysis.estimands.{estimand.name} is primary for {name}, which is a {endpoint.role} outcome",
                    "make the estimand supportive, or amend the registration first",
                )


def _multiplicity(study: Study) -> Iterator[Finding]:
    shared = study.analysis.multiplicity
    primaries = [one.name for one in _registered(study) if one.role is EndpointRole.PRIMARY]
    outside = [name for name in primaries if name not in shared.over]
    stray = [name for name in shared.over if name not in primaries]
    twice = sorted({name for name in shared.over if shared.over.count(name) > 1})
    if outside and len(primaries) > 1:
        yield _error(
            shared.place,
            "primary-outside-multiplicity",
            f"analysis.multiplicity leaves out the primary outcome {', '.join(outside)}",
            "name every primary outcome in over:",
        )
    if stray:
        yield _error(
            shared.place,
            "multiplicity-not-primary",
            f"analysis.multiplicity adjusts {', '.join(stray)}, no registered primary outcome",
            "name primary outcomes only",
        )
    if twice:
        yield _error(
            shared.place,
            "multiplicity-twice",
            f"analysis.multiplicity names {', '.join(twice)} twice",
            "name it once",
        )
    if shared.adjustment is Adjustment.NONE and len(primaries) > 1:
        yield _warn(
            shared.place,
            "no-adjustment",
            f"{len(primaries)} primary outcomes are tested at {shared.level:g} each, so the chance of a false claim is higher",
            "adjust, or ask for all of them with adjustment: both",
        )


def _variable_fits(study: Study, estimand: EstimandPlan) -> Iterator[Finding]:
    where = f"analysis.estimands.{estimand.name}"
    if not estimand.treatment:
        yield _error(
            estimand.place,
            "no-treatment",
            f"{where} does not say what is given",
            "add treatment:, here or once under analysis:",
        )
    if estimand.method not in _METHODS[estimand.variable]:
        allowed = ", ".join(_METHODS[estimand.variable])
        yield _error(
            estimand.place,
            "method-does-not-fit",
            f"{where} analyses a {estimand.variable} by {estimand.method}",
            f"methods for it: {allowed}",
        )
    if estimand.variable is Variable.TIME:
        yield from event_time_fits(study, estimand)
        return
    if not estimand.endpoints:
        yield _error(estimand.place, "no-endpoint", f"{where} names no endpoint", "add endpoints:")
    if estimand.variable is Variable.RESPONSE and not estimand.responder:
        yield _error(
            estimand.place,
            "no-responder",
            f"{where} asks for responders and names no definition",
            "add responder:",
        )
    for name in estimand.endpoints:
        variable = study.endpoints[name].variable
        if estimand.method in _NEEDS_NUMBERS and not is_number(study, variable):
            yield _error(
                estimand.place,
                "not-a-number",
                f"{where} analyses {name} by {estimand.method}, but {variable} is no number",
                "describe it, or use proportion or shift",
            )


def _events_fit(study: Study, estimand: EstimandPlan) -> Iterator[Finding]:
    where = f"analysis.estimands.{estimand.name}"
    decided = {one.event for one in estimand.intercurrent.values() if one.strategy is Strategy.COMPOSITE}
    if estimand.method is Method.SIGNED_RANK and estimand.role is EstimandRole.PRIMARY and not decided:
        yield _error(
            estimand.place,
            "composite-without-events",
            f"{where} ranks the worst outcomes, and no event has the composite strategy",
            "say which events are the worst, e.g. death: {strategy: composite}",
        )
    odd = decided - set(DECISIVE)
    if odd and estimand.variable in {Variable.CHANGE, Variable.VALUE}:
        yield _warn(
            estimand.place,
            "composite-value-exists",
            f"{where} counts {', '.join(sorted(odd))} as the worst outcome though a value can be measured after it",
            "check that this is meant",
        )
    for kind in DECISIVE:
        if (
            kind not in estimand.intercurrent
            and kind in collected_events(study)
            and estimand.role is not EstimandRole.EXPLORATORY
        ):
            yield _error(
                estimand.place,
                "event-unhandled",
                f"{where} does not say what {EVENTS[kind].lower()} means; no value exists after it",
                f"add {kind}: to intercurrent",
            )


def _collected(study: Study) -> Iterator[Finding]:
    """Events the plan handles that the study asks nowhere."""
    known = collected_events(study)
    for one in handlings(study.analysis):
        if one.event not in known:
            yield _warn(
                one.place,
                "event-not-collected",
                f"the plan handles {one.event}, which no item of the study can show",
                "ask for it, or name the item in settings.analysis.items",
            )


def _times_fit(study: Study, estimand: EstimandPlan) -> Iterator[Finding]:
    where = f"analysis.estimands.{estimand.name}"
    for name in estimand.visits:
        if study.visits[name].offset is None:
            yield _error(
                estimand.place,
                "time-unplanned",
                f"{where} looks at {name!r}, which has no planned day",
                "name another",
            )
    for name in estimand.endpoints:
        endpoint = study.endpoints[name]
        missing = [visit for visit in endpoint.visits if estimand.visits and visit not in estimand.visits]
        if endpoint.order and missing and estimand.role is EstimandRole.PRIMARY:
            yield _error(
                estimand.place,
                "registered-time-missing",
                f"{where} leaves out {', '.join(missing)}, a registered time of {name}",
                "add it to visits:, or leave visits: out",
            )


_OF_ESTIMAND: Sequence[Callable[[Study, EstimandPlan], Iterator[Finding]]] = (
    _variable_fits,
    _events_fit,
    _times_fit,
)

_NEEDED = {
    SensitivityKind.POPULATION: "population",
    SensitivityKind.PARAMETER: "parameters",
    SensitivityKind.METHOD: "method",
    SensitivityKind.WITHOUT_EVENT: "event",
    SensitivityKind.TIPPING_POINT: "deltas",
}


def _sensitivity(study: Study, one: Sensitivity) -> Iterator[Finding]:
    where = f"analysis.sensitivity.{one.name}"
    key = _NEEDED.get(one.kind)
    if key is not None and not getattr(one, key):
        yield _error(
            one.place,
            "sensitivity-incomplete",
            f"{where} varies the {one.kind} and has no {key}",
            f"add {key}:",
        )
    estimand = study.analysis.estimands[one.estimand]
    imputes = one.kind in {SensitivityKind.MULTIPLE_IMPUTATION, SensitivityKind.TIPPING_POINT}
    if imputes and one.imputations < _FEWEST_IMPUTATIONS:
        yield _warn(
            one.place,
            "few-imputations",
            f"{where} imputes {one.imputations} times; another seed could give another answer",
            f"use {_FEWEST_IMPUTATIONS} or more",
        )
    if imputes and (estimand.method not in _NEEDS_NUMBERS or estimand.variable is not Variable.CHANGE):
        yield _error(
            one.place,
            "imputation-does-not-fit",
            f"{where} imputes changes, but {one.estimand} is no change of a number",
            "impute for an estimand of a change",
        )
    if one.kind is SensitivityKind.POPULATION and one.population == estimand.population:
        yield _error(
            one.place, "sensitivity-same", f"{where} uses the population of the main analysis", "name another"
        )
    for endpoint, names in one.parameters.items():
        own = study.endpoints[endpoint].variable
        if endpoint not in estimand.endpoints:
            message = f"{where} varies {endpoint}, which {one.estimand} does not analyse"
            yield _error(one.place, "sensitivity-stray", message, f"add it to {one.estimand}, or remove it")
        if own in names:
            yield _error(
                one.place, "sensitivity-same", f"{where} varies {own} to itself", "name other variables"
            )


def _responder(study: Study, responder: Responder) -> Iterator[Finding]:
    where = f"analysis.responders.{responder.name}"
    ways = [responder.fall_of is not None, responder.rise_of is not None, responder.better_category]
    if sum(ways) != 1:
        yield _error(
            responder.place,
            "responder-ambiguous",
            f"{where} has {sum(ways)} of fall_of, rise_of, better_category",
            "give exactly one",
        )
    if responder.better_category and len(responder.order) < 2:
        yield _error(
            responder.place,
            "responder-order",
            f"{where} needs the categories from best to worst",
            "add order:",
        )
    for amount in (responder.fall_of, responder.rise_of):
        if amount is not None and amount <= 0:
            yield _error(
                responder.place, "responder-amount", f"{where}: the change is {amount:g}, it must be above 0"
            )
    users = [e for e in study.analysis.estimands.values() if e.responder == responder.name]
    if not users:
        yield _warn(responder.place, "responder-unused", f"no estimand uses {where}", "use it or remove it")
    yield from _categories(study, responder.place, where, responder.parameter, responder.order)


def _shift(study: Study, shift: Shift) -> Iterator[Finding]:
    where = f"analysis.shifts.{shift.name}"
    if len(shift.order) < 2:
        yield _error(
            shift.place, "shift-order", f"{where} needs two categories or more", "add them to order:"
        )
    yield from _categories(study, shift.place, where, shift.parameter, shift.order)


def _categories(
    study: Study, place: Place, where: str, parameter: str, order: Sequence[str]
) -> Iterator[Finding]:
    """Categories named by an item's choices must be choices of it; events are categories of their own."""
    item = study.items.get(parameter)
    if item is None or not item.choices or parameter not in parameter_names(study):
        return
    codes = [choice.code for choice in item.choices]
    strange = [name for name in order if name not in codes and name not in EVENTS]
    left = [code for code in codes if order and code not in order]
    if strange:
        yield _error(
            place,
            "unknown-category",
            f"{where} orders {', '.join(strange)}, no choice of {parameter}",
            ", ".join(codes),
        )
    if left:
        yield _error(
            place, "category-missing", f"{where} has no place for {', '.join(left)}", "add it to order:"
        )


def _widest(study: Study) -> Iterator[Finding]:
    """A population whose members need something others of the plan do not define, or two widest ones."""
    plan = study.analysis
    tops = [one for one in plan.populations.values() if not one.within]
    if len(tops) > 1:
        names = ", ".join(one.name for one in tops)
        yield _warn(
            tops[1].place, "two-widest", f"the populations {names} lie in no other", "say within: which"
        )
    for one in plan.populations.values():
        if not one.needs:
            yield _error(
                one.place,
                "population-needs",
                f"analysis.populations.{one.name} asks for nothing",
                "add needs:",
            )
    if something_given(study) and not any(Need.DOSED in one.needs for one in plan.populations.values()):
        yield _error(
            plan.place,
            "no-safety-set",
            "no population of the plan is of those treated, so safety has no set",
            "add a population with needs: [dosed]",
        )


def _unexplained(study: Study) -> Iterator[Finding]:
    """Parts of the plan that no assumption answers for: the record states hardly any of it."""
    from trialrun.study.plan_parts import plan_parts

    if not study.assumptions:
        return
    for part in plan_parts(study.analysis):
        if not part.assumptions:
            yield Finding(
                Severity.NOTE,
                "plan-unexplained",
                f"{part.path} names no assumption",
                str(part.place),
                "name the assumption somebody has to confirm, unless the protocol states it",
            )
