"""Rules for treatment cycles, and for samples around a dose."""

from __future__ import annotations

import re

from trialrun.registry.timeframe_patterns import CYCLE_LENGTH, LIST
from trialrun.registry.timeframe_reading import Match, Reading, code_of, numbers
from trialrun.registry.timeframe_words import duration


def cycle_length(read: Reading, match: Match) -> bool:
    """Each cycle is 28 days; read before the rest, so that earlier cycles have their length."""
    return read.cycle_days is not None and match.end() > match.start()


def length_of_cycle(text: str) -> int | None:
    """The length of a cycle in days where the text states one."""
    match = CYCLE_LENGTH.search(text)
    if match is None:
        return None
    number, unit = (one for one in match.groups() if one)
    days = float(number) * {"day": 1, "week": 7, "month": 0}[unit]
    return int(days) if days else None


def cycle_numbers(text: str) -> list[str]:
    """The numbers of a list, ranges written out."""
    found: list[str] = []
    for one in numbers(text):
        if isinstance(one, tuple):
            found += [
                str(number)
                for number in range(int(float(one[0])), min(int(float(one[1])), int(float(one[0])) + 60) + 1)
            ]
        else:
            found.append(one)
    return found


def days_of_cycles(read: Reading, match: Match) -> bool:
    """Day 1 of cycles 1 and 2; cycle 1, days 1 and 8."""
    days = cycle_numbers(match.group("days"))
    codes = [f"C{cycle}D{day}" for cycle in cycle_numbers(match.group("cycles")) for day in days]
    if match.group("lead") and len(codes) == 1:
        read.widen("C1D1", codes[0], match.end())
    else:
        read.add(codes, match.end())
    return True


def every_cycle(read: Reading, match: Match) -> bool:
    """Day 1 of every cycle; every 2 cycles: a repeat where the length is known."""
    days = match.groupdict().get("days")
    if read.cycle_days is None or (days and days not in ("1", "1th")):
        read.leave(match.start(), match.end())
        return True
    count = int(match.groupdict().get("count") or 1)
    read.repeat.append(f"R/P{count * read.cycle_days}D")
    read.days_or_cycles = True
    read.found("repeat", match.end())
    return True


def first_cycle(read: Reading, match: Match) -> bool:
    """Cycle 1 (28 days); the first cycle (21 days)."""
    read.cycle_days = read.cycle_days or int(match.group("length"))
    read.days_or_cycles = True
    if (
        match.group("end")
        and not read.pending
        and not re.search(r"(?:up to|through|until|to|during)(?: the)? $", read.text[: match.start()])
    ):
        read.add([f"P{match.group('length')}D"], match.end())
    else:
        read.widen("P0D", f"P{match.group('length')}D", match.end())
    return True


def cycle_range(read: Reading, match: Match) -> bool:
    """Cycle 1 (Day 1-28)."""
    read.widen(f"D{match.group(1)}", f"D{match.group(2)}", match.end())
    return True


def cycles(read: Reading, match: Match) -> bool:
    """Cycles 1-6; up to 6 cycles; the first 2 cycles."""
    last = int(match.group("a") or match.group("b") or match.group("c") or 1)
    read.days_or_cycles = True
    read.widen("P0D", f"P{last * read.cycle_days}D" if read.cycle_days else f"C{last}-end", match.end())
    return True


def end_of_cycle(read: Reading, match: Match) -> bool:
    """At the end of cycle 2; after 2 cycles."""
    read.days_or_cycles = True
    counts = cycle_numbers(match.group("a") or match.group("b") or match.group("c"))
    codes = [f"P{int(one) * read.cycle_days}D" if read.cycle_days else f"C{one}-end" for one in counts]
    if match.group("lead") and len(codes) == 1:
        read.widen("P0D", codes[0], match.end())
    else:
        read.add(codes, match.end())
    return True


def samples(read: Reading, match: Match) -> bool:
    """Pre-dose, 1, 2 and 4 hours post-dose on Day 1."""
    pre, post, grid = match.group("pre"), match.group("post"), match.group("grid") or ""
    if not pre and not post:
        return False
    codes = ["pre"] if pre else []
    for part in re.finditer(rf"({LIST}) (minute|hour|second|day|week)", grid):
        found = numbers(part.group(1))
        if any(isinstance(one, tuple) for one in found):
            return False
        codes += [duration(str(one), part.group(2)) for one in found if not (pre and str(one) == "0")]
    days = _days_named(match)
    between = read.text[read.last_end : match.start()]
    if not days and read.last == "points" and re.fullmatch(r"[ ,:(-]*(?:(?:at|on|and|in) )?[ ,:]*", between):
        days = [
            day
            for day in read.last_points
            if day[0] in "DC" or day.startswith(("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9"))
        ]
        read.points = [point for point in read.points if point not in days]
    read.add(_product(days, codes), match.end())
    read.counts_from("dose")
    return True


def from_before_dose(read: Reading, match: Match) -> bool:
    """From pre-dose to 48 hours post-dose."""
    read.up_to(duration(match.group("number"), match.group("unit")), match.end())
    read.counts_from("dose")
    return True


def _days_named(match: Match) -> list[str]:
    if match.groupdict().get("sampledays"):
        unit = match.group("sampleunit")
        return [
            code_of(str(one), unit, before=True)
            for one in numbers(match.group("sampledays"))
            if isinstance(one, str)
        ]
    if match.groupdict().get("ofcycle"):
        days = cycle_numbers(match.group("ofday"))
        return [f"C{cycle}D{day}" for cycle in cycle_numbers(match.group("ofcycle")) for day in days]
    if match.groupdict().get("samplecycle"):
        return [f"C{match.group('samplecycle')}D{day}" for day in cycle_numbers(match.group("sampleday"))]
    return []


def _product(days: list[str], codes: list[str]) -> list[str]:
    if not days:
        return ["P0D-pre" if code == "pre" else code for code in codes]
    return [f"{day}-pre" if code == "pre" else f"{day}+{code}" for day in days for code in codes]
