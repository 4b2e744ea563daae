"""Eligibility criteria of two versions matched by likeness, and whether the trial admits more or fewer people.

Whether a change widens or narrows is said only where it is certain: a whole criterion came or went, or the
same comparison has another number. Everything else is a change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from trialrun.registry.criteria import AtomicCriterion, SectionKind
from trialrun.registry.difference_direction import NARROWER, UNCLEAR, WIDER, direction
from trialrun.registry.difference_fields import At, quoted, text_change
from trialrun.registry.difference_model import Alarm, AlarmLevel, Change, ChangeKind, Moment
from trialrun.registry.difference_outcomes import weighted
from trialrun.registry.difference_words import Effort, likeness, pair, plain_words, same_meaning, weighed
from trialrun.registry.record import AgeLimit, Record

SECTION = "Eligibility criteria"
_LEAST_ALIKE = 0.55
_ALLOWANCE = re.compile(
    r"\b(?:or|except|unless|other than|allowed|permitted|eligible|acceptable|may|not excluded|can be)\b",
    re.IGNORECASE,
)
_PLACE = "eligibilityModule"
_REASON = (
    "people admitted under other criteria may respond differently; results hold for those who were admitted"
)


def criteria_changes(
    old: Record, new: Record, moment: Moment, effort: Effort
) -> tuple[list[Change], list[Alarm]]:
    """What changed among the criteria, ages and sex; another order or numbering alone is no change."""
    before, after = old.criteria.atomic(), new.criteria.atomic()
    if old.criteria_text == new.criteria_text:
        before = after = ()
    names = [[weighed(one.text) for one in side] for side in (before, after)]
    found = pair(
        before,
        after,
        (lambda one: (one.kind, one.text), _key_of_kind, lambda one: plain_words(one.text)),
        lambda a, b: likeness(names[0][a], names[1][b]) + (0.05 if before[a].kind is after[b].kind else 0),
        _LEAST_ALIKE,
    )
    pairs = {b: a for a, b in found}
    changes: list[Change] = []
    for order, criterion in enumerate(after):
        if order in pairs:
            changes += _changed(before[pairs[order]], criterion, effort)
        else:
            changes.append(_whole(criterion, ChangeKind.ADDED))
    changes += [
        _whole(before[order], ChangeKind.REMOVED)
        for order in sorted(set(range(len(before))) - set(pairs.values()))
    ]
    return changes, [*_field_alarms(old, new, moment), *_alarms(changes, moment)]


def _key_of_kind(one: AtomicCriterion) -> object:
    return one.kind, plain_words(one.text)


def _whole(criterion: AtomicCriterion, kind: ChangeKind) -> Change:
    texts = ("", criterion.text) if kind is ChangeKind.ADDED else (criterion.text, "")
    note = UNCLEAR
    if _stands_alone(criterion):
        note = NARROWER if kind is ChangeKind.ADDED else WIDER
    return Change(SECTION, _label(criterion), kind, *texts, place=_place(criterion), note=note)


def _stands_alone(criterion: AtomicCriterion) -> bool:
    """Whether everybody must satisfy it: not one of several alternatives, no allowance, no heading."""
    if criterion.heading or criterion.context or criterion.kind is SectionKind.UNKNOWN:
        return False
    return not _ALLOWANCE.search(criterion.text)


def _label(criterion: AtomicCriterion) -> str:
    kind = (
        "Criterion" if criterion.kind is SectionKind.UNKNOWN else f"{criterion.kind.capitalize()} criterion"
    )
    return f"{kind} {criterion.id}"


def _place(criterion: AtomicCriterion) -> str:
    return f"{_PLACE}.eligibilityCriteria {criterion.id}"


def _changed(old: AtomicCriterion, new: AtomicCriterion, effort: Effort) -> Iterator[Change]:
    if old.kind is not new.kind:
        note = f"from {old.kind} to {new.kind}"
        yield Change(SECTION, _label(new), ChangeKind.MOVED, old.text, new.text, place=_place(new), note=note)
    elif old.text != new.text:
        made = text_change(At(SECTION, _label(new), _place(new)), old.text, new.text, effort)
        note = (
            direction(old.text, new.text, new.kind) if not made.wording and effort.take(200_000) else UNCLEAR
        )
        yield replace(made, note=note)


def _alarms(changes: list[Change], moment: Moment) -> Iterator[Alarm]:
    """One alarm for all criteria that came, went or changed in meaning, and one for those that changed sides."""
    sides = [change for change in changes if change.kind is ChangeKind.MOVED]
    for change in sides:
        message = f"{quoted(change.new)} moved {change.note} criteria"
        level = AlarmLevel.HIGH if "unknown" not in change.note else AlarmLevel.LOW
        yield _alarm("criterion-changed-sides", message, change.place, moment, level)
    counted = [change for change in changes if not change.wording and change.kind is not ChangeKind.MOVED]
    if not counted:
        return
    kinds = {kind: sum(change.kind is kind for change in counted) for kind in ChangeKind}
    parts = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    notes = {change.note for change in counted}
    verdict, code = "changed", "eligibility-changed"
    if notes == {WIDER}:
        verdict, code = "widened: more people are admitted", "eligibility-widened"
    elif notes == {NARROWER}:
        verdict, code = "narrowed: fewer people are admitted", "eligibility-narrowed"
    message = f"eligibility {verdict}; criteria: {parts}"
    yield _alarm(code, message, f"{_PLACE}.eligibilityCriteria", moment)


def _field_alarms(old: Record, new: Record, moment: Moment) -> Iterator[Alarm]:
    for name, field, left, right, lower in (
        ("minimum age", "minimumAge", old.minimum_age, new.minimum_age, True),
        ("maximum age", "maximumAge", old.maximum_age, new.maximum_age, False),
    ):
        before, after = (one.text("eligibilityModule", field) for one in (old, new))
        if not same_meaning(before, after):
            verdict = _age_direction(left, right, before, after, lower=lower)
            yield _field_alarm(name, field, before or "none", after or "none", verdict, moment)
    if old.sex and new.sex and old.sex != new.sex:
        verdict = WIDER if new.sex == "ALL" else NARROWER if old.sex == "ALL" else UNCLEAR
        yield _field_alarm("sex", "sex", old.sex, new.sex, verdict, moment)
    before, after = (one.module("eligibilityModule").get("healthyVolunteers") for one in (old, new))
    if isinstance(before, bool) and isinstance(after, bool) and before is not after:
        words = ("yes" if before else "no", "yes" if after else "no")
        verdict = WIDER if after else NARROWER
        yield _field_alarm("admission of healthy volunteers", "healthyVolunteers", *words, verdict, moment)


def _field_alarm(name: str, field: str, old: str, new: str, verdict: str, moment: Moment) -> Alarm:
    code = {WIDER: "eligibility-widened", NARROWER: "eligibility-narrowed"}.get(
        verdict, "eligibility-changed"
    )
    tail = {WIDER: ": more people are admitted", NARROWER: ": fewer people are admitted"}.get(verdict, "")
    message = f"the {name} changed from {quoted(old)} to {quoted(new)}{tail}"
    return _alarm(code, message, f"{_PLACE}.{field}", moment)


_DAYS = {"year": 365, "month": 30, "week": 7, "day": 1, "hour": 0, "minute": 0}


def _age_direction(
    old: AgeLimit | None, new: AgeLimit | None, before: str, after: str, *, lower: bool
) -> str:
    """Whether a moved age limit admits more; ages in months and years are compared by their days."""
    if (before and old is None) or (after and new is None):
        return UNCLEAR
    if old is None or new is None:
        return WIDER if new is None else NARROWER
    if old.unit not in _DAYS or new.unit not in _DAYS:
        return UNCLEAR
    left, right = (one.value * _DAYS[one.unit] for one in (old, new))
    if left == right:
        return UNCLEAR
    return WIDER if (right < left) == lower else NARROWER


def _alarm(
    code: str, message: str, place: str, moment: Moment, level: AlarmLevel = AlarmLevel.MEDIUM
) -> Alarm:
    return Alarm(weighted(level, moment), code, message, f"{moment}: {_REASON}", place)
