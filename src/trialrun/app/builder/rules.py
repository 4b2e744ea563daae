"""A rule while it is being written: does it fit, what does it say in words, and what does it answer to values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from trialrun.app.builder.checked import Checked
from trialrun.app.language import gettext as _
from trialrun.errors import ExpressionError, UserError
from trialrun.evaluate.eligibility import CriterionOutcome
from trialrun.study.model import Criterion, CriterionKind, Item, ItemType, Study

_AT = re.compile(r"^\S*\s*(?:\(line (\d+), column (\d+) of the rule\): )?(.*)$", re.DOTALL)
# A condition is asked for by criteria, by `only_if` and by edit checks; a computed value may give anything.
_CONDITIONS = ("criteria", "items", "forms")


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """What is said of a rule.

    Args:
        words: the rule in plain English; empty when it cannot be read.
        message, remedy: what is wrong, and what to do; empty when it fits.
        line, column: where, from 1; 0 when that is not known.
    """

    words: str = ""
    message: str = ""
    remedy: str = ""
    line: int = 0
    column: int = 0

    @property
    def fits(self) -> bool:
        """Whether nothing is wrong."""
        return not self.message


def look_at_rule(checked: Checked, section: str, name: str, text: str) -> RuleAnswer:
    """Whether a rule of an entry fits the study as it is: names, types, units.

    Unknown: in a study that does not load only the language is checked, and there are no words.
    """
    from trialrun.evaluate.words import in_words
    from trialrun.expressions import Definition, Type, build_program, parse_expression

    if not text.strip():
        return RuleAnswer()
    try:
        if checked.study is None:
            parse_expression(text)
            return RuleAnswer()
        symbols = _symbols(checked.study, section, name)
        stage = build_program(symbols, {"the_rule": Definition(text, place="rule")}).stage("the_rule")
    except ExpressionError as error:
        found = _AT.match(error.message)
        line, column, message = found.groups() if found else (None, None, error.message)
        return RuleAnswer("", message, error.remedy, int(line or 0), int(column or 0))
    words = in_words(stage.checked.node, symbols)
    if section in _CONDITIONS and stage.symbol.type is not Type.BOOLEAN:
        return RuleAnswer(
            words,
            _("The rule gives a {}, and a condition is needed.").format(stage.symbol.type),
            _("Write a comparison, such as x > 0."),
        )
    return RuleAnswer(words)


def _symbols(study: Study, section: str, name: str) -> dict[str, Any]:
    """The names a rule of an entry may use."""
    from trialrun.study.program import aggregate_symbols, row_symbols, scalar_symbols, study_program

    try:
        known = dict(study_program(study).symbols)
    except ExpressionError:
        known = scalar_symbols(study) | aggregate_symbols(study)
    form = (
        study.forms.get(name) if section == "forms" else study.form_of(name) if section == "items" else None
    )
    if form is not None and form.repeating:
        return row_symbols(study, form.name)
    if section in ("criteria", "derived"):
        known.pop(name, None)
    return {key: symbol for key, symbol in known.items() if key not in study.criteria}


# --- trying ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tried:
    """What a rule needs, and what it answered to the values given.

    Args:
        items: the items it rests on, those of lists among them.
        outcome: met, not met or unknown, with what is missing; none while nothing was given.
        errors: values that could not be read, by item.
    """

    items: tuple[Item, ...]
    outcome: CriterionOutcome | None = None
    errors: Mapping[str, str] | None = None


def try_rule(study: Study, name: str, text: str, given: Callable[[str], str]) -> Tried:
    """Hold a criterion's rule against values, as screening would; nothing is kept.

    Args:
        study: a study that loads.
        name: the criterion.
        text: its rule, saved or not.
        given: the text of an item's value; empty is unknown.

    Unknown: an item without a value is unknown; of a list one row is tried.
    Errors: `ExpressionError` for a rule that does not fit.
    """
    from trialrun.study.screen import Screener

    old = study.criteria.get(name)
    trial = (
        replace(old, expression=text) if old else Criterion(name or "X", CriterionKind.INCLUSION, "", text, 0)
    )
    narrowed = replace(study, criteria={trial.id: trial})
    items = _items_of(narrowed, trial.id)
    row: dict[str, object] = {}
    rows: dict[str, list[dict[str, object]]] = {}
    errors: dict[str, str] = {}
    for item in items:
        said = given(item.name).strip()
        if not said:
            continue
        try:
            value = _value(item, said)
        except UserError as error:
            errors[item.name] = f"{error.message} {error.remedy}".strip()
            continue
        form = study.form_of(item.name)
        if form is not None and form.repeating:
            rows.setdefault(form.name, [{}])[0][item.name] = value
        else:
            row[item.name] = value
    if errors:
        return Tried(items, None, errors)
    found = Screener(narrowed).screen(row, rows)
    return Tried(items, found.outcomes[0], {})


def _items_of(study: Study, criterion: str) -> tuple[Item, ...]:
    from trialrun.study.aggregate import items_behind
    from trialrun.study.program import study_program

    names: list[str] = []
    for name in study_program(study).uses(criterion):
        derived = study.derived.get(name)
        if derived is not None and derived.over is not None:
            names += sorted(items_behind(study, name))
        else:
            names.append(name)
    return tuple(study.items[name] for name in dict.fromkeys(names) if name in study.items)


def _value(item: Item, text: str) -> object:
    from trialrun.values.dates import parse_partial_date
    from trialrun.values.quantity import parse_decimal

    if item.type in (ItemType.NUMBER, ItemType.INTEGER):
        return float(parse_decimal(text.replace(",", ".")))
    if item.type is ItemType.BOOLEAN:
        if text not in ("true", "false"):
            raise UserError(_("Answer yes or no."))
        return text == "true"
    if item.type is ItemType.CHOICE:
        if text not in {choice.code for choice in item.choices}:
            raise UserError(_("{!r} is not one of the answers.").format(text[:40]))
        return text
    if item.type is ItemType.DATE:
        day = parse_partial_date(text)
        if item.partial:
            return day
        if day.day is None:
            raise UserError(_("The whole date is needed."), _("Write it as 2026-03-01."))
        return date(day.year, day.month or 1, day.day)
    return text
