"""The rewritten rules every back end runs: one meaning, worked out once.

Gone after rewriting: BETWEEN, the strict CASE, comparisons of names of which only bounds are
known, and arithmetic that could overflow. What is left are three-valued operators, a CASE as in
plain SQL, and the functions of the closed list, each unknown outside its domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trialrun.expressions import nodes
from trialrun.expressions.bounds import Bounds
from trialrun.expressions.check import bound_names
from trialrun.expressions.magnitude import Magnitudes
from trialrun.expressions.nodes import Node, names_in
from trialrun.expressions.program import Program, Stage
from trialrun.expressions.types import Symbol, Type


@dataclass(frozen=True, slots=True)
class KernelStage:
    """One assignment. `hidden` ones are parts used more than once, not asked for by anybody."""

    name: str
    node: Node
    type: Type
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Kernel:
    """A program rewritten: inputs, then assignments in order."""

    inputs: Mapping[str, Symbol]
    stages: tuple[KernelStage, ...]

    def outputs(self) -> tuple[str, ...]:
        """The names somebody may ask for, in order."""
        return tuple(stage.name for stage in self.stages if not stage.hidden)

    def needed(self, names: Iterable[str]) -> Kernel:
        """Only what these names rest on. Errors: `KeyError` for a name that is no stage."""
        by_name = {stage.name: stage for stage in self.stages}
        wanted: set[str] = set()
        waiting = [by_name[name].name for name in names]
        while waiting:
            name = waiting.pop()
            if name in wanted:
                continue
            wanted.add(name)
            if name in by_name:
                waiting.extend(names_in(by_name[name].node))
        inputs = {
            name: symbol
            for name, symbol in self.inputs.items()
            if name in wanted or (symbol.bounded and wanted.intersection(bound_names(name)))
        }
        return Kernel(inputs, tuple(stage for stage in self.stages if stage.name in wanted))


def rewrite_program(program: Program) -> Kernel:
    """The program as every back end runs it."""
    return _Rewriter(program).run()


class _Rewriter:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.stages: list[KernelStage] = []
        self.shared: dict[Node, str] = {}
        self.magnitudes = Magnitudes()
        self.bounds = Bounds(program.symbols, self._share)

    def run(self) -> Kernel:
        for stage in self.program.stages:
            self._stage(stage)
        return Kernel(self.program.inputs, tuple(self.stages))

    def _share(self, node: Node, kind: Type) -> Node:
        """The part under a name of its own, so that it is computed once and written once."""
        if isinstance(node, nodes.Name | nodes.Number | nodes.Text | nodes.Truth | nodes.Day | nodes.Null):
            return node
        name = self.shared.get(node)
        if name is None:
            name = f"_part_{len(self.shared) + 1}"
            self.shared[node] = name
            self._add(name, node, kind, hidden=True)
        return nodes.Name(name)

    def _add(self, name: str, node: Node, kind: Type, *, hidden: bool = False) -> None:
        self.stages.append(KernelStage(name, self.magnitudes.guarded(name, node), kind, hidden))

    def _stage(self, stage: Stage) -> None:
        name, kind = stage.name, stage.symbol.type
        if not stage.symbol.bounded:
            self._add(name, self.bounds.exact(stage.checked.core), kind)
            return
        low_name, high_name = bound_names(name)
        if stage.low is not None and stage.high is not None:
            self._add(name, self.bounds.exact(stage.checked.core), kind)
            for bound_name, given, side in ((low_name, stage.low, 0), (high_name, stage.high, 1)):
                bound = self.bounds.between(given.core, stage.symbol.choices)[side]
                self._add(bound_name, nodes.Call("COALESCE", (nodes.Name(name), bound)), kind)
            return
        low, high = self.bounds.between(stage.checked.core, stage.symbol.choices)
        self._add(low_name, low, kind)
        self._add(high_name, high, kind)
        agreed = nodes.Compare("=", nodes.Name(low_name), nodes.Name(high_name))
        unknown = nodes.Null((self.bounds.exact(stage.checked.core),))
        self._add(name, nodes.Case(((agreed, nodes.Name(low_name)),), unknown), kind)
