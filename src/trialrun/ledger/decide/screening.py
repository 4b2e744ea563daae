"""Rules from first contact to enrolment, and of leaving."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from trialrun.ledger.commands import (
    EndParticipation,
    Enrol,
    EraseIdentity,
    RecordConsent,
    RegisterCandidate,
    SignEligibility,
)
from trialrun.ledger.decide.allocation import next_arm
from trialrun.ledger.decide.asked import Asked, need_consent, need_not_withdrawn, need_reason, not_future
from trialrun.ledger.decide.consenting import check_signature
from trialrun.ledger.decide.refusal import refuse
from trialrun.ledger.decide.study_rules import need_site, open_assumptions
from trialrun.ledger.events import NewEvent
from trialrun.ledger.numbers import candidate_number, participant_number
from trialrun.ledger.rules import EligibilityView, rules_of
from trialrun.study.model import ConsentText, Study

END_CAUSES = (
    "completed",
    "screen_failure",
    "death",
    "transplant",
    "withdrawal",
    "lost_to_follow_up",
    "other",
)
OVERRIDE = "OverrideCap"


def register(asked: Asked, command: RegisterCandidate) -> tuple[NewEvent, ...]:
    """A screened person gets the next candidate number."""
    need_site(asked.study, command.site)
    known = asked.state.study.candidates
    if command.previous and command.previous not in known:
        raise refuse("unknown-participant", f"there is no earlier candidate {command.previous!r}")
    if command.previous and known[command.previous] != command.site:
        raise refuse(
            "other-site", f"candidate {command.previous} was screened at site {known[command.previous]!r}"
        )
    number = candidate_number(len(known) + 1)
    return (
        NewEvent("study", "CandidateNumberIssued", {"candidate": number, "site": command.site}),
        NewEvent(
            f"participant/{number}",
            "CandidateRegistered",
            {"candidate": number, "site": command.site, "previous": command.previous},
        ),
    )


def consent(asked: Asked, command: RecordConsent) -> tuple[NewEvent, ...]:
    """Consent to a text of the study, approved at the site on that day, by someone with capacity."""
    person = asked.person
    not_future(asked, command.signed_on, "a consent date")
    if person.ended_on is not None:
        raise refuse("participation-ended", f"{person.key} left the study on {person.ended_on}")
    text = _consent_text(asked.study, command.version, command.language)
    _need_approved(asked, text, command.signed_on)
    if not command.capacity:
        raise refuse(
            "no-capacity",
            f"{person.key} was judged unable to consent: the record allows no representative",
            "register the outcome as a screen failure",
        )
    if not command.explained_by.strip():
        raise refuse("consent-unexplained", "the consent does not say who explained it", "name the person")
    check_signature(asked, command, text)
    reason = command.reason
    if person.consent is not None and person.withdrawn_on is None:
        reason = need_reason(command.reason, "a further consent (new version, or a correction)")
        first_visit = min(person.visits.values(), default=None)
        same = person.consent.version == text.version and person.consent.language == text.language
        if same and first_visit is not None and command.signed_on > first_visit:
            raise refuse(
                "no-procedure-before-consent",
                f"consent on {command.signed_on} would lie after the first visit on {first_visit}",
                "check both dates",
            )
    data = {
        "version": text.version,
        "language": text.language,
        "text_hash": text.hash,
        "signed_on": command.signed_on.isoformat(),
        "explained_by": command.explained_by,
        "capacity": command.capacity,
        "method": command.method,
        "signed_at": command.signed_at,
        "signature": {"text": command.signature} if command.signature else {},
        "answers": dict(command.answers),
        "witness": {"text": command.witness} if command.witness else {},
    }
    if command.kept_at.strip():
        data["kept_at"] = command.kept_at.strip()
    return (asked.event("ConsentGiven", data, reason),)


def _consent_text(study: Study, version: str, language: str) -> ConsentText:
    for text in study.consents:
        if (text.version, text.language) == (version, language):
            return text
    known = ", ".join(f"{text.version} ({text.language})" for text in study.consents) or "none"
    raise refuse(
        "unknown-consent-text",
        f"the study has no consent text {version!r} in {language!r}",
        f"there are: {known}",
    )


def _need_approved(asked: Asked, text: ConsentText, on: date) -> None:
    approved = asked.state.site.approved
    first = approved.get((text.version, text.language))
    if first is None and asked.state.study.mode != "live" and not approved:
        return  # a rehearsal needs no ethics committee
    if first is None or on < first:
        raise refuse(
            "consent-text-not-approved",
            f"consent text {text.version} ({text.language}) was not approved at site {asked.person.site!r} on {on}",
            "record the approval, or use an approved version",
        )


def sign_eligibility(asked: Asked, command: SignEligibility) -> tuple[NewEvent, ...]:
    """The investigator signs what the criteria give now, and nothing else."""
    need_consent(asked, "an eligibility sign-off")
    need_not_withdrawn(asked, "an eligibility sign-off")
    view = rules_of(asked.study).eligibility(asked.person)
    if command.outcome != view.status:
        raise refuse(
            "outcome-differs",
            f"the criteria give {view.status} for {asked.person.key}, not {command.outcome}{_deciding(view)}",
            "look at the criteria again and sign what they give",
        )
    if command.inputs and command.inputs != view.inputs:
        raise refuse(
            "eligibility-changed",
            f"values behind {asked.person.key}'s eligibility changed while they were being looked at",
            "look at the criteria again and sign what they give now",
        )
    data = {
        "outcome": view.status,
        "criteria": dict(view.outcomes),
        "missing": {name: list(items) for name, items in view.missing.items()},
        "inputs": view.inputs,
        "statement": command.statement,
    }
    return (asked.event("EligibilitySigned", data),)


def _deciding(view: EligibilityView) -> str:
    if not view.deciding:
        return ""
    names = dict.fromkeys(name for one in view.deciding for name in view.missing.get(one, ()))
    missing = f"; missing: {', '.join(names)}" if names else ""
    return f" (deciding: {', '.join(view.deciding)}{missing})"


def need_signed_eligibility(asked: Asked, what: str) -> None:
    """The investigator's sign-off must say eligible and rest on the values as they stand."""
    person = asked.person
    signed = person.eligibility
    if signed is None:
        raise refuse(
            "no-eligibility-sign-off",
            f"nobody has signed {person.key}'s eligibility: no {what}",
            "have the investigator sign it",
        )
    if not signed.valid or signed.inputs != rules_of(asked.study).eligibility(person).inputs:
        raise refuse(
            "eligibility-sign-off-stale",
            f"values behind {person.key}'s eligibility changed after {signed.by} signed it: no {what}",
            "have the investigator look again and sign anew",
        )
    if signed.outcome != "eligible":
        raise refuse(
            "not-eligible",
            f"{person.key} was signed {signed.outcome}: no {what}",
            "only eligible people take part",
        )


