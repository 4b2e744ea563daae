"""A registry record as a page people read: its sections in order, in the record's own words.

What the record does not say is not shown. Nothing here fails on a record of an odd shape: a value that is not what
its place asks for is left out, as the finding about the record's shape says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trialrun.app.language import gettext as _
from trialrun.app.language import marked
from trialrun.app.registry_words import in_words
from trialrun.registry.criteria import Bullet, SectionKind
from trialrun.registry.record import AgeLimit, OutcomeRole, Record

_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!<>~|&=^-])")
DEEPEST = 6  # levels of bullets shown within one another
_DATES = (
    ("startDateStruct", marked("Start")),
    ("primaryCompletionDateStruct", marked("Primary completion")),
    ("completionDateStruct", marked("Completion")),
    ("studyFirstSubmitDate", marked("First submitted")),
    ("studyFirstPostDateStruct", marked("First posted")),
    ("resultsFirstSubmitDate", marked("Results first submitted")),
    ("resultsFirstPostDateStruct", marked("Results first posted")),
    ("lastUpdateSubmitDate", marked("Last update submitted")),
    ("lastUpdatePostDateStruct", marked("Last update posted")),
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and what the record says there, one text per line."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bulleted:
    """A bullet and what is nested in it."""

    text: str
    parts: tuple[Bulleted, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group of participants: name, what it receives, and the description."""

    name: str
    interventions: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """A registered outcome: name, time frame, method, in the record's words."""

    name: str
    time_frame: str
    method: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody to ask; parts may be empty."""

    name: str
    phone: str = ""
    email: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class LocationLine:
    """A place where the trial runs."""

    facility: str
    place: str
    status: str = ""


@dataclass(frozen=True, slots=True)
class RecordPage:
    """The sections of the registry page; what the record lacks is empty."""

    title: str
    official_title: str
    registry_id: str
    status: str
    summary: tuple[Fact, ...]
    brief_summary: tuple[str, ...]
    detailed: tuple[str, ...]
    inclusion: tuple[Bulleted, ...]
    exclusion: tuple[Bulleted, ...]
    other_criteria: tuple[Bulleted, ...]
    eligibility: tuple[Fact, ...]
    design: tuple[Fact, ...]
    groups: tuple[GroupLine, ...]
    primary: tuple[OutcomeLine, ...]
    secondary: tuple[OutcomeLine, ...]
    other: tuple[OutcomeLine, ...]
    locations: tuple[LocationLine, ...]
    contacts: tuple[Contact, ...]
    dates: tuple[Fact, ...]
    identifiers: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """What a study's definition says where its record says nothing; `contacts` come before the record's own."""

    title: str = ""
    sponsor: str = ""
    registry_id: str = ""
    acronym: str = ""
    target: int | None = None
    groups: tuple[GroupLine, ...] = ()
    locations: tuple[LocationLine, ...] = ()
    contacts: tuple[Contact, ...] = ()


def record_page(record: Record, beside: Beside | None = None) -> RecordPage:
    """Everything the registry page shows, from the record; `beside` fills in where it says nothing."""
    known = beside or Beside()
    sections = record.criteria.sections
    return RecordPage(
        title=record.brief_title or record.official_title or known.title or record.registry_id,
        official_title=record.official_title,
        registry_id=record.registry_id or known.registry_id,
        status=in_words(record.status),
        summary=tuple(_summary(record, known)),
        brief_summary=paragraphs(record.brief_summary),
        detailed=paragraphs(record.detailed_description),
        inclusion=_bullets(sections, SectionKind.INCLUSION),
        exclusion=_bullets(sections, SectionKind.EXCLUSION),
        other_criteria=_bullets(sections, SectionKind.UNKNOWN),
        eligibility=tuple(_eligibility(record, known)),
        design=tuple(_design(record)),
        groups=_groups(record) or known.groups,
        primary=_outcomes(record, OutcomeRole.PRIMARY),
        secondary=_outcomes(record, OutcomeRole.SECONDARY),
        other=_outcomes(record, OutcomeRole.OTHER),
        locations=_locations(record) or known.locations,
        contacts=(*known.contacts, *_contacts(record)),
        dates=tuple(
            Fact(_(label), (str(day),)) for name, label in _DATES if (day := record.status_date(name))
        ),
        identifiers=tuple(_identifiers(record, known)),
    )


def paragraphs(text: str) -> tuple[str, ...]:
    """A text's paragraphs."""
    return tuple(unescaped(" ".join(part.split())) for part in text.split("\n\n") if part.strip())


