"""Registry pages as the two kinds of HTML people save, made from a page's text."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path

import pytest

TABLES = {
    "GroupInterventionDescription": ("Group", "Intervention", "Description"),
    "NameTimeMethod": ("Name", "Time", "Method"),
}


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with the pages of our own writing."""
    return Path(__file__).resolve().parent.parent / "data" / "registry"


def _lines(text: str) -> str:
    """Every line a paragraph, bullets as list items, tables run together as in the text."""
    parts: list[str] = []
    for line in text.splitlines():
        words = line.strip()
        if words.startswith("•"):
            parts.append(f"<ul><li>{html.escape(words[1:].strip())}</li></ul>")
        elif words:
            parts.append(f"<div><span>{html.escape(words)}</span></div>")
    return (
        "<!doctype html>\n<html><head><title>x</title></head><body>\n" + "\n".join(parts) + "\n</body></html>"
    )


@pytest.fixture(scope="session")
def run_together() -> Callable[[str], str]:
    """The page as HTML whose tables lost their cells."""
    return _lines


@pytest.fixture(scope="session")
def with_cells() -> Callable[[str, list[list[str]], list[list[str]]], str]:
    """The page as HTML with real table cells; arms and outcomes are given as rows of cells."""

    def make(text: str, arms: list[list[str]], outcomes: list[list[str]]) -> str:
        rows = {"".join(row[:2]): row for row in outcomes} | {"".join(row): row for row in arms}
        methods = {row[2] for row in outcomes}
        lines: list[str] = []
        table = False
        for line in text.splitlines():
            words = line.strip()
            head = TABLES.get(words)
            if head or words in rows:
                cells = head or tuple(rows[words])
                tag = "th" if head else "td"
                lines.append(
                    "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
                )
                table = True
            elif not (table and words in methods) and words:
                table = False
                lines.append(
                    f"<li>{html.escape(words[1:])}</li>"
                    if words[0] == "•"
                    else f"<p>{html.escape(words)}</p>"
                )
        return "<html><body>" + "\n".join(lines) + "</body></html>"

    return make
