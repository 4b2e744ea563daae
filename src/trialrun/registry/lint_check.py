"""One defect looked for in a record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trialrun.registry.record import Record
from trialrun.values.finding import Finding, Severity

Hits = Iterator[tuple[str, str]]
_PRIMARY = "outcomesModule.primaryOutcomes"


@dataclass(frozen=True, slots=True)
class RecordCheck:
    """One defect looked for: `find` yields the place and the message of each occurrence.

    Args:
        severity: how bad it is; of outcomes, how bad it is at a primary one.
        secondary: how bad it is at any other outcome, where that differs.
    """

    code: str
    severity: Severity
    remedy: str
    find: Callable[[Record], Hits]
    secondary: Severity | None = None

    def findings(self, record: Record) -> Iterator[Finding]:
        """Every occurrence in a record."""
        for place, message in self.find(record):
            below = self.secondary is not None and not place.startswith(_PRIMARY)
            severity = self.secondary if below and self.secondary else self.severity
            yield Finding(severity, self.code, message, place, self.remedy)


ASK = "ask the sponsor; until then it is an assumption of the study"
CORRECT = "ask the sponsor to correct the record"
