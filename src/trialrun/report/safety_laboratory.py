"""Laboratory grades, courses and liver safety in the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from trialrun.analyse.laboratory import ABNORMAL
from trialrun.analyse.safety_result import (
    NOT_MEASURED,
    UNKNOWN_GRADE,
    WORST,
    LaboratoryShift,
    LiverPoint,
    SafetyGroup,
)
from trialrun.derive.laboratory import GRADED
from trialrun.derive.laboratory_draws import derive_courses
from trialrun.derive.laboratory_rules import Course, Thresholds, thresholds_of
from trialrun.derive.names import DEATH, TRANSPLANT
from trialrun.report.documents.blocks import Block, Cell, Chapter, Figure, Note, Paragraph, Table
from trialrun.report.figures import data as drawn
from trialrun.report.figures.laboratory import liver_scatter, panels
from trialrun.report.numbers import NONE, shown
from trialrun.report.safety_rows import SafetyBook

LABORATORY, LIVER = "laboratory", "liver"
_LABORATORY, _LIVER = "Laboratory", "Liver safety"
_AFTER = ("0", "1", "2", "3", "4", UNKNOWN_GRADE, NOT_MEASURED)
_MOST_DRAWN = 200
_ENDED = {DEATH: "died", TRANSPLANT: "transplanted"}
_KINDS = {
    "liver_injury": "Liver injury signal",
    "liver_incomplete": "Raised enzymes, not to be judged",
    "hys_law": "Hy's law by multiples of normal",
    "meld_rise": "MELD rise",
    "kidney_injury": "Acute kidney injury",
    "kidney_rise": "Creatinine rise, timing unknown",
    "ctcae": "Grade 3 or more, worse than before",
}
_STAR = (
    f"{ABNORMAL} The baseline is above the upper limit of normal; its number is the grade by that limit. Later grades of these "
    "participants are multiples of their own baseline (CTCAE v5.0), so 0 then means unchanged, not normal."
)


_BY_VISIT = (
    "n: measured then. Worse: a grade above the worst one of any sample up to the first dose, which may be above that of the "
    "mean of these samples. Grade \N{GREATER-THAN OR EQUAL TO} 3: reached from below it."
)


def laboratory_chapter(book: SafetyBook) -> Chapter:
    """Grades against baseline, worsening by visit, the courses as multiples of baseline, and the signals."""
    safety = book.safety
    notes = [note for note in safety.notes if "laboratory" in note or "reference ranges" in note]
    blocks: list[Block] = [
        Paragraph(
            "CTCAE v5.0 grades of the laboratory values. The baseline is the mean of all values up to the day of the first dose. "
            "A grade that needs a limit of normal, a baseline or an answer that is missing is unknown, never 0."
        ),
        *(Paragraph(note) for note in notes),
    ]
    for group in safety.groups:
        blocks += [_shift_table(book, group), _by_visit(book, group)]
    blocks += [*_panels(book), _signals(book)]
    if not any(shift.worsened.at_risk for shift in safety.shifts):
        blocks = [Paragraph("No laboratory value was measured after a first dose.")]
    return Chapter(LABORATORY, _LABORATORY, blocks)


def _shift_table(book: SafetyBook, group: SafetyGroup) -> Table:
    rows: list[tuple[Cell | str, ...]] = []
    shifts = [s for s in book.safety.shifts if s.group == group.name and s.visit == WORST]
    starred = False
    for shift in shifts:
        cells = {(cell.baseline, cell.after): cell for cell in shift.cells}
        for index, baseline in enumerate(sorted({cell.baseline for cell in shift.cells}, key=_order)):
            starred = starred or ABNORMAL in baseline
            rows.append(
                (
                    Cell(shift.title if index == 0 else "", head=True),
                    _baseline_words(baseline),
                    *(
                        Cell(
                            str(cell.participants) if cell is not None else NONE,
                            opens=book.opens_people(
                                cell.id, f"{shift.title}: {baseline} to {after}", cell.rows, _LABORATORY
                            )
                            if cell is not None
                            else "",
                            number=True,
                        )
                        for after in _AFTER
                        for cell in (cells.get((baseline, after)),)
                    ),
                )
            )
    return Table(
        ("Term", "Baseline", "0", "1", "2", "3", "4", "Unknown", "Not measured"),
        rows,
        caption=f"Worst grade after the first dose, by grade at baseline{_of(book, group)}",
        widths=(7, 3, 1, 1, 1, 1, 1, 2, 3),
        notes=(_STAR,) if starred else (),
        empty="No laboratory item of the study has a CTCAE grade.",
    )


def _order(baseline: str) -> tuple[int, str]:
    return ((NOT_MEASURED, UNKNOWN_GRADE).index(baseline) + 1 if not baseline[0].isdigit() else 0, baseline)


def _baseline_words(baseline: str) -> str:
    return f"grade {baseline}" if baseline[0].isdigit() else baseline


def _of(book: SafetyBook, group: SafetyGroup) -> str:
    return f", {group.title}" if len(book.safety.groups) > 1 else ""


def _by_visit(book: SafetyBook, group: SafetyGroup) -> Table:
    visits = book.data.study.visits

    def row(shift: LaboratoryShift) -> tuple[Cell | str, ...]:
        when = "worst" if shift.visit == WORST else visits[shift.visit].title
        title = f"{shift.title}, {when}"
        return (
            Cell(shift.title if shift.visit == WORST else "", head=True),
            when,
            Cell(str(shift.worsened.at_risk), number=True),
            book.plain(shift.worsened, f"{title}: worse than before", _LABORATORY),
            book.unknown(shift.worsened, f"{title}: worse than before", _LABORATORY),
            book.plain(shift.severe, f"{title}: grade 3 or more", _LABORATORY),
            book.unknown(shift.severe, f"{title}: grade 3 or more", _LABORATORY),
        )

    return Table(
        ("Term", "At", "n", "Worse", "Unknown", "Grade \N{GREATER-THAN OR EQUAL TO} 3", "Unknown"),
        [row(shift) for shift in book.safety.shifts if shift.group == group.name],
        caption=f"Participants whose grade became worse, by visit{_of(book, group)}",
        widths=(7, 3, 1, 2, 2, 2, 2),
        notes=(_BY_VISIT,),
    )


def _signals(book: SafetyBook) -> Table:
    return Table(
        ("Participant", "Signal", "On", "Day", "Values", "To bear in mind"),
        [
            (
                Cell(one.participant, head=True),
                Cell(
                    _KINDS.get(one.kind, one.kind), opens=book.opens(one.id, one.words, one.rows, _LABORATORY)
                ),
                one.on or "not known",
                Cell(str(one.day) if one.day is not None else NONE, number=True),
                one.words,
                " ".join(one.caveats) or NONE,
            )
            for one in book.safety.signals
        ],
        caption="Laboratory signals after the first dose",
        widths=(2, 3, 2, 1, 6, 4),
        empty="No rule of laboratory safety held after a first dose.",
        notes=("A signal asks for a look by an investigator; it is no diagnosis.",),
    )


# --- courses ---------------------------------------------------------------------------------------


def _ended(book: SafetyBook) -> Mapping[str, str]:
    """What ended the observation of a participant for good; death before transplant."""
    found: dict[str, str] = {}
    for kind in (TRANSPLANT, DEATH):
        found |= {event.participant: _ENDED[kind] for event in book.data.events if event.kind == kind}
    return found


def _panels(book: SafetyBook) -> Iterable[Figure]:
    courses = derive_courses(book.data.snapshot, book.data.study, book.data.answers)
    ended = _ended(book)
    tests: list[drawn.LabPanel] = []
    for item in book.data.study.items.values():
        if item.analyte not in GRADED:
            continue
        lines = [
            line
            for name, course in list(courses.items())[:_MOST_DRAWN]
            if (line := _course(book, name, course, item.analyte or "", ended.get(name, ""))) is not None
        ]
        if lines:
            tests.append(drawn.LabPanel(item.label, item.unit or "", lines))
    if tests:
        yield panels("laboratory-courses", tests, multiples=True)


def _course(book: SafetyBook, name: str, course: Course, analyte: str, ended: str) -> drawn.LabCourse | None:
    first = book.data.snapshot.participants[name]["first_dose_on"]
    base = course.base.get(analyte)
    values = [
        (float((draw.on - first).days), draw.values[analyte].number)
        for draw in course.draws
        if analyte in draw.values and draw.on is not None
    ]
    if base is None or not values:
        return None
    days, numbers = zip(*values, strict=True)
    return drawn.LabCourse(name, days, numbers, base.mean, ended)


# --- liver -----------------------------------------------------------------------------------------


def liver_chapter(book: SafetyBook) -> Chapter:
    """The liver rule, the scatter of multiples of baseline, the one of normal drawn pale, and everybody's peaks."""
    points = book.safety.liver
    if not points:
        return Chapter(LIVER, _LIVER, (Paragraph("Nobody has been treated yet."),))
    limits = thresholds_of(book.data.study)
    flagged = [point for point in points if "liver_injury" in point.signals]
    unclear = [point for point in points if "liver_incomplete" in point.signals]
    nothing = [point for point in points if point.alt is None and point.ast is None]
    few = [point for point in points if min(point.alt_draws, point.bilirubin_draws, point.inr_draws) < 2]
    blocks: list[Block] = [
        Paragraph(_rule_words(limits)),
        Note(
            f"{len(flagged)} of {len(points)} treated meet the rule"
            + (f": {', '.join(point.participant for point in flagged)}" if flagged else "")
            + (f"; {len(unclear)} more cannot be judged" if unclear else "")
            + (f"; {len(nothing)} {'has' if len(nothing) == 1 else 'have'} no ALT and AST after the first dose" if nothing else "")
            + (f". For {len(few)} a baseline rests on fewer than two draws." if few else ".")
        ),
        liver_scatter(
            "liver-baseline", _points(book, points, normal=False), alt_limit=limits.enzyme_times_baseline,
            bilirubin_limit=limits.bilirubin_times_baseline,
        ),
        *_of_normal(book, points),
        _peaks(book, points),
    ]  # fmt: skip
    return Chapter(LIVER, _LIVER, blocks)


