"""Times to an event that nobody asks for, that the plan does not analyse as such, or cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trialrun.study.plan import EstimandPlan, Method, Variable
from trialrun.values.finding import Finding, Severity

if TYPE_CHECKING:
    from trialrun.study.model import Study


def check_event_times(study: Study) -> Iterator[Finding]:
    """Items of a time to an event that no visit asks, and times analysed as if everybody had been followed as long."""
    asked = {
        item
        for visit in study.visits.values()
        for form in visit.forms
        if form in study.forms
        for item in study.forms[form].items
    }
    timed = {
        name
        for one in study.analysis.estimands.values()
        if one.method is Method.KAPLAN_MEIER
        for name in one.endpoints
    }
    for endpoint in study.endpoints.values():
        time = endpoint.time_to_event
        if time is None:
            continue
        lacking = [name for name in dict.fromkeys(time.items) if name not in asked]
        if lacking:
            yield Finding(
                Severity.ERROR,
                "no-assessment",
                f"endpoints.{endpoint.name}.time_to_event rests on {', '.join(lacking)}, which no visit asks",
                str(time.place),
                "add the items to a form and the form to a visit",
            )
        if endpoint.name not in timed:
            yield Finding(
                Severity.WARNING,
                "event-time-unused",
                f"endpoints.{endpoint.name} states a time to an event, and no estimand analyses it as one",
                str(time.place),
                "add an estimand with variable: time and method: kaplan_meier",
            )


def event_time_fits(study: Study, estimand: EstimandPlan) -> Iterator[Finding]:
    """What an estimand of a time lacks: events of the plan, or endpoints that state their own."""
    where = f"analysis.estimands.{estimand.name}"

    def error(code: str, message: str, remedy: str) -> Finding:
        return Finding(Severity.ERROR, code, message, str(estimand.place), remedy)

    if estimand.variable is not Variable.TIME:
        return
    if estimand.method is not Method.KAPLAN_MEIER:
        if not estimand.events:
            yield error("no-event", f"{where} asks for a time to no event", "add events:")
        return
    if estimand.events:
        yield error(
            "events-of-endpoint",
            f"{where} names events, and kaplan_meier takes those each endpoint states",
            "remove events:, or use method: survival",
        )
    if not estimand.endpoints:
        yield error("no-endpoint", f"{where} names no endpoint", "add endpoints:")
    for name in estimand.endpoints:
        if study.endpoints[name].time_to_event is None:
            yield error(
                "no-event-time",
                f"{where} asks for the time of {name}, which does not say where it begins and what ends it",
                f"add time_to_event: to endpoints.{name}",
            )
