"""What saving a form would lead to, found out without saving: refusals, questions, derived values.

The same functions decide, fold and follow as when the form is saved, so the answer is the same.
Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trialrun.app.form_entry import NEW_ROW, FormPlace, Typed, entry_of, need_place, typed_from_saved
from trialrun.app.form_rules import asked_now
from trialrun.app.workspace import Workspace
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, Entry, SaveForm
from trialrun.ledger.conduct import Foreseen
from trialrun.ledger.decide import Refusal
from trialrun.ledger.decide.asked import Asked
from trialrun.ledger.decide.capture import as_saved
from trialrun.ledger.decide.entries import Saved, saved_entry
from trialrun.ledger.decide.refusal import RuleBrokenError
from trialrun.ledger.events import NewEvent
from trialrun.ledger.state import ParticipantState, SavedValue, State
from trialrun.study.model import Item

_STAND_IN = "-"  # a reason, to find out whether one is all that is lacking


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a field cannot be saved as typed."""

    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A question saving would open: the check's rule, the item it asks about, its words."""

    rule: str
    item: str
    message: str


@dataclass(frozen=True, slots=True)
class Change:
    """A saved value that would become another one, as both are shown."""

    item: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A signature, verification or eligibility sign-off that saving would break, and whose it is."""

    kind: str
    by: str
    item: str = ""


@dataclass(frozen=True, slots=True)
class Examined:
    """What saving would lead to.

    `entries` are the fields that differ from what is saved and can be saved; `problems` those that cannot.
    `refusal` is about the form as a whole. `why_reason` is filled when a reason has to be given.
    `person` is the participant as they would stand; `hidden` holds items with a value that are not asked any more.
    """

    entries: Mapping[str, Entry]
    problems: Mapping[str, Problem]
    refusal: Refusal | None
    why_reason: str
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...]
    broken: tuple[Broken, ...]
    closed: tuple[str, ...]
    asked: Mapping[str, bool | None]
    hidden: tuple[str, ...]
    person: ParticipantState

    @property
    def acceptable(self) -> bool:
        """Whether it can be saved, given a reason where one is needed."""
        return not self.problems and self.refusal is None


def examine(
    workspace: Workspace, actor: Actor, place: FormPlace, typed: Mapping[str, Typed], *, reason: str = ""
) -> Examined:
    """What saving these fields would lead to now.

    Args:
        typed: the form's fields; an item that is not among them is left as it is.
        reason: as given so far.
    Errors: `NoSuchFormError` when the study has no such form at that visit.
    """
    need_place(workspace.study, place)
    person = workspace.conduct.participant(place.participant)
    here = replace(place, row=next_row(person, place)) if place.row == NEW_ROW else place
    entries, problems = changed_entries(workspace, actor, person, here, typed)
    command = SaveForm(person.key, here.visit, here.form, here.row, entries, person.version, reason)
    found, why = _foreseen(workspace, actor, command)
    refusal = found if isinstance(found, Refusal) else None
    if isinstance(found, Refusal) or problems:
        after = _with_entries(person, here, {**entries, **dict.fromkeys(problems, Entry())})
        follow: tuple[NewEvent, ...] = ()
    else:
        after, follow = found.person, found.consequences
    asked = asked_now(workspace.study, after, here)
    return Examined(
        entries,
        problems,
        refusal,
        why,
        _findings(workspace, here, after, follow, refused=bool(problems or refusal)),
        _changes(workspace.study.items, person, here, entries),
        _broken(person, follow),
        tuple(event.data["query"] for event in follow if event.type == "QueryClosed"),
        asked,
        _newly_hidden(workspace, person, here, asked, entries),
        after,
    )


def next_row(person: ParticipantState, place: FormPlace) -> int:
    """The number after the highest row that holds values."""
    rows = (row for visit, form, row, _item in person.values if (visit, form) == (place.visit, place.form))
    return max(rows, default=0) + 1


def changed_entries(
    workspace: Workspace,
    actor: Actor,
    person: ParticipantState,
    place: FormPlace,
    typed: Mapping[str, Typed],
) -> tuple[dict[str, Entry], dict[str, Problem]]:
    """The fields that mean something else than what is saved, and those that mean nothing."""
    asked = Asked(State(participant=person), workspace.study, workspace.now, actor)
    current = person.form_values(place.visit, place.form, place.row)
    entries: dict[str, Entry] = {}
    problems: dict[str, Problem] = {}
    for name in workspace.study.forms[place.form].items:
        field_typed = typed.get(name)
        if field_typed is None or field_typed == typed_from_saved(current.get(name)):
            continue
        found = read_field(asked, workspace.study.items[name], field_typed)
        if isinstance(found, Problem):
            problems[name] = found
        elif found[1] != as_saved(current.get(name)) and not _nothing_either_way(found[1], current.get(name)):
            entries[name] = found[0]
    return entries, problems


def _nothing_either_way(saved: Saved, current: SavedValue | None) -> bool:
    """An empty field over an erased value changes nothing."""
    return not saved and current is not None and current.missing == "erased"


def read_field(asked: Asked, item: Item, typed: Typed) -> tuple[Entry, Saved] | Problem:
    """A typed field as entry and as it would be saved, or what is wrong with it."""
    try:
        entry = entry_of(item, typed)
        return entry, saved_entry(asked, item, entry)
    except RuleBrokenError as broken:
        prefix = f"item {item.name!r} ({item.label}): "
        return Problem(broken.refusal.message.removeprefix(prefix), broken.refusal.remedy)
    except UserError as error:
        return Problem(error.message, error.remedy)


def _foreseen(workspace: Workspace, actor: Actor, command: SaveForm) -> tuple[Foreseen | Refusal, str]:
    """What the save leads to, and what the ledger says where a reason is all that is lacking."""
    bare = workspace.conduct.foresee(command, actor)
    if not isinstance(bare, Refusal) or command.reason:
        return bare, ""
    with_reason = workspace.conduct.foresee(replace(command, reason=_STAND_IN), actor)
    return (bare, "") if isinstance(with_reason, Refusal) else (with_reason, bare.message)


def _with_entries(
    person: ParticipantState, place: FormPlace, entries: Mapping[str, Entry]
) -> ParticipantState:
    """The participant with some values put in place, for a look at what rules make of them."""
    values = dict(person.values)
    for name, entry in entries.items():
        slot = (place.visit, place.form, place.row, name)
        values.pop(slot, None)
        if entry.text is not None:
            values[slot] = SavedValue(entry.text.strip(), entry.unit, None, 0, "", "", "")
    return replace(person, values=values)


def _findings(
    workspace: Workspace,
    place: FormPlace,
    after: ParticipantState,
    follow: tuple[NewEvent, ...],
    *,
    refused: bool,
) -> tuple[Finding, ...]:
    if refused:  # what can be said although something else has to be put right first
        from trialrun.ledger.rules import rules_of

        failing = rules_of(workspace.study).failing(after, place.visit, place.form, place.row)
        return tuple(Finding(one.rule, one.item, one.message) for one in failing)
    return tuple(
        Finding(event.data["rule"], event.data["item"], event.data["message"])
        for event in follow
        if event.type == "QueryOpened"
    )


def shown_value(item: Item, saved: Mapping[str, str]) -> str:
    """A saved value in words: a choice by its label, a number with its unit, a reason for absence."""
    if "missing" in saved:
        return f"({saved['missing'].replace('_', ' ')})"
    text = saved.get("text", "")
    labels = {choice.code: choice.label for choice in item.choices}
    if labels:
        text = ", ".join(labels.get(code, code) for code in text.split(";"))
    text = {"true": "Yes", "false": "No"}.get(text, text) if item.type.value == "boolean" else text
    unit = saved.get("unit", "")
    return f"{text} {unit}" if unit and not unit.startswith("{") and unit != "1" else text


def entry_parts(entry: Entry) -> dict[str, str]:
    """An entry in the shape a value is saved in."""
    pairs = (("text", entry.text), ("unit", entry.unit), ("missing", entry.missing))
    return {name: str(part) for name, part in pairs if part is not None}


def _changes(
    items: Mapping[str, Item], person: ParticipantState, place: FormPlace, entries: Mapping[str, Entry]
) -> tuple[Change, ...]:
    current = person.form_values(place.visit, place.form, place.row)
    return tuple(
        Change(
            name,
            shown_value(items[name], as_saved(current[name])),
            shown_value(items[name], entry_parts(entry)),
        )
        for name, entry in entries.items()
        if name in current
    )


_BREAKS = {
    "SignatureInvalidated": ("signature", "signed"),
    "VerificationInvalidated": ("verification", "verified"),
    "EligibilityInvalidated": ("eligibility", "signed"),
}


def _broken(person: ParticipantState, follow: tuple[NewEvent, ...]) -> tuple[Broken, ...]:
    marks = {mark.hash: mark for mark in (*person.signatures, *person.verifications)}
    found: list[Broken] = []
    for event in follow:
        if event.type not in _BREAKS:
            continue
        kind, part = _BREAKS[event.type]
        mark = marks.get(event.data[part])
        by = mark.by if mark else person.eligibility.by if person.eligibility else ""
        found.append(Broken(kind, by, mark.item if mark else ""))
    return tuple(found)


def has_value(value: SavedValue | None) -> bool:
    """Whether there is a value, not merely a reason for its absence."""
    return value is not None and value.text is not None


def _newly_hidden(
    workspace: Workspace,
    person: ParticipantState,
    place: FormPlace,
    asked: Mapping[str, bool | None],
    entries: Mapping[str, Entry],
) -> tuple[str, ...]:
    """Items that hold (or get) a value although this save makes that they are not asked.

    Where it was so before and nothing about it changes, the person has decided already.
    """
    before = asked_now(workspace.study, person, place)
    current = person.form_values(place.visit, place.form, place.row)
    found: list[str] = []
    for name, is_asked in asked.items():
        if is_asked is not False:
            continue
        entry = entries.get(name)
        fills = entry is not None and entry.text is not None
        stays = entry is None and before[name] is not False and has_value(current.get(name))
        if fills or stays:
            found.append(name)
    return tuple(found)
