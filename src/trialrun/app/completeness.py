"""How complete a form is, item by item: what must be answered here, given the other answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from trialrun.ledger.rows import Row, form_row, home_visit, plain_visit, row_at
from trialrun.ledger.state import ParticipantState, SavedValue
from trialrun.study.kept import Kept
from trialrun.study.model import Form, Study


class ItemStatus(StrEnum):
    """Where an item of a form stands."""

    ANSWERED = "answered"  # a value, or the reason there is none
    MISSING = "missing"  # must be answered and is not
    OPTIONAL = "optional"  # may be answered
    NOT_ASKED = "not_asked"  # its condition is false here
    UNDECIDED = "undecided"  # whether it is asked rests on an answer that is not there yet


@dataclass(frozen=True, slots=True)
class FormCompleteness:
    """The items of one form (row) by status.

    `waits_for` names the unanswered items that decide whether the undecided ones are asked.
    """

    items: Mapping[str, ItemStatus]
    waits_for: tuple[str, ...] = ()

    def of(self, *statuses: ItemStatus) -> tuple[str, ...]:
        """The items with one of these statuses."""
        return tuple(name for name, status in self.items.items() if status in statuses)

    @property
    def missing(self) -> tuple[str, ...]:
        """The items that must be answered and are not."""
        return self.of(ItemStatus.MISSING)

    @property
    def answered(self) -> int:
        """How many items are answered."""
        return len(self.of(ItemStatus.ANSWERED))

    @property
    def needed(self) -> int:
        """How many items are answered, must be, or may have to be."""
        return len(self.of(ItemStatus.ANSWERED, ItemStatus.MISSING, ItemStatus.UNDECIDED))

    @property
    def started(self) -> bool:
        """Whether anything was answered."""
        return bool(self.answered)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing or undecided; a form of which nothing is asked is complete too."""
        return not self.of(ItemStatus.MISSING, ItemStatus.UNDECIDED)

    @property
    def asked(self) -> bool:
        """Whether anything on it is asked of this participant, or may be."""
        return any(status is not ItemStatus.NOT_ASKED for status in self.items.values())


@dataclass(frozen=True, slots=True)
class _Condition:
    """An item's `only_if`, compiled, and the items it looks at."""

    run: Any
    uses: tuple[str, ...]


def _conditions(study: Study) -> Mapping[tuple[str, str], _Condition]:
    from trialrun.evaluate.rows import compile_program
    from trialrun.expressions import Definition, build_program
    from trialrun.study.program import row_symbols, scalar_symbols
    from trialrun.study.rules import names_used

    found: dict[tuple[str, str], _Condition] = {}
    for form in study.forms.values():
        symbols = row_symbols(study, form.name) if form.repeating else scalar_symbols(study)
        for name in form.items:
            rule = study.items[name].only_if
            if rule is None:
                continue
            place = f"{study.items[name].place} items.{name}.only_if"
            program = build_program(symbols, {"asked": Definition(rule, place=place)})
            found[form.name, name] = _Condition(compile_program(program), tuple(sorted(names_used(rule))))
    return found


_CONDITIONS = Kept(_conditions)


def form_completeness(
    study: Study,
    person: ParticipantState,
    visit: str,
    form: str,
    saved: Mapping[str, SavedValue],
    cells: Row | None = None,
) -> FormCompleteness:
    """The items of one form (row) of a participant, by status.

    Args:
        saved: the saved values of that form and row, by item.
        cells: the row of the visit (`ledger.rows.row_at`), where the caller has it already.

    An item whose condition is unknown is undecided while an answer the condition looks at is not there at all.
    Once those are answered with a reason for being missing, nobody can decide it, and it may be left out.
    """
    definition = study.forms[form]
    conditions = _CONDITIONS.of(study)
    row: dict[str, Any] = dict(cells if cells is not None else row_at(study, person, visit))
    if definition.repeating:
        row |= form_row(study, form, saved)
    statuses: dict[str, ItemStatus] = {}
    waits_for: list[str] = []
    for name in definition.items:
        condition = conditions.get((form, name))
        asked = True if condition is None else condition.run(row)["asked"]
        if name in saved:
            statuses[name] = ItemStatus.ANSWERED
        elif asked is False:
            statuses[name] = ItemStatus.NOT_ASKED
        elif asked is None and condition is not None:
            open_inputs = _unanswered(study, person, (visit, definition), saved, condition)
            waits_for += open_inputs
            statuses[name] = ItemStatus.UNDECIDED if open_inputs else ItemStatus.OPTIONAL
        else:
            statuses[name] = ItemStatus.MISSING if study.items[name].required else ItemStatus.OPTIONAL
    # An optional item may be left out, so what rests on it alone does not hold the form up.
    for name, status in statuses.items():
        if status is ItemStatus.UNDECIDED and not study.items[name].required:
            statuses[name] = ItemStatus.OPTIONAL
    return FormCompleteness(statuses, tuple(dict.fromkeys(waits_for)))


def _unanswered(
    study: Study,
    person: ParticipantState,
    place: tuple[str, Form],
    saved: Mapping[str, SavedValue],
    condition: _Condition,
) -> list[str]:
    """The items a condition looks at that have neither a value nor a reason."""
    visit, form = place
    return [
        name
        for name in condition.uses
        if not (name in saved if name in form.items else _answered_elsewhere(study, person, visit, name))
    ]


def _answered_elsewhere(study: Study, person: ParticipantState, visit: str, item: str) -> bool:
    other = study.form_of(item)
    if other is None:
        return True  # nothing asks it: waiting would have no end
    if other.name in study.visits[plain_visit(visit)].forms:
        source = visit
    else:
        home = home_visit(study, other.name)
        if home is None:
            return True
        source = home.name
    return (source, other.name, 0, item) in person.values
