"""Adverse events as a registry takes them: deaths of any cause, serious events, and the other ones above a threshold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from trialrun.analyse.safety_result import EventLine, SafetyResults
from trialrun.derive.dataset import Dataset
from trialrun.derive.populations import TREATED
from trialrun.report.registry_groups import Group, headed, settings_of

THRESHOLD = 5  # per cent of a group; the highest the regulation allows
_ASKED = ("SYSTEMATIC_ASSESSMENT", "NON_SYSTEMATIC_ASSESSMENT")


@dataclass(frozen=True, slots=True)
class _Term:
    """A term of one organ class and its events."""

    organ_class: str
    term: str
    events: tuple[EventLine, ...]

    def stats(self, groups: Sequence[Group], at_risk: Sequence[int]) -> list[dict[str, Any]]:
        return [
            {
                "groupId": group.id("EG"),
                "numEvents": sum(event.participant in group.members for event in self.events),
                "numAffected": len(self.affected(group)),
                "numAtRisk": risk,
            }
            for group, risk in zip(groups, at_risk, strict=True)
        ]

    def affected(self, group: Group) -> set[str]:
        return {event.participant for event in self.events if event.participant in group.members}


def adverse_events_module(data: Dataset, safety: SafetyResults, groups: Sequence[Group]) -> dict[str, Any]:
    """The adverse events module.

    An event counts from the first dose on; one whose date leaves that open counts too. An event whose seriousness is
    not answered is listed among the serious ones, and the description says so.
    """
    treated = data.populations[TREATED].members
    at_risk = [len(one.among(treated)) for one in groups]
    after = [event for event in safety.events if event.emergent is not False]
    serious = _terms(event for event in after if event.serious is not False)
    everything = _terms(event for event in after if event.serious is False)
    other = [term for term in everything if _is_common(term, groups, at_risk)]
    dead = {one.participant for one in safety.deaths}
    lists = {"serious": serious, "other": other}
    heads: list[dict[str, Any]] = []
    for head, group, risk in zip(headed(groups, "EG"), groups, at_risk, strict=True):
        line: dict[str, Any] = {
            **head,
            "deathsNumAffected": len(group.among(tuple(dead))),
            "deathsNumAtRisk": risk,
        }
        for name, terms in lists.items():
            people: set[str] = set().union(*(term.affected(group) for term in terms))
            line |= {f"{name}NumAffected": len(people), f"{name}NumAtRisk": risk}
        heads.append(line)
    made: dict[str, Any] = {
        "frequencyThreshold": str(THRESHOLD),
        "timeFrame": _time_frame(data),
        "description": _description(safety, after),
        "eventGroups": heads,
    }
    for name, terms in lists.items():
        if terms:
            made[f"{name}Events"] = [_line(data, safety, term, groups, at_risk) for term in terms]
    return made


def _terms(events: Iterable[EventLine]) -> list[_Term]:
    found: dict[tuple[str, str], list[EventLine]] = {}
    for event in events:
        found.setdefault((event.organ_class, event.coded or event.term), []).append(event)
    return [_Term(organ, term, tuple(own)) for (organ, term), own in sorted(found.items())]


def _is_common(term: _Term, groups: Sequence[Group], at_risk: Sequence[int]) -> bool:
    """Whether more than the threshold of any group had it."""
    return any(
        100 * len(term.affected(group)) > THRESHOLD * risk
        for group, risk in zip(groups, at_risk, strict=True)
    )


def _line(
    data: Dataset, safety: SafetyResults, term: _Term, groups: Sequence[Group], at_risk: Sequence[int]
) -> dict[str, Any]:
    coded = any(event.coded for event in term.events)
    named = ", ".join(safety.coding.dictionaries)
    line: dict[str, Any] = {"term": term.term}
    if term.organ_class:
        line["organSystem"] = term.organ_class
    if coded and named:
        line["sourceVocabulary"] = named
    if not term.organ_class:
        line["notes"] = "Not coded: the reporter's own words, without an organ system of a dictionary."
    line["assessmentType"] = _asked(data)
    line["stats"] = term.stats(groups, at_risk)
    return line


def _asked(data: Dataset) -> str:
    said = str(settings_of(data, "safety").get("assessment") or "").upper()
    return said if said in _ASKED else _ASKED[0]


def _time_frame(data: Dataset) -> str:
    last = [visit for visit in data.study.visits.values() if visit.offset is not None]
    until = f"the visit {last[-1].title}" if last else "the end of participation"
    return f"From the first dose to {until}"


def _description(safety: SafetyResults, events: Sequence[EventLine]) -> str:
    words = [safety.coding.words.strip().rstrip(".") + "." if safety.coding.words.strip() else ""]
    unknown = sum(event.serious is None for event in events)
    if unknown:
        words.append(f"{unknown} event(s) whose seriousness is not answered are listed as serious.")
    undated = sum(event.emergent is None for event in events)
    if undated:
        words.append(
            f"{undated} event(s) whose date leaves open whether they followed the first dose are included."
        )
    words.append(f"Other events are listed when more than {THRESHOLD} % of a group had them.")
    return " ".join(one for one in words if one)
