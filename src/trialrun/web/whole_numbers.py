"""Whole numbers out of an address or a form: text that is none, or longer than any number meant, is no number."""

from __future__ import annotations

_MOST_DIGITS = 15  # what both databases, JSON and Python read without fail


def is_whole(text: str) -> bool:
    """Whether the text is a number of at most fifteen digits, of whatever script, without a sign."""
    return text.isdecimal() and len(text) <= _MOST_DIGITS


def whole(text: str, otherwise: int = 0) -> int:
    """The number, or `otherwise` where there is none."""
    return int(text) if is_whole(text) else otherwise
