"""Laboratory values of a participant as they stand in the log, draw by draw, judged as `trialrun.derive.laboratory` does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from trialrun.app.visits import first_dose_on
from trialrun.derive.laboratory import (
    GRADED,
    Baseline,
    Draw,
    Grade,
    LabValue,
    Limits,
    baselines,
    before_first_dose,
    grades_of,
    limits_among,
    with_unit,
    worst_grade,
)
from trialrun.derive.names import local_name
from trialrun.errors import UserError
from trialrun.ledger.amounts import in_item_unit
from trialrun.ledger.rows import plain_visit
from trialrun.ledger.state import ParticipantState, SavedValue, SiteState
from trialrun.study.model import Item, ItemType, Study
from trialrun.values.dates import parse_partial_date
from trialrun.values.quantity import parse_decimal

__all__ = [
    "GRADED",
    "Baseline",
    "Draw",
    "Grade",
    "LabValue",
    "Limits",
    "baselines",
    "draws_of",
    "grades_of",
    "limits_for",
    "with_unit",
    "worst_grade",
]


def draws_of(study: Study, person: ParticipantState, site: SiteState) -> tuple[Draw, ...]:
    """Every sample with a laboratory value, in order of day, undated ones last."""
    items = {
        item.name: item for item in study.items.values() if item.analyte and item.type is ItemType.NUMBER
    }
    dosed = first_dose_on(study, person)
    found: list[Draw] = []
    groups: dict[tuple[str, str, int], dict[str, SavedValue]] = {}
    for (visit, form, row, name), value in person.values.items():
        if name in items and value.text is not None:
            groups.setdefault((visit, form, row), {})[name] = value
    for (visit, form, row), values in groups.items():
        beside = person.form_values(visit, form, row)
        on = _sampled(study, beside) or person.visits.get(visit)
        laboratory = _text(beside, local_name(study, "laboratory_name"))
        made = {
            str(items[name].analyte): lab
            for name, value in values.items()
            if (lab := _lab_value(study, person, site, items[name], value, laboratory, on)) is not None
        }
        found.append(
            Draw(
                visit=visit,
                on=on,
                laboratory=laboratory,
                before=before_first_dose(on, _kind(study, visit), dosed),
                dialysis={"true": True, "false": False}.get(_text(beside, local_name(study, "dialysis"))),
                values=made,
                form=form,
                row=str(row) if row else "",
            )
        )
    order = {name: index for index, name in enumerate(study.visits)}
    found.sort(
        key=lambda draw: (
            draw.on is None,
            draw.on or date.max,
            order.get(plain_visit(draw.visit), 99),
            draw.visit,
        )
    )
    return tuple(found)


def _kind(study: Study, visit: str) -> str:
    plan = study.visits.get(plain_visit(visit))
    return plan.kind.value if plan is not None else ""


def _sampled(study: Study, values: Mapping[str, SavedValue]) -> date | None:
    text = _text(values, local_name(study, "sample_date"))
    return parse_partial_date(text).exact if text else None


def _text(values: Mapping[str, SavedValue], name: str) -> str:
    value = values.get(name)
    return value.text or "" if value is not None else ""


def _lab_value(
    study: Study,
    person: ParticipantState,
    site: SiteState,
    item: Item,
    value: SavedValue,
    laboratory: str,
    on: date | None,
) -> LabValue | None:
    try:
        number = float(in_item_unit(parse_decimal(value.text or ""), value.unit, item.unit, item.analyte))
    except UserError:
        return None
    return LabValue(
        item=item.name,
        analyte=str(item.analyte),
        label=item.label,
        number=number,
        item_unit=item.unit or "",
        text=value.text or "",
        unit=value.unit or item.unit or "",
        hash=value.hash,
        limits=limits_for(study, person, site, item, laboratory, on),
    )


# --- limits of normal ------------------------------------------------------------------------------


def limits_for(
    study: Study, person: ParticipantState, site: SiteState, item: Item, laboratory: str, on: date | None
) -> Limits:
    """The range the laboratory states for this person on that day; none when several contradict each other."""
    return limits_among(
        site.ranges.get(laboratory, ()),
        item,
        sex=_one_answer(study, person, "sex"),
        ages=_ages(study, person, on),
        on=on,
    )


def _ages(study: Study, person: ParticipantState, on: date | None) -> tuple[int, int] | None:
    born = _one_answer(study, person, "birth_date")
    if not born or on is None:
        return None
    try:
        day = parse_partial_date(born)
    except UserError:
        return None
    return _years(day.latest, on), _years(day.earliest, on)


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _one_answer(study: Study, person: ParticipantState, name: str) -> str:
    wanted = local_name(study, name)
    return next((value.text or "" for slot, value in person.values.items() if slot[3] == wanted), "")
