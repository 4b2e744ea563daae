"""Records found in files of any of the usual kinds, one at a time, with what cannot be one beside them.

What a file is shows in its content, not its name: JSON, JSON Lines, an array, a page of the registry's API,
a saved registry page, any of them gzipped, or a zip of them. No more than one record is in memory at a time.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from trialrun.errors import RecordError
from trialrun.registry.store.json_stream import LARGEST_RECORD, JsonStream, Unreadable, values_of_list

_HEAD = 65_536
_LARGEST_GROWTH = 2_000_000_000  # bytes out of an archive's member that grew more than the factor below
_GROWTH = 400  # text of records shrinks to a fifth; nothing honest shrinks to a four-hundredth
_LINES = (".jsonl", ".ndjson", ".jsonlines", ".jl")
_PAGES = re.compile(rb'\s*\{\s*"(?:studies|totalCount|nextPageToken)"\s*:')
_SKIPPED = re.compile(r"(?:^|/)(?:__MACOSX/|\.)")
_SUFFIXES = (".json", *_LINES, ".gz", ".zip", ".html", ".htm", ".txt")


class Readable(Protocol):
    """Anything bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """One document of a file, not yet read; or, with a reason, something that cannot be one.

    Args:
        file, place: where it stood, in words for a person.
        data: its bytes.
        name: the file's name where the document is a whole file, which may be a saved page; empty for a part of one.
        reason: why it cannot be taken.
    """

    file: str
    place: str
    data: bytes = b""
    name: str = ""
    reason: str = ""


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The files named, folders replaced by what they hold that could be records.

    Errors: `RecordError` when one is not there, before anything is read.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(
                part for part in path.rglob("*") if part.is_file() and part.suffix.lower() in _SUFFIXES
            )
            if not inside:
                raise RecordError(f"{path}: the folder holds no file that could be a record")
            found += inside
        elif path.is_file():
            found.append(path)
        elif path.exists():
            raise RecordError(
                f"{path} is no file that can be read twice", "write its content to a file, and import that"
            )
        else:
            raise RecordError(f"{path}: there is no such file", "check the path")
    return found


