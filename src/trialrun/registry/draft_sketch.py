"""A study definition while it is being drafted: plain values in the layout of `study.yaml`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from trialrun.registry.record import Record
from trialrun.study.record_text import plain_text, record_sentences
from trialrun.values.finding import Finding, Severity

LONGEST_TEXT = 40_000
_BEGUN_WITHOUT_A_DAY = frozenset({"BEHAVIORAL", "DIAGNOSTIC_TEST"})
Plain = dict[str, Any]


@dataclass(slots=True)
class Sketch:
    """The sections of a draft and what could not be drafted."""

    record: Record
    items: Plain = field(default_factory=dict)
    forms: Plain = field(default_factory=dict)
    visits: Plain = field(default_factory=dict)
    derived: Plain = field(default_factory=dict)
    criteria: Plain = field(default_factory=dict)
    arms: Plain = field(default_factory=dict)
    dose_plans: list[Plain] = field(default_factory=list)
    endpoints: Plain = field(default_factory=dict)
    assumptions: Plain = field(default_factory=dict)
    control: str = ""
    answers: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def observational(self) -> bool:
        """Whether the study assigns nothing to anybody."""
        return self.record.study_type == "OBSERVATIONAL"

    @property
    def interventional(self) -> bool:
        """Whether something is given to every participant, so that a clock can start with it.

        Not in an observational study, not where an arm is given nothing, nor where all that is done is advice,
        a test or a programme that no single day begins.
        """
        record = self.record
        if self.observational or any(arm.type == "NO_INTERVENTION" for arm in record.arms):
            return False
        kinds = {given.type for given in record.interventions}
        return bool(kinds - _BEGUN_WITHOUT_A_DAY) or not kinds

    @property
    def anchor(self) -> str:
        """The day visits count from."""
        return "first_dose" if self.interventional else "enrolment"

    @property
    def clock_words(self) -> str:
        """The day visits count from, in words."""
        return "the first dose" if self.interventional else "enrolment"

    def assume(
        self,
        name: str,
        about: str,
        default: str,
        reason: str,
        *parts: str,
        alternatives: tuple[str, ...] = (),
    ) -> str:
        """Add an assumption nobody has confirmed; returns its name."""
        entry: Plain = {"about": clean(about), "default": clean(default)}
        if alternatives:
            entry["alternatives"] = [clean(text) for text in alternatives]
        entry |= {"reason": clean(reason), "confirm_by": "Sponsor", "parts": list(parts)}
        self.assumptions[name] = entry
        return name

    def ask(self, form: str, title: str, name: str, item: Plain) -> None:
        """Put an item on a form, making the form if need be."""
        self.items.setdefault(name, item)
        sheet = self.forms.setdefault(form, {"title": title, "items": []})
        if name not in sheet["items"]:
            sheet["items"].append(name)

    def fill_in(self, visit: str, form: str) -> None:
        """Have a form filled in at a visit."""
        forms = self.visits[visit].setdefault("forms", [])
        if form not in forms:
            forms.append(form)

    def trace(self, path: str, text: str, *parts: str) -> None:
        """Note which parts of the study carry a text of the record out."""
        known = self.answers.setdefault((path, plain_text(text)), [])
        known += [part for part in parts if part not in known]

    def traceability(self, document: Plain) -> list[Plain]:
        """Every sentence of the record with the parts that answer for it; the rest is background."""
        return [
            {"path": path, "text": clean(text), "parts": self.answers.get((path, text)) or ["background"]}
            for path, text in record_sentences(document)
            if clean(text)
        ]

    def say(self, severity: Severity, code: str, message: str, place: str, remedy: str = "") -> None:
        """Note what could not be drafted."""
        self.findings.append(Finding(severity, code, message, place, remedy))


def clean(text: str) -> str:
    """Text that YAML can hold: no control characters or half characters, and not megabytes of it."""
    text = text[: 2 * LONGEST_TEXT]
    kept = "".join(
        char
        for char in text
        if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs", "Cf", "Co", "Cn")
    )
    kept = kept.replace("\u2028", "\n").replace("\u2029", "\n").strip()
    return kept if len(kept) <= LONGEST_TEXT else kept[:LONGEST_TEXT] + " ... (shortened; see record.json)"


def slug(text: str, fallback: str, taken: Plain | set[str]) -> str:
    """A name for the study text: lower-case letters, digits and _, not used yet."""
    ascii_text = unicodedata.normalize("NFKD", text[:200]).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", ascii_text.lower()).strip("_")[:40].strip("_")
    if not name or not name[0].isalpha():
        name = f"{fallback}_{name}".strip("_")
    unique, count = name, 2
    while unique in taken:
        unique, count = f"{name}_{count}", count + 1
    return unique
