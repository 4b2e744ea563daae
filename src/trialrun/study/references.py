"""Names that must lead somewhere, and entries that contradict themselves: errors that stop a load."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from trialrun.errors import ExpressionError
from trialrun.study.model import Derived, Endpoint, Item, ItemType, Limits, Place, Stated, Study
from trialrun.study.plan_parts import plan_parts
from trialrun.study.plan_references import check_plan_names
from trialrun.study.text import did_you_mean
from trialrun.study.time_to_event import STARTS, TimeToEvent
from trialrun.values.finding import Finding, Severity

ANCHORS = ("screening", "consent", "enrolment", "first_dose")
BACKGROUND = "background"
_LISTED = (ItemType.CHOICE, ItemType.CHOICES)
_NUMBERS = (ItemType.NUMBER, ItemType.INTEGER)


def check_references(study: Study) -> list[Finding]:
    """Every name that leads nowhere and every entry that contradicts itself, with line and remedy."""
    checks = (
        _settings,
        _items,
        _asked_if,
        _forms,
        _visits,
        _derived,
        _criteria,
        _doses,
        _endpoints,
        check_plan_names,
        _assumptions,
        _traces,
    )
    return [finding for check in checks for finding in check(study)]


def _error(place: Place, code: str, message: str, remedy: str = "") -> Finding:
    return Finding(Severity.ERROR, code, message, str(place), remedy)


def _unknown(place: Place, owner: str, kind: str, name: str, known: Collection[str]) -> Iterator[Finding]:
    if name not in known:
        remedy = did_you_mean(name, known) or f"add the {kind} or correct the name"
        yield _error(
            place, f"unknown-{kind}", f"{owner} names the {kind} {name!r}, which does not exist", remedy
        )


def _settings(study: Study) -> Iterator[Finding]:
    """The time zone says what counts as today at the sites: a wrong one would stop every entry."""
    zone = study.settings.get("timezone")
    if zone is None:
        return
    from zoneinfo import available_timezones

    known = available_timezones()
    if not isinstance(zone, str) or zone not in known:
        message = f"settings.timezone is {zone!r}, which is no time zone known here"
        remedy = did_you_mean(str(zone), known) or "write a name of the time zone database, e.g. Asia/Tehran"
        yield _error(Place("study.yaml", 1), "unknown-timezone", message, remedy)


def _asked_if(study: Study) -> Iterator[Finding]:
    """Items asked only when another has an answer must not wait for each other: nobody could ask either."""
    waits = {
        name: [other for other in _named(item.only_if) if other in study.items]
        for name, item in study.items.items()
        if item.only_if
    }
    told: set[str] = set()
    for first in waits:
        path = _circle(first, waits)
        if path and not told & set(path):
            told |= set(path)
            yield _error(
                study.items[first].place,
                "only-if-circle",
                f"only_if goes in a circle: {' -> '.join(path)}",
                "ask one of them always",
            )


def _named(rule: str | None) -> tuple[str, ...]:
    from trialrun.study.rules import names_used

    try:
        return tuple(sorted(names_used(rule or "")))
    except ExpressionError:
        return ()  # the rule itself is reported by its own check


def _circle(first: str, waits: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The way from an item back to itself; empty when there is none."""
    paths: list[tuple[str, ...]] = [(first,)]
    seen: set[str] = set()
    while paths:
        path = paths.pop()
        for other in waits.get(path[-1], ()):
            if other == first:
                return (*path, first)
            if other not in seen:
                seen.add(other)
                paths.append((*path, other))
    return ()


def _items(study: Study) -> Iterator[Finding]:
    for item in study.items.values():
        where = f"items.{item.name}"
        if item.type in _LISTED and not item.choices:
            yield _error(item.place, "no-choices", f"{where} is a choice without choices", "add choices:")
        if item.type not in _LISTED and item.choices:
            yield _error(
                item.place, "stray-choices", f"{where} has choices but is {item.type}", "make it a choice"
            )
        if item.type not in _NUMBERS and item.unit:
            yield _error(item.place, "stray-unit", f"{where} has the unit {item.unit!r} but is {item.type}")
        if item.unit and item.unit not in item.units:
            yield _error(
                item.place, "unit-not-listed", f"{where} has the unit {item.unit!r} but units {item.units}"
            )
        if item.partial and item.type is not ItemType.DATE:
            yield _error(
                item.place, "stray-partial", f"{where} is partial but is {item.type}", "only dates are"
            )
        yield from _limits(item, where)
        labels = [choice.label for choice in item.choices]
        for label in sorted({label for label in labels if labels.count(label) > 1}):
            yield _error(
                item.place,
                "choice-twice",
                f"{where} offers {label!r} twice",
                "give each choice its own label",
            )
        if item.name in study.derived:
            yield _error(
                item.place, "name-twice", f"{item.name!r} is an item and a derived value", "rename one"
            )


