"""Changes of a YAML text that touch only the lines they are about.

The text is not written anew: the characters of a value are replaced where they stand, so that comments, order,
quotes, anchors and line ends of everything else stay as somebody typed them. What came out is read again and must
hold exactly the values that were meant; otherwise nothing is changed.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from trialrun.app.builder import written
from trialrun.app.builder.lines import Nodes, Path, Spot, children, is_mapping, is_scalar
from trialrun.errors import StudyError
from trialrun.study.text import Located, parse_yaml

_BY_HAND = "change it on the page of the whole text, or in a text editor"


@dataclass(frozen=True, slots=True)
class _Splice:
    start: int
    end: int
    text: str


class Edits:
    """Changes of one text, gathered and then made together.

    Paths are those of the text as it was: `("criteria", "E1", "expression")`; a list's entries have numbers.
    """

    def __init__(self, text: str) -> None:
        self.nodes = Nodes(text)
        self.meant = plain(text)
        self._splices: list[_Splice] = []
        self._renamed: list[tuple[Path, str]] = []
        self._gone: set[int] = set()

    # --- changes -------------------------------------------------------------------------------------

    def set(self, path: Path, value: Any, *, order: Sequence[str] = ()) -> None:
        """Give a value to what stands at a path, or put it there.

        Args:
            path: its parent must exist.
            value: text, number, true or false, nothing, lists and mappings of these.
            order: the usual order of the keys around it, for one that is new.
        """
        spot = self.nodes.spot(path)
        if spot is None:
            self._add(path, value, order)
        elif not _same(_at(self.meant, path), value, ordered=True):
            self._refuse_shared(spot, path)
            self._change(path, spot, value)
        _put(self.meant, path, value)

    def remove(self, path: Path) -> None:
        """Take an entry out, with the comments inside it; those above it stay."""
        spot = self.nodes.spot(path)
        if spot is None:
            return
        self._cut(spot, path)
        holder = _at(self.meant, path[:-1])
        del holder[path[-1]]

    def rename(self, path: Path, name: str) -> None:
        """Give another name to the key at a path."""
        spot = self.nodes.spot(path)
        if spot is None or spot.key is None:
            raise StudyError(f"there is no {_said(path)}", "reload the page")
        self._splice(spot.key.start_mark.index, spot.key.end_mark.index, written.key(name))
        self._renamed.append((path, name))

    def _splice(self, start: int, end: int, text: str) -> None:
        self._splices.append(_Splice(int(start), int(end), text))

    def _refuse_shared(self, spot: Spot, path: Path) -> None:
        if spot.node.anchor is not None:
            raise StudyError(
                f"{_said(path)} is shared by an anchor (&{spot.node.anchor}), so changing it here would change it elsewhere",
                "write the value out in each place",
            )

    # --- replacing -----------------------------------------------------------------------------------

    def _change(self, path: Path, spot: Spot, value: Any) -> None:
        """Replace a value; a mapping or list entry by entry, so that what is alike stays."""
        node = spot.node
        if isinstance(value, Mapping) and is_mapping(node) and node.value and value:
            self._change_mapping(path, cast("Mapping[str, Any]", value))
        elif _is_list(value) and _is_sequence(node) and node.value and value:
            self._change_list(path, spot, list(cast("Sequence[Any]", value)))
        elif is_scalar(node) and not _is_list(value) and not isinstance(value, Mapping):
            self._change_scalar(spot, value)
        elif spot.parent is not None and spot.parent.flow_style:
            self._splice(self.nodes.start(node), self.nodes.end(node), written.flow(value))
        elif spot.key is not None:
            self._rewrite(spot, value)
        else:
            self._splice(self.nodes.start(node), self.nodes.end(node), written.flow(value))

    def _change_mapping(self, path: Path, value: Mapping[str, Any]) -> None:
        before = cast("dict[str, Any]", _at(self.meant, path))
        names = [name for name in value if name in before]
        if not names or names != [name for name in before if name in value]:
            # Nothing is left, or the order changed, which means something (choices): it is written anew.
            spot = cast("Spot", self.nodes.spot(path))
            inside = self.nodes.text[self.nodes.start(spot.node) : self.nodes.end(spot.node)]
            if "#" in inside or spot.key is None:
                raise StudyError(f"{_said(path)} holds comments, so its order is not changed here", _BY_HAND)
            self._rewrite(spot, value)
            return
        for name in before:
            if name not in value:
                self._cut(cast("Spot", self.nodes.spot((*path, name))), (*path, name))
        for name, inner in value.items():
            spot = self.nodes.spot((*path, name))
            if spot is None:
                self._add((*path, name), inner, tuple(value))
            elif not _same(before[name], inner, ordered=True):
                self._refuse_shared(spot, (*path, name))
                self._change((*path, name), spot, inner)

    def _rewrite(self, spot: Spot, value: Any) -> None:
        if not is_scalar(spot.node) and spot.node.flow_style:
            self._splice(self.nodes.start(spot.node), self.nodes.end(spot.node), written.flow(value))
            return
        end = self.nodes.end_of(spot)
        said = written.block(str(spot.key.value), value, self._column(spot))
        if self._followed(end) and isinstance(value, str):
            said = f"{written.key(str(spot.key.value))}: {written.flow(value)}"
        self._splice(spot.key.start_mark.index, end, said)

    def _change_scalar(self, spot: Spot, value: Any) -> None:
        node = spot.node
        flow = bool(spot.parent is not None and spot.parent.flow_style)
        style = node.style if isinstance(value, str) else None
        if style == "|" and isinstance(value, str) and node.value.endswith("\n"):
            value = value.rstrip("\n") + "\n"
        end = self.nodes.end_of(spot)
        # A block text would swallow a comment behind the old value.
        flow = flow or (style not in ("|", ">") and self._followed(end))
        said = written.scalar(value, style=style, flow=flow, indent=self._column(spot))
        if not node.value and not node.style:
            self._splice(end, end, f" {said}")
            return
        start = self.nodes.start(node)
        if style in ("|", ">"):
            said = _with_comment(said, self.nodes.text[start : self.nodes.line_end(start)])
        self._splice(start, self.nodes.end(node), said)

    def _followed(self, at: int) -> bool:
        """Whether something stands behind a place on its line."""
        return bool(self.nodes.text[at : self.nodes.line_end(at)].strip())

    def _change_list(self, path: Path, spot: Spot, value: list[Any]) -> None:
        """Entries that are alike stay where they stand; the others are taken out and put in."""
        import difflib

        before = cast("list[Any]", _at(self.meant, path))
        old, new = [_token(one) for one in before], [_token(one) for one in value]
        spots = list(children(spot.node))
        for verb, low, high, first, last in difflib.SequenceMatcher(
            None, old, new, autojunk=False
        ).get_opcodes():
            if verb == "equal":
                continue
            shared = min(high - low, last - first)
            for step in range(shared):
                self._change((*path, low + step), spots[low + step], value[first + step])
            if high - low > shared:
                self._cut_run(spots, low + shared, high, path)
            if last - first > shared:
                self._put_in(spot, spots, low + shared, value[first + shared : last])

    # --- taking out ----------------------------------------------------------------------------------

    def _cut(self, spot: Spot, path: Path) -> None:
        self._gone.add(id(spot.key))
        spots = list(children(spot.parent))
        self._cut_run(spots, spot.order, spot.order + 1, path[:-1])

    def _cut_run(self, spots: list[Spot], low: int, high: int, path: Path) -> None:
        parent = spots[low].parent
        if high - low == len(spots):
            holder = self.nodes.spot(path)
            if holder is None or holder.parent is None:
                raise StudyError("the last entry of the text cannot be removed", _BY_HAND)
            empty = "{}" if is_mapping(parent) else "[]"
            if parent.flow_style:
                self._splice(self.nodes.start(parent), self.nodes.end(parent), empty)
            elif holder.key is not None:
                colon = self.nodes.text.index(":", holder.key.end_mark.index)
                self._splice(colon + 1, colon + 1, f" {empty}")
                self._cut_lines(spots, low, high)
            else:
                self._splice(self.nodes.start(parent), self.nodes.end(parent), empty)
        elif parent.flow_style:
            self._cut_flow(spots, low, high)
        else:
            self._cut_lines(spots, low, high)

    def _cut_lines(self, spots: list[Spot], low: int, high: int) -> None:
        nodes = self.nodes
        begin = nodes.line_start(self._begin(spots[low]))
        own = nodes.text[begin : self._begin(spots[low])]
        if own.strip():
            # The first key behind a dash: the next one takes its place.
            self._splice(self._begin(spots[low]), self._begin(spots[high]), "")
            return
        end = nodes.line_end(nodes.end_of(spots[high - 1]))
        if end < len(nodes.text):
            self._splice(begin, end + 1, "")
        else:
            self._splice(max(0, begin - 1), end, "")

    def _cut_flow(self, spots: list[Spot], low: int, high: int) -> None:
        nodes, text = self.nodes, self.nodes.text
        if high < len(spots):
            start, end = self._begin(spots[low]), self._begin(spots[high])
        else:
            start, end = nodes.end_of(spots[low - 1]), nodes.end_of(spots[high - 1])
        if "#" in text[start:end]:
            # A comment stands between them: only the entry goes; a comma before the bracket is allowed.
            start, end = self._begin(spots[low]), nodes.end_of(spots[high - 1])
            if high < len(spots):
                end = text.index(",", end) + 1
        self._splice(start, end, "")

    # --- putting in ----------------------------------------------------------------------------------

    def _add(self, path: Path, value: Any, order: Sequence[str]) -> None:
        *above, last = path
        parent, name = self.nodes.spot(tuple(above)), str(last)
        if parent is None or isinstance(last, int):
            raise StudyError(f"there is no {_said(tuple(above))} to put {name} into", "reload the page")
        spots = [spot for spot in children(parent.node) if id(spot.key) not in self._gone]
        if not is_mapping(parent.node) or not spots:
            self._fill(parent, {name: value}, path)
            return
        after = _place_for(name, [str(spot.key.value) for spot in spots], order)
        self._put_key(spots, after, name, value)

    def _fill(self, parent: Spot, value: dict[str, Any], path: Path) -> None:
        """The first entry of a section that is empty."""
        if parent.key is None or parent.node.value:
            raise StudyError(f"{_said(path[:-1])} cannot hold {next(iter(value))}", _BY_HAND)
        if parent.parent is not None and parent.parent.flow_style:
            self._splice(self.nodes.start(parent.node), self.nodes.end(parent.node), written.flow(value))
            return
        said = written.block(str(parent.key.value), value, self._column(parent))
        self._splice(parent.key.start_mark.index, self.nodes.end_of(parent), said)

    def _put_key(self, spots: list[Spot], after: int, name: str, value: Any) -> None:
        """A key behind the entry of a number; -1 is before all."""
        nodes, parent = self.nodes, spots[0].parent
        if parent.flow_style:
            said = f"{written.key(name)}: {written.flow(value)}"
            if after < 0:
                begin = self._begin(spots[0])
                self._splice(begin, begin, f"{said}, ")
            else:
                end = nodes.end_of(spots[after])
                self._splice(end, end, f", {said}")
            return
        column = nodes.column(self._begin(spots[0]))
        said = written.block(name, value, column)
        if after < 0:
            begin = self._begin(spots[0])
            self._splice(begin, begin, f"{said}\n{' ' * column}")
            return
        end = nodes.line_end(nodes.end_of(spots[after]))
        self._splice(end, end, f"\n{' ' * column}{said}")

    def _put_in(self, holder: Spot, spots: list[Spot], before: int, values: Sequence[Any]) -> None:
        """Entries of a list before the one of a number."""
        nodes, parent = self.nodes, holder.node
        if parent.flow_style:
            self._put_in_flow(spots, before, [written.flow(one) for one in values])
            return
        column = nodes.column(nodes.dash(spots[0]))
        rows = [_row(one, column) for one in values]
        if before == 0:
            begin = nodes.dash(spots[0])
            self._splice(begin, begin, "".join(f"{row}\n{' ' * column}" for row in rows))
            return
        end = nodes.line_end(nodes.end_of(spots[before - 1]))
        self._splice(end, end, "".join(f"\n{' ' * column}{row}" for row in rows))

    def _put_in_flow(self, spots: list[Spot], before: int, said: list[str]) -> None:
        nodes = self.nodes
        if before == 0:
            begin = self._begin(spots[0])
            self._splice(begin, begin, "".join(f"{one}, " for one in said))
            return
        at = nodes.end_of(spots[before - 1])
        align, line = nodes.column(self._begin(spots[0])), nodes.column(at)
        text = ""
        for one in said:
            if line + len(one) + 3 > written.WIDTH:
                text += f",\n{' ' * align}{one}"
                line = align + len(one)
            else:
                text += f", {one}"
                line += len(one) + 2
        self._splice(at, at, text)

    # --- where ---------------------------------------------------------------------------------------

    def _begin(self, spot: Spot) -> int:
        """The first character of an entry: its key, its dash, or its value between brackets."""
        if spot.key is not None:
            return int(spot.key.start_mark.index)
        return self.nodes.start(spot.node) if spot.parent.flow_style else self.nodes.dash(spot)

    def _column(self, spot: Spot) -> int:
        if spot.key is not None:
            return self.nodes.column(int(spot.key.start_mark.index))
        return self.nodes.column(self.nodes.start(spot.node))

    # --- making it so --------------------------------------------------------------------------------

    def text(self) -> str:
        """The changed text. Errors: `StudyError` when it does not hold what was meant; then nothing is changed."""
        text, last = self.nodes.text, len(self.nodes.text) + 1
        for _order, splice in sorted(
            enumerate(self._splices), key=lambda one: (one[1].start, one[1].end, one[0]), reverse=True
        ):
            if splice.end > last:
                raise StudyError("two changes meet in the same place of the text", _BY_HAND)
            text = text[: splice.start] + splice.text + text[splice.end :]
            last = splice.start
        meant = self.meant
        for path, name in self._renamed:
            holder = cast("dict[str, Any]", _at(meant, path[:-1]))
            entries = [(name if key == path[-1] else key, inner) for key, inner in holder.items()]
            holder.clear()
            holder.update(entries)
        if not _same(plain(text), meant):
            raise StudyError("this place of the text is written in a way that is not edited here", _BY_HAND)
        return text


def plain(text: str) -> Any:
    """The plain values of a YAML text; numbers are exact."""
    return copy.deepcopy(parse_yaml(text, Located("study.yaml")).data)


def _with_comment(said: str, header: str) -> str:
    """A text's first line with the comment that stood on the first line before."""
    _style, mark, comment = header.partition("#")
    first, feed, rest = said.partition("\n")
    return f"{first} #{comment}{feed}{rest}" if mark else said


