"""Who is asking, and whether they may: asked for every request, before any handler runs."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, NotFoundException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from trialrun.app.language import use_language
from trialrun.app.rights import PUBLIC, allowed
from trialrun.app.workspace import Workspace

COOKIE = "session"


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
            session = await anyio.to_thread.run_sync(
                lambda: workspace.accounts.session(token, now=workspace.now)
            )
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
        raise NotAuthorizedException("Please sign in.")
    workspace: Workspace = connection.app.state.workspace
    if not allowed(workspace.study, session.role, who):
        raise PermissionDeniedException("Your role does not include this.")
    if session.site and ("key" in connection.path_params or "site" in connection.path_params):
        await anyio.to_thread.run_sync(_need_own_site, workspace, session.site, dict(connection.path_params))


def _need_own_site(workspace: Workspace, own: str, params: dict[str, Any]) -> None:
    site = params.get("site")
    if site is not None and site != own:
        raise NotFoundException("There is no such site in your scope.")
    key = params.get("key")
    if key is not None and workspace.conduct.participant(str(key)).site != own:
        raise NotFoundException(f"There is no participant {key} at your site.")
