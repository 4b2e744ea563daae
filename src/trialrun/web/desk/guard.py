"""Who may do what at the desk: everyone reads; records and drafts are changed from this machine alone."""

from __future__ import annotations

from typing import Any

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from trialrun.app.desk import Desk, asked_host_is_own
from trialrun.app.language import gettext as _
from trialrun.app.language import use_language
from trialrun.web.desk.routes import DRAFT, IMPORT, KNOWN


class Speaks(ASGIMiddleware):
    """Has the words of a request in the language its browser asks for."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Choose the language, then go on."""
        connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
        use_language(connection.app.state.choose_language(connection))
        await next_app(scope, receive, send)


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuse what the route's declaration does not allow.

    Errors: 403 when a desk of this machine is asked for by another name; 404 for pages of drafts and of
    imports at a desk that has none.
    """
    desk: Desk = connection.app.state.desk
    if desk.local and not asked_host_is_own(connection.headers.get("host", "")):
        raise PermissionDeniedException(_("This desk answers on this machine only, by its own name."))
    who: tuple[str, ...] = handler.opt.get("who") or ()
    if DRAFT in who and not desk.may_draft:
        raise NotFoundException(_("This desk was started without a folder of drafts."))
    if IMPORT in who and not desk.may_import:
        raise NotFoundException(_("Records are added on the machine the desk runs on."))


def need_declarations(app: Litestar) -> None:
    """Refuse to start a desk in which a route does not say who may use it.

    Errors: `RuntimeError` naming the route: that is a fault of the program.
    """
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            who = set(handler.opt.get("who") or ())
            if set(getattr(handler, "http_methods", ())) != {"OPTIONS"} and not (who and who <= KNOWN):
                raise RuntimeError(f"route {route.path} does not say who may use it")
