"""Which role may use which page: the reference page, and the check that no route is without an answer."""

from __future__ import annotations

from collections.abc import Iterable

from litestar import Litestar

from trialrun.app.rights import PUBLIC, SIGNED_IN, VIEW_RIGHTS, allowed
from trialrun.ledger import commands
from trialrun.study.model import Study
from trialrun.web.routes import Route

SITE_BOUND = ("{key:", "{site:")
_HEAD = """# Who may use which page

Made by `make docs` from the routes of the application and the roles of the example study. Every request is checked on the
server; a command is checked again by the ledger, whatever way it came. A test makes a request for every row and column.

- **●** allowed, **·** refused (403), **○** allowed for participants and sites in one's own scope only: anything of another
  site answers 404, as if it did not exist. A participant's account reaches that participant only.
- *everyone*: no sign-in needed. *signed in*: whoever has signed in. Otherwise one of the rights named is enough: the name of
  a command (the role's `may` list in `study.yaml`) or a view right (`see_...`, `app/rights.py`).
- Whoever is not signed in is led to the sign-in page (a form that was sent is kept, if its session had just ended).

"""


def authorisation_page(study: Study, routes: Iterable[Route]) -> str:
    """The table of all routes and roles, as Markdown."""
    roles = list(study.roles)
    numbered = "\n".join(
        f"{n}. {study.roles[role].title} (`{role}`)" for n, role in enumerate(roles, start=1)
    )
    head = ["", "address", "right", *(str(n) for n in range(1, len(roles) + 1))]
    ordered = sorted(routes, key=lambda one: (one.paths[0], one.method))
    rows = [_row(study, roles, route, path) for route in ordered for path in route.paths]
    lines = "\n".join(_line(cells) for cells in (head, ["---"] * len(head), *rows))
    return f"{_HEAD}Roles, by number of the column:\n\n{numbered}\n\n{lines}\n"


def _row(study: Study, roles: list[str], route: Route, path: str) -> list[str]:
    bound = any(part in path for part in SITE_BOUND) and PUBLIC not in route.who
    answers = [("○" if bound else "●") if allowed(study, role, route.who) else "·" for role in roles]
    words = {PUBLIC: "*everyone*", SIGNED_IN: "*signed in*"}
    return [route.method, f"`{path}`", ", ".join(words.get(name, name) for name in route.who), *answers]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def need_declarations(app: Litestar) -> None:
    """Refuse to start an application in which a route does not say who may use it, or names a right there is not.

    Errors: `RuntimeError` naming the route: that is a fault of the program.
    """
    known = {PUBLIC, SIGNED_IN, *VIEW_RIGHTS, *commands.__all__, *STUDY_RIGHTS}
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            who = handler.opt.get("who")
            if not who and set(getattr(handler, "http_methods", ())) != {"OPTIONS"}:
                raise RuntimeError(f"route {route.path} does not say who may use it")
            unknown = [name for name in who or () if name not in known]
            if unknown:
                raise RuntimeError(f"route {route.path} asks for a right there is not: {', '.join(unknown)}")


# Rights a study grants that are no commands of their own: parts of one.
STUDY_RIGHTS = ("RecordDose", "OverrideCap")
