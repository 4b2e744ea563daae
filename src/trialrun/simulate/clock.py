"""The calendar of a rehearsal: simulated time, moved on by whoever acts next."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

Steps = Generator[datetime, None, None]


@dataclass
class SimulatedClock:
    """The time everybody in a rehearsal sees; it never goes back, and moves a second per look.

    Call it for the time now.
    """

    at: datetime

    def __call__(self) -> datetime:
        """The time now; the next look is a second later, so that no two log entries share one."""
        self.at += timedelta(seconds=1)
        return self.at

    def move_to(self, at: datetime) -> None:
        """Go on to a later time; an earlier one leaves the clock where it is."""
        self.at = max(self.at, at)


def at_hour(day: date, hour: float) -> datetime:
    """A day and an hour of it as UTC time."""
    return datetime.combine(day, time(0), UTC) + timedelta(hours=hour)


@dataclass
class Calendar:
    """Interleaves many people's steps in the order of their times, as a site's day does."""

    clock: SimulatedClock
    _waiting: list[tuple[datetime, int, Steps]] = field(default_factory=list[tuple[datetime, int, Steps]])
    _count: int = 0

    def add(self, steps: Steps) -> None:
        """Take on somebody's steps: a generator that yields when it wants to act next."""
        self._schedule(steps)

    def run(self) -> Iterator[datetime]:
        """Let everybody act until nobody has anything left to do; yields the time of each act."""
        while self._waiting:
            at, _, steps = heapq.heappop(self._waiting)
            self.clock.move_to(at)
            yield at
            self._schedule(steps)

    def _schedule(self, steps: Steps) -> None:
        at = next(steps, None)
        if at is not None:
            self._count += 1
            heapq.heappush(self._waiting, (at, self._count, steps))
