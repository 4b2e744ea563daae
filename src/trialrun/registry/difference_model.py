"""What is said about two versions of a record: changes in words, and alarms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from trialrun.registry.difference_words import Words
from trialrun.values.finding import Finding


class ChangeKind(StrEnum):
    """What happened to a field or an entry; `MOVED` is an entry that stands in another list now."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


class AlarmLevel(StrEnum):
    """How much a change can bias what the trial will be said to have shown."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Moment(StrEnum):
    """When a change was made, by the registered dates of the older version."""

    BEFORE_START = "before the trial began"
    RUNNING = "after the trial began"
    COMPLETED = "after primary completion"
    UNKNOWN = "at a time the record does not tell"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference in the words of the record.

    Args:
        section: the part of the record, as its page names it (`Primary outcomes`).
        field: what of it, in words (`Time frame of "MELD score"`).
        old, new: the text before and after; empty where there was or is none.
        words: the new text with what was added and removed; empty where nothing stands on one side,
            and for codes and dates.
        place: where it stands in the newer document; in the older one for what was removed.
        wording: whether only case, spacing, punctuation or markup differ.
        note: what the change means, where that could be told ("wider", "from inclusion to exclusion").
    """

    section: str
    field: str
    kind: ChangeKind
    old: str = ""
    new: str = ""
    words: tuple[Words, ...] = ()
    place: str = ""
    wording: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A change that must be explained before the trial's results are believed.

    Args:
        code: its kind, e.g. `primary-outcome-removed`.
        message: what changed.
        reason: why it matters, with when it was made.
        place: as of `Change`.
    """

    level: AlarmLevel
    code: str
    message: str
    reason: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class RecordDifference:
    """All changes between two versions, in the order of the record, and the alarms, gravest first.

    Args:
        old_id, new_id: registration numbers; they differ when two trials were compared by mistake.
        old_date, new_date: the versions' dates of last update, as they state them.
        moment: when the newer version was made in the life of the trial.
        findings: what could not be compared whole.
    """

    old_id: str
    new_id: str
    old_date: str
    new_date: str
    moment: Moment
    changes: tuple[Change, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def sections(self) -> Iterator[tuple[str, tuple[Change, ...]]]:
        """The changes by section of the record."""
        for section, changes in groupby(self.changes, key=lambda change: change.section):
            yield section, tuple(changes)

    @property
    def worst(self) -> AlarmLevel | None:
        """The gravest level among the alarms."""
        return next((level for level in AlarmLevel if any(a.level is level for a in self.alarms)), None)


def difference_document(found: RecordDifference) -> dict[str, Any]:
    """A comparison as plain values ready to be written as JSON."""
    return {
        "old": {"registry_id": found.old_id, "updated": found.old_date},
        "new": {"registry_id": found.new_id, "updated": found.new_date},
        "moment": str(found.moment),
        "alarms": [
            {
                "level": str(alarm.level),
                "code": alarm.code,
                "message": alarm.message,
                "reason": alarm.reason,
                "place": alarm.place,
            }
            for alarm in found.alarms
        ],
        "changes": [
            {
                "section": change.section,
                "field": change.field,
                "kind": str(change.kind),
                "old": change.old,
                "new": change.new,
                "words": [[str(run.mark), run.text] for run in change.words],
                "place": change.place,
                "wording": change.wording,
                "note": change.note,
            }
            for change in found.changes
        ],
        "findings": [
            {
                "severity": str(finding.severity),
                "code": finding.code,
                "place": finding.place,
                "message": finding.message,
                "remedy": finding.remedy,
            }
            for finding in found.findings
        ],
    }
