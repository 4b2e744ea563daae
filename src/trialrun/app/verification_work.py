"""The worklist of source verifications that a change undid."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from trialrun.app.event_words import Words
from trialrun.app.verification import lost_marks
from trialrun.app.work import WorkRow, participant_path
from trialrun.ledger.commands import Actor

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace


def lost_rows(workspace: Workspace, actor: Actor) -> tuple[WorkRow, ...]:
    """What was verified and changed since, each with the change that undid it."""
    words = Words(workspace, actor)
    rows: list[WorkRow] = []
    for one in lost_marks(workspace, actor):
        mark = one.mark
        what = words.place({"visit": mark.visit, "form": mark.form, "row": mark.row})
        parts = (quote(mark.visit, safe=""), quote(mark.form, safe=""), str(mark.row))
        rows.append(
            WorkRow(
                one.key,
                one.label,
                one.site,
                f"{what}: {words.item(mark.item)}" if mark.item else what,
                f"{participant_path(one.key)}/verification/{'/'.join(parts)}",
                workspace.day_of(one.lost.at),
                "; ".join(words.said(cause) for cause in one.causes),
            )
        )
    return tuple(rows)
