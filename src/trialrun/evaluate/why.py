"""Why an answer is unknown: a slow, readable evaluation that remembers its reasons."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from trialrun.evaluate import functions, inputs
from trialrun.expressions import nodes
from trialrun.expressions.check import bound_names
from trialrun.expressions.nodes import Node, children
from trialrun.expressions.rewrite import Kernel

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": functions.divide,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ROUND_HALF_UP": functions.round_half_up,
    "FLOOR": lambda x: x // 1.0,
    "CEIL": lambda x: -(-x // 1.0),
    "ABS": abs,
    "LN": functions.ln,
    "LOG10": functions.log10,
    "EXP": functions.exp,
    "SQRT": functions.sqrt,
    "POWER": functions.power,
    "NEAR_WHOLE": functions.near_whole,
    "FINITE": functions.finite,
    "YEARS_BETWEEN": functions.years_between,
    "MONTHS_BETWEEN": functions.months_between,
    "DAYS_BETWEEN": functions.days_between,
    "ADD_MONTHS": functions.add_months,
    "ADD_DAYS": functions.add_days,
    "LOWER": functions.lower,
    "SMALLER": min,
    "LARGER": max,
}


def causes_of(kernel: Kernel, name: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    """The missing inputs that make a stage unknown, in the program's order.

    `kernel` is best no more than the stage rests on, for all its inputs are read.
    Errors: `KeyError` for a name that is no stage.
    """
    found = Interpreter(kernel, row).causes(nodes.Name(name))
    return tuple(known for known in kernel.inputs if known in found)


class Interpreter:
    """Values and reasons of every part of a program on one row."""

    def __init__(self, kernel: Kernel, row: Mapping[str, Any]) -> None:
        self.stages = {stage.name: stage.node for stage in kernel.stages}
        self.values: dict[str, Any] = {}
        self.origin: dict[str, str] = {}
        self.because: dict[str, frozenset[str]] = {}
        for name, symbol in kernel.inputs.items():
            low, high = bound_names(name)
            if symbol.bounded:
                values = inputs.bounded(name, symbol.type, row.get(name), row.get(low), row.get(high))
                self.values.update(zip((name, low, high), values, strict=True))
                self.origin.update(dict.fromkeys((name, low, high), name))
            else:
                self.values[name] = inputs.READERS[symbol.type](name, row.get(name))
                self.origin[name] = name

    def value(self, node: Node) -> Any:
        """The part's value, `None` for unknown."""
        match node:
            case nodes.Name():
                if node.name not in self.values:
                    self.values[node.name] = self.value(self.stages[node.name])
                return self.values[node.name]
            case nodes.Number() | nodes.Text() | nodes.Truth() | nodes.Day():
                return node.value
            case nodes.Null():
                return None
            case nodes.And() | nodes.Or():
                return _kleene([self.value(part) for part in node.parts], decisive=isinstance(node, nodes.Or))
            case nodes.IsNull():
                return self.value(node.value) is None
            case nodes.Case():
                taken = (value for condition, value in node.branches if self.value(condition))
                return self.value(next(taken, node.default))
            case nodes.Call(function="COALESCE"):
                return next(
                    (found for part in node.arguments if (found := self.value(part)) is not None), None
                )
            case nodes.Call(function="CLAMP"):
                return self._clamp(node)
            case _:
                return self._strict(node)

    def _clamp(self, node: nodes.Call) -> Any:
        value, low, high = (self.value(part) for part in node.arguments)
        needed = [value]
        open_low, open_high = (isinstance(part, nodes.Null) for part in node.arguments[1:])
        needed += [low] * (not open_low) + [high] * (not open_high)
        if any(part is None for part in needed):
            return None
        if not open_low and value < low:
            return low
        return high if not open_high and value > high else value

    def _strict(self, node: Node) -> Any:
        values = [self.value(part) for part in children(node)]
        if any(value is None for value in values):
            return None
        match node:
            case nodes.Not():
                return not values[0]
            case nodes.Negate():
                return -values[0]
            case nodes.Compare():
                return _COMPARE[node.operator](*values)
            case nodes.Arithmetic():
                return _ARITHMETIC[node.operator](*values)
            case nodes.In():
                return values[0] in values[1:]
            case nodes.Call():
                return _FUNCTIONS[node.function](*values)
            case _:
                raise TypeError(node)

    def causes(self, node: Node) -> frozenset[str]:
        """The inputs whose being missing makes this part unknown."""
        if isinstance(node, nodes.Null):
            return self._of(node.because)
        if self.value(node) is not None:
            return frozenset()
        match node:
            case nodes.Name():
                return self._of_name(node.name)
            case nodes.Case():
                return self._of_case(node)
            case nodes.Call(function="CLAMP"):
                return self._of(part for part in node.arguments if not isinstance(part, nodes.Null))
            case _:
                return self._of(children(node))

    def _of_name(self, name: str) -> frozenset[str]:
        found = self.because.get(name)
        if found is None:  # asked once, however many stages rest on it
            origin = self.origin.get(name)
            found = frozenset({origin}) if origin else self.causes(self.stages[name])
            self.because[name] = found
        return found

    def _of(self, parts: Iterable[Node]) -> frozenset[str]:
        return frozenset[str]().union(*(self.causes(part) for part in parts))

    def _of_case(self, node: nodes.Case) -> frozenset[str]:
        found = frozenset[str]()
        for condition, value in node.branches:
            holds = self.value(condition)
            if holds:
                return found | self.causes(value)
            if holds is None:
                found |= self.causes(condition)
        return found | self.causes(node.default)


def _kleene(values: list[Any], *, decisive: bool) -> bool | None:
    if decisive in values:
        return decisive
    return None if None in values else not decisive
