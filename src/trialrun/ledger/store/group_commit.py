"""Group commit: waiting writers share one transaction and one flush to disk.

Whoever finds nobody writing writes at once, without changing threads. Whoever comes meanwhile
queues; when the writer is done it hands the whole queue to the first in it. No thread of our own,
no timer, no added wait for a single writer.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

MOST_AT_ONCE = 256

W = TypeVar("W")
R = TypeVar("R")


class Job(Generic[W, R]):
    """One writer's work and, once written, its result or its error."""

    __slots__ = ("done", "error", "result", "turn", "work")

    def __init__(self, work: W) -> None:
        self.work = work
        self.result: R | None = None
        self.error: BaseException | None = None
        self.done = False
        self.turn = threading.Lock()
        self.turn.acquire()


class GroupCommit(Generic[W, R]):
    """Runs `write` over the jobs of all threads that wait, one group at a time."""

    def __init__(self, write: Callable[[Sequence[Job[W, R]]], None]) -> None:
        self._write = write
        self._mutex = threading.Lock()
        self._queue: deque[Job[W, R]] = deque()
        self._busy = False

    def submit(self, work: W) -> R:
        """Have the work written durably; returns its result or raises its error."""
        job: Job[W, R] = Job(work)
        with self._mutex:
            self._queue.append(job)
            lead = not self._busy
            self._busy = True
        if not lead:
            job.turn.acquire()
        if not job.done:
            self._lead()
        if job.error is not None:
            raise job.error
        return job.result  # pyright: ignore[reportReturnType]

    def _lead(self) -> None:
        with self._mutex:
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), MOST_AT_ONCE))]
        try:
            self._write(batch)
        except BaseException as error:  # every waiting thread must learn of it, then it goes on up
            for job in batch:
                job.error = job.error or error
            if not isinstance(error, Exception):
                raise
        finally:
            with self._mutex:
                following = self._queue[0] if self._queue else None
                self._busy = following is not None
            for job in batch:
                job.done = True
                job.turn.release()
            if following is not None:
                following.turn.release()
