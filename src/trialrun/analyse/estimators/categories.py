"""How categories shifted from baseline to a visit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from trialrun.analyse import methods
from trialrun.analyse.answers import answer, few
from trialrun.analyse.cases import Case, Question, Standing, cases_of
from trialrun.analyse.result import Analysis, Interval, Result, ResultTable, refs
from trialrun.derive.endpoints import BASELINE
from trialrun.errors import AnalysisError
from trialrun.study.plan import Method, Shift, Variable

MISSING = "missing"


def shift_of_estimand(question: Question) -> tuple[Result, ...]:
    """The shift table of an estimand whose variable is a category.

    Errors: `AnalysisError` when the plan has no shift table of the category, which gives its order.
    """
    planned = question.basis.plan.shifts.values()
    found = next((one for one in planned if one.parameter == question.parameter), None)
    if found is None:
        raise AnalysisError(
            f"estimand {question.plan.name!r} asks for a shift of {question.parameter!r}, whose order is not stated",
            "add a shift of that parameter to the plan",
        )
    return shifts_of(question, found)


def shifts_of(question: Question, shift: Shift) -> tuple[Result, ...]:
    """Baseline category against category at the visit, death and transplant among them; by arm where there are arms.

    The estimate is the share of those with both known who are in a better category; the p value is the exact sign
    test of better against worse. Stuart-Maxwell is in the details: its large-sample distribution does not hold here.
    """
    arms = question.basis.arms
    if arms.names and not question.arm:
        return tuple(_shift(replace(question, arm=arm), shift) for arm in arms.names)
    return (_shift(question, shift),)


def is_category(question: Question) -> bool:
    """Whether what is asked of is a text, such as the class of a score."""
    visits = (question.visit, BASELINE)
    rows = (
        row for visit in visits for row in question.basis.of(question.parameter, visit, question.population)
    )
    return any(row.category is not None for row in rows)


def counted_categories(question: Question) -> tuple[Result, ...]:
    """How many are in each category at a visit, by arm where there are arms; events that decide are counted too."""
    arms = question.basis.arms
    if arms.names and not question.arm:
        return tuple(made for arm in arms.names for made in counted_categories(replace(question, arm=arm)))
    cases = cases_of(replace(question, plan=replace(question.plan, variable=Variable.CATEGORY)))
    used = cases.standing(Standing.MEASURED, Standing.WORST)
    held = [case.event if case.standing is Standing.WORST else str(case.row.category) for case in used]
    made = answer(
        question,
        Analysis.ESTIMAND,
        "count of each category",
        refs([case.row for case in used], [None for _ in used]),
        n=len(used),
        left_out=cases.left_out(used),
    )
    table = ResultTable(("category", "n"), tuple(sorted(Counter(held).items())))
    asked = question.plan.method is Method.DESCRIBE
    note = "" if asked else f"a category has no change: {question.plan.method.value} cannot be done"
    return (replace(made, table=table, note=note),)


def _shift(question: Question, shift: Shift) -> Result:
    cases = cases_of(question)
    known = [case for case in cases.standing(Standing.MEASURED, Standing.WORST) if _pair(case, shift)]
    pairs = [_pair(case, shift) or ("", "") for case in known]
    references = refs([case.row for case in known], [None for _ in known])
    left_out = {
        **cases.left_out(known),
        **{
            case.participant: "no baseline category"
            for case in cases.standing(Standing.WORST)
            if case not in known
        },
    }
    made = answer(
        question, Analysis.SHIFT, "shift table, exact sign test", references, n=len(known), left_out=left_out
    )
    events = tuple(name for name in shift.order if name in question.plan.intercurrent)
    before = tuple(name for name in shift.order if name not in events)
    missing = dict.fromkeys(before, 0)
    for case in cases.standing(Standing.MISSING, Standing.NOT_REACHED, Standing.OUT):
        if case.row.baseline_category in missing:
            missing[case.row.baseline_category] += 1
    found = methods.shift_table(pairs, shift.order, only_after=events)
    rows = zip(found.before, found.counts, strict=True)
    table = ResultTable(
        ("baseline", *found.after, MISSING),
        tuple((name, *counts, missing[name]) for name, counts in rows),
    )
    made = replace(made, table=table, estimate_name="share in a better category", unit="1")
    if not known:
        return few(made, 0, 1)
    level = question.basis.plan.level
    share = methods.clopper_pearson(found.improved, found.n, level=level)
    marginal = methods.stuart_maxwell(found.square)
    return replace(
        made,
        estimate=share.estimate,
        interval=Interval(level, share.low, share.high),
        p=found.p,
        details={
            "better": found.improved,
            "worse": found.worse,
            "same": found.same,
            "stuart_maxwell": marginal.statistic,
            "stuart_maxwell_df": marginal.df,
            "stuart_maxwell_p": marginal.p,
        },
        note="the Stuart-Maxwell test needs many participants; here it is a note only",
    )


def _pair(case: Case, shift: Shift) -> tuple[str, str] | None:
    early = case.row.baseline_category
    late = case.event if case.standing is Standing.WORST else case.row.category
    if early not in shift.order or late not in shift.order:
        return None
    return early, late
