"""How a route is declared: its path and who may use it. A route that does not say who cannot be made."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

import anyio.to_thread
from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, SkipValidation

from trialrun.app.rights import PUBLIC
from trialrun.web.here import Here

Handler = Callable[..., Any]
_KINDS: dict[str, type] = {"str": str, "int": int}


@dataclass(frozen=True, slots=True)
class Route:
    """A declared route; `build` makes the framework's handler anew for each application.

    Attributes:
        method: `GET` or `POST`.
        paths: its addresses, with `{key:str}` for a participant and `{site:str}` for a site.
        who: the rights of which one is enough, or `public`, or `signed_in`.
        stateless: sets no cookie, keeps nothing.
        handler: the function.
    """

    method: str
    paths: tuple[str, ...]
    who: tuple[str, ...]
    stateless: bool
    handler: Handler

    def build(self) -> HTTPRouteHandler:
        """The handler the framework calls."""
        # Handlers write `here: Here, key: str`; the framework wants to be told what comes from where.
        self.handler.__annotations__["here"] = NamedDependency[SkipValidation[Here]]
        for name, kind in re.findall(r"{(\w+):(\w+)}", " ".join(self.paths)):
            self.handler.__annotations__[name] = FromPath[_KINDS[kind]]
        handler = _in_thread(self.handler)
        options: dict[str, Any] = {"who": self.who}
        if self.stateless:
            options["exclude_from_csrf"] = True
        if self.method == "GET":
            return get(list(self.paths), opt=options)(handler)
        return post(list(self.paths), opt=options, status_code=200)(handler)


def _in_thread(handler: Handler) -> Handler:
    """The handler on a worker thread: it reads the database, and must not hold up everybody else.

    The framework's own `sync_to_thread` wraps a handler twice where GET and POST share an address (2.25).
    """

    @wraps(handler)
    async def run(**given: Any) -> Any:
        return await anyio.to_thread.run_sync(partial(handler, **given))

    return run


Declare = Callable[[Handler], Route]


def page(path: str | Sequence[str], *, who: str | Sequence[str]) -> Declare:
    """A page to look at (GET).

    Args:
        path: with `{key:str}` for a participant, `{site:str}` for a site: both are checked against the
            visitor's own site before the handler runs.
        who: `public`, `signed_in`, or the names of rights of which one is enough.
    """
    return _declare("GET", path, who)


def action(path: str | Sequence[str], *, who: str | Sequence[str]) -> Declare:
    """Something a person does (POST, guarded against forgery); answer with `here.redirect`."""
    return _declare("POST", path, who)


def open_to_all(path: str | Sequence[str], *, stateless: bool = False) -> Declare:
    """A public page; `stateless` sets no cookie at all, not even the one against forgery."""
    return _declare("GET", path, PUBLIC, stateless=stateless)


def stateless_action(path: str | Sequence[str]) -> Declare:
    """A public POST that keeps nothing and changes nothing, so that there is nothing to forge."""
    return _declare("POST", path, PUBLIC, stateless=True)


def _declare(
    method: str, path: str | Sequence[str], who: str | Sequence[str], *, stateless: bool = False
) -> Declare:
    paths = (path,) if isinstance(path, str) else tuple(path)
    names = (who,) if isinstance(who, str) else tuple(who)
    if not names:
        raise ValueError(f"route {paths[0]}: say who may use it")
    return lambda handler: Route(method, paths, names, stateless, handler)
