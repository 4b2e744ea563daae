"""The report as chapters, built once: HTML, PDF and RTF lay out the same."""

from __future__ import annotations

from dataclasses import dataclass

from trialrun.analyse.result import Results
from trialrun.analyse.run import registered_outcomes
from trialrun.derive.dataset import Dataset
from trialrun.report import anchors, overview
from trialrun.report.baseline import baseline_chapter
from trialrun.report.checklists import checklists_chapter
from trialrun.report.documents.blocks import Chapter, Paragraph
from trialrun.report.flow import flow_chapters
from trialrun.report.incidence import incidence_chapter
from trialrun.report.limits import limits_chapter
from trialrun.report.listings import listings_chapter
from trialrun.report.missing import deviations_chapter, missing_chapter
from trialrun.report.outcomes import outcome_chapters
from trialrun.report.reproducibility import reproduce_chapter
from trialrun.report.rows import RowBook
from trialrun.report.safety import exposure_chapter, safety_chapters
from trialrun.report.trace import Openings


@dataclass(frozen=True, slots=True)
class Content:
    """The chapters in order, and what their numbers open."""

    chapters: tuple[Chapter, ...]
    openings: Openings


def build_content(data: Dataset, results: Results) -> Content:
    """Everything the report says, in its order.

    Errors: `AnalysisError` when the results lack a registered outcome.
    """
    openings = Openings()
    book = RowBook(data, openings)
    safety = results.safety
    first = (
        overview.about_chapter(data),
        overview.record_chapter(data, results),
        overview.assumptions_chapter(data),
        *flow_chapters(data, openings),
        baseline_chapter(data, openings),
        exposure_chapter(data, safety, openings) if safety else _unanalysed(anchors.EXPOSURE, "Exposure"),
        Chapter(
            anchors.OUTCOMES,
            "Registered outcomes",
            outcome_chapters(data, results, registered_outcomes(data.study), book),
        ),
        *_not_registered(data, results, book),
        *incidence_chapter(data, results, openings),
        *(
            safety_chapters(data, safety, openings)
            if safety
            else (_unanalysed(anchors.ADVERSE, "Adverse events"),)
        ),
        deviations_chapter(data, openings),
        missing_chapter(data, openings),
        limits_chapter(data, results),
        listings_chapter(data, openings),
        reproduce_chapter(data, results),
    )
    last = first[-1]
    return Content((*first[:-1], checklists_chapter(data, first), last), openings)


def _not_registered(data: Dataset, results: Results, book: RowBook) -> tuple[Chapter, ...]:
    others = [endpoint for endpoint in data.study.endpoints.values() if not endpoint.order]
    inner = outcome_chapters(data, results, others, book)
    reasons = [Paragraph(reason) for reason in results.not_analysed.values()]
    if not inner and not reasons:
        return ()
    words = "Added by the study definition: other versions of the scores, their inputs, and times the record does not name."
    return (Chapter(anchors.NOT_REGISTERED, "Not registered", (Paragraph(words), *inner, *reasons)),)


def _unanalysed(anchor: str, title: str) -> Chapter:
    return Chapter(
        anchor, title, (Paragraph("These results hold no analysis of safety: analyse the snapshot again."),)
    )
