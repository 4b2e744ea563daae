"""How well eligibility texts are read: against human annotation, on texts nobody here read.

Conventions. A comparison is right when line, sign and numbers are those of an annotation; each annotation is
matched once. An annotation without a sign matches any sign ("ASA 1 or 2", "the past 6 months"). The sign `≥`
is as written, whatever the sentence negates. Roman numerals, number words and thousands separators are the
same number; a range annotated with a repeated end is one range; the power of `100 x 10^9/L` belongs to the
unit. Comparisons of one line with the same sign and numbers count once where `sets` is said, else each: texts
of the kind "AST or ALT > 3 x ULN" are annotated once for each test.

The corpus is not exhaustive: a comparison nobody annotated counts as wrong here, even where it is right. The
last table leaves out the lines on which no comparison of the kind is annotated at all.

The texts fall into three parts by the hash of their number: the half rules were made on, a quarter they were
made on later, and a quarter nobody looked at.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trialrun.registry.eligibility.numbers import WORDS
from trialrun.registry.eligibility.read import read_criteria
from trialrun.registry.timeframe import parse_timeframe

SHARED = Path(__file__).resolve().parents[2] / "shared" / "criteria"
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "ⅰ": 1, "ⅱ": 2, "ⅲ": 3, "ⅳ": 4, "once": 1}
_POWERS = {"103", "106", "109", "1012", "10"}


@dataclass(frozen=True, slots=True)
class Said:
    """A comparison as one side says it; `kind` is the annotation's, or `comparison` or `time` for ours."""

    nct: str
    line: int
    op: str
    numbers: tuple[str, ...]
    kind: str
    confident: bool = False

    @property
    def place(self) -> tuple[str, int]:
        """Where it stands."""
        return self.nct, self.line


def part(nct: str) -> str:
    """The part a text belongs to; rules were made without looking at those `held out`."""
    first, second = hashlib.sha256(nct.encode()).digest()[:2]
    return "first" if first % 2 == 0 else "later" if second % 2 == 0 else "held out"


def _number(written: str) -> str:
    plain = written.strip().lower().replace(",", "").removeprefix("+")
    known = _ROMAN.get(plain, WORDS.get(plain))
    if known is not None:
        return repr(float(known))
    return repr(float(plain)) if re.fullmatch(r"-?\d*\.?\d+", plain) else plain


def _numbers(written: Iterable[str], words: str = "") -> tuple[str, ...]:
    values = list(written)
    if len(values) == 2 and values[1] in _POWERS and re.search(r"[x×*]\s*10", words):
        values = values[:1]
    return tuple(sorted(set(map(_number, values))))


def annotated(folder: Path) -> list[Said]:
    """The human annotations."""
    rows = map(json.loads, (folder / "lct_comparisons.jsonl").read_text(encoding="utf-8").splitlines())
    return [
        Said(
            row["nct"],
            row["line_no"],
            row["op"][0] if row["op"] else "",
            _numbers(row["value"], row["comparison"]),
            row["kind"],
        )
        for row in rows
    ]


def read_all(folder: Path) -> tuple[list[Said], float, int]:
    """What is read in the same texts, the seconds it took, and how many texts there are."""
    lines = (folder / "lct_docs.jsonl").read_text(encoding="utf-8").split("\n")
    texts: list[dict[str, Any]] = [json.loads(line) for line in lines if line]
    start = time.perf_counter()
    read = [(text["nct"], read_criteria(text["text"])) for text in texts]
    seconds = time.perf_counter() - start
    found: list[Said] = []
    for nct, pieces in read:
        for one in pieces:
            for kind, several in (("comparison", one.comparisons), ("time", one.temporal)):
                found += [
                    Said(nct, one.line_no, each.op.value, _numbers(each.value), kind, each.confident)
                    for each in several
                ]
    return found, seconds, len(texts)


def matched(theirs: list[Said], ours: list[Said], *, by_line: bool = True) -> dict[int, int]:
    """Which of ours is which of theirs, by place in the lists; each is used once, equal signs first."""
    near: dict[object, list[int]] = defaultdict(list)
    for place, one in enumerate(ours):
        near[one.place if by_line else one.nct].append(place)
    used: dict[int, int] = {}
    for any_sign in (False, True):
        for place, one in enumerate(theirs):
            if place in used.values():
                continue
            for mine in near[one.place if by_line else one.nct]:
                same = ours[mine].op == one.op or (any_sign and not one.op)
                if mine not in used and same and ours[mine].numbers == one.numbers:
                    used[mine] = place
                    break
    return used


