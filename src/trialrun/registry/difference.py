"""Two versions of a registry record compared: what changed in words, and what must be explained.

Alarms do not say that anything was done wrong: registers allow changes. They say where a reader has to
ask before the results are believed (SPIRIT 2013 item 25; ICH E9 section 2.2.2; CONSORT 2010 items 3b, 6b).
"""

from __future__ import annotations

from dataclasses import replace

from trialrun.registry.difference_criteria import SECTION as CRITERIA
from trialrun.registry.difference_criteria import criteria_changes
from trialrun.registry.difference_design import design_alarms
from trialrun.registry.difference_fields import SECTIONS, field_changes
from trialrun.registry.difference_model import (
    Alarm,
    AlarmLevel,
    Change,
    ChangeKind,
    Moment,
    RecordDifference,
    difference_document,
)
from trialrun.registry.difference_outcomes import outcome_changes
from trialrun.registry.difference_words import Effort, Mark, Words
from trialrun.registry.record import Record
from trialrun.registry.trim import trimmed
from trialrun.values.dates import PartialDate
from trialrun.values.finding import Finding, Severity

__all__ = [
    "Alarm",
    "AlarmLevel",
    "Change",
    "ChangeKind",
    "Mark",
    "Moment",
    "RecordDifference",
    "Words",
    "compare_records",
    "difference_document",
]
_MOST_OF_A_KIND = 10
_DONE = frozenset({"outcomesModule", "eligibilityModule.eligibilityCriteria"})


def compare_records(old: Record, new: Record) -> RecordDifference:
    """What changed from an older version of a record to a newer one.

    Lists are matched entry by entry, so that another order is no change; a record compared with itself
    has no change and no alarm. Two records of different trials are compared all the same, with an alarm.
    """
    (old, cut_old), (new, cut_new) = trimmed(old), trimmed(new)
    effort = Effort()
    when = moment(old, new)
    changes = list(field_changes(old.document, new.document, effort, _DONE))
    outcomes, outcome_alarms = outcome_changes(old, new, when, effort)
    criteria, criteria_alarms = criteria_changes(old, new, when, effort)
    alarms = [*_identity(old, new), *outcome_alarms, *criteria_alarms, *design_alarms(old, new, when)]
    alarms = _gathered(alarms)
    levels = list(AlarmLevel)
    return RecordDifference(
        old.registry_id,
        new.registry_id,
        _text(updated(old)),
        _text(updated(new)),
        when,
        tuple(_in_order(changes, outcomes, criteria)),
        tuple(sorted(alarms, key=lambda alarm: levels.index(alarm.level))),
        (*cut_old, *cut_new, *_order(old, new)),
    )


def moment(old: Record, new: Record) -> Moment:
    """When the newer version was made, by its date of last update and the dates the older version states."""
    made = updated(new)
    if made is None:
        return Moment.UNKNOWN
    completed = old.status_date("primaryCompletionDateStruct")
    started = old.status_date("startDateStruct") or new.status_date("startDateStruct")
    if completed is not None and made.earliest > completed.latest and _ended(old, new):
        return Moment.COMPLETED
    if started is None:
        return Moment.UNKNOWN
    return Moment.RUNNING if made.earliest >= started.earliest else Moment.BEFORE_START


def _ended(old: Record, new: Record) -> bool:
    """Whether a planned date of completion that has passed was reached."""
    actual = "ACTUAL" in (
        one.text("statusModule", "primaryCompletionDateStruct", "type") for one in (old, new)
    )
    return actual or new.status in ("COMPLETED", "TERMINATED", "ACTIVE_NOT_RECRUITING", "UNKNOWN")


def updated(record: Record) -> PartialDate | None:
    """The record's own date of its last update; `None` where it states none."""
    for name in (
        "lastUpdateSubmitDate",
        "lastUpdatePostDateStruct",
        "statusVerifiedDate",
        "studyFirstSubmitDate",
    ):
        found = record.status_date(name)
        if found is not None:
            return found
    return None


def _text(day: PartialDate | None) -> str:
    return "" if day is None else str(day)


def _identity(old: Record, new: Record) -> list[Alarm]:
    if old.registry_id == new.registry_id:
        return []
    return [
        Alarm(
            AlarmLevel.HIGH,
            "another-trial",
            f"the records have different numbers: {old.registry_id or 'none'} and {new.registry_id or 'none'}",
            "they may be two trials and not two versions of one",
            "identificationModule.nctId",
        )
    ]


def _gathered(alarms: list[Alarm]) -> list[Alarm]:
    """Alarms with those of one kind and level told as one where they are too many to be read."""
    kinds: dict[tuple[AlarmLevel, str], list[Alarm]] = {}
    for alarm in alarms:
        kinds.setdefault((alarm.level, alarm.code), []).append(alarm)
    gathered: list[Alarm] = []
    for kind in kinds.values():
        if len(kind) <= _MOST_OF_A_KIND:
            gathered += kind
        else:
            gathered += kind[: _MOST_OF_A_KIND - 1]
            rest = len(kind) - _MOST_OF_A_KIND + 1
            gathered.append(
                replace(kind[-1], message=f"{rest:,} more of this kind, the last: {kind[-1].message}")
            )
    return gathered


def _order(old: Record, new: Record) -> list[Finding]:
    before, after = updated(old), updated(new)
    if before is None or after is None or after.latest >= before.earliest:
        return []
    return [
        Finding(
            Severity.WARNING,
            "versions-in-reverse",
            f"the version given as newer was last updated on {after}, the older one on {before}",
            "statusModule",
            "give the older version first",
        )
    ]


def _in_order(changes: list[Change], outcomes: list[Change], criteria: list[Change]) -> list[Change]:
    """Changes in the order of the record's modules, outcomes and criteria in their places."""
    sections = list(SECTIONS.values())
    eligibility, after_arms = SECTIONS["eligibilityModule"], sections.index(SECTIONS["outcomesModule"])

    def rank(change: Change) -> float:
        if change.section == CRITERIA:
            return sections.index(eligibility) + 0.5
        if change.section in sections:
            return sections.index(change.section)
        return len(sections)

    ranked = [(rank(change), change) for change in changes + criteria]
    ranked += [(after_arms, change) for change in outcomes]
    return [change for _, change in sorted(ranked, key=lambda one: one[0])]
