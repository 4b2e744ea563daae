"""What an outcome's name is about: the one measurement or score it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from trialrun.registry.vocabulary.load import shipped
from trialrun.registry.vocabulary.model import Term, TermKind, Vocabulary

MEASURED = (TermKind.LABORATORY, TermKind.MEASUREMENT, TermKind.SCORE, TermKind.CLASS)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One recognised measurement, and the item it becomes."""

    term: Term

    @property
    def name(self) -> str:
        """The item's name."""
        return self.term.name

    @property
    def form(self) -> str:
        """The form it is asked on."""
        return self.term.form

    @property
    def item(self) -> dict[str, Any]:
        """The item as `study.yaml` holds it."""
        return self.term.item()

    def named_in(self, text: str) -> bool:
        """Whether a text names it."""
        return any(one.term.name == self.name for one in shipped().mentions(text))


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
_A_RATE_ITSELF = re.compile(
    r"\b(?:heart|pulse|respiratory|breathing|sedimentation|filtration) rates?\b", re.IGNORECASE
)


def measurement_in(text: str, vocabulary: Vocabulary | None = None) -> Measurement | None:
    """The one measurement an outcome's name is about; `None` when there is none, several, or more to it."""
    if _NOT_THE_VALUE.search(_A_RATE_ITSELF.sub("", text)):
        return None
    found = {one.term.name: one.term for one in (vocabulary or shipped()).mentions(text, MEASURED)}
    return Measurement(next(iter(found.values()))) if len(found) == 1 else None


def measurement(name: str, vocabulary: Vocabulary | None = None) -> Measurement:
    """A measurement by the name of its item. Errors: `KeyError` when there is none."""
    return Measurement((vocabulary or shipped()).terms[name])
