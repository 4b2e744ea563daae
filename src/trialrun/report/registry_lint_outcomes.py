"""Baseline measures and outcome measures: units, denominators, dispersion, titles, time frames."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from trialrun.report.registry_lint import (
    Linter,
    Node,
    Registered,
    by_group,
    check_groups,
    check_known,
    node,
    nodes,
    number,
    titles,
)

# Dispersion that may stand beside a measure of centre, in lower case; "" is none.
_SPREADS = {
    "MEAN": ("standard deviation", "standard error", "confidence interval", "full range"),
    "LEAST_SQUARES_MEAN": ("standard deviation", "standard error", "confidence interval"),
    "GEOMETRIC_MEAN": ("geometric coefficient", "confidence interval", "standard", "full range"),
    "GEOMETRIC_LEAST_SQUARES_MEAN": ("standard error", "confidence interval"),
    "LOG_MEAN": ("standard deviation", "standard error", "confidence interval"),
    "MEDIAN": ("full range", "inter-quartile range", "interquartile", "confidence interval"),
    "NUMBER": ("", "confidence interval"),
    "COUNT_OF_PARTICIPANTS": ("",),
    "COUNT_OF_UNITS": ("",),
}
_BETTER = re.compile(
    r"\b(better|worse|best|worst|improve\w*|severe|severity|higher|lower|greater)\b", re.IGNORECASE
)
_VAGUE = re.compile(
    r"(a|and|assessment|by|change|clinical|disease|efficacy|effect|effectiveness|evaluation|function|in|liver|measures?|of"
    r"|outcomes?|parameters|patients?|primary|response|safety|score|secondary|status|study|symptoms|the|tolerability"
    r"|treatment)"
)


def lint_baseline(linter: Linter, module: Node) -> None:
    """Age, sex, race or ethnicity are there; counts add up to the group."""
    if not module:
        return
    place = "baselineCharacteristicsModule"
    ids = check_groups(linter, module, place)
    sizes = _denominators(module)
    _same_as_started(linter, module, sizes, place)
    names = " | ".join(str(one.get("title", "")).lower() for one in nodes(module, "measures"))
    for what, words in (
        ("age", ("age",)),
        ("sex", ("sex", "gender")),
        ("race or ethnicity", ("race", "ethnic")),
    ):
        if not any(re.search(rf"\b{word}", names) for word in words):
            linter.warn("baseline-lacks", place, f"{what} is not among the baseline measures")
    for one in nodes(module, "measures"):
        where = f"{place}: {one.get('title', '')}"
        if not str(one.get("title", "")).strip():
            linter.error("untitled", where, "a baseline measure has no title")
        _check_measure(linter, one, where, sizes, ids)


def _same_as_started(linter: Linter, module: Node, sizes: dict[str, float], place: str) -> None:
    for id_, title in titles(module).items():
        started = linter.started.get(title)
        if (
            started is not None
            and id_ in sizes
            and sizes[id_] != started
            and not module.get("populationDescription")
        ):
            linter.warn(
                "baseline-not-started", place, f"{title}: {started} started, the baseline is of {sizes[id_]:g}",
                "say in the population description who was left out",
            )  # fmt: skip


def lint_outcomes(linter: Linter, module: Node, registered: Sequence[Registered]) -> None:
    """Every registered outcome is reported, at its registered time; every number fits its measure."""
    if not module:
        return
    found = list(nodes(module, "outcomeMeasures"))
    _all_reported(linter, found, registered)
    for index, one in enumerate(found):
        place = f"outcomeMeasures[{index}]: {str(one.get('title', ''))[:80]}"
        _about(linter, one, place)
        if one.get("reportingStatus") == "NOT_POSTED":
            if not one.get("anticipatedPostingDate"):
                linter.warn(
                    "no-posting-date",
                    place,
                    "results are not posted, and no date is given for when they will be",
                )
            continue
        if not one.get("classes"):
            if not one.get("populationDescription"):
                linter.error("no-data", place, "there are no data, and no word why")
            continue
        ids = check_groups(linter, one, place)
        sizes = _denominators(one)
        if not sizes:
            linter.error("no-denominator", place, "the number of participants analysed is missing")
        _no_more_than_started(linter, one, sizes, place)
        _check_measure(linter, one, place, sizes, ids)
        for analysis in nodes(one, "analyses"):
            _check_analysis(linter, analysis, place, ids)


def _all_reported(linter: Linter, found: Sequence[Node], registered: Sequence[Registered]) -> None:
    for wanted in registered:
        role = [one for one in found if str(one.get("type", "")).lower() == wanted.role]
        match = [one for one in role if _same_title(str(one.get("title", "")), wanted.title)]
        if not match:
            linter.error(
                "outcome-missing", f"{wanted.role} outcome", f"the registered outcome {wanted.title!r} is not reported",
                "report it, or say in the record why it was changed",
            )  # fmt: skip
        elif all(_plain(str(one.get("timeFrame", ""))) != _plain(wanted.time_frame) for one in match):
            linter.error(
                "time-frame-differs", f"{wanted.role} outcome: {wanted.title}",
                f"registered at {wanted.time_frame!r}, reported at {str(match[0].get('timeFrame', ''))!r}",
                "the time frame of results is the registered one",
            )  # fmt: skip


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()


def _same_title(reported: str, wanted: str) -> bool:
    return _plain(reported).startswith(_plain(wanted)) or _plain(wanted).startswith(_plain(reported) or "\0")


def _about(linter: Linter, one: Node, place: str) -> None:
    title, description = str(one.get("title", "")), str(one.get("description", ""))
    if not title.strip():
        linter.error("untitled", place, "an outcome measure has no title")
    elif all(_VAGUE.fullmatch(word) for word in _plain(title).split()):
        linter.warn(
            "title-vague",
            place,
            f"the title {title!r} does not say what is measured",
            "name the measure and its metric",
        )
    if not str(one.get("timeFrame", "")).strip():
        linter.error("no-time-frame", place, "there is no time frame")
    elif not re.search(
        r"\d|baseline|day|week|month|year|visit|end|through|until|time", str(one["timeFrame"]), re.IGNORECASE
    ):
        linter.warn("time-frame-vague", place, f"the time frame {one['timeFrame']!r} names no time")
    scale = re.search(r"\b(scale|score)", str(one.get("unitOfMeasure", "")), re.IGNORECASE)
    if scale and not _BETTER.search(description):
        linter.warn(
            "scale-unexplained", place, "the unit is a scale, and the description does not say which direction is better",
            "name the scale with its least and greatest value, and what a higher one means",
        )  # fmt: skip


def _denominators(one: Node) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in nodes(one, "denoms"):
        if str(part.get("units", "Participants")).lower() == "participants":
            found |= {id_: n for id_, n in by_group(nodes(part, "counts"), "value").items() if n is not None}
    return found


def _no_more_than_started(linter: Linter, one: Node, sizes: dict[str, float], place: str) -> None:
    for id_, title in titles(one).items():
        started = linter.started.get(title)
        if started is None or id_ not in sizes:
            continue
        if sizes[id_] > started:
            linter.error("more-than-started", place, f"{title}: {sizes[id_]:g} analysed, {started} started")
        elif sizes[id_] < started and not one.get("populationDescription"):
            linter.warn(
                "population-undescribed", place, f"{title}: {sizes[id_]:g} of {started} analysed, and no word who was left out",
                "describe the population analysed",
            )  # fmt: skip


def _check_measure(linter: Linter, one: Node, place: str, sizes: dict[str, float], ids: set[str]) -> None:
    kind, spread, unit = _kinds(one)
    classes = list(nodes(one, "classes"))
    if not kind:
        if classes:
            linter.error("no-parameter", place, "the kind of number (mean, median, count) is missing")
        return
    if not unit:
        linter.error("no-unit", place, "there is no unit of measure")
    allowed = _SPREADS.get(kind)
    if allowed is not None and not any(word in spread if word else not spread for word in allowed):
        given = repr(one.get("dispersionType")) if spread else "no dispersion"
        linter.error(
            "dispersion-does-not-fit", place, f"a {kind.replace('_', ' ').lower()} stands with {given}",
            "a mean takes a standard deviation, error or interval; a median a range, quartiles or interval; a count none",
        )  # fmt: skip
    if kind == "COUNT_OF_PARTICIPANTS" and "participant" not in unit.lower():
        linter.error("unit-does-not-fit", place, f"a count of participants has the unit {unit!r}")
    for part in classes:
        own = {**sizes, **_denominators(part)}
        for id_, n in _denominators(part).items():
            if id_ in sizes and n > sizes[id_]:
                linter.error(
                    "denominator-grows",
                    place,
                    f"{id_}: {n:g} in {part.get('title', 'a row')!r}, {sizes[id_]:g} overall",
                )
        for cell in _cells(part):
            check_known(linter, place, (cell,), ids)
            _check_cell(linter, cell, place, kind, spread, unit, own)
        if kind == "COUNT_OF_PARTICIPANTS":
            _counts_add_up(linter, part, place, own)


def _kinds(one: Node) -> tuple[str, str, str]:
    return (
        str(one.get("paramType") or ""),
        str(one.get("dispersionType") or "").replace("_", " ").lower(),
        str(one.get("unitOfMeasure") or "").strip(),
    )


def _cells(part: Node) -> Iterator[Node]:
    for category in nodes(part, "categories"):
        yield from nodes(category, "measurements")


def _check_cell(
    linter: Linter, cell: Node, place: str, kind: str, spread: str, unit: str, sizes: dict[str, float]
) -> None:
    text, value = str(cell.get("value", "")).strip(), number(cell.get("value"))
    id_ = str(cell.get("groupId", ""))
    if value is None:
        if text.upper() != "NA":
            linter.error("no-number", place, f"{id_}: {text!r} is no number", "write NA and say why")
        elif not cell.get("comment"):
            linter.error("unexplained", place, f"{id_}: NA without a word why")
        return
    if kind == "COUNT_OF_PARTICIPANTS":
        if value < 0 or value != int(value):
            linter.error("no-count", place, f"{id_}: {text} is no number of participants")
        elif id_ in sizes and value > sizes[id_]:
            linter.error("count-above-denominator", place, f"{id_}: {text} of {sizes[id_]:g}")
    if (
        re.match(r"(percent|%|proportion of participants \(%\))", unit.lower())
        and kind == "NUMBER"
        and not 0 <= value <= 100
    ):
        linter.error("no-percentage", place, f"{id_}: {text} is no percentage")
    _check_spread(linter, cell, place, spread, value)


def _check_spread(linter: Linter, cell: Node, place: str, spread: str, value: float) -> None:
    id_ = str(cell.get("groupId", ""))
    if spread in ("standard deviation", "standard error", "geometric coefficient of variation"):
        width = number(cell.get("spread"))
        if width is None and not cell.get("comment"):
            linter.error("no-spread", place, f"{id_}: the {spread} is missing")
        elif width is not None and width < 0:
            linter.error("negative-spread", place, f"{id_}: a {spread} of {width:g}")
    elif "interval" in spread or "range" in spread:
        low, high = number(cell.get("lowerLimit")), number(cell.get("upperLimit"))
        if (low is None or high is None) and not (
            cell.get("comment") or cell.get("lowerLimitComment") or cell.get("upperLimitComment")
        ):
            linter.error("no-limits", place, f"{id_}: a limit of the {spread} is missing without a word why")
        if low is not None and high is not None and not low <= value <= high:
            linter.error("outside-limits", place, f"{id_}: {value:g} lies outside {low:g} to {high:g}")


def _counts_add_up(linter: Linter, part: Node, place: str, sizes: dict[str, float]) -> None:
    """Categories of one class exclude each other, so they cannot be more than the group."""
    categories = list(nodes(part, "categories"))
    if len(categories) < 2:
        return
    for id_, size in sizes.items():
        found = [
            number(cell.get("value"))
            for one in categories
            for cell in nodes(one, "measurements")
            if cell.get("groupId") == id_
        ]
        known = [n for n in found if n is not None]
        if not known:
            continue
        if sum(known) > size:
            linter.error(
                "counts-exceed", place, f"{id_}: the categories add up to {sum(known):g} of {size:g}"
            )
        elif sum(known) < size and len(known) == len(categories):
            linter.warn(
                "counts-fall-short", place, f"{id_}: the categories add up to {sum(known):g} of {size:g}",
                "add a category for the rest, or a denominator of its own",
            )  # fmt: skip


def _check_analysis(linter: Linter, one: Node, place: str, ids: set[str]) -> None:
    for id_ in one.get("groupIds") or ():
        if id_ not in ids:
            linter.error("unknown-group", place, f"an analysis names group {id_!r}, which is not listed")
    if not one.get("groupIds"):
        linter.error("analysis-without-group", place, "an analysis does not say which groups it is about")
    p = number(re.sub(r"^[<>=≤≥ ]+", "", str(one.get("pValue", ""))))
    if one.get("pValue") not in (None, "") and (p is None or not 0 <= p <= 1):
        linter.error("no-probability", place, f"the p value {one.get('pValue')!r} is no probability")
    if one.get("pValue") and not one.get("statisticalMethod"):
        linter.error("no-method", place, "a p value stands without its method")
    low, high, value = (number(one.get(name)) for name in ("ciLowerLimit", "ciUpperLimit", "paramValue"))
    if (low is not None or high is not None) and number(one.get("ciPctValue")) is None:
        linter.error("no-level", place, "an interval does not say its level")
    if low is not None and high is not None and low > high:
        linter.error("limits-crossed", place, f"the interval runs from {low:g} to {high:g}")
    elif value is not None and ((low is not None and value < low) or (high is not None and value > high)):
        linter.error("outside-limits", place, f"the estimate {value:g} lies outside its interval")
    if value is not None and not one.get("paramType"):
        linter.error("no-parameter", place, "an estimate does not say what it estimates")


__all__ = ["lint_baseline", "lint_outcomes", "node"]
