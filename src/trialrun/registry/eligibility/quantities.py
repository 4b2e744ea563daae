"""Numbers with their sign, range and unit: what a line compares something with, before it is known what."""

from __future__ import annotations

import re
from dataclasses import replace

from trialrun.registry.comparison import Sign
from trialrun.registry.eligibility.neighbours import BETWEEN, joined, numberless, same_unit
from trialrun.registry.eligibility.numbers import Number, numbers_in
from trialrun.registry.eligibility.quantity import Quantity
from trialrun.registry.eligibility.signs import AFTER, FoundSign, sign_before, symbol_after
from trialrun.registry.eligibility.units import Unit, unit_at

_NAME_TAIL = re.compile(r"[a-z]-?$|[a-z]\.$|\d[.,/]$|[#\^_/]$")
_NO_NAME = re.compile(
    r"(?:^|[\W\d])x$|(?:^|\W)(?:n|of|to|than|least|over|under|above|below|most|age[sd]?|from|for|within)$"
)
_NAME_GOES_ON = re.compile(
    r"(?:st|nd|rd|th)\b(?!\s+(?:per)?centile)|:\d\d|/\d{1,2}/\d|(?<=[23])d\b(?!/)|(?!x|e)[a-z]\d|-?dimensional|\.\d"
)


def quantities(text: str, folded: str) -> list[Quantity]:
    """All quantities of a text in their order; a number that is part of a name is none."""
    numbers = numbers_in(folded)
    found: list[Quantity] = []
    floor, at = 0, 0
    while at < len(numbers):
        number = numbers[at]
        at += 1
        if number.start < floor:
            continue
        if _part_of_name(folded, number):
            floor = _past_name(folded, numbers, at - 1)
            continue
        one, used = _one(text, folded, numbers, at - 1, floor)
        found.append(one)
        floor = one.end
        at += used - 1
    return joined(folded, [*numberless(text, folded, found), *found])


def _part_of_name(folded: str, number: Number) -> bool:
    if number.word:
        return False
    before = folded[max(0, number.start - 7) : number.start]
    if _NAME_TAIL.search(before) and not _NO_NAME.search(before):
        return True
    return _NAME_GOES_ON.match(folded, number.end) is not None


def _past_name(folded: str, numbers: list[Number], at: int) -> int:
    """The end of a name with a number in it; "NRS0-10" is one name."""
    end = numbers[at].end
    if at + 1 < len(numbers) and folded[end : end + 1] == "-" and numbers[at + 1].start in (end, end + 1):
        return numbers[at + 1].end
    return end


def _one(text: str, folded: str, numbers: list[Number], at: int, floor: int) -> tuple[Quantity, int]:
    number = numbers[at]
    sign = sign_before(folded, number.start, floor)
    for form in (_paired, _powered, _range, _listed):
        found = form(text, folded, numbers, at, sign, floor)
        if found is not None:
            return found
    return _single(text, folded, number, sign, unit_at(folded, text, number.end)), 1


_SLASH = re.compile(r"\s?/\s?(?=\d)|\s+out\s+of\s+(?=\d)|\s?:\s?(?=\d)")
_SCALES = ("5", "7", "10", "20", "30", "100")


def _paired(
    text: str,
    folded: str,
    numbers: list[Number],
    at: int,
    sign: FoundSign | None,
    floor: int,  # noqa: ARG001 (the same call for every form)
) -> tuple[Quantity, int] | None:
    """Two numbers that belong together: "140/90", "4/10", "20/40", "1.5:1"."""
    first = numbers[at]
    slash = _SLASH.match(folded, first.end)
    if slash is None or at + 1 >= len(numbers) or numbers[at + 1].start != slash.end():
        return None
    second = numbers[at + 1]
    written = folded[first.start : second.end]
    scale = second.value in _SCALES and float(first.value) <= float(second.value) and first.value != "20"
    if ":" in slash.group() or scale:
        unit = Unit(folded[first.end : second.end].strip(), end=second.end)
        one = _single(text, folded, replace(first, end=second.end), sign, unit)
        return replace(one, values=(first.value,)), 2
    if first.value in ("20", "6") and "." not in second.value:
        whole = _fractions(folded, numbers, at) if sign is None else None
        if whole is not None:
            return whole
        one = _single(text, folded, replace(first, end=second.end), sign, Unit(end=second.end))
        return replace(one, values=(written.replace(" ", ""),), doubts=(*one.doubts, "a fraction")), 2
    one = _single(text, folded, replace(first, end=second.end), sign, unit_at(folded, text, second.end))
    return replace(one, values=(first.value, second.value), doubts=(*one.doubts, "two numbers")), 2


