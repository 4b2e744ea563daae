"""Score a file; say what a score is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trialrun.scores.files import FileSummary


def score_file(name: str, source: Path, out: Path, *, units: Mapping[str, str] | None = None) -> FileSummary:
    """Compute a score for every row of a file and write the file again with the score's columns.

    Errors: `ScoreError` for an unknown score, or a file that cannot be read at all.
    """
    from trialrun.scores.files import score_file as compute

    return compute(name, source, out, units=units)


def scores_text() -> str:
    """Every published score there is, one a line."""
    from trialrun.scores.describe import list_scores

    return list_scores()


def score_text(name: str) -> str:
    """One score: formula, bounds, inputs, source and a worked example.

    Errors: `ScoreError` for an unknown name.
    """
    from trialrun.scores.describe import show_score

    return show_score(name)
