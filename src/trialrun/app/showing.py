"""A study in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trialrun.app.studies import open_study
from trialrun.study.describe import show


def study_text(study_folder: Path, parts: Sequence[str] = (), *, width: int = 80) -> str:
    """The study as text for a terminal, all of it or the parts named.

    Errors: `StudyError` when the study does not load.
    """
    study = open_study(study_folder)
    return show(study, parts, width=width) if parts else show(study, width=width)
