"""What a registry's reviewers would ask about a results section, before they do.

An error is a contradiction or something that must be there; a warning a likely question; a note a remark.
Source: 42 CFR 11.48; ClinicalTrials.gov, Results Quality Control Review Criteria (2018); Tse T et al, N Engl J Med 2011;364:852.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trialrun.registry.record import OutcomeRole, Record
from trialrun.study.model import Study
from trialrun.values.finding import Finding, Severity

Node = Mapping[str, Any]
MODULES = (
    "participantFlowModule",
    "baselineCharacteristicsModule",
    "outcomeMeasuresModule",
    "adverseEventsModule",
    "moreInfoModule",
)


@dataclass(frozen=True, slots=True)
class Registered:
    """An outcome as it was registered."""

    role: str
    title: str
    time_frame: str


@dataclass(slots=True)
class Linter:
    """Collects findings; knows how many started in each group, by the group's title."""

    findings: list[Finding] = field(default_factory=list[Finding])
    started: dict[str, int] = field(default_factory=dict[str, int])

    def error(self, code: str, place: str, message: str, remedy: str = "") -> None:
        """Something contradicts, or must be there and is not."""
        self.findings.append(Finding(Severity.ERROR, code, message, place, remedy))

    def warn(self, code: str, place: str, message: str, remedy: str = "") -> None:
        """A likely question of a reviewer."""
        self.findings.append(Finding(Severity.WARNING, code, message, place, remedy))

    def note(self, code: str, place: str, message: str, remedy: str = "") -> None:
        """Worth knowing."""
        self.findings.append(Finding(Severity.NOTE, code, message, place, remedy))


def lint_results_section(section: Node, study: Study) -> tuple[Finding, ...]:
    """Findings about our own results section, against the outcomes the study registered."""
    wanted = [
        Registered(one.role.value, one.title, one.time_frame) for one in study.endpoints.values() if one.order
    ]
    return lint_section(section, wanted)


def lint_record(document: Node) -> tuple[Finding, ...]:
    """Findings about the results section of a registry's record, against its own protocol section."""
    record = Record(document)
    wanted = [
        Registered(role.value, one.measure, one.time_frame)
        for role in (OutcomeRole.PRIMARY, OutcomeRole.SECONDARY)
        for one in record.outcomes(role)
    ]
    return lint_section(document.get("resultsSection", {}), wanted)


def lint_section(section: Node, registered: Sequence[Registered]) -> tuple[Finding, ...]:
    """All findings, module by module; nothing is raised whatever the section looks like."""
    from trialrun.report.registry_lint_events import lint_events, lint_more
    from trialrun.report.registry_lint_outcomes import lint_baseline, lint_outcomes

    linter = Linter()
    for name in MODULES:
        if not section.get(name):
            linter.error("module-missing", name, f"the section has no {name}")
    lint_flow(linter, node(section, "participantFlowModule"))
    lint_baseline(linter, node(section, "baselineCharacteristicsModule"))
    lint_outcomes(linter, node(section, "outcomeMeasuresModule"), registered)
    lint_events(linter, node(section, "adverseEventsModule"), node(section, "participantFlowModule"))
    lint_more(linter, node(section, "moreInfoModule"))
    return tuple(linter.findings)


# --- reading what may be missing -------------------------------------------------------------------


def node(parent: Node, name: str) -> Node:
    """A part that is an object; empty where it is missing."""
    found = parent.get(name)
    return found if isinstance(found, Mapping) else {}


def nodes(parent: Node, name: str) -> Iterator[Node]:
    """The objects of a list; none where it is missing."""
    for one in parent.get(name) or ():
        if isinstance(one, Mapping):
            yield one


def number(text: object) -> float | None:
    """A registry's number; none for `NA` and whatever else is no number."""
    try:
        return float(str(text).replace(",", "").strip())
    except ValueError:
        return None


def titles(module: Node, name: str = "groups") -> dict[str, str]:
    """Group id to title."""
    return {
        str(one.get("id", "")): " ".join(str(one.get("title", "")).split()) for one in nodes(module, name)
    }


