"""Whether a rule's names, types and units fit, found when the study loads and not when it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from trialrun.errors import ExpressionError, UnitError
from trialrun.expressions import nodes
from trialrun.expressions.functions import suggest
from trialrun.expressions.nodes import Node
from trialrun.expressions.parse import located
from trialrun.expressions.scan import fail
from trialrun.expressions.types import Checked, Symbol, Type
from trialrun.expressions.units import can_convert, conversion, multiplied, plain, same_unit

_WORDS = {
    Type.NUMBER: "a number",
    Type.BOOLEAN: "a condition (true or false)",
    Type.TEXT: "a text",
    Type.CHOICE: "a choice",
    Type.DATE: "a date",
    None: "NULL",
}
BOUNDABLE = (Type.NUMBER, Type.DATE, Type.CHOICE, Type.TEXT)
MAX_ROUND_DIGITS = 9


def check_expression(node: Node, symbols: Mapping[str, Symbol], *, place: str = "") -> Checked:
    """The rule with its type and unit.

    A bare number beside a quantity takes the quantity's unit; two quantities need the same unit.

    Args:
        node: from `parse_expression`.
        symbols: every name the rule may use.
        place: where it stands, for messages.

    Errors: `ExpressionError` with line, column and remedy for unknown names, types or units that
    do not fit, and choice codes that do not exist.
    """
    try:
        return _Checker(symbols).check(node)
    except ExpressionError as error:
        raise located(error, place) from None


def bound_names(name: str) -> tuple[str, str]:
    """The names of the least and greatest value a bounded name can have."""
    return f"{name}__low", f"{name}__high"


class _Checker:
    def __init__(self, symbols: Mapping[str, Symbol]) -> None:
        self.symbols = symbols
        self.functions: dict[str, Callable[[nodes.Call, list[Checked]], Checked]] = {
            "CLAMP": self._alike,
            "SMALLER": self._alike,
            "LARGER": self._alike,
            "ROUND_HALF_UP": self._round,
            **dict.fromkeys(("FLOOR", "CEIL", "ABS"), self._keeping_unit),
            **dict.fromkeys(("LN", "LOG10", "EXP", "SQRT", "POWER"), self._plain_numbers),
            "YEARS_BETWEEN": lambda call, args: self._between_dates(call, args, "a"),
            "MONTHS_BETWEEN": lambda call, args: self._between_dates(call, args, "mo"),
            "DAYS_BETWEEN": lambda call, args: self._between_dates(call, args, "d"),
            "ADD_MONTHS": lambda call, args: self._add_to_date(call, args, "mo"),
            "ADD_DAYS": lambda call, args: self._add_to_date(call, args, "d"),
            "LOWER": self._lower,
            "IN_UNIT": self._in_unit,
            "MAGNITUDE": self._magnitude,
            "COALESCE": self._coalesce,
        }

    def check(self, node: Node) -> Checked:
        match node:
            case nodes.Number():
                return Checked(node, Type.NUMBER, None, node, flexible=True)
            case nodes.Text():
                return Checked(node, Type.TEXT, None, node, flexible=True, codes=(node.value,))
            case nodes.Truth():
                return Checked(node, Type.BOOLEAN, None, node)
            case nodes.Day():
                return Checked(node, Type.DATE, None, node)
            case nodes.Null():
                return Checked(node, None, None, node, flexible=True)
            case nodes.Name():
                return self._name(node)
            case nodes.Call():
                return self.functions[node.function](node, [self.check(part) for part in node.arguments])
            case nodes.Case():
                return self._case(node)
            case nodes.Arithmetic() | nodes.Negate():
                return self._arithmetic(node)
            case _:
                return self._condition(node)

    def _condition(self, node: Node) -> Checked:
        match node:
            case nodes.Not():
                core: Node = nodes.Not(self._boolean(node.value), node.at)
            case nodes.And():
                core = nodes.And(tuple(self._boolean(part) for part in node.parts), node.at)
            case nodes.Or():
                core = nodes.Or(tuple(self._boolean(part) for part in node.parts), node.at)
            case nodes.Compare():
                left, right = self.check(node.left), self.check(node.right)
                self._comparable(left, right, node.operator)
                core = nodes.Compare(node.operator, left.core, right.core, node.at)
            case nodes.Between():
                value, low, high = (self.check(part) for part in (node.value, node.low, node.high))
                self._comparable(value, low, "<=")
                self._comparable(value, high, "<=")
                core = nodes.Between(value.core, low.core, high.core, node.at)
            case nodes.In():
                value, options = self.check(node.value), [self.check(option) for option in node.options]
                for option in options:
                    self._comparable(value, option, "=")
                core = nodes.In(value.core, tuple(option.core for option in options), node.at)
            case nodes.IsNull():
                core = nodes.IsNull(self.check(node.value).core, node.at)
            case _:
                raise TypeError(node)
        return Checked(node, Type.BOOLEAN, None, core)

    def _name(self, node: nodes.Name) -> Checked:
        symbol = self.symbols.get(node.name)
        if symbol is None:
            symbol = self._companion(node.name)
        if symbol is None:
            known = list(self.symbols)
            fail(f"unknown name {node.name!r}", suggest(node.name, known) or _list_of(known), node.at)
        codes = symbol.choices
        return Checked(node, symbol.type, plain(symbol.unit), node, codes=codes, analyte=symbol.analyte)

    def _companion(self, name: str) -> Symbol | None:
        for ending in ("__low", "__high"):
            symbol = self.symbols.get(name.removesuffix(ending)) if name.endswith(ending) else None
            if symbol is not None and symbol.bounded:
                return symbol
        return None

    def _boolean(self, node: Node) -> Node:
        checked = self.check(node)
        if checked.type is not Type.BOOLEAN:
            remedy = "write a comparison, such as x > 0 or x IS NOT NULL"
            if checked.type is Type.CHOICE:
                remedy = f"compare it with one of its codes: {_list_of(checked.codes)}"
            fail(f"{_text_of(node)} is {_WORDS[checked.type]} where a condition is needed", remedy, node.at)
        return checked.core

    def _comparable(self, left: Checked, right: Checked, operator: str) -> None:
        if left.type is Type.BOOLEAN or right.type is Type.BOOLEAN:
            fail("a condition is not compared", "write it by itself: pregnant, or NOT pregnant", left.node.at)
        texts = (Type.TEXT, Type.CHOICE)
        if left.type in texts and right.type in texts:
            if operator not in ("=", "<>"):
                fail(f"texts have no order, so {operator} has no meaning", "use =, <> or IN", left.node.at)
            self._codes_exist(left, right)
            self._codes_exist(right, left)
        elif left.type != right.type:
            self._mismatch(left, right)
        elif left.type is Type.NUMBER:
            self._common_unit([left, right])

    def _codes_exist(self, choice: Checked, other: Checked) -> None:
        if choice.type is not Type.CHOICE or not choice.codes:
            return
        for code in other.codes:
            if code not in choice.codes:
                what = f"{code!r} is not a code of {_text_of(choice.node)}"
                fail(
                    what,
                    suggest(code, list(choice.codes)) or f"its codes are {_list_of(choice.codes)}",
                    other.node.at,
                )

    def _mismatch(self, left: Checked, right: Checked) -> None:
        remedy = "compare things of one type"
        if Type.DATE in (left.type, right.type) and Type.TEXT in (left.type, right.type):
            remedy = "write DATE 'YYYY-MM-DD'"
        elif Type.NUMBER in (left.type, right.type) and Type.TEXT in (left.type, right.type):
            remedy = "write the number without quotes"
        elif Type.NUMBER in (left.type, right.type) and Type.CHOICE in (left.type, right.type):
            codes = left.codes if left.type is Type.CHOICE else right.codes
            remedy = f"compare with one of the codes, in quotes: {_list_of(codes)}"
        fail(
            f"{_text_of(left.node)} is {_WORDS[left.type]} and {_text_of(right.node)} is {_WORDS[right.type]}",
            remedy,
            left.node.at,
        )

    def _number(self, checked: Checked, what: str) -> Checked:
        if checked.type is not Type.NUMBER:
            remedy = "use a number"
            if checked.type is Type.DATE:
                remedy = "use ADD_DAYS, ADD_MONTHS, DAYS_BETWEEN, MONTHS_BETWEEN or YEARS_BETWEEN"
            fail(
                f"{_text_of(checked.node)} is {_WORDS[checked.type]} where {what} needs a number",
                remedy,
                checked.node.at,
            )
        return checked

    def _common_unit(self, parts: Sequence[Checked]) -> tuple[str | None, str | None]:
        """The unit and analyte all parts share; bare literals take it."""
        fixed = [part for part in parts if not part.flexible]
        for other in fixed[1:]:
            if not same_unit(fixed[0].unit, other.unit):
                self._units_differ(fixed[0], other)
        if not fixed:
            return None, None
        analytes = {part.analyte for part in fixed}
        return fixed[0].unit, analytes.pop() if len(analytes) == 1 else None

    def _units_differ(self, left: Checked, right: Checked) -> None:
        names = [(_text_of(part.node), part.unit or "no unit") for part in (left, right)]
        if left.unit and right.unit and can_convert(right.unit, left.unit, right.analyte or left.analyte):
            remedy = f"convert one: IN_UNIT({names[1][0]}, '{left.unit}')"
        else:
            remedy = (
                "convert with IN_UNIT(x, 'unit') where that is possible; MAGNITUDE(x) drops a unit on purpose"
            )
        fail(
            f"{names[0][0]} is in {names[0][1]} and {names[1][0]} is in {names[1][1]}", remedy, right.node.at
        )

    def _arithmetic(self, node: nodes.Arithmetic | nodes.Negate) -> Checked:
        if isinstance(node, nodes.Negate):
            value = self._number(self.check(node.value), "a minus sign")
            core = nodes.Negate(value.core, node.at)
            return Checked(node, Type.NUMBER, value.unit, core, value.flexible, analyte=value.analyte)
        left, right = (self._number(self.check(part), node.operator) for part in (node.left, node.right))
        flexible = left.flexible and right.flexible
        core = nodes.Arithmetic(node.operator, left.core, right.core, node.at)
        if node.operator in "+-":
            unit, analyte = self._common_unit([left, right])
        else:
            unit = multiplied(left.unit, right.unit, 1 if node.operator == "*" else -1)
            scaled = left if right.flexible else right if left.flexible and node.operator == "*" else None
            analyte = scaled.analyte if scaled else None
        return Checked(node, Type.NUMBER, unit, core, flexible, analyte=analyte)

    def _case(self, node: nodes.Case) -> Checked:
        conditions = [self._boolean(condition) for condition, _ in node.branches]
        values = [self.check(value) for _, value in node.branches]
        default = self.check(node.default)
        result = self._unified(node, [*values, default])
        core = nodes.Case(
            tuple((condition, value.core) for condition, value in zip(conditions, values, strict=True)),
            default.core,
            node.at,
        )
        return Checked(node, result.type, result.unit, core, result.flexible, result.codes, result.analyte)

    def _unified(self, node: Node, parts: list[Checked]) -> Checked:
        """One type and unit for alternatives."""
        known = [part for part in parts if part.type is not None]
        if not known:
            fail("every alternative is NULL", "give at least one a value", node.at)
        kinds = {part.type for part in known}
        if kinds == {Type.TEXT, Type.CHOICE}:
            chosen = next(part for part in known if part.type is Type.CHOICE)
            for part in known:
                self._codes_exist(chosen, part)
            return Checked(node, Type.CHOICE, None, node, codes=chosen.codes)
        if len(kinds) > 1:
            self._mismatch(known[0], next(part for part in known if part.type != known[0].type))
        unit, analyte = self._common_unit(known) if kinds == {Type.NUMBER} else (None, None)
        codes = tuple(dict.fromkeys(code for part in known for code in part.codes))
        if kinds == {Type.TEXT} and not all(part.codes for part in known):
            codes = ()
        return Checked(node, known[0].type, unit, node, all(part.flexible for part in parts), codes, analyte)

    def _call_of(self, call: nodes.Call, args: list[Checked]) -> nodes.Call:
        return nodes.Call(call.function, tuple(arg.core for arg in args), call.at)

    def _alike(self, call: nodes.Call, args: list[Checked]) -> Checked:
        present = [arg for arg in args if arg.type is not None]
        core = self._call_of(call, args)
        if call.function != "CLAMP" and {arg.type for arg in present} == {Type.DATE}:
            return Checked(call, Type.DATE, None, core)
        for arg in present:
            self._number(arg, call.function)
        unit, analyte = self._common_unit(present)
        if call.function == "CLAMP":
            self._bounds_in_order(call)
        return Checked(call, Type.NUMBER, unit, core, all(arg.flexible for arg in present), analyte=analyte)

    def _bounds_in_order(self, call: nodes.Call) -> None:
        _, low, high = call.arguments
        if isinstance(low, nodes.Number) and isinstance(high, nodes.Number) and low.value > high.value:
            fail("the lower bound of CLAMP is above the upper", "write CLAMP(x, low, high)", low.at)

    def _round(self, call: nodes.Call, args: list[Checked]) -> Checked:
        self._number(args[0], call.function)
        if len(args) == 2:
            digits = call.arguments[1]
            whole = isinstance(digits, nodes.Number) and digits.value in range(MAX_ROUND_DIGITS + 1)
            if not whole:
                fail(
                    f"the digits of ROUND_HALF_UP are a number from 0 to {MAX_ROUND_DIGITS}",
                    "write it as a literal",
                    digits.at,
                )
        return Checked(
            call,
            Type.NUMBER,
            args[0].unit,
            self._call_of(call, args),
            args[0].flexible,
            analyte=args[0].analyte,
        )

    def _keeping_unit(self, call: nodes.Call, args: list[Checked]) -> Checked:
        value = self._number(args[0], call.function)
        return Checked(
            call, Type.NUMBER, value.unit, self._call_of(call, args), value.flexible, analyte=value.analyte
        )

    def _plain_numbers(self, call: nodes.Call, args: list[Checked]) -> Checked:
        for arg in args:
            self._number(arg, call.function)
            if arg.unit is not None:
                what = f"{call.function} of a quantity in {arg.unit} has no meaning"
                fail(
                    what,
                    f"write {call.function}(MAGNITUDE({_text_of(arg.node)})) to use the number in {arg.unit}",
                    arg.node.at,
                )
        return Checked(call, Type.NUMBER, None, self._call_of(call, args), all(arg.flexible for arg in args))

    def _between_dates(self, call: nodes.Call, args: list[Checked], unit: str) -> Checked:
        for arg in args:
            self._date(call, arg)
        return Checked(call, Type.NUMBER, unit, self._call_of(call, args))

    def _date(self, call: nodes.Call, arg: Checked) -> None:
        if arg.type is not Type.DATE:
            remedy = "write DATE 'YYYY-MM-DD'" if arg.type is Type.TEXT else "use a date item"
            fail(
                f"{_text_of(arg.node)} is {_WORDS[arg.type]} where {call.function} needs a date",
                remedy,
                arg.node.at,
            )

    def _add_to_date(self, call: nodes.Call, args: list[Checked], unit: str) -> Checked:
        self._date(call, args[0])
        count = self._number(args[1], call.function)
        if count.unit not in (None, unit):
            fail(
                f"{call.function} adds a number in {unit}, not in {count.unit}",
                f"IN_UNIT(x, '{unit}')",
                count.node.at,
            )
        return Checked(call, Type.DATE, None, self._call_of(call, args))

    def _lower(self, call: nodes.Call, args: list[Checked]) -> Checked:
        if args[0].type not in (Type.TEXT, Type.CHOICE):
            fail(
                f"{_text_of(args[0].node)} is {_WORDS[args[0].type]} where LOWER needs a text",
                "use a text item",
                call.at,
            )
        return Checked(call, Type.TEXT, None, self._call_of(call, args))

    def _in_unit(self, call: nodes.Call, args: list[Checked]) -> Checked:
        value, target = self._number(args[0], call.function), call.arguments[1]
        if not isinstance(target, nodes.Text):
            fail("the unit of IN_UNIT is written in quotes", "write IN_UNIT(x, 'mg/dL')", call.at)
        if value.unit is None:
            fail(f"{_text_of(value.node)} has no unit to convert from", "give the item a unit", value.node.at)
        try:
            factor, offset, divisor = conversion(value.unit, target.value, value.analyte)
        except UnitError as error:
            fail(error.message, error.remedy, target.at)
        core = value.core
        if factor != 1:
            core = nodes.Arithmetic("*", core, nodes.Number(factor), call.at)
        if offset:
            core = nodes.Arithmetic("+", core, nodes.Number(offset), call.at)
        if divisor != 1:
            core = nodes.Call("NEAR_WHOLE", (core,), call.at)
            core = nodes.Arithmetic("/", core, nodes.Number(divisor), call.at)
        return Checked(call, Type.NUMBER, plain(target.value), core, analyte=value.analyte)

    def _magnitude(self, call: nodes.Call, args: list[Checked]) -> Checked:
        value = self._number(args[0], call.function)
        return Checked(call, Type.NUMBER, None, value.core)

    def _coalesce(self, call: nodes.Call, args: list[Checked]) -> Checked:
        result = self._unified(call, args)
        return Checked(
            call,
            result.type,
            result.unit,
            self._call_of(call, args),
            result.flexible,
            result.codes,
            result.analyte,
        )


def _text_of(node: Node) -> str:
    from trialrun.expressions.write import write_expression

    text = write_expression(node)
    return text if len(text) <= 60 else text[:57] + "..."


def _list_of(known: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in known[:12])
    return shown + (", ..." if len(known) > 12 else "")
