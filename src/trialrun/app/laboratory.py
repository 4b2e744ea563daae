"""A participant's laboratory values over time, each beside its range, grade and multiple of baseline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trialrun.app.draws import Baseline, Draw, Grade, LabValue, baselines, draws_of, grades_of, worst_grade
from trialrun.app.language import gettext as _
from trialrun.app.language import marked
from trialrun.app.value_notes import ValueNote, Weight, note_source
from trialrun.app.visits import visit_title
from trialrun.app.workspace import Workspace
from trialrun.ledger.state import ParticipantState, Slot

# Differences between laboratories exceed any effect sought (CLINICAL 1.1: INR of one sample, thromboplastins).
SAME_LABORATORY = frozenset({"inr"})
DRAWS_BEFORE_DOSE = 2
TERMS = {
    "ctcae_v5_alt": marked("ALT increased"),
    "ctcae_v5_ast": marked("AST increased"),
    "ctcae_v5_alp": marked("Alkaline phosphatase increased"),
    "ctcae_v5_ggt": marked("GGT increased"),
    "ctcae_v5_bilirubin": marked("Blood bilirubin increased"),
    "ctcae_v5_creatinine": marked("Creatinine increased"),
    "ctcae_v5_inr": marked("INR increased"),
    "ctcae_v5_hyponatremia": marked("Hyponatremia"),
    "ctcae_v5_hypernatremia": marked("Hypernatremia"),
    "ctcae_v5_hypoalbuminemia": marked("Hypoalbuminemia"),
    "ctcae_v5_platelets": marked("Platelet count decreased"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of the table: against its range, the baseline and the grades.

    `flag` is `L`, `H` or empty (also where no range is known: then `ranged` is false). `times_baseline` is
    `None` on the draws that make the baseline, and where there is none.
    """

    value: LabValue
    ranged: bool
    flag: str
    times_baseline: float | None
    grade: Grade | None
    other_laboratory: str


@dataclass(frozen=True, slots=True)
class LabRow:
    """An analyte over all draws; `None` where it was not measured."""

    analyte: str
    item: str
    label: str
    unit: str
    baseline: Baseline | None
    readings: tuple[Reading | None, ...]


@dataclass(frozen=True, slots=True)
class LabTable:
    """All laboratory values of a participant.

    `warnings` says what makes values hard to compare; `before` counts the draws up to the first dose.
    """

    draws: tuple[Draw, ...]
    titles: tuple[str, ...]
    rows: tuple[LabRow, ...]
    warnings: tuple[str, ...]
    before: int


def lab_table(workspace: Workspace, key: str) -> LabTable:
    """The laboratory values of one participant, in order of day."""
    return table_of(workspace, workspace.conduct.participant(key))


def table_of(workspace: Workspace, person: ParticipantState) -> LabTable:
    """The same for a state, which may hold values that are not saved yet."""
    study = workspace.study
    draws = draws_of(study, person, workspace.conduct.site_state(person.site))
    means = baselines(draws)
    rows: list[LabRow] = []
    for item in study.items.values():
        analyte = item.analyte or ""
        if not any(analyte in draw.values and draw.values[analyte].item == item.name for draw in draws):
            continue
        first = _first_laboratory(draws, analyte)
        readings = tuple(_reading(draw, analyte, means.get(analyte), first) for draw in draws)
        rows.append(LabRow(analyte, item.name, item.label, item.unit or "", means.get(analyte), readings))
    return LabTable(
        draws,
        tuple(visit_title(study, draw.visit) for draw in draws),
        tuple(rows),
        tuple(_warnings(draws, rows)),
        sum(1 for draw in draws if draw.before),
    )


def _first_laboratory(draws: Iterable[Draw], analyte: str) -> str:
    return next((draw.laboratory for draw in draws if analyte in draw.values and draw.laboratory), "")


def _reading(draw: Draw, analyte: str, baseline: Baseline | None, first: str) -> Reading | None:
    value = draw.values.get(analyte)
    if value is None:
        return None
    low, high = value.limits.low, value.limits.high
    flag = (
        "H"
        if high is not None and value.number > high
        else "L"
        if low is not None and value.number < low
        else ""
    )
    compared = baseline if not draw.before and baseline is not None and baseline.mean > 0 else None
    other = draw.laboratory if first and draw.laboratory and draw.laboratory != first else ""
    return Reading(
        value=value,
        ranged=low is not None or high is not None,
        flag=flag,
        times_baseline=round(value.number / compared.mean, 9) if compared else None,
        grade=worst_grade(grades_of(value, baseline)),
        other_laboratory=other,
    )