_TIMES = ("Temporality", "Duration")
_KINDS: dict[str, Callable[[Said], bool]] = {
    "Numeric-Filter": lambda one: one.kind == "Numeric-Filter",
    "time limits (Temporality, Duration)": lambda one: one.kind in _TIMES,
    "Temporality": lambda one: one.kind == "Temporality",
    "all kinds": lambda one: True,  # noqa: ARG005 (all of them)
}


_ANNOTATED_LINES = "each, by document and line, on annotated lines only"


def _row(
    name: str,
    theirs: list[Said],
    ours: list[Said],
    used: dict[int, int],
    wanted: Callable[[Said], bool],
    *,
    anywhere: bool = True,
) -> str:
    """Precision counts what is ours of that kind: matched with it, or with nothing.

    Without `anywhere` only what stands on a line with an annotation of the kind counts.
    """
    right = sum(1 for place in used.values() if wanted(theirs[place]))
    total = sum(map(wanted, theirs))
    family = {"Numeric-Filter": ("comparison",), "all kinds": ("comparison", "time")}.get(name, ("time",))
    lines = {one.place for one in theirs if wanted(one)}
    said = right + sum(
        1
        for place, one in enumerate(ours)
        if place not in used and one.kind in family and (anywhere or one.place in lines)
    )
    precision, recall = right / max(1, said), right / max(1, total)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return (
        f"| {name} | {precision:.3f} | {recall:.3f} | {f1:.3f} | {right} of {said} said, {total} annotated |"
    )


def _tables(title: str, theirs: list[Said], ours: list[Said]) -> list[str]:
    lines: list[str] = []
    for how, by_line, a, b in (
        ("each, by document and line", True, theirs, ours),
        ("each, by document", False, theirs, ours),
        ("sets, by document and line", True, list(dict.fromkeys(theirs)), list(dict.fromkeys(ours))),
        (_ANNOTATED_LINES, True, theirs, ours),
    ):
        used = matched(a, b, by_line=by_line)
        lines += [
            f"{title}, {how}",
            "",
            "| kind | precision | recall | F1 | counts |",
            "|---|---|---|---|---|",
        ]
        anywhere = how != _ANNOTATED_LINES
        lines += [_row(name, a, b, used, wanted, anywhere=anywhere) for name, wanted in _KINDS.items()] + [""]
    return lines


def _silent(title: str, theirs: list[Said], ours: list[Said]) -> list[str]:
    """Confident and not as annotated; told apart where the same number is annotated in another way."""
    used = matched(theirs, ours)
    numbers = {(*one.place, number) for one in theirs for number in one.numbers}
    lines: list[str] = []
    for kind in ("comparison", "time"):
        sure = [place for place, one in enumerate(ours) if one.confident and one.kind == kind]
        off = [place for place in sure if place not in used]
        wrong = [p for p in off if any((*ours[p].place, number) in numbers for number in ours[p].numbers)]
        lines.append(
            f"{title}, confident {kind}s: {len(sure)}; not annotated so: {len(off)} ({len(off) / len(sure):.1%}); "
            f"the same number annotated otherwise: {len(wrong)} ({len(wrong) / len(sure):.1%})"
        )
    return lines


def _time_frames(folder: Path) -> str:
    lines = (folder / "timeframes.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(lines))
    wrong: list[str] = []
    for row in rows:
        frame = parse_timeframe(row["text"])
        got = {
            "baseline": str(int(frame.baseline)),
            "points": ";".join(frame.points),
            "window": "..".join(frame.window or ()),
            "repeat": ";".join(frame.repeat),
            "anchor": frame.anchor,
        }
        if any(got[key] != row[key] for key in got):
            wrong.append(f"\n- not as expected: {row['text']}: {got}")
    return f"time frames read as expected: {len(rows) - len(wrong)} of {len(rows)}" + "".join(wrong)


def run(folder: Path = SHARED) -> str:
    """The tables, or one line that says the corpora are not here."""
    title = "### Eligibility criteria read, against human annotation\n"
    if not (folder / "lct_docs.jsonl").exists():
        return f"{title}\nnot measured: ../shared/criteria is not here\n"
    theirs = annotated(folder)
    ours, seconds, texts = read_all(folder)
    lines = [title]
    parts = {
        "held out": "held-out quarter",
        "later": "quarter used in later development",
        "first": "half used in development",
    }
    for which, name in parts.items():
        a = [one for one in theirs if part(one.nct) == which]
        b = [one for one in ours if part(one.nct) == which]
        lines += [*_tables(name, a, b), *_silent(name, a, b), ""]
    lines += [f"{texts} texts in {seconds:.2f} s", _time_frames(folder), ""]
    return "\n".join(lines)
