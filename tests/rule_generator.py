"""Random rules that fit their types, and random rows full of edges, for the tests in which engines must agree."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from typing import Any

from trialrun.expressions import Program, Symbol, Type, build_program
from trialrun.expressions.nodes import (
    And,
    Arithmetic,
    Between,
    Call,
    Case,
    Compare,
    Day,
    In,
    IsNull,
    Name,
    Negate,
    Node,
    Not,
    Null,
    Number,
    Or,
    Text,
    Truth,
)

SYMBOLS = {
    symbol.name: symbol
    for symbol in (
        *(Symbol(name, Type.NUMBER) for name in ("x", "y", "z")),
        Symbol("q", Type.NUMBER, bounded=True),
        *(Symbol(name, Type.BOOLEAN) for name in ("a", "b", "c")),
        *(Symbol(name, Type.DATE) for name in ("d", "e")),
        Symbol("p", Type.DATE, bounded=True),
        Symbol("t", Type.TEXT),
        Symbol("g", Type.CHOICE, choices=("A", "B", "C"), bounded=True),
    )
}
NUMBERS = (
    0.0,
    0.5,
    1.0,
    1.5,
    2.0,
    2.5,
    3.0,
    -0.5,
    -1.0,
    -2.5,
    0.1,
    0.2,
    0.3,
    1.005,
    10.0,
    99.0,
    1e6,
    -1e6,
    1e-6,
    7e14,
)
DAYS = tuple(
    date.fromisoformat(text)
    for text in [
        "1900-01-01",
        "1931-05-31",
        "1959-12-31",
        "1960-02-29",
        "1969-12-31",
        "1970-01-01",
        "1980-02-29",
        "1999-12-31",
        "2000-02-29",
        "2000-03-01",
        "2018-02-28",
        "2020-01-31",
        "2020-02-29",
        "2024-03-31",
        "2026-08-31",
        "2027-02-28",
        "2100-02-28",
        "2100-03-01",
        "2299-12-31",
    ]
)
TEXTS = ("", "a", "A", "É", "it's", "x y")
CODES = ("A", "B", "C")
#: No exact result falls on this, so the last bits of a logarithm cannot turn a comparison.
UNREACHABLE = 1.2345678912345


class RuleMaker:
    """Random rules of a given depth.

    Args:
        random: the source of chance.
        monotone: leave out IS NULL and COALESCE, with which knowing more can turn an answer.
    """

    def __init__(self, random: random.Random, *, monotone: bool = False) -> None:
        self.random = random
        self.monotone = monotone

    def one_of(self, *makers: Callable[[int], Node], depth: int) -> Node:
        return self.random.choice(makers)(depth - 1)

    # Numbers with one exact result on every engine

    def number(self, depth: int) -> Node:
        if depth <= 0:
            if self.random.random() < 0.6:
                return Name(self.random.choice(("x", "y", "z", "q")))
            return Number(self.random.choice(NUMBERS))
        makers = [
            self._arithmetic,
            self._arithmetic,
            self._whole,
            self._limited,
            self._number_case,
            self._time,
        ]
        if not self.monotone:
            makers.append(self._number_default)
        return self.one_of(*makers, depth=depth)

    def _arithmetic(self, depth: int) -> Node:
        if self.random.random() < 0.15:
            return Negate(self.number(depth))
        return Arithmetic(self.random.choice("++-*/"), self.number(depth), self.number(depth))

    def _whole(self, depth: int) -> Node:
        function = self.random.choice(("ROUND_HALF_UP", "ROUND_HALF_UP", "FLOOR", "CEIL", "ABS"))
        digits = (Number(float(self.random.randint(0, 3))),) if function == "ROUND_HALF_UP" else ()
        return Call(function, (self.number(depth), *digits))

    def _limited(self, depth: int) -> Node:
        match self.random.randint(0, 3):
            case 0:
                return Call("CLAMP", (self.number(depth), Number(1.0), Null()))
            case 1:
                return Call("CLAMP", (self.number(depth), Name("y"), Number(99.0)))
            case 2:
                return Call("SMALLER", (self.number(depth), self.number(depth)))
            case _:
                return Call("LARGER", (self.number(depth), self.number(depth)))

    def _number_case(self, depth: int) -> Node:
        branches = tuple(
            (self.condition(depth), self.number(depth)) for _ in range(self.random.randint(1, 3))
        )
        return Case(branches, self.number(0) if self.random.random() < 0.8 else Null())

    def _number_default(self, depth: int) -> Node:
        return Call("COALESCE", (self.number(depth), self.number(0)))

    def _time(self, depth: int) -> Node:
        function = self.random.choice(("YEARS_BETWEEN", "MONTHS_BETWEEN", "DAYS_BETWEEN"))
        return Call("MAGNITUDE", (Call(function, (self.day(depth), self.day(depth))),))

    def inexact(self, depth: int) -> Node:
        """A logarithm or power, of which engines may differ in the last bits."""
        value = self.number(depth)
        function = self.random.choice(("LN", "LOG10", "SQRT", "EXP", "POWER"))
        if function == "EXP":
            value = Call("CLAMP", (value, Number(-5.0), Number(5.0)))
        arguments = (value,)
        if function == "POWER":
            value = Call("CLAMP", (value, Number(-100.0), Number(100.0)))
            arguments = (value, Number(self.random.choice((0.0, 0.5, 1.0, 2.0, 3.0, -1.0, -2.0))))
        scaled = Arithmetic("*", Number(self.random.choice((1.0, 3.78, 9.57))), Call(function, arguments))
        return Arithmetic("+", scaled, Number(6.43))

    # Conditions

    def condition(self, depth: int) -> Node:
        if depth <= 0:
            return (
                Name(self.random.choice("abc"))
                if self.random.random() < 0.8
                else Truth(self.random.random() < 0.5)
            )
        makers = [
            self._joined,
            self._joined,
            self._compared,
            self._compared,
            self._inexact_compared,
            self._among,
            self._chosen,
        ]
        if not self.monotone:
            makers += [self._is_null, self._default]
        return self.one_of(*makers, depth=depth)

    def _joined(self, depth: int) -> Node:
        parts = tuple(self.condition(depth) for _ in range(self.random.randint(2, 3)))
        joined = And(parts) if self.random.random() < 0.5 else Or(parts)
        return Not(joined) if self.random.random() < 0.3 else joined

    def _operator(self) -> str:
        return self.random.choice(("=", "<>", "<", "<=", ">", ">="))

    def _compared(self, depth: int) -> Node:
        if self.random.random() < 0.35:
            return Compare(self._operator(), self.day(depth), self.day(depth))
        return Compare(self._operator(), self.number(depth), self.number(depth))

    def _inexact_compared(self, depth: int) -> Node:
        return Compare(self.random.choice(("<", "<=", ">", ">=")), self.inexact(depth), Number(UNREACHABLE))

    def _among(self, depth: int) -> Node:
        match self.random.randint(0, 4):
            case 0:
                return Between(self.number(depth), self.number(0), self.number(0))
            case 1:
                return In(
                    self.number(depth), tuple(Number(value) for value in self.random.sample(NUMBERS, 3))
                )
            case 2:
                return Not(In(self.number(0), (Number(1.0), self.number(0))))
            case 3:
                return In(Name("t"), (Text("a"), Text("it's")))
            case _:
                return Compare("=", Call("LOWER", (Name("t"),)), Text("a"))

    def _chosen(self, depth: int) -> Node:
        codes = self.random.sample(CODES, self.random.randint(1, 2))
        value: Node = Name("g")
        if self.random.random() < 0.5:
            branches = ((self.condition(depth), Text("A")), (self.condition(depth), Text("B")))
            value = Case(branches, Text("C"))
        chosen = In(value, tuple(Text(code) for code in codes))
        return Not(chosen) if self.random.random() < 0.3 else chosen

    def _is_null(self, depth: int) -> Node:
        value = self.random.choice((self.number, self.day, self.condition))(depth)
        return IsNull(value) if self.random.random() < 0.5 else Not(IsNull(value))

    def _default(self, depth: int) -> Node:
        return Call("COALESCE", (self.condition(depth), Truth(False)))

    # Dates

    def day(self, depth: int) -> Node:
        if depth <= 0:
            return (
                Name(self.random.choice("dep"))
                if self.random.random() < 0.8
                else Day(self.random.choice(DAYS))
            )
        return self.one_of(self._moved, self._moved, self._day_case, self._day_of_two, depth=depth)

    def _moved(self, depth: int) -> Node:
        if self.random.random() < 0.2:
            return Call("ADD_MONTHS", (self.day(depth), self.number(0)))
        function = self.random.choice(("ADD_MONTHS", "ADD_DAYS"))
        return Call(
            function,
            (self.day(depth), Number(float(self.random.choice((-60, -12, -6, -1, 0, 1, 2, 6, 13, 28))))),
        )

    def _day_case(self, depth: int) -> Node:
        return Case(((self.condition(depth), self.day(depth)),), self.day(0))

    def _day_of_two(self, depth: int) -> Node:
        function = self.random.choice(
            ("SMALLER", "LARGER") if self.monotone else ("SMALLER", "LARGER", "COALESCE")
        )
        return Call(function, (self.day(depth), self.day(0)))

    # Programs and rows

    def program(self, rules: int, depth: int) -> Program:
        """Named rules of every type, some resting on others."""
        definitions: dict[str, Any] = {}
        for number in range(rules):
            make = self.random.choice((self.condition, self.condition, self.number, self.day, self.inexact))
            definitions[f"r{number}"] = make(depth)
        definitions["on_number"] = self.number(depth)
        definitions["on_day"] = self.day(depth)
        definitions["of_number"] = Compare(self._operator(), Name("on_number"), self.number(1))
        definitions["of_day"] = Compare(self._operator(), Name("on_day"), self.day(1))
        return build_program(SYMBOLS, definitions)

    def row(self, missing: float = 0.2) -> dict[str, Any]:
        """One row; every value may be missing, and a bounded one may have bounds instead."""
        drawn: dict[str, Any] = {}
        for name, symbol in SYMBOLS.items():
            pool = {Type.NUMBER: NUMBERS, Type.BOOLEAN: (True, False), Type.DATE: DAYS, Type.TEXT: TEXTS}
            values = CODES if symbol.type is Type.CHOICE else pool[symbol.type]
            if symbol.bounded and self.random.random() < 0.6:
                low, high = sorted(self.random.choices(values, k=2))
                drawn[f"{name}__low"], drawn[f"{name}__high"] = low, high
            elif self.random.random() >= missing:
                drawn[name] = self.random.choice(values)
        return drawn
