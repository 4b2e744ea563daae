"""Outcomes of two versions matched by likeness, and the alarm of outcome switching.

Source: the comparison registered and reported of COMPare (Goldacre et al., Trials 2019;20:118) and the
levels of an outcome after Zarin et al., N Engl J Med 2011;364:852.
"""

from __future__ import annotations

from collections.abc import Iterator

from trialrun.registry.difference_fields import At, quoted, text_change
from trialrun.registry.difference_model import Alarm, AlarmLevel, Change, ChangeKind, Moment
from trialrun.registry.difference_words import Effort, likeness, pair, plain_words, same_meaning, weighed
from trialrun.registry.record import Outcome, OutcomeRole, Record
from trialrun.registry.timeframe import parse_timeframe

_LEAST_ALIKE = 0.55
_SECTIONS = {
    OutcomeRole.PRIMARY: "Primary outcomes",
    OutcomeRole.SECONDARY: "Secondary outcomes",
    OutcomeRole.OTHER: "Other outcomes",
}
_BIAS = "an outcome chosen with results in sight overstates the effect"
_EARLY = "before anybody took part this is planning, but say so in the report"


def outcome_changes(
    old: Record, new: Record, moment: Moment, effort: Effort
) -> tuple[list[Change], list[Alarm]]:
    """What changed among the outcomes; another order alone is no change."""
    before, after = old.outcomes(), new.outcomes()
    pairs = {b: a for a, b in _pairs(before, after)}
    changes: list[Change] = []
    alarms: list[Alarm] = []
    for role in OutcomeRole:
        for order, outcome in enumerate(after):
            if outcome.role is not role:
                continue
            if order in pairs:
                found = list(_changed(before[pairs[order]], outcome, effort))
                changes += found
                alarms += _alarms_of(before[pairs[order]], outcome, found, moment)
            else:
                changes.append(_whole(outcome, ChangeKind.ADDED))
                alarms += _appeared(outcome, moment)
        for order in sorted(set(range(len(before))) - set(pairs.values())):
            if before[order].role is role:
                changes.append(_whole(before[order], ChangeKind.REMOVED))
                alarms += _gone(before[order], moment)
    return changes, alarms


def _pairs(old: tuple[Outcome, ...], new: tuple[Outcome, ...]) -> list[tuple[int, int]]:
    def verbatim(one: Outcome) -> object:
        return one.role, one.measure, one.time_frame, one.description

    def whole(one: Outcome) -> object:
        return one.role, plain_words(one.measure), plain_words(one.time_frame), plain_words(one.description)

    def measured(one: Outcome) -> object:
        return one.role, plain_words(one.measure), plain_words(one.time_frame)

    def named(one: Outcome) -> object:
        return (one.role, plain_words(one.measure)) if one.measure.strip() else None

    def anywhere(one: Outcome) -> object:
        return plain_words(one.measure)

    names = [[weighed(one.measure) for one in side] for side in (old, new)]
    abouts = [[weighed(one.description) for one in side] for side in (old, new)]

    def alike(a: int, b: int) -> float:
        name = likeness(names[0][a], names[1][b])
        about = likeness(abouts[0][a], abouts[1][b]) if old[a].description and new[b].description else name
        score = 0.75 * name + 0.25 * about
        return score + (0.05 if old[a].role is new[b].role else 0.0)

    return pair(old, new, (verbatim, whole, measured, named, anywhere), alike, _LEAST_ALIKE)


def _whole(outcome: Outcome, kind: ChangeKind) -> Change:
    words = outcome.measure + (f" [{outcome.time_frame}]" if outcome.time_frame else "")
    words += f": {outcome.description}" if outcome.description else ""
    texts = ("", words) if kind is ChangeKind.ADDED else (words, "")
    return Change(_SECTIONS[outcome.role], "Outcome", kind, *texts, place=outcome.place)


def _changed(old: Outcome, new: Outcome, effort: Effort) -> Iterator[Change]:
    section, name = _SECTIONS[new.role], quoted(new.measure)
    if old.role is not new.role:
        note = f"from {old.role} to {new.role}"
        yield Change(
            section, f"Outcome {name}", ChangeKind.MOVED, old.role, new.role, place=new.place, note=note
        )
    parts = (
        ("Name of", "measure", old.measure, new.measure),
        ("Time frame of", "timeFrame", old.time_frame, new.time_frame),
        ("Description of", "description", old.description, new.description),
    )
    for label, key, left, right in parts:
        if left != right:
            yield text_change(At(section, f"{label} {name}", f"{new.place}.{key}"), left, right, effort)


