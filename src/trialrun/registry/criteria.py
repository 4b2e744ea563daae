"""Eligibility text split into sections, bullets and atomic criteria, with the original kept.

Registries hold eligibility as one text. Bullets are nested by indentation, numbered or lettered,
headings hide in bullets, and one bullet may hold "a) ... b) ... c) ...". Nothing here decides what a
criterion means; it only finds where one ends and the next begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache


class SectionKind(StrEnum):
    """Which side of eligibility a section is on; `UNKNOWN` where no heading says it."""

    INCLUSION = "inclusion"
    EXCLUSION = "exclusion"
    UNKNOWN = "unknown"

    @property
    def letter(self) -> str:
        """The first letter of its criteria's ids."""
        return {"inclusion": "I", "exclusion": "E", "unknown": "C"}[self.value]


class Combination(StrEnum):
    """How the parts of a bullet combine: as its words say, else `UNSTATED`."""

    ANY = "any"
    ALL = "all"
    UNSTATED = "unstated"


@dataclass(frozen=True, slots=True)
class Bullet:
    """One bullet with what is nested in it.

    Args:
        text: its own words, markup removed, without its parts and nested bullets.
        original: every line of it as published, nested ones included (a lettered part: its words).
        marker: the bullet sign, number or letter it stood behind; empty for a paragraph.
        parts: nested bullets, and the lettered or numbered parts found inside the text.
        combination: how the parts combine.
        lines: where its text's pieces begin: (offset in `text`, line of the whole text from 0).
    """

    text: str
    original: str
    marker: str = ""
    parts: tuple[Bullet, ...] = ()
    combination: Combination = Combination.UNSTATED
    lines: tuple[tuple[int, int], ...] = ()

    def line_at(self, offset: int) -> int:
        """The line of the eligibility text on which a place in `text` stands."""
        found = 0
        for start, line in self.lines:
            if start > offset:
                break
            found = line
        return found

    @property
    def heading(self) -> bool:
        """Whether it announces what follows instead of stating a criterion."""
        return self.text.rstrip().endswith(":")

    @property
    def whole_text(self) -> str:
        """Its words and those of everything nested in it, on one line."""
        inner = " ".join(
            f"{part.marker} {part.whole_text}" if part.marker[:1].isalnum() else part.whole_text
            for part in self.parts
        )
        return f"{self.text} {inner}".strip()


@dataclass(frozen=True, slots=True)
class CriteriaSection:
    """Bullets under one heading; `heading` is the heading's own words."""

    kind: SectionKind
    heading: str
    bullets: tuple[Bullet, ...]


@dataclass(frozen=True, slots=True)
class AtomicCriterion:
    """The smallest piece of eligibility text that can be answered on its own.

    Args:
        id: letter of the section, number of the bullet, letter of the part: `I1`, `E2a`.
        bullet: the bullet's number within all sections of its kind, from 1.
        text: the piece's words, without marker.
        original: the lines it comes from, as published.
        context: the words of the bullets it is nested in, outermost first.
        heading: whether it only announces what follows.
    """

    id: str
    kind: SectionKind
    bullet: int
    text: str
    original: str
    context: tuple[str, ...] = ()
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The eligibility text of a record with its structure."""

    text: str
    sections: tuple[CriteriaSection, ...] = field(default=())

    def bullets(self, kind: SectionKind) -> tuple[Bullet, ...]:
        """All top bullets of one kind in the record's order."""
        return tuple(bullet for part in self.sections if part.kind is kind for bullet in part.bullets)

    def atomic(self, kind: SectionKind | None = None) -> tuple[AtomicCriterion, ...]:
        """The atomic criteria of one kind, or of all kinds."""
        kinds = tuple(SectionKind) if kind is None else (kind,)
        return tuple(
            piece
            for one in kinds
            for number, bullet in enumerate(self.bullets(one), start=1)
            for piece in _atoms(bullet, one, number, f"{one.letter}{number}", ())
        )


_SIGNS = "•◦▪‣·●○■□➢*–—-"
_MARKER = re.compile(
    rf"([{re.escape(_SIGNS)}]|\(?\d{{1,3}}[.)](?=\s|$)|\(?[a-zA-Z][.)](?=\s|$)|\(?[ivx]{{1,5}}\)(?=\s|$))\s*"
)
_INNER_MARKER = re.compile(r"(\(?\d{1,2}\)|\(?[a-z]\))\s+")
_HEADING = re.compile(
    r"(?:\W*)(?:key|main|major|general|primary|principal)?\s*(inclusion|exclusion)\s+criteri(?:a|on)\b",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!<>~^&|=])")
