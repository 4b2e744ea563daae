"""The tables of a saved registry page, whose cells run together: arms and outcomes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from trialrun.registry.page_lines import Page, PageLine
from trialrun.registry.timeframe_start import starts
from trialrun.values.finding import Severity

_GLUE = re.compile(r"(?<=[a-z0-9.)\]])(?=[A-Z][a-z])")
_LONGEST_ROW = 4_000  # registries allow 255 characters for a name, 999 for an arm
_CHECK = "compare with the page and correct record.json"


def read_outcomes(page: Page, indexes: list[int]) -> list[dict[str, str]]:
    """The outcomes of one table: a row ends where its time frame ends, the description follows it."""
    rows: list[dict[str, str]] = []
    for index in indexes:
        line = page.lines[index]
        split = _outcome_cells(page, index, line)
        page.use(index)
        if split is not None:
            rows.append(split)
        elif not rows:
            page.say(
                Severity.WARNING,
                "time-frame-not-found",
                f"no time frame was found in the outcome {line.text!r}; the whole text became its name",
                index,
                _CHECK,
            )
            rows.append({"measure": line.text})
        else:
            _describe(page, index, rows[-1])
    return [_ordered(row) for row in rows]


def _describe(page: Page, index: int, row: dict[str, str]) -> None:
    text = page.lines[index].text
    if "description" in row:
        page.say(
            Severity.NOTE,
            "description-or-outcome",
            f"{text!r} was added to the description of {row['measure']!r}; "
            "it could be an outcome whose time frame was not recognised",
            index,
            _CHECK,
        )
        row["description"] += "\n\n" + text
    else:
        row["description"] = text


def _ordered(row: dict[str, str]) -> dict[str, str]:
    return {key: row[key] for key in ("measure", "description", "timeFrame") if row.get(key)}


def _outcome_cells(page: Page, index: int, line: PageLine) -> dict[str, str] | None:
    if len(line.cells) > 1:
        names = ("measure", "timeFrame", "description")
        if len(line.cells) > len(names):
            page.say(
                Severity.WARNING,
                "more-cells-than-columns",
                f"the row {line.text!r} has {len(line.cells)} cells for 3 columns; the last were joined",
                index,
                _CHECK,
            )
        named = (cell.replace("\n\n", " ") for cell in line.cells[:2])
        cells = (*named, "\n\n".join(cell for cell in line.cells[2:] if cell))
        return dict(zip(names, (*cells, ""), strict=False))
    if len(line.text) > _LONGEST_ROW:
        return None
    places = starts(line.text)
    certain = [place for place, sure in places if sure]
    if not places:
        return None
    place = certain[0] if certain else places[-1][0]
    measure, frame = line.text[:place].rstrip(), line.text[place:]
    if len(certain) != 1:
        others = ", ".join(repr(line.text[other:]) for other, _ in places if other != place)
        page.say(
            Severity.WARNING,
            "ambiguous-time-frame",
            f"{line.text!r} was split into {measure!r} and {frame!r}"
            + (f"; the time frame could also be {others}" if others else "; the boundary is a guess"),
            index,
            _CHECK,
        )
    return {"measure": measure, "timeFrame": frame}


@dataclass
class _Arm:
    label: str
    names: tuple[str, ...] = ()
    description: list[str] = field(default_factory=list)


def read_arms(page: Page, indexes: list[int], interventions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The arms; an arm's row is its label, the names of known interventions, and a description."""
    known = {part["name"]: part for part in interventions}
    arms: list[_Arm] = []
    for index in indexes:
        page.use(index)
        arm = _arm_cells(page, index, page.lines[index], tuple(known))
        if arm is not None:
            arms.append(arm)
        elif arms:
            text = page.lines[index].text
            page.say(
                Severity.NOTE,
                "description-or-arm",
                f"{text!r} names no known intervention and was added to the description of arm {arms[-1].label!r}",
                index,
                _CHECK,
            )
            arms[-1].description.append(text)
    return [_arm_group(arm, known) for arm in arms]


def _arm_group(arm: _Arm, known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    group: dict[str, Any] = {"label": arm.label}
    description = "\n\n".join(text for text in arm.description if text)
    if description:
        group["description"] = description
    if arm.names:
        group["interventionNames"] = [full_name(known[name]) if name in known else name for name in arm.names]
    return group


def full_name(intervention: dict[str, Any]) -> str:
    """The name an arm refers to an intervention by: `Biological: MSC-derived exosomes`."""
    kind = str(intervention.get("type", "")).replace("_", " ").capitalize()
    return f"{kind}: {intervention['name']}" if kind else str(intervention["name"])


def _arm_cells(page: Page, index: int, line: PageLine, known: tuple[str, ...]) -> _Arm | None:
    if len(line.cells) > 1:
        names = _names_in(line.cells[1], known) if len(line.cells) > 2 else ((), line.cells[1])
        unknown = (names[1],) if len(line.cells) > 2 and names[1] else ()
        description = list(line.cells[2:]) if len(line.cells) > 2 else [line.cells[1]]
        return _Arm(line.cells[0], names[0] + unknown, description)
    found = _glued_names(line.text, known)
    if found:
        place, names, rest = found[0]
        if len(found) > 1:
            _ambiguous(page, index, line.text, line.text[:place], rest)
        return _Arm(line.text[:place].strip(), names, [rest])
    seams = [] if len(line.text) > _LONGEST_ROW else [match.start() for match in _GLUE.finditer(line.text)]
    if not seams:
        return None
    _ambiguous(page, index, line.text, line.text[: seams[0]], line.text[seams[0] :])
    return _Arm(line.text[: seams[0]], (), [line.text[seams[0] :]])


def _ambiguous(page: Page, index: int, text: str, label: str, rest: str) -> None:
    page.say(
        Severity.WARNING,
        "ambiguous-arm",
        f"{text!r} was split into arm {label!r} and description {rest!r}; the boundary is a guess",
        index,
        _CHECK,
    )


def _glued_names(text: str, known: tuple[str, ...]) -> list[tuple[int, tuple[str, ...], str]]:
    """Every way to read the row as label + interventions + description."""
    ways: list[tuple[int, tuple[str, ...], str]] = []
    if len(text) > _LONGEST_ROW:
        return ways
    for name in sorted(known, key=len, reverse=True):
        place = text.find(name, 1)
        while place > 0:
            names, rest = _names_in(text[place:], known)
            if (
                not text[place - 1].isspace()
                and names
                and not rest[:1].islower()
                and not text[place + len(names[0]) :].startswith(" ")
            ):
                ways.append((place, names, rest))
            place = text.find(name, place + 1)
    ways.sort(key=lambda way: (way[0], -len(way[1])))
    return [way for order, way in enumerate(ways) if order == 0 or way[0] > ways[0][0] + len(ways[0][1][0])]


def _names_in(text: str, known: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The interventions a text begins with (separated by nothing, a comma or a bar), and the rest."""
    names: list[str] = []
    rest = text
    while True:
        candidate = rest.lstrip(" ,;|\n") if names else rest.lstrip()
        candidate = re.sub(r"^[A-Z][A-Za-z ]{3,24}: ", "", candidate)
        name = next(
            (one for one in sorted(known, key=len, reverse=True) if one and candidate.startswith(one)), None
        )
        after = candidate[len(name) :] if name else ""
        if name is None or name in names or after[:1].islower():
            return tuple(names), rest.strip()
        names.append(name)
        rest = after