def _row(value: Any, column: int) -> str:
    if isinstance(value, Mapping) and value:
        entries = cast("Mapping[str, Any]", value)
        pad = " " * (column + 2)
        lines = [written.block(name, inner, column + 2) for name, inner in entries.items()]
        return "- " + f"\n{pad}".join(lines)
    return f"- {written.flow(value)}"


def _place_for(name: str, there: Sequence[str], order: Sequence[str]) -> int:
    """Behind which of the keys a new one belongs: the last of those that usually stand before it."""
    if name not in order:
        return len(there) - 1
    before = set(order[: order.index(name)])
    found = [number for number, key in enumerate(there) if key in before]
    return max(found) if found else (len(there) - 1 if not set(there) & set(order) else -1)


def _token(value: Any) -> str:
    return repr(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_sequence(node: Any) -> bool:
    return type(node).__name__ == "SequenceNode"


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _put(data: Any, path: Path, value: Any) -> None:
    holder = _at(data, path[:-1])
    if holder is None:
        raise StudyError(f"{_said(path[:-1])} is empty", _BY_HAND)
    holder[path[-1]] = copy.deepcopy(value)


def _same(one: Any, other: Any, *, ordered: bool = False) -> bool:
    """Equal values; 1 and true differ, and the blank end of a text does not count.

    `ordered`: the order of a mapping's keys counts too.
    """
    if isinstance(one, str) and isinstance(other, str):
        return one.rstrip(" \n") == other.rstrip(" \n")
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        ours, theirs = cast("Mapping[str, Any]", one), cast("Mapping[str, Any]", other)
        keys = list(ours) == list(theirs) if ordered else set(ours) == set(theirs)
        return keys and all(_same(inner, theirs[key], ordered=ordered) for key, inner in ours.items())
    if _is_list(one) and _is_list(other):
        return len(one) == len(other) and all(
            _same(*pair, ordered=ordered) for pair in zip(one, other, strict=True)
        )
    return isinstance(one, bool) is isinstance(other, bool) and one == other


def _said(path: Path) -> str:
    return ".".join(str(part) for part in path) or "the study"
