"""From a rule's text to its tree. sqlglot knows the precedence; what may stand in a tree is decided here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from trialrun.errors import ExpressionError
from trialrun.expressions import nodes
from trialrun.expressions.functions import FUNCTIONS
from trialrun.expressions.nodes import Node, Position
from trialrun.expressions.scan import Kind, Word, fail, scan

MAX_TREE_DEPTH = 64
EARLIEST = date(1900, 1, 1)
LATEST = date(2299, 12, 31)

_FUNCTION_PREFIX = "trialrun_"
_COMPARISONS = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_ARITHMETIC = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/"}


def parse_expression(text: str, *, place: str = "") -> Node:
    """The tree of a rule.

    Args:
        text: the rule, for instance `age >= 18 AND NOT pregnant`.
        place: where it stands, for messages, such as `study.yaml:120`.

    Errors: `ExpressionError` with line and column within the text, for everything outside the
    closed language (docs/reference/expressions.md).
    """
    try:
        words = scan(text)
        node = _Reader(words).read(_sqlglot_tree(words, text))
        if isinstance(node, nodes.Null):
            fail("a rule that is NULL is always unknown", "write a condition or a value", node.at)
    except ExpressionError as error:
        raise located(error, place) from None
    return node


def located(error: ExpressionError, place: str) -> ExpressionError:
    """The same error with its place in front."""
    if not place or error.message.startswith(place):
        return error
    where = f"{place} (line {error.line}, column {error.column} of the rule)"
    return ExpressionError(f"{where}: {error.message}", error.remedy, line=error.line, column=error.column)


def _sqlglot_tree(words: tuple[Word, ...], text: str) -> Any:
    from sqlglot import errors
    from sqlglot.parser import Parser

    try:
        trees = Parser(error_level=errors.ErrorLevel.RAISE).parse(_sqlglot_tokens(words), text)
    except errors.SqlglotError as error:
        fail("the rule cannot be read as one expression", _where(error, words), _first_bad(error, words))
    except RecursionError:
        fail("nested too deep", "give the inner part a name as a derived value", Position())
    if len(trees) != 1 or trees[0] is None:
        fail("the rule cannot be read as one expression", "write one condition or one value", Position())
    return trees[0]


def _sqlglot_tokens(words: tuple[Word, ...]) -> list[Any]:
    """The words as sqlglot's tokens. A function gets a name sqlglot does not know, so it reads arguments only."""
    from sqlglot.tokenizer_core import Token, TokenType
    from sqlglot.tokens import Tokenizer

    keywords: dict[str, Any] = {**Tokenizer.KEYWORDS, **Tokenizer.SINGLE_TOKENS}
    tokens: list[Any] = []
    for number, word in enumerate(words):
        match word.kind:
            case Kind.NUMBER:
                token, value = TokenType.NUMBER, word.text
            case Kind.TEXT:
                token, value = TokenType.STRING, word.text
            case Kind.NAME:
                token, value = TokenType.VAR, word.text
            case Kind.FUNCTION:
                token, value = TokenType.VAR, _FUNCTION_PREFIX + word.text
            case _:
                token, value = keywords[word.text], word.text
        # The position in the list of words comes back as the token's start.
        tokens.append(Token(token, value, word.at.line, word.at.column, number, number))
    return tokens


def _first_bad(error: Any, words: tuple[Word, ...]) -> Position:
    details: list[dict[str, Any]] = getattr(error, "errors", None) or [{}]
    line, column = details[0].get("line"), details[0].get("col")
    return Position(line, column) if isinstance(line, int) and isinstance(column, int) else words[-1].at


def _where(error: Any, words: tuple[Word, ...]) -> str:
    at = _first_bad(error, words)
    near = next((word for word in words if word.at == at), words[-1])
    return f"look near {near.text!r}: an operator, a value or a bracket is missing or too many"


