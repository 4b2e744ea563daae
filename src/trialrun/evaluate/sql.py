"""The rewritten rules as one SQL query: a SELECT per dependency level, never one inlined formula."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from trialrun.evaluate.dialects import Dialect
from trialrun.evaluate.expand import expand_kernel
from trialrun.expressions import nodes
from trialrun.expressions.check import bound_names
from trialrun.expressions.magnitude import LARGEST_INPUT, SMALLEST_INPUT
from trialrun.expressions.nodes import Node, names_in
from trialrun.expressions.parse import EARLIEST, LATEST
from trialrun.expressions.rewrite import Kernel, KernelStage
from trialrun.expressions.types import Type


def kernel_sql(
    kernel: Kernel,
    dialect: Dialect,
    source: str,
    *,
    keep: Sequence[str] = (),
    outputs: Sequence[str] | None = None,
    columns: Collection[str] | None = None,
    clean: Collection[str] = (),
    sized: Collection[str] = (),
    last: Mapping[str, str] | None = None,
) -> str:
    """The query that computes a program's stages from a table.

    Args:
        kernel: the rewritten program.
        dialect: the engine.
        source: the table, as it is written after FROM.
        keep: columns taken along unchanged.
        outputs: the stages wanted; all by default.
        columns: the table's columns; an input without a column is unknown. By default every input
            and every bound has one.
        clean: inputs known to hold neither NaN, infinities nor absurd sizes.
        sized: inputs known to hold no absurd sizes, but perhaps NaN.
        last: further result columns, as SQL over the stages' quoted names.
    """
    wanted = kernel.outputs() if outputs is None else tuple(outputs)
    needed = kernel.needed(wanted)
    expanded = expand_kernel(needed, dialect)
    writer = _Writer(dialect, sized)
    levels = [writer.raw(needed, source, keep, columns), writer.read(needed, keep, columns, clean)]
    for number, level in enumerate(_levels(expanded.stages), start=1):
        assigned = ", ".join(f"{writer.assigned(stage)} AS {dialect.name_of(stage.name)}" for stage in level)
        levels.append(f"SELECT *, {assigned} FROM _{number}")  # noqa: S608
    kept = [
        f"{dialect.name_of(f'_keep_{index}')} AS {dialect.name_of(name)}" for index, name in enumerate(keep)
    ]
    shown = [dialect.name_of(name) for name in wanted] if last is None else []
    extra = [f"{text} AS {dialect.name_of(name)}" for name, text in (last or {}).items()]
    fence = f" {dialect.fence}" if dialect.fence else ""
    tables = [f"_{index} AS ({text}{fence})" for index, text in enumerate(levels)]
    return (
        "WITH "
        + ",\n".join(tables)
        + f"\nSELECT {', '.join([*kept, *shown, *extra]) or '1'} FROM _{len(levels) - 1}"
    )


def _levels(stages: Sequence[KernelStage]) -> list[list[KernelStage]]:
    """The stages by how many others have to come before."""
    depth: dict[str, int] = {}
    levels: list[list[KernelStage]] = []
    for stage in stages:
        own = max((depth[name] + 1 for name in names_in(stage.node) if name in depth), default=0)
        depth[stage.name] = own
        while len(levels) <= own:
            levels.append([])
        levels[own].append(stage)
    return levels


class _Writer:
    def __init__(self, dialect: Dialect, sized: Collection[str] = ()) -> None:
        self.dialect = dialect
        self.sized = sized

    # Inputs: first brought to their type, then freed of what no rule can use

    def raw(self, kernel: Kernel, source: str, keep: Sequence[str], columns: Collection[str] | None) -> str:
        name_of = self.dialect.name_of
        chosen = [f"{name_of(name)} AS {name_of(f'_keep_{index}')}" for index, name in enumerate(keep)]
        for name, symbol in kernel.inputs.items():
            kind = self.dialect.types[symbol.type]
            for column in (name, *bound_names(name)) if symbol.bounded else (name,):
                known = columns is None or column in columns
                chosen.append(
                    f"CAST({name_of(column) if known else 'NULL'} AS {kind}) AS {name_of(f'_raw_{column}')}"
                )
        return f"SELECT {', '.join(chosen) or '1 AS _nothing'} FROM {source}"  # noqa: S608 (names are quoted)

    def read(
        self, kernel: Kernel, keep: Sequence[str], columns: Collection[str] | None, clean: Collection[str]
    ) -> str:
        name_of = self.dialect.name_of
        chosen = [name_of(f"_keep_{index}") for index in range(len(keep))]
        for name, symbol in kernel.inputs.items():
            exact = self._usable(
                name, symbol.type, name in clean or (columns is not None and name not in columns)
            )
            chosen.append(f"{exact} AS {name_of(name)}")
            for bound in bound_names(name) if symbol.bounded else ():
                usable = self._usable(bound, symbol.type, bound in clean)
                chosen.append(f"COALESCE({exact}, {usable}) AS {name_of(bound)}")
        return f"SELECT {', '.join(chosen) or '1 AS _nothing'} FROM _0"  # noqa: S608 (names are quoted)

    def _usable(self, name: str, kind: Type, clean: bool) -> str:
        raw = self.dialect.name_of(f"_raw_{name}")
        # Asked for what is unusable, not for what is usable: engines pass a whole column on when no row is.
        if kind is Type.DATE:
            first, last = (self.dialect.day.format(day.isoformat()) for day in (EARLIEST, LATEST))
            return f"CASE WHEN {raw} < {first} OR {raw} > {last} THEN NULL ELSE {raw} END"
        if kind is Type.NUMBER and not clean:
            small, large, zero = (self._number(x) for x in (SMALLEST_INPUT, LARGEST_INPUT, 0.0))
            minus_small, minus_large = self._number(-SMALLEST_INPUT), self._number(-LARGEST_INPUT)
            if not self.dialect.orders_nan:
                inside = f"{raw} BETWEEN {small} AND {large} OR {raw} = {zero}"
                return f"CASE WHEN {inside} OR {raw} BETWEEN {minus_large} AND {minus_small} THEN {raw} END"
            endless = f"NOT {self.dialect.finite.format(raw)}" if self.dialect.finite else ""
            if endless and name in self.sized:
                return f"CASE WHEN {endless} THEN NULL ELSE {raw} END"
            outside = f"{raw} NOT BETWEEN {small} AND {large} AND {raw} <> {zero}"
            outside += f" AND {raw} NOT BETWEEN {minus_large} AND {minus_small}"
            if endless:
                outside = f"{endless} OR {outside}"
            return f"CASE WHEN {outside} THEN NULL ELSE {raw} END"
        return raw

    # Stages

    def assigned(self, stage: KernelStage) -> str:
        text = self.node(stage.node)
        if isinstance(stage.node, nodes.Null) or self.dialect.name == "clickhouse":
            # ClickHouse's conditions are small integers, and its NULL has no type, until they are told.
            return f"CAST({text} AS {self.dialect.types[stage.type]})"
        return text

    def node(self, node: Node) -> str:
        match node:
            case nodes.Number():
                return self._number(node.value)
            case nodes.Text():
                return self.dialect.text_of(node.value)
            case nodes.Truth():
                return "TRUE" if node.value else "FALSE"
            case nodes.Day():
                return self.dialect.day.format(node.value.isoformat())
            case nodes.Null():
                return "NULL"
            case nodes.Name():
                return self.dialect.name_of(node.name)
            case nodes.Case():
                branches = "".join(
                    f" WHEN {self.node(test)} THEN {self.node(value)}" for test, value in node.branches
                )
                default = "" if isinstance(node.default, nodes.Null) else f" ELSE {self.node(node.default)}"
                return f"CASE{branches}{default} END"
            case nodes.Call():
                template = self.dialect.functions.get(node.function)
                values = [self.node(part) for part in node.arguments]
                return template.format(*values) if template else f"{node.function}({', '.join(values)})"
            case _:
                return f"({self._operation(node)})"

    def _operation(self, node: Node) -> str:
        match node:
            case nodes.Not():
                return f"NOT {self.node(node.value)}"
            case nodes.And():
                return " AND ".join(self.node(part) for part in node.parts)
            case nodes.Or():
                return " OR ".join(self.node(part) for part in node.parts)
            case nodes.Compare() | nodes.Arithmetic():
                return f"{self.node(node.left)} {node.operator} {self.node(node.right)}"
            case nodes.In():
                return (
                    f"{self.node(node.value)} IN ({', '.join(self.node(option) for option in node.options)})"
                )
            case nodes.IsNull():
                return f"{self.node(node.value)} IS NULL"
            case nodes.Negate():
                return f"- {self.node(node.value)}"
            case _:
                raise TypeError(node)

    def _number(self, value: float) -> str:
        # A bare 0.1 is a decimal on some engines and a double on others.
        kind = self.dialect.types[Type.NUMBER].removeprefix("Nullable(").removesuffix(")")
        return f"CAST({value!r} AS {kind})"
