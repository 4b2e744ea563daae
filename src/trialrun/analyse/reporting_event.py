"""`results.json`, layout 2: the results as a reporting event in the names of CDISC's Analysis Results Standard.

Analyses, analysis sets, methods with their operations, groupings and operation results carry the standard's names.
What the standard has no place for stands beside them under `trialrun`: estimands, intervals' notes, the rows behind
each number with the hashes of their log entries, and who was left out. Without those, and `layout`, `synthetic` and
`purpose` at the top, only the standard's own names are left. Source: CDISC Analysis Results Standard v1.0, 2024
(logical model and JSON schema, github.com/cdisc-org/analysis-results-standard).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any

from trialrun.analyse.result import RESULTS_VERSION, Analysis, Result, Results
from trialrun.derive.endpoints import rounded

_OTHER = re.compile(r"[^A-Za-z0-9]+")
_PURPOSES = {"primary": "PRIMARY OUTCOME MEASURE", "secondary": "SECONDARY OUTCOME MEASURE"}
_EXPLORATORY = "EXPLORATORY OUTCOME MEASURE"
_KINDS = {
    Analysis.DESCRIBE: "Description of the values observed",
    Analysis.CHANGE: "Mean change among those alive",
    Analysis.CHANGE_EXACT: "Median change among those alive",
    Analysis.COMPOSITE: "Median change, death and transplant as worst ranks",
    Analysis.ESTIMAND: "Main analysis of an estimand",
    Analysis.SENSITIVITY: "Sensitivity analysis",
    Analysis.RESPONSE: "Share of responders",
    Analysis.SHIFT: "Shift of categories",
    Analysis.INCIDENCE: "Cumulative incidence",
    Analysis.EVENT_FREE: "Share free of the event",
}
# Operations every method can have, in the order they are given; what a method computes besides follows by name.
_COMMON = {
    "n": "Participants",
    "estimate": "Estimate",
    "low": "Lower confidence limit",
    "high": "Upper confidence limit",
    "p": "p value, two-sided",
    "p_adjusted": "p value, adjusted for the number of primary questions",
}
_DIGITS = 4
_LEVELS = 4


def text_of(results: Results) -> str:
    """The file's text: sorted keys, twelve significant digits, the same bytes for the same results."""
    return _expanded(reporting_event(results), _LEVELS, "") + "\n"


def _expanded(value: Any, levels: int, margin: str) -> str:
    """JSON with the outer levels one entry a line, and what is inside them on that line.

    Indenting everything would spread a result's rows over several lines each, and takes minutes for large trials.
    """
    inner = margin + " "
    if levels and isinstance(value, dict) and value:
        entries = ",\n".join(
            f"{inner}{_compact(key)}: {_expanded(value[key], levels - 1, inner)}" for key in sorted(value)
        )
        return f"{{\n{entries}\n{margin}}}"
    if levels and isinstance(value, list) and value:
        entries = ",\n".join(inner + _expanded(one, levels - 1, inner) for one in value)
        return f"[\n{entries}\n{margin}]"
    return _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)


def reporting_event(results: Results) -> dict[str, Any]:
    """Results as a reporting event: plain dictionaries, lists, text and numbers."""
    methods = _methods(results.results)
    return {
        "layout": RESULTS_VERSION,
        "id": f"{results.study_id}-{results.snapshot_hash[:12]}",
        "name": f"{results.study_title or results.study_id}: {results.purpose}",
        "version": 1,
        "purpose": results.purpose,
        "synthetic": results.synthetic,
        "mainListOfContents": _contents(results),
        "analysisSets": _sets(results),
        "analysisGroupings": _groupings(results),
        "methods": list(methods.values()),
        "analyses": [_analysis(result, results) for result in results.results],
        "trialrun": {
            "snapshot_hash": results.snapshot_hash,
            "study_id": results.study_id,
            "study_hash": results.study_hash,
            "code_version": results.code_version,
            "not_analysed": dict(results.not_analysed),
            "arms_masked": results.masked,
            "control": results.control,
            "notes": list(results.notes),
            "rows": _rows(results.results),
            "safety": plain(results.safety),
        },
    }


def _contents(results: Results) -> dict[str, Any]:
    items = [
        {"name": title_of(result), "level": 1, "order": order, "analysisId": result.id}
        for order, result in enumerate(results.results, start=1)
    ]
    return {"name": "Results in registered order", "contentsList": {"listItems": items}}


def _sets(results: Results) -> list[dict[str, Any]]:
    return [
        {
            "id": name,
            "name": name,
            "label": results.titles.get(name, name),
            "level": 1,
            "order": order,
            "condition": {"dataset": "participants", "variable": name, "comparator": "EQ", "value": ["true"]},
            "trialrun": {"participants": count},
        }
        for order, (name, count) in enumerate(results.counts.items(), start=1)
    ]


def _groupings(results: Results) -> list[dict[str, Any]]:
    if not results.arms:
        return []
    groups = [
        {
            "id": name,
            "name": title,
            "level": 1,
            "order": order,
            "condition": {"dataset": "participants", "variable": "arm", "comparator": "EQ", "value": [name]},
        }
        for order, (name, title) in enumerate(results.arms.items(), start=1)
    ]
    return [
        {
            "id": "arm",
            "name": "Arm",
            "groupingDataset": "participants",
            "groupingVariable": "arm",
            "dataDriven": False,
            "groups": groups,
        }
    ]


