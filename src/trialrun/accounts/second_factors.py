"""The second factor: codes of an authenticator (TOTP, RFC 6238) and recovery codes for the day it is lost."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from trialrun.accounts.credentials import CheckResult, Credentials, counted_user, digest

STEP = 30
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator needs: the key to type in, and the address a QR code holds."""

    key: str
    address: str


class SecondFactors(Credentials):
    """Authenticators and recovery codes of accounts."""

    def begin_totp(self, user: str, *, issuer: str) -> Enrolment | None:
        """A new key for an authenticator; it counts only after `confirm_totp`.

        `None` while another one is in force: its key is never shown again, so it is removed first.
        """
        import pyotp

        self._database.run(
            "INSERT INTO second_factors (account, totp) VALUES (?, ?) "
            "ON CONFLICT (account) DO UPDATE SET totp = excluded.totp, last_step = 0 WHERE second_factors.confirmed = 0",
            user, pyotp.random_base32(),
        )  # fmt: skip
        return self.pending_totp(user, issuer=issuer)

    def pending_totp(self, user: str, *, issuer: str) -> Enrolment | None:
        """The key handed out and not confirmed yet."""
        from pyotp.totp import TOTP

        found = self._totp(user)
        if found is None or found[1]:
            return None
        return Enrolment(found[0], TOTP(found[0], interval=STEP, name=user, issuer=issuer).provisioning_uri())

    def _totp(self, user: str) -> tuple[str, int, int] | None:
        found = self._database.row(
            "SELECT totp, confirmed, last_step FROM second_factors WHERE account = ?", user
        )
        return None if found is None else (found[0], found[1], found[2])

    def has_totp(self, user: str) -> bool:
        """Whether the account asks for a code."""
        return bool((self._totp(user) or ("", 0, 0))[1])

    def confirm_totp(self, user: str, code: str, *, now: datetime) -> tuple[str, ...] | None:
        """Put the new authenticator in force when it shows the right code; its recovery codes, shown this once.

        `None` when the code is wrong or nothing waits for confirmation.
        """
        found = self._totp(user)
        step = _step_of(found[0], code, now) if found and not found[1] else None
        if step is None:
            return None
        changed = self._database.run(
            "UPDATE second_factors SET confirmed = 1, last_step = ? WHERE account = ? AND confirmed = 0 AND totp = ?",
            step, user, found[0] if found else "",
        )  # fmt: skip
        return self.new_recovery_codes(user) if changed else None

    def new_recovery_codes(self, user: str) -> tuple[str, ...]:
        """Ten codes that work once each; the ones before them end."""
        codes = tuple(
            "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3))
            for _ in range(RECOVERY_CODES)
        )
        with self._database.transaction() as transaction:
            transaction.run("DELETE FROM recovery_codes WHERE account = ?", user)
            for code in codes:
                transaction.run(
                    "INSERT INTO recovery_codes (account, digest) VALUES (?, ?)", user, _recovery(user, code)
                )
        return codes

    def recovery_codes_left(self, user: str) -> int:
        """How many recovery codes are unused."""
        found = self._database.row("SELECT count(*) FROM recovery_codes WHERE account = ?", user)
        return found[0] if found else 0

    def remove_totp(self, user: str) -> bool:
        """Take the second factor away; whether there was one in force."""
        there = self.has_totp(user)
        with self._database.transaction() as transaction:
            transaction.run("DELETE FROM second_factors WHERE account = ?", user)
            transaction.run("DELETE FROM recovery_codes WHERE account = ?", user)
        return there

    def check_code(self, user: str, code: str, *, now: datetime) -> CheckResult:
        """Whether a code is right now: the authenticator's, once each, or a recovery code. Failures count and lock."""
        counted = (counted_user(user, "code"),)
        attempt = self._attempt(user, counted, now)
        if attempt.locked_until is not None and not attempt.just_locked:
            return attempt
        if self._use_code(user, code, now) or self._use_recovery(user, code):
            self._clear(user, counted)
            return CheckResult(ok=True)
        return attempt

    def _use_code(self, user: str, code: str, now: datetime) -> bool:
        found = self._totp(user)
        step = _step_of(found[0], code, now) if found and found[1] else None
        return step is not None and (
            # A code that was seen over a shoulder is worth nothing: each step counts once (RFC 6238, 5.2).
            self._database.run(
                "UPDATE second_factors SET last_step = ? WHERE account = ? AND last_step < ?",
                step,
                user,
                step,
            )
            == 1
        )

    def _use_recovery(self, user: str, code: str) -> bool:
        kept = _recovery(user, code)
        return (
            self._database.run("DELETE FROM recovery_codes WHERE account = ? AND digest = ?", user, kept) == 1
        )


def _recovery(user: str, code: str) -> str:
    letters = "".join(letter for letter in code.casefold() if letter.isalnum())
    return digest(f"{user}/{letters}")


def _step_of(key: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is: this one, or a neighbour for clocks that differ by half a minute."""
    from pyotp.totp import TOTP

    digits = "".join(letter for letter in code if letter.isdecimal())
    plain = "".join(str(int(letter)) for letter in digits)  # digits of any script
    if len(plain) != 6:
        return None
    totp = TOTP(key, interval=STEP)
    now_step = int(now.timestamp()) // STEP
    steps: Iterable[int] = (now_step, now_step - 1, now_step + 1)
    return next((step for step in steps if secrets.compare_digest(totp.at(step * STEP), plain)), None)
