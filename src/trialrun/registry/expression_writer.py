"""From a read criterion to a rule of the expression language, where its meaning is certain.

Every word of the criterion must be accounted for: measurements the vocabulary knows, numbers with a sign
and a unit, connectors that leave one reading, words that say nothing more. Otherwise nothing is written, and
`not_understood` says why, so that a person is asked in the record's own words.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from trialrun.registry.comparison import Comparison, ReadCriterion, Sign
from trialrun.registry.expression_atoms import AgeLimits, UnsureError, atom
from trialrun.registry.expression_tokens import (
    AGE,
    Role,
    UnknownWordError,
    Word,
    is_age,
    speaks_of_age,
    words_of,
)
from trialrun.registry.vocabulary import Term, Vocabulary
from trialrun.registry.vocabulary.unit_words import unit_for

_LONGEST = 600
_MOST_NUMBERS = 12
_SEXES = ("F", "M")
_LOWER, _UPPER = (Sign.GT, Sign.GTEQ), (Sign.LT, Sign.LTEQ)


@dataclass(slots=True)
class _Group:
    """Terms that share a comparison: "ALT and AST <= 2.5 x ULN"."""

    terms: list[Term] = field(default_factory=list[Term])
    joints: set[Role] = field(default_factory=set[Role])
    number: Word | None = None
    sex: str = ""


def write_expression(
    criterion: ReadCriterion, vocabulary: Vocabulary, ages: AgeLimits | None = None
) -> ReadCriterion:
    """The criterion with its rule, true where the criterion is met as worded.

    Its comparisons get the vocabulary's name (`measure`) and the UCUM unit where these are known; the rule
    and the reason for none are in `expression` and `not_understood`. Nothing raises.

    Args:
        criterion: as read.
        vocabulary: what measurements are called.
        ages: the record's own age limits; without them "older than 18" is no rule.
    """
    criterion = replace(
        criterion,
        comparisons=tuple(_named(one, vocabulary) for one in criterion.comparisons),
    )
    try:
        return replace(
            criterion, expression=_rule(criterion, vocabulary, ages or AgeLimits()), not_understood=""
        )
    except UnknownWordError as word:
        return replace(
            criterion, expression="", not_understood=f"the meaning of {str(word)!r} beside the numbers"
        )
    except UnsureError as reason:
        return replace(criterion, expression="", not_understood=str(reason))


def _named(comparison: Comparison, vocabulary: Vocabulary) -> Comparison:
    """The comparison with its measure and UCUM unit, where its own words tell them."""
    if is_age(comparison):
        return replace(comparison, measure="age")
    found = {one.term.name: one.term for one in vocabulary.mentions(comparison.concept)}
    if len(found) != 1:
        return comparison
    term = next(iter(found.values()))
    return replace(
        comparison, measure=term.name, ucum="" if comparison.multiple_of else unit_for(comparison.unit, term)
    )


def _rule(criterion: ReadCriterion, vocabulary: Vocabulary, ages: AgeLimits) -> str:
    if not criterion.comparisons:
        raise UnsureError("no number is compared")
    if len(criterion.text) > _LONGEST or len(criterion.comparisons) > _MOST_NUMBERS:
        raise UnsureError("it is too long to be certain of")
    if criterion.section not in ("inclusion", "exclusion"):
        raise UnsureError("it stands under no heading that says whether it includes or excludes")
    words = words_of(criterion.text, criterion.comparisons, vocabulary)
    _check_shape(words, criterion)
    inclusion = criterion.section == "inclusion"
    groups, joints = _groups(words)
    _check_conditions(words, groups)
    _check_adult(words, groups)
    units = _units(groups)
    if any(_only_for(group) for group in groups):
        return _by_sex(words, groups, criterion, ages, inclusion)
    parts = [_group_rule(group, criterion, ages, inclusion, units) for group in groups]
    sex = _sex(words)
    joined = _joined(groups, parts, joints, inclusion)
    return f"sex = '{sex}' AND {_bracketed(joined, len(parts))}" if sex else joined


def _only_for(group: _Group) -> str:
    return group.number.comparisons[0].only_for if group.number else ""


def _by_sex(
    words: list[Word], groups: list[_Group], criterion: ReadCriterion, ages: AgeLimits, inclusion: bool
) -> str:
    """Limits that differ by sex: each is asked of one sex only, so that any word between them means the same."""
    sexes = [_only_for(group) for group in groups]
    said = sorted(word.text for word in words if word.role is Role.SEX)
    if "" in sexes or len(set(sexes)) != len(sexes) or said != sorted(sexes):
        raise UnsureError("which limit is for which sex is not certain")
    if inclusion and len(sexes) != len(_SEXES):
        raise UnsureError("the other sex has no limit")
    if any(group.terms != groups[0].terms or len(group.terms) != 1 for group in groups):
        raise UnsureError("the sexes have limits of different measurements")
    units = _units(groups)
    rules = [_group_rule(group, criterion, ages, inclusion, units) for group in groups]
    parts = [f"sex = '{sex}' AND {_alone(rule)}" for sex, rule in zip(sexes, rules, strict=True)]
    return parts[0] if len(parts) == 1 else " OR ".join(f"({part})" for part in parts)


def _check_shape(words: list[Word], criterion: ReadCriterion) -> None:
    if any(word.role is Role.STOP for word in words):
        raise UnsureError("it has several sentences")
    if words[0].role in (Role.AND, Role.OR, Role.SLASH) or words[-1].role in (Role.AND, Role.OR, Role.SLASH):
        raise UnsureError("it is part of a longer sentence")
    if any(is_age(one) for one in criterion.comparisons) and not speaks_of_age(criterion.text):
        raise UnsureError("the years may be an age or a length of time")


def _bracketed(rule: str, parts: int) -> str:
    return f"({rule})" if parts > 1 or " OR " in rule else rule


def _sex(words: list[Word]) -> str:
    sexes = {word.text for word in words if word.role is Role.SEX}
    if len(sexes) > 1:
        raise UnsureError("it speaks of both sexes, with limits that may differ")
    return next(iter(sexes), "")


def _check_conditions(words: list[Word], groups: list[_Group]) -> None:
    """A condition may stand beside the measurements that define it, and only there."""
    measured = {term.name for group in groups for term in group.terms}
    for word in words:
        if word.role is Role.CONDITION and word.term is not None and not measured <= set(word.term.measures):
            raise UnsureError(f"{word.text!r} says more than the numbers")


def _check_adult(words: list[Word], groups: list[_Group]) -> None:
    if any(word.role is Role.ADULT for word in words) and not any(AGE in group.terms for group in groups):
        raise UnsureError("'adult' is an age that is not written")


def _groups(words: list[Word]) -> tuple[list[_Group], list[set[Role]]]:
    """The groups of a criterion and what stands between each two of them."""
    groups: list[_Group] = []
    joints: list[set[Role]] = []
    current = _Group()
    between: list[Role] = []
    for word in words:
        if word.role is Role.TERM and word.term is not None:
            _add_term(current, word.term, between)
            between = []
        elif word.role is Role.NUMBER:
            _close(current, word, groups, between)
            groups.append(current)
            joints.append(set())
            current, between = _Group(), []
        elif word.role in (Role.AND, Role.OR, Role.COMMA, Role.SEMICOLON, Role.SLASH):
            if current.terms:
                between.append(word.role)
            elif joints:
                joints[-1].add(word.role)
    if current.terms and not _says_again(current, groups):
        raise UnsureError("a measurement without a number")
    return groups, joints[:-1]


def _says_again(current: _Group, groups: list[_Group]) -> bool:
    """Whether the last words only name once more what was compared: ">= 18 years (age)"."""
    return bool(groups) and not current.joints and all(term in groups[-1].terms for term in current.terms)


def _add_term(group: _Group, term: Term, between: list[Role]) -> None:
    if term in group.terms:
        return
    if group.terms:
        if not between:
            raise UnsureError("two measurements stand side by side")
        group.joints.update(between)
    group.terms.append(term)


def _close(group: _Group, number: Word, groups: list[_Group], between: list[Role]) -> None:
    """Give a number to its terms, or to those of the number before it."""
    group.number = number
    if any(is_age(one) for one in number.comparisons):
        if group.terms:
            raise UnsureError("an age and another measurement stand side by side")
        group.terms = [AGE]
    if not group.terms:
        if not groups:
            raise UnsureError("it is not certain what is compared")
        group.terms = list(groups[-1].terms)
        group.joints = set(groups[-1].joints)
    if between and not group.joints:
        raise UnsureError("a connector without a second measurement")


def _units(groups: list[_Group]) -> dict[str, str]:
    """The unit a measurement is written with anywhere in the criterion, for numbers that share it."""
    units: dict[str, str] = {}
    for group in groups:
        for comparison in group.number.comparisons if group.number else ():
            if comparison.unit.strip() and not comparison.multiple_of:
                for term in group.terms:
                    units.setdefault(term.name, comparison.unit)
    return units


def _group_rule(
    group: _Group, criterion: ReadCriterion, ages: AgeLimits, inclusion: bool, units: dict[str, str]
) -> str:
    number = group.number
    if number is None:
        raise UnsureError("a measurement without a number")
    comparison = number.comparisons[0]
    if not all(one.confident or one.only_for for one in number.comparisons):
        raise UnsureError(
            f"{criterion.text[comparison.start : comparison.end]!r} was not read with certainty"
        )
    written = criterion.text[comparison.start : comparison.end]
    rules: list[str] = []
    for term in group.terms:
        unit = comparison.unit if comparison.unit.strip() else units.get(term.name, "")
        rules.append(atom(term, comparison, written, unit, ages).rule)
    if len(rules) == 1:
        return rules[0]
    return f"({f' {_shared(group.joints, inclusion)} '.join(_alone(rule) for rule in rules)})"


def _alone(rule: str) -> str:
    return f"({rule})" if " AND " in rule and " BETWEEN " not in rule else rule


def _shared(joints: set[Role], inclusion: bool) -> str:
    """How terms with one comparison combine: all of them include, any of them excludes, nothing else is certain."""
    if Role.AND in joints and Role.OR in joints:
        raise UnsureError("'and' and 'or' stand together")
    if inclusion and Role.OR not in joints:
        return "AND"
    if not inclusion and Role.AND not in joints and (Role.OR in joints or Role.SLASH in joints):
        return "OR"
    word = "or" if inclusion else "and"
    raise UnsureError(f"{word!r} between measurements with one limit may mean both or either")


def _joined(groups: list[_Group], parts: list[str], joints: list[set[Role]], inclusion: bool) -> str:
    if len(parts) == 1:
        return parts[0]
    if not all(joints) or any(Role.SLASH in gap for gap in joints):
        raise UnsureError("its parts stand side by side without a word between them")
    if _all_or(joints, inclusion):
        return " OR ".join(_alone(part) for part in parts)
    if any(Role.OR in gap for gap in joints):
        raise UnsureError("it is not certain how its parts combine")
    if not inclusion and not (_is_range(groups) and Role.AND in joints[0]):
        raise UnsureError("'and' or a comma inside an exclusion may mean both or either")
    if _contradicts(groups):
        raise UnsureError("both parts can never hold")
    return " AND ".join(_alone(part) if " OR " in part else part for part in parts)


def _all_or(joints: list[set[Role]], inclusion: bool) -> bool:
    """Whether the parts are alternatives: "or" between all of them, or, of what excludes, commas and a last "or"."""
    if any(Role.AND in gap or Role.SEMICOLON in gap for gap in joints):
        return False
    return all(Role.OR in gap for gap in joints) or (not inclusion and Role.OR in joints[-1])


def _is_range(groups: list[_Group]) -> bool:
    """Whether two limits of one measurement enclose a range."""
    if len(groups) != 2 or groups[0].terms != groups[1].terms or len(groups[0].terms) != 1:
        return False
    return not _contradicts(groups) and len({_side(group) for group in groups}) == 2


def _side(group: _Group) -> str:
    op = group.number.comparisons[0].op if group.number else Sign.EQ
    return "low" if op in _LOWER else "high" if op in _UPPER else "other"


def _contradicts(groups: list[_Group]) -> bool:
    """Whether one measurement would have to be above one number and below a smaller one."""
    lows: dict[str, float] = {}
    highs: dict[str, float] = {}
    for group in groups:
        comparison = group.number.comparisons[0] if group.number else None
        if comparison is None or comparison.op not in (*_LOWER, *_UPPER) or comparison.multiple_of:
            continue
        try:
            value = float(comparison.value[0])
        except ValueError:
            continue
        for term in group.terms:
            side = lows if comparison.op in _LOWER else highs
            side[term.name] = value
    return any(lows[name] >= highs[name] for name in lows.keys() & highs.keys())