def unescaped(text: str) -> str:
    """A text of the record as it is read: the registry's API writes `\\>` for `>`, as Markdown does."""
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is an object of JSON; an empty one otherwise."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> tuple[Mapping[str, Any], ...]:
    """The objects of a JSON array; none where the value is no array."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    return tuple(part for part in value if isinstance(part, Mapping))


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    return tuple(part for part in value if isinstance(part, str))


def _text(part: Mapping[str, Any], key: str) -> str:
    value = part.get(key)
    return value if isinstance(value, str) else ""


def _facts(*pairs: tuple[str, Iterable[str]]) -> Iterable[Fact]:
    for label, values in pairs:
        kept = tuple(value for value in values if value)
        if kept:
            yield Fact(label, kept)


def _summary(record: Record, known: Beside) -> Iterable[Fact]:
    number = _participants(record, known)
    kind = in_words(record.enrollment_type).lower() if record.enrollment_type else ""
    return _facts(
        (_("Phase"), (in_words(phase) for phase in record.phases)),
        (_("Conditions"), record.conditions),
        (_("Interventions"), (one.full_name for one in record.interventions)),
        (_("Participants"), (f"{number} ({kind})" if number and kind else number,)),
        (_("Lead sponsor"), (record.sponsor or known.sponsor,)),
        (_("Collaborators"), record.collaborators),
        (_("Keywords"), record.keywords),
        (_("Registration number"), (record.registry_id or known.registry_id,)),
    )


def _participants(record: Record, known: Beside) -> str:
    number = record.enrollment if record.enrollment or known.target is None else known.target
    return "" if number is None else str(number)


def _eligibility(record: Record, known: Beside) -> Iterable[Fact]:
    healthy: object = record.module("eligibilityModule").get("healthyVolunteers")
    accepted = _("Accepted") if healthy is True else _("Not accepted") if healthy is False else ""
    population = record.text("eligibilityModule", "studyPopulation")
    return _facts(
        (_("Status"), (in_words(record.status),)),
        (_("Why it was stopped"), paragraphs(record.text("statusModule", "whyStopped"))),
        (_("Sex"), (in_words(record.sex),)),
        (_("Age"), (ages_in_words(record.minimum_age, record.maximum_age),)),
        (_("Healthy volunteers"), (accepted,)),
        (_("Study population"), paragraphs(population)),
        (_("Target recruitment"), (_participants(record, known),)),
    )


def ages_in_words(low: AgeLimit | None, high: AgeLimit | None) -> str:
    """The ages admitted; empty where the record has no limit."""
    if low and high:
        return _("{low} to {high}").format(low=low.text, high=high.text)
    if low:
        return _("{} and older").format(low.text)
    return _("up to {}").format(high.text) if high else ""


def _design(record: Record) -> Iterable[Fact]:
    info = mapping(record.module("designModule").get("designInfo"))
    masked = _texts(mapping(info.get("maskingInfo")).get("whoMasked"))
    return _facts(
        (_("Study type"), (in_words(record.study_type),)),
        (_("Study design"), (in_words(record.design_model),)),
        (_("Time perspective"), (in_words(_text(info, "timePerspective")),)),
        (_("Allocation"), (in_words(record.allocation),)),
        (_("Masking"), (in_words(record.masking),)),
        (_("Who is masked"), (in_words(one) for one in masked)),
        (_("Primary purpose"), (in_words(record.primary_purpose),)),
    )


def _groups(record: Record) -> tuple[GroupLine, ...]:
    return tuple(
        GroupLine(
            unescaped(arm.label), _interventions(record, arm.intervention_names), unescaped(arm.description)
        )
        for arm in record.arms
    )


def _interventions(record: Record, named: Iterable[str]) -> tuple[str, ...]:
    names = {one.full_name: one.name for one in record.interventions}
    return tuple(names.get(name, name) for name in named)


def _outcomes(record: Record, role: OutcomeRole) -> tuple[OutcomeLine, ...]:
    return tuple(
        OutcomeLine(unescaped(one.measure), unescaped(one.time_frame), unescaped(one.description))
        for one in record.outcomes(role)
    )


def _bullets(sections: Iterable[Any], kind: SectionKind) -> tuple[Bulleted, ...]:
    bullets = (bullet for part in sections if part.kind is kind for bullet in part.bullets)
    return tuple(line for bullet in bullets for line in _bulleted(bullet, 1))


def _bulleted(bullet: Bullet, depth: int) -> tuple[Bulleted, ...]:
    if depth >= DEEPEST:
        return tuple(_flat(bullet))
    parts = tuple(line for part in bullet.parts for line in _bulleted(part, depth + 1))
    if not bullet.text:
        return parts  # a bullet that is nothing but its lettered parts
    return (Bulleted(_bullet_text(bullet), parts),)


def _flat(bullet: Bullet) -> Iterable[Bulleted]:
    """A bullet and all within it side by side: nobody means a hundred levels, and a page of them cannot be read."""
    waiting = [bullet]
    while waiting:
        one = waiting.pop()
        if one.text:
            yield Bulleted(_bullet_text(one))
        waiting += reversed(one.parts)


def _bullet_text(bullet: Bullet) -> str:
    text = unescaped(bullet.text)
    return f"{bullet.marker} {text}" if bullet.marker[:1].isalnum() else text


def _locations(record: Record) -> tuple[LocationLine, ...]:
    return tuple(
        LocationLine(
            one.facility,
            ", ".join(part for part in (one.city, one.state, one.zip, one.country) if part),
            in_words(one.status),
        )
        for one in record.locations
    )


def _contacts(record: Record) -> Iterable[Contact]:
    module = record.module("contactsLocationsModule")
    for part in (*mappings(module.get("centralContacts")), *mappings(module.get("overallOfficials"))):
        if name := _text(part, "name"):
            role = _text(part, "affiliation") or _text(part, "role")
            yield Contact(name, _text(part, "phone"), _text(part, "email"), "" if role == "CONTACT" else role)


def _identifiers(record: Record, known: Beside) -> Iterable[Fact]:
    module = record.module("identificationModule")
    return _facts(
        (_("Registration number"), (record.registry_id or known.registry_id,)),
        (_("Organisation's number"), (_text(mapping(module.get("orgStudyIdInfo")), "id"),)),
        (_("Other numbers"), (_text(one, "id") for one in mappings(module.get("secondaryIdInfos")))),
        (_("Acronym"), (record.acronym or known.acronym,)),
        (_("Record copied from"), (_copied(record),)),
    )


def _copied(record: Record) -> str:
    held = mapping(record.document.get("provenance"))
    source = _text(held, "source") or record.provenance.source
    when = _text(held, "copied") or record.provenance.copied
    return f"{source}, {when}" if source and when else source
