"""Reading another system's files through a mapping: answers, and a list of what is not one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from trialrun.errors import UserError
from trialrun.snapshot.mapping import PRECISIONS, Fact, ForeignMapping, MappingError, SourceFile, Target
from trialrun.snapshot.reconcile import Rejected
from trialrun.snapshot.sources import SourceRow, day_of, day_said, read_rows
from trialrun.snapshot.typed import typed_columns
from trialrun.study.model import Item, ItemType, Study


@dataclass
class Answer:
    """One answer and where it stood."""

    target: Target
    text: str
    unit: str | None
    missing: str | None
    row: SourceRow
    column: str
    day: date | None


@dataclass
class Intake:
    """What has been read so far."""

    mapping: ForeignMapping
    study: Study
    people: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    rejected: list[Rejected] = field(default_factory=list[Rejected])
    left_out: dict[str, str] = field(default_factory=dict[str, str])

    def reject(self, row: SourceRow, column: str, reason: str, text: str | None = None) -> None:
        """List a value that is not taken over."""
        shown = row.cells.get(column, "") if text is None else text
        self.rejected.append(Rejected(row.file, row.line, column, shown, reason))
        self.counts[row.file]["rejected"] += 1


def read_all(mapping: ForeignMapping, folder: Path, study: Study) -> Intake:
    """Read every file of a mapping; the file that defines the participants comes first."""
    _check_targets(mapping, study)
    state = Intake(mapping, study)
    ordered = sorted(mapping.files, key=lambda source: not source.defines_participants)
    for source in ordered:
        state.counts[source.file].update(rows=0)
        for name, reason in source.ignore.items():
            state.left_out[f"{source.file}: {name}"] = reason
        for row in read_rows(folder, source):
            state.counts[source.file]["rows"] += 1
            _READERS[source.shape](state, source, row)
    return state


def _check_targets(mapping: ForeignMapping, study: Study) -> None:
    targets = [t for source in mapping.files for t in (*source.columns.values(), *source.tests.values())]
    items = [t.item for t in targets] + [flag.item for source in mapping.files for flag in source.flags]
    items += [
        *mapping.stand_in,
        *mapping.complete,
        *(s.birth_from_age for s in mapping.files if s.birth_from_age),
    ]
    for name in items:
        form = study.form_of(name)
        if name not in study.items or form is None:
            raise MappingError(
                f"{mapping.path}: the study has no item {name!r} on a form", "correct the mapping"
            )
        if form.repeating:
            raise MappingError(
                f"{mapping.path}: {name} is on the repeating form {form.name}, which is not imported"
            )
    arms = {arm for s in mapping.files if "arm" in s.course for arm in s.course["arm"].values.values()}
    for name in sorted(arms - set(study.arms)):
        raise MappingError(f"{mapping.path}: the study has no arm {name!r}", "correct the mapping")
    for name in (mapping.first_visit, mapping.other_visits):
        if name not in study.visits:
            raise MappingError(f"{mapping.path}: the study has no visit {name!r}", "correct the mapping")
    for name in (*mapping.stand_in, *mapping.visit_day):
        if study.items[name].type is not ItemType.DATE:
            raise MappingError(f"{mapping.path}: {name} is no date, so a day cannot stand in for it")


def _located(
    state: Intake, source: SourceFile, row: SourceRow, columns: Iterable[str]
) -> tuple[str, date | None] | None:
    """The row's person and day; a row without them is rejected cell by cell."""
    wanted = [column for column in columns if row.cells.get(column, "").strip()]
    person = row.cells[source.participant].strip()
    reason = ""
    day = None
    if not person:
        reason = f"{source.participant} is empty"
    elif source.defines_participants:
        state.people.setdefault(person, {})
    elif person not in state.people and any(s.defines_participants for s in state.mapping.files):
        reason = f"{source.participant} {person} is not among the participants"
    else:
        state.people.setdefault(person, {})
    if not reason:
        try:
            day = day_of(state.mapping, source, row)
        except UserError as error:
            reason = error.message
    if not reason:
        return person, day
    state.counts[row.file]["rows_rejected"] += 1
    state.counts[row.file]["values"] += len(wanted)
    for column in wanted:
        state.reject(row, column, reason)
    return None


def _read_wide(state: Intake, source: SourceFile, row: SourceRow) -> None:
    course = [fact.column for fact in source.course.values()]
    taken = [*source.columns, *course, *([source.age] if source.age else [])]
    ignored = [c for c in source.ignore if c in row.cells and c not in taken]
    found = _located(state, source, row, [*taken, *ignored])
    if found is None:
        return
    person, day = found
    state.counts[row.file]["values"] += sum(1 for c in (*taken, *ignored))
    state.counts[row.file]["left_out"] += len(ignored)
    for column, target in source.columns.items():
        _take(state, person, day, row, column, target, target.unit, row.cells[column])
    for name, fact in source.course.items():
        _take_fact(state, source, person, row, name, fact)
    if source.age:
        _take_age(state, source, person, day, row)


