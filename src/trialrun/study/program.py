"""The study's rules as one program: items in, derived values and criteria out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from trialrun.expressions import Definition, Node, Program, Symbol, Type, build_program
from trialrun.study.kept import Kept
from trialrun.study.model import Derived, Item, ItemType, Study

_TYPES = {
    ItemType.NUMBER: Type.NUMBER,
    ItemType.INTEGER: Type.NUMBER,
    ItemType.BOOLEAN: Type.BOOLEAN,
    ItemType.CHOICE: Type.CHOICE,
    ItemType.TEXT: Type.TEXT,
    ItemType.DATE: Type.DATE,
}
Definitions = dict[str, str | Node | Definition]


def study_program(study: Study) -> Program:
    """Every derived value and criterion of a study as named stages over its items.

    Inputs are the items asked once (by item name) and the values made of repeating forms (by the
    derived value's name; `study.aggregate` computes them). A partial date brings `NAME__low` and
    `NAME__high`. A criterion's stage has the criterion's id and is true when it is met as worded.

    Errors: `ExpressionError` with place, line and column for the first rule that does not fit.
    """
    return _PROGRAMS.of(study)


def _build(study: Study) -> Program:
    return build_program(scalar_symbols(study) | aggregate_symbols(study), definitions(study))


_PROGRAMS = Kept(_build)


def scalar_symbols(study: Study) -> dict[str, Symbol]:
    """The items that are asked once and that a rule may use.

    Points in time and lists of several choices are not part of the rule language.
    """
    repeated = {name for form in study.forms.values() if form.repeating for name in form.items}
    return symbols_of(item for item in study.items.values() if item.name not in repeated)


def row_symbols(study: Study, form: str) -> dict[str, Symbol]:
    """The items of one row of a repeating form, beside the items asked once."""
    return scalar_symbols(study) | symbols_of(study.items[name] for name in study.forms[form].items)


def symbols_of(items: Iterable[Item]) -> dict[str, Symbol]:
    """Items as names of the rule language."""
    return {item.name: _symbol(item) for item in items if item.type in _TYPES}


def _symbol(item: Item) -> Symbol:
    return Symbol(
        item.name,
        _TYPES[item.type],
        item.label,
        item.unit,
        item.analyte,
        tuple(choice.code for choice in item.choices),
        bounded=item.partial,
        choice_labels=tuple((choice.code, choice.label) for choice in item.choices),
    )


def aggregate_symbols(study: Study) -> dict[str, Symbol]:
    """The values made of repeating forms, as inputs."""
    return {
        derived.name: Symbol(
            derived.name,
            Type.BOOLEAN if derived.how == "any" else Type.NUMBER,
            derived.label,
            derived.unit,
            bounded=derived.how == "longest_run",
            lowest=0.0 if derived.how == "longest_run" else None,
        )
        for derived in study.derived.values()
        if derived.over is not None
    }


def definitions(study: Study) -> Definitions:
    """The rules of a study by stage name, in the order they are written."""
    rules: Definitions = {}
    for derived in study.derived.values():
        rules.update(_derived(study, derived))
    for criterion in study.criteria.values():
        place = f"{criterion.place} criteria.{criterion.id}"
        rules[criterion.id] = Definition(criterion.expression, criterion.text, place=place)
    return rules


def _derived(study: Study, derived: Derived) -> Definitions:
    if derived.score is not None:
        return _score(study, derived)
    if derived.expression is None:
        return {}
    return {
        derived.name: Definition(
            derived.expression,
            derived.label,
            derived.unit,
            low=derived.low,
            high=derived.high,
            place=f"{derived.place} derived.{derived.name}",
        )
    }


def _score(study: Study, derived: Derived) -> Definitions:
    from trialrun.scores.load import score
    from trialrun.scores.program import input_rule, stages_for

    found = score(derived.score or "")
    mapping: dict[str, str | Node] = {}
    for each in found.inputs:
        name = derived.inputs.get(each.name, each.name)
        if name in study.items or name in study.derived:
            item = study.items.get(name)
            mapping[each.name] = input_rule(each, name, item.unit if item else None)
    stages = stages_for(found, derived.name, mapping)
    value = stages[derived.name]
    return {**stages, derived.name: replace(value, label=derived.label)}