def _fractions(folded: str, numbers: list[Number], at: int) -> tuple[Quantity, int] | None:
    """A range of sight: "20/40 to 20/320", the better eye first as it is written."""
    if at + 3 >= len(numbers):
        return None
    join = _JOIN.match(folded, numbers[at + 1].end)
    slash = _SLASH.match(folded, numbers[at + 2].end)
    if join is None or slash is None or join.end() != numbers[at + 2].start:
        return None
    if numbers[at + 3].start != slash.end() or numbers[at + 2].value != numbers[at].value:
        return None
    start, end = numbers[at].start, numbers[at + 3].end
    values = tuple(f"{numbers[n].value}/{numbers[n + 1].value}" for n in (at, at + 2))
    return Quantity(start, end, start, Sign.BETWEEN, values, Unit(end=end), doubts=("a fraction",)), 4


_POWER_OF_TEN = re.compile(r"\s?\^\s?(\d{1,2})(?!\d)|([²³⁴-⁹])(?![⁰-⁹])|e(\d{1,2})(?!\d)")
_RAISED = dict(zip("²³⁴⁵⁶⁷⁸⁹", range(2, 10), strict=True))


def _powered(
    text: str,
    folded: str,
    numbers: list[Number],
    at: int,
    sign: FoundSign | None,
    floor: int,  # noqa: ARG001 (the same call for every form)
) -> tuple[Quantity, int] | None:
    """A bare power of ten: "> 10^3 CFU/mL"."""
    first = numbers[at]
    power = _POWER_OF_TEN.match(folded, first.end) if first.value == "10" else None
    if power is None:
        return None
    raised = _RAISED[power[2]] if power[2] else int(power[1] or power[3])
    one = _single(text, folded, replace(first, end=power.end()), sign, unit_at(folded, text, power.end()))
    return replace(one, values=(str(10**raised),)), 1


_JOIN = re.compile(
    r"\s*-?\s*(?:(?P<dash>-|~)|(?P<to>to|through|thru|till|until|up\s*to|and\s+up\s+to)\b(?:\s+and\s+including)?|(?:,\s*)?(?P<and>and?|&)(?!\w))"
    r"\s*(?:the\s+)?(?:ages?\s+(?:of\s+)?|aged\s+)?(?:(?:no|not)\s+(?:older|more|greater|higher)\s+than\s+)?-?"
)
_OF_AGES = re.compile(r"\bages?\s+(?:of\s+)?$|\baged\s+$")
_OLD = re.compile(
    r"[\s-]*(?:of\s+ages?\b|-?\s*olds?\b|(?:of\s+)?gestation(?:al\s+age)?\b|of\s+(?:pregnancy|amenorrh?o?ea)\b)"
)
_SCALE_AFTER = re.compile(r"\s*-?\s*(?:points?\s+)?(?:(?:\w+\s+){0,2}scale\b|likert|vas\b|nrs\b|numeric)")
_SCALE_BEFORE = re.compile(
    r"\b(?:scale|scale\s+(?:of|from)|(?<!in the )(?<!in a )(?<!in )(?<!age )range|possible\s+scores?|scored)\s*(?:of|from|:|is|=)?\s*$"
)


