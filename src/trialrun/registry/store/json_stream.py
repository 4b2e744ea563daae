"""JSON read value by value out of a stream of any length."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

LARGEST_RECORD = 64_000_000  # bytes; the largest records of the registry have some 20 million
_CHUNK = 1_048_576
_DEEPEST = 200
_BLANK = re.compile(r"[ \t\r\n]*")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))


class Unreadable(Exception):  # noqa: N818 - not raised to anybody: it ends the reading of one file
    """A place in a stream from which on it cannot be read, and why."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(reason)
        self.place = place
        self.reason = reason


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a value JSON has")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def decoded(data: bytes) -> str:
    """The text of a document's bytes.

    Errors: `Unreadable` when they are no text.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable("", f"it is not text: byte {error.start} cannot be read as {encoding[:6]}") from None


def parsed(text: str) -> Any:
    """One JSON value.

    Errors: `Unreadable` when the text is cut short, is not JSON, or is nested deeper than any record.
    """
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        short = error.pos >= len(text.rstrip()) or "Unterminated" in error.msg
        raise Unreadable(where, f"it ends too early: {error.msg}" if short else f"it is not JSON: {error.msg}") from None  # fmt: skip
    except (RecursionError, ValueError) as error:
        raise Unreadable("", _refused(error)) from None
    if too_deep(text, value):
        raise Unreadable("", f"it is nested deeper than {_DEEPEST} levels, which no record is")
    return value


def too_deep(text: str, value: Any) -> bool:
    """Whether a value has more levels than any record: by its brackets alone where they pair up."""
    brackets = text.encode("utf-8", "replace").translate(None, _NOT_BRACKETS)
    for _ in range(_DEEPEST):
        fewer = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if not fewer:
            return False
        if len(fewer) == len(brackets):
            break
        brackets = fewer
    return _depth(value) > _DEEPEST  # a bracket stood in a text: count the levels themselves


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level and deepest <= _DEEPEST:
        deepest += 1
        level = [
            inner
            for part in level
            if isinstance(part, Mapping | list)
            for inner in (part.values() if isinstance(part, Mapping) else part)
        ]
    return deepest


def _refused(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else f"it is not JSON: {error}"


class JsonStream:
    """A stream of JSON text of which a window is held; values are taken from its front."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._window = ""
        self._at = 0
        self._passed = 0  # characters before the window
        self._passed_text = ""
        self._ended = False

    @property
    def place(self) -> str:
        """Where the next value begins, for a person."""
        return f"character {self._passed + self._at + 1}"

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            match = _BLANK.match(self._window, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._window) or not self._more(_CHUNK):
                return self._window[self._at : self._at + 1]

    def skip(self, expected: str) -> None:
        """Pass over a character of the notation.

        Errors: `Unreadable` when another stands there.
        """
        found = self.peek()
        if found != expected:
            what = f"{found!r} stands where {expected!r} should" if found else f"it ends before {expected!r}"
            raise Unreadable(self.place, f"it is not JSON: {what}; what follows was not read")
        self._at += 1

    def value(self) -> Any:
        """The next value, whole.

        Errors: `Unreadable` when there is none, or one too large or too deep.
        """
        self.peek()
        wanted = _CHUNK
        while True:
            try:
                value, end = _DECODER.raw_decode(self._window, self._at)
            except json.JSONDecodeError as error:
                held = len(self._window) - self._at
                if self._ended or held > LARGEST_RECORD:
                    what = "it ends too early" if self._ended else "it is too large, or not JSON"
                    raise Unreadable(self.place, f"{what}: {error.msg}; what follows was not read") from None
                # a value cut by the window's end reads like a mistake: read on until it is whole
                self._more(max(wanted, held))
                continue
            except (RecursionError, ValueError) as error:
                raise Unreadable(self.place, f"{_refused(error)}; what follows was not read") from None
            if end == len(self._window) and self._more(wanted):
                continue  # a number may go on
            self._passed_text, self._at = self._window[self._at : end], end
            return value

    def text(self) -> str:
        """The next value's own text, whole.

        Errors: `Unreadable` as for `value`.
        """
        self.value()
        return self._passed_text

    def _more(self, size: int) -> bool:
        """Read on; what was passed over is let go."""
        if self._ended:
            return False
        data = self._stream.read(size)
        try:
            text = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise Unreadable(
                self.place, f"it is not text: {error.reason}; what follows was not read"
            ) from None
        self._ended = not data
        self._passed += self._at
        self._window = self._window[self._at :] + text
        self._at = 0
        return bool(data)


def values_of_list(stream: JsonStream, key: str) -> Iterator[str]:
    """The texts of the values of a top-level list, or of the list under a key of a top-level object, one at a time.

    Errors: `Unreadable` from the first place that is not JSON; what stood before was given.
    """
    if not key:
        yield from _values(stream)
        return
    stream.skip("{")
    while stream.peek() not in ("}", ""):
        name = stream.value()
        stream.skip(":")
        if name == key and stream.peek() == "[":
            yield from _values(stream)
        else:
            stream.value()
        if stream.peek() == ",":
            stream.skip(",")
    stream.skip("}")


def _values(stream: JsonStream) -> Iterator[str]:
    stream.skip("[")
    while stream.peek() != "]":
        yield stream.text()
        if stream.peek() != "]":
            stream.skip(",")
    stream.skip("]")
