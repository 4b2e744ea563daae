"""Signing in and out: password, code, role; set-up links; how long a session lasts, and what was sent too late."""

from __future__ import annotations

from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.response import Redirect

from trialrun.app import access
from trialrun.app.language import gettext as _
from trialrun.app.language import ngettext
from trialrun.app.unsent import drop_unsent, keep_unsent, unsent
from trialrun.errors import UserError
from trialrun.web.addresses import HOME, address_of, device_of, own_path, sign_in_path
from trialrun.web.guard import COOKIE, TIME_LEFT
from trialrun.web.here import Here
from trialrun.web.routes import action, open_to_all, page

LINK_PAGE = "/set-up/{token:str}"


def token_of(here: Here) -> str:
    """The token of the browser's session."""
    return here.request.cookies.get(COOKIE, "")


def with_session(here: Here, answer: Redirect, token: str) -> Redirect:
    """The answer, with the session's cookie: out of reach of scripts and of other sites' forms."""
    secure = here.request.app.state.secure
    answer.set_cookie(key=COOKIE, value=token, httponly=True, samesite="lax", secure=secure)
    return answer


# --- sign in -----------------------------------------------------------------------------------


@open_to_all("/sign-in")
def sign_in_page(here: Here) -> Response[str]:
    """The sign-in form."""
    return _sign_in_form(here, after=here.query("next"))


def _sign_in_form(here: Here, *, after: str, user: str = "", error: UserError | None = None) -> Response[str]:
    status = 422 if error else 200
    after = own_path(after)
    return here.render("access/sign_in.html", status=status, user=user, next=after, error=error)


@action("/sign-in", who="public")
def sign_in(here: Here) -> Response[Any]:
    """Check name and password, and open a session under a new token."""
    after = own_path(here.text("next"))
    secret = (here.texts("password") or ("",))[0]  # a password is taken as typed, spaces and all
    try:
        begun = access.sign_in(
            here.workspace,
            here.text("user"),
            secret,
            address=address_of(here.request),
            device=device_of(here.request),
        )
    except UserError as error:
        return _sign_in_form(here, after=after, user=here.text("user"), error=error)
    here.workspace.accounts.close_session(token_of(here))
    return _go_on(here, begun, after)


def _go_on(here: Here, begun: access.SignIn, after: str) -> Response[Any]:
    place = {"code": "/sign-in/code", "role": "/role", "": after}[begun.step]
    if begun.step:
        query = sign_in_path(after).partition("?")[2]
        return with_session(here, here.redirect(f"{place}?{query}" if query else place), begun.token)
    return with_session(here, here.redirect(after, *_failures_since(here, begun.token)), begun.token)


def _failures_since(here: Here, token: str) -> tuple[str, str]:
    """What the owner of an account should know: that somebody tried to get in."""
    session = access.session_of(here.workspace, token)
    signed = here.workspace.accounts.sign_ins(session.user) if session else None
    if signed is None or signed.before is None or not signed.failures_before:
        return "", ""
    text = ngettext(
        "There was {n} failed attempt to sign in to your account since you last did. If it was not you, tell an administrator.",
        "There were {n} failed attempts to sign in to your account since you last did. If it was not you, tell an administrator.",
        signed.failures_before,
    )  # fmt: skip
    return text.format(n=signed.failures_before), "warning"


@open_to_all("/sign-in/code")
def code_page(here: Here) -> Response[Any]:
    """The second step: the code of an authenticator."""
    return _code_form(here, own_path(here.query("next")))


def _code_form(here: Here, after: str, error: UserError | None = None) -> Response[Any]:
    session = access.session_of(here.workspace, token_of(here))
    if session is None or session.step != "code":
        if error is not None:
            return _sign_in_form(here, after=after, error=error)
        return here.redirect(sign_in_path(after))
    return here.render("access/code.html", status=422 if error else 200, next=after, error=error)


@action("/sign-in/code", who="public")
def give_code(here: Here) -> Response[Any]:
    """Check the code."""
    after = own_path(here.text("next"))
    try:
        begun = access.give_code(here.workspace, token_of(here), here.text("code"))
    except UserError as error:
        return _code_form(here, after, error)
    return _go_on(here, begun, after)


# --- role --------------------------------------------------------------------------------------


@open_to_all("/role")
def role_page(here: Here) -> Response[Any]:
    """The roles held, to go on in one of them."""
    return _role_form(here, own_path(here.query("next")))


def _role_form(here: Here, after: str, error: UserError | None = None) -> Response[Any]:
    workspace = here.workspace
    session = access.session_of(workspace, token_of(here))
    if session is None or session.step == "code":
        return here.redirect(sign_in_path(after))
    untrained = {
        role: access.training_missing(workspace, session.user, role)
        for role, _site in access.roles_held(workspace, session.user)
    }
    return here.render(
        "access/role.html",
        status=422 if error else 200,
        roles=access.roles_to_choose(workspace, session.user),
        untrained={role: topics for role, topics in untrained.items() if topics},
        now_in=(session.role, session.site),
        sites=site_names(here),
        next=after,
        error=error,
    )


