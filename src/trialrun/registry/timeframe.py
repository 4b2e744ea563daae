"""Outcome time frames read as schedules: baseline, points, window, repeats, anchor.

What a text does not say is not guessed: the rest stays in `not_understood`, a cycle whose length is
unknown stays a cycle (`C2D1`), and months stay calendar months. Rules: STATISTICS part 6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from trialrun.registry.timeframe_cycles import length_of_cycle
from trialrun.registry.timeframe_reading import Reading
from trialrun.registry.timeframe_rules import run
from trialrun.registry.timeframe_words import tokens

LONGEST = 2000
_NO_TIME = re.compile(
    r"\W*(?:n\s?/?\s?a|not applicable|none|unknown|tbd|tba|not specified|not provided)?\W*", re.IGNORECASE
)


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
        events: visits without a day of their own, in the text's words ("hospital discharge").
        tolerance: the visit window where the text gives one (`P3D`).
        cycle_days: the length of a cycle where stated.
        day_zero: whether the text's day 0 is its baseline, so that day 7 is seven days after it.
        remarks: parentheses that add no time: without one, or saying the same time another way.
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
    events: tuple[str, ...] = ()
    tolerance: str = ""
    cycle_days: int | None = None
    day_zero: bool = False
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
            "events": list(self.events),
            "tolerance": self.tolerance,
            "cycle_days": self.cycle_days,
            "day_zero": self.day_zero,
            "remarks": list(self.remarks),
            "not_understood": self.not_understood,
        }


def parse_timeframe(text: str) -> TimeFrame:
    """Read a time frame; never fails, and never drops a word without saying so."""
    if len(text) > LONGEST:
        return TimeFrame(text, not_understood=text)
    if _NO_TIME.fullmatch(text):
        return TimeFrame(text, not_understood=text.strip())
    found = tokens(text)
    joined = " ".join(token.text for token in found)
    read = Reading(text, found, joined, 0, len(joined), cycle_days=length_of_cycle(joined))
    run(read)
    return TimeFrame(
        text=text,
        baseline=read.baseline,
        points=tuple(read.points),
        window=read.window,
        repeat=tuple(read.repeat),
        anchor=_anchor(read),
        anchor_stated=bool(read.anchor or read.event_anchor == _anchor(read)) and bool(_anchor(read)),
        until=read.until,
        events=tuple(dict.fromkeys(read.events)),
        tolerance=read.tolerance,
        cycle_days=read.cycle_days,
        day_zero=read.day_zero or "D0" in read.points or (read.window or ("",))[0] == "D0",
        remarks=tuple(read.remarks),
        not_understood=read.not_understood(),
    )


def _anchor(read: Reading) -> str:
    """The event stated, else where such a scale starts: day 1 and cycles at the first dose, the rest at enrolment.

    A period from day 0 is how reactions to a vaccine are followed; it is an assumption like the others.
    """
    if read.anchor:
        return read.anchor
    if (
        not (read.window or read.repeat or (read.baseline and not read.points))
        and all(point.endswith(("-post", "-pre")) for point in read.points)
        and read.event_anchor
    ):
        return read.event_anchor
    if read.window and read.window[0] == "D0":
        return "vaccination"
    if not (read.baseline or read.points or read.window or read.repeat):
        return ""
    return "first_dose" if read.days_or_cycles else "enrolment"