def _range(
    text: str, folded: str, numbers: list[Number], at: int, sign: FoundSign | None, floor: int
) -> tuple[Quantity, int] | None:
    """A range: "18-65 years", "between 7% to 11%", "20 years old to 70 years of age"."""
    if at + 1 >= len(numbers):
        return None
    first = numbers[at]
    unit = unit_at(folded, text, first.end)
    begin = max(floor, first.start - 60)
    before = folded[begin : first.start]
    between = BETWEEN.search(before)
    if unit.multiple_of and not between:
        return None
    for place in _range_may_go_on(folded, unit, first, between=between is not None):
        join = _JOIN.match(folded, place)
        if join is None:
            continue
        # the unit between has digits of its own: "18 kg/m2 to 30 kg/m2"
        later_at = next((n for n in range(at + 1, len(numbers)) if numbers[n].end > join.end()), at)
        second = numbers[later_at]
        if join.end() not in (second.start, second.start + 1):
            continue
        if join["and"] is not None and not between and not _OF_AGES.search(before[-12:]):
            continue
        values = _ends(first, second, unit, folded)
        if values is None:
            return None
        later = _range_unit(folded, text, unit, place, second)
        inside = sign is not None and sign.words.startswith("within") and not later.time
        doubts = () if sign is None or inside else ("a range behind a sign",)
        doubts += ("the number can be read in two ways",) if first.doubtful or second.doubtful else ()
        if unit.text and later.text and same_unit(unit.text) != same_unit(later.text):
            doubts += ("two units",)
        if _GOES_ON.match(folded, max(second.end, later.end)):
            doubts += ("a length in two units",)
        if (
            _SCALE_AFTER.match(folded, second.end)
            or (sign is None and _SCALE_BEFORE.search(before))
            or (sign is None and values[0] in ("0", "1") and before.rstrip().endswith("(") and not later.time)
        ):
            doubts += ("the ends of a scale",)
        start = begin + between.start() if between else sign.start if sign else first.start
        end = max(second.end, later.end)
        days = _DAYS.match(folded, end) if later.time == "week" else None
        end = days.end() if days else end
        words = between.group() if between else ""
        found = Quantity(start, end, first.start, Sign.BETWEEN, values, later, words, doubts)
        return found, later_at - at + 1
    return None


_BRACKET = re.compile(r"\s*\([^()]{1,40}\)")


_DAYS = re.compile(r"\s*(?:and|,|\+)?\s*\d\s*days?\b")


def _range_may_go_on(folded: str, unit: Unit, first: Number, *, between: bool) -> list[int]:
    """Where the second end of a range may follow the first."""
    places = [_past_old(folded, unit.end)]
    bracket = _BRACKET.match(folded, unit.end)
    if bracket is not None and (between or "inclu" in bracket.group()):
        places.append(bracket.end())  # "between 48 mmol/mol (6.5 %) and"
    days = _DAYS.match(folded, unit.end) if unit.time == "week" else None
    if days is not None:
        places.append(days.end())
    return [*places, unit.end, first.end]


def _range_unit(folded: str, text: str, unit: Unit, place: int, second: Number) -> Unit:
    later = unit_at(folded, text, second.end)
    if later.text or not unit.text or place == second.end:
        return later
    return replace(unit, end=second.end)


_OR = re.compile(r"\s*(?:,\s*(?:(?:and/or|or|and)\b)?|\bor\b|and/or\b|/)\s*")
_ANOTHER_SIGN = re.compile(r"\s*(?:or\b|and\b|[<>≤≥=+-])")


def _listed(
    text: str,
    folded: str,
    numbers: list[Number],
    at: int,
    sign: FoundSign | None,
    floor: int,  # noqa: ARG001 (the same call for every form)
) -> tuple[Quantity, int] | None:
    """Values to choose from: "a score of 9 or 10", "0, 1+ or 2+"."""
    if sign is not None and sign.sign is not Sign.EQ:
        return None
    values, end, said_or = [numbers[at].value], _past_plus(folded, numbers[at]), False
    for number in numbers[at + 1 :]:
        join = _OR.match(folded, end)
        if join is None or join.end() != number.start or number.value in values:
            break
        said_or = said_or or "or" in join.group()
        values.append(number.value)
        end = _past_plus(folded, number)
    unit = unit_at(folded, text, end)
    if not said_or or unit.time or unit.multiple_of or _ANOTHER_SIGN.match(folded, unit.end):
        return None
    start = sign.start if sign else numbers[at].start
    one = Quantity(
        start, unit.end, numbers[at].start, Sign.EQ, tuple(values), unit, doubts=("a list of values",)
    )
    return one, len(values)


def _past_plus(folded: str, number: Number) -> int:
    """The end of a number that may be a degree: "2+"."""
    return number.end + (folded[number.end : number.end + 1] == "+")


