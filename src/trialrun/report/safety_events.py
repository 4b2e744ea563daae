"""Exposure and adverse events in the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trialrun.analyse.safety_result import Count, CountLine, EventLine, TermLine
from trialrun.derive.populations import TREATED
from trialrun.report import anchors
from trialrun.report.documents.blocks import Block, Cell, Chapter, Details, Note, Paragraph, Table
from trialrun.report.numbers import NONE, shown
from trialrun.report.plan_words import dosing_words
from trialrun.report.safety_rows import SafetyBook, interval_words, rate_words, truth

MOST_LISTED = 400
_EXPOSURE, _EVENTS = "Exposure", "Adverse events"
_RATE = (
    "Per 100 p-m: events per 100 person-months. Person-time runs from the day of the first dose to death, else the end of participation, else the last day seen; a month is "
    "365.25 / 12 days. Every event counts, several of a participant several times; the exact Poisson interval takes them as "
    "independent. Shares carry the exact (Clopper-Pearson) interval, in percent."
)
_UNKNOWN = (
    "Not known: participants not counted here who might belong, because the answer that decides is missing."
)


def exposure_chapter(book: SafetyBook) -> Chapter:
    """Doses as planned and as given, cumulative amount, days of dosing and of observation."""
    safety = book.safety
    if not safety.exposure:
        words = next(
            (note for note in safety.notes if "exposure is not shown" in note),
            "No dose was recorded."
            if book.data.populations[TREATED].members
            else "Nobody has been given a dose yet.",
        )
        return Chapter(anchors.EXPOSURE, _EXPOSURE, (Paragraph(words),))
    blocks: list[Block] = [
        *(Paragraph(f"Planned. {words}") for words in dosing_words(book.data.study)),
        _counts(
            book,
            safety.exposure_counts,
            _EXPOSURE,
            "Dosing against the plan",
            notes=("Shares carry the exact (Clopper-Pearson) interval, in percent.",),
        ),
        Table(
            ("Measure", *(("Group",) if _arms(book) else ()), "n", "Mean (SD)", "Median", "Range", "Sum"),
            [
                (
                    Cell(f"{one.title}{f', {one.unit}' if one.unit else ''}", head=True),
                    *((_title(book, one.group),) if _arms(book) else ()),
                    Cell(str(one.n), number=True),
                    Cell(f"{shown(one.mean)} ({shown(one.sd)})", number=True),
                    Cell(shown(one.median), number=True),
                    Cell(f"{shown(one.low, 0)} to {shown(one.high, 0)}" if one.n else NONE, number=True),
                    Cell(shown(one.total, 0), number=True),
                )
                for one in safety.exposure_spread
            ],
            caption="Cumulative exposure",
            widths=(6, *((3,) if _arms(book) else ()), 1, 3, 2, 3, 2),
        ),
        *_by_participant(book),
    ]
    return Chapter(anchors.EXPOSURE, _EXPOSURE, blocks)


def _by_participant(book: SafetyBook) -> Iterable[Block]:
    lines = book.safety.exposure
    if len(lines) > MOST_LISTED:
        yield Paragraph(
            f"The doses of the {len(lines)} treated stand in results.json, participant by participant."
        )
        return
    yield Table(
        ("Participant", "Doses", "Cumulative", "Days", "Interrupted", "As planned", "Observed"),
        [
            (
                Cell(one.participant, head=True),
                Cell(f"{one.given} of {one.planned}",
                     opens=book.opens(f"safety/exposure/{one.participant}", f"Doses of {one.participant}", one.rows, _EXPOSURE),
                     number=True),
                Cell(f"{one.total:g} {one.unit}" if one.total is not None else "not known", number=True),
                Cell(str(one.within_days) if one.within_days is not None else NONE, number=True),
                Cell(str(one.interrupted), number=True),
                truth(one.completed),
                Cell(f"{one.observed_days} d" if one.observed_days is not None else NONE, number=True),
            )
            for one in lines
        ],
        caption="Doses by participant",
        notes=("Days are counted from the first to the last dose, both included; observed from the first dose on.",),
    )  # fmt: skip


def adverse_chapter(book: SafetyBook) -> Chapter:
    """The overall table, incidence by class and term, worst grades, and the listings."""
    safety = book.safety
    people = len(safety.groups[-1].participants)
    if not people:
        return Chapter(anchors.ADVERSE, _EVENTS, (Paragraph("Nobody has been treated yet."),))
    settings = book.data.study.settings.get("safety", {}) or {}
    blocks: list[Block] = []
    if settings.get("registered") is False:
        blocks.append(Note("No safety outcome is registered: everything here is reported beside the record."))
    months = [f"{shown(one.person_months)} person-months" for one in safety.groups]
    time = (
        "; ".join(f"{one.title}: {words}" for one, words in zip(safety.groups, months, strict=True))
        if len(months) > 1
        else f"{months[0]} of observation"
    )
    blocks += [
        Paragraph(
            f"Adverse events that began on or after the day of the first dose, among {people} treated ({time})."
        ),
        *(Paragraph(note) for note in safety.notes[: _general(safety.notes)]),
        _counts(book, safety.summary, _EVENTS, "Adverse events in all", notes=(_RATE, _UNKNOWN)),
        Paragraph(safety.coding.words),
        *_incidence(book),
        *_listings(book),
    ]
    return Chapter(anchors.ADVERSE, _EVENTS, blocks)


def _general(notes: Sequence[str]) -> int:
    """How many of the notes, which stand first, are about events rather than the laboratory."""
    return next((at for at, note in enumerate(notes) if "laboratory" in note or "reference ranges" in note), len(notes))  # fmt: skip


def _title(book: SafetyBook, group: str) -> str:
    return next(one.title for one in book.safety.groups if one.name == group)


# --- counts ----------------------------------------------------------------------------------------


def _counts(
    book: SafetyBook,
    lines: Sequence[CountLine],
    chapter: str,
    caption: str,
    notes: Sequence[str] = (),
) -> Table:
    """Counts line by line; with several groups one line for each group."""
    rates = any(count.rate is not None for line in lines for count in line.counts)
    groups = book.safety.groups
    several = len(groups) > 1
    columns = ["Participants with", *(["Group"] if several else []), "n (%)", "95 % interval"]
    columns += ["Events", "Per 100 p-m", "95 % interval"] if rates else []
    columns.append("Not known")
    rows: list[tuple[str | Cell, ...]] = []
    for line in lines:
        for index, (group, count) in enumerate(zip(groups, line.counts, strict=True)):
            title = f"{line.title}, {group.title}" if several else line.title
            rows.append(
                (
                    Cell(line.title if index == 0 else "", head=True),
                    *((f"{group.title} (N = {count.at_risk})",) if several else ()),
                    book.share(count, title, chapter),
                    Cell(interval_words(count.interval, 100, 0), number=True),
                    *(_rate_cells(book, count, title, chapter) if rates else ()),
                    book.unknown(count, title, chapter),
                )
            )
    widths = [7, *([4] if several else []), 3, 3, *([2, 2, 3] if rates else []), 2]
    named = caption if several else f"{caption}, N = {sum(len(group.participants) for group in groups)}"
    return Table(columns, rows, caption=named, widths=widths, notes=notes, empty="Nobody was treated.")


def _rate_cells(book: SafetyBook, count: Count, title: str, chapter: str) -> tuple[Cell, ...]:
    return (
        book.events(count, title, chapter),
        Cell(rate_words(count), number=True),
        Cell(interval_words(count.rate_interval), number=True),
    )


# --- incidence -------------------------------------------------------------------------------------


def _incidence(book: SafetyBook) -> Iterable[Block]:
    groups = book.safety.groups
    coded = book.safety.coding.coded > 0
    terms = [line for line in book.safety.terms if coded or line.level == "term"]
    if not terms:
        return
    first = "Class and term" if coded else "Reported term"
    several = len(groups) > 1
    columns = [first]
    for group in groups:
        head = f"{group.title} (N = {len(group.participants)}): " if several else ""
        columns += [f"{head}n (%)", f"{head}events" if several else "Events"]
    if not several:
        columns += ["95 % interval", "Per 100 p-m"]
    yield Table(
        columns,
        [_incidence_row(book, line, several=several) for line in terms],
        caption="Incidence by class and term" if coded else "Incidence by reported term",
        widths=(6, *([3, 2] * len(groups)), *(() if several else (3, 2))),
        notes=(
            "A participant counts once in a line, in a class also when several of its terms were reported.",
        ),
    )
    grades = ("1", "2", "3", "4", "5", "unknown")
    yield Table(
        (first, *(f"Gr. {grade}" for grade in grades[:-1]), "Unknown", "Related", "Serious"),
        [
            (
                _term(line, plain=not coded),
                *(book.plain(line.worst[grade][-1], f"{line.title}, worst grade {grade}", _EVENTS) for grade in grades),
                book.plain(line.related[-1], f"{line.title}, related", _EVENTS),
                book.plain(line.serious[-1], f"{line.title}, serious", _EVENTS),
            )
            for line in terms
        ],
        caption="Participants by their worst grade, and those with a related or a serious one",
        widths=(7, 1, 1, 1, 1, 1, 2, 2, 2),
        notes=("Gr.: CTCAE grade, as the investigator gave it.",),
    )  # fmt: skip


def _term(line: TermLine, *, plain: bool) -> Cell:
    title = (
        line.title
        if line.level == "class"
        else f"\N{EN SPACE}{line.title}"
        if line.parent and not plain
        else line.title
    )
    return Cell(title, head=True, strong=line.level == "class")


def _incidence_row(book: SafetyBook, line: TermLine, *, several: bool) -> tuple[Cell, ...]:
    cells: list[Cell] = [_term(line, plain=book.safety.coding.coded == 0)]
    for count in line.counts:
        title = f"{line.title}, {_title(book, count.group)}" if several else line.title
        cells += [book.share(count, title, _EVENTS), book.events(count, title, _EVENTS)]
    if not several:
        everybody = line.counts[-1]
        cells += [
            Cell(interval_words(everybody.interval, 100, 0), number=True),
            Cell(rate_words(everybody), number=True),
        ]
    return tuple(cells)


# --- listings --------------------------------------------------------------------------------------


def _listings(book: SafetyBook) -> Iterable[Block]:
    safety = book.safety
    serious = [one for one in safety.events if "serious" in one.kinds or "fatal" in one.kinds]
    changed = [one for one in safety.events if {"dose_changed", "product_stopped"} & {*one.kinds}]
    yield _events(book, serious, "Serious adverse events", "No serious adverse event was reported.")
    yield _events(
        book,
        changed,
        "Adverse events that changed or stopped the dosing",
        "No adverse event changed the dosing.",
    )
    yield Table(
        ("Participant", *(("Arm",) if _arms(book) else ()), "On", "Day", "Days after the last dose", "Fatal event", "Told by"),
        [
            (
                Cell(one.participant, head=True),
                *((one.arm,) if _arms(book) else ()),
                Cell(one.on or "not known", opens=book.answer(one.row)),
                Cell(str(one.day) if one.day is not None else NONE, number=True),
                Cell(str(one.days_from_last_dose) if one.days_from_last_dose is not None else NONE, number=True),
                one.cause or NONE,
                one.told_by,
            )
            for one in safety.deaths
        ],
        caption="Deaths of any cause",
        empty="No treated participant is known to have died.",
    )  # fmt: skip
    every = _events(book, safety.events, "Every adverse event as reported", "No adverse event was reported.")
    # Everybody's own listing holds them too.
    yield (
        Details(f"Every adverse event as reported: {len(safety.events)}", (every,), print=True)
        if safety.events
        else every
    )


def _arms(book: SafetyBook) -> bool:
    return len(book.safety.groups) > 1


def _events(book: SafetyBook, events: Sequence[EventLine], caption: str, empty: str) -> Table:
    listed = events[:MOST_LISTED]
    notes = [
        "* The dates leave open whether it began before the first dose; \N{DAGGER} it began before the first dose."
    ]
    if len(events) > len(listed):
        notes.append(
            f"The first {len(listed)} of {len(events)}; all stand in results.json under safety.events."
        )
    arms = _arms(book)
    return Table(
        ("Participant", *(("Arm",) if arms else ()), "Event", "Start", "Day", "End", "Grade", "Relation", "Action", "Outcome"),
        [
            (
                Cell(one.participant, head=True),
                *((one.arm,) if arms else ()),
                Cell(_event_words(one), opens=book.answer(one.row)),
                one.start + {True: "", None: " *", False: " \N{DAGGER}"}[one.emergent],
                Cell(str(one.day) if one.day is not None else NONE, number=True),
                one.end or NONE,
                Cell(f"{one.grade if one.grade is not None else 'not known'}{', serious' if one.serious else ''}"),
                one.relation or "not known",
                one.action or "not known",
                one.outcome or "not known",
            )
            for one in listed
        ],
        caption=caption,
        empty=empty,
        notes=notes if any(one.emergent is not True for one in listed) or len(events) > len(listed) else (),
    )  # fmt: skip


def _event_words(one: EventLine) -> str:
    return f"{one.term} ({one.coded})" if one.coded and one.coded.casefold() != one.term.casefold() else one.term or "no term"  # fmt: skip
