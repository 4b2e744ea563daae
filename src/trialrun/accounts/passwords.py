"""Passwords: which ones are taken, and how they are kept.

Rules after NIST SP 800-63B (rev. 4, section 3.1.1.2): a length of at least 12, no rules of composition, no ageing, a list
of well-known ones and of words of this very place refused. Kept as argon2id with the costs OWASP asks for
(Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from trialrun.errors import UserError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 12
LONGEST = 200
_SHORTEST_NAME = 4
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "abcdefghijklmnopqrstuvwxyz", "12345678901234567890")  # fmt: skip
_WELL_KNOWN = frozenset(
    {
        "password", "passwort", "passw0rd", "p@ssw0rd", "p@ssword", "pa55word", "letmein", "letmeinplease", "welcome",
        "welcomeback", "iloveyou", "iloveyouso", "administrator", "admin", "changeme", "pleasechangeme", "trustno",
        "football", "baseball", "basketball", "superman", "batman", "princess", "sunshine", "starwars", "michael",
        "computer", "internet", "whatever", "dragon", "monkey", "shadow", "master", "mustang", "qazwsxedc", "qazwsx",
        "qwerty", "secret", "topsecret", "supersecret", "mysecret", "mypassword", "thisismypassword", "newpassword",
        "defaultpassword", "default", "temporary", "temppassword", "testpassword", "testtesttest", "hospital",
        "clinical", "clinicaltrial", "clinicaltrials", "research", "trialrun", "correcthorsebatterystaple", "unknown",
    }
)  # fmt: skip


class PasswordError(UserError):
    """A new password is not taken; the message says why."""


@dataclass(frozen=True)
class Costs:
    """What one hash costs: memory in KiB, passes, lanes."""

    memory: int = 19 * 1024
    passes: int = 2
    lanes: int = 1

    @cached_property
    def hasher(self) -> PasswordHasher:
        """The hasher of these costs."""
        from argon2 import PasswordHasher

        return PasswordHasher(time_cost=self.passes, memory_cost=self.memory, parallelism=self.lanes)

    @cached_property
    def nobody(self) -> str:
        """A hash that no password fits, so that an unknown name takes as long as a known one."""
        import secrets

        return self.hasher.hash(secrets.token_hex(16))


def normal(password: str) -> str:
    """The password in one Unicode form, so that it is the same on every keyboard."""
    return unicodedata.normalize("NFKC", password)


def fits(costs: Costs, kept: str, password: str) -> bool:
    """Whether the password is the one kept; an empty `kept` takes as long and never fits."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        # A password nobody can have set is not worth the time of hashing megabytes.
        costs.hasher.verify(kept or costs.nobody, normal(password)[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return bool(kept)


def check_new_password(password: str, names: Iterable[str]) -> None:
    """Refuse what is easily guessed.

    Args:
        names: the user's name, printed name and mail address, and words of the place (study, sponsor).
    Errors: `PasswordError`.
    """
    text = normal(password)
    if len(text) < SHORTEST:
        raise PasswordError(
            f"the password has {len(text)} characters, it needs at least {SHORTEST}",
            "several words in a row are easy to remember and hard to guess",
        )
    if len(text) > LONGEST:
        raise PasswordError(
            f"the password has {len(text)} characters, at most {LONGEST} are taken", "shorten it"
        )
    folded = text.casefold()
    for name in _parts(names):
        if name in folded:
            raise PasswordError(
                f"the password contains {name!r}, which anybody would try first", "choose other words"
            )
    if _well_known(folded):
        raise PasswordError(
            "this password is among the well-known ones that are tried first",
            "choose several unrelated words",
        )


def _parts(names: Iterable[str]) -> set[str]:
    words = (word for name in names for word in re.split(r"[\s@.,_-]+", normal(name).casefold()))
    return {word for word in words if len(word) >= _SHORTEST_NAME}


def _well_known(folded: str) -> bool:
    plain = re.sub(r"[\W_]+", "", folded)
    letters = plain.strip("0123456789")
    return (
        letters in _WELL_KNOWN
        or _repeated(letters) in _WELL_KNOWN
        or len(_repeated(folded)) <= 4
        or any(part and _neighbours(part) for part in (plain, letters))
    )


def _neighbours(text: str) -> bool:
    """Whether the text is nothing but keys or letters in their order, there or back."""
    piece = _repeated(text)
    return any(piece in row or piece in row[::-1] for row in _ROWS)


def _repeated(text: str) -> str:
    """The shortest piece the text is a repetition of; the text itself when it is none."""
    return text[: (text + text).find(text, 1)] if text else ""
