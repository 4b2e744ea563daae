"""Rules with names, in the order in which they can be computed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from trialrun.errors import ExpressionError
from trialrun.expressions.check import BOUNDABLE, check_expression
from trialrun.expressions.nodes import Node, names_in
from trialrun.expressions.parse import parse_expression
from trialrun.expressions.scan import KEYWORDS
from trialrun.expressions.types import Checked, Symbol, Type
from trialrun.expressions.units import plain, same_unit

_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")


@dataclass(frozen=True, slots=True)
class Definition:
    """A rule to be named, as text or tree.

    Args:
        rule: text of the language, or a tree.
        label: for sentences; the name when empty.
        unit: the unit it is meant to be in; checked where the rule has one of its own.
        choices: the codes it can give, in order, when it gives a choice.
        low, high: the least and greatest value it can have while inputs are missing, when the rule
            itself cannot tell; both or neither.
        lowest, highest: the ends of its range, if it has them.
        place: where it stands, for messages.
    """

    rule: str | Node
    label: str = ""
    unit: str | None = None
    analyte: str | None = None
    choices: tuple[str, ...] = ()
    low: str | Node | None = None
    high: str | Node | None = None
    lowest: float | None = None
    highest: float | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """One named rule that has passed the checks; `low` and `high` when they are given apart."""

    name: str
    checked: Checked
    symbol: Symbol
    low: Checked | None = None
    high: Checked | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """Inputs and named rules, each after those it uses. Complete: every name in a rule is one of them."""

    inputs: Mapping[str, Symbol]
    stages: tuple[Stage, ...]
    symbols: Mapping[str, Symbol] = field(default_factory=dict[str, Symbol])

    def stage(self, name: str) -> Stage:
        """The stage of that name. Errors: `KeyError`."""
        found = next((stage for stage in self.stages if stage.name == name), None)
        if found is None:
            raise KeyError(name)
        return found

    def uses(self, name: str) -> tuple[str, ...]:
        """The inputs a stage rests on, directly or through other stages, in order of first use."""
        found: dict[str, None] = {}
        by_name = {stage.name: stage for stage in self.stages}

        def visit(current: str) -> None:
            stage = by_name.get(current)
            if stage is None:
                found[current] = None
                return
            for used in _used_by(stage, self.symbols):
                visit(used)

        visit(name)
        return tuple(found)


def _used_by(stage: Stage, symbols: Mapping[str, Symbol]) -> tuple[str, ...]:
    parts = [part.node for part in (stage.checked, stage.low, stage.high) if part is not None]
    return tuple(dict.fromkeys(base_name(name, symbols) for part in parts for name in names_in(part)))


def base_name(name: str, symbols: Mapping[str, Symbol]) -> str:
    """The bounded name behind `x__low` or `x__high`, or the name itself."""
    if name in symbols:
        return name
    for ending in ("__low", "__high"):
        if name.endswith(ending) and name.removesuffix(ending) in symbols:
            return name.removesuffix(ending)
    return name


def build_program(
    symbols: Mapping[str, Symbol],
    definitions: Mapping[str, str | Node | Definition],
    *,
    place: str = "",
) -> Program:
    """Check named rules and put them in order.

    A rule over a bounded name is bounded itself, unless it is a condition: then every possible
    value is weighed, and the answer is unknown only where they disagree.

    Args:
        symbols: the inputs.
        definitions: name to rule; they may use the inputs and each other, in any order.
        place: where they stand, for messages.

    Errors: `ExpressionError` for a rule that does not fit, a name defined twice, and rules that
    use each other in a circle.
    """
    parsed = {name: _parsed(name, definition, place) for name, definition in definitions.items()}
    symbols = {name: symbol for name, symbol in symbols.items() if base_name_of_bound(name, symbols) is None}
    _check_names([*symbols, *parsed], place or "program")
    known: dict[str, Symbol] = dict(symbols)
    stages: list[Stage] = []
    for name in _ordered(parsed, known, place):
        stage = _stage(name, parsed[name], known)
        known[name] = stage.symbol
        stages.append(stage)
    return Program(dict(symbols), tuple(stages), known)


def base_name_of_bound(name: str, symbols: Mapping[str, Symbol]) -> str | None:
    """The bounded name that `name` is a bound of, if it is one: bounds come with their name."""
    for ending in ("__low", "__high"):
        base = symbols.get(name.removesuffix(ending)) if name.endswith(ending) else None
        if base is not None and base.bounded:
            return base.name
    return None


def _check_names(names: list[str], place: str) -> None:
    """Names every engine can tell apart and the language can read."""
    seen: dict[str, str] = {}
    for name in names:
        if not _NAME.match(name) or name.upper() in KEYWORDS:
            raise ExpressionError(
                f"{place}: {name!r} cannot be a name in a rule",
                "begin with a letter, go on with letters, digits and _, and avoid words such as AND or DATE",
            )
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise ExpressionError(
                f"{place}: {other!r} and {name!r} differ only in capitals",
                "rename one: SQL engines take them for one",
            )
        if names.count(name) > 1:
            raise ExpressionError(f"{place}: {name!r} is both an input and a rule", "rename one")


def _parsed(name: str, definition: str | Node | Definition, place: str) -> Definition:
    if not isinstance(definition, Definition):
        definition = Definition(definition)
    where = definition.place or (f"{place}: {name}" if place else name)
    parts = {
        key: parse_expression(part, place=where) if isinstance(part, str) else part
        for key, part in (("rule", definition.rule), ("low", definition.low), ("high", definition.high))
    }
    if (parts["low"] is None) != (parts["high"] is None):
        raise ExpressionError(f"{where}: only one bound is given", "give both low and high, or neither")
    return replace(definition, place=where, **parts)


def _ordered(parsed: Mapping[str, Definition], known: Mapping[str, Symbol], place: str) -> list[str]:
    needs = {name: _needs(definition, parsed, known) for name, definition in parsed.items()}
    done: dict[str, None] = {}
    path: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in path:
            circle = " -> ".join([*path[path.index(name) :], name])
            raise ExpressionError(
                f"{parsed[name].place or place}: rules use each other in a circle: {circle}", "break it"
            )
        path.append(name)
        for needed in needs[name]:
            visit(needed)
        path.pop()
        done[name] = None

    for name in parsed:
        visit(name)
    return list(done)


def _needs(
    definition: Definition, parsed: Mapping[str, Definition], known: Mapping[str, Symbol]
) -> list[str]:
    both = {**dict.fromkeys(parsed), **dict.fromkeys(known)}
    needs: list[str] = []
    for part in (definition.rule, definition.low, definition.high):
        if part is None or isinstance(part, str):
            continue
        for name in names_in(part):
            base = name if name in both else name.removesuffix("__low").removesuffix("__high")
            if base in parsed:
                needs.append(base)
    return needs


def _stage(name: str, definition: Definition, known: Mapping[str, Symbol]) -> Stage:
    checked, low, high = (
        None
        if part is None or isinstance(part, str)
        else check_expression(part, known, place=definition.place)
        for part in (definition.rule, definition.low, definition.high)
    )
    if checked is None or checked.type is None:
        raise ExpressionError(
            f"{definition.place}: the rule is always unknown", "write a condition or a value"
        )
    unit = _unit(definition, checked)
    choices = definition.choices or (checked.codes if checked.type in (Type.CHOICE, Type.TEXT) else ())
    for code in checked.codes:
        if definition.choices and code not in definition.choices:
            raise ExpressionError(
                f"{definition.place}: it can give {code!r}, which is not among its choices", "add it"
            )
    for part in (low, high):
        if part is not None and part.type not in (checked.type, None):
            raise ExpressionError(
                f"{definition.place}: a bound is a {part.type}, the rule a {checked.type}", "use one type"
            )
    bounded = low is not None or (checked.type in BOUNDABLE and mentions_bounded(checked.node, known))
    symbol = Symbol(
        name,
        Type.CHOICE if definition.choices else checked.type,
        definition.label or name,
        unit,
        definition.analyte or checked.analyte,
        choices,
        bounded,
        definition.lowest,
        definition.highest,
    )
    return Stage(name, checked, symbol, low, high)


def _unit(definition: Definition, checked: Checked) -> str | None:
    wanted = plain(definition.unit)
    if definition.unit is None or checked.type is not Type.NUMBER:
        return checked.unit
    if checked.unit is not None and not same_unit(wanted, checked.unit):
        raise ExpressionError(
            f"{definition.place}: the rule gives {checked.unit}, its unit is declared as {definition.unit}",
            f"write IN_UNIT(..., '{definition.unit}') or declare {checked.unit}",
        )
    return definition.unit


def mentions_bounded(node: Node, symbols: Mapping[str, Symbol]) -> bool:
    """Whether a rule uses a name of which only bounds may be known."""
    return any(name in symbols and symbols[name].bounded for name in names_in(node))
