"""Whether a criterion's new words admit more or fewer people, where the numbers in them tell it for certain."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from trialrun.registry.comparison import Comparison, ReadCriterion, Sign
from trialrun.registry.criteria import SectionKind
from trialrun.registry.difference_words import plain_words
from trialrun.registry.eligibility.read import read_criteria

WIDER, NARROWER, UNCLEAR = "wider", "narrower", ""
_SAME = "same"
_LONGEST = 2_000
_HEADINGS = {
    SectionKind.INCLUSION: "Inclusion Criteria:\n* ",
    SectionKind.EXCLUSION: "Exclusion Criteria:\n* ",
}


def direction(old: str, new: str, kind: SectionKind) -> str:
    """`wider` or `narrower` where two texts say the same but for the numbers compared with; else empty.

    Certain only if every comparison was read with confidence, on the same measure and unit, nothing is negated or
    excepted, and no other word differs. An exclusion that covers more people narrows the trial.
    """
    if kind not in _HEADINGS or max(len(old), len(new)) > _LONGEST:
        return UNCLEAR
    left, right = read_criteria(_HEADINGS[kind] + old), read_criteria(_HEADINGS[kind] + new)
    if len(left) != len(right):
        return UNCLEAR
    ways = {way for pair in zip(left, right, strict=True) for way in _ways(*pair)} - {_SAME}
    if len(ways) != 1:
        return UNCLEAR
    way = ways.pop()
    if kind is SectionKind.EXCLUSION and way:
        return NARROWER if way == WIDER else WIDER
    return way


def _ways(old: ReadCriterion, new: ReadCriterion) -> list[str]:
    unsure = old.negated or new.negated or old.exception or new.exception
    same_number = len(old.comparisons) == len(new.comparisons)
    if old.text == new.text:
        return [_SAME]
    if unsure or not same_number or not old.comparisons or _rest(old) != _rest(new):
        return [UNCLEAR]
    return [_way(*pair) for pair in zip(old.comparisons, new.comparisons, strict=True)]


def _rest(criterion: ReadCriterion) -> tuple[str, ...]:
    """The words that belong to no comparison."""
    parts: list[str] = []
    place = 0
    for one in sorted(criterion.comparisons, key=lambda one: one.start):
        parts.append(criterion.text[place : one.start])
        place = max(place, one.end)
    return plain_words(" | ".join((*parts, criterion.text[place:])))


def _way(old: Comparison, new: Comparison) -> str:
    about = [(one.concept, one.measure, one.ucum, one.unit.casefold(), one.multiple_of) for one in (old, new)]
    left, right = _range(old), _range(new)
    if about[0] != about[1] or not (old.confident and new.confident) or left is None or right is None:
        return UNCLEAR
    if left == right:
        return _SAME
    if right.holds(left):
        return WIDER
    return NARROWER if left.holds(right) else UNCLEAR


@dataclass(frozen=True, slots=True)
class _Range:
    """Values admitted; an end without value is open to infinity."""

    low: Decimal | None
    high: Decimal | None
    low_in: bool = True
    high_in: bool = True

    def holds(self, other: _Range) -> bool:
        """Whether every value of another range is in this one."""
        low = self.low is None or (
            other.low is not None
            and (self.low < other.low or (self.low == other.low and (self.low_in or not other.low_in)))
        )
        high = self.high is None or (
            other.high is not None
            and (self.high > other.high or (self.high == other.high and (self.high_in or not other.high_in)))
        )
        return low and high


def _range(one: Comparison) -> _Range | None:
    try:
        values = [Decimal(value) for value in one.value]
    except InvalidOperation:
        return None
    if one.op is Sign.BETWEEN:
        return _Range(values[0], values[1]) if len(values) == 2 and values[0] <= values[1] else None
    if len(values) != 1 or not values[0].is_finite():
        return None
    value = values[0]
    ranges = {
        Sign.GT: _Range(value, None, low_in=False),
        Sign.GTEQ: _Range(value, None),
        Sign.LT: _Range(None, value, high_in=False),
        Sign.LTEQ: _Range(None, value),
        Sign.EQ: _Range(value, value),
    }
    return ranges.get(one.op)
