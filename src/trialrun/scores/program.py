"""A score as named stages of the expression language, with its bounds while inputs are missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any, cast

from trialrun.expressions import (
    Definition,
    Node,
    Program,
    Symbol,
    Type,
    build_program,
    nodes,
    parse_expression,
)
from trialrun.expressions.nodes import names_in, walk
from trialrun.scores.model import Direction, InputType, Scalar, Score, ScoreInput, Step
from trialrun.values.analytes import find_analyte
from trialrun.values.units import convert

_TYPES = {InputType.NUMBER: Type.NUMBER, InputType.BOOLEAN: Type.BOOLEAN, InputType.CHOICE: Type.CHOICE}


@lru_cache(maxsize=256)
def score_program(score: Score) -> Program:
    """The score's stages over its inputs, in the units of its steps.

    Stages: every step, `value` with its bounds, every band. Errors: `ExpressionError` when a rule
    of the file does not fit, naming file and step.
    """
    return build_program(input_symbols(score), definitions(score), place=score.place)


def input_symbols(score: Score) -> dict[str, Symbol]:
    """The inputs that enter the steps, by their name there."""
    found: dict[str, Symbol] = {}
    for each in score.inputs:
        if not each.gate:
            unit = None if each.unit in ("", "same") else each.unit
            found[each.symbol] = Symbol(
                each.symbol, _TYPES[each.type], each.label, unit, each.analyte or None, each.choices
            )
    return found


def definitions(score: Score) -> dict[str, Definition]:
    """The steps, value and bands as definitions for `build_program`."""
    made = {step.name: _definition(score, step) for step in score.steps}
    trees = {name: _tree(each.rule, each.place) for name, each in made.items()}
    value = _tree(score.value.rule, f"{score.place}: value")
    low, high, extra = _bounds(score, trees, value)
    made.update(extra)
    made["value"] = Definition(
        value,
        score.result.label,
        score.result.unit,
        low=low,
        high=high,
        lowest=score.result.lowest,
        highest=score.result.highest,
        place=f"{score.place}: value",
    )
    made.update({band.name: _definition(score, band) for band in score.bands})
    return made


def stages_for(score: Score, prefix: str, mapping: Mapping[str, Node | str]) -> dict[str, Definition]:
    """The score's stages for use among other rules, such as a study's derived values.

    The value is named `prefix`, a component or step `prefix_<name>`.

    Args:
        prefix: the name of the derived value.
        mapping: for each input of the score a rule (usually the name of an item, converted with
            IN_UNIT where its unit differs). An input that is left out is missing, unless the score
            says what holds when it is not asked.
    """
    own = definitions(score)
    renames: dict[str, Node] = {
        name: nodes.Name(prefix if name == "value" else f"{prefix}_{name}") for name in own
    }
    added: dict[str, Definition] = {}
    for each in score.inputs:
        if each.gate:
            continue
        name = f"{prefix}_input_{each.symbol}"
        given = mapping.get(each.name)
        tree = _when_absent(each) if given is None else _tree(given, f"{prefix}: {each.name}")
        if isinstance(tree, nodes.Name):
            renames[each.symbol] = tree
            continue
        unit = each.unit if given is None and each.unit not in ("", "same") else None
        choices = each.choices if given is None else ()
        added[name] = Definition(tree, each.label, unit, choices=choices, place=f"{prefix}: {each.name}")
        renames[each.symbol] = nodes.Name(name)
    for name, each in own.items():
        target = cast("nodes.Name", renames[name]).name
        added[target] = replace(
            each,
            rule=_renamed(_tree(each.rule, each.place), renames),
            low=None if each.low is None else _renamed(_tree(each.low, each.place), renames),
            high=None if each.high is None else _renamed(_tree(each.high, each.place), renames),
        )
    return added


def input_rule(each: ScoreInput, name: str, unit: str | None) -> str:
    """The rule that brings an item in its own unit to the input's unit, for `stages_for`."""
    if each.type is not InputType.NUMBER or unit in (None, "", "1"):
        return name
    if each.unit == "same" or not each.unit:
        return f"MAGNITUDE({name})"
    return name if unit == each.unit else f"IN_UNIT({name}, '{each.unit}')"


def _when_absent(each: ScoreInput) -> Node:
    if each.if_absent is not None:
        return _literal(each.if_absent, each)
    some: Scalar = {
        InputType.NUMBER: 0.0,
        InputType.BOOLEAN: False,
        InputType.CHOICE: "".join(each.choices[:1]),
    }[each.type]
    # Unknown, but of the input's type.
    return nodes.Case(((nodes.Truth(False), _literal(some, each)),), nodes.Null())


def _definition(score: Score, step: Step) -> Definition:
    label = step.label or step.name.replace("_", " ")
    return Definition(step.rule, label, step.unit, choices=step.choices, place=f"{score.place}: {step.name}")


def _tree(rule: str | Node, place: str) -> Node:
    return parse_expression(rule, place=place) if isinstance(rule, str) else rule


