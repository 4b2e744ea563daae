"""Two people on one form: what each changed since they looked, item by item, and what has to be decided.

Three states of every item: as this person saw it first, as they typed it, as it stands now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trialrun.app.form_checks import Problem, read_field, shown_value
from trialrun.app.form_entry import FormPlace, Typed, typed_from_saved
from trialrun.app.workspace import Workspace
from trialrun.ledger.commands import Actor
from trialrun.ledger.decide.asked import Asked
from trialrun.ledger.decide.capture import as_saved
from trialrun.ledger.events import Event
from trialrun.ledger.fold import fold
from trialrun.ledger.state import ERASED, ParticipantState, SavedValue, State
from trialrun.study.model import Item

_CHANGING = frozenset({"ItemsEntered", "ItemsCorrected", "RowRemoved"})


@dataclass(frozen=True, slots=True)
class FieldMerge:
    """One item somebody else changed meanwhile.

    `decide` says that this person changed it too, to something else; otherwise theirs stands.
    `mine`, `theirs`, `first` are shown texts; `reason` is what the other person gave.
    """

    item: str
    label: str
    first: str
    mine: str
    theirs: str
    by: str
    at: str
    reason: str
    decide: bool


@dataclass(frozen=True, slots=True)
class Merge:
    """The whole form: fields changed meanwhile, mine that are untouched by others, and the version now."""

    fields: tuple[FieldMerge, ...]
    kept: tuple[tuple[str, str], ...]
    typed: Mapping[str, Typed]
    version: int

    @property
    def undecided(self) -> tuple[str, ...]:
        """The items both changed."""
        return tuple(one.item for one in self.fields if one.decide)


def changes_since(workspace: Workspace, place: FormPlace, seen: int) -> tuple[Event, ...]:
    """What was done to a form after a version of the participant's stream."""
    if workspace.conduct.version(place.participant) <= seen:
        return ()
    wanted = (place.visit, place.form, place.row)
    return tuple(
        event
        for event in workspace.store.read(f"participant/{place.participant}", after=seen)
        if event.type in _CHANGING and (event.data["visit"], event.data["form"], event.data["row"]) == wanted
    )


def merge(
    workspace: Workspace, actor: Actor, place: FormPlace, typed: Mapping[str, Typed], seen: int
) -> Merge | None:
    """What changed since version `seen` beside what was typed; `None` when nothing did.

    The typed fields of the merge hold theirs wherever this person had changed nothing.
    """
    since = changes_since(workspace, place, seen)
    if not since:
        return None
    person = workspace.conduct.participant(place.participant)
    first = _as_seen(workspace, person, place, seen)
    now = person.form_values(place.visit, place.form, place.row)
    asked = Asked(State(participant=person), workspace.study, workspace.now, actor)
    form = workspace.study.forms[place.form]
    fields: list[FieldMerge] = []
    kept: list[tuple[str, str]] = []
    merged = dict(typed)
    for name in form.items:
        item = workspace.study.items[name]
        last = _last(since, name)
        # What nobody touched since is as it was; so an identifying value need not be opened as of then.
        seen_first = first.get(name) if last is not None else now.get(name)
        theirs, before = as_saved(now.get(name)), as_saved(seen_first)
        shown = typed.get(name, typed_from_saved(seen_first))  # what was not on the page is untouched
        mine = _mine(asked, item, shown, seen_first)
        if last is None or (theirs == before and not _erased(seen_first)):
            if mine != before:
                kept.append((item.label, _words(item, mine, shown)))
            continue
        if mine == theirs:
            continue
        decide = mine != before
        if not decide and name in typed:
            merged[name] = typed_from_saved(now.get(name))
        fields.append(
            FieldMerge(
                name,
                item.label,
                shown_value(item, before) if not _erased(seen_first) else "",
                _words(item, mine, shown),
                shown_value(item, theirs),
                last.by,
                last.at,
                last.reason,
                decide,
            )
        )
    return Merge(tuple(fields), tuple(kept), merged, person.version)


def _as_seen(
    workspace: Workspace, person: ParticipantState, place: FormPlace, seen: int
) -> dict[str, SavedValue]:
    """The form's values at a version. Identifying values of then are not opened again."""
    events = workspace.store.read(f"participant/{person.key}", upto=seen)
    return fold(events).form_values(place.visit, place.form, place.row)


def _erased(value: SavedValue | None) -> bool:
    return value is not None and value.missing == ERASED


def _mine(asked: Asked, item: Item, typed: Typed, first: SavedValue | None) -> dict[str, str]:
    """A typed field in the shape values are saved in; what cannot be saved keeps its typed parts."""
    if typed == typed_from_saved(first):
        return as_saved(first)
    found = read_field(asked, item, typed)
    if isinstance(found, Problem):
        parts: dict[str, Any] = {"text": typed.text, "unit": typed.unit, "missing": typed.missing}
        return {name: part for name, part in parts.items() if part}
    return found[1]


def _words(item: Item, mine: Mapping[str, str], typed: Typed) -> str:
    if not mine:
        return ""
    try:
        return shown_value(item, mine)
    except (KeyError, ValueError):
        return typed.text


def _last(since: tuple[Event, ...], item: str) -> Event | None:
    """The last event that touched an item (or took its whole row back)."""
    touching = (event for event in reversed(since) if item in event.data.get("items", {item: None}))
    return next(touching, None)
