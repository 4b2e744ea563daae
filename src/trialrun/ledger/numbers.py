"""Candidate and participant numbers, with a check character against slips of the pen.

Source: ISO/IEC 7064:2003, hybrid systems MOD 11,10 (digits) and MOD 37,36 (letters and digits).
"""

from __future__ import annotations

from trialrun.errors import UserError

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def check_character(text: str) -> str:
    """The ISO 7064 check character of digits (MOD 11,10) or of letters and digits (MOD 37,36).

    Errors: `UserError` for an empty text or any other character.
    """
    letters = text.upper()
    if not letters or any(letter not in _ALPHABET for letter in letters):
        raise UserError(f"{text!r} has characters other than letters A to Z and digits")
    modulus = 10 if letters.isdigit() else 36
    rest = modulus
    for letter in letters:
        rest = (rest + _ALPHABET.index(letter)) % modulus or modulus
        rest = rest * 2 % (modulus + 1)
    return _ALPHABET[(modulus + 1 - rest) % modulus]


def deviation_number(count: int) -> str:
    """The number of a participant's `count`-th deviation: `D-001`."""
    return f"D-{count:03d}"


def candidate_number(count: int) -> str:
    """The screening number of the `count`-th candidate of the study: `S-001`."""
    return f"S-{count:03d}"


def participant_number(site: str, count: int) -> str:
    """The number of the `count`-th participant of a site: `01-001-3`, the last a check character."""
    digits = "".join(letter for letter in site.upper() if letter in _ALPHABET)
    return f"{site}-{count:03d}-{check_character(f'{digits}{count:03d}')}"


def number_is_valid(number: str) -> bool:
    """Whether a participant number's check character fits."""
    head, _, check = number.rpartition("-")
    plain = "".join(letter for letter in head.upper() if letter in _ALPHABET)
    return bool(plain) and len(check) == 1 and check_character(plain) == check.upper()
