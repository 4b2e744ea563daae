"""How long a time frame is at least, in days, where that can be told with certainty."""

from __future__ import annotations

import re

from trialrun.registry.lint_outcomes import frame_of

_DURATION = re.compile(
    r"P(?:(\d+(?:\.\d+)?)Y)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?"
)
_DAY = re.compile(r"D(\d{1,5})")
_DAYS = (365, 30, 7, 1)
_LONGEST = 120 * 365


def longest_days(text: str) -> int | None:
    """The last moment a time frame names, in days from its anchor; `None` where it names none for certain.

    A text of which words were not understood, an average ("an average of 1 year") and a time that counts from an
    event long before the trial (birth, a previous operation) give none.
    """
    if len(text) > 2000 or re.search(
        r"\b(?:average|birth|approx\w*|about|up to|max\w*)\b", text, re.IGNORECASE
    ):
        return None
    frame = frame_of(text)
    if frame.not_understood:
        return None
    moments = [*frame.points, *(frame.window or ())]
    lengths = [days for moment in moments if (days := _days(moment)) is not None]
    longest = max(lengths, default=0)
    return longest if 0 < longest <= _LONGEST else None


def _days(moment: str) -> int | None:
    day = _DAY.fullmatch(moment)
    if day is not None:
        return int(day.group(1))
    found = _DURATION.fullmatch(moment)
    if found is None or not any(found.groups()):
        return None
    return int(sum(float(part or 0) * days for part, days in zip(found.groups(), _DAYS, strict=True)))
