"""The statistical analysis plan as a document, printed from the study definition the analysis itself reads.

Contents follow Gamble C et al., JAMA 2017;318:2337 (guidelines for the content of statistical analysis plans) and ICH E9(R1).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import trialrun
from trialrun.report.documents.blocks import Block, Bullets, Chapter, Paragraph, Table
from trialrun.report.plan_analyses import (
    analyses_chapter,
    estimands_chapter,
    missing_chapter,
    multiplicity_chapter,
    sensitivity_chapter,
)
from trialrun.report.plan_design import (
    about_chapter,
    data_chapter,
    plan_assumptions,
    populations_chapter,
    study_chapter,
)
from trialrun.report.plan_safety import monitoring_chapter, safety_chapter
from trialrun.report.plan_shells import shells_chapter
from trialrun.report.plan_size import size_chapter
from trialrun.study.model import Study

NOTICE = "Results support, never replace, the investigator's judgement. Not a medical device."


def plan_title(study: Study) -> str:
    """What the document is called."""
    return f"Statistical analysis plan: {study.registry_id or study.id}"


def plan_chapters(study: Study) -> tuple[Chapter, ...]:
    """The plan of a study in the order a statistician reads it; the same study gives the same chapters.

    Errors: none for a study that loads; what cannot be read of it is said in its place.
    """
    return (
        about_chapter(study),
        study_chapter(study),
        estimands_chapter(study),
        populations_chapter(study),
        data_chapter(study),
        analyses_chapter(study),
        multiplicity_chapter(study),
        missing_chapter(study),
        sensitivity_chapter(study),
        safety_chapter(study),
        monitoring_chapter(study),
        size_chapter(study),
        shells_chapter(study),
        _assumptions(study),
        _computing(study),
    )


def plan_html(study: Study) -> str:
    """The plan as one page that needs nothing else."""
    from trialrun.report.html import Banner, render_html

    return render_html(
        plan_chapters(study),
        title=plan_title(study),
        heading=plan_title(study),
        banner=Banner(NOTICE, calm=True),
    )


def plan_pdf(study: Study) -> bytes:
    """The plan as PDF; the time written into it is that of the record, so the same study gives the same bytes."""
    from trialrun.report.pdf import report_pdf

    return report_pdf(
        plan_chapters(study),
        title=plan_title(study),
        subtitle=study.title,
        made_at=_dated(study),
        header=(plan_title(study), f"Definition {study.hash[:12]}"),
        footer=NOTICE,
    )


def _dated(study: Study) -> datetime:
    """The day the record was last posted; the first of 2000 where there is none."""
    from trialrun.study.record_text import module

    status = module(study.record, "statusModule")
    day = str((status.get("lastUpdatePostDateStruct") or {}).get("date", "")) if status else ""
    try:
        return datetime.fromisoformat(day).replace(tzinfo=UTC)
    except ValueError:
        return datetime(2000, 1, 1, tzinfo=UTC)


def _assumptions(study: Study) -> Chapter:
    rests = set(plan_assumptions(study))
    rows = [
        (
            name,
            one.about,
            one.default,
            "; ".join(one.alternatives) or "\N{EN DASH}",
            one.reason,
            f"{one.confirmed.by}, {one.confirmed.on.isoformat()}"
            if one.confirmed
            else f"open: {one.confirm_by}",
        )
        for name, one in study.assumptions.items()
        if name in rests
    ]
    return Chapter(
        "plan-assumptions",
        "Assumptions to confirm",
        (
            Paragraph(
                "What the record leaves open and this plan fills in. Each stands until the person named confirms it or takes another reading; assumptions of "
                "the study that the analysis does not rest on are listed in the study definition."
            ),
            Table(
                ("Assumption", "Gap", "The plan runs on", "Other readings", "Why", "Confirmed"),
                rows,
                caption="Assumptions",
                widths=(3, 4, 6, 4, 4, 3),
                empty="The plan names no assumption.",
            ),
        ),
    )


def _computing(study: Study) -> Chapter:
    return Chapter("plan-computing", "Computing and departures", tuple(_computing_blocks(study)))


def _computing_blocks(study: Study) -> Iterator[Block]:
    yield Bullets(
        (
            (
                f"Software: trialrun {trialrun.__version__}. Its methods are tested against values of R and of SAS (rank tests, intervals, mixed model, "
                "competing events, imputation); the tolerances are printed in every report."
            ),
            (
                "Analyses run only on a snapshot of the data, which is named by its SHA-256. The same snapshot and definition give the same results, byte for byte"
                f" (seed {study.analysis.seed} for imputation)."
            ),
            "A registered outcome that cannot be analysed stops the analysis with its reason; none is left out in silence.",
            (
                "Beside the planned analyses the report describes the change of every outcome at every time by its mean and its median, folded away and "
                "labelled as not asked by the plan. A departure from the plan is a change of the definition, which the log holds with its reason; the "
                "report names the definition it followed by its SHA-256."
            ),
        )
    )
    yield Paragraph(NOTICE)
