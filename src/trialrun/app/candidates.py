"""The screening log: who was looked at, how far each came, and why somebody did not enter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache

from trialrun.app.csv_text import csv_text
from trialrun.app.language import gettext as _
from trialrun.app.language import marked
from trialrun.app.workspace import Workspace
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, EndParticipation, RegisterCandidate
from trialrun.ledger.conduct import Outcome
from trialrun.ledger.numbers import number_is_valid
from trialrun.ledger.rules import EligibilityView, rules_of
from trialrun.ledger.state import ParticipantState
from trialrun.study.model import Study, VisitKind

SCREEN_FAILURE = "screen_failure"


class CandidateStatus(StrEnum):
    """How far a candidate came."""

    REGISTERED = "registered"
    SCREENING = "screening"
    TO_SIGN = "to_sign"
    STALE = "stale"
    SIGNED = "signed"
    NOT_ELIGIBLE = "not_eligible"
    FAILED = "failed"
    ENROLLED = "enrolled"
    LEFT = "left"


STATUS_WORDS: Mapping[CandidateStatus, str] = {
    CandidateStatus.REGISTERED: marked("Registered, no consent yet"),
    CandidateStatus.SCREENING: marked("In screening"),
    CandidateStatus.TO_SIGN: marked("Eligible, not signed"),
    CandidateStatus.STALE: marked("Sign-off no longer holds"),
    CandidateStatus.SIGNED: marked("Signed eligible, not enrolled"),
    CandidateStatus.NOT_ELIGIBLE: marked("Criteria not fulfilled, not closed"),
    CandidateStatus.FAILED: marked("Screen failure"),
    CandidateStatus.ENROLLED: marked("Enrolled"),
    CandidateStatus.LEFT: marked("Left before enrolment"),
}
STATUS_TONE: Mapping[CandidateStatus, str] = {
    CandidateStatus.TO_SIGN: "info",
    CandidateStatus.STALE: "warn",
    CandidateStatus.SIGNED: "info",
    CandidateStatus.NOT_ELIGIBLE: "warn",
    CandidateStatus.FAILED: "bad",
    CandidateStatus.ENROLLED: "good",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """A criterion that kept somebody out, in the record's words."""

    criterion: str
    text: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """One candidate of the screening log.

    `reasons`: what a screening failed on, or fails on now; `later`: candidates who are the same person again.
    """

    key: str
    site: str
    registered_on: date | None
    consented_on: date | None
    screened_on: date | None
    status: CandidateStatus
    reasons: tuple[Reason, ...] = ()
    note: str = ""
    number: str = ""
    ended_on: date | None = None
    previous: str = ""
    later: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The status in words."""
        return _(STATUS_WORDS[self.status])

    @property
    def tone(self) -> str:
        """How the status is coloured, beside its words."""
        return STATUS_TONE.get(self.status, "plain")


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What of the log is asked for; empty means everything."""

    status: str = ""
    site: str = ""
    criterion: str = ""
    search: str = ""


@dataclass(frozen=True, slots=True)
class ScreeningLog:
    """The lines asked for, newest first, and how many of each status there are in all."""

    lines: tuple[LogLine, ...]
    counts: Mapping[CandidateStatus, int]
    everyone: int
    hint: str = ""


def screening_log(workspace: Workspace, actor: Actor, wanted: LogFilter | None = None) -> ScreeningLog:
    """The screening log as the actor may see it: of the own site, or of all sites."""
    wanted = wanted or LogFilter()
    conduct = workspace.conduct
    people = [conduct.participant(key) for key in conduct.participants()]
    people = [person for person in people if not actor.site or person.site == actor.site]
    again = _again(people)
    lines = [log_line(workspace, person, again.get(person.key, ())) for person in people]
    counts = {status: sum(line.status is status for line in lines) for status in CandidateStatus}
    kept = tuple(line for line in reversed(lines) if _wanted(line, wanted))
    return ScreeningLog(kept, counts, len(lines), _hint(wanted.search, kept))


