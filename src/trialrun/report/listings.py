"""One page for each participant: who, what was given and measured, and what happened, in order of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from trialrun.derive.dataset import Dataset
from trialrun.derive.endpoints import BASELINE, AnalysisRow, analysis_visits
from trialrun.derive.intercurrent import study_day
from trialrun.derive.measures import Source
from trialrun.derive.names import local_name
from trialrun.derive.populations import ENROLLED
from trialrun.derive.safety import source_of
from trialrun.report import anchors
from trialrun.report.documents.blocks import Block, Cell, Chapter, Details, Facts, Paragraph, Table
from trialrun.report.flow import People
from trialrun.report.numbers import decimals_of, shown
from trialrun.report.overview import is_masked, label_of
from trialrun.report.trace import Line, Opening, Openings, answer_words
from trialrun.snapshot.layout import Row

MOST_LISTED = 60


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to a participant; `on` is `None` where the day is unknown."""

    on: date | None
    what: str
    detail: str
    source: Source | None = None
    entry: str = ""
    end: str = ""


def listings_chapter(data: Dataset, openings: Openings) -> Chapter:
    """The listings of everybody enrolled; above 60 the place where they are is said instead."""
    members = data.populations[ENROLLED].members
    if not members:
        return Chapter(
            anchors.LISTINGS, "Listings by participant", (Paragraph("Nobody has been enrolled yet."),)
        )
    if len(members) > MOST_LISTED:
        words = (
            f"{len(members):,} participants were enrolled. One page for each would be too long to read here: every row and "
            "answer behind the numbers opens from the tables, and the snapshot's tables hold all of them by participant."
        )
        return Chapter(anchors.LISTINGS, "Listings by participant", (Paragraph(words),))
    rows = _rows_by_person(data)
    digits = {
        p: decimals_of(r.value for r in data.rows if r.parameter == p)
        for p in dict.fromkeys(r.parameter for r in data.rows)
    }
    people = People(data)
    words = f"Everybody enrolled, one page each, in order of candidate number: {len(members)} participants. Day 1 is the day of the first dose."
    pages = [_page(data, name, rows.get(name, ()), digits, people, openings) for name in members]
    return Chapter(anchors.LISTINGS, "Listings by participant", (Paragraph(words), *pages))


def _rows_by_person(data: Dataset) -> Mapping[str, Sequence[AnalysisRow]]:
    found: dict[str, list[AnalysisRow]] = {}
    for row in data.rows:
        found.setdefault(row.participant, []).append(row)
    return found


def _page(
    data: Dataset,
    name: str,
    rows: Sequence[AnalysisRow],
    digits: Mapping[str, int],
    people: People,
    openings: Openings,
) -> Chapter:
    person = data.snapshot.participants[name]
    blocks: list[Block] = [Facts(_facts(data, person))]
    if rows:
        _add_scores(data, name, rows, digits, openings)
        blocks.append(_values(data, rows, digits, openings))
    blocks.append(_in_order(data, name, person, people, openings))
    ended = str(person["end_reason"] or person["status"]).replace("_", " ")
    happened = f"Values at the planned times, and everything in order of time ({ended})"
    return Chapter(
        anchors.participant_anchor(name),
        f"Participant {name}",
        (blocks[0], Details(happened, blocks[1:], print=True)),
    )


def _facts(data: Dataset, person: Row) -> list[tuple[str, str]]:
    sets = [one.title for one in data.populations.values() if person["participant"] in set(one.members)]
    age = f"{person['age']:g} years" if person["age"] is not None else "age unknown"
    item = data.study.items.get("sex")
    sex = next((c.label for c in item.choices if c.code == person["sex"]), "") if item else ""
    arm = (
        ""
        if is_masked(data) or not person["arm"]
        else data.study.arms[person["arm"]].title
        if person["arm"] in data.study.arms
        else person["arm"]
    )
    ended = str(person["end_reason"] or "").replace("_", " ")
    facts = [
        ("Participant number", person["number"] or ""),
        ("Site", person["site"] or ""),
        ("Arm", arm if len(data.study.arms) > 1 else ""),
        ("Age and sex", ", ".join(part for part in (age, sex.lower()) if part)),
        (
            "Status",
            str(person["status"]).replace("_", " ")
            + (f": {ended}" if ended and ended != person["status"] else ""),
        ),
        ("In the sets", "; ".join(sets)),
    ]
    return [(label, value) for label, value in facts if value]


