"""Departures from the protocol: recorded ones, those a rule finds and nobody has recorded, and their assessment.

The ledger records some by itself when they happen: a date outside a visit's window, a missed visit, a dose that
differs from the plan. What only time or a later entry shows is found here: what is recorded already, for the same
rule at the same visit, is not found again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from trialrun.app.casebook import BookVisit, Cell, casebook
from trialrun.app.language import gettext as _
from trialrun.app.language import marked
from trialrun.app.roster import participants_in_scope
from trialrun.app.visits import PLANNED, VisitStatus, visit_title
from trialrun.app.work import label_of
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, AssessDeviation, RecordDeviation
from trialrun.ledger.conduct import Outcome
from trialrun.ledger.state import ParticipantState
from trialrun.ledger.state_records import Deviation
from trialrun.study.model import Study, VisitKind

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

WINDOW, MISSED, ASSESSMENT, CONSENT = "visit-window", "visit-missed", "assessment-missed", "consent-order"
NOT_DONE = frozenset({"not_done", "refused"})
_ASSESSED = frozenset({VisitKind.BASELINE, VisitKind.DOSE, VisitKind.FOLLOW_UP})

# The words are stored with the deviation and read by the analysis: they never change.
KINDS: dict[str, str] = {
    "window": marked("visit outside its window"),
    "missed visit": marked("missed visit"),
    "missed assessment": marked("missed assessment"),
    "dose": marked("dose"),
    "consent": marked("consent"),
    "eligibility": marked("eligibility"),
    "laboratory": marked("laboratory"),
    "safety reporting": marked("safety reporting"),
    "product": marked("study product"),
    "other": marked("other"),
}
IMPORTANCE: dict[str, str] = {
    "minor": marked("minor"),
    "major": marked("major: affects the participant’s rights, safety or the data"),
    "critical": marked("critical: harmed, or could have harmed, the participant or the trial’s result"),
}


@dataclass(frozen=True, slots=True)
class ListedDeviation:
    """A recorded deviation with whom it concerns."""

    participant: str
    label: str
    site: str
    visit_title: str
    deviation: Deviation


@dataclass(frozen=True, slots=True)
class FoundDeviation:
    """A departure the data show and nobody has recorded. `since` is the day from which it can be seen."""

    participant: str
    label: str
    site: str
    rule: str
    kind: str
    visit: str
    visit_title: str
    description: str
    since: date | None


# --- found by rule -----------------------------------------------------------------------------


def find_deviations(study: Study, person: ParticipantState, today: date) -> tuple[FoundDeviation, ...]:
    """What one participant's data show today that is not recorded yet.

    - `visit-window`: a visit outside its window; the window may have become known only after the visit.
    - `visit-missed`: a visit recorded as missed.
    - `assessment-missed:FORM`: a visit took place, its window has closed, and a form of it lacks required answers,
      or says that something required was not done.
    - `consent-order`: a visit on a day before consent.
    """
    if not person.enrolled:
        return ()
    recorded = {(one.rule, one.visit) for one in person.deviations.values()}
    found: list[FoundDeviation] = []
    for rule, kind, visit, text, since in _shown(study, person, today):
        if (rule, visit) in recorded:
            continue
        found.append(
            FoundDeviation(
                person.key,
                label_of(person),
                person.site,
                rule,
                kind,
                visit,
                visit_title(study, visit),
                text,
                since,
            )
        )
    return tuple(found)


_Shown = tuple[str, str, str, str, date | None]  # rule, kind, visit, description, since


def _shown(study: Study, person: ParticipantState, today: date) -> Iterator[_Shown]:
    consented = min((consent.signed_on for consent in person.consents), default=None)
    for one in casebook(study, person, today).visits:
        visit = one.visit
        if visit.status is VisitStatus.DONE_OUTSIDE and not visit.provisional:
            yield WINDOW, "window", visit.name, _window_text(one), visit.actual
        if visit.status is VisitStatus.MISSED:
            yield MISSED, "missed visit", visit.name, visit.missed_because or "no reason given", visit.last
        if visit.actual is not None and consented is not None and visit.actual < consented:
            text = f"on {visit.actual}, before the consent of {consented}"
            yield CONSENT, "consent", visit.name, text, visit.actual
        yield from _assessments(study, person, one, today)


def _window_text(one: BookVisit) -> str:
    visit = one.visit
    side = "before" if visit.days_off < 0 else "after"
    window = f"{visit.first} to {visit.last}"
    return f"{visit.actual}, {abs(visit.days_off)} d {side} its window ({window})"


def _assessments(study: Study, person: ParticipantState, one: BookVisit, today: date) -> Iterator[_Shown]:
    visit = one.visit
    if visit.plan.kind not in _ASSESSED or visit.plan.kind not in PLANNED or visit.actual is None:
        return
    closed = visit.last
    if closed is None or today <= max(closed, visit.actual):
        return  # there is still time to do it
    for cell in one.cells:
        text = _lacking(study, person, cell)
        if text:
            yield (
                f"{ASSESSMENT}:{cell.form}",
                "missed assessment",
                visit.name,
                text,
                max(closed, visit.actual),
            )


def _lacking(study: Study, person: ParticipantState, cell: Cell) -> str:
    """What a form lacks in words; empty when nothing."""
    if cell.repeating:
        return ""
    if cell.incomplete and not cell.filled:
        return f"{cell.title}: nothing was entered" if cell.needed else ""
    undone = [
        name
        for name, value in person.form_values(cell.visit, cell.form, 0).items()
        if value.missing in NOT_DONE and study.items[name].required
    ]
    parts = [
        f"{words}: {', '.join(study.items[name].label for name in names)}"
        for words, names in (("not entered", cell.missing), ("not done", undone))
        if names
    ]
    return f"{cell.title}, {'; '.join(parts)}" if parts else ""


def still_shown(study: Study, person: ParticipantState, deviation: Deviation, today: date) -> bool | None:
    """Whether the data still show a deviation that a rule found here; `None` for others, which data cannot tell."""
    rule = deviation.rule.partition(":")[0]
    if rule not in (WINDOW, MISSED, ASSESSMENT, CONSENT):
        return None
    shown = {(found[0], found[2]) for found in _shown(study, person, today)}
    return (deviation.rule, deviation.visit) in shown


def found_deviations(workspace: Workspace, actor: Actor) -> tuple[FoundDeviation, ...]:
    """What the data of everyone in the actor's scope show and nobody has recorded, oldest first."""
    found = [
        one
        for person in participants_in_scope(workspace, actor)
        for one in find_deviations(workspace.study, person, workspace.today)
    ]
    return tuple(sorted(found, key=lambda one: (one.since or date.max, one.participant, one.rule)))