def _warnings(draws: tuple[Draw, ...], rows: list[LabRow]) -> Iterable[str]:
    for row in rows:
        if row.analyte in SAME_LABORATORY:
            named = list(
                dict.fromkeys(d.laboratory for d in draws if row.analyte in d.values and d.laboratory)
            )
            if len(named) > 1:
                yield _(
                    "{} was measured by different laboratories ({}). It differs between laboratories by more than any effect "
                    "sought: repeat it in {} where possible."
                ).format(row.label, ", ".join(named), named[0])
    if any(not draw.before for draw in draws):
        few = [row.label for row in rows if (row.baseline.count if row.baseline else 0) < DRAWS_BEFORE_DOSE]
        if few:
            yield _(
                "Fewer than two draws before the first dose: {}. Liver safety compares with their mean."
            ).format(", ".join(few))
    for draw in draws:
        if not draw.laboratory:
            yield _("The sample of {} names no laboratory, so no reference range applies.").format(
                draw.on.isoformat() if draw.on else draw.visit
            )


def grade_words(grade: Grade | None) -> str:
    """A grade in a few words: the number, what it can still be, or that it is not known."""
    if grade is None:
        return ""
    if grade.grade is not None:
        return _("grade {}").format(grade.grade)
    if grade.low and grade.high is not None:
        return _("grade {} to {}").format(grade.low, grade.high)
    return _("grade unknown")


@note_source
def laboratory_notes(workspace: Workspace, person: ParticipantState, slot: Slot) -> Iterable[ValueNote]:
    """Beside a laboratory value: out of range, CTCAE grade, multiple of baseline, another laboratory."""
    visit, _form, _row, name = slot
    item = workspace.study.items.get(name)
    if item is None or not item.analyte:
        return
    draws = _draws_once(workspace, person)
    draw = next((one for one in draws if one.visit == visit and item.analyte in one.values), None)
    if draw is None:
        return
    reading = _reading(
        draw, item.analyte, baselines(draws).get(item.analyte), _first_laboratory(draws, item.analyte)
    )
    if reading is not None:
        yield from _notes(reading, f"/participants/{person.key}/laboratory", item.analyte)


def _draws_once(workspace: Workspace, person: ParticipantState) -> tuple[Draw, ...]:
    """The draws of a state, computed once for all the values of a form; states are never changed."""
    global _LAST
    site = workspace.conduct.site_state(person.site)
    state, hash_then, draws = _LAST
    if state is not person or hash_then != site.hash:
        draws = draws_of(workspace.study, person, site)
        _LAST = (person, site.hash, draws)
    return draws


_LAST: tuple[ParticipantState | None, str, tuple[Draw, ...]] = (None, "", ())


def _notes(reading: Reading, link: str, analyte: str) -> Iterable[ValueNote]:
    limits = reading.value.limits
    if reading.flag:
        words = _("above range") if reading.flag == "H" else _("below range")
        shown = f"{'' if limits.low is None else f'{limits.low:g}'}–{'' if limits.high is None else f'{limits.high:g}'}"
        yield ValueNote(words, f"{shown} {reading.value.item_unit}", link, Weight.NOTICE)
    grade = reading.grade
    if grade is not None and grade.grade != 0:
        title = _(TERMS.get(grade.term, grade.term))
        if grade.unknown_because:
            title += " · " + _("unknown because: {}").format(", ".join(grade.unknown_because))
        weight = Weight.WARNING if grade.least >= 3 else Weight.NOTICE if grade.least else Weight.PLAIN
        yield ValueNote(f"CTCAE {grade_words(grade)}", title, link, weight)
    if reading.times_baseline is not None:
        words = _("{} × baseline").format(f"{reading.times_baseline:.2f}")
        yield ValueNote(words, _("against the mean of the draws before the first dose"), link)
    if reading.other_laboratory and analyte in SAME_LABORATORY:
        words = _("another laboratory than before")
        yield ValueNote(words, reading.other_laboratory, link, Weight.WARNING)
