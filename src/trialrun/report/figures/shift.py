"""How categories moved between times, such as Child-Pugh class from baseline to month 4, death and transplant included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trialrun.errors import AnalysisError
from trialrun.report.documents.blocks import Figure
from trialrun.report.figures.data import ShiftPath
from trialrun.report.figures.drawing import INK, SMALL, WIDTH, Drawing, one_line, widest, wrap
from trialrun.report.figures.parts import LINE_HEIGHT, Sign, apart, draw_key, key_height, people

BETTER, SAME, WORSE = "#56B4E9", "#d4d4d4", "#D55E00"
_BODY, _GAP, _BLOCK, _LABEL = 200.0, 7.0, 13.0, 84.0
_MOST_NAMED = 11.0  # points: a thinner ribbon has no number in it


def shift(
    name: str, paths: Sequence[ShiftPath], categories: Sequence[str], times: Sequence[str], label: str
) -> Figure:
    """Ribbons from category to category, as thick as the number of participants in them.

    Args:
        paths: how many participants went through which categories; one category for each of `times`.
        categories: all of them from best to worst; death and transplant belong at the end.
        times: titles of the times, in order; at least two.
        label: what is classed.

    Errors: `AnalysisError` for a path of another length or through an unknown category.
    """
    _check(paths, categories, times, label)
    paths = [path for path in paths if path.n > 0]
    total = sum(path.n for path in paths)
    signs = [Sign("better", BETTER, hatch=""), Sign("same", SAME, hatch=""), Sign("worse", WORSE, hatch="")]
    key = key_height(signs, WIDTH)
    height = _BODY + 34 + key + 14
    with Drawing(name, height) as drawing:
        page = drawing.page()
        low, high = key + 14, key + 14 + _BODY
        columns = [_LABEL + i * (WIDTH - 2 * _LABEL - _BLOCK) / (len(times) - 1) for i in range(len(times))]
        counts = [_counts(paths, categories, index) for index in range(len(times))]
        scale = _scale(counts, total)
        blocks = [_blocks(own, high, scale) for own in counts]
        for step in range(len(times) - 1):
            _ribbons(page, paths, categories, step, columns, blocks, scale)
        for index, time in enumerate(times):
            _column(
                page,
                columns[index],
                blocks[index],
                counts[index],
                scale,
                first=index == 0,
                low=low,
                high=high,
            )
            words = wrap(time, 110 if len(times) < 4 else 70, SMALL, 2)
            page.text(
                columns[index] + _BLOCK / 2, high + 8, "\n".join(words), ha="center", va="bottom",
                fontsize=SMALL, fontweight="bold", linespacing=1.1,
            )  # fmt: skip
        if total:
            draw_key(page, signs, (WIDTH - 165) / 2, key + 2, 220)
        else:
            page.text(WIDTH / 2, (low + high) / 2, "nobody to show", ha="center", fontsize=SMALL)
    words = one_line(label)
    caption = (
        f"{words} from {one_line(times[0])} to {one_line(times[-1])}: every ribbon is as thick as the number of "
        "participants in it. Ribbons that rise are better, those that fall are worse; classes stand from best to worst."
    )
    return drawing.figure(f"Shift of {words}", caption, _words(paths, categories, times, words))


def _check(paths: Sequence[ShiftPath], categories: Sequence[str], times: Sequence[str], label: str) -> None:
    if len(times) < 2:
        raise AnalysisError(f"a shift of {label} needs two times, not {len(times)}")
    for path in paths:
        if len(path.categories) != len(times) or path.n < 0:
            raise AnalysisError(
                f"a shift of {label} over {len(times)} times holds the path {path.categories!r} of {path.n}"
            )
        for category in path.categories:
            if category not in categories:
                raise AnalysisError(
                    f"a shift of {label} goes through {category!r}, which is none of {', '.join(categories)}",
                    "name every category, from best to worst",
                )


def _counts(paths: Sequence[ShiftPath], categories: Sequence[str], index: int) -> dict[str, int]:
    counts = {
        category: sum(path.n for path in paths if path.categories[index] == category)
        for category in categories
    }
    return {category: n for category, n in counts.items() if n}


def _scale(counts: Sequence[dict[str, int]], total: int) -> float:
    most = max((len(own) for own in counts), default=1)
    return (_BODY - _GAP * max(most - 1, 0)) / max(total, 1)


def _blocks(counts: dict[str, int], high: float, scale: float) -> dict[str, float]:
    """The upper end of each category's block; counted from the best at the top."""
    tops: dict[str, float] = {}
    place = high
    for category, n in counts.items():
        tops[category] = place
        place -= n * scale + _GAP
    return tops


