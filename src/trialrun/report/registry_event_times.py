"""A time to an event as ClinicalTrials.gov takes it: the median of each group with its interval.

Source: ClinicalTrials.gov, Results Data Element Definitions (Parameter type Median, 95% Confidence Interval).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trialrun.analyse.estimators.event_times import MEDIAN
from trialrun.analyse.result import Analysis, Result
from trialrun.report.registry_groups import Group, denoms, headed, plain
from trialrun.study.model import Endpoint, Study
from trialrun.study.time_to_event import event_words


def event_time_outcome(
    study: Study,
    found: Sequence[Result],
    groups: Sequence[Group],
    endpoint: Endpoint,
    analyses: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """The outcome's module; a median that was not reached is `NA` with the reason, as the registry asks."""
    medians = [
        one
        for one in found
        if one.estimate_name == MEDIAN and one.analysis is Analysis.ESTIMAND and not one.sensitivity_of
    ]
    first = [one for one in medians if one.name == medians[0].name] if medians else []
    own = [_of_group(first, group) for group in groups]
    counts = [one.n if one is not None else 0 for one in own]
    cells = [_cell(group, one) for group, one in zip(groups, own, strict=True)]
    words = event_words(study, endpoint.time_to_event) if endpoint.time_to_event is not None else ""
    described = endpoint.description.strip().rstrip(".")
    made: dict[str, Any] = {
        "type": endpoint.role.value.upper(),
        "title": endpoint.title,
        "description": f"{described + '. ' if described else ''}Days from {words}; Kaplan-Meier estimate. Without an "
        "event the time is censored on the last day on which none was known.",
        "populationDescription": "Participants whose time begins and has an end: the event, or the last day known.",
        "reportingStatus": "POSTED",
        "paramType": "MEDIAN",
        "dispersionType": "95% Confidence Interval",
        "unitOfMeasure": "days",
        "timeFrame": endpoint.time_frame,
        "groups": headed(groups, "OG"),
        "denoms": denoms(groups, "OG", counts),
        "classes": [{"denoms": denoms(groups, "OG", counts), "categories": [{"measurements": cells}]}],
    }
    return made | ({"analyses": list(analyses)} if analyses else {})


def _of_group(medians: Sequence[Result], group: Group) -> Result | None:
    """A group's own result; with one group, that of everybody."""
    return next((one for one in medians if one.arm in (group.arm, "")), None)


def _cell(group: Group, result: Result | None) -> dict[str, str]:
    if result is None or not result.n:
        return {
            "groupId": group.id("OG"),
            "value": "NA",
            "comment": "No participant of this group has a time.",
        }
    low, high = (result.interval.low, result.interval.high) if result.interval else (None, None)
    cell = {
        "groupId": group.id("OG"),
        "value": plain(result.estimate, 1),
        "lowerLimit": plain(low, 1),
        "upperLimit": plain(high, 1),
    }
    lacking = [
        words
        for words, value in (("median", result.estimate), ("lower limit", low), ("upper limit", high))
        if value is None
    ]
    if lacking:
        cell["comment"] = (
            f"The {' and the '.join(lacking)} was not reached: too few participants had the event."
        )
    return cell
