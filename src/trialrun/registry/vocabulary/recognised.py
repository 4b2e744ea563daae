"""Measurements a draft recognises by name, with unit, limits and LOINC code.

Small on purpose: what is not here becomes an open item of the draft, never a guess.
Limits are edit checks, not reference ranges. Sources: CLINICAL part 1.13 of the reference notes; LOINC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Measurement:
    """One recognised measurement: how texts call it, and the item it becomes."""

    name: str
    pattern: str
    form: str
    item: dict[str, Any]

    def named_in(self, text: str) -> bool:
        """Whether a text names it."""
        return re.search(self.pattern, text, re.IGNORECASE) is not None


def _lab(
    name: str,
    pattern: str,
    label: str,
    units: str,
    hard: list[Any],
    query: list[Any],
    codes: str,
    analyte: bool = False,
) -> Measurement:
    listed = units.split()
    item: dict[str, Any] = {"label": label, "type": "number", "unit": listed[0], "units": listed}
    if analyte:
        item["analyte"] = name
    item |= {
        "hard": hard,
        "query": query,
        "codings": [f"LOINC:{code}" for code in codes.split()],
        "attested_by": "laboratory",
    }
    return Measurement(name, rf"\b(?:{pattern})\b", "laboratory", item)


MEASUREMENTS: tuple[Measurement, ...] = (
    _lab("creatinine", r"creatinine", "Creatinine", "mg/dL umol/L", [0.1, 30], [0.3, 8], "2160-0 14682-9", True),
    _lab("bilirubin", r"bilirubin", "Bilirubin, total", "mg/dL umol/L", [0.05, 80], [0.2, 40], "1975-2 14631-6", True),
    _lab("inr", r"INR|international normali[sz]ed ratio", "INR", "{INR} 1", [0.5, 20], [0.8, 6], "6301-6", True),
    _lab("sodium", r"sodium", "Sodium", "mmol/L meq/L", [90, 190], [120, 150], "2951-2", True),
    _lab("albumin", r"(?<!micro)albumin", "Albumin", "g/dL g/L", [0.5, 7], [1.5, 5.5], "1751-7", True),
    _lab("ast", r"AST|SGOT|aspartate (?:amino)?transaminase|aspartate aminotransferase", "AST", "U/L", [1, 30000], [5, 1000], "1920-8", True),
    _lab("alt", r"ALT|SGPT|alanine (?:amino)?transaminase|alanine aminotransferase", "ALT", "U/L", [1, 30000], [5, 1000], "1742-6", True),
    _lab("alp", r"ALP|alkaline phosphatase", "Alkaline phosphatase", "U/L", [1, 10000], [20, 1000], "6768-6", True),
    _lab("platelets", r"platelets?(?: count)?", "Platelets", "10*9/L 10*3/uL", [1, 2500], [20, 600], "777-3", True),
    _lab("hba1c", r"HbA1c|HB-?A1c|h[a]?emoglobin A1c|glycated h[a]?emoglobin", "HbA1c", "%", [2, 25], [4, 15], "4548-4"),
    _lab("hemoglobin", r"h[a]?emoglobin(?! A1c)", "Haemoglobin", "g/dL g/L", [1, 25], [5, 20], "718-7"),
)  # fmt: skip

SCORE_ITEMS: dict[str, dict[str, Any]] = {
    "dialysis": {
        "label": "Dialysis 2 or more times, or 24 h CVVHD, in the 7 days before the sample",
        "type": "boolean",
        "attested_by": "investigator",
        "note": "Not answered is unknown, never no.",
    },
    "ascites": {
        "label": "Ascites",
        "type": "choice",
        "choices": {
            "none": "None",
            "slight": "Slight, or controlled by diuretics",
            "moderate": "Moderate or large, or refractory",
        },
        "attested_by": "investigator",
    },
    "encephalopathy": {
        "label": "Encephalopathy, West Haven grade",
        "type": "choice",
        "choices": {
            "0": "None or minimal",
            "1": "Grade 1: trivial lack of awareness, short attention",
            "2": "Grade 2: lethargy, disorientation for time, asterixis",
            "3": "Grade 3: somnolence, confusion, gross disorientation",
            "4": "Grade 4: coma",
        },
        "attested_by": "investigator",
    },
}
SCORE_ITEM_FORMS = {"dialysis": "laboratory", "ascites": "examination", "encephalopathy": "examination"}


@dataclass(frozen=True, slots=True)
class RecognisedScore:
    """A published score named by an outcome: which one is taken, from which items, and why."""

    name: str
    score: str
    label: str
    inputs: tuple[str, ...]
    reason: str


def score_in(text: str) -> RecognisedScore | None:
    """The score a text names; where several versions exist, the reason says why this one."""
    if re.search(r"\bMELD\b", text):
        labs = ("creatinine", "bilirubin", "inr")
        if re.search(r"MELD[\s-]*3", text):
            return RecognisedScore(
                "meld_3", "meld_3", "MELD 3.0", (*labs, "sodium", "albumin", "dialysis"), "the text says 3.0"
            )
        if re.search(r"MELD[\s-]*Na\b|\bsodium\b", text, re.IGNORECASE):
            reason = "the text names sodium, which MELD without sodium does not use; the OPTN 2016 formula is taken"
            return RecognisedScore(
                "meld_na", "meld_na_optn2016", "MELD-Na (OPTN 2016)", (*labs, "sodium", "dialysis"), reason
            )
        return RecognisedScore(
            "meld_unos", "meld_unos", "MELD (UNOS)", (*labs, "dialysis"), "the text names no version"
        )
    if re.search(
        r"\bchild(?:[- ]?(?:turcotte[- ]?)?pugh)?(?:'s)? (?:score|class|grade)|\bchild-?pugh\b",
        text,
        re.IGNORECASE,
    ):
        inputs = ("bilirubin", "albumin", "inr", "ascites", "encephalopathy")
        return RecognisedScore(
            "child_pugh", "child_pugh", "Child-Pugh score", inputs, "the bands with INR are taken"
        )
    return None


_NOT_THE_VALUE = re.compile(
    r"\b(?:number of|proportion|percentage of|rates?|incidence|responders?|time to|occurrence|elevations?|toxicit\w+|particle|cumulat\w+)\b",
    re.IGNORECASE,
)


def measurement_in(text: str) -> Measurement | None:
    """The one measurement an outcome's name is about; `None` when there is none, several, or more to it."""
    if _NOT_THE_VALUE.search(text):
        return None
    found = [one for one in MEASUREMENTS if one.named_in(text)]
    return found[0] if len(found) == 1 else None


def measurement(name: str) -> Measurement:
    """A measurement by the name of its item."""
    return next(one for one in MEASUREMENTS if one.name == name)
