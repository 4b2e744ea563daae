"""What is still certain while a value is only known to lie between two bounds.

A comparison is true when every possible value makes it true, false when every possible value
makes it false, and unknown otherwise. Bounds travel through the functions that keep order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

from trialrun.expressions import nodes
from trialrun.expressions.bound_parts import (
    Pair,
    all_of,
    any_of,
    atoms,
    certain,
    code_of,
    either,
    fold,
    in_order,
    may_be_unknown,
    rank_of,
    runs,
    scaled,
    total,
)
from trialrun.expressions.check import bound_names
from trialrun.expressions.nodes import Node, names_in
from trialrun.expressions.types import Symbol, Type

Share = Callable[[Node, Type], Node]

_KEEPING_ORDER = ("ROUND_HALF_UP", "NEAR_WHOLE", "FLOOR", "CEIL", "CLAMP", "SMALLER", "LARGER")
#: These keep order too, but a value between the bounds may have no result at all.
_PARTIAL = {
    "LN": Type.NUMBER,
    "LOG10": Type.NUMBER,
    "EXP": Type.NUMBER,
    "SQRT": Type.NUMBER,
    "ADD_MONTHS": Type.DATE,
    "ADD_DAYS": Type.DATE,
}
_MIRRORED = {">": "<", ">=": "<="}


class Bounds:
    """Rewrites parts of rules, once for the value itself and once for its bounds.

    Args:
        symbols: every name, so that bounded ones are known.
        share: gives a part used more than once a name of its own.
    """

    def __init__(self, symbols: Mapping[str, Symbol], share: Share) -> None:
        self.symbols = symbols
        self.share = share

    # The value itself

    def exact(self, node: Node) -> Node:
        """The part for back ends: strict CASE spelt out, bounded comparisons weighed."""
        match node:
            case nodes.Not():
                return nodes.Not(self.exact(node.value))
            case nodes.And():
                return nodes.And(tuple(self.exact(part) for part in node.parts))
            case nodes.Or():
                return nodes.Or(tuple(self.exact(part) for part in node.parts))
            case nodes.Between():
                low = nodes.Compare(">=", node.value, node.low)
                return self.exact(nodes.And((low, nodes.Compare("<=", node.value, node.high))))
            case nodes.Compare():
                return self._compare(node)
            case nodes.In():
                return self._in(node)
            case nodes.IsNull():
                return nodes.IsNull(self.exact(node.value))
            case nodes.Case():
                branches = tuple((self.exact(test), self.exact(value)) for test, value in node.branches)
                return self._strict(branches, self.exact(node.default))
            case nodes.Arithmetic():
                return nodes.Arithmetic(node.operator, self.exact(node.left), self.exact(node.right))
            case nodes.Negate():
                return nodes.Negate(self.exact(node.value))
            case nodes.Call():
                call = in_order(node)
                return nodes.Call(call.function, tuple(self.exact(part) for part in call.arguments))
            case _:
                return node

    def _strict(self, branches: Sequence[tuple[Node, Node]], default: Node) -> Node:
        """A CASE that is unknown as soon as a condition it needs is unknown."""
        spelt: list[tuple[Node, Node]] = []
        tested: set[Node] = set()
        for condition, value in branches:
            test = condition
            if may_be_unknown(condition):
                needed = atoms(condition)
                if needed is None:
                    test = self.share(condition, Type.BOOLEAN)
                    needed = (test,)
                fresh = [atom for atom in needed if atom not in tested]
                tested.update(fresh)
                if fresh:
                    asked = tuple(nodes.IsNull(atom) for atom in fresh)
                    spelt.append((asked[0] if len(asked) == 1 else nodes.Or(asked), nodes.Null((test,))))
            spelt.append((test, value))
        return nodes.Case(tuple(spelt), default)

    # Comparisons

    def _compare(self, node: nodes.Compare) -> Node:
        if not self.is_bounded(node):
            return nodes.Compare(node.operator, self.exact(node.left), self.exact(node.right))
        codes = self._codes(node.left) or self._codes(node.right)
        if codes:
            value, other = (node.left, node.right) if self._codes(node.left) else (node.right, node.left)
            inside = self._compare_codes(value, other, codes)
            return inside if node.operator == "=" else nodes.Not(inside)
        if node.operator == "<>":
            return nodes.Not(self._compare(nodes.Compare("=", node.left, node.right)))
        if node.operator in _MIRRORED:
            return self._compare(nodes.Compare(_MIRRORED[node.operator], node.right, node.left))
        kind = self._kind(node.left)
        left = self._shared(self.between(node.left), kind)
        right = self._shared(self.between(node.right), kind)
        return self._decided(*certain(node.operator, left, right), (node.left, node.right))

    def _decided(self, always: Node, never: Node, because: Sequence[Node]) -> Node:
        reasons = tuple(self.exact(part) for part in because)
        return nodes.Case(((always, nodes.Truth(True)), (never, nodes.Truth(False))), nodes.Null(reasons))

    def _in(self, node: nodes.In) -> Node:
        literal = all(isinstance(part, nodes.Number | nodes.Text | nodes.Day) for part in node.options)
        if not self.is_bounded(node) and literal:
            return nodes.In(self.exact(node.value), node.options)
        codes = self._codes(node.value)
        if codes and all(isinstance(option, nodes.Text) for option in node.options):
            listed = {option.value for option in node.options if isinstance(option, nodes.Text)}
            return self._among_codes(node.value, codes, listed)
        return nodes.Or(
            tuple(self._compare(nodes.Compare("=", node.value, option)) for option in node.options)
        )

    def _compare_codes(self, value: Node, other: Node, codes: tuple[str, ...]) -> Node:
        if isinstance(other, nodes.Text):
            return self._among_codes(value, codes, {other.value})
        left = self._shared(self.ranks(value, codes), Type.NUMBER)
        right = self._shared(self.ranks(other, codes), Type.NUMBER)
        return self._decided(*certain("=", left, right), (value, other))

    def _among_codes(self, value: Node, codes: tuple[str, ...], listed: set[str]) -> Node:
        """Whether every, or no, code between the bounds is listed."""
        low, high = self._shared(self.ranks(value, codes), Type.NUMBER)
        inside: list[Node] = []
        outside: list[Node] = []
        for first, last in runs([index for index, code in enumerate(codes) if code in listed]):
            start, end = nodes.Number(float(first)), nodes.Number(float(last))
            inside.append(nodes.And((nodes.Compare(">=", low, start), nodes.Compare("<=", high, end))))
            outside.append(nodes.Or((nodes.Compare("<", high, start), nodes.Compare(">", low, end))))
        if not inside:  # a code nobody can have; the checker refuses it for choices
            return nodes.Compare("=", self.exact(value), nodes.Text(next(iter(listed), "")))
        return self._decided(any_of(inside), all_of(outside), (value,))

    def is_bounded(self, node: Node) -> bool:
        """Whether a part uses a name of which perhaps only bounds are known."""
        return any(name in self.symbols and self.symbols[name].bounded for name in names_in(node))

    def _codes(self, node: Node) -> tuple[str, ...]:
        """The codes, in order, of a part that gives a choice."""
        match node:
            case nodes.Name():
                symbol = self.symbols.get(node.name) or self._behind(node.name)
                return symbol.choices if symbol and symbol.type in (Type.CHOICE, Type.TEXT) else ()
            case nodes.Case():
                values = [*(value for _, value in node.branches), node.default]
            case nodes.Call(function="COALESCE"):
                values = list(node.arguments)
            case _:
                return ()
        named = next((codes for part in values if (codes := self._codes(part))), ())
        written = tuple(dict.fromkeys(part.value for part in values if isinstance(part, nodes.Text)))
        return named or written

    def _behind(self, name: str) -> Symbol | None:
        for ending in ("__low", "__high"):
            if name.endswith(ending):
                return self.symbols.get(name.removesuffix(ending))
        return None

    def _kind(self, node: Node) -> Type:
        match node:
            case nodes.Day():
                return Type.DATE
            case nodes.Name():
                symbol = self.symbols.get(node.name) or self._behind(node.name)
                return symbol.type if symbol else Type.NUMBER
            case nodes.Call(function=("ADD_DAYS" | "ADD_MONTHS")):
                return Type.DATE
            case nodes.Call(function=("COALESCE" | "SMALLER" | "LARGER"), arguments=arguments):
                return self._kind(arguments[0])
            case nodes.Case(branches=branches):
                return next(
                    (self._kind(value) for _, value in branches if not isinstance(value, nodes.Null)),
                    Type.NUMBER,
                )
            case _:
                return Type.NUMBER

    # The bounds

    def between(self, node: Node, codes: tuple[str, ...] = ()) -> Pair:
        """The least and the greatest value a part can have."""
        if not self.is_bounded(node):
            value = self.exact(node)
            return value, value
        if codes:
            low, high = self.ranks(node, codes)
            return code_of(self.share(low, Type.NUMBER), codes), code_of(self.share(high, Type.NUMBER), codes)
        match node:
            case nodes.Name():
                low, high = bound_names(node.name)
                return nodes.Name(low), nodes.Name(high)
            case nodes.Negate():
                low, high = self.between(node.value)
                return nodes.Negate(high), nodes.Negate(low)
            case nodes.Arithmetic():
                return self._arithmetic(node)
            case nodes.Case():
                return self._case(node, self.between)
            case nodes.Call():
                return self._call(node)
            case _:
                return self._open(node)

    def _open(self, node: Node) -> Pair:
        unknown = nodes.Null((self.exact(node),))
        return unknown, unknown

    def _shared(self, pair: Pair, kind: Type) -> Pair:
        return self.share(pair[0], kind), self.share(pair[1], kind)

    def _arithmetic(self, node: nodes.Arithmetic) -> Pair:
        left, right = self.between(node.left), self.between(node.right)
        if node.operator == "+":
            return total(left[0], right[0]), total(left[1], right[1])
        if node.operator == "-":
            return nodes.Arithmetic("-", left[0], right[1]), nodes.Arithmetic("-", left[1], right[0])
        if isinstance(right[0], nodes.Number):
            return scaled(node.operator, left, right[0])
        if isinstance(left[0], nodes.Number) and node.operator == "*":
            return scaled("*", right, left[0])
        left, right = self._shared(left, Type.NUMBER), self._shared(right, Type.NUMBER)
        corners = [
            self.share(nodes.Arithmetic(node.operator, a, b), Type.NUMBER)
            for a, b in dict.fromkeys(product(dict.fromkeys(left), dict.fromkeys(right)))
        ]
        low, high = fold("SMALLER", corners), fold("LARGER", corners)
        if node.operator == "*" or right[0] == right[1]:
            return low, high
        # A divisor that can be zero leaves the quotient without bounds.
        zero = nodes.Number(0.0)
        one_sign = nodes.Or((nodes.Compare(">", right[0], zero), nodes.Compare("<", right[1], zero)))
        unknown = nodes.Null((self.exact(node),))
        return nodes.Case(((one_sign, low),), unknown), nodes.Case(((one_sign, high),), unknown)

    def _case(self, node: nodes.Case, between: Callable[[Node], Pair]) -> Pair:
        """The hull of the branches that are still possible."""
        if not any(self.is_bounded(condition) for condition, _ in node.branches):
            tests = [self.exact(condition) for condition, _ in node.branches]
            pairs, default = [between(value) for _, value in node.branches], between(node.default)
            low, high = (
                self._strict(
                    [(test, pair[side]) for test, pair in zip(tests, pairs, strict=True)], default[side]
                )
                for side in (0, 1)
            )
            return low, high
        kind = self._kind(node)
        if kind in (Type.CHOICE, Type.TEXT):
            kind = Type.NUMBER
        rest = between(node.default)
        for condition, value in reversed(node.branches):
            test = self.share(self.exact(condition), Type.BOOLEAN)
            here, rest = self._shared(between(value), kind), self._shared(rest, kind)
            low, high = (
                nodes.Case(
                    ((test, here[side]), (nodes.Not(test), rest[side])),
                    either(function, here[side], rest[side]),
                )
                for side, function in ((0, "SMALLER"), (1, "LARGER"))
            )
            rest = low, high
        return rest

    def _call(self, node: nodes.Call) -> Pair:
        node = in_order(node)
        function = node.function
        if function == "COALESCE":
            first = tuple(self.exact(part) for part in node.arguments[:-1])
            last = self.between(node.arguments[-1])
            return nodes.Call(function, (*first, last[0])), nodes.Call(function, (*first, last[1]))
        pairs = [self.between(part) for part in node.arguments]
        lows, highs = tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
        if function in _KEEPING_ORDER:
            return nodes.Call(function, lows), nodes.Call(function, highs)
        if _PARTIAL.get(function) is Type.DATE and pairs[1][0] != pairs[1][1]:
            return self._open(node)  # between two whole counts lie others, which move no date
        if function in _PARTIAL:
            pair = nodes.Call(function, lows), nodes.Call(function, highs)
            return self._both_known(self._shared(pair, _PARTIAL[function]))
        if function in ("YEARS_BETWEEN", "MONTHS_BETWEEN", "DAYS_BETWEEN"):
            return nodes.Call(function, (highs[0], lows[1])), nodes.Call(function, (lows[0], highs[1]))
        if function == "ABS":
            return self._absolute(self._shared(pairs[0], Type.NUMBER))
        if function == "POWER":
            return self._power(node, pairs)
        return self._open(node)

    def _both_known(self, pair: Pair) -> Pair:
        low, high = pair
        known = nodes.Not(nodes.Or((nodes.IsNull(low), nodes.IsNull(high))))
        reason = nodes.Null((low, high))
        return nodes.Case(((known, low),), reason), nodes.Case(((known, high),), reason)

    def _absolute(self, pair: Pair) -> Pair:
        low, high = pair
        zero = nodes.Number(0.0)
        least = nodes.Case(
            (
                (nodes.Compare(">=", low, zero), low),
                (nodes.Compare("<=", high, zero), nodes.Negate(high)),
                (nodes.And((nodes.Compare("<", low, zero), nodes.Compare(">", high, zero))), zero),
            ),
            nodes.Null((low, high)),
        )
        return least, either("LARGER", nodes.Call("ABS", (low,)), nodes.Call("ABS", (high,)))

    def _power(self, node: nodes.Call, pairs: list[Pair]) -> Pair:
        """Bounds where the base is positive and the exponent a number as written; else open."""
        exponent = node.arguments[1]
        if not isinstance(exponent, nodes.Number):
            return self._open(node)
        low, high = self._shared(pairs[0], Type.NUMBER)
        if exponent.value < 0:
            low, high = high, low
        positive = nodes.Compare(">", pairs[0][0], nodes.Number(0.0))
        unknown = nodes.Null((self.exact(node),))
        return (
            nodes.Case(((positive, nodes.Call("POWER", (low, exponent))),), unknown),
            nodes.Case(((positive, nodes.Call("POWER", (high, exponent))),), unknown),
        )

    # Choices, by their place in the list

    def ranks(self, node: Node, codes: tuple[str, ...]) -> Pair:
        """The first and last place in the list of codes a choice can have."""
        match node:
            case nodes.Text():
                rank = nodes.Number(float(codes.index(node.value))) if node.value in codes else nodes.Null()
                return rank, rank
            case nodes.Name() if self.is_bounded(node):
                low, high = bound_names(node.name)
                return rank_of(nodes.Name(low), codes), rank_of(nodes.Name(high), codes)
            case nodes.Case():
                return self._case(node, lambda part: self.ranks(part, codes))
            case nodes.Call(function="COALESCE"):
                first = tuple(rank_of(self.exact(part), codes) for part in node.arguments[:-1])
                last = self.ranks(node.arguments[-1], codes)
                return nodes.Call("COALESCE", (*first, last[0])), nodes.Call("COALESCE", (*first, last[1]))
            case nodes.Null():
                return node, node
            case _:
                rank = rank_of(self.share(self.exact(node), Type.TEXT), codes)
                return rank, rank
