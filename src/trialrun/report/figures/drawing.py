"""One drawing: matplotlib with one style, laid out in points, written as SVG that depends on its content alone."""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache, lru_cache
from html import escape
from typing import Any

from trialrun.report.documents.blocks import Figure
from trialrun.report.documents.words import clean

# Okabe and Ito's colours, of different lightness, so that they stay apart in grey print and for colour-blind readers.
BLUE, ORANGE, SKY, GREEN, PURPLE = "#0072B2", "#D55E00", "#56B4E9", "#009E73", "#CC79A7"
INK, SOFT, GREY, PALE, LINE = "#222222", "#555555", "#9a9a9a", "#ececec", "#cccccc"
WIDTH = 396.0  # points: the text stays readable on a telephone and on a page
SIZE, SMALL = 9.0, 8.0
LEADING = 1.25

# The layout is measured in DejaVu Sans, which comes with matplotlib and is wider than what a browser has instead.
_DRAWN = (
    "font-family=\"system-ui, 'Segoe UI', Roboto, Helvetica, Arial, 'DejaVu Sans', sans-serif\" "
    'stroke-linejoin="round" stroke-linecap="butt"'
)
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": SIZE,
    "text.color": INK,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.labelsize": SIZE,
    "axes.linewidth": 0.8,
    "axes.unicode_minus": True,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "hatch.linewidth": 1.0,
    "hatch.color": INK,
}
# matplotlib's settings belong to the whole process: two figures at once would draw in each other's style.
_ONE_AT_A_TIME = threading.RLock()
_NAMED = re.compile(r'(\bid=)"([^"]+)"')
_NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")


class Drawing:
    """One figure being drawn; places are in points from the lower left corner.

    Nothing of the machine decides what it looks like: no settings file, no font, no clock.
    """

    def __init__(self, name: str, height: float, width: float = WIDTH) -> None:
        self.name = re.sub(r"[^A-Za-z0-9_-]", "-", name)
        self.width, self.height = width, height

    def __enter__(self) -> Drawing:
        with ExitStack() as stack:
            stack.enter_context(_ONE_AT_A_TIME)
            import matplotlib as mpl
            from matplotlib.figure import Figure as Canvas

            stack.enter_context(mpl.rc_context())
            plain: Mapping[Any, Any] = mpl.rcParamsDefault
            own = {name: value for name, value in plain.items() if mpl.rcParams[name] != value}
            own.pop("backend", None)
            settings: Mapping[Any, Any] = {**own, **_STYLE, "svg.hashsalt": self.name}
            mpl.rcParams.update(settings)
            # A sign the font lacks is drawn by the reader's own font; it is no fault of the report.
            stack.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
            self._figure = Canvas(figsize=(self.width / 72, self.height / 72))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        with self._stack:
            if kind is None:
                self._text = self._written()

    def _written(self) -> str:
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        file = io.StringIO()
        empty = {"Date": None, "Creator": None, "Format": None, "Type": None}
        FigureCanvasSVG(self._figure).print_svg(file, metadata=empty)
        return file.getvalue()

    def axes(self, left: float, bottom: float, right: float, top: float, **settings: Any) -> Any:
        """Axes between these places."""
        box = (
            left / self.width,
            bottom / self.height,
            max(right - left, 1) / self.width,
            max(top - bottom, 1) / self.height,
        )
        return self._figure.add_axes(box, **settings)

    def page(self) -> Any:
        """Axes over the whole drawing whose units are points, without lines."""
        axes = self.axes(0, 0, self.width, self.height, zorder=-5)
        axes.set_xlim(0, self.width)
        axes.set_ylim(0, self.height)
        axes.axis("off")
        return axes

    def figure(self, title: str, caption: str, alt: str) -> Figure:
        """The block, once drawn: the drawing with its title, caption and text alternative."""
        return Figure(self.name, _element(self._text, self.name, one_line(title), alt), caption, alt)


def _element(text: str, name: str, title: str, words: str) -> str:
    """What matplotlib wrote as an element of a page: own names, our fonts, short numbers, title and description."""
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text[text.index("<svg") :], flags=re.DOTALL)
    # A style sheet within the drawing would hold for the whole page it stands on.
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", lambda tag: _tag(tag[0], name), text)
    text = re.sub(r"\n\s*", "\n", text)
    labels = f'role="img" aria-labelledby="{name}-title {name}-desc" {_DRAWN}'
    head = f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(words)}</desc>'
    return re.sub(r"<svg([^>]*)>", lambda found: f"<svg {labels}{found[1]}>{head}", text, count=1)


def _tag(tag: str, name: str) -> str:
    # The last digits of a place differ between processors and are far below what a printer can show.
    tag = _NUMBER.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), tag)
    if tag.startswith("<svg"):
        return re.sub(r' (?:width|height)="[^"]*"', "", tag)
    if tag.startswith("<text"):
        tag = re.sub(r" font-family: [^;]*;| transform=\"rotate\(-0 [^\"]*\"", "", tag)
    # Groups are named for nobody; what is pointed at is named for this figure alone.
    tag = re.sub(r' id="[^"]*"', "", tag) if tag.startswith("<g ") else _NAMED.sub(rf'\1"{name}-\2"', tag)
    tag = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', tag)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", tag)


# --- words in a drawing --------------------------------------------------------------------------


def one_line(text: str) -> str:
    """A text as it can stand in a drawing: one line, nothing hidden in it."""
    return " ".join(clean(text).split())


@cache
def _font(size: float) -> Any:
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    font = FT2Font(findfont(FontProperties(family="DejaVu Sans")))  # pyright: ignore[reportArgumentType]
    font.set_size(size, 72)
    return font


@lru_cache(maxsize=4096)
def width_of(text: str, size: float = SIZE) -> float:
    """How wide a line is, in points."""
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        font = _font(size)
        font.set_text(text, 0)
        return font.get_width_height()[0] / 64


def wrap(text: str, width: float, size: float = SIZE, lines: int = 0) -> list[str]:
    """A text in lines no wider than `width`; a longer word is broken, nothing is lost.

    `lines` is the most there may be (0: no limit); what goes beyond is cut with an ellipsis.
    """
    done: list[str] = []
    line = ""
    for word in one_line(text).split(" "):
        longer = f"{line} {word}" if line else word
        if width_of(longer, size) <= width:
            line = longer
            continue
        if line:
            done.append(line)
        *whole, line = _broken(word, width, size)
        done += whole
    done.append(line)
    if lines and len(done) > lines:
        done = [*done[: lines - 1], shortened(" ".join(done[lines - 1 :]), width, size)]
    return done


def _broken(word: str, width: float, size: float) -> list[str]:
    parts: list[str] = []
    while len(word) > 1 and width_of(word, size) > width:
        take = next((n for n in range(len(word) - 1, 1, -1) if width_of(word[:n], size) <= width), 1)
        parts.append(word[:take])
        word = word[take:]
    return [*parts, word]


def shortened(text: str, width: float, size: float = SIZE) -> str:
    """A text no wider than `width`: its middle gives way to an ellipsis, since names differ at both ends."""
    text = one_line(text)
    if width_of(text, size) <= width:
        return text
    for keep in range(len(text) - 1, 1, -1):
        short = f"{text[: (keep + 1) // 2]}…{text[len(text) - keep // 2 :]}"
        if width_of(short, size) <= width:
            return short
    return text[:1] + "…"


def widest(texts: Any, size: float = SIZE) -> float:
    """The width of the widest of some lines; 0 when there is none."""
    return max((width_of(text, size) for text in texts), default=0.0)
