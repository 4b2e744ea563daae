"""Rules, rows and answers worked out by hand (tests/expressions/vectors.csv)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from trialrun.expressions import Definition, Program, Symbol, Type, build_program

SYMBOLS = {
    symbol.name: symbol
    for symbol in (
        Symbol("x", Type.NUMBER),
        Symbol("y", Type.NUMBER),
        Symbol("q", Type.NUMBER, bounded=True),
        Symbol("a", Type.BOOLEAN),
        Symbol("b", Type.BOOLEAN),
        Symbol("c", Type.BOOLEAN),
        Symbol("d", Type.DATE),
        Symbol("e", Type.DATE),
        Symbol("p", Type.DATE, bounded=True),
        Symbol("t", Type.TEXT),
        Symbol("s", Type.CHOICE, choices=("M", "F")),
        Symbol("g", Type.CHOICE, choices=("A", "B", "C"), bounded=True),
    )
}


@dataclass(frozen=True)
class Vector:
    stage: str
    rule: str
    row: dict[str, Any]
    expected: Any
    because: str


def _value(name: str, text: str) -> Any:
    kind = SYMBOLS[name.removesuffix("__low").removesuffix("__high")].type
    match kind:
        case Type.NUMBER:
            return float(text)
        case Type.BOOLEAN:
            return text == "true"
        case Type.DATE:
            return date.fromisoformat(text)
        case _:
            return text


def _row(text: str) -> dict[str, Any]:
    pairs = (pair.split("=", 1) for pair in text.split("; ")) if text else ()
    return {name: _value(name, value) for name, value in pairs}


def _expected(text: str, kind: Type) -> Any:
    if text == "null":
        return None
    match kind:
        case Type.NUMBER:
            return float(text)
        case Type.BOOLEAN:
            return text == "true"
        case Type.DATE:
            return date.fromisoformat(text)
        case _:
            return text


def load_vectors() -> tuple[Program, list[Vector]]:
    """One program with every rule, and the vectors that name its stages."""
    with (Path(__file__).parent / "expressions" / "vectors.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    names: dict[str, str] = {}
    for line in lines:
        names.setdefault(line["rule"], f"r{len(names) + 1}")
    program = build_program(SYMBOLS, {name: Definition(rule) for rule, name in names.items()})
    kinds = {stage.name: stage.symbol.type for stage in program.stages}
    vectors = [
        Vector(
            names[line["rule"]],
            line["rule"],
            _row(line["row"]),
            _expected(line["expected"], kinds[names[line["rule"]]]),
            line["because"],
        )
        for line in lines
    ]
    return program, vectors
