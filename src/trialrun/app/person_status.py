"""The way of one person through the study: which steps are done, which one is next, where it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from trialrun.app.candidates import CandidateStatus, local_day, screening_visit, status_of
from trialrun.app.enrolment import CAUSES
from trialrun.app.language import gettext as _
from trialrun.app.workspace import Workspace
from trialrun.ledger.state import ParticipantState
from trialrun.study.model import VisitKind


class StepState(StrEnum):
    """Where a step stands."""

    DONE = "done"
    NEXT = "next"
    WAITING = "waiting"
    ATTENTION = "attention"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: name, words, state, the day it was done, and a few words more."""

    name: str
    label: str
    state: StepState
    on: date | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PersonStatus:
    """What `screening/_status.html` shows: who, where, and the steps from candidate to the end."""

    key: str
    number: str
    site: str
    previous: str
    steps: tuple[Step, ...]

    @property
    def label(self) -> str:
        """The participant's number; before enrolment the candidate's."""
        return self.number or self.key


def person_status(workspace: Workspace, person: ParticipantState) -> PersonStatus:
    """The steps of a person, the first one that is not done marked as next (unless it ended)."""
    over = person.ended_on is not None or person.withdrawn_on is not None
    steps: list[Step] = []
    pending = False
    for name, label, done, on, detail, attention in _steps(workspace, person):
        if attention:
            state = StepState.ATTENTION
        elif done:
            state = StepState.DONE
        else:
            state = StepState.WAITING if pending or over else StepState.NEXT
            pending = True
        steps.append(Step(name, label, state, on, detail))
    if over:
        steps = [step for step in steps if step.state in (StepState.DONE, StepState.ATTENTION)]
        steps.append(_end(person))
    return PersonStatus(person.key, person.number, person.site, person.previous, tuple(steps))


_Known = tuple[str, str, bool, date | None, str, bool]


def _steps(workspace: Workspace, person: ParticipantState) -> tuple[_Known, ...]:
    study = workspace.study
    status, _view = status_of(study, person)
    consent, signed = person.consent, person.eligibility
    screened = person.visits.get(screening_visit(study))
    doses = [one.name for one in study.visits.values() if one.kind is VisitKind.DOSE]
    first_dose = next((person.visits[name] for name in doses if name in person.visits), None)
    stale = status is CandidateStatus.STALE
    signed_on = local_day(workspace, signed.at) if signed else None
    words = {"eligible": _("eligible"), "not_eligible": _("not eligible"), "undecided": _("undecided")}
    version = _("version {}").format(consent.version) if consent else ""
    return (
        ("registered", _("Registered"), True, local_day(workspace, person.registered_at), "", False),
        (
            "consent",
            _("Consent"),
            consent is not None,
            consent.signed_on if consent else None,
            version,
            False,
        ),
        ("screening", _("Screening"), screened is not None, screened, "", False),
        (
            "sign_off",
            _("Eligibility signed"),
            signed is not None,
            signed_on,
            _("no longer holds") if stale else words.get(signed.outcome, "") if signed else "",
            stale,
        ),
        (
            "enrolled",
            _("Enrolled"),
            person.enrolled,
            local_day(workspace, person.enrolled_at),
            person.number,
            False,
        ),
        ("first_dose", _("First dose"), first_dose is not None, first_dose, "", False),
    )


def _end(person: ParticipantState) -> Step:
    if person.ended_on is None:
        return Step("ended", _("Consent withdrawn"), StepState.ENDED, person.withdrawn_on)
    cause = _(CAUSES[person.end_cause]) if person.end_cause in CAUSES else person.end_cause
    detail = ", ".join(person.end_criteria)
    state = StepState.DONE if person.end_cause == "completed" else StepState.ENDED
    return Step("ended", cause, state, person.ended_on, detail)
