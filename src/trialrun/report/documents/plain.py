"""A document as plain data for the template: every text cleaned, every place known before it is linked to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trialrun.errors import UserError
from trialrun.report.documents.blocks import (
    SIGNATURE_BOX,
    Block,
    Bullets,
    Cell,
    Chapter,
    Details,
    Document,
    Facts,
    Figure,
    Heading,
    Note,
    Paragraph,
    Run,
    Section,
    Signed,
    Table,
    Text,
)
from trialrun.report.documents.layout import figure_width, fit_table
from trialrun.report.documents.words import cell, clean

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
MOST_CONTENTS = 120  # entries: a longer list names the chapters only
_PATH = re.compile(r"[MLQC0-9., -]*")


def as_data(document: Document) -> dict[str, Any]:
    """The document as plain data for the template."""
    right = document.language.split("-")[0] in RIGHT_TO_LEFT
    places = frozenset(place for section in document.sections for place in _places(section.blocks))
    setter = _Setter(places, document.landscape)
    sections = [_section(section, setter) for section in document.sections]
    return {
        "title": clean(document.title),
        "subtitle": clean(document.subtitle),
        "footer": clean(document.footer),
        "language": document.language.split("-")[0],
        "direction": "rtl" if right else "ltr",
        "landscape": document.landscape,
        "page_words": [clean(word) for word in document.page_words],
        "contents": clean(document.contents),
        "contents_depth": 2 if setter.headings <= MOST_CONTENTS else 1,
        "sections": sections,
    }


def _section(section: Section, setter: _Setter) -> dict[str, Any]:
    return {
        "header": [clean(part) for part in section.header],
        "blocks": setter.blocks(section.blocks),
    }


def _places(blocks: Sequence[Block]) -> Iterator[str]:
    """The anchors that will stand on paper."""
    for block in blocks:
        if isinstance(block, Chapter | Table) or (isinstance(block, Details) and block.print):
            yield block.anchor
        if isinstance(block, Chapter) or (isinstance(block, Details) and block.print):
            yield from _places(block.blocks)


@dataclass(slots=True)
class _Setter:
    """Turns blocks into data; knows which places there are, which are taken, and the heading last set."""

    places: frozenset[str]
    landscape: bool
    taken: set[str] = field(default_factory=set[str])
    level: int = 0
    headings: int = 0
    chapters: int = 0

    def blocks(self, blocks: Sequence[Block]) -> list[dict[str, Any]]:
        """The blocks in order; headings stay with what follows them when a page begins or is turned there."""
        made: list[dict[str, Any]] = []
        for data in self._flat(blocks, 0):
            if data.pop("across", False):
                _turned(made, data)
            elif data["kind"] == "page":
                headings = _taken_headings(made)
                made += [data, *headings]
            else:
                made.append(data)
        return made

    def _flat(self, blocks: Sequence[Block], depth: int) -> Iterator[dict[str, Any]]:
        for block in blocks:
            yield from self._block(block, depth)

    def _block(self, block: Block, depth: int) -> Iterator[dict[str, Any]]:
        match block:
            case Chapter():
                yield from self._chapter(block, depth)
            case Heading():
                yield self._heading(block.text, max(block.level, depth + 1), "")
            case Details():
                if block.print:
                    yield from self._details(block, depth)
            case Table():
                yield self._table(block)
            case Figure():
                yield self._figure(block)
            case _:
                yield _simple(block)

    def _chapter(self, chapter: Chapter, depth: int) -> Iterator[dict[str, Any]]:
        # A chapter within a chapter, such as one participant's listing, begins on a page of its own.
        if depth:
            yield {"kind": "page"}
            title = chapter.title
        else:
            self.chapters += 1
            title = f"{self.chapters}. {chapter.title}"
        yield self._heading(title, depth + 1, chapter.anchor)
        yield from self._flat(chapter.blocks, depth + 1)

    def _details(self, details: Details, depth: int) -> Iterator[dict[str, Any]]:
        yield self._heading(details.summary, max(depth + 1, self.level or 1, 3), details.anchor)
        yield from self._flat(details.blocks, depth)

    def _heading(self, text: str, level: int, anchor: str) -> dict[str, Any]:
        # A level left out would be a hole in the outline that readers' programs follow.
        self.level = min(level, self.level + 1)
        self.headings += self.level <= 2
        return {"kind": "heading", "text": clean(text), "level": self.level, "anchor": self._take(anchor)}

    def _take(self, anchor: str) -> str:
        if anchor in self.taken:
            return ""
        self.taken.add(anchor)
        return anchor

    def _table(self, table: Table) -> dict[str, Any]:
        texts = [[cell(one if isinstance(one, str) else one.text) for one in row] for row in table.rows]
        columns = [cell(name) for name in table.columns]
        fit = fit_table(columns, texts, table.widths, across=self.landscape)
        numbers = [
            bool(table.rows) and all(_is_number(row[index]) for row in table.rows)
            for index in range(len(columns))
        ]
        return {
            "kind": "table",
            "caption": clean(table.caption),
            "columns": [[name, number] for name, number in zip(columns, numbers, strict=True)],
            "widths": list(fit.widths),
            "size": fit.size,
            "rows": [
                [self._cell(one, text) for one, text in zip(row, own, strict=True)]
                for row, own in zip(table.rows, texts, strict=True)
            ],
            "empty": clean(table.empty),
            "notes": [clean(note) for note in table.notes],
            "anchor": self._take(table.anchor),
            "across": fit.across and not self.landscape,
        }

    def _cell(self, one: str | Cell, text: str) -> Any:
        if isinstance(one, str):
            return text
        target = one.opens if one.opens in self.places else ""
        if not (one.number or one.head or one.strong or target):
            return text
        return [text, one.number, one.head or one.strong, target]

    def _figure(self, figure: Figure) -> dict[str, Any]:
        return {
            "kind": "figure",
            "svg": figure.svg,
            "width": figure_width(figure),
            "caption": clean(figure.caption),
            "alt": clean(figure.alt),
        }


def _is_number(one: str | Cell) -> bool:
    return isinstance(one, Cell) and one.number


def _taken_headings(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The headings at the end, taken away."""
    headings: list[dict[str, Any]] = []
    while made and made[-1]["kind"] == "heading":
        headings.insert(0, made.pop())
    return headings


