"""The stopping boundary in the report: where the trial stands, who counts, and how the rule behaves."""

from __future__ import annotations

from trialrun.analyse.safety_result import StoppingStatus
from trialrun.report.documents.blocks import Block, Cell, Chapter, Details, Facts, Note, Paragraph, Table
from trialrun.report.numbers import NONE, percent, shown
from trialrun.report.safety_rows import SafetyBook

STOPPING = "stopping"
_TITLE = "Stopping boundary"
_STATUS = {
    "died": "died within the window",
    "observed": "observed to its end, or completed",
    "watching": "under observation",
    "lost": "left before its end",
}


def stopping_chapter(book: SafetyBook) -> Chapter:
    """The rule in words, the trial's path along its boundary, operating characteristics, and everybody's status."""
    found = book.safety.stopping
    if found is None:
        return Chapter(STOPPING, _TITLE, (Paragraph("The study has no stopping rule on deaths."),))
    a, b = found.prior
    blocks: list[Block] = [
        Paragraph(
            f"The trial stops when the probability that more than {percent(found.limit)} die within {found.window_days} days of "
            f"the first dose is above {percent(found.certainty)}, prior Beta({a:g}, {b:g}). A participant counts once they died "
            "within the window, were observed to its end or completed the study (Thall PF, Simon R, Biometrics 1994;50:337)."
        ),
        Note(_verdict(found)),
        Facts(
            (
                ("Known outcomes", str(found.known)),
                ("Deaths within the window", str(found.deaths)),
                ("Under observation", str(found.watching)),
                ("Left before its end", str(found.lost)),
                ("Transplanted (at any time)", str(found.transplants)),
                ("Probability now", shown(found.posterior, 3)),
                ("Should all under observation survive", shown(found.if_all_survive, 3)),
            )
        ),
        _boundary(found),
        _characteristics(found),
        Details("Who counted", (_people(book, found),), print=True),
    ]
    return Chapter(STOPPING, _TITLE, blocks)


def _verdict(found: StoppingStatus) -> str:
    if not found.known:
        return "No outcome is known yet, so the rule says nothing."
    words = f"{found.deaths} {'death' if found.deaths == 1 else 'deaths'} among {found.known} known outcomes: the boundary is "
    words += "reached." if found.reached else "not reached."
    if found.reached_at is not None:
        words += f" In order of first dose it was first reached after {found.reached_at} known outcomes."
    elif found.next_stop is not None:
        words += f" With more outcomes the trial would stop at {found.next_stop} deaths or more, as the table shows."
    return words + " The rule says when people must meet; they decide."


def _boundary(found: StoppingStatus) -> Table:
    return Table(
        ("Known outcomes", "Stops at deaths", "Deaths in this trial", "Probability"),
        [
            (
                Cell(str(step.n), head=True, number=True),
                Cell(f"{step.stops_at} or more" if step.stops_at is not None else "cannot stop", number=True),
                Cell(str(step.deaths) if step.deaths is not None else NONE, number=True),
                Cell(shown(step.posterior, 3), number=True),
            )
            for step in found.steps
        ],
        caption="The boundary and this trial's path, participants in order of first dose",
    )


def _characteristics(found: StoppingStatus) -> Table:
    return Table(
        ("True probability of death", "Stops", "Participants on average", "Deaths on average"),
        [
            (
                Cell(percent(one.true_probability), head=True, number=True),
                Cell(percent(one.stops), number=True),
                Cell(shown(one.expected_participants), number=True),
                Cell(shown(one.expected_events), number=True),
            )
            for one in found.characteristics
        ],
        caption="How often the rule stops, were this the true probability",
        notes=("Enumerated exactly, not simulated.",),
    )


def _people(book: SafetyBook, found: StoppingStatus) -> Table:
    return Table(
        ("Participant", "First dose", "Window ends", "Status", "Died on"),
        [
            (
                Cell(one.participant, head=True),
                one.dosed_on,
                one.window_end,
                _STATUS[one.status] + (", transplanted" if one.transplant else ""),
                Cell(one.died_on or NONE, opens=book.answer(one.row) if one.row else ""),
            )
            for one in found.people[:400]
        ],
        caption="Who counted",
    )
