"""Where each item of the reporting guidelines is answered, and what is not here and why.

Sources: CONSORT 2025 (Hopewell and others, BMJ 2025); TREND (Des Jarlais and others, Am J Public Health 2004); TIDieR
(Hoffmann and others, BMJ 2014). The wording is our own; the numbers are those of the guidelines.
"""

from __future__ import annotations

from collections.abc import Sequence

from trialrun.derive.dataset import Dataset
from trialrun.report import anchors
from trialrun.report.documents.blocks import Block, Cell, Chapter, Details, Paragraph, Table
from trialrun.report.overview import is_masked

Item = tuple[str, str, str, str]
_PROTOCOL = "in the protocol and the registry record"
_MANUSCRIPT = "for the authors: needs words no data hold"

# Number, what is asked, the section that answers it, and otherwise why it is not here.
CONSORT: tuple[Item, ...] = (
    ("1a", "Title names the kind of trial", anchors.ABOUT, ""),
    ("1b", "Structured summary", "", _MANUSCRIPT),
    ("2", "Registration: name, number, date", anchors.RECORD, ""),
    ("3", "Where protocol and analysis plan can be found", anchors.RECORD, ""),
    ("4", "Sharing of data, code and materials", anchors.REPRODUCE, ""),
    ("5a", "Funding and the funder's part", "", _MANUSCRIPT),
    ("5b", "Interests of the authors", "", _MANUSCRIPT),
    ("6", "Background and reason for the trial", "", _MANUSCRIPT),
    ("7", "Objectives for benefit and harm", anchors.OUTCOMES, ""),
    ("8", "Part of patients and public in the trial", "", _MANUSCRIPT),
    ("9", "Trial design", anchors.ABOUT, ""),
    ("10", "Changes after the start, with reasons", "", "versions"),
    ("11", "Settings and sites", anchors.LISTINGS, ""),
    ("12a", "Eligibility of participants", anchors.SCREENING, ""),
    ("12b", "Eligibility of sites and staff", "", _PROTOCOL),
    ("13", "Intervention and comparator, enough to repeat them", anchors.EXPOSURE, ""),
    ("14", "Outcomes as planned: variable, metric, aggregation, time", anchors.OUTCOMES, ""),
    ("15", "How harms were defined and collected", anchors.ADVERSE, ""),
    ("16a", "How the number of participants was determined", anchors.LIMITS, ""),
    ("16b", "Interim analyses and stopping rules", anchors.STOPPING, ""),
    ("17a", "Who made the random sequence, and how", "", "randomised"),
    ("17b", "Kind of randomisation", "", "randomised"),
    ("18", "Concealment of allocation", "", "randomised"),
    ("19", "Who enrolled and assigned", "", "randomised"),
    ("20a", "Who was blinded", "", "randomised"),
    ("20b", "How they were blinded", "", "randomised"),
    ("21a", "Statistical methods for primary and secondary outcomes", anchors.OUTCOMES, ""),
    ("21b", "Who is in each analysis", anchors.POPULATIONS, ""),
    ("21c", "How missing data were handled", anchors.MISSING, ""),
    ("21d", "Additional and sensitivity analyses", anchors.OUTCOMES, ""),
    ("22a", "Flow of participants, with numbers for each stage", anchors.FLOW, ""),
    ("22b", "Losses and exclusions, with reasons", anchors.FLOW, ""),
    ("23a", "Dates of recruitment and follow-up", anchors.FLOW, ""),
    ("23b", "Why the trial ended or was stopped", anchors.STOPPING, ""),
    ("24a", "Intervention as given, and adherence", anchors.EXPOSURE, ""),
    ("24b", "Other care during the trial", anchors.LISTINGS, ""),
    ("25", "Baseline characteristics", anchors.BASELINE, ""),
    ("26", "Each outcome: numbers, estimate, precision", anchors.OUTCOMES, ""),
    ("27", "All harms and unintended events", anchors.ADVERSE, ""),
    ("28", "Other analyses, planned and not", anchors.NOT_REGISTERED, ""),
    ("29", "Interpretation", "", _MANUSCRIPT),
    ("30", "Limitations: bias, imprecision, generalisability", anchors.LIMITS, ""),
)
TREND: tuple[Item, ...] = (
    ("1", "Title and abstract: how units were assigned", anchors.ABOUT, ""),
    ("2", "Background and theory", "", _MANUSCRIPT),
    ("3", "Participants: eligibility, recruitment, setting", anchors.SCREENING, ""),
    ("4", "Interventions as planned for each condition", anchors.EXPOSURE, ""),
    ("5", "Objectives", anchors.OUTCOMES, ""),
    ("6", "Outcomes and how they were measured", anchors.OUTCOMES, ""),
    ("7", "Sample size and stopping rules", anchors.LIMITS, ""),
    ("8", "Assignment: unit, method, protection against bias", anchors.LIMITS, ""),
    ("9", "Blinding", anchors.ABOUT, ""),
    ("10", "Unit of analysis", anchors.POPULATIONS, ""),
    ("11", "Statistical methods, missing data included", anchors.OUTCOMES, ""),
    ("12", "Flow of participants and departures from the protocol", anchors.FLOW, ""),
    ("13", "Dates of recruitment", anchors.FLOW, ""),
    ("14", "Baseline data", anchors.BASELINE, ""),
    ("15", "Equivalence of groups at baseline", "", "one group"),
    ("16", "Numbers analysed", anchors.POPULATIONS, ""),
    ("17", "Outcomes and estimation", anchors.OUTCOMES, ""),
    ("18", "Ancillary analyses", anchors.NOT_REGISTERED, ""),
    ("19", "Adverse events", anchors.ADVERSE, ""),
    ("20", "Interpretation", anchors.LIMITS, ""),
    ("21", "Generalisability", "", _MANUSCRIPT),
    ("22", "Overall evidence", "", _MANUSCRIPT),
)
TIDIER: tuple[Item, ...] = (
    ("1", "Brief name of the intervention", anchors.ABOUT, ""),
    ("2", "Why: reason and goal", "", _PROTOCOL),
    ("3", "What: materials, batches", anchors.EXPOSURE, ""),
    ("4", "What: procedures", "", _PROTOCOL),
    ("5", "Who provided it", "", _PROTOCOL),
    ("6", "How: mode of delivery", anchors.EXPOSURE, ""),
    ("7", "Where", anchors.LISTINGS, ""),
    ("8", "When and how much", anchors.EXPOSURE, ""),
    ("9", "Tailoring", anchors.EXPOSURE, ""),
    ("10", "Modifications during the study", anchors.DEVIATIONS, ""),
    ("11", "How well: planned assessment of fidelity", "", _PROTOCOL),
    ("12", "How well: actual fidelity", anchors.EXPOSURE, ""),
)


