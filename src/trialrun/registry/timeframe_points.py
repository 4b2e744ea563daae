"""Rules for points in time, for the events they count from, and for visits without a day of their own."""

from __future__ import annotations

import re

from trialrun.registry.timeframe_anchors import EVENTS, anchor_at, event_words
from trialrun.registry.timeframe_patterns import N
from trialrun.registry.timeframe_periods import before_event, lasts
from trialrun.registry.timeframe_reading import UNIT, Match, Reading, code_of, numbers
from trialrun.registry.timeframe_words import duration


def tolerance(read: Reading, match: Match) -> bool:
    """± 3 days."""
    unit = match.group("unit") or next(
        (word for word in reversed(read.text[: match.start()].split()) if re.fullmatch(UNIT, word)), ""
    )
    if not unit:
        return False
    read.tolerance = read.tolerance or duration(match.group("number"), unit)
    return True


def label(read: Reading, match: Match) -> bool:
    """Visit 2 (week 4), T1: 6 weeks: the name of a visit is no time; alone it is not understood."""
    after = read.text[match.end() : read.end].lstrip()
    if match.group(0).startswith("t0") or after.startswith("( baseline"):
        read.baseline = True
        read.found("baseline", match.end())
        return True
    if re.match(rf"[(:=]|-|(?:at|after|on) |{N} {UNIT}|{UNIT} {N}|, {UNIT} {N}", after):
        read.found("label", match.end())
        return True
    read.leave(match.start(), match.end())
    return True


def enumerator(read: Reading, match: Match) -> bool:
    """The "1." or "a)" of a list."""
    before = read.text[: match.start()].rstrip()
    return before == "" or before[-1] in ";:.)(,"


def nothing(read: Reading, match: Match) -> bool:
    """Whichever comes first: no time and no schedule."""
    return match.end() > read.at


def not_told(read: Reading, match: Match) -> bool:
    """Twice a week, at each visit, the past 7 days: read, and no schedule."""
    read.leave(match.start(), match.end())
    return True


def around_event(read: Reading, match: Match) -> bool:
    """Intraoperatively; the perioperative period."""
    read.events.append(read.original(match.start(), match.end()))
    read.event_anchor = {"operative": "surgery", "procedural": "intervention", "partum": "birth"}[
        match.group("event")
    ]
    read.found("event", match.end())
    return True


def listed(read: Reading, text: str, unit: str, *, before: bool, end: int) -> None:
    """The numbers of a list as points and periods; a zero is the baseline."""
    read.zero = ""
    singles: list[str] = []
    for one in numbers(text):
        if isinstance(one, tuple):
            read.widen(code_of(one[0], unit, before=before), code_of(one[1], unit, before=before), end)
        elif float(one) == 0 and (unit != "day" or not before):
            read.zero = "" if read.baseline else duration("0", unit)
            read.baseline = True
            read.found("baseline", end)
        elif one.startswith("-") and unit != "day":
            read.extra.append(f"{unit} {one}")
        else:
            singles.append(code_of(one, unit, before=before))
    if not singles:
        return
    if read.pending and len(singles) == 1:
        read.up_to(singles[0], end)
    else:
        read.add(singles, end)


def one_unit(read: Reading, match: Match) -> bool:
    """A week; the first month; at the first month; the first postoperative day."""
    code = duration("1", match.group("unit"))
    if match.group("event"):
        read.counts_from("surgery" if match.group("event") == "operative" else "birth")
    if (
        match.group("first")
        and not match.group("at")
        and not (match.group("event") and match.group("unit") == "day")
    ):
        read.up_to(code, match.end())
    else:
        read.add([code], match.end())
    return True


def of_age(read: Reading, match: Match) -> bool:
    """24 months corrected age."""
    if not read.near(match.start()) or read.last not in ("points", "window"):
        return False
    read.counts_from("birth")
    read.last_end = match.end()
    return True


def before_and_after(read: Reading, match: Match) -> bool:
    """Before and after the intervention (8 weeks)."""
    read.baseline = True
    read.events.append(read.original(match.start("event"), match.end()))
    read.found("event", match.end())
    return True


def unit_first(read: Reading, match: Match) -> bool:
    """Weeks 4, 8 and 12; Day 29."""
    if re.match(r" (?:before|prior) ", read.text[match.end() : read.end]):
        return before_event(read, match)
    listed(read, match.group("list"), match.group("unit"), before=True, end=match.end())
    return True


def event_day(read: Reading, match: Match) -> bool:
    """Postoperative day 3: three days after surgery."""
    named = anchor_at(read.text, match.start("event"))
    if named is None:
        return False
    listed(read, match.group("list"), match.group("unit"), before=False, end=match.end())
    read.counts_from(named[0])
    return True


def unit_last(read: Reading, match: Match) -> bool:
    """1, 3 and 6 months; the 3rd and 7th day."""
    tail = read.text[match.end() : read.end]
    if re.match(r" (?:before|prior|earlier|ago|pre )", tail):
        return before_event(read, match)
    text, unit = match.group("list"), match.group("unit")
    one = re.fullmatch(N, text)
    if one and (match.group("first") or re.match(r" (?:[a-z]+ ){0,2}period\b", tail)):
        read.up_to(duration(text, unit), match.end())
        return True
    if "post operative" in match.group(0):
        read.counts_from("surgery")
    elif "post partum" in match.group(0):
        read.counts_from("birth")
    ordinal = "th" in text and unit == "day" and "post" not in match.group(0)
    listed(read, text, unit, before=ordinal, end=match.end())
    return True