def _turned(made: list[dict[str, Any]], data: dict[str, Any]) -> None:
    own = [*_taken_headings(made), data]
    if made and made[-1]["kind"] == "page":
        made.pop()  # the turned page is a new one
    if made and made[-1]["kind"] == "across":
        made[-1]["blocks"] += own
    else:
        made.append({"kind": "across", "blocks": own})


def _simple(block: Block) -> dict[str, Any]:
    match block:
        case Paragraph():
            return {"kind": "paragraph", "runs": _runs(block.text)}
        case Note():
            return {"kind": "note", "runs": _runs(block.text)}
        case Bullets():
            return {"kind": "bullets", "points": [_runs(point) for point in block.points]}
        case Facts():
            return {"kind": "facts", "rows": [[clean(label), cell(value)] for label, value in block.rows]}
        case Signed():
            return {
                "kind": "signed",
                "name": clean(block.name),
                "lines": [clean(line) for line in block.lines],
                "drawing": signature_svg(block.path) if block.path else "",
            }
        case _:
            raise UserError(f"{type(block).__name__} is no block of a document")


def _runs(text: Text) -> list[Mapping[str, Any]]:
    # One text is somebody's and keeps its own direction; runs are parts of prose that follows the page's.
    alone = isinstance(text, str)
    runs = (Run(text),) if isinstance(text, str) else text
    return [
        {"text": clean(run.text), "bold": run.bold, "italic": run.italic, "code": run.code, "own": alone}
        for run in runs
    ]


def signature_svg(path: str) -> str:
    """A drawn signature as a picture.

    Errors: `UserError` when the path holds anything but moves, lines and curves.
    """
    if not _PATH.fullmatch(path):
        raise UserError("the drawn signature is not a plain path", "draw it again")
    width, height = SIGNATURE_BOX
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<path d="{path}" fill="none" stroke="#10243e" stroke-width="3" stroke-linecap="round" '
        'stroke-linejoin="round"/></svg>'
    )
