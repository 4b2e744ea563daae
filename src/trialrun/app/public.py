"""The public page: the registry record's sections, recruitment in counts, and whom to ask.

Everything comes from the record and the definition; what they do not say is not shown. Of
participants only counts leave the system, never a list, a date or a site's share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trialrun.app.language import gettext as _
from trialrun.app.language import marked
from trialrun.app.public_questions import public_words
from trialrun.app.workspace import Workspace
from trialrun.registry.criteria import Bullet, SectionKind
from trialrun.registry.record import AgeLimit, OutcomeRole, Record
from trialrun.study.model import Study

# ClinicalTrials.gov API v2 enumerations in words. Source: its study data structure, "Enumeration" pages.
_WORDS: Mapping[str, str] = {
    "NOT_YET_RECRUITING": marked("Not yet recruiting"),
    "RECRUITING": marked("Recruiting"),
    "ENROLLING_BY_INVITATION": marked("Enrolling by invitation"),
    "ACTIVE_NOT_RECRUITING": marked("Active, not recruiting"),
    "COMPLETED": marked("Completed"),
    "SUSPENDED": marked("Suspended"),
    "TERMINATED": marked("Terminated"),
    "WITHDRAWN": marked("Withdrawn"),
    "UNKNOWN": marked("Unknown"),
    "EARLY_PHASE1": marked("Early phase 1"),
    "PHASE1": marked("Phase 1"),
    "PHASE2": marked("Phase 2"),
    "PHASE3": marked("Phase 3"),
    "PHASE4": marked("Phase 4"),
    "NA": marked("Not applicable"),
    "INTERVENTIONAL": marked("Interventional"),
    "OBSERVATIONAL": marked("Observational"),
    "EXPANDED_ACCESS": marked("Expanded access"),
    "SINGLE_GROUP": marked("Single group: everybody gets the same"),
    "PARALLEL": marked("Parallel groups"),
    "CROSSOVER": marked("Crossover"),
    "FACTORIAL": marked("Factorial"),
    "SEQUENTIAL": marked("Sequential"),
    "RANDOMIZED": marked("Randomised: groups are drawn by chance"),
    "NON_RANDOMIZED": marked("Not randomised"),
    "NONE": marked("None: everybody knows the treatment"),
    "SINGLE": marked("Single"),
    "DOUBLE": marked("Double"),
    "TRIPLE": marked("Triple"),
    "QUADRUPLE": marked("Quadruple"),
    "TREATMENT": marked("Treatment"),
    "PREVENTION": marked("Prevention"),
    "DIAGNOSTIC": marked("Diagnostic"),
    "SUPPORTIVE_CARE": marked("Supportive care"),
    "SCREENING": marked("Screening"),
    "HEALTH_SERVICES_RESEARCH": marked("Health services research"),
    "BASIC_SCIENCE": marked("Basic science"),
    "OTHER": marked("Other"),
    "ALL": marked("All"),
    "FEMALE": marked("Women"),
    "MALE": marked("Men"),
    "ACTUAL": marked("actual"),
    "ESTIMATED": marked("planned"),
}
_DATES = (
    ("startDateStruct", marked("Start")),
    ("primaryCompletionDateStruct", marked("Primary completion")),
    ("completionDateStruct", marked("Completion")),
    ("studyFirstSubmitDate", marked("First submitted")),
    ("studyFirstPostDateStruct", marked("First posted")),
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
class Progress:
    """Recruitment in counts: screened, enrolled, planned, and whether new people are looked for.

    `rehearsal`: the people are made up.
    """

    screened: int
    enrolled: int
    planned: int
    rehearsal: bool


@dataclass(frozen=True, slots=True)
class PublicPage:
    """The sections of the registry page; what the record lacks is empty."""

    title: str
    official_title: str
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


def recruitment(workspace: Workspace) -> Progress:
    """Recruitment so far, in counts and nothing else."""
    state = workspace.conduct.study_state()
    return Progress(
        len(state.candidates),
        len(state.participants),
        workspace.study.target,
        rehearsal=state.mode != "live",
    )


def public_page(study: Study) -> PublicPage:
    """Everything the registry page shows, from the record; the definition fills in where there is none."""
    record = Record(study.record)
    sections = record.criteria.sections
    return PublicPage(
        title=record.brief_title or study.title,
        official_title=record.official_title,
        status=in_words(record.status),
        summary=tuple(_summary(study, record)),
        brief_summary=paragraphs(record.brief_summary),
        detailed=paragraphs(record.detailed_description),
        inclusion=_bullets(sections, SectionKind.INCLUSION),
        exclusion=_bullets(sections, SectionKind.EXCLUSION),
        other_criteria=_bullets(sections, SectionKind.UNKNOWN),
        eligibility=tuple(_eligibility(study, record)),
        design=tuple(_design(record)),
        groups=_groups(study, record),
        primary=_outcomes(record, OutcomeRole.PRIMARY),
        secondary=_outcomes(record, OutcomeRole.SECONDARY),
        other=_outcomes(record, OutcomeRole.OTHER),
        locations=_locations(study, record),
        contacts=tuple(_contacts(study, record)),
        dates=tuple(
            Fact(_(label), (str(day),)) for name, label in _DATES if (day := record.status_date(name))
        ),
        identifiers=tuple(_identifiers(study, record)),
    )


def in_words(code: str) -> str:
    """An enumeration value of the record in words; one that is not known as it is written."""
    return _(_WORDS[code]) if code in _WORDS else code.replace("_", " ").capitalize()


def paragraphs(text: str) -> tuple[str, ...]:
    """A text's paragraphs."""
    return tuple(" ".join(part.split()) for part in text.split("\n\n") if part.strip())