def directly(read: Reading, match: Match) -> bool:
    """Immediately after the intervention."""
    place = re.compile(r" (?:the |a )?").match(read.text, match.end(), read.end)
    begin = place.end() if place else match.end()
    named = anchor_at(read.text, begin) or event_words(read.text[: read.end], begin)
    end = named[1] if named else match.end()
    read.add(["P0D-post" if match.group(1) in ("after", "following", "post") else "P0D-pre"], end)
    if named:
        read.event_anchor = read.event_anchor or re.sub(r"\W+", "_", named[0])[:60]
    read.at = end
    return True


def baseline(read: Reading, match: Match) -> bool:
    """Baseline, at inclusion, before treatment."""
    read.baseline = True
    read.found("baseline", match.end())
    return True


def screening(read: Reading, match: Match) -> bool:
    """Screening: a visit every study has."""
    read.found("baseline", match.end())
    return True


_TREATMENT = re.compile(
    r"(?:the )?(?:study |active )?(?:treatment|therapy|medication)(?: period| phase)?(?= [,;.()]|$| and| or| at)"
)


_SINCE = ("birth", "surgery", "vaccination", "transplantation", "first_dose", "last_dose", "end_of_treatment")


def counted_from(read: Reading, match: Match) -> bool:
    """After surgery, post-dose, from randomisation, relative to the first dose."""
    word, begin = match.group(1), match.end() + 1
    named = anchor_at(read.text, begin)
    done = _TREATMENT.match(read.text, begin, read.end)
    if done and named is None and word in ("after", "post", "following"):
        named = ("end_of_treatment", done.end())
    within = (
        word != "of"
        or named is None
        or named[0] in _SINCE
        or (read.last == "window" and read.near(match.start()))
    )
    if named is not None and within:
        name, end = named
        _count(read, match, word, name, end)
        return True
    if word == "of":
        return _of(read, match)
    words = event_words(read.text[: read.end], begin)
    if words is None:
        return False
    name, end = words
    if word == "from" and not re.match(r" (?:to|until|up to|through|-|,)|$", read.text[end : read.end]):
        return False
    if not (read.near(match.start()) or word == "from") and (read.points or read.window or read.repeat):
        return False
    _count(read, match, word, re.sub(r"\W+", "_", name)[:60], end)
    return True


def _count(read: Reading, match: Match, word: str, name: str, end: int) -> None:
    read.at = end
    near = read.near(match.start()) and read.last in ("points", "window", "until", "repeat")
    after = word in ("after", "post", "following")
    if name == "baseline":
        read.baseline = True
    elif near or not after or not re.match(r" (?:[,;.()]|and|or)|$", read.text[end : read.end]):
        if near and after and name not in ("dose", "first_dose"):
            _shift(read)
        read.counts_from(name)
    else:
        read.events.append(read.original(match.start(), end))
        read.event_anchor = read.event_anchor or name
        read.found("event", end)
    if word in ("from", "since", "between", "beginning", "starting"):
        read.opened = True
    if near:
        read.last_end = end


def _shift(read: Reading) -> None:
    """Day 3 after surgery is three days after it, not the third day of the study; hour 0 after it no baseline."""
    if read.last != "points":
        return
    if read.zero:
        place = read.points.index(read.last_points[0])
        read.points.insert(place, read.zero)
        read.baseline, read.zero = False, ""
    moved = {code: f"P{code[1:]}D" for code in read.last_points if re.fullmatch(r"D\d+", code)}
    read.points = [moved.get(code, code) for code in read.points]
    read.last_points = [moved.get(code, code) for code in read.last_points]
    read.days_or_cycles = any(code[0] in "DC" for code in read.points)


def _of(read: Reading, match: Match) -> bool:
    words = re.compile(r"(?:the |study )?(?:treatment|therapy|intervention|medication|training)\b").match(
        read.text, match.end() + 1, read.end
    )
    if words is None or not read.near(match.start()) or read.last not in ("points", "window"):
        return False
    if "intervention" not in words.group(0) and "training" not in words.group(0) and not read.anchor:
        read.anchor = "first_dose"
    read.at = words.end()
    return True


def gestation(read: Reading, match: Match) -> bool:
    """24 weeks of gestation: counted from the last menstrual period."""
    listed(read, match.group("a") or match.group("b"), "week", before=False, end=match.end())
    read.counts_from("gestation")
    return True


def at_event(read: Reading, match: Match) -> bool:
    """At discharge; at the end of treatment; end of study: a visit without a day of its own."""
    begin = match.end() + 1
    event = EVENTS.match(read.text, begin, read.end)
    named = anchor_at(read.text, begin)
    if (event is None and named is None) or (named and named[0] == "baseline"):
        return False
    end = max(event.end() if event else 0, named[1] if named else 0)
    read.events.append(read.original(begin, end))
    read.event_anchor = read.event_anchor or (named[0] if named else "")
    read.at = end
    read.found("event", end)
    return True


def bare_event(read: Reading, match: Match) -> bool:
    """End of study; the day of surgery: an event without a preposition."""
    begun = anchor_at(read.text, match.start())
    if (
        begun
        and begun[0] != "baseline"
        and re.match(r" (?:to|until|through|up to) ", read.text[begun[1] : read.end])
    ):
        read.counts_from(begun[0])
        read.opened, read.at = True, begun[1]
        return True
    event = EVENTS.match(read.text, match.start(), read.end)
    named = begun if read.text.startswith(("day of", "time of"), match.start()) else None
    if event is None and named is None:
        return False
    end = max(event.end() if event else 0, named[1] if named else 0)
    read.events.append(read.original(match.start(), end))
    read.event_anchor = read.event_anchor or (named[0] if named else "")
    read.pending, read.at = lasts(read.text[match.start() : end]), end
    read.found("event", end)
    return True