_ANY = re.compile(r"\b(any|one or more|at least one|one|either|1 or more) of\b|\beither\b", re.IGNORECASE)
_ALL = re.compile(r"\b(all of|both of|each of|all the)\b", re.IGNORECASE)
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
LONGEST_TEXT = 200_000
_LONGEST_HEADING = 160
_LONGEST_BULLET = 20_000  # a registry allows as much for all criteria together


def plain(text: str) -> str:
    """The text without the registry's Markdown escapes (`\\>` is `>`) and with single spaces."""
    return " ".join(_ESCAPE.sub(r"\1", text).split())


@lru_cache(maxsize=64)
def split_criteria(text: str) -> Eligibility:
    """Split an eligibility text; every non-empty line ends up in exactly one heading or bullet.

    A text longer than any registry allows stays one bullet.
    """
    if len(text) > LONGEST_TEXT:
        whole = Bullet(plain(text), text, lines=((0, 0),))
        return Eligibility(text, (CriteriaSection(SectionKind.UNKNOWN, "", (whole,)),))
    sections: list[CriteriaSection] = []
    for kind, heading, lines in _sections(text):
        bullets = tuple(_bullets(lines))
        if heading or bullets:
            sections.append(CriteriaSection(kind, heading, bullets))
    return Eligibility(text, tuple(sections))


def _sections(text: str) -> Iterator[tuple[SectionKind, str, list[tuple[int, str]]]]:
    kind, heading, lines = SectionKind.UNKNOWN, "", list[tuple[int, str]]()
    for number, line in enumerate(text.splitlines()):
        found = _heading(line)
        if found is None:
            lines.append((number, line))
            continue
        yield kind, heading, lines
        kind, heading, rest = found
        lines = [(number, rest)] if rest else []
    yield kind, heading, lines


def _heading(line: str) -> tuple[SectionKind, str, str] | None:
    """The section a line opens, its heading, and what follows the heading on the same line."""
    match = _HEADING.match(line[:_LONGEST_HEADING])
    if match is None:
        return None
    words = plain(line).strip(" *#_-")
    kind = SectionKind(match.group(1).lower())
    after = plain(line[match.end() :]).strip(" *#_")
    if after in ("", ":") or (after.endswith(":") and len(words) < _LONGEST_HEADING):
        return kind, words, ""
    if after.startswith(":"):
        return kind, words[: len(words) - len(after)].strip(" *:"), after.lstrip(": ")
    return (kind, "", line) if line[:1].isupper() else None


@dataclass(slots=True)
class _Open:
    """A bullet while its lines are still being read."""

    indent: int
    marker: str
    lines: list[str]
    words: list[str]
    numbers: list[int]
    children: list[_Open] = field(default_factory=list)

    def add(self, number: int, line: str, words: str) -> None:
        """Take in a further line."""
        self.lines.append(line)
        self.words.append(words)
        self.numbers.append(number)


def _bullets(lines: list[tuple[int, str]]) -> Iterator[Bullet]:
    top: list[_Open] = []
    stack: list[_Open] = []
    blank = False
    for number, line in lines:
        if not line.strip():
            blank = True
            continue
        indent, marker, words = _marked(line)
        if not marker and stack and (indent > stack[-1].indent or not (blank or _starts_anew(stack[-1]))):
            stack[-1].add(number, line, words)
        else:
            _open(_Open(indent, marker, [line], [words], [number]), top, stack)
        blank = False
    for part in top:
        bullet = _close(part)
        if bullet.whole_text:
            yield bullet


def _starts_anew(last: _Open) -> bool:
    """An unmarked line under an unmarked, finished paragraph begins another one."""
    return not last.marker and last.words[-1].rstrip().endswith((".", ";", ":"))


def _marked(line: str) -> tuple[int, str, str]:
    stripped = line.lstrip()
    indent = len(line) - len(stripped)
    match = _MARKER.match(stripped)
    if match is None or (match.group(1) in "-–" and stripped[match.end(1) :][:1].isdigit()):
        return indent, "", stripped.rstrip()
    words = stripped[match.end() :].rstrip()
    if not words and match.group(1) not in _SIGNS:  # a number alone on its line is text
        return indent, "", stripped.rstrip()
    return indent, match.group(1), words


def _open(new: _Open, top: list[_Open], stack: list[_Open]) -> None:
    words = new.words[0]
    while stack and not _inside(stack[-1], new.indent, new.marker, words):
        stack.pop()
    parent = stack[-1] if stack else None
    if parent is not None and not parent.children and _runs_on(new.marker):
        parent.add(new.numbers[0], new.lines[0], f"{new.marker} {words}")
        return
    inner = _INNER_MARKER.match(words) if parent is not None and parent.indent == new.indent else None
    if inner is not None:
        new.marker, new.words = inner.group(1), [words[inner.end() :]]
    elif new.marker[-1:] == ")" and len(_lettered(f"{new.marker} {words}")[1]) > 1:
        new.marker, new.words = "", [f"{new.marker} {words}"]
    (parent.children if parent else top).append(new)
    if parent is None or parent.indent < new.indent:
        stack.append(new)