def _facts(*pairs: tuple[str, Iterable[str]]) -> Iterable[Fact]:
    for label, values in pairs:
        kept = tuple(value for value in values if value)
        if kept:
            yield Fact(label, kept)


def _summary(study: Study, record: Record) -> Iterable[Fact]:
    number = record.enrollment or study.target
    kind = in_words(record.enrollment_type).lower() if record.enrollment_type else ""
    return _facts(
        (_("Phase"), (in_words(phase) for phase in record.phases)),
        (_("Conditions"), record.conditions),
        (_("Interventions"), (one.full_name for one in record.interventions)),
        (_("Participants"), (f"{number} ({kind})" if kind else str(number),)),
        (_("Lead sponsor"), (record.sponsor or study.sponsor,)),
        (_("Collaborators"), record.collaborators),
        (_("Keywords"), record.keywords),
        (_("Registration number"), (record.registry_id or study.registry_id,)),
    )


def _eligibility(study: Study, record: Record) -> Iterable[Fact]:
    healthy: object = record.module("eligibilityModule").get("healthyVolunteers")
    accepted = _("Accepted") if healthy is True else _("Not accepted") if healthy is False else ""
    return _facts(
        (_("Status"), (in_words(record.status) if record.status else "",)),
        (_("Sex"), (in_words(record.sex) if record.sex else "",)),
        (_("Age"), (_ages(record.minimum_age, record.maximum_age),)),
        (_("Healthy volunteers"), (accepted,)),
        (_("Target recruitment"), (str(record.enrollment or study.target),)),
    )


def _ages(low: AgeLimit | None, high: AgeLimit | None) -> str:
    if low and high:
        return _("{low} to {high}").format(low=low.text, high=high.text)
    if low:
        return _("{} and older").format(low.text)
    return _("up to {}").format(high.text) if high else ""


