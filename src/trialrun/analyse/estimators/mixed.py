"""Changes at every visit by the mixed model for repeated measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from trialrun.analyse.answers import answer
from trialrun.analyse.cases import Case, Cases, Question, Standing, cases_of
from trialrun.analyse.result import Analysis, Interval, Result, ResultTable, refs
from trialrun.derive.endpoints import BASELINE, analysis_visits
from trialrun.errors import AnalysisError
from trialrun.study.plan import Variable

if TYPE_CHECKING:
    from trialrun.analyse.methods.mmrm import Estimate, MmrmFit

_COLUMNS = ("term", "estimate", "se", "df", "t", "p")


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A model, or why there is none, with the observations it was given."""

    fit: MmrmFit | None
    problem: str
    cases: tuple[Case, ...]
    centre: float | None
    log: tuple[str, ...]


def mixed_model(question: Question) -> tuple[Result, ...]:
    """Adjusted mean change at a visit; between arms its difference from the control, then each arm's own.

    Fitted to every planned follow-up visit: change on baseline, centred at the mean of the population, and visit
    (by arm), restricted maximum likelihood, Kenward-Roger. Values after an event of hypothetical strategy and missing
    ones are taken to be missing at random. The covariance structures are tried in the plan's order.
    Source: Mallinckrodt CH et al, Drug Inf J 2008;42:303.
    """
    fitted = _fitted(question)
    arms = question.basis.arms
    if not arms.names or question.arm:
        return (_result(question, fitted, "", _mean_at(fitted, question.visit)),)
    compared = [
        _result(question, fitted, f"{arm}-{arms.control}", _difference_at(fitted, question.visit, arm))
        for arm in arms.compared
    ]
    own = [_result(question, fitted, arm, _mean_at(fitted, question.visit, arm)) for arm in arms.names]
    return (*compared, *own)


def _fitted(question: Question) -> _Fitted:
    """The model of all visits, fitted once for all of them."""
    key = (
        "mmrm",
        question.plan.name,
        question.parameter,
        question.population,
        question.arm,
        question.without,
    )
    key = (*key, str(question.missing_is_worst))
    kept = question.basis.kept
    if key not in kept:
        kept[key] = _fit(question)
    return kept[key]


def _fit(question: Question) -> _Fitted:
    from trialrun.analyse import methods

    arms = question.basis.arms
    baselines = _baselines(question)
    centre = sum(baselines.values()) / len(baselines) if baselines else None
    visits = analysis_visits(question.basis.study)
    cases = [case for visit in visits for case in cases_of(replace(question, visit=visit)).all]
    used = tuple(case for case in cases if _is_used(case, question))
    by_arm = bool(arms.names) and not question.arm
    frame: dict[str, list[Any]] = {
        "participant": [case.participant for case in used],
        "visit": [case.row.visit for case in used],
        "change": [case.value for case in used],
        "baseline": [(case.row.baseline or 0.0) - (centre or 0.0) for case in used],
    }
    fixed, levels = "baseline + visit", {"visit": [v for v in visits if v in set(frame["visit"])]}
    if by_arm:
        frame["arm"] = [arms.arm_of[case.participant] for case in used]
        fixed = "baseline + arm*visit"
        levels["arm"] = [arms.control, *arms.compared]
    more = _covariates(question, used, frame)
    fixed += "".join(f" + {name}" for name in more)
    log = (f"{name} is a covariate at baseline" for name in more)
    try:
        fit = methods.mmrm(
            frame,
            response="change",
            visit="visit",
            participant="participant",
            fixed=fixed,
            covariance=[name.replace("_", " ") for name in question.plan.covariance],
            df="kenward-roger-linear",
            level=question.basis.plan.level,
            levels=levels,
        )
    except AnalysisError as error:
        return _Fitted(None, error.message, used, centre, tuple(log))
    return _Fitted(fit, "", used, centre, (*log, *fit.log))


def _is_used(case: Case, question: Question) -> bool:
    arms = question.basis.arms
    known = not arms.names or bool(question.arm) or case.participant in arms.arm_of
    return case.standing is Standing.MEASURED and case.row.baseline is not None and known


def _baselines(question: Question) -> dict[str, float]:
    rows = question.basis.of(question.parameter, BASELINE, question.population, question.arm)
    return {row.participant: row.baseline for row in rows if row.baseline is not None}


