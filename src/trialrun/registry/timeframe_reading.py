"""A time frame while its tokens are read from left to right: what was found, and what no rule accounts for."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate

from trialrun.registry.timeframe_words import Token, duration

UNIT = r"(?:second|minute|hour|day|week|fortnight|month|year)"
Match = re.Match[str]
_DAYS = {"D": 1.0, "W": 7.0, "M": 30.4375, "Y": 365.25}
_SECONDS = {"H": 1 / 24, "M": 1 / 1440, "S": 1 / 86400}
# Words that carry no schedule of their own.
_SILENT = """
of the a an and at on to in for from by as is or be was were are will after post following follow up visit
study trial treatment change assessed assess measured measure evaluated evaluate evaluation assessment
measurement approximately first relative then end per each time point frame frames completion complete
completed average since start beginning date day days both again recorded collected performed conducted
done taken obtained determined reported observed monitored up_to total different also additionally
including between compared with within over during through throughout until expected estimated maximum
mean median about last final period interval intervals duration timing values value score scores data
followed visits participant participants patient patients subject subjects been being have has it this
that these those their its all outcome outcomes test tests follow-up respectively approximate occurs
occurring s versus vs
"""
_FILLER = frozenset(_SILENT.split())


def days_of(code: str) -> float | None:
    """How many days after its anchor a point lies; study days count from day 1; none for cycles and samples."""
    day = re.fullmatch(r"D(-?\d+)", code)
    if day:
        return float(day.group(1)) - 1
    span = re.fullmatch(r"P(\d+(?:\.\d+)?)([DWMY])", code)
    if span:
        return float(span.group(1)) * _DAYS[span.group(2)]
    clock = re.fullmatch(r"PT(\d+(?:\.\d+)?)([HMS])", code)
    return float(clock.group(1)) * _SECONDS[clock.group(2)] if clock else None


def alike(one: str, other: str) -> bool:
    """Whether two points are the same day said twice ("Week 12 (Day 84)", "3 months (12 weeks)")."""
    first, second = days_of(one), days_of(other)
    if first is None or second is None:
        return one == other
    return abs(first - second) <= max(1.01 if first >= 1 else 0.01, 0.12 * max(first, second))


@dataclass(slots=True)
class Reading:
    """The tokens between two places, joined by spaces, and what the rules made of those read so far."""

    source: str
    tokens: list[Token]
    text: str
    at: int
    end: int
    baseline: bool = False
    points: list[str] = field(default_factory=list)
    window: tuple[str, str] | None = None
    repeat: list[str] = field(default_factory=list)
    anchor: str = ""
    until: str = ""
    tolerance: str = ""
    cycle_days: int | None = None
    days_or_cycles: bool = False
    day_zero: bool = False
    events: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    left: list[tuple[int, int]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    start: str = ""  # the point a period begins at: "from Day 1 until …"
    zero: str = ""  # the number 0 of the list read last, taken for a baseline so far
    event_anchor: str = (
        ""  # the event of a visit ("after surgery"), the clock's start only if nothing else is timed
    )
    pending: bool = False  # a period has begun to be named: "through study completion, …"
    opened: bool = False  # "from randomisation …" has been read
    last: str = ""
    last_points: list[str] = field(default_factory=list)
    last_end: int = -1

    def near(self, place: int) -> bool:
        """Whether nothing but a comma or a colon stands between the last thing found and a place."""
        return self.last != "" and not self.text[self.last_end : place].strip(" ,:-")

    def found(self, kind: str, end: int, points: list[str] | None = None) -> None:
        """Note what was found last."""
        self.last, self.last_end, self.last_points = kind, end, points or []

    def add(self, codes: list[str], end: int) -> None:
        """Add points."""
        for code in codes:
            if code not in self.points:
                self.points.append(code)
            self.days_or_cycles |= code[0] in "DC"
        self.found("points", end, codes)

    def widen(self, first: str, last: str, end: int) -> None:
        """Set the window; a second one is said, not merged."""
        begin, until = days_of(first), days_of(last)
        if begin == 0 and first[0] == "P":
            first = "PT0H" if last.startswith("PT") else "P0D"
        if begin is not None and until is not None and begin > until:
            self.extra.append(f"{first}..{last} ends before it begins")
        elif self.window is None:
            self.window = (first, last)
            self.days_or_cycles |= first[0] in "DC"
        elif self.window != (first, last) and not (self.window[0] == first and alike(self.window[1], last)):
            self.extra.append(f"also {first}..{last}")
        self.pending = False
        self.found("window", end)

    def up_to(self, code: str, end: int) -> None:
        """Set the window that lasts to a point; study days begin with day 1."""
        first = "D1" if code[0] == "D" else "PT0H" if code.startswith("PT") else "P0D"
        self.widen(self.start or first, code, end)

    def counts_from(self, name: str) -> None:
        """Set the event the clock starts at; a second one is said."""
        if self.anchor in ("", "dose") or (self.anchor == "treatment" and name):
            self.anchor = name
        elif name not in (self.anchor, "dose"):
            self.extra.append(f"also an anchor: {name}")

    def original(self, start: int, end: int) -> str:
        """The record's own words of a stretch of tokens."""
        if not self.starts:
            self.starts = [0, *accumulate(len(token.text) + 1 for token in self.tokens)]
        first, last = bisect_left(self.starts, start), bisect_left(self.starts, end)
        inside = self.tokens[first:last]
        return self.source[inside[0].start : inside[-1].end].strip() if inside else ""

    def not_understood(self) -> str:
        """The stretches no rule accounts for, in the record's own words."""
        stretches: list[tuple[int, int]] = []
        for start, end in sorted(self.left):
            between = self.text[stretches[-1][1] : start].split() if stretches else ["|"]
            if stretches and all(word in _FILLER or word == "," for word in between):
                stretches[-1] = (stretches[-1][0], end)
            else:
                stretches.append((start, end))
        said = [self.original(start, end).strip(" ,;:.-") for start, end in stretches]
        return "; ".join(one for one in [*said, *self.extra] if one)

    def leave(self, start: int, end: int) -> None:
        """Keep a stretch as not understood."""
        self.left.append((start, end))
        self.at = end

    def skip(self) -> None:
        """Pass one token: silently when it carries no schedule, else as not understood."""
        gap = self.text.find(" ", self.at, self.end)
        end = self.end if gap < 0 else gap
        word = self.text[self.at : end]
        if word in _FILLER or not any(char.isalnum() for char in word):
            if word in (";", "."):
                self.pending = self.opened = False
            if word in ("at", "on", "after") and not self.opened:
                self.pending = False
            self.at = end
        else:
            self.leave(self.at, end)


def numbers(text: str) -> list[str | tuple[str, str]]:
    """The numbers of a list, pairs for ranges; "1 - 3 - 6" is a list of three."""
    text = text.replace(" to ", " - ").replace(" through ", " - ")
    if re.search(r"\d\S* - \S*\d\S* - ", text):
        text = text.replace(" - ", " , ")
    parts: list[str | tuple[str, str]] = []
    for match in re.finditer(r"(-?\d\S*)(?: - (?:[a-z]+ )?(-?\d\S*))?", text):
        first = match.group(1).removesuffix("th")
        parts.append((first, match.group(2).removesuffix("th")) if match.group(2) else first)
    return parts


def code_of(number: str, unit: str, *, before: bool) -> str:
    """A point: study days where the unit stands before the number, else a duration."""
    if (before or number.startswith("-")) and unit == "day" and "." not in number:
        return f"D{int(number)}"
    return duration(number.lstrip("-"), unit)
