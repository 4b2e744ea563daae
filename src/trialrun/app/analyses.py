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


def analyse_snapshot(
    folder: Path, out: Path, *, study_folder: Path | None = None, study: Study | None = None
) -> tuple[Results, Study]:
    """Analyse the registered outcomes of a snapshot and write them as JSON; returns them and the study."""
    from trialrun.analyse.run import analyse

    snapshot, study = open_snapshot(folder, study_folder, study)
    results = analyse(snapshot, study)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(results.text(), encoding="utf-8")
    return results, study


def build_report(
    folder: Path,
    out: Path,
    *,
    study_folder: Path | None = None,
    study: Study | None = None,
    results: Results | None = None,
) -> Path:
    """Write the report of a snapshot; analyses it first unless results are given. Returns the page's path."""
    from trialrun.analyse.run import analyse
    from trialrun.report.build import build_report as build

    snapshot, study = open_snapshot(folder, study_folder, study)
    return build(snapshot, study, analyse(snapshot, study) if results is None else results, out)
