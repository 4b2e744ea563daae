"""The anonymous check "Could I take part?": answers to plain questions, held against the criteria.

The criteria are those of screening, applied by the same program as if the person came today; what was
not answered, and what nobody asked, is unknown and stays so. Nothing is written anywhere.
It is no medical advice and never says that somebody is eligible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from trialrun.app.language import gettext as _
from trialrun.app.public_questions import NONE, PublicWords, Question, public_words, spoken
from trialrun.errors import UserError
from trialrun.evaluate.eligibility import CriterionOutcome
from trialrun.study.model import AttestedBy, Item, ItemType, Study
from trialrun.study.program import study_program
from trialrun.study.screen import Screener
from trialrun.values.dates import PartialDate, parse_partial_date
from trialrun.values.quantity import parse_decimal

Given = Mapping[str, Sequence[str]]
_SELF = frozenset({AttestedBy.PARTICIPANT.value, AttestedBy.COMPUTED.value})


class Verdict(StrEnum):
    """What the answers say about one criterion, as the person reads it: met means nothing speaks against."""

    MET = "met"
    NOT_MET = "not_met"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Point:
    """One criterion as answered.

    Args:
        id: the criterion.
        words: what has to be true of the person, in plain words; the record's where there are none.
        plain: whether `words` are plain; else the record's words, which for an exclusion say what must not be.
        inclusion: whether it is an inclusion criterion.
        record: the record's own words.
        verdict: met, not met, ask.
        unanswered: questions that were left out and bear on it.
        doctor: only the study team can settle it, whatever is answered.
        confirmed_by_team: the answers settle it here, and the team checks them again.
    """

    id: str
    words: str
    plain: bool
    inclusion: bool
    record: str
    verdict: Verdict
    unanswered: tuple[str, ...] = ()
    doctor: bool = False
    confirmed_by_team: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """The check's answer: the points in the record's order, and the fields that could not be read."""

    points: tuple[Point, ...]
    errors: Mapping[str, str] = field(default_factory=dict[str, str])
    answered: int = 0

    def of(self, verdict: str) -> tuple[Point, ...]:
        """The points with one verdict."""
        return tuple(point for point in self.points if point.verdict == verdict)


@dataclass(slots=True)
class Answers:
    """What the given answers set: items asked once, rows of lists, unreadable fields, questions answered."""

    row: dict[str, Any] = field(default_factory=dict[str, Any])
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    errors: dict[str, str] = field(default_factory=dict[str, str])
    questions: set[str] = field(default_factory=set[str])

    def has(self, item: str) -> bool:
        """Whether an answer sets the item, here or in a row of a list."""
        return item in self.row or any(item in row for rows in self.rows.values() for row in rows)


def check_answers(study: Study, given: Given, today: date) -> Checked:
    """What the criteria say to the answers of somebody who stays unknown.

    Args:
        study: the definition.
        given: question to what was chosen or written; a question left out is unknown.
        today: the day the check is made as if the person came for screening.

    Unknown: a criterion that lacks an answer is `ask`, never met.
    """
    words = public_words(study)
    answers = read_answers(study, words, given, today)
    if answers.errors:
        return Checked((), answers.errors, len(answers.questions))
    found = Screener(study).screen(answers.row, answers.rows)
    uses = {name: _items_behind(study, name) for name in study.criteria}
    points = tuple(_point(study, words, answers, one, uses[one.id]) for one in found.outcomes)
    return Checked(points, {}, len(answers.questions))


def read_answers(study: Study, words: PublicWords, given: Given, today: date) -> Answers:
    """The answers as values of items; what cannot be read is named, with what to write."""
    answers = Answers(row=dict.fromkeys(words.today, today))
    for question in words.questions:
        texts = [text.strip() for text in given.get(question.name, ()) if text.strip()]
        if not texts:
            continue
        try:
            _take(study, question, texts, today, answers)
        except UserError as error:
            answers.errors[question.name] = f"{error.message} {error.remedy}".strip()
        else:
            answers.questions.add(question.name)
    return answers


def _take(study: Study, question: Question, texts: list[str], today: date, answers: Answers) -> None:
    if question.kind == "several":
        _take_several(question, texts, answers)
        return
    if question.kind != "one":
        answers.row[question.item] = _written(study.items[question.item], question.kind, texts[0], today)
        return
    chosen = next((answer for answer in question.answers if answer.code == texts[0]), None)
    if chosen is None:
        raise UserError(_("This is not one of the answers."), _("Choose one of them."))
    answers.row.update(chosen.sets)
    for form, row in chosen.rows.items():
        answers.rows.setdefault(form, []).append(dict(row))


def _take_several(question: Question, texts: list[str], answers: Answers) -> None:
    codes = {answer.code for answer in question.answers}
    if any(text not in codes and text != NONE for text in texts):
        raise UserError(_("This is not one of the answers."), _("Choose one of them."))
    if NONE in texts and len(texts) > 1:
        raise UserError(_("You chose an answer and also that none applies."), _("Take one of the two back."))
    for answer in question.answers:
        # What is not ticked beside a tick stays unknown: people tick what they remember first.
        if NONE in texts:
            answers.row.update(dict.fromkeys(answer.sets, False))
        elif answer.code in texts:
            answers.row.update(answer.sets)


def _written(item: Item, kind: str, text: str, today: date) -> Any:
    if kind == "number":
        return _number(item, text)
    day = _partial(text)
    if kind == "year" and day.month is not None:
        day = PartialDate(day.year)
    if day.earliest > today or day.year < today.year - 120:
        raise UserError(_("{} cannot be right.").format(text[:20]), _("Check the year."))
    return day if item.type is ItemType.DATE else str(day)


def _partial(text: str) -> PartialDate:
    plain = str.translate(
        text, {0x06F0 + n: str(n) for n in range(10)} | {0x0660 + n: str(n) for n in range(10)}
    )
    try:
        return parse_partial_date(plain)
    except UserError:
        raise UserError(
            _("{} is not a date.").format(text[:20]), _("Write the year, or year and month: 2024-03.")
        ) from None


def _number(item: Item, text: str) -> float:
    try:
        number = parse_decimal(text.replace(",", "."))
    except UserError:
        raise UserError(_("{} is not a number.").format(text[:20]), _("Write digits only.")) from None
    low, high = item.hard.low, item.hard.high
    if (low is not None and number < low) or (high is not None and number > high):
        raise UserError(
            _("{} cannot be right.").format(text[:20]),
            _("A number from {} to {} is expected.").format(low, high),
        )
    return float(number)


def _items_behind(study: Study, criterion: str) -> frozenset[str]:
    from trialrun.study.aggregate import items_behind

    found: set[str] = set()
    for name in study_program(study).uses(criterion):
        derived = study.derived.get(name)
        if derived is not None and derived.over is not None:
            found.update(items_behind(study, name))
        else:
            found.add(name)
    return frozenset(found)


def _point(
    study: Study, words: PublicWords, answers: Answers, outcome: CriterionOutcome, items: Iterable[str]
) -> Point:
    mine = [question for question in words.questions if question.items & frozenset(items)]
    open_ones = tuple(spoken(one.ask) for one in mine if one.name not in answers.questions)
    verdict = {True: Verdict.MET, False: Verdict.NOT_MET, None: Verdict.ASK}[outcome.passes]
    plain = words.criteria.get(outcome.id)
    return Point(
        outcome.id,
        spoken(plain) if plain else outcome.text,
        bool(plain),
        outcome.inclusion,
        outcome.text,
        verdict,
        open_ones if verdict is Verdict.ASK else (),
        doctor=verdict is Verdict.ASK and not open_ones,
        confirmed_by_team=verdict is not Verdict.ASK
        and any(_vouched_by_team(study, name) for name in items if answers.has(name)),
    )


def _vouched_by_team(study: Study, name: str) -> bool:
    who = study.items[name].attested_by if name in study.items else None
    return who is not None and who.value not in _SELF


def only_doctors(study: Study) -> tuple[Point, ...]:
    """The criteria no question can settle: those the team decides whatever a person answers."""
    words = public_words(study)
    asked = frozenset(name for question in words.questions for name in question.items)
    found = [
        criterion for criterion in study.criteria.values() if not _items_behind(study, criterion.id) & asked
    ]
    return tuple(
        Point(
            criterion.id,
            spoken(words.criteria[criterion.id]) if criterion.id in words.criteria else criterion.text,
            criterion.id in words.criteria,
            criterion.kind.value == "inclusion",
            criterion.text,
            Verdict.ASK,
            doctor=True,
        )
        for criterion in found
    )
