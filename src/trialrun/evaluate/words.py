"""Rules in plain English, from the tree that is run, so that what is read is what is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne

from trialrun.errors import ExpressionError
from trialrun.expressions import nodes
from trialrun.expressions.check import check_expression
from trialrun.expressions.nodes import Node
from trialrun.expressions.program import base_name
from trialrun.expressions.types import Symbol, Type
from trialrun.expressions.units import plain
from trialrun.expressions.write import write_number

_AMOUNT = {
    "=": "is",
    "<>": "is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
}
_DATE = {
    "=": "is",
    "<>": "is not",
    "<": "is before",
    "<=": "is on or before",
    ">": "is after",
    ">=": "is on or after",
}
_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_UNITS = {
    "a": ("year", "years"),
    "mo": ("month", "months"),
    "wk": ("week", "weeks"),
    "d": ("day", "days"),
    "h": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "mm[Hg]": ("mmHg", "mmHg"),
    "10*9/L": ("× 10⁹/L", "× 10⁹/L"),
    "10*3/uL": ("× 10³/µL", "× 10³/µL"),
    "umol/L": ("µmol/L", "µmol/L"),
    "Cel": ("°C", "°C"),
}
_ARITHMETIC = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
_COUNTED = {"YEARS_BETWEEN": "completed years", "MONTHS_BETWEEN": "completed months", "DAYS_BETWEEN": "days"}
_PLAIN = {
    "FLOOR": "{0} rounded down to a whole number",
    "CEIL": "{0} rounded up to a whole number",
    "ABS": "the size of {0} without its sign",
    "LN": "the natural logarithm of {0}",
    "LOG10": "the logarithm to base 10 of {0}",
    "EXP": "e to the power of {0}",
    "SQRT": "the square root of {0}",
    "POWER": "{0} to the power of {1}",
    "LOWER": "{0} in small letters",
    "SMALLER": "the smaller of {0} and {1}",
    "LARGER": "the larger of {0} and {1}",
    "MAGNITUDE": "{0}",
}
_MONTHS_PER_YEAR = 12
# A rule of two numbers is a switch, such as `1 = 1`.
_SWITCH = {"=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def in_words(node: Node, symbols: Mapping[str, Symbol]) -> str:
    """The rule as an English phrase, such as `age is at least 18 years and at most 75 years`.

    Names appear by their labels, choices by theirs, quantities with their units. A rule that does
    not fit the symbols is still put into words, without units.
    """
    return _Speaker(symbols).say(node)


def unit_in_words(unit: str | None, amount: float = 2.0) -> str:
    """A unit as a physician reads it: `a` is years, `mm[Hg]` mmHg; a plain number has none."""
    unit = plain(unit)
    if unit is None:
        return ""
    return _UNITS.get(unit, (unit, unit))[0 if amount == 1 else 1]


def _needs_no_brackets(inner: str, outer: str, is_left: bool) -> bool:
    if inner in "*/" and outer in "+-":
        return True
    return is_left and (inner in "+-") == (outer in "+-")


def _switched(node: nodes.Compare, *, holds: bool) -> str:
    """A comparison of two bare numbers turns a rule on or off."""
    if isinstance(node.left, nodes.Number) and isinstance(node.right, nodes.Number):
        return "always" if _SWITCH[node.operator](node.left.value, node.right.value) is holds else "never"
    return ""


class _Speaker:
    def __init__(self, symbols: Mapping[str, Symbol]) -> None:
        self.symbols = symbols

    def say(self, node: Node) -> str:
        return self.condition(node) if self.kind(node) is Type.BOOLEAN else self.value(node)

    def kind(self, node: Node) -> Type | None:
        match node:
            case nodes.Not() | nodes.And() | nodes.Or() | nodes.Compare() | nodes.Between() | nodes.In():
                return Type.BOOLEAN
            case nodes.IsNull() | nodes.Truth():
                return Type.BOOLEAN
            case _:
                try:
                    return check_expression(node, self.symbols).type
                except ExpressionError:
                    return None

    def unit(self, node: Node) -> str | None:
        if isinstance(node, nodes.Call) and node.function in _COUNTED:
            return None  # the words before already count years, months or days
        try:
            return check_expression(node, self.symbols).unit
        except ExpressionError:
            return None

    # Conditions

    def condition(self, node: Node, *, holds: bool = True, inside: bool = False) -> str:
        """The condition, or its opposite when `holds` is false."""
        match node:
            case nodes.Not():
                return self.condition(node.value, holds=not holds, inside=inside)
            case nodes.And() | nodes.Or():
                return self._joined(node, holds=holds, inside=inside)
            case nodes.Compare():
                return _switched(node, holds=holds) or " ".join(self._compared(node, holds=holds))
            case nodes.Between():
                low = nodes.Compare(">=", node.value, node.low)
                both = nodes.And((low, nodes.Compare("<=", node.value, node.high)))
                return self._joined(both, holds=holds, inside=inside)
            case nodes.In():
                return self._listed(node, holds=holds)
            case nodes.IsNull():
                return f"{self._subject(node.value)} is {'not known' if holds else 'known'}"
            case nodes.Truth():
                return "always" if node.value is holds else "never"
            case nodes.Call(function="COALESCE"):
                *first, last = node.arguments
                told = " or, when that is not known, ".join(
                    self.condition(part, holds=holds) for part in first
                )
                if isinstance(last, nodes.Truth):
                    return f"{told} (taken as {'yes' if last.value else 'no'} when not known)"
                return f"{told} (or, when not known, {self.condition(last, holds=holds)})"
            case nodes.Case():
                told = self._alternatives(node, lambda part: self._outcome(part, holds=holds))
                return f"({told})" if inside else told
            case nodes.Null():
                return "unknown"
            case _:
                return f"{self.value(node).rstrip('.')}: {'yes' if holds else 'no'}"

    def _outcome(self, node: Node, *, holds: bool) -> str:
        if isinstance(node, nodes.Truth):
            return "yes" if node.value is holds else "no"
        return self.condition(node, holds=holds, inside=True)

    def _joined(self, node: nodes.And | nodes.Or, *, holds: bool, inside: bool) -> str:
        # The opposite of a conjunction is the disjunction of the opposites, also with unknowns.
        word = "and" if isinstance(node, nodes.And) is holds else "or"
        said: list[str] = []
        subject = ""
        for part in node.parts:
            comparison = self._comparison(part, holds=holds)
            if comparison is None:
                said.append(self.condition(part, holds=holds, inside=True))
                subject = ""
            elif comparison[0] == subject:
                said.append(comparison[1].removeprefix("is "))
            else:
                subject = comparison[0]
                said.append(" ".join(comparison))
        needs_comma = len(said) > 2 or any(": " in part for part in said)
        text = (f", {word} " if needs_comma else f" {word} ").join(said)
        return f"({text})" if inside else text

    def _comparison(self, node: Node, *, holds: bool) -> tuple[str, str] | None:
        """Subject and predicate, so that neighbours with one subject can share it."""
        if isinstance(node, nodes.Not):
            return self._comparison(node.value, holds=not holds)
        return self._compared(node, holds=holds) if isinstance(node, nodes.Compare) else None

    def _compared(self, node: nodes.Compare, *, holds: bool) -> tuple[str, str]:
        left, right, operator = node.left, node.right, node.operator
        if isinstance(left, nodes.Number | nodes.Day | nodes.Text):
            left, right, operator = right, left, _MIRRORED[operator]
        operator = operator if holds else _OPPOSITE[operator]
        words = _DATE if Type.DATE in (self.kind(left), self.kind(right)) else _AMOUNT
        return self._subject(left), f"{words[operator]} {self._object(right, left)}"

    def _subject(self, node: Node) -> str:
        return self.value(node)

    def _object(self, node: Node, beside: Node) -> str:
        """The other side of a comparison: a bare number takes the unit beside it, a code its label."""
        if isinstance(node, nodes.Number):
            return self._amount(node.value, self.unit(beside))
        if isinstance(node, nodes.Text):
            return self._choice(node.value, beside)
        return self.value(node)

    def _amount(self, value: float, unit: str | None) -> str:
        words = unit_in_words(unit, value)
        if not words:
            return write_number(value)
        return f"{write_number(value)}{'' if words == '%' else ' '}{words}"

    def _choice(self, code: str, beside: Node) -> str:
        symbol = self._symbol(beside.name) if isinstance(beside, nodes.Name) else None
        labels = dict(symbol.choice_labels) if symbol else {}
        return labels.get(code) or (code if symbol and symbol.type is Type.CHOICE else f"“{code}”")

    def _listed(self, node: nodes.In, *, holds: bool) -> str:
        options = [self._object(option, node.value) for option in node.options]
        subject = self._subject(node.value)
        if len(options) == 1:
            return f"{subject} {'is' if holds else 'is not'} {options[0]}"
        joined = f"{', '.join(options[:-1])} {'or' if holds else 'nor'} {options[-1]}"
        return f"{subject} is {joined}" if holds else f"{subject} is neither {joined}"

    # Values

    def value(self, node: Node) -> str:
        match node:
            case nodes.Number():
                return write_number(node.value)
            case nodes.Text():
                return f"“{node.value}”"
            case nodes.Day():
                return f"{node.value.day} {node.value:%B %Y}"
            case nodes.Null():
                return "unknown"
            case nodes.Name():
                return self._name(node.name)
            case nodes.Negate():
                return f"minus {self._part(node.value)}"
            case nodes.Arithmetic():
                return self._calculated(node)
            case nodes.Case():
                return self._alternatives(
                    node, lambda part: self._part(part) if isinstance(part, nodes.Case) else self.value(part)
                )
            case nodes.Call():
                return self._call(node)
            case _:
                return f"whether {self.condition(node)}"

    def _part(self, node: Node) -> str:
        text = self.value(node)
        return f"({text})" if isinstance(node, nodes.Arithmetic | nodes.Case | nodes.Negate) else text

    def _calculated(self, node: nodes.Arithmetic) -> str:
        parts: list[str] = []
        for side, is_left in ((node.left, True), (node.right, False)):
            bare = isinstance(side, nodes.Arithmetic) and _needs_no_brackets(
                side.operator, node.operator, is_left
            )
            beside = node.right if is_left else node.left
            if isinstance(side, nodes.Number) and node.operator in "+-":
                parts.append(self._amount(side.value, self.unit(beside)))
            else:
                parts.append(self.value(side) if bare else self._part(side))
        return f"{parts[0]} {_ARITHMETIC[node.operator]} {parts[1]}"

    def _alternatives(self, node: nodes.Case, say: Callable[[Node], str]) -> str:
        def told_as(value: Node) -> str:
            return (
                self._amount(value.value, self.unit(node)) if isinstance(value, nodes.Number) else say(value)
            )

        told = [f"{told_as(value)} if {self.condition(test, inside=True)}" for test, value in node.branches]
        told.append(f"otherwise {told_as(node.default)}")
        return "; ".join(told)

    def _symbol(self, name: str) -> Symbol | None:
        return self.symbols.get(base_name(name, self.symbols))

    def _name(self, name: str) -> str:
        symbol = self._symbol(name)
        label = (symbol.label if symbol else "") or (symbol.name if symbol else name).replace("_", " ")
        if symbol is None or name == symbol.name:
            return label
        first, last = ("earliest", "latest") if symbol.type is Type.DATE else ("lowest", "highest")
        return f"the {first if name.endswith('__low') else last} possible {label}"

    def _call(self, node: nodes.Call) -> str:
        arguments = node.arguments
        match node.function:
            case "CLAMP":
                return self._clamped(arguments)
            case "ROUND_HALF_UP":
                return self._rounded(arguments)
            case "ADD_MONTHS" | "ADD_DAYS":
                return self._moved(node.function, arguments)
            case "IN_UNIT":
                unit = arguments[1].value if isinstance(arguments[1], nodes.Text) else ""
                return f"{self._part(arguments[0])} in {unit_in_words(unit) or unit}"
            case "COALESCE":
                *first, last = arguments
                told = " or, when that is not known, ".join(self.value(part) for part in first)
                return f"{told} (or {self._object(last, first[0])} when not known)"
            case function if function in _COUNTED:
                start, end = (self.value(part) for part in arguments)
                return f"the number of {_COUNTED[function]} from {start} to {end}"
            case function:
                return _PLAIN[function].format(*(self._part(part) for part in arguments))

    def _clamped(self, arguments: Sequence[Node]) -> str:
        value, low, high = arguments
        limits: list[str] = []
        for bound, word in ((low, "at least"), (high, "at most")):
            if not isinstance(bound, nodes.Null):
                limits.append(f"{word} {self._object(bound, value)}")
        return f"{self._part(value)} (taken as {' and '.join(limits)})" if limits else self._part(value)

    def _rounded(self, arguments: Sequence[Node]) -> str:
        digits = (
            int(arguments[1].value) if len(arguments) > 1 and isinstance(arguments[1], nodes.Number) else 0
        )
        if not digits:
            return f"{self._part(arguments[0])} rounded to a whole number"
        return f"{self._part(arguments[0])} rounded to {digits} decimal{'s' if digits > 1 else ''}"

    def _moved(self, function: str, arguments: Sequence[Node]) -> str:
        day, count = self.value(arguments[0]), arguments[1]
        words = ("month", "months") if function == "ADD_MONTHS" else ("day", "days")
        if not isinstance(count, nodes.Number):
            return f"the day {self._part(count)} {words[1]} after {day}"
        amount = abs(count.value)
        if function == "ADD_MONTHS" and amount >= 2 * _MONTHS_PER_YEAR and amount % _MONTHS_PER_YEAR == 0:
            amount, words = amount / _MONTHS_PER_YEAR, ("year", "years")
        unit = words[0] if amount == 1 else words[1]
        return f"{write_number(amount)} {unit} {'before' if count.value < 0 else 'after'} {day}"
