"""What each role sees first: numbers that open the lists behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trialrun.app.entry_delay import Lag, entry_lag
from trialrun.app.language import gettext as _
from trialrun.app.recruitment import Recruitment, recruitment
from trialrun.app.rights import rights_of
from trialrun.app.roster import participants_in_scope, roster
from trialrun.app.visits import ScheduledVisit, visit_schedule
from trialrun.app.work import label_of
from trialrun.app.worklists import opened_on, worklists_for
from trialrun.ledger.commands import Actor
from trialrun.study.model import VisitKind

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

AGES: tuple[tuple[int, int | None], ...] = ((0, 7), (8, 14), (15, 30), (31, None))


@dataclass(frozen=True, slots=True)
class Tile:
    """A number and where it leads; `path` is empty for those who may not see the list behind it."""

    label: str
    value: str
    path: str = ""
    tone: str = "plain"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Age:
    """How many open queries are so many days old; `most` is `None` for those older than the last step."""

    least: int
    most: int | None
    open: int
    answered: int


@dataclass(frozen=True, slots=True)
class SiteLine:
    """One site in numbers."""

    site: str
    name: str
    screened: int
    enrolled: int
    overdue: int
    open_queries: int
    unsigned: int
    answered: int
    needed: int


@dataclass(frozen=True, slots=True)
class OwnVisits:
    """What a participant sees of themselves."""

    key: str
    number: str
    visits: tuple[ScheduledVisit, ...]
    consents: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The start page of one role; parts that are not theirs are empty or `None`."""

    tiles: tuple[Tile, ...] = ()
    recruitment: Recruitment | None = None
    ages: tuple[Age, ...] = ()
    sites: tuple[SiteLine, ...] = ()
    lag: Lag | None = None
    own: OwnVisits | None = None
    lists_participants: bool = False


def dashboard(workspace: Workspace, actor: Actor) -> Dashboard:
    """What the actor's role sees of their site, or of all."""
    rights = rights_of(workspace.study, actor.role)
    if "see_own" in rights:
        return Dashboard(own=own_visits(workspace, actor))
    if "see_users" in rights and "see_participants" not in rights:
        return Dashboard(tiles=tuple(_account_tiles(workspace)))
    if "see_study" not in rights:
        return Dashboard()
    detailed = "see_participants" in rights
    return Dashboard(
        tiles=tuple(_tiles(workspace, actor, rights)),
        recruitment=recruitment(workspace, actor),
        ages=query_ages(workspace, actor) if "see_queries" in rights else (),
        sites=site_lines(workspace, actor) if not actor.site and len(workspace.study.sites) > 1 else (),
        lag=entry_lag(workspace, actor) if detailed else None,
        lists_participants=detailed,
    )


def _tiles(workspace: Workspace, actor: Actor, rights: frozenset[str]) -> Iterator[Tile]:
    for one in worklists_for(workspace, actor):
        rows = one.find(workspace, actor)
        urgent = sum(row.urgent for row in rows)
        tone = one.tone if rows else "good"
        note = _("{count} urgent").format(count=urgent) if urgent else ""
        yield Tile(one.heading, str(len(rows)), f"/worklists/{one.name}", tone, note)
    lines = roster(workspace, actor)
    answered, needed = sum(one.answered for one in lines), sum(one.needed for one in lines)
    path = "/worklists/missing-forms" if rights & {"RecordVisit", "VerifySource", "RaiseQuery"} else ""
    share = f"{100 * answered / needed:.0f} %" if needed else _("no data")
    note = _("{answered} of {needed} answers").format(answered=answered, needed=needed)
    yield Tile(_("Completeness"), share, path, note=note)


def _account_tiles(workspace: Workspace) -> Iterator[Tile]:
    access = workspace.conduct.access_state()
    active = [user for user in access.users if user not in access.disabled]
    without = [user for user in active if not access.roles.get(user)]
    yield Tile(_("Accounts in use"), str(len(active)), "/users")
    yield Tile(_("Accounts without a role"), str(len(without)), "/users", "warn" if without else "good")
    yield Tile(_("Closed accounts"), str(len(access.disabled)), "/users")


# --- ageing, sites ----------------------------------------------------------------------


def query_ages(workspace: Workspace, actor: Actor) -> tuple[Age, ...]:
    """Queries not closed, by days since they were opened."""
    ages = [
        ((workspace.today - opened_on(workspace, query)).days, query.status)
        for person in participants_in_scope(workspace, actor)
        for query in person.open_queries()
    ]
    return tuple(
        Age(
            least,
            most,
            sum(_between(days, least, most) for days, status in ages if status == "open"),
            sum(_between(days, least, most) for days, status in ages if status == "answered"),
        )
        for least, most in AGES
    )


def _between(days: int, least: int, most: int | None) -> bool:
    return days >= least and (most is None or days <= most)


def site_lines(workspace: Workspace, actor: Actor) -> tuple[SiteLine, ...]:
    """Each site in the actor's scope in numbers."""
    lines = roster(workspace, actor)
    found: list[SiteLine] = []
    for site in workspace.study.sites:
        own = [one for one in lines if one.site == str(site["id"])]
        if actor.site and str(site["id"]) != actor.site:
            continue
        found.append(
            SiteLine(
                str(site["id"]),
                str(site.get("name", "")),
                len(own),
                sum(bool(one.number) for one in own),
                sum(one.overdue for one in own),
                sum(one.open_queries for one in own),
                sum(one.unsigned for one in own),
                sum(one.answered for one in own),
                sum(one.needed for one in own),
            )
        )
    return tuple(found)


# --- a participant -----------------------------------------------------------------------------


def own_visits(workspace: Workspace, actor: Actor) -> OwnVisits | None:
    """A participant's own visits; `None` while the account is linked to nobody."""
    key = workspace.conduct.access_state().linked.get(actor.user, "")
    person = workspace.conduct.participant(key) if key else None
    if person is None or not person.key:
        return None
    shown = (VisitKind.UNSCHEDULED, VisitKind.EARLY_TERMINATION)
    visits = tuple(
        one
        for one in visit_schedule(workspace.study, person, workspace.today)
        if one.actual is not None or one.plan.kind not in shown
    )
    return OwnVisits(person.key, label_of(person), visits, len(person.consents))
