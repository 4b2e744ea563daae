"""Secret addresses of calendars: who may read which, without signing in."""

from __future__ import annotations

import secrets
from datetime import datetime

from trialrun.accounts.credentials import digest
from trialrun.accounts.database import Database, read_moment, written


class Feeds:
    """The calendar addresses of all accounts: one per account, role and site, only its hash kept."""

    _database: Database

    def new_feed(self, user: str, role: str, site: str, *, now: datetime) -> str:
        """A new token; the one before it ends."""
        token = secrets.token_urlsafe(32)
        with self._database.transaction() as transaction:
            transaction.run("DELETE FROM feeds WHERE account = ? AND role = ? AND site = ?", user, role, site)
            transaction.run(
                "INSERT INTO feeds (digest, account, role, site, made_at) VALUES (?, ?, ?, ?, ?)",
                digest(token), user, role, site, written(now),
            )  # fmt: skip
        return token

    def feed_owner(self, token: str) -> tuple[str, str, str] | None:
        """The account, role and site a token was made for; `None` when it is not good."""
        found = self._database.row("SELECT account, role, site FROM feeds WHERE digest = ?", digest(token))
        return (str(found[0]), str(found[1]), str(found[2])) if found else None

    def feed_made_at(self, user: str, role: str, site: str) -> datetime | None:
        """When the present token was made; `None` when there is none."""
        found = self._database.row(
            "SELECT made_at FROM feeds WHERE account = ? AND role = ? AND site = ?", user, role, site
        )
        return read_moment(str(found[0])) if found else None

    def end_feed(self, user: str, role: str, site: str) -> None:
        """The token is good no longer."""
        self._database.run("DELETE FROM feeds WHERE account = ? AND role = ? AND site = ?", user, role, site)
