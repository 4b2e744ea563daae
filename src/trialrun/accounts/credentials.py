"""Passwords of accounts, the count of failures that locks them, and the links by which people set one."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from trialrun.accounts.database import Database, Transaction, read_moment, written
from trialrun.accounts.passwords import Costs, check_new_password, fits, normal

FAILURES = 5
FAILURES_OF_AN_ADDRESS = 30
WINDOW = timedelta(minutes=15)
FIRST_LOCK = timedelta(minutes=15)
LONGEST_LOCK = timedelta(hours=8)
LINK_LASTS = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a given password or code came to.

    `locked_until`: no more is looked at before then, right or wrong. `just_locked`: this failure locked it.
    """

    ok: bool
    locked_until: datetime | None = None
    just_locked: bool = False


@dataclass(frozen=True, slots=True)
class SignIns:
    """When an account was signed in last and the time before; failures since then, and between the two."""

    last: datetime | None = None
    before: datetime | None = None
    failures: int = 0
    failures_before: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """Whose attempts are counted, and how many failures lock it; `shared`: by many people."""

    whom: str
    most: int
    shared: bool = False


def digest(token: str) -> str:
    """What is kept of a token: enough to know it again, too little to use it."""
    return hashlib.sha256(token.encode()).hexdigest()


class Credentials:
    """Passwords, attempts and setting links."""

    _database: Database
    _costs: Costs

    # --- passwords ---------------------------------------------------------------------------

    def set_password(self, user: str, password: str, *, now: datetime, names: Iterable[str] = ()) -> None:
        """Keep a new password; every setting link of the account ends.

        Args:
            names: printed name, mail address and words of the place, which the password must not contain.
        Errors: `PasswordError` when it is easily guessed; nothing changes then.
        """
        check_new_password(password, (user, *names))
        kept = self._costs.hasher.hash(normal(password))
        with self._database.transaction() as transaction:
            transaction.run(
                "INSERT INTO credentials (account, hash, changed_at) VALUES (?, ?, ?) "
                "ON CONFLICT (account) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at",
                user, kept, written(now),
            )  # fmt: skip
            transaction.run("DELETE FROM links WHERE account = ?", user)

    def has_password(self, user: str) -> bool:
        """Whether the account can be signed in to."""
        return self._kept(user) != ""

    def password_changed_at(self, user: str) -> datetime | None:
        """When the password was set."""
        found = self._database.row("SELECT changed_at FROM credentials WHERE account = ?", user)
        return read_moment(found[0]) if found else None

    def _kept(self, user: str) -> str:
        found = self._database.row("SELECT hash FROM credentials WHERE account = ?", user)
        return found[0] if found else ""

    def check_password(self, user: str, password: str, *, now: datetime, address: str = "") -> CheckResult:
        """Whether the password is the account's; counts failures and locks after five in fifteen minutes.

        An unknown name takes as long, counts and locks like a known one. While an account or an address is locked
        nothing is compared.
        """
        counted = (_address(address), counted_user(user)) if address else (counted_user(user),)
        attempt = self._attempt(user, counted, now)
        if attempt.locked_until is not None and not attempt.just_locked:
            return attempt
        kept = self._kept(user)
        if not fits(self._costs, kept, password):
            return attempt
        self._clear(user, counted)
        if self._costs.hasher.check_needs_rehash(kept):
            again = self._costs.hasher.hash(normal(password))
            self._database.run(
                "UPDATE credentials SET hash = ? WHERE account = ? AND hash = ?", again, user, kept
            )
        return CheckResult(ok=True)

    # --- attempts ----------------------------------------------------------------------------

    def _attempt(self, user: str, counted: Iterable[Counted], now: datetime) -> CheckResult:
        """Count an attempt as failed before it is looked at: of many at once none slips through uncounted."""
        lock: datetime | None = None
        just = False
        with self._database.transaction() as transaction:
            for one in counted:
                found, newly = _count(transaction, one, now)
                if found is not None:
                    lock, just = max(found, lock or found), newly
                if found is not None and not newly:
                    break  # who is kept out cannot make others be kept out
            # In the same transaction, and for unknown names without effect: no name takes longer than another.
            transaction.run(
                "INSERT INTO sign_ins (account, failures) SELECT account, 1 FROM credentials "
                "WHERE account = ? ON CONFLICT (account) DO UPDATE SET failures = sign_ins.failures + 1",
                user,
            )  # fmt: skip
        return CheckResult(ok=False, locked_until=lock, just_locked=just)

    def _clear(self, user: str, counted: Iterable[Counted]) -> None:
        """The attempt was right: the account's count begins anew, the address gets its one attempt back."""
        with self._database.transaction() as transaction:
            for one in counted:
                if one.shared:
                    transaction.run(
                        "UPDATE attempts SET failures = failures - 1, locked_until = '' WHERE whom = ?",
                        one.whom,
                    )
                else:
                    transaction.run("DELETE FROM attempts WHERE whom = ?", one.whom)
            transaction.run(
                "UPDATE sign_ins SET failures = failures - 1 WHERE account = ? AND failures > 0", user
            )

    def locked_until(self, user: str, *, now: datetime) -> datetime | None:
        """Until when an account takes no password; `None` when it is open."""
        found = self._database.row(
            "SELECT locked_until FROM attempts WHERE whom = ?", counted_user(user).whom
        )
        until = read_moment(found[0]) if found else None
        return until if until is not None and until > now else None

    def unlock(self, user: str) -> bool:
        """Let a locked account be tried again; whether it had been counted at all."""
        return (
            self._database.run(
                "DELETE FROM attempts WHERE whom IN (?, ?)",
                counted_user(user).whom,
                counted_user(user, "code").whom,
            )
            > 0
        )

    def note_sign_in(self, user: str, *, now: datetime) -> None:
        """A sign-in is complete: it becomes the last one."""
        self._database.run(
            "INSERT INTO sign_ins (account, last_at) VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET "
            "before_at = sign_ins.last_at, last_at = excluded.last_at, failures_before = sign_ins.failures, failures = 0",
            user, written(now),
        )  # fmt: skip

    def sign_ins(self, user: str) -> SignIns:
        """The last sign-ins and failures of an account."""
        found = self._database.row(
            "SELECT last_at, before_at, failures, failures_before FROM sign_ins WHERE account = ?", user
        )
        if found is None:
            return SignIns()
        return SignIns(read_moment(found[0]), read_moment(found[1]), found[2], found[3])

    # --- setting links -----------------------------------------------------------------------

    def setting_link(self, user: str, *, now: datetime) -> str:
        """A token with which the account's password is set once within 72 hours; ends the ones before it."""
        token = secrets.token_urlsafe(32)
        with self._database.transaction() as transaction:
            transaction.run("DELETE FROM links WHERE account = ?", user)
            transaction.run(
                "INSERT INTO links (digest, account, made_at, expires_at) VALUES (?, ?, ?, ?)",
                digest(token), user, written(now), written(now + LINK_LASTS),
            )  # fmt: skip
        return token

    def link_user(self, token: str, *, now: datetime) -> str | None:
        """Whose password a setting link sets; `None` when it is used, too old or none."""
        found = self._database.row(
            "SELECT account FROM links WHERE digest = ? AND expires_at > ?", digest(token), written(now)
        )
        return found[0] if found else None

    def link_expires(self, user: str, *, now: datetime) -> datetime | None:
        """Until when the account's open setting link works; `None` when there is none."""
        found = self._database.row(
            "SELECT expires_at FROM links WHERE account = ? AND expires_at > ?", user, written(now)
        )
        return read_moment(found[0]) if found else None

    def end_link(self, token: str, *, now: datetime) -> bool:
        """Use a setting link up; whether it was good until now (of two at once only one is)."""
        return (
            self._database.run(
                "DELETE FROM links WHERE digest = ? AND expires_at > ?", digest(token), written(now)
            )
            == 1
        )


