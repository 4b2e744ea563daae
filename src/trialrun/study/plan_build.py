"""From the checked plain values of an `analysis` section to the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from trialrun.study.place import Place
from trialrun.study.plan import (
    COVARIANCES,
    EVENTS,
    UNSTATED,
    Adjustment,
    AnalysisPlan,
    EstimandPlan,
    EstimandRole,
    Handling,
    Method,
    Multiplicity,
    Need,
    PopulationPlan,
    Responder,
    Sensitivity,
    SensitivityKind,
    Shift,
    Strategy,
    Variable,
    WindowPlan,
)
from trialrun.study.text import Located

T = TypeVar("T")
Plain = Mapping[str, Any]


def build_plan(located: Located) -> AnalysisPlan:
    """The plan as the text states it; what it leaves out is empty, and without the section it is `UNSTATED`."""
    data = cast("Plain", located.data)
    section = cast("Plain | None", data.get("analysis"))
    if section is None:
        return UNSTATED

    def each(name: str, build: Callable[[str, Plain, Place], T]) -> dict[str, T]:
        entries = cast("Mapping[str, Plain]", section.get(name, {}))
        return {
            key: build(key, entry, located.place(("analysis", name, key))) for key, entry in entries.items()
        }

    usual = _handlings(located, ("analysis",), section)
    given = " ".join(cast("str", section.get("treatment", "")).split())

    def estimand(name: str, entry: Plain, place: Place) -> EstimandPlan:
        own = _handlings(located, ("analysis", "estimands", name), entry)
        return _estimand(name, entry, place, given, {**usual, **own})

    return AnalysisPlan(
        estimands=each("estimands", estimand),
        populations=each("populations", _population),
        multiplicity=_multiplicity(
            cast("Plain", section.get("multiplicity", {})), located.place(("analysis", "multiplicity"))
        ),
        sensitivity=each("sensitivity", _sensitivity),
        responders=each("responders", _responder),
        shifts=each("shifts", _shift),
        windows=each("windows", _window),
        level=float(section.get("level", 0.95)),
        seed=int(section.get("seed", UNSTATED.seed)),
        place=located.place(("analysis",)),
    )


def stated_parts(located: Located) -> tuple[str, ...]:
    """The parts an `analysis` section mentions."""
    return tuple(cast("Plain", located.data).get("analysis") or ())


def _handlings(located: Located, path: tuple[str, ...], entry: Plain) -> dict[str, Handling]:
    """The intercurrent events an entry names, each with the place it stands at."""
    return {
        kind: Handling(
            kind,
            Strategy(given["strategy"]),
            _said(given, "how"),
            located.place((*path, "intercurrent", kind)),
        )
        for kind, given in cast("Mapping[str, Plain]", entry.get("intercurrent", {})).items()
    }


def _order(kind: str) -> tuple[int, str]:
    """The order events are told in, whatever the order they were written in."""
    known = list(EVENTS)
    return (known.index(kind) if kind in known else len(known), kind)


def _words(entry: Plain, key: str) -> tuple[str, ...]:
    return tuple(cast("list[str]", entry.get(key, [])))


def _said(entry: Plain, key: str) -> str:
    return " ".join(cast("str", entry.get(key, "")).split())


def _maybe_number(entry: Plain, key: str) -> float | None:
    return None if entry.get(key) is None else float(entry[key])


def _estimand(
    name: str, entry: Plain, place: Place, treatment: str, events: Mapping[str, Handling]
) -> EstimandPlan:
    return EstimandPlan(
        name=name,
        title=_said(entry, "title"),
        role=EstimandRole(entry["role"]),
        endpoints=_words(entry, "endpoints"),
        treatment=_said(entry, "treatment") or treatment,
        population=entry["population"],
        variable=Variable(entry["variable"]),
        intercurrent={kind: events[kind] for kind in sorted(events, key=_order)},
        missing=_said(entry, "missing"),
        summary=_said(entry, "summary"),
        method=Method(entry["method"]),
        visits=_words(entry, "visits"),
        responder=entry.get("responder", ""),
        covariates=_words(entry, "covariates"),
        events=_words(entry, "events"),
        covariance=_words(entry, "covariance") or COVARIANCES,
        assumptions=_words(entry, "assumptions"),
        note=_said(entry, "note"),
        place=place,
    )


def _population(name: str, entry: Plain, place: Place) -> PopulationPlan:
    return PopulationPlan(
        name=name,
        title=_said(entry, "title"),
        within=entry.get("within", ""),
        needs=tuple(Need(need) for need in _words(entry, "needs")),
        assumptions=_words(entry, "assumptions"),
        place=place,
    )


def _multiplicity(entry: Plain, place: Place) -> Multiplicity:
    return Multiplicity(
        adjustment=Adjustment(entry.get("adjustment", "holm")),
        over=_words(entry, "over"),
        level=float(entry.get("level", 0.05)),
        assumptions=_words(entry, "assumptions"),
        place=place,
    )


def _sensitivity(name: str, entry: Plain, place: Place) -> Sensitivity:
    given = cast("Mapping[str, list[str]]", entry.get("parameters", {}))
    return Sensitivity(
        name=name,
        title=_said(entry, "title"),
        estimand=entry["estimand"],
        kind=SensitivityKind(entry["kind"]),
        population=entry.get("population", ""),
        parameters={endpoint: tuple(names) for endpoint, names in given.items()},
        method=Method(entry["method"]) if "method" in entry else None,
        event=entry.get("event", ""),
        deltas=tuple(float(delta) for delta in entry.get("deltas", ())),
        imputations=int(entry.get("imputations", 100)),
        assumptions=_words(entry, "assumptions"),
        place=place,
    )


def _responder(name: str, entry: Plain, place: Place) -> Responder:
    return Responder(
        name=name,
        title=_said(entry, "title"),
        parameter=entry["parameter"],
        fall_of=_maybe_number(entry, "fall_of"),
        rise_of=_maybe_number(entry, "rise_of"),
        better_category=entry.get("better_category", False),
        order=_words(entry, "order"),
        assumptions=_words(entry, "assumptions"),
        place=place,
    )


def _shift(name: str, entry: Plain, place: Place) -> Shift:
    return Shift(
        name=name,
        title=_said(entry, "title"),
        parameter=entry["parameter"],
        visit=entry["visit"],
        order=_words(entry, "order"),
        assumptions=_words(entry, "assumptions"),
        place=place,
    )


def _window(name: str, entry: Plain, place: Place) -> WindowPlan:
    return WindowPlan(
        visit=name,
        before=entry.get("before"),
        after=entry.get("after"),
        assumptions=_words(entry, "assumptions"),
        place=place,
    )
