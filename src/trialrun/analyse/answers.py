"""A result made of a question, those who answer it, and those who do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import trialrun
from trialrun.analyse.cases import Case, Cases, Question
from trialrun.analyse.estimands import planned_estimand
from trialrun.analyse.result import Analysis, Estimand, Result, RowRef, hash_of, refs
from trialrun.derive.endpoints import BASELINE
from trialrun.study.model import Endpoint, Study

VERSION = f"trialrun {trialrun.__version__}"
UNITLESS = ""


def unit_of(study: Study, parameter: str) -> str:
    """The unit a parameter is in; empty for scores and classes."""
    if parameter in study.items:
        return study.items[parameter].unit or UNITLESS
    return (study.derived[parameter].unit or UNITLESS) if parameter in study.derived else UNITLESS


def is_registered(endpoint: Endpoint, visit: str) -> bool:
    """Whether the record names this outcome at this time."""
    if not endpoint.order:
        return False
    return visit in endpoint.visits or (visit == BASELINE and bool(endpoint.baseline_visits))


def answer(
    question: Question,
    analysis: Analysis,
    method: str,
    references: Sequence[RowRef],
    *,
    n: int,
    left_out: Mapping[str, str],
    arm: str = "",
    estimand: Estimand | None = None,
) -> Result:
    """A result without its numbers yet."""
    endpoint = question.endpoint
    arm = arm or question.arm
    kept = tuple(references)
    return Result(
        id=result_id(endpoint.name, question.visit, analysis, question.plan.name, arm),
        endpoint=endpoint.name,
        parameter=question.parameter,
        visit=question.visit,
        analysis=analysis,
        registered=is_registered(endpoint, question.visit) and question.parameter == endpoint.variable,
        estimand=estimand or planned_estimand(question),
        population=question.population,
        n=n,
        estimate=None,
        estimate_name="",
        unit=unit_of(question.basis.study, question.parameter),
        interval=None,
        p=None,
        method=method,
        method_version=VERSION,
        inputs_hash=hash_of(kept),
        rows=kept,
        left_out=left_out,
        name=question.plan.name,
        role=question.plan.role.value,
        label=question.plan.title,
        arm=arm,
    )


def result_id(endpoint: str, visit: str, analysis: Analysis, name: str = "", arm: str = "") -> str:
    """The stable name of a result."""
    return "/".join(part for part in (endpoint, visit, analysis.value, name, arm) if part)


def answered_by(
    question: Question,
    cases: Cases,
    used: Sequence[Case],
    method: str,
    *,
    arm: str = "",
    values: Sequence[float | None] | None = None,
) -> Result:
    """A result of an estimand resting on one value of each participant used; a worst outcome has none."""
    references = refs([case.row for case in used], values or [case.value for case in used])
    return answer(
        question,
        Analysis.ESTIMAND,
        method,
        references,
        n=len(used),
        left_out=cases.left_out(used),
        arm=arm,
    )


def few(made: Result, n: int, needed: int = 2) -> Result:
    """A result that says too few take part for an estimate."""
    return replace(made, note=f"{n} participant(s), fewer than the {needed} an estimate needs")
