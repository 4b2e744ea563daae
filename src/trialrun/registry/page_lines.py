"""A saved registry page as lines, from text or HTML, each to be accounted for exactly once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from trialrun.values.finding import Finding, Severity

_DROPPED = frozenset({"title", "script", "style", "noscript", "template", "head", "svg", "iframe", "object"})
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "caption",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ]
)
_CELLS = frozenset({"td", "th"})
_LISTS = frozenset({"ul", "ol", "menu"})
_CONTROL = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_DEEPEST = 200
_BREAK = "\u2029"  # a paragraph separator, which HTML text has no use for


@dataclass(frozen=True, slots=True)
class PageLine:
    """One visible line: its number, its text, and its cells where the page has a real table."""

    number: int
    text: str
    cells: tuple[str, ...] = ()
    indent: int = 0


@dataclass
class Page:
    """The non-empty lines of a page and the record of which have been understood."""

    lines: tuple[PageLine, ...]
    findings: list[Finding] = field(default_factory=list)
    used: set[int] = field(default_factory=set)

    def use(self, *indexes: int) -> None:
        """Mark lines as represented in the record."""
        self.used.update(indexes)

    def say(self, severity: Severity, code: str, message: str, index: int, remedy: str = "") -> None:
        """Add a finding about one line."""
        self.findings.append(Finding(severity, code, message, f"line {self.lines[index].number}", remedy))

    def unaccounted(self) -> tuple[PageLine, ...]:
        """The lines nobody has marked: text that is in neither the record nor a finding."""
        return tuple(line for index, line in enumerate(self.lines) if index not in self.used)

    def report_unaccounted(self) -> None:
        """Quote every line that is left over, so that nothing on the page is dropped."""
        for index, line in enumerate(self.lines):
            if index not in self.used:
                self.say(
                    Severity.WARNING,
                    "page-text-not-understood",
                    f"{line.text!r} is in no part of the record that this layout has",
                    index,
                    "read the line and add what it says to record.json by hand",
                )
                self.use(index)


def text_page(text: str) -> Page:
    """The lines of a page saved as text; tabs separate real cells."""
    lines: list[PageLine] = []
    findings: list[Finding] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = _clean(raw, number, findings)
        stripped = line.strip()
        if stripped:
            cells = tuple(" ".join(cell.split()) for cell in stripped.split("\t")) if "\t" in stripped else ()
            lines.append(PageLine(number, " ".join(stripped.split()), cells, len(line) - len(line.lstrip())))
    return Page(tuple(lines), findings)


def html_page(text: str) -> Page:
    """The visible lines of a page saved as HTML; table rows keep their cells, list items get a bullet."""
    from lxml import html

    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    root = html.fromstring(f"<html><body>{text}</body></html>".encode("utf-8", "replace"), parser=parser)
    findings: list[Finding] = []
    lines: list[PageLine] = []
    for raw, cells, indent in _Walk().lines(root):
        number = len(lines) + 1
        stripped = " ".join(_clean(raw, number, findings).split())
        if stripped:
            lines.append(PageLine(number, stripped, cells, indent))
    return Page(tuple(lines), findings)


def _clean(raw: str, number: int, findings: list[Finding]) -> str:
    """The line without control and direction-changing characters, which are reported."""
    hidden = sorted(
        {f"U+{ord(char):04X}" for char in _CONTROL.findall(raw) if char not in "\u200c\u200d\ufeff"}
    )
    if hidden:
        findings.append(
            Finding(
                Severity.WARNING,
                "hidden-characters",
                f"invisible or direction-changing characters {', '.join(hidden)} were removed from "
                f"{_CONTROL.sub('', raw).strip()[:120]!r}",
                f"line {number}",
                "look at the page itself: such characters can make a text read differently than it is",
            )
        )
    return _CONTROL.sub(lambda found: found.group(0) if found.group(0) in "\u200c\u200d" else "", raw)


class _Walk:
    """Turns an element tree into lines the way a browser shows them."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._prefix = ""

    def lines(self, root: Any) -> Iterator[tuple[str, tuple[str, ...], int]]:
        yield from self._element(root, 0, 0)
        yield from self._flush(0)

    def _flush(self, indent: int) -> Iterator[tuple[str, tuple[str, ...], int]]:
        text = "".join(self._words)
        self._words.clear()
        if text.strip():
            prefix, self._prefix = self._prefix, ""
            yield prefix + text, (), indent

    def _element(self, element: Any, lists: int, depth: int) -> Iterator[tuple[str, tuple[str, ...], int]]:
        tag = element.tag
        if not isinstance(tag, str) or tag in _DROPPED or _hidden(element):
            return
        if tag == "tr" and _leaf_row(element):
            yield from self._flush(2 * lists)
            yield from self._row(element)
            return
        if depth > _DEEPEST:
            self._words.append("".join(element.itertext()))
            return
        block = tag in _BLOCKS or tag in _CELLS
        if block:
            yield from self._flush(2 * lists)
        if tag == "li":
            self._prefix = "• "
        inner = lists + (tag in _LISTS)
        self._words.append(element.text or "")
        for child in element:
            yield from self._element(child, inner, depth + 1)
            self._words.append(child.tail or "")
        if block:
            yield from self._flush(2 * inner)
            if tag == "li":
                self._prefix = ""

    def _row(self, element: Any) -> Iterator[tuple[str, tuple[str, ...], int]]:
        cells = tuple(_paragraphs(cell) for cell in element if cell.tag in _CELLS)
        text = "".join(cell.replace("\n\n", " ") for cell in cells)
        yield text, cells if len(cells) > 1 else (), 0


def _leaf_row(element: Any) -> bool:
    """Whether a table row holds cells of text, not a page laid out in a table."""
    return (
        next(element.iter("table"), None) is None
        and next(element.iter("ul", "ol", "h1", "h2", "h3"), None) is None
    )


def _hidden(element: Any) -> bool:
    style = (element.get("style") or "").replace(" ", "").lower()
    return "display:none" in style or element.get("hidden") is not None


def _paragraphs(cell: Any) -> str:
    """A cell's text; its paragraphs are separated by an empty line."""
    parts = (" ".join(part.split()) for part in "".join(_visible(cell)).split(_BREAK))
    return "\n\n".join(part for part in parts if part)


def _visible(element: Any, depth: int = 0) -> Iterator[str]:
    if not isinstance(element.tag, str) or element.tag in _DROPPED:
        return
    if depth > _DEEPEST:
        yield "".join(element.itertext())
        return
    separator = _BREAK if element.tag in _BLOCKS else ""
    yield separator + (element.text or "")
    for child in element:
        yield from _visible(child, depth + 1)
        yield child.tail or ""
    yield separator
