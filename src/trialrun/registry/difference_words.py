"""What changed between two texts, word by word, and which entries of two lists are the same entry."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

_WORD = re.compile(r"\s+|[^\W_]+|.", re.DOTALL)
_PLAIN = re.compile(r"[^\W_]+|[<>=≤≥%+±]", re.DOTALL)
_LONGEST_RUN = 1_000  # words on each side; above it whole lines are compared
_MOST_PAIRS = 40_000
_WORDS_WEIGHED = 400
T = TypeVar("T")


class Mark(StrEnum):
    """What happened to a run of words."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Words:
    """A run of words of a text and what happened to it."""

    mark: Mark
    text: str


@dataclass(slots=True)
class Effort:
    """How much comparing is still allowed; what is left when it runs out is told as replaced whole.

    A record of hostile texts costs no more than a long one.
    """

    left: int = 40_000_000

    def take(self, cost: int) -> bool:
        """Whether a piece of work of this cost may still be done."""
        self.left -= cost
        return self.left >= 0


def plain_words(text: str) -> tuple[str, ...]:
    """A text's words and signs as they count for its meaning: without case, markup, marks or spacing."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace(">=", "≥").replace("<=", "≤")
    return tuple(_PLAIN.findall(folded))


def same_meaning(old: str, new: str) -> bool:
    """Whether two texts differ in nothing but case, spacing, punctuation and markup."""
    return old == new or plain_words(old) == plain_words(new)


def word_difference(old: str, new: str, effort: Effort) -> tuple[Words, ...]:
    """The new text with what was added and removed, as runs of words.

    Joining what is not `ADDED` gives the old text, joining what is not `REMOVED` the new one.
    """
    runs: list[Words] = []
    _compare(_WORD.findall(old), _WORD.findall(new), effort, runs)
    return tuple(runs)


def _compare(old: list[str], new: list[str], effort: Effort, runs: list[Words]) -> None:
    start = 0
    most = min(len(old), len(new))
    while start < most and old[start] == new[start]:
        start += 1
    end = 0
    while end < most - start and old[-1 - end] == new[-1 - end]:
        end += 1
    _add(runs, Mark.SAME, old[:start])
    left, right = old[start : len(old) - end], new[start : len(new) - end]
    if max(len(left), len(right)) > _LONGEST_RUN:
        _by_line(left, right, effort, runs)
    elif left and right and effort.take(len(left) * len(right)):
        _runs(left, right, runs)
    else:
        _add(runs, Mark.REMOVED, left)
        _add(runs, Mark.ADDED, right)
    _add(runs, Mark.SAME, old[len(old) - end :])


def _runs(old: list[str], new: list[str], runs: list[Words]) -> None:
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=len(old) > 300).get_opcodes():
        if kind == "equal":
            _add(runs, Mark.SAME, old[a:b])
        else:
            _add(runs, Mark.REMOVED, old[a:b])
            _add(runs, Mark.ADDED, new[c:d])


def _by_line(old: list[str], new: list[str], effort: Effort, runs: list[Words]) -> None:
    """Compare long texts line by line, and only the lines that differ word by word."""
    left, right = _lines(old), _lines(new)
    if max(len(left), len(right)) > _LONGEST_RUN or min(len(left), len(right)) < 2:
        _add(runs, Mark.REMOVED, old)
        _add(runs, Mark.ADDED, new)
        return
    if not effort.take(len(left) * len(right)):
        _add(runs, Mark.REMOVED, old)
        _add(runs, Mark.ADDED, new)
        return
    for kind, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=True).get_opcodes():
        gone = [word for line in left[a:b] for word in line]
        come = [word for line in right[c:d] for word in line]
        if kind == "equal":
            _add(runs, Mark.SAME, gone)
        elif max(len(gone), len(come)) <= _LONGEST_RUN:
            _compare(gone, come, effort, runs)
        else:
            _add(runs, Mark.REMOVED, gone)
            _add(runs, Mark.ADDED, come)


def _lines(words: list[str]) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = []
    start = 0
    for place, word in enumerate(words):
        if "\n" in word or word in ".;":
            lines.append(tuple(words[start : place + 1]))
            start = place + 1
    if start < len(words):
        lines.append(tuple(words[start:]))
    return lines


def _add(runs: list[Words], mark: Mark, words: Sequence[str]) -> None:
    text = "".join(words)
    if not text:
        return
    if runs and runs[-1].mark is mark:
        runs[-1] = Words(mark, runs[-1].text + text)
    else:
        runs.append(Words(mark, text))


def likeness(old: Counter[str], new: Counter[str]) -> float:
    """How many of their words two texts share, from 0 to 1 (Dice coefficient over counted words)."""
    both = sum(old.values()) + sum(new.values())
    return 2 * sum((old & new).values()) / both if both else 1.0


def weighed(text: str) -> Counter[str]:
    """The words of a text as counts, for `likeness`."""
    return Counter(plain_words(text[:20_000])[:_WORDS_WEIGHED])


def pair(
    old: Sequence[T],
    new: Sequence[T],
    keys: Sequence[Callable[[T], object]],
    alike: Callable[[int, int], float],
    least: float,
) -> list[tuple[int, int]]:
    """Which entries of two lists are the same entry, as pairs of places.

    Args:
        keys: what makes entries the same, strictest first; each is tried on what is left. A key of
            `None` or an empty text makes nothing the same.
        alike: how alike two entries left over are, from 0 to 1; the most alike are paired first.
        least: likeness below which two entries are different ones.

    Where more entries are left than can be compared with each other, those at the same place are compared.
    """
    pairs: list[tuple[int, int]] = []
    left, right = list(range(len(old))), list(range(len(new)))
    for key in keys:
        waiting: dict[object, list[int]] = {}
        for place in reversed(left):
            waiting.setdefault(key(old[place]), []).append(place)
        for place in right:
            found = key(new[place])
            if found not in (None, "", ()) and waiting.get(found):
                pairs.append((waiting[found].pop(), place))
        gone, come = {a for a, _ in pairs}, {b for _, b in pairs}
        left, right = [a for a in left if a not in gone], [b for b in right if b not in come]
    if len(left) * len(right) > _MOST_PAIRS:
        candidates = [(a, b) for a, b in zip(left, right, strict=False)]
    else:
        candidates = [(a, b) for a in left for b in right]
    scored = sorted(((alike(a, b), -abs(a - b), a, b) for a, b in candidates), reverse=True)
    gone, come = set[int](), set[int]()
    for score, _, a, b in scored:
        if score >= least and a not in gone and b not in come:
            gone.add(a)
            come.add(b)
            pairs.append((a, b))
    return sorted(pairs, key=lambda one: one[1])
