"""Consent as staff see it: texts and approvals, a participant's consents, paper, hand-over of a tablet, withdrawal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException

from trialrun.app import access
from trialrun.app.consent_tablet import LASTS, Handover, open_tablet
from trialrun.app.consents import (
    STOPS,
    approve_text,
    consent_text,
    consent_texts,
    consents_of,
    language_name,
    reconsent_due,
    record_paper,
    text_direction,
    usable_texts,
    withdraw,
    withdrawals,
)
from trialrun.app.documents import consent_copy, method_words, record_taken, stop_words
from trialrun.app.language import gettext as _
from trialrun.app.work import label_of
from trialrun.errors import UserError
from trialrun.ledger.commands import RecordConsent
from trialrun.ledger.state import ParticipantState
from trialrun.study.model import ConsentText
from trialrun.study.prose import read_prose
from trialrun.web.guard import COOKIE
from trialrun.web.here import Here
from trialrun.web.pages.tablet import TABLET_COOKIE, TABLET_PATH
from trialrun.web.routes import action, page

PDF = "application/pdf"
_SEES = ("see_screening",)


def day_of(here: Here, name: str) -> date:
    """A date field.

    Errors: `UserError` when it is empty or not a date.
    """
    try:
        return date.fromisoformat(here.text(name))
    except ValueError:
        raise UserError(
            _("{!r} is not a date").format(here.text(name)), _("write it as 2026-03-01")
        ) from None


# --- texts ---------------------------------------------------------------------------------------


@page("/consents", who=("see_screening", "ApproveConsent"))
def texts(here: Here) -> Response[str]:
    """The consent texts with their approvals, and whom to ask again."""
    return _texts(here)


def _texts(here: Here, error: UserError | None = None) -> Response[str]:
    site = here.actor.site
    return here.render(
        "consent/texts.html",
        status=422 if error else 200,
        listed=consent_texts(here.workspace, here.sites),
        due=reconsent_due(here.workspace, site),
        error=error,
        typed={name: here.text(name) for name in ("text", "site", "from_date", "reference")},
        options=[
            (f"{one.language}-{one.version}", _text_label(one)) for one in here.workspace.study.consents
        ],
        site_options=[(site, site) for site in here.sites],
        language_name=language_name,
    )


def _text_label(text: ConsentText) -> str:
    return _("version {version}, {language}").format(
        version=text.version, language=language_name(text.language)
    )


@action("/consents", who="ApproveConsent")
def approve(here: Here) -> Response[Any]:
    """Record a site's approval of a text."""
    language, _sep, version = here.text("text").partition("-")
    try:
        approve_text(
            here.workspace, here.actor, here.text("site"), version, language, day_of(here, "from_date"), here.text("reference"),
        )  # fmt: skip
    except UserError as error:
        return _texts(here, error)
    return here.redirect("/consents", _("The approval is recorded."))


@page("/consents/{name:str}", who=("see_screening", "ApproveConsent"))
def read_text(here: Here, name: str) -> Response[str]:
    """A text as the participant reads it, with its questions and their answers."""
    language, _sep, version = name.partition("-")
    text = consent_text(here.workspace.study, version, language)
    if text is None:
        raise NotFoundException
    return here.render(
        "consent/text.html",
        text=text,
        prose=read_prose(text.text),
        dir=text_direction(text.language),
        name=language_name(text.language),
    )


# --- a participant's consents --------------------------------------------------------------------


@page("/participants/{key:str}/consent", who=_SEES)
def consents(here: Here, key: str) -> Response[str]:
    """All consents of a participant, withdrawal, and what can be done."""
    person = here.participant(key)
    return here.render(
        "consent/participant.html",
        person=person,
        label=label_of(person),
        given=consents_of(here.workspace, person),
        withdrawn=withdrawals(here.workspace, key),
        due=next((one for one in reconsent_due(here.workspace, person.site) if one.key == key), None),
        names=here.workspace.conduct.access_state().users,
        language_name=language_name,
        method_words=method_words,
        stop_words=stop_words,
        zone=here.workspace.zone.key,
    )


@action("/participants/{key:str}/consent/copy", who="see_identity")
def copy(here: Here, key: str) -> Response[Any]:
    """The participant's copy as PDF."""
    person = here.participant(key)
    given = next(
        (one for one in consents_of(here.workspace, person) if one.consent.hash == here.text("consent")), None
    )
    if given is None:
        raise NotFoundException
    file = consent_copy(here.workspace, person, given)
    description = f"consent of {key}, version {given.consent.version} ({given.consent.language})"
    record_taken(here.workspace, here.actor, "consent copy", description, file)
    return here.download(file.content, file.name, PDF)


