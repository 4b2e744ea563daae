"""Doubt about a measured value: refused, queried or believed, with the unit it may have been meant in."""

from __future__ import annotations

from decimal import Decimal

from trialrun.values.analytes import Analyte, find_analyte
from trialrun.values.finding import Finding, Severity
from trialrun.values.units import convert


def doubt(value: Decimal, unit: str, analyte: str, *, place: str = "") -> Finding | None:
    """What is wrong with a measured value, or None when it is believable.

    Beyond the refusal limits an error (`implausible-value`), beyond the query limits a warning
    (`unusual-value`). The message names the unit in which the number would be ordinary, because a
    swapped unit is the usual cause: albumin 35 "g/dL" is g/L.

    Errors: `UnitError` when the unit does not fit the substance.
    """
    known = find_analyte(analyte)
    if known is None:
        return None
    usual = convert(value, unit, known.unit, known.name)
    if known.refuse and not _within(usual, known.refuse):
        severity, code, limits = Severity.ERROR, "implausible-value", known.refuse
    elif known.query and not _within(usual, known.query):
        severity, code, limits = Severity.WARNING, "unusual-value", known.query
    else:
        return None
    low, high = limits
    message = f"{known.label} {value} {unit} is outside {low} to {high} {known.unit}"
    return Finding(severity, code, message, place, _meant(value, unit, known))


def _within(value: Decimal, limits: tuple[str, str]) -> bool:
    return Decimal(limits[0]) <= value <= Decimal(limits[1])


def _meant(value: Decimal, unit: str, known: Analyte) -> str:
    for other in (known.unit, *known.other_units):
        if other == unit or known.query is None:
            continue
        if _within(convert(value, other, known.unit, known.name), known.query):
            return f"check the number and its unit: {value} {other} would be ordinary"
    return "check the number and its unit against the laboratory's report"
