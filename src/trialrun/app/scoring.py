"""Score a file; say what a score is."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trialrun.app.text_table import TextTable, Unreadable, read_text_table
from trialrun.errors import UserError


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """What scoring a file gave: rows in, rows with a value, rows left unknown, rows not readable."""

    score: str
    rows: int
    computed: int
    unknown: int
    unreadable: tuple[Unreadable, ...]
    columns: tuple[str, ...]
    results: tuple[Mapping[str, Any], ...]


def score_names() -> tuple[tuple[str, str], ...]:
    """Every published score there is, with its label."""
    from trialrun import scores
    from trialrun.scores.load import score

    return tuple((name, score(name).label) for name in scores.names())
