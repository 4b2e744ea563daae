"""Setting documents as PDF with Typst: nothing is fetched, no font of the machine is used.

What people wrote goes to the template as data, never as mark-up, so no text of theirs is carried out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from trialrun.errors import UserError
from trialrun.report.documents.blocks import (
    SIGNATURE_BOX,
    Block,
    Bullets,
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

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
TEMPLATE = "document.typ"
# PDF/A-2: readable for the retention period with what is in the file alone (21 CFR 11.10(c)).
STANDARD = "a-2a"

# Overrides and isolates could make a value read as another one on paper; the two joiners belong to Persian.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_LONG_WORD = re.compile(r"[!-~]{25,}")
_PATH = re.compile(r"[MLQC0-9., -]*")


def compile_document(document: Document) -> bytes:
    """The document as PDF: tagged, with bookmarks; the same document always gives the same bytes.

    Errors: `UserError` when it cannot be set.
    """
    return compile_template(TEMPLATE, as_data(document), made_at=document.made_at)


def page_images(document: Document, *, ppi: float = 72) -> list[bytes]:
    """The document's pages as PNG, to be looked at."""
    pages = _compile(TEMPLATE, as_data(document), format="png", ppi=ppi)
    return [pages] if isinstance(pages, bytes) else list(pages)


def compile_template(template: str, data: Mapping[str, Any], *, made_at: datetime) -> bytes:
    """A template of this room filled with data, as PDF.

    Args:
        template: file name in `templates/`.
        data: what the template reads; texts in it are shown as they stand.
        made_at: the time written into the file.

    Errors: `UserError` with the typesetter's own words when it cannot be set.
    """
    made = _compile(
        template, data, format="pdf", timestamp=int(made_at.timestamp()), pdf_standards=[STANDARD]
    )
    return made if isinstance(made, bytes) else b"".join(made)


def _compile(template: str, data: Mapping[str, Any], **options: Any) -> bytes | Sequence[bytes]:
    import typst

    source = (files("trialrun.report.documents") / "templates" / template).read_bytes()
    try:
        made: Any = typst.compile(
            source,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            **options,
        )
    except typst.TypstError as error:
        raise UserError(
            f"the document cannot be set: {error}", "report this with what it should show"
        ) from error
    return made


@cache
def _fonts() -> Any:
    """The fonts within Typst and the DejaVu family that comes with matplotlib (Latin, Greek, Arabic script)."""
    import matplotlib
    import typst

    return typst.Fonts(
        include_system_fonts=False, font_paths=[str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")]
    )


# --- documents as the template reads them --------------------------------------------------------


def as_data(document: Document) -> dict[str, Any]:
    """The document as plain data for the template."""
    right = document.language.split("-")[0] in RIGHT_TO_LEFT
    return {
        "title": clean(document.title),
        "subtitle": clean(document.subtitle),
        "footer": clean(document.footer),
        "language": document.language.split("-")[0],
        "direction": "rtl" if right else "ltr",
        "landscape": document.landscape,
        "page_words": [clean(word) for word in document.page_words],
        "sections": [_section(section) for section in document.sections],
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "header": [clean(part) for part in section.header],
        "blocks": [_block(block) for block in section.blocks],
    }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Heading():
            return {"kind": "heading", "text": clean(block.text), "level": block.level}
        case Paragraph():
            return {"kind": "paragraph", "runs": _runs(block.text)}
        case Note():
            return {"kind": "note", "runs": _runs(block.text)}
        case Bullets():
            return {"kind": "bullets", "points": [_runs(point) for point in block.points]}
        case Facts():
            return {"kind": "facts", "rows": [[clean(label), cell(value)] for label, value in block.rows]}
        case Table():
            return {
                "kind": "table",
                "caption": clean(block.caption),
                "columns": [clean(name) for name in block.columns],
                "widths": list(block.widths or [1] * len(block.columns)),
                "rows": [
                    [cell(value if isinstance(value, str) else value.text) for value in row]
                    for row in block.rows
                ],
                "empty": clean(block.empty),
            }
        case Signed():
            return {
                "kind": "signed",
                "name": clean(block.name),
                "lines": [clean(line) for line in block.lines],
                "drawing": signature_svg(block.path) if block.path else "",
            }
        case Figure() | Details() | Chapter():
            raise UserError(f"{type(block).__name__.lower()} blocks cannot be set on paper yet")


def _runs(text: Text) -> list[dict[str, Any]]:
    # One text is somebody's and keeps its own direction; runs are parts of prose that follows the page's.
    alone = isinstance(text, str)
    runs = (Run(text),) if isinstance(text, str) else text
    return [
        {"text": clean(run.text), "bold": run.bold, "italic": run.italic, "code": run.code, "own": alone}
        for run in runs
    ]


def clean(text: str) -> str:
    """The text with characters that would steer the page's direction, or show as nothing, spelt out."""
    return _STEERING.sub(
        lambda found: f"⟨U+{ord(found[0]):04X}⟩", text.replace("\r\n", "\n").replace("\t", " ")
    )


def cell(text: str) -> str:
    """A cleaned text whose longest words may break, so that no value runs out of its cell."""
    return _LONG_WORD.sub(
        lambda word: "\u200b".join(word[0][at : at + 12] for at in range(0, len(word[0]), 12)), clean(text)
    )


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
