"""Visits as iCalendar (RFC 5545): a secret address per user that calendar programs can follow, and files.

A calendar leaves the system, so it names participants by number only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from trialrun.app.language import gettext as _
from trialrun.app.rights import rights_of
from trialrun.app.roster import participants_in_scope
from trialrun.app.visits import OPEN, ScheduledVisit, status_words, visit_schedule
from trialrun.app.work import label_of, visit_path
from trialrun.ledger.commands import Actor
from trialrun.ledger.state import ParticipantState

if TYPE_CHECKING:
    from icalendar import Event

    from trialrun.app.workspace import Workspace

MEDIA_TYPE = "text/calendar; charset=utf-8"
REFRESH = timedelta(hours=6)


def new_feed(workspace: Workspace, actor: Actor) -> str:
    """A new secret token for the actor's feed, in this role and at this site; one given before ends.

    Only its hash is kept: the token is shown once.
    """
    return workspace.accounts.new_feed(actor.user, actor.role, actor.site, now=workspace.now)


def has_feed(workspace: Workspace, actor: Actor) -> datetime | None:
    """When the actor's feed address was made; `None` when there is none."""
    return workspace.accounts.feed_made_at(actor.user, actor.role, actor.site)


def end_feed(workspace: Workspace, actor: Actor) -> None:
    """Make the actor's feed address useless."""
    workspace.accounts.end_feed(actor.user, actor.role, actor.site)


def feed(workspace: Workspace, token: str, *, address: str = "") -> bytes | None:
    """The calendar behind a token; `None` when the token is not (or no longer) good.

    It is good while its owner's account is open and holds the role it was made in, at that site.
    Args:
        address: where the application is reached, to link each entry to its visit.
    """
    found = workspace.accounts.feed_owner(token)
    if found is None:
        return None
    actor = Actor(*found)
    access = workspace.conduct.access_state()
    held = access.roles.get(actor.user, frozenset())
    if actor.user in access.disabled or (actor.role, actor.site) not in held:
        return None
    rights = rights_of(workspace.study, actor.role)
    if "see_participants" in rights:
        return calendar_of(workspace, participants_in_scope(workspace, actor), address=address)
    if "see_own" in rights:
        own = access.linked.get(actor.user, "")
        people = (workspace.conduct.participant(own),) if own else ()
        return calendar_of(workspace, people)
    return None


def participant_calendar(workspace: Workspace, key: str, *, address: str = "") -> bytes:
    """The visits to come of one participant, as a file."""
    return calendar_of(workspace, (workspace.conduct.participant(key),), address=address)


def calendar_of(workspace: Workspace, people: Iterable[ParticipantState], *, address: str = "") -> bytes:
    """The visits that are planned, in their window or overdue, as all-day entries on their target day."""
    from icalendar import Calendar

    study = workspace.study
    calendar = Calendar()
    calendar.add("prodid", "-//trialrun//visits//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _("Visits: {study}").format(study=study.acronym or study.registry_id))
    calendar.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    for person in people:
        for visit in visit_schedule(study, person, workspace.today):
            if visit.status in OPEN and visit.target is not None:
                calendar.add_component(_entry(workspace, person, visit, address))
    return calendar.to_ical()


def _entry(workspace: Workspace, person: ParticipantState, visit: ScheduledVisit, address: str) -> Event:
    from icalendar import Event

    target = visit.target or workspace.today
    entry = Event()
    # The same visit keeps its identity when its target moves, so that programs move the entry.
    entry.add("uid", f"{person.key}-{visit.name}@{workspace.study.id}".replace("#", "-"))
    entry.add("dtstamp", workspace.now.replace(microsecond=0))
    entry.add("dtstart", target)
    entry.add("dtend", target + timedelta(days=1))
    entry.add("transp", "TRANSPARENT")
    entry.add("summary", f"{label_of(person)} · {visit.title}")
    entry.add("description", "\n".join(_lines(workspace, person, visit)))
    if address:
        entry.add("url", address.rstrip("/") + visit_path(person.key, visit.name))
    return entry


def _lines(workspace: Workspace, person: ParticipantState, visit: ScheduledVisit) -> Iterator[str]:
    yield _("Window: {first} to {last}").format(first=visit.first, last=visit.last)
    yield _("Status: {status}").format(status=status_words(visit, workspace.today))
    if person.number:
        yield _("Candidate number: {key}").format(key=person.key)
    if visit.provisional:
        yield _("Planned from the day of the first dose visit; the dose has not been entered yet.")