def counted_user(user: str, what: str = "user") -> Counted:
    """The count of a name; what is typed is not kept, for people type passwords into that field."""
    return Counted(f"{what}:{digest(user.casefold())}", FAILURES)


def _address(address: str) -> Counted:
    return Counted(f"address:{address}", FAILURES_OF_AN_ADDRESS, shared=True)


def _count(transaction: Transaction, one: Counted, now: datetime) -> tuple[datetime | None, bool]:
    """Count a failure; until when it is locked, and whether this failure did it."""
    transaction.run(
        "INSERT INTO attempts (whom, since) VALUES (?, ?) ON CONFLICT (whom) DO NOTHING",
        one.whom,
        written(now),
    )
    found = transaction.locked_row(
        "SELECT failures, locks, since, locked_until FROM attempts WHERE whom = ?", one.whom
    )
    failures, locks, since, until = found or (0, 0, written(now), "")
    locked = read_moment(until)
    if locked is not None and locked > now:
        return locked, False
    begun = read_moment(since) or now
    if locked is not None or now - begun > WINDOW:
        failures, begun = 0, now
    failures += 1
    lock: datetime | None = None
    if failures >= one.most:
        lock = now + min(FIRST_LOCK * 2 ** min(locks, 8), LONGEST_LOCK)
        locks += 1
    transaction.run(
        "UPDATE attempts SET failures = ?, locks = ?, since = ?, locked_until = ? WHERE whom = ?",
        failures, locks, written(begun), written(lock) if lock else "", one.whom,
    )  # fmt: skip
    return lock, lock is not None
