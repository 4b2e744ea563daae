"""Exposure and adverse events as they stand in the rows."""

from __future__ import annotations

from collections import Counter

from trialrun.analyse.methods import clopper_pearson
from trialrun.derive.dataset import Dataset
from trialrun.derive.populations import TREATED
from trialrun.derive.safety import AdverseEvent, Dose
from trialrun.report import anchors
from trialrun.report.documents.blocks import Block, Cell, Chapter, Paragraph, Table
from trialrun.report.numbers import percent
from trialrun.report.trace import Line, Opening, Openings


def exposure_chapter(data: Dataset, openings: Openings) -> Chapter:
    """Planned administrations, how many were given in full, in part, or not, and the amounts."""
    rows: list[tuple[Cell | str, ...]] = []
    for visit in dict.fromkeys(dose.visit for dose in data.doses):
        own = [dose for dose in data.doses if dose.visit == visit]
        title = data.study.visits[visit].title if visit in data.study.visits else visit
        lines = tuple(_dose_line(dose) for dose in own)
        place = openings.add(
            Opening(
                anchors.rows_anchor(f"exposure/{visit}"),
                title,
                ("On", "Day", "Planned", "Given", "Batch", "Interrupted"),
                lines,
                frozenset({1, 2, 3}),
                chapter="Exposure",
            )
        )
        numbers = (
            len(own),
            sum(bool(dose.given) for dose in own),
            sum(dose.given is not None and abs(dose.given - dose.planned) < 1e-9 for dose in own),
            sum(dose.interrupted is True for dose in own),
        )
        rows.append(
            (
                Cell(title, head=True),
                f"{own[0].planned:g} {own[0].unit}",
                *(Cell(str(n), opens=place, number=True) for n in numbers),
            )
        )
    totals: Counter[str] = Counter()
    for name in data.populations[TREATED].members:
        own = [dose for dose in data.doses if dose.participant == name]
        totals[f"{sum(dose.given or 0 for dose in own):g} {own[0].unit if own else ''}".strip()] += 1
    ordered = sorted(totals.items(), key=lambda pair: -float(pair[0].split()[0]))
    words = ", ".join(f"{total} in {count}" for total, count in ordered)
    table = Table(
        ("Administration", "Planned", "Enrolled", "Given", "As planned", "Interrupted"),
        rows,
        empty="No dose is planned.",
    )
    more = (Paragraph(f"Total given: {words}."),) if words else ()
    return Chapter(anchors.EXPOSURE, "Exposure", (table, *more))


def _dose_line(dose: Dose) -> Line:
    cells = (
        str(dose.on or ""),
        str(dose.day) if dose.day is not None else "",
        f"{dose.planned:g}",
        f"{dose.given:g}" if dose.given is not None else "",
        dose.batch,
        {True: "yes", False: "no", None: ""}[dose.interrupted],
    )
    return Line(dose.participant, cells, (dose.source,) if dose.source else ())


def adverse_chapter(data: Dataset, openings: Openings) -> Chapter:
    """Participants with at least one event, with exact intervals, and every event as reported."""
    treated = data.populations[TREATED].members
    after = [
        e for e in data.adverse_events if e.participant in set(treated) and e.after_first_dose is not False
    ]
    groups = {
        "Any adverse event after the first dose": after,
        "Serious": [event for event in after if event.serious is True],
        "Grade 3 or more": [event for event in after if event.grade[-1:] in {"3", "4", "5"}],
        "Fatal": [event for event in after if event.outcome.lower().startswith(("fatal", "death"))],
    }
    rows: list[tuple[Cell, ...]] = []
    for title, events in groups.items():
        people = len({event.participant for event in events})
        share = clopper_pearson(people, len(treated)) if treated else None
        place = openings.add(
            Opening(
                anchors.rows_anchor(f"adverse/{title}"),
                title,
                _COLUMNS,
                tuple(_event_line(e) for e in events),
                frozenset({2}),
                chapter="Adverse events",
            )
        )
        cells = (
            f"{people} of {len(treated)}",
            percent(share.estimate) if share else "",
            f"{percent(share.low)} to {percent(share.high)}" if share else "",
            str(len(events)),
        )
        rows.append(
            (
                Cell(title, head=True),
                *(Cell(text, opens=place if events else "", number=True) for text in cells),
            )
        )
    blocks: list[Block] = [
        Table(
            ("Treated participants with", "n", "Share", "95 % interval", "Events"),
            rows,
            widths=(5, 2, 1, 2, 1),
        ),
        Table(
            ("Participant", "Event", "Start", "End", "Day", "Grade", "Serious", "Related", "Outcome"),
            [_listed(event, openings) for event in data.adverse_events],
            caption="Every adverse event as reported",
            empty="No adverse event was reported.",
        ),
    ]
    return Chapter(anchors.ADVERSE, "Adverse events", blocks)


_COLUMNS = ("Event", "Start", "Day", "Grade", "Serious", "Outcome")


def _serious(event: AdverseEvent) -> str:
    return {True: "yes", False: "no", None: "unknown"}[event.serious]


def _day(event: AdverseEvent) -> str:
    return str(event.start_day) if event.start_day is not None else ""


def _event_line(event: AdverseEvent) -> Line:
    cells = (event.term, event.start, _day(event), event.grade, _serious(event), event.outcome)
    return Line(event.participant, cells, event.sources)


def _listed(event: AdverseEvent, openings: Openings) -> tuple[Cell | str, ...]:
    place = openings.answer(event.sources[0]) if event.sources else ""
    return (
        Cell(event.participant, head=True),
        Cell(event.term, opens=place),
        event.start,
        event.end,
        Cell(_day(event), number=True),
        event.grade,
        _serious(event),
        event.related,
        event.outcome,
    )
