"""Rules on one row: what a form, an edit check or a screening asks, in microseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from trialrun.evaluate.python_code import python_function
from trialrun.evaluate.why import causes_of
from trialrun.expressions.program import Program
from trialrun.expressions.rewrite import Kernel, rewrite_program


class CompiledProgram:
    """A program as one Python function.

    Call it with a row to get every stage's value; `None` is unknown. Numbers are floats, dates
    `datetime.date`, conditions `bool`. A bounded stage comes with `NAME__low` and `NAME__high`.
    """

    def __init__(self, program: Program, kernel: Kernel, outputs: Iterable[str] | None = None) -> None:
        self.program = program
        self.kernel = kernel
        self.outputs = kernel.outputs() if outputs is None else tuple(outputs)
        self._function: Callable[[Mapping[str, Any]], dict[str, Any]]
        self._behind: dict[str, Kernel] = {}  # what a stage rests on, once somebody asked why it is unknown
        self._function, self.source = python_function(kernel.needed(self.outputs), self.outputs)

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The stages' values for one row; a name the row lacks is unknown.

        Errors: `ExpressionError` for a value of the wrong type.
        """
        return self._function(row)

    def why(self, name: str, row: Mapping[str, Any]) -> tuple[str, ...]:
        """The missing inputs that make a stage unknown on this row; empty when it is known.

        Only those that would have to be known: what cannot change the answer is not named. Empty
        also for a value that does not exist, such as a quotient by zero.
        """
        behind = self._behind.get(name)
        if behind is None:
            behind = self._behind[name] = self.kernel.needed([name])
        return causes_of(behind, name, row)

    def only(self, names: Iterable[str]) -> CompiledProgram:
        """The same program, computing no more than these stages need.

        Errors: `KeyError` for a name that is no stage.
        """
        return CompiledProgram(self.program, self.kernel, tuple(names))


def compile_program(program: Program, outputs: Iterable[str] | None = None) -> CompiledProgram:
    """The program ready to run on rows; `outputs` limits what is computed."""
    return CompiledProgram(program, rewrite_program(program), outputs)
