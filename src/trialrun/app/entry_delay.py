"""How long data take from the visit to the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from trialrun.app.language import gettext as _
from trialrun.app.roster import participants_in_scope
from trialrun.app.visits import visit_title
from trialrun.app.work import WorkRow, form_path, label_of
from trialrun.ledger.commands import Actor
from trialrun.ledger.state import ParticipantState

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

SLOW_DAYS = 7


@dataclass(frozen=True, slots=True)
class Lag:
    """Days from a visit to the first answer of each of its forms."""

    forms: int
    median: float | None
    slow: int


def entry_lag(workspace: Workspace, actor: Actor) -> Lag:
    """How long it takes from a visit to the first answer of a form."""
    days = [
        days
        for person in participants_in_scope(workspace, actor)
        for _cell, days in _delays(workspace, person)
    ]
    return Lag(len(days), float(median(days)) if days else None, sum(one > SLOW_DAYS for one in days))


def slow_rows(workspace: Workspace, actor: Actor) -> tuple[WorkRow, ...]:
    """Forms whose first answer came more than 7 days after the visit, the slowest first."""
    found: list[tuple[int, WorkRow]] = []
    for person in participants_in_scope(workspace, actor):
        for (visit, form), days in _delays(workspace, person):
            if days > SLOW_DAYS:
                title = workspace.study.forms[form].title
                row = WorkRow(
                    person.key,
                    label_of(person),
                    person.site,
                    f"{visit_title(workspace.study, visit)}: {title}",
                    form_path(person.key, visit, form),
                    person.visits.get(visit),
                    _("entered {days} days after the visit").format(days=days),
                )
                found.append((days, row))
    found.sort(key=lambda pair: (-pair[0], pair[1].label, pair[1].what))
    return tuple(row for _days, row in found)


def _delays(workspace: Workspace, person: ParticipantState) -> Iterator[tuple[tuple[str, str], int]]:
    """For each form of a visit with a date: days to the earliest of its answers that stand uncorrected."""
    first: dict[tuple[str, str], str] = {}
    for (visit, form, _row, _item), value in person.values.items():
        if visit in person.visits and not value.corrections:
            place = (visit, form)
            first[place] = min(first.get(place, value.at), value.at)
    for place, moment in first.items():
        entered = workspace.day_of(moment)
        yield place, max((entered - person.visits[place[0]]).days, 0)