def by_group(cells: Iterable[Node], name: str) -> dict[str, float | None]:
    """Group id to a number of its cell."""
    return {str(one.get("groupId", "")): number(one.get(name)) for one in cells}


def check_groups(linter: Linter, module: Node, place: str, name: str = "groups") -> set[str]:
    """The ids of a module's groups; each has a title, and none stands twice."""
    ids = [str(one.get("id", "")) for one in nodes(module, name)]
    if not ids:
        linter.error("no-group", place, "there is no group to report for")
    for one in {id_ for id_ in ids if ids.count(id_) > 1}:
        linter.error("group-twice", place, f"group {one} stands twice")
    for one in nodes(module, name):
        if not str(one.get("title", "")).strip():
            linter.error("group-untitled", place, f"group {one.get('id')} has no title")
        elif not one.get("description"):
            linter.note(
                "group-undescribed", place, f"group {one.get('title')!r} does not say what it was given"
            )
    return set(ids)


def check_known(linter: Linter, place: str, cells: Iterable[Node], ids: set[str]) -> None:
    """Every cell belongs to a group of the module."""
    for one in cells:
        if str(one.get("groupId", "")) not in ids:
            linter.error(
                "unknown-group",
                place,
                f"a number belongs to group {one.get('groupId')!r}, which is not listed",
            )


# --- participant flow ------------------------------------------------------------------------------


def lint_flow(linter: Linter, module: Node) -> None:
    """Participants add up from start to end, with a reason for everyone who did not complete."""
    if not module:
        return
    place = "participantFlowModule"
    ids = check_groups(linter, module, place)
    named = titles(module)
    periods = list(nodes(module, "periods"))
    if not periods:
        linter.error("no-period", place, "there is no period")
    for index, period in enumerate(periods):
        where = f"{place}.periods[{index}]"
        counts: dict[str, dict[str, float | None]] = {}
        for one in nodes(period, "milestones"):
            cells = list(nodes(one, "achievements"))
            check_known(linter, where, cells, ids)
            counts[str(one.get("type", "")).upper()] = by_group(cells, "numSubjects")
        for wanted in ("STARTED", "COMPLETED"):
            if wanted not in counts:
                linter.error("milestone-missing", where, f"the milestone {wanted} is missing")
        if index == 0:
            started = counts.get("STARTED", {})
            linter.started = {named.get(id_, id_): int(n) for id_, n in started.items() if n is not None}
        _add_up(linter, where, counts, period, ids)


def _add_up(
    linter: Linter, place: str, counts: Mapping[str, Mapping[str, float | None]], period: Node, ids: set[str]
) -> None:
    reasons: dict[str, float] = dict.fromkeys(ids, 0)
    for one in nodes(period, "dropWithdraws"):
        cells = list(nodes(one, "reasons"))
        check_known(linter, place, cells, ids)
        for id_, n in by_group(cells, "numSubjects").items():
            reasons[id_] = reasons.get(id_, 0) + (n or 0)
    for id_ in sorted(ids):
        started, completed = counts.get("STARTED", {}).get(id_), counts.get("COMPLETED", {}).get(id_)
        if started is None or completed is None:
            continue
        if completed > started:
            linter.error("flow-grows", place, f"{id_}: {completed:g} completed, but only {started:g} started")
            continue
        left = counts.get("NOT COMPLETED", {}).get(id_)
        if left is not None and left != started - completed:
            linter.error(
                "flow-does-not-add-up", place, f"{id_}: {started:g} started, {completed:g} completed, {left:g} did not complete",
                "started is completed and not completed together",
            )  # fmt: skip
        if reasons.get(id_, 0) != started - completed:
            linter.error(
                "reasons-do-not-add-up", place,
                f"{id_}: {started - completed:g} did not complete, the reasons add up to {reasons.get(id_, 0):g}",
                "give one main reason for everyone who did not complete",
            )  # fmt: skip
