"""Erasing a person: the key of the identifying values is destroyed, and so is everything unsaved about them.

Source: GDPR Art. 17 with its limits for trials (Art. 17(3)(d)); what was recorded without identity stays, and so does the
chain of the log.
"""

from __future__ import annotations

from trialrun.app.language import gettext as _
from trialrun.app.workspace import Workspace
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, EraseIdentity


def erased(workspace: Workspace) -> tuple[str, ...]:
    """The candidates and participants whose identity was erased."""
    conduct = workspace.conduct
    return tuple(key for key in conduct.participants() if conduct.participant(key).erased)


def erase_identity(workspace: Workspace, actor: Actor, key: str, again: str, reason: str) -> None:
    """Destroy the key of somebody's identifying values and every draft about them. It cannot be taken back.

    Args:
        again: the number once more, so that a slip erases nobody.

    Errors: `UserError` when the two numbers differ or there is nobody of that number; `CommandRefusedError`.
    """
    if key != again:
        raise UserError(_("The two numbers differ."), _("Type the candidate number twice."))
    if key not in workspace.conduct.participants():
        raise UserError(
            _("There is nobody with the number {key}.").format(key=repr(key)), _("Check the number.")
        )
    workspace.do(EraseIdentity(key, reason), actor)
    workspace.accounts.drop_drafts_about(key)
