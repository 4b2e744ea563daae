"""Rules for repeats, and for periods in which something is counted, not visited."""

from __future__ import annotations

import re

from trialrun.registry.timeframe_anchors import EVENTS, anchor_at
from trialrun.registry.timeframe_reading import UNIT, Match, Reading, code_of
from trialrun.registry.timeframe_words import duration


def every(read: Reading, match: Match) -> bool:
    """Every 8 weeks (for the first year)."""
    step = duration("2" if match.group("other") else match.group("step") or "1", match.group("unit"))
    cap = f"/{duration(match.group('cap') or '1', match.group('capunit'))}" if match.group("capunit") else ""
    read.repeat.append(f"R/{step}{cap}")
    read.found("repeat", match.end())
    return True


REGULAR = {
    "daily": ("1", "day"), "weekly": ("1", "week"), "monthly": ("1", "month"), "yearly": ("1", "year"), "annually": ("1", "year"),
    "annual": ("1", "year"), "quarterly": ("3", "month"), "hourly": ("1", "hour"),
}  # fmt: skip


def regularly(read: Reading, match: Match) -> bool:
    """Monthly for 6 months is six visits; daily for 2 years a repeat."""
    step, unit = REGULAR[match.group("how")]
    cap, capunit = match.group("cap"), match.group("capunit")
    if match.group("late"):
        cap, capunit = match.group("late"), match.group("lateunit")
    if step == "1" and cap and capunit == unit and cap.isdigit() and int(cap) <= 60:
        read.add([duration(str(number), unit) for number in range(1, int(cap) + 1)], match.end())
    else:
        read.repeat.append(f"R/{duration(step, unit)}" + (f"/{duration(cap, capunit)}" if cap else ""))
        read.found("repeat", match.end())
    return True


def lasts(words: str) -> bool:
    """Whether an event is a period: the duration of the study, a hospital stay."""
    return re.search(r"duration|period|stay|course|length", words) is not None and not re.match(
        r"(?:the )?(?:end|completion|term|clos|concl)", words
    )


def between_units(read: Reading, match: Match) -> bool:
    """Day 1 to Day 29; week 4 through month 6; months 1-6."""
    unit, first = match.group("u"), match.group("first")
    if first in ("0", "0th") and unit != "day":
        return False
    other, last = match.group("v") or match.group("x") or unit, match.group("last") or match.group("last2")
    read.widen(
        code_of(first, unit, before=True), code_of(last, other, before=match.group("x") is None), match.end()
    )
    return True


def between_amounts(read: Reading, match: Match) -> bool:
    """24 hours to 7 days; between 6 and 12 months."""
    last_unit = match.group("v") or match.group("v2")
    unit = match.group("u") or match.group("u2") or last_unit
    first, last = match.group("first") or match.group("first2"), match.group("last") or match.group("last3")
    read.widen(duration(first, unit), duration(last, last_unit), match.end())
    return True


def _amount(match: Match) -> str:
    if match.group("late"):
        unit = re.findall(UNIT, match.group(0))[-1]
        return code_of(match.group("late").removesuffix("th"), unit, before=True)
    return duration(match.group("number"), match.group("unit"))


def lasting(read: Reading, match: Match) -> bool:
    """Up to 24 weeks, within the first month, over a period of 6 months."""
    tail = read.text[match.end() : read.end]
    if re.match(r" (?:before|prior|earlier|pre )", tail):
        return before_event(read, match)
    code = _amount(match)
    after = re.match(r" (?:after|post|following|from|past)(?: the)? ", tail)
    if after and read.opened and match.group("lead") not in ("for", "over", "within", "during"):
        named = anchor_at(read.text, match.end() + after.end())
        if named and named[0] != read.anchor:
            read.until = read.until or read.original(match.start() + len(match.group("lead")) + 1, named[1])
            read.pending, read.at = True, named[1]
            read.found("until", named[1])
            return True
    if "post operative" in match.group(0):
        read.counts_from("surgery")
    if re.search(r"\b(?:at least|minimum)\b", match.group(0)):
        read.left.append((match.start(), match.end()))
    read.up_to(code, match.end())
    return True


def a_single(read: Reading, match: Match) -> bool:
    """Within a week; during the first month."""
    read.up_to(duration("1", match.group("unit")), match.end())
    return True


def opened_to(read: Reading, match: Match) -> bool:
    """… to 24 weeks, after "from randomisation"."""
    return read.opened and lasting(read, match)


def average(read: Reading, match: Match) -> bool:
    """An average of 1 year: an expected length, so a period."""
    read.up_to(duration(match.group("number"), match.group("unit")), match.end())
    return True


def lasting_to_event(read: Reading, match: Match) -> bool:
    """Through study completion; until hospital discharge; during hospitalisation."""
    lead, begin = match.group("lead"), match.end() + 1
    if lead == "to" and not read.opened:
        return False
    event = EVENTS.match(read.text, begin, read.end)
    named = anchor_at(read.text, begin)
    if event is None and (
        named is None or lead not in ("during", "until", "through", "throughout", "up to", "to")
    ):
        return False
    end = max(event.end() if event else 0, named[1] if named else 0)
    ends = re.compile(r" (?:or|and|,|/)(?: or| and)? ").match(read.text, end, read.end)
    while ends:
        more = EVENTS.match(read.text, ends.end(), read.end)
        if more is None:
            break
        end = more.end()
        ends = re.compile(r" (?:or|and|,|/)(?: or| and)? ").match(read.text, end, read.end)
    words = read.original(begin, end)
    if lead in ("during", "throughout", "over", "for"):
        if (named and named[0] in ("admission", "surgery", "intervention")) or re.search(
            r"hospital (?:stay|period)|hospitali", words.lower()
        ):
            name = named[0] if named and named[0] in ("surgery", "intervention") else "admission"
            read.counts_from(name)
        read.events.append(words)
    else:
        read.until = read.until or words
    read.pending, read.at = True, end
    read.found("until", end)
    return True


def until_words(read: Reading, match: Match) -> bool:
    """Until any event in words; "to …" only after "from …"."""
    if match.group("lead") != "until" and not read.opened:
        return False
    words = read.original(match.start("words"), match.end("words"))
    read.until = read.until or words
    read.pending, read.at = True, match.end("words")
    read.found("until", match.end("words"))
    return True


def before_event(read: Reading, match: Match) -> bool:
    """30 days before surgery: no point after an anchor, so it is left to a person."""
    end = re.compile(r"[^,;.()]*").match(read.text, match.end(), read.end)
    read.leave(match.start(), end.end() if end else match.end())
    return True


def from_a_point(read: Reading, match: Match) -> bool:
    """From Day 1 until the end of the study: the point is where the period begins."""
    if match.group("number") in ("0", "0th") and match.group("unit") != "day":
        return False
    read.start, read.opened = code_of(match.group("number"), match.group("unit"), before=True), True
    read.found("start", match.end())
    return True
