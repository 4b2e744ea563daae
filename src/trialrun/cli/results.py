"""Registered outcomes in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trialrun.cli.output import heading, say, table

if TYPE_CHECKING:
    from trialrun.analyse.result import Result, Results
    from trialrun.study.model import Endpoint, Study

_NAMES = {"change": "mean", "composite": "median *"}
_VALUES = {"estimand": "value"}
_WIDE = 48
_ALONE = "One arm without a comparison shows what happened, not what caused it."
_MASKED = "Arms are masked: everybody is shown together, and nothing is compared."
_COMPARED = "The arms are compared in the report and in results.json."


def show_results(results: Results, study: Study) -> None:
    """The registered outcomes in registered order, each with its interval and number of participants."""
    heading(f"Registered outcomes of {results.study_id}" + (" (simulated data)" if results.synthetic else ""))
    shown = [result for result in results.results if _is_shown(result, study)]
    rows: list[tuple[str, ...]] = [_row(result, study) for result in shown]
    several = len(results.arms) > 1
    heads = ("outcome", "at", "n", "estimate", "95 % interval", "how")
    if several:
        heads, rows = (
            (heads[0], "arm", *heads[1:]),
            [
                (row[0], results.arms.get(result.arm, "all"), *row[1:])
                for row, result in zip(rows, shown, strict=True)
            ],
        )
    table(heads, rows)
    say()
    if any(result.analysis.value == "composite" for result in shown):
        say(_worst(study))
    alone = _MASKED if results.masked else _ALONE
    say("Change is follow-up minus baseline. " + (_COMPARED if several else alone))


def _worst(study: Study) -> str:
    from trialrun.study.plan_events import collected_events

    if "transplant" in collected_events(study):
        return "* Death and transplant count as the worst of all changes."
    return "* Death counts as the worst of all changes."


def _is_shown(result: Result, study: Study) -> bool:
    registered = result.registered and study.endpoints[result.endpoint].role.value in ("primary", "secondary")
    return registered and result.analysis.value in _asked(study.endpoints[result.endpoint])


def _asked(endpoint: Endpoint) -> Mapping[str, str]:
    """What is shown of an outcome: its change, or the value itself where it has no baseline."""
    return _NAMES if endpoint.baseline_visits else _VALUES


def _row(result: Result, study: Study) -> tuple[str, str, str, str, str, str]:
    endpoint = study.endpoints[result.endpoint]
    unit = "" if result.unit.startswith("{") or result.unit == "1" else f" {result.unit}"
    return (
        f"{endpoint.role.value} {endpoint.order}: {_named(result, endpoint)}",
        result.visit.replace("_", " "),
        str(result.n),
        "none" if result.estimate is None else f"{result.estimate:{_sign(endpoint)}.2f}{unit}",
        _interval(result, _sign(endpoint)),
        _asked(endpoint)[result.analysis.value],
    )


def _sign(endpoint: Endpoint) -> str:
    return "+" if endpoint.baseline_visits else ""


def _named(result: Result, endpoint: Endpoint) -> str:
    """The parameter, or the outcome's own words where a draft numbered what it does not know."""
    if not result.parameter.startswith("outcome_"):
        return result.parameter
    words = " ".join(endpoint.title.split())
    return words if len(words) <= _WIDE else words[: _WIDE - 3].rstrip() + "..."


def _interval(result: Result, sign: str) -> str:
    if result.interval is None:
        return ""
    low, high = (
        "open" if end is None else f"{end:{sign}.2f}" for end in (result.interval.low, result.interval.high)
    )
    return f"{low} to {high}"
