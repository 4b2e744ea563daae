"""Enrolment: what it rests on, the number it gives, and the end of a participation."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.exceptions import NotFoundException

from trialrun.app.enrolment import (
    CAUSES,
    end_causes,
    end_participation,
    enrol,
    enrolment_page,
    explain_number,
)
from trialrun.app.language import gettext as _
from trialrun.app.person_status import person_status
from trialrun.errors import UserError
from trialrun.ledger.state import ParticipantState
from trialrun.web.here import Here
from trialrun.web.pages.screening import day_of
from trialrun.web.routes import action, page


@page("/participants/{key:str}/enrol", who="Enrol")
def before_enrolment(here: Here, key: str) -> Response[Any]:
    """What an enrolment rests on, and what is in its way."""
    person = here.participant(key)
    if person.enrolled:
        return here.redirect(f"/participants/{quote(key)}/enrolled")
    return _before(here, person)


def _before(
    here: Here, person: ParticipantState, *, reason: str = "", error: UserError | None = None
) -> Response[str]:
    return here.render(
        "screening/enrol.html",
        status=422 if error else 200,
        person=person,
        page=enrolment_page(here.workspace, here.actor, person),
        standing=person_status(here.workspace, person),
        reason=reason,
        error=error,
    )


@action("/participants/{key:str}/enrol", who="Enrol")
def do_enrol(here: Here, key: str) -> Response[Any]:
    """The candidate becomes a participant."""
    person, reason = here.participant(key), here.text("override_reason")
    try:
        number = enrol(here.workspace, here.actor, person.key, reason)
    except UserError as error:
        return _before(here, here.participant(key), reason=reason, error=error)
    return here.redirect(
        f"/participants/{quote(key)}/enrolled",
        _("{key} is enrolled as {number}.").format(key=key, number=number),
    )


@page("/participants/{key:str}/enrolled", who="see_participants")
def enrolled(here: Here, key: str) -> Response[str]:
    """The participant number, explained, and what the enrolment rested on."""
    person = here.participant(key)
    if not person.enrolled:
        raise NotFoundException(_("{} is not enrolled.").format(key))
    study = here.workspace.study
    arm = study.arms[person.arm].title if person.arm in study.arms else ""
    return here.render(
        "screening/enrolled.html",
        person=person,
        number=explain_number(person.number),
        page=enrolment_page(here.workspace, here.actor, person),
        standing=person_status(here.workspace, person),
        arm=arm,
    )


# --- the end of a participation ---------------------------------------------------------------


@page("/participants/{key:str}/end", who="EndParticipation")
def before_end(here: Here, key: str) -> Response[str]:
    """End a participation."""
    return _end(here, here.participant(key), on=here.workspace.today.isoformat(), cause="", note="")


def _end(
    here: Here, person: ParticipantState, *, on: str, cause: str, note: str, error: UserError | None = None
) -> Response[str]:
    return here.render(
        "screening/end.html",
        status=422 if error else 200,
        person=person,
        standing=person_status(here.workspace, person),
        causes=end_causes(person),
        ended=_(CAUSES[person.end_cause]) if person.end_cause in CAUSES else person.end_cause,
        on=on,
        cause=cause,
        note=note,
        error=error,
    )


@action("/participants/{key:str}/end", who="EndParticipation")
def do_end(here: Here, key: str) -> Response[Any]:
    """The participation is over."""
    person = here.participant(key)
    on, cause, note = here.text("on"), here.text("cause"), here.text("note")
    try:
        if cause == "screen_failure":
            return here.redirect(f"/participants/{quote(key)}/screen-failure")
        end_participation(here.workspace, here.actor, person.key, day_of(on), cause, note)
    except UserError as error:
        return _end(here, person, on=on, cause=cause, note=note, error=error)
    return here.redirect(f"/participants/{quote(key)}/end", _("The participation is ended."))


ROUTES = [before_enrolment, do_enrol, enrolled, before_end, do_end]