def _limits(item: Item, where: str) -> Iterator[Finding]:
    if item.type not in _NUMBERS and (item.hard != Limits() or item.query != Limits()):
        yield _error(
            item.place, "stray-limits", f"{where} has limits but is {item.type}", "limits are for numbers"
        )
    for name, limits in (("hard", item.hard), ("query", item.query)):
        if limits.low is not None and limits.high is not None and limits.low > limits.high:
            yield _error(
                item.place,
                "limits-crossed",
                f"{where}: {name} limits {limits.low} to {limits.high} are crossed",
            )
    outside_low = item.hard.low is not None and item.query.low is not None and item.query.low < item.hard.low
    outside_high = (
        item.hard.high is not None and item.query.high is not None and item.query.high > item.hard.high
    )
    if outside_low or outside_high:
        yield _error(
            item.place,
            "query-outside-hard",
            f"{where}: the query limits reach beyond the hard limits",
            "narrow them",
        )


def _forms(study: Study) -> Iterator[Finding]:
    homes: dict[str, str] = {}
    for form in study.forms.values():
        for name in form.items:
            yield from _unknown(form.place, f"forms.{form.name}", "item", name, study.items)
            if name in homes:
                yield _error(
                    form.place,
                    "item-on-two-forms",
                    f"the item {name!r} is on {homes[name]!r} and on {form.name!r}",
                    "an item has one form, so that one value has one home",
                )
            homes[name] = form.name


def _visits(study: Study) -> Iterator[Finding]:
    for visit in study.visits.values():
        where = f"visits.{visit.name}"
        for name in visit.forms:
            yield from _unknown(visit.place, where, "form", name, study.forms)
        if visit.anchor is not None:
            yield from _unknown(visit.place, where, "anchor", visit.anchor, ANCHORS)
        if (visit.anchor is None) != (visit.offset is None):
            yield _error(
                visit.place, "half-planned", f"{where} has only one of anchor and offset", "give both or none"
            )


def _derived(study: Study) -> Iterator[Finding]:
    for derived in study.derived.values():
        where = f"derived.{derived.name}"
        kinds = [kind for kind in ("score", "expression", "over") if getattr(derived, kind) is not None]
        if len(kinds) != 1:
            said = " and ".join(kinds) or "none"
            yield _error(
                derived.place, "derived-kind", f"{where} has {said} of score, expression, over", "give one"
            )
        if derived.over is not None:
            yield from _aggregate(study, derived, where)


def _aggregate(study: Study, derived: Derived, where: str) -> Iterator[Finding]:
    form = study.forms.get(derived.over or "")
    yield from _unknown(derived.place, where, "form", derived.over or "", study.forms)
    if form is not None and not form.repeating:
        yield _error(derived.place, "not-repeating", f"{where} goes over {form.name!r}, which has one row")
    needed = {
        "any": ("where",),
        "sum": ("value",),
        "max": ("value",),
        "longest_run": ("value", "starts", "ends", "above"),
    }.get(derived.how or "", ("how",))
    for key in needed:
        if getattr(derived, key) is None:
            yield _error(derived.place, "derived-incomplete", f"{where} has no {key!r}", f"add {key}:")
    yield from _row_items(study, derived, where)


def _row_items(study: Study, derived: Derived, where: str) -> Iterator[Finding]:
    """The items an aggregate names by role: they must be of the right form and type."""
    form = study.forms.get(derived.over or "")
    asked = form.items if form is not None else ()
    roles = (
        ("complete", derived.complete, ItemType.BOOLEAN, tuple(study.items)),
        ("starts", derived.starts, ItemType.DATE, asked),
        ("ends", derived.ends, ItemType.DATE, asked),
        ("ongoing", derived.ongoing, ItemType.BOOLEAN, asked),
    )
    for role, name, kind, among in roles:
        if name is None:
            continue
        if name not in among:
            place = "an item" if role == "complete" else f"an item of the form {derived.over!r}"
            remedy = did_you_mean(name, among) or "correct the name"
            yield _error(
                derived.place, "unknown-item", f"{where}.{role} is {name!r}, which is not {place}", remedy
            )
        elif study.items[name].type is not kind:
            found = study.items[name].type
            yield _error(
                derived.place, "wrong-item-type", f"{where}.{role} is {name!r}, a {found}, not a {kind}"
            )


def _criteria(study: Study) -> Iterator[Finding]:
    for criterion in study.criteria.values():
        for name in criterion.assumptions:
            where = f"criteria.{criterion.id}"
            yield from _unknown(criterion.place, where, "assumption", name, study.assumptions)
        if criterion.id in study.items or criterion.id in study.derived:
            yield _error(
                criterion.place, "name-twice", f"{criterion.id!r} is a criterion and a value", "rename one"
            )


def _doses(study: Study) -> Iterator[Finding]:
    for plan in study.dose_plans:
        where = f"the dose plan of {plan.arm}"
        yield from _unknown(plan.place, where, "arm", plan.arm, study.arms)
        for dose in plan.doses:
            yield from _unknown(plan.place, where, "visit", dose.visit, study.visits)
        for name in plan.assumptions:
            yield from _unknown(plan.place, where, "assumption", name, study.assumptions)