@action("/role", who="public")
def choose_role(here: Here) -> Response[Any]:
    """Go on in a role, under a new token."""
    after = own_path(here.text("next"))
    role, _colon, site = here.text("role").partition(":")
    try:
        token = access.choose_role(here.workspace, token_of(here), role, site)
    except UserError as error:
        return _role_form(here, after, error)
    return with_session(here, here.redirect(after, *_failures_since(here, token)), token)


def site_names(here: Here) -> dict[str, str]:
    """Sites by number; the empty one is all of them."""
    named = {
        str(site["id"]): f"{site['id']} {site.get('name', '')}".strip() for site in here.workspace.study.sites
    }
    return {"": _("all sites"), **named}


@action("/sign-out", who="signed_in")
def sign_out(here: Here) -> Response[Any]:
    """End the session, here and in the browser's memory."""
    access.sign_out(here.workspace, token_of(here))
    answer = here.redirect("/sign-in", _("You have signed out."))
    answer.delete_cookie(COOKIE)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


# --- set-up links --------------------------------------------------------------------------------


@open_to_all(LINK_PAGE)
def set_up_page(here: Here, token: str) -> Response[str]:
    """The page a set-up link leads to."""
    return _set_up_form(here, token)


def _set_up_form(here: Here, token: str, error: UserError | None = None) -> Response[str]:
    user = access.link_user(here.workspace, token)
    status = 404 if user is None else 422 if error else 200
    return here.render("access/set_up.html", status=status, user=user, token=token, error=error)


@action(LINK_PAGE, who="public")
def set_up(here: Here, token: str) -> Response[Any]:
    """Set the password; the link ends."""
    try:
        access.use_link(here.workspace, token, new_password(here))
    except UserError as error:
        return _set_up_form(here, token, error)
    return here.redirect("/sign-in", _("Your password is set. Sign in with it."))


def new_password(here: Here) -> str:
    """The new password, typed twice.

    Errors: `UserError` when the two differ.
    """
    first, second = ((here.texts(name) or ("",))[0] for name in ("new_password", "new_password_again"))
    if first != second:
        raise UserError(_("The two passwords differ."), _("Type the same one twice."))
    return first


# --- how long a session lasts, and what was sent too late --------------------------------------------


@page(TIME_LEFT, who="signed_in")
def time_left(here: Here) -> Response[Any]:
    """Seconds until the session ends by itself; asking does not keep it open."""
    if here.session is None:
        raise NotFoundException
    return here.json({"seconds": int((here.session.ends_at - here.now).total_seconds())})


@action(TIME_LEFT, who="signed_in")
def stay(here: Here) -> Response[Any]:
    """Stay signed in."""
    session = access.session_of(here.workspace, token_of(here), seen=True)
    return here.redirect(own_path(here.text("next"))) if session else here.redirect("/sign-in")


@page("/unsent", who="signed_in")
def unsent_page(here: Here) -> Response[str]:
    """What was sent after the session had ended."""
    return here.render("access/unsent.html", kept=unsent(here.workspace, here.actor.user))


@action("/unsent", who="signed_in")
def keep(here: Here) -> Response[Any]:
    """Keep what stands in a form, just before the session ends (asked by the page's script)."""
    fields = [
        (name, text)
        for name, texts in here.form.items()
        for text in texts
        if name not in ("unsent_path", "unsent_page")
    ]
    path, back = own_path(here.text("unsent_path"), ""), own_path(here.text("unsent_page"))
    kept = bool(path) and keep_unsent(here.workspace, here.actor.user, path, back, fields)
    return here.json({"kept": kept})


@action("/unsent/send", who="signed_in")
def send(here: Here) -> Response[Any]:
    """Send it on to where it was meant to go, as it was typed."""
    kept = unsent(here.workspace, here.actor.user)
    if kept is None:
        return here.redirect(HOME, _("There was nothing left to send."), "info")
    drop_unsent(here.workspace, here.actor.user)
    # 307: the browser repeats this very request, with all its fields, at the form's own address.
    return Redirect(own_path(kept.path), status_code=307)


@action("/unsent/discard", who="signed_in")
def discard(here: Here) -> Response[Any]:
    """It is not wanted."""
    drop_unsent(here.workspace, here.actor.user)
    return here.redirect(HOME, _("Discarded."))


ROUTES = [
    sign_in_page, sign_in, code_page, give_code, role_page, choose_role, sign_out, set_up_page, set_up,
    time_left, stay, unsent_page, keep, send, discard,
]  # fmt: skip
