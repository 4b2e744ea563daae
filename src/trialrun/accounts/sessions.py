"""Sessions: who is signed in, as what, since when. The browser holds a random token, the table its digest."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trialrun.accounts.credentials import digest
from trialrun.accounts.database import Database, read_moment, written

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
# Ended ones are known that much longer, to keep what their owner sends too late.
KEPT_AFTER_END = timedelta(hours=24)
# Looking is not written down each time; the session ends at most this much early.
_NOTED_EVERY = timedelta(seconds=20)
_COLUMNS = "digest, account, role, site, step, opened_at, last_seen, confirmed_at, device, address"

CODE = "code"
ROLE = "role"


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in in progress or in force.

    `step`: what is still to be given before anything may be done: `code` (second factor), `role` (which one), or
    nothing. `confirmed_at`: when the password was last given again since signing in. `ends_at`: when it ends if nothing is done.
    """

    id: str
    user: str
    role: str
    site: str
    step: str
    opened_at: datetime
    last_seen: datetime
    confirmed_at: datetime | None = None
    device: str = ""
    address: str = ""

    @property
    def signed_in(self) -> bool:
        """Whether nothing more is to be given."""
        return not self.step

    @property
    def ends_at(self) -> datetime:
        """When it ends if nothing is done."""
        return min(self.last_seen + IDLE, self.opened_at + ABSOLUTE)


class Sessions:
    """The sessions of all accounts."""

    _database: Database

    def open_session(
        self,
        user: str,
        role: str,
        site: str,
        *,
        now: datetime,
        step: str = "",
        device: str = "",
        address: str = "",
    ) -> str:
        """Begin a session; the token for the browser's cookie, of which only a digest is kept."""
        token = secrets.token_urlsafe(32)
        moment = written(now)
        self._database.run(
            f"INSERT INTO sessions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (own names)
            digest(token), user, role, site, step, moment, moment, "", device[:200], address[:64],
        )  # fmt: skip
        return token

    def session(self, token: str, *, now: datetime, seen: bool = True) -> Session | None:
        """The session of a token; `None` when there is none or it has ended (30 minutes idle, 12 hours in all).

        Args:
            seen: whether this counts as something done; asking how much time is left does not.
        """
        session = self._session(token)
        if session is None or now >= session.ends_at:
            return None
        if not seen or now - session.last_seen < _NOTED_EVERY:
            return session
        self._database.run(
            "UPDATE sessions SET last_seen = ? WHERE digest = ? AND last_seen < ?",
            written(now), session.id, written(now),
        )  # fmt: skip
        return replace(session, last_seen=now)

    def _session(self, token: str) -> Session | None:
        found = self._database.row(f"SELECT {_COLUMNS} FROM sessions WHERE digest = ?", digest(token))  # noqa: S608
        return _read(found) if found else None

    def ended_session(self, token: str, *, now: datetime) -> Session | None:
        """A session that ended by itself a while ago: whose it was, so that what is sent too late can be kept for them.

        It opens nothing. One that was signed out of, or purged, is none.
        """
        session = self._session(token)
        return session if session is not None and now >= session.ends_at and session.signed_in else None

    def change_session(
        self, token: str, *, role: str, site: str, step: str = "", now: datetime
    ) -> str | None:
        """Go on in another role or step under a new token; the old one ends. `None` when it had ended already."""
        fresh = secrets.token_urlsafe(32)
        changed = self._database.run(
            "UPDATE sessions SET digest = ?, role = ?, site = ?, step = ?, last_seen = ? WHERE digest = ?",
            digest(fresh), role, site, step, written(now), digest(token),
        )  # fmt: skip
        return fresh if changed else None

    def confirm(self, token: str, *, now: datetime) -> None:
        """The password was given again just now (21 CFR 11.200: the first signature of a session needs it)."""
        self._database.run(
            "UPDATE sessions SET confirmed_at = ? WHERE digest = ?", written(now), digest(token)
        )

    def close_session(self, token: str) -> None:
        """End a session."""
        self._database.run("DELETE FROM sessions WHERE digest = ?", digest(token))

    def close_by_id(self, user: str, session_id: str) -> bool:
        """End a session of this user by its `id`; whether there was one."""
        return (
            self._database.run("DELETE FROM sessions WHERE digest = ? AND account = ?", session_id, user) == 1
        )

    def close_all(self, user: str, *, but: str = "") -> int:
        """End every session of an account, except the one of the token `but`; how many ended."""
        return self._database.run(
            "DELETE FROM sessions WHERE account = ? AND digest <> ?", user, digest(but) if but else ""
        )

    def close_role(self, user: str, role: str, site: str) -> int:
        """End the sessions an account has open in one role (it was taken away)."""
        return self._database.run(
            "DELETE FROM sessions WHERE account = ? AND role = ? AND site = ?", user, role, site
        )

    def sessions_of(self, user: str, *, now: datetime) -> tuple[Session, ...]:
        """The sessions an account has open, the last used first."""
        found = self._database.rows(
            f"SELECT {_COLUMNS} FROM sessions WHERE account = ? ORDER BY last_seen DESC",  # noqa: S608
            user,
        )
        return tuple(session for session in map(_read, found) if now < session.ends_at)

    def open_sessions(self, *, now: datetime) -> dict[str, int]:
        """How many sessions each account has open."""
        found: dict[str, int] = {}
        for row in self._database.rows(f"SELECT {_COLUMNS} FROM sessions"):  # noqa: S608
            if now < _read(row).ends_at:
                found[row[1]] = found.get(row[1], 0) + 1
        return found


def _read(row: tuple[object, ...]) -> Session:
    words = [str(word) for word in row]
    opened, seen, confirmed = (read_moment(word) for word in words[5:8])
    if opened is None or seen is None:
        raise AssertionError("a session has its times")
    return Session(
        words[0], words[1], words[2], words[3], words[4], opened, seen, confirmed, words[8], words[9]
    )
