"""Visits: the ones that wait, one visit of a participant, its date, and worklists of every kind."""

from __future__ import annotations

from datetime import date
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException

from trialrun.app import visits
from trialrun.app.casebook import BookVisit, casebook_of
from trialrun.app.csv_text import csv_text
from trialrun.app.language import gettext as _
from trialrun.app.work import WorkRow, form_path, participant_path, visit_path
from trialrun.app.worklists import AHEAD_DAYS, overdue_rows, upcoming_rows, worklist, worklists_for
from trialrun.errors import UserError
from trialrun.web.here import Here
from trialrun.web.routes import action, page
from trialrun.web.whole_numbers import is_whole
from trialrun.web.words import cell_tone, cell_words, visit_tone

_VISIT = "/participants/{key:str}/visits/{visit:str}"


@page("/visits", who="see_participants")
def all_visits(here: Here) -> Response[str]:
    """Overdue visits, and those of the next two weeks."""
    return here.render(
        "visits/visits.html",
        overdue=overdue_rows(here.workspace, here.actor),
        upcoming=upcoming_rows(here.workspace, here.actor),
        days=AHEAD_DAYS,
        path=participant_path,
    )


# --- one visit -----------------------------------------------------------------------------------


@page(_VISIT, who="see_participants")
def visit_page(here: Here, key: str, visit: str) -> Response[str]:
    """One visit: its window, its date, its forms."""
    return _visit_page(here, key, visit)


def _visit_page(here: Here, key: str, visit: str, error: UserError | None = None) -> Response[str]:
    person = here.participant(key)
    one = _find(here, key, visit)
    return here.render(
        "visits/visit.html",
        status=422 if error else 200,
        error=error,
        person=person,
        label=person.number or key,
        one=one,
        visit=one.visit,
        today=here.workspace.today,
        words=visits.status_words(one.visit, here.workspace.today),
        tone=visit_tone(one.visit.status),
        cell_words=cell_words,
        cell_tone=cell_tone,
        form_path=lambda cell: form_path(key, cell.visit, cell.form),
        path=visit_path(key, visit),
        book=participant_path(key),
        typed={name: here.text(name) for name in ("date", "reason", "missed_reason")},
        labels={name: item.label for name, item in here.workspace.study.items.items()},
    )


def _find(here: Here, key: str, visit: str) -> BookVisit:
    """The visit in the casebook. Errors: not found for one the study does not plan and nobody recorded."""
    for one in casebook_of(here.workspace, key).visits:
        if one.visit.name == visit:
            return one
    raise NotFoundException(_("There is no such visit."))


@action(f"{_VISIT}/date", who="RecordVisit")
def record_date(here: Here, key: str, visit: str) -> Response[Any]:
    """The visit took place on a day; another day than before needs a reason."""
    here.participant(key)
    try:
        day = read_day(here.text("date"))
        visits.record_visit(here.workspace, here.actor, key, visit, day, here.text("reason"))
    except UserError as error:
        return _visit_page(here, key, visit, error)
    return here.redirect(visit_path(key, visit), _("The visit is recorded on {day}.").format(day=day))


@action(f"{_VISIT}/missed", who="MissVisit")
def record_missed(here: Here, key: str, visit: str) -> Response[Any]:
    """The visit did not take place, and why."""
    here.participant(key)
    try:
        visits.mark_missed(here.workspace, here.actor, key, visit, here.text("missed_reason"))
    except UserError as error:
        return _visit_page(here, key, visit, error)
    return here.redirect(
        visit_path(key, visit), _("The visit is recorded as missed, and a deviation with it.")
    )


@action("/participants/{key:str}/add-visit", who="RecordVisit")
def add_visit(here: Here, key: str) -> Response[Any]:
    """An unscheduled or early-termination visit."""
    here.participant(key)
    try:
        day = read_day(here.text("date"))
        name, _outcome = visits.add_visit(here.workspace, here.actor, key, here.text("visit"), day)
    except UserError as error:
        return _add_again(here, key, error)
    title = visits.visit_title(here.workspace.study, name)
    return here.redirect(visit_path(key, name), _("{visit} was added.").format(visit=title))


def _add_again(here: Here, key: str, error: UserError) -> Response[str]:
    person = here.participant(key)
    return here.render(
        "visits/add.html",
        status=422,
        error=error,
        label=person.number or key,
        book=participant_path(key),
        addable=visits.addable_visits(here.workspace.study, person),
        today=here.workspace.today,
        typed={name: here.text(name) for name in ("visit", "date")},
    )


def read_day(text: str) -> date:
    """A day as a date field sends it. Errors: `UserError` for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(
            _("{text!r} is not a date").format(text=text) if text else _("no date was given"),
            _("write year, month and day, e.g. 2026-05-20"),
        ) from None


# --- worklists -----------------------------------------------------------------------------------


@page("/worklists", who=("see_participants", "see_deviations"))
def all_worklists(here: Here) -> Response[str]:
    """Every list the role may see, with its count."""
    lists = [(one, one.find(here.workspace, here.actor)) for one in worklists_for(here.workspace, here.actor)]
    return here.render("visits/worklists.html", lists=lists)


@page("/worklists/{name:str}", who=("see_participants", "see_deviations"))
def one_worklist(here: Here, name: str) -> Response[Any]:
    """One list; of one site, participant or age (`least`, `most` days) where asked; as a file with `format=csv`."""
    found = worklist(here.workspace, here.actor, name)
    if found is None:
        raise NotFoundException(_("There is no such list for your role."))
    rows = tuple(row for row in found.find(here.workspace, here.actor) if _chosen(here, row))
    if here.query("format") == "csv":
        columns = ("site", "participant", "what", "day", "note", "urgent")
        lines = ((row.site, row.label, row.what, row.day, row.note, row.urgent) for row in rows)
        return here.download(csv_text(columns, lines), f"{found.name}.csv", "text/csv; charset=utf-8")
    return here.render(
        "visits/worklist.html", found=found, rows=rows, path=participant_path, narrowed=_narrowed(here)
    )


def _chosen(here: Here, row: WorkRow) -> bool:
    site, participant = here.query("site"), here.query("participant")
    if (site and row.site != site) or (participant and row.participant != participant):
        return False
    least, most = here.query("least"), here.query("most")
    if not is_whole(least) or row.day is None:
        return True
    age = (here.workspace.today - row.day).days
    return age >= int(least) and (not is_whole(most) or age <= int(most))


def _narrowed(here: Here) -> bool:
    return any(here.query(name) for name in ("site", "participant", "least"))


ROUTES = [all_visits, visit_page, record_date, record_missed, add_visit, all_worklists, one_worklist]
