"""Drafts: what somebody has typed and not saved, so that a sign-out or a power cut loses nothing.

A draft belongs to one account and one place and is never read as data. It may hold what was typed about a
participant, so it ends with saving, after thirty days, and when the participant's identity is erased.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from trialrun.accounts.database import Database, read_moment, written

DRAFTS_LAST = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed at a place, on which version of what was saved before, and when."""

    place: str
    data: str
    version: int
    saved_at: datetime | None


class Drafts:
    """The drafts of all accounts."""

    _database: Database

    def save_draft(self, user: str, place: str, data: str, version: int, *, now: datetime) -> None:
        """Keep what is typed at a place, in place of what was kept there."""
        self._database.run(
            "INSERT INTO drafts (account, place, data, version, saved_at) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (account, place) DO UPDATE SET data = excluded.data, version = excluded.version, "
            "saved_at = excluded.saved_at",
            user, place, data, version, written(now),
        )  # fmt: skip

    def draft(self, user: str, place: str) -> Draft | None:
        """What is kept of a place; `None` when nothing is."""
        found = self._database.row(
            "SELECT place, data, version, saved_at FROM drafts WHERE account = ? AND place = ?", user, place
        )
        return _read(found) if found else None

    def drafts_of(self, user: str) -> tuple[Draft, ...]:
        """All drafts of an account, the newest first."""
        found = self._database.rows(
            "SELECT place, data, version, saved_at FROM drafts WHERE account = ? ORDER BY saved_at DESC", user
        )
        return tuple(map(_read, found))

    def drop_draft(self, user: str, place: str) -> None:
        """The draft was saved or is not wanted."""
        # Asked for at every save, where there is hardly ever one: looking does not wait for those who write.
        if self._database.row("SELECT 1 FROM drafts WHERE account = ? AND place = ?", user, place):
            self._database.run("DELETE FROM drafts WHERE account = ? AND place = ?", user, place)

    def drop_drafts(self, beginning: str) -> int:
        """End every draft whose place begins so, whoever wrote it; how many there were."""
        return self._database.run(
            "DELETE FROM drafts WHERE substr(place, 1, ?) = ?", len(beginning), beginning
        )

    def drop_drafts_about(self, word: str) -> int:
        """End every draft whose place or content names something (a participant's number); how many there were."""
        anywhere = f"%{word}%"
        return self._database.run("DELETE FROM drafts WHERE place LIKE ? OR data LIKE ?", anywhere, anywhere)


def _read(row: tuple[object, ...]) -> Draft:
    return Draft(str(row[0]), str(row[1]), int(str(row[2])), read_moment(str(row[3])))
