"""The statistical analysis plan of a study as a file."""

from __future__ import annotations

from pathlib import Path

from trialrun.app.studies import open_study
from trialrun.errors import UserError
from trialrun.study.model import Study


def analysis_plan_file(study: Study) -> tuple[bytes, str]:
    """The plan as PDF and its file name; nobody's data are in it."""
    from trialrun.report.plan_document import plan_pdf

    return plan_pdf(study), f"analysis-plan-{study.id}-{study.hash[:8]}.pdf"


def write_plan_file(study_folder: Path, out: Path) -> tuple[Study, int]:
    """Write the plan as a page or as PDF, by the file's ending; the study, and how many assumptions are still open.

    Errors: `UserError` for another ending or a folder that is not there; `StudyError` when the study does not load.
    """
    from trialrun.report.plan_document import plan_assumptions, plan_html, plan_pdf

    kind = out.suffix.lower()
    if kind not in {".html", ".pdf"}:
        raise UserError(f"{out.name} is neither .html nor .pdf", "name the file plan.html or plan.pdf")
    if not out.parent.is_dir():
        raise UserError(f"there is no folder {out.parent}", "make it, or name another")
    study = open_study(study_folder)
    made = plan_pdf(study) if kind == ".pdf" else plan_html(study).encode()
    try:
        out.write_bytes(made)
    except OSError as error:
        raise UserError(f"{out} cannot be written: {error.strerror}", "name another file") from error
    still = sum(study.assumptions[name].confirmed is None for name in plan_assumptions(study))
    return study, still
