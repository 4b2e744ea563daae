"""Setting documents as PDF with Typst: nothing is fetched, no font of the machine is used.

What people wrote goes to the template as data, never as mark-up, so no text of theirs is carried out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from trialrun.errors import UserError
from trialrun.report.documents.blocks import Document
from trialrun.report.documents.plain import as_data

TEMPLATE = "document.typ"
# PDF/A-2a: readable for the retention period with what is in the file alone (21 CFR 11.10(c)); PDF/UA-1: for everyone.
STANDARDS = ("a-2a", "ua-1")


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
        template, data, format="pdf", timestamp=int(made_at.timestamp()), pdf_standards=list(STANDARDS)
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
