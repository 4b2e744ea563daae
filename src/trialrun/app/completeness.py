"""How complete a form is, item by item: what must be answered here, given the other answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from trialrun.app.form_rules import condition_of
from trialrun.ledger.rows import Row, form_row, home_visit, plain_visit, row_at
from trialrun.ledger.state import ParticipantState, SavedValue
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
    row: Row = dict(cells) if cells is not None else row_at(study, person, visit)
    if definition.repeating:
        row |= form_row(study, form, saved)
    look = _Look(study, person, visit, definition, saved, row)
    statuses: dict[str, ItemStatus] = {}
    waits_for: list[str] = []
    for name in definition.items:
        if name in saved:
            statuses[name] = ItemStatus.ANSWERED
            continue
        asked, waiting = look.asked(form, name)
        required = study.items[name].required
        if asked is False:
            statuses[name] = ItemStatus.NOT_ASKED
        elif not required or (asked is None and not waiting):
            statuses[name] = ItemStatus.OPTIONAL
        else:
            statuses[name] = ItemStatus.MISSING if asked else ItemStatus.UNDECIDED
            waits_for += waiting
    return FormCompleteness(statuses, tuple(dict.fromkeys(waits_for)))


@dataclass(frozen=True, slots=True)
class _Look:
    """The conditions of items, looked at from one form of one visit."""

    study: Study
    person: ParticipantState
    visit: str
    form: Form
    saved: Mapping[str, SavedValue]
    row: Row

    def asked(
        self, form: str, item: str, seen: frozenset[str] = frozenset()
    ) -> tuple[bool | None, tuple[str, ...]]:
        """Whether an item is asked, and the unanswered items that would decide it.

        What rests only on items that are themselves not asked is not asked either.
        """
        condition = condition_of(self.study, form, item)
        if condition is None:
            return True, ()
        asked: bool | None = condition.run(self.row)["asked"]
        if asked is not None:
            return asked, ()
        unanswered = [name for name in sorted(condition.uses - seen - {item}) if not self.answered(name)]
        other = {name: self.study.form_of(name) for name in unanswered}
        seen = seen | {item}
        waiting = tuple(
            name
            for name, home in other.items()
            if home is not None and self.asked(home.name, name, seen)[0] is not False
        )
        return (False, ()) if unanswered and not waiting else (None, waiting)

    def answered(self, item: str) -> bool:
        """Whether an item has a value, or a reason for having none, where its value is taken from."""
        if item in self.form.items:
            return item in self.saved
        other = self.study.form_of(item)
        if other is None:
            return True  # nothing asks it: waiting would have no end
        if other.name in self.study.visits[plain_visit(self.visit)].forms:
            source = self.visit
        else:
            home = home_visit(self.study, other.name)
            if home is None:
                return True
            source = home.name
        return (source, other.name, 0, item) in self.person.values