# --- recorded ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeviationChoice:
    """Which recorded deviations to show; an empty field leaves out nothing."""

    site: str = ""
    kind: str = ""
    importance: str = ""
    status: str = ""
    search: str = ""

    def takes(self, one: ListedDeviation) -> bool:
        """Whether a deviation is among those chosen; `search` looks at number and description."""
        deviation = one.deviation
        pairs = (
            (self.site, one.site),
            (self.kind, deviation.kind),
            (self.importance, deviation.importance),
            (self.status, deviation.status),
        )
        text = f"{one.label} {one.participant} {deviation.id} {deviation.description}".casefold()
        return all(not want or want == has for want, has in pairs) and self.search.casefold() in text


def listed_deviations(
    workspace: Workspace, actor: Actor, choice: DeviationChoice | None = None
) -> tuple[ListedDeviation, ...]:
    """The recorded deviations in the actor's scope, the newest first."""
    found = [
        one
        for person in participants_in_scope(workspace, actor)
        for one in deviations_of(workspace.study, person)
        if choice is None or choice.takes(one)
    ]
    return tuple(sorted(found, key=lambda one: one.deviation.at, reverse=True))


def deviations_of(study: Study, person: ParticipantState) -> tuple[ListedDeviation, ...]:
    """One participant's recorded deviations in the order they were recorded."""
    return tuple(
        ListedDeviation(
            person.key,
            label_of(person),
            person.site,
            visit_title(study, one.visit) if one.visit else "",
            one,
        )
        for one in person.deviations.values()
    )


DEVIATION_COLUMNS = (
    "site", "participant", "candidate", "deviation", "kind", "visit", "description", "rule", "recorded_at",
    "recorded_by", "status", "importance", "impact", "action", "prevention", "assessed_by", "assessed_at",
)  # fmt: skip


def deviation_cells(rows: Iterable[ListedDeviation]) -> Iterator[tuple[str, ...]]:
    """The deviations as rows of a file under `DEVIATION_COLUMNS`."""
    for row in rows:
        one = row.deviation
        number = "" if row.label == row.participant else row.label
        yield (
            row.site, number, row.participant, one.id, one.kind, one.visit, one.description, one.rule, one.at,
            one.by, one.status, one.importance, one.impact, one.action, one.prevention, one.assessed_by,
            one.assessed_at,
        )  # fmt: skip


# --- actions -----------------------------------------------------------------------------------


def record_found(workspace: Workspace, actor: Actor, key: str, rule: str, visit: str) -> Outcome:
    """Record what a rule found, in the rule's own words as they are now.

    Errors: `UserError` when the rule does not find it any more, e.g. because somebody recorded it meanwhile.
    """
    person = workspace.conduct.participant(key)
    found = next(
        (
            one
            for one in find_deviations(workspace.study, person, workspace.today)
            if (one.rule, one.visit) == (rule, visit)
        ),
        None,
    )
    if found is None:
        raise UserError(
            _("this deviation of {participant} is no longer found").format(participant=key),
            _("it was recorded already, or the data have changed; look at the list again"),
        )
    return workspace.do(RecordDeviation(key, found.kind, found.description, found.visit, rule=rule), actor)


def record_by_hand(
    workspace: Workspace,
    actor: Actor,
    key: str,
    *,
    kind: str,
    description: str,
    visit: str = "",
    action: str = "",
) -> Outcome:
    """Record a departure somebody noticed.

    Errors: `UserError` without a participant, or for a kind that is none of `KINDS`; `CommandRefusedError` e.g. without a description.
    """
    if not key:
        raise UserError(_("no participant was chosen"), _("choose whom it concerns"))
    if kind not in KINDS:
        raise UserError(_("no kind of deviation was chosen"), _("choose one of the list"))
    return workspace.do(RecordDeviation(key, kind, description, visit, action), actor)


def assess(
    workspace: Workspace,
    actor: Actor,
    key: str,
    deviation: str,
    *,
    importance: str,
    impact: str,
    action: str,
    prevention: str = "",
) -> Outcome:
    """Say how much a recorded deviation matters, what it means, what was done and what will prevent it.

    Errors: `CommandRefusedError`, e.g. when the deviation does not exist or the importance is none.
    """
    return workspace.do(AssessDeviation(key, deviation, importance, impact, action, prevention), actor)