def _bounds(
    score: Score, steps: Mapping[str, Node], value: Node
) -> tuple[Node | None, Node | None, dict[str, Definition]]:
    """The least and greatest value, and the extra stages they need.

    The score is worked out again with every missing input at the end of its range that makes the
    score least (or greatest); an input that acts either way is tried at both ends. This is exact
    because every formula here is monotone, or of first degree, in each input (or its logarithm).
    """
    needed = _needed(value, steps)
    inputs = {each.symbol: each for each in score.inputs if each.symbol in needed and each.effect is not None}
    extra: dict[str, Definition] = {}
    ends: list[Node | None] = []
    for greatest in (False, True):
        found: list[Node] = []
        either = [name for name, each in inputs.items() if _either(each)]
        for number, choice in enumerate(product((False, True), repeat=len(either))):
            suffix = f"_{'greatest' if greatest else 'least'}{number + 1 if either else ''}"
            lifted = dict(zip(either, choice, strict=True))
            extra.update(
                _variant(score, suffix, inputs, lifted, greatest, {n: steps[n] for n in needed if n in steps})
            )
            renames: dict[str, Node] = {
                n: nodes.Name(n + suffix) for n in needed if n in inputs or n in steps
            }
            extra[f"value{suffix}"] = Definition(
                _renamed(value, renames), place=f"{score.place}: value{suffix}"
            )
            found.append(nodes.Name(f"value{suffix}"))
        ends.append(_extreme(found, greatest, score.result.highest if greatest else score.result.lowest))
    return ends[0], ends[1], extra


def _either(each: ScoreInput) -> bool:
    return each.effect is not None and each.effect.direction is Direction.EITHER


def _extreme(found: list[Node], greatest: bool, limit: float | None) -> Node:
    node = found[0]
    for other in found[1:]:
        node = nodes.Call("LARGER" if greatest else "SMALLER", (node, other))
    return node if limit is None else nodes.Call("COALESCE", (node, nodes.Number(limit)))


def _variant(
    score: Score,
    suffix: str,
    inputs: Mapping[str, ScoreInput],
    lifted: Mapping[str, bool],
    greatest: bool,
    steps: Mapping[str, Node],
) -> dict[str, Definition]:
    renames: dict[str, Node] = {name: nodes.Name(name + suffix) for name in (*inputs, *steps)}
    made: dict[str, Definition] = {}
    for name, each in inputs.items():
        if each.effect is None:
            continue
        if name in lifted:
            end = each.effect.last if lifted[name] else each.effect.first
        else:
            end = each.effect.end(greatest=greatest)
        fill = _renamed(_literal(end, each), renames)
        rule = nodes.Call("COALESCE", (nodes.Name(name), fill))
        made[name + suffix] = Definition(rule, each.label, place=f"{score.place}: inputs.{name}")
    for name, tree in steps.items():
        made[name + suffix] = Definition(_renamed(tree, renames), place=f"{score.place}: {name}")
    return made


def _literal(end: Scalar, each: ScoreInput) -> Node:
    if isinstance(end, bool):
        return nodes.Truth(end)
    if isinstance(end, float | int):
        return nodes.Number(float(end))
    if each.type is InputType.CHOICE:
        return nodes.Text(end)
    return parse_expression(end, place=f"inputs.{each.name}")


def _needed(value: Node, steps: Mapping[str, Node]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    waiting = list(names_in(value))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting.extend(names_in(steps[name]) if name in steps else ())
    return tuple(found)


def _renamed(node: Node, names: Mapping[str, Node]) -> Node:
    """The tree with names replaced."""
    if isinstance(node, nodes.Name):
        return names.get(node.name, node)
    changes = {each.name: _renamed_part(getattr(node, each.name), names) for each in fields(node)}
    return replace(node, **changes)


def _renamed_part(part: Any, names: Mapping[str, Node]) -> Any:
    if isinstance(part, tuple):
        return tuple(_renamed_part(each, names) for each in cast("tuple[Any, ...]", part))
    if is_dataclass(part) and not isinstance(part, nodes.Position):
        return _renamed(cast("Node", part), names)
    return part


def usual_unit(each: ScoreInput) -> str:
    """The unit a value without one is taken in; "" when it is refused (see docs/reference/scores.md)."""
    if each.unit == "same":
        return "same"
    known = find_analyte(each.analyte)
    if each.unit_needed or (known is not None and known.unit_needed):
        return ""
    return known.unit if known is not None and each.unit else each.unit or "1"


@lru_cache(maxsize=512)
def competing_units(each: ScoreInput) -> bool:
    """Whether the same number means something else in another unit in use for this input."""
    known = find_analyte(each.analyte)
    if known is None or each.unit == "same":
        return False
    return any(convert(1.0, unit, known.unit, known.name) != 1.0 for unit in known.other_units)


@lru_cache(maxsize=256)
def needed_for_value(score: Score) -> tuple[str, ...]:
    """The steps and inputs the value rests on, directly or through other steps."""
    trees = {step.name: _tree(step.rule, score.place) for step in score.steps}
    return _needed(_tree(score.value.rule, score.place), trees)


@lru_cache(maxsize=256)
def pattern_decides(score: Score) -> bool:
    """Whether it is enough to know which inputs are missing to say which of them keep the value unknown.

    True when no rule on the way to the value turns unknown into known, and every choice it makes
    leads to the same inputs.
    """
    steps = {stage.name: stage.checked.node for stage in score_program(score).stages}
    return all(_plain_rule(steps[name]) for name in (*needed_for_value(score), "value") if name in steps)


def _plain_rule(node: Node) -> bool:
    for part in walk(node):
        if isinstance(part, nodes.And | nodes.Or | nodes.IsNull):
            return False
        if isinstance(part, nodes.Call) and part.function == "COALESCE":
            return False
        if isinstance(part, nodes.Case) and not _same_names(part):
            return False
    return True


def _same_names(case: nodes.Case) -> bool:
    results = [*(value for _, value in case.branches), case.default]
    conditions = {name for condition, _ in case.branches for name in names_in(condition)}
    wanted = {frozenset(names_in(value)) for value in results if not isinstance(value, nodes.Null)}
    nulls = any(isinstance(value, nodes.Null) for value in results)
    return len(wanted) == 1 and not nulls and len(conditions) == 1
