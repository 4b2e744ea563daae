"""The application: every route, guarded; headers, sessions, protection against forgery, error pages."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

from litestar import Litestar, Request
from litestar.config.csrf import CSRFConfig
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.static_files import create_static_files_router

from trialrun.app.language import languages
from trialrun.app.workspace import Workspace
from trialrun.web import pages as page_modules
from trialrun.web.addresses import address_of
from trialrun.web.authorisation import need_declarations
from trialrun.web.failures import HANDLERS
from trialrun.web.guard import SignedIn, guard
from trialrun.web.headers import HEADERS
from trialrun.web.here import Here, provide_here
from trialrun.web.routes import Route
from trialrun.web.templating import STATIC, Pages

LARGEST_REQUEST = 20_000_000


def all_routes() -> list[Route]:
    """The routes of every module in `web.pages`, each of which lists them in `ROUTES`."""
    found: list[Route] = []
    for module in sorted(pkgutil.iter_modules(page_modules.__path__), key=lambda one: one.name):
        found += importlib.import_module(f"{page_modules.__name__}.{module.name}").ROUTES
    return found


def create_app(
    workspace: Workspace,
    *,
    secure: bool = False,
    choose_language: Callable[[ASGIConnection[Any, Any, Any, Any]], str] | None = None,
    rate_limit: int = 600,
) -> Litestar:
    """The web application of one study.

    Args:
        workspace: study, log and accounts.
        secure: people reach it by https (behind a proxy): cookies are sent by https only.
        choose_language: picks a request's language; by the browser's wish among those that ship.
        rate_limit: requests a minute from one address.
    """
    forgery = CSRFConfig(
        secret=workspace.accounts.secret("csrf").hex(),
        cookie_name="csrf",
        cookie_secure=secure,
        cookie_httponly=True,
        cookie_samesite="strict",
    )
    state = State(
        {
            "workspace": workspace,
            "pages": Pages(workspace),
            "secure": secure,
            "choose_language": choose_language or preferred_language,
            "asked": _without_form,
            "problem_page": "problem.html",
        }
    )
    static = create_static_files_router(
        path="/static",
        directories=[STATIC],
        opt={"who": ("public",), "exclude_from_csrf": True, "exclude_from_auth": True},
        cache_control=None,
        include_in_schema=False,
    )
    app = Litestar(
        route_handlers=[static, *(route.build() for route in all_routes())],
        state=state,
        dependencies={"here": Provide(provide_here)},
        guards=[guard],
        middleware=[
            RateLimitConfig(
                rate_limit=("minute", rate_limit),
                exclude=["/static", "/health", "/ready"],
                identifier_for_request=address_of,
            ).middleware,
            DefineMiddleware(SignedIn, exclude="^/static"),
        ],
        csrf_config=forgery,
        exception_handlers=HANDLERS,
        openapi_config=None,
        request_max_body_size=LARGEST_REQUEST,
        response_headers=HEADERS,
        after_request=no_store,
        logging_config=None,
    )
    need_declarations(app)
    return app


def _without_form(request: Request[Any, Any, Any]) -> Here:
    state = request.app.state
    return Here(request, state.workspace, state.pages, request.scope.get("user"))


def preferred_language(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The first language of the browser's list that ships; English otherwise."""
    chosen = connection.cookies.get("language", "")
    if chosen in languages():
        return chosen
    for part in connection.headers.get("accept-language", "").split(","):
        code = part.partition(";")[0].strip().lower()
        for known in languages():
            if code == known or code.split("-")[0] == known:
                return known
    return "en"


async def no_store(response: Any) -> Any:
    """Pages about people are kept by no browser or proxy."""
    if "cache-control" not in {name.lower() for name in response.headers}:
        response.headers["Cache-Control"] = "no-store"
    return response