def _covariates(question: Question, used: tuple[Case, ...], frame: dict[str, list[Any]]) -> list[str]:
    """The plan's covariates at baseline as columns; numbers are centred at the mean of the population."""
    found: list[str] = []
    for name in question.plan.covariates:
        rows = question.basis.of(name, BASELINE, question.population)
        held: Mapping[str, Any] = {row.participant: row.category or row.value for row in rows}
        numbers = [value for value in held.values() if isinstance(value, float)]
        mean = sum(numbers) / len(numbers) if numbers else 0.0
        column = [held.get(case.participant) for case in used]
        frame[name] = [value - mean if isinstance(value, float) else value for value in column]
        found.append(name)
    return found


def _mean_at(fitted: _Fitted, visit: str, arm: str = "") -> Estimate | None:
    if fitted.fit is None:
        return None
    by = ("visit", "arm") if arm else ("visit",)
    wanted = {"visit": visit, **({"arm": arm} if arm else {})}
    means = fitted.fit.adjusted_means(by, at={"baseline": 0.0})
    return next((one for one in means if dict(one.at) == wanted), None)


def _difference_at(fitted: _Fitted, visit: str, arm: str) -> Estimate | None:
    if fitted.fit is None:
        return None
    found = fitted.fit.differences("arm", "visit", at={"baseline": 0.0})
    return next(
        (
            one
            for one in found
            if dict(one.at)["visit"] == visit and dict(one.at)["arm"].startswith(f"{arm} - ")
        ),
        None,
    )


def _result(question: Question, fitted: _Fitted, arm: str, found: Estimate | None) -> Result:
    at_visit = cases_of(question)
    of_arm = [case for case in fitted.cases if _in_arm(question, case, arm)]
    participants = dict.fromkeys(case.participant for case in of_arm)
    inside = Cases(tuple(case for case in at_visit.all if _in_arm(question, case, arm)))
    reasons = inside.left_out(())
    made = answer(
        question,
        Analysis.ESTIMAND,
        "mixed model for repeated measures",
        refs([case.row for case in of_arm], [case.value for case in of_arm]),
        n=len(participants),
        left_out={
            name: why or "no value at any visit" for name, why in reasons.items() if name not in participants
        },
        arm=arm,
    )
    word = "value" if question.plan.variable is Variable.VALUE else "change"
    compared = "-" in arm and arm not in question.basis.arms.names
    name = f"difference of adjusted mean {word}s" if compared else f"adjusted mean {word}"
    made = replace(made, estimate_name=name, log=fitted.log)
    if fitted.fit is None:
        return replace(made, note=fitted.problem)
    if found is None or found.estimate is None:
        note = (
            found.note if found else f"nobody has a value at {question.visit}: the model says nothing of it"
        )
        return replace(made, note=note, table=_terms(fitted.fit))
    here = sum(case.row.visit == question.visit for case in of_arm)
    return replace(
        made,
        method=f"mixed model for repeated measures, {fitted.fit.covariance} covariance, REML, linear Kenward-Roger",
        estimate=found.estimate,
        interval=Interval(found.level, found.low, found.high),
        p=found.p,
        details={
            "se": found.se,
            "df": found.df,
            "t": found.t,
            "n at this visit": here,
            "observations": len(of_arm),
            "mean baseline": fitted.centre,
            "covariance": fitted.fit.covariance,
            "minus2_log_likelihood": fitted.fit.minus2_log_likelihood,
            "aic": fitted.fit.aic,
        },
        table=_terms(fitted.fit),
    )


def _in_arm(question: Question, case: Case, arm: str) -> bool:
    arms = question.basis.arms
    if not arm or not arms.names or question.arm:
        return True
    own = arms.arm_of.get(case.participant)
    return own == arm or (
        arm not in arms.names
        and own is not None
        and arm in {f"{own}-{arms.control}", *_with(own, arms.names, arms.control)}
    )


def _with(own: str, names: tuple[str, ...], control: str) -> tuple[str, ...]:
    """The comparisons a control participant takes part in."""
    return tuple(f"{name}-{control}" for name in names) if own == control else ()


def _terms(fit: MmrmFit) -> ResultTable:
    return ResultTable(
        _COLUMNS,
        tuple((one.name, one.estimate, one.se, one.df, one.t, one.p) for one in fit.coefficients),
    )
