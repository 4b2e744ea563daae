"""Departures from the protocol: the list, what rules find, recording by hand, assessment."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.exceptions import NotFoundException

from trialrun.app import deviations
from trialrun.app.csv_text import csv_text
from trialrun.app.deviations import IMPORTANCE, KINDS, DeviationChoice
from trialrun.app.language import gettext as _
from trialrun.app.visits import visit_schedule, visit_title
from trialrun.app.work import label_of, participant_path
from trialrun.errors import UserError
from trialrun.web.here import Here
from trialrun.web.routes import action, page

WHO = ("see_deviations",)
_ONE = "/participants/{key:str}/deviations/{deviation:str}"


def kind_words(kind: str) -> str:
    """A kind of deviation in words; one somebody wrote freely stays as it is."""
    return _(KINDS[kind]) if kind in KINDS else kind


def _kinds() -> list[tuple[str, str]]:
    return [(code, _(words)) for code, words in KINDS.items()]


def _importances() -> list[tuple[str, str]]:
    return [(code, _(words)) for code, words in IMPORTANCE.items()]


def _choice(here: Here) -> DeviationChoice:
    names = ("site", "kind", "importance", "status", "search")
    return DeviationChoice(**{name: here.query(name) for name in names})


@page("/deviations", who=WHO)
def listed(here: Here) -> Response[str]:
    """The recorded deviations in scope, chosen by what stands in the address."""
    choice = _choice(here)
    rows = deviations.listed_deviations(here.workspace, here.actor, choice)
    return here.render(
        "deviations/list.html",
        rows=rows,
        everything=len(deviations.listed_deviations(here.workspace, here.actor)),
        found=len(deviations.found_deviations(here.workspace, here.actor)),
        choice=choice,
        kinds=_kinds(),
        importances=[(code, code) for code in IMPORTANCE],
        kind_words=kind_words,
        csv=f"/deviations.csv?{urlencode(here.request.query_params.dict(), doseq=True)}",
        path=participant_path,
    )


@page("/deviations.csv", who=WHO)
def listed_csv(here: Here) -> Response[bytes]:
    """The same list as a file."""
    rows = deviations.listed_deviations(here.workspace, here.actor, _choice(here))
    text = csv_text(deviations.DEVIATION_COLUMNS, deviations.deviation_cells(rows))
    return here.download(text, "deviations.csv", "text/csv; charset=utf-8")


# --- found by rule -------------------------------------------------------------------------------


@page("/deviations/found", who=WHO)
def found(here: Here) -> Response[str]:
    """What rules find in the data and nobody has recorded."""
    return _found(here)


def _found(here: Here, error: UserError | None = None) -> Response[str]:
    return here.render(
        "deviations/found.html",
        status=422 if error else 200,
        error=error,
        rows=deviations.found_deviations(here.workspace, here.actor),
        kind_words=kind_words,
        path=participant_path,
    )


@action("/deviations/found", who="RecordDeviation")
def record_found(here: Here) -> Response[Any]:
    """Record one of them."""
    key = here.participant(here.text("participant")).key
    try:
        outcome = deviations.record_found(
            here.workspace, here.actor, key, here.text("rule"), here.text("visit")
        )
    except UserError as error:
        return _found(here, error)
    number = outcome.events[0].data["deviation"]
    return here.redirect("/deviations/found", _("Recorded as {number}.").format(number=f"{key} {number}"))


# --- by hand -------------------------------------------------------------------------------------


@page("/deviations/new", who="RecordDeviation")
def new(here: Here) -> Response[str]:
    """A form for one somebody noticed; whose it is may stand in the address."""
    return _new(here)


def _new(here: Here, error: UserError | None = None) -> Response[str]:
    names = ("participant", "visit", "kind", "description", "action")
    typed = {name: here.text(name) or here.query(name) for name in names}
    people = here.participants()
    chosen = next((person for person in people if person.key == typed["participant"]), None)
    study = here.workspace.study
    shown = visit_schedule(study, chosen, here.workspace.today) if chosen is not None else ()
    return here.render(
        "deviations/new.html",
        status=422 if error else 200,
        error=error,
        typed=typed,
        people=[(person.key, f"{label_of(person)} ({person.key})") for person in people],
        visits=[(one.name, one.title) for one in shown]
        or [(one.name, one.title) for one in study.visits.values()],
        kinds=_kinds(),
    )


@action("/deviations/new", who="RecordDeviation")
def record(here: Here) -> Response[Any]:
    """Record it; what was typed stays where something is missing."""
    try:
        key = here.text("participant")
        if key:
            here.participant(key)
        outcome = deviations.record_by_hand(
            here.workspace, here.actor, key, kind=here.text("kind"), description=here.text("description"),
            visit=here.text("visit"), action=here.text("action"),
        )  # fmt: skip
    except UserError as error:
        return _new(here, error)
    number = outcome.events[0].data["deviation"]
    return here.redirect(
        f"{participant_path(key)}/deviations/{number}", _("Recorded as {number}.").format(number=number)
    )


# --- one of them ---------------------------------------------------------------------------------


@page(_ONE, who=WHO)
def one(here: Here, key: str, deviation: str) -> Response[str]:
    """One deviation and its assessment."""
    return _one(here, key, deviation)


def _one(here: Here, key: str, deviation: str, error: UserError | None = None) -> Response[str]:
    person = here.participant(key)
    found = person.deviations.get(deviation)
    if found is None:
        raise NotFoundException(_("There is no such deviation."))
    users = here.workspace.conduct.access_state().users
    sent = error is not None
    typed = {
        name: here.text(name) if sent else str(getattr(found, name))
        for name in ("importance", "impact", "action", "prevention")
    }
    return here.render(
        "deviations/one.html",
        status=422 if error else 200,
        error=error,
        person=person,
        label=label_of(person),
        deviation=found,
        visit=visit_title(here.workspace.study, found.visit) if found.visit else "",
        shown=deviations.still_shown(here.workspace.study, person, found, here.workspace.today),
        typed=typed,
        kind_words=kind_words,
        importances=_importances(),
        name_of=lambda user: users.get(user, user),
        book=participant_path(key),
    )


@action(_ONE, who="AssessDeviation")
def assess(here: Here, key: str, deviation: str) -> Response[Any]:
    """Judge it: importance, what it means, what was done, what will prevent it."""
    here.participant(key)
    try:
        deviations.assess(
            here.workspace, here.actor, key, deviation, importance=here.text("importance"),
            impact=here.text("impact"), action=here.text("action"), prevention=here.text("prevention"),
        )  # fmt: skip
    except UserError as error:
        return _one(here, key, deviation, error)
    return here.redirect(f"{participant_path(key)}/deviations/{deviation}", _("The assessment is recorded."))


ROUTES = [listed, listed_csv, found, record_found, new, record, one, assess]
