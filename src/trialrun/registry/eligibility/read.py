"""Read an eligibility text: every line that states something, with what was understood of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from trialrun.registry.comparison import ReadCriterion
from trialrun.registry.criteria import Bullet, SectionKind, split_criteria
from trialrun.registry.eligibility.comparisons import read_piece, rests_on_judgement
from trialrun.registry.eligibility.folding import fold

_EXCEPTION = re.compile(
    r"\b(?:except(?:\s+for|\s+that|ing)?|excluding|unless|other\s+than|with\s+the\s+exceptions?\s+of|apart\s+from)\b[\s:,]*(.*)",
    re.DOTALL,
)
_NEGATION = re.compile(
    r"\b(?:no|not|without|never|absence\s+of|free\s+of|lack\s+of|non|none|neither|cannot|unable|denies)\b|n't\b"
)


def read_criteria(text: str, section: str = SectionKind.UNKNOWN.value) -> tuple[ReadCriterion, ...]:
    """Read an eligibility text, whatever it holds: no line that states something is left out.

    Returns one criterion for each atomic piece and line, in the order of the text. Nothing raises; what
    is not certain is not `confident`.

    Args:
        text: the eligibility text of a record, with its line ends.
        section: `inclusion` or `exclusion` for what stands under no heading.
    """
    found: list[ReadCriterion] = []
    for kind in SectionKind:
        for number, bullet in enumerate(split_criteria(text).bullets(kind), start=1):
            found.extend(_bullet(bullet, kind, f"{kind.letter}{number}", "", 0))
    if section != SectionKind.UNKNOWN.value:
        unheaded = SectionKind.UNKNOWN.value
        found = [replace(one, section=section) if one.section == unheaded else one for one in found]
    return tuple(sorted(found, key=lambda one: one.line_no))


def _bullet(
    bullet: Bullet, kind: SectionKind, name: str, context: str, depth: int
) -> Iterator[ReadCriterion]:
    if bullet.text:
        yield from _lines(bullet, kind, name, context)
    inside = bullet.text.rstrip(" :") or context
    for order, part in enumerate(bullet.parts):
        label = str(order + 1) if depth % 2 else _letter(order)
        yield from _bullet(part, kind, f"{name}{label}", inside, depth + 1)


def _letter(order: int) -> str:
    head, tail = divmod(order, 26)
    return ("" if head == 0 else _letter(head - 1)) + "abcdefghijklmnopqrstuvwxyz"[tail]


def _lines(bullet: Bullet, kind: SectionKind, name: str, context: str) -> Iterator[ReadCriterion]:
    """One criterion for each line the bullet's own words stand on, its comparisons with it."""
    text = bullet.text
    comparisons, temporal = read_piece(text, context)
    folded = fold(text)
    excepted = _EXCEPTION.search(folded)
    whole = ReadCriterion(
        0,
        kind.value,
        name,
        text,
        judgement=rests_on_judgement(text),
        negated=_NEGATION.search(folded[: excepted.start()] if excepted else folded) is not None,
        exception=text[excepted.start(1) :].strip() if excepted else "",
    )
    starts = [(offset, line) for offset, line in bullet.lines if offset < len(text)] or [
        (0, bullet.line_at(0))
    ]
    for place, (offset, line) in enumerate(starts):
        end = starts[place + 1][0] if place + 1 < len(starts) else len(text)
        yield replace(
            whole,
            line_no=line,
            comparisons=tuple(one for one in comparisons if offset <= one.start < end),
            temporal=tuple(one for one in temporal if offset <= one.start < end),
        )
