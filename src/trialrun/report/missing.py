"""What is not there, how often and why; and what departed from the protocol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from trialrun.analyse.run import registered_outcomes
from trialrun.derive.dataset import Dataset
from trialrun.derive.deviations import Deviation
from trialrun.derive.endpoints import BASELINE, COMPOSITE, AnalysisRow, Status
from trialrun.derive.populations import TREATED
from trialrun.report import anchors
from trialrun.report.documents.blocks import Block, Cell, Chapter, Details, Paragraph, Table
from trialrun.report.figures.data import PresenceLine
from trialrun.report.figures.missing import missingness
from trialrun.report.trace import Line, Opening, Openings

_MOST_LISTED = 200


def missing_chapter(data: Dataset, openings: Openings) -> Chapter:
    """Treated participants without a value, by registered outcome, time and reason."""
    treated = set(data.populations[TREATED].members)
    statuses = [status for status in Status if status is not Status.OBSERVED]
    wanted = {endpoint.variable for endpoint in registered_outcomes(data.study)}
    by_time: dict[tuple[str, str], list[AnalysisRow]] = {}
    for row in data.rows:
        if row.parameter in wanted and row.participant in treated:
            by_time.setdefault((row.parameter, row.visit), []).append(row)
    lines: list[tuple[Cell, ...]] = []
    seen: set[Status] = set()
    for endpoint in registered_outcomes(data.study):
        for time in (BASELINE, *endpoint.visits):
            rows = by_time.get((endpoint.variable, time), [])
            seen |= {row.status for row in rows}
            title = "Baseline" if time == BASELINE else data.study.visits[time].title
            absent = [row for row in rows if row.status is not Status.OBSERVED]
            cells = [Cell(endpoint.title, head=True), Cell(title), Cell(str(len(rows)), number=True)]
            cells.append(
                _count(
                    f"missing/{endpoint.name}/{time}",
                    f"{endpoint.title}, {title}: no value",
                    absent,
                    openings,
                )
            )
            for status in statuses:
                words = str(status).replace("_", " ")
                here = [row for row in absent if row.status is status]
                cells.append(
                    _count(
                        f"missing/{endpoint.name}/{time}/{status}",
                        f"{endpoint.title}, {title}: {words}",
                        here,
                        openings,
                    )
                )
            lines.append(tuple(cells))
    kept = [index for index, status in enumerate(statuses) if status in seen]
    table = Table(
        (
            "Outcome",
            "Time",
            "Treated",
            "No value",
            *(str(statuses[i]).replace("_", " ").capitalize() for i in kept),
        ),
        [(*line[:4], *(line[4 + i] for i in kept)) for line in lines],
        widths=(6, 3, 2, 2, *(2 for _ in kept)),
        empty="No outcome is registered.",
    )
    words = "No value is carried forward. What is imputed is imputed in sensitivity analyses only, and stands there."
    return Chapter(
        anchors.MISSING,
        "Missing data",
        (Paragraph(words), table, *_figure(data, by_time), Paragraph(_queries(data))),
    )


def _count(key: str, title: str, rows: Sequence[AnalysisRow], openings: Openings) -> Cell:
    if not rows:
        return Cell("0", number=True)
    lines = tuple(
        Line(
            row.participant,
            (str(row.on or ""), row.explanation or str(row.status).replace("_", " ")),
            row.sources,
        )
        for row in rows
    )
    place = openings.add(
        Opening(anchors.rows_anchor(key), title, ("Taken", "Why"), lines, chapter="Missing data")
    )
    return Cell(str(len(rows)), opens=place, number=True)


def _figure(data: Dataset, by_time: dict[tuple[str, str], list[AnalysisRow]]) -> list[Block]:
    lines: list[PresenceLine] = []
    for endpoint in registered_outcomes(data.study):
        for time in (BASELINE, *endpoint.visits):
            rows = by_time.get((endpoint.variable, time), [])
            counts = Counter(row.status for row in rows)
            title = "Baseline" if time == BASELINE else data.study.visits[time].title
            found = [(str(s).replace("_", " "), counts[s]) for s in Status if counts[s]]
            lines.append(PresenceLine(title, found, endpoint.title))
    return [missingness("missing", lines)] if lines else []


def _queries(data: Dataset) -> str:
    found = Counter(row["status"] for row in data.snapshot.rows("queries"))
    if not found:
        return "No query was opened."
    return (
        "Queries about values: "
        + ", ".join(f"{count} {status}" for status, count in sorted(found.items()))
        + "."
    )


# --- deviations ---------------------------------------------------------------------------------------


def deviations_chapter(data: Dataset, openings: Openings) -> Chapter:
    """Departures from the protocol by kind, each listed; and what happened that changes what a later value means."""
    blocks: list[Block] = [
        Paragraph(
            "Derived from the data and recorded by hand. A major one takes its participant out of the per-protocol set."
        )
    ]
    blocks.append(_by_kind(data.deviations, openings))
    if data.deviations:
        shown = data.deviations[:_MOST_LISTED]
        more = len(data.deviations) - len(shown)
        notes = (f"{more} more are in the rows behind the numbers above.",) if more else ()
        table = Table(
            ("Participant", "Kind", "Visit", "What", "Major"),
            [_listed(one, openings) for one in shown],
            widths=(2, 2, 2, 7, 1),
            notes=notes,
        )
        blocks.append(Details(f"All {len(data.deviations)} deviations", (table,), print=True))
    blocks.append(_intercurrent(data, openings))
    return Chapter(anchors.DEVIATIONS, "Deviations and intercurrent events", blocks)


def _listed(one: Deviation, openings: Openings) -> tuple[Cell | str, ...]:
    place = openings.entry(one.event_hash, one.participant)
    visit = one.visit.replace("_", " ")
    major = "yes" if one.major else "no"
    return Cell(one.participant, head=True), one.kind, visit, Cell(one.description, opens=place), major


def _by_kind(found: Sequence[Deviation], openings: Openings) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for kind in sorted({one.kind for one in found}):
        own = [one for one in found if one.kind == kind]
        lines = tuple(
            Line(
                d.participant,
                (d.visit.replace("_", " "), d.description, "major" if d.major else ""),
                entries=(d.event_hash,) if d.event_hash else (),
            )
            for d in own
        )
        place = openings.add(
            Opening(
                anchors.rows_anchor(f"deviations/{kind}"),
                kind,
                ("Visit", "What", "Weight"),
                lines,
                chapter="Deviations",
            )
        )
        numbers = (len(own), len({d.participant for d in own}), sum(d.major for d in own))
        rows.append(
            (Cell(kind, head=True), *(Cell(str(n), opens=place if n else "", number=True) for n in numbers))
        )
    return Table(
        ("Kind", "Deviations", "Participants", "Major"),
        rows,
        widths=(6, 2, 2, 2),
        empty="No deviation was found or recorded.",
    )


def _intercurrent(data: Dataset, openings: Openings) -> Table:
    rows = [
        (
            Cell(event.participant, head=True),
            Cell(
                event.kind.replace("_", " "),
                strong=event.kind in {str(s) for s in COMPOSITE} | {"death", "transplant"},
            ),
            Cell(str(event.on or "unknown")),
            Cell(str(event.day) if event.day is not None else "", number=True),
            Cell(event.note, opens=openings.answer(event.source)),
        )
        for event in data.events[:_MOST_LISTED]
    ]
    more = len(data.events) - len(rows)
    return Table(
        ("Participant", "Event", "On", "Day", "From"),
        rows,
        caption="Intercurrent events after the first dose",
        widths=(2, 3, 2, 1, 6),
        empty="None was recorded.",
        notes=(f"{more} more are in the data.",) if more else (),
    )
