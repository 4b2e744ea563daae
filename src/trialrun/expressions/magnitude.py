"""How large and how small numbers can get, so that no engine ever meets an overflow.

Engines answer an overflow with infinity, NULL or an error that ends the whole query. Where the
ranges of the operands allow one, the operand is first limited (`FINITE`), and the same on every
engine.
"""

from __future__ import annotations

from dataclasses import replace

from trialrun.expressions import nodes
from trialrun.expressions.nodes import Node

#: A number that comes in is zero or has a magnitude in this range; anything else is unknown.
SMALLEST_INPUT, LARGEST_INPUT = 1e-15, 1e15
#: What FINITE lets through, besides zero.
SMALLEST, LARGEST = 1e-100, 1e100
#: Operands within these can be multiplied and divided safely.
_SAFE_SMALL, _SAFE_LARGE = 1e-150, 1e150
#: The largest argument of EXP; e to it stays below LARGEST.
LARGEST_EXPONENT = 230.0
_LAST_BIT = 2.0**-53
_LARGEST_DAYS = 150_000.0

Range = tuple[float, float]


class Magnitudes:
    """The least non-zero and the greatest magnitude of every stage so far."""

    def __init__(self) -> None:
        self.stages: dict[str, Range] = {}

    def guarded(self, name: str, node: Node) -> Node:
        """The stage's node with FINITE where it is needed; remembers the stage's range."""
        guarded, self.stages[name] = self._visit(node)
        return guarded

    def _visit(self, node: Node) -> tuple[Node, Range]:
        match node:
            case nodes.Number():
                return node, (abs(node.value) or 1.0, abs(node.value))
            case nodes.Name():
                return node, self.stages.get(node.name, (SMALLEST_INPUT, LARGEST_INPUT))
            case nodes.Arithmetic():
                return self._arithmetic(node)
            case nodes.Negate():
                value, spread = self._visit(node.value)
                return replace(node, value=value), spread
            case nodes.Case():
                return self._case(node)
            case nodes.Call():
                return self._call(node)
            case nodes.Null():
                return node, (1.0, 0.0)
            case _:
                return self._inside(node), (1.0, 1.0)

    def _inside(self, node: Node) -> Node:
        match node:
            case nodes.Not() | nodes.IsNull():
                return replace(node, value=self._visit(node.value)[0])
            case nodes.And() | nodes.Or():
                return replace(node, parts=tuple(self._visit(part)[0] for part in node.parts))
            case nodes.Compare():
                return replace(node, left=self._visit(node.left)[0], right=self._visit(node.right)[0])
            case nodes.In():
                options = tuple(self._visit(option)[0] for option in node.options)
                return replace(node, value=self._visit(node.value)[0], options=options)
            case _:
                return node

    def _arithmetic(self, node: nodes.Arithmetic) -> tuple[Node, Range]:
        left, first = self._visit(node.left)
        right, second = self._visit(node.right)
        if node.operator in "+-":
            spread = min(first[0], second[0]) * _LAST_BIT, first[1] + second[1]
        else:
            left, first = _limited(left, first)
            right, second = _limited(right, second)
            if node.operator == "*":
                spread = first[0] * second[0], first[1] * second[1]
            else:
                spread = first[0] / max(second[1], second[0]), first[1] / second[0]
        return replace(node, left=left, right=right), spread

    def _case(self, node: nodes.Case) -> tuple[Node, Range]:
        visited = [(self._visit(test)[0], self._visit(value)) for test, value in node.branches]
        default, last = self._visit(node.default)
        spreads = [spread for _, (_, spread) in visited] + [last]
        branches = tuple((test, value) for test, (value, _) in visited)
        return replace(node, branches=branches, default=default), _hull(spreads)

    def _call(self, node: nodes.Call) -> tuple[Node, Range]:
        visited = [self._visit(part) for part in node.arguments]
        spreads = [spread for _, spread in visited]
        arguments = tuple(part for part, _ in visited)
        match node.function:
            case "ROUND_HALF_UP" | "POWER" | "SQRT":
                arguments, spread = _limited_all(arguments, spreads)
            case _:
                spread = _hull(spreads)
        results: dict[str, Range] = {
            "LN": (1e-17, 1e3),
            "LOG10": (1e-17, 1e3),
            "EXP": (SMALLEST, LARGEST),
            "POWER": (SMALLEST, LARGEST),
            "SQRT": (spread[0] ** 0.5, spread[1] ** 0.5),
            "FLOOR": (1.0, spread[1] + 1),
            "CEIL": (1.0, spread[1] + 1),
            "ROUND_HALF_UP": (1e-9, spread[1] + 1),
            "YEARS_BETWEEN": (1.0, _LARGEST_DAYS),
            "MONTHS_BETWEEN": (1.0, _LARGEST_DAYS),
            "DAYS_BETWEEN": (1.0, _LARGEST_DAYS),
        }
        return replace(node, arguments=arguments), results.get(node.function, spread)


def _hull(spreads: list[Range]) -> Range:
    return min(spread[0] for spread in spreads), max(spread[1] for spread in spreads)


def _limited(node: Node, spread: Range) -> tuple[Node, Range]:
    if spread[0] >= _SAFE_SMALL and spread[1] <= _SAFE_LARGE:
        return node, spread
    return nodes.Call("FINITE", (node,)), (SMALLEST, LARGEST)


def _limited_all(parts: tuple[Node, ...], spreads: list[Range]) -> tuple[tuple[Node, ...], Range]:
    limited = [_limited(part, spread) for part, spread in zip(parts, spreads, strict=True)]
    return tuple(part for part, _ in limited), _hull([spread for _, spread in limited])
