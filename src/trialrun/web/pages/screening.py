"""Screening: the log, a new candidate, one candidate's eligibility with its sign-off, and the end of a screening."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response

from trialrun.app.access import confirm_password
from trialrun.app.candidates import (
    STATUS_WORDS,
    CandidateStatus,
    LogFilter,
    fail_screening,
    log_csv,
    log_line,
    register_candidate,
    screening_log,
)
from trialrun.app.eligibility import EligibilityPage, Gap, Place, eligibility_page, sign_eligibility
from trialrun.app.language import gettext as _
from trialrun.app.person_status import person_status
from trialrun.errors import UserError
from trialrun.ledger.commands import RecordExport
from trialrun.ledger.state import ParticipantState
from trialrun.web.addresses import address_of
from trialrun.web.guard import COOKIE
from trialrun.web.here import Here
from trialrun.web.routes import action, page
from trialrun.web.whole_numbers import whole

LINES = 100  # of the log on one page


def eligibility_path(key: str) -> str:
    """The address of a candidate's eligibility."""
    return f"/participants/{quote(key)}/eligibility"


def place_path(key: str, place: Place) -> str:
    """The address of the form a value is asked on, at the value."""
    path = f"/participants/{quote(key)}/visits/{quote(place.visit, safe='')}/forms/{quote(place.form)}"
    path += f"/rows/{place.row}" if place.row else ""
    return f"{path}#f-{place.item}" if place.item else path


# --- the log ----------------------------------------------------------------------------------


def _asked(here: Here) -> LogFilter:
    return LogFilter(*(here.query(name) for name in ("status", "site", "criterion", "search")))