def _inside(last: _Open, indent: int, marker: str, words: str) -> bool:
    """Whether a line belongs to an open bullet: it is indented further, or the bullet announces it."""
    if indent != last.indent:
        return indent > last.indent
    if not last.words[-1].rstrip().endswith(":"):
        return False
    return bool(marker and _INNER_MARKER.match(words)) or (marker[-1:] == ")" and last.marker[-1:] != ")")


def _runs_on(marker: str) -> bool:
    """Whether a marker can only continue a list whose first part stands inside the text before it."""
    letter = marker.strip("().")
    return bool(letter) and letter.isalnum() and letter.lower() not in ("a", "i", "1")


def _close(part: _Open) -> Bullet:
    pieces = [(plain(words), number) for words, number in zip(part.words, part.numbers, strict=True)]
    own = plain(" ".join(part.words))
    lines, offset = list[tuple[int, int]](), 0
    for words, number in pieces:
        lines.append((offset, number))
        offset += len(words) + 1 if words else 0
    end, lettered = _lettered(own)
    children = [_close(child) for child in part.children]
    parts = tuple(
        Bullet(own[start:stop], own[start:stop], marker, lines=_moved(lines, start))
        for marker, start, stop in lettered
    )
    for child in children:
        parts += (child,) if child.text else child.parts
    original = "\n".join([*part.lines, *(child.original for child in children)])
    intro = own[:end].rstrip()
    combination = _combination(intro) if parts else Combination.UNSTATED
    return Bullet(intro, original, part.marker, parts, combination, tuple(lines))


def _moved(lines: list[tuple[int, int]], start: int) -> tuple[tuple[int, int], ...]:
    """Where lines begin in a piece of a text that starts at `start`."""
    before = [line for offset, line in lines if offset <= start]
    after = [(offset - start, line) for offset, line in lines if offset > start]
    return ((0, before[-1]), *after)


def _combination(words: str) -> Combination:
    if _ALL.search(words):
        return Combination.ALL
    return Combination.ANY if _ANY.search(words) else Combination.UNSTATED


_LETTERED = re.compile(r"(?:^|(?<=[\s;,:.]))\(?([a-z]|[ivx]{1,5}|\d{1,2})(\)|\.(?=\s))\s*(?=\S)")


def _lettered(text: str) -> tuple[int, list[tuple[str, int, int]]]:
    """Where the introduction of "intro a) ... b) ..." ends, and marker, start and end of each part."""
    if len(text) > _LONGEST_BULLET:
        return len(text), []
    found = [
        match for match in _LETTERED.finditer(text) if text[max(match.start() - 1, 0) : match.start()] != "("
    ]
    for series in ("abcdefghijklmnopqrstuvwxyz", _ROMAN, tuple(str(number) for number in range(1, 30))):
        run = _run(found, tuple(series))
        if len(run) > 1:
            ends = [match.start() for match in run[1:]] + [len(text)]
            pieces = [
                (m.group(0).strip(), m.end(), m.end() + len(text[m.end() : end].rstrip()))
                for m, end in zip(run, ends, strict=True)
            ]
            if all(start < end for _, start, end in pieces):
                return run[0].start(), pieces
    return len(text), []


def _run(found: list[re.Match[str]], series: tuple[str, ...]) -> list[re.Match[str]]:
    run: list[re.Match[str]] = []
    for match in found:
        same_style = not run or match.group(2) == run[0].group(2)
        if len(run) < len(series) and match.group(1) == series[len(run)] and same_style:
            run.append(match)
    return run


def _atoms(
    bullet: Bullet, kind: SectionKind, number: int, name: str, context: tuple[str, ...], depth: int = 0
) -> Iterator[AtomicCriterion]:
    if not bullet.parts:
        yield AtomicCriterion(name, kind, number, bullet.text, bullet.original, context, bullet.heading)
        return
    inside = (*context, bullet.text) if bullet.text else context
    for order, part in enumerate(bullet.parts):
        label = str(order + 1) if depth % 2 else _letter(order)
        yield from _atoms(part, kind, number, f"{name}{label}", inside, depth + 1)


def _letter(order: int) -> str:
    """a ... z, then aa, ab ..."""
    head, tail = divmod(order, 26)
    return ("" if head == 0 else _letter(head - 1)) + "abcdefghijklmnopqrstuvwxyz"[tail]