def _values(
    data: Dataset, rows: Sequence[AnalysisRow], digits: Mapping[str, int], openings: Openings
) -> Table:
    times = (BASELINE, *analysis_visits(data.study))
    titles = ["Baseline" if time == BASELINE else data.study.visits[time].title for time in times]
    found = {(row.parameter, row.visit): row for row in rows}
    lines: list[tuple[Cell, ...]] = []
    for parameter in dict.fromkeys(row.parameter for row in rows):
        cells = [_value(found.get((parameter, time)), digits.get(parameter, 1), openings) for time in times]
        if any(cell.text for cell in cells):
            lines.append((Cell(label_of(data.study, parameter), head=True), *cells))
    return Table(
        ("Measured", *titles), lines, caption="Values at the planned times", widths=(5, *(3 for _ in times)),
        empty="Nothing was measured.",
    )  # fmt: skip


def _value(row: AnalysisRow | None, digits: int, openings: Openings) -> Cell:
    if row is None:
        return Cell("", number=True)
    text = row.category or (shown(row.value, digits) if row.value is not None else "")
    if not text:
        return Cell(row.explanation if row.visit != BASELINE else "unknown")
    if row.change is not None and row.visit != BASELINE:
        text += f" ({shown(row.change, digits, sign=True)})"
    own = [s for s in row.sources if row.visit == BASELINE or s.visit == row.occurrence]
    # A score rests on several answers: its row names them all; an item is one answer.
    place = openings.answer(own[0]) if len(set(own)) == 1 else _scores_place(row.participant)
    return Cell(text, opens=place, number=True)


def _scores_place(participant: str) -> str:
    return anchors.rows_anchor(f"scores/{participant}")


def _add_scores(
    data: Dataset, name: str, rows: Sequence[AnalysisRow], digits: Mapping[str, int], openings: Openings
) -> None:
    """What each score of a participant was computed from."""
    lines: list[Line] = []
    for row in rows:
        own = [s for s in row.sources if row.visit == BASELINE or s.visit == row.occurrence]
        if len(set(own)) < 2:
            continue
        time = "Baseline" if row.visit == BASELINE else data.study.visits[row.visit].title
        value = row.category or shown(row.value, digits.get(row.parameter, 1))
        cells = (label_of(data.study, row.parameter), time, str(row.on or ""), value)
        lines.append(Line(name, cells, tuple(dict.fromkeys(own))))
    columns = ("Score", "Time", "Taken", "Value")
    openings.add(
        Opening(
            _scores_place(name), f"Scores of {name}", columns, tuple(lines), frozenset({3}),
            chapter="Scores by participant",
        )
    )  # fmt: skip


# --- in order of time ----------------------------------------------------------------------------------


def _in_order(data: Dataset, name: str, person: Row, people: People, openings: Openings) -> Table:
    found = [
        *_milestones(person, people),
        *_doses(data, name),
        *_adverse(data, name),
        *_repeated(data, name),
        *_visits(data, name),
        *_others(data, name),
    ]
    order = sorted(found, key=lambda one: (one.on is None, one.on or date.max))
    rows = [
        (
            Cell(f"{one.on}{f' to {one.end}' if one.end else ''}" if one.on else "unknown", head=True),
            Cell(_day(one.on, person), number=True),
            Cell(one.what, opens=_place(one, name, openings)),
            one.detail,
        )
        for one in order
    ]
    return Table(("Date", "Day", "What", "Detail"), rows, caption="In order of time", widths=(3, 1, 4, 7))


def _place(one: Happening, name: str, openings: Openings) -> str:
    return openings.answer(one.source) if one.source else openings.entry(one.entry, name) if one.entry else ""


def _day(on: date | None, person: Row) -> str:
    day = study_day(on, person["first_dose_on"])
    return str(day).replace("-", "\N{MINUS SIGN}") if day is not None else ""