def _methods(results: Sequence[Result]) -> dict[str, dict[str, Any]]:
    """Every method used, with every operation any result of it has."""
    operations: dict[str, dict[str, tuple[str, str]]] = {}
    names: dict[str, str] = {}
    for result in results:
        key = method_id(result)
        names.setdefault(key, result.method)
        operations.setdefault(key, {}).update(
            {name: (label, _pattern(value)) for name, label, value in _operations(result)}
        )
    return {
        key: {
            "id": key,
            "name": names[key],
            "label": names[key],
            "operations": [
                {
                    "id": f"{key}.{name}",
                    "name": name,
                    "label": label,
                    "order": order,
                    **({"resultPattern": pattern} if pattern else {}),
                }
                for order, (name, (label, pattern)) in enumerate(found.items(), start=1)
            ],
        }
        for key, found in operations.items()
    }


def _pattern(value: Any) -> str:
    """How a value is shown: a count whole, a number to four decimals, a word as it is."""
    return "X." + "X" * _DIGITS if isinstance(value, float) else "X" if isinstance(value, int) else ""


def method_id(result: Result) -> str:
    """A method's name as an id: `exact_signed_rank`."""
    return _OTHER.sub("_", result.method).strip("_").lower()


def title_of(result: Result) -> str:
    """A result in a line: what was done, with what, at which time."""
    label = result.label or _KINDS[result.analysis]
    arm = f", {result.arm}" if result.arm else ""
    return f"{label} ({result.parameter}, {result.visit.replace('_', ' ')}{arm})"


def _analysis(result: Result, results: Results) -> dict[str, Any]:
    key = method_id(result)
    groups = _groups_of(result.arm, tuple(results.arms))
    outcome = results.outcomes.get(result.endpoint, "") if result.registered else ""
    return {
        "id": result.id,
        "name": title_of(result),
        "version": 1,
        "description": _KINDS[result.analysis],
        "reason": {"controlledTerm": "SPECIFIED IN SAP"},
        "purpose": {"controlledTerm": _PURPOSES.get(outcome, _EXPLORATORY)},
        "analysisSetId": result.population,
        "dataset": "analysis_rows",
        "variable": result.parameter,
        "methodId": key,
        # A comparison has one result of two groups, not one for each.
        "orderedGroupings": [{"order": 1, "groupingId": "arm", "resultsByGroup": len(groups) == 1}]
        if groups
        else [],
        "results": [_operation_result(key, name, value, groups) for name, _, value in _operations(result)],
        "trialrun": _beside(result),
    }


def _groups_of(arm: str, arms: Sequence[str]) -> tuple[str, ...]:
    """The arms a result is of: its own, or the two it compares."""
    pairs = ((one, other) for one in arms for other in arms if f"{one}-{other}" == arm)
    return (arm,) if arm in arms else next(pairs, ())


def _operations(result: Result) -> Iterable[tuple[str, str, Any]]:
    interval = result.interval
    values: dict[str, Any] = {
        "n": result.n,
        "estimate": result.estimate,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "p": result.p,
        "p_adjusted": result.p_adjusted,
    }
    for name, label in _COMMON.items():
        if values[name] is not None:
            yield name, label, values[name]
    for name, value in result.details.items():
        if value is not None and name not in values:
            yield name, name.replace("_", " "), value


def _operation_result(key: str, name: str, value: Any, groups: Sequence[str]) -> dict[str, Any]:
    return {
        "operationId": f"{key}.{name}",
        "rawValue": _raw(value),
        "formattedValue": _formatted(name, value),
        "resultGroups": [{"groupingId": "arm", "groupId": group} for group in groups],
    }


def _raw(value: Any) -> str:
    if isinstance(value, float):
        return repr(rounded(value)) if math.isfinite(value) else ""
    return str(value)


def _formatted(name: str, value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    if not math.isfinite(value):
        return ""
    if name in {"p", "p_adjusted"}:
        return "<0.0001" if value < 10**-_DIGITS else f"{value:.{_DIGITS}f}"
    return f"{value:.{_DIGITS}f}"


def _beside(result: Result) -> dict[str, Any]:
    interval = result.interval
    return {
        "endpoint": result.endpoint,
        "visit": result.visit,
        "analysis": result.analysis.value,
        "name": result.name,
        "role": result.role,
        "arm": result.arm,
        "registered": result.registered,
        "sensitivity_of": result.sensitivity_of,
        "estimand": plain(result.estimand),
        "estimate_name": result.estimate_name,
        "unit": result.unit,
        "interval": {"level": rounded(interval.level), "note": interval.note} if interval else None,
        "method_version": result.method_version,
        "note": result.note,
        "log": list(result.log),
        "left_out": dict(result.left_out),
        "table": plain(result.table),
        "inputs_hash": result.inputs_hash,
        "rows": [[row.row, plain(row.value)] for row in result.rows],
    }


def _rows(results: Iterable[Result]) -> dict[str, list[str]]:
    """The log entries behind every row any result rests on, once."""
    found: dict[str, tuple[str, ...]] = {}
    for result in results:
        for row in result.rows:
            found[row.row] = row.events
    return {key: list(events) for key, events in found.items()}


def plain(value: Any) -> Any:
    """A value as JSON holds it: numbers at twelve significant digits, none where a number is not finite."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, float):
        return rounded(value) if math.isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}  # type: ignore[reportUnknownVariableType]
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]  # type: ignore[reportUnknownVariableType]
    return value