_GOES_ON = re.compile(r"\s*(?:and|,|\+)?\s*\d+\s*(?:days?|weeks?|months?|hours?)\b|\s*\+\s*\d")


def _ends(first: Number, second: Number, unit: Unit, folded: str) -> tuple[str, str] | None:
    """The lower and the upper end; None where the second is not the upper end of a range."""
    low, high = first.value, second.value
    later = unit_at(folded, folded, second.end)
    if unit.time and later.time and unit.time != later.time:
        return (low, high)
    if low.startswith("-"):
        high = high if high.startswith("-") or float(high) > 0 else f"-{high}"
        return (low, high) if float(low) < float(high) else (high, low)
    high = high.lstrip("-")
    return (low, high) if float(low) < float(high) else None


def _past_old(folded: str, place: int) -> int:
    old = _OLD.match(folded, place)
    return old.end() if old else place


def _single(text: str, folded: str, number: Number, sign: FoundSign | None, unit: Unit) -> Quantity:
    doubts: list[str] = []
    start, end, which, words = number.start, max(number.end, unit.end), None, ""
    if sign is not None:
        start, which, words = sign.start, sign.sign, sign.words
        if sign.vague:
            doubts.append("an approximate number")
    after = AFTER.match(folded, _past_old(folded, end))
    if after is not None:
        told = _told(after)
        ends = _SAYS_NO_MORE.match(folded, after.end()) is not None
        if which is None or told is which:
            which, end, words = told, max(end, after.end()), words or after.group()
            if after["gt"] == "above":
                doubts.append("whether the number itself counts is not said")
            if not unit.text:  # "3 or more times the upper limit", "18+ years"
                unit = unit_at(folded, text, end)
                end = max(end, unit.end)
        elif ends and {which, told} in ({Sign.GT, Sign.GTEQ}, {Sign.LT, Sign.LTEQ}):
            which, end = told, after.end()
            doubts.append("two signs")
    if which is None and unit.above:
        which, words = Sign.GT, "above"
    if which is None:
        turned = symbol_after(folded, end)
        if turned is not None:
            which, end, words = turned[0], turned[1], "mirrored"
    doubts += _doubts(folded, number, which, unit, start, end)
    return Quantity(start, end, number.start, which, (number.value,), unit, words, tuple(doubts))


_THREE_PLACES = re.compile(r"\d{1,3}\.\d{3}")  # "1.500/mm3" means fifteen hundred
_COUNTED_IN = re.compile(r"/\s*(?:mm|[μu]l|mcl|cu)|cells|copies")
_INCLUSIVE = re.compile(r"\s*,?\s*\(?\s*(?:both\s+)?inclu(?:sive|ded|ding)\b")
_HALF_A_SIGN = re.compile(r"(?:\bor|\bthan|[<>≤≥(/]|\band)\s*$")
_MULTIPLE = re.compile(r"\s*-?(?:×|x\b|times\b|folds?\b)|\s*(?:of\s+)?(?:the\s+)?(?:i?uln|lln|upper|lower)\b")
_SAYS_NO_MORE = re.compile(r"\s*(?:$|[^\w\s])")  # but "under 18 or under guardianship"


def _doubts(folded: str, number: Number, sign: Sign | None, unit: Unit, start: int, end: int) -> list[str]:
    """Why a single number may not be what it seems."""
    found: list[str] = []
    if unit.time and _GOES_ON.match(folded, unit.end):
        found.append("a length in two units")
    if sign in (Sign.GT, Sign.LT) and _INCLUSIVE.match(folded, end):
        found.append("two signs")
    if sign is Sign.EQ and folded[start : start + 1] == "=":
        found.append("an equals sign may stand for another that was lost")
    if sign is Sign.EQ and _HALF_A_SIGN.search(folded[max(0, start - 12) : start]):
        found.append("two signs")
    if _MULTIPLE.match(folded, end):
        found.append("a multiple that was not understood")
    if number.doubtful or (_THREE_PLACES.fullmatch(number.value) and _COUNTED_IN.search(unit.text.lower())):
        found.append("the number can be read in two ways")
    return found


def _told(after: re.Match[str]) -> Sign:
    names = {"more": Sign.GTEQ, "less": Sign.LTEQ, "gt": Sign.GT, "lt": Sign.LT}
    return next(sign for name, sign in names.items() if after[name])
