"""Registered outcomes in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialrun.cli.output import heading, say, table

if TYPE_CHECKING:
    from trialrun.analyse.result import Result, Results
    from trialrun.study.model import Study

_NAMES = {"change": "mean", "composite": "median *"}
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
    say("* Death and transplant count as the worst of all changes.")
    alone = "One arm without a comparison shows what happened, not what caused it."
    say("Change is follow-up minus baseline. " + (_COMPARED if several else alone))


def _is_shown(result: Result, study: Study) -> bool:
    registered = result.registered and study.endpoints[result.endpoint].role.value in ("primary", "secondary")
    return registered and result.analysis.value in _NAMES


def _row(result: Result, study: Study) -> tuple[str, str, str, str, str, str]:
    endpoint = study.endpoints[result.endpoint]
    unit = "" if result.unit.startswith("{") or result.unit == "1" else f" {result.unit}"
    return (
        f"{endpoint.role.value} {endpoint.order}: {result.parameter}",
        result.visit.replace("_", " "),
        str(result.n),
        "none" if result.estimate is None else f"{result.estimate:+.2f}{unit}",
        _interval(result),
        _NAMES[result.analysis.value],
    )


def _interval(result: Result) -> str:
    if result.interval is None:
        return ""
    low, high = (
        "open" if end is None else f"{end:+.2f}" for end in (result.interval.low, result.interval.high)
    )
    return f"{low} to {high}"
