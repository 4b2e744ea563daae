"""The desk's application: every route guarded; headers, protection against forgery, error pages."""

from __future__ import annotations

import importlib
import pkgutil
import secrets
from collections.abc import Callable
from typing import Any

from litestar import Litestar
from litestar.config.csrf import CSRFConfig
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.static_files import create_static_files_router

from trialrun.app.desk import Desk
from trialrun.web.addresses import address_of
from trialrun.web.application import no_store, preferred_language
from trialrun.web.desk import pages as page_modules
from trialrun.web.desk.failures import HANDLERS
from trialrun.web.desk.guard import Speaks, guard, need_declarations
from trialrun.web.desk.here import provide_here, without_form
from trialrun.web.desk.routes import READ
from trialrun.web.desk.templating import DeskPages
from trialrun.web.headers import HEADERS
from trialrun.web.routes import Route
from trialrun.web.templating import STATIC

LARGEST_REQUEST = 250_000_000  # a file of records, zipped


def all_routes() -> list[Route]:
    """The routes of every module in `web.desk.pages`, each of which lists them in `ROUTES`."""
    found: list[Route] = []
    for module in sorted(pkgutil.iter_modules(page_modules.__path__), key=lambda one: one.name):
        found += getattr(importlib.import_module(f"{page_modules.__name__}.{module.name}"), "ROUTES", [])
    return found


def create_desk(
    desk: Desk,
    *,
    choose_language: Callable[[ASGIConnection[Any, Any, Any, Any]], str] | None = None,
    rate_limit: int = 600,
) -> Litestar:
    """The web application of a desk.

    Args:
        desk: records and drafts.
        choose_language: picks a request's language; by the browser's wish among those that ship.
        rate_limit: requests a minute from one address.
    """
    state = State(
        {
            "desk": desk,
            "pages": DeskPages(),
            "secure": False,
            "choose_language": choose_language or preferred_language,
            "asked": without_form,
            "problem_page": "desk/problem.html",
        }
    )
    static = create_static_files_router(
        path="/static",
        directories=[STATIC],
        opt={"who": (READ,), "exclude_from_csrf": True},
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
                exclude=["/static", "/health"],
                identifier_for_request=address_of,
            ).middleware,
            Speaks(),
        ],
        csrf_config=CSRFConfig(
            secret=secrets.token_hex(32), cookie_name="csrf", cookie_httponly=True, cookie_samesite="strict"
        ),
        exception_handlers=HANDLERS,
        openapi_config=None,
        request_max_body_size=LARGEST_REQUEST,
        response_headers=HEADERS,
        after_request=no_store,
        logging_config=None,
    )
    need_declarations(app)
    return app
