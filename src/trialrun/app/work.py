"""What a worklist is: a name, who it is for, and a function that finds its rows. The lists are in `app.worklists`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import quote

from trialrun.app.language import gettext
from trialrun.ledger.commands import Actor
from trialrun.ledger.state import ParticipantState

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One thing to do.

    `participant` is the candidate number, `label` the number people know, `what` says what is to be done,
    `link` where. `day` is since when, or until when, as the list's own words say. `urgent` rows are shown as such.
    """

    participant: str
    label: str
    site: str
    what: str
    link: str
    day: date | None = None
    note: str = ""
    urgent: bool = False


FindRows = Callable[["Workspace", Actor], tuple[WorkRow, ...]]


@dataclass(frozen=True, slots=True)
class Worklist:
    """One list of things to do.

    `title`, `help` and `day` (the heading of the column with days) are marked for translation and translated
    where they are shown. One of `rights` lets a role see it. `find` gives the rows in the actor's own site only.
    """

    name: str
    title: str
    help: str
    day: str
    rights: tuple[str, ...]
    find: FindRows
    tone: str = "plain"

    @property
    def heading(self) -> str:
        """The title in the reader's language."""
        return gettext(self.title)


def label_of(person: ParticipantState) -> str:
    """The number people know someone by: the participant's, before enrolment the candidate's."""
    return person.number or person.key


def participant_path(key: str) -> str:
    """The address of a participant's casebook."""
    return f"/participants/{quote(key, safe='')}"


def visit_path(key: str, visit: str) -> str:
    """The address of a visit."""
    return f"{participant_path(key)}/visits/{quote(visit, safe='')}"


def form_path(key: str, visit: str, form: str) -> str:
    """The address of a form at a visit."""
    return f"{visit_path(key, visit)}/forms/{quote(form, safe='')}"
