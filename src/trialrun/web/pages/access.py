"""Signing in and out."""

from __future__ import annotations

from typing import Any

from litestar import Response

from trialrun.app.language import gettext as _
from trialrun.web.guard import COOKIE
from trialrun.web.here import Here
from trialrun.web.routes import action, open_to_all


@open_to_all("/sign-in")
def sign_in_page(here: Here) -> Response[str]:
    """The sign-in form."""
    return here.render("access/sign_in.html", user="", next=here.query("next"), error=None)


@action("/sign-in", who="public")
def sign_in(here: Here) -> Response[Any]:
    """Check the password and open a session."""
    workspace, user, now = here.workspace, here.text("user"), here.now
    result = workspace.accounts.check_password(user, here.text("password"), now=now)
    roles = sorted(workspace.conduct.access_state().roles.get(user, frozenset()))
    if not result.ok or not roles:
        wrong = _("The name or the password is not right, or the account is locked.")
        return here.render("access/sign_in.html", status=422, user=user, next=here.text("next"), error=wrong)
    role, site = roles[0]
    token = workspace.accounts.open_session(user, role, site, now=now)
    answer = here.redirect("/home")
    secure = here.request.app.state.secure
    answer.set_cookie(key=COOKIE, value=token, httponly=True, samesite="lax", secure=secure)
    return answer


@action("/sign-out", who="signed_in")
def sign_out(here: Here) -> Response[Any]:
    """End the session."""
    here.workspace.accounts.close_session(here.request.cookies.get(COOKIE, ""))
    answer = here.redirect("/")
    answer.delete_cookie(COOKIE)
    return answer


ROUTES = [sign_in_page, sign_in, sign_out]
