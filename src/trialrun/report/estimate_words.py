"""An estimate in words: the number in the shape of its kind, its interval, what was estimated, and two caveats."""

from __future__ import annotations

from trialrun.analyse.result import Analysis, Result
from trialrun.report.numbers import NONE, finer, percent, shown, shown_interval

NAMES = {
    Analysis.CHANGE: "Mean change, paired t",
    Analysis.CHANGE_EXACT: "Median change, exact signed rank",
    Analysis.COMPOSITE: "Median change, death and transplant as worst ranks",
}
CAVEAT = (
    "There is no comparison group: p tests whether the change differs from zero, and spontaneous change is often "
    "\N{LEFT DOUBLE QUOTATION MARK}significant\N{RIGHT DOUBLE QUOTATION MARK}."
)
AT_ZERO = (
    "An interval that ends on 0 beside a p value below its level is no contradiction: 0 is the limit of the changes the "
    "exact test does not reject, and with ties it can reject the limit itself."
)


def is_primary(result: Result) -> bool:
    """The one result that answers a primary question."""
    planned = result.analysis is Analysis.ESTIMAND and result.role == "primary" and result.registered
    return result.p_adjusted is not None or planned


def estimate_words(result: Result, digits: int) -> str:
    """The estimate as its kind is read: shares in percent, changes and differences with their sign."""
    if result.analysis is Analysis.RESPONSE or "share" in result.estimate_name:
        return percent(result.estimate)
    return shown(result.estimate, _digits(result, digits), sign=_signed(result))


def _digits(result: Result, digits: int) -> int:
    """Ratios with two decimals; all else one finer than the data."""
    return max(2, finer(digits)) if result.estimate_name == "hazard ratio" else finer(digits)


def interval_words(result: Result, digits: int) -> str:
    """The interval in the same shape as its estimate."""
    if result.interval is None:
        return "not estimable" if result.estimate is None else NONE
    low, high = result.interval.low, result.interval.high
    if result.analysis is Analysis.RESPONSE or "share" in result.estimate_name:
        return f"{percent(low)} to {percent(high)}"
    return shown_interval(low, high, _digits(result, digits), sign=_signed(result))


def _signed(result: Result) -> bool:
    return any(word in result.estimate_name for word in ("change", "difference", "shift"))


def what_of(result: Result) -> str:
    """What was estimated and how, as the column beside the number says it."""
    words = result.label or NAMES.get(result.analysis, result.method)
    role = f"{result.role} analysis" if result.role else "primary analysis" if is_primary(result) else ""
    kind = result.estimate_name if result.label else ""
    method = result.method if result.label else ""
    bound = result.interval.note if result.interval else ""
    extra = "; ".join(
        part for part in (role, kind, method, _ranked_words(result), bound, result.note) if part
    )
    return f"{words}\n{extra}" if extra else words


def _ranked_words(result: Result) -> str:
    """How many share the worst rank and how many did not change, where changes are ranked."""
    if "worst ranks" not in result.method:
        return ""
    counts = {name: value for name, value in result.details.items() if isinstance(value, int)}
    worst = sum(counts.get(name, 0) for name in ("death", "transplant", "missing", "died", "transplanted"))
    return f"{worst} at the worst rank, {counts.get('zeros', 0)} unchanged"


def closed_at_zero(result: Result) -> bool:
    """Whether the interval ends on 0 while the test rejects 0: with ties both can be."""
    bounds = (result.interval.low, result.interval.high) if result.interval else ()
    ends = any(bound is not None and abs(bound) < 1e-9 for bound in bounds)
    return (
        ends and result.interval is not None and result.p is not None and result.p < 1 - result.interval.level
    )
