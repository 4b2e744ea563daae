"""Group commit: waiting writers share one transaction and one flush to disk.

Whoever finds nobody writing writes at once, without changing threads. Whoever comes meanwhile
queues; when the writer is done it hands the whole queue to the first in it. No thread of our own
and no timer. Where the group before was of several, those are about to come again with their next
entry: the writer gives them as long as a write takes, and not longer, so that they share a flush
rather than each second one being for the fastest of them alone. A lone writer never waits.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

MOST_AT_ONCE = 256
LONGEST_WAIT = (
    0.002  # seconds; a disk slower than that is shared well enough by those who queue during a flush
)

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
        self._last = 1  # how many the group before was of
        self._took = 0.0  # how long its write took, in seconds
        self._wanted = 0  # how long a queue the writer waits for; 0 when it waits for nobody
        self._enough = threading.Lock()
        self._enough.acquire()

    def submit(self, work: W) -> R:
        """Have the work written durably; returns its result or raises its error."""
        job: Job[W, R] = Job(work)
        with self._mutex:
            self._queue.append(job)
            lead = not self._busy
            self._busy = True
            if self._wanted and len(self._queue) >= self._wanted:
                self._wanted = 0
                self._enough.release()
        if not lead:
            job.turn.acquire()
        if not job.done:
            self._lead()
        if job.error is not None:
            raise job.error
        return job.result  # pyright: ignore[reportReturnType]

    def _lead(self) -> None:
        if self._last > 1:
            self._gather()
        with self._mutex:
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), MOST_AT_ONCE))]
        start = time.perf_counter()
        try:
            self._write(batch)
        except BaseException as error:  # every waiting thread must learn of it, then it goes on up
            for job in batch:
                job.error = job.error or error
            if not isinstance(error, Exception):
                raise
        finally:
            self._last, self._took = len(batch), time.perf_counter() - start
            with self._mutex:
                following = self._queue[0] if self._queue else None
                self._busy = following is not None
            for job in batch:
                job.done = True
                job.turn.release()
            if following is not None:
                following.turn.release()

    def _gather(self) -> None:
        """Wait for as many as came last time, at most as long as their write took."""
        with self._mutex:
            if len(self._queue) >= self._last:
                return
            self._wanted = self._last
        self._enough.acquire(timeout=min(self._took, LONGEST_WAIT))
        with self._mutex:
            if self._wanted:
                self._wanted = 0  # too few came in time
                return
        self._enough.acquire(blocking=False)
