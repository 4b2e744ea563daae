"""What to write instead of a unit that is misspelt, or that means something else in UCUM."""

from __future__ import annotations

import difflib
import re

# Valid UCUM that nobody in a laboratory means: text -> (what it says, what to write).
MEANS_SOMETHING_ELSE: dict[str, tuple[str, str]] = {
    "K/uL": ("kelvin per microlitre", "write 10*3/uL (thousands per microlitre) or 10*9/L, the same number"),
    "K/ul": ("kelvin per microlitre", "write 10*3/uL (thousands per microlitre) or 10*9/L, the same number"),
    "K/mm3": ("kelvin per cubic millimetre", "write 10*3/uL or 10*9/L, the same number"),
    "m/uL": ("metre per microlitre", "write 10*6/uL (millions per microlitre)"),
    "G/L": ("gauss per litre", "write 10*9/L for giga per litre (cells), or g/L for grams per litre"),
    "G/l": ("gauss per litre", "write 10*9/L for giga per litre (cells), or g/L for grams per litre"),
    "T/L": ("tesla per litre", "write 10*12/L"),
    "C": ("coulomb", "write Cel for degrees Celsius"),
    "F": ("farad", "write [degF] for degrees Fahrenheit"),
    "g%": ("gram per hundred of an unnamed volume", "write g/dL"),
    "mg%": ("milligram per hundred of an unnamed volume", "write mg/dL"),
}

_INSTEAD: dict[str, str] = {
    "mmhg": "mm[Hg]", "mm hg": "mm[Hg]", "inr": "{INR}", "ratio": "1", "score": "{score}", "points": "{score}",
    "lb": "[lb_av]", "lbs": "[lb_av]", "pound": "[lb_av]", "inch": "[in_i]", "in": "[in_i]", "ft": "[ft_i]",
    "sec": "s", "secs": "s", "seconds": "s", "second": "s", "mins": "min", "minutes": "min", "hr": "h", "hrs": "h",
    "hours": "h", "day": "d", "days": "d", "week": "wk", "weeks": "wk", "month": "mo", "months": "mo", "yr": "a",
    "yrs": "a", "year": "a", "years": "a", "y": "a", "kgs": "kg", "kilograms": "kg", "gm": "g", "gms": "g",
    "gm/dl": "g/dL", "gms/dl": "g/dL", "mcg": "ug", "cc": "mL", "celsius": "Cel", "°c": "Cel", "°f": "[degF]",
    "fahrenheit": "[degF]", "mm": "mmol/L", "none": "1", "percent": "%", "mg/100ml": "mg/dL", "g/100ml": "g/dL",
    "gi/l": "10*9/L", "cells/ul": "{cells}/uL", "#/ul": "/uL", "units": "U", "unit": "U", "iu": "[IU]",
}  # fmt: skip
_USUAL = (
    "mg/dL", "umol/L", "mmol/L", "meq/L", "g/dL", "g/L", "U/L", "[IU]/L", "ukat/L", "10*3/uL", "10*9/L", "{INR}",
    "{score}", "mm[Hg]", "[lb_av]", "kg", "cm", "mL", "mg", "ng/mL", "ug/L", "pmol/L", "/uL", "Cel", "%", "s", "d",
)  # fmt: skip
_TIMES_TEN = re.compile(r"^[x×*]?\s*10\s*(?:[eE^*]|\*\*|\s)\s*\+?(\d{1,2})\s*/\s*(.+)$", re.IGNORECASE)
_EQUIVALENTS = re.compile(r"^m\.?eq(?:uiv)?s?\.?/(.+)$", re.IGNORECASE)
_INTERNATIONAL = re.compile(r"^([mkµμu]?)(?:i\.?u\.?|units?)/(.+)$", re.IGNORECASE)
_LITRES = {"l": "L", "dl": "dL", "ml": "mL", "ul": "uL", "mm3": "uL", "µl": "uL", "μl": "uL", "litre": "L"}


def advice(unit: str) -> str:
    """One sentence that says what to write in place of `unit`; empty when there is nothing to say."""
    text = unit.strip()
    micro = text.replace("\u00b5", "u").replace("\u03bc", "u").replace("mcg", "ug")
    if micro != text:
        return f"UCUM writes micro as the letter u: write {_tidy(micro)}"
    compact = re.sub(r"\s*/\s*", "/", text)
    known = _INSTEAD.get(text.lower()) or _INSTEAD.get(compact.lower())
    if known:
        return f"write {known}"
    return _by_pattern(compact) or _by_likeness(text, compact)


def _by_pattern(text: str) -> str:
    if match := _TIMES_TEN.match(text):
        return f"write 10*{match.group(1)}/{_litre(match.group(2))}"
    if match := _EQUIVALENTS.match(text):
        volume = _litre(match.group(1))
        return f"write meq/{volume}, or mmol/{volume} (the same number for sodium and potassium)"
    if match := _INTERNATIONAL.match(text):
        prefix, volume = match.group(1).replace("µ", "u").replace("μ", "u"), _litre(match.group(2))
        return f"write {prefix}[IU]/{volume}, or {prefix}U/{volume} for an enzyme activity"
    return ""


def _by_likeness(text: str, compact: str) -> str:
    folded = {usual.lower(): usual for usual in _USUAL}
    if compact.lower() in folded:
        return (
            f"UCUM distinguishes capital and small letters and has no spaces: write {folded[compact.lower()]}"
        )
    close = difflib.get_close_matches(text.lower(), folded, n=1, cutoff=0.6)
    return f"did you mean {folded[close[0]]}?" if close else ""


def _tidy(text: str) -> str:
    return advice(text).removeprefix("write ").split(",")[0] if _by_pattern(text) else text


def _litre(text: str) -> str:
    return _LITRES.get(text.strip().lower(), text.strip())
