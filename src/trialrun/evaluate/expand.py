"""The functions of the language in terms every SQL engine computes alike.

Arguments outside a function's domain become NULL before the function sees them, so no engine
raises, and no engine returns an infinity.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from trialrun.evaluate.dialects import Dialect
from trialrun.evaluate.functions import EPOCH, HALF, NOISE, ROUNDABLE
from trialrun.expressions import nodes
from trialrun.expressions.magnitude import LARGEST, LARGEST_EXPONENT, SMALLEST
from trialrun.expressions.nodes import Node
from trialrun.expressions.parse import EARLIEST, LATEST
from trialrun.expressions.rewrite import Kernel, KernelStage
from trialrun.expressions.types import Type
from trialrun.values.dates import add_months

_ZERO, _ONE = nodes.Number(0.0), nodes.Number(1.0)
_FIRST_MONTH, _LAST_MONTH = EARLIEST.year * 12, LATEST.year * 12 + 11


def expand_kernel(kernel: Kernel, dialect: Dialect) -> Kernel:
    """The same assignments in primitives, with parts used more than once as stages of their own."""
    return _Expander(kernel, dialect).run()


def _number(value: float) -> Node:
    return nodes.Number(float(value))


def _compare(operator: str, left: Node, right: Node | float) -> Node:
    return nodes.Compare(operator, left, _number(right) if isinstance(right, int | float) else right)


def _arithmetic(operator: str, left: Node, right: Node | float) -> Node:
    return nodes.Arithmetic(operator, left, _number(right) if isinstance(right, int | float) else right)


def _when(condition: Node, value: Node, default: Node | None = None) -> Node:
    return nodes.Case(((condition, value),), default or nodes.Null())


def _call(function: str, *arguments: Node) -> Node:
    return nodes.Call(function, arguments)


def _within(value: Node, low: float, high: float) -> Node:
    return nodes.And((_compare(">=", value, low), _compare("<=", value, high)))


class _Expander:
    def __init__(self, kernel: Kernel, dialect: Dialect) -> None:
        self.kernel = kernel
        self.dialect = dialect
        self.stages: list[KernelStage] = []
        self.shared: dict[Node, str] = {}
        self.positive: set[str] = set()
        self.functions: dict[str, Callable[[tuple[Node, ...]], Node]] = {
            "CLAMP": self._clamp,
            "SMALLER": lambda args: self._ordered(args, "<="),
            "LARGER": lambda args: self._ordered(args, ">="),
            "ROUND_HALF_UP": self._round,
            "FLOOR": lambda args: self._whole("FLOOR", args),
            "CEIL": lambda args: self._whole("CEIL", args),
            "LN": lambda args: self._above_zero("LN", args[0]),
            "LOG10": lambda args: self._above_zero("LOG10", args[0]),
            "SQRT": self._sqrt,
            "EXP": self._exp,
            "POWER": self._power,
            "FINITE": self._finite,
            "NEAR_WHOLE": self._near_whole,
            "YEARS_BETWEEN": lambda args: self._completed(args, years=True),
            "MONTHS_BETWEEN": lambda args: self._completed(args, years=False),
            "DAYS_BETWEEN": lambda args: _arithmetic(
                "-", _call("DAY_NUMBER", args[1]), _call("DAY_NUMBER", args[0])
            ),
            "ADD_DAYS": self._add_days,
            "ADD_MONTHS": self._add_months,
        }

    def run(self) -> Kernel:
        for stage in self.kernel.stages:
            node = self.node(stage.node)
            if stage.type is Type.NUMBER and _is_positive(node, self.positive):
                self.positive.add(stage.name)
            self.stages.append(replace(stage, node=node))
        return Kernel(self.kernel.inputs, tuple(self.stages))

    def share(self, node: Node, kind: Type = Type.NUMBER) -> Node:
        """The part under a name of its own unless it is one already."""
        if isinstance(node, nodes.Name | nodes.Number | nodes.Text | nodes.Day | nodes.Null):
            return node
        name = self.shared.get(node)
        if name is None:
            name = f"_step_{len(self.shared) + 1}"
            self.shared[node] = name
            self.stages.append(KernelStage(name, node, kind, hidden=True))
        return nodes.Name(name)

    def node(self, node: Node) -> Node:
        match node:
            case nodes.Not() | nodes.Negate() | nodes.IsNull():
                return replace(node, value=self.node(node.value))
            case nodes.And() | nodes.Or():
                return replace(node, parts=tuple(self.node(part) for part in node.parts))
            case nodes.Compare():
                return replace(node, left=self.node(node.left), right=self.node(node.right))
            case nodes.In():
                return replace(node, value=self.node(node.value))
            case nodes.Arithmetic():
                return self._quotient(node) if node.operator == "/" else self._both(node)
            case nodes.Case():
                branches = tuple((self.node(test), self.node(value)) for test, value in node.branches)
                return replace(node, branches=branches, default=self.node(node.default))
            case nodes.Call():
                arguments = tuple(self.node(part) for part in node.arguments)
                build = self.functions.get(node.function)
                return build(arguments) if build else replace(node, arguments=arguments)
            case nodes.Null():
                return nodes.Null()
            case _:
                return node

    def _both(self, node: nodes.Arithmetic) -> nodes.Arithmetic:
        return replace(node, left=self.node(node.left), right=self.node(node.right))

    def _quotient(self, node: nodes.Arithmetic) -> Node:
        both = self._both(node)
        if isinstance(both.right, nodes.Number) and both.right.value:
            return both
        divisor = self.share(both.right)
        return replace(both, right=_when(_compare("<>", divisor, 0), divisor))

    def _clamp(self, args: tuple[Node, ...]) -> Node:
        value, low, high = (self.share(arg) for arg in args)
        bounds = [(low, "<"), (high, ">")]
        branches: list[tuple[Node, Node]] = [
            (nodes.Compare(sign, value, bound), bound)
            for bound, sign in bounds
            if not isinstance(bound, nodes.Null)
        ]
        maybe = [
            nodes.IsNull(bound) for bound, _ in bounds if not isinstance(bound, nodes.Null | nodes.Number)
        ]
        if maybe:
            # Unknown as a whole when a bound is unknown, whichever branch would have been taken.
            branches.insert(0, (maybe[0] if len(maybe) == 1 else nodes.Or(tuple(maybe)), nodes.Null()))
        return nodes.Case(tuple(branches), value) if branches else value

    def _ordered(self, args: tuple[Node, ...], sign: str) -> Node:
        # DuckDB's and the others' GREATEST skip NULL; two comparisons do not.
        left, right = (self.share(arg, self._kind(arg)) for arg in args)
        mirrored = "<" if sign == ">=" else ">"
        return nodes.Case(
            ((nodes.Compare(sign, left, right), left), (nodes.Compare(mirrored, left, right), right)),
            nodes.Null(),
        )

    def _kind(self, node: Node) -> Type:
        match node:
            case nodes.Call(function=("ADD_MONTHS" | "FROM_DAY_NUMBER")) | nodes.Day():
                return Type.DATE
            case nodes.Case(branches=branches):
                return next(
                    (self._kind(value) for _, value in branches if not isinstance(value, nodes.Null)),
                    Type.NUMBER,
                )
            case nodes.Call(function="COALESCE", arguments=arguments):
                return self._kind(arguments[0])
            case nodes.Name(name=name):
                stage = next((stage for stage in self.stages if stage.name == name), None)
                symbol = self.kernel.inputs.get(name) or self.kernel.inputs.get(
                    name.removesuffix("__low").removesuffix("__high")
                )
                return stage.type if stage else symbol.type if symbol else Type.NUMBER
            case _:
                return Type.NUMBER

    def _round(self, args: tuple[Node, ...]) -> Node:
        value = self.share(args[0])
        digits = args[1].value if len(args) > 1 and isinstance(args[1], nodes.Number) else 0.0
        factor = 10.0**digits
        limit = ROUNDABLE / factor
        rest = 1.0 - HALF

        def scaled(function: str, sign: str) -> Node:
            size = value if factor == 1 else _arithmetic("*", value, factor)
            whole = _call(function, _arithmetic(sign, size, rest))
            return whole if factor == 1 else _arithmetic("/", whole, factor)

        # Asked for the rare first: an engine takes a whole column through the last branch when no row is rare.
        below = _when(_compare("<", value, -limit), value, scaled("CEIL", "-"))
        return nodes.Case(
            ((_compare("<", value, 0), below), (_compare(">", value, limit), value)), scaled("FLOOR", "+")
        )

    def _near_whole(self, args: tuple[Node, ...]) -> Node:
        value = self.share(args[0])
        whole = self.share(self._whole("FLOOR", (_arithmetic("+", value, 0.5),)))
        miss = _call("ABS", _arithmetic("-", value, whole))
        near = nodes.Compare("<=", miss, _arithmetic("*", _call("ABS", value), NOISE))
        return _when(nodes.And((_within(value, -ROUNDABLE, ROUNDABLE), near)), whole, value)

    def _whole(self, function: str, args: tuple[Node, ...]) -> Node:
        if not self.dialect.floor_gives_integer:
            return _call(function, *args)
        value = self.share(args[0])
        return _when(_within(value, -ROUNDABLE, ROUNDABLE), _call(function, value), value)

    def _above_zero(self, function: str, value: Node) -> Node:
        if _is_positive(value, self.positive):
            return _call(function, value)
        value = self.share(value)
        return _call(function, _when(_compare(">", value, 0), value))

    def _sqrt(self, args: tuple[Node, ...]) -> Node:
        value = self.share(args[0])
        return _call("SQRT", _when(_compare(">=", value, 0), value))

    def _exp(self, args: tuple[Node, ...]) -> Node:
        value = self.share(args[0])
        return _call("EXP", _when(_within(value, -LARGEST_EXPONENT, LARGEST_EXPONENT), value))

    def _power(self, args: tuple[Node, ...]) -> Node:
        base, exponent = self.share(args[0]), self.share(args[1])
        positive = self.share(_call("ABS", base))
        size = self.share(
            _arithmetic("*", exponent, _call("LN", _when(_compare(">", positive, 0), positive)))
        )
        whole = _compare("=", exponent, self._whole("FLOOR", (exponent,)))
        allowed = nodes.And(
            (
                _within(size, -LARGEST_EXPONENT, LARGEST_EXPONENT),
                nodes.Or((_compare(">", base, 0), whole)),
            )
        )
        safe = self.share(_when(allowed, base))
        known = nodes.And((nodes.Not(nodes.IsNull(base)), nodes.Not(nodes.IsNull(exponent))))
        return nodes.Case(
            (
                (nodes.And((known, _compare("=", exponent, 0))), _ONE),
                (nodes.And((known, _compare("=", base, 0), _compare(">", exponent, 0))), _ZERO),
            ),
            _call("POWER", safe, exponent),
        )

    def _finite(self, args: tuple[Node, ...]) -> Node:
        value = self.share(args[0])
        small_or_large = nodes.Or(
            (_compare("=", value, 0), _within(value, SMALLEST, LARGEST), _within(value, -LARGEST, -SMALLEST))
        )
        return _when(small_or_large, value)

    def _completed(self, args: tuple[Node, ...], *, years: bool) -> Node:
        start, end = (self.share(arg, Type.DATE) for arg in args)
        if years:
            count = _arithmetic("-", _call("YEAR", end), _call("YEAR", start))
            first, last = (
                _arithmetic("+", _arithmetic("*", _call("MONTH", day), 100), _call("DAY", day))
                for day in (start, end)
            )
        else:
            months = [
                _arithmetic("+", _arithmetic("*", _call("YEAR", day), 12), _call("MONTH", day))
                for day in (end, start)
            ]
            count = _arithmetic("-", months[0], months[1])
            first, last = _call("DAY", start), _call("DAY", end)
        return _arithmetic("-", count, _when(nodes.Compare("<", last, first), _ONE, _ZERO))

    def _add_days(self, args: tuple[Node, ...]) -> Node:
        day, count = args[0], self.share(args[1])
        whole = count
        if not isinstance(count, nodes.Number) or count.value != int(count.value):
            whole = _when(nodes.Compare("=", count, self._whole("FLOOR", (count,))), count)
        number = self.share(_arithmetic("+", _call("DAY_NUMBER", day), whole))
        low, high = (EARLIEST - EPOCH).days, (LATEST - EPOCH).days
        return _call("FROM_DAY_NUMBER", _when(_within(number, low, high), number))

    def _add_months(self, args: tuple[Node, ...]) -> Node:
        day, count = self.share(args[0], Type.DATE), self.share(args[1])
        if not isinstance(count, nodes.Number) or count.value != int(count.value):
            count = self.share(_when(nodes.Compare("=", count, self._whole("FLOOR", (count,))), count))
        elif self.dialect.writes_months and abs(count.value) <= _LAST_MONTH - _FIRST_MONTH:
            return _call("ADD_MONTHS", _movable(day, int(count.value)), count)
        month = _arithmetic(
            "+", _arithmetic("*", _call("YEAR", day), 12), _arithmetic("-", _call("MONTH", day), 1)
        )
        index = self.share(_arithmetic("+", month, count))
        inside = _within(index, _FIRST_MONTH, _LAST_MONTH)
        if self.dialect.writes_months:
            return _call("ADD_MONTHS", day, _when(inside, count))
        return self._day_in_month(day, self.share(_when(inside, index)))

    def _day_in_month(self, day: Node, index: Node) -> Node:
        """The day of a month counted from year 0, clipped to its end, by Fliegel and Van Flandern's day count."""
        year = self.share(_call("FLOOR", _arithmetic("/", index, 12)))
        month = self.share(_arithmetic("+", _arithmetic("-", index, _arithmetic("*", year, 12)), 1))

        def quotient(value: Node, divisor: float) -> Node:
            return _call("FLOOR", _arithmetic("/", value, divisor))

        def divides(divisor: float) -> Node:
            return nodes.Compare("=", year, _arithmetic("*", quotient(year, divisor), divisor))

        leap = nodes.And((divides(4), nodes.Or((nodes.Not(divides(100)), divides(400)))))
        last = nodes.Case(
            (
                (nodes.And((_compare("=", month, 2), leap)), _number(29)),
                (_compare("=", month, 2), _number(28)),
                (nodes.In(month, tuple(_number(short) for short in (4, 6, 9, 11))), _number(30)),
            ),
            _number(31),
        )
        clipped = self._ordered((_call("DAY", day), last), "<=")
        # March is the first month of the count, so that the leap day comes last.
        early = self.share(_when(_compare("<=", month, 2), _ONE, _ZERO))
        from_march = self.share(_arithmetic("-", year, early))
        march_month = _arithmetic("+", month, _arithmetic("-", _arithmetic("*", early, 12), 3))
        days = _arithmetic("*", from_march, 365)
        for sign, divisor in (("+", 4), ("-", 100), ("+", 400)):
            days = _arithmetic(sign, days, quotient(from_march, divisor))
        days = _arithmetic("+", days, quotient(_arithmetic("+", _arithmetic("*", march_month, 153), 2), 5))
        # 719,469 days lie between 29 February of year 0 and 1 January 1970.
        number = _arithmetic("-", _arithmetic("+", days, clipped), 719_469)
        return _call("FROM_DAY_NUMBER", number)


def _movable(day: Node, months: int) -> Node:
    """The day unless that many months later lies outside the calendar."""
    if months < 0:
        limit = nodes.Day(add_months(EARLIEST, -months))
        return _when(nodes.Compare("<", day, limit), nodes.Null(), day)
    limit = nodes.Day(add_months(LATEST.replace(day=1), 1 - months))
    return _when(nodes.Compare(">=", day, limit), nodes.Null(), day) if months else day


def _is_positive(node: Node, positive: Collection[str]) -> bool:
    """Whether a part is above zero whenever it is known, by the way it is written."""
    match node:
        case nodes.Number(value=value):
            return value > 0
        case nodes.Name(name=name):
            return name in positive
        case nodes.Case(branches=branches, default=default):
            results = [value for _, value in branches if not isinstance(value, nodes.Null)]
            first = branches[0][0]
            # What CLAMP became: a value below the lower bound is replaced by it, so the last one is above.
            clamped = (
                isinstance(first, nodes.Compare)
                and first.operator == "<"
                and first.left == default
                and _is_positive(first.right, positive)
            )
            return all(_is_positive(value, positive) for value in results) and (
                clamped or isinstance(default, nodes.Null) or _is_positive(default, positive)
            )
        case _:
            return False
