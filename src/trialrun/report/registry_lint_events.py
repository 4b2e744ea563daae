"""Adverse events and the last module: at risk are those treated, terms add up to groups, somebody can be asked."""

from __future__ import annotations

from collections.abc import Mapping

from trialrun.report.registry_lint import Linter, Node, check_groups, check_known, node, nodes, number, titles

MOST_THRESHOLD = 5
_ASKED = ("SYSTEMATIC_ASSESSMENT", "NON_SYSTEMATIC_ASSESSMENT")
_KINDS = ("serious", "other")
# Words by which milestones say that treatment began.
_TREATED = ("dose", "treated", "received")


def lint_events(linter: Linter, module: Node, flow: Node) -> None:
    """Threshold, time frame, deaths, and every count against its group."""
    if not module:
        return
    place = "adverseEventsModule"
    ids = check_groups(linter, module, place, "eventGroups")
    threshold = number(module.get("frequencyThreshold"))
    if threshold is None:
        linter.error(
            "no-threshold", place, "the frequency threshold of other events is missing", "state it: 5 or less"
        )
    elif not 0 <= threshold <= MOST_THRESHOLD:
        linter.error(
            "threshold-too-high",
            place,
            f"the threshold is {threshold:g} %; it may be {MOST_THRESHOLD} % at most",
        )
    if not str(module.get("timeFrame", "")).strip():
        linter.warn("no-time-frame", place, "it is not said over which time events were collected")
    treated = _treated(flow)
    for group in nodes(module, "eventGroups"):
        _check_group(linter, group, f"{place}: {group.get('title', '')}", treated)
    for kind in _KINDS:
        _check_terms(linter, module, kind, ids, threshold)


def _treated(flow: Node) -> Mapping[str, float]:
    """Group title to how many were treated: the milestone that says so, else those who started."""
    named = titles(flow)
    found: dict[str, float] = {}
    for period in list(nodes(flow, "periods"))[:1]:
        for one in nodes(period, "milestones"):
            kind = str(one.get("type", "")).lower()
            if kind == "started" or any(word in kind for word in _TREATED):
                cells = {
                    str(cell.get("groupId", "")): number(cell.get("numSubjects"))
                    for cell in nodes(one, "achievements")
                }
                found |= {named.get(id_, id_): n for id_, n in cells.items() if n is not None}
    return found


def _check_group(linter: Linter, group: Node, place: str, treated: Mapping[str, float]) -> None:
    for what in ("deaths", *_KINDS):
        affected, at_risk = number(group.get(f"{what}NumAffected")), number(group.get(f"{what}NumAtRisk"))
        if affected is None or at_risk is None:
            if what == "deaths":
                linter.warn(
                    "no-deaths",
                    place,
                    "deaths of any cause are not stated",
                    "state them, and 0 where nobody died",
                )
            else:
                linter.error("no-count", place, f"{what} events: affected or at risk is missing")
            continue
        if affected > at_risk:
            linter.error("more-than-at-risk", place, f"{what}: {affected:g} affected of {at_risk:g}")
        title = " ".join(str(group.get("title", "")).split())
        if title in treated and at_risk != treated[title]:
            linter.warn(
                "at-risk-not-treated", place, f"{what}: {at_risk:g} at risk, {treated[title]:g} treated",
                "at risk are those treated; say in the description who else was left out",
            )  # fmt: skip


def _check_terms(linter: Linter, module: Node, kind: str, ids: set[str], threshold: float | None) -> None:
    groups = {str(one.get("id", "")): one for one in nodes(module, "eventGroups")}
    sums: dict[str, float] = dict.fromkeys(ids, 0)
    most: dict[str, float] = dict.fromkeys(ids, 0)
    seen: set[tuple[str, str]] = set()
    for one in nodes(module, f"{kind}Events"):
        place = f"adverseEventsModule: {kind}: {one.get('term', '')}"
        _check_words(linter, one, place, seen)
        cells = list(nodes(one, "stats"))
        check_known(linter, place, cells, ids)
        shares: list[float] = []
        for cell in cells:
            id_, affected, at_risk = (
                str(cell.get("groupId", "")),
                number(cell.get("numAffected")),
                number(cell.get("numAtRisk")),
            )
            if affected is None:
                linter.error("no-count", place, f"{id_}: how many were affected is missing")
                continue
            sums[id_], most[id_] = sums.get(id_, 0) + affected, max(most.get(id_, 0), affected)
            shares.append(100 * affected / at_risk if at_risk else 0)
            _check_stat(linter, cell, place, groups.get(id_, {}), kind)
        if kind == "other" and threshold and shares and all(share <= threshold for share in shares):
            linter.note("below-threshold", place, f"no group is above the threshold of {threshold:g} %")
    for id_, group in groups.items():
        affected = number(group.get(f"{kind}NumAffected"))
        if affected is not None and not most.get(id_, 0) <= affected <= sums.get(id_, 0):
            linter.error(
                "terms-do-not-add-up", f"adverseEventsModule: {kind}",
                f"{id_}: {affected:g} affected in all; by term at least {most.get(id_, 0):g} and at most {sums.get(id_, 0):g}",
            )  # fmt: skip


def _check_words(linter: Linter, one: Node, place: str, seen: set[tuple[str, str]]) -> None:
    if not str(one.get("term", "")).strip():
        linter.error("untitled", place, "an event has no term")
    if not str(one.get("organSystem", "")).strip():
        linter.error(
            "no-organ-system",
            place,
            f"{one.get('term')!r} has no organ system",
            "code the term with a dictionary",
        )
    if one.get("assessmentType") not in _ASKED:
        linter.warn("no-assessment", place, "it is not said whether the event was asked for systematically")
    key = (str(one.get("organSystem", "")).lower(), str(one.get("term", "")).strip().lower())
    if key in seen:
        linter.warn("term-twice", place, f"{one.get('term')!r} stands twice")
    seen.add(key)


def _check_stat(linter: Linter, cell: Node, place: str, group: Node, kind: str) -> None:
    id_ = str(cell.get("groupId", ""))
    affected, at_risk, events = (number(cell.get(name)) for name in ("numAffected", "numAtRisk", "numEvents"))
    if affected is not None and at_risk is not None and affected > at_risk:
        linter.error("more-than-at-risk", place, f"{id_}: {affected:g} affected of {at_risk:g}")
    if affected is not None and events is not None and events < affected:
        linter.error("fewer-events-than-people", place, f"{id_}: {events:g} events in {affected:g} people")
    total = number(group.get(f"{kind}NumAtRisk"))
    if at_risk is not None and total is not None and at_risk > total:
        linter.error("at-risk-grows", place, f"{id_}: {at_risk:g} at risk of it, {total:g} in the group")


def lint_more(linter: Linter, module: Node) -> None:
    """Whom to ask, and what the investigators may publish."""
    if not module:
        return
    contact = node(module, "pointOfContact")
    if not contact:
        linter.error(
            "no-contact", "moreInfoModule", "nobody is named who can be asked about the results",
            "name them in settings.results_contact (title, organization, email, phone)",
        )  # fmt: skip
    elif not (contact.get("email") or contact.get("phone")):
        linter.error("contact-unreachable", "moreInfoModule", "the contact has neither e-mail nor telephone")
    if not node(module, "certainAgreement"):
        linter.error(
            "no-agreement", "moreInfoModule", "it is not said whether investigators are employees or restricted in publishing",
            "say it in settings.investigator_agreement (employee, restrictive)",
        )  # fmt: skip
