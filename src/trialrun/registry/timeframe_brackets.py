"""What a bracket of a time frame adds: a remark, a tolerance, the same day said another way, or the time of the label before it."""

from __future__ import annotations

from trialrun.registry.timeframe_reading import Match, Reading, alike


def merge(read: Reading, inside: Reading, match: Match, end: int) -> None:
    """Add what was read inside a bracket to what was read before it."""
    words = read.original(match.end(), end - 1)
    read.tolerance = read.tolerance or inside.tolerance
    read.until = read.until or inside.until
    timed = bool(inside.points or inside.window or inside.repeat)
    near = read.near(match.start())
    if inside.anchor and not read.anchor and not (near and read.last == "baseline"):
        read.anchor = inside.anchor
    if not timed:
        _remark(read, inside, words, near=near)
    elif near and read.last == "baseline":
        read.remarks.append(words)
        read.day_zero |= "D0" in inside.points
    elif not (near and _same(read, inside)):
        _take(read, inside, end, near=near)
    else:
        read.remarks.append(words)
    if near:
        read.last_end = end


def _remark(read: Reading, inside: Reading, words: str, *, near: bool) -> None:
    if inside.baseline:
        if near and read.last_points and read.last_points[-1] in ("D0", "D1"):
            read.day_zero |= read.last_points[-1] == "D0"
            read.points.remove(read.last_points[-1])
        read.baseline = True
    elif any(char.isdigit() for char in words) and inside.not_understood():
        read.left += inside.left
        read.extra += inside.extra
    elif words and not inside.tolerance:
        read.remarks.append(words)


def _same(read: Reading, inside: Reading) -> bool:
    """Whether a bracket says the time before it again."""
    if inside.repeat or inside.extra:
        return False
    if read.last == "points" and inside.points and not inside.window:
        pairs = list(zip(read.last_points, inside.points, strict=False))
        return len(read.last_points) == len(inside.points) and all(alike(one, other) for one, other in pairs)
    if read.last == "window" and read.window:
        other = inside.window[1] if inside.window else inside.points[-1]
        if inside.window and inside.window[0] == "D0" and other[0] == "D":
            other = f"P{int(other[1:]) + 1}D"
        return alike(read.window[1], other)
    return False


def _take(read: Reading, inside: Reading, end: int, *, near: bool) -> None:
    single = inside.window or (len(inside.points) == 1 and inside.points[0])
    symbolic = (
        near
        and read.last == "points"
        and len(read.last_points) == 1
        and read.last_points[0].endswith(("-end", "-post"))
    )
    if read.pending and single and not read.window:
        if inside.window:
            read.widen(*inside.window, end)
        else:
            read.up_to(inside.points[0], end)
    elif symbolic and len(inside.points) == 1:
        read.points[read.points.index(read.last_points[0])] = inside.points[0]
    elif near and read.last == "window" and read.window and read.window[1].endswith("-end") and single:
        read.window = inside.window or ("P0D", inside.points[0])
    elif near and read.last in ("points", "window"):
        read.extra += [f"also {point}" for point in inside.points] + (
            [f"also {inside.window[0]}..{inside.window[1]}"] if inside.window else []
        )
        read.extra += [f"also {rule}" for rule in inside.repeat]
    else:
        _own(read, inside, end)
    read.left += inside.left
    read.extra += inside.extra


def _own(read: Reading, inside: Reading, end: int) -> None:
    read.baseline |= inside.baseline
    if inside.points:
        read.add(inside.points, end)
    if inside.window:
        read.widen(*inside.window, end)
    read.repeat += inside.repeat
    read.days_or_cycles |= inside.days_or_cycles
    read.events += inside.events
