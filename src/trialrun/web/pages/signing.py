"""Signing a form, a visit or a casebook; signatures given, broken, and what broke them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.exceptions import NotFoundException

from trialrun.app.language import gettext as _
from trialrun.app.signatures import (
    MEANINGS,
    broken_signatures,
    confirm_signer,
    manifestations,
    needs_user_name,
    sign,
    to_sign,
)
from trialrun.app.work import label_of
from trialrun.errors import UserError
from trialrun.ledger.rows import plain_visit
from trialrun.web.guard import COOKIE
from trialrun.web.here import Here
from trialrun.web.routes import action, page
from trialrun.web.whole_numbers import is_whole

Scope = tuple[str, str, int]


def scope_of(here: Here, visit: str, form: str, row: str) -> Scope:
    """Visit, form and row as asked; only what the study has.

    Errors: not found for anything else.
    """
    study = here.workspace.study
    plain = study.visits.get(plain_visit(visit))
    if visit and plain is None:
        raise NotFoundException
    if form and (plain is None or form not in plain.forms):
        raise NotFoundException
    if row and not is_whole(row):
        raise NotFoundException
    return visit, form, int(row or 0)


@page("/participants/{key:str}/sign", who="Sign")
def sign_page(here: Here, key: str) -> Response[str]:
    """All that would be signed, and the fields to sign it."""
    here.participant(key)
    return _sign_page(here, key, scope_of(here, here.query("visit"), here.query("form"), here.query("row")))


def _sign_page(here: Here, key: str, scope: Scope, error: UserError | None = None) -> Response[str]:
    visit, form, row = scope
    session = here.session
    meanings = [(text, _(text)) for text in MEANINGS if visit == "" or text != MEANINGS[-1]]
    return here.render(
        "signing/sign.html",
        status=422 if error else 200,
        view=to_sign(here.workspace, key, visit, form, row, identity=here.sees_identity),
        first=session is not None and needs_user_name(session),
        meanings=meanings,
        typed={"meaning": here.text("meaning") or meanings[0][0], "user": here.text("user")},
        signer=here.workspace.conduct.access_state().users.get(here.actor.user, here.actor.user),
        zone=here.workspace.zone.key,
        error=error,
    )


@action("/participants/{key:str}/sign", who="Sign")
def sign_now(here: Here, key: str) -> Response[Any]:
    """Sign what was shown, with the password."""
    here.participant(key)
    scope = scope_of(here, here.text("visit"), here.text("form"), here.text("row"))
    password = (here.texts("password") or ("",))[0]
    session = here.session
    if session is None:
        raise NotFoundException
    token = here.request.cookies.get(COOKIE, "")
    try:
        confirm_signer(here.workspace, session, token, here.text("user"), password)
        sign(here.workspace, here.actor, key, here.text("meaning"), here.text("content"), *scope)
    except UserError as error:
        return _sign_page(here, key, scope, error)
    return here.redirect(f"/participants/{key}/signatures", _("Signed."))


@page("/participants/{key:str}/signatures", who=("see_participants", "Sign"))
def signatures(here: Here, key: str) -> Response[str]:
    """Every signature of a participant's casebook, and what changed under those that are broken."""
    person = here.participant(key)
    broken = broken_signatures(here.workspace, (person,), identity=here.sees_identity)
    return here.render(
        "signing/participant.html",
        person=person,
        label=label_of(person),
        given=manifestations(here.workspace, person),
        broken=broken,
        names=here.workspace.conduct.access_state().users,
        zone=here.workspace.zone.key,
        sign_link=sign_link,
    )


@page("/signatures", who="Sign")
def notices(here: Here) -> Response[str]:
    """Signatures of the visitor that a later change broke."""
    return here.render(
        "signing/notices.html",
        broken=broken_signatures(
            here.workspace, here.participants(), here.actor.user, identity=here.sees_identity
        ),
        names=here.workspace.conduct.access_state().users,
        sign_link=sign_link,
    )


def sign_link(key: str, visit: str, form: str, row: int) -> str:
    """The address of the page that signs this."""
    scope = {"visit": visit, "form": form, "row": row or ""}
    query = urlencode({name: value for name, value in scope.items() if value})
    return f"/participants/{key}/sign{'?' if query else ''}{query}"


ROUTES = [sign_page, sign_now, signatures, notices]
