"""Rehearsals of a draft from the desk: draft, log, snapshot, analysis and report in a process of their own.

Each has a folder of its own under `.rehearsals` in the draft's folder, with a copy of the study as it was, so that
editing goes on meanwhile. A rehearsal uses virtual participants only.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
import traceback
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from trialrun.app.builder.workshop import Workshop
from trialrun.app.language import gettext as _
from trialrun.app.language import marked
from trialrun.errors import UserError

FOLDER = ".rehearsals"
_ASKED, _STATUS, _HELD, _STUDY, _MADE = "asked.json", "status.json", "held", "study", "made"
_COPIED = ("study.yaml", "record.json", "consent", "rehearsal.yaml", "public.yaml")
MOST_SCREENED = 300
_starting = threading.Lock()
_REPORT = "report/report.html"
FILES = {
    "report.html": (_REPORT, "text/html; charset=utf-8"),
    "results.json": ("results.json", "application/json"),
    "study.html": ("study.html", "text/html; charset=utf-8"),
}
STEPS = (
    marked("Reading the registry record"),
    marked("Loading and checking the study"),
    marked("Rehearsing: screening, dosing, visits"),
    marked("Verifying the log"),
    marked("Cutting a snapshot"),
    marked("Deriving scores and analysing the registered outcomes"),
    marked("Writing the report"),
)


class RehearsalState(StrEnum):
    """How far a rehearsal is."""

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"  # the study or the analysis said why it cannot be done
    BROKEN = "broken"  # it ended without a word


@dataclass(frozen=True, slots=True)
class DeskRehearsal:
    """One rehearsal as its folder tells it.

    `step` is the last stage begun, `done` of `total` how far it is; `message` and `remedy` say why it was refused;
    `facts` are its numbers once it is done.
    """

    number: int
    folder: Path
    seed: int
    screened: int
    at: str
    state: RehearsalState
    step: str = ""
    done: int = 0
    total: int = 0
    message: str = ""
    remedy: str = ""
    facts: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def stage(self) -> int:
        """Which of the steps it is at, from 1."""
        return STEPS.index(self.step) + 1 if self.step in STEPS else 0


def rehearsals(work: Workshop) -> tuple[DeskRehearsal, ...]:
    """All rehearsals of a draft, the latest first."""
    places = (work.folder / FOLDER).glob(f"*/{_ASKED}")
    found = (_read(path.parent) for path in places)
    return tuple(sorted((one for one in found if one is not None), key=lambda one: -one.number))


def rehearsal(work: Workshop, number: int) -> DeskRehearsal | None:
    """One of them by its number."""
    place = work.folder / FOLDER / f"{number:04d}"
    return _read(place) if (place / _ASKED).is_file() else None


def start(work: Workshop, *, seed: int, screened: int, now: datetime) -> DeskRehearsal:
    """Begin a rehearsal of the draft as it is now.

    Errors: `UserError` while another one is going on, for numbers that cannot be, and for a draft without
    `rehearsal.yaml`.
    """
    if not 1 <= screened <= MOST_SCREENED:
        raise UserError(
            _("{} cannot be screened.").format(screened),
            _("Give a number from 1 to {}.").format(MOST_SCREENED),
        )
    if not 0 <= seed < 2**31:
        raise UserError(_("{} is no seed.").format(seed), _("Give a whole number from 0 on."))
    if not (work.folder / "rehearsal.yaml").is_file():
        raise UserError(
            _("The draft has no rehearsal.yaml, which says how virtual participants behave."),
            _("Draft the study anew, or write one; see the how-to guide on rehearsals."),
        )
    with _starting:  # of two asked for at once the second sees the first
        return _start(work, seed, screened, now)


def _start(work: Workshop, seed: int, screened: int, now: datetime) -> DeskRehearsal:
    known = rehearsals(work)
    if any(one.state is RehearsalState.RUNNING for one in known):
        raise UserError(_("A rehearsal of this draft is going on."), _("Wait until it has ended."))
    try:
        return _started(work, known[0].number + 1 if known else 1, {"seed": seed, "screened": screened}, now)
    except OSError as error:
        raise UserError(
            _("The rehearsal could not be begun: {}").format(error.strerror or type(error).__name__),
            _("Look at the space on the disk and at who may write into the draft's folder."),
        ) from None


def _started(work: Workshop, number: int, asked: dict[str, int], now: datetime) -> DeskRehearsal:
    place = _place(work, number)
    for name in _COPIED:
        source = work.folder / name
        if source.is_dir():
            shutil.copytree(source, place / _STUDY / name)
        elif source.is_file():
            shutil.copy2(source, place / _STUDY / name)
    _write(place / _ASKED, {**asked, "at": now.isoformat(timespec="seconds")})
    _begin(place)
    made = _read(place)
    if made is None:
        raise UserError(_("The rehearsal could not be begun."))
    return made


def file_of(one: DeskRehearsal, name: str) -> tuple[bytes, str] | None:
    """A file a finished rehearsal made, and its media type; `None` where there is none."""
    known = FILES.get(name)
    if known is None or one.state is not RehearsalState.DONE:
        return None
    path = one.folder / _MADE / known[0]
    return (path.read_bytes(), known[1]) if path.is_file() else None


def _place(work: Workshop, number: int) -> Path:
    """A folder for a new rehearsal; whoever comes second gets the next number."""
    while True:
        place = work.folder / FOLDER / f"{number:04d}"
        try:
            (place / _STUDY).mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return place


def _begin(place: Path) -> None:
    with (place / _HELD).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # The child keeps the lock for as long as it lives, whatever becomes of this process.
        process = subprocess.Popen(  # noqa: S603 - our own program with our own folder
            [sys.executable, "-m", "trialrun.app.desk_rehearsals", str(place)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=(lock.fileno(),), start_new_session=True,
        )  # fmt: skip
    threading.Thread(target=process.wait, name=f"rehearsal {place.name}", daemon=True).start()


def _read(place: Path) -> DeskRehearsal | None:
    asked, status = _json(place / _ASKED), _json(place / _STATUS)
    if not asked or not place.name.isdigit():
        return None
    state = RehearsalState.RUNNING
    if status.get("state") in ("done", "refused"):
        state = RehearsalState(status["state"])
    elif not _is_held(place):
        state = RehearsalState.BROKEN
    return DeskRehearsal(
        int(place.name), place, int(asked.get("seed", 0)), int(asked.get("screened", 0)), str(asked.get("at", "")),
        state, str(status.get("step", "")), int(status.get("done", 0)), int(status.get("total", 0)),
        str(status.get("message", "")), str(status.get("remedy", "")), dict(status.get("facts") or {}),
    )  # fmt: skip


def _is_held(place: Path) -> bool:
    with (place / _HELD).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _json(path: Path) -> dict[str, Any]:
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, value: object) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    os.replace(part, path)  # noqa: PTH105 - one call for both


# --- the process -----------------------------------------------------------------------------------


def work_on(place: Path) -> None:
    """Rehearse the copy of the study in a folder and make everything from it; whatever goes wrong stands there."""
    from trialrun.app.demo import run_demo

    asked = _json(place / _ASKED)
    status: dict[str, Any] = {}

    def tell(**more: Any) -> None:
        status.update(more)
        _write(place / _STATUS, status)

    def progress(_stage: str, done: int, total: int) -> None:
        tell(done=done, total=total)

    try:
        made = run_demo(
            place / _MADE, study_folder=place / _STUDY, seed=int(asked["seed"]), screened=int(asked["screened"]),
            stage=lambda step: tell(step=step, done=0, total=0), progress=progress,
        )  # fmt: skip
    except UserError as error:
        tell(state="refused", message=error.message, remedy=error.remedy)
        return
    one = made.rehearsal
    tell(
        state="done",
        facts={
            "screened": one.screened, "enrolled": one.enrolled, "first_day": one.first_day, "last_day": one.last_day,
            "entries": made.entries, "log_findings": made.log_findings, "queries": one.queries,
            "missed_visits": one.missed_visits, "adverse_events": one.adverse_events,
        },
    )  # fmt: skip


def main() -> int:
    """Rehearse in the folder named on the command line, which the desk made itself."""
    place = Path(sys.argv[1])
    try:
        work_on(place)
    except Exception:
        # Kept for whoever looks after the machine; the page says only that the program failed.
        (place / "fault.txt").write_text(traceback.format_exc(), encoding="utf-8")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
