"""Documents read and made ready: in this process for a few, in others beside it for many."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_all_start_methods, get_context, parent_process
from typing import Any

from trialrun.errors import RecordError
from trialrun.registry.read import LARGEST_PAGE, read_bytes
from trialrun.registry.store.json_stream import Unreadable, decoded, parsed
from trialrun.registry.store.prepare import Prepared, prepare
from trialrun.registry.store.sources import Piece, Reading
from trialrun.registry.write import document_of

_MANY = 16_000_000  # bytes of files from which on other processes are worth starting
_CHUNK = 1_000_000  # bytes handed over at once
_MOST_PIECES = 200
_MOST_PROCESSES = 6  # one writer cannot keep up with more


@dataclass(frozen=True, slots=True)
class Ready:
    """A record ready to be written, or why what stood there is none."""

    file: str
    place: str
    record: Prepared | None
    reason: str = ""


def prepared(reading: Reading, dictionary: bytes) -> Iterator[Ready]:
    """Every document of a reading made ready, in their order."""
    work = partial(_all_ready, dictionary=dictionary)
    chunks = _chunks(reading)
    if reading.bytes_total < _MANY:
        for chunk in chunks:
            yield from work(chunk)
        return
    # a fork of a process with threads may hang: the workers are made from a fresh one
    start = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
    processes = min(os.cpu_count() or 1, _MOST_PROCESSES)
    with ProcessPoolExecutor(processes, get_context(start), _undisturbed) as pool:
        yield from _beside(pool, work, chunks, processes)


def _beside(
    pool: ProcessPoolExecutor, work: partial[list[Ready]], chunks: Iterable[list[Piece]], processes: int
) -> Iterator[Ready]:
    """The chunks through the processes, so many ahead and no more; without them, here."""
    ahead: deque[tuple[list[Piece], Future[list[Ready]] | None]] = deque()
    broken = False
    for chunk in chunks:
        try:
            ahead.append((chunk, None if broken else pool.submit(work, chunk)))
        except BrokenProcessPool:
            broken = True
            ahead.append((chunk, None))
        while len(ahead) > 2 * processes:
            yield from _taken(*ahead.popleft(), work)
    while ahead:
        yield from _taken(*ahead.popleft(), work)


def _taken(chunk: list[Piece], future: Future[list[Ready]] | None, work: partial[list[Ready]]) -> list[Ready]:
    if future is not None:
        try:
            return future.result()
        except BrokenProcessPool:
            pass  # a worker was killed, or could not start: nothing is lost, it is only slower
    return work(chunk)


def _chunks(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    chunk: list[Piece] = []
    size = 0
    for piece in pieces:
        chunk.append(piece)
        size += len(piece.data)
        if size >= _CHUNK or len(chunk) >= _MOST_PIECES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _undisturbed() -> None:
    """The process that started the work decides when it ends, not the key pressed in its terminal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_importer, daemon=True).start()


def _end_with_the_importer() -> None:
    """A killed importer tells nobody: its processes watch for its end, and wait for work no longer."""
    importer = parent_process()
    if importer is not None:
        importer.join()
        os._exit(1)


def _all_ready(chunk: list[Piece], dictionary: bytes) -> list[Ready]:
    return [_ready(piece, dictionary) for piece in chunk]


def _ready(piece: Piece, dictionary: bytes) -> Ready:
    """One document read and made ready, or the reason why not."""
    if piece.reason:
        return Ready(piece.file, piece.place, None, piece.reason)
    place = piece.place
    try:
        value = _page(piece) if _may_be_page(piece) else parsed(decoded(piece.data))
        if not isinstance(value, dict):
            return Ready(piece.file, place, None, f"it is {str(value)[:40]!r}, not a study")
        # a line is compact already and is kept as it came
        return Ready(piece.file, place, prepare(value, dictionary, b"" if piece.name else piece.data))
    except Unreadable as error:
        return Ready(piece.file, place or error.place, None, error.reason)
    except RecordError as error:
        return Ready(piece.file, place, None, error.message)
    except (ValueError, RecursionError) as error:
        return Ready(piece.file, place, None, f"it is not JSON: {error}")


def _may_be_page(piece: Piece) -> bool:
    return bool(piece.name) and piece.data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (b"{", b"[", b"")


def _page(piece: Piece) -> dict[str, Any]:
    if len(piece.data) > LARGEST_PAGE:
        raise RecordError("it is neither JSON nor a page of a size a page has")
    return document_of(read_bytes(piece.data, piece.name)[0])
