"""The blood samples of a snapshot, as `trialrun.derive.laboratory` judges them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from trialrun.derive.answers import VisitAnswers
from trialrun.derive.laboratory import Draw, LabValue, Limits, baselines, before_first_dose, limits_among
from trialrun.derive.laboratory_rules import Course, thresholds_of
from trialrun.derive.names import local_name
from trialrun.snapshot.layout import Row
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import Item, ItemType, Study

Ranges = Mapping[tuple[str, str], Sequence[Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class _Names:
    """What the study calls the items beside a value."""

    sampled: str
    laboratory: str
    dialysis: str
    sex: str


def derive_courses(
    snapshot: Snapshot, study: Study, answers: Mapping[str, Sequence[VisitAnswers]]
) -> Mapping[str, Course]:
    """The laboratory course of every treated participant: draws in order of day, baselines, limits, derived values."""
    items = {
        item.name: item for item in study.items.values() if item.analyte and item.type is ItemType.NUMBER
    }
    names = _Names(*(local_name(study, n) for n in ("sample_date", "laboratory_name", "dialysis", "sex")))
    ranges = ranges_of(snapshot)
    limits = thresholds_of(study)
    found: dict[str, Course] = {}
    for name, person in snapshot.participants.items():
        if person["first_dose_on"] is None:
            continue
        draws = draws_of(person, answers.get(name, ()), items, names, ranges)
        derived = {
            (row["visit"], row["name"]): str(row["text"])
            for row in snapshot.derived_of.get(name, ())
            if row["text"] is not None
        }
        found[name] = Course(draws, baselines(draws), limits, derived)
    return found


def ranges_of(snapshot: Snapshot) -> Ranges:
    """The reference ranges by site and laboratory."""
    found: dict[tuple[str, str], list[Mapping[str, str]]] = {}
    for row in snapshot.rows("ranges"):
        found.setdefault((row["site"], row["laboratory"]), []).append(row)
    return found


def draws_of(
    person: Row,
    visits: Iterable[VisitAnswers],
    items: Mapping[str, Item],
    names: _Names,
    ranges: Ranges,
) -> tuple[Draw, ...]:
    """Every sample with a laboratory value, in the order of the visits' days, undated ones last."""
    found: list[Draw] = []
    for visit in visits:
        for form, row, line in _lines(visit, items):
            on = _exact(line.get(names.sampled)) or visit.on
            laboratory = _text(line.get(names.laboratory))
            rows = ranges.get((person["site"] or "", laboratory), ())
            values = {
                str(items[name].analyte): _value(items[name], cell, person, rows, on)
                for name, cell in line.items()
                if name in items
                and cell["missing_reason"] is None
                and cell["number_in_item_unit"] is not None
            }
            if values:
                found.append(
                    Draw(
                        visit=visit.occurrence,
                        on=on,
                        laboratory=laboratory,
                        before=before_first_dose(on, visit.kind.value, person["first_dose_on"]),
                        dialysis={"true": True, "false": False}.get(_code(line.get(names.dialysis))),
                        values=values,
                        form=form,
                        row=row,
                    )
                )
    found.sort(key=lambda draw: (draw.on is None, draw.on or date.max))
    return tuple(found)


def _lines(visit: VisitAnswers, items: Mapping[str, Item]) -> Iterable[tuple[str, str, Mapping[str, Row]]]:
    """The forms of a visit that hold a laboratory value: each with everything answered on it."""
    forms: dict[str, dict[str, Row]] = {}
    for name, cell in visit.single.items():
        forms.setdefault(cell["form"], {})[name] = cell
    for form, line in forms.items():
        if any(name in items for name in line):
            yield form, "", line
    for form, lines in visit.repeated.items():
        for line in lines:
            if any(name in items for name in line):
                yield form, next(iter(line.values()))["row"] or "", line


def _value(
    item: Item, cell: Row, person: Row, rows: Sequence[Mapping[str, str]], on: date | None
) -> LabValue:
    return LabValue(
        item=item.name,
        analyte=str(item.analyte),
        label=item.label,
        number=cell["number_in_item_unit"],
        item_unit=item.unit or "",
        text=cell["text"] or "",
        unit=cell["unit"] or item.unit or "",
        hash=cell["event_hash"] or "",
        limits=limits_among(rows, item, sex=person["sex"] or "", ages=ages_at(person, on), on=on)
        if rows
        else Limits(),
    )


def ages_at(person: Row, on: date | None) -> tuple[int, int] | None:
    """The completed years a participant can have on a day: the birth date is withheld, the age at consent is not."""
    age, consented = person["age"], person["consented_on"]
    if age is None or consented is None or on is None:
        return None
    since = on.year - consented.year - ((on.month, on.day) < (consented.month, consented.day))
    return int(age) + since, int(age) + since + 1


def _exact(row: Row | None) -> date | None:
    if row is None:
        return None
    return row["date_low"] if row["date_low"] == row["date_high"] else None


def _text(row: Row | None) -> str:
    return "" if row is None else str(row["text"] or "")


def _code(row: Row | None) -> str:
    return "" if row is None else str(row["code"] or "")