class Reading:
    """The records of files, in their order; `files` how many, `bytes_read` how far it is, `file` where."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._paths = files
        self._before = 0
        self._open: IO[bytes] | None = None
        self.file = ""
        self.files = len(files)
        self.bytes_total = sum(map(_size, files))

    @property
    def bytes_read(self) -> int:
        """Bytes of the files given that were read so far."""
        return self._before + (self._open.tell() if self._open is not None and not self._open.closed else 0)

    def __iter__(self) -> Iterator[Piece]:
        for path in self._paths:
            self.file = path.name
            try:
                stream = path.open("rb")
            except OSError as error:  # one file nobody may read does not stop the others
                yield Piece(path.name, "", reason=f"it cannot be read: {(error.strerror or '').lower()}")
                continue
            with stream:
                self._open = stream
                yield from _safely(path.name, path.name, stream)
                self._open = None
            self._before += _size(path)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _safely(file: str, name: str, stream: IO[bytes]) -> Iterator[Piece]:
    """The records of one file or member; a damaged one ends with the reason."""
    try:
        yield from _items(file, name, stream)
    except Unreadable as error:
        yield Piece(file, error.place, reason=error.reason)
    except RecordError as error:
        yield Piece(file, "", reason=error.message)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        yield Piece(file, "", reason=f"it cannot be read: {error}")


def _items(file: str, name: str, stream: IO[bytes]) -> Iterator[Piece]:
    head = stream.read(4)
    stream.seek(0)
    if head[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=stream) as inner:
            yield from _content(file, name.lower().removesuffix(".gz"), _Guarded(inner, stream))
    elif head in (b"PK\x03\x04", b"PK\x05\x06"):
        yield from _members(file, stream)
    else:
        yield from _content(file, name.lower(), stream)


def _members(file: str, stream: IO[bytes]) -> Iterator[Piece]:
    with zipfile.ZipFile(stream) as archive:
        for member in archive.infolist():
            if member.is_dir() or _SKIPPED.search(member.filename):
                continue
            place = f"{file}: {member.filename[:200]}"
            yield from _safely_member(place, member, archive)


def _safely_member(place: str, member: zipfile.ZipInfo, archive: zipfile.ZipFile) -> Iterator[Piece]:
    if member.file_size > _LARGEST_GROWTH and member.file_size > _GROWTH * max(1, member.compress_size):
        yield Piece(
            place, "", reason="it would grow to more than any file of records does; it was not unpacked"
        )
        return
    try:
        with archive.open(member) as inner:
            start = inner.read(4)
            packed = start[:2] == b"\x1f\x8b"
            if start in (b"PK\x03\x04", b"PK\x05\x06"):
                yield Piece(place, "", reason="it is an archive within an archive; unpack it first")
                return
        with archive.open(member) as inner:
            if packed:
                with gzip.GzipFile(fileobj=inner) as unpacked:
                    yield from _safely_content(place, member.filename.removesuffix(".gz"), _Guarded(unpacked))
            else:
                yield from _safely_content(place, member.filename, inner)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        yield Piece(place, "", reason=f"it cannot be unpacked: {error}")


def _safely_content(place: str, name: str, stream: Readable) -> Iterator[Piece]:
    try:
        yield from _content(place, name.lower(), stream)
    except Unreadable as error:
        yield Piece(place, error.place, reason=error.reason)
    except RecordError as error:
        yield Piece(place, "", reason=error.message)


def _content(file: str, name: str, stream: Readable) -> Iterator[Piece]:
    """The records of plain content: by how it begins, a list, lines, one document or a saved page."""
    buffered = io.BufferedReader(_Raw(stream), _HEAD)
    head = buffered.peek(_HEAD)[:_HEAD]
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise RecordError("it is empty" if len(head) < _HEAD else "it begins with nothing but blanks")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield _single(file, "", buffered.read(LARGEST_RECORD + 1), name)
    elif text[:1] == b"[":
        yield from _listed(file, values_of_list(JsonStream(buffered), ""))
    elif _PAGES.match(text):
        yield from _listed(file, values_of_list(JsonStream(buffered), "studies"))
    elif text[:1] == b"{" and (name.endswith(_LINES) or _by_lines(text)):
        yield from _lines(file, buffered)
    elif text[:1] == b"{" or not name.endswith(_LINES):
        yield _single(file, "", buffered.read(LARGEST_RECORD + 1), name)
    else:
        yield from _lines(file, buffered)


def _by_lines(text: bytes) -> bool:
    """Whether every line is a document of its own: the first is complete, or the second begins another."""
    first, line_end, rest = text.partition(b"\n")
    rest = rest.lstrip(b"\r\n")
    return bool(line_end and rest) and (first.rstrip().endswith(b"}") or rest[:1] == b"{")


def _lines(file: str, stream: io.BufferedReader[_Raw]) -> Iterator[Piece]:
    number = 0
    while line := stream.readline(LARGEST_RECORD + 1):
        number += 1
        if len(line) > LARGEST_RECORD:
            yield Piece(file, f"line {number}", reason=f"it has more than {LARGEST_RECORD:,} bytes")
            while line and not line.endswith(b"\n"):
                line = stream.readline(LARGEST_RECORD)
        elif line.strip():
            yield _single(file, f"line {number}", line.removeprefix(b"\xef\xbb\xbf").strip())


def _listed(file: str, values: Iterator[str]) -> Iterator[Piece]:
    for number, text in enumerate(values, start=1):
        yield Piece(file, f"entry {number}", text.encode())


def _single(file: str, place: str, data: bytes, name: str = "") -> Piece:
    if len(data) > LARGEST_RECORD:
        return Piece(file, place, reason=f"it has more than {LARGEST_RECORD:,} bytes")
    return Piece(file, place, data, name)


class _Raw(io.RawIOBase):
    """Any stream of bytes as one that can be buffered and looked ahead in."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Guarded:
    """Unpacked content that refuses to grow without end."""

    def __init__(self, stream: Readable, packed: IO[bytes] | None = None) -> None:
        self._stream = stream
        self._packed = packed
        self._out = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self._out += len(data)
        packed = self._packed.tell() if self._packed is not None else 0
        if self._out > _LARGEST_GROWTH and self._out > _GROWTH * packed:
            raise RecordError("it grows to more than any file of records does; the rest was not unpacked")
        return data
