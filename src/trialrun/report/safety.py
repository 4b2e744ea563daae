"""The report's chapters of safety: exposure, adverse events, laboratory, liver, stopping boundary."""

from __future__ import annotations

from trialrun.analyse.safety_result import SafetyResults
from trialrun.derive.dataset import Dataset
from trialrun.report.documents.blocks import Chapter
from trialrun.report.safety_events import adverse_chapter
from trialrun.report.safety_events import exposure_chapter as _exposure
from trialrun.report.safety_laboratory import laboratory_chapter, liver_chapter
from trialrun.report.safety_rows import SafetyBook
from trialrun.report.safety_stopping import stopping_chapter
from trialrun.report.trace import Openings


def exposure_chapter(data: Dataset, safety: SafetyResults, openings: Openings) -> Chapter:
    """Doses against the plan; it stands before the outcomes."""
    return _exposure(SafetyBook(data, safety, openings))


def safety_chapters(data: Dataset, safety: SafetyResults, openings: Openings) -> tuple[Chapter, ...]:
    """Adverse events, laboratory, liver and stopping boundary, in this order; each count opens what it counts."""
    book = SafetyBook(data, safety, openings)
    return adverse_chapter(book), laboratory_chapter(book), liver_chapter(book), stopping_chapter(book)
