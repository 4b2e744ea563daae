"""Enrolment: what has to be there before it, the number given, and the end of a participation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from trialrun.app.language import gettext as _
from trialrun.app.language import marked
from trialrun.app.workspace import Workspace
from trialrun.ledger.commands import Actor, EndParticipation, Enrol
from trialrun.ledger.conduct import Outcome
from trialrun.ledger.decide import Refusal
from trialrun.ledger.numbers import check_character
from trialrun.ledger.rules import rules_of
from trialrun.ledger.state import Consent, ParticipantState, SignedEligibility
from trialrun.study.model import Assumption

OVERRIDE = "OverrideCap"
CAUSES: Mapping[str, str] = {
    "completed": marked("Completed the study"),
    "screen_failure": marked("Screen failure"),
    "death": marked("Death"),
    "transplant": marked("Liver transplant"),
    "withdrawal": marked("Withdrew consent"),
    "lost_to_follow_up": marked("Lost to follow-up"),
    "other": marked("Another reason"),
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that has to be there before enrolment, whether it is, and where to go for it."""

    name: str
    label: str
    fulfilled: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class EnrolmentPage:
    """What enrolment would rest on, and whether it would go through now.

    `refusal` is what the ledger would answer now; `allocated` says that the arm comes from a list.
    """

    key: str
    requirements: tuple[Requirement, ...]
    refusal: Refusal | None
    consent: Consent | None
    signed: SignedEligibility | None
    signed_by: str
    open_assumptions: tuple[Assumption, ...]
    enrolled: int
    target: int
    over_cap: bool
    may_override: bool
    arm: str
    allocated: bool
    rehearsal: bool

    @property
    def ready(self) -> bool:
        """Whether the ledger would take the enrolment, once a reason for going over the number is given."""
        return self.refusal is None


def enrolment_page(workspace: Workspace, actor: Actor, person: ParticipantState) -> EnrolmentPage:
    """The state of everything an enrolment needs."""
    study, state = workspace.study, workspace.conduct.study_state()
    over = len(state.participants) >= study.target
    override = may_override(workspace, actor)
    # Whoever may go over the number is asked for the reason on the page; what else stands in the way shows first.
    decided = workspace.conduct.decide(Enrol(person.key, "asked for" if over and override else None), actor)
    open_ones = tuple(
        one for one in study.assumptions.values() if one.confirmed is None and one.id not in state.confirmed
    )
    signed = person.eligibility
    users = workspace.conduct.access_state().users
    return EnrolmentPage(
        person.key,
        _requirements(workspace, person, len(open_ones), over=over, override=override),
        decided if isinstance(decided, Refusal) else None,
        person.consent,
        signed,
        users.get(signed.by, signed.by) if signed else "",
        open_ones,
        len(state.participants),
        study.target,
        over,
        override,
        next(iter(study.arms.values())).title if len(study.arms) == 1 else "",
        len(study.arms) > 1,
        state.mode != "live",
    )


def may_override(workspace: Workspace, actor: Actor) -> bool:
    """Whether the actor's role may enrol over the planned number, with a reason."""
    role = workspace.study.roles.get(actor.role)
    return role is not None and (OVERRIDE in role.may or role.name == "principal_investigator")


def _requirements(
    workspace: Workspace, person: ParticipantState, open_ones: int, *, over: bool, override: bool
) -> tuple[Requirement, ...]:
    study, live = workspace.study, workspace.conduct.study_state().mode == "live"
    view = rules_of(study).eligibility(person)
    signed = person.eligibility
    holds = signed is not None and signed.valid and signed.inputs == view.inputs
    consent = person.consent
    found = [
        Requirement(
            "consent",
            _("Consent"),
            consent is not None and person.withdrawn_on is None,
            _("version {version} ({language}), signed {on}").format(
                version=consent.version, language=consent.language, on=consent.signed_on
            )
            if consent is not None and person.withdrawn_on is None
            else _("withdrawn")
            if person.withdrawn_on is not None
            else _("not recorded"),
        ),
        Requirement(
            "criteria",
            _("Every criterion fulfilled"),
            view.status == "eligible",
            ", ".join(view.deciding),
        ),
        Requirement(
            "sign_off",
            _("Eligibility signed by the investigator"),
            holds and signed is not None and signed.outcome == "eligible",
            _("no longer holds: values changed after it") if signed is not None and not holds else "",
        ),
        Requirement(
            "assumptions",
            _("Assumptions of the study confirmed"),
            not live or open_ones == 0,
            _("{} open; a rehearsal may go on").format(open_ones)
            if open_ones and not live
            else _("{} open").format(open_ones)
            if open_ones
            else "",
        ),
        Requirement(
            "number",
            _("Within the planned number"),
            not over,
            _("the role may go on, with a reason") if over and override else "",
        ),
    ]
    return tuple(found)


def enrol(workspace: Workspace, actor: Actor, key: str, override_reason: str = "") -> str:
    """Enrol a candidate; the participant number. The arm is the only one, or comes from the allocation.

    Errors: `CommandRefusedError` with what stands in the way.
    """
    workspace.do(Enrol(key, override_reason.strip() or None), actor)
    return workspace.conduct.participant(key).number


@dataclass(frozen=True, slots=True)
class NumberExplained:
    """A participant number taken apart: site, count, check character, and the standard behind it."""

    number: str
    site: str
    count: str
    check: str
    standard: str


def explain_number(number: str) -> NumberExplained:
    """What each part of a participant number is, so that a slip of the pen can be found by hand."""
    head, _dash, check = number.rpartition("-")
    site, _dash, count = head.rpartition("-")
    digits = "".join(letter for letter in head.upper() if letter.isalnum())
    standard = "ISO/IEC 7064 MOD 11,10" if digits.isdigit() else "ISO/IEC 7064 MOD 37,36"
    return NumberExplained(number, site, count, check if check == check_character(digits) else "", standard)


def end_causes(person: ParticipantState) -> tuple[tuple[str, str], ...]:
    """The ways to leave that are open to the person: (cause, words)."""
    never = {"completed"} if not person.enrolled else {"screen_failure"}
    return tuple((cause, _(words)) for cause, words in CAUSES.items() if cause not in never)


def end_participation(
    workspace: Workspace, actor: Actor, key: str, on: date, cause: str, note: str
) -> Outcome:
    """End a participation, once. Errors: `CommandRefusedError`."""
    return workspace.do(EndParticipation(key, on, cause, note.strip()), actor)
