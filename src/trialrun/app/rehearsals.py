"""Rehearse a study with virtual participants."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from trialrun.app.studies import open_study
from trialrun.errors import UserError
from trialrun.study.model import Study

if TYPE_CHECKING:
    from trialrun.simulate.rehearse import RehearsalSummary

Progress = Callable[[str, int, int], None]
SUMMARY = "rehearsal.json"
MOST_SCREENED = 2000


def rehearse_study(
    study_folder: Path,
    out: Path,
    *,
    seed: int,
    screened: int,
    scenario: str = "",
    database: str = "",
    progress: Progress | None = None,
) -> RehearsalSummary:
    """Rehearse a study into a new log in `out`, or in the empty database at the URL `database`, and sum it up in `out`.

    Errors: `UserError` when the study does not load, says nothing about rehearsing, or `out` holds a log already.
    """
    return rehearse_open_study(
        open_study(study_folder),
        out,
        seed=seed,
        screened=screened,
        scenario=scenario,
        database=database,
        progress=progress,
    )


def rehearse_open_study(
    study: Study,
    out: Path,
    *,
    seed: int,
    screened: int,
    scenario: str = "",
    database: str = "",
    progress: Progress | None = None,
) -> RehearsalSummary:
    """Rehearse a study that is loaded already."""
    from trialrun.simulate.rehearse import rehearse

    if not 1 <= screened <= MOST_SCREENED:
        raise UserError(f"{screened} cannot be screened", f"give a number from 1 to {MOST_SCREENED}")
    if seed < 0:
        raise UserError(f"the seed {seed} is negative", "give a whole number from 0 on")
    if (out / SUMMARY).exists():
        raise UserError(
            f"{out} holds a rehearsal already", "choose another folder: rehearsals are not mixed or replaced"
        )
    summary = rehearse(
        study, out, seed=seed, screened=screened, scenario=scenario, database=database, progress=progress
    )
    # A URL may hold a password: the summary names the database, never how to get in.
    kept = asdict(summary) | {"database": summary.database.rsplit("/", 1)[-1].split("?")[0]}
    (out / SUMMARY).write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return summary
