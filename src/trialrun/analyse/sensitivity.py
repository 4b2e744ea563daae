"""Sensitivity analyses: the main analysis of an estimand with one thing changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from trialrun.analyse.cases import Question
from trialrun.analyse.estimators import estimate
from trialrun.analyse.estimators.imputation import imputed_mean, tipping_points
from trialrun.analyse.result import Analysis, Result
from trialrun.study.plan import Sensitivity, SensitivityKind


def varied_results(question: Question, main: Sequence[Result]) -> tuple[Result, ...]:
    """Every sensitivity analysis of the question's estimand, each naming the main result it varies."""
    by_arm = {result.arm: result for result in main if result.analysis is not Analysis.EVENT_FREE}
    found: list[Result] = []
    for planned in question.basis.plan.sensitivity.values():
        if planned.estimand != question.plan.name:
            continue
        for part, results in _variations(question, planned):
            found += [
                _named(result, planned, part, by_arm)
                for result in results
                if result.analysis is not Analysis.EVENT_FREE
            ]
    return tuple(found)


def _variations(question: Question, planned: Sensitivity) -> Iterable[tuple[str, Sequence[Result]]]:
    """The results of one sensitivity analysis; several other parameters each give their own."""
    if planned.kind is SensitivityKind.PARAMETER:
        for name in planned.parameters.get(question.endpoint.name, ()):
            yield name, estimate(replace(question, parameter=name))
        return
    yield "", _varied(question, planned)


def _varied(question: Question, planned: Sensitivity) -> tuple[Result, ...]:
    match planned.kind:
        case SensitivityKind.POPULATION:
            return estimate(replace(question, population=planned.population))
        case SensitivityKind.METHOD:
            method = planned.method or question.plan.method
            return estimate(replace(question, plan=replace(question.plan, method=method)))
        case SensitivityKind.WITHOUT_EVENT:
            return estimate(replace(question, without=planned.event))
        case SensitivityKind.WORST_CASE:
            return estimate(replace(question, missing_is_worst=True))
        case SensitivityKind.MULTIPLE_IMPUTATION:
            return imputed_mean(question, planned)
        case SensitivityKind.TIPPING_POINT:
            return tipping_points(question, planned)
        case _:
            return ()


def _named(result: Result, planned: Sensitivity, part: str, main: Mapping[str, Result]) -> Result:
    varied = main.get(result.arm, next(iter(main.values()), None))
    ending = f"/{result.arm}" if result.arm else ""
    parts = (result.endpoint, result.visit, Analysis.SENSITIVITY.value, planned.name, part)
    title = f"{planned.title}: {part}" if part else planned.title
    return replace(
        result,
        id="/".join(piece for piece in parts if piece) + ending,
        analysis=Analysis.SENSITIVITY,
        name=planned.name,
        label=title,
        sensitivity_of=varied.id if varied else "",
        note=result.note or _sameness(result, varied, planned),
    )


def _sameness(result: Result, varied: Result | None, planned: Sensitivity) -> str:
    """Say that a change of who enters changed nothing, lest equal numbers look like agreement."""
    who = {SensitivityKind.POPULATION, SensitivityKind.WITHOUT_EVENT, SensitivityKind.WORST_CASE}
    if varied is None or planned.kind not in who or result.inputs_hash != varied.inputs_hash:
        return ""
    return "the same participants and values as the main analysis"
