"""Who came, who stayed, and why not: flow, reasons of screening, and the sets analysed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from trialrun.derive.dataset import Dataset
from trialrun.derive.endpoints import AnalysisRow, Status, analysis_visits
from trialrun.derive.populations import ENROLLED, EVALUABLE, SCREENED, TREATED, Population
from trialrun.report import anchors
from trialrun.report.documents.blocks import Block, Cell, Chapter, Details, Heading, Paragraph, Table
from trialrun.report.figures.data import FlowBox, Lane, Mark, RecruitmentLine
from trialrun.report.figures.people import flow, swimmer
from trialrun.report.figures.time import recruitment
from trialrun.report.trace import Line, Opening, Openings
from trialrun.study.model import Criterion

_SETS = "Participants"
_MOST_REASONS = 60
_ENDS = {"death": "died", "transplant": "transplanted"}


@dataclass(frozen=True, slots=True)
class Box:
    """One box of the flow: who, and who left before the next one, by reason."""

    key: str
    title: str
    members: tuple[str, ...]
    left: Mapping[str, tuple[str, ...]]
    side: str = "Not taken further"


@dataclass(frozen=True)
class People:
    """What the log says of each participant, to stand behind a count."""

    data: Dataset

    @cached_property
    def _log(self) -> Mapping[tuple[str, str], str]:
        return {
            (row["stream"].removeprefix("participant/"), row["type"]): row["hash"]
            for row in self.data.snapshot.rows("events")
            if row["stream"].startswith("participant/")
        }

    def entries(self, name: str, *kinds: str) -> tuple[str, ...]:
        """The last log entries of these kinds about a participant, those there are."""
        found = (self._log.get((name, kind), "") for kind in kinds)
        return tuple(one for one in found if one)

    def line(self, name: str, reason: str, *kinds: str) -> Line:
        """A participant with the days that matter and a reason."""
        row = self.data.snapshot.participants[name]
        days = (row["screened_on"], row["enrolled_on"], row["first_dose_on"], row["ended_on"])
        cells = (row["site"] or "", *(str(day) if day else "" for day in days), reason)
        return Line(name, cells, entries=self.entries(name, *kinds))

    def opening(
        self, key: str, title: str, members: Sequence[str], reasons: Mapping[str, str], *kinds: str
    ) -> Opening:
        """The participants of a count."""
        return Opening(
            anchors.rows_anchor(key),
            title,
            ("Site", "Screened", "Enrolled", "First dose", "Ended", "Why"),
            tuple(self.line(name, reasons.get(name, ""), *kinds) for name in members),
            chapter=_SETS,
        )


_SCREENED = ("CandidateRegistered", "EligibilitySigned", "ParticipationEnded")
_ENROLLED = ("ParticipantEnrolled", "ParticipationEnded")


def flow_chapters(data: Dataset, openings: Openings) -> tuple[Chapter, ...]:
    """The flow of participants, why people were not enrolled, and the sets analysed."""
    people = People(data)
    boxes = flow_boxes(data)
    stages = (*_flow_figure(boxes), _flow_table(people, boxes, openings), _by_time(data, people, openings))
    return (
        Chapter(anchors.FLOW, "Participants", (*stages, *_recruitment(data), *_courses(data))),
        Chapter(anchors.SCREENING, "Why people were not enrolled", _screening(data, people, openings)),
        Chapter(anchors.POPULATIONS, "Sets analysed", _sets(data, people, openings)),
    )


def flow_boxes(data: Dataset) -> tuple[Box, ...]:
    """Screened, enrolled, treated, and what became of the treated."""
    sets = data.populations
    treated = sets[TREATED].members
    return (
        _box("screened", "Screened", sets[SCREENED], sets[ENROLLED]),
        _box("enrolled", "Enrolled", sets[ENROLLED], sets[TREATED]),
        Box("treated", "Treated: at least one dose", treated, _left_by_time(data), "Not evaluable"),
        _box(
            "evaluable",
            "Evaluable for the primary outcomes, death and transplant included",
            sets[EVALUABLE],
            None,
        ),
    )


def _box(key: str, title: str, here: Population, following: Population | None) -> Box:
    return Box(key, title, here.members, _grouped(following.left_out, _short) if following else {})


def _grouped(left: Mapping[str, str], words: object = None) -> Mapping[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    for name, reason in left.items():
        groups.setdefault(_short(reason) if words is _short else reason, []).append(name)
    ordered = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return {reason: tuple(names) for reason, names in ordered}


def _short(reason: str) -> str:
    """A reason without its details, so that equal reasons are counted together."""
    return reason.split(":")[0] if reason.startswith(("not eligible", "eligibility undecided")) else reason


def _left_by_time(data: Dataset) -> Mapping[str, tuple[str, ...]]:
    """Why treated people are not evaluable, in plain classes; the sum is the number not evaluable."""
    statuses: dict[str, set[Status]] = {}
    for row in _primary_rows(data):
        statuses.setdefault(row.participant, set()).add(row.status)
    return _grouped(
        {name: _class_of(statuses.get(name, set())) for name in data.populations[EVALUABLE].left_out}
    )


def _primary_rows(data: Dataset) -> list[AnalysisRow]:
    last = {
        e.variable: e.visits[-1]
        for e in data.study.endpoints.values()
        if e.role.value == "primary" and e.visits
    }
    return [row for row in data.rows if last.get(row.parameter) == row.visit]


def _class_of(statuses: set[Status]) -> str:
    for status, words in (
        (Status.LEFT, "left the trial before"),
        (Status.NOT_REACHED, "not there yet"),
        (Status.MISSED, "visit missed"),
        (Status.OUTSIDE_WINDOW, "visit outside its window"),
        (Status.UNKNOWN, "a part of a score missing"),
    ):
        if status in statuses:
            return words
    return "no baseline value"


def _flow_figure(boxes: Sequence[Box]) -> list[Block]:
    drawn = [
        FlowBox(
            box.title,
            len(box.members),
            [(reason, len(names)) for reason, names in box.left.items()],
            box.side,
        )
        for box in boxes
    ]
    return [flow("flow", drawn)]


def _flow_table(people: People, boxes: Sequence[Box], openings: Openings) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for box in boxes:
        kinds = _SCREENED if box.key == "screened" else _ENROLLED
        place = openings.add(people.opening(f"flow/{box.key}", box.title, box.members, {}, *kinds))
        rows.append(
            (Cell(box.title, head=True), Cell(str(len(box.members)), opens=place, number=True, strong=True))
        )
        for index, (reason, names) in enumerate(box.left.items(), 1):
            reasons = dict.fromkeys(names, reason)
            place = openings.add(
                people.opening(
                    f"flow/{box.key}/left-{index}", f"{box.side}: {reason}", names, reasons, *kinds
                )
            )
            rows.append((Cell(f"{box.side}: {reason}"), Cell(str(len(names)), opens=place, number=True)))
    return Table(("Flow of participants", "n"), rows, caption="", widths=(8, 1))


def _by_time(data: Dataset, people: People, openings: Openings) -> Table:
    """For each planned time what became of the treated, by the first primary outcome."""
    primary = [row.parameter for row in _primary_rows(data)]
    parameter = primary[0] if primary else ""
    times = analysis_visits(data.study)
    rows = [row for row in data.rows if row.parameter == parameter and row.visit in times]
    statuses = [status for status in Status if any(row.status is status for row in rows)]
    lines: list[tuple[Cell, ...]] = []
    for time in times:
        cells = [Cell(data.study.visits[time].title, head=True)]
        for status in statuses:
            names = [row.participant for row in rows if row.visit == time and row.status is status]
            reasons = {r.participant: r.explanation for r in rows if r.visit == time}
            words = str(status).replace("_", " ")
            place = openings.add(
                people.opening(
                    f"time/{time}/{status}",
                    f"{data.study.visits[time].title}: {words}",
                    names,
                    reasons,
                    *_ENROLLED,
                )
            )
            cells.append(Cell(str(len(names)), opens=place if names else "", number=True))
        lines.append(tuple(cells))
    treated = len(data.populations[TREATED].members)
    return Table(
        ("Time", *(str(status).replace("_", " ").capitalize() for status in statuses)),
        lines,
        caption=f"What became of the {treated} treated, by the first primary outcome",
        empty="No time of follow-up is planned.",
    )


# --- time -------------------------------------------------------------------------------------------


def _recruitment(data: Dataset) -> list[Block]:
    """The dates of recruitment and follow-up, and the curve of enrolment."""
    enrolled = sorted(
        row["enrolled_on"] for row in data.snapshot.rows("participants") if row["enrolled_on"] is not None
    )
    if not enrolled:
        return [Paragraph("Nobody has been enrolled yet.")]
    seen = [row["date"] for row in data.snapshot.rows("visits") if row["date"] is not None]
    last = f" The last visit recorded was on {max(seen)}." if seen else ""
    counts: dict[date, int] = {day: number for number, day in enumerate(enrolled, 1)}
    line = RecruitmentLine("enrolled", tuple(counts), tuple(counts.values()))
    words = f"The first participant was enrolled on {enrolled[0]}, the last on {enrolled[-1]}.{last}"
    return [
        Heading("Recruitment and time in the trial", 2),
        Paragraph(words),
        recruitment("recruitment", [line], data.study.target or None),
    ]


def _courses(data: Dataset) -> list[Block]:
    """Every treated participant's time in the trial: doses, serious events, and how it ended."""
    people = data.snapshot.participants
    cut = date.fromisoformat(data.snapshot.manifest.origin.created_at[:10])
    doses: dict[str, list[float]] = {}
    for dose in data.doses:
        if dose.given and dose.day is not None:
            doses.setdefault(dose.participant, []).append(float(dose.day - 1))
    marks: dict[str, list[Mark]] = {}
    for event in data.adverse_events:
        if event.serious is True and event.start_day is not None and event.start_day > 0:
            marks.setdefault(event.participant, []).append(
                Mark(float(event.start_day - 1), "serious adverse event")
            )
    lanes: list[Lane] = []
    for name in data.populations[TREATED].members:
        person = people[name]
        end = ((person["ended_on"] or cut) - person["first_dose_on"]).days
        reason = str(person["end_reason"] or "").replace("_", " ")
        ended = _ENDS.get(reason, reason or "ended") if person["ended_on"] is not None else ""
        lanes.append(Lane(name, float(max(end, 0)), doses.get(name, ()), marks.get(name, ()), ended))
    return [swimmer("swimmer", lanes)] if lanes else []


