"""The report as PDF: the same chapters as on the screen, set for A4."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trialrun.report.documents.blocks import Chapter, Document, Section
from trialrun.report.documents.typeset import compile_document, page_images


def report_document(
    chapters: Sequence[Chapter],
    *,
    title: str,
    made_at: datetime,
    subtitle: str = "",
    header: tuple[str, str] = ("", ""),
    footer: str = "",
    language: str = "en",
    contents: str = "Contents",
) -> Document:
    """The chapters as one document with a title, a list of contents and page numbers.

    Args:
        chapters: numbered in the order given.
        made_at: the time of the data, written into the file; never the clock's, or two runs would differ.
        header: what stands at both ends of every page's head, such as the study and "Rehearsal: simulated".
        footer: what stands beside the page number, such as the snapshot's hash.
        contents: the title of the list of contents; empty for none.
    """
    return Document(
        title,
        (Section(tuple(chapters), header if any(header) else (title, "")),),
        made_at,
        subtitle,
        footer,
        language,
        contents=contents,
    )


def report_pdf(
    chapters: Sequence[Chapter],
    *,
    title: str,
    made_at: datetime,
    subtitle: str = "",
    header: tuple[str, str] = ("", ""),
    footer: str = "",
    language: str = "en",
    contents: str = "Contents",
) -> bytes:
    """The chapters as PDF: tagged, with bookmarks, texts in the figures readable; the same input, the same bytes.

    What a screen shows on demand (`Details`) is left out unless it asks to be printed. The arguments are those of
    `report_document`. Errors: `UserError` when it cannot be set.
    """
    made = report_document(
        chapters,
        title=title,
        made_at=made_at,
        subtitle=subtitle,
        header=header,
        footer=footer,
        language=language,
        contents=contents,
    )
    return compile_document(made)


def report_pages(document: Document, *, ppi: float = 72) -> list[bytes]:
    """The pages as PNG, to be looked at."""
    return page_images(document, ppi=ppi)
