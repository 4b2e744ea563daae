"""One Python function for a whole program: shared parts once, no calls where an operator will do."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any

from trialrun.evaluate import functions, inputs
from trialrun.expressions import nodes
from trialrun.expressions.check import bound_names
from trialrun.expressions.nodes import Node, children
from trialrun.expressions.parse import EARLIEST, LATEST
from trialrun.expressions.rewrite import Kernel
from trialrun.expressions.types import Symbol, Type

_OPERATORS = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
#: Known whenever their arguments are known.
_TOTAL: dict[str, str] = {
    "YEARS_BETWEEN": "years_between",
    "MONTHS_BETWEEN": "months_between",
    "DAYS_BETWEEN": "days_between",
    "LOWER": "lower",
    "ROUND_HALF_UP": "round_half_up",
    "NEAR_WHOLE": "near_whole",
}
#: May be unknown although their arguments are known.
_PARTIAL = {
    "LN": "ln",
    "LOG10": "log10",
    "EXP": "exp",
    "SQRT": "sqrt",
    "POWER": "power",
    "FINITE": "finite",
    "ADD_MONTHS": "add_months",
    "ADD_DAYS": "add_days",
}

Part = tuple[str, frozenset[str]]
"""An expression in Python, and the variables that must be known for it to hold."""

_NONE: frozenset[str] = frozenset()


def python_function(
    kernel: Kernel, outputs: Iterable[str]
) -> tuple[Callable[[Mapping[str, Any]], dict[str, Any]], str]:
    """The function from a row to the asked outputs, and its source for those who want to read it.

    No text of the study gets into the source: names and texts are constants passed beside it.
    """
    writer = _Writer(kernel)
    source = writer.function(tuple(outputs))
    scope: dict[str, Any] = {**writer.constants}
    exec(compile(source, "<rules>", "exec"), scope)  # noqa: S102 (own source, see above)
    return scope["rules"], source


class _Writer:
    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {
            "__builtins__": {"abs": abs},
            "date": date,
            "log": math.log,
            "first_day": EARLIEST,
            "last_day": LATEST,
            **{
                name: getattr(functions, name)
                for name in (*_TOTAL.values(), *_PARTIAL.values(), "divide", "clamp")
            },
        }
        self.variables: dict[str, str] = {}
        self.done: dict[Node, str] = {}
        self.uses = Counter[Node]()
        for stage in kernel.stages:
            self._count(stage.node)

    def _count(self, node: Node) -> None:
        self.uses[node] += 1
        if self.uses[node] == 1 and not isinstance(node, nodes.Null):
            for child in children(node):
                self._count(child)

    def function(self, outputs: tuple[str, ...]) -> str:
        for name, symbol in self.kernel.inputs.items():
            self._input(name, symbol)
        for stage in self.kernel.stages:
            self.variables[stage.name] = self.atom(stage.node)
        result = ", ".join(f"{self.constant(name)}: {self.variables[name]}" for name in outputs)
        body = "\n    ".join(["get = row.get", *self.lines, f"return {{{result}}}"])
        return f"def rules(row):\n    {body}\n"

    def constant(self, value: object) -> str:
        if isinstance(value, float):
            return repr(value)
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def assign(self, expression: str) -> str:
        name = f"v{len(self.lines)}"
        self.lines.append(f"{name} = {expression}")
        return name

    def _input(self, name: str, symbol: Symbol) -> None:
        key = self.constant(name)
        if symbol.bounded:
            low, high = bound_names(name)
            found = [f"i{len(self.variables)}", f"i{len(self.variables)}l", f"i{len(self.variables)}h"]
            read = self.constant(partial(inputs.bounded, name, symbol.type))
            gets = ", ".join(f"get({self.constant(part)})" for part in (name, low, high))
            self.lines.append(f"{', '.join(found)} = {read}({gets})")
            self.variables.update(zip((name, low, high), found, strict=True))
            return
        variable = f"i{len(self.variables)}"
        read = self.constant(partial(inputs.READERS[symbol.type], name))
        # The test keeps the usual row free of a call; whatever is unusual goes through the reader.
        unusual = {
            Type.NUMBER: f"({variable}.__class__ is not float_ or not 1e-15 <= {variable} <= 1e15)",
            Type.BOOLEAN: f"{variable} is not True and {variable} is not False",
            Type.TEXT: f"{variable}.__class__ is not str_",
            Type.CHOICE: f"{variable}.__class__ is not str_",
            Type.DATE: f"({variable}.__class__ is not date or not first_day <= {variable} <= last_day)",
        }[symbol.type]
        self.constants.update(float_=float, str_=str)
        self.lines.append(f"{variable} = get({key})")
        self.lines.append(f"if {variable} is not None and {unusual}: {variable} = {read}({variable})")
        self.variables[name] = variable

    # Values

    def atom(self, node: Node) -> str:
        """A variable or constant that holds the part's value, `None` for unknown."""
        if isinstance(node, nodes.Name):
            return self.variables[node.name]
        if isinstance(node, nodes.Null):
            return "None"
        known = self.done.get(node)
        if known is None:
            expression, needed = self.part(node)
            simple = not needed and isinstance(node, nodes.Number | nodes.Text | nodes.Truth | nodes.Day)
            known = (
                expression if simple or needed == {expression} else self.assign(_guarded(expression, needed))
            )
            self.done[node] = known
        return known

    def inner(self, node: Node) -> Part:
        """The part within a larger expression; a variable of its own when it is used elsewhere too."""
        if self.uses[node] > 1 and not isinstance(node, nodes.Number | nodes.Text | nodes.Truth | nodes.Day):
            return self.nullable(self.atom(node))
        return self.part(node)

    def nullable(self, variable: str) -> Part:
        if variable.isidentifier() and variable[0] in "vi" and variable != "None":
            return variable, frozenset({variable})
        return variable, frozenset({"None"}) if variable == "None" else _NONE

    def simple(self, node: Node) -> Part:
        """The part as a plain variable or constant, to be written more than once."""
        return self.nullable(self.atom(node))

    def part(self, node: Node) -> Part:
        match node:
            case nodes.Number():
                return repr(node.value), _NONE
            case nodes.Truth():
                return repr(node.value), _NONE
            case nodes.Text() | nodes.Day():
                return self.constant(node.value), _NONE
            case nodes.Name() | nodes.Null():
                return self.nullable(self.atom(node))
            case nodes.Negate():
                value, needed = self.inner(node.value)
                return f"(-{value})", needed
            case nodes.Arithmetic():
                return self._arithmetic(node)
            case nodes.Compare():
                return self._pair(node.left, node.right, _OPERATORS[node.operator])
            case nodes.In():
                value, needed = self.inner(node.value)
                options = frozenset(getattr(option, "value") for option in node.options)  # noqa: B009 (literals only)
                return f"({value} in {self.constant(options)})", needed
            case nodes.IsNull():
                value, needed = self.simple(node.value)
                return (f"({value} is None)" if needed else "False"), _NONE
            case nodes.Not():
                value, needed = self.inner(node.value)
                return f"(not {value})", needed
            case nodes.Call():
                return self._call(node)
            case _:
                return self.nullable(self.assign(self._choice(node)))

    def _pair(self, left: Node, right: Node, operator: str) -> Part:
        first, needed = self.inner(left)
        second, also = self.inner(right)
        return f"({first} {operator} {second})", needed | also

    def _arithmetic(self, node: nodes.Arithmetic) -> Part:
        if node.operator != "/" or (isinstance(node.right, nodes.Number) and node.right.value):
            return self._pair(node.left, node.right, node.operator)
        first, needed = self.inner(node.left)
        second, also = self.inner(node.right)
        return self.nullable(self.assign(_guarded(f"divide({first}, {second})", needed | also)))

    def _call(self, node: nodes.Call) -> Part:
        name = node.function
        if name == "COALESCE":
            return self._coalesce(node)
        if name in ("CLAMP", "SMALLER", "LARGER"):
            return self._ordered(node)
        read = [self.inner(part) for part in node.arguments]
        needed = frozenset[str]().union(*(part[1] for part in read))
        values = [part[0] for part in read]
        written = {
            "ABS": "abs({0})",
            "FLOOR": "({0} // 1.0)",
            "CEIL": "(-(-{0} // 1.0))",
        }.get(name)
        if written is not None:
            return written.format(*values), needed
        if name in _TOTAL:
            return f"{_TOTAL[name]}({', '.join(values)})", needed
        return self.nullable(self.assign(_guarded(f"{_PARTIAL[name]}({', '.join(values)})", needed)))

    def _ordered(self, node: nodes.Call) -> Part:
        # An absent bound of CLAMP is no bound; every other NULL is unknown.
        bounds = node.arguments[1:] if node.function == "CLAMP" else ()
        read = [
            ("", _NONE) if isinstance(part, nodes.Null) and part in bounds else self.simple(part)
            for part in node.arguments
        ]
        needed = frozenset[str]().union(*(part[1] for part in read))
        value, *others = (part[0] for part in read)
        if node.function == "CLAMP":
            low, high = others
            text = f"{high} if {value} > {high} else {value}" if high else value
            text = f"{low} if {value} < {low} else {text}" if low else text
        else:
            sign = "<=" if node.function == "SMALLER" else ">="
            text = f"{value} if {value} {sign} {others[0]} else {others[0]}"
        return f"({text})", needed

    def _coalesce(self, node: nodes.Call) -> Part:
        text = "None"
        for part in reversed(node.arguments):
            atom, needed = self.simple(part)
            text = f"{atom} if {atom} is not None else {text}" if needed else atom
        return self.nullable(self.assign(text))

    def _choice(self, node: Node) -> str:
        if isinstance(node, nodes.And | nodes.Or):
            atoms = [self.atom(part) for part in node.parts]
            decisive = "False" if isinstance(node, nodes.And) else "True"
            other = "True" if isinstance(node, nodes.And) else "False"
            decided = " or ".join(f"{atom} is {decisive}" for atom in atoms)
            unknown = " or ".join(f"{atom} is None" for atom in atoms)
            return f"{decisive} if {decided} else None if {unknown} else {other}"
        assert isinstance(node, nodes.Case)  # noqa: S101 (part() handles every other kind)
        text = self._value(node.default)
        for condition, value in reversed(node.branches):
            text = f"{self._value(value)} if {self.holds(condition)} else {text}"
        return text

    def _value(self, node: Node) -> str:
        return f"({_guarded(*self.inner(node))})"

    # Conditions of a CASE: only whether they hold matters

    def holds(self, node: Node) -> str:
        """An expression that is true exactly when the condition is true."""
        match node:
            case nodes.Or(parts=parts):
                return "(" + " or ".join(self.holds(part) for part in parts) + ")"
            case nodes.And(parts=parts):
                return "(" + " and ".join(self.holds(part) for part in parts) + ")"
            case nodes.Not(value=nodes.Compare() | nodes.In() | nodes.Name() as value):
                expression, needed = self.inner(value)
                return (
                    "("
                    + " and ".join([*(f"{name} is not None" for name in sorted(needed)), f"not {expression}"])
                    + ")"
                )
            case nodes.IsNull() | nodes.Compare() | nodes.In() | nodes.Name() | nodes.Truth():
                expression, needed = self.inner(node)
                if isinstance(node, nodes.Name):
                    return expression
                return (
                    "("
                    + " and ".join([*(f"{name} is not None" for name in sorted(needed)), expression])
                    + ")"
                )
            case _:
                return self.atom(node)


def _guarded(expression: str, needed: frozenset[str]) -> str:
    """Unknown as soon as one of the variables is."""
    if not needed or needed == {expression}:
        return expression
    if "None" in needed:
        return "None"
    return f"None if {' or '.join(f'{name} is None' for name in sorted(needed))} else {expression}"
