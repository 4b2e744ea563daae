"""A study's log: cut a snapshot from it, export it, verify it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from trialrun.app.studies import copy_study
from trialrun.errors import UserError
from trialrun.snapshot.manifest import Manifest
from trialrun.study.model import Study
from trialrun.values.finding import Finding

STUDY_IN_SNAPSHOT = "study"


def database_url(database: str) -> str:
    """A database as a URL: a path to an SQLite file counts as one.

    Errors: `UserError` when the path does not exist, so that a typing error makes no empty log.
    """
    if "://" in database:
        if database.startswith("sqlite:///"):
            _existing(Path(database.removeprefix("sqlite:///")))
        return database
    return f"sqlite:///{_existing(Path(database))}"


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UserError(
            f"{path} is a folder" if path.is_dir() else f"{path} does not exist",
            "give the log's file, or a URL such as postgresql://host/name",
        )
    return path


@contextmanager
def open_log(database: str) -> Iterator[Any]:
    """The store behind a path or URL, closed again afterwards."""
    from trialrun.ledger.store import open_store

    store = open_store(database_url(database))
    try:
        yield store
    finally:
        close = getattr(store, "close", None)
        if close is not None:
            close()


def cut_snapshot(
    study: Study,
    database: str,
    folder: Path,
    *,
    now: datetime,
    purpose: str | None = None,
    synthetic: bool = False,
    seed: int | None = None,
    notes: tuple[str, ...] = (),
    arms: Path | None = None,
) -> Manifest:
    """Cut a snapshot of a study's log into a folder, with a copy of the study's own texts.

    `arms`: the file of arms of a masked study, as the allocation page gives it after database lock.
    Errors: `UserError` when the folder is not empty, the log is of another study or absent, or the file does
    not fit the study.
    """
    from trialrun.snapshot.cut import cut

    opened = read_arms(arms, study) if arms is not None else None
    with open_log(database) as store:
        store.seal(now=now)  # binds what the snapshot rests on
        manifest = cut(
            store,
            study,
            folder,
            now=now,
            purpose=purpose,
            synthetic=synthetic,
            seed=seed,
            notes=notes,
            arms=opened,
        )
    copy_study(study, folder / STUDY_IN_SNAPSHOT)
    return manifest


def read_arms(path: Path, study: Study) -> dict[str, str]:
    """Candidate number to arm, from a CSV file with the columns `participant` and `arm`.

    Errors: `UserError` naming the line whose arm the study does not have.
    """
    import csv

    found: dict[str, str] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            key, arm = (row.get("participant") or "").strip(), (row.get("arm") or "").strip()
            if not key or arm not in study.arms:
                raise UserError(
                    f"{path}:{number}: participant {key!r} with arm {arm!r} is not of this study",
                    f"give the file of the allocation page; the arms are {', '.join(study.arms)}",
                )
            found[key] = arm
    return found


@dataclass(frozen=True, slots=True)
class Verified:
    """What verifying a log or an export looked at, and everything found.

    `anchor`: position and running hash at its end. Kept elsewhere and given along the next time, it proves that
    nothing up to there was cut off or rewritten.
    """

    what: str
    entries: int
    findings: tuple[Finding, ...]
    anchor: str


def verify_log(database: str, *, anchor: str = "") -> Verified:
    """Check a log's chain, seals and projections, or an exported log's chain and seals."""
    path = Path(database)
    if "://" not in database and path.is_file() and not _is_sqlite(path):
        return _verify_export(path, anchor)
    from trialrun.ledger.verify import verify

    with open_log(database) as store:
        findings = tuple(verify(store, anchor=anchor))
        position, link = store.position()
        return Verified("log", sum(1 for _ in store.raw()), findings, f"{position}:{link}")


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\x00"


def _verify_export(path: Path, anchor: str) -> Verified:
    from trialrun.ledger.export import read_header, read_lines
    from trialrun.ledger.verify import verify_export

    findings = tuple(verify_export(path, anchor=anchor))
    header = read_header(path)
    return Verified(
        "exported log", sum(1 for _ in read_lines(path)), findings, f"{header['position']}:{header['link']}"
    )


def export_log(database: str, path: Path) -> int:
    """Write the whole log to a plain file; returns its number of entries.

    Errors: `UserError` when the file exists already: an export is never overwritten.
    """
    if path.exists():
        raise UserError(f"{path} exists already", "choose another name; an export is never overwritten")
    with open_log(database) as store:
        path.parent.mkdir(parents=True, exist_ok=True)
        store.export(path)
        return sum(1 for _ in store.raw())
