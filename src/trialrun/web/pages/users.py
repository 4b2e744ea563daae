"""Accounts, roles and training, as an administrator keeps them."""

from __future__ import annotations

from datetime import date
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException

from trialrun.app import users as accounts
from trialrun.app.language import gettext as _
from trialrun.app.language import ngettext
from trialrun.errors import UserError
from trialrun.web.here import Here
from trialrun.web.pages.access import site_names
from trialrun.web.pages.account import show_team
from trialrun.web.routes import action, page

OF = "/users/of/{user:str}"


@page("/users", who="see_users")
def show_users(here: Here) -> Response[str]:
    """Every account: roles, last sign-in, failures, what it waits for."""
    chosen = here.query("site")
    lines = accounts.users(here.workspace, site=chosen)
    role = here.query("role")
    if role:
        lines = tuple(line for line in lines if any(held == role for held, _site in line.roles))
    return here.render("access/users.html", lines=lines, sites=site_names(here), site=chosen, role=role)


@page("/users/new", who="AddUser")
def new_user(here: Here) -> Response[str]:
    """The form for a new account."""
    return _new_form(here)


def _new_form(here: Here, error: UserError | None = None) -> Response[str]:
    typed = {name: here.text(name) for name in ("user", "name", "email", "role", "site")}
    return here.render(
        "access/new_user.html", status=422 if error else 200, typed=typed, sites=site_names(here), error=error
    )


@action("/users/new", who="AddUser")
def add_user(here: Here) -> Response[Any]:
    """Add an account; its set-up link is shown this once."""
    user = here.text("user")
    try:
        token = accounts.add_user(
            here.workspace, here.actor, user, here.text("name"),
            email=here.text("email"), role=here.text("role"), site=here.text("site"),
        )  # fmt: skip
    except UserError as error:
        return _new_form(here, error)
    return _show_link(here, user, token)


def _show_link(here: Here, user: str, token: str) -> Response[str]:
    """The link itself is nowhere else to be read, so it is this answer's content and not the next page's."""
    scheme = "https" if here.request.app.state.secure else here.request.url.scheme
    link = f"{scheme}://{here.request.headers.get('host', '')}/set-up/{token}"
    name = here.workspace.conduct.access_state().users.get(user, user)
    return here.render("access/link.html", link=link, user=user, name=name)


@page(OF, who="see_users")
def show_user(here: Here, user: str) -> Response[str]:
    """One account and everything that can be done with it."""
    return _user(here, user)


def _user(here: Here, user: str, error: UserError | None = None, about: str = "") -> Response[str]:
    line = accounts.user_line(here.workspace, user)
    if line is None:
        raise NotFoundException(_("There is no such account."))
    conduct = here.workspace.conduct
    return here.render(
        "access/user.html",
        status=422 if error else 200,
        line=line,
        sites=site_names(here),
        candidates=conduct.participants() if any(role == "participant" for role, _site in line.roles) else (),
        typed={
            name: here.text(name)
            for name in ("topic", "trained_on", "reason_for_revoking", "reason_for_closing")
        },
        error=error,
        about=about,
    )


def _do(here: Here, user: str, about: str, notice: str, act: Any) -> Response[Any]:
    """Act, and go back to the account; a refusal is shown where it was asked for, nothing typed is lost."""
    if accounts.user_line(here.workspace, user) is None:
        raise NotFoundException(_("There is no such account."))
    try:
        act()
    except UserError as error:
        return _user(here, user, error, about)
    return here.redirect(f"/users/of/{user}", notice)


@action(f"{OF}/link", who="RecordCredential")
def new_link(here: Here, user: str) -> Response[Any]:
    """A new set-up link."""
    try:
        token = accounts.new_link(here.workspace, here.actor, user)
    except UserError as error:
        return _user(here, user, error, "sign-in")
    return _show_link(here, user, token)


@action(f"{OF}/unlock", who="RecordCredential")
def unlock(here: Here, user: str) -> Response[Any]:
    """Let it be tried again."""
    workspace, actor = here.workspace, here.actor
    return _do(
        here, user, "sign-in", _("The account is unlocked."), lambda: accounts.unlock(workspace, actor, user)
    )


@action(f"{OF}/authenticator", who="RecordCredential")
def reset_authenticator(here: Here, user: str) -> Response[Any]:
    """Take away a lost authenticator."""
    workspace, actor = here.workspace, here.actor
    return _do(
        here, user, "sign-in", _("The authenticator is removed."),
        lambda: accounts.reset_second_factor(workspace, actor, user),
    )  # fmt: skip


@action(f"{OF}/sessions", who="RecordCredential")
def end_sessions(here: Here, user: str) -> Response[Any]:
    """Sign it out everywhere."""
    try:
        ended = accounts.end_sessions(here.workspace, here.actor, user)
    except UserError as error:
        return _user(here, user, error, "sign-in")
    text = ngettext("{n} session was ended.", "{n} sessions were ended.", ended).format(n=ended)
    return here.redirect(f"/users/of/{user}", text)


@action(f"{OF}/grant", who="GrantRole")
def grant(here: Here, user: str) -> Response[Any]:
    """Give a role."""
    role, site = here.text("role"), here.text("site")
    return _do(
        here, user, "roles", _("The role is granted."),
        lambda: accounts.grant(here.workspace, here.actor, user, role, site),
    )  # fmt: skip


@action(f"{OF}/revoke", who="RevokeRole")
def revoke(here: Here, user: str) -> Response[Any]:
    """Take a role away."""
    role, _colon, site = here.text("held").partition(":")
    reason = here.text("reason_for_revoking")
    return _do(
        here, user, "roles", _("The role is taken away, and its sessions have ended."),
        lambda: accounts.revoke(here.workspace, here.actor, user, role, site, reason),
    )  # fmt: skip


@action(f"{OF}/disable", who="DisableUser")
def disable(here: Here, user: str) -> Response[Any]:
    """Close it for good."""
    reason = here.text("reason_for_closing")
    return _do(
        here, user, "closing", _("The account is closed."),
        lambda: accounts.disable(here.workspace, here.actor, user, reason),
    )  # fmt: skip


@action(f"{OF}/training", who="RecordTraining")
def record_training(here: Here, user: str) -> Response[Any]:
    """Record a training; an investigator does so from the page of the team."""

    def act() -> None:
        day = _day(here.text("trained_on"))
        accounts.record_training(here.workspace, here.actor, user, here.text("topic"), day)

    done = _("The training is recorded.")
    if here.may("see_users"):
        return _do(here, user, "training", done, act)
    line = accounts.user_line(here.workspace, user)
    if line is None or not any(site in ("", *here.sites) for _role, site in line.roles):
        raise NotFoundException(_("There is no such account."))
    try:
        act()
    except UserError as error:
        return show_team(here, error)
    return here.redirect("/team", done)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UserError(
            _("{text} is not a date.").format(text=repr(text)), _("Write it as 2026-11-22.")
        ) from error


@action(f"{OF}/participant", who="LinkParticipant")
def link_participant(here: Here, user: str) -> Response[Any]:
    """Say whose pages a participant's account shows."""
    return _do(
        here, user, "participant", _("The account is linked."),
        lambda: accounts.link_participant(here.workspace, here.actor, user, here.text("participant")),
    )  # fmt: skip


ROUTES = [
    show_users, new_user, add_user, show_user, new_link, unlock, reset_authenticator, end_sessions, grant, revoke,
    disable, record_training, link_participant,
]  # fmt: skip