def _alarms_of(old: Outcome, new: Outcome, changes: list[Change], moment: Moment) -> Iterator[Alarm]:
    primary = OutcomeRole.PRIMARY
    if old.role is not new.role:
        if old.role is primary:
            message = f"{quoted(old.measure)} is no longer a primary outcome, but {_A_ROLE[new.role]}"
            yield _alarm("primary-outcome-demoted", message, new.place, moment)
        elif new.role is primary:
            message = f"{quoted(new.measure)} was {_A_ROLE[old.role]} and is a primary one now"
            yield _alarm("primary-outcome-promoted", message, new.place, moment)
    elif new.role is not primary:
        yield from _secondary(old, new, moment)
        return
    if primary not in (old.role, new.role):
        return
    if not same_meaning(old.measure, new.measure):
        message = f"the name of a primary outcome changed from {quoted(old.measure)} to {quoted(new.measure)}"
        yield _alarm("primary-outcome-changed", message, new.place, moment)
    if not same_time(old.time_frame, new.time_frame):
        message = (
            f"the time frame of {quoted(new.measure)} changed from {quoted(old.time_frame)} "
            f"to {quoted(new.time_frame)}"
        )
        yield _alarm("primary-outcome-time-frame", message, new.place, moment)
    about = [change for change in changes if change.field.startswith("Description of") and not change.wording]
    if about:
        message = f"the description of the primary outcome {quoted(new.measure)} was {about[0].kind}"
        yield _alarm("primary-outcome-description", message, new.place, moment, AlarmLevel.MEDIUM)


def _secondary(old: Outcome, new: Outcome, moment: Moment) -> Iterator[Alarm]:
    if not same_time(old.time_frame, new.time_frame):
        message = (
            f"the time frame of the {new.role} outcome {quoted(new.measure)} changed from "
            f"{quoted(old.time_frame)} to {quoted(new.time_frame)}"
        )
        yield _alarm("outcome-time-frame", message, new.place, moment, AlarmLevel.LOW)
    if not same_meaning(old.measure, new.measure):
        message = f"a {new.role} outcome changed from {quoted(old.measure)} to {quoted(new.measure)}"
        yield _alarm("outcome-changed", message, new.place, moment, AlarmLevel.LOW)


def _appeared(outcome: Outcome, moment: Moment) -> Iterator[Alarm]:
    if outcome.role is OutcomeRole.PRIMARY:
        message = f"the primary outcome {quoted(outcome.measure)} was added"
        yield _alarm("primary-outcome-added", message, outcome.place, moment)
    elif moment is Moment.COMPLETED:
        message = f"the {outcome.role} outcome {quoted(outcome.measure)} was added"
        yield _alarm("outcome-added", message, outcome.place, moment, AlarmLevel.LOW)


def _gone(outcome: Outcome, moment: Moment) -> Iterator[Alarm]:
    if outcome.role is OutcomeRole.PRIMARY:
        message = f"the primary outcome {quoted(outcome.measure)} was removed"
        yield _alarm("primary-outcome-removed", message, outcome.place, moment)
    else:
        message = f"the {outcome.role} outcome {quoted(outcome.measure)} was removed"
        yield _alarm("outcome-removed", message, outcome.place, moment, AlarmLevel.MEDIUM)


def same_time(old: str, new: str) -> bool:
    """Whether two time frames mean the same schedule: the same words, or both understood and equal."""
    if same_meaning(old, new):
        return True
    left, right = parse_timeframe(old), parse_timeframe(new)
    if left.empty or right.empty or left.not_understood or right.not_understood:
        return False
    return _schedule(left) == _schedule(right)


def _schedule(frame: object) -> tuple[object, ...]:
    names = ("baseline", "points", "window", "repeat", "anchor", "until", "cycle_days", "remarks")
    return tuple(getattr(frame, name, None) for name in names)


_A_ROLE = {
    OutcomeRole.PRIMARY: "a primary outcome",
    OutcomeRole.SECONDARY: "a secondary outcome",
    OutcomeRole.OTHER: "one of the other outcomes",
}


def _alarm(code: str, message: str, place: str, moment: Moment, level: AlarmLevel = AlarmLevel.HIGH) -> Alarm:
    return Alarm(
        weighted(level, moment),
        code,
        message,
        f"{moment}: {_EARLY if moment is Moment.BEFORE_START else _BIAS}",
        place,
    )


def weighted(level: AlarmLevel, moment: Moment) -> AlarmLevel:
    """An alarm's level for when the change was made: one lower before the start, one higher after completion."""
    levels = tuple(AlarmLevel)
    step = {Moment.BEFORE_START: 1, Moment.COMPLETED: -1}.get(moment, 0)
    return levels[min(max(levels.index(level) + step, 0), len(levels) - 1)]
