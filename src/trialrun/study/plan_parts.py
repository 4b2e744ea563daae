"""The parts of an analysis plan by their path, such as `analysis.estimands.composite`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from trialrun.study.place import Place
from trialrun.study.plan import AnalysisPlan

PLAN_SECTIONS = ("populations", "windows", "estimands", "sensitivity", "responders", "shifts")


class PlanPart(NamedTuple):
    """One part, where it stands, and the assumptions it rests on."""

    path: str
    place: Place
    assumptions: tuple[str, ...]


def plan_parts(plan: AnalysisPlan) -> Iterator[PlanPart]:
    """Every part of a plan, in the order of the definition."""
    for section in PLAN_SECTIONS:
        for name, entry in getattr(plan, section).items():
            yield PlanPart(f"analysis.{section}.{name}", entry.place, entry.assumptions)
    yield PlanPart("analysis.multiplicity", plan.multiplicity.place, plan.multiplicity.assumptions)
