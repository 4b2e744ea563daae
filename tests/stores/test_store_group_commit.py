"""Many writers, one at a time: everybody gets the own result or error, and nobody waits for ever."""

from __future__ import annotations

import threading
import time

import pytest

from trialrun.ledger.store.group_commit import GroupCommit


def test_each_writer_gets_the_own_result_whatever_the_grouping():
    written: list[int] = []

    def write(jobs):
        time.sleep(0.0005)  # a flush, during which others queue
        for job in jobs:
            if job.work % 7 == 0:
                job.error = ValueError(job.work)
            else:
                job.result = -job.work
                written.append(job.work)

    group: GroupCommit[int, int] = GroupCommit(write)
    wrong: list[object] = []

    def writer(first, count):
        for work in range(first, first + count):
            try:
                if group.submit(work) != -work:
                    wrong.append(work)
            except ValueError as error:
                if error.args != (work,) or work % 7:
                    wrong.append(error)

    # Of unequal length, so that groups shrink and the last writer is alone.
    threads = [threading.Thread(target=writer, args=(1000 * n, 10 * n)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    assert wrong == []
    assert sorted(written) == [w for n in range(1, 9) for w in range(1000 * n, 1000 * n + 10 * n) if w % 7]


def test_a_failed_write_is_told_to_the_whole_group_and_stops_nobody():
    broken = threading.Event()

    def write(jobs):
        if broken.is_set():
            raise OSError("no disk")
        for job in jobs:
            job.result = job.work

    group: GroupCommit[str, str] = GroupCommit(write)
    broken.set()
    caught: list[BaseException] = []

    def writer():
        try:
            group.submit("x")
        except OSError as error:
            caught.append(error)

    threads = [threading.Thread(target=writer) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(caught) == 5
    with pytest.raises(OSError, match="no disk"):
        group.submit("x")
    broken.clear()
    assert group.submit("y") == "y"