def enrol(asked: Asked, command: Enrol) -> tuple[NewEvent, ...]:
    """Enrolment: eligible by every criterion, signed, consented, within the planned number."""
    person, state, study = asked.person, asked.state.study, asked.study
    need_consent(asked, "enrolment")
    need_not_withdrawn(asked, "enrolment")
    if person.enrolled:
        raise refuse("already-enrolled", f"{person.key} is enrolled as {person.number}")
    if person.ended_on is not None:
        raise refuse(
            "participation-ended",
            f"{person.key} left on {person.ended_on} ({person.end_cause})",
            "register a new candidate",
        )
    still_open = open_assumptions(study, state)
    if state.mode == "live" and still_open:
        raise refuse(
            "open-assumptions", f"unconfirmed assumptions: {', '.join(still_open)}", "have each confirmed"
        )
    view = rules_of(study).eligibility(person)
    if view.status != "eligible":
        raise refuse(
            "unknown-never-enrols" if view.status == "undecided" else "not-eligible",
            f"{person.key} is {view.status.replace('_', ' ')}{_deciding(view)}",
            "complete what is missing"
            if view.status == "undecided"
            else "close the screening as a screen failure",
        )
    need_signed_eligibility(asked, "enrolment")
    override = _over_cap(asked, command)
    arm, allocated = _arm(asked, command.arm)
    number = participant_number(person.site, 1 + _enrolled_at(asked, person.site))
    issued = {"candidate": person.key, "number": number, "site": person.site}
    reason = (command.override_reason or "").strip() if override else ""
    return (
        NewEvent("study", "ParticipantNumberIssued", issued),
        asked.event("ParticipantEnrolled", {"number": number, "arm": arm, "override": override}, reason),
        *allocated,
    )


