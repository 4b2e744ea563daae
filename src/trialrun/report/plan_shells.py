"""Table shells of the plan document: the heads and rows the report will have, with nothing in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trialrun.report.documents.blocks import Block, Chapter, Paragraph, Table
from trialrun.report.plan_words import parameter_title
from trialrun.study.model import Study
from trialrun.study.plan import EVENTS, EstimandPlan, EstimandRole, Method, Variable
from trialrun.study.plan_events import local_name

_COUNT, _NUMBER, _INTERVAL, _P = "xx", "xx.x", "xx.x to xx.x", "x.xxx"
_SHARE = "xx (xx %)"


def shells_chapter(study: Study) -> Chapter:
    """One shell for each kind of table, with this study's own rows."""
    return Chapter("plan-shells", "Table shells", tuple(_shells(study)))


def _shells(study: Study) -> Iterator[Block]:
    yield Paragraph(
        "xx stands for a number to come. Every number of the report opens the rows it was computed from."
    )
    tables = [*_people(study), *_outcomes(study), *_harms(study)]
    for number, (caption, columns, rows) in enumerate(tables, start=1):
        yield Table(columns, rows, caption=f"Table {number}. {caption}")


Shell = tuple[str, Sequence[str], list[tuple[str, ...]]]


def _people(study: Study) -> Iterator[Shell]:
    sets = [(one.title, _SHARE) for one in study.analysis.populations.values()]
    yield "Populations and flow", ("Population", "Participants"), sets
    measured = list(dict.fromkeys(one.variable for one in study.endpoints.values() if one.order))
    cells = (_COUNT, _COUNT, "xx.x (xx.x)", "xx", "xx to xx", "xx to xx")
    rows = [("Age", *cells), *((parameter_title(study, name), *cells) for name in measured)]
    yield (
        "Baseline",
        ("Measured", "n", "Missing", "Mean (SD)", "Median", "Quartiles", "Lowest to highest"),
        rows,
    )


def _outcomes(study: Study) -> Iterator[Shell]:
    plan = study.analysis
    for estimand in plan.estimands.values():
        if estimand.role is EstimandRole.EXPLORATORY:
            continue
        if estimand.method is Method.KAPLAN_MEIER:
            yield from _event_times(study, estimand)
        elif estimand.variable is Variable.TIME:
            at = study.visits[estimand.visits[-1]].title if estimand.visits else "end"
            yield (
                estimand.title,
                (
                    "Event",
                    "Participants",
                    f"With the event by {at}",
                    "Still at risk",
                    "Cumulative incidence",
                    "95 % interval",
                ),
                [
                    (EVENTS[kind], _COUNT, _COUNT, _COUNT, "xx.x %", "xx.x % to xx.x %")
                    for kind in estimand.events
                ],
            )
        elif estimand.variable is Variable.RESPONSE:
            yield (
                estimand.title,
                ("Outcome", "Responders", "Of", "Share", "95 % interval"),
                _rows(study, estimand, (_COUNT, _COUNT, "xx %", "xx % to xx %")),
            )
        else:
            yield estimand.title, _heads(estimand), _rows(study, estimand, _cells(estimand))
    for one in plan.shifts.values():
        start = [name for name in one.order if name not in EVENTS]
        heads = ("Baseline", *(EVENTS.get(name, name) for name in one.order), "Missing")
        yield one.title, heads, [(name, *(_COUNT for _ in range(len(one.order) + 1))) for name in start]


def _event_times(study: Study, estimand: EstimandPlan) -> Iterator[Shell]:
    names = [study.endpoints[name].title for name in estimand.endpoints]
    heads = (
        "Outcome",
        "Participants",
        "With the event",
        "Censored",
        "Missing",
        "Median, days",
        "95 % interval",
    )
    cells = (_COUNT, _COUNT, _COUNT, _COUNT, "xx", "xx to xx")
    yield estimand.title, heads, [(name, *cells) for name in names]
    times = [
        (endpoint.title, study.visits[visit].title)
        for name in estimand.endpoints
        for endpoint in (study.endpoints[name],)
        for visit in estimand.visits or endpoint.visits
        if study.visits[visit].offset is not None
    ]
    if times:
        heads = ("Outcome", "At", "At risk", "Free of the event", "95 % interval")
        rows = [(*one, _COUNT, "xx.x %", "xx.x % to xx.x %") for one in times]
        yield f"{estimand.title}: share free of the event", heads, rows
    if len(study.arms) > 1:
        heads = ("Outcome", "Hazard ratio", "95 % interval", "p (log-rank)")
        yield f"{estimand.title}: arms", heads, [(name, "x.xx", "x.xx to x.xx", "x.xxx") for name in names]


def _heads(estimand: EstimandPlan) -> tuple[str, ...]:
    if estimand.method is Method.DESCRIBE:
        return ("Outcome", "At", "n", "Mean", "95 % interval", "Mean change", "95 % interval of the change")
    adjusted = ("Adjusted p",) if estimand.role is EstimandRole.PRIMARY else ()
    return ("Outcome", "At", "n", "Estimate", "95 % interval", "p", *adjusted)


def _cells(estimand: EstimandPlan) -> tuple[str, ...]:
    known = {
        "n": _COUNT,
        "Estimate": _NUMBER,
        "p": _P,
        "Adjusted p": _P,
        "Mean": _NUMBER,
        "Mean change": _NUMBER,
    }
    return tuple(known.get(head, _INTERVAL) for head in _heads(estimand)[2:])


def _rows(study: Study, estimand: EstimandPlan, cells: Sequence[str]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name in estimand.endpoints:
        endpoint = study.endpoints[name]
        for visit in estimand.visits or endpoint.visits:
            title = study.visits[visit].title
            if estimand.variable is Variable.RESPONSE:
                found.append((f"{parameter_title(study, endpoint.variable)}, {title}", *cells))
            else:
                found.append((parameter_title(study, endpoint.variable), title, *cells))
    return found


def _harms(study: Study) -> Iterator[Shell]:
    if local_name(study, "adverse_event") not in study.forms:
        return
    heads = ("", "Participants, n (%)", "95 % interval", "Events", "Per 100 person-months (95 % interval)")
    rows = [
        (name, _SHARE, "xx.x % to xx.x %", _COUNT, "xx.x (xx.x to xx.x)")
        for name in (
            "Any adverse event",
            "Related to the product",
            "Serious",
            "Serious and related",
            "Grade 3 or more",
            "Leading to a changed dose",
            "Leading to stopping the product",
            "Fatal",
            "Death of any cause",
        )
    ]
    yield "Adverse events, summary", heads, rows
    yield (
        "Adverse events by system organ class and preferred term",
        (
            "System organ class, preferred term",
            "Participants, n (%)",
            "95 % interval",
            "Events",
            "Worst grade 1 / 2 / 3 / 4 / 5",
        ),
        [
            ("Class", _SHARE, "xx.x % to xx.x %", _COUNT, "x / x / x / x / x"),
            ("Term", _SHARE, "xx.x % to xx.x %", _COUNT, "x / x / x / x / x"),
        ],
    )
