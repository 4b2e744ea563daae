"""Who is asking, and whether they may: asked for every request, before any handler runs."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import anyio.to_thread
from litestar.connection import ASGIConnection, Request
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotAuthorizedException, NotFoundException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from trialrun.app.access import session_of
from trialrun.app.language import use_language
from trialrun.app.rights import PUBLIC, allowed
from trialrun.app.unsent import keep_unsent
from trialrun.app.workspace import Workspace
from trialrun.web.addresses import own_path

COOKIE = "session"
PARTICIPANT = "participant"
TIME_LEFT = "/session"
UNSENT = "/unsent"
KEPT = "kept_what_was_sent"


class SignedIn(AbstractAuthenticationMiddleware):
    """Finds the session behind the cookie; no cookie, or one that has ended, is the public."""

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        """The session as the connection's user, `None` for the public."""
        state = connection.app.state
        use_language(state.choose_language(connection))
        token = connection.cookies.get(COOKIE, "")
        session = None
        if token:
            workspace: Workspace = state.workspace
            # Asking how much time is left must not be what keeps a session open.
            seen = connection.url.path != TIME_LEFT
            session = await anyio.to_thread.run_sync(lambda: session_of(workspace, token, seen=seen))
            if session is not None and not session.signed_in:
                session = None  # half-way: the pages of signing in look at the token themselves
        return AuthenticationResult(user=session, auth=token)


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuse what the route's declaration does not allow the visitor.

    Errors: not signed in 401 (which leads to the sign-in page), a right missing 403, another site's
    participant or site 404, as if there were none.
    """
    who: tuple[str, ...] | None = handler.opt.get("who")
    if who is None:
        raise PermissionDeniedException("This page does not say who may see it.")
    if PUBLIC in who:
        return
    session = connection.scope.get("user")
    if session is None:
        await _keep_what_was_sent(connection)
        raise NotAuthorizedException("Please sign in.")
    workspace: Workspace = connection.app.state.workspace
    if not allowed(workspace.study, session.role, who):
        raise PermissionDeniedException("Your role does not include this.")
    if session.role == PARTICIPANT and "key" in connection.path_params:
        await anyio.to_thread.run_sync(_need_own, workspace, session.user, str(connection.path_params["key"]))
    if session.site and ("key" in connection.path_params or "site" in connection.path_params):
        await anyio.to_thread.run_sync(_need_own_site, workspace, session.site, dict(connection.path_params))


def _need_own(workspace: Workspace, user: str, key: str) -> None:
    if workspace.conduct.access_state().linked.get(user) != key:
        raise NotFoundException(f"There is no participant {key} in your scope.")


async def _keep_what_was_sent(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """A form that comes after its session has ended is kept for whoever's session it was."""
    token = connection.cookies.get(COOKIE, "")
    if not token or not isinstance(connection, Request) or connection.method != "POST":
        return
    if connection.content_type[0] not in (RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART):
        return
    form = await connection.form()
    fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    workspace: Workspace = connection.app.state.workspace
    page = own_path(urlsplit(connection.headers.get("referer", "")).path)
    path = connection.url.path
    if path == UNSENT:  # the page's own script, a moment too late: it says where the form belongs
        given = dict(fields)
        path, page = own_path(given.get("unsent_path", "")), own_path(given.get("unsent_page", ""))
        fields = [(name, value) for name, value in fields if name not in ("unsent_path", "unsent_page")]

    def keep() -> bool:
        ended = workspace.accounts.ended_session(token, now=workspace.now)
        return ended is not None and keep_unsent(workspace, ended.user, path, page, fields)

    connection.scope[KEPT] = await anyio.to_thread.run_sync(keep)  # pyright: ignore[reportGeneralTypeIssues]


def _need_own_site(workspace: Workspace, own: str, params: dict[str, Any]) -> None:
    site = params.get("site")
    if site is not None and site != own:
        raise NotFoundException("There is no such site in your scope.")
    key = params.get("key")
    if key is not None and workspace.conduct.participant(str(key)).site != own:
        raise NotFoundException(f"There is no participant {key} at your site.")
