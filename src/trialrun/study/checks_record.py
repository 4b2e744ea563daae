"""The study against its registry record: what differs from what was registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from trialrun.study.model import Criterion, Endpoint, EndpointRole, Place, Study
from trialrun.study.record_text import criteria_bullets, module, plain_text
from trialrun.values.finding import Finding, Severity

_RECORD = Place("record.json")
_OUTCOMES = ((EndpointRole.PRIMARY, "primaryOutcomes"), (EndpointRole.SECONDARY, "secondaryOutcomes"))


def check_record(study: Study) -> Iterator[Finding]:
    """Number, title, sponsor, target, sex, ages, arms, outcomes and criteria against the record."""
    if not study.record:
        return
    yield from _about(study)
    yield from _target(study)
    yield from _sex_and_age(study)
    yield from _arms(study)
    for role, key in _OUTCOMES:
        yield from _outcomes(study, role, key)
    yield from _criteria(study)


def _differs(place: Place, what: str, ours: object, theirs: object, remedy: str = "") -> Finding:
    return Finding(
        Severity.ERROR,
        "record-mismatch",
        f"{what} is {_said(ours)} here and {_said(theirs)} in the record",
        str(place),
        remedy or "follow the record, or amend the registration first",
    )


def _said(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 160 else text[:157] + "..."


def _about(study: Study) -> Iterator[Finding]:
    names = module(study.record, "identificationModule")
    sponsor = module(study.record, "sponsorCollaboratorsModule").get("leadSponsor", {})
    place = Place("study.yaml", 1)
    pairs = (
        ("the registry number", study.registry_id, names.get("nctId")),
        ("the title", study.title, names.get("briefTitle")),
        ("the sponsor", study.sponsor, cast("Mapping[str, Any]", sponsor).get("name")),
    )
    for what, ours, theirs in pairs:
        if theirs is not None and plain_text(ours) != plain_text(theirs):
            yield _differs(place, what, ours, theirs)


def _target(study: Study) -> Iterator[Finding]:
    count = module(study.record, "designModule").get("enrollmentInfo", {}).get("count")
    if count and count != study.target:  # a withdrawn record says 0, which is nobody's target
        yield _differs(Place("study.yaml", 1), "the number of participants", study.target, count)


def _sex_and_age(study: Study) -> Iterator[Finding]:
    rules = module(study.record, "eligibilityModule")
    sex = rules.get("sex")
    item = study.items.get("sex")
    if item is not None and isinstance(sex, str):
        wanted = {"ALL": {"M", "F"}, "MALE": {"M"}, "FEMALE": {"F"}}.get(sex)
        offered = {choice.code for choice in item.choices} & {"M", "F"}
        if wanted is not None and wanted - offered:
            yield _differs(item.place, "the sexes offered", ", ".join(sorted(offered)), sex)
    for key in ("minimumAge", "maximumAge"):
        age = rules.get(key)
        if isinstance(age, str) and not _age_is_there(study, age):
            yield Finding(
                Severity.ERROR,
                "record-mismatch",
                f"the record has {key} {age}, and no criterion mentions {age.split()[0]}",
                str(_RECORD),
                "add it to the age criterion",
            )


def _age_is_there(study: Study, age: str) -> bool:
    from trialrun.expressions.nodes import Node, Number, children
    from trialrun.expressions.parse import parse_expression

    def numbers(node: Node) -> set[float]:
        own = {node.value} if isinstance(node, Number) else set[float]()
        return own.union(*(numbers(child) for child in children(node)))

    value = float(age.split()[0])
    return any(value in numbers(parse_expression(one.expression)) for one in study.criteria.values())


def _arms(study: Study) -> Iterator[Finding]:
    groups = cast(
        "Sequence[Mapping[str, Any]]", module(study.record, "armsInterventionsModule").get("armGroups", [])
    )
    ours = {plain_text(arm.title).lower(): arm for arm in study.arms.values()}
    for group in groups:
        label = plain_text(str(group.get("label", "")))
        arm = ours.pop(label.lower(), None)
        if arm is None:
            yield Finding(
                Severity.ERROR,
                "record-mismatch",
                f"the record's arm {label!r} is not here",
                str(_RECORD),
                "add it",
            )
        elif plain_text(arm.record) != plain_text(str(group.get("description", ""))):
            yield _differs(
                arm.place, f"the wording of arm {label!r}", arm.record, group.get("description", "")
            )
    for arm in ours.values() if groups else ():  # a study needs a group even where the record names none
        yield Finding(
            Severity.ERROR, "record-mismatch", f"the arm {arm.title!r} is not in the record", str(arm.place)
        )


def _outcomes(study: Study, role: EndpointRole, key: str) -> Iterator[Finding]:
    registered = cast("Sequence[Mapping[str, Any]]", module(study.record, "outcomesModule").get(key, []))
    ours = {endpoint.order: endpoint for endpoint in study.endpoints.values() if endpoint.role is role}
    for number, outcome in enumerate(registered, start=1):
        endpoint = ours.pop(number, None)
        if endpoint is None:
            yield Finding(
                Severity.ERROR,
                "record-mismatch",
                f"{role} outcome {number} of the record, {outcome.get('measure')!r}, is not here",
                str(_RECORD),
                f"add an endpoint with role: {role} and order: {number}",
            )
            continue
        yield from _outcome(endpoint, outcome, f"{role} outcome {number}")
    for endpoint in ours.values():
        yield Finding(
            Severity.ERROR,
            "record-mismatch",
            f"endpoints.{endpoint.name} is {role} here and is not in the record",
            str(endpoint.place),
            "make it exploratory, or amend the registration first",
        )


def _outcome(endpoint: Endpoint, outcome: Mapping[str, Any], what: str) -> Iterator[Finding]:
    pairs = (
        ("title", endpoint.title, outcome.get("measure", "")),
        ("time frame", endpoint.time_frame, outcome.get("timeFrame", "")),
        ("description", endpoint.description, outcome.get("description", "")),
    )
    for name, ours, theirs in pairs:
        if plain_text(ours) != plain_text(str(theirs)):
            yield _differs(endpoint.place, f"the {name} of {what}", ours, theirs)


def _criteria(study: Study) -> Iterator[Finding]:
    inclusion, exclusion = criteria_bullets(study.record)
    yield from _bullets("inclusion", study.inclusion(), inclusion)
    yield from _bullets("exclusion", study.exclusion(), exclusion)


def _bullets(kind: str, criteria: Sequence[Criterion], bullets: Sequence[str]) -> Iterator[Finding]:
    for number, bullet in enumerate(bullets, start=1):
        ours = [criterion for criterion in criteria if criterion.bullet == number]
        if not ours:
            yield Finding(
                Severity.ERROR,
                "record-mismatch",
                f"{kind} criterion {number} of the record is not here: {_said(bullet)}",
                str(_RECORD),
                "add it",
            )
        elif plain_text(" ".join(criterion.text for criterion in ours)) != plain_text(bullet):
            said = " ".join(criterion.text for criterion in ours)
            yield _differs(ours[0].place, f"the wording of {kind} criterion {number}", said, bullet)
    for criterion in criteria:
        if criterion.bullet > len(bullets):
            yield Finding(
                Severity.ERROR,
                "record-mismatch",
                f"criteria.{criterion.id} is {kind} criterion {criterion.bullet}; the record has {len(bullets)}",
                str(criterion.place),
                "correct the bullet, or amend the registration first",
            )
