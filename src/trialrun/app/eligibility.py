"""The eligibility of one candidate: every criterion with its outcome, values, gaps, and the sign-off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from trialrun.app.candidates import screening_visit
from trialrun.app.language import gettext as _
from trialrun.app.workspace import Workspace
from trialrun.evaluate.eligibility import CriterionOutcome, Eligibility, ValueUsed
from trialrun.ledger.commands import Actor, SignEligibility
from trialrun.ledger.conduct import Outcome
from trialrun.ledger.events import Event
from trialrun.ledger.rows import home_visit, plain_visit, row_at, rows_by_form
from trialrun.ledger.rules import rules_of
from trialrun.ledger.state import ParticipantState, SignedEligibility
from trialrun.study.describe import derived_words, steps_of
from trialrun.study.kept import Kept
from trialrun.study.model import Criterion, ItemType, Study
from trialrun.study.screen import Screener

_STEPS = Kept(derived_words)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is asked: visit, form, row (0 where the form does not repeat), item, and in words."""

    visit: str
    form: str
    row: int
    item: str
    words: str


@dataclass(frozen=True, slots=True)
class ValueSeen:
    """A value a criterion was decided with; `hidden` where the reader may not see who somebody is."""

    label: str
    value: str
    on: date | None = None
    place: Place | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing for an answer, and where it is answered."""

    label: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class CriterionLine:
    """One criterion on one candidate.

    `passes` is `None` while unknown; `steps` say how the named values in the rule are made;
    `assumptions` are those behind it that nobody has confirmed.
    """

    id: str
    inclusion: bool
    text: str
    words: str
    steps: tuple[tuple[str, str], ...]
    outcome: str
    passes: bool | None
    deciding: bool
    values: tuple[ValueSeen, ...]
    gaps: tuple[Gap, ...]
    possible: tuple[str, ...]
    advice: str
    attested_by: tuple[str, ...]
    look_back: str
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """A value that changed after the sign-off: what, from, to, by whom, when and why."""

    place: Place
    was: str
    now: str
    by: str
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class SignOff:
    """The investigator's sign-off and whether it still holds; what changed since when it does not."""

    signed: SignedEligibility
    by: str
    holds: bool
    changes: tuple[Changed, ...] = ()
    outcomes: tuple[tuple[str, str, str], ...] = ()  # criterion, signed outcome, outcome now


@dataclass(frozen=True, slots=True)
class EligibilityPage:
    """All criteria of one candidate, and what they give together.

    `inputs` is the digest of the values behind the answer: signing names it, so that nobody signs what
    they did not see.
    """

    key: str
    status: str
    lines: tuple[CriterionLine, ...]
    deciding: tuple[str, ...]
    flags: tuple[str, ...]
    inputs: str
    sign_off: SignOff | None
    version: int
    gaps: tuple[Gap, ...] = field(default=())

    def count(self, passes: bool | None) -> int:
        """How many criteria let the candidate in (`True`), keep them out, or are unknown (`None`)."""
        return sum(line.passes is passes for line in self.lines)


def eligibility_page(
    workspace: Workspace, person: ParticipantState, *, sees_identity: bool
) -> EligibilityPage:
    """The criteria on what is saved now.

    Args:
        sees_identity: whether identifying values may be shown; their words stand without them otherwise.

    Unknown: a criterion that lacks a value is unknown and names what is missing.
    """
    study = workspace.study
    reader = _Reader(study, person, sees_identity)
    found = _screened(study, person)
    open_ones = frozenset(study.assumptions) - workspace.conduct.study_state().confirmed
    view = rules_of(study).eligibility(person)
    lines = tuple(reader.line(study.criteria[one.id], one, found, open_ones) for one in found.outcomes)
    gaps = tuple(dict.fromkeys(gap for line in lines for gap in line.gaps))
    return EligibilityPage(
        person.key,
        view.status,
        lines,
        found.deciding,
        found.flags,
        view.inputs,
        _sign_off(workspace, person, found, view.inputs, reader),
        person.version,
        gaps,
    )


