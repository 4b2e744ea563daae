"""Clinical scores, each exactly as one source defines it.

`names()` lists them, `score(name)` describes one, `compute(name, table)` computes it on a table and
`trialrun.scores.<name>(...)` for one person. Results support, and never replace, clinical judgement:
this is not a medical device.
"""

from __future__ import annotations

from collections.abc import Callable

from trialrun.scores.frames import compute, one_person
from trialrun.scores.load import aliases, names, score
from trialrun.scores.rows import ScoreResult

__all__ = ["ScoreResult", "compute", "names", "score"]


def __getattr__(name: str) -> Callable[..., ScoreResult]:
    if name.startswith("_") or (name not in names() and name not in aliases()):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return one_person(name)


def __dir__() -> list[str]:
    return [*__all__, *names()]
