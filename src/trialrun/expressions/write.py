"""A tree written back as text of the language; reading it again gives the same tree."""

from __future__ import annotations

from trialrun.expressions import nodes
from trialrun.expressions.nodes import Node

_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _ATOM = range(1, 9)
_ARITHMETIC_LEVEL = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}


def write_expression(node: Node) -> str:
    """The rule as text, with brackets only where they are needed."""
    return _write(node)[0]


def _inside(node: Node, least: int) -> str:
    text, level = _write(node)
    return text if level >= least else f"({text})"


def _write(node: Node) -> tuple[str, int]:
    match node:
        case nodes.Or():
            return " OR ".join(_inside(part, _AND) for part in node.parts), _OR
        case nodes.And():
            return " AND ".join(_inside(part, _NOT) for part in node.parts), _AND
        case nodes.Not():
            return _write_not(node)
        case nodes.Compare():
            return f"{_inside(node.left, _SUM)} {node.operator} {_inside(node.right, _SUM)}", _COMPARE
        case nodes.Between():
            parts = [_inside(part, _SUM) for part in (node.value, node.low, node.high)]
            return f"{parts[0]} BETWEEN {parts[1]} AND {parts[2]}", _COMPARE
        case nodes.In():
            return f"{_inside(node.value, _SUM)} IN ({_listed(node.options)})", _COMPARE
        case nodes.IsNull():
            return f"{_inside(node.value, _SUM)} IS NULL", _COMPARE
        case nodes.Arithmetic():
            level = _ARITHMETIC_LEVEL[node.operator]
            return f"{_inside(node.left, level)} {node.operator} {_inside(node.right, level + 1)}", level
        case nodes.Negate():
            return f"-{_inside(node.value, _ATOM)}", _SIGN
        case nodes.Case():
            branches = "".join(
                f" WHEN {_write(test)[0]} THEN {_write(value)[0]}" for test, value in node.branches
            )
            default = "" if isinstance(node.default, nodes.Null) else f" ELSE {_write(node.default)[0]}"
            return f"CASE{branches}{default} END", _ATOM
        case nodes.Call():
            return f"{node.function}({_listed(node.arguments)})", _ATOM
        case _:
            return _write_atom(node)


def _write_not(node: nodes.Not) -> tuple[str, int]:
    match node.value:
        case nodes.IsNull(value=value):
            return f"{_inside(value, _SUM)} IS NOT NULL", _COMPARE
        case nodes.In(value=value, options=options):
            return f"{_inside(value, _SUM)} NOT IN ({_listed(options)})", _COMPARE
        case nodes.Between(value=value, low=low, high=high):
            text = f"{_inside(value, _SUM)} NOT BETWEEN {_inside(low, _SUM)} AND {_inside(high, _SUM)}"
            return text, _COMPARE
        case _:
            return f"NOT {_inside(node.value, _COMPARE)}", _NOT


def _listed(parts: tuple[Node, ...]) -> str:
    return ", ".join(_write(part)[0] for part in parts)


def _write_atom(node: Node) -> tuple[str, int]:
    match node:
        case nodes.Number():
            return write_number(node.value), _ATOM if node.value >= 0 else _SIGN
        case nodes.Text():
            return "'" + node.value.replace("'", "''") + "'", _ATOM
        case nodes.Truth():
            return "TRUE" if node.value else "FALSE", _ATOM
        case nodes.Day():
            return f"DATE '{node.value.isoformat()}'", _ATOM
        case nodes.Name():
            return node.name, _ATOM
        case _:
            return "NULL", _ATOM


def write_number(value: float) -> str:
    """A number without a needless `.0`."""
    return str(int(value)) if value == int(value) else repr(value)
