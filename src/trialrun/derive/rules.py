"""The study's own rules, compiled for rows of a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from trialrun.expressions.nodes import Node, names_in
from trialrun.study.model import Study


@dataclass(frozen=True)
class StudyRules:
    """The compiled derived values of a study, as `measures.Rules` asks for."""

    program: Any
    compiled: Any

    def __call__(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Every derived value by name."""
        return self.compiled(row)

    def why(self, name: str, row: Mapping[str, Any]) -> tuple[str, ...]:
        """The missing items that leave a derived value unknown."""
        return tuple(self.compiled.why(name, row))

    def uses(self, name: str) -> tuple[str, ...]:
        """The inputs a derived value rests on."""
        return tuple(self.program.uses(name))


def study_rules(study: Study) -> StudyRules:
    """Compile what the study derives.

    A derived value that rests directly on an identifying item (an age on a birth date) becomes an input:
    a snapshot withholds the item, and holds the derived value instead.
    """
    from trialrun.evaluate.rows import compile_program
    from trialrun.study.program import study_program

    program = study_program(study)
    identifying = {name for name, item in study.items.items() if item.identifying}
    given = {
        stage.name: stage.symbol
        for stage in program.stages
        if stage.name in study.derived and _names(stage.checked.node) & identifying
    }
    kept = tuple(stage for stage in program.stages if stage.name not in given)
    open_program = replace(program, inputs={**program.inputs, **given}, stages=kept)
    compiled = compile_program(open_program)
    wanted = [name for name in compiled.outputs if _base(name) not in study.criteria]
    return StudyRules(open_program, compiled.only(wanted))


def _names(node: Node) -> set[str]:
    """The names a rule uses itself."""
    return {_base(name) for name in names_in(node)}


def _base(name: str) -> str:
    return name.removesuffix("__low").removesuffix("__high")
