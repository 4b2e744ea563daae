"""Reading YAML 1.2 text into plain values, with the place of every one kept.

Only the part of YAML a study needs is accepted: no anchors, tags or merge keys, and no key twice.
Numbers stay exact (`Decimal`), dates stay text until somebody asks for a date.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, cast

from trialrun.study.model import Place
from trialrun.values.finding import Finding, Severity

LARGEST = 5_000_000  # characters; a study of a thousand items has about 200,000
DEEPEST = 30

Path_ = tuple[str | int, ...]


@dataclass(slots=True)
class Located:
    """A parsed text: plain values, and where each stands by its path in them.

    `block_lines` are the paths of texts written as a block (`|`): their first line is one below.
    """

    file: str
    data: Any = None
    places: dict[Path_, Place] = field(default_factory=dict[Path_, Place])
    block_lines: set[Path_] = field(default_factory=set[Path_])
    findings: list[Finding] = field(default_factory=list[Finding])

    def place(self, path: Path_) -> Place:
        """The place of a value, or of the nearest thing around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(self.file, 1, 1))

    def text_place(self, path: Path_) -> Place:
        """The place where a text's first character stands (inside a block: the line below its `|`)."""
        place = self.place(path)
        if path in self.block_lines:
            return Place(place.file, place.line + 1, 1)
        return place

    def problem(self, path: Path_, code: str, message: str, remedy: str = "") -> None:
        """Note an error at a path."""
        self.findings.append(Finding(Severity.ERROR, code, message, str(self.place(path)), remedy))


def read_yaml(path: Path, *, name: str | None = None) -> Located:
    """Read a YAML 1.2 file; problems are in `findings`, never raised.

    Args:
        path: the file.
        name: how messages call it; its own name by default.
    """
    located = Located(name or path.name)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        located.problem(
            (), "unreadable", f"{located.file} cannot be read: {error.strerror}", "check the path"
        )
        return located
    except UnicodeDecodeError as error:
        located.problem(
            (), "unreadable", f"{located.file} is not UTF-8 text (byte {error.start})", "save it as UTF-8"
        )
        return located
    return parse_yaml(text, located)


def parse_yaml(text: str, located: Located) -> Located:
    """Fill `located` from a text."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if len(text) > LARGEST:
        located.problem((), "too-long", f"{located.file} has {len(text)} characters, more than {LARGEST}")
        return located
    loader: Any = YAML(typ="safe", pure=True)
    try:
        root: Any = loader.compose(text)
    except MarkedYAMLError as caught:
        error = cast("Any", caught)
        mark: Any = error.problem_mark or error.context_mark
        line, column = (int(mark.line) + 1, int(mark.column) + 1) if mark is not None else (1, 1)
        located.findings.append(
            Finding(
                Severity.ERROR,
                "not-yaml",
                f"this is not YAML: {error.problem or error.context}",
                str(Place(located.file, line, column)),
                "check indentation, colons and quotes on this line and the one above",
            )
        )
        return located
    except (YAMLError, RecursionError) as error:
        located.problem((), "not-yaml", f"this is not YAML: {str(error).splitlines()[0]}")
        return located
    if root is not None:
        located.data = _Reader(located).value(root, ())
    return located


class _Reader:
    """Turns the nodes of one document into plain values."""

    def __init__(self, located: Located) -> None:
        self.located = located
        self.seen: set[int] = set()

    def value(self, node: Any, path: Path_) -> Any:
        located = self.located
        mark = node.start_mark
        located.places.setdefault(path, Place(located.file, mark.line + 1, mark.column + 1))
        if node.anchor is not None or id(node) in self.seen:
            located.problem(path, "alias", "anchors and aliases are not used here", "write the value out")
            return None
        self.seen.add(id(node))
        if len(path) > DEEPEST:
            located.problem(path, "too-deep", f"nested more than {DEEPEST} levels deep")
            return None
        kind = type(node).__name__
        if kind == "MappingNode":
            return self.mapping(node, path)
        if kind == "SequenceNode":
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        return self.scalar(node, path)

    def mapping(self, node: Any, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            child = (*path, key)
            if key in result:
                self.located.places[(*child, "")] = _place(self.located.file, key_node)
                self.located.problem(
                    (*child, ""),
                    "key-twice",
                    f"the key {key!r} stands here twice; the first is at line {self.located.place(child).line}",
                    "keep one of them",
                )
                continue
            self.located.places[child] = _place(self.located.file, key_node)
            result[key] = self.value(value_node, child)
        return result

    def scalar(self, node: Any, path: Path_) -> Any:
        tag = str(node.tag).rpartition(":")[2]
        text = cast("str", node.value)
        if node.style in ("|", ">"):
            self.located.block_lines.add(path)
        convert = _SCALARS.get(tag)
        if convert is None:
            self.located.problem(path, "tag", f"the tag {node.tag!r} is not used here", "remove the tag")
            return None
        try:
            return convert(text)
        except (ValueError, InvalidOperation, KeyError):
            self.located.problem(
                path, "not-a-number", f"{text!r} is not a plain number", "write digits and a point"
            )
            return None


def _place(file: str, node: Any) -> Place:
    return Place(file, node.start_mark.line + 1, node.start_mark.column + 1)


def _float(text: str) -> Decimal:
    value = Decimal(text.replace("_", ""))
    if not value.is_finite():
        raise ValueError(text)
    return value


_SCALARS: Mapping[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "float": _float,
    "bool": lambda text: {"true": True, "false": False}[text.lower()],
    "null": lambda _text: None,
    "timestamp": str,
}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?` for the nearest known word, or an empty text when none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""


def plain(value: Any) -> str:
    """What kind of value this is, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"{str(value).lower()} (true or false)"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    shown = repr(value) if isinstance(value, str) else str(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