def _take_fact(state: Intake, source: SourceFile, person: str, row: SourceRow, name: str, fact: Fact) -> None:
    """What is true of a person as a whole: the first row says it, a later one may only repeat it."""
    text = row.cells[fact.column].strip()
    if text in state.mapping.missing:
        state.counts[row.file]["missing"] += 1
        return
    if fact.values and text not in fact.values:
        state.reject(row, fact.column, f"the mapping says nothing about the value {text!r}")
        return
    value: Any = fact.values.get(text, text)
    if name == "ended_on":
        try:
            value = day_said(state.mapping, text, counted=bool(source.day))
        except UserError as error:
            state.reject(row, fact.column, error.message)
            return
    before = state.people[person].setdefault(name, value)
    if before != value:
        state.reject(row, fact.column, f"a person has one {name}: {before}")
        return
    seen = state.people[person].setdefault("facts", set())
    state.counts[row.file]["superseded" if name in seen else "landed"] += 1
    seen.add(name)


def _take_age(state: Intake, source: SourceFile, person: str, day: date | None, row: SourceRow) -> None:
    """The age of the first row counts; a birth day is computed from it where the mapping asks for one."""
    text = row.cells[source.age].strip()
    if state.people[person].get("age") is not None or text in state.mapping.missing:
        state.counts[row.file]["superseded" if text not in state.mapping.missing else "missing"] += 1
        return
    try:
        age = float(text)
    except ValueError:
        state.reject(row, source.age, "an age is a number of years")
        return
    if not 0 <= age <= 130:
        state.reject(row, source.age, "an age is between 0 and 130 years")
        return
    state.people[person]["age"] = float(int(age))
    state.counts[row.file]["landed"] += 1
    if source.birth_from_age and day is not None:
        born = day - timedelta(days=round(age * 365.25))
        target = Target(source.birth_from_age, per_participant=True, keep_identifying=True)
        state.answers[person].append(Answer(target, born.isoformat(), None, None, row, "", day))


def _read_long(state: Intake, source: SourceFile, row: SourceRow) -> None:
    found = _located(state, source, row, [source.value])
    if found is None:
        return
    person, day = found
    state.counts[row.file]["values"] += 1
    test = row.cells[source.test].strip()
    target = source.tests.get(test)
    if target is None:
        if test in source.ignore:
            state.counts[row.file]["left_out"] += 1
        else:
            state.reject(row, source.value, f"the mapping says nothing about test {test!r}")
        return
    unit = row.cells[source.unit].strip() if source.unit else target.unit
    _take(state, person, day, row, source.value, target, unit, row.cells[source.value])


def _read_codes(state: Intake, source: SourceFile, row: SourceRow) -> None:
    found = _located(state, source, row, [source.code])
    if found is None:
        return
    person, day = found
    state.counts[row.file]["values"] += 1
    code = row.cells[source.code].strip()
    system = row.cells[source.system].strip() if source.system else ""
    flags = [flag for flag in source.flags if code in flag.codes.get(system, ())]
    state.counts[row.file]["landed" if flags else "left_out"] += 1
    if not flags:
        state.left_out.setdefault(
            f"{row.file}: other codes", "the mapping gives these codes no meaning for the study"
        )
    for flag in flags:
        target = Target(flag.item, per_participant=True)
        state.answers[person].append(Answer(target, flag.value, None, None, row, "", day))


_READERS = {"wide": _read_wide, "long": _read_long, "codes": _read_codes}


def _take(
    state: Intake,
    person: str,
    day: date | None,
    row: SourceRow,
    column: str,
    target: Target,
    unit: str | None,
    text: str,
) -> None:
    """One cell: recoded, checked against its item, and kept or listed."""
    text = text.strip()
    missing = state.mapping.missing.get(text)
    recoded = target.values.get(text)
    if recoded is not None:
        missing = recoded.get("missing", "unknown") if isinstance(recoded, Mapping) else None
        text = text if isinstance(recoded, Mapping) else recoded
    elif target.values and missing is None:
        state.reject(row, column, f"the mapping says nothing about the value {text!r}")
        return
    if missing is not None and not isinstance(recoded, Mapping):
        state.counts[row.file]["missing"] += 1
        return
    item = state.study.items[target.item]
    if target.precision != "day":
        text = text[: PRECISIONS[target.precision]]
    unit = state.mapping.units.get(unit, unit) if unit else unit
    try:
        columns = typed(item, None if missing else text, unit, missing, target)
        _check_limits(item, columns)
    except UserError as error:
        state.reject(row, column, error.message)
        return
    state.answers[person].append(Answer(target, text, unit, missing, row, column, day))


def typed(
    item: Item, text: str | None, unit: str | None, missing: str | None, target: Target
) -> dict[str, Any]:
    """The value columns of an imported answer; `UserError` where it does not fit its item."""
    shown = replace(item, identifying=False) if target.keep_identifying else item
    return typed_columns(shown, text, unit if item.unit is not None else None, missing)


def _check_limits(item: Item, columns: Mapping[str, Any]) -> None:
    number = columns.get("number_in_item_unit")
    if number is None:
        return
    low, high = item.hard.low, item.hard.high
    if (low is not None and number < low) or (high is not None and number > high):
        raise UserError(f"{item.name} {number:g} {item.unit or ''} is outside {low} to {high}")
