"""Drafts of forms: what was typed and not saved, kept apart from the record and given back.

Identifying items are left out: a draft is no part of the sealed record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from trialrun.app.form_entry import FormPlace, Typed, typed_fields
from trialrun.app.workspace import Workspace
from trialrun.ledger.commands import Actor


@dataclass(frozen=True, slots=True)
class FormDraft:
    """A draft: its fields, the version it was begun on, when it was kept, whether the form changed since.

    `left_out` are the identifying items that are never kept in a draft.
    """

    typed: Mapping[str, Typed]
    seen: int
    at: datetime
    outdated: bool
    left_out: tuple[str, ...]


def keep_form_draft(
    workspace: Workspace, actor: Actor, place: FormPlace, typed: Mapping[str, Typed], seen: int
) -> bool:
    """Keep what is typed, for this user alone; `False` when it says no more than what is saved."""
    items = workspace.study.items
    kept = {name: one for name, one in typed.items() if not items[name].identifying}
    saved = typed_fields(workspace.conduct.participant(place.participant), place, items)
    if all(one == saved[name] or (one.empty and saved[name].empty) for name, one in kept.items()):
        drop_form_draft(workspace, actor, place)
        return False
    text = json.dumps({name: [one.text, one.unit, one.missing] for name, one in kept.items()})
    workspace.accounts.save_draft(actor.user, place.key, text, seen, now=workspace.now)
    return True


def form_draft(workspace: Workspace, actor: Actor, place: FormPlace) -> FormDraft | None:
    """This user's draft of a form, unless it says no more than what is saved by now."""
    from trialrun.app.form_merge import changes_since

    kept = workspace.accounts.draft(actor.user, place.key)
    if kept is None:
        return None
    form = workspace.study.forms[place.form]
    fields = {name: Typed(*parts) for name, parts in json.loads(kept.data).items() if name in form.items}
    saved = typed_fields(workspace.conduct.participant(place.participant), place, workspace.study.items)
    if all(one == saved[name] for name, one in fields.items()):
        return None
    return FormDraft(
        fields,
        kept.version,
        kept.saved_at or workspace.now,
        bool(changes_since(workspace, place, kept.version)),
        tuple(name for name in form.items if workspace.study.items[name].identifying),
    )


def drop_form_draft(workspace: Workspace, actor: Actor, place: FormPlace) -> None:
    """Forget a draft."""
    workspace.accounts.drop_draft(actor.user, place.key)