def _endpoints(study: Study) -> Iterator[Finding]:
    values = value_names(study)
    for endpoint in study.endpoints.values():
        where = f"endpoints.{endpoint.name}"
        yield from _unknown(endpoint.place, where, "value", endpoint.variable, values)
        for name in (*endpoint.visits, *endpoint.baseline_visits):
            yield from _unknown(endpoint.place, where, "visit", name, study.visits)
        for name in endpoint.assumptions:
            yield from _unknown(endpoint.place, where, "assumption", name, study.assumptions)
        if endpoint.time_to_event is not None:
            yield from _time_to_event(study, f"{where}.time_to_event", endpoint.time_to_event)
        for level, stated in levels(endpoint):
            if stated.assumption is not None:
                yield from _unknown(
                    endpoint.place, f"{where}.{level}", "assumption", stated.assumption, study.assumptions
                )
            if stated.stated and stated.assumption is not None:
                yield _error(
                    endpoint.place,
                    "stated-and-assumed",
                    f"{where}.{level} is stated and rests on an assumption",
                )


def _time_to_event(study: Study, where: str, time: TimeToEvent) -> Iterator[Finding]:
    """The items a time to an event names: they must exist and be of the right type."""
    dates = (ItemType.DATE, ItemType.DATETIME)
    roles: list[tuple[str, str, tuple[ItemType, ...]]] = [("last_known", time.last_known, dates)]
    if time.start not in STARTS:
        roles.append(("start", time.start, dates))
    for event, day in time.events.items():
        roles += [("events", event, (ItemType.BOOLEAN,)), (f"events.{event}", day, dates)]
    for role, name, kinds in roles:
        if name not in study.items:
            among = (*STARTS, *study.items) if role == "start" else tuple(study.items)
            kind = "neither an item nor one of the study's days" if role == "start" else "not an item"
            remedy = did_you_mean(name, among) or "correct the name"
            yield _error(time.place, "unknown-item", f"{where}.{role} is {name!r}, which is {kind}", remedy)
        elif study.items[name].type not in kinds:
            found = study.items[name].type
            yield _error(
                time.place, "wrong-item-type", f"{where}.{role} is {name!r}, a {found}, not a {kinds[0]}"
            )


def levels(endpoint: Endpoint) -> tuple[tuple[str, Stated], ...]:
    """The five levels of an outcome, in their usual order."""
    return (
        ("domain", endpoint.domain),
        ("measure", endpoint.measure),
        ("metric", endpoint.metric),
        ("aggregation", endpoint.aggregation),
        ("time", endpoint.time),
    )


def value_names(study: Study) -> tuple[str, ...]:
    """Names a rule or an outcome may use: items and derived values (score components aside)."""
    return (*study.items, *study.derived)


def _assumptions(study: Study) -> Iterator[Finding]:
    for assumption in study.assumptions.values():
        for part in assumption.parts:
            yield from _part(study, assumption.place, f"assumptions.{assumption.id}", part)


def _traces(study: Study) -> Iterator[Finding]:
    for quote in study.traceability:
        if not quote.parts:
            yield _error(
                quote.place, "no-parts", f"{quote.path} leads to no part", "name parts, or background"
            )
        for part in quote.parts:
            if part != BACKGROUND:
                yield from _part(study, quote.place, f"traceability of {quote.path}", part)


def _part(study: Study, place: Place, owner: str, part: str) -> Iterator[Finding]:
    known = part_names(study)
    if part not in known:
        remedy = did_you_mean(part, known) or "write e.g. criteria.E2a"
        yield _error(place, "unknown-part", f"{owner} names the part {part!r}, which does not exist", remedy)


def part_names(study: Study) -> dict[str, Place]:
    """Every part of a study by its path, e.g. `criteria.E2a`, with its place."""
    parts: dict[str, Place] = {name: Place("study.yaml", 1) for name in _WHOLE}
    sections = {
        "items": study.items,
        "forms": study.forms,
        "visits": study.visits,
        "derived": study.derived,
        "criteria": study.criteria,
        "arms": study.arms,
        "endpoints": study.endpoints,
        "assumptions": study.assumptions,
        "roles": study.roles,
    }
    for section, entries in sections.items():
        parts.update({f"{section}.{name}": entry.place for name, entry in entries.items()})
    parts.update({part.path: part.place for part in plan_parts(study.analysis)})
    parts.update({f"dose_plans.{plan.arm}": plan.place for plan in study.dose_plans})
    parts.update({f"settings.{name}": Place("study.yaml", 1) for name in study.settings})
    parts.update({f"consent.{text.language}-{text.version}": Place("consent", 1) for text in study.consents})
    return parts


_WHOLE = (
    "study.id",
    "study.registry_id",
    "study.title",
    "study.sponsor",
    "study.target",
    "study.sites",
    "record.json",
)