def checklists_chapter(data: Dataset, chapters: Sequence[Chapter]) -> Chapter:
    """The three checklists, each item with the section that answers it."""
    titles = {chapter.anchor: chapter.title for chapter in chapters} | {anchors.CHECKLISTS: "Checklists"}
    several = len(data.study.arms) > 1
    blocks: list[Block] = [
        Paragraph("The wording of the items is short and our own; the numbers are those of the guidelines."),
        *(
            Details(name, (_table(items, titles, data, several),), print=True)
            for name, items in (
                ("CONSORT 2025, items that apply", CONSORT),
                ("TREND, for trials without randomisation", TREND),
                ("TIDieR, for the intervention", TIDIER),
            )
            if not (name.startswith("TREND") and several)
        ),
    ]
    return Chapter(anchors.CHECKLISTS, "Checklists", blocks)


def _table(items: Sequence[Item], titles: dict[str, str], data: Dataset, several: bool) -> Table:
    rows: list[tuple[Cell | str, ...]] = []
    for number, asked, place, why in items:
        if place and place in titles:
            rows.append((Cell(number, head=True), asked, Cell(titles[place], opens=place)))
        elif place:
            rows.append(
                (Cell(number, head=True), asked, "not reported here: nothing of it was planned or found")
            )
        else:
            rows.append((Cell(number, head=True), asked, f"not reported here: {_why(why, data, several)}"))
    return Table(("Item", "Asked", "Answered in"), rows, widths=(1, 6, 6))


def _why(why: str, data: Dataset, several: bool) -> str:
    if why == "versions":
        return "the log holds every version of the study definition; this report follows the one named by its hash"
    if why != "randomised":
        return why
    if not several:
        return "single arm, nobody was randomised"
    return "arms are masked in this snapshot" if is_masked(data) else _PROTOCOL