# --- screening -------------------------------------------------------------------------------------


def _screening(data: Dataset, people: People, openings: Openings) -> tuple[Block, ...]:
    """The criteria that were not passed, by how many people; one person can count more than once."""
    failed: dict[str, list[str]] = {}
    unknown: dict[str, list[str]] = {}
    words: dict[tuple[str, str], str] = {}
    for row in data.snapshot.rows("criteria"):
        criterion = data.study.criteria.get(row["criterion"])
        if criterion is None:
            continue
        passes = "met" if criterion.kind.value == "inclusion" else "not_met"
        if row["outcome"] == passes:
            continue
        unknown_here = row["outcome"] == "unknown"
        (unknown if unknown_here else failed).setdefault(criterion.id, []).append(row["participant"])
        words[criterion.id, row["participant"]] = (
            f"missing: {row['missing'].replace('_', ' ')}"
            if unknown_here and row["missing"]
            else row["words"] or ""
        )
    counted = [c for c in data.study.criteria.values() if c.id in failed or c.id in unknown]
    if not counted:
        return (Paragraph("No criterion kept anybody out in the signed judgements."),)

    def cell(criterion: Criterion, found: Mapping[str, Sequence[str]], what: str) -> Cell:
        names = found.get(criterion.id, ())
        reasons = {name: words[criterion.id, name] for name in names}
        title = f"{criterion.id}, {what}"
        place = openings.add(
            people.opening(
                f"criteria/{criterion.id}/{what.replace(' ', '-')}",
                title,
                names,
                reasons,
                "EligibilitySigned",
            )
        )
        return Cell(str(len(names)), opens=place if names else "", number=True)

    rows = [
        (Cell(c.id, head=True), c.text, cell(c, failed, "kept out"), cell(c, unknown, "unknown"))
        for c in counted
    ]
    return (
        Table(
            ("Criterion", "In the record's words", "Kept out", "Unknown"),
            rows,
            widths=(2, 9, 2, 2),
            notes=("One person can be kept out by several criteria.",),
        ),
    )