def _ribbons(
    page: Any, paths: Sequence[ShiftPath], categories: Sequence[str], step: int,
    columns: Sequence[float], blocks: Sequence[dict[str, float]], scale: float,
) -> None:  # fmt: skip
    flows: dict[tuple[str, str], int] = {}
    for path in paths:
        pair = path.categories[step], path.categories[step + 1]
        flows[pair] = flows.get(pair, 0) + path.n
    order = {category: index for index, category in enumerate(categories)}
    starts, ends = dict(blocks[step]), dict(blocks[step + 1])
    arrivals: dict[tuple[str, str], float] = {}
    for pair in sorted(flows, key=lambda pair: (order[pair[1]], order[pair[0]])):
        arrivals[pair] = ends[pair[1]]
        ends[pair[1]] -= flows[pair] * scale
    for pair in sorted(flows, key=lambda pair: (order[pair[0]], order[pair[1]])):
        top, thick = starts[pair[0]], flows[pair] * scale
        starts[pair[0]] -= thick
        move = order[pair[1]] - order[pair[0]]
        colour = SAME if move == 0 else WORSE if move > 0 else BETTER
        _ribbon(page, columns[step] + _BLOCK, top, columns[step + 1], arrivals[pair], thick, colour)
        if thick >= _MOST_NAMED:
            page.text(
                columns[step] + _BLOCK + 10, top - thick / 2, str(flows[pair]), fontsize=SMALL, va="center",
                ha="center", zorder=5,
            )  # fmt: skip


def _ribbon(page: Any, x: float, top: float, to_x: float, to_top: float, thick: float, colour: str) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    middle = (x + to_x) / 2
    corners = [
        (x, top), (middle, top), (middle, to_top), (to_x, to_top), (to_x, to_top - thick),
        (middle, to_top - thick), (middle, top - thick), (x, top - thick), (x, top),
    ]  # fmt: skip
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    page.add_patch(
        PathPatch(Path(corners, codes), facecolor=colour, edgecolor="white", linewidth=0.6, zorder=2)
    )


def _column(
    page: Any, x: float, tops: dict[str, float], counts: dict[str, int], scale: float,
    *, first: bool, low: float, high: float,
) -> None:  # fmt: skip
    from matplotlib.patches import Rectangle

    for category, top in tops.items():
        thick = counts[category] * scale
        page.add_patch(
            Rectangle((x, top - thick), _BLOCK, thick, facecolor=INK, edgecolor=INK, linewidth=0.3, zorder=3)
        )
    texts = [_lines(category, n) for category, n in counts.items()]
    middles = [tops[category] - n * scale / 2 for category, n in counts.items()]
    tallest = max((len(lines) for lines in texts), default=1)
    places = apart(middles, LINE_HEIGHT * tallest, low + 4, high - 4)
    for lines, place in zip(texts, places, strict=True):
        page.text(
            x - 6 if first else x + _BLOCK + 6, place, "\n".join(lines), ha="right" if first else "left",
            va="center", fontsize=SMALL, linespacing=1.1, zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
        )  # fmt: skip


def _lines(category: str, n: int) -> list[str]:
    whole = f"{one_line(category)}: {n}"
    return [whole] if widest([whole], SMALL) <= _LABEL - 8 else wrap(whole, _LABEL - 8, SMALL, 3)


def _words(paths: Sequence[ShiftPath], categories: Sequence[str], times: Sequence[str], words: str) -> str:
    total = sum(path.n for path in paths)
    order = {category: index for index, category in enumerate(categories)}
    moved = {"better": 0, "same": 0, "worse": 0}
    told: list[str] = []
    for path in sorted(paths, key=lambda path: [order[category] for category in path.categories]):
        move = order[path.categories[-1]] - order[path.categories[0]]
        moved["same" if move == 0 else "worse" if move > 0 else "better"] += path.n
        told.append(f"{' to '.join(one_line(category) for category in path.categories)}: {path.n}")
    text = f"{words} of {people(total)} at {', '.join(one_line(time) for time in times)}: "
    return text + ", ".join(f"{n} {word}" for word, n in moved.items()) + f". {'; '.join(told) or 'Nobody'}."
