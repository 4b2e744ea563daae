"""The folder of results beside the database: one folder a run, written once, each file with its SHA-256."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialrun.errors import UserError
from trialrun.values.finding import Finding, Severity

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

FOLDER_SETTING = "TRIALRUN_RESULTS"
ASKED, STATUS, FILES, FINDINGS, HELD = "run.json", "status.json", "files.json", "findings.json", "running"
SNAPSHOT = "snapshot"
_CHUNK = 1 << 20


class RunState(StrEnum):
    """How far a run is."""

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"  # the analysis said why it cannot be done
    BROKEN = "broken"  # it ended without a word: the program or the machine stopped


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, by whom, and when; written before the run begins and never changed.

    Args:
        stage: `interim` or `final`; what the database lock allowed.
        purpose: the snapshot's: `rehearsal`, `interim` or `final`.
        position: last log entry of the snapshot.
        arms: concealed arms were opened for it.
    """

    number: int
    stage: str
    purpose: str
    position: int
    arms: bool
    by: str
    role: str
    site: str
    at: str
    reason: str

    @property
    def id(self) -> str:
        """The run's name: its number, which tells nothing about what it found."""
        return f"{self.number:04d}"


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of a run: its SHA-256 and size in bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its folder tells it. `step` says what is being done; `message` and `remedy` why it was refused.

    `checksum` is the SHA-256 of the list of files, which the log holds.
    """

    asked: Asked
    folder: Path
    state: RunState
    step: str = ""
    message: str = ""
    remedy: str = ""
    checksum: str = ""
    files: Mapping[str, KeptFile] = field(default_factory=dict[str, KeptFile])
    findings: tuple[Finding, ...] = ()

    @property
    def id(self) -> str:
        """The run's name."""
        return self.asked.id


def results_folder(workspace: Workspace) -> Path:
    """Where results are kept: the folder of the setting `TRIALRUN_RESULTS`, else beside the SQLite file.

    Errors: `UserError` for a database on a server when no folder is set.
    """
    chosen = os.environ.get(FOLDER_SETTING, "")
    if chosen:
        return Path(chosen)
    url = workspace.store.backend.engine.url
    if not url.drivername.startswith("sqlite") or not url.database:
        raise UserError(
            "no folder is set for the results of analyses", "start the application with --results FOLDER"
        )
    return Path(f"{url.database}.results")


def runs(folder: Path) -> tuple[Run, ...]:
    """All runs in a folder, the newest first."""
    if not folder.is_dir():
        return ()
    found = [read_run(path.parent) for path in folder.glob(f"*/{ASKED}")]
    return tuple(sorted(found, key=lambda run: -run.asked.number))


def new_run(folder: Path, **asked: Any) -> Run:
    """Make the folder of a new run; its number follows the last one's. Two that ask at once get two numbers."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        taken = [int(path.name) for path in folder.iterdir() if path.name.isdigit()]
        request = Asked(number=max(taken, default=0) + 1, **asked)
        place = folder / request.id
        try:
            place.mkdir(mode=0o700)
        except FileExistsError:
            continue
        write_json(place / ASKED, asdict(request))
        return read_run(place)


def read_run(place: Path) -> Run:
    """A run from its folder."""
    asked = Asked(**json.loads((place / ASKED).read_text(encoding="utf-8")))
    status = _read(place / STATUS)
    listed = place / FILES
    found = {
        "step": str(status.get("step", "")),
        "message": str(status.get("message", "")),
        "remedy": str(status.get("remedy", "")),
        "findings": tuple(
            Finding(**{**one, "severity": Severity(one["severity"])}) for one in _read(place / FINDINGS, [])
        ),
    }
    if listed.is_file():
        text = listed.read_bytes()
        files = {one["name"]: KeptFile(**one) for one in json.loads(text)}
        checksum = hashlib.sha256(text).hexdigest()
        return Run(asked, place, RunState.DONE, files=files, checksum=checksum, **found)
    if status.get("refused"):
        return Run(asked, place, RunState.REFUSED, **found)
    return Run(asked, place, RunState.RUNNING if _is_held(place) else RunState.BROKEN, **found)


def _read(path: Path, default: Any = None) -> Any:
    if not path.is_file():
        return {} if default is None else default
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, value: object) -> None:
    """Write a small file whole: a reader sees the old one or the new one."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)


def list_files(place: Path, names: Mapping[str, Path]) -> None:
    """Write the list of a run's files with their hashes; with it the run is done."""
    kept = [
        asdict(KeptFile(name, checksum_of(path), path.stat().st_size)) for name, path in sorted(names.items())
    ]
    write_json(place / FILES, kept)


def checksum_of(path: Path) -> str:
    """SHA-256 of a file."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()


def read_file(run: Run, name: str) -> bytes:
    """A file of a run, checked against its hash.

    Errors: `UserError` when the run has no such file, or it is no longer the one that was recorded.
    """
    kept = run.files.get(name)
    if kept is None:
        raise UserError(f"run {run.id} has no file {name!r}", "choose one of those listed on its page")
    path = run.folder / name
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != kept.sha256:
        raise UserError(
            f"{name} of run {run.id} is not the file that was recorded (SHA-256 {kept.sha256[:12]})",
            "bring the folder of results back from its backup, or run the analysis again",
        )
    return content


# --- whether somebody is still at it --------------------------------------------------------------


@contextmanager
def held(place: Path, name: str = HELD) -> Iterator[int]:
    """Hold a lock file of a run; a child process that inherits the descriptor goes on holding it until it ends."""
    import fcntl

    descriptor = os.open(place / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _is_held(place: Path) -> bool:
    import fcntl

    if not (place / HELD).exists():
        return False
    descriptor = os.open(place / HELD, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
