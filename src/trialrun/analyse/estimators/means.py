"""Mean changes: described, tested against zero in one arm, adjusted for baseline, and compared between arms."""

from __future__ import annotations

from dataclasses import asdict, replace

from trialrun.analyse import methods
from trialrun.analyse.answers import answered_by, few
from trialrun.analyse.cases import Case, Cases, Question, Standing, cases_of
from trialrun.analyse.result import Interval, Result
from trialrun.errors import AnalysisError
from trialrun.study.model import ItemType
from trialrun.study.plan import Variable

_LEFT_FROM = {"n", "mean"}


def described_change(question: Question) -> tuple[Result, ...]:
    """Mean change with its t interval and what the changes look like; no test. By arm where there are arms.

    The value of a yes-or-no item is described by its share.
    """
    if question.basis.arms.names and not question.arm:
        arms = question.basis.arms.names
        return tuple(made for arm in arms for made in described_change(replace(question, arm=arm)))
    of_value = question.plan.variable is Variable.VALUE
    if of_value and _yes_or_no(question):
        return (_share(question),)
    made = _mean(question, "mean with t interval" if of_value else "mean change with t interval")
    return (
        replace(
            made, p=None, details={name: x for name, x in made.details.items() if name not in {"t", "df"}}
        ),
    )


def _yes_or_no(question: Question) -> bool:
    item = question.basis.study.items.get(question.parameter)
    return item is not None and item.type is ItemType.BOOLEAN


def _share(question: Question) -> Result:
    """The share answered with yes, with its exact interval: the t interval of a share leaves 0 to 1."""
    cases = cases_of(question)
    used, values = measured(question, cases)
    made = answered_by(question, cases, used, "proportion (Clopper-Pearson)", values=values)
    made = replace(made, estimate_name="share")
    if not values:
        return replace(few(made, 0), estimate=None)
    share = methods.clopper_pearson(
        sum(value > 0 for value in values), len(values), level=question.basis.plan.level
    )
    return replace(
        made,
        estimate=share.estimate,
        interval=Interval(share.level, share.low, share.high),
        details={"count": share.count},
        note=_decided_words(question, cases),
    )


def mean_change(question: Question) -> tuple[Result, ...]:
    """Mean change with the paired t test; between arms the change adjusted for baseline."""
    if question.basis.arms.names and not question.arm:
        return ancova_change(question)
    return (_mean(question, "paired t"),)


def ancova_change(question: Question) -> tuple[Result, ...]:
    """Change adjusted for baseline; between arms the adjusted difference of each arm from the control."""
    cases = cases_of(question)
    used, values = measured(question, cases)
    known = [(case, value) for case, value in zip(used, values, strict=True) if case.row.baseline is not None]
    arms = question.basis.arms
    if not arms.names or question.arm:
        return (_adjusted(question, cases, known),)
    return tuple(_compared(question, cases, known, arm) for arm in arms.compared)


def measured(question: Question, cases: Cases) -> tuple[tuple[Case, ...], list[float]]:
    """Those with a value, and the values; asked for the worst case, missing is the worst value seen."""
    used = cases.standing(Standing.MEASURED)
    values = [float(case.value) for case in used if case.value is not None]
    if not question.missing_is_worst or not values:
        return used, values
    worst = max(values) if question.endpoint.lower_is_better else min(values)
    filled = tuple(case for case in cases.standing(Standing.WORST) if case.event == "missing")
    return (*used, *filled), [*values, *(worst for _ in filled)]


def _mean(question: Question, method: str) -> Result:
    cases = cases_of(question)
    used, values = measured(question, cases)
    name = "mean" if question.plan.variable is Variable.VALUE else "mean change"
    made = replace(answered_by(question, cases, used, method, values=values), estimate_name=name)
    summary = methods.describe(values)
    details = {name: value for name, value in asdict(summary).items() if name not in _LEFT_FROM}
    made = replace(made, estimate=summary.mean, details=details)
    if len(values) < 2:
        return replace(few(made, len(values)), estimate=None)
    level = question.basis.plan.level
    test = methods.paired_t(values, level=level)
    return replace(
        made,
        interval=Interval(level, test.low, test.high),
        p=test.p,
        details={**details, "t": test.t, "df": test.df},
        note=_decided_words(question, cases) if test.t is not None else "every value is the same; no test",
    )


def _decided_words(question: Question, cases: Cases) -> str:
    """A mean cannot hold a worst outcome: say how many there were."""
    worst = [case for case in cases.standing(Standing.WORST) if case.event != "missing"]
    if not worst:
        return ""
    return f"{len(worst)} participant(s) with the worst outcome have no {question.plan.variable.value} and are not in the mean"


def _adjusted(question: Question, cases: Cases, known: list[tuple[Case, float]]) -> Result:
    """The mean change at the mean baseline, by least squares."""
    made = answered_by(question, cases, [case for case, _ in known], "ancova on centred baseline")
    made = replace(made, estimate_name="mean change at the mean baseline")
    if len(known) < 3:
        return few(made, len(known), 3)
    level = question.basis.plan.level
    try:
        fit = methods.ancova(
            [value for _, value in known], [float(case.row.baseline or 0) for case, _ in known], level=level
        )
    except AnalysisError as error:
        return replace(made, note=error.message)
    (line,) = fit.adjusted.values()
    return replace(
        made,
        estimate=line.estimate,
        interval=Interval(level, line.low, line.high),
        p=line.p,
        details={"se": line.se, "df": fit.df, "slope on baseline": fit.slope.estimate},
        note=_decided_words(question, cases),
    )


def _compared(question: Question, cases: Cases, known: list[tuple[Case, float]], arm: str) -> Result:
    arms = question.basis.arms
    pair = (arm, arms.control)
    of_pair = Cases(tuple(case for case in cases.all if arms.arm_of.get(case.participant) in pair))
    own = [(case, value) for case, value in known if arms.arm_of.get(case.participant) in arms.names]
    inside = [case for case, _ in own if arms.arm_of[case.participant] in pair]
    made = answered_by(
        question, of_pair, inside, "ancova on centred baseline and arm", arm=f"{arm}-{arms.control}"
    )
    made = replace(made, estimate_name="difference of adjusted mean changes")
    counts = {name: sum(arms.arm_of[case.participant] == name for case in inside) for name in pair}
    if min(counts.values()) < 2:
        return few(made, min(counts.values()))
    level = question.basis.plan.level
    try:
        fit = methods.ancova(
            [value for _, value in own],
            [float(case.row.baseline or 0) for case, _ in own],
            [arms.arm_of[case.participant] for case, _ in own],
            reference=arms.control,
            level=level,
        )
    except AnalysisError as error:
        return replace(made, note=error.message)
    line = fit.differences[arm]
    return replace(
        made,
        estimate=line.estimate,
        interval=Interval(level, line.low, line.high),
        p=line.p,
        details={"se": line.se, "df": fit.df, **{f"n {name}": count for name, count in counts.items()}},
        note=_decided_words(question, of_pair),
    )
