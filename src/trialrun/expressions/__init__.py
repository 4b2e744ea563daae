"""The rule language: a closed subset of SQL scalar expressions with types, units and three-valued logic."""

from __future__ import annotations

from trialrun.expressions.check import check_expression
from trialrun.expressions.nodes import Node
from trialrun.expressions.parse import parse_expression
from trialrun.expressions.program import Definition, Program, Stage, build_program
from trialrun.expressions.types import Checked, Symbol, Type

__all__ = [
    "Checked",
    "Definition",
    "Node",
    "Program",
    "Stage",
    "Symbol",
    "Type",
    "build_program",
    "check_expression",
    "parse_expression",
]
