"""How a route is declared: its path and who may use it. A route that does not say who cannot be made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from litestar import get, post
from litestar.handlers import HTTPRouteHandler

from trialrun.app.rights import PUBLIC

Handler = Callable[..., Any]
Declare = Callable[[Handler], HTTPRouteHandler]


def page(path: str | list[str], *, who: str | Sequence[str], **more: Any) -> Declare:
    """A page to look at (GET).

    Args:
        path: with `{key:str}` for a participant, `{site:str}` for a site: both are checked against the
            visitor's own site before the handler runs.
        who: `public`, `signed_in`, or the names of rights of which one is enough.
    """
    return get(path, opt=_options(who), sync_to_thread=True, **more)


def action(path: str | list[str], *, who: str | Sequence[str], **more: Any) -> Declare:
    """Something a person does (POST, guarded against forgery); answer with `here.redirect`."""
    return post(path, opt=_options(who), sync_to_thread=True, status_code=200, **more)


def _options(who: str | Sequence[str]) -> dict[str, Any]:
    names = (who,) if isinstance(who, str) else tuple(who)
    if not names:
        raise ValueError("a route says who may use it")
    return {"who": names}


def open_to_all(path: str | list[str], *, stateless: bool = False, **more: Any) -> Declare:
    """A public page; `stateless` sets no cookie at all, not even the one against forgery."""
    options = _options(PUBLIC) | ({"exclude_from_csrf": True} if stateless else {})
    return get(path, opt=options, sync_to_thread=True, **more)


def stateless_action(path: str | list[str], **more: Any) -> Declare:
    """A public POST that keeps nothing and changes nothing, so that there is nothing to forge."""
    options = _options(PUBLIC) | {"exclude_from_csrf": True}
    return post(path, opt=options, sync_to_thread=True, status_code=200, **more)
