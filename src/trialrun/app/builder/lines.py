"""Where the parts of a YAML text stand: the characters of a key, of its value, and of the lines they own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trialrun.errors import StudyError

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """A value in the text, with the key or dash it hangs from.

    Attributes:
        key: the node of the key; none in a list and at the root.
        node: the node of the value.
        parent: the mapping or list around it; none at the root.
        order: which of the parent's entries it is.
    """

    key: Any
    node: Any
    parent: Any
    order: int


class Nodes:
    """The nodes of one text, found by path."""

    def __init__(self, text: str) -> None:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        self.text = text
        loader: Any = YAML(typ="rt", pure=True)
        try:
            self.root: Any = loader.compose(text)
        except (YAMLError, RecursionError) as error:
            line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
            raise StudyError(
                f"study.yaml:{line} is not YAML, so no entry of it can be found",
                "correct the text on the page of the whole text",
            ) from None

    def spot(self, path: Path) -> Spot | None:
        """What stands at a path; `None` when nothing does."""
        spot = Spot(None, self.root, None, 0)
        for part in path:
            found = next((one for one in children(spot.node) if _named(one, part)), None)
            if found is None:
                return None
            spot = found
        return spot

    # --- characters ----------------------------------------------------------------------------------

    def start(self, node: Any) -> int:
        """The first character of a node, its anchor or tag included."""
        return int(node.start_mark.index)

    def end(self, node: Any) -> int:
        """Behind the last character of a node; what follows on its line (a comment) is not part of it."""
        if is_scalar(node):
            if node.style in ("|", ">"):
                return self._block_end(node)
            end = int(node.end_mark.index)
            # An empty value has no character: its marks may stand on a later line.
            return end if node.value or node.style else self.start(node)
        if node.flow_style:
            return int(node.end_mark.index)
        last = list(children(node))
        return self.end_of(last[-1]) if last else int(node.start_mark.index)

    def end_of(self, spot: Spot) -> int:
        """Behind an entry: its value, or its key where the value is empty."""
        if is_scalar(spot.node) and not spot.node.value and not spot.node.style:
            begin = spot.key.end_mark.index if spot.key is not None else self.dash(spot) + 1
            found = self.text.find(":", begin) if spot.key is not None else begin - 1
            marked = int(spot.node.end_mark.index)  # a lone anchor or tag has characters of its own
            own = self.text[found + 1 : marked]
            return found + 1 + len(own.rstrip()) if own.strip() and "\n" not in own.strip() else found + 1
        return self.end(spot.node)

    def _block_end(self, node: Any) -> int:
        """Behind the last line of a text written as a block, the blank lines it keeps included."""
        at = self.text.find("\n", self.start(node))
        if at < 0:
            return len(self.text)
        header = self.text[self.start(node) : at].split("#")[0]
        indent, end, blank_end = 0, at, at
        while at < len(self.text) - 1:
            stop = self.text.find("\n", at + 1)
            stop = len(self.text) if stop < 0 else stop
            line = self.text[at + 1 : stop]
            if line.strip():
                width = len(line) - len(line.lstrip(" "))
                indent = indent or (width if width > self._outer(node) else 0)
                if not indent or width < indent:
                    break
                end = stop
            blank_end = stop
            at = stop
        return blank_end if "+" in header else end

    def _outer(self, node: Any) -> int:
        """The indent of the line that a block text begins on."""
        line = self.text[self.line_start(self.start(node)) :]
        return len(line) - len(line.lstrip(" "))

    def dash(self, spot: Spot) -> int:
        """The dash of an entry of a block list."""
        at = self.start(spot.node)
        while at > 0:
            begin = self.line_start(at)
            before = self.text[begin:at]
            if before.lstrip().startswith("-"):
                return begin + (len(before) - len(before.lstrip()))
            if before.strip() and not before.lstrip().startswith("#"):
                # Several dashes on one line (`- - x`): the nearest one to the left.
                return self.text.rindex("-", begin, at)
            at = begin - 1
        raise StudyError("this list cannot be edited here", "edit the text itself")

    def line_start(self, at: int) -> int:
        """The first character of the line."""
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """The end of the line: its line feed, or the end of the text."""
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found

    def column(self, at: int) -> int:
        """How far into its line a character stands."""
        return at - self.line_start(at)


def is_scalar(node: Any) -> bool:
    """A single value, neither mapping nor list."""
    return not isinstance(node.value, list)


def is_mapping(node: Any) -> bool:
    """A mapping."""
    return type(node).__name__ == "MappingNode"


def children(node: Any) -> Iterator[Spot]:
    """The entries of a mapping or list in their order; none of a single value."""
    if is_scalar(node):
        return
    for order, child in enumerate(node.value):
        if is_mapping(node):
            yield Spot(child[0], child[1], node, order)
        else:
            yield Spot(None, child, node, order)


def _named(spot: Spot, part: str | int) -> bool:
    if spot.key is not None:
        return is_scalar(spot.key) and spot.key.value == str(part)
    return spot.order == part
