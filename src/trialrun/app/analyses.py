"""Analyse a snapshot, and write its report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trialrun.app.logs import STUDY_IN_SNAPSHOT
from trialrun.app.studies import open_study
from trialrun.errors import UserError
from trialrun.study.model import Study

if TYPE_CHECKING:
    from trialrun.analyse.result import Results
    from trialrun.derive.dataset import Dataset
    from trialrun.snapshot.read import Snapshot


def open_snapshot(
    folder: Path, study_folder: Path | None = None, study: Study | None = None
) -> tuple[Snapshot, Study]:
    """A snapshot, checked against its manifest, and the study it was cut under.

    The study is the copy inside the snapshot unless another folder, or a loaded study, is given; each must have
    the hash the manifest names.
    Errors: `UserError` when the snapshot is damaged, or no study fits it.
    """
    from trialrun.snapshot.read import read_snapshot

    if not folder.is_dir():
        raise UserError(
            f"{folder} is not a folder", "give a snapshot: the folder trialrun cut or import wrote"
        )
    snapshot = read_snapshot(folder)
    place = study_folder or folder / STUDY_IN_SNAPSHOT
    if study is None and study_folder is None and not place.is_dir():
        raise UserError(f"{folder} holds no copy of its study", "name the study's folder with --study")
    study = open_study(place) if study is None else study
    wanted = snapshot.manifest.origin.study_hash
    if study.hash != wanted:
        raise UserError(
            f"the study in {study.folder} is not the one the snapshot was cut under "
            f"(hash {study.hash[:12]}, the manifest says {wanted[:12]})",
            "give the study's folder as it was then with --study",
        )
    return snapshot, study


def derive_snapshot(folder: Path, study_folder: Path | None = None, study: Study | None = None) -> Dataset:
    """Everything derived from a snapshot: scores per visit, changes, populations."""
    from trialrun.derive.dataset import derive_dataset

    return derive_dataset(*open_snapshot(folder, study_folder, study))


def write_results(data: Dataset, out: Path) -> Results:
    """Analyse the registered outcomes and write them as JSON.

    Errors: `AnalysisError` naming the outcome that cannot be analysed, and why; `UserError` when `out` holds
    anything else.
    """
    from trialrun.analyse.run import analyse_dataset

    results = analyse_dataset(data)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = _beside(out)
    part.write_text(results.text(), encoding="utf-8")
    _put(part, out)
    return results


def write_report(data: Dataset, results: Results, out: Path) -> Path:
    """Write the report as one HTML page in the folder `out`; returns the page's path.

    Errors: `UserError` when the folder holds another report.
    """
    from trialrun.report.build import build_report as build

    out.mkdir(parents=True, exist_ok=True)
    target = out / "report.html"
    _put(build(data.snapshot, data.study, results, _beside(target), data=data), target)
    return target


def _beside(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def _put(part: Path, target: Path) -> None:
    """Give a complete file its name, unless something else has it: the same again is no loss."""
    if target.is_dir() or (target.exists() and target.read_bytes() != part.read_bytes()):
        part.unlink()
        raise UserError(
            f"{target} exists already and says something else",
            "choose another name with -o, or remove it; it is not overwritten",
        )
    part.replace(target)


def analyse_snapshot(folder: Path, out: Path, *, study_folder: Path | None = None) -> tuple[Results, Study]:
    """Analyse the registered outcomes of a snapshot and write them as JSON; returns them and the study."""
    data = derive_snapshot(folder, study_folder)
    return write_results(data, out), data.study


def build_report(folder: Path, out: Path, *, study_folder: Path | None = None) -> Path:
    """Analyse a snapshot and write its report; returns the page's path."""
    from trialrun.analyse.run import analyse_dataset

    data = derive_snapshot(folder, study_folder)
    return write_report(data, analyse_dataset(data), out)
