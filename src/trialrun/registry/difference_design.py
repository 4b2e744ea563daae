"""Alarms on what a trial is: size, arms, masking, allocation, dates, status, sponsor, results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trialrun.registry.difference_fields import code_words, quoted
from trialrun.registry.difference_model import Alarm, AlarmLevel, Moment
from trialrun.registry.difference_outcomes import weighted
from trialrun.registry.difference_words import same_meaning
from trialrun.registry.record import Record

_SMALL_SHARE, _LARGE_SHARE = 10, 25  # percent of the planned number
_LATE = 90  # days a completion date moves before it is worth an alarm
_YEAR = 365
_ENDED = {
    "WITHDRAWN": AlarmLevel.HIGH,
    "TERMINATED": AlarmLevel.HIGH,
    "SUSPENDED": AlarmLevel.MEDIUM,
    "UNKNOWN": AlarmLevel.LOW,
}
_CLOSED = frozenset({"COMPLETED", "TERMINATED", "WITHDRAWN"})
_MASKS = ("NONE", "SINGLE", "DOUBLE", "TRIPLE", "QUADRUPLE")


def design_alarms(old: Record, new: Record, moment: Moment) -> Iterator[Alarm]:
    """Every alarm that rests on a field of the record, in the order of the record."""
    yield from _status(old, new)
    yield from _dates(old, new, moment)
    yield from _sponsor(old, new)
    yield from _coded(old, new, moment)
    yield from _size(old, new, moment)
    yield from _arms(old, new, moment)
    yield from _results(old, new)


def _status(old: Record, new: Record) -> Iterator[Alarm]:
    if old.status == new.status or not new.status:
        return
    place = "statusModule.overallStatus"
    message = f"the status changed from {code_words(old.status or 'NOT STATED')} to {code_words(new.status)}"
    if new.status in _ENDED:
        why = new.text("statusModule", "whyStopped")
        reason = (
            f"the record's reason: {quoted(why, 200)}"
            if why
            else "nobody has verified the record for two years"
            if new.status == "UNKNOWN"
            else "the record gives no reason"
        )
        yield Alarm(_ENDED[new.status], f"status-{new.status.lower()}", message, reason, place)
    elif old.status in _CLOSED:
        yield Alarm(
            AlarmLevel.MEDIUM, "status-reopened", message, "an ended trial does not usually go on", place
        )


def _dates(old: Record, new: Record, moment: Moment) -> Iterator[Alarm]:
    for key, name in (
        ("startDateStruct", "start"),
        ("primaryCompletionDateStruct", "primary completion"),
        ("completionDateStruct", "completion"),
    ):
        before, after = old.status_date(key), new.status_date(key)
        place = f"statusModule.{key}"
        if before is None or after is None:
            if before is not None:
                message = f"the date of {name}, {before}, was removed"
                yield Alarm(AlarmLevel.MEDIUM, "date-removed", message, "nobody can tell what is late", place)
            continue
        days = (after.latest - before.latest).days
        was_actual = old.text("statusModule", key, "type") == "ACTUAL"
        if was_actual and (after.latest < before.earliest or after.earliest > before.latest):
            message = f"the date of {name} had been given as reached on {before} and is {after} now"
            reason = "a date that has been reached does not move; results are due from primary completion"
            yield Alarm(weighted(AlarmLevel.MEDIUM, moment), "actual-date-changed", message, reason, place)
        elif abs(days) >= _LATE:
            way = "later" if days > 0 else "earlier"
            message = f"{name} moved from {before} to {after}, about {_length(abs(days))} {way}"
            level = AlarmLevel.MEDIUM if abs(days) >= _YEAR else AlarmLevel.LOW
            reason = (
                "recruitment slower than planned is the usual cause"
                if days > 0
                else "ask whether fewer people or a shorter follow-up is the cause"
            )
            yield Alarm(level, "date-moved", message, reason, place)


def _length(days: int) -> str:
    months = round(days / 30.44)
    return f"{months} months" if months < 24 else f"{days / 365.25:.1f} years"


def _sponsor(old: Record, new: Record) -> Iterator[Alarm]:
    if old.sponsor and not same_meaning(old.sponsor, new.sponsor):
        message = f"the lead sponsor changed from {quoted(old.sponsor)} to {quoted(new.sponsor or 'none')}"
        place = "sponsorCollaboratorsModule.leadSponsor"
        yield Alarm(
            AlarmLevel.MEDIUM, "sponsor-changed", message, "somebody else answers for the trial now", place
        )


def _coded(old: Record, new: Record, moment: Moment) -> Iterator[Alarm]:
    place = "designModule.designInfo"
    pairs = (
        ("study type", old.study_type, new.study_type, AlarmLevel.HIGH),
        ("allocation", old.allocation, new.allocation, AlarmLevel.HIGH),
        ("model", old.design_model, new.design_model, AlarmLevel.HIGH),
        ("phase", ", ".join(sorted(old.phases)), ", ".join(sorted(new.phases)), AlarmLevel.LOW),
        ("purpose", old.primary_purpose, new.primary_purpose, AlarmLevel.LOW),
    )
    for name, before, after, level in pairs:
        if before and before != after:
            message = f"the {name} changed from {_codes(before)} to {_codes(after) or 'not stated'}"
            reason = f"{moment}: it is another design than the one that was registered"
            code = f"{name.replace(' ', '-')}-changed"
            yield Alarm(weighted(level, moment), code, message, reason, place)
    if old.masking and old.masking != new.masking:
        yield _masking(old.masking, new.masking, moment)


def _masking(old: str, new: str, moment: Moment) -> Alarm:
    less = old in _MASKS and new in _MASKS and _MASKS.index(new) < _MASKS.index(old)
    level = AlarmLevel.HIGH if less else AlarmLevel.MEDIUM
    message = f"masking changed from {_codes(old)} to {_codes(new) or 'not stated'}"
    who = "fewer people are" if less else "not the same people are"
    reason = f"{moment}: {who} kept unaware of the treatment"
    return Alarm(
        weighted(level, moment), "masking-changed", message, reason, "designModule.designInfo.maskingInfo"
    )


def _codes(codes: str) -> str:
    return ", ".join(code_words(code) for code in codes.split(", ")) if codes else ""


def _size(old: Record, new: Record, moment: Moment) -> Iterator[Alarm]:
    before, after = old.enrollment, new.enrollment
    if before is None or before == after:
        return
    place = "designModule.enrollmentInfo"
    if after is None:
        message = f"the number of participants, {_number(before)}, was removed"
        yield Alarm(AlarmLevel.HIGH, "sample-size-removed", message, "it was planned once", place)
        return
    change = 100 * (after - before) / before if 0 < before < 10**9 and after < 10**12 else None
    share = f" ({change:+.0f} %)" if change is not None else ""
    reached = new.enrollment_type == "ACTUAL" and old.enrollment_type != "ACTUAL"
    what = "planned, reached" if reached else "planned now" if new.enrollment_type != "ACTUAL" else "reached"
    message = f"the number of participants changed from {_number(before)} to {_number(after)} {what}{share}"
    size = abs(change) if change is not None else 100.0
    level = (
        AlarmLevel.HIGH
        if size >= _LARGE_SHARE
        else AlarmLevel.MEDIUM
        if size >= _SMALL_SHARE
        else AlarmLevel.LOW
    )
    if old.enrollment_type == "ACTUAL" and new.enrollment_type == "ACTUAL":
        level = AlarmLevel.MEDIUM if level is AlarmLevel.LOW else level
        reason = "a number that had been counted does not usually change"
    elif reached:
        reason = "the trial ended with another number than planned; its power is another one"
    else:
        reason = f"{moment}: a size changed with results in sight biases the test"
    yield Alarm(level, "sample-size-changed", message, reason, place)


def _number(value: int) -> str:
    return f"{value:,}" if abs(value) < 10**15 else "a number of many digits"


def _arms(old: Record, new: Record, moment: Moment) -> Iterator[Alarm]:
    reason = f"{moment}: who is compared with whom is part of the registered question"
    before = {arm.label: (arm.type, frozenset(arm.intervention_names)) for arm in old.arms}
    after = {arm.label: (arm.type, frozenset(arm.intervention_names)) for arm in new.arms}
    place = "armsInterventionsModule.armGroups"
    if len(old.arms) != len(new.arms):
        message = f"the number of arms changed from {len(old.arms)} to {len(new.arms)}"
        yield Alarm(weighted(AlarmLevel.HIGH, moment), "arms-changed", message, reason, place)
    for label in list(after)[:200]:
        if label in before and before[label] != after[label]:
            message = f"arm {quoted(label)} {_arm_change(before[label], after[label])}"
            yield Alarm(weighted(AlarmLevel.MEDIUM, moment), "arm-changed", message, reason, place)
    names = [{one.name.casefold(): one.name for one in side.interventions} for side in (old, new)]
    for verb, left, right in (("added", names[1], names[0]), ("removed", names[0], names[1])):
        only = [left[name] for name in left if name not in right]
        if only and left is not right:
            message = f"interventions {verb}: {', '.join(quoted(name) for name in only[:10])}"
            yield Alarm(
                weighted(AlarmLevel.MEDIUM, moment),
                "interventions-changed",
                message,
                reason,
                "armsInterventionsModule.interventions",
            )


def _arm_change(old: tuple[str, frozenset[str]], new: tuple[str, frozenset[str]]) -> str:
    if old[0] != new[0]:
        return f"changed its type from {_codes(old[0]) or 'none'} to {_codes(new[0]) or 'none'}"
    gone, come = sorted(old[1] - new[1]), sorted(new[1] - old[1])
    parts = [f"no longer gets {quoted(name)}" for name in gone[:5]] + [
        f"gets {quoted(name)}" for name in come[:5]
    ]
    return " and ".join(parts)


def _results(old: Record, new: Record) -> Iterator[Alarm]:
    before, after = (
        isinstance(one.document.get("resultsSection"), Mapping) and bool(one.document["resultsSection"])
        for one in (old, new)
    )
    if before and not after:
        yield Alarm(
            AlarmLevel.HIGH,
            "results-removed",
            "the posted results were removed",
            "nobody can check them any more",
            "resultsSection",
        )
    if (
        old.text("ipdSharingStatementModule", "ipdSharing") == "YES"
        and new.text("ipdSharingStatementModule", "ipdSharing") == "NO"
    ):
        yield Alarm(
            AlarmLevel.MEDIUM,
            "data-sharing-withdrawn",
            "participants' data will no longer be shared",
            "it had been announced",
            "ipdSharingStatementModule",
        )