def _rule_words(limits: Thresholds) -> str:
    return (
        f"Rule: ALT or AST at least {limits.enzyme_times_baseline:g} × baseline or at least {limits.enzyme_at_least:g} {limits.enzyme_unit}, "
        f"together with bilirubin at least {limits.bilirubin_times_baseline:g} × baseline or INR up by {limits.inr_rise:g} or more in the same "
        "sample. Baseline is the mean of all values up to the day of the first dose, because in cirrhosis multiples of the upper "
        "limit of normal are exceeded before it (Treem WR, Drug Saf 2021;44:133)."
    )


def _points(book: SafetyBook, points: Sequence[LiverPoint], *, normal: bool) -> list[drawn.LiverPoint]:
    ended = _ended(book)
    mark = "hys_law" if normal else "liver_injury"
    return [
        drawn.LiverPoint(
            point.participant,
            point.alt_times_high if normal else point.alt,
            point.bilirubin_times_high if normal else point.bilirubin,
            mark in point.signals,
            ended.get(point.participant, ""),
        )
        for point in points
    ]


def _of_normal(book: SafetyBook, points: Sequence[LiverPoint]) -> Iterable[Block]:
    if not any(point.alt_times_high and point.bilirubin_times_high for point in points):
        yield Paragraph("No multiples of the upper limit of normal: the laboratories state none.")
        return
    yield liver_scatter(
        "liver-normal", _points(book, points, normal=True), of="upper limit of normal", greyed=True
    )


