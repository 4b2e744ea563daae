"""The main job in one go: record, study, rehearsal, snapshot, analysis, report."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from trialrun.app.analyses import derive_snapshot, write_report, write_results
from trialrun.app.logs import cut_snapshot, verify_log
from trialrun.app.rehearsals import rehearse_open_study
from trialrun.app.studies import CheckedStudy, check_study_folder, study_place
from trialrun.app.study_page import write_study_page
from trialrun.errors import StudyError, UserError
from trialrun.study.model import Study
from trialrun.values.finding import Severity

if TYPE_CHECKING:
    from trialrun.analyse.result import Results
    from trialrun.simulate.rehearse import RehearsalSummary

EXAMPLE = Path("examples") / "nct05871463"
MARK = ".trialrun-demo"
_OURS = ("ledger", "snapshot", "report", "results.json", "study.html", MARK)


@dataclass(frozen=True, slots=True)
class DemoOutcome:
    """What the demo did and where everything lies."""

    title: str
    registry_id: str
    checked: CheckedStudy
    study: Study
    rehearsal: RehearsalSummary
    entries: int
    log_findings: int
    results: Results
    report: Path
    study_page: Path


Stage = Callable[[str], None]
Progress = Callable[[str, int, int], None]


def find_example() -> Path:
    """The example study: in the working folder, or in the clone this program runs from.

    Errors: `StudyError` when it is in neither.
    """
    for root in (Path.cwd(), Path(__file__).resolve().parents[3]):
        if (root / EXAMPLE / "study.yaml").is_file():
            return root / EXAMPLE
    raise StudyError(
        f"{EXAMPLE} is not here", "run the demo in a clone of the repository, or name a study with --study"
    )


def run_demo(
    out: Path,
    *,
    study_folder: Path | None = None,
    seed: int,
    screened: int,
    stage: Stage,
    progress: Progress | None = None,
) -> DemoOutcome:
    """Run a study from its registry record to its report with virtual participants.

    The same seed gives the same results and the same report, byte for byte.
    Errors: `UserError` when `out` holds something else, the study does not load, or an outcome cannot be analysed.
    """
    from trialrun.registry.read import read_record

    folder = find_example() if study_folder is None else study_place(study_folder)
    _clear(out)
    stage("Reading the registry record")
    record, _ = read_record(folder / "record.json")
    stage("Loading and checking the study")
    checked = check_study_folder(folder)
    if checked.study is None or checked.count(Severity.ERROR):
        raise StudyError(f"{folder} has errors", f"see them with trialrun check {folder}")
    stage("Rehearsing: screening, dosing, visits")
    study = checked.study
    rehearsal = rehearse_open_study(study, out / "ledger", seed=seed, screened=screened, progress=progress)
    stage("Verifying the log")
    verified = verify_log(rehearsal.database)
    stage("Cutting a snapshot")
    now = datetime.fromisoformat(rehearsal.last_moment)
    note = f"Virtual participants, scenario {rehearsal.scenario}: {rehearsal.scenario_label}."
    cut_snapshot(
        study, rehearsal.database, out / "snapshot", now=now, synthetic=True, seed=seed, notes=(note,)
    )
    stage("Deriving scores and analysing the registered outcomes")
    data = derive_snapshot(out / "snapshot", study=study)
    results = write_results(data, out / "results.json")
    stage("Writing the report")
    report = write_report(data, results, out / "report")
    page = write_study_page(study, out / "study.html")
    return DemoOutcome(
        title=record.brief_title,
        registry_id=record.registry_id,
        checked=checked,
        study=study,
        rehearsal=rehearsal,
        entries=verified.entries,
        log_findings=len(verified.findings),
        results=results,
        report=report,
        study_page=page,
    )


def _clear(out: Path) -> None:
    """Make room: an earlier demo is replaced, anything else is left alone."""
    if out.is_dir() and any(out.iterdir()):
        strange = sorted(path.name for path in out.iterdir() if path.name not in _OURS)
        if strange or not (out / MARK).is_file():
            raise UserError(
                f"{out} holds something else ({', '.join(strange[:3]) or 'an unfinished folder'})",
                "choose a new folder with --out; only an earlier demo is replaced",
            )
        for name in _OURS:
            path = out / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    elif out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file", "choose a new folder with --out")
    out.mkdir(parents=True, exist_ok=True)
    (out / MARK).write_text("Made by trialrun demo; replaced by the next one.\n", encoding="utf-8")
