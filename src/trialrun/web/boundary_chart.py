"""The stopping boundary as a small picture: where the rule stops, and the trial's own path below it."""

from __future__ import annotations

from dataclasses import dataclass

from trialrun.app.monitoring import Monitoring

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 14, 44


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class BoundaryChart:
    """Coordinates in a box of `width` by `height`; `stop` are the cells that stop, `path` the trial's points."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    columns: tuple[Tick, ...]
    rows: tuple[Tick, ...]
    stop: str
    line: str
    points: tuple[tuple[float, float, bool], ...]


def boundary_chart(standing: Monitoring) -> BoundaryChart:
    """The chart of a trial's standing: participants with a known outcome across, deaths upwards."""
    most = len(standing.boundary)
    highest = max(
        [row.stops_at or 0 for row in standing.boundary] + [row.deaths or 0 for row in standing.boundary]
    ) + 1  # fmt: skip
    wide, high = (WIDTH - LEFT - RIGHT) / most, (HEIGHT - TOP - BOTTOM) / highest

    def x(n: float) -> float:
        return round(LEFT + n * wide, 1)

    def y(deaths: float) -> float:
        return round(HEIGHT - BOTTOM - deaths * high, 1)

    stop = " ".join(
        f"M{x(row.n - 1)} {y(highest)}H{x(row.n)}V{y(row.stops_at - 0.5)}H{x(row.n - 1)}Z"
        for row in standing.boundary
        if row.stops_at is not None
    )
    known = [(row.n, row.deaths, row.stops_at) for row in standing.boundary if row.deaths is not None]
    points = tuple(
        (x(n - 0.5), y(deaths), limit is not None and deaths >= limit) for n, deaths, limit in known
    )
    line = " ".join(f"{'L' if index else 'M'}{at} {up}" for index, (at, up, _hit) in enumerate(points))
    step = 1 if most <= 20 else 5
    return BoundaryChart(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        top=TOP,
        bottom=HEIGHT - BOTTOM,
        columns=tuple(Tick(x(n - 0.5), str(n)) for n in range(1, most + 1) if n % step == 0),
        rows=tuple(Tick(y(deaths), str(deaths)) for deaths in range(highest)),
        stop=stop,
        line=line,
        points=points,
    )
