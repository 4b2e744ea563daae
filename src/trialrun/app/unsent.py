"""What was sent after a session had ended: kept for its owner, shown after the next sign-in, never saved by itself."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from trialrun.app.workspace import Workspace

PLACE = "unsent"
LARGEST = 500_000
_NEVER_KEPT = ("_csrf_token", "password", "code")


@dataclass(frozen=True, slots=True)
class Unsent:
    """Where it was sent to, the page it was typed on, every field in order, and when."""

    path: str
    page: str
    fields: tuple[tuple[str, str], ...]
    at: datetime | None

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """The fields a person typed something into."""
        return tuple((name, text) for name, text in self.fields if text and not name.startswith("_"))


def keep_unsent(
    workspace: Workspace, user: str, path: str, page: str, fields: Iterable[tuple[str, str]]
) -> bool:
    """Keep what was typed, in place of what was kept before; passwords and codes never are. Whether it was kept."""
    kept = [(name, text) for name, text in fields if not any(word in name for word in _NEVER_KEPT)]
    data = json.dumps({"path": path, "page": page, "fields": kept}, ensure_ascii=False)
    if not any(text for _name, text in kept) or len(data) > LARGEST:
        return False
    workspace.accounts.save_draft(user, PLACE, data, 0, now=workspace.now)
    return True


def unsent(workspace: Workspace, user: str) -> Unsent | None:
    """What is kept for a user; `None` when nothing is."""
    draft = workspace.accounts.draft(user, PLACE)
    if draft is None:
        return None
    data = json.loads(draft.data)
    return Unsent(
        data["path"], data["page"], tuple((name, text) for name, text in data["fields"]), draft.saved_at
    )


def drop_unsent(workspace: Workspace, user: str) -> None:
    """It was sent, or is not wanted."""
    workspace.accounts.drop_draft(user, PLACE)