class _Reader:
    """Turns sqlglot's nodes into ours; a node type that is not listed is refused."""

    def __init__(self, words: tuple[Word, ...]) -> None:
        self.words = words
        self.readers: dict[str, Callable[[Any, int], Node]] = {
            "Paren": lambda tree, depth: self.read(tree.this, depth),
            "And": self._chain,
            "Or": self._chain,
            "Not": lambda tree, depth: nodes.Not(self.read(tree.this, depth), self.at(tree)),
            "Neg": lambda tree, depth: self._negate(tree, depth),
            "Is": self._is,
            "In": self._in,
            "Between": self._between,
            "Case": self._case,
            "Literal": self._literal,
            "Boolean": lambda tree, _: nodes.Truth(bool(tree.this), self.at(tree)),
            "Null": lambda tree, _: nodes.Null((), self.at(tree)),
            "Column": self._column,
            "Cast": self._date,
            "Anonymous": self._call,
            **dict.fromkeys(_COMPARISONS, self._compare),
            **dict.fromkeys(_ARITHMETIC, self._arithmetic),
        }

    def read(self, tree: Any, depth: int = 0) -> Node:
        if depth > MAX_TREE_DEPTH:
            fail(
                f"nested more than {MAX_TREE_DEPTH} deep",
                "give a part a name as a derived value",
                self.at(tree),
            )
        reader = self.readers.get(type(tree).__name__)
        if reader is None:
            fail(*_refused(type(tree).__name__), self.at(tree))
        return reader(tree, depth + 1)

    def at(self, tree: Any) -> Position:
        """Where the leftmost word below begins."""
        starts: list[int] = [part.meta["start"] for part in tree.walk() if "start" in part.meta]
        return self.words[min(starts)].at if starts else Position()

    def _chain(self, tree: Any, depth: int) -> Node:
        kind: type[Any] = tree.__class__
        parts: list[Any] = []
        current = tree
        while type(current) is kind:
            parts.append(current.expression)
            current = current.this
        parts.append(current)
        read = tuple(self.read(part, depth) for part in reversed(parts))
        at = read[0].at
        return nodes.And(read, at) if kind.__name__ == "And" else nodes.Or(read, at)

    def _compare(self, tree: Any, depth: int) -> Node:
        left, right = self.read(tree.this, depth), self.read(tree.expression, depth)
        if isinstance(left, nodes.Null) or isinstance(right, nodes.Null):
            fail("a comparison with NULL is always unknown", "write IS NULL or IS NOT NULL", left.at)
        return nodes.Compare(_COMPARISONS[type(tree).__name__], left, right, left.at)

    def _arithmetic(self, tree: Any, depth: int) -> Node:
        left, right = self.read(tree.this, depth), self.read(tree.expression, depth)
        return nodes.Arithmetic(_ARITHMETIC[type(tree).__name__], left, right, left.at)

    def _negate(self, tree: Any, depth: int) -> Node:
        value = self.read(tree.this, depth)
        return (
            nodes.Number(-value.value, value.at)
            if isinstance(value, nodes.Number)
            else nodes.Negate(value, value.at)
        )

    def _is(self, tree: Any, depth: int) -> Node:
        value = self.read(tree.this, depth)
        if type(tree.expression).__name__ != "Null":
            fail(
                "IS is only for NULL",
                "write the condition itself, NOT condition, or COALESCE(condition, FALSE)",
                value.at,
            )
        return nodes.IsNull(value, value.at)

    def _in(self, tree: Any, depth: int) -> Node:
        value = self.read(tree.this, depth)
        if (
            tree.args.get("query")
            or tree.args.get("unnest")
            or tree.args.get("field")
            or not tree.expressions
        ):
            fail("IN needs a list in brackets", "write IN (1, 2, 3)", value.at)
        options = tuple(self.read(option, depth) for option in tree.expressions)
        if any(isinstance(part, nodes.Null) for part in options):
            fail(
                "NULL in an IN list means different things on different engines",
                "write OR x IS NULL",
                value.at,
            )
        return nodes.In(value, options, value.at)

    def _between(self, tree: Any, depth: int) -> Node:
        if tree.args.get("symmetric"):
            fail(
                "BETWEEN SYMMETRIC is not part of the language", "put the smaller bound first", self.at(tree)
            )
        value, low, high = (self.read(tree.args[key], depth) for key in ("this", "low", "high"))
        if isinstance(low, nodes.Null) or isinstance(high, nodes.Null):
            fail("a comparison with NULL is always unknown", "write x >= low or x <= high alone", value.at)
        return nodes.Between(value, low, high, value.at)

    def _case(self, tree: Any, depth: int) -> Node:
        subject = self.read(tree.this, depth) if tree.args.get("this") is not None else None
        branches: list[tuple[Node, Node]] = []
        for branch in tree.args["ifs"]:
            condition = self.read(branch.this, depth)
            if subject is not None:
                if isinstance(condition, nodes.Null):
                    fail(
                        "a comparison with NULL is always unknown",
                        "write CASE WHEN x IS NULL THEN ...",
                        condition.at,
                    )
                condition = nodes.Compare("=", subject, condition, condition.at)
            branches.append((condition, self.read(branch.args["true"], depth)))
        default = tree.args.get("default")
        at = branches[0][0].at
        return nodes.Case(
            tuple(branches), nodes.Null((), at) if default is None else self.read(default, depth), at
        )

    def _literal(self, tree: Any, _: int) -> Node:
        at = self.at(tree)
        return nodes.Text(tree.this, at) if tree.is_string else nodes.Number(float(tree.this), at)

    def _column(self, tree: Any, _: int) -> Node:
        if tree.args.get("table") or type(tree.this).__name__ != "Identifier":
            fail("only plain names are part of the language", "write the item's name alone", self.at(tree))
        return nodes.Name(tree.this.this, self.at(tree))

    def _date(self, tree: Any, _: int) -> Node:
        at = self.at(tree)
        text = tree.this.this if type(tree.this).__name__ == "Literal" else None
        if not isinstance(text, str) or tree.to.sql() != "DATE":
            fail("casts are not part of the language", "types are declared with the item", at)
        return nodes.Day(_day(text, at), at)

    def _call(self, tree: Any, depth: int) -> Node:
        at = self.at(tree)
        name = str(tree.this).removeprefix(_FUNCTION_PREFIX)
        function = FUNCTIONS.get(name)
        if function is None:
            fail(f"unknown function {name!r}", "see the list of functions", at)
        arguments = tuple(self.read(argument, depth) for argument in tree.expressions)
        if not function.least <= len(arguments) <= function.most:
            fail(f"{name} is given {len(arguments)} arguments", f"write {function.signature}", at)
        for argument in arguments[: 1 if name == "CLAMP" else None]:
            if isinstance(argument, nodes.Null):
                fail(f"NULL in {name} makes it always unknown", f"write {function.signature}", at)
        return nodes.Call(name, arguments, at)


_REFUSED = {
    "Star": ("a star is not part of the language", "name each item"),
    "Tuple": ("a list of values is only for IN", "compare each value by itself, joined with AND"),
    "Alias": ("an operator is missing between two words", "write AND, OR or a comparison between them"),
}


def _refused(kind: str) -> tuple[str, str]:
    return _REFUSED.get(
        kind, (f"{kind} is not part of the language", "use comparisons, arithmetic and the listed functions")
    )


def _day(text: str, at: Position) -> date:
    try:
        day = date.fromisoformat(text) if len(text) == len("YYYY-MM-DD") else None
    except ValueError:
        day = None
    if day is None:
        fail(f"{text!r} is not a day of the calendar", "write DATE 'YYYY-MM-DD'", at)
    if not EARLIEST <= day <= LATEST:
        fail(f"{text} is outside {EARLIEST} to {LATEST}", "the language's calendar ends there", at)
    return day
