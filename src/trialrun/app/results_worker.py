"""The process that cuts a snapshot and makes everything from it, beside the application and not in it.

It gets its task on standard input, keeps `status.json` of its run up to date, and writes the list of files last.
"""

from __future__ import annotations

import pickle
import sys
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from trialrun.app.results_folder import (
    FINDINGS,
    SNAPSHOT,
    STATUS,
    list_files,
    write_json,
)
from trialrun.errors import UserError

if TYPE_CHECKING:
    from trialrun.study.model import Study
    from trialrun.values.finding import Finding


@dataclass(frozen=True, slots=True)
class Task:
    """What the process is to do; `arms` (candidate number to arm) opens a concealed allocation.

    `purpose` is `interim` or `final`, or none for a rehearsal's log.
    """

    place: Path
    database: str
    study: Study
    position: int
    now: datetime
    purpose: str | None
    notes: tuple[str, ...]
    synthetic: bool
    arms: Mapping[str, str] | None


def work(task: Task) -> None:
    """Cut, analyse and write; whatever goes wrong stands in the run's folder, in words a reader can use."""

    def tell(step: str) -> None:
        write_json(task.place / STATUS, {"step": step})

    try:
        tell("snapshot")
        _cut(task)
        from trialrun.app.analyses import write_everything

        files, findings = write_everything(task.place / SNAPSHOT, task.study, task.place, tell)
        _write_findings(task.place, findings)
        tell("done")
        list_files(task.place, files)
    except UserError as error:
        write_json(task.place / STATUS, {"refused": True, "message": error.message, "remedy": error.remedy})


def _cut(task: Task) -> None:
    from trialrun.app.logs import STUDY_IN_SNAPSHOT
    from trialrun.app.studies import copy_study
    from trialrun.ledger.store import open_store
    from trialrun.snapshot.cut import cut

    store = open_store(task.database)
    try:
        cut(
            store, task.study, task.place / SNAPSHOT, now=task.now, position=task.position, purpose=task.purpose,
            notes=task.notes, synthetic=task.synthetic, arms=task.arms,
        )  # fmt: skip
    finally:
        store.close()
    if task.study.folder:
        copy_study(task.study, task.place / SNAPSHOT / STUDY_IN_SNAPSHOT)


def _write_findings(place: Path, findings: tuple[Finding, ...]) -> None:
    write_json(place / FINDINGS, [asdict(one) for one in findings])


def main() -> int:
    """Do the task on standard input, which the application wrote itself."""
    task: Task = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - our own parent process wrote it
    try:
        work(task)
    except Exception:
        # Kept for whoever looks after the machine; the page says only that the program failed.
        (task.place / "fault.txt").write_text(traceback.format_exc(), encoding="utf-8")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
