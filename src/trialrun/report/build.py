"""Building the report: one page that needs nothing but itself."""

from __future__ import annotations

from pathlib import Path

from trialrun.analyse.result import Results
from trialrun.derive.dataset import Dataset, derive_dataset
from trialrun.errors import AnalysisError
from trialrun.report.content import Content, build_content
from trialrun.report.html import Banner, render_html
from trialrun.report.overview import banner_words
from trialrun.report.trace import Trace
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import Study


def build_report(
    snapshot: Snapshot,
    study: Study,
    results: Results,
    out: Path,
    *,
    data: Dataset | None = None,
    content: Content | None = None,
) -> Path:
    """Write the report as one HTML file (or `report.html` inside `out` when that is a folder).

    `data` and `content` are made here unless the caller has them already.
    The same snapshot, study and results give the same bytes. Nothing is fetched when it is opened.
    Errors: `AnalysisError` when the results are of another snapshot or lack a registered outcome.
    """
    if results.snapshot_hash != snapshot.manifest.hash or results.study_hash != study.hash:
        raise AnalysisError(
            "the results were computed from another snapshot or study definition than the one given",
            "analyse this snapshot again",
        )
    data = data or derive_dataset(snapshot, study)
    target = out / "report.html" if out.is_dir() else out
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render_report(data, results, content), encoding="utf-8")
    return target


def report_title(data: Dataset) -> str:
    """The title of the document, with what the snapshot is unless it is final."""
    purpose = data.snapshot.manifest.origin.purpose
    name = data.study.registry_id or data.study.id
    return f"{name}: report" + (f" ({purpose})" if purpose != "final" else "")


def render_report(data: Dataset, results: Results, content: Content | None = None) -> str:
    """The report's HTML."""
    content = content or build_content(data, results)
    return render_html(
        content.chapters,
        title=report_title(data),
        heading=data.study.title,
        banner=Banner(banner_words(data), calm=data.snapshot.manifest.origin.purpose == "final"),
        openings=content.openings,
        trace=Trace(data, content.openings),
    )
