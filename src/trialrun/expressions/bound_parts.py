"""The small pieces bounds are built from: what is certain of a comparison, places in a list of codes."""

from __future__ import annotations

from functools import reduce

from trialrun.expressions import nodes
from trialrun.expressions.nodes import Node

Pair = tuple[Node, Node]
_OPPOSITE = {"<": ">=", "<=": ">"}
_MOST_ATOMS = 4


def may_be_unknown(condition: Node) -> bool:
    """Whether a rewritten condition can be unknown at all."""
    match condition:
        case nodes.IsNull() | nodes.Truth():
            return False
        case nodes.Not(value=value):
            return may_be_unknown(value)
        case nodes.And(parts=parts) | nodes.Or(parts=parts):
            return any(may_be_unknown(part) for part in parts)
        case nodes.Call(function="COALESCE", arguments=arguments):
            return all(may_be_unknown(part) for part in arguments)
        case _:
            return True


def atoms(condition: Node) -> tuple[Node, ...] | None:
    """The names a condition is unknown for exactly when one of them is; `None` where it is not that plain."""
    match condition:
        case nodes.Name():
            return (condition,)
        case nodes.Not(value=value):
            return atoms(value)
        case nodes.Compare(left=left, right=right):
            parts = (left, right)
        case nodes.In(value=value, options=options):
            parts = (value, *options)
        case _:
            return None
    if not all(isinstance(part, nodes.Name | nodes.Number | nodes.Text | nodes.Day) for part in parts):
        return None
    found = tuple(dict.fromkeys(part for part in parts if isinstance(part, nodes.Name)))
    return found if len(found) <= _MOST_ATOMS else None


def certain(operator: str, left: Pair, right: Pair) -> Pair:
    """When every possible value compares so, and when none does."""
    if operator == "=":
        always = nodes.And((nodes.Compare(">=", left[0], right[1]), nodes.Compare("<=", left[1], right[0])))
        never = nodes.Or((nodes.Compare("<", left[1], right[0]), nodes.Compare(">", left[0], right[1])))
        return always, never
    return nodes.Compare(operator, left[1], right[0]), nodes.Compare(_OPPOSITE[operator], left[0], right[1])


def runs(ranks: list[int]) -> list[tuple[int, int]]:
    """Neighbouring ranks joined: 0, 1, 3 gives (0, 1) and (3, 3)."""
    runs: list[tuple[int, int]] = []
    for rank in ranks:
        if runs and runs[-1][1] == rank - 1:
            runs[-1] = (runs[-1][0], rank)
        else:
            runs.append((rank, rank))
    return runs


def rank_of(value: Node, codes: tuple[str, ...]) -> Node:
    """A choice's place in its list of codes."""
    branches = tuple(
        (nodes.Compare("=", value, nodes.Text(code)), nodes.Number(float(index)))
        for index, code in enumerate(codes)
    )
    return nodes.Case(branches, nodes.Null((value,)))


def code_of(rank: Node, codes: tuple[str, ...]) -> Node:
    """The code at a place in the list."""
    branches = tuple(
        (nodes.Compare("=", rank, nodes.Number(float(index))), nodes.Text(code))
        for index, code in enumerate(codes)
    )
    return nodes.Case(branches, nodes.Null((rank,)))


def any_of(parts: list[Node]) -> Node:
    """Whether one of the parts holds."""
    return parts[0] if len(parts) == 1 else nodes.Or(tuple(parts))


def all_of(parts: list[Node]) -> Node:
    """Whether every part holds."""
    return parts[0] if len(parts) == 1 else nodes.And(tuple(parts))


def total(left: Node, right: Node) -> Node:
    """The sum of two parts."""
    return nodes.Arithmetic("+", left, right)


def in_order(node: nodes.Call) -> nodes.Call:
    """CLAMP between computed bounds, which may cross: the upper one then wins, whatever the value."""
    if node.function != "CLAMP":
        return node
    value, low, high = node.arguments
    literal = isinstance(low, nodes.Number) and isinstance(high, nodes.Number)
    if literal or isinstance(low, nodes.Null) or isinstance(high, nodes.Null):
        return node
    return nodes.Call("SMALLER", (nodes.Call("LARGER", (value, low)), high))


def either(function: str, left: Node, right: Node) -> Node:
    """The smaller or larger of two parts."""
    if isinstance(left, nodes.Null) or isinstance(right, nodes.Null):
        return nodes.Null((left, right))
    if isinstance(left, nodes.Number) and isinstance(right, nodes.Number):
        choose = min if function == "SMALLER" else max
        return nodes.Number(choose(left.value, right.value))
    return left if left == right else nodes.Call(function, (left, right))


def fold(function: str, parts: list[Node]) -> Node:
    """The smallest or largest of several parts."""
    return reduce(lambda left, right: nodes.Call(function, (left, right)), parts)


def scaled(operator: str, pair: Pair, factor: nodes.Number) -> Pair:
    """Bounds times or divided by a number as written."""
    low, high = (nodes.Arithmetic(operator, part, factor) for part in pair)
    return (high, low) if factor.value < 0 else (low, high)