def _enrolled_at(asked: Asked, site: str) -> int:
    state = asked.state.study
    return sum(1 for candidate in state.participants.values() if state.candidates[candidate] == site)


def _over_cap(asked: Asked, command: Enrol) -> bool:
    enrolled, target = len(asked.state.study.participants), asked.study.target
    if enrolled < target:
        return False
    role = asked.study.roles.get(asked.actor.role)
    may = role is not None and (OVERRIDE in role.may or role.name == "principal_investigator")
    if not may or not (command.override_reason or "").strip():
        raise refuse(
            "enrolment-cap",
            f"{enrolled} of {target} planned participants are enrolled",
            f"a principal investigator (or a role with {OVERRIDE}) may go on, with a reason",
        )
    return True


def _arm(asked: Asked, wanted: str) -> tuple[str, tuple[NewEvent, ...]]:
    """The arm and the events of allocating it: the only one there is, or the next line of the list."""
    arms: Mapping[str, object] = asked.study.arms
    if wanted and wanted not in arms:
        raise refuse("unknown-arm", f"the study has no arm {wanted!r}", f"its arms are {', '.join(arms)}")
    return (next(iter(arms)), ()) if len(arms) == 1 else next_arm(asked, wanted)


def end(asked: Asked, command: EndParticipation) -> tuple[NewEvent, ...]:
    """A participant leaves, once."""
    person = asked.person
    if person.ended_on is not None:
        raise refuse("participation-ended", f"{person.key} left on {person.ended_on} already")
    if command.reason not in END_CAUSES:
        raise refuse(
            "unknown-cause",
            f"{command.reason!r} is not a way to leave",
            f"choose from {', '.join(END_CAUSES)}",
        )
    not_future(asked, command.on, "an end date")
    last = max(person.visits.values(), default=None)
    if last is not None and command.on < last and command.reason != "withdrawal":
        raise refuse(
            "date-order", f"{command.on} lies before the last recorded visit on {last}", "check both dates"
        )
    if command.reason == "screen_failure" and person.enrolled:
        raise refuse(
            "already-enrolled",
            f"{person.key} is enrolled and cannot fail screening",
            "give the cause of leaving",
        )
    if command.reason == "completed" and not person.enrolled:
        raise refuse(
            "not-enrolled", f"{person.key} was never enrolled and cannot have completed", "use screen_failure"
        )
    strange = [name for name in command.criteria if name not in asked.study.criteria]
    if strange or (command.criteria and command.reason != "screen_failure"):
        raise refuse(
            "unknown-criterion",
            f"{', '.join(strange) or 'a criterion'} is no reason of {command.reason!r}",
            "name criteria of the study, and only for a screen failure",
        )
    data: dict[str, Any] = {"on": command.on.isoformat(), "cause": command.reason, "note": command.note}
    if command.criteria:
        data["criteria"] = list(command.criteria)
    return (asked.event("ParticipationEnded", data),)


def erase(asked: Asked, command: EraseIdentity) -> tuple[NewEvent, ...]:
    """Destroy the key of what identifies the participant."""
    reason = need_reason(command.reason, "an erasure")
    if asked.person.erased:
        raise refuse("no-change", f"{asked.person.key}'s identity is erased already")
    return (asked.event("IdentityErased", {}, reason),)
