"""Accounts: the one door to everything that stands outside the log."""

from __future__ import annotations

import secrets as random_source
from datetime import datetime, timedelta

from trialrun.accounts.credentials import WINDOW
from trialrun.accounts.database import Database, written
from trialrun.accounts.drafts import DRAFTS_LAST, Drafts
from trialrun.accounts.feeds import Feeds
from trialrun.accounts.passwords import Costs
from trialrun.accounts.second_factors import SecondFactors
from trialrun.accounts.sessions import KEPT_AFTER_END, Sessions
from trialrun.ledger.store.backends import Backend

_SECRET_BYTES = 32
_TABLES_OF_AN_ACCOUNT = ("credentials", "second_factors", "recovery_codes", "links", "sessions", "sign_ins", "drafts", "feeds")  # fmt: skip
_ATTEMPTS_LAST = timedelta(days=1)


class Accounts(SecondFactors, Sessions, Drafts, Feeds):
    """Passwords, second factors, sessions, drafts and secrets; open with `open_accounts`, use from any thread.

    An account's name is the ledger's (`UserAdded`); whether it may do anything is the ledger's to say, too.
    """

    def __init__(self, database: Database, costs: Costs) -> None:
        self._database = database
        self._costs = costs
        self._secrets: dict[str, bytes] = {}

    def secret(self, name: str) -> bytes:
        """32 random bytes under a name, made on first use and the same for all processes."""
        if name not in self._secrets:
            self._database.run(
                "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
                name, random_source.token_bytes(_SECRET_BYTES),
            )  # fmt: skip
            found = self._database.row("SELECT value FROM secrets WHERE name = ?", name)
            self._secrets[name] = bytes(found[0]) if found else b""
        return self._secrets[name]

    def forget(self, user: str) -> None:
        """Drop everything kept of an account (it is disabled): nobody can sign in to it, sessions end."""
        with self._database.transaction() as transaction:
            for table in _TABLES_OF_AN_ACCOUNT:
                transaction.run(f"DELETE FROM {table} WHERE account = ?", user)  # noqa: S608 (own names)
        self.unlock(user)

    def purge(self, *, now: datetime) -> int:
        """Drop what is over: ended sessions, old links, counts and drafts; how many rows went."""
        before = {
            "sessions WHERE last_seen <= ?": now - KEPT_AFTER_END,
            "links WHERE expires_at <= ?": now,
            "drafts WHERE saved_at <= ?": now - DRAFTS_LAST,
            "attempts WHERE locked_until = '' AND since <= ?": now - WINDOW,
            "attempts WHERE locked_until <> '' AND locked_until <= ?": now - _ATTEMPTS_LAST,
        }
        return sum(
            self._database.run(f"DELETE FROM {which}", written(limit))  # noqa: S608 (own names)
            for which, limit in before.items()
        )

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()


def open_accounts(backend: Backend, *, costs: Costs | None = None) -> Accounts:
    """The accounts in a ledger's database (`Store.backend`), their tables made if they are not there.

    Args:
        costs: what a password hash costs; tests take cheaper ones.
    """
    return Accounts(Database(backend), costs or Costs())