def _peaks(book: SafetyBook, points: Sequence[LiverPoint]) -> Table:
    def pair(value: float | None, normal: float | None) -> Cell:
        words = f"{shown(value, 2)}" + (f" ({shown(normal)})" if normal is not None else "")
        return Cell(words, number=True)

    return Table(
        ("Participant", "ALT ×", "AST ×", "Bilirubin ×", "INR rise", "Draws before", "Signals"),
        [
            (
                Cell(point.participant, head=True, opens=book.opens(
                    f"safety/liver/{point.participant}", f"Liver values of {point.participant}", point.rows, _LIVER)),
                pair(point.alt, point.alt_times_high),
                pair(point.ast, point.ast_times_high),
                pair(point.bilirubin, point.bilirubin_times_high),
                Cell(shown(point.inr_rise, 2, sign=True), number=True),
                Cell(f"{point.alt_draws}/{point.bilirubin_draws}/{point.inr_draws}", number=True),
                "; ".join(_KINDS.get(kind, kind) for kind in point.signals) or NONE,
            )
            for point in points[:_MOST_DRAWN * 2]
        ],
        caption="Highest values after the first dose, as multiples of baseline (of the upper limit of normal)",
        notes=("Draws before: samples of ALT, bilirubin and INR up to the day of the first dose; two are asked for.",),
    )  # fmt: skip
