"""What people see at the desk when something is refused or goes wrong."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from trialrun.app.language import gettext as _
from trialrun.errors import UserError
from trialrun.web.failures import on_bug, on_user_error, problem


def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """A page that is not there, or not from where it is asked for."""
    known = {
        403: (_("Not from here"), _("The page was open too long, or the request came from another site.")),
        404: (_("Not found"), _("There is no such page.")),
        405: (_("Not found"), _("There is no such page.")),
        413: (_("Too large"), _("The file is larger than what can be taken.")),
        429: (_("Too many requests"), _("Please wait a minute and try again.")),
    }
    title, message = known.get(error.status_code, (_("This cannot be done"), error.detail))
    detail = error.detail if error.status_code in (403, 404) else ""
    own = detail and detail not in ("Not Found", "Forbidden", "CSRF token verification failed")
    return problem(request, error.status_code, title, detail if own else message)


HANDLERS: ExceptionHandlersMap = {UserError: on_user_error, HTTPException: on_http, Exception: on_bug}
