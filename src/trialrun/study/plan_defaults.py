"""The analysis plan of a study that states none: the defaults of a small trial, derived from its other parts.

Source: ICH E9(R1); STATISTICS 2 of the project. What is derived here is assumed, and every reader is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from trialrun.study.plan import (
    Adjustment,
    AnalysisPlan,
    EstimandPlan,
    EstimandRole,
    Handling,
    Method,
    Multiplicity,
    Need,
    PopulationPlan,
    Sensitivity,
    SensitivityKind,
    Strategy,
    Variable,
)
from trialrun.study.plan_events import collected_events, local_name

if TYPE_CHECKING:
    from trialrun.study.model import Endpoint, Study

SCREENED, ENROLLED, TREATED = "screened", "enrolled", "treated"
EVALUABLE, PER_PROTOCOL = "evaluable", "per_protocol"
DECISIVE = ("death", "transplant")
MISSING_AT_RANDOM = "Values missing for no intercurrent event are taken to be missing at random."


def assumed_plan(study: Study) -> AnalysisPlan:
    """The plan of a study without an analysis section; `assumed` is true."""
    estimands = default_estimands(study)
    return AnalysisPlan(
        estimands=estimands,
        populations=default_populations(),
        multiplicity=default_multiplicity(study),
        sensitivity=default_sensitivity(estimands),
        responders={},
        shifts={},
        windows={},
        assumed=True,
    )


def completed(study: Study, stated: AnalysisPlan, given: Iterable[str]) -> AnalysisPlan:
    """A stated plan with the defaults of the parts it does not mention (`given` names those it does)."""
    said = set(given)
    missing = {
        "populations": default_populations,
        "multiplicity": lambda: default_multiplicity(study),
        "estimands": lambda: default_estimands(study),
    }
    filled = {name: make() for name, make in missing.items() if name not in said}
    plan = replace(stated, **filled)  # pyright: ignore[reportArgumentType]
    if "sensitivity" not in said and "estimands" not in said:
        plan = replace(plan, sensitivity=default_sensitivity(plan.estimands))
    return plan


def default_populations() -> Mapping[str, PopulationPlan]:
    """Screened, enrolled, treated (safety and full analysis), evaluable, per protocol: each within the one before."""
    return {
        one.name: one
        for one in (
            PopulationPlan(SCREENED, "Everyone registered for screening", "", (Need.REGISTERED,)),
            PopulationPlan(ENROLLED, "Enrolled", SCREENED, (Need.ENROLLED,)),
            PopulationPlan(
                TREATED, "Treated at least once (full analysis and safety set)", ENROLLED, (Need.DOSED,)
            ),
            PopulationPlan(EVALUABLE, "Evaluable for the primary outcomes", TREATED, (Need.PRIMARY_KNOWN,)),
            PopulationPlan(PER_PROTOCOL, "Per protocol", EVALUABLE, (Need.NO_MAJOR_DEVIATION,)),
        )
    }


def default_multiplicity(study: Study) -> Multiplicity:
    """Holm over the registered primary outcomes: success is at least one."""
    over = tuple(one.name for one in _of_role(study, "primary"))
    return Multiplicity(Adjustment.HOLM if len(over) > 1 else Adjustment.NONE, over)


def default_estimands(study: Study) -> Mapping[str, EstimandPlan]:
    """Composite for measured primaries, the mixed model beside it, other registered outcomes described."""
    timed = [one for one in study.endpoints.values() if one.time_to_event is not None]
    primaries = [one for one in _of_role(study, "primary") if one not in timed]
    numbers = tuple(one.name for one in primaries if is_number(study, one.variable))
    others = tuple(one.name for one in primaries if one.name not in numbers)
    secondaries = tuple(one.name for one in _of_role(study, "secondary") if one not in timed)
    added = tuple(one.name for one in study.endpoints.values() if not one.order and one not in timed)
    made: list[EstimandPlan] = []
    if numbers:
        made += [_composite(study, numbers), _while_alive(study, numbers), _hypothetical(study, numbers)]
    if others:
        made.append(_described(study, "primary_described", EstimandRole.PRIMARY, others))
    if secondaries:
        made.append(_described(study, "secondary", EstimandRole.SUPPORTIVE, secondaries))
    if added:
        made.append(_described(study, "exploratory", EstimandRole.EXPLORATORY, added))
    made += _event_times(study, timed)
    return {one.name: one for one in made}


def _event_times(study: Study, endpoints: Sequence[Endpoint]) -> Iterator[EstimandPlan]:
    """Kaplan-Meier of the times to an event, by role; death counts as the event where the endpoint has it, else it censors."""
    for role, of_role in (
        (EstimandRole.PRIMARY, "primary"),
        (EstimandRole.SUPPORTIVE, "secondary"),
        (EstimandRole.EXPLORATORY, ""),
    ):
        own = [one for one in endpoints if _weight(one) == of_role]
        mortal = [one for one in own if _ends_in_death(study, one)]
        for name, group, strategy, how in (
            ("event_times", mortal, Strategy.COMPOSITE, "counts as the event"),
            (
                "event_times_censored",
                [one for one in own if one not in mortal],
                Strategy.HYPOTHETICAL,
                "censored",
            ),
        ):
            if group:
                yield _timed(study, f"{of_role or 'exploratory'}_{name}", role, group, strategy, how)


def _weight(endpoint: Endpoint) -> str:
    role = endpoint.role.value
    return role if endpoint.order and role in {"primary", "secondary"} else ""


def _ends_in_death(study: Study, endpoint: Endpoint) -> bool:
    time = endpoint.time_to_event
    return time is not None and local_name(study, "death") in time.events


def _timed(
    study: Study, name: str, role: EstimandRole, group: Sequence[Endpoint], strategy: Strategy, how: str
) -> EstimandPlan:
    handled = {
        kind: Handling(kind, strategy, how)
        if kind == "death"
        else Handling(kind, Strategy.TREATMENT_POLICY, "flagged")
        for kind in collected_events(study)
    }
    return EstimandPlan(
        name=name,
        title="Time to the event",
        role=role,
        endpoints=tuple(one.name for one in group),
        treatment=_treatment(study),
        population=TREATED,
        variable=Variable.TIME,
        intercurrent=handled,
        missing="Without an event the time is censored at the last day on which none was known; censoring is taken to say "
        "nothing about the event.",
        summary="median time with its interval, and the share free of the event at the registered times",
        method=Method.KAPLAN_MEIER,
    )


def default_sensitivity(estimands: Mapping[str, EstimandPlan]) -> Mapping[str, Sensitivity]:
    """Per protocol and worst case of the composite, multiple imputation and tipping point of the mean change."""
    made: list[Sensitivity] = []
    if "composite" in estimands:
        made += [
            Sensitivity(
                PER_PROTOCOL,
                "Per protocol",
                "composite",
                SensitivityKind.POPULATION,
                population=PER_PROTOCOL,
            ),
            Sensitivity(
                "worst_case", "Every missing value is the worst", "composite", SensitivityKind.WORST_CASE
            ),
        ]
    if "while_alive" in estimands:
        made.append(
            Sensitivity(
                "multiple_imputation",
                "Missing values imputed many times",
                "while_alive",
                SensitivityKind.MULTIPLE_IMPUTATION,
            )
        )
    return {one.name: one for one in made}


def is_number(study: Study, variable: str) -> bool:
    """Whether a value is measured on a scale: a number, a score, or a sum."""
    item = study.items.get(variable)
    if item is not None:
        return item.type.value in {"number", "integer"}
    derived = study.derived.get(variable)
    return derived is None or derived.how != "any"


def _of_role(study: Study, role: str) -> list[Endpoint]:
    found = [one for one in study.endpoints.values() if one.role.value == role and one.order]
    return sorted(found, key=lambda one: one.order)


def _treatment(study: Study) -> str:
    return "; ".join(arm.description or arm.title for arm in study.arms.values()) or "as the study gives it"


def _decided(study: Study, strategy: Strategy, how: str) -> dict[str, Handling]:
    """The events that leave no value behind, with one strategy; all others by treatment policy, flagged."""
    found = collected_events(study)
    decisive = {kind: Handling(kind, strategy, how) for kind in DECISIVE if kind in found}
    return decisive | {
        kind: Handling(kind, Strategy.TREATMENT_POLICY, "flagged") for kind in found if kind not in DECISIVE
    }


def _composite(study: Study, endpoints: tuple[str, ...]) -> EstimandPlan:
    return EstimandPlan(
        name="composite",
        title="Change from baseline, death and transplant as the worst outcome",
        role=EstimandRole.PRIMARY,
        endpoints=endpoints,
        treatment=_treatment(study),
        population=TREATED,
        variable=Variable.CHANGE,
        intercurrent=_decided(study, Strategy.COMPOSITE, "worst rank"),
        missing=MISSING_AT_RANDOM,
        summary="Hodges-Lehmann estimate of the change with its exact interval",
        method=Method.SIGNED_RANK,
    )


def _while_alive(study: Study, endpoints: tuple[str, ...]) -> EstimandPlan:
    return EstimandPlan(
        name="while_alive",
        title="Mean change among those alive without a transplant",
        role=EstimandRole.SUPPORTIVE,
        endpoints=endpoints,
        treatment=_treatment(study),
        population=TREATED,
        variable=Variable.CHANGE,
        intercurrent=_decided(study, Strategy.WHILE_ALIVE, "no value after it"),
        missing=MISSING_AT_RANDOM,
        summary="mean change with its t interval",
        method=Method.PAIRED_T,
    )


def _hypothetical(study: Study, endpoints: tuple[str, ...]) -> EstimandPlan:
    return EstimandPlan(
        name="hypothetical",
        title="Mean change at every visit had nobody died or been transplanted",
        role=EstimandRole.SUPPORTIVE,
        endpoints=endpoints,
        treatment=_treatment(study),
        population=TREATED,
        variable=Variable.CHANGE,
        intercurrent=_decided(study, Strategy.HYPOTHETICAL, "values after it are not used"),
        missing=MISSING_AT_RANDOM,
        summary="adjusted mean change by visit with its interval (linear Kenward-Roger)",
        method=Method.MMRM,
        visits=_times(study),
    )


def _described(study: Study, name: str, role: EstimandRole, endpoints: tuple[str, ...]) -> EstimandPlan:
    return EstimandPlan(
        name=name,
        title="Outcomes described at every planned time",
        role=role,
        endpoints=endpoints,
        treatment=_treatment(study),
        population=TREATED,
        variable=Variable.CHANGE,
        intercurrent=_decided(study, Strategy.WHILE_ALIVE, "no value after it"),
        missing="Missing values are counted with their reasons and not imputed.",
        summary="mean, standard deviation, median and range of value and change",
        method=Method.DESCRIBE,
    )


def _times(study: Study) -> tuple[str, ...]:
    return tuple(name for name, visit in study.visits.items() if visit.kind.value == "follow_up")