def _screened(study: Study, person: ParticipantState) -> Eligibility:
    visit = screening_visit(study)
    row = row_at(study, person, visit)
    on = person.visits.get(visit)
    dates = dict.fromkeys(row, on) if on is not None else {}
    return Screener(study).screen(row, rows_by_form(study, person), dates=dates)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns the criteria's answers into lines with places."""

    study: Study
    person: ParticipantState
    sees_identity: bool

    def line(
        self, criterion: Criterion, outcome: CriterionOutcome, found: Eligibility, open_ones: frozenset[str]
    ) -> CriterionLine:
        study = self.study
        words = _STEPS.of(study)
        return CriterionLine(
            outcome.id,
            outcome.inclusion,
            criterion.text,
            outcome.words,
            tuple((study.derived[name].label, words[name]) for name in steps_of(study, criterion)),
            outcome.outcome.value,
            outcome.passes,
            outcome.id in found.deciding,
            tuple(self.value(one) for one in outcome.values),
            tuple(self.gap(name) for name in outcome.missing),
            outcome.possible,
            outcome.advice,
            tuple(attester_words(study, name) for name in outcome.attested_by),
            criterion.look_back,
            tuple(
                study.assumptions[name].about
                for name in criterion.assumptions
                if name in open_ones and study.assumptions[name].confirmed is None
            ),
        )

    def value(self, used: ValueUsed) -> ValueSeen:
        item = self.study.items.get(used.name)
        if item is not None and item.identifying and not self.sees_identity:
            return ValueSeen(used.label, "", None, self.place(used.name), hidden=True)
        text = str(used).removeprefix(f"{used.label}: ")
        shown = text.removesuffix(f" ({used.on.isoformat()})") if used.on else text
        return ValueSeen(used.label, shown, used.on, self.place(used.name))

    def gap(self, name: str) -> Gap:
        """A missing input: an item, or `form 2: item` for one of a list's rows."""
        before, _colon, item = name.rpartition(": ")
        form, _space, count = before.rpartition(" ")
        if form in self.study.forms and count.isdigit():
            keys = list(self.person.rows(form))
            visit, row = keys[int(count) - 1] if int(count) <= len(keys) else ("", 0)
            label = self.study.items[item].label if item in self.study.items else item
            return Gap(f"{self.study.forms[form].title} {count}: {label}", self.place(item, visit, row))
        known = self.study.items.get(name)
        derived = self.study.derived.get(name)
        label = known.label if known else derived.label if derived else name
        return Gap(label, self.place(name))

    def place(self, name: str, visit: str = "", row: int = 0) -> Place | None:
        """The form that asks an item, or holds the list a derived value is made of."""
        derived = self.study.derived.get(name)
        form = self.study.forms.get(derived.over) if derived and derived.over else self.study.form_of(name)
        if form is None:
            return None
        at = visit or self.asked_at(form.name)
        if not at:
            return None
        item = name if name in self.study.items else ""
        words = f"{self.study.visits[plain_visit(at)].title}, {form.title}"
        return Place(at, form.name, row, item, words)

    def asked_at(self, form: str) -> str:
        """The visit whose answer counts: screening where it asks the form, else the one visit that does."""
        screening = screening_visit(self.study)
        if screening and form in self.study.visits[screening].forms:
            return screening
        home = home_visit(self.study, form)
        if home is not None:
            return home.name
        return next((one.name for one in self.study.visits.values() if form in one.forms), "")


def attester_words(study: Study, who: str) -> str:
    """Who must vouch for an answer, in words."""
    if who in study.roles:
        return study.roles[who].title
    return {
        "participant": _("Participant"),
        "laboratory": _("Laboratory"),
        "computed": _("Computed"),
        "investigator": _("Investigator"),
        "principal_investigator": _("Principal investigator"),
    }.get(who, who.replace("_", " "))


# --- the sign-off -----------------------------------------------------------------------------


def sign_eligibility(
    workspace: Workspace, actor: Actor, key: str, outcome: str, inputs: str, statement: str
) -> Outcome:
    """Put the actor's name to the outcome they saw, resting on the values they saw.

    Errors: `CommandRefusedError` when the criteria give something else now, or a value changed.
    """
    return workspace.do(SignEligibility(key, outcome, statement.strip(), inputs), actor)


def _sign_off(
    workspace: Workspace, person: ParticipantState, found: Eligibility, inputs: str, reader: _Reader
) -> SignOff | None:
    signed = person.eligibility
    if signed is None:
        return None
    name = workspace.conduct.access_state().users.get(signed.by, signed.by)
    if signed.valid and signed.inputs == inputs:
        return SignOff(signed, name, holds=True)
    events = list(workspace.store.read(f"participant/{person.key}"))
    at = next((index for index, event in enumerate(events) if event.hash == signed.hash), len(events))
    before: Mapping[str, str] = events[at].data["criteria"] if at < len(events) else {}
    outcomes = tuple(
        (one.id, before.get(one.id, ""), one.outcome.value)
        for one in found.outcomes
        if before.get(one.id, "") != one.outcome.value
    )
    changes = tuple(change for event in events[at + 1 :] for change in _changes(event, reader))
    return SignOff(signed, name, holds=False, changes=changes, outcomes=outcomes)


def _changes(event: Event, reader: _Reader) -> Iterable[Changed]:
    data = event.data
    if event.type not in ("ItemsEntered", "ItemsCorrected"):
        return
    visit, form, row = data["visit"], data["form"], data["row"]
    if not reader.study.forms[form].repeating and plain_visit(visit) != reader.asked_at(form):
        return
    was: Mapping[str, Any] = data.get("was", {})
    for name, entry in data["items"].items():
        place = reader.place(name, visit, row)
        if place is None:
            continue
        shut = reader.study.items[name].identifying
        yield Changed(
            place,
            _("not shown") if shut else entry_words(reader.study, name, was.get(name, {})),
            _("not shown") if shut else entry_words(reader.study, name, entry),
            event.by,
            event.at,
            event.reason,
        )


def entry_words(study: Study, name: str, entry: Mapping[str, Any]) -> str:
    """A saved entry in words: the label of a choice, yes or no, the number with its unit, or why it is missing."""
    item = study.items[name]
    if entry.get("missing"):
        return _("missing: {}").format(str(entry["missing"]).replace("_", " "))
    text = entry.get("text")
    if text is None:
        return _("empty")
    if item.type is ItemType.BOOLEAN:
        return _("yes") if text == "true" else _("no")
    labels = {choice.code: choice.label for choice in item.choices}
    unit = str(entry.get("unit") or "")
    shown = "; ".join(labels.get(code, code) for code in str(text).split(";")) if labels else str(text)
    return f"{shown} {unit}" if unit and not unit.startswith("{") else shown
