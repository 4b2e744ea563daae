"""The tree of a rule: what all checks, rewrites and back ends work on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Position:
    """Where in its text a part of a rule begins; both count from 1."""

    line: int = 1
    column: int = 1


_NOWHERE = Position()


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written."""

    value: float
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A text or choice code as written."""

    value: str
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Truth:
    """TRUE or FALSE."""

    value: bool
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day: DATE 'YYYY-MM-DD'."""

    value: date
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Null:
    """Unknown. `because` holds the parts whose being unknown is the reason (set by rewriting)."""

    because: tuple[Node, ...] = ()
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """An item, a derived value or another named stage."""

    name: str
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """Kleene negation: unknown stays unknown."""

    value: Node
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """False if one part is false, else unknown if one is unknown, else true."""

    parts: tuple[Node, ...]
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """True if one part is true, else unknown if one is unknown, else false."""

    parts: tuple[Node, ...]
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """`=`, `<>`, `<`, `<=`, `>`, `>=`; unknown if a side is."""

    operator: str
    left: Node
    right: Node
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`+`, `-`, `*`, `/` in double precision; unknown if a side is, and where the result has no value."""

    operator: str
    left: Node
    right: Node
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Negate:
    """The number with the other sign."""

    value: Node
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Between:
    """Both ends included."""

    value: Node
    low: Node
    high: Node
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class In:
    """Equal to one of the options, none of which is unknown by itself."""

    value: Node
    options: tuple[Node, ...]
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class IsNull:
    """Whether the value is unknown; never unknown itself."""

    value: Node
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Case:
    """The first branch whose condition is true.

    As written a condition that is unknown makes the whole unknown; after rewriting it is plain
    SQL, which passes over it (ADR 0002).
    """

    branches: tuple[tuple[Node, Node], ...]
    default: Node
    at: Position = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the closed list; the name in capitals."""

    function: str
    arguments: tuple[Node, ...]
    at: Position = field(default=_NOWHERE, compare=False)


Node = (
    Number
    | Text
    | Truth
    | Day
    | Null
    | Name
    | Not
    | And
    | Or
    | Compare
    | Arithmetic
    | Negate
    | Between
    | In
    | IsNull
    | Case
    | Call
)


def children(node: Node) -> tuple[Node, ...]:
    """The parts directly below a node, in the order they are written."""
    match node:
        case Not() | Negate() | IsNull():
            return (node.value,)
        case And() | Or():
            return node.parts
        case Compare() | Arithmetic():
            return (node.left, node.right)
        case Between():
            return (node.value, node.low, node.high)
        case In():
            return (node.value, *node.options)
        case Case():
            return (*(part for branch in node.branches for part in branch), node.default)
        case Call():
            return node.arguments
        case Null():
            return node.because
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """A node and everything below it, parents first."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(children(current)))


def names_in(node: Node) -> tuple[str, ...]:
    """The names a rule mentions, each once, in order of first mention."""
    return tuple(dict.fromkeys(part.name for part in walk(node) if isinstance(part, Name)))
