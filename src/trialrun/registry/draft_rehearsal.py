"""`rehearsal.yaml` of a draft: with whom a study nobody knows anything about is rehearsed.

Every number is an assumption and marked so. Nothing in it is about the disease or the treatment: participants come,
answer within the limits of the items, stay away, fall ill and leave, and the arms have no effect.
"""

from __future__ import annotations

from typing import Any

from trialrun.registry.draft_schedule import days_of
from trialrun.registry.draft_sketch import Plain

REHEARSAL_FILE = "rehearsal.yaml"
_STAFF = {
    "administrator": ("admin", "Rehearsal administrator"),
    "principal_investigator": ("principal", "Rehearsal principal investigator"),
    "investigator": ("investigator", "Rehearsal investigator"),
    "coordinator": ("coordinator", "Rehearsal coordinator"),
    "pharmacist": ("pharmacist", "Rehearsal pharmacist"),
    "monitor": ("monitor", "Rehearsal monitor"),
    "data_manager": ("manager", "Rehearsal data manager"),
    "statistician": ("statistician", "Rehearsal statistician"),
}
_EVENT_ITEMS = {
    "term": "ae_term", "start": "ae_start", "end": "ae_end", "grade": "ae_grade", "serious": "ae_serious",
    "related": "ae_related", "outcome": "ae_outcome", "aware_on": "ae_aware_on", "seriousness": "ae_seriousness",
    "expected": "ae_expected", "causality_by": "ae_causality_by", "action": "ae_action", "treatment": "ae_treatment",
    "narrative": "ae_narrative",
}  # fmt: skip
_ADVERSE_EVENTS = (
    ("Headache", 0.05, {1: 0.75, 2: 0.25}),
    ("Nausea", 0.04, {1: 0.75, 2: 0.25}),
    ("Fatigue", 0.05, {1: 0.7, 2: 0.3}),
    ("Upper respiratory tract infection", 0.03, {1: 0.5, 2: 0.5}),
    ("Fall with fracture", 0.003, {2: 0.4, 3: 0.6}),
    ("Pneumonia", 0.003, {2: 0.4, 3: 0.5, 4: 0.1}),
)
_DAYS_PER_MONTH = 30.4375
_HEAD = """\
# With whom this draft is rehearsed. Nothing is known about the disease or the treatment: every number here is assumed,
# the arms have no effect, and what a rehearsal shows is no evidence of anything. Change a number and rehearse again.
#
# Items without a line under `answers` are drawn by `unlisted` from their own type, choices and limits, and at screening
# so that most candidates meet the criteria. A line of your own goes first, for instance
#   haemoglobin: {normal: [135, 14], fresh: 4, low: 60, high: 200, places: 0}

"""


def rehearsal_text(content: Plain) -> str:
    """The file's text for the content of a drafted `study.yaml`."""
    from trialrun.registry.draft_yaml import yaml_text

    return _HEAD + yaml_text(rehearsal_content(content))


def rehearsal_content(content: Plain) -> Plain:
    """What a rehearsal of the draft assumes, as plain values."""
    months = _months(content)
    return {
        "default": "assumed",
        "start": "2026-01-05",
        "sources": {
            "assumed": "assumed for a first rehearsal; nobody measured it, replace it by what is known of these people"
        },
        "scenarios": {"assumed": _scenario(months)},
        "unlisted": {
            "yes_chance": 0.1,
            "spread": 0.15,
            "visit_spread": 0.05,
            "missing_chance": 0.02,
            "event_per_month": _monthly(0.05, months, 0.35),
            "eligible_chance": 0.7,
            "source": "assumed",
        },
        "parts": _parts(content),
        "staff": {
            role: {"user": user, "name": name}
            for role, (user, name) in _STAFF.items()
            if role in content["roles"]
        },
        "answers": _answers(content),
    }


def _months(content: Plain) -> float:
    """The months from the start to the last planned visit."""
    offsets = [visit["offset"] for visit in content["visits"].values() if visit.get("offset")]
    return max((days_of(offset) for offset in offsets), default=0) / _DAYS_PER_MONTH


def _monthly(usual: float, months: float, most: float) -> float:
    """A monthly chance that leaves no more than `most` with the event by the end, however long people are followed."""
    return round(min(usual, 1 - (1 - most) ** (1 / max(months, 1))), 5)


def _scenario(months: float) -> Plain:
    return {
        "label": "virtual participants drawn from the limits of the items; arms without effect; all numbers assumed",
        "course": {"change_gap_days": 90, "severity_days": 1500, "drift_per_122_days": 0.0},
        "treatment": {"effect": 0.0, "full_after_days": 28},
        "death": {
            "per_90_days": 0.004,
            "per_severity": 1.5,
            "term": "Death, cause not established",
            "source": "assumed",
        },
        "adverse_events": [
            {
                "term": term,
                "per_month": rate,
                "per_severity": 1.1,
                "grades": grades,
                "related": {"unrelated": 0.5, "unlikely": 0.3, "possible": 0.2},
                "source": "assumed",
            }
            for term, rate, grades in _ADVERSE_EVENTS
        ],
        "conduct": {
            "visit_missed": 0.04,
            "visit_missed_per_severity": 1.3,
            "visit_scatter_days": 2.0,
            "value_missing": 0.005,
            "screening_unknown": 0.0,
            "correction": 0.02,
            "withdrawal_per_month": _monthly(0.01, months, 0.2),
            "abnormal_query": 0.7,
            "screened_per_week": 3.0,
            "source": "assumed",
        },
    }


def _parts(content: Plain) -> Plain:
    items: Plain = content["items"]
    return {
        "adverse_event": {
            "form": "adverse_event",
            "items": {part: name for part, name in _EVENT_ITEMS.items() if name in items},
        },
        "end_of_study": {"form": "end_of_study", "reason": "end_reason"},
        "consent": {
            "form": "consent",
            "signed": "consent_signed",
            "capacity": "capacity",
            "version": "1",
            "language": "en",
            "explained_by": _STAFF["principal_investigator"][1],
        },
    }


def _answers(content: Plain) -> Plain:
    """The few answers that are the study's own: what the consent form says, and who declines."""
    lines: dict[str, Any] = {
        "consent_signed": {"chance": 0.95},
        "consent_version": "1",
        "consent_date": {"visit_date": True},
        "end_date": {"visit_date": True},
    }
    return {name: line for name, line in lines.items() if name in content["items"]}
