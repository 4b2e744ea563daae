"""Findings: a problem as data, returned and listed, not raised."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is. An error stops the work, the others are listed."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where, and what to do about it.

    Args:
        severity: how bad.
        code: stable, kebab-case, e.g. `unused-item`.
        message: names value and rule.
        place: file and line, or a path such as `items.bilirubin`.
        remedy: what to do; may be empty.
    """

    severity: Severity
    code: str
    message: str
    place: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        head = f"{self.place}: " if self.place else ""
        tail = f" (remedy: {self.remedy})" if self.remedy else ""
        return f"{self.severity}: {head}{self.message} [{self.code}]{tail}"
