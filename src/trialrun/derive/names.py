"""The items by which this room finds doses, adverse events, procedures and the end of participation.

A study with other names says so in its settings: `settings.analysis.items.dose_given: amount`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trialrun.study.model import Study

FORMS = ("infusion", "adverse_event", "procedure", "end_of_study")
DEATH, TRANSPLANT = "death", "transplant"


def local_name(study: Study, name: str) -> str:
    """The study's own name of an item or form this room looks for."""
    analysis: Mapping[str, Any] = study.settings.get("analysis", {}) or {}
    given: Mapping[str, str] = analysis.get("items", {}) or {}
    return given.get(name, name)