def _again(people: Iterable[ParticipantState]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for person in people:
        if person.previous:
            found[person.previous] = (*found.get(person.previous, ()), person.key)
    return found


def _wanted(line: LogLine, wanted: LogFilter) -> bool:
    search = wanted.search.casefold()
    return (
        (not wanted.status or line.status == wanted.status)
        and (not wanted.site or line.site == wanted.site)
        and (not wanted.criterion or any(one.criterion == wanted.criterion for one in line.reasons))
        and (not search or search in line.key.casefold() or search in line.number.casefold())
    )


def _hint(search: str, found: tuple[LogLine, ...]) -> str:
    """What is wrong with a participant number that nobody has."""
    looks = search.count("-") >= 2 and search.replace("-", "").isalnum()
    if found or not looks or number_is_valid(search):
        return ""
    return _("The check digit of {} does not fit: one digit is wrong, or two are swapped.").format(search)


def log_line(workspace: Workspace, person: ParticipantState, later: tuple[str, ...] = ()) -> LogLine:
    """One candidate's line."""
    study = workspace.study
    status, view = status_of(study, person)
    failing = person.end_criteria
    if not failing and view is not None and view.status == "not_eligible":
        failing = view.deciding
    screening = screening_visit(study)
    return LogLine(
        person.key,
        person.site,
        local_day(workspace, person.registered_at),
        person.consent.signed_on if person.consent else None,
        person.visits.get(screening),
        status,
        tuple(Reason(name, study.criteria[name].text) for name in failing if name in study.criteria),
        person.end_note,
        person.number,
        person.ended_on,
        person.previous,
        later,
    )


def status_of(study: Study, person: ParticipantState) -> tuple[CandidateStatus, EligibilityView | None]:
    """How far the candidate came, with the criteria's answer where it was needed to say so."""
    if person.enrolled:
        return CandidateStatus.ENROLLED, None
    if person.ended_on is not None or person.withdrawn_on is not None:
        failed = person.end_cause == SCREEN_FAILURE
        return (CandidateStatus.FAILED if failed else CandidateStatus.LEFT), None
    if person.consent is None:
        return CandidateStatus.REGISTERED, None
    view = _view(_Asked(study.hash, person.hash, study, person))
    signed = person.eligibility
    if signed is not None and (not signed.valid or signed.inputs != view.inputs):
        return CandidateStatus.STALE, view
    if view.status == "not_eligible":
        return CandidateStatus.NOT_ELIGIBLE, view
    if view.status == "eligible":
        return (CandidateStatus.TO_SIGN if signed is None else CandidateStatus.SIGNED), view
    return CandidateStatus.SCREENING, view


@dataclass(frozen=True, slots=True)
class _Asked:
    """A person's eligibility asked for: the same definition and the same log give the same answer."""

    definition: str
    log: str
    study: Study = field(compare=False, repr=False)
    person: ParticipantState = field(compare=False, repr=False)


@lru_cache(maxsize=2000)
def _view(asked: _Asked) -> EligibilityView:
    return rules_of(asked.study).eligibility(asked.person)


def screening_visit(study: Study) -> str:
    """The name of the screening visit; empty when the study has none."""
    return next((one.name for one in study.visits.values() if one.kind is VisitKind.SCREENING), "")


def local_day(workspace: Workspace, at: str) -> date | None:
    """The day of a moment of the log, at the study's place."""
    return workspace.day_of(at) if at else None


_COLUMNS = (
    "candidate", "site", "registered_on", "consented_on", "screened_on", "status", "criteria", "note",
    "participant", "ended_on", "previous_candidate", "screened_again_as",
)  # fmt: skip


def log_csv(log: ScreeningLog) -> str:
    """The log as CSV, one line a candidate, with the codes of the statuses and criteria."""
    return csv_text(
        _COLUMNS,
        (
            (
                line.key,
                line.site,
                line.registered_on,
                line.consented_on,
                line.screened_on,
                line.status.value,
                " ".join(one.criterion for one in line.reasons),
                line.note,
                line.number,
                line.ended_on,
                line.previous,
                " ".join(line.later),
            )
            for line in log.lines
        ),
    )


# --- what is done -----------------------------------------------------------------------------


def register_candidate(workspace: Workspace, actor: Actor, site: str, previous: str = "") -> str:
    """Give a person a candidate number; the number.

    Args:
        previous: the candidate number of the same person's earlier screening, which must be over.

    Errors: `CommandRefusedError`; `UserError` when the earlier screening is still going on.
    """
    if previous:
        before = workspace.conduct.participant(previous)
        if before.key and (before.enrolled or before.ended_on is None):
            raise UserError(
                _("{} is not a screening that has ended.").format(previous),
                _("Close that screening first; an enrolled participant is not screened again."),
            )
    return workspace.do(RegisterCandidate(site, previous), actor).participant


def fail_screening(
    workspace: Workspace, actor: Actor, key: str, on: date, criteria: tuple[str, ...], note: str
) -> Outcome:
    """Close a screening without enrolment, with the criteria it failed on or another reason.

    Errors: `UserError` when neither is given; `CommandRefusedError`.
    """
    if not criteria and not note.strip():
        raise UserError(
            _("A screen failure needs its reason."),
            _("Tick the criteria, or say in a few words what it was."),
        )
    return workspace.do(EndParticipation(key, on, SCREEN_FAILURE, note.strip(), criteria), actor)
