"""Texts of people as they may stand on a page: nothing hidden, nothing steered, long words breakable."""

from __future__ import annotations

import re

# Overrides and isolates could make a value read as another one on paper; the two joiners belong to Persian.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_JOINED = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+")
_LONG_WORD = re.compile(r"[!-~]{25,}")


def clean(text: str) -> str:
    """The text with characters that would steer the page's direction, or show as nothing, spelt out."""
    return _STEERING.sub(
        lambda found: f"⟨U+{ord(found[0]):04X}⟩", text.replace("\r\n", "\n").replace("\t", " ")
    )


def cell(text: str) -> str:
    """A cleaned text whose longest words may break, so that no value runs out of its cell."""
    broken = _LONG_WORD.sub(
        lambda word: "\u200b".join(word[0][at : at + 12] for at in range(0, len(word[0]), 12)), clean(text)
    )
    return _JOINED.sub(lambda word: word[0].replace("_", "_\u200b"), broken)