def _design(record: Record) -> Iterable[Fact]:
    who = record.module("designModule").get("designInfo")
    masked: Any = {}
    if isinstance(who, Mapping):
        masked = who.get("maskingInfo") or {}
    return _facts(
        (_("Study type"), (in_words(record.study_type) if record.study_type else "",)),
        (_("Study design"), (in_words(record.design_model) if record.design_model else "",)),
        (_("Allocation"), (in_words(record.allocation) if record.allocation else "",)),
        (_("Masking"), (in_words(record.masking) if record.masking else "",)),
        (_("Who is masked"), (in_words(str(one)) for one in masked.get("whoMasked", ()))),
        (_("Primary purpose"), (in_words(record.primary_purpose) if record.primary_purpose else "",)),
    )


def _groups(study: Study, record: Record) -> tuple[GroupLine, ...]:
    if record.arms:
        return tuple(
            GroupLine(arm.label, _interventions(record, arm.intervention_names), arm.description)
            for arm in record.arms
        )
    return tuple(GroupLine(arm.title, (), arm.description) for arm in study.arms.values())


def _interventions(record: Record, named: Iterable[str]) -> tuple[str, ...]:
    names = {one.full_name: one.name for one in record.interventions}
    return tuple(names.get(name, name) for name in named)


def _outcomes(record: Record, role: OutcomeRole) -> tuple[OutcomeLine, ...]:
    return tuple(OutcomeLine(one.measure, one.time_frame, one.description) for one in record.outcomes(role))


def _bullets(sections: Iterable[Any], kind: SectionKind) -> tuple[Bulleted, ...]:
    bullets = (bullet for part in sections if part.kind is kind for bullet in part.bullets)
    return tuple(line for bullet in bullets for line in _bulleted(bullet))


def _bulleted(bullet: Bullet) -> tuple[Bulleted, ...]:
    parts = tuple(line for part in bullet.parts for line in _bulleted(part))
    if not bullet.text:
        return parts  # a bullet that is nothing but its lettered parts
    text = f"{bullet.marker} {bullet.text}" if bullet.marker[:1].isalnum() else bullet.text
    return (Bulleted(text, parts),)


def _locations(study: Study, record: Record) -> tuple[LocationLine, ...]:
    if record.locations:
        return tuple(
            LocationLine(
                one.facility,
                ", ".join(part for part in (one.city, one.state, one.zip, one.country) if part),
                in_words(one.status) if one.status else "",
            )
            for one in record.locations
        )
    return tuple(
        LocationLine(site.get("name", ""), ", ".join(p for p in (site.get("city"), site.get("country")) if p))
        for site in study.sites
    )


def _contacts(study: Study, record: Record) -> Iterable[Contact]:
    own = public_words(study).contact
    if any(own.values()):
        yield Contact(own.get("name", ""), own.get("phone", ""), own.get("email", ""))
    module = record.module("contactsLocationsModule")
    for part in (*module.get("centralContacts", ()), *module.get("overallOfficials", ())):
        if isinstance(part, Mapping) and part.get("name"):
            role = str(part.get("affiliation") or part.get("role") or "")
            yield Contact(
                str(part["name"]),
                str(part.get("phone", "")),
                str(part.get("email", "")),
                role if role != "CONTACT" else "",
            )


def _identifiers(study: Study, record: Record) -> Iterable[Fact]:
    module = record.module("identificationModule")
    organisation: Any = module.get("orgStudyIdInfo") or {}
    others: Any = module.get("secondaryIdInfos") or ()
    return _facts(
        (_("Registration number"), (record.registry_id or study.registry_id,)),
        (_("Organisation's number"), (str(organisation.get("id", "")),)),
        (_("Other numbers"), (str(one.get("id", "")) for one in others if isinstance(one, Mapping))),
        (_("Acronym"), (record.acronym or study.acronym,)),
        (_("Record copied from"), (_copied(record),)),
    )


def _copied(record: Record) -> str:
    held: Any = record.document.get("provenance") or {}
    source, when = str(held.get("source", "")), str(held.get("copied", ""))
    return f"{source}, {when}" if source and when else source
