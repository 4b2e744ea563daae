"""The registered scores of a participant, visit by visit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from trialrun.app.form_scores import label_of, value_words
from trialrun.app.visits import ScheduledVisit
from trialrun.ledger.rows import plain_visit
from trialrun.ledger.state import ParticipantState
from trialrun.study.model import Derived, Study


@dataclass(frozen=True, slots=True)
class ScoreCell:
    """A score at a visit: the value with its bands (class B), or the labels of what is missing.

    All empty: nothing was asked there.
    """

    text: str = ""
    bands: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One score over the visits of the table."""

    label: str
    cells: tuple[ScoreCell, ...]


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """The scores (lines) over the visits (columns) that have any; empty where no visit has."""

    visits: tuple[ScheduledVisit, ...]
    lines: tuple[ScoreLine, ...]


def score_table(study: Study, person: ParticipantState, visits: Iterable[ScheduledVisit]) -> ScoreTable:
    """The registered scores at every visit with a date that asks anything they rest on, by date."""
    shown = _registered(study)
    held = [
        visit
        for visit in sorted(visits, key=lambda one: one.actual or date.max)
        if visit.actual is not None
        and any((visit.name, one.name) in person.derived and _asked(study, visit, one) for one in shown)
    ]
    lines = (ScoreLine(one.label, tuple(_cell(study, person, visit, one) for visit in held)) for one in shown)
    return ScoreTable(tuple(held), tuple(lines))


def _registered(study: Study) -> tuple[Derived, ...]:
    """The scores an endpoint of the record is about; without any, every score an endpoint names."""
    scores = {name: one for name, one in study.derived.items() if one.score is not None}
    named = [one for one in study.endpoints.values() if one.variable in scores]
    registered = [one for one in named if one.order] or named
    return tuple(scores[name] for name in dict.fromkeys(one.variable for one in registered))


def _asked(study: Study, visit: ScheduledVisit, derived: Derived) -> bool:
    """Whether the visit asks any of the score's inputs itself: a birth date alone makes no score."""
    from trialrun.ledger.rules import rules_of

    rules = rules_of(study)
    forms = study.visits[plain_visit(visit.name)].forms
    return any(
        derived.name in rules.resting_on(study.forms[form].items)
        for form in forms
        if not study.forms[form].repeating
    )


def _cell(study: Study, person: ParticipantState, visit: ScheduledVisit, derived: Derived) -> ScoreCell:
    from trialrun.scores.load import score

    value = person.derived.get((visit.name, derived.name))
    if value is None or not _asked(study, visit, derived):
        return ScoreCell()
    if value.text is None:
        return ScoreCell(missing=tuple(label_of(study, name) for name in value.unknown_because))
    bands = [
        f"{band.label} {known.text}"
        for band in score(derived.score or "").bands
        if (known := person.derived.get((visit.name, f"{derived.name}_{band.name}"))) is not None
        and known.text is not None
    ]
    return ScoreCell(value_words(value.text), tuple(bands))
