"""Random people for the study: complete and consistent answers, and the same people known less well."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from trialrun.study.model import Item, ItemType, Study
from trialrun.values.dates import PartialDate

SCREENING = date(2026, 5, 31)
REPEATED = ("malignancy", "infection", "medication", "beverage")
# Days around the edges of the look-back windows, month ends among them.
EDGES = (
    0,
    1,
    7,
    8,
    13,
    14,
    28,
    29,
    30,
    31,
    92,
    181,
    182,
    183,
    184,
    212,
    364,
    365,
    366,
    380,
    1825,
    1826,
    1827,
)
NUMBERS = {
    "weight": (75.9, 76.0, 80.0),
    "weight_6_months_ago": (76.0, 80.0, 84.21),
    "systolic_2": (120, 139, 140, 180),
    "systolic_3": (120, 140, 141, 180),
    "second_day_systolic": (120, 139, 140, 170),
    "diastolic_2": (70, 89, 90, 110),
    "diastolic_3": (70, 90, 91, 110),
    "second_day_diastolic": (70, 89, 90, 100),
    "bilirubin": (0.5, 1.99, 2.0, 3.0, 3.01, 10),
    "albumin": (1.5, 2.79, 2.8, 3.5, 3.51, 4.5),
    "inr": (0.9, 1.69, 1.7, 2.3, 2.31, 4),
    "creatinine": (0.7, 1.0, 4.0, 9),
    "sodium": (120, 125, 137, 140),
    "medication_daily_dose": (1.5, 5, 6, 8, 10, 10.01, 40),
    "medication_monitor_equivalent": (5, 11),
    "beverage_volume": (20, 20.01, 30, 30.01, 500),
    "beverage_abv": (5, 40, 100),
    "beverage_servings_per_day": (0, 1, 3),
    "beverage_days_per_week": (0, 2, 7),
}


def full_person(study: Study, draw: random.Random) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """Every answer of one person, nothing missing and nothing contradicting itself."""
    repeated = {name for form in study.forms.values() if form.repeating for name in form.items}
    row = {
        item.name: _answer(item, draw)
        for item in study.items.values()
        if item.name not in repeated and item.type not in (ItemType.DATETIME, ItemType.CHOICES)
    }
    row |= {"screening_date": SCREENING, "consent_date": SCREENING - timedelta(days=draw.choice((0, 3)))}
    row["birth_date"] = date(
        draw.choice((1949, 1950, 1951, 1980, 2007, 2008, 2009)), draw.choice((1, 5, 12)), 28
    )
    for name in ("malignancy_list_complete", "infection_list_complete", "medication_list_complete"):
        row[name] = True
    if not row["childbearing_potential"]:
        row["pregnancy_test_result"] = "negative"
    # The list of drinks and AUDIT tell the same thing twice; a person who answers both agrees with himself.
    row["beverage_list_complete"] = draw.random() < 0.7
    if row["beverage_list_complete"]:
        row["audit_1"] = row["audit_2"] = None
    rows = {
        form: [_one_row(study, form, draw) for _ in range(draw.choice((0, 0, 1, 2)))] for form in REPEATED
    }
    if not row["beverage_list_complete"]:
        rows["beverage"] = []
    return row, rows


def _one_row(study: Study, form: str, draw: random.Random) -> dict[str, Any]:
    row = {name: _answer(study.items[name], draw) for name in study.forms[form].items}
    if form == "medication":
        first, last = sorted((row["medication_start"], row["medication_end"]))
        row |= {"medication_start": first, "medication_end": last}
        if row["medication_ongoing"]:
            row["medication_end"] = None
            row["medication_start"] = min(first, SCREENING)
    return row


def _answer(item: Item, draw: random.Random) -> Any:
    match item.type:
        case ItemType.BOOLEAN:
            return draw.random() < 0.3
        case ItemType.CHOICE:
            return draw.choice(item.choices).code
        case ItemType.DATE:
            return SCREENING - timedelta(days=draw.choice(EDGES))
        case ItemType.INTEGER:
            return float(draw.choice((0, 1, 2, 3, 4)))
        case ItemType.NUMBER:
            return float(draw.choice(NUMBERS.get(item.name, (5, 10, 50))))
        case _:
            return draw.choice(("a", "b"))


def known_less(
    study: Study,
    row: dict[str, Any],
    rows: dict[str, list[dict[str, Any]]],
    draw: random.Random,
    share: float,
) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """The same person with answers missing, days of partial dates unknown, and lists not stated complete."""
    less = {
        name: kept
        for name, value in row.items()
        if (kept := _blur(study, name, value, draw, share)) is not None
    }
    fewer: dict[str, list[dict[str, Any]]] = {}
    for form, full in rows.items():
        complete = f"{form}_list_complete"
        kept = [
            {
                name: seen
                for name, value in one.items()
                if (seen := _blur(study, name, value, draw, share)) is not None
            }
            for one in full
        ]
        if less.get(complete) is not True:
            kept = [one for one in kept if draw.random() > share]
        fewer[form] = kept
    return less, fewer


def _blur(study: Study, name: str, value: Any, draw: random.Random, share: float) -> Any:
    if draw.random() < share:
        return None
    if isinstance(value, date) and study.items[name].partial and draw.random() < share:
        return PartialDate(value.year, value.month if draw.random() < 0.5 else None)
    return value
