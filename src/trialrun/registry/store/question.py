"""What a person typed as words, made into the index's own notation; whatever they typed, nothing is raised."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trialrun.registry.store.model import Search

_MOST_WORDS = 32
_LONGEST_WORD = 200
_SHORTEST_BEGINNING = 3
_LONGEST_QUESTION = 10_000
_PIECE = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')


@dataclass(frozen=True, slots=True)
class Question:
    """A question in the index's notation; an empty part asks for nothing.

    Args:
        wanted: what must be found.
        plain: the same wherever it stands, without saying in which part.
        unwanted: what must not be.
        notes: what of the words could not be used.
    """

    wanted: str = ""
    plain: str = ""
    unwanted: str = ""
    notes: tuple[str, ...] = ()


def question(search: Search) -> Question:
    """The words of a search and of its parts as one question."""
    wanted: list[str] = []
    plain: dict[str, None] = {}
    unwanted: list[str] = []
    notes: list[str] = []
    for column, text in (
        ("", search.words),
        ("condition", search.condition),
        ("intervention", search.intervention),
        ("sponsor", search.sponsor),
    ):
        with_, without = _pieces(text, notes)
        if with_:
            wanted.append(_in(column, " AND ".join(with_)))
            plain.update(dict.fromkeys(with_))
        if without:
            unwanted.append(_in(column, " OR ".join(without)))
    return Question(
        " AND ".join(wanted), " AND ".join(plain), " OR ".join(unwanted), tuple(dict.fromkeys(notes))
    )


def _in(column: str, expression: str) -> str:
    return f"({column} : ({expression}))" if column else f"({expression})"


def _pieces(text: str, notes: list[str]) -> tuple[list[str], list[str]]:
    """The words to be found and those not to be, each in the index's notation."""
    if len(text) > _LONGEST_QUESTION:
        notes.append(f"The question is very long; only its first {_LONGEST_QUESTION:,} characters were read.")
        text = text[:_LONGEST_QUESTION]
    text = text.encode("utf-8", "replace").decode().replace("\0", " ").replace("“", '"').replace("”", '"')
    wanted: dict[str, None] = {}
    unwanted: dict[str, None] = {}
    for minus, phrase, word in _PIECE.findall(text):
        piece = _piece(phrase, word, notes)
        if not piece:
            if (phrase or word).strip():
                notes.append(f"“{(phrase or word)[:40]}” holds no letter or number; it was left out.")
            continue
        if len(wanted) + len(unwanted) >= _MOST_WORDS:
            notes.append(f"Only the first {_MOST_WORDS} words were used.")
            break
        (unwanted if minus else wanted)[piece] = None
    return list(wanted), list(unwanted)


def _piece(phrase: str, word: str, notes: list[str]) -> str:
    text = (phrase or word.rstrip("*"))[:_LONGEST_WORD]
    letters = sum(map(str.isalnum, text))
    if not letters:
        return ""
    beginning = word.endswith("*")
    if beginning and letters < _SHORTEST_BEGINNING:
        notes.append(f"“{word}” is too short for a beginning; it was searched as a whole word.")
        beginning = False
    return '"' + text.replace('"', '""') + '"' + (" *" if beginning else "")
