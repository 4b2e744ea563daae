"""Chapters as one self-contained HTML page: no server, no network, no request.

What people typed goes in as text and comes out as text. Drawings are the only mark-up taken as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from trialrun.report.documents.blocks import (
    Block,
    Bullets,
    Cell,
    Chapter,
    Details,
    Facts,
    Figure,
    Heading,
    Note,
    Paragraph,
    Run,
    Signed,
    Table,
    Text,
)
from trialrun.report.html_rows import data_appendix
from trialrun.report.trace import Openings, Trace

_DEEPEST = 6
_STACKED_FROM = 4
_LONG = 48


@dataclass(frozen=True, slots=True)
class Banner:
    """What must be read first; `calm` where it warns of nothing."""

    text: str
    calm: bool = False


def render_html(
    chapters: Sequence[Chapter],
    *,
    title: str,
    heading: str = "",
    banner: Banner | None = None,
    openings: Openings | None = None,
    trace: Trace | None = None,
    language: str = "en",
) -> str:
    """One HTML page of the chapters, in order, with a list of contents; the same chapters give the same bytes.

    Args:
        title: the document's title; `heading` is the page's, the title where empty.
        openings, trace: what the numbers open; without them numbers are plain text.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("trialrun.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    appendix = data_appendix(openings, trace) if openings is not None and trace is not None else ""
    places = _places(chapters) | (openings.places() if openings is not None else set())
    writer = _Writer(places)
    return (
        environment.get_template("page.html.j2").render(
            title=title,
            heading=heading or title,
            language=language,
            banner=banner,
            contents=_contents(chapters, bool(appendix)),
            body="".join(writer.chapter(chapter, 1) for chapter in chapters),
            appendix=appendix,
            style=_part("style.css"),
            script=_part("report.js"),
        )
        + "\n"
    )


def _part(name: str) -> str:
    return (files("trialrun.report") / "templates" / name).read_text(encoding="utf-8")


def _contents(chapters: Sequence[Chapter], appendix: bool) -> list[tuple[str, str, list[tuple[str, str]]]]:
    found = [
        (c.anchor, c.title, [(b.anchor, b.title) for b in c.blocks if isinstance(b, Chapter)])
        for c in chapters
    ]
    return [*found, ("data", "Values and log entries", [])] if appendix else found


def _places(blocks: Sequence[Block]) -> set[str]:
    """Every place of the chapters a link can lead to."""
    found: set[str] = set()
    for block in blocks:
        if isinstance(block, (Chapter, Details)):
            found |= {block.anchor} | _places(block.blocks)
        elif isinstance(block, Table):
            found.add(block.anchor)
            found |= {row_place(block.anchor, row) for row in block.rows if block.anchor}
    return found - {""}


def row_place(table: str, row: Sequence[str | Cell]) -> str:
    """The place of a table's row: named by its heading where the table has a name that ends in `-`."""
    first = row[0]
    text = first if isinstance(first, str) else first.text
    return f"{table}{text}" if table.endswith("-") else ""


class _Writer:
    """Blocks as HTML. A link whose place is not on the page is written as plain text."""

    def __init__(self, places: set[str]) -> None:
        self._places = places

    def chapter(self, chapter: Chapter, depth: int) -> str:
        level = min(depth + 1, _DEEPEST)
        inner = "".join(self.blocks(chapter.blocks, depth))
        return (
            f'<section id="{escape(chapter.anchor)}">\n<h{level}>{escape(chapter.title)}</h{level}>\n'
            f"{inner}</section>\n"
        )

    def blocks(self, blocks: Sequence[Block], depth: int) -> Iterator[str]:
        drawn: list[str] = []
        for block in blocks:
            if isinstance(block, Figure):
                drawn.append(_figure(block))
                continue
            if drawn:
                yield _figures(drawn)
                drawn = []
            yield self.block(block, depth)
        if drawn:
            yield _figures(drawn)

    def block(self, block: Block, depth: int) -> str:
        match block:
            case Chapter():
                return self.chapter(block, depth + 1)
            case Heading():
                level = min(depth + max(block.level, 2), _DEEPEST)
                return f"<h{level}>{escape(block.text)}</h{level}>\n"
            case Paragraph():
                return f"<p>{self.text(block.text)}</p>\n"
            case Note():
                return f'<p class="note" role="note">{self.text(block.text)}</p>\n'
            case Bullets():
                points = "".join(f"<li>{self.text(point)}</li>\n" for point in block.points)
                return f"<ul>\n{points}</ul>\n"
            case Facts():
                return _facts(block)
            case Table():
                return self.table(block)
            case Figure():
                return _figure(block)
            case Details():
                return self.details(block, depth)
            case Signed():
                lines = "".join(f"<br>{escape(line)}" for line in block.lines)
                return f'<p class="signed">{escape(block.name)}{lines}</p>\n'

    def details(self, block: Details, depth: int) -> str:
        place = f' id="{escape(block.anchor)}"' if block.anchor else ""
        paper = ' class="paper"' if block.print else ""
        inner = "".join(self.blocks(block.blocks, depth))
        return f"<details{place}{paper}><summary>{escape(block.summary)}</summary>\n{inner}</details>\n"

    def text(self, text: Text) -> str:
        if isinstance(text, str):
            return escape(text)
        return "".join(self.run(run) for run in text)

    def run(self, run: Run) -> str:
        words = self.link(escape(run.text), run.opens)
        for tag, wanted in (("code", run.code), ("i", run.italic), ("b", run.bold)):
            words = f"<{tag}>{words}</{tag}>" if wanted else words
        return words

    def link(self, words: str, opens: str) -> str:
        """The words as a link; plain where there is nothing to open or no place on the page."""
        return f'<a href="#{escape(opens)}">{words}</a>' if opens in self._places and words else words

    def table(self, table: Table) -> str:
        caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
        notes = "".join(f'<p class="soft">{escape(note)}</p>\n' for note in table.notes)
        place = f' id="{escape(table.anchor)}"' if table.anchor and not table.anchor.endswith("-") else ""
        if not table.rows:
            label = f"<b>{escape(table.caption)}:</b> " if table.caption else ""
            return f"<p{place}>{label}{escape(table.empty)}</p>\n{notes}"
        numeric = [_numeric(table, index) for index in range(len(table.columns))]
        heads = "".join(
            f'<th scope="col"{" class=n" if right else ""}>{escape(name)}</th>'
            for name, right in zip(table.columns, numeric, strict=True)
        )
        stacked = len(table.columns) >= _STACKED_FROM and (numeric.count(False) > 2 or _wordy(table))
        rows = "".join(self.row(table, row, stacked) for row in table.rows)
        label = escape(table.caption or ", ".join(name for name in table.columns if name))
        shape = ' class="stack"' if stacked else ""
        head = f"<thead><tr>{heads}</tr></thead>" if any(table.columns) else ""
        return (
            f'<div class="wide" tabindex="0" role="region" aria-label="{label}"{place}>'
            f"<table{shape}>{caption}{head}\n<tbody>\n{rows}</tbody></table></div>\n{notes}"
        )

    def row(self, table: Table, row: Sequence[str | Cell], stacked: bool) -> str:
        place = row_place(table.anchor, row) if table.anchor else ""
        strong = any(isinstance(cell, Cell) and cell.strong for cell in row)
        headed = any(isinstance(cell, Cell) and cell.head for cell in row)
        cells = "".join(
            self.cell(cell, name if stacked else "", first=index == 0 and not headed)
            for index, (cell, name) in enumerate(zip(row, table.columns, strict=True))
        )
        named = f' id="{escape(place)}"' if place else ""
        return f"<tr{named}{' class=strong' if strong else ''}>{cells}</tr>\n"

    def cell(self, cell: str | Cell, label: str, *, first: bool) -> str:
        made = Cell(cell) if isinstance(cell, str) else cell
        first_line, _, more = made.text.partition("\n")
        words = self.link(_lines(first_line), made.opens) + (_lines("\n" + more) if more else "")
        shape = " class=n" if made.number else " class=t" if first_line and _whole(first_line) else ""
        if made.head or first:
            return f'<th scope="row"{shape} dir="auto">{words}</th>'
        named = f' data-label="{escape(label)}"' if label else ""
        # Typed text keeps its own direction; numbers and empty cells have none.
        own = ' dir="auto"' if words and not made.number else ""
        return f"<td{shape}{named}{own}>{words}</td>"


def _lines(text: str) -> str:
    """The first line as it is, further ones smaller below it."""
    first, _, more = text.partition("\n")
    rest = escape(more).replace("\n", "<br>")
    return f'{escape(first)}<br><span class="soft">{rest}</span>' if more else escape(first)


def _whole(text: str) -> bool:
    """A short word, such as a date or a name: it is not broken."""
    return len(text) <= 16 and " " not in text


def _numeric(table: Table, index: int) -> bool:
    cells = [row[index] for row in table.rows]
    return sum(isinstance(cell, Cell) and cell.number for cell in cells) * 2 > len(cells)


def _wordy(table: Table) -> bool:
    """Whether a column beside the first holds sentences: on a phone such a table is laid out row by row."""
    texts = (cell if isinstance(cell, str) else cell.text for row in table.rows for cell in row[1:])
    return any(len(text) > _LONG for text in texts)


def _facts(block: Facts) -> str:
    rows = "".join(
        f'<dt>{escape(label)}</dt><dd{" class=hash" if _is_hash(value) else ""} dir="auto">{_lines(value)}</dd>\n'
        for label, value in block.rows
    )
    return f'<dl class="facts">\n{rows}</dl>\n'


def _is_hash(value: str) -> bool:
    return len(value) >= 64 and all(letter in "0123456789abcdef" for letter in value[-64:])


def _figure(figure: Figure) -> str:
    return f"<figure>{figure.svg}<figcaption>{escape(figure.caption)}</figcaption></figure>\n"


def _figures(drawn: Sequence[str]) -> str:
    return f'<div class="figures">\n{"".join(drawn)}</div>\n' if len(drawn) > 1 else drawn[0]