def _form_page(
    here: Here, template: str, person: ParticipantState, typed: Mapping[str, Any], error: UserError | None
) -> Response[str]:
    usable = usable_texts(here.workspace, person.site, here.workspace.today)
    return here.render(
        template,
        status=422 if error else 200,
        person=person,
        label=label_of(person),
        options=[(f"{one.language}-{one.version}", _text_label(one)) for one in usable],
        again=person.consent is not None,
        typed=typed,
        error=error,
        today=here.workspace.today,
        stops=[(part, stop_words(part)) for part in STOPS],
    )


_PAPER = ("text", "signed_on", "signed_at", "explained_by", "capacity", "witness", "kept_at", "reason")


@page("/participants/{key:str}/consent/paper", who="RecordConsent")
def paper_page(here: Here, key: str) -> Response[str]:
    """The form for a consent signed on paper."""
    own = {"explained_by": _own_name(here), "signed_on": here.workspace.today.isoformat()}
    return _form_page(
        here, "consent/paper.html", here.participant(key), dict.fromkeys(_PAPER, "") | own, None
    )


@action("/participants/{key:str}/consent/paper", who="RecordConsent")
def paper(here: Here, key: str) -> Response[Any]:
    """Record a consent signed on paper."""
    person = here.participant(key)
    language, _sep, version = here.text("text").partition("-")
    try:
        given = RecordConsent(
            key,
            version,
            language,
            day_of(here, "signed_on"),
            here.text("explained_by"),
            here.text("capacity") == "true",
            here.text("reason"),
            signed_at=here.text("signed_at"),
            witness=here.text("witness"),
        )
        record_paper(here.workspace, here.actor, given, here.text("kept_at"))
    except UserError as error:
        typed = {name: here.text(name) for name in _PAPER}
        return _form_page(here, "consent/paper.html", person, typed, error)
    return here.redirect(f"/participants/{key}/consent", _("The consent is recorded."))


_HANDOVER = ("text", "explained_by", "capacity", "witness", "reason")


@page("/participants/{key:str}/consent/tablet", who="RecordConsent")
def handover_page(here: Here, key: str) -> Response[str]:
    """What is said before the tablet is handed over."""
    typed = dict.fromkeys(_HANDOVER, "") | {"explained_by": _own_name(here)}
    return _form_page(here, "consent/handover.html", here.participant(key), typed, None)


@action("/participants/{key:str}/consent/tablet", who="RecordConsent")
def hand_over(here: Here, key: str) -> Response[Any]:
    """End the staff session in this browser and begin the participant's consent session."""
    person = here.participant(key)
    language, _sep, version = here.text("text").partition("-")
    handover = Handover(
        key,
        version,
        language,
        here.text("explained_by"),
        here.text("capacity") == "true",
        here.text("witness"),
        here.text("reason"),
    )
    try:
        token = open_tablet(here.workspace, here.actor, handover)
    except UserError as error:
        typed = {name: here.text(name) for name in _HANDOVER}
        return _form_page(here, "consent/handover.html", person, typed, error)
    access.sign_out(here.workspace, here.request.cookies.get(COOKIE, ""))
    answer = here.redirect(TABLET_PATH)
    answer.delete_cookie(COOKIE)
    answer.set_cookie(
        key=TABLET_COOKIE, value=token, httponly=True, samesite="strict",
        secure=here.request.app.state.secure, max_age=int(LASTS.total_seconds()) * 2,
    )  # fmt: skip
    return answer


def _own_name(here: Here) -> str:
    user = here.actor.user
    return here.workspace.conduct.access_state().users.get(user, user)


# --- withdrawal ----------------------------------------------------------------------------------


@page("/participants/{key:str}/consent/withdraw", who="WithdrawConsent")
def withdraw_page(here: Here, key: str) -> Response[str]:
    """The form for a withdrawal."""
    typed = {"on": here.workspace.today.isoformat(), "stops": STOPS, "reason": ""}
    return _form_page(here, "consent/withdraw.html", here.participant(key), typed, None)


@action("/participants/{key:str}/consent/withdraw", who="WithdrawConsent")
def withdraw_now(here: Here, key: str) -> Response[Any]:
    """Record a withdrawal."""
    person = here.participant(key)
    stops = here.texts("stops")
    try:
        withdraw(here.workspace, here.actor, key, day_of(here, "on"), stops, here.text("reason"))
    except UserError as error:
        typed = {"on": here.text("on"), "stops": stops, "reason": here.text("reason")}
        return _form_page(here, "consent/withdraw.html", person, typed, error)
    return here.redirect(f"/participants/{key}/consent", _("The withdrawal is recorded."))


ROUTES = [
    texts, approve, read_text, consents, copy, paper_page, paper, handover_page, hand_over, withdraw_page, withdraw_now,
]  # fmt: skip
