"""Open, check, draft and show a study."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from trialrun.errors import StudyError, UserError
from trialrun.study.model import Study
from trialrun.values.finding import Finding, Severity

STUDY_FILE = "study.yaml"


@dataclass(frozen=True, slots=True)
class CheckedStudy:
    """A study with everything found in it; `study` is `None` when it does not load."""

    study: Study | None
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """How many findings are of this severity."""
        return sum(finding.severity is severity for finding in self.findings)


def open_study(folder: Path) -> Study:
    """Load a study.

    Errors: `StudyError` listing everything that keeps it from loading, with file and line.
    """
    from trialrun.study.load import load_study

    return load_study(study_place(folder))


def check_study_folder(folder: Path) -> CheckedStudy:
    """Load a study and look for what does not fit together in it."""
    from trialrun.study.checks import check_study
    from trialrun.study.load import read_study

    study, findings = read_study(study_place(folder))
    found = list(findings)
    if study is not None:
        found += [finding for finding in check_study(study) if finding not in found]
        found += _public_words(study)
    return CheckedStudy(study, tuple(found))


def _public_words(study: Study) -> tuple[Finding, ...]:
    """What of the public page's words does not fit the study."""
    from trialrun.app.public_questions import FILE, public_words

    try:
        public_words(study)
    except StudyError as error:
        return (Finding(Severity.ERROR, "public-words", error.message, FILE, error.remedy),)
    return ()


def study_place(folder: Path) -> Path:
    """The folder of a study.

    Errors: `StudyError` when it is not there, or holds no study.
    """
    if folder.is_file() and folder.name == STUDY_FILE:
        return folder.parent
    if not folder.is_dir():
        raise StudyError(f"{folder} is not a folder", f"a study is a folder with a {STUDY_FILE} in it")
    if not (folder / STUDY_FILE).is_file():
        raise StudyError(
            f"{folder} holds no {STUDY_FILE}",
            "give a study's folder, or make one with trialrun draft RECORD -o DIR",
        )
    return folder


def copy_study(study: Study, target: Path) -> None:
    """Copy a study's own texts to another folder, so that a snapshot explains itself.

    Errors: `UserError` when the study was not loaded from a folder.
    """
    source = Path(study.folder)
    if not study.folder or not source.is_dir():
        raise UserError(f"study {study.id} was not loaded from a folder", "load it with open_study")
    target.mkdir(parents=True, exist_ok=True)
    for name in (STUDY_FILE, "record.json", "rehearsal.yaml"):
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    for path in sorted((source / "consent").glob("*")):
        (target / "consent").mkdir(exist_ok=True)
        shutil.copyfile(path, target / "consent" / path.name)
