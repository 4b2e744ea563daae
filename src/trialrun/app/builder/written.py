"""Values written as YAML, so that they read back as the same values."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from trialrun.study.text import Located, parse_yaml

WIDTH = 120
_SHORT = 100


def scalar(value: Any, *, style: str | None = None, flow: bool = False, indent: int = 0) -> str:
    """A single value as it stands behind `key: `.

    Args:
        value: text, number, true or false, or nothing.
        style: how it was written before: `'`, `"`, `|`, `>` or none for plain.
        flow: it stands between brackets, where it must be on one line.
        indent: the column of its key: further lines are indented by two more.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    if flow:
        return _flow_text(str(value), style)
    return _block_text(str(value), style, indent)


def flow(value: Any) -> str:
    """A value on one line, mappings and lists in brackets."""
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value)
        return "{" + ", ".join(f"{key(name)}: {flow(inner)}" for name, inner in entries.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(inner) for inner in cast("Sequence[Any]", value)) + "]"
    return scalar(value, flow=True)


def block(name: str, value: Any, indent: int) -> str:
    """`name: value` as lines from a column on, without the last line feed; the first line is not indented."""
    said = key(name)
    if isinstance(value, Mapping) and value:
        inner = _mapping(cast("Mapping[str, Any]", value), indent + 2)
        return f"{said}:\n{inner}"
    if isinstance(value, Mapping):
        return f"{said}: {{}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _listed(said, cast("Sequence[Any]", value), indent)
    return f"{said}: {scalar(value, style=_usual(value), indent=indent)}"


def _mapping(entries: Mapping[str, Any], indent: int) -> str:
    pad = " " * indent
    return "\n".join(pad + block(name, inner, indent) for name, inner in entries.items())


def _listed(said: str, entries: Sequence[Any], indent: int) -> str:
    if not any(isinstance(one, Mapping) for one in entries):
        return f"{said}: {wrapped([flow(one) for one in entries], indent + len(said) + 3)}"
    pad = " " * (indent + 2)
    rows: list[str] = []
    for one in entries:
        if isinstance(one, Mapping) and one:
            rows.append(f"{pad}- {_mapping(cast('Mapping[str, Any]', one), indent + 4).lstrip(' ')}")
        else:
            rows.append(f"{pad}- {flow(one)}")
    return f"{said}:\n" + "\n".join(rows)


def wrapped(parts: Sequence[str], column: int) -> str:
    """A list in brackets; lines longer than the page go on below its first entry."""
    text, line = "[", column
    for order, part in enumerate(parts):
        said = part + ("," if order < len(parts) - 1 else "]")
        if order and line + len(said) + 1 > WIDTH:
            text += "\n" + " " * column + said
            line = column + len(said)
        else:
            text += (" " if order else "") + said
            line += len(said) + (1 if order else 0)
    return text if parts else "[]"


def key(name: str) -> str:
    """A name as a key, in quotes where it would read as something else."""
    return _flow_text(name, None)


def _usual(value: Any) -> str | None:
    """How a text is written that was not there before: rules of several lines as a block, long words folded."""
    if not isinstance(value, str):
        return None
    if "\n" in value.strip("\n"):
        return "|"
    return ">" if len(value) > _SHORT and not value.startswith(" ") else None


def _flow_text(text: str, style: str | None) -> str:
    from ruamel.yaml.comments import CommentedSeq

    if not text.isprintable():
        return _escaped(text)
    holder: Any = CommentedSeq([_styled(text, style if style in ("'", '"') else None)])
    holder.fa.set_flow_style()
    said = _dumped(holder, 1_000_000).strip().removeprefix("[").removesuffix("]").strip()
    # The writer takes some texts for plain ones that its own reader does not (`? a` between brackets).
    return said if _reads_back(f"[{said}]", [text]) else _escaped(text)


def _reads_back(said: str, value: Any) -> bool:
    return parse_yaml(said, Located("")).data == value


def _block_text(text: str, style: str | None, indent: int) -> str:
    if style in ("|", ">") and not _fits_block(text, style):
        style = None
    if style is None and "\n" in text and _fits_block(text, "|"):
        style = "|"
    if style not in ("|", ">") and not text.isprintable():
        return _escaped(text)
    said = _dumped({"k": _styled(text, style)}, max(40, WIDTH - indent)).rstrip("\n")
    if style in ("|", ">") and text.endswith("\n\n"):
        said = _dumped({"k": _styled(text, style)}, max(40, WIDTH - indent))[:-1]
    first, *more = said.removeprefix("k:").lstrip(" ").split("\n")
    pad = " " * indent
    return "\n".join([first, *(pad + line if line.strip() else line for line in more)])


def _fits_block(text: str, style: str) -> bool:
    """Whether a text can stand as a block and read back the same."""
    lines = text.split("\n")
    odd = any(not line.isprintable() or line != line.rstrip() for line in lines)
    starts = any(line.startswith((" ", "\t")) for line in lines) if style == ">" else lines[0].startswith(" ")
    return bool(text.strip()) and not odd and not starts and "\ufeff" not in text


def _escaped(text: str) -> str:
    """In double quotes, everything that does not show as itself by its number."""
    parts: list[str] = []
    for letter in text:
        code = ord(letter)
        if letter in '"\\':
            parts.append(f"\\{letter}")
        elif letter == "\n":
            parts.append("\\n")
        elif letter.isprintable():
            parts.append(letter)
        else:
            parts.append(
                f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
            )
    return '"' + "".join(parts) + '"'


def _styled(text: str, style: str | None) -> Any:
    from ruamel.yaml import scalarstring

    kinds: dict[str, Any] = {
        "'": scalarstring.SingleQuotedScalarString,
        '"': scalarstring.DoubleQuotedScalarString,
        "|": scalarstring.LiteralScalarString,
        ">": scalarstring.FoldedScalarString,
    }
    return kinds[style](text) if style in kinds else text


def _dumped(value: Any, width: int) -> str:
    from ruamel.yaml import YAML

    writer: Any = YAML(typ="rt", pure=True)
    writer.width = width
    writer.allow_unicode = True
    stream = io.StringIO()
    writer.dump(value, stream)
    return stream.getvalue().removesuffix("...\n")
