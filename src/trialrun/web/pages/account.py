"""One's own account: password, authenticator, open sessions; and who works at one's site."""

from __future__ import annotations

from typing import Any

from litestar import Response

from trialrun.app import access
from trialrun.app.language import gettext as _
from trialrun.app.language import ngettext
from trialrun.app.users import users
from trialrun.errors import UserError
from trialrun.web.addresses import address_of
from trialrun.web.guard import PARTICIPANT
from trialrun.web.here import Here
from trialrun.web.pages.access import new_password, site_names, token_of, with_session
from trialrun.web.routes import action, page


@page("/account", who="signed_in")
def account(here: Here) -> Response[str]:
    """The account of whoever is signed in."""
    return _account(here)


def _account(here: Here, error: UserError | None = None, about: str = "") -> Response[str]:
    user, workspace = here.actor.user, here.workspace
    accounts = workspace.accounts
    return here.render(
        "access/account.html",
        status=422 if error else 200,
        name=workspace.conduct.access_state().users.get(user, user),
        roles=access.roles_held(workspace, user),
        sites=site_names(here),
        training=workspace.conduct.access_state().training.get(user, ()),
        changed_at=accounts.password_changed_at(user),
        second_factor=accounts.has_totp(user),
        codes_left=accounts.recovery_codes_left(user),
        sessions=accounts.sessions_of(user, now=here.now),
        signed=accounts.sign_ins(user),
        error=error,
        about=about,
    )


@action("/account/password", who="signed_in")
def change_password(here: Here) -> Response[Any]:
    """Set a new password; other sessions end."""
    try:
        token = access.change_password(
            here.workspace,
            token_of(here),
            _typed(here, "password"),
            new_password(here),
            address=address_of(here.request),
        )
    except UserError as error:
        return _account(here, error, "password")
    notice = _("Your password is changed. You are signed out everywhere else.")
    return with_session(here, here.redirect("/account", notice), token)


def _typed(here: Here, name: str) -> str:
    return (here.texts(name) or ("",))[0]


# --- authenticator -------------------------------------------------------------------------------


@action("/account/authenticator", who="signed_in")
def begin_authenticator(here: Here) -> Response[Any]:
    """Hand out a key for an authenticator."""
    try:
        access.begin_second_factor(
            here.workspace,
            token_of(here),
            _typed(here, "password_for_authenticator"),
            address=address_of(here.request),
        )
    except UserError as error:
        return _account(here, error, "authenticator")
    return here.redirect("/account/authenticator")


@page("/account/authenticator", who="signed_in")
def authenticator(here: Here) -> Response[Any]:
    """The key to enter in an authenticator, and the field for its first code."""
    return _authenticator(here)


def _authenticator(here: Here, error: UserError | None = None) -> Response[Any]:
    pending = here.workspace.accounts.pending_totp(here.actor.user, issuer=access.issuer(here.workspace))
    if pending is None:
        return here.redirect("/account")
    key = " ".join(pending.key[at : at + 4] for at in range(0, len(pending.key), 4))
    return here.render(
        "access/authenticator.html",
        status=422 if error else 200,
        key=key,
        address=pending.address,
        error=error,
    )


@action("/account/authenticator/confirm", who="signed_in")
def confirm_authenticator(here: Here) -> Response[Any]:
    """Put it in force; the recovery codes are shown this once, so there is no page to come back to."""
    try:
        codes = access.confirm_second_factor(here.workspace, here.actor.user, here.text("code"))
    except UserError as error:
        return _authenticator(here, error)
    return here.render("access/recovery_codes.html", codes=codes)


@action("/account/authenticator/remove", who="signed_in")
def remove_authenticator(here: Here) -> Response[Any]:
    """Sign in with the password alone again."""
    try:
        access.remove_second_factor(
            here.workspace,
            token_of(here),
            _typed(here, "password_for_authenticator"),
            address=address_of(here.request),
        )
    except UserError as error:
        return _account(here, error, "authenticator")
    return here.redirect("/account", _("The authenticator is removed."))


# --- sessions ------------------------------------------------------------------------------------


@action("/account/sessions", who="signed_in")
def end_sessions(here: Here) -> Response[Any]:
    """End one other session, or all of them."""
    user, accounts = here.actor.user, here.workspace.accounts
    chosen = here.text("session")
    if chosen:
        ended = int(accounts.close_by_id(user, chosen))
    else:
        ended = accounts.close_all(user, but=token_of(here))
    text = ngettext("{n} session was ended.", "{n} sessions were ended.", ended).format(n=ended)
    return here.redirect("/account", text)


# --- who works here --------------------------------------------------------------------------------


@page("/team", who="see_study")
def team(here: Here) -> Response[str]:
    """Who holds which role in the visitor's scope, with their training."""
    return show_team(here)


def show_team(here: Here, error: UserError | None = None) -> Response[str]:
    """The page of the team; with what was typed about a training when that was refused."""
    site = here.actor.site
    known = site_names(here)
    asked = site or here.query("site")
    chosen = asked if asked in known else ""
    people = [
        line
        for line in users(here.workspace, site=chosen)
        # A participant is not of the team, and must not be known to a sponsor by name.
        if not line.disabled and any(role != PARTICIPANT for role, _site in line.roles)
    ]
    return here.render(
        "access/team.html",
        status=422 if error else 200,
        people=people,
        sites=known,
        chosen=chosen,
        bound=bool(site),
        scope=("", chosen) if chosen else (),
        typed={name: here.text(name) for name in ("topic", "trained_on")},
        trained=here.request.path_params.get("user", ""),
        error=error,
    )


ROUTES = [
    account, change_password, begin_authenticator, authenticator, confirm_authenticator, remove_authenticator,
    end_sessions, team,
]  # fmt: skip
