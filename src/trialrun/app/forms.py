"""Saving a form as a person works: refused where it cannot be right, asked where it may not be, never overwritten.

A form is saved in one go: the fields that changed, the reason where saved data change, the answers to
what the checks asked. Whatever is still needed comes back as data, with everything typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from trialrun.app.form_checks import Examined, changed_entries, examine, next_row
from trialrun.app.form_drafts import drop_form_draft
from trialrun.app.form_entry import NEW_ROW, FormPlace, Typed, typed_from_saved
from trialrun.app.form_merge import Merge, merge
from trialrun.app.language import gettext as _
from trialrun.app.workspace import Workspace
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, AnswerQuery, RemoveRow, SaveForm
from trialrun.ledger.conduct import FormConflictError, Outcome
from trialrun.ledger.decide import Refusal
from trialrun.ledger.decide.capture import as_saved
from trialrun.ledger.state import ParticipantState

KEEP, TAKE_BACK = "keep", "take_back"
MINE, THEIRS = "mine", "theirs"
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Submission:
    """What came back with a form.

    Args:
        typed: the fields.
        seen: the version of the participant the person had in front of them.
        first_seen: the version they had seen before a collision was put to them.
        reason: why saved data change.
        decisions: for items two people changed, whose value to save: `mine` or `theirs`.
        undecided: the items of which that was asked.
        confirmed: the checks (by rule) whose value was confirmed as right.
        answers: what to say to those questions, by rule.
        hidden: what to do with values of items that are not asked any more: `keep` or `take_back`.
    """

    typed: Mapping[str, Typed]
    seen: int
    first_seen: int = 0
    reason: str = ""
    decisions: Mapping[str, str] = field(default_factory=dict[str, str])
    undecided: tuple[str, ...] = ()
    confirmed: frozenset[str] = frozenset()
    answers: Mapping[str, str] = field(default_factory=dict[str, str])
    hidden: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Saved:
    """It is on disk (or nothing had changed). `opened` are the queries it raised, `row` the row it went to."""

    outcome: Outcome
    row: int
    opened: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Needs:
    """Not saved yet: problems to correct, or questions to answer first. Nothing typed is lost.

    `ask_reason`, `ask_findings`, `ask_hidden` say which parts of `examined` still lack an answer.
    """

    examined: Examined
    typed: Mapping[str, Typed]
    ask_reason: bool = False
    ask_findings: tuple[str, ...] = ()
    ask_hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collision:
    """Not saved: somebody changed the form meanwhile, or a field both changed is not decided yet."""

    merge: Merge
    typed: Mapping[str, Typed]
    missing: tuple[str, ...] = ()


def save_form(
    workspace: Workspace, actor: Actor, place: FormPlace, submission: Submission
) -> Saved | Needs | Collision:
    """Save what changed on a form, or say what stands in the way.

    Errors: `CommandRefusedError` when the ledger refuses at the last moment what it allowed a moment ago;
    `UserError` when others keep saving in between.
    """
    for _try in range(_TRIES):
        result = _save_once(workspace, actor, place, submission)
        if result is not None:
            return result
    found = merge(workspace, actor, place, submission.typed, submission.seen)
    if found is None:
        raise UserError(
            _("Others are saving at this very moment; nothing of yours was saved."), _("Save again.")
        )
    return Collision(found, found.typed)


def _save_once(
    workspace: Workspace, actor: Actor, place: FormPlace, submission: Submission
) -> Saved | Needs | Collision | None:
    person = workspace.conduct.participant(place.participant)
    here, seen = place, submission.seen
    if place.row == NEW_ROW:
        again = _same_row(workspace, actor, place, submission)
        if again is not None:
            return again
        here, seen = replace(place, row=_unused_row(workspace, person, place)), person.version
    typed, missing = _decided(person, here, submission)
    found = merge(workspace, actor, here, typed, seen)
    if found is not None and found.fields:
        return Collision(found, typed)
    if missing:
        found = merge(workspace, actor, here, submission.typed, submission.first_seen)
        if found is not None:
            return Collision(found, submission.typed, missing)
    applied = {
        name: Typed() if submission.hidden.get(name) == TAKE_BACK else one for name, one in typed.items()
    }
    examined = examine(workspace, actor, here, applied, reason=submission.reason)
    needs = _needs(examined, typed, submission)
    return needs or _write(workspace, actor, place, here, examined, person.version, submission)


def _decided(
    person: ParticipantState, place: FormPlace, submission: Submission
) -> tuple[dict[str, Typed], tuple[str, ...]]:
    """The fields after the decisions: where theirs was chosen, what stands; and what lacks a decision."""
    now = person.form_values(place.visit, place.form, place.row)
    typed = dict(submission.typed)
    for name, whose in submission.decisions.items():
        if whose == THEIRS and name in typed:
            typed[name] = typed_from_saved(now.get(name))
    missing = tuple(
        name for name in submission.undecided if submission.decisions.get(name) not in (MINE, THEIRS)
    )
    return typed, missing


def _needs(examined: Examined, typed: Mapping[str, Typed], submission: Submission) -> Needs | None:
    if not examined.acceptable:
        return Needs(examined, typed)
    ask_findings = tuple(one.rule for one in examined.findings if one.rule not in submission.confirmed)
    ask_hidden = tuple(
        name for name in examined.hidden if submission.hidden.get(name) not in (KEEP, TAKE_BACK)
    )
    if examined.why_reason or ask_findings or ask_hidden:
        return Needs(examined, typed, bool(examined.why_reason), ask_findings, ask_hidden)
    return None


def _write(
    workspace: Workspace,
    actor: Actor,
    place: FormPlace,
    here: FormPlace,
    examined: Examined,
    version: int,
    submission: Submission,
) -> Saved | None:
    command = SaveForm(
        here.participant, here.visit, here.form, here.row, examined.entries, version, submission.reason
    )
    try:
        outcome = workspace.do(command, actor)
    except FormConflictError:
        return None  # somebody was quicker by a moment: look again
    opened = tuple(event.data["query"] for event in outcome.of("QueryOpened"))
    answered = _answer(workspace, actor, here, outcome, submission)
    drop_form_draft(workspace, actor, place)
    return Saved(outcome, here.row, opened, answered)


def _answer(
    workspace: Workspace, actor: Actor, place: FormPlace, outcome: Outcome, submission: Submission
) -> tuple[str, ...]:
    """The answers given while saving, put to the queries that were opened by it."""
    done: list[str] = []
    for event in outcome.of("QueryOpened"):
        answer = submission.answers.get(event.data["rule"], "").strip()
        if not answer:
            continue
        command = AnswerQuery(place.participant, event.data["query"], answer)
        if not isinstance(workspace.conduct.decide(command, actor), Refusal):
            workspace.do(command, actor)
            done.append(event.data["query"])
    return tuple(done)


def _unused_row(workspace: Workspace, person: ParticipantState, place: FormPlace) -> int:
    """A row number nobody has used, not even a row that was taken back, so that histories stay apart."""
    removed = (
        event.data["row"]
        for event in workspace.store.read(f"participant/{person.key}")
        if event.type == "RowRemoved"
        and (event.data["visit"], event.data["form"]) == (place.visit, place.form)
    )
    return max((next_row(person, place) - 1, *removed)) + 1


def _same_row(workspace: Workspace, actor: Actor, place: FormPlace, submission: Submission) -> Saved | None:
    """The row this very submission made already: a button pressed twice must not make two."""
    person = workspace.conduct.participant(place.participant)
    for (visit, row), values in person.rows(place.form).items():
        fresh = all(one.version > submission.seen and one.by == actor.user for one in values.values())
        if visit != place.visit or not fresh:
            continue
        here = replace(place, row=row)
        entries, problems = changed_entries(workspace, actor, person, here, submission.typed)
        if not entries and not problems and any(as_saved(one) for one in values.values()):
            return Saved(Outcome((), place.participant), row)
    return None


def take_back_row(workspace: Workspace, actor: Actor, place: FormPlace, reason: str) -> Outcome:
    """Take back a row of a repeating form that was entered by mistake.

    Errors: `CommandRefusedError` without a reason, or when there is no such row.
    """
    return workspace.do(RemoveRow(place.participant, place.visit, place.form, place.row, reason), actor)