@page("/screening", who="see_screening")
def log(here: Here) -> Response[str]:
    """Everybody who was looked at."""
    wanted = _asked(here)
    found = screening_log(here.workspace, here.actor, wanted)
    number = max(1, whole(here.query("page"), 1))
    query = {name: value for name in ("status", "site", "criterion", "search") if (value := here.query(name))}
    return here.render(
        "screening/log.html",
        log=found,
        lines=found.lines[(number - 1) * LINES : number * LINES],
        number=number,
        pages=max(1, -(-len(found.lines) // LINES)),
        wanted=wanted,
        statuses=[(status.value, _(STATUS_WORDS[status])) for status in CandidateStatus],
        criteria=[(one.id, f"{one.id} {one.text[:60]}") for one in here.workspace.study.criteria.values()],
        query=urlencode(query),
        eligibility_path=eligibility_path,
    )


@page("/screening/log.csv", who="see_screening")
def log_file(here: Here) -> Response[bytes]:
    """The lines of the log as they are filtered, as CSV; recorded where the role records what it takes out."""
    text = log_csv(screening_log(here.workspace, here.actor, _asked(here)))
    if here.may("RecordExport"):
        here.do(RecordExport("screening log", f"{text.count(chr(10)) - 1} lines"))
    return here.download("\ufeff" + text, "screening-log.csv", "text/csv; charset=utf-8")


# --- a new candidate --------------------------------------------------------------------------


@page("/screening/new", who="RegisterCandidate")
def new_candidate(here: Here) -> Response[str]:
    """Give a person a candidate number."""
    return _new(here, site=here.query("site"), previous=here.query("previous"))


def _new(here: Here, *, site: str, previous: str, error: UserError | None = None) -> Response[str]:
    known = {str(one["id"]): str(one["name"]) for one in here.workspace.study.sites}
    again = [
        line.key
        for line in screening_log(here.workspace, here.actor).lines
        if line.status in (CandidateStatus.FAILED, CandidateStatus.LEFT)
    ]
    return here.render(
        "screening/new.html",
        status=422 if error else 200,
        sites=[(one, f"{one} {known[one]}") for one in here.sites],
        site=site or (here.sites[0] if len(here.sites) == 1 else ""),
        previous=previous,
        again=[(key, key) for key in again],
        error=error,
    )


@action("/screening/new", who="RegisterCandidate")
def register(here: Here) -> Response[Any]:
    """The next candidate number."""
    site, previous = here.text("site"), here.text("previous")
    try:
        key = register_candidate(here.workspace, here.actor, site, previous)
    except UserError as error:
        return _new(here, site=site, previous=previous, error=error)
    notice = _("{} is registered. Record the consent next: nothing else may come before it.").format(key)
    return here.redirect(eligibility_path(key), notice)


# --- eligibility ------------------------------------------------------------------------------


@page("/participants/{key:str}/eligibility", who="see_screening")
def eligibility(here: Here, key: str) -> Response[str]:
    """Every criterion on what is saved now."""
    return _eligibility(here, here.participant(key))


def _eligibility(
    here: Here,
    person: ParticipantState,
    *,
    statement: str = "",
    error: UserError | None = None,
) -> Response[str]:
    return here.render(
        "screening/eligibility.html",
        status=422 if error else 200,
        statement=statement,
        error=error,
        **_shown(here, person),
    )


def _shown(here: Here, person: ParticipantState) -> dict[str, Any]:
    found = eligibility_page(here.workspace, person, sees_identity=here.sees_identity)
    return {
        "person": person,
        "page": found,
        "standing": person_status(here.workspace, person),
        "line": log_line(here.workspace, person),
        "tabs": _groups(found),
        "place_path": lambda place: place_path(person.key, place),
        "gap_groups": _gap_groups(person.key, found),
        "signer": here.workspace.conduct.access_state().users.get(here.actor.user, here.actor.user),
    }


def _groups(found: EligibilityPage) -> list[tuple[str, list[Any]]]:
    """The criteria as the record lists them: those that let in, then those that keep out."""
    return [
        (_("Inclusion: each must be met"), [line for line in found.lines if line.inclusion]),
        (_("Exclusion: none may be met"), [line for line in found.lines if not line.inclusion]),
    ]


def _gap_groups(key: str, found: EligibilityPage) -> list[tuple[str, str, list[Gap]]]:
    """What is missing by the form that asks it: words, address, gaps."""
    groups: dict[str, tuple[str, list[Gap]]] = {}
    for gap in found.gaps:
        words = gap.place.words if gap.place else _("Elsewhere")
        address = place_path(key, replace(gap.place, item="")) if gap.place else ""
        groups.setdefault(words, (address, []))[1].append(gap)
    return [(words, address, gaps) for words, (address, gaps) in groups.items()]


@page("/participants/{key:str}/eligibility/now", who="see_screening")
def eligibility_now(here: Here, key: str) -> Response[str]:
    """The criteria's part of the page alone, for a page that is open while forms are saved elsewhere."""
    person = here.participant(key)
    answer = here.render("screening/_criteria.html", **_shown(here, person))
    answer.headers["X-Version"] = str(person.version)
    return answer


@action("/participants/{key:str}/eligibility/sign", who="SignEligibility")
def sign(here: Here, key: str) -> Response[Any]:
    """The investigator's name under the outcome they saw; the password once more."""
    person, statement = here.participant(key), here.text("statement")
    try:
        _need_read(here)
        need_password(here)
        sign_eligibility(
            here.workspace, here.actor, key, here.text("outcome"), here.text("inputs"), statement
        )
    except UserError as error:
        return _eligibility(here, here.participant(person.key), statement=statement, error=error)
    return here.redirect(eligibility_path(key), _("The eligibility of {} is signed.").format(key))


def _need_read(here: Here) -> None:
    if not here.form.get("read"):
        raise UserError(
            _("The sign-off says that you looked at every criterion."), _("Tick it when you have.")
        )


def need_password(here: Here) -> None:
    """The visitor's password once more. Errors: `UserError` when it is wrong."""
    given = (here.form.get("password") or [""])[0]
    token = here.request.cookies.get(COOKIE, "")
    confirm_password(here.workspace, token, given, address=address_of(here.request))


# --- the end of a screening -------------------------------------------------------------------


@page("/participants/{key:str}/screen-failure", who="EndParticipation")
def failure(here: Here, key: str) -> Response[str]:
    """Close a screening that leads to no enrolment."""
    person = here.participant(key)
    found = eligibility_page(here.workspace, person, sees_identity=here.sees_identity)
    failing = tuple(line.id for line in found.lines if line.passes is False)
    return _failure(here, person, on=here.workspace.today.isoformat(), criteria=failing, note="")


def _failure(
    here: Here,
    person: ParticipantState,
    *,
    on: str,
    criteria: tuple[str, ...],
    note: str,
    error: UserError | None = None,
) -> Response[str]:
    found = eligibility_page(here.workspace, person, sees_identity=here.sees_identity)
    return here.render(
        "screening/failure.html",
        person=person,
        page=found,
        on=on,
        criteria=criteria,
        note=note,
        error=error,
        status=422 if error else 200,
    )


@action("/participants/{key:str}/screen-failure", who="EndParticipation")
def fail(here: Here, key: str) -> Response[Any]:
    """The screening is over, with the criteria it failed on."""
    person, note, on = here.participant(key), here.text("note"), here.text("on")
    criteria = tuple(here.texts("criteria"))
    try:
        fail_screening(here.workspace, here.actor, person.key, day_of(on), criteria, note)
    except UserError as error:
        return _failure(here, person, on=on, criteria=criteria, note=note, error=error)
    return here.redirect(eligibility_path(key), _("The screening of {} is closed.").format(key))


def day_of(text: str) -> date:
    """A day as a form sends it. Errors: `UserError` when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(
            _("{} is not a day.").format(text[:20] or _("An empty field")), _("Write YYYY-MM-DD.")
        ) from None


ROUTES = [
    log, log_file, new_candidate, register, eligibility, eligibility_now, sign, failure, fail,
]  # fmt: skip
