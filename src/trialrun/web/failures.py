"""What people see when something is refused or goes wrong: a plain page, never a traceback."""

from __future__ import annotations

import logging
import secrets
from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap

from trialrun.app.language import gettext as _
from trialrun.errors import ConflictError, RefusedError, UserError
from trialrun.web.guard import KEPT
from trialrun.web.headers import HEADERS

LOG = logging.getLogger("trialrun.web")


def _wants_json(request: Request[Any, Any, Any]) -> bool:
    return "application/json" in request.headers.get("accept", "") or request.url.path.startswith("/api/")


def problem(
    request: Request[Any, Any, Any], status: int, title: str, message: str, remedy: str = ""
) -> Response[Any]:
    """The page that says what is wrong, or the same as JSON for a script."""
    if _wants_json(request):
        content = {"title": title, "message": message, "remedy": remedy}
        answer = Response[Any](content=content, media_type="application/json", status_code=status)
    else:
        state = request.app.state
        answer = state.asked(request).render(
            state.problem_page, status=status, title=title, message=message, remedy=remedy
        )
    # The framework adds the application's headers to what a handler answers, not to this.
    answer.headers.update({**HEADERS, "Cache-Control": "no-store"})
    return answer


def on_user_error(request: Request[Any, Any, Any], error: UserError) -> Response[Any]:
    """Something asked cannot be done: what, why, and what to do."""
    status = 409 if isinstance(error, (RefusedError, ConflictError)) else 400
    return problem(request, status, _("This cannot be done"), error.message, error.remedy)


def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """A page that is not there, or not for this visitor."""
    if isinstance(error, NotAuthorizedException):
        if request.scope.get(KEPT):
            if _wants_json(request):
                return Response(content={"kept": True}, media_type="application/json", status_code=401)
            return Redirect("/sign-in?next=/unsent", status_code=303)
        if _wants_json(request) or request.method != "GET":
            return problem(request, 401, _("Please sign in"), _("Your session has ended. Nothing was saved."))
        query = f"?{request.url.query}" if request.url.query else ""
        return Redirect(f"/sign-in?next={quote(request.url.path + query)}", status_code=303)
    known = {
        403: (_("Not for your role"), _("Your role does not include this, or the page was open too long.")),
        404: (_("Not found"), _("There is no such page, or it belongs to another site.")),
        405: (_("Not found"), _("There is no such page.")),
        413: (_("Too large"), _("The file is larger than what can be taken.")),
        429: (_("Too many requests"), _("Please wait a minute and try again.")),
    }
    title, message = known.get(error.status_code, (_("This cannot be done"), error.detail))
    detail = error.detail if error.status_code in (403, 404) and error.detail else ""
    shown = detail if detail and detail not in ("Not Found", "Forbidden") else message
    return problem(request, error.status_code, title, shown)


def on_bug(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A fault of the program: logged with a number the person can quote."""
    number = secrets.token_hex(4)
    LOG.error("fault %s at %s", number, request.url.path, exc_info=error)
    message = _("Something went wrong in the program. Nothing was saved by this step.")
    return problem(request, 500, _("A fault"), message, _("Please report the number {}.").format(number))


HANDLERS: ExceptionHandlersMap = {UserError: on_user_error, HTTPException: on_http, Exception: on_bug}
