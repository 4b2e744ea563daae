"""The analysis plan in plain lines, for `trialrun show` in a terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trialrun.study.plan import EVENTS, EstimandPlan, Multiplicity

if TYPE_CHECKING:
    from trialrun.study.model import Study

ASSUMED = "Not stated by the study: these are the defaults of a small trial."


def estimand_facts(study: Study, estimand: EstimandPlan) -> tuple[tuple[str, str], ...]:
    """An estimand's attributes with their names."""
    events = "; ".join(
        f"{EVENTS.get(one.event, one.event).lower()}: {one.strategy.value.replace('_', ' ')}"
        + (f" ({one.how})" if one.how else "")
        for one in estimand.intercurrent.values()
    )
    visits = ", ".join(study.visits[name].title for name in estimand.visits)
    asked = ", ".join(estimand.endpoints or estimand.events) + (f" at {visits}" if visits else "")
    facts = (
        ("asked of", asked),
        ("treatment", estimand.treatment),
        ("population", estimand.population),
        ("variable", estimand.variable.value + (f": {estimand.responder}" if estimand.responder else "")),
        ("events", events),
        ("summary", estimand.summary),
        ("missing", estimand.missing),
        ("method", estimand.method.value.replace("_", " ")),
        ("assumes", ", ".join(estimand.assumptions)),
    )
    return tuple((name, text) for name, text in facts if text)


def multiplicity_words(shared: Multiplicity) -> str:
    """`holm over a, b at 0.05`."""
    over = ", ".join(shared.over) or "no outcome"
    return f"{shared.adjustment.value.replace('_', ' ')} over {over} at {shared.level:g}"


def plan_lists(study: Study) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The other parts of the plan, each with one line per entry."""
    plan = study.analysis
    yield (
        "Populations",
        tuple(
            f"{one.name}: {one.title} ({', '.join(need.value.replace('_', ' ') for need in one.needs)}"
            + (f"; within {one.within})" if one.within else ")")
            for one in plan.populations.values()
        ),
    )
    yield "Multiplicity", (multiplicity_words(plan.multiplicity),)
    yield (
        "Sensitivity analyses",
        tuple(
            f"{one.name} of {one.estimand}: {one.title} ({one.kind.value.replace('_', ' ')})"
            for one in plan.sensitivity.values()
        ),
    )
    yield "Responders", tuple(f"{one.name}: {one.title}" for one in plan.responders.values())
    yield "Shift tables", tuple(f"{one.name}: {one.title}" for one in plan.shifts.values())
