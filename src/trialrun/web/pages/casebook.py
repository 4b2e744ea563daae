"""The list of participants, and the casebook of one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response

from trialrun.app.alerts import alerts_of
from trialrun.app.allocation import arm_shown
from trialrun.app.calendar import MEDIA_TYPE, participant_calendar
from trialrun.app.casebook import casebook_of
from trialrun.app.casebook_scores import score_table
from trialrun.app.csv_text import csv_text
from trialrun.app.deviations import deviations_of, find_deviations
from trialrun.app.language import gettext as _
from trialrun.app.language import marked
from trialrun.app.roster import (
    SORTS,
    WITH,
    RosterChoice,
    RosterRow,
    Standing,
    choose,
    missing_forms,
    roster,
    standing_of,
    standing_words,
)
from trialrun.app.visits import addable_visits, next_visit, status_words
from trialrun.app.work import form_path, participant_path, visit_path
from trialrun.ledger.state import ParticipantState
from trialrun.web.here import Here
from trialrun.web.pages.calendar import origin_of
from trialrun.web.routes import page
from trialrun.web.words import cell_tone, cell_words, visit_tone

_COLUMNS = (
    "site", "participant", "candidate", "status", "next_visit", "next_target", "next_window_first",
    "next_window_last", "overdue_visits", "open_queries", "unsigned_forms", "missing_forms", "answered", "needed",
)  # fmt: skip


# The other pages about one participant: end of the address, label, rights of which one is needed.
_MORE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("eligibility", marked("Eligibility"), ("see_screening",)),
    ("consent", marked("Consent"), ("see_screening",)),
    ("dosing", marked("Doses"), ("see_dosing",)),
    ("product", marked("Product"), ("see_stock", "see_dosing")),
    ("laboratory", marked("Laboratory"), ("see_lab",)),
    ("safety", marked("Safety"), ("see_safety",)),
    ("verification", marked("Source verification"), ("VerifySource",)),
    ("sign", marked("Sign"), ("Sign",)),
    ("signatures", marked("Signatures"), ("see_participants",)),
    ("hold", marked("Freeze and lock"), ("Freeze", "Lock")),
    ("end", marked("End of participation"), ("EndParticipation",)),
)


def _choice(here: Here) -> RosterChoice:
    sort = here.query("sort")
    return RosterChoice(
        standing=here.query("status"),
        site=here.query("site"),
        search=here.query("search"),
        having=here.query("with") if here.query("with") in WITH else "",
        sort=sort if sort in SORTS else "",
        backwards=here.query("order") == "down",
    )


@page("/participants", who="see_participants")
def participants(here: Here) -> Response[str]:
    """Everyone in scope: chosen and ordered by what stands in the address."""
    choice = _choice(here)
    everyone = roster(here.workspace, here.actor)
    shown = choose(everyone, choice)
    given = {name: here.query(name) for name in ("status", "site", "search", "with") if here.query(name)}

    def sorted_by(name: str) -> str:
        order = "down" if choice.sort == name and not choice.backwards else "up"
        return f"/participants?{urlencode({**given, 'sort': name, 'order': order})}"

    return here.render(
        "casebook/participants.html",
        rows=shown,
        everyone=len(everyone),
        choice=choice,
        sorted_by=sorted_by,
        csv=f"/participants.csv?{urlencode(here.request.query_params.dict(), doseq=True)}",
        standings=[(one.value, standing_words(one)) for one in Standing],
        withs=[
            ("enrolled", _("a participant number")),
            ("overdue", _("overdue visits")),
            ("queries", _("open queries")),
            ("unsigned", _("unsigned forms")),
            ("missing", _("missing forms")),
        ],
        words=standing_words,
        visit_words=lambda visit: status_words(visit, here.workspace.today),
        visit_path=visit_path,
        path=participant_path,
    )


@page("/participants.csv", who="see_participants")
def participants_csv(here: Here) -> Response[bytes]:
    """The same list as a file."""
    rows = choose(roster(here.workspace, here.actor), _choice(here))
    return here.download(csv_text(_COLUMNS, map(_line, rows)), "participants.csv", "text/csv; charset=utf-8")


def _line(row: RosterRow) -> tuple[Any, ...]:
    due = row.next
    days = (due.target, due.first, due.last) if due is not None else (None, None, None)
    status = row.standing.value if row.standing is not Standing.LEFT else f"left: {row.cause}"
    return (
        row.site, row.number, row.key, status, due.name if due is not None else "", *days, row.overdue,
        row.open_queries, row.unsigned, row.missing_forms, row.answered, row.needed,
    )  # fmt: skip


@page("/participants/{key:str}", who="see_participants")
def casebook(here: Here, key: str) -> Response[str]:
    """One participant: visits by forms, running logs, scores, and what waits."""
    person = here.participant(key)
    study, today = here.workspace.study, here.workspace.today
    book = casebook_of(here.workspace, key, _drafts(here, key))
    visits = tuple(one.visit for one in book.visits)
    standing = standing_of(study, person)
    return here.render(
        "casebook/casebook.html",
        person=person,
        label=person.number or person.key,
        book=book,
        missing=len(missing_forms(book)),
        standing=standing_words(standing, person.end_cause),
        site=next((site for site in study.sites if str(site["id"]) == person.site), {}),
        arm=_arm(here, person),
        next=next_visit(visits) if person.consent is not None else None,
        today=today,
        visit_words=lambda visit: status_words(visit, today),
        visit_tone=visit_tone,
        cell_words=cell_words,
        cell_tone=cell_tone,
        scores=score_table(study, person, visits),
        addable=addable_visits(study, person) if person.consent is not None else (),
        deviations=deviations_of(study, person) if here.may("see_deviations") else (),
        found=find_deviations(study, person, today) if here.may("see_deviations") else (),
        alerts=_alerts(here, key) if here.may("see_safety") else (),
        links=[(f"{participant_path(key)}/{end}", _(label)) for end, label, who in _MORE if here.may(*who)],
        path=participant_path(key),
        visit_path=lambda visit: visit_path(key, visit),
        form_path=lambda cell: form_path(key, cell.visit, cell.form),
    )


def _arm(here: Here, person: ParticipantState) -> str:
    """The arm's title, where the role may know it."""
    arms = here.workspace.study.arms
    name = arm_shown(here.workspace.study, person, here.actor.role)
    return arms[name].title if name in arms else ""


def _alerts(here: Here, key: str) -> list[str]:
    """The titles of laboratory alerts nobody has assessed, urgent ones first."""
    return [alert.title for alert in alerts_of(here.workspace, key) if alert.acknowledged is None]


def _drafts(here: Here, key: str) -> frozenset[tuple[str, str]]:
    """The forms of this participant of which the visitor keeps an unsaved draft."""
    found: set[tuple[str, str]] = set()
    for draft in here.workspace.accounts.drafts_of(here.actor.user):
        parts = draft.place.split("/")
        if len(parts) == 5 and parts[:2] == ["form", key]:
            found.add((parts[2], parts[3]))
    return frozenset(found)


@page("/participants/{key:str}/calendar.ics", who="see_participants")
def calendar_file(here: Here, key: str) -> Response[bytes]:
    """The participant's visits to come, for a calendar program."""
    person = here.participant(key)
    content = participant_calendar(here.workspace, key, address=origin_of(here))
    return here.download(content, f"visits-{person.number or key}.ics", MEDIA_TYPE)


ROUTES = [participants, participants_csv, casebook, calendar_file]