def _milestones(person: Row, people: People) -> list[Happening]:
    name = person["participant"]
    reason = str(person["end_reason"] or "").replace("_", " ")
    told = (
        ("consented_on", "Consent", "", "ConsentGiven"),
        ("enrolled_on", "Enrolled", "", "ParticipantEnrolled"),
        ("ended_on", "Participation ended", reason, "ParticipationEnded"),
    )
    return [
        Happening(person[column], what, detail, entry=next(iter(people.entries(name, kind)), ""))
        for column, what, detail, kind in told
        if person[column] is not None
    ]


def _doses(data: Dataset, name: str) -> list[Happening]:
    found: list[Happening] = []
    for dose in data.doses:
        if dose.participant != name or dose.given is None:
            continue
        stopped = ", interrupted" if dose.interrupted else ""
        batch = f", batch {dose.batch}" if dose.batch else ""
        title = data.study.visits[dose.visit].title if dose.visit in data.study.visits else dose.visit
        detail = f"{dose.given:g} of {dose.planned:g} {dose.unit}{batch}{stopped}"
        found.append(Happening(dose.on, title, detail, dose.source))
    return found


def _adverse(data: Dataset, name: str) -> list[Happening]:
    found: list[Happening] = []
    for event in data.adverse_events:
        if event.participant != name:
            continue
        serious = {True: "serious", False: "", None: "seriousness unknown"}[event.serious]
        detail = "; ".join(part for part in (event.grade, serious, event.related, event.outcome) if part)
        start = _date(event.start)
        found.append(
            Happening(
                start,
                f"Adverse event: {event.term}",
                detail,
                event.sources[0] if event.sources else None,
                end=event.end,
            )
        )
    return found


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _repeated(data: Dataset, name: str) -> list[Happening]:
    """Rows of other repeating forms: medication, procedures, alcohol."""
    events = local_name(data.study, "adverse_event")
    found: list[Happening] = []
    for visit in data.answers.get(name, ()):
        for form, lines in visit.repeated.items():
            if form == events:
                continue
            title = data.study.forms[form].title if form in data.study.forms else form.replace("_", " ")
            for line in lines:
                days = [row["date_low"] for row in line.values() if row["date_low"] is not None]
                words = [_words(data, row) for _, row in sorted(line.items()) if row["date_low"] is None]
                first = next(iter(sorted(line.items())))[1]
                detail = "; ".join(word for word in words if word)
                found.append(Happening(min(days, default=visit.on), title, detail, source_of(first)))
    return found


def _words(data: Dataset, row: Row) -> str:
    item = data.study.items.get(row["item"])
    if item is None or row["missing_reason"] is not None:
        return ""
    label = next((c.label for c in item.choices if c.code == row["code"]), "")
    if row["code"] in {"true", "false"}:
        return f"{item.label}: {'yes' if row['code'] == 'true' else 'no'}"
    return label or answer_words(row)


def _visits(data: Dataset, name: str) -> list[Happening]:
    found: list[Happening] = []
    for row in data.snapshot.visits_of.get(name, ()):
        plan = data.study.visits.get(row["visit"].split("#")[0])
        title = plan.title if plan else row["visit"].replace("_", " ")
        if row["status"] == "missed":
            found.append(
                Happening(
                    None,
                    f"{title}: missed",
                    row["reason"] or "no reason given",
                    entry=row["event_hash"] or "",
                )
            )
        elif plan is None or not any(
            dose.visit == plan.name and dose.participant == name for dose in data.doses
        ):
            found.append(Happening(row["date"], title, "", entry=row["event_hash"] or ""))
    return found


def _others(data: Dataset, name: str) -> list[Happening]:
    events = [
        Happening(one.on, one.kind.replace("_", " ").capitalize(), one.note, one.source)
        for one in data.events
        if one.participant == name and one.note not in {"end of participation", "end of study form"}
    ]
    return [
        *events,
        *(
            Happening(None, f"Deviation: {one.kind}", one.description, entry=one.event_hash)
            for one in data.deviations
            if one.participant == name
        ),
    ]
