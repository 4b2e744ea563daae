"""Outcome time frames read as schedules: baseline, points, window, repeats, anchor.

What a text does not say is not guessed: the rest stays in `not_understood`, a cycle whose length is
unknown stays a cycle (`C2D1`), and months stay calendar months. Rules: STATISTICS part 6.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from trialrun.registry.timeframe_words import ANCHORS, UNIT, duration, left_over, normal

LONGEST = 4000
_NUM = r"\d+(?:\.\d+)?"
_AND = r"\s*(?:,\s*and\b|,\s*or\b|,|;|/|\band\b|&|\bor\b)\s*"
_BARE = rf"{_NUM}(?![\d.]*\s*-?\s*{UNIT}\b)"
_LIST = rf"{_NUM}(?:{_AND}{_NUM})*"
_BARE_LIST = rf"{_BARE}(?:{_AND}{_BARE})*"
_ABOUT = r"(?:(?:approximately|about|approx\.?|a maximum of|a total of|the first|the last|an average of|at least)\s+)?"


@dataclass(frozen=True, slots=True)
class TimeFrame:
    """When an outcome is assessed, as far as its text says.

    Args:
        text: the record's own words.
        baseline: whether a baseline assessment is named.
        points: ISO 8601 durations from the anchor (`P4M`), study days (`D29`: 28 days after day 1),
            cycles (`C2D1`), samples on a day (`D1+PT2H`, `D1-pre`).
        window: first and last point of a period in which something is counted, not visited.
        repeat: `R/step` or `R/step/until`.
        anchor: the event the clock starts at; `enrolment` where none is named.
        anchor_stated: whether the text names the anchor.
        until: the event that ends it, in the text's words.
        tolerance: the visit window where the text gives one (`P3D`).
        cycle_days: the length of a cycle where stated.
        remarks: parentheses without a time in them.
        not_understood: the words no rule accounts for; empty when all are.
    """

    text: str
    baseline: bool = False
    points: tuple[str, ...] = ()
    window: tuple[str, str] | None = None
    repeat: tuple[str, ...] = ()
    anchor: str = ""
    anchor_stated: bool = False
    until: str = ""
    tolerance: str = ""
    cycle_days: int | None = None
    remarks: tuple[str, ...] = ()
    not_understood: str = ""

    @property
    def empty(self) -> bool:
        """Whether the text names no time at all: the schedule has to be asked for."""
        return not (self.baseline or self.points or self.window or self.repeat)

    def as_plain(self) -> dict[str, Any]:
        """The parts as JSON holds them: points as a list, window and repeats as text; empty where none is named."""
        return {
            "text": self.text,
            "baseline": self.baseline,
            "points": list(self.points),
            "window": "..".join(self.window or ()),
            "repeat": ";".join(self.repeat),
            "anchor": self.anchor,
            "anchor_stated": self.anchor_stated,
            "until": self.until,
            "tolerance": self.tolerance,
            "cycle_days": self.cycle_days,
            "remarks": list(self.remarks),
            "not_understood": self.not_understood,
        }


@dataclass(slots=True)
class _Scan:
    """The text while rules consume it."""

    rest: str
    baseline: bool = False
    points: list[tuple[int, int, str]] = field(default_factory=list)
    window: tuple[str, str] | None = None
    repeat: list[str] = field(default_factory=list)
    anchor: str = ""
    until: str = ""
    tolerance: str = ""
    cycle_days: int | None = None
    days_or_cycles: bool = False
    remarks: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)

    def each(self, pattern: str, act: Callable[[re.Match[str]], None]) -> None:
        """Run `act` on every match and consume it."""

        def consume(match: re.Match[str]) -> str:
            act(match)
            return "|" * len(match.group(0))

        self.rest = re.sub(pattern, consume, self.rest)

    def point(self, place: int, text: str) -> None:
        if text not in (known for _, _, known in self.points):
            self.points.append((place, len(self.points), text))

    def widen(self, first: str, last: str) -> None:
        if self.window is None:
            self.window = (first, last)
        elif self.window != (first, last):
            self.extra.append(f"also {first}..{last}")


def parse_timeframe(text: str) -> TimeFrame:
    """Read a time frame; never fails, and never drops a word without saying so."""
    if len(text) > LONGEST:
        return TimeFrame(text, not_understood=text)
    scan = _Scan(normal(text))
    if re.fullmatch(r"\W*(?:n\s?/?\s?a|not applicable|none|unknown|tbd)?\W*", scan.rest):
        return TimeFrame(text, not_understood=text.strip())
    for rule in _RULES:
        rule(scan)
    anchor = scan.anchor or ("first_dose" if scan.days_or_cycles else "enrolment")
    return TimeFrame(
        text=text,
        baseline=scan.baseline,
        points=tuple(point for _, _, point in sorted(scan.points)),
        window=scan.window,
        repeat=tuple(scan.repeat),
        anchor=anchor,
        anchor_stated=bool(scan.anchor),
        until=scan.until,
        tolerance=scan.tolerance,
        cycle_days=scan.cycle_days,
        remarks=tuple(scan.remarks),
        not_understood="; ".join(filter(None, [left_over(scan.rest), *scan.extra])),
    )


def _zero(last: str) -> str:
    return "PT0H" if last.startswith("PT") else "P0D"


def _numbers(text: str) -> list[str]:
    return re.findall(_NUM, text)


def _tolerance(scan: _Scan) -> None:
    def act(match: re.Match[str]) -> None:
        scan.tolerance = duration(match.group(1), match.group(2))

    scan.each(rf"\(?\s*(?:\+\s?/\s?-|\+-|±)\s*({_NUM})\s*({UNIT})\b\s*\)?", act)


def _cycles(scan: _Scan) -> None:
    def length(match: re.Match[str]) -> None:
        scan.cycle_days = int(match.group(1) or match.group(2))

    def of_cycle(match: re.Match[str]) -> None:
        scan.days_or_cycles = True
        days, cycles = match.groupdict()["days"], match.groupdict()["cycles"]
        for cycle in _numbers(cycles):
            for day in _numbers(days):
                scan.point(match.start(), f"C{cycle}D{day}")

    def first_cycle(match: re.Match[str]) -> None:
        scan.days_or_cycles = True
        scan.cycle_days = int(match.group(1))
        scan.widen("P0D", f"P{match.group(1)}D")

    def cycles(match: re.Match[str]) -> None:
        scan.days_or_cycles = True
        last = match.group(1) or match.group(2)
        scan.widen("P0D", f"P{int(last) * scan.cycle_days}D" if scan.cycle_days else f"C{last}-end")

    def end(match: re.Match[str]) -> None:
        scan.days_or_cycles = True
        cycle = int(match.group(1))
        scan.point(match.start(), f"P{cycle * scan.cycle_days}D" if scan.cycle_days else f"C{cycle}-end")

    def day_range(match: re.Match[str]) -> None:
        scan.days_or_cycles = True
        scan.widen(f"D{match.group(1)}", f"D{match.group(2)}")

    days = rf"(?P<days>(?:{_AND})?days? {_LIST}(?:{_AND}days? {_NUM})*)"
    scan.each(
        r"\(?\s*(?:each cycle (?:is|=|lasts) (\d+) days|(\d+) days? (?:treatment )?cycles?)\s*\)?", length
    )
    scan.each(r"\bcycle 1 \(days? (\d+) ?(?:-|to) ?(?:day )?(\d+)\)", day_range)
    scan.each(rf"\bdays? (?P<days>{_LIST}) of cycles? (?P<cycles>{_LIST})", of_cycle)
    scan.each(rf"\bcycles? (?P<cycles>{_LIST}?),? ?{days}", of_cycle)
    scan.each(r"\bc(?P<cycles>\d+)d(?P<days>\d+)\b", of_cycle)
    scan.each(r"\b(?:end of )?cycle 1 \((\d+) days\)", first_cycle)
    scan.each(r"\bend of cycle (\d+)", end)
    scan.each(r"\bcycles 1 ?(?:-|to|through) ?(\d+)|\bfirst (\d+) cycles(?: of treatment)?", cycles)


def _repeats(scan: _Scan) -> None:
    def every(match: re.Match[str]) -> None:
        step = duration(match.group(1) or "1", match.group(2))
        cap = f"/{duration(match.group(3) or '1', match.group(4))}" if match.group(4) else ""
        scan.repeat.append(f"R/{step}{cap}")

    def regularly(match: re.Match[str]) -> None:
        unit = {"daily": "day", "weekly": "week", "monthly": "month", "yearly": "year", "annually": "year"}[
            match.group(1)
        ]
        same = match.group(3) is not None and match.group(3).startswith(unit)
        if same and match.group(2).isdigit() and int(match.group(2)) <= 60:
            for number in range(1, int(match.group(2)) + 1):
                scan.point(match.start(), duration(str(number), unit))
        else:
            cap = f"/{duration(match.group(2), match.group(3))}" if match.group(3) else ""
            scan.repeat.append(f"R/{duration('1', unit)}{cap}")

    scan.each(
        rf"\bevery ({_NUM} )?({UNIT})\b(?: (?:for|during|over) (?:the )?(?:first )?({_NUM} )?({UNIT})\b)?"
        r"(?: thereafter| after that)?",
        every,
    )
    scan.each(
        rf"\b(daily|weekly|monthly|yearly|annually)\b(?: (?:for|up to|over) ({_NUM}) ({UNIT})\b)?", regularly
    )


def _samples(scan: _Scan) -> None:
    def act(match: re.Match[str]) -> None:
        day = f"D{match.group('day')}" if match.group("day") else ""
        sep = "+" if day else ""
        if match.group("pre"):
            scan.point(match.start(), f"{day}-pre" if day else "P0D-pre")
        for number in _numbers(match.group("list")):
            scan.point(match.start(), f"{day}{sep}{duration(number, match.group('unit'))}")
        scan.anchor = scan.anchor or "dose"

    scan.each(
        rf"(?P<pre>pre-?\s?dose{_AND})?(?P<list>{_LIST}) (?P<unit>seconds?|minutes?|hours?) (?:post-?\s?dos(?:e|ing)|after dosing)"
        r"(?: on day (?P<day>\d+))?",
        act,
    )


def _ranges(scan: _Scan) -> None:
    def days(match: re.Match[str]) -> None:
        scan.days_or_cycles = True
        scan.widen(f"D{match.group(1)}", f"D{match.group(2)}")

    def units(match: re.Match[str]) -> None:
        scan.widen(duration(match.group(2), match.group(1)), duration(match.group(3), match.group(1)))

    scan.each(r"\b(?:from )?days? (-?\d+) ?(?:-|to|through|until) ?(?:day )?(\d+)\b", days)

    def of_unit(match: re.Match[str]) -> None:
        scan.widen(duration(match.group(1), match.group(3)), duration(match.group(2), match.group(3)))

    scan.each(rf"\b({_NUM}) ?(?:-|to) ?({_NUM}) ({UNIT})\b", of_unit)
    scan.each(rf"\b(hours|weeks|months|years) ({_NUM}) ?(?:-|to|through) ?({_NUM})\b(?! ?{UNIT})", units)


def _baseline(scan: _Scan) -> None:
    def act(_match: re.Match[str]) -> None:
        scan.baseline = True

    scan.each(r"\b(?:change )?(?:from )?base-?\s?line(?: (?:visit|assessment|evaluation))?\b|\bt0\b", act)
    day = "|day" if scan.baseline else ""  # "Day 0" alone may open a scale of study days
    scan.each(rf"\b(?:week|month|hour|year{day})s? 0\b|\b(?:from )?0 (?:hours?|weeks?|months?|years?)\b", act)
    scan.each(r"\bscreening(?: visit)?\b|\bt\d\b", lambda _match: None)


def _windows(scan: _Scan) -> None:
    def act(match: re.Match[str]) -> None:
        last = duration(match.group(1), match.group(2))
        scan.widen(_zero(last), last)

    named = "|".join(pattern for pattern, _ in ANCHORS)
    begin = rf"\bfrom (?:{named})(?: and)? (?:up )?(?:to|until|through) (?=(?:{_ABOUT}){_NUM} {UNIT}\b)"

    def anchor(match: re.Match[str]) -> None:
        scan.anchor = scan.anchor or _anchor_in(match.group(0))

    if re.search(begin, scan.rest):
        scan.each(begin, anchor)
        scan.each(rf"(?<=\|){_ABOUT}({_NUM}) ({UNIT})\b", act)
    words = (
        r"(?:through study completion,? |during \w+,? |until \w+ \w+,? )?an average of (?:approximately )?"
        rf"|(?:\b(?:for |and )?up to|\bupto|\bwithin|\bthrough(?:out)?|\bduring|\bfor|\bover|\buntil|\btill|\bmax(?:imum)?\.?)"
        rf" (?:the )?{_ABOUT}|\bend of (?:the )?study (?:at )?{_ABOUT}"
    )
    pattern = rf"({named})?,? ?(?:{words})({_NUM}) ({UNIT})\b"

    def bounded(match: re.Match[str]) -> None:
        if match.group(1):
            scan.anchor = scan.anchor or _anchor_in(match.group(1))
        last = duration(match.group(2), match.group(3))
        scan.widen(_zero(last), last)

    def hospital(match: re.Match[str]) -> None:
        scan.anchor = scan.anchor or _anchor_in(match.group(1))

    scan.each(rf"\bduring (?:the )?({named}),? (?=an average of)", hospital)
    scan.each(pattern, bounded)


def _lists(scan: _Scan) -> None:
    def before(match: re.Match[str]) -> None:
        unit = match.group(1)
        for number in _numbers(match.group(2)):
            if unit.startswith("day") and "." not in number:
                scan.days_or_cycles = True
                scan.point(match.start(), f"D{number}")
            else:
                scan.point(match.start(), duration(number, unit))

    def after(match: re.Match[str]) -> None:
        for number in _numbers(match.group(1)):
            scan.point(match.start(), duration(number, match.group(2)))

    scan.each(rf"\b({UNIT}) ({_BARE_LIST})", before)
    scan.each(rf"({_LIST}) ({UNIT})\b", after)

    def directly(match: re.Match[str]) -> None:
        scan.point(match.start(), "P0D-post" if match.group(1) in ("after", "following") else "P0D-pre")

    scan.each(r"\bimmediately (after|before|following|prior to)\b", directly)


def _remarks(scan: _Scan) -> None:
    def act(match: re.Match[str]) -> None:
        scan.remarks.append(match.group(1).strip())

    scan.each(r"\(([^()\d|]+)\)", act)


def _events(scan: _Scan) -> None:
    def act(match: re.Match[str]) -> None:
        scan.until = scan.until or match.group(1).strip()

    scan.each(r"\b(?:or )?until ([a-z][a-z /-]{2,80}?)(?=,|;|\.|\||$|\(| whichever)", act)
    scan.each(r"\bwhichever (?:comes|occurs|is) \w+", lambda _match: None)


def _anchor_in(text: str) -> str:
    return next((name for pattern, name in ANCHORS if re.search(pattern, text)), "")


def _anchor(scan: _Scan) -> None:
    for pattern, name in ANCHORS:
        if re.search(rf"(?<![a-z])(?:{pattern})", scan.rest):
            if scan.anchor not in ("", name, "dose"):
                scan.extra.append(f"also an anchor: {name}")
            scan.anchor = scan.anchor or name
            scan.rest = re.sub(
                rf"(?<![a-z])(?:{pattern})", lambda found: "|" * len(found.group(0)), scan.rest
            )


_RULES: tuple[Callable[[_Scan], None], ...] = (
    _tolerance,
    _cycles,
    _repeats,
    _samples,
    _ranges,
    _baseline,
    _windows,
    _lists,
    _remarks,
    _events,
    _anchor,
)
