"""Queries: the list, one thread, asking by hand and from a listing."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response
from litestar.exceptions import NotFoundException

from trialrun.app import queries as found
from trialrun.app.csv_text import csv_text
from trialrun.app.event_words import Words
from trialrun.app.language import gettext as _
from trialrun.app.language import ngettext
from trialrun.app.query_listing import COLUMNS, Listing, kept_rejects, raise_listing, read_listing
from trialrun.app.work import form_path, label_of, participant_path, visit_path
from trialrun.errors import UserError
from trialrun.ledger.commands import AnswerQuery, CloseQuery, RaiseQuery, ReopenQuery
from trialrun.ledger.state import ParticipantState, Query
from trialrun.web.here import Here
from trialrun.web.routes import action, page
from trialrun.web.whole_numbers import whole

WHO = ("see_queries",)
_ONE = "/participants/{key:str}/queries/{number:str}"


def query_path(key: str, query: str) -> str:
    """The address of a query's thread."""
    return f"{participant_path(key)}/queries/{quote(query, safe='')}"


def query_place_path(person: ParticipantState, query: Query) -> str:
    """The address of what a query is about."""
    if not query.form:
        return visit_path(person.key, query.visit)
    base = form_path(person.key, query.visit, query.form)
    return f"{base}/rows/{query.row}" if query.row else base


def _choice(here: Here) -> found.QueryChoice:
    names = ("site", "participant", "raised", "form", "bucket", "search")
    given = {name: here.query(name) for name in names}
    return found.QueryChoice(status=here.query("status", "waiting"), **given)


@page("/queries", who=WHO)
def listed(here: Here) -> Response[str]:
    """The queries in scope, chosen by what stands in the address."""
    choice = _choice(here)
    everything = found.queries(here.workspace, here.actor, found.QueryChoice(status="all"))
    waiting = [row for row in everything if row.query.status != "closed"]
    return here.render(
        "queries/list.html",
        rows=found.queries(here.workspace, here.actor, choice),
        everything=len(everything),
        ageing=found.ageing(waiting),
        choice=choice,
        forms=[(form.name, form.title) for form in here.workspace.study.forms.values()],
        path=query_path,
        csv=f"/queries.csv?{urlencode(here.request.query_params.dict(), doseq=True)}",
    )


@page("/queries.csv", who=WHO)
def listed_csv(here: Here) -> Response[bytes]:
    """The same list as a file."""
    rows = found.queries(here.workspace, here.actor, _choice(here))
    text = csv_text(found.COLUMNS, found.query_cells(rows))
    return here.download(text, "queries.csv", "text/csv; charset=utf-8")


# --- one thread ----------------------------------------------------------------------------------


def _thread(here: Here, key: str, query: str, error: UserError | None = None) -> Response[str]:
    person = here.participant(key)
    one = person.queries.get(query)
    if one is None:
        raise NotFoundException(_("There is no such query."))
    return here.render(
        "queries/thread.html",
        status=422 if error else 200,
        person=person,
        label=label_of(person),
        row=found.query_row(here.workspace, person, one, None),
        query=one,
        steps=found.thread(here.workspace, person, query),
        words=Words(here.workspace, here.actor),
        place=query_place_path(person, one),
        error=error,
        typed={name: here.text(name) for name in ("answer", "reason")},
        doing=here.text("do"),
    )


@page(_ONE, who=WHO)
def show(here: Here, key: str, number: str) -> Response[str]:
    """All that was said in a query, and what can be said now."""
    return _thread(here, key, number)


@action(_ONE, who=("AnswerQuery", "CloseQuery", "ReopenQuery"))
def say(here: Here, key: str, number: str) -> Response[Any]:
    """Answer, close or reopen."""
    here.participant(key)
    commands = {
        "answer": AnswerQuery(key, number, here.text("answer")),
        "close": CloseQuery(key, number, here.text("reason")),
        "reopen": ReopenQuery(key, number, here.text("reason")),
    }
    command = commands.get(here.text("do"))
    if command is None:
        raise NotFoundException
    try:
        here.do(command)
    except UserError as error:
        return _thread(here, key, number, error)
    said = {"answer": _("Answered."), "close": _("Closed."), "reopen": _("Asked again.")}
    return here.redirect(query_path(key, number), said[here.text("do")])


