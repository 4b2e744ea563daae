"""How a route of the desk is declared: a page to read, or something that changes records or drafts."""

from __future__ import annotations

from collections.abc import Sequence

from trialrun.web.routes import Declare, Route

# Who may: everyone who reaches the desk; whoever may add records; whoever may change drafts.
READ, IMPORT, DRAFT = "read", "import", "draft"
KNOWN = frozenset({READ, IMPORT, DRAFT})


def page(path: str | Sequence[str], *, who: str = READ, stateless: bool = False) -> Declare:
    """A page to look at (GET).

    Args:
        path: its addresses; `{name:str}` and `{name:int}` are given to the handler.
        who: `READ`, `IMPORT` or `DRAFT`.
        stateless: sets no cookie, not even the one against forgery: for pages without a form that is posted.
    """
    return _declare("GET", path, who, stateless=stateless)


def action(path: str | Sequence[str], *, who: str) -> Declare:
    """Something a person does (POST, guarded against forgery); answer with `here.redirect`."""
    return _declare("POST", path, who, stateless=False)


def _declare(method: str, path: str | Sequence[str], who: str, *, stateless: bool) -> Declare:
    paths = (path,) if isinstance(path, str) else tuple(path)
    if who not in KNOWN:
        raise ValueError(f"route {paths[0]}: {who!r} is not one of {sorted(KNOWN)}")
    return lambda handler: Route(method, paths, (who,), stateless, handler)