# --- sets --------------------------------------------------------------------------------------------


def _sets(data: Dataset, people: People, openings: Openings) -> tuple[Block, ...]:
    rows: list[tuple[Cell, ...]] = []
    reasons: list[tuple[Cell | str, ...]] = []
    for one in data.populations.values():
        inside = openings.add(people.opening(f"set/{one.name}", one.title, one.members, {}, *_ENROLLED))
        outside = openings.add(
            people.opening(
                f"set/{one.name}/left-out", f"Not in: {one.title}", tuple(one.left_out), one.left_out,
                "EligibilitySigned", *_ENROLLED,
            )
        )  # fmt: skip
        rows.append(
            (
                Cell(one.title, head=True),
                Cell(str(len(one.members)), opens=inside, number=True),
                Cell(str(len(one.left_out)), opens=outside if one.left_out else "", number=True),
            )
        )
        reasons += [
            (Cell(one.title, head=True), reason, Cell(str(len(names)), opens=outside, number=True))
            for reason, names in _grouped(one.left_out).items()
        ]
    shown = reasons[:_MOST_REASONS]
    more = len(reasons) - len(shown)
    notes = (f"{more} further reasons are in the rows behind the numbers.",) if more else ()
    blocks: list[Block] = [Table(("Set", "n", "Left out of it"), rows, widths=(8, 1, 2))]
    if shown:
        table = Table(("Set", "Left out because", "n"), shown, widths=(4, 8, 1), notes=notes)
        blocks.append(Details("Left out of each set, and why", (table,), print=True))
    return tuple(blocks)
