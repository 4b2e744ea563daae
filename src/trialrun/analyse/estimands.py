"""The estimands the report answers, with the defaults of a small single-arm study.

Source: ICH E9(R1); STATISTICS 2. The strategies are the study's defaults until its plan says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trialrun.analyse.result import Estimand
from trialrun.study.model import Endpoint, Study

_TREATMENT_POLICY = "treatment policy: the value counts as observed"
_OTHERS = {
    "tips": _TREATMENT_POLICY,
    "dialysis": _TREATMENT_POLICY,
    "dose stopped": _TREATMENT_POLICY,
    "visit missed": "assumed missing at random; not imputed here",
}


def composite_estimand(study: Study, endpoint: Endpoint, visit: str) -> Estimand:
    """Death and transplant are the worst outcome of all."""
    given = _planned(study)
    events: Mapping[str, str] = given.get("intercurrent_events", {})
    return Estimand(
        name="composite",
        treatment=given.get("treatment") or _treatment(study),
        population=given.get("population") or "eligible participants given at least one dose",
        variable=f"change in {endpoint.measure.value or endpoint.variable} from baseline to {_when(study, visit)}",
        intercurrent={
            **{name.replace("_", " "): strategy for name, strategy in events.items()},
            "death": "composite: worst rank",
            "transplant": "composite: worst rank",
            **({} if events else _OTHERS),
        },
        summary="median change (Hodges-Lehmann) with exact interval; exact signed rank with worst ranks",
    )


def while_alive_estimand(study: Study, endpoint: Endpoint, visit: str, summary: str) -> Estimand:
    """The change among those alive without a transplant: not comparable with the composite."""
    return Estimand(
        name="while alive",
        treatment=_planned(study).get("treatment") or _treatment(study),
        population="treated participants alive without transplant and measured at this time",
        variable=f"change in {endpoint.measure.value or endpoint.variable} from baseline to {_when(study, visit)}",
        intercurrent={
            "death": "while alive: not in the comparison",
            "transplant": "while alive: not in the comparison",
            **_OTHERS,
        },
        summary=summary,
    )


def _planned(study: Study) -> Mapping[str, Any]:
    """The primary estimand as the study's settings state it, if they do."""
    estimands: Mapping[str, Any] = study.settings.get("estimands", {}) or {}
    return estimands.get("primary", {}) or {}


def _treatment(study: Study) -> str:
    return "; ".join(arm.title for arm in study.arms.values())


def _when(study: Study, visit: str) -> str:
    return study.visits[visit].title if visit in study.visits else visit
