"""What a document is made of. Values only; `typeset` turns them into pages.

Every text is shown as it stands: no mark-up of any language is read in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from trialrun.errors import UserError

SIGNATURE_BOX = (600, 200)


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a paragraph in one style; `opens` is a place of the page it leads to."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    opens: str = ""


Text = str | Sequence[Run]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is a chapter. Headings become the document's bookmarks."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: Text


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph set apart: what a reader must not miss."""

    text: Text


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of points."""

    points: Sequence[Text]


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels with their values, one pair a line."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    `opens` names what a click on it shows: an anchor of the page. `number` cells are set to the end of the line,
    `head` marks a row's own heading.
    """

    text: str
    opens: str = ""
    number: bool = False
    head: bool = False
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a header row that is repeated on every page.

    `widths` are shares of the page's width; where empty, they follow what stands in the columns. `empty` stands
    where there is no row.
    `notes` stand below it; `anchor` is its place on the page.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    caption: str = ""
    widths: Sequence[int] = ()
    empty: str = "None."
    notes: Sequence[str] = ()
    anchor: str = ""

    def __post_init__(self) -> None:
        """Refuse rows that do not fit the columns: a shifted cell would be read under the wrong heading."""
        for row in self.rows:
            if len(row) != len(self.columns):
                raise UserError(f"a table row has {len(row)} cells for {len(self.columns)} columns: {row!r}")
        if self.widths and len(self.widths) != len(self.columns):
            raise UserError(f"{len(self.widths)} widths for {len(self.columns)} columns")


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature: the drawn path (in a box of 600 by 200) or the typed name, and the lines below it."""

    name: str
    lines: Sequence[str] = ()
    path: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with its words: `svg` stands alone, `alt` says what it shows to who cannot see it."""

    name: str
    svg: str
    caption: str
    alt: str


@dataclass(frozen=True, slots=True)
class Details:
    """Blocks a screen shows on demand under `summary`; on paper they are left out unless `print` asks for them."""

    summary: str
    blocks: Sequence[Block]
    anchor: str = ""
    print: bool = False


@dataclass(frozen=True, slots=True)
class Chapter:
    """A numbered part of a report with its anchor; a PDF bookmark and an entry of the contents.

    A chapter within a chapter has no number and begins on a page of its own, such as one participant's listing.
    Headings within a chapter stand below its title, whatever their level.
    """

    anchor: str
    title: str
    blocks: Sequence[Block]


Block = Heading | Paragraph | Note | Bullets | Facts | Table | Signed | Figure | Details | Chapter


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks that begin on a new page, with what its page header says at both ends."""

    blocks: Sequence[Block]
    header: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document.

    `footer` stands on every page beside `page n of m`; `made_at` is written into the file, so the same
    content made at the same time has the same bytes. `language` is a BCP 47 code and decides the direction;
    `page_words` are the words of the page number. `contents` is the title of the list of contents with page
    numbers that stands first; there is none where it is empty.
    """

    title: str
    sections: Sequence[Section]
    made_at: datetime
    subtitle: str = ""
    footer: str = ""
    language: str = "en"
    landscape: bool = False
    page_words: tuple[str, str] = field(default=("Page", "of"))
    contents: str = ""


def document(
    title: str,
    blocks: Sequence[Block],
    *,
    made_at: datetime,
    subtitle: str = "",
    header: tuple[str, str] = ("", ""),
    footer: str = "",
    language: str = "en",
) -> Document:
    """A document of one section."""
    return Document(title, (Section(blocks, header),), made_at, subtitle, footer, language)