# --- asking by hand ------------------------------------------------------------------------------


@page("/queries/new", who="RaiseQuery")
def new(here: Here) -> Response[str]:
    """Ask about a visit, a form or an item; what it is about may stand in the address."""
    return _new(here)


def _new(here: Here, error: UserError | None = None) -> Response[str]:
    names = ("participant", "place", "item", "message")
    typed = {name: here.text(name) or here.query(name) for name in names}
    study = here.workspace.study
    people = here.participants()
    person = next((one for one in people if one.key == typed["participant"]), None)
    places = found.places(study, person) if person is not None else ()
    form = typed["place"].split("|")[1] if typed["place"].count("|") == 2 else ""
    items = study.forms[form].items if form in study.forms else ()
    return here.render(
        "queries/new.html",
        status=422 if error else 200,
        people=[(one.key, f"{label_of(one)} · {one.site}") for one in people],
        person=person,
        places=places,
        items=[(name, study.items[name].label) for name in items],
        typed=typed,
        error=error,
    )


@action("/queries/new", who="RaiseQuery")
def ask(here: Here) -> Response[Any]:
    """Raise the query, or show the next field: participant first, then the place, then the item."""
    if here.text("step"):
        return _new(here)
    key = here.participant(here.text("participant")).key
    visit, _bar, rest = here.text("place").partition("|")
    form, _bar, row = rest.partition("|")
    number = whole(row)
    try:
        done = here.do(RaiseQuery(key, visit, form, here.text("message"), number, here.text("item")))
    except UserError as error:
        return _new(here, error)
    query = done.of("QueryOpened")[0].data["query"]
    return here.redirect(query_path(key, query), _("Asked as {query}.").format(query=query))


# --- asking from a listing -----------------------------------------------------------------------


@page("/queries/import", who="RaiseQuery")
def listing_form(here: Here) -> Response[str]:
    """Send a listing of questions."""
    return _listing(here)


def _listing(
    here: Here,
    listing: Listing | None = None,
    error: UserError | None = None,
    raised: tuple[str, ...] | None = None,
) -> Response[str]:
    kept = kept_rejects(here.workspace, here.actor)
    return here.render(
        "queries/import.html",
        status=422 if error else 200,
        columns=COLUMNS,
        listing=listing,
        error=error,
        raised=raised,
        kept=max(kept.count("\r\n") - 1, 0),
    )


@action("/queries/import", who="RaiseQuery")
def look_at_listing(here: Here) -> Response[Any]:
    """Show what the listing would raise; with `confirm` raise the good lines and keep the bad ones."""
    upload = here.uploads.get("file")
    name = upload.name if upload else here.text("name") or "listing.csv"
    content = upload.content if upload else _decoded(here.text("content"))
    if not content.strip():
        return _listing(here, error=UserError(_("No file was chosen."), _("Choose a CSV file.")))
    try:
        listing = read_listing(here.workspace, here.actor, name, content)
        if not here.text("confirm"):
            return _listing(here, listing)
        raised = raise_listing(here.workspace, here.actor, listing)
    except UserError as error:
        return _listing(here, error=error)
    said = ngettext("{n} query was raised.", "{n} queries were raised.", len(raised)).format(n=len(raised))
    if listing.bad:
        said += " " + _(
            "{n} lines were given back: download them below, correct them, and send them again."
        ).format(n=len(listing.bad))
    return here.redirect("/queries/import", said, "warning" if listing.bad else "success")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


@page("/queries/import/rejected.csv", who="RaiseQuery")
def rejected(here: Here) -> Response[bytes]:
    """The lines of the last listing that could not be raised, each with the reason."""
    kept = kept_rejects(here.workspace, here.actor)
    if not kept:
        raise NotFoundException(_("No lines were given back."))
    return here.download(kept, "rejected-queries.csv", "text/csv; charset=utf-8")


ROUTES = [listed, listed_csv, new, ask, listing_form, look_at_listing, rejected, show, say]
