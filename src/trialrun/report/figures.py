"""Figures as inline SVG: one style, colour-blind safe, the same bytes for the same rows."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BLUE, ORANGE, GREY, DARK = "#0072B2", "#D55E00", "#9a9a9a", "#3a3a3a"
_SIZE = (5.2, 3.5)
_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["system-ui", "Helvetica", "Arial", "DejaVu Sans"],
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.labelcolor": "#222222",
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "svg.fonttype": "none",
    "hatch.linewidth": 1.2,
    "hatch.color": DARK,
}


@dataclass(frozen=True, slots=True)
class Course:
    """One participant's values at the planned times (`None` where there is none), and whether the line ends."""

    participant: str
    values: tuple[float | None, ...]
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One participant's change; `ended` names death or transplant, whose bar is full."""

    participant: str
    change: float | None
    ended: str = ""


def spaghetti(name: str, courses: Sequence[Course], times: Sequence[str], label: str) -> str:
    """Every participant's course with the mean of those observed; a cross marks death or transplant."""
    with _figure(name) as drawing:
        axes = drawing.axes
        for course in courses:
            points = [(index, value) for index, value in enumerate(course.values) if value is not None]
            if not points:
                continue
            x, y = [point[0] for point in points], [point[1] for point in points]
            axes.plot(x, y, color=GREY, linewidth=1, marker="o", markersize=3, zorder=2)
            if course.ended:
                axes.plot(
                    x[-1] + 0.08, y[-1], color=DARK, marker="x", markersize=7, markeredgewidth=2, zorder=4
                )
        means = [_mean([course.values[index] for course in courses]) for index in range(len(times))]
        known = [(index, mean) for index, mean in enumerate(means) if mean is not None]
        axes.plot(
            [point[0] for point in known],
            [point[1] for point in known],
            color=BLUE,
            linewidth=3,
            marker="s",
            markersize=6,
            label="mean of those observed",
            zorder=3,
        )
        axes.set_xticks(range(len(times)), times)
        axes.set_xlim(-0.25, len(times) - 0.75)
        axes.set_ylabel(label)
        axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.12), fontsize=9)
        words = f"Course of {label} for {len(courses)} participants; " + ", ".join(
            f"mean at {times[index]} {mean:.1f}" for index, mean in known
        )
        return drawing.svg(f"Course of {label} by participant", words)


def waterfall(name: str, bars: Sequence[Bar], label: str, *, lower_is_better: bool = True) -> str:
    """The change of every participant from best to worst; death and transplant as full bars."""
    direction = 1 if lower_is_better else -1
    ordered = sorted(
        (bar for bar in bars if bar.change is not None or bar.ended),
        key=lambda bar: (bool(bar.ended), direction * (bar.change or 0), bar.participant),
    )
    reach = max((abs(bar.change or 0) for bar in ordered), default=1.0) * 1.25 or 1.0
    with _figure(name) as drawing:
        axes = drawing.axes
        for index, bar in enumerate(ordered):
            if bar.ended:
                axes.bar(index, direction * reach, color="white", edgecolor=DARK, hatch="//", width=0.75)
                middle = direction * reach / 2
                axes.text(
                    index, middle, bar.ended, rotation=90, ha="center", va="center", fontsize=9, color=DARK,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
                )  # fmt: skip
                continue
            change = bar.change or 0.0
            colour = BLUE if direction * change < 0 else ORANGE
            axes.bar(index, change, color=colour, width=0.75)
            if change == 0:
                axes.plot(index, 0, marker="_", color=DARK, markersize=8)
        axes.axhline(0, color="#222222", linewidth=0.8)
        axes.set_xticks(range(len(ordered)), [bar.participant for bar in ordered], rotation=90, fontsize=8)
        axes.set_ylabel(f"change in {label}")
        axes.set_ylim(-reach, reach)
        ended = [bar for bar in ordered if bar.ended]
        better = sum(direction * (bar.change or 0) < 0 for bar in ordered if not bar.ended)
        words = (
            f"Change in {label} of {len(ordered)} participants from best to worst: {better} better, "
            f"{len(ordered) - better - len(ended)} unchanged or worse, {len(ended)} died or transplanted."
        )
        return drawing.svg(f"Change in {label} by participant", words)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


class _Drawing:
    """One matplotlib figure, closed when done, written as SVG that depends on nothing but its content."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> _Drawing:
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        settings: Any = {**_STYLE, "svg.hashsalt": self._name}
        self._context = mpl.rc_context(settings)
        self._context.__enter__()
        self._figure = Figure(figsize=_SIZE)
        self._canvas = FigureCanvasSVG(self._figure)
        # Fixed margins: measuring every label to lay out a dozen figures costs more than drawing them.
        self.axes: Any = self._figure.add_axes((0.13, 0.17, 0.85, 0.73))
        return self

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(None, None, None)

    def svg(self, title: str, words: str) -> str:
        """The figure as an SVG element with a title and a description."""
        from html import escape

        file = io.StringIO()
        self._canvas.print_svg(file, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        text = file.getvalue()
        text = text[text.index("<svg") :]
        text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
        # Identifiers of several figures on one page must not meet.
        text = re.sub(r'id="([^"]+)"', rf'id="{self._name}-\1"', text)
        text = re.sub(r'href="#([^"]+)"', rf'href="#{self._name}-\1"', text)
        text = re.sub(r"url\(#([^)]+)\)", rf"url(#{self._name}-\1)", text)
        text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
        text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
        labels = f'role="img" aria-labelledby="{self._name}-title {self._name}-desc"'
        head = f'<title id="{self._name}-title">{escape(title)}</title><desc id="{self._name}-desc">{escape(words)}</desc>'
        return re.sub(r"<svg([^>]*)>", lambda match: f"<svg {labels}{match.group(1)}>{head}", text, count=1)


def _figure(name: str) -> _Drawing:
    return _Drawing(name)
