"""Reading a study folder: `study.yaml`, `record.json` and `consent/`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from trialrun.errors import StudyError
from trialrun.study.build import build_study
from trialrun.study.consents import read_consents
from trialrun.study.content_hash import study_hash
from trialrun.study.model import Study
from trialrun.study.references import check_references
from trialrun.study.rules import check_rules, unknown_scores
from trialrun.study.text import Located, read_yaml
from trialrun.study.validate import validate
from trialrun.values.finding import Finding, Severity


def load_study(folder: Path) -> Study:
    """The study of a folder.

    Errors: `StudyError` that lists every problem with file, line, value, rule and remedy.
    """
    study, findings = read_study(folder)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if study is None or errors:
        count = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
        lines = "\n".join(f"  {finding}" for finding in errors)
        raise StudyError(f"{folder.name} does not load: {count}\n{lines}", "correct the lines named above")
    return study


def read_study(folder: Path) -> tuple[Study | None, list[Finding]]:
    """The study of a folder, or none, and every problem found on the way; raises nothing."""
    path = folder / "study.yaml"
    if not path.is_file():
        problem = f"{folder} has no study.yaml" if folder.is_dir() else f"there is no folder {folder}"
        return None, [Finding(Severity.ERROR, "no-study", problem, str(folder), "give the folder of a study")]
    located = read_yaml(path)
    record = _read_record(folder, located)
    consents = read_consents(folder, located)
    if any(finding.severity is Severity.ERROR and finding.code != "record" for finding in located.findings):
        return None, located.findings
    if not validate(located):
        return None, located.findings
    content = cast("dict[str, Any]", located.data)
    texts = [(f"{text.language}-{text.version}", text.hash) for text in consents]
    study = build_study(
        located,
        record=record,
        consents=consents,
        content_hash=study_hash(content, record, texts),
        folder=str(folder),
    )
    loose = check_references(study) + list(unknown_scores(study))
    located.findings.extend(loose or check_rules(study))
    # A name that leads nowhere would make every later look at the study stumble.
    return None if loose else study, located.findings


def _read_record(folder: Path, located: Located) -> dict[str, Any]:
    path = folder / "record.json"
    if not path.is_file():
        located.findings.append(
            Finding(
                Severity.WARNING,
                "no-record",
                "the folder has no record.json, so nothing can be compared with the registry",
                "record.json",
                "draft the study from its registry record",
            )
        )
        return {}
    try:
        record: Any = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        located.findings.append(
            Finding(
                Severity.ERROR, "record", f"record.json is not JSON: {error}", "record.json", "fetch it again"
            )
        )
        return {}
    if not isinstance(record, dict):
        located.findings.append(
            Finding(Severity.ERROR, "record", "record.json holds no object", "record.json", "fetch it again")
        )
        return {}
    return cast("dict[str, Any]", record)
